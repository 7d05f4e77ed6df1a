"""An artifact that is made from another one follows it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from miniature import DERIVED, WEIGHTS, save_weights

Download = Callable[..., int]


@pytest.fixture
def artifacts(checkout: Path) -> Path:
    """The folder of a checkout with a second artifact, made from the first."""
    plan = checkout / "app_custom" / "artifacts.toml"
    plan.write_text(plan.read_text() + DERIVED)
    return checkout / "app_custom" / "artifacts"


def card(artifacts: Path, name: str) -> dict[str, Any]:
    return json.loads((artifacts / f"{name}.json").read_text())


def test_its_card_names_what_it_is_made_from(download: Download, artifacts: Path) -> None:
    save_weights(artifacts / WEIGHTS)

    code = download()

    assert code == 0
    assert card(artifacts, "copy")["made_from"] == {"file": "custom.onnx", "sha256": card(artifacts, "custom")["sha256"]}
    assert card(artifacts, "copy")["stand_in"] is False


def test_made_from_a_stand_in_it_is_one_itself(download: Download, artifacts: Path) -> None:
    download("--offline")

    assert card(artifacts, "copy")["stand_in"] is True


def test_it_is_made_again_when_the_other_one_changes(download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download("--offline")
    before = card(artifacts, "copy")

    save_weights(artifacts / WEIGHTS)
    download()

    assert card(artifacts, "copy")["sha256"] == card(artifacts, "custom")["sha256"] != before["sha256"]
    assert card(artifacts, "copy")["stand_in"] is False


def test_a_second_run_makes_nothing(download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    download("--offline")
    capsys.readouterr()

    download("--offline")

    assert capsys.readouterr().out.startswith("custom.onnx is a stand-in, skipping.\ncopy.onnx is a stand-in, skipping.\n")


def test_without_the_other_one_it_says_what_is_missing(download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = download("--only", "copy")

    assert code == 1
    assert "copy.onnx cannot be made: it is made from custom.onnx, which is missing." in capsys.readouterr().out
