"""Cuts the time of an experiment into cells: inside one, weights and truth are constant, and everybody matures at the same look."""

import math
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from lab.simulate.world import World
from lab.spec.experiment import Experiment

# What the controller leaves for lines that are on their way: a look covers what was answered until so many seconds before it.
LAG_S = 2.0


class Cell(NamedTuple):
    """A stretch of time, in seconds since the start."""

    number: int
    begin: float
    end: float
    interval: int
    """How many looks were made before it began: the weights are those that the last of them set."""
    answered: int
    """The look, from 1 on, that counts its predictions."""
    matured: int
    """The look that counts the rewards of those who came in it."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    @property
    def middle(self) -> float:
        """The moment that stands for it."""
        return (self.begin + self.end) / 2


class Calendar(NamedTuple):
    """When which look covers what."""

    interval_s: float
    maturation_s: float
    looks: int
    lag_s: float = LAG_S

    @property
    def end(self) -> float:
        """When the last look is made."""
        return self.interval_s * self.looks

    def cells(self, jumps: Iterable[float]) -> tuple[Cell, ...]:
        """All of them in order; jumps: when the truth changes at once."""
        looks = [self.interval_s * look for look in range(self.looks + 1)]
        cuts = {*looks, *(at - self.lag_s for at in looks), *(at - self.lag_s - self.maturation_s for at in looks), *jumps}
        # Moments that differ by rounding only are one.
        inside = sorted({round(cut, 6) for cut in cuts if 0 <= cut <= self.end})
        return tuple(self._cell(number, *ends) for number, ends in enumerate(pairwise(inside)))

    def _cell(self, number: int, begin: float, end: float) -> Cell:
        middle = (begin + end) / 2
        answered = self._covering(middle + self.lag_s)
        return Cell(
            number, begin, end, math.floor(middle / self.interval_s), answered, self._covering(middle + self.lag_s + self.maturation_s)
        )

    def _covering(self, second: float) -> int:
        return math.ceil(second / self.interval_s)


def calendar(experiment: Experiment) -> Calendar:
    """That of an experiment."""
    return Calendar(experiment.interval_s, experiment.strength.maturation_s, experiment.iterations_in_all)


def jumps(world: World, until: float) -> Iterable[float]:
    """Whenever something in the world changes at once: stages, and faults."""
    for part in (world, *world.variants.values()):
        for said in vars(part).values():
            if hasattr(said, "jumps"):
                yield from said.jumps(until)
    for one in (world.reward and world.reward.base, world.truth and world.truth.share):
        yield from one.jumps(until) if one else ()
    for fault in world.faults:
        yield from (moment for moment in (fault.at_s, fault.until_s) if math.isfinite(moment))
