"""What a world's file may say, and what it is told when it says something else."""

import math

import numpy as np
import pytest

from lab.errors import Refused
from lab.simulate import fits
from lab.simulate.course import Course, course
from lab.simulate.read import read
from lab.simulate.seconds import latencies
from lab.simulate.spread import spread, times
from lab.spec.experiment import Objective, Reward, Strength
from tests.simulate.made import ACCURACY, ERRORS, P95, experiment, world


def refusal(text: str) -> list[str]:
    with pytest.raises(Refused) as refused:
        read(text, "world.yaml")
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("said", "second", "value"),
    [
        (0.1, 1e9, 0.1),
        ({"knots": {"0": 0.08, "100": 0.12}}, 50, 0.10),
        ({"knots": {"0": 0.08, "100": 0.12}}, 500, 0.12),
        ({"knots": {"10": 0.08, "100": 0.12}}, 0, 0.08),
        ({"stages": {"0": 0.005, "60": 0.03}}, 59.9, 0.005),
        ({"stages": {"0": 0.005, "60": 0.03}}, 60, 0.03),
        ({"knots": {"0": 1, "50": 3, "100": 1}, "every_s": 100}, 225, 2),
    ],
)
def test_a_number_may_change_over_time(said: object, second: float, value: float) -> None:
    assert course(said).at(second) == pytest.approx(value)


def test_stages_that_repeat_jump_in_every_round() -> None:
    said = course({"stages": {"0": 1, "40": 2}, "every_s": 100})

    assert list(said.jumps(200)) == [0, 40, 100, 140]


@pytest.mark.parametrize(
    "said", [True, "8 %", {"knots": {}}, {"knots": {"5": 1, "3": 2}}, {"knots": {"a": 1}}, {"steps": {"0": 1}}, math.inf]
)
def test_what_is_no_number_over_time_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match=r"a number, \{knots"):
        course(said)


@pytest.mark.parametrize("said", [3, {"exponential": 3}, {"uniform": [2, 4]}, {"lognormal": {"median": 3, "sigma": 0.5}}])
def test_the_probability_of_an_amount_is_how_often_it_is_drawn(said: object) -> None:
    amounts = spread(said)

    drawn = amounts.draw(np.random.default_rng(1), 20_000)

    for most in (1.0, 2.5, 3.0, 10.0):
        assert np.mean(drawn <= most) == pytest.approx(amounts.share_within(most), abs=0.015)


def test_visitors_who_come_again_are_spared_as_often_as_they_come() -> None:
    often = times({"mean": 3})

    drawn = often.draw(np.random.default_rng(1), 50_000)

    assert drawn.min() == 1
    assert drawn.mean() == pytest.approx(3, abs=0.05)
    assert often.never(0.2) == pytest.approx(np.mean(0.8**drawn), abs=0.005)


@pytest.mark.parametrize("n", [50, 100_000])
def test_latencies_are_drawn_as_described_whether_few_or_many(n: int) -> None:
    some = latencies([{"share": 0.9, "median_ms": 100, "sigma": 0.5}, {"share": 0.1, "median_ms": 1000, "sigma": 0.1}])
    rng = np.random.default_rng(2)

    drawn = [some.draw(rng, n, 2.0) for _ in range(200_000 // n)]

    counts = sum(one.counts for one in drawn)
    values = 2 * some.each(rng, 200_000)
    assert counts.sum() == 200_000
    assert sum(one.total_s for one in drawn) / 200_000 == pytest.approx(values.mean(), rel=0.02)
    assert counts[1100:].sum() / 200_000 == pytest.approx(np.mean(values >= 1e-5 * 10 ** (1100 / 250)), abs=0.005)
    assert some.slower(1.0, 2.0) == pytest.approx(np.mean(values > 1.0), abs=0.005)


def test_a_typing_error_is_shown_with_its_place_and_what_was_meant() -> None:
    (sentence,) = refusal("visitors_per_s: 5\nvariants:\n  vgg16:\n    erors: 0.1\n")

    assert sentence.startswith("world.yaml:4:5: variants.vgg16.erors is not known.")
    assert sentence.endswith("Did you mean errors?")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: quiet\n", "world.yaml:1:1: visitors_per_s is missing."),
        ("visitors_per_s: -3\n", "world.yaml:1:17: visitors_per_s is -3, must be 0 or more at any time."),
        (
            "visitors_per_s: 3\nvariants:\n  svc: {errors: 1.5}",
            "world.yaml:3:17: variants.svc.errors is 1.5, must be between 0 and 1 at any time.",
        ),
        ("visitors_per_s: 3\nreward: {base: 0.1, kind: bet}", "world.yaml:2:27: reward.kind is \"bet\", must be 'conversion' or 'value'."),
        ("visitors_per_s: 3\nweights: {svc: 50, forest: 40}", "world.yaml:2:10: weights add up to 90, must be 100."),
        (
            "visitors_per_s: 3\nfaults:\n- {kind: down, variant: svc, at_s: 9, until_s: 4}",
            "world.yaml:3:48: until_s is 4, must be later than at_s, 9.",
        ),
        (
            "visitors_per_s: 3\nfaults:\n- {kind: errors, variant: svc, value: 2}",
            "world.yaml:3:39: value is 2, must be between 0 and 1 for the kind errors.",
        ),
        ("- 1\n", "world.yaml:1:1: A world is one YAML object. Write at least: visitors_per_s: 50"),
    ],
)
def test_what_describes_no_world_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    assert sentence in refusal(text)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(refusal("visitors_per_s: -3\nload: 0\ntruth: {share: 2}\n")) == 3


@pytest.mark.parametrize(
    ("changes", "text", "sentence"),
    [
        ({}, "visitors_per_s: 5", "The world has no reward, and conversion is judged."),
        (
            {"objectives": (Objective(P95, upper=500),)},
            "{visitors_per_s: 5, reward: {base: 0.1}}",
            "The world says nothing of the latency of custom, and latency-95th-percentile is judged.",
        ),
        ({"reward": Reward(ACCURACY)}, "visitors_per_s: 5", "The world has no truth, and accuracy is judged."),
        (
            {},
            "{visitors_per_s: 5, reward: {base: 0.1}, variants: {forest: {errors: 0.1}}}",
            "The world speaks of forest, which is not in the experiment fruit. It has custom, vgg16.",
        ),
    ],
)
def test_a_world_that_is_silent_about_what_is_judged_is_refused(changes: dict[str, object], text: str, sentence: str) -> None:
    with pytest.raises(Refused) as refused:
        fits.check(experiment(**changes), world(text))

    assert sentence in str(refused.value)


def test_rewards_that_come_too_late_are_told_of_beforehand() -> None:
    asked = experiment(strength=Strength(maturation_s=10), objectives=(Objective(ERRORS, upper=0.01),))

    (doubt,) = fits.check(asked, world("{visitors_per_s: 5, reward: {base: 0.1, delay_s: {exponential: 10}}}"))

    assert doubt == "37% of the rewards come later than the maturation of 10 s, and count for nothing."


def test_a_constant_has_no_jumps() -> None:
    assert list(Course((0.0,), (1.0,)).jumps(1000)) == []
