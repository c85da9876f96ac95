"""Statistics against published figures, SciPy and what another library computes."""

import math
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from flowai.errors import SpecError
from flowai.evals import (
    EvalResults,
    Sample,
    ScoredSample,
    clustered_stderr,
    compare,
    estimate,
    krippendorff_alpha,
    over_cases,
    pass_at,
    pass_hat,
    wilson,
)
from tests.evals.vectors import rows

SUPPORTED = {"mean_score", "pass_at", "pass_k", "stderr", "ci", "krippendorff_alpha"}


def test_inspect_agrees() -> None:
    agreed = left = 0
    for row in rows("inspect_statistics"):
        found = inspected(row)
        if found is None:
            left += 1
            continue
        assert same(found, row["expected_score"]), (row["id"], row["fn"], row["args"], found, row["expected_score"])
        agreed += 1
    assert agreed >= 60
    # Medians, modes, maxima, counts, letters and bootstraps: nothing of ours does that.
    assert left <= 56


def inspected(row: dict[str, Any]) -> Any:  # noqa: PLR0911 — one return a figure
    """What we say to a row; nothing where we have no such figure."""
    written: list[Any] = row["scores"]
    scores: list[Any] = [each["value"] if isinstance(each, dict) and "value" in each else each for each in written]
    name, arguments, settings = row["fn"], row["args"], row["kwargs"]
    if name not in SUPPORTED or settings.get("method") == "bootstrap":
        return None
    if name == "krippendorff_alpha":
        level = settings.get("level", "nominal")
        units: list[list[Any]] = [each for each in scores if isinstance(each, list)]
        return or_nan(krippendorff_alpha(units, level=level))
    if any(each in ("I", "C") for each in scores):
        return None
    parts: list[Any] = [each for each in scores if isinstance(each, list | dict)]
    if parts:
        keys: list[Any] = (
            list(cast("dict[str, Any]", parts[0])) if isinstance(parts[0], dict) else list(range(len(parts[0])))
        )
        split: dict[Any, Any] = {key: inspected({**row, "scores": [each[key] for each in parts]}) for key in keys}
        return None if None in split.values() else split
    values = [float(each) for each in scores if each != "nan"]
    if name in ("pass_at", "pass_k"):
        k, passing = arguments[0], arguments[1] if len(arguments) > 1 else settings.get("value", 1.0)
        return or_nan({"pass_at": pass_at, "pass_k": pass_hat}[name](k, values, passing))
    groups = clusters(row, settings.get("cluster"), values)
    if name == "stderr":
        return clustered_stderr(list(groups.values()))
    found = estimate(groups, settings.get("level", 0.95))
    if name == "mean_score":
        return or_nan(found.mean)
    if found.low is None:
        return {"lower": found.mean or 0.0, "upper": found.mean or 0.0}
    return None if found.method == "wilson" else {"lower": found.low, "upper": found.high}


