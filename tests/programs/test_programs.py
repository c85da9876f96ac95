"""Programs are inert values."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any, TypeVar, cast

import pytest

from flowai import (
    Askable,
    CallTool,
    Clock,
    Do,
    ReadClock,
    Sleep,
    Tools,
    catch,
    ensure,
    fail,
    fallback,
    for_each,
    gather,
    program,
    pure,
    race,
    retry,
    timeout,
)
from flowai.errors import Cancelled, ProgramError, ToolFailed
from flowai.laws import GiveNumber, Reference
from flowai.laws.samples import give, recovered, wrapped
from flowai.laws.tools import write, write_line
from flowai.programs import Program, RetryPolicy, asked
from flowai.programs.retry import Retry

E = TypeVar("E")
NONE: tuple[Program[Any, Any], ...] = ()


@program
def nap(seconds: float, why: str = "tired") -> Do[Clock, str]:
    """Sleep."""
    yield from Sleep(seconds)
    return why


def test_calling_runs_nothing_and_the_value_runs_twice_in_full() -> None:
    value = nap(2)
    assert [Reference().run(value).value for _ in range(2)] == ["tired", "tired"]


def test_programs_are_equal_by_function_and_arguments() -> None:
    assert nap(2) == nap(seconds=2) == nap(2, why="tired")
    assert nap(2) != nap(3)
    assert hash(nap(2)) == hash(nap(seconds=2, why="tired"))
    assert gather(nap(1), Sleep(2)) == gather(nap(1), Sleep(2)) != gather(Sleep(2), nap(1))


def test_wrong_arguments_are_refused_when_the_program_is_made() -> None:
    with pytest.raises(TypeError, match="secnods"):
        cast("Any", nap)(secnods=1)


@pytest.mark.parametrize(
    "value",
    [
        nap(1),
        nap(seconds=1),
        gather(nap(1), Sleep(2)),
        for_each(["a"], give, limit=2),
        race(nap(1), pure(2)),
        retry(nap(1), RetryPolicy(attempts=2)),
        catch(give("a"), recovered),
        ensure(nap(1), Sleep(1)),
        timeout(fallback(nap(1), nap(2)), 3),
    ],
    ids=str,
)
def test_programs_pickle(value: Program[Any, Any]) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


def test_a_program_of_one_short_string_pickles_below_200_bytes() -> None:
    assert len(pickle.dumps(give("A-1"))) < 200


def test_effects_are_known_before_anything_runs() -> None:
    assert nap(1).effects() == {Clock}
    assert gather(nap(1), give("a"), pure(1)).effects() == {Clock, GiveNumber}
    assert for_each(["a"], give).effects() == {GiveNumber}
    assert wrapped(nap(1)).effects() == {Clock}
    assert nap(1).bind(give).effects() == {Clock, GiveNumber}


def test_a_tree_is_drawn_without_running() -> None:
    drawn = ensure(retry(gather(nap(1), pure(1)), attempts=2), Sleep(1))
    assert str(drawn.tree()).splitlines() == [
        "ensure",
        "├─ retry, at most 2 runs",
        "│  └─ gather",
        "│     ├─ nap(1) asks Clock",
        "│     └─ pure 1",
        "└─ Sleep",
    ]
    assert drawn.tree().mermaid().startswith('flowchart TD\n    n0["ensure"]\n    n1["retry')


def test_a_tree_bounds_what_is_asked() -> None:
    assert retry(gather(Sleep(1), Sleep(2)), attempts=3).tree().asks_max == 6
    assert nap(1).tree().asks_max is None


def test_a_chain_is_drawn_flat() -> None:
    chain = pure(1).map(abs).bind(pure)
    assert str(chain.tree()).splitlines() == ["in turn", "├─ pure 1", "├─ map abs", "└─ then pure"]


def test_deep_chains_cost_no_stack() -> None:
    one: Program[Any, int] = pure(0)
    other: Program[Any, int] = pure(0)
    for _ in range(100_000):
        one, other = one.bind(pure), other.bind(pure)
    assert one == other
    assert hash(one) == hash(other)
    assert one.effects() == frozenset()
    assert len(str(one.tree()).splitlines()) == 100_002


def test_shared_parts_are_walked_once() -> None:
    shared: Program[Any, Any] = pure(0)
    for _ in range(200):
        shared = gather(shared, shared)
    assert shared.effects() == frozenset()
    assert hash(shared) == hash(shared)


def test_retry_refuses_a_write_once_tool_it_can_see() -> None:
    with pytest.raises(ProgramError, match="write_line") as caught:
        retry(gather(Sleep(1), CallTool(write_line, "x")))
    assert caught.value.hint is not None


def test_retry_leaves_what_it_cannot_see_to_the_interpreter() -> None:
    assert retry(write("x")).effects() == {Tools}


@pytest.mark.parametrize(
    "make",
    [
        lambda: race(*NONE),
        lambda: fallback(*NONE),
        lambda: timeout(nap(1), -1),
        lambda: timeout(nap(1), float("nan")),
        lambda: for_each([1], lambda _: pure(1)),
        lambda: for_each(["a"], give, limit=0),
        lambda: for_each(["a"], give, limit=cast("Any", 1.5)),
        lambda: catch(nap(1), recovered, on=cast("Any", Cancelled)),
        lambda: retry(nap(1), attempts=0),
        lambda: retry(nap(1), attempts=cast("Any", 2.5)),
        lambda: retry(nap(1), factor=float("nan")),
        lambda: retry(nap(1), wait_ms=-1),
        lambda: retry(nap(1), cast("Any", 3)),
        lambda: fail(cast("Any", "no stock")),
        lambda: gather(cast("Any", nap)),
        lambda: asked(cast("Any", iter(nap(1)))),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_hint(make: Any) -> None:
    with pytest.raises(ProgramError) as caught:
        make()
    assert caught.value.hint


def test_waits_grow_to_their_maximum() -> None:
    policy = RetryPolicy(attempts=10_000, wait_ms=1, wait_ms_max=50, on=(ToolFailed,))
    assert [policy.wait_after(number) for number in (1, 2, 7, 9_999)] == [1, 2, 50, 50]
    assert RetryPolicy(wait_ms=1, factor=1e10, wait_ms_max=50).wait_after(99) == 50


def test_a_retry_is_not_looked_through_again_by_the_one_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    def counted(node: Any) -> tuple[Program[Any, Any], ...]:
        nonlocal looked
        looked += 1
        return (node.program,)

    monkeypatch.setattr(Retry, "children", counted)
    program: Program[Any, int] = pure(0)
    for _ in range(1_000):
        program = retry(program)
    assert looked <= 1_000
    with pytest.raises(ProgramError, match="write_line"):
        retry(retry(CallTool(write_line, "x")))


def test_an_open_row_asks_what_it_is_given() -> None:
    @program
    def twice(inner: Askable[E, object]) -> Do[E | Clock, None]:
        yield from inner
        yield from ReadClock()

    assert twice.row is None
    assert twice(give("a")).effects() == {Clock, GiveNumber}


def test_the_import_is_light() -> None:
    code = "import sys, flowai, flowai.programs, flowai.effects; print('pydantic' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "False"
