"""Small looks whose numbers are given, for tests of the judge."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lab.decide import decide, initial
from lab.judge.block import Arm, Block, Look
from lab.judge.decision import Decision, Standing
from lab.judge.evidence import Evidence
from lab.spec.experiment import Experiment, Guard, Metric, Objective, Reward, Strength, Version
from lab.spec.metrics import MEASURES
from lab.stats.counts import Counts
from lab.stats.histogram import Histogram
from lab.stats.moments import Moments, PairMoments

START = 1_000_000.0
BASELINE = "custom"
CANDIDATE = "vgg16"


def metric(measure: str, units: str | None = None) -> Metric:
    """One of the lab's own, under its own name."""
    return MEASURES[measure].metric(measure, units)


CONVERSION = Reward(metric("conversion"))
FEW_ERRORS = Objective(metric("error-rate"), upper=0.01)
FAST = Objective(metric("latency-95th-percentile"), upper=500.0)
NOT_MORE_ERRORS = Guard(metric("error-rate"), 1.5)
NOT_SLOWER = Guard(metric("latency-95th-percentile"), 1.3)


def experiment(*candidates: str, **changes: Any) -> Experiment:
    """An A/B test of `vgg16` against `custom` by conversions, or of whatever is told."""
    names = candidates or (CANDIDATE,)
    said: dict[str, Any] = {
        "name": "fruit",
        "target": "fruit",
        "route": "fruit",
        "pattern": "A/B" if len(names) == 1 else "A/B/N",
        "deployment": "Progressive",
        "baseline": Version("v1", BASELINE),
        "candidates": tuple(Version(f"v{place}", name) for place, name in enumerate(names, 2)),
        "reward": CONVERSION,
        "objectives": (FEW_ERRORS,),
        "iterations": 100,
    }
    return Experiment(**said | changes)


def strength(**changes: Any) -> Strength:
    """The usual one, but for what is told."""
    return Strength(**changes)


def arm(n: int = 500, converted: float = 0.1, errors: float = 0.002, slow: float = 0.02, **changes: Any) -> Arm:
    """Each visitor makes one prediction; shares are exact but for rounding. slow: the share at 0.8 s, the others take 0.1 s."""
    late, conversions = round(n * slow), round(n * converted)
    said: dict[str, Any] = {
        "requests": Counts(n, round(n * errors)),
        "latency": Histogram.of(np.repeat([0.8, 0.1], [late, n - late])),
        "latency_total_s": 0.8 * late + 0.1 * (n - late),
        "visitors": n,
        "rewards": Moments.of([1.0] * conversions + [0.0] * (n - conversions)),
        "converted": Counts(n, conversions),
        "covered": Counts(n, n),
    }
    return Arm(**said | changes)


def truths(n: int, right: float, per_visitor: int = 1) -> dict[str, Any]:
    """Of visitors who know the truth of so many predictions each."""
    hits = round(n * right)
    x, y = np.full(n, per_visitor), np.array([per_visitor] * hits + [0] * (n - hits))
    return {"judged": Counts(n * per_visitor, hits * per_visitor), "truths": PairMoments.of(x, y), "covered": Counts(n, n)}


def look(number: int, arms: Mapping[str, Arm], weights: Mapping[str, float], epoch: int = 1) -> Look:
    """One look with one epoch."""
    at = START + 20.0 * number
    return Look(at, at - 2, (Block(epoch, weights, arms),))


class Run:
    """An experiment on its way: every look goes to the evidence, and its decision's weights to the next look."""

    def __init__(self, one: Experiment, weights: Mapping[str, float] | None = None) -> None:
        self.experiment = one
        self.evidence = Evidence.start(one)
        first = initial(one)
        self.standing: Standing = first if first.weights else first._replace(weights=weights or {BASELINE: 100.0})
        self.decisions: list[Decision] = []

    @property
    def last(self) -> Decision:
        """The latest decision."""
        return self.decisions[-1]

    def look(self, shown: bool = True, planned: Mapping[str, float] | None = None, **arms: Arm) -> Decision:
        """One look with these arms."""
        number = self.standing.iteration
        weights = planned or self.standing.weights
        self.evidence = self.evidence.seen(look(number, arms, weights, epoch=number))
        return self._decided(number, shown)

    def evenly(self, shown: bool = True, **arms: Arm) -> Decision:
        """One look more, unless it is over, split evenly whatever was decided."""
        even = {name: 100.0 / len(arms) for name in arms}
        return self.last if self.decisions and self.last.ends else self.look(shown, even, **arms)

    def silence(self) -> Decision:
        """A look that brought nothing."""
        number = self.standing.iteration
        self.evidence = self.evidence.seen(Look(START + 20.0 * number, START + 20.0 * number - 2))
        return self._decided(number, True)

    def until_the_end(self, looks: int = 200, **shares: Mapping[str, float]) -> Decision:
        """Looks of 1,000 visitors in all, split as planned, until it ends. shares: by variant, of `arm`."""
        for _ in range(looks):
            weights = self.standing.weights
            arms = {name: arm(round(10 * weights.get(name, 0.0)), **kinds) for name, kinds in shares.items() if weights.get(name)}
            if self.look(**arms).ends:
                break
        return self.last

    def _decided(self, number: int, shown: bool) -> Decision:
        decision = decide(self.experiment, self.evidence, self.standing, START + 20.0 * number, shown)
        self.decisions.append(decision)
        self.standing = decision.standing
        return decision
