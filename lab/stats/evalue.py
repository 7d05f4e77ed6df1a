"""Evidence as e-values, always by their natural logarithm: thresholds, p-values and means.

An e-value is a non-negative statistic whose mean under the null hypothesis is at most 1 at any stopping time; it then
reaches 1/alpha with probability at most alpha (Ville 1939). So e >= 1/alpha may be acted on whenever it is seen.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Evidence:
    """An e-process so far: the e-value now and the largest one ever, by their natural logarithms. It starts at e = 1."""

    log_e: float = 0.0
    log_e_max: float = 0.0

    @property
    def p_value(self) -> float:
        """The always-valid p-value."""
        return always_valid_p(self.log_e_max)

    def crossed(self, alpha: float) -> bool:
        """Whether the e-value has ever reached 1/alpha: once so, always so."""
        return self.log_e_max >= threshold(alpha)

    def seen(self, log_e: float) -> Self:
        """The same process one look later."""
        return type(self)(log_e, max(self.log_e_max, log_e))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {"log_e": self.log_e, "log_e_max": self.log_e_max}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        return cls(float(said["log_e"]), float(said["log_e_max"]))


NO_EVIDENCE = Evidence()


class Told:
    """What every test tells of its evidence, in its field or property `evidence`."""

    __slots__ = ()
    evidence: Evidence

    @property
    def log_e(self) -> float:
        """The natural logarithm of the e-value now."""
        return self.evidence.log_e

    @property
    def log_e_max(self) -> float:
        """Its largest value over all looks."""
        return self.evidence.log_e_max

    @property
    def p_value(self) -> float:
        """The always-valid p-value of the null hypothesis: of a limit, that it is kept."""
        return self.evidence.p_value

    def crossed(self, alpha: float) -> bool:
        """Whether the e-value has ever reached 1/alpha: once so, always so."""
        return self.evidence.crossed(alpha)


def checked_alpha(alpha: float) -> float:
    """`alpha` itself; ValueError unless it is strictly between 0 and 1."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is {alpha}, must be between 0 and 1.")
    return alpha


def threshold(alpha: float) -> float:
    """The natural logarithm of 1/alpha: evidence at or above it crosses."""
    return -math.log(checked_alpha(alpha))


def always_valid_p(log_e_max: float) -> float:
    """The always-valid p-value min(1, 1/e) of the largest e-value so far, given by its logarithm (Johari et al. 2022)."""
    return math.exp(-log_e_max) if log_e_max > 0 else 1.0


def mean_log_e(log_es: Iterable[float]) -> float:
    """The logarithm of the mean of e-values given by their logarithms: an e-value again, whatever their dependence (Vovk & Wang 2021)."""
    values = np.asarray(list(log_es), dtype=np.float64)
    if values.size == 0:
        raise ValueError("There are 0 e-values to average, must be at least 1.")
    top = float(values.max())
    return top + math.log(float(np.exp(values - top).mean())) if math.isfinite(top) else top


def bonferroni_alpha(alpha: float, m: int) -> float:
    """The level for each of `m` tests so that any of them errs with probability at most `alpha`."""
    if m < 1:
        raise ValueError(f"The number of tests is {m}, must be at least 1.")
    return checked_alpha(alpha) / m
