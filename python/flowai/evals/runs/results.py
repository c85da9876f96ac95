"""The results of one evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flowai.evals.score import number

if TYPE_CHECKING:
    from flowai.evals.runs.sample import Sample


@dataclass(frozen=True, repr=False)
class EvalResults:
    """Every sample of an evaluation; prints as a table."""

    dataset: str
    samples: Sequence[Sample]
    header: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def score_names(self) -> list[str]:
        """The scores that some sample has, the aggregate first."""
        names = {score.name: None for sample in self.samples if sample.scored for score in sample.scored.scores}
        return ["aggregate", *names]

    @property
    def errors(self) -> list[Sample]:
        """The samples that have an error instead of scores."""
        return [sample for sample in self.samples if sample.error is not None]

    def values(self, score: str = "aggregate") -> list[float]:
        """Return every value of a score that is not missing."""
        return [value for sample in self.samples if (value := sample.value(score)) is not None]

    def by_case(self, score: str = "aggregate") -> dict[str, list[float]]:
        """Return the values of a score over the repeats of each case; a case with none has an empty list."""
        found: dict[str, list[float]] = {}
        for sample in self.samples:
            values = found.setdefault(sample.case_id, [])
            if (value := sample.value(score)) is not None:
                values.append(value)
        return found

    def mean(self, score: str = "aggregate") -> float | None:
        """Return the mean of a score over the samples that have it."""
        values = self.values(score)
        return sum(values) / len(values) if values else None

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"<results of `{self.dataset}` with {len(self.samples)} samples>"

    def __str__(self) -> str:
        """Write a line for each score, then the errors."""
        count, errors = len(self.samples), len(self.errors)
        lines = [f"{self.dataset}: {count} samples, {errors} errors"]
        for name in self.score_names:
            values = self.values(name)
            missing = count - errors - len(values)
            told = f"  {name:<28} {number(self.mean(name))} over {len(values)}"
            lines.append(f"{told}, {missing} missing" if missing else told)
        lines += [f"  {sample.case_id}#{sample.repeat} {sample.error}" for sample in self.errors]
        return "\n".join(lines)


def load_results(path: str | Path, storage: str | None = None) -> EvalResults:
    """Read the results that an evaluation wrote: into a folder, or under a name into a store.

    Raises:
        StorageError: there are none, or they cannot be read.
    """
    from flowai.evals.runs.folder import read_folder

    if storage is not None:
        from flowai.evals.runs.stored import read_stored

        header, samples = read_stored(storage, str(path))
    else:
        header, samples = read_folder(path)
    return EvalResults(str(header.get("dataset", "")), samples, header)
