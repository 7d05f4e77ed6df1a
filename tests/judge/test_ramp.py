"""What a candidate gets while nothing is decided yet."""

import pytest

from lab.decide import initial
from lab.spec.experiment import Pause, SetWeight
from tests.judge.worlds import BASELINE, CANDIDATE, START, Run, arm, experiment, strength

GATE = (SetWeight(10), Pause(), SetWeight(40))


def path(run: Run, looks: int, **shares: dict[str, float]) -> list[float]:
    for _ in range(looks):
        weights = run.standing.weights
        run.look(**{name: arm(round(10 * weights[name]), **shares.get(name, {})) for name in weights if weights[name]})
    return [one.weights[CANDIDATE] for one in run.decisions]


def test_a_progressive_candidate_begins_with_one_increment() -> None:
    assert initial(experiment(increment_max=5)).weights == {BASELINE: 95.0, CANDIDATE: 5.0}
    assert initial(experiment(increment_max=25, candidate_weight_max=20)).weights == {BASELINE: 80.0, CANDIDATE: 20.0}


def test_others_begin_with_what_the_route_has() -> None:
    assert initial(experiment(deployment="FixedSplit")).weights == {}
    assert initial(experiment(pattern="Shadow", reward=None)).weights == {}
    assert initial(experiment(pattern="Conformance", candidates=(), reward=None)).weights == {}


def test_an_undecided_candidate_grows_by_increments_up_to_an_equal_share() -> None:
    assert path(Run(experiment()), 6) == [20, 30, 40, 50, 50, 50]


def test_it_never_grows_beyond_its_cap() -> None:
    assert path(Run(experiment(candidate_weight_max=33.335, increment_max=20)), 3) == [33.33, 33.33, 33.33]


def test_a_suspected_harm_keeps_it_where_it_is() -> None:
    # 5 of 100 errors against 1 %: not enough to roll back, enough not to send more visitors there.
    run = Run(experiment())

    run.look(custom=arm(900), vgg16=arm(100, errors=0.05))

    assert (run.last.kind, run.last.weights[CANDIDATE]) == ("continue", 10.0)


def test_three_candidates_stay_in_their_lanes_and_at_an_equal_share() -> None:
    run = Run(experiment("svc", "forest", "xgboost", increment_max=20))
    first = run.standing.weights

    run.until_the_end(looks=3, custom={}, svc={}, forest={}, xgboost={})

    assert first == {BASELINE: 40.0, "svc": 20.0, "forest": 20.0, "xgboost": 20.0}
    assert run.last.weights == {BASELINE: 25.0, "svc": 25.0, "forest": 25.0, "xgboost": 25.0}


def test_weights_are_what_the_gateway_can_split_and_sum_to_a_hundred() -> None:
    run = Run(experiment("svc", "forest", increment_max=100 / 3))

    run.until_the_end(looks=2, custom={}, svc={}, forest={})

    assert run.last.weights == {BASELINE: 33.34, "svc": 33.33, "forest": 33.33}


def test_steps_follow_one_another_look_by_look() -> None:
    run = Run(experiment(steps=(SetWeight(5), SetWeight(20), SetWeight(60))))

    assert run.standing.weights[CANDIDATE] == 5
    assert path(run, 4) == [20, 60, 60, 60]


def test_a_gate_waits_until_somebody_resumes() -> None:
    run = Run(experiment(steps=GATE))

    assert path(run, 3) == [10, 10, 10]
    assert run.last.why.startswith("Continue at 10 %: it waits for somebody to resume; ")
    run.standing = run.standing._replace(is_gate_open=True)
    assert path(run, 2)[-2:] == [40, 40]
    assert not run.standing.is_gate_open


def test_a_gate_holds_what_would_be_promoted_and_lets_the_steps_go_on_to_it() -> None:
    run = Run(experiment(steps=(SetWeight(50), SetWeight(50), SetWeight(50), Pause()), objectives=()))

    path(run, 12, vgg16={"converted": 0.2})

    assert run.last.kind == "hold"
    assert run.last.why == "Hold at 50 %: it waits for somebody to resume."
    run.standing = run.standing._replace(is_gate_open=True)
    path(run, 1, vgg16={"converted": 0.2})
    assert run.last.kind == "promote"


def test_harm_rolls_back_at_a_gate_too() -> None:
    run = Run(experiment(steps=GATE))

    path(run, 4, vgg16={"errors": 0.2})

    assert run.last.kind == "roll back"


def test_a_gate_that_nobody_opens_ends_without_a_decision() -> None:
    run = Run(experiment(steps=(SetWeight(50), Pause()), objectives=(), iterations=12))

    path(run, 12, vgg16={"converted": 0.2})

    assert (run.last.kind, run.last.winner) == ("inconclusive", BASELINE)
    assert "it waits for somebody to resume" in run.last.why


def test_a_pause_ends_with_its_time() -> None:
    run = Run(experiment(steps=(SetWeight(10), Pause(50), SetWeight(40))))

    weights = path(run, 5)

    # The pause begins with the first look, at 20 s; 50 s later is between the third and the fourth.
    assert weights == [10, 10, 10, 40, 40]
    assert run.standing.step_began == START + 100


@pytest.mark.parametrize("first", [Pause(30), Pause()])
def test_a_candidate_may_begin_after_a_pause(first: Pause) -> None:
    run = Run(experiment(steps=(first, SetWeight(10))))
    assert run.standing.weights == {BASELINE: 100.0, CANDIDATE: 0.0}

    path(run, 1)
    run.standing = run.standing._replace(is_gate_open=True)
    path(run, 1)

    assert [one.weights[CANDIDATE] for one in run.decisions] == [0, 10]


def test_a_hold_does_not_grow() -> None:
    run = Run(experiment(strength=strength(units_min=350)))

    assert path(run, 5) == [10, 10, 10, 20, 30]


def test_the_standing_says_where_the_next_look_begins() -> None:
    run = Run(experiment())

    path(run, 2)

    assert run.standing.iteration == 3
    assert run.standing.weights == run.last.weights
