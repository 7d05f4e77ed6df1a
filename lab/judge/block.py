"""What was seen of an experiment since the last look: per epoch, which is a stretch of constant weights, and per variant.

Only predictions that the split assigned (`reason` is `split`) and the visitors whom they met count. Predictions are counted when they are
made; rewards when their unit, a visitor or a prediction, has matured: each unit once, in the epoch of its first prediction.
"""

from collections.abc import Mapping
from typing import NamedTuple

from lab.stats.counts import NOTHING, Counts
from lab.stats.histogram import Histogram
from lab.stats.moments import NO_PAIRS, Moments, PairMoments

NO_HISTOGRAM = Histogram()


class Arm(NamedTuple):
    """One variant, assigned: whoever answered in its place, a failure is its own."""

    requests: Counts = NOTHING
    """Predictions; successes are the failed ones: status 5xx, broken off, or rescued."""
    outliers: Counts = NOTHING
    """Predictions whose input was judged; successes are the outliers."""
    latency: Histogram = NO_HISTOGRAM
    """Seconds as visitors waited."""
    inference: Histogram = NO_HISTOGRAM
    """Seconds in the model."""
    visitors: int = 0
    """Who made their first prediction in this experiment."""
    rewards: Moments = Moments()
    """Reward per matured unit; 0 for one without."""
    converted: Counts = NOTHING
    """Matured units; successes have a reward above zero."""
    truths: PairMoments = NO_PAIRS
    """Per matured unit with a truth: x predictions whose truth is known, y those of them that were right."""
    judged: Counts = NOTHING
    """Predictions of matured units whose truth is known; successes are the right ones."""
    covered: Counts = NOTHING
    """Matured units; successes got feedback of any kind."""
    pairs: Counts = NOTHING
    """Copies for this variant, a shadow, that were answered; successes gave the same label as the visitor's answer."""
    leaked: int = 0
    """Predictions that the split assigned although the weight was 0."""
    rescued: int = 0
    sent: int = 0
    """Feedback for the variant as such, which names no prediction. No verdict but Iter8's uses it."""
    latency_total_s: float = 0.0
    """Sum of the seconds, exact to the millisecond; the histogram knows a mean to about a hundredth."""
    inference_total_s: float = 0.0
    asked: Mapping[str, float | None] = {}
    """What a provider says of the variant since the start, by metric, in the metric's unit; None: unavailable."""


class Block(NamedTuple):
    """One epoch's part of a look."""

    epoch: int
    weights: Mapping[str, float]
    """Percent that were planned for each variant during this epoch, the baseline included."""
    arms: Mapping[str, Arm]
    """By variant, those that anything is known of."""


# By variant and metric, as `Arm.asked`.
Answers = Mapping[str, Mapping[str, float | None]]


class Look(NamedTuple):
    """All that is new at one look, the epochs in order."""

    at: float
    """When it was made, in seconds since 1970."""
    through: float
    """Predictions answered before this moment are in it, or in an earlier one; and units that had matured by then."""
    blocks: tuple[Block, ...] = ()
    answers: Mapping[str, Mapping[str, float | None]] = {}
    """What a provider says now, where the file asks one. It replaces what it said before."""
