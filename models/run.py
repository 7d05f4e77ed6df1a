"""Runs a graph that is not in place yet."""

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

# Rows that a network sees at once: more would keep the layers' values of all of them in memory.
FEW = 4


def run(graph: ModelProto, rows: NDArray[np.float32] | NDArray[np.uint8], few: int = FEW) -> NDArray[np.float32]:
    """The last output, (n, labels) for `rows` (n, …), `few` rows at a time."""
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.concatenate([session.run(None, {name: rows[start : start + few]})[-1] for start in range(0, len(rows), few)])
