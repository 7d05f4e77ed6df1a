"""A container takes what the user's checkout and mirror hold."""

import json
from pathlib import Path

import pytest
from miniature import WEIGHTS, Publisher, save_weights

from models import cli


@pytest.fixture
def image(checkout: Path, tmp_path: Path) -> Path:
    """A copy of the checkout's code, as in a container."""
    copy = tmp_path / "image" / "app_custom"
    copy.mkdir(parents=True)
    (copy / "artifacts.toml").write_text((checkout / "app_custom" / "artifacts.toml").read_text())
    return copy.parent


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """Where the container's artifacts go."""
    return tmp_path / "volume"


def download(image: Path, volume: Path, checkout: Path, **environment: str) -> int:
    return cli.main(["--offline"], {"LAB_ARTIFACTS": str(volume), "LAB_CHECKOUT": str(checkout)} | environment, image)


def source(volume: Path) -> str:
    card = json.loads((volume / "app_custom" / "custom.json").read_text())
    assert card["stand_in"] is False
    return str(card["source"])


def test_a_graph_put_into_the_checkout_by_hand_goes_before_all_else(image: Path, volume: Path, checkout: Path) -> None:
    by_hand = checkout / "app_custom" / "artifacts" / "custom.onnx"
    save_weights(by_hand.with_name(WEIGHTS))
    by_hand.write_bytes(b"mine")

    first = download(image, volume, checkout)
    copied = (volume / "app_custom" / "custom.onnx").read_bytes()
    by_hand.write_bytes(b"mine, improved")
    second = download(image, volume, checkout)

    assert (first, second) == (0, 0)
    assert copied == b"mine"
    assert (volume / "app_custom" / "custom.onnx").read_bytes() == b"mine, improved"
    assert source(volume) == "put there by hand"


def test_a_graph_taken_out_of_the_checkout_leaves_the_container_too(image: Path, volume: Path, checkout: Path) -> None:
    by_hand = checkout / "app_custom" / "artifacts" / "custom.onnx"
    save_weights(by_hand.with_name(WEIGHTS))
    by_hand.write_bytes(b"mine")
    download(image, volume, checkout)

    by_hand.unlink()
    download(image, volume, checkout)

    assert source(volume).startswith(f"converted from {WEIGHTS}")


def test_a_mirror_inside_the_checkout_is_named_as_people_type_it(image: Path, volume: Path, checkout: Path, publisher: Publisher) -> None:
    save_weights(checkout / "mirror" / WEIGHTS)

    code = download(image, volume, checkout, LAB_MODEL_MIRROR="./mirror")

    assert code == 0
    assert source(volume).startswith(f"converted from {WEIGHTS}")
    assert publisher.asked == []


def test_a_mirror_elsewhere_on_the_machine_is_another_setting(image: Path, volume: Path, checkout: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "mirror" / WEIGHTS)

    download(image, volume, checkout, LAB_MODEL_MIRROR="", LAB_MODEL_MIRROR_FOLDER=str(tmp_path / "mirror"))

    assert source(volume).startswith(f"converted from {WEIGHTS}")


def test_a_mirror_without_the_file_is_named(image: Path, volume: Path, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = image / "app_custom" / "artifacts.toml"
    plan.write_text(plan.read_text().replace("app_custom.build:stand_in", "app_custom.build:not_needed_here"))

    with pytest.raises(AttributeError):
        download(image, volume, checkout, LAB_MODEL_MIRROR="/elsewhere")

    assert f"The mirror /elsewhere has no {WEIGHTS} that can be read here. A folder outside the checkout" in capsys.readouterr().out


def test_a_mirror_without_the_file_is_named_although_a_stand_in_is_there(
    image: Path, volume: Path, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(checkout / "app_custom" / "artifacts" / WEIGHTS)
    download(image, volume, checkout)
    card = volume / "app_custom" / "custom.json"
    card.write_text(card.read_text().replace('"stand_in": false', '"stand_in": true'))
    (checkout / "app_custom" / "artifacts" / WEIGHTS).unlink()

    download(image, volume, checkout, LAB_MODEL_MIRROR="/elsewhere")

    assert f"The mirror /elsewhere has no {WEIGHTS}" in capsys.readouterr().out
