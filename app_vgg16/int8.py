"""Makes vgg16int8.onnx: VGG16 in 8-bit integers, a quarter of the size and faster. A model of its own, for its answers differ."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

from models import fruit
from models.built import Built
from models.parity import compare
from models.run import FEW, run

NOTES = "VGG16 quantised to 8-bit integers: ranges of the layers' values measured on rendered pictures, one scale per output channel."

# Pictures that both graphs answer, to say in the card how close they are: with more, everybody's first start takes longer.
COMPARED = 99


class _Calibration(CalibrationDataReader):
    """Hands pictures to the quantiser, a few at a time."""

    def __init__(self, pictures: NDArray[np.float32]) -> None:
        self._parts = iter(np.array_split(pictures, -(-len(pictures) // FEW)))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next few, or None at the end."""
        part = next(self._parts, None)
        return None if part is None else {"input": part}


def quantise(exact: Path) -> Built:
    """`exact`, a graph in 32-bit floats, in integers; the parity compares the two on pictures that were not calibrated on."""
    graph = _quantised(exact)
    pictures = fruit.comparison_pictures()[:COMPARED]
    parity = compare(run(onnx.load(exact), pictures), run(graph, pictures), f"{exact.name} in 32-bit floats", "rendered pictures")
    return Built(graph, fruit.INPUT, fruit.LABELS, NOTES, parity, preprocessing=fruit.PREPROCESSING)


def _quantised(exact: Path) -> ModelProto:
    with TemporaryDirectory() as folder, _without_advice():
        target = Path(folder) / "int8.onnx"
        quantize_static(
            exact,
            target,
            _Calibration(fruit.calibration_pictures()),
            per_channel=True,
            # Processors without VNNI add pairs of products in 16 bits: with 8-bit weights some sums would overflow.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return onnx.load(target)


@contextmanager
def _without_advice() -> Iterator[None]:
    # The quantiser advises to optimise the graph before; this graph has nothing to optimise.
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
