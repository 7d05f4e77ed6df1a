"""The published networks are fetched, checked and converted with their names; where no source has them, they are off."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import onnx
import pytest
from miniature import TINY, Publisher

from models import cli, fetch
from tests.tflite_files import colours, mobilenet

Download = Callable[..., int]

NETWORK, LABELS = "net.tflite", "names.txt"

PLAN = """
[[artifact]]
name = "plant"
file = "plant.onnx"

[artifact.weights]
file = "net.tflite"
sources = ["{source}/net.tflite"]
convert = "app_mobilenet.build:plant"

[[artifact.weights.beside]]
file = "names.txt"
sources = ["{source}/names.txt"]
"""

NAMES = "Rosa rubra (Red rose)\nUrtica dioica (Stinging nettle)\nGentiana acaulis (Gentian)\nbackground\n"


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "PAUSE_S", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The model's folder in a checkout without other models."""
    folder = tmp_path / "vision" / "app_mobilenet"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def artifacts(folder: Path) -> Path:
    return folder / "artifacts"


def plan(folder: Path, source: str, **weights: object) -> None:
    """Says where the files are published, and what is known of the network."""
    known = "".join(f"{name} = {json.dumps(value)}\n" for name, value in weights.items())
    text = PLAN.format(source=source)
    (folder / "artifacts.toml").write_text(text.replace('convert = "', f'{known}convert = "', 1))


def download(folder: Path, *arguments: str, **environment: str) -> int:
    return cli.main(arguments, environment, folder.parent, TINY)


def publish(place: Path, names: str = NAMES, classes: int = 4) -> Path:
    """A network of colours and its names."""
    place.mkdir(parents=True, exist_ok=True)
    (place / LABELS).write_text(names)
    return colours(place / NETWORK, 0, 1, 2, classes)


