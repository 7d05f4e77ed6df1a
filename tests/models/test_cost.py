"""What a prediction costs is measured, not guessed."""

import os
from pathlib import Path

import onnx
import pytest
from miniature import save_weights

from app_custom.build import convert
from models.cost import measure


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "custom.onnx"
    onnx.save(convert(save_weights(tmp_path / "weights.pt")).graph, path)
    return path


def test_time_and_memory_of_a_prediction_are_measured(artifact: Path) -> None:
    cost = measure(artifact)

    assert cost is not None
    assert 0 < cost.latency_p50_ms <= cost.latency_p90_ms
    assert cost.count > 1
    assert cost.threads == os.cpu_count()
    # The file alone is 9 MB.
    assert 9 < cost.memory_mb < 500
    assert cost.load_s > 0


def test_what_cannot_be_loaded_has_no_cost(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"not a graph")

    assert measure(tmp_path / "broken.onnx") is None
