"""A simulated experiment runs as a real one would: the same judge, the same decisions, another clock."""

import numpy as np
import pytest

from lab.judge.block import Look
from lab.judge.decision import Decision
from lab.simulate.facts import play
from lab.simulate.many import Many, Task
from lab.simulate.run import START, Outcome, run
from lab.simulate.summary import summary
from lab.spec.experiment import Pause, SetWeight, Strength
from tests.simulate.made import experiment, world

QUIET = "{visitors_per_s: 100, reward: {base: 0.1}, variants: {custom: {errors: 0.002}, vgg16: {errors: 0.002}}}"
BROKEN = "{visitors_per_s: 100, reward: {base: 0.1}, variants: {custom: {errors: 0.002}, vgg16: {errors: 0.2}}}"


class Heard:
    """What a run's watcher was told."""

    def __init__(self) -> None:
        self.looks: list[Look] = []
        self.decisions: list[Decision] = []

    def __call__(self, look: Look, decision: Decision) -> None:
        """One look."""
        self.looks.append(look)
        self.decisions.append(decision)


def watched(text: str, seed: int = 1, **changes: object) -> tuple[Outcome, Heard]:
    heard = Heard()
    return run(play(experiment(**changes), world(text)), np.random.default_rng(seed), heard), heard


def test_looks_are_an_interval_apart_and_cover_what_was_answered_two_seconds_before() -> None:
    _, heard = watched(QUIET, iterations=4)

    assert [look.at - START for look in heard.looks] == [10, 20, 30, 40]
    assert [look.at - look.through for look in heard.looks] == [2, 2, 2, 2]


def test_a_look_after_a_change_of_weights_sees_the_end_of_the_epoch_before() -> None:
    _, heard = watched(QUIET, iterations=4)

    # Nothing grows before the first rewards are known, at the second look.
    second, third = heard.looks[1:3]
    assert [block.epoch for block in second.blocks] == [1]
    assert [block.weights["vgg16"] for block in third.blocks] == [10, 20]
    seen = [sum(arm.requests.n for arm in block.arms.values()) for block in third.blocks]
    assert seen == pytest.approx([200, 800], rel=0.25)


def test_rewards_count_in_the_epoch_in_which_their_visitors_came() -> None:
    _, heard = watched(QUIET, iterations=4, strength=Strength(maturation_s=10))

    matured, came = (
        [{block.epoch: sum(getter(arm) for arm in block.arms.values()) for block in look.blocks} for look in heard.looks]
        for getter in (lambda arm: arm.converted.n, lambda arm: arm.visitors)
    )
    assert matured[0] == {1: 0}
    assert matured[1] == came[0]
    assert matured[3] == came[2] | {3: 0}


def test_every_unit_matures_once() -> None:
    asked = {"iterations": 12, "strength": Strength(maturation_s=25)}
    outcome, heard = watched(QUIET, **asked)

    arms = [arm for look in heard.looks for block in look.blocks for arm in block.arms.values()]

    assert sum(arm.requests.n for arm in arms) == outcome.requests
    # Those who came in the last 27 seconds have not matured.
    assert sum(arm.converted.n for arm in arms) == pytest.approx(100 * (120 - 27), rel=0.05)
    assert outcome.visitors == pytest.approx(100 * 120, rel=0.05)


def test_a_broken_candidate_is_rolled_back_and_its_victims_are_counted() -> None:
    outcome, heard = watched(BROKEN)

    assert outcome.kind == "roll back"
    assert outcome.rolled_back == ("vgg16",)
    assert outcome.weights == {"custom": 100, "vgg16": 0}
    assert outcome.looks <= 3
    assert outcome.harmed == pytest.approx(outcome.exposed * (0.2 - 0.002))
    assert outcome.why == heard.decisions[-1].why


def test_without_traffic_nothing_is_decided_before_the_time_is_up() -> None:
    outcome, heard = watched("{visitors_per_s: 0, reward: {base: 0.1}}", iterations=5)

    assert [decision.kind for decision in heard.decisions[:-1]] == ["hold"] * 4
    assert {decision.weights["vgg16"] for decision in heard.decisions[:-1]} == {10}
    assert (outcome.kind, outcome.winner) == ("inconclusive", "custom")


def test_a_fixed_split_keeps_the_worlds_weights() -> None:
    text = "{visitors_per_s: 100, reward: {base: 0.1}, weights: {custom: 80, vgg16: 20}}"

    _, heard = watched(text, deployment="FixedSplit", iterations=3)

    assert [block.weights for look in heard.looks for block in look.blocks] == [{"custom": 80, "vgg16": 20}] * 3


def test_a_gate_opens_when_the_world_says_so() -> None:
    text = QUIET.replace("{visitors_per_s", "{gate_opens_after_s: 35, visitors_per_s", 1)

    _, heard = watched(text, iterations=8, steps=(SetWeight(5), Pause(), SetWeight(50)))

    weights = [decision.weights["vgg16"] for decision in heard.decisions[:-1]]
    assert weights[:4] == [5, 5, 5, 5]
    assert 50 in weights


def test_a_run_depends_on_its_seed_alone() -> None:
    task = Task(experiment(iterations=6), world(QUIET), 10, 7)
    one, several, other = Many(task, 1), Many(task, 2), Many(task._replace(seed=8), 1)

    for many in (one, several, other):
        many.work()

    assert one.outcomes == several.outcomes
    assert one.outcomes != other.outcomes


def test_an_interrupted_simulation_has_the_first_runs_without_a_gap() -> None:
    def interrupt(done: int) -> None:
        if done >= 8:
            raise KeyboardInterrupt

    whole, cut = (Many(Task(experiment(iterations=3), world(QUIET), 16, 7), 1) for _ in range(2))
    whole.work()

    with pytest.raises(KeyboardInterrupt):
        cut.work(interrupt)

    assert cut.outcomes == whole.outcomes[:8]


def test_a_summary_has_every_verdict_with_its_standard_error() -> None:
    quiet = run(play(experiment(iterations=2), world(QUIET)), np.random.default_rng(1))
    outcomes = [quiet, quiet, quiet, quiet._replace(kind="promote", winner="vgg16", requests=10)]

    found = summary([replaced._replace(harmed=3.0) for replaced in outcomes], ["vgg16"])

    assert [(one.verdict, one.share.runs, one.share.share) for one in found.endings] == [
        ("inconclusive", 3, 0.75),
        ("promote vgg16", 1, 0.25),
    ]
    assert found.promoted["vgg16"].error == pytest.approx((0.25 * 0.75 / 4) ** 0.5)
    assert found.everything.harmed.mean == 3
    assert found.endings[1].requests.quantiles == (10,) * 5


def test_a_verdict_that_never_came_has_an_error_of_its_own() -> None:
    quiet = run(play(experiment(iterations=2), world(QUIET)), np.random.default_rng(1))

    found = summary([quiet] * 100, ["vgg16"])

    assert found.promoted["vgg16"].share == 0
    assert found.promoted["vgg16"].error == pytest.approx(0.007, abs=0.0005)
