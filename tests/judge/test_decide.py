"""What is promoted, what is rolled back, and what waits."""

import pytest

from lab.decide import decide
from lab.judge.block import Arm, Block, Look
from lab.judge.evidence import Evidence
from lab.spec.experiment import Objective, Reward, Version
from lab.stats.counts import Counts
from tests.judge.worlds import (
    BASELINE,
    CANDIDATE,
    FAST,
    FEW_ERRORS,
    NOT_MORE_ERRORS,
    NOT_SLOWER,
    Run,
    arm,
    experiment,
    metric,
    strength,
    truths,
)

GUARDED = strength(guards=(NOT_MORE_ERRORS, NOT_SLOWER))
BETTER = {"converted": 0.15}


def whats(run: Run, candidate: int = 0) -> list[str]:
    return [reason.what for reason in run.last.judgements[candidate].verdict.reasons]


def test_a_better_candidate_is_promoted_and_gets_everybody() -> None:
    run = Run(experiment(objectives=(FEW_ERRORS, FAST), strength=GUARDED))

    last = run.until_the_end(custom={}, vgg16=BETTER)

    assert (last.kind, last.ends, last.winner, last.recommended) == ("promote", True, CANDIDATE, "v2")
    assert last.weights == {BASELINE: 0.0, CANDIDATE: 100.0}
    assert last.why.startswith("Promote vgg16 to 100 %: conversion is higher by 5 points on vgg16 (e = ")


def test_an_identical_candidate_is_never_promoted_and_the_baseline_stays() -> None:
    run = Run(experiment(strength=GUARDED))

    last = run.until_the_end(custom={}, vgg16={})

    assert len(run.decisions) == 100
    assert (last.kind, last.winner, last.weights) == ("inconclusive", BASELINE, {BASELINE: 100.0, CANDIDATE: 0.0})
    assert {one.kind for one in run.decisions[:-1]} == {"continue"}


def test_a_candidate_with_a_worse_reward_is_rolled_back() -> None:
    run = Run(experiment(strength=GUARDED))

    last = run.until_the_end(custom={}, vgg16={"converted": 0.05})

    assert (last.kind, last.winner, last.weights) == ("roll back", BASELINE, {BASELINE: 100.0, CANDIDATE: 0.0})
    assert "conversion is lower by 5 points on vgg16 (n = " in last.why


def test_errors_beyond_the_limit_roll_back_within_two_looks_of_a_hundred_visitors() -> None:
    run = Run(experiment(reward=Reward(metric("conversion"))))

    run.look(custom=arm(900), vgg16=arm(100, errors=0.2))

    assert run.last.kind == "roll back"
    assert run.last.why == "Roll back to 0 %: error-rate 20 % > 1 % on vgg16 (n = 100, lower bound 9.28 %)."


def test_an_objective_that_does_not_roll_back_only_keeps_from_being_promoted() -> None:
    lenient = Objective(metric("error-rate"), upper=0.01, rolls_back=False)
    run = Run(experiment(objectives=(lenient,), iterations=20))

    last = run.until_the_end(custom={}, vgg16={**BETTER, "errors": 0.05})

    assert (last.kind, len(run.decisions)) == ("inconclusive", 20)


def test_a_slower_candidate_is_rolled_back_by_the_limit_or_by_the_margin() -> None:
    by_limit, by_margin = Run(experiment(objectives=(FAST,))), Run(experiment(objectives=(), strength=GUARDED))

    by_limit.until_the_end(custom={}, vgg16={"slow": 0.2})
    by_margin.until_the_end(custom={}, vgg16={"slow": 0.2})

    assert by_limit.last.kind == by_margin.last.kind == "roll back"
    assert "latency-95th-percentile 799.8 ms > 500 ms on vgg16" in by_limit.last.why
    assert "1.3 times the baseline's, on vgg16" in by_margin.last.why


def test_a_margin_allows_what_is_within_it_and_no_more() -> None:
    within, beyond = Run(experiment(objectives=(), strength=GUARDED, iterations=60)), Run(experiment(objectives=(), strength=GUARDED))

    within.until_the_end(custom={"errors": 0.05}, vgg16={"errors": 0.06})
    beyond.until_the_end(custom={"errors": 0.05}, vgg16={"errors": 0.10})

    assert within.last.kind == "inconclusive"
    assert beyond.last.kind == "roll back"
    assert "1.5 times the baseline's odds" in beyond.last.why


