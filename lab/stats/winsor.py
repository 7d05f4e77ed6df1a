"""Caps rare huge values at a high quantile of the past, so that one visitor does not decide an experiment.

The cap of a block comes from earlier blocks alone, both arms together: chosen without the values it cuts, and the same for both arms, it
cannot make variants differ that do not. What is compared afterwards is the mean of capped values.
"""

import math
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Values are remembered to within half a percent, in bins of a logarithmic scale.
STEP = math.log(1.005)


@dataclass(frozen=True, slots=True)
class Cap:
    """The past, and the cap it gives. share: the quantile. least: with fewer past values there is no cap.

    small: how many values were 0 or less. bins: (bin, how many values) of the others, in rising order; only what occurred.
    """

    share: float = 0.999
    least: int = 1_000
    looks: int = 0
    small: int = 0
    bins: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"The share is {self.share}, must be between 0 and 1.")

    @property
    def n(self) -> int:
        """How many values the past has."""
        return self.small + sum(count for _, count in self.bins)

    @property
    def value(self) -> float:
        """The cap for the next block, in the values' unit: infinite while the past is short or its quantile is not above 0."""
        wanted = self.share * self.n
        if self.n < max(self.least, 1) or self.small >= wanted:
            return math.inf
        reached = self.small + np.cumsum([count for _, count in self.bins])
        return math.exp((self.bins[int(np.searchsorted(reached, wanted))][0] + 1) * STEP)

    def update(self, values: ArrayLike) -> Self:
        """The past with one more block, uncapped, of both arms. ValueError if a value is not finite."""
        numbers = np.asarray(values, dtype=np.float64).ravel()
        if not np.all(np.isfinite(numbers)):
            raise ValueError(f"values has {numbers[~np.isfinite(numbers)][0]}, must be finite.")
        above = numbers[numbers > 0]
        found, counts = np.unique(np.floor(np.log(above) / STEP).astype(np.int64), return_counts=True)
        bins = Counter(dict(self.bins)) + Counter(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        return replace(self, looks=self.looks + 1, small=self.small + numbers.size - above.size, bins=tuple(sorted(bins.items())))

    def merge(self, other: Self) -> Self:
        """Both pasts as one."""
        bins = tuple(sorted((Counter(dict(self.bins)) + Counter(dict(other.bins))).items()))
        return replace(self, looks=self.looks + other.looks, small=self.small + other.small, bins=bins)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self) | {"bins": [list(one) for one in self.bins]}

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` gave, exactly."""
        return cls(**(said | {"bins": tuple((int(place), int(count)) for place, count in said["bins"])}))


def capped(values: ArrayLike, cap: float) -> NDArray[np.float64]:
    """The values, none above the cap."""
    return np.minimum(np.asarray(values, dtype=np.float64), cap)
