"""A cassette: the recording of a test's run, made once and replayed after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flowai.errors import StorageError
from flowai.evals.recording_file import load_recording, save_recording

if TYPE_CHECKING:
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.run import Run

Mode = Literal["none", "once", "all"]


class Cassette:
    """Gives the interpreter of one test, and keeps what it records.

    Args:
        path: the file of the recording.
        mode: `none` replays and fails where there is no file; `once` records where there is none; `all` records anew.

    Example:
        >>> import tempfile
        >>> from flowai import DrawNumber
        >>> from flowai.interpreters import Live
        >>> path = Path(tempfile.mkdtemp()) / "draw.jsonl.gz"
        >>> first, again = Cassette(path, "once"), Cassette(path, "none")
        >>> drawn = first.kept(first.over(Live()).run(DrawNumber(1, 1_000))).value
        >>> first.save()
        >>> again.over(Live()).run(DrawNumber(1, 1_000)).value == drawn
        True
    """

    def __init__(self, path: Path, mode: Mode = "none") -> None:
        self.path = path
        self.mode: Mode = mode
        self._run: Run[Any] | None = None

    @property
    def records(self) -> bool:
        """Whether the test really asks, and is recorded."""
        return self.mode == "all" or (self.mode == "once" and not self.path.exists())

    def over(self, interpreter: Interpreter[Any]) -> Interpreter[Any]:
        """Return the interpreter to run under: one that records this one, or replays the cassette.

        Raises:
            StorageError: There is no cassette, and none may be recorded.
        """
        from flowai.interpreters.eval import Eval

        if self.records:
            return Eval(interpreter)
        if not self.path.exists():
            hint = "run pytest with `--flowai-record=once`"
            raise StorageError(f"there is no cassette `{self.path.name}`", hint=hint)
        return Eval(interpreter).replay(load_recording(self.path))

    def kept(self, run: Run[Any]) -> Run[Any]:
        """Keep what a run recorded for the next time; returns the run."""
        self._run = run
        return run

    def save(self) -> None:
        """Write what was kept, where this time was for recording."""
        if self.records and self._run is not None:
            save_recording(self._run.recording, self.path)
