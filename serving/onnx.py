"""Runs ONNX files, whoever exported them."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from serving.contract import Array, ModelUnavailable


class Takes(NamedTuple):
    """What a graph takes."""

    kind: str
    """As ONNX Runtime calls it: `tensor(uint8)`."""
    shape: tuple[int | str | None, ...]
    """A name or None where any number will do: the batch."""


class OnnxModel:
    """One ONNX graph with one input; the last output is the one that matters."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        """Loads `path` with `threads` for one prediction (default: `LAB_THREADS`, else every core).

        Raises ModelUnavailable when the file is not an ONNX graph that this runtime can read.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or int(os.environ.get("LAB_THREADS") or os.cpu_count() or 1)
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        # Idle threads must sleep: several models share the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's exceptions share no narrower base
            raise ModelUnavailable(f"{path} is not an ONNX model that ONNX Runtime {onnxruntime.__version__} can load.") from error
        self._input = self._session.get_inputs()[0].name
        self.takes = Takes(self._session.get_inputs()[0].type, tuple(self._session.get_inputs()[0].shape))
        self.notes: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        """What whoever made the file has noted in it."""

    def run(self, batch: Array) -> NDArray[np.float32]:
        """The last output for a batch, as an array of shape (rows, values).

        A ZipMap at the end of an exported scikit-learn graph makes it a list of {class: probability}; the order of
        the classes is the same with and without.
        """
        output = self._session.run(None, {self._input: batch})[-1]
        if isinstance(output, list):
            return np.array([list(row.values()) for row in output], dtype=np.float32)
        return output