def clusters(row: dict[str, Any], field: str | None, values: list[float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for number, value in enumerate(values):
        metadata = row["scores"][number].get("metadata") if field else None
        found.setdefault(str(metadata[field] if metadata else number), []).append(value)
    return found


def or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, list):
        return all(same(found[place], value) for place, value in enumerate(cast("list[object]", expected)))
    if isinstance(expected, dict):
        return all(same(found[key], value) for key, value in cast("dict[str, object]", expected).items())
    if expected == "nan":
        return math.isnan(found)
    return bool(found == pytest.approx(expected, rel=1e-6))


def test_wilson_has_the_published_interval() -> None:
    """Newcombe (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (passed, count), interval in published.items():
        assert wilson(passed, count) == pytest.approx(interval, abs=5e-5)


def test_krippendorff_has_the_published_alphas() -> None:
    """Krippendorff (2011), example C: four observers, twelve units, values missing."""
    observers = [
        "1 2 3 3 2 1 4 1 2 * * *",
        "1 2 3 3 2 2 4 1 2 5 * 3",
        "* 3 3 3 2 3 4 2 2 5 1 *",
        "1 2 3 3 2 4 4 1 2 5 1 *",
    ]
    said = [[None if each == "*" else int(each) for each in line.split()] for line in observers]
    units = list(zip(*said, strict=True))
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units, "ordinal") == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(units, "interval") == pytest.approx(0.849, abs=5e-4)


@given(
    st.lists(st.floats(0, 1).map(lambda value: round(value, 3)), min_size=2, max_size=30).filter(
        lambda v: len(set(v)) > 2
    )
)
def test_without_repeats_the_error_is_the_usual_one(values: list[float]) -> None:
    found = estimate({str(number): [value] for number, value in enumerate(values)})
    assert found.stderr == pytest.approx(float(stats.sem(values)))


def test_repeats_of_one_case_are_no_new_cases() -> None:
    once = estimate({"a": [1.0], "b": [0.0], "c": [0.5]})
    often = estimate({"a": [1.0] * 9, "b": [0.0] * 9, "c": [0.5] * 9})
    assert often.stderr == pytest.approx(once.stderr)
    assert often.count == 27


@given(st.integers(1, 6), st.lists(st.sampled_from([0.0, 1.0]), min_size=6, max_size=9))
def test_all_of_k_is_never_likelier_than_one_of_k(k: int, values: list[float]) -> None:
    one, every = pass_at(k, values), pass_hat(k, values)
    assert one is not None
    assert every is not None
    assert 0 <= every <= one <= 1


def test_passes_over_cases_leave_out_cases_with_too_few_runs() -> None:
    found = over_cases(2, {"a": [1.0, 1.0], "b": [1.0, 0.0], "c": [1.0]}, "pass_hat")
    assert (found.mean, found.clusters) == (0.5, 2)


@pytest.mark.parametrize("k", [0, -1, True])
def test_k_is_a_number_from_one(k: int) -> None:
    with pytest.raises(SpecError, match="`k` is"):
        pass_at(k, [1.0])


# Comparisons


def results(**cases: Sequence[float | None]) -> EvalResults:
    samples = [
        Sample(case, repeat, ScoredSample(case, value, ()))
        for case, values in cases.items()
        for repeat, value in enumerate(values, 1)
    ]
    return EvalResults("d", samples)


def passes(*values: float) -> EvalResults:
    return results(**{f"c{number}": [value] for number, value in enumerate(values)})


def test_a_difference_is_shown_where_the_exact_test_shows_it() -> None:
    found = compare(passes(*[0.0] * 8, 1.0, 1.0), passes(*[1.0] * 8, 1.0, 1.0))
    assert (found.verdict, found.test) == ("better", "mcnemar")
    assert found.p_value == pytest.approx(2 * 0.5**8)
    assert found.sentence.startswith("shown to be better: aggregate differs by +0.800")


def test_what_is_not_shown_is_said_not_to_be() -> None:
    found = compare(passes(0, 0, 1, 1, 1), passes(1, 1, 1, 1, 0))
    assert found.verdict == "not shown"
    assert found.sentence.startswith("not shown to be better: aggregate differs by +0.200")
    assert str(found).splitlines()[1:] == [
        "regressions:",
        "  c4: 1.000 → 0.000",
        "improvements:",
        "  c1: 0.000 → 1.000",
        "  c0: 0.000 → 1.000",
    ]


def test_being_the_same_is_not_being_shown_equal() -> None:
    assert "does not show them equal" in compare(passes(1, 0, 1), passes(1, 0, 1)).sentence


def test_a_few_cases_that_all_gain_alike_do_not_show_it() -> None:
    few, many = ([0.5] * count for count in (3, 8))
    better = [compare(passes(*values), passes(*(each + 0.25 for each in values))) for values in (few, many)]
    assert [(each.test, each.verdict) for each in better] == [("sign", "not shown"), ("sign", "better")]


def test_graded_scores_are_compared_by_the_interval_of_the_paired_difference() -> None:
    before, after = [0.1, 0.4, 0.35, 0.8, 0.6], [0.3, 0.55, 0.6, 0.9, 0.85]
    found = compare(passes(*before), passes(*after))
    published = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert (found.difference.low, found.difference.high) == pytest.approx((published.low, published.high))
    assert (found.verdict, found.test) == ("better", "interval")


def test_only_shared_cases_are_compared() -> None:
    found = compare(results(a=[1.0], b=[0.0], x=[None]), results(a=[1.0], b=[1.0], y=[1.0]))
    assert [change.case_id for change in found.changes] == ["a", "b"]
    assert (found.only_before, found.only_after) == (("x",), ("y",))
    assert "1 shared case cannot show it" in compare(results(a=[1.0]), results(a=[0.0])).sentence


def test_repeats_that_all_pass_are_no_certainty() -> None:
    found = estimate({case: [1.0] * 5 for case in "abc"})
    assert (found.mean, found.method, (found.low, found.high)) == (1, "wilson", wilson(3, 3))
    halves = estimate({case: [1.0, 0.0] for case in "abc"})
    assert (halves.low, halves.high) == (wilson(1, 3)[0], wilson(2, 3)[1])


def test_cases_that_are_all_alike_have_no_interval() -> None:
    found = estimate({"a": [0.7], "b": [0.7]})
    assert (found.low, found.high, str(found)) == (None, None, "0.700 (all 2 cases alike: no interval)")


def test_differences_that_are_all_alike_have_a_test_and_no_interval() -> None:
    before, after = (
        EvalResults("d", [Sample(str(case), 1, ScoredSample(str(case), value, ())) for case in range(8)])
        for value in (0.0, 1.0)
    )
    found = compare(before, after)
    assert (found.verdict, found.difference.low) == ("better", None)
    assert found.sentence == (
        "shown to be better: aggregate differs by +1.000 on 8 shared cases, exact McNemar p = 0.008"
    )


@pytest.mark.parametrize("chance", [pass_at, pass_hat])
@pytest.mark.parametrize("k", [1.5, 0, True, "2"])
def test_what_is_no_count_of_runs_is_refused(chance: Any, k: Any) -> None:
    with pytest.raises(SpecError, match="`k` is"):
        chance(k, [1.0, 0.0])
