"""Settings that no scorer has are refused where they are written; results scored by others are not mixed."""

import asyncio
import math
from pathlib import Path
from typing import Any

import pytest

from flowai.errors import SpecError, StorageError
from flowai.evals import Judge, Prefers, RawSampleOutput, Trajectory, define_test_case, rescore, run_eval, score_sample
from flowai.interpreters import Test
from flowai_harness import TestingConfig
from tests.evals import shop


@pytest.mark.parametrize(
    ("settings", "message", "hint"),
    [
        ({"order": "sequnce"}, "Trajectory: `order` is 'sequnce'", "did you mean `sequence`?"),
        ({"value": "f2"}, "Trajectory: `value` is 'f2'", "known: `bool`, `precision`"),
        ({"extra": "alow"}, "Trajectory: `extra` is 'alow'", "did you mean `allow`?, or a list of tools"),
        ({"count": "every"}, "Trajectory: `count` is 'every'", "known: `successful`, `all`"),
        ({"absolute": math.nan}, "Trajectory: `absolute` is nan", "give a number from 0"),
        ({"relative": -1}, "Trajectory: `relative` is -1", "give a number from 0"),
        ({"name_credit": 7}, "Trajectory: `name_credit` is 7", "give a number from 0 to 1"),
        ({"weight": math.nan}, "Trajectory: a scorer cannot be weighed nan", "give a number above 0"),
        ({"tools": {"find": {"arg": "ignore"}}}, "`find` has no setting `arg` of its own", "did you mean `args`?"),
        ({"tools": {"find": {"args": "x"}}}, "Trajectory, `find`: `args` is 'x'", "known:"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_at_once(settings: dict[str, Any], message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        Trajectory(**settings)
    assert message in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("factor", [math.nan, math.inf])
def test_a_weight_has_a_mean(factor: float) -> None:
    with pytest.raises(SpecError):
        _ = Trajectory() * factor


def test_scores_by_other_settings_are_not_mixed(tmp_path: Path) -> None:
    case = define_test_case(
        "a", "x", agent="clerk", expected_trajectory=["find"], testing=TestingConfig(mock_response="hi")
    )

    def scored(scorer: Trajectory) -> float | None:
        return run_eval([case], shop.spec, scorers=[scorer], results=tmp_path).mean()

    assert scored(Trajectory()) == scored(Trajectory()) == 0
    for other in (Trajectory(missing="allow"), Trajectory() * 2):
        with pytest.raises(StorageError, match="other settings or weights") as caught:
            scored(other)
        assert "rescore" in str(caught.value.hint)


@pytest.mark.parametrize("models", ["claude-sonnet-4-6", ()])
def test_judges_are_a_list_of_models(models: Any) -> None:
    with pytest.raises(SpecError, match="`models` is"):
        Judge(rubric="Is it polite?", models=models)


def test_without_an_expected_response_no_judge_is_asked_for_a_preference() -> None:
    case, output = define_test_case("a", "x"), RawSampleOutput(actual_response="hi")
    score = asyncio.run(Prefers(rubric="Is it better?").ascore(case, output, Test(script=[])))
    assert (score.value, score.reason) == (None, "missing: the case expects no response")


@pytest.mark.parametrize("scorers", [Trajectory(), [Trajectory], [Trajectory(), "strict"], "strict", 3])
def test_what_is_no_list_of_scorers_is_refused_everywhere(scorers: Any) -> None:
    case = define_test_case("a", "x", agent="clerk", testing=TestingConfig(mock_response="hi"))
    results = run_eval([case], shop.spec)
    for scored in (
        lambda: score_sample(case, RawSampleOutput(), scorers=scorers),
        lambda: run_eval([case], shop.spec, scorers=scorers),
        lambda: rescore(results, [case], scorers=scorers),
    ):
        with pytest.raises(SpecError, match="`scorers` is") as caught:
            scored()
        assert caught.value.hint == "write `scorers=[Trajectory(), ...]`"
