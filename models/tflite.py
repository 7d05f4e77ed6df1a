"""Reads a quantised TensorFlow Lite file: its operators, its tensors, its scales."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from models.errors import Unusable

# Bytes 4 to 8 of every such file.
IDENTIFIER = b"TFL3"

# TensorFlow Lite's numbers for the types of values that a network in 8 bits has.
TYPES = {schema.TensorType.UINT8: np.dtype(np.uint8), schema.TensorType.INT32: np.dtype(np.int32)}

KINDS = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}


class Tensor(NamedTuple):
    """Values on their way through the network, or the weights of a layer."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any] | None  # None: a type that no network in 8 bits needs
    scale: float | None  # value = scale * (byte - zero_point); None: not one for all of it
    zero_point: int
    data: NDArray[Any] | None  # None: not known before it runs


class Operator(NamedTuple):
    """One layer."""

    kind: str  # as TensorFlow Lite calls it: CONV_2D
    inputs: tuple[Tensor, ...]
    output: Tensor
    options: Any  # of that kind, as in TensorFlow Lite's schema


class Network(NamedTuple):
    """A chain or net of layers with one input and one output."""

    takes: Tensor
    gives: Tensor
    operators: tuple[Operator, ...]


def read(path: Path) -> Network:
    """The network in a file. Raises Unusable when it is no such file, or not one network of one input and one output."""
    content = path.read_bytes()
    if content[4:8] != IDENTIFIER:
        raise Unusable(f"{path.name} is no TensorFlow Lite file. Fetch it again.")
    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        (graph,) = model.subgraphs
        (takes,), (gives,) = graph.inputs, graph.outputs
        tensors = [_tensor(index, tensor, model) for index, tensor in enumerate(graph.tensors)]
        return Network(tensors[takes], tensors[gives], tuple(_operator(one, model, tensors) for one in graph.operators))
    except Exception as error:  # a damaged file makes the reader raise almost anything: struct.error, TypeError, IndexError, …
        raise Unusable(f"{path.name} is damaged, or not one network with one input and one output. Fetch it again.") from error


def _tensor(index: int, tensor: schema.TensorT, model: schema.ModelT) -> Tensor:
    dtype = TYPES.get(tensor.type)
    shape = tuple(int(side) for side in tensor.shape)
    stored = model.buffers[tensor.buffer].data
    data = np.frombuffer(bytes(stored), dtype).reshape(shape) if dtype and stored is not None and len(stored) else None
    scales, zeros = _list(tensor.quantization, "scale"), _list(tensor.quantization, "zeroPoint")
    # Another scale for each channel is another arithmetic.
    scale = float(scales[0]) if len(scales) == 1 else None
    return Tensor(f"value_{index}", shape, dtype, scale, int(zeros[0]) if zeros else 0, data)


def _list(quantization: schema.QuantizationParametersT | None, field: str) -> list[Any]:
    found = getattr(quantization, field, None)
    return [] if found is None else list(found)


def _operator(operator: schema.OperatorT, model: schema.ModelT, tensors: list[Tensor]) -> Operator:
    code = model.operatorCodes[operator.opcodeIndex]
    # The first field has room for 127 kinds; the second came later.
    kind = KINDS[max(code.builtinCode, code.deprecatedBuiltinCode)]
    inputs = tuple(tensors[index] for index in operator.inputs if index >= 0)
    return Operator(kind, inputs, tensors[operator.outputs[0]], operator.builtinOptions)
