"""Makes small TensorFlow Lite networks in 8-bit integers, byte for byte the same each time."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
NONE, RELU, RELU6 = (getattr(schema.ActivationFunctionType, name) for name in ("NONE", "RELU", "RELU6"))

TYPES = {
    np.dtype(np.uint8): schema.TensorType.UINT8,
    np.dtype(np.int32): schema.TensorType.INT32,
    np.dtype(np.int8): schema.TensorType.INT8,
}


class Net:
    """Collects layers, one after the other; each method answers the number of the tensor that it makes."""

    def __init__(self, side: int, dtype: type = np.uint8) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version, self.model.description = 3, "made for a test"
        # The first buffer is empty by convention: tensors that are computed have it.
        self.model.buffers, self.model.operatorCodes, self.model.subgraphs = [schema.BufferT()], [], [self.graph]
        self.graph.tensors, self.graph.operators = [], []
        self.scales: list[float] = []
        self.takes = self.tensor((1, side, side, 3), 1 / 128, 128, dtype)

    def tensor(
        self, shape: Sequence[int], scale: float, zero: int, dtype: type = np.uint8, data: NDArray[Any] | None = None, scales: int = 1
    ) -> int:
        """A tensor; with `data` a constant one."""
        made, quantization, buffer = schema.TensorT(), schema.QuantizationParametersT(), 0
        if data is not None:
            self.model.buffers.append(schema.BufferT())
            self.model.buffers[-1].data = np.frombuffer(data.tobytes(), np.uint8)
            buffer = len(self.model.buffers) - 1
        quantization.scale, quantization.zeroPoint = [scale] * scales, [zero] * scales
        made.shape, made.type, made.buffer, made.quantization = list(shape), TYPES[np.dtype(dtype)], buffer, quantization
        made.name = f"tensor_{len(self.graph.tensors)}"
        self.graph.tensors.append(made)
        self.scales.append(scale)
        return len(self.graph.tensors) - 1

    def layer(self, kind: str, inputs: Sequence[int], output: int, options: Any = None) -> int:
        """An operator."""
        code, made = schema.OperatorCodeT(), schema.OperatorT()
        code.builtinCode = getattr(schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        self.model.operatorCodes.append(code)
        made.opcodeIndex, made.inputs, made.outputs = len(self.model.operatorCodes) - 1, list(inputs), [output]
        if options is not None:
            made.builtinOptions = options
            made.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.graph.operators.append(made)
        return output

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Of any tensor."""
        return tuple(self.graph.tensors[tensor].shape)

    def convolution(
        self, taken: int, weights: NDArray[np.uint8], output: tuple[float, int], *, weight: tuple[float, int] = (0.02, 128),
        bias: NDArray[np.int32] | None = None, stride: int = 1, padding: int = SAME, activation: int = NONE, depthwise: bool = False,
        scales: int = 1, dilation: int = 1,
    ) -> int:  # fmt: skip
        """Weights (out, height, width, in), or depthwise (1, height, width, channels); `output` and `weight` are scale and zero point."""
        options = schema.DepthwiseConv2DOptionsT() if depthwise else schema.Conv2DOptionsT()
        options.strideH = options.strideW = stride
        options.padding, options.fusedActivationFunction = padding, activation
        options.dilationHFactor = options.dilationWFactor = dilation
        if depthwise:
            options.depthMultiplier = 1
        kernel = self.tensor(weights.shape, *weight, data=weights, scales=scales)
        count = weights.shape[3] if depthwise else weights.shape[0]
        biases = np.zeros(count, np.int32) if bias is None else bias
        added = self.tensor((count,), self.scales[taken] * weight[0], 0, np.int32, biases)
        side = self.shape(taken)[1]
        made = -(-side // stride) if padding == SAME else (side - weights.shape[1]) // stride + 1
        out = self.tensor((1, made, made, count), *output)
        return self.layer("DEPTHWISE_CONV_2D" if depthwise else "CONV_2D", (taken, kernel, added), out, options)

    def add(self, one: int, other: int, output: tuple[float, int], activation: int = NONE) -> int:
        """The sum of two tensors."""
        options = schema.AddOptionsT()
        options.fusedActivationFunction = activation
        return self.layer("ADD", (one, other), self.tensor(self.shape(one), *output), options)

    def pool(self, taken: int, size: int | None = None) -> int:
        """The mean of the whole map, or of squares of `size`."""
        options, side = schema.Pool2DOptionsT(), self.shape(taken)[1]
        options.filterHeight = options.filterWidth = options.strideH = options.strideW = size or side
        options.padding = VALID
        made = side // (size or side)
        zero = self.graph.tensors[taken].quantization.zeroPoint[0]
        return self.layer(
            "AVERAGE_POOL_2D", (taken,), self.tensor((1, made, made, self.shape(taken)[3]), self.scales[taken], zero), options
        )

    def flatten(self, taken: int, kind: str = "RESHAPE") -> int:
        """(1, 1, 1, n) → (1, n)."""
        shape = (1, int(np.prod(self.shape(taken))))
        made = self.tensor(shape, self.scales[taken], self.graph.tensors[taken].quantization.zeroPoint[0])
        if kind == "RESHAPE":
            wanted = self.tensor((2,), 1, 0, np.int32, np.array(shape, np.int32))
            return self.layer(kind, (taken, wanted), made, schema.ReshapeOptionsT())
        options = schema.SqueezeOptionsT()
        options.squeezeDims = [1, 2]
        return self.layer(kind, (taken,), made, options)

    def dense(self, taken: int, weights: NDArray[np.uint8], output: tuple[float, int], weight: tuple[float, int] = (0.02, 128)) -> int:
        """A fully connected layer; weights (out, in)."""
        kernel = self.tensor(weights.shape, *weight, data=weights)
        added = self.tensor(weights.shape[:1], self.scales[taken] * weight[0], 0, np.int32, np.zeros(len(weights), np.int32))
        return self.layer(
            "FULLY_CONNECTED", (taken, kernel, added), self.tensor((1, len(weights)), *output), schema.FullyConnectedOptionsT()
        )

    def softmax(self, taken: int, beta: float = 1.0) -> int:
        """Probabilities in 256ths."""
        options = schema.SoftmaxOptionsT()
        options.beta = beta
        return self.layer("SOFTMAX", (taken,), self.tensor(self.shape(taken), 1 / 256, 0), options)

    def save(self, path: Path, gives: int) -> Path:
        """The file."""
        self.graph.inputs, self.graph.outputs = [self.takes], [gives]
        builder = flatbuffers.Builder()
        builder.Finish(self.model.Pack(builder), b"TFL3")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(builder.Output()))
        return path


