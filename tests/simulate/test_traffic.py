"""What is drawn is what the world says, cell by cell, whoever draws it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from lab.judge.block import Arm
from lab.judge.reading import plus
from lab.simulate.cells import Calendar
from lab.simulate.crowd import Crowd
from lab.simulate.facts import Play, play
from lab.simulate.sessions import Sessions
from lab.spec.experiment import Objective, Strength, Version
from lab.stats.counts import Counts
from tests.simulate.made import ERRORS, P95, experiment, world

WEIGHTS = {"custom": 70.0, "vgg16": 30.0}
TEXT = """
visitors_per_s: 200
reward: {base: 0.1, delay_s: {exponential: 5}}
truth: {share: 0.5}
variants:
  custom: {errors: 0.005, latency: {median_ms: 150, sigma: 0.6}, accuracy: 0.9}
  vgg16:
    odds_ratio: 2
    errors: 0.02
    rescued: 0.5
    outliers: 0.1
    latency: {median_ms: 300, sigma: 0.6}
    accuracy: 0.8
    agreement: 0.97
    feedback: 0.9
    sent_per_s: 3
"""


def seen(traffic: Crowd | Sessions, shared: Play, weights: Mapping[str, float] = WEIGHTS) -> Mapping[str, Arm]:
    """Everything that comes of a whole experiment."""
    drawn = [traffic.enter(scene, weights) for scene in shared.scenes]
    drawn += [traffic.mature(scene) for scene in shared.scenes]
    return together(drawn)


def together(drawn: Iterable[Mapping[str, Arm]]) -> Mapping[str, Arm]:
    sums: dict[str, Arm] = defaultdict(Arm)
    for arms in drawn:
        for name, arm in arms.items():
            sums[name] = plus(sums[name], arm)
    return sums


@pytest.mark.parametrize("traffic", [Crowd, Sessions])
def test_what_is_drawn_is_what_the_world_says(traffic: type[Crowd] | type[Sessions]) -> None:
    shared = play(experiment(), world(TEXT))

    arms = seen(traffic(shared, np.random.default_rng(3)), shared)

    custom, vgg16 = arms["custom"], arms["vgg16"]
    in_time = 1 - np.exp(-10 / 5)
    assert custom.visitors == custom.requests.n == pytest.approx(42_000, rel=0.02)
    assert vgg16.visitors == vgg16.converted.n == vgg16.covered.n == pytest.approx(18_000, rel=0.03)
    assert vgg16.requests.successes == pytest.approx(360, rel=0.2)
    assert vgg16.rescued == pytest.approx(180, rel=0.3)
    assert vgg16.outliers == Counts(vgg16.requests.n, pytest.approx(1800, rel=0.1))
    assert vgg16.latency.n == vgg16.requests.n
    assert vgg16.latency.quantile(0.5) == pytest.approx(0.3, rel=0.03)
    assert vgg16.latency_total_s / vgg16.requests.n == pytest.approx(0.3 * np.exp(0.18), rel=0.03)
    assert custom.converted.successes / custom.converted.n == pytest.approx(0.1 * in_time, rel=0.06)
    assert vgg16.converted.successes / vgg16.converted.n == pytest.approx(2 / 11 * 0.9 * in_time, rel=0.06)
    assert vgg16.judged.n == pytest.approx(9000, rel=0.05)
    assert vgg16.judged.successes / vgg16.judged.n == pytest.approx(0.8, abs=0.02)
    assert vgg16.truths.n == vgg16.judged.n
    assert vgg16.covered.successes / vgg16.covered.n == pytest.approx(1 - 0.5 * (1 - 0.9 * in_time), rel=0.03)
    assert vgg16.rewards.mean == pytest.approx(vgg16.converted.successes / vgg16.converted.n)
    assert vgg16.pairs.n == pytest.approx(custom.requests.n * 0.98, rel=0.01)
    assert vgg16.sent == pytest.approx(900, rel=0.15)


def test_visitors_who_come_again_keep_their_variant_and_are_one_unit() -> None:
    shared = play(experiment(), world("{visitors_per_s: 100, visits: {predictions: 3}, reward: {base: 0.1}}"))

    arms = seen(Sessions(shared, np.random.default_rng(4)), shared)

    assert arms["vgg16"].requests.n == 3 * arms["vgg16"].visitors
    assert arms["vgg16"].converted.n == arms["vgg16"].visitors
    assert arms["vgg16"].converted.successes / arms["vgg16"].visitors == pytest.approx(0.1, rel=0.1)


def test_where_predictions_are_units_each_may_be_rewarded() -> None:
    asked = experiment(strength=Strength(maturation_s=10, unit="request"))
    shared = play(asked, world("{visitors_per_s: 100, visits: {predictions: 3}, reward: {base: 0.1, per: prediction}}"))

    arms = seen(Sessions(shared, np.random.default_rng(4)), shared)

    assert arms["vgg16"].converted.n == arms["vgg16"].requests.n
    assert arms["vgg16"].rewards.mean == pytest.approx(0.1, rel=0.1)


def test_a_visitor_who_meets_another_variant_counts_for_the_first() -> None:
    text = "{visitors_per_s: 100, visits: {predictions: 2, gap_s: 15}, reward: {base: 1, kind: value, per: prediction}}"
    shared = play(experiment(strength=Strength(maturation_s=20)), world(text))
    traffic = Sessions(shared, np.random.default_rng(5))

    drawn = [traffic.enter(scene, {"custom": 100} if scene.cell.end <= 10 else {"vgg16": 100}) for scene in shared.scenes]
    arms = together(traffic.mature(scene) for scene in shared.scenes if scene.cell.end <= 280)

    assert "custom" not in drawn[-1]
    assert arms["custom"].rewards.mean == 2
    assert arms["vgg16"].rewards.mean == 2


def test_visitors_who_differ_have_on_average_what_the_world_says() -> None:
    text = """