def test_a_reward_with_a_margin_needs_only_to_be_not_worse() -> None:
    about_equal = Reward(metric("conversion"), margin=0.03)

    equal = Run(experiment(reward=about_equal)).until_the_end(custom={}, vgg16={})
    worse = Run(experiment(reward=about_equal)).until_the_end(custom={}, vgg16={"converted": 0.04})
    halfway = Run(experiment(reward=about_equal, iterations=20)).until_the_end(custom={}, vgg16={"converted": 0.07})

    assert (equal.kind, worse.kind, halfway.kind) == ("promote", "roll back", "inconclusive")
    assert "within 3 points of the baseline" in equal.why


def test_where_low_is_better_a_faster_candidate_is_promoted() -> None:
    faster = Reward(metric("latency-95th-percentile"), "Low")
    quicker_on_average = Reward(metric("mean-latency"), "Low")
    fewer_errors = Reward(metric("error-rate"), "Low")

    runs = [Run(experiment(reward=reward, objectives=())) for reward in (faster, quicker_on_average, fewer_errors)]
    for run in runs:
        run.until_the_end(custom={"slow": 0.3, "errors": 0.1}, vgg16={"slow": 0.02, "errors": 0.02})

    assert [run.last.kind for run in runs] == ["promote"] * 3
    assert [run.last.judgements[0].difference < 0 for run in runs] == [True] * 3
    assert "latency-95th-percentile is lower by" in runs[0].last.why


def test_where_low_is_better_a_slower_candidate_is_rolled_back() -> None:
    run = Run(experiment(reward=Reward(metric("latency-95th-percentile"), "Low", margin=100.0), objectives=()))

    last = run.until_the_end(custom={}, vgg16={"slow": 0.3})

    assert last.kind == "roll back"
    assert "latency-95th-percentile is higher by" in last.why


def test_a_percentile_may_be_slower_by_the_margin() -> None:
    reward = Reward(metric("latency-95th-percentile"), "Low", margin=1000.0)
    run = Run(experiment(reward=reward, objectives=()))

    last = run.until_the_end(custom={"slow": 0.1}, vgg16={"slow": 0.1})

    assert last.kind == "promote"


def test_a_mean_reward_is_compared_by_its_sums() -> None:
    run = Run(experiment(reward=Reward(metric("mean-reward"))))

    last = run.until_the_end(custom={}, vgg16=BETTER)

    assert (last.kind, last.judgements[0].difference) == ("promote", pytest.approx(0.05))


@pytest.mark.parametrize("unit", ["visitor", "request"])
def test_accuracy_is_compared_per_visitor_or_per_prediction(unit: str) -> None:
    right, wrong = (
        Run(experiment(reward=Reward(metric("accuracy")), strength=strength(unit=unit))),
        Run(experiment(reward=Reward(metric("accuracy")), strength=strength(unit=unit))),
    )

    for _ in range(30):
        right.evenly(custom=arm(500, **truths(500, 0.8, 2)), vgg16=arm(500, **truths(500, 0.9, 2)))
        wrong.evenly(custom=arm(500, **truths(500, 0.8, 2)), vgg16=arm(500, **truths(500, 0.6, 2)))

    assert (right.last.kind, wrong.last.kind) == ("promote", "roll back")


def test_a_few_right_answers_do_not_show_that_accuracy_is_within_a_small_margin() -> None:
    run = Run(experiment(reward=Reward(metric("accuracy"), margin=0.01), objectives=()))
    for _ in range(6):
        run.evenly(custom=arm(20, **truths(20, 1.0)), vgg16=arm(20, **truths(20, 1.0)))
    few = run.last.kind

    for _ in range(20):
        run.evenly(custom=arm(100, **truths(100, 1.0)), vgg16=arm(100, **truths(100, 1.0)))

    assert (few, run.last.kind) == ("continue", "promote")


