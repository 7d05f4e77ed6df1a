"""`python download_models.py` takes the best source there is, and says what it took."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from miniature import WEIGHTS, Publisher, save_weights

from models import cli
from models.plan import read_plan

Download = Callable[..., int]


def card(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "custom.json").read_text())


@pytest.fixture
def artifacts(checkout: Path) -> Path:
    return checkout / "app_custom" / "artifacts"


def test_published_weights_are_fetched_converted_and_kept(publisher: Publisher, download: Download, artifacts: Path) -> None:
    save_weights(publisher.folder / WEIGHTS)

    code = download()

    assert code == 0
    assert card(artifacts)["stand_in"] is False
    assert card(artifacts)["source"] == f"{publisher.url}/{WEIGHTS}"
    assert card(artifacts)["parity"]["max_abs_dp"] <= 1e-5
    assert sorted(path.name for path in artifacts.iterdir()) == ["custom.json", "custom.onnx", WEIGHTS]


@pytest.mark.parametrize("place", ["artifacts", "app/artifacts"])
def test_weights_put_there_by_hand_are_taken_without_asking_anybody(
    publisher: Publisher, download: Download, checkout: Path, artifacts: Path, place: str
) -> None:
    save_weights(checkout / "app_custom" / place / WEIGHTS)

    code = download()

    assert code == 0
    assert card(artifacts)["stand_in"] is False
    assert card(artifacts)["parity"]["count"] == 32
    assert publisher.asked == []


def test_a_mirror_that_is_a_folder_is_asked_first(publisher: Publisher, download: Download, artifacts: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "mirror" / WEIGHTS)

    code = download(LAB_MODEL_MIRROR=str(tmp_path / "mirror"))

    assert code == 0
    assert card(artifacts)["stand_in"] is False
    assert publisher.asked == []


def test_a_mirror_that_is_a_url_is_asked_first(publisher: Publisher, download: Download, artifacts: Path) -> None:
    save_weights(publisher.folder / "mirror" / WEIGHTS)

    code = download(LAB_MODEL_MIRROR=f"{publisher.url}/mirror/")

    assert code == 0
    assert card(artifacts)["source"] == f"{publisher.url}/mirror/{WEIGHTS}"
    assert publisher.asked == [f"/mirror/{WEIGHTS}"]


def test_weights_of_another_network_are_answered_with_a_sentence_and_the_next_source_is_tried(
    publisher: Publisher, download: Download, checkout: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand = checkout / "app_custom" / "app" / "artifacts" / WEIGHTS
    by_hand.parent.mkdir(parents=True)
    torch.save({"other.weight": torch.zeros(1)}, by_hand)
    save_weights(publisher.folder / WEIGHTS)

    code = download()

    assert code == 0
    assert f"{WEIGHTS} belongs to another network" in capsys.readouterr().out
    assert card(artifacts)["source"] == f"{publisher.url}/{WEIGHTS}"


def test_weights_that_do_not_fit_are_kept_aside_when_others_are_fetched(publisher: Publisher, download: Download, artifacts: Path) -> None:
    artifacts.mkdir()
    (artifacts / WEIGHTS).write_bytes(b"mine")
    save_weights(publisher.folder / WEIGHTS)

    code = download()

    assert code == 0
    assert (artifacts / f"{WEIGHTS}.old").read_bytes() == b"mine"
    assert (artifacts / WEIGHTS).stat().st_size > 1_000_000


def test_a_login_page_instead_of_weights_is_not_kept(publisher: Publisher, download: Download, artifacts: Path) -> None:
    (publisher.folder / WEIGHTS).write_text("<html>Sign in to the network</html>")

    code = download()

    assert code == 0
    assert card(artifacts)["stand_in"] is True
    assert not (artifacts / WEIGHTS).exists()


def test_offline_ends_with_a_stand_in_and_says_so(
    publisher: Publisher, download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = download("--offline")

    assert code == 0
    assert publisher.asked == []
    assert card(artifacts)["source"] == "stand-in: trained on rendered pictures, no claim on photos"
    assert card(artifacts)["accuracy"]["of"] == "rendered pictures"
    assert "custom.onnx is a stand-in: trained on rendered pictures, no claim on photos." in capsys.readouterr().out


def test_a_second_run_changes_and_asks_nothing(
    publisher: Publisher, download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(publisher.folder / WEIGHTS)
    download()
    before = {path: path.stat().st_mtime_ns for path in artifacts.iterdir()}
    publisher.asked.clear()

    code = download()

    assert code == 0
    assert {path: path.stat().st_mtime_ns for path in artifacts.iterdir()} == before
    assert publisher.asked == []
    assert capsys.readouterr().out.endswith("custom.onnx is there, skipping.\n")


def test_a_stand_in_stays_until_weights_are_at_hand(publisher: Publisher, download: Download, artifacts: Path) -> None:
    download("--offline")
    built_at = card(artifacts)["sha256"]

    download()
    kept = card(artifacts)["sha256"]
    save_weights(artifacts / WEIGHTS)
    download()

    assert kept == built_at
    assert publisher.asked == []
    assert card(artifacts)["stand_in"] is False


def test_a_graph_put_there_by_hand_is_never_touched(download: Download, artifacts: Path) -> None:
    artifacts.mkdir()
    (artifacts / "custom.onnx").write_bytes(b"mine")

    code = download("--rebuild", "--offline")

    assert code == 0
    assert [path.name for path in artifacts.iterdir()] == ["custom.onnx"]
    assert (artifacts / "custom.onnx").read_bytes() == b"mine"


def test_a_file_that_no_longer_matches_its_card_is_kept_aside_and_made_again(download: Download, artifacts: Path) -> None:
    save_weights(artifacts / WEIGHTS)
    download()
    (artifacts / "custom.onnx").write_bytes(b"mine")

    code = download()

    assert code == 0
    assert (artifacts / "custom.onnx.old").read_bytes() == b"mine"
    assert (artifacts / "custom.onnx").stat().st_size > 1_000_000


def test_a_container_copies_what_the_checkout_has_finished(
    publisher: Publisher, download: Download, checkout: Path, tmp_path: Path
) -> None:
    save_weights(checkout / "app_custom" / "artifacts" / WEIGHTS)
    download()
    (checkout / "app_custom" / "artifacts" / WEIGHTS).unlink()
    image = tmp_path / "image" / "app_custom"
    image.mkdir(parents=True)
    (image / "artifacts.toml").write_text((checkout / "app_custom" / "artifacts.toml").read_text())

    code = cli.main([], {"LAB_ARTIFACTS": str(tmp_path / "volume"), "LAB_CHECKOUT": str(checkout)}, image.parent)

    assert code == 0
    assert card(tmp_path / "volume" / "app_custom") == card(checkout / "app_custom" / "artifacts")
    assert (tmp_path / "volume" / "app_custom" / "custom.onnx").is_file()
    assert publisher.asked == []


def test_what_cannot_be_made_is_named_and_the_exit_code_is_1(
    download: Download, artifacts: Path, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = checkout / "app_custom" / "artifacts.toml"
    plan.write_text(plan.read_text().replace("app_custom.build:", "torch.not_installed:"))

    code = download("--offline")

    assert code == 1
    printed = capsys.readouterr().out
    assert "the package torch is missing. Run: sh models/install_torch.sh pip" in printed
    assert printed.endswith("Missing: custom.onnx.\n")


def test_list_shows_every_artifact_and_makes_none(download: Download, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = download("--list")

    assert code == 0
    assert capsys.readouterr().out == f"custom       {artifacts / 'custom.onnx'}: missing\n"
    assert not artifacts.exists()


def test_only_what_is_asked_for_is_made(download: Download, checkout: Path, artifacts: Path) -> None:
    plan = checkout / "app_custom" / "artifacts.toml"
    another = '[[artifact]]\nname = "iris_ocs"\nfile = "iris_ocs.onnx"\nbuild = "app_iris.build:outlier_detector"\n'
    plan.write_text(plan.read_text() + another)

    code = download("--only", "iris_ocs")

    assert code == 0
    assert sorted(path.name for path in artifacts.iterdir()) == ["iris_ocs.json", "iris_ocs.onnx"]


def test_an_unknown_name_is_answered_with_the_known_ones(download: Download, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        download("--only", "vgg")

    assert "no artifact is called 'vgg'. Choose from: custom." in capsys.readouterr().err


def test_every_artifact_of_the_checkout_can_be_listed() -> None:
    names = [artifact.name for artifact in read_plan(cli.ROOT)]

    assert {"custom", "vgg16", "iris_svc", "iris_rf", "iris_ocs"} <= set(names)
    assert len(names) == len(set(names))
