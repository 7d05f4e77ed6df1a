"""Amounts that chance decides: how long a reward takes, how much somebody pays, how often somebody comes."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from lab.simulate.course import is_number

Floats = NDArray[np.float64]
SPREADS = "a number, {exponential: mean}, {uniform: [least, most]} or {lognormal: {median: m, sigma: s}}"
TIMES = "a whole number from 1 on, or {mean: m} with m from 1 on"


class Spread(NamedTuple):
    """A distribution of amounts of 0 or more. first, second: its parameters, in the order in which the file names them."""

    kind: Literal["fixed", "exponential", "uniform", "lognormal"]
    first: float
    second: float = 0.0

    def draw(self, rng: np.random.Generator, n: int) -> Floats:
        """So many amounts."""
        match self.kind:
            case "exponential":
                return rng.exponential(self.first, n)
            case "uniform":
                return rng.uniform(self.first, self.second, n)
            case "lognormal":
                return self.first * np.exp(self.second * rng.standard_normal(n))
        return np.full(n, self.first)

    def share_within(self, most: float) -> float:
        """The probability of at most so much."""
        match self.kind:
            case "exponential":
                return -math.expm1(-most / self.first)
            case "uniform":
                return min(max((most - self.first) / (self.second - self.first), 0.0), 1.0)
            case "lognormal":
                return 0.5 * math.erfc(-math.log(most / self.first) / self.second / math.sqrt(2)) if most > 0 else 0.0
        return float(self.first <= most)


AT_ONCE = Spread("fixed", 0.0)
# For means over a standard normal variable (Gauss and Hermite).
PLACES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


def probabilities(mean: float, deviation: float, luck: Floats) -> Floats:
    """Of visitors whose log odds differ by `deviation` times their luck, which is standard normal; on average it is `mean`."""
    if mean in (0.0, 1.0) or not deviation:
        return np.full(luck.shape, mean)
    return expit(_centre(mean, deviation) + deviation * luck)


@lru_cache(maxsize=100_000)
def _centre(mean: float, deviation: float) -> float:
    """The log odds of the visitor in the middle: those of the mean itself would give more than the mean, where it is small."""
    weights = WEIGHTS / WEIGHTS.sum()
    reach = 10 + deviation**2
    return float(brentq(lambda middle: weights @ expit(middle + deviation * PLACES) - mean, logit(mean) - reach, logit(mean) + reach))


class Times(NamedTuple):
    """How often somebody comes: once at least. is_fixed: everybody as often; otherwise each time may be the last (geometric)."""

    mean: float = 1.0
    is_fixed: bool = True

    @property
    def is_once(self) -> bool:
        """Nobody comes again."""
        return self.mean == 1

    def draw(self, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
        """How often each of so many visitors comes."""
        return np.full(n, round(self.mean)) if self.is_fixed else rng.geometric(1 / self.mean, n)

    def never(self, probability: float) -> float:
        """The probability that what happens each time with this probability happens to a visitor never."""
        spared = 1 - probability
        if self.is_fixed:
            return float(spared**self.mean)
        last = 1 / self.mean
        return last * spared / (1 - (1 - last) * spared)


def spread(said: Any) -> Spread:  # noqa: ANN401 - whatever the file says
    """What a world's file says. ValueError completes the sentence “… is …, must be …”."""
    if isinstance(said, Spread):
        return said
    if is_number(said) and said >= 0:
        return Spread("fixed", float(said))
    match said:
        case {"exponential": mean} if len(said) == 1 and _positive(mean):
            return Spread("exponential", float(mean))
        case {"uniform": [least, most]} if len(said) == 1 and is_number(least) and is_number(most) and 0 <= least < most:
            return Spread("uniform", float(least), float(most))
        case {"lognormal": {"median": median, "sigma": sigma, **rest}} if len(said) == 1 and not rest:
            if _positive(median) and _positive(sigma):
                return Spread("lognormal", float(median), float(sigma))
    raise ValueError(SPREADS)


def times(said: Any) -> Times:  # noqa: ANN401 - whatever the file says
    """What a world's file says. ValueError completes the sentence “… is …, must be …”."""
    if isinstance(said, Times):
        return said
    if is_number(said) and said >= 1 and said == int(said):
        return Times(float(said))
    if isinstance(said, Mapping) and set(said) == {"mean"} and is_number(said["mean"]) and said["mean"] >= 1:
        return Times(float(said["mean"]), is_fixed=said["mean"] == 1)
    raise ValueError(TIMES)


def _positive(value: object) -> bool:
    return is_number(value) and float(value) > 0  # type: ignore[arg-type]