def test_missing_evidence_neither_promotes_nor_rolls_back() -> None:
    unrewarded = arm(500)._replace(converted=Counts(0, 0), covered=Counts(0, 0))
    run = Run(experiment(iterations=30))

    for _ in range(30):
        run.evenly(custom=unrewarded, vgg16=unrewarded)

    assert {one.kind for one in run.decisions[:-1]} == {"hold"}
    assert run.decisions[0].why == "Hold at 10 %: no evidence of conversion on vgg16 yet."
    assert run.last.kind == "inconclusive"


def test_an_objective_without_evidence_holds_a_better_candidate() -> None:
    run = Run(experiment(objectives=(Objective(metric("outlier-rate"), upper=0.1),), iterations=10))

    last = run.until_the_end(custom={}, vgg16=BETTER)

    assert "hold" in {one.kind for one in run.decisions}
    assert (last.kind, last.weights[CANDIDATE]) == ("inconclusive", 0.0)


def test_too_few_units_hold() -> None:
    run = Run(experiment(strength=strength(units_min=400), reward=None, pattern="Canary"))

    run.look(custom=arm(1287), vgg16=arm(143, errors=0.0))

    assert run.last.why == "Hold at 10 %: 143 of 400 predictions on vgg16."
    assert run.last.weights[CANDIDATE] == 10.0


def test_a_canary_is_promoted_by_its_objectives_alone() -> None:
    run = Run(experiment(pattern="Canary", reward=None, objectives=(FEW_ERRORS, FAST)))

    last = run.until_the_end(custom={}, vgg16={"converted": 0.0})

    assert (last.kind, last.winner) == ("promote", CANDIDATE)


def test_a_canary_without_any_claim_holds() -> None:
    run = Run(experiment(pattern="Canary", reward=None, objectives=(), strength=GUARDED))

    run.look(custom=arm(900), vgg16=arm(100))

    assert run.last.kind == "hold"


def test_what_is_no_larger_than_the_smallest_difference_worth_having_ends_early() -> None:
    run = Run(experiment(objectives=(), strength=strength(smallest=0.05)))

    last = run.until_the_end(custom={}, vgg16={})

    assert (last.kind, last.ends) == ("inconclusive", True)
    assert len(run.decisions) < 40
    assert "5 points is the least wanted" in last.why


@pytest.mark.parametrize("kind", [{}, BETTER, {"errors": 0.05}, {"converted": 0.05}])
def test_a_decision_that_nobody_reads_is_the_same(kind: dict[str, float]) -> None:
    read, unread = Run(experiment(strength=GUARDED, iterations=30)), Run(experiment(strength=GUARDED, iterations=30))

    for run, is_shown in ((read, True), (unread, False)):
        for _ in range(30):
            run.evenly(is_shown, custom=arm(500), vgg16=arm(500, **kind))

    assert [(one.kind, one.weights, one.why, one.standing) for one in read.decisions] == [
        (one.kind, one.weights, one.why, one.standing) for one in unread.decisions
    ]


def test_the_judgement_shows_difference_interval_and_time_left() -> None:
    run = Run(experiment())

    run.evenly(custom=arm(500), vgg16=arm(500, converted=0.12))
    run.evenly(custom=arm(500), vgg16=arm(500, converted=0.12))

    one = run.last.judgements[0]
    assert one.difference == pytest.approx(0.02)
    assert one.interval is not None
    assert one.interval.low < 0 < one.difference < one.interval.high
    assert one.remaining is not None
    assert one.remaining > 0
    assert set(one.log_e) == {"conversion better", "conversion worse", "error-rate kept", "error-rate violated"}


def test_the_interval_leaves_zero_out_when_the_claim_is_shown() -> None:
    run = Run(experiment())

    run.until_the_end(custom={}, vgg16=BETTER)

    assert run.last.judgements[0].interval is not None
    assert run.last.judgements[0].interval.low > 0


