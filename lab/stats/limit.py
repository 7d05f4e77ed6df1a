"""Holds one success rate (errors, slow requests) against a fixed limit: is it violated, is it satisfied, and where is the rate.

Robbins (1970); Howard, Ramdas, McAuliffe & Sekhon (2021), Time-uniform, nonparametric, nonasymptotic confidence sequences: the
likelihood ratio against the limit, averaged over a Beta prior cut off at the limit, never has a mean above 1 under the null.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike

from lab.stats.betas import Floats, log_beta_density, log_lower_tail, log_odds_of_counts, log_upper_tail
from lab.stats.counts import NOTHING, Counts
from lab.stats.evalue import NO_EVIDENCE, Evidence, Told, checked_alpha, threshold
from lab.stats.interval import Interval, met, of_json, to_json

# How many rates above the limit the restarting test bets on.
RATES = 32
Side = Literal["greater", "less"]


@dataclass(frozen=True, slots=True)
class LimitTest(Told):
    """Two e-processes and an interval for the rate of independent units, whose rate may follow from the past.

    limit: the rate allowed, strictly between 0 and 1. alpha: the level at which the running interval is kept.

    `violated` tests "the rate is at most the limit", at every look: half of its stake is on "above from the start", half is spread over
    "above from look k on" with shares 1/(k (k + 1)), so that a late break shows within looks (after Shin, Ramdas & Rinaldo 2024).
    `satisfied` tests "the rate is at least the limit". The interval is the two-sided beta-binomial one, a third statement: it is for
    showing, and need not agree with the other two about the limit itself. There is no `merge`: the looks are a sequence.
    """

    limit: float
    alpha: float = 0.05
    looks: int = 0
    totals: Counts = NOTHING
    restarts: tuple[float, ...] = (-math.inf,) * RATES
    violated: Evidence = NO_EVIDENCE
    satisfied: Evidence = NO_EVIDENCE
    kept: Interval | None = None

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"limit is {self.limit}, must be a rate between 0 and 1.")
        checked_alpha(self.alpha)
        if self.kept is None:
            object.__setattr__(self, "kept", Interval(0.0, 1.0, self.alpha))

    def update(self, block: Counts) -> Self:
        """One look later. An empty block is a look at which nothing was learnt: it changes nothing but `looks`."""
        block = Counts(*block).checked()
        if block.n == 0:
            return replace(self, looks=self.looks + 1)
        totals, look = self.totals.plus(block), self.looks + 1
        restarts = advanced(np.asarray(self.restarts), look, block.n, block.successes, self.limit)
        above, below = cut_both(totals, self.limit)
        violated = self.violated.seen(float(with_restarts(above, restarts, look)))
        satisfied = self.satisfied.seen(below)
        kept = met(self.kept, beta_binomial_interval(*totals, *prior(self.limit), self.alpha, self.kept))
        stakes = tuple(restarts.tolist())
        return replace(self, looks=look, totals=totals, restarts=stakes, violated=violated, satisfied=satisfied, kept=kept)

    @property
    def evidence(self) -> Evidence:
        """That of `violated`: its e-value is the one that guards."""
        return self.violated

    @property
    def estimate(self) -> float:
        """The rate seen; nan before anything was."""
        return self.totals.successes / self.totals.n if self.totals.n else math.nan

    def interval(self, alpha: float | None = None) -> Interval:
        """The rates not ruled out: at the test's own alpha the intersection over all looks, at another alpha this look's."""
        level = self.alpha if alpha is None else checked_alpha(alpha)
        if level == self.alpha:
            return self.kept
        now = beta_binomial_interval(self.totals.n, self.totals.successes, *prior(self.limit), level)
        return met(self.kept, now) if self.alpha < level else now

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        evidence = {"violated": self.violated.to_json(), "satisfied": self.satisfied.to_json(), "kept": to_json(self.kept)}
        restarts = [value if math.isfinite(value) else None for value in self.restarts]
        return {"limit": self.limit, "alpha": self.alpha, "looks": self.looks, "totals": list(self.totals), "restarts": restarts} | evidence

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        evidence = {name: Evidence.from_json(said[name]) for name in ("violated", "satisfied")} | {"kept": of_json(said["kept"])}
        restarts = tuple(-math.inf if value is None else value for value in said["restarts"])
        return cls(**said | evidence | {"totals": Counts(*said["totals"]), "restarts": restarts})


def prior(limit: float) -> tuple[float, float]:
    """The Beta prior with mean `limit` that is as vague as one success: Beta(1, 1/limit - 1)."""
    return 1.0, 1 / limit - 1


def cut_log_e(n: ArrayLike, successes: ArrayLike, limit: float, side: Side) -> Floats:
    """log e of "above" ("greater") or "below" ("less") the limit for these totals; arrays broadcast.

    The average over the prior cut off at the limit, by the ratio of the densities at the limit (Dickey 1971) and of the tails.
    """
    a, b = _posterior(n, successes, limit)
    tail = log_upper_tail(limit, a, b) if side == "greater" else log_lower_tail(limit, a, b)
    return tail + _prior_terms(limit)[side] - log_beta_density(limit, a, b)


def cut_both(totals: Counts, limit: float) -> tuple[float, float]:
    """`cut_log_e` of both sides for one test."""
    a, b = _posterior(*totals, limit)
    density, terms = float(log_beta_density(limit, a, b)), _prior_terms(limit)
    above, below = float(log_upper_tail(limit, a, b)), float(log_lower_tail(limit, a, b))
    return above + terms["greater"] - density, below + terms["less"] - density


def _posterior(n: ArrayLike, successes: ArrayLike, limit: float) -> tuple[Floats, Floats]:
    a, b = prior(limit)
    return a + np.asarray(successes, dtype=np.float64), b + (np.asarray(n, dtype=np.float64) - np.asarray(successes, dtype=np.float64))


@lru_cache(maxsize=64)
def _prior_terms(limit: float) -> dict[str, float]:
    """The log density of the prior at the limit, less the log of its share on each side."""
    a, b = prior(limit)
    density = float(log_beta_density(limit, a, b))
    return {"greater": density - float(log_upper_tail(limit, a, b)), "less": density - float(log_lower_tail(limit, a, b))}


def advanced(restarts: Floats, look: int, n: ArrayLike, successes: ArrayLike, limit: float) -> Floats:
    """The restarting test's log stakes per rate, shape (..., RATES), after one more block of shape (...), `look` counting from 1."""
    ratios = log_odds_of_counts(np.asarray(n)[..., None], np.asarray(successes)[..., None], rates_above(limit), limit)
    return np.logaddexp(restarts, -math.log(look * (look + 1))) + ratios


