"""A concave log-likelihood of one parameter, kept as its values at a few points: read it anywhere, average it over a prior.

The log-likelihoods here are sums of terms c x - log P(exp(x)), where the polynomial P has only negative real roots. They are analytic
up to a distance of pi from the real line, so their interpolant through Chebyshev points is exact to rounding: with 49 points on
[-4, 4] its error shrinks like 2.06^-49, 5e-16 (Trefethen 2013, Approximation Theory and Approximation Practice, chapter 8).
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Density = Callable[[Floats], Floats]

# Where the integrand is below exp(-45) of its largest value it adds nothing.
_NEGLIGIBLE = 45.0
# Where the search for the integrand's support begins.
_PLACES = 257
_GAUSS = np.polynomial.legendre.leggauss(48)


@lru_cache(maxsize=16)
def chebyshev_points(reach: float, number: int) -> Floats:
    """`number` Chebyshev points of the second kind on [-reach, reach], in rising order, ends included."""
    points = reach * np.sin(np.pi * (np.arange(number) / (number - 1) - 0.5))
    points.setflags(write=False)
    return points


def interpolation(points: Floats, at: ArrayLike) -> Floats:
    """The (m, points) matrix that turns values at Chebyshev points into values at the m places `at` (Berrut & Trefethen 2004)."""
    distance = np.asarray(at, dtype=np.float64)[:, None] - points
    hits = distance == 0
    terms = _weights(points.size) / np.where(hits, 1.0, distance)
    terms = np.where(hits.any(axis=1, keepdims=True), hits, terms)
    return terms / terms.sum(axis=1, keepdims=True)


@lru_cache(maxsize=16)
def _coarse(reach: float, number: int) -> tuple[Floats, Floats]:
    places = np.linspace(-reach, reach, _PLACES)
    return places, interpolation(chebyshev_points(reach, number), places)


class Curve:
    """A concave function on [-reach, reach], given by its values at `chebyshev_points(reach, len(values))`."""

    def __init__(self, values: Floats, reach: float) -> None:
        self.values, self.reach = values, reach
        self.points = chebyshev_points(reach, len(values))
        self._places, matrix = _coarse(reach, len(values))
        self._rough = matrix @ values
        self._columns = np.stack([values, np.ones(len(values))], axis=1)

    def at(self, x: ArrayLike) -> Floats:
        """Values at the places `x`, shape (m,). Outside the reach an upper bound: the line through the two outermost points."""
        places = np.atleast_1d(np.asarray(x, dtype=np.float64))
        inside = np.minimum(np.maximum(places, -self.reach), self.reach)
        beyond = places - inside
        within = self._inside(inside)
        return within + np.where(beyond > 0, self._slope(-1), self._slope(0)) * beyond if beyond.any() else within

    def _inside(self, places: Floats) -> Floats:
        distance = places[:, None] - self.points
        if not distance.all():
            return interpolation(self.points, places) @ self.values
        sums = (_weights(self.points.size) / distance) @ self._columns
        return sums[:, 0] / sums[:, 1]

    def log_mean(self, log_density: Density, low: float, high: float) -> float:
        """log of the integral of exp(curve + log_density) over [low, high] within the reach; `log_density` must be concave too."""
        low, high = self._where_it_matters(log_density, max(low, -self.reach), min(high, self.reach))
        if not low < high:
            return -math.inf
        x = (low + high) / 2 + (high - low) / 2 * _GAUSS[0]
        total = self.at(x) + log_density(x)
        top = float(total.max())
        return top + math.log(float(np.exp(total - top) @ _GAUSS[1]) * (high - low) / 2)

    def log_normal_mean(self, centre: float, scale: float, low: float, high: float) -> float:
        """log of the mean of exp(curve) over N(centre, scale^2) restricted to [low, high], which lies within the reach."""
        return self.log_mean(lambda x: log_normal_density(x, centre, scale, low, high), low, high)

    def peak(self) -> float:
        """Where it is largest: an end of the reach where it rises to there; nan where it is flat."""
        slopes = _differentiation(self.reach, len(self.values)) @ self.values
        if not slopes.any():
            return math.nan
        if slopes[0] <= 0 or slopes[-1] >= 0:
            return -self.reach if slopes[0] <= 0 else self.reach
        first = int((slopes <= 0).argmax())
        return _root(lambda x: _read(self.points, slopes, x), float(self.points[first - 1]), float(self.points[first]))

    def above(self, level: float, inside: float) -> tuple[float, float]:
        """Both ends of where the curve is above `level`, given a place `inside` where it is. An end may be infinite."""
        return self._end(level, inside, -1), self._end(level, inside, 1)

    def _end(self, level: float, inside: float, side: int) -> float:
        """Where the curve comes down to the level, or a bound beyond that place."""
        edge, slope = side * self.reach, side * self._slope(-1 if side > 0 else 0)
        spare = float(self.values[-1 if side > 0 else 0]) - level
        if spare > 0:
            return edge + side * spare / -slope if slope < -1e-9 else side * math.inf
        # A little beyond the place that is found, so that rounding cuts nothing off.
        return _root(lambda x: _read(self.points, self.values, x) - level, inside, edge) + side * 1e-11

    def _slope(self, end: int) -> float:
        """The slope of the line through the two outermost points. The curve bends down, so beyond the end it stays below that line."""
        other = -2 if end == -1 else 1
        return float((self.values[end] - self.values[other]) / (self.points[end] - self.points[other]))

    def _where_it_matters(self, log_density: Density, low: float, high: float) -> tuple[float, float]:
        """Narrows [low, high] to where curve + log_density is within 45 of its top."""
        step = 2 * self.reach / (_PLACES - 1)
        first, last = max(math.floor((low + self.reach) / step), 0), min(math.ceil((high + self.reach) / step), _PLACES - 1)
        x = self._places[first : last + 1]
        total = self._rough[first : last + 1] + log_density(x)
        for _ in range(12):
            ends, kept = _kept(x, total)
            low, high = max(low, ends[0]), min(high, ends[1])
            if kept >= 8 or not low < high:
                break
            x = np.linspace(low, high, 33)
            total = self.at(x) + log_density(x)
        return low, high


def _kept(x: Floats, total: Floats) -> tuple[tuple[float, float], int]:
    """The places around those within 45 of the top, and how many those are."""
    kept = (total > total.max() - _NEGLIGIBLE).nonzero()[0]
    first, last = max(int(kept[0]) - 1, 0), min(int(kept[-1]) + 1, len(x) - 1)
    return (float(x[first]), float(x[last])), len(kept)


def log_normal_density(x: Floats, centre: float, scale: float, low: float, high: float) -> Floats:
    """The log density at x of N(centre, scale^2) restricted to [low, high]."""
    inside = (math.erf((high - centre) / scale / math.sqrt(2)) - math.erf((low - centre) / scale / math.sqrt(2))) / 2
    return -(((x - centre) / scale) ** 2) / 2 - math.log(scale * math.sqrt(2 * math.pi) * inside)


def normal_grid(
    parts: Sequence[tuple[float, float]], centre: float, low: float, high: float, inside: int
) -> tuple[Floats, Floats]:
    """Places and log weights, summing to 1, for a mixture of normals restricted to [low, high]: (share, scale) of each part.

    `inside` Gauss-Legendre places lie within six of the first scale, 24 on each side of that.
    """
    near = [centre + sign * 6 * parts[0][1] for sign in (-1, 1)]
    edges = [low, *(edge for edge in near if low < edge < high), high]
    pieces = [_gauss(a, b, inside if near[0] < (a + b) / 2 < near[1] else 24) for a, b in pairwise(edges)]
    grid, weights = (np.concatenate(rows) for rows in zip(*pieces, strict=True))
    density = sum(share * np.exp(log_normal_density(grid, centre, scale, low, high)) for share, scale in parts)
    weights = weights * np.maximum(density, 1e-300)
    return grid, np.log(weights / weights.sum())


def _gauss(low: float, high: float, number: int) -> tuple[Floats, Floats]:
    nodes, weights = np.polynomial.legendre.leggauss(number)
    return (low + high) / 2 + (high - low) / 2 * nodes, weights * (high - low) / 2


def _root(function: Callable[[float], float], inside: float, outside: float) -> float:
    """Where a function that is positive `inside` turns negative on the way to `outside`."""
    return float(scipy.optimize.brentq(function, inside, outside, xtol=1e-12, rtol=1e-13)) if function(inside) > 0 else inside


def _read(points: Floats, values: Floats, x: float) -> float:
    """The interpolant at one place."""
    distance = x - points
    near = int(np.abs(distance).argmin())
    if distance[near] == 0:
        return float(values[near])
    terms = _weights(points.size) / distance
    return float(terms @ values / terms.sum())


@lru_cache(maxsize=16)
def _weights(number: int) -> Floats:
    weights = np.where(np.arange(number) % 2, -1.0, 1.0)
    weights[[0, -1]] /= 2
    weights.setflags(write=False)
    return weights


@lru_cache(maxsize=16)
def _differentiation(reach: float, number: int) -> Floats:
    """The matrix that turns values at the points into slopes there (Trefethen 2000, Spectral Methods in MATLAB, chapter 6)."""
    points, weights = chebyshev_points(reach, number), _weights(number)
    distance = points[:, None] - points + np.eye(number)
    matrix = weights / weights[:, None] / distance
    np.fill_diagonal(matrix, 0.0)
    return matrix - np.diag(matrix.sum(axis=1))
