"""What a sample comes down to: how many units, their means and their spread. Two samples merge into one.

Every field may also be an array with one entry per simulated run; the arithmetic is the same.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Moments(NamedTuple):
    """One number per unit. n: units. mean: 0 without units. squares: the sum of squared deviations from the mean."""

    n: Any = 0
    mean: Any = 0.0
    squares: Any = 0.0

    @classmethod
    def of(cls, values: ArrayLike) -> "Moments":
        """Of the values themselves, one per unit. ValueError if one is not finite."""
        numbers = _finite("values", values)
        if not numbers.size:
            return cls()
        mean = float(numbers.mean())
        return cls(int(numbers.size), mean, float(np.sum((numbers - mean) ** 2)))

    @classmethod
    def of_sums(cls, n: int, total: float, total_of_squares: float) -> "Moments":
        """Of sums as a database gives them: loses digits where the mean is large beside the spread; `of` does not."""
        if n < 1:
            return cls()
        return cls(n, total / n, max(total_of_squares - total * total / n, 0.0)).checked()

    def merged(self, other: "Moments") -> "Moments":
        """Both samples as one (Chan, Golub & LeVeque 1983)."""
        n = self.n + other.n
        share = other.n / np.maximum(n, 1)
        step = other.mean - self.mean
        return Moments(n, self.mean + step * share, self.squares + other.squares + step * step * self.n * share)

    def checked(self) -> "Moments":
        """The same as plain numbers; ValueError if no sample has these moments."""
        if not (np.isfinite(self.mean) and np.isfinite(self.squares) and self.squares >= 0):
            raise ValueError(f"The moments are mean {self.mean} and squares {self.squares}, must be finite, squares 0 or more.")
        if self.n != int(self.n) or self.n < 0:
            raise ValueError(f"n is {self.n}, must be a whole number of 0 or more.")
        return Moments(int(self.n), float(self.mean), float(self.squares)) if self.n else Moments()


class PairMoments(NamedTuple):
    """Two numbers per unit, x below the line and y above it: requests and seconds, visits and clicks.

    squares_x, squares_y: sums of squared deviations from the means. products: the sum of the products of both deviations.
    """

    n: Any = 0
    mean_x: Any = 0.0
    mean_y: Any = 0.0
    squares_x: Any = 0.0
    squares_y: Any = 0.0
    products: Any = 0.0

    @classmethod
    def of(cls, x: ArrayLike, y: ArrayLike) -> "PairMoments":
        """Of the pairs themselves. ValueError if one is not finite, x is negative, or the lengths differ."""
        below, above = _finite("x", x), _finite("y", y)
        if below.shape != above.shape:
            raise ValueError(f"x has {below.size} values and y has {above.size}, must be as many.")
        if below.size and below.min() < 0:
            raise ValueError(f"x has the value {below.min()}, must be 0 or more.")
        return cls._of(below, above) if below.size else cls()

    @classmethod
    def _of(cls, x: NDArray[np.float64], y: NDArray[np.float64]) -> "PairMoments":
        off_x, off_y = x - x.mean(), y - y.mean()
        sums = (np.sum(off_x**2), np.sum(off_y**2), np.sum(off_x * off_y))
        return cls(int(x.size), float(x.mean()), float(y.mean()), *map(float, sums))

    @classmethod
    def of_one(cls, moments: Moments) -> "PairMoments":
        """One number per unit as a ratio: y is that number and x is 1."""
        n, mean, squares = moments
        nothing = 0.0 * np.asarray(squares, dtype=np.float64)
        return cls(n, 1.0 * (np.asarray(n) > 0), mean, nothing, squares, nothing)

    def merged(self, other: "PairMoments") -> "PairMoments":
        """Both samples as one."""
        n = self.n + other.n
        share = other.n / np.maximum(n, 1)
        step_x, step_y, both = other.mean_x - self.mean_x, other.mean_y - self.mean_y, self.n * share
        return PairMoments(
            n,
            self.mean_x + step_x * share,
            self.mean_y + step_y * share,
            self.squares_x + other.squares_x + step_x * step_x * both,
            self.squares_y + other.squares_y + step_y * step_y * both,
            self.products + other.products + step_x * step_y * both,
        )

    def checked(self) -> "PairMoments":
        """The same as plain numbers; ValueError if no sample has these moments."""
        x, y = Moments(self.n, self.mean_x, self.squares_x).checked(), Moments(self.n, self.mean_y, self.squares_y).checked()
        if x.mean < 0:
            raise ValueError(f"The mean of x is {x.mean}, must be 0 or more.")
        # Cauchy and Schwarz, with room for rounding.
        if not abs(self.products) <= np.sqrt(x.squares * y.squares) * (1 + 1e-6) + 1e-9 * (1 + abs(x.mean * y.mean)) * (1 + x.n):
            raise ValueError(f"products is {self.products}, beyond what squares_x {x.squares} and squares_y {y.squares} allow.")
        return PairMoments(x.n, x.mean, y.mean, x.squares, y.squares, float(self.products)) if x.n else PairMoments()


NO_PAIRS = PairMoments()


def _finite(name: str, values: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64).ravel()
    if not np.all(np.isfinite(numbers)):
        raise ValueError(f"{name} has the value {numbers[~np.isfinite(numbers)][0]}, must be finite.")
    return numbers
