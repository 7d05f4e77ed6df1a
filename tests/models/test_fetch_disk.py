"""A disk that is full or closed is named, with the next step, and stops the search for other sources."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from miniature import WEIGHTS, Publisher, save_weights

from models import saving
from models.cli import ROOT
from models.errors import CannotWrite, NoRoom
from models.fetch import fetch

MB = 1_000_000

# Fetches an address into a file, of which no more than a number of bytes may be written.
LIMITED = """
import resource, sys
from pathlib import Path
from models.errors import CannotWrite
from models.fetch import fetch
url, target, limit = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    fetch(url, Path(target))
except CannotWrite as error:
    sys.exit(str(error))
"""

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small disk of its own with the options given."""
    place = tmp_path / "disk"
    place.mkdir()

    def mounted(options: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"A disk can only be mounted by root: {done.stderr.strip()}")
        return place

    yield mounted
    subprocess.run(["umount", place], capture_output=True, check=False)


@pytest.fixture
def url(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("models.fetch.PAUSE_S", 0)
    (publisher.folder / "weights.pt").write_bytes(bytes(3 * MB))
    return f"{publisher.url}/weights.pt"


def test_a_disk_that_is_too_small_is_named_before_anything_is_fetched(url: str, mount: Mount) -> None:
    target = mount("size=1m") / "weights.pt"

    with pytest.raises(NoRoom) as caught:
        fetch(url, target)

    assert str(caught.value) == f"The disk that holds {target} has 1.04 MB left, 3 MB are needed. Free some space and run this again."
    assert not target.exists()


def test_a_disk_that_fills_up_is_named_with_both_amounts(url: str, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    target = mount("size=1m") / "weights.pt"
    monkeypatch.setattr("models.fetch.check_room", lambda *amounts: None)

    with pytest.raises(NoRoom) as caught:
        fetch(url, target)

    assert str(caught.value).startswith(f"The disk that holds {target} is full: 1.04 MB were written, 3 MB are needed. Free some space")
    assert not target.exists()


def test_what_a_full_disk_took_is_gone_on_with_when_there_is_room(publisher: Publisher, url: str, mount: Mount) -> None:
    disk = mount("size=4m")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(3 * MB))
    address = url.replace("/weights.pt", "/cut/900000/weights.pt")
    with pytest.raises(NoRoom):
        fetch(address, disk / "weights.pt")
    ballast.unlink()

    fetch(address, disk / "weights.pt")

    assert (disk / "weights.pt").stat().st_size == 3 * MB


def test_a_disk_that_is_mounted_to_read_only_is_named(url: str, mount: Mount) -> None:
    target = mount("ro") / "weights.pt"

    with pytest.raises(CannotWrite) as caught:
        fetch(url, target)

    assert str(caught.value).startswith(
        f"{target} cannot be written: read-only file system. Make its folder writable, or set LAB_ARTIFACTS"
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="Modes do not keep root out.")
def test_a_folder_of_somebody_else_is_named(url: str, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)

    with pytest.raises(CannotWrite, match="cannot be written: permission denied"):
        fetch(url, closed / "weights.pt")


def test_a_limit_on_the_size_of_files_is_named(url: str, tmp_path: Path) -> None:
    target = tmp_path / "weights.pt"

    done = subprocess.run([sys.executable, "-c", LIMITED, url, target, str(MB)], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stderr == f"{target} cannot be written: file too large. Set LAB_ARTIFACTS to another folder, and run this again.\n"
    assert not target.exists()


def test_a_file_where_the_folder_should_be_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "folder").write_bytes(b"")

    with pytest.raises(CannotWrite, match="cannot be written: "):
        fetch(url, tmp_path / "folder" / "weights.pt")


def test_a_folder_where_the_file_should_be_is_named(url: str, tmp_path: Path) -> None:
    (tmp_path / "weights.pt" / "inside").mkdir(parents=True)

    with pytest.raises(CannotWrite, match="cannot be written: is a directory"):
        fetch(url, tmp_path / "weights.pt")


def test_a_full_disk_makes_the_exit_code_1_and_no_stand_in(
    publisher: Publisher, checkout: Path, download: Callable[..., int], mount: Mount, capsys: pytest.CaptureFixture[str]
) -> None:
    save_weights(publisher.folder / WEIGHTS)

    code = download(LAB_ARTIFACTS=str(mount("size=1m")))

    printed = capsys.readouterr().out
    assert code == 1
    assert "custom.onnx cannot be made: The disk that holds " in printed
    assert "stand-in" not in printed
    assert printed.endswith("Missing: custom.onnx.\n")


def test_a_closed_disk_makes_the_exit_code_1(download: Callable[..., int], mount: Mount, capsys: pytest.CaptureFixture[str]) -> None:
    code = download(LAB_ARTIFACTS=str(mount("ro")))

    assert code == 1
    assert "cannot be written: read-only file system. Make its folder writable" in capsys.readouterr().out


def test_amounts_are_for_people() -> None:
    assert [saving.amount(count) for count in (0, 999, 1000, 541_234_567, 12_000_000, 2_500_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1 kB",
        "541 MB",
        "12 MB",
        "2.5 GB",
    ]


def test_a_path_in_the_current_folder_is_shown_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert saving.shown(tmp_path / "app_vgg16" / "artifacts") == "app_vgg16/artifacts"
    assert saving.shown(tmp_path.parent) == str(tmp_path.parent)
