"""The lab's service answers on its socket, and says at the start what it cannot use."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.routes import with_weights
from lab.settings import CHECKOUT
from lab.traffic.nginx import NginxTraffic
from tests.support import eventually, over_unix_socket
from tests.traffic.conftest import KNOWN


class Service:
    """`python -m lab` with a folder for its socket."""

    def __init__(self, sockets: Path, state: Path, gateway: Path) -> None:
        self.path = sockets / "lab.sock"
        self.environment = os.environ | {"LAB_SOCKETS": str(sockets), "LAB_STATE": str(state), "LAB_GATEWAY": str(gateway)}

    def run(self, module: str = "lab") -> subprocess.CompletedProcess[str]:
        """Runs a module to its end."""
        command = [sys.executable, "-m", module]
        return subprocess.run(command, cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, timeout=60)

    def start(self) -> subprocess.Popen[str]:
        running = subprocess.Popen([sys.executable, "-m", "lab"], cwd=CHECKOUT, env=self.environment, stdout=subprocess.PIPE, text=True)
        eventually(lambda: self.run("lab.probe").returncode == 0)
        return running

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        with over_unix_socket(self.path) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())


@pytest.fixture
def service(state: Path, gateway: Path) -> Iterator[Service]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        yield Service(Path(folder), state, gateway)


def test_it_answers_and_ends(service: Service, traffic: NginxTraffic, gateway: Path) -> None:
    running = service.start()
    try:
        assert service.get("/health") == (200, {"health": "ok"})

        traffic.change("iris", lambda route: with_weights("iris", route, {"forest": 12.5}, KNOWN["iris"]))
        status, content = service.get("/routes")
        (iris,) = [one for one in content["routes"] if one["route"] == "iris"]
        assert (status, iris["epoch"], iris["variants"][1]["weight_percent"]) == (200, 1, 12.5)

        (gateway / "upstreams.conf").unlink()
        status, content = service.get("/routes")
        assert (status, content["detail"].partition(" is missing")[0]) == (503, f"{gateway}/upstreams.conf")
    finally:
        running.terminate()
        printed, _ = running.communicate(timeout=60)

    assert printed == f"The lab listens on {service.path}\n"


def test_it_takes_over_from_one_that_was_killed(service: Service) -> None:
    first = service.start()
    first.kill()
    first.communicate()

    second = service.start()

    assert service.get("/health")[0] == 200
    second.terminate()
    second.communicate(timeout=60)


def test_nobody_but_its_own_user_can_ask_it(service: Service) -> None:
    running = service.start()

    assert service.path.stat().st_mode & 0o777 == 0o600
    running.terminate()
    running.communicate(timeout=60)


def test_what_it_cannot_use_is_a_sentence(service: Service, gateway: Path) -> None:
    (gateway / "routes.json").write_text("{")

    done = service.run()

    assert done.returncode == 1
    assert done.stderr.startswith(f"{gateway}/routes.json cannot be used:\nIt is not JSON")
    assert "Traceback" not in done.stderr


def test_a_missing_folder_for_its_socket_is_a_sentence(service: Service) -> None:
    service.environment["LAB_SOCKETS"] = str(service.path.parent / "away")

    done = service.run()

    assert done.returncode == 1
    assert "LAB_SOCKETS must be a writable folder with a short path." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_probe_says_that_nobody_answers(service: Service) -> None:
    probed = service.run("lab.probe")

    assert probed.returncode == 1
    assert probed.stderr.startswith(f"No answer at {service.path}: ")
