"""Whether visitors were split as planned, and whether feedback comes from both variants alike: what makes the evidence itself doubtful."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Self

import numpy as np

from lab.judge.block import Arm, Block
from lab.judge.pairs import Pair
from lab.stats.binary import BinaryBlock
from lab.stats.counts import Counts
from lab.stats.curve import Floats, normal_grid
from lab.stats.evalue import NO_EVIDENCE, Evidence
from lab.stats.questions import BOTH_SIDES, RateQuestions
from lab.stats.srm import PRIOR, REACH, tilted

# Places of the tilts: enough for some millions of visitors, and valid beyond.
TILTS: Final = 120


@dataclass(frozen=True, slots=True, eq=False)
class SplitWatch:
    """The evidence of `SplitCheck`, its integral over tilts a sum. leaks: by variant, what came although nothing was planned for it.

    counts, expected: visitors, by variant; values: the log-likelihood ratio of each variant's tilts.
    """

    variants: tuple[str, ...]
    counts: tuple[int, ...] = ()
    expected: tuple[float, ...] = ()
    values: Floats = field(default_factory=lambda: np.zeros((1, 1)))
    leaks: tuple[int, ...] = ()
    evidence: Evidence = NO_EVIDENCE

    @classmethod
    def start(cls, variants: tuple[str, ...]) -> Self:
        """Nothing seen yet."""
        nothing = (0,) * len(variants)
        rows = 1 if len(variants) == 2 else len(variants)
        return cls(variants, nothing, (0.0,) * len(variants), np.zeros((rows, _tilts()[0].size)), nothing)

    def seen(self, blocks: Sequence[Block], has_copies: bool = False) -> Self:
        """One look later. has_copies: a shadow's predictions are copies, which need no share."""
        watch = self
        for block in blocks:
            watch = watch._with(block, has_copies)
        return watch

    def _with(self, block: Block, has_copies: bool) -> Self:
        arms = [block.arms.get(name) for name in self.variants]
        planned = [float(block.weights.get(name, 0.0)) for name in self.variants]
        leaks = tuple(old + _leaked(arm, share, has_copies) for old, arm, share in zip(self.leaks, arms, planned, strict=True))
        counts = [arm.visitors if arm and share > 0 else 0 for arm, share in zip(arms, planned, strict=True)]
        watch = replace(self, leaks=leaks) if leaks != self.leaks else self
        return watch._counted(counts, np.array(planned)) if sum(counts) else watch

    def _counted(self, counts: list[int], planned: Floats) -> Self:
        shares, total, grid = planned / planned.sum(), sum(counts), _tilts()[0]
        values = self.values
        # A split of one variant alone cannot be off.
        if (shares < 1).all():
            values = values + tilted(np.asarray(counts), shares, grid)[: len(values)]
        return replace(
            self,
            counts=tuple(a + b for a, b in zip(self.counts, counts, strict=True)),
            expected=tuple(a + total * float(share) for a, share in zip(self.expected, shares, strict=True)),
            values=values,
            evidence=self.evidence.seen(_log_e(values)),
        )

    @property
    def n(self) -> int:
        """Visitors in all."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True, eq=False)
class CoverageWatch:
    """Whether both variants' units got feedback equally often. Feedback that is lost for one variant makes the other look better.

    A better candidate may itself be the reason for more feedback, where satisfied visitors answer more often. So, of rewards, the
    imbalance counts only if it is there in the same direction among all units *and* among those without a reward above zero: feedback
    that comes with success alone leaves nothing to compare there; if both variants report the same share of their outcomes, all units
    are balanced; and where only the better candidate's visitors answer more, those without a success answer less. Of accuracy all
    units count: a truth does not depend on whether the model was right.
    """

    everybody: RateQuestions = BOTH_SIDES
    unrewarded: RateQuestions = BOTH_SIDES
    is_by_truth: bool = False

    def seen(self, pairs: Sequence[Pair]) -> Self:
        """One look later."""
        watch = self
        for _, *arms in pairs:
            if arms[0].covered.n + arms[1].covered.n:
                watch = watch._with(*arms)
        return watch

    def _with(self, baseline: Arm, candidate: Arm) -> Self:
        everybody = self.everybody.update(BinaryBlock(baseline.covered, candidate.covered))
        if self.is_by_truth:
            return replace(self, everybody=everybody)
        return replace(self, everybody=everybody, unrewarded=self.unrewarded.update(BinaryBlock(_without(baseline), _without(candidate))))

    @property
    def log_e(self) -> float:
        """The logarithm of the largest evidence of an imbalance: the mean over both directions."""
        both = [max(one.log_e_max, 0.0) for one in self.everybody.evidences]
        if not self.is_by_truth:
            both = [min(all_, max(other.log_e_max, 0.0)) for all_, other in zip(both, self.unrewarded.evidences, strict=True)]
        return float(np.logaddexp(*both)) - math.log(2)

    @property
    def n(self) -> int:
        """Matured units of both variants."""
        return self.everybody.totals.n


def leaked(watch: SplitWatch) -> Mapping[str, int]:
    """By variant, where there is any."""
    return {name: count for name, count in zip(watch.variants, watch.leaks, strict=True) if count}


def _leaked(arm: Arm | None, share: float, has_copies: bool) -> int:
    if arm is None or share > 0:
        return arm.leaked if arm else 0
    return max(arm.leaked, arm.visitors, 0 if has_copies else arm.requests.n)


def _without(arm: Arm) -> Counts:
    """Units without a reward above zero, and how many of them got feedback."""
    n, successes = arm.covered.n - arm.converted.successes, arm.covered.successes - arm.converted.successes
    return Counts(max(n, 0), min(max(successes, 0), max(n, 0)))


def _log_e(values: Floats) -> float:
    terms = values + _tilts()[1]
    top = float(terms.max())
    return top + math.log(float(np.exp(terms - top).sum()) / len(values))


@lru_cache(maxsize=1)
def _tilts() -> tuple[Floats, Floats]:
    grid, log_weights = normal_grid(PRIOR, 0.0, -REACH, REACH, TILTS)
    return grid, log_weights
