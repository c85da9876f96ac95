"""A cassette: the recordings of a test's runs, made once and replayed after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from flowai.errors import StorageError
from flowai.evals.recording_file import load_recording, save_recording

if TYPE_CHECKING:
    from flowai.interpreters.interpreter import Interpreter
    from flowai.interpreters.recording import Recording
    from flowai.interpreters.run import Run

Mode = Literal["none", "once", "all"]


class Cassette:
    """Gives the interpreters of one test, and keeps what they record.

    Runs are replayed in the order in which they were kept, whichever interpreter of the cassette they run under.

    Args:
        path: the file of the recording; that of a second run has `.2` in its name, and so on.
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
        self._runs: list[Run[Any]] = []
        self._taken = 0

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
        from flowai.evals.played import Played

        return Played(interpreter, self.next_recording)

    def next_recording(self) -> Recording:
        """Return the recording of the run that comes next.

        Raises:
            StorageError: No more runs were kept.
        """
        path = self._place(self._taken)
        if not path.exists():
            message = f"the cassette `{self.path.name}` holds {self._taken} runs, and the test has one more"
            raise StorageError(message, hint="give each run to `kept`, and run pytest with `--flowai-record=all`")
        self._taken += 1
        return load_recording(path)

    def kept(self, run: Run[Any]) -> Run[Any]:
        """Keep what a run recorded for the next time, after those that were kept before; returns the run."""
        if run not in self._runs:
            self._runs.append(run)
        return run

    def save(self) -> None:
        """Write what was kept, where this time was for recording."""
        if not self.records or not self._runs:
            return
        for number, run in enumerate(self._runs):
            save_recording(run.recording, self._place(number))
        number = len(self._runs)
        # A test that has fewer runs than it had leaves none of the old ones behind.
        while self._place(number).exists():
            self._place(number).unlink()
            number += 1

    def _place(self, number: int) -> Path:
        if number == 0:
            return self.path
        name, dot, ending = self.path.name.partition(".jsonl")
        return self.path.with_name(f"{name}.{number + 1}{dot}{ending}")
