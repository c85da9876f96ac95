"""Letting go: a kept run leaves its process for the store, and comes back from there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import contextvars
    import threading
    from collections.abc import Sequence

    from flowai._bridge import Session
    from flowai.interpreters.drive import Drive
    from flowai.interpreters.hands import Hands
    from flowai.interpreters.line import Line
    from flowai.interpreters.parking import Parking
    from flowai.interpreters.reopening import Kept
    from flowai.interpreters.setting import Setting
    from flowai.interpreters.wake import Wake


Advanced = tuple[list[Any], list[tuple[int, int]], int | None, bool]
"""What a session wants after a step: work, work to drop, when to come back, and whether the run is over."""


class KeptDrive(ABC):
    """What a drive knows of a run that may be in the store alone; the drive brings the rest."""

    setting: Setting
    context: contextvars.Context
    finished: bool
    line: Line
    parking: Parking
    left_waiting: Sequence[str] = ()
    """The approvals that the run waited for when it was let go."""
    _session: Session | None
    _kept: Kept | None
    _hands: Hands
    _turn: threading.Lock
    _wake: Wake
    _shown: int

    @abstractmethod
    def _begin(self, session: Session, name: str, task: Any) -> None:
        """Begin a session with what the run does."""

    @abstractmethod
    def _take(self, step: Advanced) -> bool:
        """Take on what a session wants done; say whether it can go on at once."""

    @abstractmethod
    def push(self) -> None:
        """Go on as far as the run can."""

    @abstractmethod
    def leave(self) -> None:
        """Let the loop drive the run no more."""

    @abstractmethod
    def check_loop(self) -> bool:
        """Take the run off a loop that is closed; say whether it was taken off."""

    @abstractmethod
    def go_on(self, *, in_background: bool) -> None:
        """Go on after a human's answer."""

    @abstractmethod
    def clock(self) -> int:
        """Return the time that approvals expire by, in milliseconds."""

    @property
    def session(self) -> Session:
        """The native session; of a run that was let go, one that goes on from the store."""
        if self._session is None:
            self._take_up()
        return cast("Session", self._session)

    def _take_up(self) -> None:
        kept = cast("Kept", self._kept)
        with self.parking.held():
            with self._turn:
                if self._session is not None:
                    return
                session, name, task = kept.reopen(self.setting)
                self.context.run(self._begin, session, name, task)
                step = self.context.run(session.advance)
                # Nobody may answer before the run is where its journal ends: nothing would wait for the answer.
                self._session = session
                if step is not None:
                    self._take(step)
            kept.when_back(cast("Drive", self))
        self.push()

    def waiting(self) -> Sequence[str]:
        """Return the approvals that the run waits for, or waited for when it was let go."""
        # To look must not take the run up: it may be another process's by now.
        session = self._session
        return self.left_waiting if session is None else session.waiting()

    def left_open(self) -> Sequence[str]:
        """Return the approvals about writes that nothing of the run waits for; one that was let go left none."""
        session = self._session
        return () if session is None else session.left_open()

    def let_go(self, *, only_paused: bool) -> bool:
        """Leave the run to whoever answers for it, unless something is at work here; say whether it is gone."""
        session = self._session
        if session is None:
            return True
        if self.finished or not self._hands.are_empty or not session.is_idle(only_paused):
            return False
        if self._wake.is_due:
            # What it waited for expires now: nobody else would see to it.
            return False
        self.left_waiting = session.waiting()
        session.let_go()
        self.leave()
        self._session = None
        return True

    def park(self, *, leaving: bool = False) -> bool:
        """Let the run go where nothing is lost by it; say whether it is gone, or over."""
        return self.finished or (self.line.waits is False and self.parking.park(only_paused=not leaving))

    def decide(self, approval_id: str, written: dict[str, Any], principal: str | None, *, apart: bool) -> bool:
        """Take a human's answer and go on; say whether a call has to be made once more.

        Raises:
            RunOwned: The run was let go here, and another process drives it.
            FlowaiError: The answer is refused; a kept run is let go again, or goes on with another answer.
        """
        # A decision that nothing could go on with is not taken.
        has_lost_its_loop = self.check_loop()
        with self.parking.held():
            session = self.session
            try:
                runs_again = session.decide(approval_id, written, principal, self.clock())
            except BaseException:
                if self.is_kept:
                    self.go_on(in_background=apart)
                raise
            self.go_on(in_background=apart and (has_lost_its_loop or self.is_kept))
            return runs_again

    @property
    def is_kept(self) -> bool:
        """Whether the store has the run, and it may go on from there."""
        return self._kept is not None

    @property
    def has_stopped(self) -> bool:
        """Whether the run ended here and not in the store, as after a crash or where the store refused it."""
        return self.finished and self._session is not None and self._session.has_stopped()

    def has_shown(self) -> None:
        """Take what has happened so far as told to whoever observes the run."""
        if self.setting.observer is not None:
            self._shown = len(self.session.events(0))
