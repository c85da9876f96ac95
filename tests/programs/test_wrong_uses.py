"""What makes no sense is refused where it is written, by its name and with advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from flowai import (
    AwaitApproval,
    CallAgent,
    CallModel,
    CallTool,
    LoadRef,
    RetryPolicy,
    Sleep,
    StoreRef,
    catch,
    for_each,
    gather,
    pure,
    retry,
    timeout,
)
from flowai.errors import ProgramError, SpecError
from flowai.interpreters import Eval
from flowai.specs.handle import Handle

if TYPE_CHECKING:
    from collections.abc import Callable

WRONG: Any = "1"

WAITS: dict[str, Callable[[], object]] = {
    "give zero or more seconds": lambda: timeout(pure(1), WRONG),
    "and an end": lambda: Sleep(WRONG),
    "`attempts` counts": lambda: retry(pure(1), attempts=WRONG),
    "`wait_ms`": lambda: retry(pure(1), wait_ms=WRONG),
    "`wait_ms_max`": lambda: RetryPolicy(wait_ms_max=WRONG),
    "`factor`": lambda: retry(pure(1), factor=WRONG),
}

PARTS: dict[str, Callable[[], object]] = {
    "`@define_tool`": lambda: CallTool(cast("Any", len), 1),
    "`define_specialist`": lambda: CallAgent(cast("Any", "greeter"), "hi"),
    "`define_reference`": lambda: StoreRef(cast("Any", "ProductSet"), ["p1"]),
    "Handle.parse": lambda: LoadRef(cast("Any", 5)),
    "decorate it with": lambda: CallModel("claude-haiku-4-5", "hi", tools=[cast("Any", len)]),
    "prompt": lambda: CallModel("claude-haiku-4-5", cast("Any", 3)),
    "a title": lambda: AwaitApproval(cast("Any", 3), subject=1),
    "a function of the error": lambda: catch(pure(1), cast("Any", pure(2))),
    "gather(*programs)": lambda: gather(cast("Any", [pure(1), pure(2)])),
    "give a list": lambda: for_each(cast("Any", 3), Sleep),
}


@pytest.mark.parametrize("advice", WAITS)
def test_a_number_written_as_text_is_refused_with_advice(advice: str) -> None:
    with pytest.raises(ProgramError) as caught:
        WAITS[advice]()
    assert advice in str(caught.value)
    assert "'1'" in str(caught.value)


@pytest.mark.parametrize("advice", PARTS)
def test_a_part_of_the_wrong_kind_is_refused_where_it_is_given(advice: str) -> None:
    with pytest.raises(ProgramError) as caught:
        PARTS[advice]()
    assert advice in str(caught.value)


def test_a_policy_and_an_option_beside_it_are_refused() -> None:
    with pytest.raises(ProgramError, match="`attempts` stands beside a policy"):
        retry(pure(1), RetryPolicy(attempts=2), attempts=5)


def test_the_text_of_a_handle_names_it_too() -> None:
    assert LoadRef("ProductSet:9f2c") == LoadRef(Handle.parse("ProductSet:9f2c"))


def test_only_an_interpreter_can_be_wrapped() -> None:
    with pytest.raises(SpecError, match="is no interpreter"):
        Eval(cast("Any", 3))
