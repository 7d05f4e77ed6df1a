"""Imports torchvision beside a PyTorch without CUDA.

PyPI's torchvision is compiled for CUDA. Next to a CPU build of PyTorch its compiled operators do not load, and the import
fails at the first one that it wants to describe: "operator torchvision::nms does not exist". The Python parts, models and
transforms, need none of them: declaring the two names is enough.
"""

import torch


def _declare_missing_operators() -> None:
    for name in ("nms", "qnms"):
        torch.library.define(f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


try:
    import torchvision.transforms.v2
except RuntimeError:
    _declare_missing_operators()
    import torchvision.transforms.v2

__all__ = ["torchvision"]