def test_measured_values_are_in_the_units_of_the_file_and_unavailable_ones_are_none() -> None:
    run = Run(experiment(objectives=(FAST,), indicators=(metric("request-count"), metric("outlier-rate"))))

    run.look(custom=arm(900, slow=0.1), vgg16=arm(100))

    shown = {(one.metric.name, one.variant): one for one in run.last.measured}
    assert shown["request-count", BASELINE].value == 900
    assert shown["outlier-rate", BASELINE].value is None
    assert shown["latency-95th-percentile", BASELINE].value == pytest.approx(800, rel=0.01)
    assert shown["conversion", CANDIDATE].value == pytest.approx(0.1)
    assert shown["conversion", CANDIDATE].low < 0.1 < shown["conversion", CANDIDATE].high
    assert run.last.satisfied == {BASELINE: (False,), CANDIDATE: (True,)}


def test_a_mean_latency_is_the_exact_one_where_the_sum_is_known() -> None:
    run = Run(experiment(objectives=(Objective(metric("mean-latency"), upper=2000.0),)))

    run.look(custom=arm(500, slow=0.0), vgg16=arm(500, slow=0.0, latency_total_s=60.0))

    assert [one.value for one in run.last.measured if one.metric.name == "mean-latency"] == [pytest.approx(100), pytest.approx(120)]


def test_the_fold_does_not_care_in_which_order_the_arms_come() -> None:
    one, arms = experiment(strength=GUARDED), {BASELINE: arm(900), CANDIDATE: arm(100, converted=0.2)}
    there, back = dict(arms), dict(reversed(arms.items()))
    decisions = []
    for order in (there, back):
        run, evidence = Run(one), Evidence.start(one)
        evidence = evidence.seen(Look(20.0, 18.0, (Block(1, {BASELINE: 90.0, CANDIDATE: 10.0}, order),)))
        decisions.append(decide(one, evidence, run.standing, 20.0))

    assert decisions[0] == decisions[1]


def test_the_same_looks_make_the_same_decisions() -> None:
    first, second = Run(experiment(strength=GUARDED)), Run(experiment(strength=GUARDED))

    for run in (first, second):
        run.until_the_end(custom={}, vgg16=BETTER)

    assert first.decisions == second.decisions


def test_a_look_with_several_epochs_compares_each_within_itself() -> None:
    # The candidate is the same as the baseline in both epochs; pooled, it would look twice as good.
    one = experiment(objectives=())
    evidence = Evidence.start(one)
    for number in range(1, 30):
        night = Block(2 * number, {BASELINE: 90.0, CANDIDATE: 10.0}, {BASELINE: arm(900, 0.05), CANDIDATE: arm(100, 0.05)})
        day = Block(2 * number + 1, {BASELINE: 50.0, CANDIDATE: 50.0}, {BASELINE: arm(500, 0.2), CANDIDATE: arm(500, 0.2)})
        evidence = evidence.seen(Look(20.0 * number, 20.0 * number - 2, (night, day)))

    decision = decide(one, evidence, Run(one).standing, 600.0)

    assert decision.kind == "continue"
    assert decision.judgements[0].difference == pytest.approx(0.0, abs=1e-9)


def test_a_conformance_test_asks_the_baseline_alone() -> None:
    conformance = {"pattern": "Conformance", "candidates": (), "reward": None, "objectives": (FEW_ERRORS, FAST)}
    good, bad = Run(experiment(**conformance)), Run(experiment(**conformance))

    for _ in range(5):
        good.evenly(custom=arm(1000))
        bad.evenly(custom=arm(1000, errors=0.05))

    assert (good.last.kind, good.last.ends, good.last.winner) == ("promote", True, BASELINE)
    assert (bad.last.kind, bad.last.ends, bad.last.winner) == ("roll back", True, None)
    assert good.last.weights == bad.last.weights == {BASELINE: 100.0}
    assert bad.last.why.startswith("custom does not conform: error-rate 5 % > 1 % on custom")


def test_a_shadow_is_judged_by_its_copies_and_keeps_its_weights() -> None:
    agreeing = {"pattern": "Shadow", "reward": None, "objectives": (Objective(metric("agreement"), lower=0.9),)}
    weights = {BASELINE: 100.0, CANDIDATE: 0.0}
    same, other = Run(experiment(**agreeing), weights), Run(experiment(**agreeing), weights)

    same.look(custom=arm(1000), vgg16=Arm(pairs=Counts(1000, 980)))
    other.look(custom=arm(1000), vgg16=Arm(pairs=Counts(1000, 700)))

    assert (same.last.kind, same.last.ends, same.last.winner) == ("promote", True, CANDIDATE)
    assert (other.last.kind, other.last.winner) == ("roll back", BASELINE)
    assert same.last.weights == other.last.weights == weights
    assert "agreement 70 % < 90 % on vgg16" in other.last.why


