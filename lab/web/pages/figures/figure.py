"""What a page shows of a picture: the picture, its words, and some of its numbers."""

from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup


class LatencyOf(NamedTuple):
    """One variant's answers that the split assigned: how many fell in each bin of `lab.stats.histogram` (and of
    `lab.store.sums`, which has the same). Empty bins may be left out."""

    variant: str
    counts: Mapping[int, int]


class Table(NamedTuple):
    """Some of the numbers behind a picture, as text."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Figure(NamedTuple):
    """One picture with its words. picture: None where there is nothing to draw yet; then the sentence says why."""

    key: str
    """Unique on its page."""
    title: str
    sentence: str
    """What the picture says, with its numbers; or what is missing."""
    picture: Markup | None = None
    table: Table | None = None
