"""Runs a TensorFlow Lite file by LiteRT, its own runtime, to compare conversions with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


def run(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Probabilities (n, labels) of bytes (n, height, width, 3), by the kernels that LiteRT chooses itself."""
    with _without_advice():
        network = Interpreter(str(path))
        network.allocate_tensors()
    takes, gives = network.get_input_details()[0]["index"], network.get_output_details()[0]
    scale, zero_point = gives["quantization"]
    rows = []
    for picture in pictures:
        network.set_tensor(takes, picture[None])
        network.invoke()
        rows.append(network.get_tensor(gives["index"])[0])
    return (np.stack(rows).astype(np.float32) - zero_point) * np.float32(scale)


@contextmanager
def _without_advice() -> Iterator[None]:
    # LiteRT tells of each delegate that it creates, past Python, on the standard error stream.
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
