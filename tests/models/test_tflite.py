"""A quantised TensorFlow Lite network answers the same bytes as an ONNX graph, or a sentence says why it cannot be converted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from models import litert
from models.errors import Unusable
from models.from_tflite import to_onnx
from models.run import run
from models.tflite import read
from tests.tflite_files import NONE, RELU, RELU6, SAME, VALID, Net, colours, mobilenet


def pictures(side: int, count: int = 12) -> NDArray[np.uint8]:
    """Noise, and pictures of one brightness."""
    noise = np.random.default_rng(1).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    return np.concatenate([noise, np.full_like(noise[:6], 1) * np.arange(0, 252, 42, dtype=np.uint8)[:, None, None, None]])


def weights(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, shape, dtype=np.uint8)


def assert_same(path: Path, side: int) -> None:
    """Both runtimes answer the same, and not always the same."""
    asked = pictures(side)
    expected = litert.run(path, asked)

    assert np.array_equal(run(to_onnx(read(path)), asked), expected)
    assert len(np.unique(expected, axis=0)) > 2


@pytest.mark.parametrize("seed", range(4))
# Maps of even and of odd sides: the means of even ones have halves, which two runtimes may round differently.
@pytest.mark.parametrize("side", [28, 32, 37])
def test_a_small_mobilenet_answers_the_same_bytes(tmp_path: Path, seed: int, side: int) -> None:
    assert_same(mobilenet(tmp_path / "net.tflite", classes=11, side=side, seed=seed), side)


def test_either_way_to_flatten_is_understood(tmp_path: Path) -> None:
    assert_same(mobilenet(tmp_path / "net.tflite", classes=5, flatten="SQUEEZE"), 32)


@pytest.mark.parametrize("activation", [NONE, RELU, RELU6])
@pytest.mark.parametrize(("padding", "stride"), [(SAME, 1), (SAME, 2), (SAME, 3), (VALID, 1), (VALID, 2)])
def test_a_convolution_of_any_kind_answers_the_same_bytes(tmp_path: Path, activation: int, padding: int, stride: int) -> None:
    net = Net(12)
    # A scale whose bytes go below 0 and beyond 6: the activation must cut them off.
    value = net.convolution(net.takes, weights(4, 3, 3, 3), (0.1, 100), padding=padding, stride=stride, activation=activation)
    value = net.convolution(value, weights(1, 2, 2, 4), (0.2, 90), padding=padding, activation=activation, depthwise=True)
    path = net.save(tmp_path / "net.tflite", net.softmax(net.flatten(net.pool(value))))

    assert_same(path, 12)


@pytest.mark.parametrize("activation", [NONE, RELU, RELU6])
def test_a_sum_answers_the_same_bytes(tmp_path: Path, activation: int) -> None:
    net = Net(8)
    one = net.convolution(net.takes, weights(5, 1, 1, 3), (0.07, 111))
    other = net.convolution(net.takes, weights(5, 3, 3, 3), (0.2, 140))
    path = net.save(tmp_path / "net.tflite", net.softmax(net.flatten(net.pool(net.add(one, other, (0.13, 60), activation)))))

    assert_same(path, 8)


def test_a_fully_connected_layer_answers_the_same_bytes(tmp_path: Path) -> None:
    net = Net(8)
    flat = net.flatten(net.pool(net.convolution(net.takes, weights(6, 3, 3, 3), (0.1, 120))))
    path = net.save(tmp_path / "net.tflite", net.softmax(net.dense(flat, weights(9, 6), (0.05, 128))))

    assert_same(path, 8)


def test_the_graph_takes_bytes_and_gives_probabilities(tmp_path: Path) -> None:
    graph = to_onnx(read(colours(tmp_path / "net.tflite", 2, 3, 5, classes=7))).graph

    assert [onnx.helper.printable_value_info(value) for value in (*graph.input, *graph.output)] == [
        "%input[UINT8, batchx32x32x3]",
        "%probabilities[FLOAT, batchx7]",
    ]


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    path = mobilenet(tmp_path / "net.tflite", classes=5)

    first, second = (to_onnx(read(path)).SerializeToString(deterministic=True) for _ in range(2))

    assert first == second


def odd(make: Callable[[Net], int], dtype: type = np.uint8) -> Callable[[Path], Path]:
    """A network that is odd in one way."""

    def made(path: Path) -> Path:
        net = Net(8, dtype)
        return net.save(path, make(net))

    return made


def ended(net: Net, value: int) -> int:
    return net.softmax(net.flatten(net.pool(value)))


ODD = {
    "an unknown layer": (
        odd(lambda net: net.layer("TANH", (net.flatten(net.pool(net.takes)),), net.tensor((1, 3), 1 / 128, 128))),
        "The network has a layer TANH, which this converter does not know: CONV_2D, DEPTHWISE_CONV_2D, ADD, ",
    ),
    "a scale for each channel": (
        odd(lambda net: ended(net, net.convolution(net.takes, weights(4, 1, 1, 3), (0.1, 128), scales=4))),
        "The network is not quantised to bytes with one scale for each tensor.",
    ),
    "a dilated layer": (
        odd(lambda net: ended(net, net.convolution(net.takes, weights(4, 3, 3, 3), (0.1, 128), dilation=2))),
        "The network has a dilated convolution",
    ),
    "a map that is pooled in parts": (odd(lambda net: net.flatten(net.pool(net.takes, size=2))), "The network pools a part of its map"),
    "a map that is flattened": (odd(lambda net: net.flatten(net.takes)), r"The network reshapes (1, 8, 8, 3) to (1, 192)"),
    "a sharper softmax": (odd(lambda net: net.softmax(net.flatten(net.pool(net.takes)), 2.0)), "The network's softmax has the factor 2.0"),
    "signed bytes": (odd(lambda net: ended(net, net.takes), np.int8), "The network takes None (1, 8, 8, 3), must be bytes of a picture"),
    "a map at the end": (odd(lambda net: net.pool(net.takes)), "The network gives (1, 1, 1, 3), must be (1, classes)."),
}  # fmt: skip


@pytest.mark.parametrize(("make", "sentence"), ODD.values(), ids=ODD)
def test_what_cannot_be_converted_is_named(tmp_path: Path, make: Callable[[Path], Path], sentence: str) -> None:
    with pytest.raises(Unusable) as refused:
        to_onnx(read(make(tmp_path / "net.tflite")))

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("length", [0, 7, 8, 40, 200, 1500])
def test_a_file_that_was_cut_is_damaged(tmp_path: Path, length: int) -> None:
    path = mobilenet(tmp_path / "net.tflite", classes=5)
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(Unusable, match=r"net\.tflite is (damaged|no TensorFlow Lite file)"):
        read(path)


def test_a_login_page_is_no_network(tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_text("<html>Sign in to the network</html>")

    with pytest.raises(Unusable, match=r"^net\.tflite is no TensorFlow Lite file\. Fetch it again\.$"):
        read(tmp_path / "net.tflite")