def violated_log_e(n: ArrayLike, successes: ArrayLike, restarts: Floats, look: int, limit: float) -> Floats:
    """log e of "violated": half from the start, half restarting, of which 1/(look + 1) has not been staked yet."""
    return with_restarts(cut_log_e(n, successes, limit, "greater"), restarts, look)


def with_restarts(from_start: ArrayLike, restarts: Floats, look: int) -> Floats:
    """log e of "violated" from both halves of its stake: from the start, and restarting."""
    late = np.logaddexp(np.logaddexp.reduce(restarts, axis=-1) - math.log(RATES), -math.log(look + 1))
    return np.logaddexp(from_start, late) - math.log(2)


def violated_paths(n: ArrayLike, successes: ArrayLike, limit: float) -> Floats:
    """The log e-value of "violated" after each look of many runs, for simulations: `n` and `successes` broadcast to (runs, looks)."""
    n, successes = np.broadcast_arrays(np.asarray(n), np.asarray(successes))
    totals, hits = n.cumsum(axis=1), successes.cumsum(axis=1)
    restarts, log_e = np.full((n.shape[0], RATES), -np.inf), np.empty(n.shape)
    for look in range(n.shape[1]):
        restarts = advanced(restarts, look + 1, n[:, look], successes[:, look], limit)
        log_e[:, look] = violated_log_e(totals[:, look], hits[:, look], restarts, look + 1, limit)
    return log_e


@lru_cache(maxsize=64)
def rates_above(limit: float) -> Floats:
    """RATES rates above the limit, equally likely under the prior cut off there."""
    a, b = prior(limit)
    shares = (np.arange(RATES) + 0.5) / RATES
    rates = np.clip(scipy.special.betainccinv(a, b, shares * scipy.special.betaincc(a, b, limit)), limit, 1 - 1e-12)
    rates.setflags(write=False)
    return rates


def beta_binomial_log_e(n: ArrayLike, successes: ArrayLike, a: float, b: float, rate: ArrayLike) -> Floats:
    """log e against one rate, two-sided, averaged over Beta(a, b): the ratio of the densities at the rate (Dickey 1971)."""
    s, failures = np.asarray(successes, dtype=np.float64), np.asarray(n, dtype=np.float64) - np.asarray(successes, dtype=np.float64)
    return log_beta_density(rate, a, b) - log_beta_density(rate, a + s, b + failures)


def beta_binomial_interval(n: int, successes: int, a: float, b: float, alpha: float, known: Interval | None = None) -> Interval:
    """All rates with a two-sided e-value below 1/alpha after these totals: valid at every look (no intersection taken here).

    `known` saves the work: it is returned if it lies inside.
    """
    if n == 0:
        return Interval(0.0, 1.0, alpha)
    # e(x) = e(peak) exp(divergence of x from the peak), so a scalar equation per end remains.
    peak = min(max(successes / n, 1e-15), 1 - 1e-15)
    spare = threshold(alpha) - float(beta_binomial_log_e(n, successes, a, b, peak))
    if known and 0 < known.low < peak < known.high < 1 and n * max(_divergence(peak, known.low), _divergence(peak, known.high)) < spare:
        return known
    low = 0.0 if successes == 0 else _end(n, peak, spare, 1e-300)
    high = 1.0 if successes == n else _end(n, peak, spare, 1 - 1e-16)
    return Interval(low, high, alpha)


def _end(n: int, peak: float, spare: float, edge: float) -> float:
    """Where, on the way from the peak to the edge, n times the divergence has used up what is to spare."""
    if n * _divergence(peak, edge) <= spare:
        return round(edge)
    return scipy.optimize.brentq(lambda x: n * _divergence(peak, x) - spare, peak, edge, xtol=1e-300, rtol=1e-13)


def _divergence(p: float, q: float) -> float:
    """Kullback and Leibler's, of two coins: p log(p/q) + (1 - p) log((1 - p)/(1 - q)), without cancellation."""
    return _part(p, q) + _part(1 - p, 1 - q)


def _part(x: float, mean: float) -> float:
    change = (x - mean) / mean
    return mean * ((1 + change) * math.log1p(change) - change) if change > -1 else mean
