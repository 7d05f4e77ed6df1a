"""Traffic of visitors who come again, or who differ: each is drawn, keeps their variant while the weights let them, and is counted once.

As in the lab: a visitor belongs to the epoch and variant of their first prediction, and their part ends when they meet another variant.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from lab.judge.block import Arm
from lab.routes.lanes import BUCKETS, held_in
from lab.simulate.facts import Facts, Play, Scene
from lab.simulate.people import LUCK, Bools, Floats, Ints, People
from lab.simulate.seconds import Latencies, histogram
from lab.simulate.served import NO_TIME, arm, timed, with_others
from lab.simulate.spread import probabilities
from lab.stats.counts import Counts
from lab.stats.histogram import Histogram
from lab.stats.moments import Moments, PairMoments


class Made(NamedTuple):
    """Predictions: whose, by their rows, and when."""

    who: Ints
    at: Floats
    is_first: Bools
    """Of their visitor."""

    def of(self, which: Bools | slice) -> "Made":
        """Some of them."""
        return Made(*(part[which] for part in self))


class Said(NamedTuple):
    """What came of some predictions, one entry each: what was said in time."""

    reward: Floats
    is_covered: Bools
    is_known: Bools
    is_right: Bools


class Sessions:
    """One run's traffic."""

    def __init__(self, play: Play, rng: np.random.Generator) -> None:
        self.play = play
        self.visits = play.world.visits
        self.rng = rng
        self.ends = np.array([scene.cell.end for scene in play.scenes])
        self.people = People()
        self.rows: dict[int, slice] = {}
        """Of those who came in each cell."""
        self.returns: dict[int, list[Made]] = defaultdict(list)
        """Later predictions, by the cell that they fall into."""
        self.ripening: dict[int, Mapping[str, Arm]] = {}
        """Where predictions are the units: what came of a cell's."""
        self.by_visitor = play.experiment.strength.unit == "visitor"

    def enter(self, scene: Scene, weights: Mapping[str, float]) -> Mapping[str, Arm]:
        """The predictions of a cell, of new visitors and of those who return."""
        held = holders(self.play.variants, weights)
        new = self._arrive(scene, held)
        self._plan(new)
        made = _together([new, *self.returns.pop(scene.cell.number, ())])
        now = held[self.people.bucket[made.who]]
        newcomers = np.bincount(self.people.variant[new.who], minlength=len(self.play.variants))
        arms, ripe = {}, {}
        for place in np.unique(now).tolist():
            name, mine = self.play.variants[place], made.of(now == place)
            arms[name] = self._served(scene.facts[name], name, mine)._replace(visitors=int(newcomers[place]))
            ripe[name] = self._say(scene.facts[name], mine)
        if not self.by_visitor:
            self.ripening[scene.cell.number] = ripe
        return with_others(self.play, self.rng, scene, arms)

    def mature(self, scene: Scene) -> Mapping[str, Arm]:
        """The rewards of those who came in that cell, or of its predictions."""
        rows = self.rows.pop(scene.cell.number)
        if not self.by_visitor:
            return self.ripening.pop(scene.cell.number)
        found = {name: self._outcomes(rows, place) for place, name in enumerate(self.play.variants)}
        return {name: one for name, one in found.items() if one.converted.n}

    def _arrive(self, scene: Scene, held: Ints) -> Made:
        """New visitors' first predictions."""
        n = int(self.rng.poisson(scene.visitors))
        bucket = self.rng.integers(BUCKETS, size=n)
        variant = held[bucket]
        chances = np.array([scene.facts[name].arrives for name in self.play.variants])
        if (chances < 1).any():
            variant = np.where(self.rng.random(n) < chances[variant], variant, -1)
        first = self.rng.uniform(scene.cell.begin, scene.cell.end, n)
        rows = self.rows[scene.cell.number] = self.people.come(first, bucket, variant)
        self._draw_luck(rows)
        here = np.flatnonzero(variant >= 0)
        return Made(here + rows.start, first[here], np.ones(here.size, dtype=bool))

    def _draw_luck(self, rows: slice) -> None:
        spreads = (self.visits.reward_spread, self.visits.errors_spread, self.visits.latency_spread)
        for name, spread in zip(LUCK, spreads, strict=True):
            if spread:
                getattr(self.people, name)[rows] = self.rng.standard_normal(rows.stop - rows.start)

    def _plan(self, new: Made) -> None:
        """Files the later predictions of newcomers under the cells that they fall into."""
        later = self.visits.predictions.draw(self.rng, new.who.size) - 1
        who, begins = np.repeat(new.who, later), np.repeat(np.cumsum(later) - later, later)
        passed = np.concatenate([[0.0], np.cumsum(self.visits.gap_s.draw(self.rng, who.size))])
        at = np.repeat(new.at, later) + passed[1:] - passed[begins]
        order = np.argsort(at, kind="stable")
        made = Made(who[order], at[order], np.zeros(who.size, dtype=bool))
        cuts = np.searchsorted(made.at, self.ends, side="left")
        for cell in np.flatnonzero(np.diff(cuts, prepend=0)).tolist():
            self.returns[cell].append(made.of(slice(cuts[cell - 1] if cell else 0, cuts[cell])))

    def _served(self, facts: Facts, name: str, made: Made) -> Arm:
        n = made.who.size
        failed = self.rng.random(n) < probabilities(facts.errors, self.visits.errors_spread, self.people.errors_luck[made.who])
        stretch = facts.stretch * np.exp(self.visits.latency_spread * self.people.latency_luck[made.who])
        waited, inside = (self._time(one.get(name), stretch) for one in (self.play.latency, self.play.inference))
        return arm(self.rng, facts, Counts(n, int(failed.sum())), waited, inside)

    def _time(self, some: Latencies | None, stretch: Floats) -> tuple[Histogram, float]:
        return NO_TIME if some is None else timed(histogram(some.each(self.rng, stretch.size) * stretch))

    def _say(self, facts: Facts, made: Made) -> Arm:
        """Adds what comes of predictions to their visitors; returns what it comes to where predictions are the units."""
        since = made.at - self.people.first[made.who] if self.by_visitor else np.zeros(made.who.size)
        if self.by_visitor:
            counts = since <= self.play.calendar.maturation_s
            made, since = made.of(counts), since[counts]
        said = self._said(facts, made, since)
        if not self.by_visitor:
            return _arm(said.reward, said.is_known * 1, said.is_right * 1, said.is_covered)
        for sums, told in ((self.people.reward, said.reward), (self.people.known, said.is_known), (self.people.right, said.is_right)):
            np.add.at(sums, made.who, told)
        self.people.covered[made.who[said.is_covered]] = True
        return Arm()

    def _said(self, facts: Facts, made: Made, since: Floats) -> Said:
        """since: seconds from the unit's beginning to the prediction."""
        known, right = self._truths(facts, since)
        reward, n = self.play.world.reward, made.who.size
        if reward is None:
            # A truth without a reward is one: 1 for a right answer.
            return Said(right * 1.0, known, known, right)
        heard = self._in_time(since, reward.delay_s.draw(self.rng, n)) & (self.rng.random(n) < facts.feedback)
        if reward.per == "visitor":
            heard &= made.is_first
        liked = heard & (self.rng.random(n) < probabilities(facts.rewarded, self.visits.reward_spread, self.people.reward_luck[made.who]))
        worth = facts.amount * reward.amount.draw(self.rng, n) if reward.kind == "value" else 1.0
        return Said(liked * worth, (heard if reward.zeros else liked) | known, known, right)

    def _truths(self, facts: Facts, since: Floats) -> tuple[Bools, Bools]:
        """Whether each prediction's truth becomes known, and whether the answer was right."""
        truth, n = self.play.world.truth, since.size
        if truth is None or not facts.known:
            return np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        known = self._in_time(since, truth.delay_s.draw(self.rng, n)) & (self.rng.random(n) < facts.known)
        return known, known & (self.rng.random(n) < facts.right)

    def _in_time(self, since: Floats, delay: Floats) -> Bools:
        return since + delay <= self.play.calendar.maturation_s

    def _outcomes(self, rows: slice, place: int) -> Arm:
        which = self.people.variant[rows] == place
        reward, known, right, covered = (getattr(self.people, name)[rows][which] for name in ("reward", "known", "right", "covered"))
        return _arm(reward, known, right, covered)


def holders(variants: tuple[str, ...], weights: Mapping[str, float]) -> Ints:
    """The number of the variant that holds each bucket: 0, the baseline, has what the candidates leave."""
    held = np.zeros(BUCKETS, dtype=np.int64)
    for place, name in enumerate(variants[1:]):
        if lane := held_in(place, len(variants) - 1, weights.get(name, 0.0)):
            held[lane.first : lane.last + 1] = place + 1
    return held


def _arm(reward: Floats, known: Ints, right: Ints, covered: Bools) -> Arm:
    """What came of units, one entry each."""
    told = known > 0
    return Arm(
        rewards=Moments.of(reward),
        converted=Counts(reward.size, int((reward > 0).sum())),
        truths=PairMoments.of(known[told], right[told]),
        judged=Counts(int(known.sum()), int(right.sum())),
        covered=Counts(covered.size, int(covered.sum())),
    )


def _together(some: list[Made]) -> Made:
    return Made(*(np.concatenate(parts) for parts in zip(*some, strict=True)))
