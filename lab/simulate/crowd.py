"""Traffic of visitors who come once and are all alike: only counts are drawn, so a million of them cost no more than ten."""

from collections.abc import Mapping

import numpy as np

from lab.judge.block import Arm
from lab.simulate.facts import Facts, Play, Scene
from lab.simulate.served import served, with_others
from lab.stats.counts import Counts
from lab.stats.moments import NO_PAIRS, Moments, PairMoments


class Crowd:
    """One run's traffic. Who entered waits in `entered` until they have matured."""

    def __init__(self, play: Play, rng: np.random.Generator) -> None:
        self.play = play
        self.rng = rng
        self.entered: dict[int, Mapping[str, int]] = {}

    def enter(self, scene: Scene, weights: Mapping[str, float]) -> Mapping[str, Arm]:
        """The predictions of a cell."""
        seen = {name: self._arrivals(scene, name, weights.get(name, 0.0)) for name in self.play.variants}
        self.entered[scene.cell.number] = seen
        arms = {name: served(self.play, self.rng, name, scene, n)._replace(visitors=n) for name, n in seen.items() if n}
        return with_others(self.play, self.rng, scene, arms)

    def mature(self, scene: Scene) -> Mapping[str, Arm]:
        """The rewards of those who came in that cell."""
        seen = self.entered.pop(scene.cell.number)
        return {name: self._outcomes(scene.facts[name], n) for name, n in seen.items() if n}

    def _arrivals(self, scene: Scene, name: str, percent: float) -> int:
        expected = scene.visitors * percent / 100 * scene.facts[name].arrives
        return int(self.rng.poisson(expected)) if expected else 0

    def _outcomes(self, facts: Facts, n: int) -> Arm:
        """Feedback in time: what is later than the maturation counts for nothing."""
        known, right, others = self._truths(facts, n)
        judged = Counts(known, right)
        truths = _truths(known, right) if known else NO_PAIRS
        if self.play.world.reward is None:
            # A truth without a reward is one: 1 for a right answer.
            return Arm(rewards=ones(n, right), converted=Counts(n, right), truths=truths, judged=judged, covered=Counts(n, known))
        converted, covered = self._rewards(facts, n)
        silent = n - covered
        covered += int(self.rng.binomial(silent, others)) if silent and others else 0
        worth = self._worth(facts, n, converted)
        return Arm(rewards=worth, converted=Counts(n, converted), truths=truths, judged=judged, covered=Counts(n, covered))

    def _truths(self, facts: Facts, n: int) -> tuple[int, int, float]:
        """How many truths are known, how many answers of those were right, and the probability of a known one."""
        truth = self.play.world.truth
        if truth is None or not facts.known:
            return 0, 0, 0.0
        probability = facts.known * truth.delay_s.share_within(self.play.calendar.maturation_s)
        known = int(self.rng.binomial(n, probability))
        return known, int(self.rng.binomial(known, facts.right)), probability

    def _rewards(self, facts: Facts, n: int) -> tuple[int, int]:
        """How many converted, and from how many there was feedback."""
        reward = self.play.world.reward
        assert reward is not None
        in_time = facts.feedback * reward.delay_s.share_within(self.play.calendar.maturation_s)
        said = n if in_time == 1 else int(self.rng.binomial(n, in_time))
        converted = int(self.rng.binomial(said, facts.rewarded))
        return converted, said if reward.zeros else converted

    def _worth(self, facts: Facts, n: int, converted: int) -> Moments:
        reward = self.play.world.reward
        if reward is None or reward.kind == "conversion":
            return ones(n, converted)
        amounts = reward.amount.draw(self.rng, converted) * facts.amount
        mean = float(amounts.sum()) / n
        return Moments(n, mean, max(float(amounts @ amounts) - n * mean * mean, 0.0))


def ones(n: int, successes: int) -> Moments:
    """Moments of so many ones, the rest zeros."""
    return Moments(n, successes / n, successes * (1 - successes / n))


def _truths(known: int, right: int) -> PairMoments:
    """One prediction each."""
    return PairMoments.of_one(ones(known, right))
