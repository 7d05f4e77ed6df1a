"""Writes a chain of PyTorch layers as an ONNX graph.

PyTorch has two exporters: the older is deprecated and names nodes differently each time, so equal weights give unequal
digests; the newer needs two more packages. The networks here are chains of six kinds of layers. This writes them directly,
byte for byte the same each time, and `models.parity` compares the result with the network itself.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import nn

from models.cards import Parity
from models.parity import check_rounding, compare
from models.run import FEW, run

# Read by every ONNX Runtime since 1.14 (2023).
OPSET = 18
IR_VERSION = 8


def to_onnx(network: nn.Sequential, side: int, labels: int) -> ModelProto:
    """`network`, in evaluation mode, as a graph: `input` (batch, 3, side, side) → `probabilities` (batch, labels).

    Raises KeyError for a kind of layer that is not in OPERATORS.
    """
    layers = list(_layers(network))
    values = ["input", *(f"value_{index}" for index in range(1, len(layers))), "probabilities"]
    nodes: list[NodeProto] = []
    tensors: list[TensorProto] = []
    for index, layer in enumerate(layers):
        parameters = [numpy_helper.from_array(value.detach().numpy(), f"{name}_{index}") for name, value in layer.named_parameters()]
        operator = OPERATORS[type(layer)](layer)
        inputs = [values[index], *(parameter.name for parameter in parameters)]
        nodes.append(helper.make_node(operator.name, inputs, [values[index + 1]], **operator.attributes))
        tensors.extend(parameters)
    model = _model(nodes, tensors, _tensor("input", 3, side, side), _tensor("probabilities", labels))
    onnx.checker.check_model(model)
    return model


def parity(graph: ModelProto, network: nn.Module, pictures: NDArray[np.float32]) -> Parity:
    """How far the probabilities of both are apart on `pictures` (n, 3, side, side). Raises Unusable when rounding does not explain it.

    `network` answers logits; the graph answers probabilities.
    """
    with torch.inference_mode():
        parts = [network.eval()(part).softmax(dim=1) for part in torch.from_numpy(pictures).split(FEW)]
    return check_rounding(compare(torch.cat(parts).numpy(), run(graph, pictures), "PyTorch in evaluation mode", "pictures"))


def _layers(network: nn.Sequential) -> Iterator[nn.Module]:
    """The layers in order, those of nested chains too. Dropout does nothing outside training."""
    for layer in network:
        if isinstance(layer, nn.Sequential):
            yield from _layers(layer)
        elif not isinstance(layer, nn.Dropout):
            yield layer


def _tensor(name: str, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])


def _model(nodes: list[NodeProto], tensors: list[TensorProto], takes: onnx.ValueInfoProto, gives: onnx.ValueInfoProto) -> ModelProto:
    graph = helper.make_graph(nodes, "classifier", [takes], [gives], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="ab-lab")


class Operator(NamedTuple):
    """ONNX's name for what a layer does, and the layer's settings."""

    name: str
    attributes: dict[str, Any]


def _convolution(layer: nn.Conv2d) -> Operator:
    return Operator("Conv", {"strides": layer.stride, "pads": layer.padding * 2})


def _max_pool(layer: nn.MaxPool2d) -> Operator:
    return Operator("MaxPool", {"kernel_shape": [layer.kernel_size] * 2, "strides": [layer.stride] * 2})


OPERATORS: dict[type[nn.Module], Callable[[Any], Operator]] = {
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _max_pool,
    nn.ReLU: lambda layer: Operator("Relu", {}),
    nn.Flatten: lambda layer: Operator("Flatten", {}),
    nn.Linear: lambda layer: Operator("Gemm", {"transB": 1}),
    nn.Softmax: lambda layer: Operator("Softmax", {"axis": layer.dim}),
}