visitors_per_s: 200
visits: {predictions: 2, gap_s: 1, reward_spread: 2, errors_spread: 2, latency_spread: 0.5}
reward: {base: 0.05, per: prediction}
variants: {custom: {errors: 0.01, latency: {median_ms: 100, sigma: 0.1}}}
"""
    shared = play(experiment(), world(text))

    custom = seen(Sessions(shared, np.random.default_rng(8)), shared)["custom"]

    assert custom.requests.successes / custom.requests.n == pytest.approx(0.01, rel=0.1)
    assert custom.rewards.mean == pytest.approx(0.1, rel=0.05)
    # More often twice than if visitors were alike.
    assert custom.rewards.squares / custom.rewards.n > 1.1 * 2 * 0.05 * 0.95
    assert custom.latency.quantile(0.8413) == pytest.approx(0.1 * np.exp(0.51), rel=0.03)


def test_a_share_of_visitors_that_never_arrives_is_missing_from_the_split() -> None:
    text = "{visitors_per_s: 1000, reward: {base: 0.1}, faults: [{kind: split, variant: vgg16, value: 0.2}]}"
    shared = play(experiment(), world(text))

    for traffic in (Crowd, Sessions):
        arms = seen(traffic(shared, np.random.default_rng(6)), shared)
        assert arms["vgg16"].visitors == pytest.approx(0.8 * 90_000, rel=0.02)
        assert arms["custom"].visitors == pytest.approx(210_000, rel=0.02)


def test_amounts_are_those_of_the_visitors_who_pay() -> None:
    text = "{visitors_per_s: 300, reward: {base: 0.05, kind: value, amount: {lognormal: {median: 10, sigma: 0.5}}}}"
    shared = play(experiment(), world(text))

    for traffic in (Crowd, Sessions):
        rewards = seen(traffic(shared, np.random.default_rng(7)), shared)["custom"].rewards
        mean, mean_of_squares = 0.05 * 10 * np.exp(0.125), 0.05 * 100 * np.exp(0.5)
        assert rewards.mean == pytest.approx(mean, rel=0.05)
        assert rewards.squares / rewards.n == pytest.approx(mean_of_squares - mean**2, rel=0.1)


def test_cells_end_where_weights_may_change_and_where_looks_and_maturity_do() -> None:
    cells = Calendar(interval_s=10, maturation_s=15, looks=4).cells([7.5])

    assert [cell.begin for cell in cells] == [0, 3, 7.5, 8, 10, 13, 18, 20, 23, 28, 30, 38]
    assert [cell.interval for cell in cells] == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]
    assert [cell.answered for cell in cells] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5]
    assert [cell.matured for cell in cells] == [2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 6, 6]


def test_a_fault_lasts_as_long_as_it_says() -> None:
    text = (
        "{visitors_per_s: 9, variants: {vgg16: {errors: 0.1}}, faults: [{kind: errors, variant: vgg16, at_s: 33, until_s: 60, value: 0.5}]}"
    )

    scenes = play(experiment(), world(text)).scenes

    errors = {scene.cell.begin: round(scene.facts["vgg16"].errors, 6) for scene in scenes}
    assert {begin for begin, rate in errors.items() if rate == 0.55} == {begin for begin in errors if 33 <= begin < 60}
    assert set(errors.values()) == {0.1, 0.55}


def test_harmed_is_who_meets_an_error_or_waits_too_long_beyond_what_the_baseline_would_have_done() -> None:
    asked = experiment(objectives=(Objective(ERRORS, upper=0.01), Objective(P95, upper=500)), candidates=(Version("v2", "vgg16"),))
    text = """
visitors_per_s: 9
visits: {predictions: 2}
variants:
  custom: {errors: 0.01, latency: {median_ms: 100, sigma: 0.1}}
  vgg16: {errors: 0.2, rescued: 0.5, latency: [{share: 0.9, median_ms: 100, sigma: 0.1}, {share: 0.1, median_ms: 900, sigma: 0.1}]}
"""

    facts = play(asked, world(text)).scenes[0].facts

    assert facts["custom"].harmed == 0
    assert facts["vgg16"].harmed == pytest.approx((1 - (0.9 * 0.9) ** 2) - (1 - 0.99**2))
