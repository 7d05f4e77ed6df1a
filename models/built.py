"""What a model folder's `build.py` hands back."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from onnx import ModelProto

from models.cards import Accuracy, Parity


class Effort(NamedTuple):
    """How much to spend on a stand-in."""

    pictures: int  # rendered per label, to train a head on; a network trained whole takes a multiple
    held_out: int  # rendered per label, to count right answers on
    epochs: int


# Both picture models in about three minutes on two cores.
FULL = Effort(pictures=100, held_out=50, epochs=10)


class Built(NamedTuple):
    """A finished graph and what its card will say."""

    graph: ModelProto
    input: str
    labels: tuple[str, ...]
    notes: str
    parity: Parity | None = None
    accuracy: Accuracy | None = None
    preprocessing: str | None = None
    threads: int | None = None  # for one prediction; None: every core


# Makes a model from nothing.
Build = Callable[[Effort], Built]

# Makes a model from published weights, or from another artifact. Raises Unusable when they do not fit.
# A plan that names files beside the weights has them handed over, too.
Convert = Callable[[Path], Built]
