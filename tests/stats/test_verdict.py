"""The decision rule: what promotes, what rolls back, what waits, and why."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.stats.interval import Interval
from lab.stats.verdict import Guardrail, Objective, Reward, Rule, Split, judged, sentence, violated

STRONG, WEAK = math.log(1_000), math.log(2)
WELL = Split(0.0, 1_000)


def reward(log_e: float | None = STRONG, interval: Interval | None = None, n: int = 500) -> Reward:
    return Reward("conversion", 0.021, log_e, interval, n=n)


def errors_low(log_e: float | None = STRONG) -> Objective:
    return Objective("error rate", 0.4, 1.0, log_e, "%", 512)


def errors_high(log_e: float | None = 0.0, log_e_max: float | None = None) -> Guardrail:
    return Guardrail("error rate", 4.1, 1.0, log_e, log_e if log_e_max is None else log_e_max, "%", 512)


def test_a_better_and_safe_candidate_is_promoted() -> None:
    verdict = judged(reward(), [errors_low()], [errors_high()], WELL)

    assert verdict.kind == "promote"
    assert [one.name for one in verdict.reasons] == ["conversion", "error rate"]
    assert verdict.would_change == ()


def test_a_violated_guardrail_rolls_back_even_a_winner() -> None:
    verdict = judged(reward(), [errors_low()], [errors_high(STRONG)], WELL, time_is_up=True)

    assert verdict.kind == "roll back"
    assert sentence(verdict.reasons[0]) == "error rate 4.1 % (n = 512) violates the limit 1 % (e = 1e+03, needed 20)."


def test_a_guardrail_once_violated_stays_so() -> None:
    assert judged(reward(), [], [errors_high(-5.0, STRONG)], WELL).kind == "roll back"


def test_more_guardrails_need_more_evidence_alone() -> None:
    almost = math.log(30)

    assert violated([errors_high(almost)], 0.05)
    assert not violated([errors_high(almost), errors_high(-9.0)], 0.05)


def test_guardrails_that_each_hint_violate_together() -> None:
    verdict = judged(reward(WEAK), [], [errors_high(math.log(25)), errors_high(math.log(25)), errors_high(math.log(25))], WELL)

    assert verdict.kind == "roll back"
    assert [one.what for one in verdict.reasons] == ["jointly violated", "suspected", "suspected", "suspected"]


def test_what_is_not_shown_yet_continues_and_says_what_is_missing() -> None:
    verdict = judged(reward(), [errors_low(WEAK)], [], WELL)

    assert verdict.kind == "continue"
    assert [(one.name, one.log_e, one.needed) for one in verdict.would_change] == [("error rate", WEAK, pytest.approx(math.log(20)))]
    assert sentence(verdict.reasons[0]) == "error rate 0.4 % (n = 512) is not shown against 1 % (e = 2, needed 20)."


@pytest.mark.parametrize("gone", [None, math.nan])
def test_missing_evidence_holds(gone: float | None) -> None:
    for verdict in (
        judged(reward(gone), [errors_low()], [errors_high()], WELL),
        judged(reward(), [errors_low(gone)], [errors_high()], WELL),
        judged(reward(), [errors_low()], [errors_high(gone)], WELL),
        judged(reward(), [errors_low()], [errors_high()], Split(gone)),
        judged(None, [], [], WELL),
    ):
        assert verdict.kind == "hold"
        assert verdict.reasons[0].what == "missing"


def test_a_wrong_split_blocks_promotion_and_a_doubtful_one_is_mentioned() -> None:
    wrong = judged(reward(), [], [], Split(math.log(2_000)))
    doubtful = judged(reward(), [], [], Split(math.log(50)))

    assert (wrong.kind, wrong.reasons[0].what) == ("hold", "split off")
    assert (doubtful.kind, doubtful.notes[0].what) == ("promote", "split in doubt")


def test_too_few_units_hold_with_the_number_that_is_missing() -> None:
    verdict = judged(reward(n=143), [], [], WELL, Rule(units_min=400))

    assert verdict.kind == "hold"
    assert sentence(verdict.reasons[0]) == "conversion: 143 of 400 units in the smaller arm."


def test_several_candidates_share_alpha() -> None:
    just = math.log(21)

    assert judged(reward(just), [], [], WELL).kind == "promote"
    assert judged(reward(just), [], [], WELL, Rule(candidates=4)).kind == "continue"


def test_time_that_is_up_is_inconclusive_unless_all_is_shown() -> None:
    assert judged(reward(WEAK), [], [], WELL, time_is_up=True).kind == "inconclusive"
    assert judged(reward(None), [], [], WELL, time_is_up=True).kind == "inconclusive"
    assert judged(reward(), [], [], WELL, time_is_up=True).kind == "promote"


def test_nothing_worth_having_left_is_inconclusive_before_the_time_is_up() -> None:
    verdict = judged(reward(WEAK, Interval(-0.05, 0.004, 0.05)), [], [], WELL, Rule(smallest=0.01))

    assert (verdict.kind, verdict.reasons[0].what) == ("inconclusive", "futile")
    assert sentence(verdict.reasons[0]) == "conversion differs by at most 0.004, 0.01 is needed."


def test_without_a_reward_the_objectives_decide() -> None:
    assert judged(None, [errors_low()], [], WELL).kind == "promote"


def test_every_reason_has_its_sentence() -> None:
    verdicts = [
        judged(reward(), [errors_low()], [], WELL),
        judged(reward(None), [], [errors_high(None)], Split(math.inf), time_is_up=True),
        judged(reward(WEAK), [], [errors_high(math.log(25))] * 3, Split(5.0)),
        judged(reward(-math.inf), [errors_low(1e9)], [], WELL, time_is_up=True),
    ]

    for verdict in verdicts:
        for reason in (*verdict.reasons, *verdict.would_change, *verdict.notes):
            assert sentence(reason).endswith(".")
            assert "None" not in sentence(reason)


EVIDENCE = st.one_of(st.none(), st.just(math.nan), st.floats(-50, 50))


@settings(max_examples=60)
@given(EVIDENCE, st.lists(EVIDENCE, max_size=3), st.lists(EVIDENCE, max_size=3), EVIDENCE, st.booleans())
def test_without_evidence_nothing_moves(
    better: float | None, kept: list[float | None], harms: list[float | None], split: float | None, time_is_up: bool
) -> None:
    objectives, guardrails = [errors_low(one) for one in kept], [errors_high(one) for one in harms]
    verdict = judged(reward(better), objectives, guardrails, Split(split), time_is_up=time_is_up)
    unseen = [one for one in (better, *kept, *harms, split) if one is None or math.isnan(one)]

    assert not (unseen and verdict.kind == "promote")
    assert not (verdict.kind == "roll back" and all(one is None or math.isnan(one) or one < math.log(20) for one in harms))
    assert verdict.reasons
