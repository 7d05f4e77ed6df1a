"""What the page of a route's shadows shows: how often they agree with the visitors' answers, where they do not, and how fast they are."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from lab.routes.table import shown_percent
from lab.stats.interval import Interval
from lab.stats.limit import beta_binomial_interval
from lab.store.shadowing import COPIES, SEARCHED, Copies, Pair, Shadowing
from lab.web.pages.predictions_view import LABEL_MAX, clock, iso, precise, short
from lab.web.pages.predictions_words import NOBODY, UNKNOWN, Places, milliseconds, probability
from lab.web.plot import Area, Axis, Chart, drawn

ALPHA = 0.05

# The prior that the interval's evidence is averaged over, Jeffreys': as wide as any.
PRIOR = (0.5, 0.5)

# Labels with a row and a column of their own.
LABELS_MAX = 12
OTHER = "other"

# Disagreements that are listed, those that both were surest of.
LISTED = 20

BINS = 40
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Figure(NamedTuple):
    """A number with its name, and what it is of."""

    name: str
    value: str
    of: str = ""


class Cell(NamedTuple):
    """How many pairs have these two labels."""

    n: int
    is_same: bool


class Matrix(NamedTuple):
    """Visitors' labels down, the shadow's across."""

    labels: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    """As many as labels, with as many cells."""
    n: int


class Timing(NamedTuple):
    """One sort of time, of the visitors' answers and of the shadow's."""

    what: str
    seen: tuple[str, str]
    """p50 and p95."""
    shadow: tuple[str, str]
    n: int


class By(NamedTuple):
    """Agreement with one variant whose answers visitors saw."""

    variant: str
    place: int
    same: str
    n: int


class Disagreement(NamedTuple):
    """A pair of different labels."""

    request_id: str
    at: str
    date: str
    clock: str
    served_by: str
    label: str
    probability: str
    shadow_label: str
    shadow_probability: str


class Scores(NamedTuple):
    """How much surer the shadow is where both say the same."""

    sentence: str
    quantiles: Sequence[Figure]
    picture: Markup | None


class ShadowView(NamedTuple):
    """One shadow of the route."""

    variant: str
    place: int
    now: str
    """Whether it gets copies now."""
    window: str
    """Which pairs these are, and how many at most."""
    headline: str
    copies: Sequence[Figure]
    agreement: Sequence[By]
    matrix: Matrix | None
    scores: Scores | None
    timing: Sequence[Timing]
    disagreements: Sequence[Disagreement]
    disagreeing: int
    """All of them."""


def shadow_view(found: Shadowing, percent: float, places: Places) -> ShadowView:
    """`percent` of the predictions are copied to it now."""
    route, variant = found.shadow
    different = [one for one in found.pairs if one.label != one.shadow_label]
    return ShadowView(
        variant=variant,
        place=places.place(route, variant),
        now=now(percent),
        window=window(found),
        headline=headline(variant, found.pairs),
        copies=_copies(found.copies),
        agreement=_by_variant(found.pairs, route, places),
        matrix=matrix(found.pairs),
        scores=scores(variant, found.pairs),
        timing=list(timing(found.pairs)),
        disagreements=[_disagreement(one) for one in surest(different)],
        disagreeing=len(different),
    )


def now(percent: float) -> str:
    """What the route says."""
    return f"gets copies of {shown_percent(percent)} % of the predictions now" if percent else "gets no copies now"


def window(found: Shadowing) -> str:
    """Where they come from, and how many are looked at."""
    reach = f"from {clock(found.start)} to {clock(found.end)} UTC"
    return f"The newest copies, {reach}: at most {COPIES:,} of them, of one day, among {SEARCHED:,} predictions of all routes."


def agreement(pairs: Sequence[Pair]) -> Interval:
    """The share of equal labels that is not ruled out, at 95 %, if pairs are independent: at every look, while copies are only added."""
    same = sum(one.label == one.shadow_label for one in pairs)
    return beta_binomial_interval(len(pairs), same, *PRIOR, ALPHA)


def headline(variant: str, pairs: Sequence[Pair]) -> str:
    """`xgboost agrees with 95.1 % of the answers that visitors saw (95 % interval 93.4 % to 96.5 %, n = 939).`"""
    if not pairs:
        return f"No copy to {variant} has been answered beside an answer that a visitor saw, so nothing can be compared yet."
    same = sum(one.label == one.shadow_label for one in pairs)
    interval = agreement(pairs)
    ends = f"{probability(interval.low)} to {probability(interval.high)}"
    return f"{variant} agrees with {_share(same, len(pairs))} of the answers that visitors saw (95 % interval {ends}, n = {len(pairs):,})."


def matrix(pairs: Sequence[Pair]) -> Matrix | None:
    """The most frequent labels each by itself, the others together: of those, nobody knows here which are the same."""
    if not pairs:
        return None
    counts = Counter((one.label, one.shadow_label) for one in pairs)
    frequent = Counter[str]()
    for (label, theirs), n in counts.items():
        frequent.update({label: n})
        frequent.update({theirs: n})
    kept = [label for label, _ in sorted(frequent.items(), key=lambda item: (-item[1], item[0]))[:LABELS_MAX]]
    has_others = len(frequent) > len(kept)
    places = {label: place for place, label in enumerate(kept)}
    size = len(kept) + has_others
    table = np.zeros((size, size), dtype=np.int64)
    for (label, theirs), n in counts.items():
        table[places.get(label, len(kept)), places.get(theirs, len(kept))] += n
    labels = [short(label, LABEL_MAX) for label in kept] + [OTHER] * has_others
    rows = [[Cell(int(n), y == x < len(kept)) for x, n in enumerate(row)] for y, row in enumerate(table.tolist())]
    return Matrix(labels, rows, len(pairs))


def scores(variant: str, pairs: Sequence[Pair]) -> Scores | None:
    """None where no pair of the same label has both probabilities."""
    values = np.array(
        [
            100 * (one.shadow_probability - one.probability)
            for one in pairs
            if one.label == one.shadow_label and one.probability is not None and one.shadow_probability is not None
        ]
    )
    if not values.size:
        return None
    found = np.quantile(values, QUANTILES).tolist()
    figures = [Figure(f"{100 * q:g} % of them are at most", _points(value)) for q, value in zip(QUANTILES, found, strict=True)]
    median = found[2]
    surer = "as sure" if abs(median) < 0.05 else "surer" if median > 0 else "less sure"
    sentence = (
        f"Where both say the same, {variant} is {surer}: its probability differs by {_points(median)} at the median (n = {len(values):,})."
    )
    return Scores(sentence, figures, _picture(variant, values))


def timing(pairs: Sequence[Pair]) -> Sequence[Timing]:
    """Of the pairs, so that both met the same inputs."""
    services = [(one.answer_s, one.shadow_answer_s) for one in pairs]
    models = [(_seconds(one.inference_us), _seconds(one.shadow_inference_us)) for one in pairs]
    made = (_timing("until the service had answered", services), _timing("in the model", models))
    return [one for one in made if one.n]


def surest(different: Collection[Pair]) -> list[Pair]:
    """The disagreements in which the less sure of the two was surest."""

    def sureness(one: Pair) -> tuple[float, str]:
        return -min(one.probability or 0.0, one.shadow_probability or 0.0), one.request_id

    return sorted(different, key=sureness)[:LISTED]


def _copies(copies: Copies) -> list[Figure]:
    lost = [("Dropped", copies.dropped, "too many waited already"), ("Failed", copies.failed, "no answer, or broken off")]
    return [
        Figure("Copies", f"{copies.sent:,}"),
        Figure("Answered", f"{copies.answered:,}", _share(copies.answered, copies.sent)),
        *(Figure(name, f"{n:,}", why) for name, n, why in lost),
    ]


def _by_variant(pairs: Sequence[Pair], route: str, places: Places) -> list[By]:
    total = Counter(one.served_by or NOBODY for one in pairs)
    same = Counter(one.served_by or NOBODY for one in pairs if one.label == one.shadow_label)
    return [By(name, places.place(route, name), _share(same[name], n), n) for name, n in total.most_common()]


def _disagreement(one: Pair) -> Disagreement:
    return Disagreement(
        request_id=one.request_id,
        at=iso(one.time),
        date=f"{one.time:%d %b}",
        clock=precise(one.time),
        served_by=one.served_by or NOBODY,
        label=short(one.label, LABEL_MAX),
        probability=probability(one.probability),
        shadow_label=short(one.shadow_label, LABEL_MAX),
        shadow_probability=probability(one.shadow_probability),
    )


def _timing(what: str, both: Sequence[tuple[float | None, float | None]]) -> Timing:
    known = [(seen, theirs) for seen, theirs in both if seen is not None and theirs is not None]
    if not known:
        return Timing(what, (UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN), 0)
    found = np.quantile(np.array(known), (0.5, 0.95), axis=0)
    seen, shadow = ((milliseconds(found[0, arm]), milliseconds(found[1, arm])) for arm in (0, 1))
    return Timing(what, seen, shadow, len(known))


def _picture(variant: str, values: np.ndarray) -> Markup:  # type: ignore[type-arg]
    """A histogram; what lies far out is in the bins at the edges."""
    reach = max(1.0, float(np.quantile(np.abs(values), 0.99)))
    edges = np.linspace(-reach, reach, BINS + 1)
    heights, _ = np.histogram(np.clip(values, -reach, reach), edges)
    x = Axis(f"Probability of {variant} minus that of the visitor's answer, in percentage points", is_signed=True)
    y = Axis("Share of the pairs with the same label", low=0, unit=" %")
    area = Area(edges.tolist(), (100 * heights / len(values)).tolist(), "")
    counted = ", ".join(
        f"{n:,} from {_points(low)} to {_points(high)}" for (low, high), n in zip(pairwise(edges), heights, strict=True) if n
    )
    return drawn(Chart(f"scores-{variant}", "How much surer the shadow is", f"Histogram: {counted}.", x, y, [area]))


def _share(part: int, whole: int) -> str:
    return probability(part / whole) if whole else UNKNOWN


def _points(value: float) -> str:
    return f"{value:+.1f} points" if abs(value) >= 0.05 else "0.0 points"


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / 1e6
