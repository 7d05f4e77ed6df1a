"""Writes a quantised TensorFlow Lite network as an ONNX graph that answers the same bytes.

Both runtimes multiply and add 8-bit integers exactly and round each layer once, in 32-bit floats, to the nearest even: LiteRT by
XNNPACK, ONNX Runtime by MLAS. So nothing is lost on the way, and `models.litert` compares the two. Measured on the published MobileNet
v2 (two threads, AMD EPYC): 46 of 46 pictures alike in all 1001 bytes; 13 ms a picture here, 18 ms by LiteRT, whose package would add
59 MB to each container. LiteRT's own other kernels differ from these bytes by up to 25 of 256.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.errors import Unusable
from models.tflite import Network, Operator, Tensor

# Read by every ONNX Runtime since 1.14 (2023).
OPSET = 18
IR_VERSION = 8

# Where ONNX Runtime keeps the operators on 8-bit values that ONNX itself does not have.
RUNTIMES_OWN = "com.microsoft"


def to_onnx(network: Network) -> ModelProto:
    """`network` as a graph: `input`, bytes (batch, height, width, 3) → `probabilities`, float32 (batch, labels).

    Raises Unusable for a network that is not quantised to bytes, is no classifier of pictures, or has a layer that is not in WRITERS.
    """
    _check(network)
    writer = _Writer()
    writer.node("Transpose", ["input"], network.takes.name, perm=[0, 3, 1, 2])
    for operator in network.operators:
        if operator.kind not in WRITERS:
            raise Unusable(f"The network has a layer {operator.kind}, which this converter does not know: {', '.join(WRITERS)}.")
        WRITERS[operator.kind](writer, operator)
    writer.node("DequantizeLinear", [network.gives.name, *writer.scale(network.gives)], "probabilities")
    return writer.model(network)


class _Writer:
    """Collects nodes and constants. On their way, values lie as (batch, channels, height, width)."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> None:  # noqa: ANN401 - of many types
        """Adds one operator."""
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))

    def constant(self, name: str, value: NDArray[Any] | np.generic) -> str:
        """Adds a constant; returns its name."""
        self.constants[name] = numpy_helper.from_array(np.asarray(value), name)
        return name

    def scale(self, tensor: Tensor) -> list[str]:
        """The names of a tensor's scale and zero point."""
        if tensor.dtype != np.uint8 or tensor.scale is None:
            raise Unusable("The network is not quantised to bytes with one scale for each tensor.")
        scale = self.constant(f"{tensor.name}_scale", np.float32(tensor.scale))
        return [scale, self.constant(f"{tensor.name}_zero", np.uint8(tensor.zero_point))]

    def model(self, network: Network) -> ModelProto:
        """The finished graph."""
        takes = helper.make_tensor_value_info("input", TensorProto.UINT8, ["batch", *network.takes.shape[1:]])
        gives = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", network.gives.shape[-1]])
        graph = helper.make_graph(self.nodes, "classifier", [takes], [gives], list(self.constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIMES_OWN, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="ab-lab")
        onnx.checker.check_model(model)
        return model


def _check(network: Network) -> None:
    takes, gives = network.takes, network.gives
    if takes.dtype != np.uint8 or len(takes.shape) != 4 or takes.shape[3] != 3:
        raise Unusable(f"The network takes {takes.dtype} {takes.shape}, must be bytes of a picture (1, height, width, 3).")
    if len(gives.shape) != 2:
        raise Unusable(f"The network gives {gives.shape}, must be (1, classes).")


def _convolution(writer: _Writer, operator: Operator) -> None:
    # Stored as (out, height, width, in).
    _convolved(writer, operator, lambda weights: weights.transpose(0, 3, 1, 2), groups=1)


def _depthwise(writer: _Writer, operator: Operator) -> None:
    # Stored as (1, height, width, channels); each channel is a group of its own.
    _convolved(writer, operator, lambda weights: weights.transpose(3, 0, 1, 2), groups=operator.inputs[0].shape[3])


def _fully_connected(writer: _Writer, operator: Operator) -> None:
    # A convolution of one pixel. Stored as (out, in).
    _flattened_already(operator)
    pixel = f"{operator.output.name}_pixel"
    writer.node("Unsqueeze", [operator.inputs[0].name, writer.constant(f"{pixel}_axes", np.array([2, 3]))], pixel)
    taken = operator.inputs[0]._replace(name=pixel)
    inner = operator.output._replace(name=f"{operator.output.name}_map")
    layer = operator._replace(inputs=(taken, *operator.inputs[1:]), output=inner)
    _convolve(writer, layer, _weights(layer)[:, :, None, None], 1, [1, 1], [0, 0, 0, 0])
    writer.node("Flatten", [inner.name], operator.output.name)


def _flattened_already(operator: Operator) -> None:
    if len(operator.inputs[0].shape) != 2:
        raise Unusable(f"A layer FULLY_CONNECTED takes {operator.inputs[0].shape}, must be (1, values).")


def _convolved(writer: _Writer, operator: Operator, order: Callable[[NDArray[Any]], NDArray[Any]], groups: int) -> None:
    options = operator.options
    if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
        raise Unusable("The network has a dilated convolution, which this converter does not know.")
    weights = order(_weights(operator))
    strides = [options.strideH, options.strideW]
    pads = _pads(operator.inputs[0].shape[1:3], weights.shape[2:], strides, options.padding)
    _convolve(writer, operator, weights, groups, strides, pads)


def _convolve(writer: _Writer, operator: Operator, weights: NDArray[Any], groups: int, strides: list[int], pads: list[int]) -> None:
    taken, kernel, *bias = operator.inputs
    inputs = [taken.name, *writer.scale(taken), writer.constant(kernel.name, np.ascontiguousarray(weights)), *writer.scale(kernel)]
    inputs += writer.scale(operator.output)
    if bias:
        assert bias[0].data is not None
        inputs.append(writer.constant(bias[0].name, bias[0].data))
    _activated(writer, operator, "QLinearConv", inputs, strides=strides, pads=pads, group=groups, kernel_shape=list(weights.shape[2:]))


def _weights(operator: Operator) -> NDArray[Any]:
    data = operator.inputs[1].data
    if data is None:
        raise Unusable(f"A layer {operator.kind} computes its own weights, which this converter does not know.")
    return data


def _pads(sides: tuple[int, ...], kernel: tuple[int, ...], strides: list[int], padding: int) -> list[int]:
    """Rows and columns of nothing around the picture: above, left, below, right. TensorFlow puts the odd one at the end."""
    if padding == schema.Padding.VALID:
        return [0, 0, 0, 0]
    total = [max((-(-side // stride) - 1) * stride + size - side, 0) for side, size, stride in zip(sides, kernel, strides, strict=True)]
    before = [count // 2 for count in total]
    return [*before, *(count - first for count, first in zip(total, before, strict=True))]


def _add(writer: _Writer, operator: Operator) -> None:
    inputs = [name for tensor in operator.inputs for name in (tensor.name, *writer.scale(tensor))]
    _activated(writer, operator, "QLinearAdd", [*inputs, *writer.scale(operator.output)], domain=RUNTIMES_OWN)


def _activated(writer: _Writer, operator: Operator, kind: str, inputs: list[str], **attributes: Any) -> None:  # noqa: ANN401 - of many types
    """A layer and what it does to values out of bounds, unless bytes have these bounds anyway."""
    low, high = _bounds(operator)
    if (low, high) == (0, 255):
        return writer.node(kind, inputs, operator.output.name, **attributes)
    free = f"{operator.output.name}_free"
    writer.node(kind, inputs, free, **attributes)
    bounds = [writer.constant(f"{free}_{word}", np.uint8(value)) for word, value in (("low", low), ("high", high))]
    return writer.node("Clip", [free, *bounds], operator.output.name)


def _bounds(operator: Operator) -> tuple[int, int]:
    """The smallest and the largest byte that the layer's activation lets through."""
    activation, output = operator.options.fusedActivationFunction, operator.output
    if activation not in CEILINGS:
        raise Unusable(f"A layer {operator.kind} has an activation of kind {activation}, which this converter does not know.")
    if activation == schema.ActivationFunctionType.NONE or output.scale is None:
        return 0, 255
    ceiling = CEILINGS[activation]
    high = 255 if ceiling is None else min(255, output.zero_point + round(ceiling / output.scale))
    return output.zero_point, high


# The largest value that an activation lets through; None: it has no limit.
CEILINGS = {
    schema.ActivationFunctionType.NONE: None,
    schema.ActivationFunctionType.RELU: None,
    schema.ActivationFunctionType.RELU6: 6.0,
}


def _pool(writer: _Writer, operator: Operator) -> None:
    taken, options = operator.inputs[0], operator.options
    if (options.filterHeight, options.filterWidth) != taken.shape[1:3] or operator.output.shape[1:3] != (1, 1):
        raise Unusable("The network pools a part of its map, which this converter does not know: only the whole of it.")
    if _bounds(operator) != (0, 255) or (taken.scale, taken.zero_point) != (operator.output.scale, operator.output.zero_point):
        raise Unusable("The network pools into another scale or with an activation, which this converter does not know.")
    _mean(writer, taken, operator.output)


def _mean(writer: _Writer, taken: Tensor, output: Tensor) -> None:
    """In whole numbers, halves rounded up, as LiteRT does; ONNX Runtime's own operator rounds them to the even one."""
    pixels = taken.shape[1] * taken.shape[2]
    numbers, total, more, mean = (f"{output.name}_{word}" for word in ("numbers", "total", "more", "mean"))
    writer.node("Cast", [taken.name], numbers, to=TensorProto.INT32)
    writer.node("ReduceSum", [numbers, writer.constant(f"{total}_axes", np.array([2, 3]))], total, keepdims=1)
    writer.node("Add", [total, writer.constant(f"{more}_half", np.int32(pixels // 2))], more)
    writer.node("Div", [more, writer.constant(f"{mean}_of", np.int32(pixels))], mean)
    writer.node("Cast", [mean], output.name, to=TensorProto.UINT8)


def _flatten(writer: _Writer, operator: Operator) -> None:
    taken = operator.inputs[0]
    # Of one pixel, all ways to lie are the same.
    if any(side != 1 for side in taken.shape[1:-1]) or operator.output.shape[-1] != taken.shape[-1]:
        raise Unusable(f"The network reshapes {taken.shape} to {operator.output.shape}, which this converter does not know.")
    writer.node("Flatten", [taken.name], operator.output.name)


def _softmax(writer: _Writer, operator: Operator) -> None:
    taken, logits, exact = operator.inputs[0], f"{operator.output.name}_logits", f"{operator.output.name}_exact"
    if operator.options.beta != 1:
        raise Unusable(f"The network's softmax has the factor {operator.options.beta}, which this converter does not know: only 1.")
    writer.node("DequantizeLinear", [taken.name, *writer.scale(taken)], logits)
    writer.node("Softmax", [logits], exact, axis=1)
    writer.node("QuantizeLinear", [exact, *writer.scale(operator.output)], operator.output.name)


WRITERS: dict[str, Callable[[_Writer, Operator], None]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "ADD": _add,
    "AVERAGE_POOL_2D": _pool,
    "RESHAPE": _flatten,
    "SQUEEZE": _flatten,
    "FULLY_CONNECTED": _fully_connected,
    "SOFTMAX": _softmax,
}
