"""What can be seen in a query in PromQL without running it. By its words, not by its grammar: good enough to ask questions."""

import re
from typing import NamedTuple

_SERIES = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}|([a-zA-Z_:][\w:]*_(?:sum|count|total|bucket))\b(?!\s*[({])")
_MASK = r"\bor\s+(?:(?:on|ignoring)\s*\([^)]*\)\s*)?vector\s*\(\s*0\s*\)"
_SECONDS = re.compile(r"(?<!milli)(?<!micro)seconds(?:_(?:sum|bucket))?$")
_MILLISECONDS = re.compile(r"(?:milliseconds|_ms|_millis)(?:_(?:sum|bucket))?$")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
# What Iter8 fills in by itself.
ELAPSED = "elapsedTime"


class Series(NamedTuple):
    """A time series and what is asked of its labels."""

    name: str
    labels: str


def series(query: str) -> tuple[Series, ...]:
    """All that the query names."""
    return tuple(Series(one[1] or one[3], one[2] or "") for one in _SERIES.finditer(query))


def is_ratio(query: str) -> bool:
    """Whether it divides."""
    return "/" in re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|'[^']*'", "", query)


def is_percentile(query: str) -> bool:
    """Whether it takes a quantile of a histogram."""
    return "histogram_quantile" in query


def sums(query: str) -> bool:
    """Whether it adds up measured values, and does not divide."""
    return not is_ratio(query) and any(one.name.endswith("_sum") for one in series(query))


def counts(query: str) -> bool:
    """Whether it counts, and does not divide."""
    growing = re.search(r"\b(?:increase|count|count_over_time)\s*\(", query) is not None
    return growing and not is_ratio(query) and any(one.name.endswith(("_count", "_total")) for one in series(query))


def is_masked(query: str) -> bool:
    """Whether no data becomes 0."""
    return re.search(_MASK, query) is not None


def is_masked_below(query: str) -> bool:
    """Whether a denominator becomes 0 without data."""
    _, _, below = query.rpartition("/")
    return is_ratio(query) and is_masked(below)


def time_unit(query: str) -> str | None:
    """`s` or `ms` where the query gives a time; None where it does not, or nobody can tell."""
    if not (is_ratio(query) or is_percentile(query)):
        return None
    names = [one.name for one in series(query) if not one.name.endswith(("_count", "_total"))]
    is_scaled = re.search(r"\*\s*(?:1000|1e3)\b|\b(?:1000|1e3)\s*\*", query) is not None
    if any(_MILLISECONDS.search(name) for name in names):
        return "ms"
    return ("ms" if is_scaled else "s") if any(_SECONDS.search(name) for name in names) else None


def variables(query: str) -> tuple[str, ...]:
    """Those of versions that it uses, each once."""
    return tuple(dict.fromkeys(name for name in _VARIABLE.findall(query) if name != ELAPSED))


def is_since_start(query: str) -> bool:
    """Whether its window is everything since the start."""
    return ELAPSED in _VARIABLE.findall(query)


def mixes_feedback(query: str) -> bool:
    """Whether calls of feedback are in it beside predictions: a Seldon executor's server series without a choice of service."""
    return any(
        re.match(r"seldon_api_executor_(?:server|client)_requests", one.name) and "service" not in one.labels for one in series(query)
    )


def all_but_200(query: str) -> bool:
    """Whether it takes every other status for an error."""
    return any(re.search(r"\b(?:code|status)\s*!=\s*['\"]200['\"]", one.labels) for one in series(query))
