"""The eval interpreter that leaves a recording at a position and goes on under another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flowai.errors import ProgramError
from flowai.interpreters.eval import Eval
from flowai.interpreters.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flowai.interpreters.interpreter import Interpreter

H_contra = TypeVar("H_contra", contravariant=True)


class Fork(Eval[H_contra]):
    """Answers from a recording up to a position, and from there on as the interpreter inside does.

    Writes do nothing: the recording answers those that it has with the same arguments, and the others fail, unless
    they are allowed by name. What the recording approved is asked again where it would let something out. The new
    recording names its parent.

    Args:
        inner: who answers from there on: another model, another decision, a failing tool.
        recording: of the run to leave.
        at: the first position that is answered anew.
        allow: the tools whose writes really happen.

    Raises:
        ProgramError: Nothing was asked at this position.

    Example:
        >>> from flowai import CallModel, Do, Models, program
        >>> from flowai.interpreters import Test
        >>> @program
        ... def talk() -> Do[Models, str]:
        ...     said = yield from CallModel("any", prompt="Begin.")
        ...     return (yield from CallModel("any", prompt=f"You said {said}"))
        >>> first = Test(script=["Hello.", "I did."]).run(talk())
        >>> other = Fork(Test(script=["I did not."]), first.recording, at="1").run(talk())
        >>> other.value, other.recording.records["parent"]["position"]
        ('I did not.', '1')
    """

    def __init__(
        self, inner: Interpreter[H_contra], recording: Recording, *, at: str, allow: Sequence[str] = ()
    ) -> None:
        super().__init__(inner)
        cut = _place(recording, at)
        self._recording = recording.until(cut)
        self._goes_on = True
        self._parent = {"run_id": recording.records["run_id"], "position": at}
        self._writes = {"allow": sorted(set(allow)), "recorded": _calls(recording, cut)}

    def config(self) -> dict[str, Any]:
        """Return the settings of the next run."""
        config = super().config()
        name = f"{self._parent['run_id']}-fork-{self._parent['position']}"
        config["run_id"] = name if self._query == 1 else f"{name}-{self._query}"
        return {**config, "parent": self._parent, "inert": self._writes}


def _place(recording: Recording, position: str) -> int:
    asked = [entry["position"] for entry in recording if entry["record"] == "asked"]
    for place, entry in enumerate(recording):
        if entry["record"] == "asked" and entry["position"] == position:
            return place
    near = ", ".join(dict.fromkeys(each for each in asked if each.startswith(position[:1])))
    hint = f"it asked at {near}" if near else "it asked nothing"
    raise ProgramError(f"the recording asked nothing at position {position}", hint=hint)


def _calls(recording: Recording, cut: int) -> list[dict[str, Any]]:
    """Return the calls of tools that were answered after the cut, which may answer the same calls again."""
    asked = {entry["position"]: entry for entry in recording if entry["record"] == "asked"}
    return [
        {"arguments": asked[entry["position"]]["arguments"], "outcome": entry["outcome"]}
        for place, entry in enumerate(recording)
        if place >= cut and entry["record"] == "answered" and entry["effect"] == "CallTool"
    ]
