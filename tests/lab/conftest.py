"""The whole lab with its real models, as `make up` starts it."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import REPOSITORY, free_ports, read_journal


class Lab:
    """One lab with its own state and ports, in a checkout."""

    def __init__(self, state: Path, checkout: Path = REPOSITORY, **settings: str) -> None:
        self.checkout = checkout
        self.state = state
        names = re.findall(r"\$\{((?:LAB|APP_\w+)_PORT):-", (checkout / "docker-compose.yml").read_text())
        self.environment = dict(zip(names, map(str, free_ports(len(names))), strict=True)) | {"LAB_STATE": str(state)} | settings
        self.url = f"http://localhost:{self.environment['LAB_PORT']}"

    def make(self, target: str) -> subprocess.CompletedProcess[str]:
        """Runs `make <target>` for this lab."""
        return subprocess.run(["make", target], cwd=self.checkout, env=os.environ | self.environment, capture_output=True, text=True)

    def embedded(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs the part of `make` that comes after the installation."""
        python = REPOSITORY / ".venv" / "bin" / "python"
        return subprocess.run(
            [python, "-m", "embedded", command], cwd=self.checkout, env=os.environ | self.environment, capture_output=True, text=True
        )

    def pid(self, process: str) -> int:
        """The process id of one service."""
        config = self.state / "run" / "supervisord.conf"
        python = REPOSITORY / ".venv" / "bin" / "python"
        told = subprocess.run([python, "-m", "supervisor.supervisorctl", "-c", config, "pid", process], capture_output=True, text=True)
        return int(told.stdout)

    def lines(self) -> list[dict[str, Any]]:
        """The whole journal; every line is valid."""
        return read_journal(self.state / "journal")

    def upload(self, picture: Path | None = None, path: str = "/predict", **headers: str) -> requests.Response:
        """Uploads a picture on a connection of its own."""
        file = picture or REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg"
        with file.open("rb") as content:
            return requests.post(f"{self.url}{path}", files={"file": (file.name, content, "image/jpeg")}, headers=headers, timeout=30)


def copy_checkout(checkout: Path) -> None:
    """What git knows of this repository, and its models."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    for name in names.stdout.splitlines():
        if (REPOSITORY / name).is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, checkout / name)
    for artifacts in REPOSITORY.glob("app_*/artifacts"):
        (checkout / artifacts.relative_to(REPOSITORY)).symlink_to(artifacts)


@pytest.fixture
def state() -> Iterator[Path]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One running lab for every test that only visits it."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        running = Lab(Path(folder))
        up = running.make("up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield running
        down = running.make("down")
        assert down.returncode == 0, down.stdout + down.stderr
