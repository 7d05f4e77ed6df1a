"""Which classes are the most probable ones."""

import heapq
from typing import NamedTuple

from serving.contract import Prediction

# Of more classes than fit on a line or a page, so many are shown.
SHOWN = 5


class Place(NamedTuple):
    """One class and its probability."""

    index: int
    label: str
    probability: float


def ranking(labels: tuple[str, ...], prediction: Prediction) -> list[Place]:
    """The most probable classes, at most SHOWN; among equals, the one that comes first in the labels."""
    probabilities = prediction.probabilities
    return [
        Place(index, labels[index], probabilities[index]) for index in heapq.nlargest(SHOWN, range(len(labels)), probabilities.__getitem__)
    ]
