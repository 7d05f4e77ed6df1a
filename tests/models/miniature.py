"""One small model: its plan, its weights, and who publishes them."""

from pathlib import Path
from typing import NamedTuple

import onnx
import torch

from app_custom.build import Net
from models.built import Built, Effort

# Enough to train something; what it answers does not matter.
TINY = Effort(pictures=2, held_out=1, epochs=1)

WEIGHTS = "fruit_classifier_state_dict.pt"

PLAN = """
[[artifact]]
name = "custom"
file = "custom.onnx"
build = "app_custom.build:stand_in"

[artifact.weights]
file = "fruit_classifier_state_dict.pt"
sources = ["{source}"]
convert = "app_custom.build:convert"
"""


# A second artifact, made from the first.
DERIVED = """
[[artifact]]
name = "copy"
file = "copy.onnx"

[artifact.derived]
from = "custom.onnx"
by = "miniature:copied"
"""


def copied(path: Path) -> Built:
    """The simplest artifact that is made from another."""
    return Built(onnx.load(path), "as before", ("apple", "grapes", "lemon"), "A copy.")


class Publisher(NamedTuple):
    """A folder that a local server publishes."""

    folder: Path
    url: str
    asked: list[str]  # paths that clients have asked for


def save_weights(path: Path) -> Path:
    """Random weights of the right layout, always the same."""
    torch.manual_seed(1)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(Net().state_dict(), path)
    return path
