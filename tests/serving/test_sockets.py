"""Where a service listens."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.serving.conftest import REPOSITORY, Running, Start, free_port
from tests.support import over_unix_socket


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as made:
        yield Path(made)


def asked(path: Path) -> int:
    """The status of /health over a unix socket."""
    with over_unix_socket(path) as connection:
        connection.request("GET", "/health")
        return connection.getresponse().status


def failing(**environment: str) -> subprocess.CompletedProcess[str]:
    """A service that cannot start."""
    settings = os.environ | {"APP": "app_iris", "VARIANT": "svc", "PORT": str(free_port())} | environment
    return subprocess.run([sys.executable, "-m", "serving"], cwd=REPOSITORY, env=settings, capture_output=True, text=True, timeout=60)


def test_a_service_also_answers_on_its_unix_socket(start: Start, folder: Path) -> None:
    service = start(APP="app_iris", VARIANT="svc", LAB_SOCKETS=str(folder))

    path = folder / "svc.sock"
    assert asked(path) == 200
    assert service.get("/health").status_code == 200
    assert stat.S_IMODE(path.stat().st_mode) == 0o666


def test_a_socket_that_a_dead_service_left_is_replaced(start: Start, folder: Path) -> None:
    path = folder / "svc.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))

    start(APP="app_iris", VARIANT="svc", LAB_SOCKETS=str(folder))

    assert asked(path) == 200
    assert sorted(file.name for file in folder.iterdir()) == ["svc.answers", "svc.sock"]


def test_a_taken_port_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = failing(PORT=str(port))

    assert done.returncode == 1
    assert done.stderr == f"Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another port: PORT=… python -m serving\n"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LAB_SOCKETS": "/nowhere"}, "LAB_SOCKETS must be a writable folder with a short path."),
        ({"LAB_SOCKETS": "/tmp/" + "x" * 120}, "LAB_SOCKETS must be a writable folder with a short path."),
        ({"APP": ""}, "APP is not set."),
    ],
    ids=["no folder", "a long path", "no app"],
)
def test_a_wrong_setting_is_a_sentence(environment: dict[str, str], words: str) -> None:
    done = failing(**environment)

    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_tcp_port_is_for_this_machine_only_unless_told(svc: Running) -> None:
    port = svc.environment["PORT"]

    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.2:{port}/health", timeout=5)