def test_a_fixed_split_is_decided_and_not_changed() -> None:
    weights = {BASELINE: 60.0, CANDIDATE: 40.0}
    better, broken = (Run(experiment(deployment="FixedSplit"), weights) for _ in range(2))

    better.until_the_end(custom={}, vgg16=BETTER)
    broken.until_the_end(custom={}, vgg16={"errors": 0.2})

    assert (better.last.kind, better.last.ends, better.last.winner) == ("promote", True, CANDIDATE)
    assert (broken.last.kind, broken.last.winner) == ("roll back", BASELINE)
    assert {tuple(one.weights.items()) for one in (*better.decisions, *broken.decisions)} == {tuple(weights.items())}
    assert better.last.why.startswith("Promote vgg16, weights unchanged: ")


def test_of_several_candidates_the_harmful_goes_the_others_go_on_and_the_best_wins() -> None:
    run = Run(experiment("svc", "forest", "xgboost"))

    last = run.until_the_end(custom={}, svc={"converted": 0.14}, forest={"converted": 0.18}, xgboost={"errors": 0.2})

    assert run.decisions[0].weights["xgboost"] == 0.0
    assert run.decisions[0].why.startswith("Roll back xgboost to 0 %: error-rate 20 % > 1 % on xgboost")
    assert not run.decisions[0].ends
    assert (last.kind, last.winner) == ("promote", "forest")
    assert last.weights == {BASELINE: 0.0, "svc": 0.0, "forest": 100.0, "xgboost": 0.0}


def test_several_candidates_need_more_evidence_each() -> None:
    one, three = Run(experiment("svc")), Run(experiment("svc", "forest", "xgboost"))

    for run in (one, three):
        run.evenly(**{name: arm(200) for name in run.standing.weights})

    assert one.last.judgements[0].verdict.reasons[0].needed == pytest.approx(2.9957, abs=1e-4)
    assert three.last.judgements[0].verdict.reasons[0].needed == pytest.approx(4.0943, abs=1e-4)


def test_when_all_candidates_are_rolled_back_the_experiment_ends() -> None:
    run = Run(experiment("svc", "forest"))

    last = run.until_the_end(custom={}, svc={"errors": 0.2}, forest={"errors": 0.3})

    assert (last.kind, last.ends, last.winner) == ("roll back", True, BASELINE)
    assert last.weights == {BASELINE: 100.0, "svc": 0.0, "forest": 0.0}


def test_who_was_rolled_back_does_not_come_back() -> None:
    run = Run(experiment("svc", "forest"))
    run.look(custom=arm(800), svc=arm(100, errors=0.5), forest=arm(100))

    for _ in range(10):
        run.look(custom=arm(500), forest=arm(100))

    assert run.standing.retired == {"svc"}
    assert {one.weights["svc"] for one in run.decisions} == {0.0}


@pytest.mark.parametrize(("said", "kind"), [("hold", "inconclusive"), ("rollback", "roll back")])
def test_the_file_may_ask_for_a_rollback_where_nothing_was_ever_seen(said: str, kind: str) -> None:
    run = Run(experiment(iterations=3, strength=strength(on_no_data=said)))

    for _ in range(3):
        run.silence()

    assert [one.kind for one in run.decisions] == ["hold", "hold", kind]
    assert run.last.weights == {BASELINE: 100.0, CANDIDATE: 0.0}


def test_versions_have_names_of_their_own() -> None:
    run = Run(experiment(baseline=Version("iris-v1", BASELINE), candidates=(Version("iris-v2", CANDIDATE),)))

    run.look(custom=arm(900), vgg16=arm(100))

    assert run.last.recommended == "iris-v1"
    assert whats(run)[0] == "not shown"
