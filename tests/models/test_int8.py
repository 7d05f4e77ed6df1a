"""Quantising makes a smaller model whose answers are close, and says how close."""

from pathlib import Path

import onnx
import pytest
from miniature import save_weights

from app_custom import build
from app_vgg16.int8 import quantise
from models import fruit
from models.built import Built


@pytest.fixture
def exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small network in 32-bit floats, and few pictures to quantise it on."""
    pictures = fruit.to_compare()
    monkeypatch.setattr(fruit, "calibration_pictures", lambda: pictures[:8])
    monkeypatch.setattr(fruit, "comparison_pictures", lambda: pictures[8:])
    path = tmp_path / "exact.onnx"
    onnx.save(build.convert(save_weights(tmp_path / "weights.pt")).graph, path)
    return path


def content(built: Built) -> bytes:
    return built.graph.SerializeToString(deterministic=True)


def test_it_is_a_quarter_of_the_size_and_answers_nearly_the_same(exact: Path) -> None:
    built = quantise(exact)

    assert len(content(built)) < 0.3 * exact.stat().st_size
    assert 0 < built.parity.max_abs_dp < 0.05
    assert built.parity.agreement > 0.8
    assert (built.parity.count, built.parity.against) == (24, "exact.onnx in 32-bit floats")


def test_the_same_network_gives_the_same_bytes(exact: Path) -> None:
    assert content(quantise(exact)) == content(quantise(exact))


def test_weights_leave_room_for_processors_that_add_in_16_bits(exact: Path) -> None:
    graph = quantise(exact).graph.graph

    weights = [onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.INT8]

    assert len([tensor for tensor in weights if tensor.ndim > 1]) == 5
    assert max(abs(int(value)) for tensor in weights for value in (tensor.min(), tensor.max())) <= 64