def mobilenet(path: Path, classes: int, side: int = 32, seed: int = 0, flatten: str = "RESHAPE") -> Path:
    """Random weights in the shape of a small MobileNet v2: expanded, filtered by channel, projected, added."""
    random, net = np.random.default_rng(seed), Net(side)

    def weights(*shape: int) -> NDArray[np.uint8]:
        return random.integers(0, 256, shape, dtype=np.uint8)

    def biases(count: int) -> NDArray[np.int32]:
        return random.integers(-400, 400, count, dtype=np.int32)

    six = (6 / 255, 0)
    value = net.convolution(net.takes, weights(16, 3, 3, 3), six, bias=biases(16), stride=2, activation=RELU6)
    value = net.convolution(value, weights(1, 3, 3, 16), six, weight=(0.03, 131), depthwise=True, activation=RELU6)
    kept = net.convolution(value, weights(8, 1, 1, 16), (0.15, 127))
    value = net.convolution(kept, weights(24, 1, 1, 8), six, weight=(0.01, 120), bias=biases(24), activation=RELU6)
    value = net.convolution(value, weights(1, 3, 3, 24), six, bias=biases(24), depthwise=True, activation=RELU6)
    value = net.convolution(value, weights(8, 1, 1, 24), (0.2, 133))
    value = net.add(value, kept, (0.25, 130))
    value = net.convolution(value, weights(40, 1, 1, 8), six, activation=RELU6, stride=2)
    value = net.pool(value)
    value = net.convolution(value, weights(classes, 1, 1, 40), (0.05, 120), weight=(0.002, 128), bias=biases(classes))
    return net.save(path, net.softmax(net.flatten(value, flatten)))


def colours(path: Path, reds: int, greens: int, blues: int, classes: int, side: int = 32) -> Path:
    """A network that knows what it sees: a red picture is class number `reds`, a green one `greens`, a blue one `blues`."""
    net = Net(side)
    # Weights in steps of 0.02 around 128: 178 is 1, 78 is -1.
    same = np.full((3, 1, 1, 3), 128, np.uint8)
    same[range(3), 0, 0, range(3)] = 178
    seen = net.pool(net.convolution(net.takes, same, (1 / 128, 128)))
    told = np.full((classes, 1, 1, 3), 128, np.uint8)
    for colour, label in enumerate((reds, greens, blues)):
        # Ten times its own colour, less those of the others: a pure colour is beyond doubt.
        told[label, 0, 0, :] = 78
        told[label, 0, 0, colour] = 178
    logits = net.convolution(seen, told, (0.1, 128), weight=(0.06, 128))
    return net.save(path, net.softmax(net.flatten(logits)))
