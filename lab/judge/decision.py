"""What follows from a look: for each candidate a judgement, for all of them new weights."""

from collections.abc import Mapping
from typing import NamedTuple

from lab.spec.experiment import Metric
from lab.stats.interval import Interval
from lab.stats.verdict import Kind, Reason, Verdict


class Standing(NamedTuple):
    """How far an experiment has come, before the decision of this look."""

    iteration: int
    """Of this look, from 1 on."""
    weights: Mapping[str, float]
    """Percent by variant, as they are now."""
    retired: frozenset[str] = frozenset()
    """Candidates (variants) that were rolled back; they stay at 0."""
    step: int = 0
    """How many of the steps are done."""
    step_began: float = 0.0
    """When the present step began, in seconds since 1970."""
    is_gate_open: bool = False
    """Somebody has resumed since the present step, a pause, began."""


class Measured(NamedTuple):
    """One metric of one variant since the start. value, low, high in the metric's unit; None: unavailable, never zero."""

    metric: Metric
    variant: str
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None


class EpochCount(NamedTuple):
    """How many came in one epoch, which is a stretch of constant weights, since the start. By variant."""

    epoch: int
    requests: Mapping[str, int]
    """Predictions that the split assigned."""
    weights: Mapping[str, float] = {}
    """Percent that were planned; empty: not known."""
    units: Mapping[str, int] = {}
    """Visitors or predictions, whichever is the experiment's unit, that have matured: what the reward is judged by; empty: not counted."""


class Judgement(NamedTuple):
    """One candidate."""

    variant: str
    verdict: Verdict
    difference: float | None = None
    """Of the reward, candidate minus baseline, in the metric's unit; turned so that more is better only in the verdict's reasons."""
    interval: Interval | None = None
    """Of that difference, always valid."""
    log_e: Mapping[str, float] = {}
    """Natural logarithms of every claim's and harm's e-value now, by name."""
    log_e_max: Mapping[str, float] = {}
    remaining: int | None = None
    """Units that it may still take in each variant, at the present estimate; None: nobody can say."""


class Decision(NamedTuple):
    """What happens next. The words are for people; `lab.explain` makes more of them."""

    kind: Kind
    """Of the whole experiment: promote and roll back end it; so does inconclusive."""
    weights: Mapping[str, float]
    """Percent by variant from now on."""
    judgements: tuple[Judgement, ...]
    measured: tuple[Measured, ...]
    ends: bool
    winner: str | None
    """The variant that is to get everybody at the end: the promoted candidate, or the baseline; None while undecided."""
    recommended: str
    """The variant to promote if it ended now."""
    why: str
    """One sentence with its numbers."""
    standing: Standing
    """After this look: what the next one begins with (its iteration is the next one's)."""
    trust: tuple[Reason, ...] = ()
    """What is wrong with the evidence itself: split, leaks, uneven coverage, no data."""
    new_units: int = 0
    """Predictions that this look has added."""
    satisfied: Mapping[str, tuple[bool | None, ...]] = {}
    """By variant: whether each objective is met by the present estimates, in the order of the file. None: unavailable."""
    message: str = ""
    """Iter8's own words, with its method."""
    epochs: tuple[EpochCount, ...] = ()
    """What each epoch has brought, in order, for `lab.explain`: `decide` fills it in from the evidence, `lab.judge.said` keeps it."""
    computed: Mapping[str, float] = {}
    """With Iter8's method the weights that it computed for this iteration: of a fixed split never in force, at the end not any more."""
    best: tuple[str, ...] = ()
    """With Iter8's method the variants that win: one, or several that tie."""
