"""Evidence that cannot be trusted promotes nobody."""

import pytest

from lab.judge.block import Arm
from lab.spec.experiment import Reward
from lab.stats.counts import Counts
from tests.judge.worlds import BASELINE, CANDIDATE, Run, arm, experiment, metric, truths

EVEN = {BASELINE: 50.0, CANDIDATE: 50.0}


def with_feedback(n: int, converted: float, covered: float) -> Arm:
    return arm(n, converted, covered=Counts(n, round(n * covered)))


def test_a_split_that_is_off_blocks_a_better_candidate() -> None:
    run = Run(experiment(iterations=30))

    for _ in range(30):
        run.look(planned=EVEN, custom=arm(600), vgg16=arm(400, converted=0.15))

    assert run.last.kind == "inconclusive"
    assert "promote" not in {one.kind for one in run.decisions}
    assert [one.what for one in run.last.trust] == ["split off"]
    assert "the traffic is not split as planned (e = " in run.last.why


def test_a_split_in_doubt_keeps_the_candidate_from_growing_until_the_doubt_is_over() -> None:
    run = Run(experiment())

    run.look(custom=arm(860), vgg16=arm(140, converted=0.1))
    doubtful = run.last
    run.look(custom=arm(2740), vgg16=arm(260, converted=0.1))
    over = run.last

    assert ([one.what for one in doubtful.trust], doubtful.weights[CANDIDATE]) == (["split in doubt"], 10.0)
    assert "the traffic may not be split as planned" in doubtful.why
    assert (over.trust, over.weights[CANDIDATE]) == ((), 20.0)


def test_harm_rolls_back_even_if_the_split_is_off() -> None:
    run = Run(experiment())

    run.look(planned=EVEN, custom=arm(900), vgg16=arm(300, errors=0.2))

    assert run.last.kind == "roll back"


@pytest.mark.parametrize("arrived", [{"leaked": 1}, {"requests": Counts(1, 0)}, {"visitors": 1}])
def test_a_prediction_at_a_weight_of_zero_blocks_promotion_for_good(arrived: dict[str, object]) -> None:
    run = Run(experiment(iterations=20))
    run.look(planned={BASELINE: 100.0, CANDIDATE: 0.0}, custom=arm(500), vgg16=Arm(**arrived))  # type: ignore[arg-type]

    for _ in range(19):
        run.evenly(custom=arm(500), vgg16=arm(500, converted=0.2))

    assert "promote" not in {one.kind for one in run.decisions}
    assert "vgg16 got 1 predictions or visitors at a weight of 0 %" in run.last.why


def test_copies_of_a_shadow_are_no_leak() -> None:
    weights = {BASELINE: 100.0, CANDIDATE: 0.0}
    run = Run(experiment(pattern="Shadow", reward=None), weights)

    run.look(custom=arm(1000), vgg16=arm(1000, visitors=0))

    assert run.last.trust == ()


def test_feedback_that_comes_from_one_variant_more_often_blocks_promotion() -> None:
    run = Run(experiment(objectives=(), iterations=20))

    for _ in range(20):
        run.evenly(custom=with_feedback(500, 0.10, 0.5), vgg16=with_feedback(500, 0.16, 0.8))

    assert "promote" not in {one.kind for one in run.decisions}
    assert "uneven coverage" in [one.what for one in run.last.trust]
    assert "feedback does not come from both variants alike" in run.last.why


def test_feedback_that_is_the_success_itself_does_not() -> None:
    run = Run(experiment(objectives=(), iterations=20))

    for _ in range(20):
        run.evenly(custom=with_feedback(500, 0.10, 0.10), vgg16=with_feedback(500, 0.16, 0.16))

    assert run.last.kind == "promote"


def test_nor_does_feedback_that_reports_the_same_share_of_unlike_outcomes() -> None:
    # Half of the outcomes are reported: of 20 % and 40 % successes 10 and 20 are seen, in both variants half of all units.
    run = Run(experiment(objectives=(), iterations=20))

    for _ in range(20):
        run.evenly(custom=with_feedback(500, 0.10, 0.5), vgg16=with_feedback(500, 0.20, 0.5))

    assert run.last.kind == "promote"
    assert run.last.trust == ()


def test_nor_do_visitors_who_answer_more_often_because_they_are_content() -> None:
    run = Run(experiment(objectives=(), iterations=20))

    for _ in range(20):
        run.evenly(custom=with_feedback(500, 0.10, 0.14), vgg16=with_feedback(500, 0.20, 0.22))

    assert run.last.kind == "promote"


def test_truths_must_come_from_both_alike() -> None:
    uneven = Run(experiment(reward=Reward(metric("accuracy")), objectives=(), iterations=20))

    for _ in range(20):
        half = {**truths(250, 0.8), "covered": Counts(500, 250)}
        uneven.evenly(custom=arm(500, **half), vgg16=arm(500, **truths(500, 0.9)))

    assert "promote" not in {one.kind for one in uneven.decisions}


def test_a_look_without_data_changes_nothing() -> None:
    run = Run(experiment())
    run.look(custom=arm(900), vgg16=arm(100))
    before = run.standing

    for _ in range(10):
        run.silence()

    assert {one.kind for one in run.decisions[1:]} == {"hold"}
    assert run.last.why == "Hold at 20 %: No data since the last look."
    assert [one.what for one in run.last.trust] == ["no data"]
    assert run.standing == before._replace(iteration=12)


def test_a_candidate_that_gets_nothing_does_not_grow() -> None:
    run = Run(experiment())
    run.look(custom=arm(900), vgg16=arm(100))

    run.look(custom=arm(100))

    assert run.last.weights == run.decisions[0].weights
