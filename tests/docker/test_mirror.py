"""Under Docker, models come from a mirror that is a folder of this machine."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from app_custom.build import Net
from app_vgg16.build import architecture
from tests.docker.test_compose import Compose

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Both published files with random weights, as large as the real ones."""
    folder = tmp_path_factory.mktemp("mirror")
    # pytest keeps its folders to itself; the container's user must be able to look in.
    for place in (folder, *folder.parents[:2]):
        place.chmod(0o755)
    torch.manual_seed(0)
    torch.save(Net().state_dict(), folder / "fruit_classifier_state_dict.pt")
    torch.save(architecture().state_dict(), folder / "transfer_learning_model.pt")
    yield folder
    # Half a gigabyte that pytest would keep for its next three runs.
    (folder / "transfer_learning_model.pt").unlink()


@pytest.fixture
def compose(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Compose]:
    monkeypatch.setenv("LAB_MODEL_MIRROR_FOLDER", str(mirror))
    project = Compose("mirror")
    yield project
    project("down", "-v")


def test_a_folder_of_this_machine_is_a_mirror(compose: Compose) -> None:
    compose("build", "models")

    said = compose("run", "--rm", "models", "python", "download_models.py", "--only", "custom", "vgg16")
    cards = [card(compose, file) for file in ("app_custom/custom.json", "app_vgg16/vgg16.json")]

    assert f"Converting {os.environ['LAB_MODEL_MIRROR_FOLDER']}/transfer_learning_model.pt" in said
    assert [found["stand_in"] for found in cards] == [False, False]
    assert [found["parity"]["count"] for found in cards] == [32, 32]
    assert max(found["parity"]["max_abs_dp"] for found in cards) <= 1e-5


def card(compose: Compose, file: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(compose("run", "--rm", "models", "cat", f"/artifacts/{file}"))
    return found
