"""A case made of a run: it passes at once, and says what it would catch."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flowai.errors import SpecError, StorageError
from flowai.evals.datasets.dataset import load_dataset
from flowai.evals.mutation import Mutation, mutations
from flowai.evals.recording_file import load_recording, save_recording
from flowai.evals.runs.run_eval import run_eval
from flowai.evals.score import chosen_scorers
from flowai.evals.volatile import ANY, known_volatile, marked

if TYPE_CHECKING:
    from flowai.evals.case import RawSampleOutput
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run

PRESET = "strict"
"""By what a case of a run is held."""
FORMATS = (".yaml", ".yml", ".json")
"""What a case of a run can be written as."""


@dataclass(frozen=True, slots=True)
class CaseFromRun:
    """The case that was written; prints what it holds and what it would catch."""

    path: Path
    case_id: str
    passes: bool
    """Whether it passes at once, replayed from its recording."""
    volatile: int
    """How many values were marked, because another run would have others."""
    mutations: tuple[Mutation, ...]
    reason: str = ""
    """Why it does not pass, where it does not."""

    def __str__(self) -> str:
        """Write it in a few lines."""
        state = "passes" if self.passes else f"does NOT pass: {self.reason}"
        lines = [f"{self.path}: case `{self.case_id}` {state}; {self.volatile} volatile values are marked"]
        return "\n".join([*lines, *(f"  {mutation}" for mutation in self.mutations)])


def case_from_run(
    run: str | Path | Run[Any] | Recording,
    target: Any,
    *,
    out: str | Path | None = None,
    case_id: str | None = None,
    storage: str | None = None,
    tenant: str | None = None,
) -> CaseFromRun:
    """Write a case file of a run of an agent, with its recording beside it.

    Args:
        run: a file with a recording, a recording, a run, or the id of a run in the store.
        target: the runtime it ran on, or what `run_eval` takes in its place.
        out: the file to write, `.yaml` or `.json`; by default named after the case, in this folder.
        case_id: what the case is called; by default after the run.
        storage: the store that keeps the run, as `create_runtime` takes it; by default the target's own.
        tenant: whose run in the store; by default the target's own tenant.

    Raises:
        SpecError: the recording is not of an agent that was asked, or the file is there already, or no YAML or JSON.
        StorageError: there is no such recording, or the run is not over.
    """
    recording = recording_of(run, target, storage=storage, tenant=tenant)
    agent, prompt = _asked(recording)
    name = case_id or re.sub(r"[^\w-]+", "-", recording.records["run_id"])
    path = Path(out) if out is not None else Path(f"{name}.json")
    if path.suffix not in FORMATS:
        raise SpecError(f"a case cannot be written to `{path}`", hint=f"name a file that ends in {', '.join(FORMATS)}")
    if path.exists():
        raise SpecError(f"`{path}` is there already", hint="name another file with `out` (`--out`)")
    saved = save_recording(recording, path.parent / "recordings" / f"{name}.jsonl.gz")
    row: dict[str, Any] = {"id": name, "prompt": prompt, "recording": f"recordings/{saved.name}"}
    row |= {} if _is_coordinator(target, agent) else {"agent": agent}
    _write(path, row)
    output = _replayed(path, target, case_id=name)
    known = known_volatile(output.events or ())
    expected = _expected(output, known)
    _write(path, {**row, **expected})
    return _held(path, target, name, output, json.dumps(expected).count(json.dumps(ANY)))


def recording_of(
    run: str | Path | Run[Any] | Recording,
    target: Any = None,
    *,
    storage: str | None = None,
    tenant: str | None = None,
) -> Recording:
    """Return the recording of what was named.

    Raises:
        SpecError: there is a store to look in, and no runtime of it.
        StorageError: there is none.
    """
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run
    from flowai.interpreters.runtime import Runtime

    if isinstance(run, Recording):
        return run
    if not isinstance(cast("object", run), str | Path | Run):
        raise SpecError(f"`{run!r}` is no run", hint="give a run, a recording, or the name of one")
    if isinstance(run, Run):
        return run.recording
    if storage is not None:
        from flowai.evals.stored import reader

        return reader(target, storage).recording(str(run), tenant=tenant)
    if Path(run).exists():
        return load_recording(run)
    if isinstance(target, Runtime) and target.shelf.is_durable:
        return target.recording(str(run), tenant=tenant)
    hint = "give a file that `save_recording` wrote, or the id of a run and the `storage` (`--storage`) that has it"
    raise StorageError(f"there is no recording `{run}`", hint=hint)


def _asked(recording: Recording) -> tuple[str, str]:
    first = next(iter(recording), None)
    if first is None or first.get("effect") != "CallAgent":
        raise SpecError("the recording is not of an agent that was asked", hint="record a `query` or `run_specialist`")
    return str(first["arguments"]["agent"]), str(first["arguments"]["prompt"])


def _is_coordinator(target: Any, agent: str) -> bool:
    spec = getattr(target, "spec", target)
    found = spec.agent(agent) if hasattr(spec, "agent") else None
    return getattr(found, "role", None) == "coordinator"


def _replayed(path: Path, target: Any, case_id: str) -> RawSampleOutput:
    found = run_eval(load_dataset(path), target, interpreter="replay", scorer_preset=PRESET).samples[0]
    if found.error is not None or found.output is None:
        path.unlink()
        raise SpecError(f"the run cannot be replayed: {found.error}", where=f"test case `{case_id}`")
    return found.output


def _expected(output: RawSampleOutput, known: frozenset[str]) -> dict[str, Any]:
    steps = [{"name": step.name, "arguments": marked(step.arguments, known)} for step in output.steps or ()]
    expected: dict[str, Any] = {"expected_trajectory": steps}
    if output.actual_actions is not None:
        expected["expected_actions"] = marked(output.actual_actions, known)
    if output.actual_response is not None:
        expected["expected_response"] = marked(output.actual_response, known)
    return expected


def _held(path: Path, target: Any, case_id: str, output: RawSampleOutput, volatile: int) -> CaseFromRun:
    dataset = load_dataset(path)
    sample = run_eval(dataset, target, interpreter="replay", scorer_preset=PRESET).samples[0]
    passes = sample.aggregate == 1
    caught = mutations(dataset.cases[0], output, chosen_scorers(PRESET))
    return CaseFromRun(path, case_id, passes, volatile, caught, "" if passes else str(sample))


def _write(path: Path, row: dict[str, Any]) -> None:
    whole = {"name": path.stem, "cases": [row]}
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".yaml", ".yml"):
        from importlib import import_module

        text: str = import_module("yaml").safe_dump(whole, sort_keys=False, allow_unicode=True, width=120)
    else:
        text = json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
