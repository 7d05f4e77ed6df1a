"""The lab's own service on a scratch state, as `make up` runs it."""

import contextlib
import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bench.errors import Failure
from bench.processes import process

# Journals that were written for a measurement have the dates that they have: none is too old.
SETTINGS = {"LAB_KEEP_DAYS": "100000", "LAB_KEEP_GB": "100000"}

# Seconds between two looks how far the service has read.
LOOK_S = 0.05

# Seconds without an answer after which the service counts as broken.
TIMEOUT_S = 30


class Lab:
    """A running service."""

    def __init__(self, pid: int, socket: Path) -> None:
        self.pid = pid
        self.socket = socket

    def wait_until_current(self, seconds: float, lines: int = 0) -> None:
        """Returns when it has read the whole prediction journal, and at least so many lines. Raises Failure when that takes longer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = json.loads(_ask(self.socket, "/journal").content)
            if said["trouble"]:
                raise Failure(f"The lab cannot read its journals: {'; '.join(said['trouble'])}")
            (read,) = (one for one in said["journals"] if one["kind"] == "predictions")
            if said["is_current"] and not read["unread"] and read["lines"] >= lines:
                return
            time.sleep(LOOK_S)
        so_far = f"{read['lines']} of at least {lines} lines are read, {read['unread']} bytes are not"
        raise Failure(f"The lab has not caught up with the journal within {seconds:g} s: {so_far}.")


@contextlib.contextmanager
def lab(state: Path, sockets: Path) -> Iterator[Lab]:
    """Runs on `state`, and listens in `sockets`, whose path must be short."""
    for folder in (state, sockets):
        folder.mkdir(exist_ok=True)
    listening = sockets / "lab.sock"
    environment = SETTINGS | {"LAB_STATE": str(state), "LAB_SOCKETS": str(sockets)}
    log = sockets / "lab-service.log"
    with process([sys.executable, "-m", "lab"], lambda: answers_health(listening), log, environment) as started:
        yield Lab(started.pid, listening)


def answers_health(listening: Path) -> int:
    """The status of /health at a socket; 0 while nobody answers."""
    try:
        return _ask(listening, "/health").status
    except (OSError, http.client.HTTPException):
        return 0


class _Answer(NamedTuple):
    """Of GET."""

    status: int
    content: bytes


def _ask(listening: Path, path: str) -> _Answer:
    with contextlib.closing(_Connection(listening)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        return _Answer(answer.status, answer.read())


class _Connection(http.client.HTTPConnection):
    """Over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("lab", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        """The name of the host plays no part."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
