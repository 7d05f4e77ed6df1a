"""What is true of each variant in each cell: a world, spelt out for one experiment. Runs share it, so it is worked out once."""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lab.simulate.cells import Calendar, Cell, calendar, jumps
from lab.simulate.seconds import Latencies
from lab.simulate.world import World
from lab.spec.experiment import Experiment


class Facts(NamedTuple):
    """One variant in one cell. All but the amounts, rates and seconds are probabilities."""

    arrives: float
    """That a visitor whom it was given is seen at all."""
    errors: float
    rescued: float
    """That the baseline answers in place of an error."""
    stretch: float
    """How many times as long as usual everything takes."""
    outliers: float | None
    rewarded: float
    """That somebody who gives feedback is rewarding."""
    feedback: float
    """That somebody's feedback arrives at all."""
    known: float
    """That the truth becomes known."""
    right: float
    amount: float
    """How many times as much a reward is worth."""
    agrees: float | None
    sent_per_s: float
    harmed: float
    """Expected visitors harmed, beyond those that the baseline would have harmed, for each whom it was given."""


class Scene(NamedTuple):
    """One cell."""

    cell: Cell
    visitors: float
    """Expected ones who come for the first time."""
    facts: Mapping[str, Facts]


class Play(NamedTuple):
    """An experiment in a world, ready to be run."""

    experiment: Experiment
    world: World
    calendar: Calendar
    scenes: tuple[Scene, ...]
    latency: Mapping[str, Latencies]
    inference: Mapping[str, Latencies]

    @property
    def variants(self) -> tuple[str, ...]:
        """The baseline first."""
        return tuple(version.variant for version in self.experiment.versions)


def play(experiment: Experiment, world: World) -> Play:
    """Everything that the runs share."""
    when = calendar(experiment)
    scenes = tuple(_scene(experiment, world, cell) for cell in when.cells(jumps(world, when.end)))
    variants = [version.variant for version in experiment.versions]
    latency, inference = (
        {name: drawn for name in variants if (drawn := getattr(world.of(name), field)) is not None} for field in ("latency", "inference")
    )
    return Play(experiment, world, when, scenes, latency, inference)


def _scene(experiment: Experiment, world: World, cell: Cell) -> Scene:
    second, limit_s = cell.middle, slow_limit_s(experiment)
    variants = [version.variant for version in experiment.versions]
    harms = {name: _harm(world, name, second, limit_s) for name in variants}
    least = harms[experiment.baseline.variant]
    facts = {name: _facts(world, name, second, max(harms[name] - least, 0.0)) for name in variants}
    return Scene(cell, world.visitors_per_s.at(second) * cell.seconds, facts)


def _facts(world: World, name: str, second: float, harmed: float) -> Facts:
    one = world.of(name)
    return Facts(
        arrives=math.prod(1 - value for value in _faults(world, name, "split", second)),
        errors=_errors(world, name, second),
        rescued=one.rescued.at(second),
        stretch=_stretch(world, name, second),
        outliers=one.outliers and one.outliers.at(second),
        rewarded=_rewarded(world, name, second),
        feedback=one.feedback.at(second),
        known=world.truth.share.at(second) if world.truth and one.accuracy else 0.0,
        right=_right(world, name, second),
        amount=one.amount.at(second),
        agrees=one.agreement and one.agreement.at(second) * math.prod(1 - value for value in _faults(world, name, "wrong", second)),
        sent_per_s=one.sent_per_s.at(second),
        harmed=harmed,
    )


def _faults(world: World, name: str, kind: str, second: float) -> Iterator[float]:
    return (one.value for one in world.faults if one.kind == kind and one.variant == name and one.at_s <= second < one.until_s)


def _errors(world: World, name: str, second: float) -> float:
    if any(True for _ in _faults(world, name, "down", second)):
        return 1.0
    return 1 - (1 - world.of(name).errors.at(second)) * math.prod(1 - value for value in _faults(world, name, "errors", second))


def _stretch(world: World, name: str, second: float) -> float:
    return world.load.at(second) * math.prod(_faults(world, name, "slow", second))


def _right(world: World, name: str, second: float) -> float:
    accuracy = world.of(name).accuracy
    return (accuracy.at(second) if accuracy else 1.0) * math.prod(1 - value for value in _faults(world, name, "wrong", second))


def _rewarded(world: World, name: str, second: float) -> float:
    if world.reward is None:
        return 0.0
    one, base = world.of(name), world.reward.base.at(second)
    odds_ratio = one.odds_ratio.at(second)
    return min(base * odds_ratio / (1 - base + base * odds_ratio) * one.lift.at(second), 1.0)


def _harm(world: World, name: str, second: float, limit_s: float) -> float:
    """The probability that a visitor meets an error, an answer that is too slow, or a wrong one, in any of their predictions."""
    one = world.of(name)
    seen = _errors(world, name, second) * (1 - one.rescued.at(second))
    slow = one.latency.slower(limit_s, _stretch(world, name, second)) if one.latency and math.isfinite(limit_s) else 0.0
    spared = (1 - seen) * (1 - slow) * _right(world, name, second)
    return 1 - world.visits.predictions.never(1 - spared)


def slow_limit_s(experiment: Experiment) -> float:
    """The least upper limit of a latency in the experiment; infinite if it has none."""
    kinds = ("latency mean", "latency percentile")
    limits = (one.upper / one.metric.scale for one in experiment.objectives if one.metric.kind in kinds and one.upper is not None)
    return min(limits, default=math.inf)
