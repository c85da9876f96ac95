"""Effects that interpreters know, answered by the user instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from flowai import effects
from flowai.errors import UnhandledEffect, ValueNotJson
from flowai.specs.decision import Approve, Failed, Happened, Reject, RunAgain

if TYPE_CHECKING:
    from flowai.effects.effect import Effect


def effect_of(kind: str, written: dict[str, Any], tool: Any) -> Effect[Any]:
    """Return the effect that the user's handler is asked, made from the native form.

    Raises:
        UnhandledEffect: Effects of this kind cannot be handed to a handler.
    """
    if kind == "CallModel":
        return effects.CallModel.handed(written)
    if kind == "CallTool":
        return effects.CallTool(tool, **tool.decode_arguments(written["arguments"]))
    if kind == "AwaitApproval":
        return effects.AwaitApproval(written["title"], written["subject"])
    if kind == "Sleep":
        return effects.Sleep(written["wait_ms"] / 1_000)
    if kind == "DrawNumber":
        return effects.DrawNumber(written["low"], written["high"])
    if kind in ("ReadClock", "DrawId"):
        return cast("Effect[Any]", getattr(effects, kind)())
    raise UnhandledEffect(
        f"`{kind}` cannot be answered by a handler", hint="plans and references belong to the runtime"
    )


def answered(effect: Effect[Any], answer: object) -> Any:
    """Return an answer in the form that the native part reads.

    Raises:
        ValueNotJson: It is no answer to this question.
    """
    if isinstance(effect, effects.CallModel):
        if answer is None and effect.output_schema is None:
            hint = "return a text, a value of the type that was asked for, or a `ModelAnswer`"
            raise ValueNotJson("the handler of `CallModel` answered with nothing", path="$", hint=hint)
        return _model_answer(answer)
    if isinstance(effect, effects.AwaitApproval):
        if isinstance(answer, Approve | Reject | Happened | RunAgain | Failed):
            return {"decision": answer.to_json()}
        return {"subject": effect.codec.encode(answer)}
    return effect.codec.encode(answer)


def _model_answer(answer: object) -> Any:
    """Return a model's answer: a text, a structured value, or the whole answer as a mapping."""
    if isinstance(answer, effects.ModelAnswer):
        from dataclasses import asdict

        written = asdict(answer)
        written["usage"] = {name: count for name, count in written["usage"].items() if count is not None}
        return {name: value for name, value in written.items() if value is not None}
    given: object = answer
    if isinstance(answer, Mapping) and ("text" in answer or "tool_calls" in answer):
        return {"text": "", "tool_calls": [], "stop_reason": "end_turn", **cast("Mapping[str, Any]", answer)}
    if isinstance(answer, str):
        return {"text": answer, "tool_calls": [], "stop_reason": "end_turn"}
    from flowai.effects.codec import Codec, annotation_of

    output = Codec(annotation_of(given)).encode(given)
    return {"text": "", "tool_calls": [], "output": output, "stop_reason": "end_turn"}
