"""A small CNN for fruit: one picture in, three probabilities out."""

from pathlib import Path

from serving.artifacts import find
from serving.picture_classifier import PictureClassifier


def load(variant: str) -> PictureClassifier:
    """Loads the network; `variant` names its file: `custom` → `custom.onnx`."""
    return PictureClassifier(
        artifact=find("app_custom", f"{variant}.onnx"),
        labels=("apple", "grapes", "lemon"),
        side=150,
        sample=Path("sample_data/lemon/lemon_01.jpg"),
        prediction_sample=[0.01558308, 0.01348537, 0.97093159],
    )
