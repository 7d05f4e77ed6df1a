"""Classifiers of iris flowers, with a detector of measurements unlike any iris: four numbers in, three probabilities out."""

import json
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from serving.artifacts import find
from serving.contract import Artifact, Input, Measurements, ModelUnavailable, Outlier, Prediction
from serving.onnx import OnnxModel

# Wire name → file. The file's name is what the API calls `mode`.
FILES = {"svc": "iris_svc.onnx", "forest": "iris_rf.onnx", "xgboost": "iris_xgboost.onnx"}

# Four numbers need no second thread.
THREADS = 1


class IrisModel:
    """A classifier and an outlier detector that look at the same row."""

    takes = Measurements(("sepal_length_cm", "sepal_width_cm", "petal_length_cm", "petal_width_cm"), (5.1, 3.5, 1.4, 0.2))
    prediction_sample = [0.97093159, 0.01558308, 0.01348537]  # noqa: RUF012 - read only

    def __init__(self, artifact: Artifact, outlier_artifact: Artifact, labels: tuple[str, ...], outlier_threshold: float) -> None:
        self.artifact = artifact
        self.parts = (outlier_artifact,)
        self.labels = labels
        self._classifier = OnnxModel(artifact.path, THREADS)
        self._detector = OnnxModel(outlier_artifact.path, THREADS)
        self._outlier_threshold = outlier_threshold

    def prepare(self, item: Input) -> NDArray[np.float32]:
        """Four numbers → float32 (4,)."""
        return np.array(item, dtype=np.float32)

    def predict(self, batch: NDArray[np.float32]) -> list[Prediction]:
        """float32 (rows, 4) → one prediction per row."""
        probabilities = self._classifier.run(batch)
        scores = self._detector.run(batch).ravel()
        return [Prediction(tuple(row.tolist()), self._outlier(float(score))) for row, score in zip(probabilities, scores, strict=True)]

    def _outlier(self, score: float) -> Outlier:
        return Outlier(score < self._outlier_threshold, score)


def load(variant: str) -> IrisModel:
    """Loads the classifier called `variant`.

    MODEL_FILEPATH, OUTLIER_MODEL_FILEPATH and LABEL_FILEPATH replace its files; OUTLIER_LOWER_THRESHOLD (default 0.0)
    is the score below which a row is an outlier.
    """
    if variant not in FILES and not os.environ.get("MODEL_FILEPATH"):
        raise ModelUnavailable(f"app_iris knows no variant '{variant}'. Choose one of: {', '.join(FILES)}, or set MODEL_FILEPATH.")
    return IrisModel(
        artifact=find("app_iris", FILES.get(variant, "")),
        outlier_artifact=find("app_iris", "iris_ocs.onnx", "OUTLIER_MODEL_FILEPATH"),
        labels=_labels(os.environ.get("LABEL_FILEPATH")),
        outlier_threshold=float(os.environ.get("OUTLIER_LOWER_THRESHOLD") or 0.0),
    )


def _labels(file: str | None) -> tuple[str, ...]:
    if not file:
        return ("setosa", "versicolor", "virginica")
    if not Path(file).is_file():
        raise ModelUnavailable(f"{file} is missing. Check LABEL_FILEPATH.")
    try:
        return tuple(json.loads(Path(file).read_text(encoding="utf-8")).values())
    except (ValueError, AttributeError) as error:  # no JSON, or no object
        raise ModelUnavailable(f'{file} is not a JSON object of labels, like {{"0": "setosa"}}. Check LABEL_FILEPATH.') from error
