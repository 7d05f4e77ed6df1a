"""MobileNet v2 in 8-bit integers: one picture in, the probabilities of a thousand or two thousand classes out."""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving import pictures
from serving.artifacts import find
from serving.contract import Artifact, ModelUnavailable, Picture, Prediction
from serving.onnx import OnnxModel, Takes


class MobileNet:
    """Looks at the middle square of a picture, as bytes. Its file says how large that is and what the classes are called."""

    # The document that this serves expects `"Persian cat"` and a sample in words.
    bare_label = True
    prediction_sample = "[0.07093159, 0.01558308, 0.01348537, ...]"

    def __init__(self, artifact: Artifact, sample: Path) -> None:
        self.artifact = artifact
        self._network = OnnxModel(artifact.path)
        self.labels = _labels(artifact.path, self._network.notes)
        self.takes = Picture(_side(artifact.path, self._network.takes), sample)

    def prepare(self, item: Image.Image) -> NDArray[np.uint8]:
        """One RGB picture → uint8 (side, side, 3)."""
        return np.asarray(pictures.cut_square(item, self.takes.side))

    def predict(self, batch: NDArray[np.uint8]) -> list[Prediction]:
        """uint8 (rows, side, side, 3) → one prediction per row."""
        return [Prediction(tuple(row.tolist())) for row in self._network.run(batch)]


def load(variant: str) -> MobileNet:
    """Loads the network; `variant` names its file: `plant` → `plant.onnx`. SAMPLE_IMAGE_PATH replaces the picture to try it with."""
    sample = Path(os.environ.get("SAMPLE_IMAGE_PATH") or "sample_data/lemon/lemon_01.jpg")
    if not sample.is_file():
        raise ModelUnavailable(f"{sample} is missing. Check SAMPLE_IMAGE_PATH.")
    return MobileNet(find("app_mobilenet", f"{variant}.onnx"), sample)


def _labels(path: Path, notes: dict[str, str]) -> tuple[str, ...]:
    if "labels" not in notes:
        raise ModelUnavailable(f"{path} does not say what its classes are called. Let python download_models.py make it.")
    return tuple(json.loads(notes["labels"]))


def _side(path: Path, takes: Takes) -> int:
    kind, (_, height, width, channels) = takes.kind, (*takes.shape, None, None, None, None)[:4]
    if kind != "tensor(uint8)" or channels != 3 or height != width or not isinstance(height, int):
        raise ModelUnavailable(f"{path} takes {kind} {takes.shape}, must take the bytes of square pictures: (batch, side, side, 3).")
    return height
