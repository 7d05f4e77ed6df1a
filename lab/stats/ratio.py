"""Compares two ratios of sums, per randomised unit: seconds per request, clicks per visit, where one visitor gives many.

The unit of analysis is the unit of randomisation, each with its sums (x, y): counting a sticky visitor's requests as if each were
assigned anew makes noise look like an effect. The variance is the delta method's, from residuals y - R x of the pooled ratio R (Deng,
Knoblich & Lu 2018). Epochs are weighted by X_a X_b / (X_a + X_b), X the sum of x: so weighted, the randomisation alone makes the score's
mean 0 when the variants do not differ, in an epoch of any size, which a plain difference of ratios does not.
"""

from typing import NamedTuple

from lab.stats.moments import PairMoments
from lab.stats.score import ScoreComparison


class RatioBlock(NamedTuple):
    """What one look adds: moments of the (x, y) of the units that matured since the last. epoch: changes with the split."""

    epoch: int
    baseline: PairMoments
    candidate: PairMoments


class RatioComparison(ScoreComparison):
    """The difference of two ratios, sum of y over sum of x. x is 0 or more; a unit whose x is 0 counts with its y."""

    __slots__ = ()

    def _arms(self, block: RatioBlock) -> tuple[PairMoments, PairMoments]:
        return block.baseline.checked(), block.candidate.checked()
