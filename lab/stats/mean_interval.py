"""The mean of one variant with an interval that holds over all looks, to show beside the tests.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024): valid in large samples of units that do not
drift. It decides nothing here: comparisons and limits have statistics of their own.
"""

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lab.stats.evalue import checked_alpha
from lab.stats.interval import Interval, met, of_json, to_json
from lab.stats.mixture import Number, boundary, log_e_two_sided, tuned_rho
from lab.stats.moments import Moments

# Units at which the interval is nearly the shortest possible.
PLANNED_UNITS = 5_000


def radius(n: Number, variance: Number, rho: float, alpha: float) -> NDArray[np.float64]:
    """Half the interval's width: s sqrt((n + rho) log((n + rho) / (rho alpha^2))) / n. n: 1 or more."""
    return np.sqrt(np.asarray(variance) / n) * boundary(n, rho, alpha)


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """rho: the mixture's, in units. alpha: the level at which the running interval is kept."""

    rho: float = tuned_rho(PLANNED_UNITS)
    alpha: float = 0.05
    looks: int = 0
    moments: Moments = Moments()  # noqa: RUF009 - a tuple: immutable
    kept: Interval | None = None

    def __post_init__(self) -> None:
        checked_alpha(self.alpha)
        if not 0 < self.rho < math.inf:
            raise ValueError(f"rho is {self.rho}, must be finite and above 0.")
        if self.kept is None:
            object.__setattr__(self, "kept", Interval(-math.inf, math.inf, self.alpha))

    @classmethod
    def planned(cls, units: float = PLANNED_UNITS, alpha: float = 0.05) -> Self:
        """Tuned to be shortest at `units` units."""
        return cls(rho=tuned_rho(units, alpha), alpha=alpha)

    def update(self, block: Moments) -> Self:
        """One look further."""
        moments = Moments(*self.moments.merged(block.checked())).checked()
        now = replace(self, looks=self.looks + 1, moments=moments)
        return replace(now, kept=met(self.kept, now._interval_now(self.alpha)))

    @property
    def variance(self) -> float:
        """Of one unit; 0 with fewer than 2 units."""
        return self.moments.squares / (self.moments.n - 1) if self.moments.n > 1 else 0.0

    @property
    def estimate(self) -> float:
        """The mean; nan without units."""
        return self.moments.mean if self.moments.n else math.nan

    def log_e_at(self, null: float) -> float:
        """The current log e-value against "the mean is `null`"; 0 while no variance was seen."""
        if not self.variance > 0:
            return 0.0
        t = (self.moments.mean - null) / math.sqrt(self.variance / self.moments.n)
        return float(log_e_two_sided(t, self.moments.n, self.rho))

    def interval(self, alpha: float | None = None) -> Interval:
        """The means not ruled out: at its own alpha the intersection over all looks, at another alpha this look's. Infinite while no
        variance was seen."""
        level = self.alpha if alpha is None else checked_alpha(alpha)
        if level == self.alpha:
            return self.kept
        now = self._interval_now(level)
        return met(self.kept, now) if self.alpha < level else now

    def _interval_now(self, alpha: float) -> Interval:
        if not self.variance > 0:
            return Interval(-math.inf, math.inf, alpha)
        half = float(radius(self.moments.n, self.variance, self.rho, alpha))
        return Interval(self.moments.mean - half, self.moments.mean + half, alpha)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types; `from_json` restores the value exactly."""
        plain = {"rho": self.rho, "alpha": self.alpha, "looks": self.looks}
        return plain | {"moments": list(self.moments), "kept": to_json(self.kept)}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        return cls(**said | {"moments": Moments(*said["moments"]), "kept": of_json(said["kept"])})
