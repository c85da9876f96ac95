"""Every published score that a mode covers agrees with ours; the others are counted, each with its reason."""

from collections import Counter
from typing import Any

import pytest

from flowai.evals import ExactMatch, JsonMatch, ListMatch, NumberMatch, TextMatch, score_like
from tests.evals.vectors import rows


def test_agentevals_agrees() -> None:
    told: Counter[str] = Counter()
    for row in rows("agentevals_trajectory"):
        overrides: dict[str, Any] | None = row["tool_args_match_overrides"]
        if any(isinstance(rule, dict) for rule in (overrides or {}).values()):
            told["its rule is a function, of which the row has the source only"] += 1
            continue
        found = score_like(
            f"agentevals.{row['mode']}",
            expected=row["expected"],
            actual=row["actual"],
            tool_args_match_mode=row["tool_args_match_mode"],
            tool_args_match_overrides=overrides,
        )
        assert found == bool(row["score_from_agentevals"]), row["id"]
        told["agrees"] += 1
    assert told["agrees"] >= 28


def test_functions_of_agentevals_are_asked() -> None:
    """What the rows have in source: whether the run asked for the city under either name."""
    messages = [
        [{"role": "assistant", "tool_calls": [{"name": "get_weather", "args": {"city": city}}]}]
        for city in ("SF", "LA")
    ]

    def is_same(actual: dict[str, str], expected: dict[str, str]) -> bool:
        return {actual["city"], expected["city"]} <= {"SF", "San Francisco"}

    reference = [{"role": "assistant", "tool_calls": [{"name": "get_weather", "args": {"city": "San Francisco"}}]}]
    found = [
        score_like(
            "agentevals.strict", expected=reference, actual=each, tool_args_match_overrides={"get_weather": is_same}
        )
        for each in messages
    ]
    assert found == [True, False]


def test_adk_agrees() -> None:
    modes = {"EXACT": "adk.exact", "IN_ORDER": "adk.in_order", "ANY_ORDER": "adk.any_order"}
    count = 0
    for row in rows("adk_trajectory"):
        expected, actual = ([turn[side] for turn in row["turns"]] for side in ("expected", "actual"))
        found = score_like(modes.get(row["mode"], "adk.parameter_match"), expected=expected, actual=actual)
        assert found == row["expected_score"], row["id"]
        count += 1
    assert count >= 22


def test_pydantic_evals_agrees() -> None:
    told: Counter[str] = Counter()
    for row in rows("pydantic_evals_agentic"):
        reason = not_covered(row)
        if reason is None:
            assert pydantic_evals(row) == pytest.approx(row["expected_score"]), row["id"]
        told[reason or "agrees"] += 1
    assert told["agrees"] >= 42


def not_covered(row: dict[str, Any]) -> str | None:
    if row["scorer"] == "MaxModelRequests":
        return "it counts requests, which the row does not have"
    if row["actual_all_attempts"] is None:
        return "a run that nobody watched is missing with us, and wrong with them"
    return None


def pydantic_evals(row: dict[str, Any]) -> Any:
    config = row["config"]
    actual = row["actual_all_attempts" if config["include_failed"] else "actual_successful"]
    if row["scorer"] == "TrajectoryMatch":
        expected, settings = config["expected_trajectory"], {"order": config["order"]}
        return score_like("pydantic_evals.trajectory_match", expected=expected, actual=actual, **settings)
    if row["scorer"] == "ToolCorrectness":
        expected, settings = config["expected_tools"], {"allow_extra": config["allow_extra"]}
        return score_like("pydantic_evals.tool_correctness", expected=expected, actual=actual, **settings)
    if row["scorer"] == "ArgumentCorrectness":
        settings = {name: config[name] for name in ("tool_name", "match_mode", "occurrence")}
        expected = config["expected_arguments"]
        return score_like("pydantic_evals.argument_correctness", expected=expected, actual=actual, **settings)
    return score_like("pydantic_evals.max_tool_calls", expected=config["max_calls"], actual=actual)


def test_ragas_agrees() -> None:
    told: Counter[str] = Counter()
    for row in rows("ragas_toolcalls"):
        if row["scorer"] != "ToolCallF1":
            told["it asks a scorer of arguments, which is a mock in the row"] += 1
            continue
        found = score_like("ragas.f1", expected=row["expected"], actual=row["actual"])
        assert found == row["expected_score"], row["id"]
        told["agrees"] += 1
    assert told["agrees"] >= 3


def test_bfcl_agrees() -> None:
    count = 0
    for row in rows("bfcl_ast"):
        found = score_like("bfcl.ast", expected=row["allowed"], actual=row["actual"], functions=row["functions"])
        assert found == row["valid"], (row["id"], row["variant"], row["error_type"])
        count += 1
    assert count >= 1358


VALUES = {
    "JSONDiff": JsonMatch(),
    "JSONDiff(number_scorer=NumericDiff)": JsonMatch(),
    "Levenshtein": TextMatch(),
    "NumericDiff": NumberMatch(),
    "ListContains(pairwise=Levenshtein)": ListMatch(),
    "ExactMatch": ExactMatch(),
}


def test_autoevals_agrees() -> None:
    told: Counter[str] = Counter()
    for row in rows("autoevals_values"):
        reason = differs(row)
        if reason is None:
            found = VALUES[row["scorer"]].likeness(row["expected"], row["output"])
            assert found == pytest.approx(row["expected_score"], abs=row["tol"]), row["id"]
        told[reason or "agrees"] += 1
    assert told["agrees"] >= 40


def differs(row: dict[str, Any]) -> str | None:
    if row["scorer"] == "ValidJSON":
        return "whether text fits a schema is for the type of an agent's output to say"
    if row["scorer"] == "ExactMatch" and isinstance(row["expected"], str) and not isinstance(row["output"], str):
        return "they compare values as text, we as values"
    return None
