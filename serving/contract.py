"""What a model is: it loads once and predicts many.

A model lives in a folder `app_<name>/` whose `model.py` has one function:

    def load(variant: str) -> Model

`variant` is the wire name under which the service runs, so that one folder can hold several variants.
"""

from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving.cards import Card


class Picture(NamedTuple):
    """The model takes a picture."""

    side: int
    """Pixels of the shorter side that the model looks at; large JPEGs are decoded at no less than twice this."""
    sample: Path
    """A picture to try the model with."""


class Measurements(NamedTuple):
    """The model takes named numbers."""

    names: tuple[str, ...]
    """One name per number, units last: `sepal_length_cm`."""
    sample: tuple[float, ...]
    """A row to try the model with."""


Takes: TypeAlias = Picture | Measurements
Input: TypeAlias = Image.Image | tuple[float, ...]

# What a model makes of an input: numbers, or bytes for a network in 8-bit integers.
Array: TypeAlias = NDArray[np.float32] | NDArray[np.uint8]


class Outlier(NamedTuple):
    """How unlike the training data an input is."""

    is_outlier: bool
    score: float
    """Signed decision value: the lower, the stranger."""


class Prediction(NamedTuple):
    """What a model says of one input."""

    probabilities: tuple[float, ...]
    """One per label, in the order of the labels, summing to 1 as exactly as the model computes."""
    outlier: Outlier | None = None

    @property
    def best(self) -> int:
        """Index of the most probable label."""
        return int(np.argmax(self.probabilities))


class Artifact(NamedTuple):
    """The file that a model was loaded from."""

    path: Path
    sha256: str
    stand_in: bool
    """True when it replaces published weights that were out of reach; it claims no quality."""
    card: Card | None = None
    """What is known about it, if it was found by `serving.artifacts.find`."""

    @property
    def version(self) -> str:
        """The digest's first 12 hex digits: short enough to read, long enough to tell files apart."""
        return self.sha256[:12]


class Model(Protocol):
    """A loaded model.

    One that needs more files than its artifact may name them in `parts: tuple[Artifact, ...]`; their cards are shown with its own.
    One of pictures whose clients expect nothing but a label may say `bare_label = True`: see serving.label_face.
    """

    takes: Takes
    labels: tuple[str, ...]
    artifact: Artifact
    prediction_sample: list[float] | str
    """An example of `probabilities`, shown by /metadata."""

    def prepare(self, item: Input) -> Array:
        """Turns one input into one row of a batch (without the batch axis)."""
        ...

    def predict(self, batch: Array) -> list[Prediction]:
        """Predicts a batch; the result has as many predictions as the batch has rows."""
        ...


class ModelUnavailable(Exception):
    """The model cannot be loaded. Its text is a sentence for people: what is missing and what to do."""


class ModelOff(ModelUnavailable):
    """The model is not here, and the lab is meant to run without it: nobody had its weights, and nothing stands in for them."""
