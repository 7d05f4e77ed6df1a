"""The small CNN has the published layout, and becomes ONNX without changing its answers."""

from pathlib import Path

import onnxruntime
import pytest
import torch
from miniature import save_weights

from app_custom.build import Net, convert
from models import fruit
from models.export import to_onnx


def test_its_state_dict_has_the_published_keys() -> None:
    keys = list(Net().state_dict())

    assert keys == [f"{layer}.{part}" for layer in ("conv1", "conv2", "fc1", "fc2", "fc3") for part in ("weight", "bias")]


def test_its_first_fully_connected_layer_takes_18496_values() -> None:
    net = Net()

    assert net.fc1.in_features == 18496
    assert sum(value.numel() for value in net.parameters()) == 2_232_931


def test_converting_keeps_the_answers(tmp_path: Path) -> None:
    weights = save_weights(tmp_path / "weights.pt")

    built = convert(weights)

    assert built.parity.max_abs_dp <= 1e-5
    assert built.parity.count == 32


def test_the_graph_takes_batches_and_answers_probabilities(tmp_path: Path) -> None:
    built = convert(save_weights(tmp_path / "weights.pt"))
    session = onnxruntime.InferenceSession(built.graph.SerializeToString(), providers=["CPUExecutionProvider"])

    (five,) = session.run(["probabilities"], {"input": fruit.to_compare()[:5]})
    (one,) = session.run(["probabilities"], {"input": fruit.to_compare()[:1]})

    assert session.get_inputs()[0].shape == ["batch", 3, 150, 150]
    assert five.shape == (5, 3)
    assert five.sum(axis=1) == pytest.approx([1] * 5, abs=1e-5)
    assert one[0] == pytest.approx(five[0], abs=1e-6)


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    weights = save_weights(tmp_path / "weights.pt")

    first, second = (convert(weights).graph.SerializeToString(deterministic=True) for _ in range(2))

    assert first == second


def test_dropout_is_left_out_of_the_graph() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 3), torch.nn.Dropout(0.5), torch.nn.Softmax(dim=1))

    graph = to_onnx(network, side=2, labels=3)

    assert [node.op_type for node in graph.graph.node] == ["Flatten", "Gemm", "Softmax"]
