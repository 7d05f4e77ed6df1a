"""A classifier of pictures in one ONNX file: its folder states the choices, the mechanism is here."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from serving import pictures
from serving.contract import Artifact, Picture, Prediction
from serving.onnx import OnnxModel

# Mean and standard deviation of ImageNet's channels: what torchvision's pretrained networks were trained with.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class PictureClassifier:
    """Scales the shorter side to `side` pixels, cuts the middle square, normalises with ImageNet's figures, asks the network."""

    def __init__(self, artifact: Artifact, labels: tuple[str, ...], side: int, sample: Path, prediction_sample: list[float]) -> None:
        self.artifact = artifact
        self.labels = labels
        self.takes = Picture(side, sample)
        self.prediction_sample = prediction_sample
        self._network = OnnxModel(artifact.path)

    def prepare(self, item: Image.Image) -> NDArray[np.float32]:
        """One RGB picture → float32 (3, side, side)."""
        return pictures.normalise(pictures.cut_square(item, self.takes.side), IMAGENET_MEAN, IMAGENET_STD)

    def predict(self, batch: NDArray[np.float32]) -> list[Prediction]:
        """float32 (rows, 3, side, side) → one prediction per row."""
        return [Prediction(tuple(row.tolist())) for row in self._network.run(batch)]
