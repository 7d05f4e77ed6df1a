"""Makes imagenet.onnx and plant.onnx from the published networks in 8-bit integers."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models import fruit, litert
from models.built import Built
from models.cards import Parity
from models.errors import Unusable
from models.from_tflite import to_onnx
from models.labels import read_labels, write_labels
from models.parity import compare
from models.run import run
from models.tflite import read

NOTES = "MobileNet v2 (Sandler et al. 2018) in 8-bit integers, as published for the Coral Edge TPU. Probabilities are whole 256ths."

PREPROCESSING = "Upright, on white; the shorter side scaled to {side} pixels (bilinear), the middle square cut out."

# So many sample pictures, and as many of noise, are compared.
COMPARED = 16

# LiteRT's own kernels differ from each other by so much; a graph that was written wrongly by more.
MAX_ABS_DP = 0.1


def imagenet(weights: Path, labels: Path) -> Built:
    """Things of all kinds; what is none of them is the first class. Raises Unusable when the files do not fit."""
    return _built(weights, labels, "first")


def plant(weights: Path, labels: Path) -> Built:
    """Plants; what is none is the last class. Raises Unusable when the files do not fit."""
    return _built(weights, labels, "last")


def _built(weights: Path, labels: Path, background: Literal["first", "last"]) -> Built:
    network = read(weights)
    names = read_labels(labels, network.gives.shape[-1], background)
    graph = to_onnx(network)
    write_labels(graph, names)
    height, width = network.takes.shape[1:3]
    pictures = _pictures(height, width)
    parity = _checked(compare(litert.run(weights, pictures), run(graph, pictures), "LiteRT", "pictures"))
    takes = f"uint8 [batch, {height}, {width}, 3]: RGB"
    return Built(graph, takes, names, NOTES, parity, preprocessing=PREPROCESSING.format(side=height))


def _checked(parity: Parity) -> Parity:
    if not parity.max_abs_dp <= MAX_ABS_DP:
        raise Unusable(f"The exported graph and LiteRT differ by {parity.max_abs_dp:.1e} in probability, more than {MAX_ABS_DP}.")
    return parity


def _pictures(height: int, width: int) -> NDArray[np.uint8]:
    """Pictures of this size (n, height, width, 3)."""
    every = fruit.samples().pixels
    chosen = every[np.linspace(0, len(every) - 1, COMPARED).round().astype(int)]
    drawn = [np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)) for pixels in chosen]
    return np.concatenate([drawn, np.random.default_rng(0).integers(256, size=(COMPARED, height, width, 3), dtype=np.uint8)])
