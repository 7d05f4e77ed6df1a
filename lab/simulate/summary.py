"""What many runs come to: how often each verdict, after how much, at whose cost."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from lab.simulate.run import Outcome

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Share(NamedTuple):
    """A share of the runs, with one standard error."""

    runs: int
    share: float
    error: float


class Spread(NamedTuple):
    """Of one number over some runs. quantiles: those of QUANTILES; empty when there are no runs."""

    mean: float | None
    quantiles: tuple[float, ...]


class Ending(NamedTuple):
    """One verdict: how often, and what it took."""

    verdict: str
    """`promote forest`, `roll back`, `inconclusive`, `no verdict`."""
    share: Share
    looks: Spread
    requests: Spread
    visitors: Spread
    seconds: Spread
    harmed: Spread


class Summary(NamedTuple):
    """All runs."""

    runs: int
    endings: tuple[Ending, ...]
    """The most frequent first."""
    everything: Ending
    promoted: dict[str, Share]
    """By candidate."""
    rolled_back: dict[str, Share]
    """By candidate, whatever the experiment's own verdict."""
    exposed: Spread
    weights: dict[str, Spread]
    """Percent at the end."""


def summary(outcomes: Sequence[Outcome], candidates: Sequence[str]) -> Summary:
    """Of the runs there are."""
    names = sorted({verdict(one) for one in outcomes})
    endings = [_ending(name, [one for one in outcomes if verdict(one) == name], len(outcomes)) for name in names]
    n = len(outcomes)
    return Summary(
        runs=n,
        endings=tuple(sorted(endings, key=lambda ending: -ending.share.runs)),
        everything=_ending("all", outcomes, n),
        promoted={name: share(sum(one.kind == "promote" and one.winner == name for one in outcomes), n) for name in candidates},
        rolled_back={name: share(sum(name in one.rolled_back for one in outcomes), n) for name in candidates},
        exposed=_spread([one.exposed for one in outcomes]),
        weights={name: _spread([one.weights[name] for one in outcomes]) for name in sorted({k for one in outcomes for k in one.weights})},
    )


def verdict(outcome: Outcome) -> str:
    """How a run ended, in a word or two."""
    if outcome.kind == "promote":
        return f"promote {outcome.winner}"
    return outcome.kind if outcome.ended else "no verdict"


def share(some: int, runs: int) -> Share:
    """So many of the runs. The error of none and of all is that of one more or less: not nothing."""
    if not runs:
        return Share(0, math.nan, math.nan)
    likely = min(max(some, 0.5), runs - 0.5) / runs
    return Share(some, some / runs, math.sqrt(likely * (1 - likely) / runs))


def _ending(name: str, outcomes: Sequence[Outcome], runs: int) -> Ending:
    fields = ("looks", "requests", "visitors", "seconds", "harmed")
    return Ending(name, share(len(outcomes), runs), *(_spread([getattr(one, field) for one in outcomes]) for field in fields))


def _spread(values: Sequence[float]) -> Spread:
    if not values:
        return Spread(None, ())
    found = np.quantile(np.asarray(values, dtype=np.float64), QUANTILES, method="inverted_cdf")
    return Spread(float(np.mean(values)), tuple(float(one) for one in found))


def as_json(found: Summary) -> dict[str, Any]:
    """Plain JSON types."""
    return {
        "runs": found.runs,
        "verdicts": {ending.verdict: _said(ending) for ending in found.endings},
        "all": _said(found.everything),
        "promoted": {name: one._asdict() for name, one in found.promoted.items()},
        "rolled_back": {name: one._asdict() for name, one in found.rolled_back.items()},
        "visitors_of_candidates": _quantiles(found.exposed),
        "final_weights": {name: _quantiles(one) for name, one in found.weights.items()},
    }


def _said(ending: Ending) -> dict[str, Any]:
    return ending.share._asdict() | {name: _quantiles(getattr(ending, name)) for name in ending._fields[2:]}


def _quantiles(found: Spread) -> dict[str, Any]:
    names = ["median" if q == 0.5 else f"p{100 * q:g}" for q in QUANTILES]
    return {"mean": found.mean} | (dict(zip(names, found.quantiles, strict=True)) if found.quantiles else {})