def card(artifacts: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((artifacts / "plant.json").read_text())
    return found


def test_both_files_are_fetched_and_the_names_get_into_the_graph(publisher: Publisher, folder: Path, artifacts: Path) -> None:
    published = publish(publisher.folder)
    plan(folder, publisher.url)

    code = download(folder)

    assert code == 0
    assert publisher.asked == [f"/{LABELS}", f"/{NETWORK}"]
    (note,) = onnx.load(artifacts / "plant.onnx").metadata_props
    assert json.loads(note.value) == ["Rosa rubra", "Urtica dioica", "Gentiana acaulis", "background"]
    assert card(artifacts)["labels"] == json.loads(note.value)
    assert (card(artifacts)["stand_in"], card(artifacts)["source"]) == (False, f"{publisher.url}/{NETWORK}")
    assert card(artifacts)["made_from"] == {"file": NETWORK, "sha256": sha256(published.read_bytes()).hexdigest()}
    parity = card(artifacts)["parity"]
    assert (parity["against"], parity["max_abs_dp"], parity["count"]) == ("LiteRT", 0, 32)
    assert card(artifacts)["cost"]["latency_p50_ms"] > 0


@pytest.mark.parametrize("way", ["absolute", "relative", "relative/absolute"])
def test_a_redirect_is_followed(publisher: Publisher, folder: Path, artifacts: Path, way: str) -> None:
    publish(publisher.folder)
    plan(folder, f"{publisher.url}/{way}")

    code = download(folder)

    assert code == 0
    assert card(artifacts)["source"] == f"{publisher.url}/{way}/{NETWORK}"


def test_a_download_that_broke_off_goes_on(
    publisher: Publisher, ranges: list[tuple[str | None, str | None]], folder: Path, artifacts: Path
) -> None:
    size = publish(publisher.folder).stat().st_size
    plan(folder, f"{publisher.url}/cut/1000", sha256=sha256((publisher.folder / NETWORK).read_bytes()).hexdigest(), size=size)

    code = download(folder)

    assert code == 0
    assert ("bytes=1000-", '"first"') in ranges
    assert card(artifacts)["made_from"]["sha256"] == sha256((publisher.folder / NETWORK).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("known", "sentence"),
    [({"size": 17}, " bytes, must be 17."), ({"sha256": "0" * 64}, f" as SHA-256, must be {'0' * 64}.")],
    ids=["size", "digest"],
)
def test_a_file_that_its_publisher_has_changed_is_refused_in_a_sentence(
    publisher: Publisher, folder: Path, artifacts: Path, capsys: pytest.CaptureFixture[str], known: dict[str, object], sentence: str
) -> None:
    publish(publisher.folder)
    plan(folder, publisher.url, **known)

    code = download(folder)

    printed = capsys.readouterr().out
    assert f"{publisher.url}/{NETWORK} gave another file: " in printed
    assert sentence in printed
    assert code == 0
    assert sorted(path.name for path in artifacts.iterdir()) == [LABELS, "plant.off"]


def test_a_file_of_unknown_digest_that_is_no_network_is_refused(
    publisher: Publisher, folder: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(publisher.folder)
    (publisher.folder / NETWORK).write_text("<html>Sign in to the network</html>")
    plan(folder, publisher.url)

    download(folder)

    assert f"{NETWORK} is no TensorFlow Lite file" in capsys.readouterr().out
    assert not (artifacts / NETWORK).exists()


def test_names_of_another_network_are_refused(publisher: Publisher, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(publisher.folder, names="one\ntwo\n")
    plan(folder, publisher.url)

    download(folder)

    assert f"{LABELS} names 2 classes, the network has 4. They do not belong together." in capsys.readouterr().out


def test_without_its_names_a_network_is_not_even_fetched(publisher: Publisher, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish(publisher.folder)
    (publisher.folder / LABELS).unlink()
    plan(folder, publisher.url)

    download(folder)

    assert publisher.asked == [f"/{LABELS}"]
    assert f"No source has {LABELS}, without which plant.onnx cannot be made." in capsys.readouterr().out


def test_a_mirror_that_is_a_folder_has_both(publisher: Publisher, folder: Path, artifacts: Path, tmp_path: Path) -> None:
    publish(tmp_path / "mirror")
    plan(folder, publisher.url)

    code = download(folder, LAB_MODEL_MIRROR=str(tmp_path / "mirror"))

    assert code == 0
    assert publisher.asked == []
    assert card(artifacts)["source"].startswith(f"converted from {NETWORK} (SHA-256 ")


def test_a_mirror_that_is_a_url_has_both(publisher: Publisher, folder: Path, artifacts: Path) -> None:
    publish(publisher.folder / "mirror")
    plan(folder, "http://127.0.0.1:9")

    code = download(folder, LAB_MODEL_MIRROR=f"{publisher.url}/mirror")

    assert code == 0
    assert publisher.asked == [f"/mirror/{LABELS}", f"/mirror/{NETWORK}"]
    assert (artifacts / "plant.onnx").is_file()


def test_another_network_of_another_domain_is_taken_as_it_is(publisher: Publisher, folder: Path, artifacts: Path) -> None:
    artifacts.mkdir()
    mobilenet(artifacts / NETWORK, classes=6, side=37)
    (artifacts / LABELS).write_text("0  Parus major (Great Tit)\n1  Corvus corax\n2  Pica pica\n3  Cygnus olor\n4  Apus apus\n")
    plan(folder, publisher.url)

    code = download(folder)

    assert code == 0
    assert card(artifacts)["labels"] == ["Parus major", "Corvus corax", "Pica pica", "Cygnus olor", "Apus apus", "background"]
    assert card(artifacts)["input"] == "uint8 [batch, 37, 37, 3]: RGB"


class TestOff:
    """No source has it, and nothing can honestly stand in for it."""

    @pytest.fixture(autouse=True)
    def unreachable(self, folder: Path, publisher: Publisher) -> None:
        plan(folder, publisher.url)

    def test_it_is_off_and_that_is_no_failure(self, folder: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
        code = download(folder)

        assert code == 0
        assert not (artifacts / "plant.onnx").exists()
        printed = capsys.readouterr().out
        assert "plant.onnx is off: its weights were in no reach, and nothing can stand in for them.\n" in printed
        assert f"To get it, put {NETWORK} and {LABELS} into app_mobilenet/artifacts/ and run this again" in printed
        assert "Missing:" not in printed

    def test_the_world_is_not_asked_at_each_start(self, folder: Path, publisher: Publisher, capsys: pytest.CaptureFixture[str]) -> None:
        download(folder)
        publisher.asked.clear()
        publish(publisher.folder)

        code = download(folder)

        assert (code, publisher.asked) == (0, [])
        assert "plant.onnx is off: its weights were in no reach, and nothing can stand in for them, skipping.\n" in capsys.readouterr().out

    def test_the_world_is_asked_again_on_request(self, folder: Path, publisher: Publisher, artifacts: Path) -> None:
        download(folder)
        publish(publisher.folder)

        code = download(folder, "--rebuild", "--only", "plant")

        assert code == 0
        assert sorted(path.name for path in artifacts.iterdir()) == [LABELS, NETWORK, "plant.json", "plant.onnx"]

    def test_files_put_there_by_hand_end_it(self, folder: Path, publisher: Publisher, artifacts: Path) -> None:
        download(folder)
        publisher.asked.clear()
        publish(artifacts)

        code = download(folder)

        assert (code, publisher.asked) == (0, [])
        assert (artifacts / "plant.onnx").is_file()

    def test_a_mirror_without_the_files_is_named(self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        download(folder)
        capsys.readouterr()

        code = download(folder, LAB_MODEL_MIRROR=str(tmp_path / "empty"))

        assert code == 0
        assert f"The mirror {tmp_path / 'empty'} has no {NETWORK} that can be read here." in capsys.readouterr().out

    def test_one_that_was_there_stays_when_it_cannot_be_made_again(self, folder: Path, publisher: Publisher, artifacts: Path) -> None:
        publish(publisher.folder)
        download(folder)
        before = (artifacts / "plant.onnx").read_bytes()
        for path in (artifacts / NETWORK, artifacts / LABELS, publisher.folder / NETWORK, publisher.folder / LABELS):
            path.unlink()

        code = download(folder, "--rebuild")

        assert code == 0
        assert (artifacts / "plant.onnx").read_bytes() == before

    def test_list_says_so(self, folder: Path, artifacts: Path, capsys: pytest.CaptureFixture[str]) -> None:
        download(folder)
        capsys.readouterr()

        download(folder, "--list")

        path = artifacts / "plant.onnx"
        assert capsys.readouterr().out == f"plant        {path}: off: its weights were in no reach, and nothing can stand in for them\n"
