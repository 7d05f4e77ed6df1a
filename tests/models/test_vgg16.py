"""VGG16 has the published layout, and loses its adaptive pool without changing its answers."""

from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

from app_vgg16 import build
from models import fruit


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return build.architecture()


def test_its_state_dict_has_the_published_keys(network: nn.Module) -> None:
    layers = {key.rpartition(".")[0] for key in network.state_dict()}

    assert sorted(layer for layer in layers if layer.startswith("classifier.")) == [
        f"classifier.{part}" for part in ("0", "3", "6.0", "6.3")
    ]
    assert sum(layer.startswith("features.") for layer in layers) == 13
    assert sum(value.numel() for value in network.parameters()) == 135_310_147


def test_a_feature_map_of_another_size_is_refused(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fruit, "SIDE", 224)

    with pytest.raises(AssertionError, match="is \\(7, 7\\), the fold is for 4 by 4"):
        build.without_pool(network)


def test_the_fold_is_exact(network: nn.Module) -> None:
    picture = torch.from_numpy(fruit.to_compare()[:1]).double()
    network = deepcopy(network).double()

    with torch.inference_mode():
        expected = network.classifier(network.avgpool(network.features(picture)).flatten(1))
        folded = build.without_pool(network)[:-1](picture)

    assert folded.shape == (1, 3)
    assert float(((folded - expected).abs() / expected.abs()).max()) <= 1e-12


def test_converting_published_weights_keeps_the_answers(network: nn.Module, tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(network.state_dict(), weights)

    built = build.convert(weights)
    # Half a gigabyte that pytest would keep for its next three runs.
    weights.unlink()

    assert built.parity.max_abs_dp <= 1e-5
    assert [value.dim_value for value in built.graph.graph.input[0].type.tensor_type.shape.dim[1:]] == [3, 150, 150]
