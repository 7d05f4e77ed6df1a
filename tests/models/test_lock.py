"""One run at a time works in a folder; the next one waits, and says so."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from models.cli import ROOT
from models.errors import CannotWrite
from models.lock import locked

# Holds a folder until it is told to end, in one of several ways.
HOLDER = """
import os, subprocess, sys
from pathlib import Path
from models.lock import locked
with locked(Path(sys.argv[1])):
    # A child that outlives its parent, and gets every handle that may be inherited.
    child = subprocess.Popen(["sleep", "20"], close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    print(child.pid, flush=True)
    sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", HOLDER, folder], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_folder_is_created_and_left_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "app_vgg16" / "artifacts"

    with locked(folder):
        assert folder.is_dir()

    assert list(folder.iterdir()) == []


def test_a_second_run_says_that_it_waits_and_goes_on_when_the_first_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path) as first:
        child = int(first.stdout.readline())
        threading.Timer(0.3, first.stdin.close).start()

        with locked(tmp_path):
            assert first.wait() == 0
    os.kill(child, 9)

    assert capsys.readouterr().out == f"Another run is at work in {tmp_path}; waiting for it to end …\n"


def test_a_run_that_is_killed_lets_go_though_its_child_lives_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with holder(tmp_path) as first:
        child = int(first.stdout.readline())
        first.kill()
        first.wait()

        with locked(tmp_path):
            os.kill(child, 9)

    assert capsys.readouterr().out == ""


def test_many_at_once_are_never_two_inside(tmp_path: Path) -> None:
    inside, most = [], []

    def work() -> None:
        for _ in range(50):
            with locked(tmp_path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(most) == 200
    assert max(most) == 1


def test_a_folder_that_takes_no_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_bytes(b"a file")

    with pytest.raises(CannotWrite, match="cannot be written: "), locked(tmp_path / "artifacts"):
        pass


def test_a_disk_without_locks_is_worked_on_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flock(handle: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("models.lock.fcntl.flock", flock)

    with locked(tmp_path):
        pass

    assert "lies on a disk without locks: start no second run before this one ends." in capsys.readouterr().out
