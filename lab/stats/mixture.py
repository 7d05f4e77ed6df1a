"""The normal mixture: turns a score and its variance into an e-value, and an e-value back into a boundary.

A score S with variance V, no drift under the null, gives exp(uS - u^2 V/2), a martingale of mean 1 for every u. Averaged over u from
N(0, 1/rho) it becomes sqrt(rho/(V + rho)) exp(S^2 / (2 (V + rho))) (Robbins 1970; Howard, Ramdas, McAuliffe & Sekhon 2021), and over
the half-normal one a one-sided e-value. The mixture sequential probability ratio test, generalised always-valid inference and the
asymptotic confidence sequence are this formula with different rho.

Here the variance is measured in units of one observation's variance: `information` is V over that, `t` is S / sqrt(V). All functions
take numbers or arrays of one shape.
"""

import math
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from lab.stats.evalue import checked_alpha, threshold

Number = float | NDArray[np.float64]
Side = Literal["two-sided", "greater", "less"]
SIDES = ("two-sided", "greater", "less")


def tuned_rho(information: float, alpha: float = 0.05, side: Side = "two-sided") -> float:
    """The rho with nearly the tightest boundary at `information` (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024)."""
    if not information > 0:
        raise ValueError(f"The planned information is {information}, must be above 0.")
    level = checked_alpha(alpha) * (1 if side == "two-sided" else 2)
    spread = -2 * math.log(min(level, 0.999))
    return information / (spread + math.log1p(spread))


def log_e_two_sided(t: Number, information: Number, rho: float) -> NDArray[np.float64]:
    """The log e-value against "no drift", from t = S / sqrt(V)."""
    i = np.asarray(information, dtype=np.float64)
    return 0.5 * np.log(rho / (i + rho)) + np.square(t) * i / (2 * (i + rho))


def log_e_greater(t: Number, information: Number, rho: float) -> NDArray[np.float64]:
    """The log e-value against "drift of 0 or less"."""
    i = np.asarray(information, dtype=np.float64)
    return math.log(2) + 0.5 * np.log(rho / (i + rho)) + _log_upper(np.asarray(t) * np.sqrt(i / (i + rho)))


def log_e_of(t: Number, information: Number, rho: float, side: Side) -> NDArray[np.float64]:
    """The log e-value for a side: "greater" is against drift of 0 or less, "less" against 0 or more."""
    if side == "two-sided":
        return log_e_two_sided(t, information, rho)
    return log_e_greater(t if side == "greater" else -np.asarray(t), information, rho)


def boundary(information: Number, rho: float, alpha: float, side: Side = "two-sided") -> NDArray[np.float64]:
    """The t at which the e-value reaches 1/alpha; infinite without information."""
    i = np.asarray(information, dtype=np.float64)
    with np.errstate(divide="ignore"):
        stretch = np.sqrt((i + rho) / i)
    level = threshold(alpha) + 0.5 * np.log((i + rho) / rho)
    return stretch * (np.sqrt(2 * level) if side == "two-sided" else _inverse_log_upper(level - math.log(2)))


def _log_upper(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """z^2/2 + log Phi(z), without cancellation where z is far below 0."""
    below = np.minimum(z, 0.0)
    lower = np.log(scipy.special.erfcx(-below / math.sqrt(2)) / 2)
    return np.where(z < 0, lower, np.square(z) / 2 + scipy.special.log_ndtr(np.maximum(z, 0.0)))


def _inverse_log_upper(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """The z with z^2/2 + log Phi(z) = level, by Newton's method: the function is convex, and the start lies above the root."""
    z = np.sqrt(2 * np.maximum(level + math.log(2), 0.0))
    for _ in range(60):
        # d/dz = z + phi(z)/Phi(z) = 1/(sqrt(2 pi) exp(z^2/2) Phi(z)) + z, from the same function.
        step = (_log_upper(z) - level) / (z + np.exp(-_log_upper(z)) / math.sqrt(2 * math.pi))
        z = z - step
        if np.all(np.abs(step) <= 1e-14 * (1 + np.abs(z))):
            break
    return z
