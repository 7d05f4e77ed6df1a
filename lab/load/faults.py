"""When which variant is told to misbehave, and when to be well again."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.load.plan import FaultSpan


class Change(NamedTuple):
    """From this moment on a variant has these faults; none: it is well."""

    at_s: float
    variant: str
    faults: Mapping[str, float | int]


def changes(spans: Sequence[FaultSpan]) -> tuple[Change, ...]:
    """Every change, in the order of time. Where spans of a variant overlap, it has the faults of all; of the same fault the later one's."""
    moments = {(moment, span.variant) for span in spans for moment in (span.start_s, span.end_s) if moment is not None}
    return tuple(Change(at_s, variant, _at(at_s, variant, spans)) for at_s, variant in sorted(moments))


def _at(at_s: float, variant: str, spans: Sequence[FaultSpan]) -> Mapping[str, float | int]:
    active = [span for span in spans if span.variant == variant and span.start_s <= at_s and (span.end_s is None or at_s < span.end_s)]
    return {name: value for span in active for name, value in span.faults.items()}
