"""Compares an exported graph with the network it was made from."""

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from torch import nn

from models.cards import Parity
from models.errors import Unusable

# The largest difference of a probability that rounding in float32 explains.
MAX_ABS_DP = 1e-5


def parity(graph: ModelProto, network: nn.Module, pictures: NDArray[np.float32]) -> Parity:
    """How far the probabilities of both are apart on `pictures` (n, 3, side, side). Raises Unusable beyond MAX_ABS_DP.

    `network` answers logits; the graph answers probabilities.
    """
    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(pictures)).softmax(dim=1).numpy()
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (probabilities,) = session.run(["probabilities"], {"input": pictures})
    difference = float(np.abs(probabilities - expected).max())
    # Written so that NaN fails too.
    if not difference <= MAX_ABS_DP:
        raise Unusable(f"The exported graph and PyTorch differ by {difference:.1e} in probability, more than rounding ({MAX_ABS_DP:.0e}).")
    return Parity(difference, len(pictures), "pictures")
