"""Counts what simulated visitors met."""

import math
from array import array
from collections import Counter
from typing import NamedTuple

# Under this name stands what nobody can say a variant of: the gateway did not answer.
NOBODY = "(no answer)"


class Answer(NamedTuple):
    """What came back for a prediction."""

    status: int
    """0: nothing, or not all of it."""
    variant: str = NOBODY
    """Whom the visitor was assigned."""
    served_by: str | None = None
    """Whose answer it is."""
    request_id: str | None = None
    seconds: float = 0.0

    @property
    def is_error(self) -> bool:
        """What the visitor saw is no prediction."""
        return not 200 <= self.status < 300

    @property
    def is_rescued(self) -> bool:
        """Another variant answered instead."""
        return self.served_by is not None and self.served_by != self.variant

    @property
    def is_harm(self) -> bool:
        """The variant failed, whether the visitor saw it or not."""
        return self.status == 0 or self.status >= 500 or self.is_rescued


class Met(NamedTuple):
    """What the visitors of one variant met. Without answers there are no seconds."""

    variant: str
    visitors: int
    predictions: int
    errors: int
    """Answers that are no predictions, as visitors saw them."""
    rescued: int
    """Predictions of another variant, because this one failed."""
    p50_s: float | None
    p95_s: float | None
    told: int
    """Feedback sent about its predictions."""
    acknowledged: int
    """So much of it the lab has kept."""
    harmed: int
    """Visitors whom it failed at least once, rescued ones included."""


class Result(NamedTuple):
    """What became of a load."""

    seed: int
    seconds: float
    """From the first prediction to the last answer; feedback may take longer."""
    planned: int
    sent: int
    late: int
    """Predictions that were sent more than a tenth of a second after their planned moment."""
    missed: int
    """Predictions that were not sent, because too many were waited for."""
    variants: tuple[Met, ...]
    outcomes: dict[str, int]
    """Feedback by what the lab said to it."""
    unsent: int
    """Feedback that was due after the end."""
    unattributed: int
    """Rewards sent to a variant, which name no prediction."""
    is_stopped: bool
    """Somebody ended it early."""
    notes: tuple[str, ...] = ()

    @property
    def harmed(self) -> int:
        """Visitors whom a variant failed, all variants together."""
        return sum(met.harmed for met in self.variants)


class _Variant:
    """What one variant's visitors have met so far."""

    def __init__(self) -> None:
        self.seconds = array("d")
        self.errors = self.rescued = self.told = self.acknowledged = 0
        self.visitors: set[int] = set()
        self.harmed: set[int] = set()


class Tally:
    """Grows while a load runs."""

    def __init__(self) -> None:
        self.sent = self.late = self.missed = self.unattributed = self.errors = 0
        self.outcomes: Counter[str] = Counter()
        self._variants: dict[str, _Variant] = {}

    def answered(self, visitor: int, answer: Answer) -> None:
        """One prediction is over."""
        of = self._variants.setdefault(answer.variant, _Variant())
        of.seconds.append(answer.seconds)
        of.visitors.add(visitor)
        of.errors += answer.is_error
        of.rescued += answer.is_rescued
        self.errors += answer.is_error
        if answer.is_harm:
            of.harmed.add(visitor)

    def told(self, variant: str, outcome: str, is_kept: bool) -> None:
        """The lab has answered feedback about a prediction of this variant."""
        of = self._variants.setdefault(variant, _Variant())
        of.told += 1
        of.acknowledged += is_kept
        self.outcomes[outcome] += 1

    def variants(self) -> tuple[Met, ...]:
        """What was met until now, in the order of names."""
        return tuple(_met(name, of) for name, of in sorted(self._variants.items()))


def _met(name: str, of: _Variant) -> Met:
    seconds = sorted(of.seconds)
    return Met(
        variant=name,
        visitors=len(of.visitors),
        predictions=len(seconds),
        errors=of.errors,
        rescued=of.rescued,
        p50_s=_quantile(seconds, 0.5),
        p95_s=_quantile(seconds, 0.95),
        told=of.told,
        acknowledged=of.acknowledged,
        harmed=len(of.harmed),
    )


def _quantile(ordered: list[float], share: float) -> float | None:
    """The smallest value that so many are not above."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None
