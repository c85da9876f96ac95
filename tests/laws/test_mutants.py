"""Every seeded bug is caught: laws that kill nothing are decoration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flowai.laws import Subject, laws
from tests.laws.mutants import MUTANTS, factory_of
from tests.laws.native_mutants import NATIVE_MUTANTS, native_factory_of

if TYPE_CHECKING:
    from flowai.laws.law import Factory

EXAMPLES = 30
DEPTH = 2_000

CAUGHT_BY = {
    "GatherLetsTheRestRun": "the_first_error_cancels_the_rest",
    "GatherDoesNotWaitForCleanups": "the_first_error_cancels_the_rest",
    "GatherInOrderOfEnding": "for_each_answers_in_input_order",
    "ForEachBackwards": "for_each_answers_in_input_order",
    "ForEachWithoutLimit": "a_limit_is_never_exceeded",
    "EnsureTwice": "a_cleanup_runs_once_after_success_and_failure",
    "EnsureOnlyAfterSuccess": "a_cleanup_runs_once_after_success_and_failure",
    "EnsureNotAfterCancel": "a_cleanup_runs_once_after_a_cancel",
    "EnsureCutByCancel": "a_cleanup_is_not_cut_by_a_cancel",
    "RetryOnceMore": "retry_runs_until_success_or_the_last_attempt",
    "RetryOnAnything": "retry_lets_other_errors_pass",
    "RetryWithoutWaiting": "retry_waits_between_runs_only",
    "RetryOfWrites": "retry_never_writes_once",
    "RaceLetsLosersRun": "a_race_takes_as_long_as_its_winner",
    "RaceToTheFirstSuccess": "the_first_to_end_wins",
    "CatchSwallowsCancel": "nobody_catches_a_cancel",
    "CatchEverything": "catch_lets_other_errors_pass",
    "FallbackRunsAll": "fallback_tries_the_next_only_on_an_error",
    "TimeoutOff": "a_timeout_ends_what_takes_longer",
    "TimeoutOneSecondLate": "a_timeout_ends_what_takes_longer",
    "SleepWithoutTime": "the_clock_moves_by_what_is_slept",
    "UnhandledIsNone": "an_effect_without_a_handler_is_an_error_that_names_it",
    "AnswersUnchecked": "an_answer_fits_its_declared_type",
    "RowsUnchecked": "an_undeclared_effect_is_an_error_that_names_it",
    "RowsOfTheInnermostOnly": "an_undeclared_effect_is_an_error_that_names_it",
    "UnaskedIsAnswered": "an_unasked_question_is_an_error",
    "EffectsTwice": "a_sub_program_is_its_inlining",
    "PureAddsOne": "binding_pure_is_calling",
    "RecursiveCalls": "many_binds_to_the_left",
    "EventsOfTheClass": "the_same_run_twice_has_the_same_events",
    "ApprovesEverything": "a_refusal_has_no_call_after_it",
    "DropsEdits": "what_is_called_is_what_was_approved",
    "CallsTwice": "no_gated_call_without_its_approval",
    "DecidesForTheHandler": "a_handler_that_stands_in_for_a_human_is_asked",
    "RefusesForTheHandler": "a_handler_that_stands_in_for_a_human_is_asked",
    "ForgetsTheQuestion": "no_gated_call_without_its_approval",
    "RecordsAllButTheLast": "a_program_that_asks_less_or_more_is_changed_too",
    "ReplaysByRunning": "a_changed_program_stops_at_the_first_difference",
    "GoesOnUnasked": "a_program_that_asks_less_or_more_is_changed_too",
    "SleepsAtOnce": "the_clock_moves_by_what_is_slept",
    "EachWithoutLimit": "a_limit_is_never_exceeded",
    "StepsWithoutLimit": "an_agent_with_fewer_steps_calls_no_more",
    "SeedOfItsOwn": "the_same_run_twice_has_the_same_events",
}
"""The law that catches each bug; others may catch it too."""

FACTORIES: dict[str, Factory] = {
    **{mutant.__name__: factory_of(mutant) for mutant in MUTANTS},
    **{mutant.__name__: native_factory_of(mutant) for mutant in NATIVE_MUTANTS},
}


def test_every_bug_is_listed_with_its_law() -> None:
    assert set(CAUGHT_BY) == set(FACTORIES)
    assert set(CAUGHT_BY.values()) <= {law.name for law in laws()}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("mutant", "name"), CAUGHT_BY.items(), ids=[f"{bug}-{law}" for bug, law in CAUGHT_BY.items()])
def test_a_law_catches_the_bug(mutant: str, name: str) -> None:
    (law,) = (law for law in laws() if law.name == name)
    with pytest.raises(BaseException):  # noqa: B017, PT011 — however it shows
        law.check(Subject(FACTORIES[mutant], DEPTH), EXAMPLES)
