"""Effects are frozen values with a JSON form."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from flowai import (
    AwaitApproval,
    CallModel,
    CallTool,
    DrawNumber,
    Effect,
    LoadRef,
    ReadClock,
    Sleep,
    StoreRef,
    Tools,
    gather,
)
from flowai.effects import Codec
from flowai.errors import ProgramError, SpecError, ValueNotJson
from flowai.interpreters import Live, Test
from flowai.laws.samples import GiveNumber
from flowai.laws.tools import write_line
from flowai.specs.reference import Handle, define_reference


class Order(BaseModel):
    """Something to approve."""

    units: int
    due: datetime = datetime(2026, 1, 1, tzinfo=UTC)


ProductSet = define_reference("ProductSet", list[str], 1_000, len)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CallTool(write_line, "x"),
        lambda: CallModel("m", "hello"),
        lambda: CallModel("m", messages=[{"role": "user"}], output=Order, settings={"t": 0}),
        lambda: AwaitApproval("order", 3),
        lambda: LoadRef(Handle[Any]("ProductSet", "1")),
        lambda: Sleep(1),
        ReadClock,
        lambda: DrawNumber(1, 6),
        lambda: GiveNumber("a"),
    ],
)
def test_effects_are_equal_by_value_and_pickle(make: Callable[[], Effect[Any]]) -> None:
    one = make()
    assert one == make()
    assert hash(one) == hash(make())
    assert pickle.loads(pickle.dumps(one)) == one
    with pytest.raises(Exception, match=r"cannot|frozen|assign"):
        setattr(one, "title", "other")  # noqa: B010 — the mistake under test


def test_an_approved_subject_keeps_its_type() -> None:
    codec = AwaitApproval("order", [Order(units=3)]).codec
    assert codec.decode(codec.encode([Order(units=4)])) == [Order(units=4)]


def test_a_handle_comes_back_with_its_type() -> None:
    effect = StoreRef(ProductSet, ["p1"])
    handle = effect.codec.decode({"kind": "ProductSet", "id": "9"})
    assert (effect.kind, handle, handle.schema) == ("StoreRef", Handle("ProductSet", "9"), list[str])
    assert LoadRef(handle).codec.decode(["a"]) == ["a"]


def test_the_clock_is_exact_to_the_millisecond() -> None:
    codec = ReadClock().codec
    now = datetime(2026, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC)
    assert codec.decode(codec.encode(now)) == now
    with pytest.raises(ValueNotJson):
        codec.encode(datetime(2026, 7, 1))  # noqa: DTZ001 — the mistake under test


def test_an_answer_is_checked_by_its_type() -> None:
    codec = Codec.of(dict[str, Order])
    with pytest.raises(ValueNotJson) as caught:
        codec.encode({"a": {"units": "many"}})
    assert caught.value.path == "$.a.units"
    assert Codec.of(int).plain is int
    assert Codec.of(list[int]).plain is None
    with pytest.raises(ValueNotJson):
        Codec.of(int).encode("many")


def test_an_answer_that_cannot_be_written_is_refused_at_definition() -> None:
    with pytest.raises(SpecError, match="AskCallable"):

        @dataclass(frozen=True)
        class AskCallable(Effect[Callable[[], int]]):
            pass


def test_a_field_that_cannot_be_written_is_refused_at_definition() -> None:
    with pytest.raises(SpecError, match="function"):

        @dataclass(frozen=True)
        class AskField(Effect[int]):
            function: Callable[[], int]


def test_an_effect_that_is_not_frozen_is_refused_when_made() -> None:
    @dataclass
    class AskLoosely(Effect[int]):
        name: str

    with pytest.raises(ProgramError, match="frozen"):
        AskLoosely("a")


def test_only_immutable_scalars_are_lazy() -> None:
    @dataclass(frozen=True)
    class AskScalar(Effect[int]):
        name: str
        level: Literal["low", "high"] | None = None

    @dataclass(frozen=True)
    class AskList(Effect[int]):
        names: list[str]

    assert (AskScalar.lazy, AskList.lazy) == (True, False)
    assert AskScalar("a", "low").encode() == {"name": "a", "level": "low"}
    assert AskList(["a"]).encode() == {"names": ["a"]}


def test_families_are_the_markers_or_the_effect_itself() -> None:
    assert CallTool.families == (Tools,)
    assert GiveNumber.families == (GiveNumber,)
    assert GiveNumber.kind == "GiveNumber"


def test_slots_change_nothing() -> None:
    @dataclass(frozen=True, slots=True)
    class AskSlots(Effect[str]):
        name: str

    assert AskSlots.families == (AskSlots,)
    assert AskSlots("a").codec.plain is str


def test_a_model_call_needs_exactly_one_of_prompt_and_messages() -> None:
    given: tuple[dict[str, Any], ...] = ({}, {"prompt": "a", "messages": []})
    for wrong in given:
        with pytest.raises(ProgramError, match="prompt"):
            CallModel("m", **wrong)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, -1, -0.001])
def test_a_sleep_has_a_length_and_an_end(seconds: float) -> None:
    with pytest.raises(ProgramError, match="a sleep of"):
        Sleep(seconds)
    assert Test().run(Sleep(0)).value is None


@pytest.mark.parametrize(("low", "high"), [(0, 2**63), (-(2**63) - 1, 0), (2**63, 2**64), (0, 2**70)])
def test_a_drawn_number_has_64_bits(low: int, high: int) -> None:
    with pytest.raises(ProgramError, match="64 bits"):
        DrawNumber(low, high)


EDGES = (-(2**63), -(2**63) + 1, -3, 0, 2, 2**62, 2**63 - 2, 2**63 - 1)


@pytest.mark.parametrize("interpreter", [Test(seed=3), Test(seed=4), Live()])
def test_a_drawn_number_is_in_its_range(interpreter: Any) -> None:
    ranges = [(low, high) for low in EDGES for high in EDGES if low <= high]
    drawn = interpreter.run(gather(*(DrawNumber(*each) for each in ranges))).value
    assert all(low <= number <= high for (low, high), number in zip(ranges, drawn, strict=True))
    wide = interpreter.run(gather(*[DrawNumber(-(2**63), 2**63 - 1)] * 64)).value
    assert {number < 0 for number in wide} == {True, False}
    assert set(interpreter.run(gather(*[DrawNumber(-1, 1)] * 200)).value) == {-1, 0, 1}
