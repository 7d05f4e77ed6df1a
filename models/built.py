"""What a model folder's `build.py` hands back."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from onnx import ModelProto

from models.cards import Accuracy, Parity


class Effort(NamedTuple):
    """How much to spend on a stand-in."""

    pictures: int  # rendered per label, to train on
    held_out: int  # rendered per label, to count right answers on
    epochs: int


# Both picture models in about three minutes on two cores.
FULL = Effort(pictures=180, held_out=50, epochs=12)


class Built(NamedTuple):
    """A finished graph and what its card will say."""

    graph: ModelProto
    input: str
    labels: tuple[str, ...]
    notes: str
    parity: Parity | None = None
    accuracy: Accuracy | None = None


# Makes a model from nothing.
Build = Callable[[Effort], Built]

# Makes a model from published weights. Raises Unusable when they do not fit.
Convert = Callable[[Path], Built]
