"""Where results are kept: a folder with a line for each sample; one writer at a time."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, cast

from flowai.errors import StorageError
from flowai.evals.runs.written import dumps, sample_json, sample_of

if TYPE_CHECKING:
    from typing import Self

    from flowai.evals.runs.sample import Sample

VERSION = 1
RESULTS, EVENTS = "results.jsonl", "events.jsonl"


class ResultStore(ABC):
    """What keeps the results of one evaluation: a line for each sample."""

    _lines: list[dict[str, Any]]

    def finished(self) -> dict[tuple[str, int], str]:
        """Return the digest of each case and repeat that has scores."""
        return {place: line["digest"] for place, line in last_lines(self._lines).items() if line["error"] is None}

    @abstractmethod
    def samples(self) -> list[Sample]:
        """Return what is kept, the last of each case and repeat."""

    @abstractmethod
    def keep(self, sample: Sample, digest: str) -> None:
        """Keep one sample so that a crash right after does not lose it."""

    @abstractmethod
    def close(self) -> None:
        """Let the next writer in."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class ResultFolder(ResultStore):
    """Results in files: `results.jsonl` with the samples, `events.jsonl` with everything that happened.

    Raises:
        StorageError: another writer has it, it holds another evaluation, or it cannot be read.
    """

    def __init__(self, path: str | Path, header: Mapping[str, Any], *, fresh: bool = False) -> None:
        self.path = Path(path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._results = (self.path / RESULTS).open("a+", encoding="utf-8")
        except OSError as error:
            hint = "name a folder that can be written, or one that is not there yet"
            raise StorageError(f"results cannot be kept in `{self.path}`: {error.strerror}", hint=hint) from error
        try:
            _lock(self._results, self.path)
            if fresh:
                self._results.truncate(0)
                (self.path / EVENTS).unlink(missing_ok=True)
            self._lines = self._begun({"type": "header", "version": VERSION, **header})
        except BaseException:
            self._results.close()
            raise
        self._events = (self.path / EVENTS).open("a", encoding="utf-8")

    def _begun(self, header: dict[str, Any]) -> list[dict[str, Any]]:
        # A run that was cut off in the middle of a line did not finish that sample.
        _cut(self.path / EVENTS)
        _cut(self.path / RESULTS)
        lines = list(_read(self.path / RESULTS))
        if not lines:
            self._results.write(dumps(header) + "\n")
            self._results.flush()
            return []
        check_same(lines[0], header, str(self.path))
        return lines[1:]

    def samples(self) -> list[Sample]:
        """Return what is kept, the last of each case and repeat."""
        return list(_samples(self._lines, self.path))

    def keep(self, sample: Sample, digest: str) -> None:
        """Append one sample, and what happened in its run."""
        events = None if sample.output is None else sample.output.events
        if events is not None:
            self._events.write(dumps({"case": sample.case_id, "repeat": sample.repeat, "events": events}) + "\n")
            self._events.flush()
        line = sample_json(sample, digest)
        self._lines.append(line)
        self._results.write(dumps(line) + "\n")
        self._results.flush()

    def close(self) -> None:
        """Let the next writer in."""
        self._results.close()
        self._events.close()


def read_folder(path: str | Path) -> tuple[dict[str, Any], list[Sample]]:
    """Return the header and the samples of a folder.

    Raises:
        StorageError: there are none, or they cannot be read.
    """
    file = Path(path) / RESULTS if Path(path).is_dir() else Path(path)
    try:
        lines = list(_read(file))
    except OSError as error:
        hint = "name the folder that `flowai-harness eval run --results` wrote"
        raise StorageError(f"there are no results in `{path}`", hint=hint) from error
    if not lines or lines[0].get("type") != "header":
        raise StorageError(f"`{file}` holds no results", hint="name the folder that an evaluation wrote")
    if lines[0].get("version", 0) > VERSION:
        raise StorageError(f"`{file}` holds results of a newer release", hint="read it with that release")
    return lines[0], list(_samples(lines[1:], file.parent))


def last_lines(lines: list[dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Return the last line of each case and repeat."""
    return {(line["case"], line["repeat"]): line for line in lines}


def _samples(lines: list[dict[str, Any]], folder: Path) -> Iterator[Sample]:
    events = _events_of(folder)
    for place, line in last_lines(lines).items():
        yield sample_of(line, events.get(place))


def _events_of(folder: Path) -> dict[tuple[str, int], Any]:
    file = folder / EVENTS
    if not file.exists():
        return {}
    return {(line["case"], line["repeat"]): line["events"] for line in _read(file)}


def _read(file: Path) -> Iterator[dict[str, Any]]:
    """Read every whole line; only a line feed ends one, whatever the texts in it hold."""
    for number, line in enumerate(file.read_bytes().split(b"\n")[:-1], 1):
        hint = "delete the line, and its case runs again"
        try:
            found: object = json.loads(line)
        except ValueError as error:
            raise StorageError(f"line {number} of `{file}` is no JSON: {error}", hint=hint) from error
        if not isinstance(found, dict):
            raise StorageError(f"line {number} of `{file}` holds no sample", hint=hint)
        fields = cast("dict[str, Any]", found)
        if not set(fields) >= _NEEDED.get(str(fields.get("type")), _EVENTS):
            raise StorageError(f"line {number} of `{file}` holds no sample", hint=hint)
        yield fields


_SAMPLE = {"case", "repeat", "digest", "tags", "run_id", "aggregate", "scores", "error", "output"}
_NEEDED = {"header": {"type"}, "sample": _SAMPLE}
_EVENTS = {"case", "repeat", "events"}


def _cut(file: Path) -> None:
    """Cut off what comes after the last whole line, so that the next one does not go on in it."""
    if not file.exists():
        return
    written = file.read_bytes()
    whole = written.rfind(b"\n") + 1
    if whole < len(written):
        os.truncate(file, whole)


def check_same(found: Mapping[str, Any], header: Mapping[str, Any], path: str) -> None:
    """Refuse to go on with the results of another evaluation.

    Raises:
        StorageError: they are of another one, or of a newer release.
    """
    if found.get("type") != "header" or found.get("version", 0) > VERSION:
        raise StorageError(f"`{path}` holds no results that this release reads", hint="name another folder")
    for name in ("dataset", "target", "interpreter", "scorers"):
        if found.get(name) != header.get(name):
            message = f"`{path}` holds results of another {name}: `{found.get(name)}`, and this is `{header.get(name)}`"
            raise StorageError(message, hint="name another folder, or begin it anew with `fresh=True` (`--fresh`)")
    # Folders of earlier releases do not say with which settings they were scored.
    if found.get("settings", header.get("settings")) != header.get("settings"):
        message = f"`{path}` holds scores by other settings or weights of its scorers"
        hint = "score it anew with `rescore` (`eval rescore`), name another folder, or begin anew (`--fresh`)"
        raise StorageError(message, hint=hint)


def _lock(file: IO[str], path: Path) -> None:
    """Take the file for this writer alone; the system gives it back when the process ends, however it ends."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore] # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        hint = "wait for it, or name another folder"
        raise StorageError(f"another evaluation is writing to `{path}`", hint=hint) from error
