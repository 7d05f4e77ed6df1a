"""The lab's own service on a scratch state, as `make up` runs it."""

import contextlib
import http.client
import json
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from bench.errors import Failure
from bench.processes import process

# Journals that were written for a measurement have the dates that they have: none is too old.
SETTINGS = {"LAB_KEEP_DAYS": "100000", "LAB_KEEP_GB": "100000"}

# Seconds between two looks how far the service has read.
LOOK_S = 0.05

# What is known of a journal before the service has told anything of it.
NOTHING = {"lines": 0, "unread": 0}

# Seconds without an answer after which the service counts as broken.
TIMEOUT_S = 30


class Answer(NamedTuple):
    """Of GET."""

    status: int
    content: bytes


class Lab:
    """A running service."""

    def __init__(self, pid: int, socket: Path) -> None:
        self.pid = pid
        self.socket = socket

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Asks once, on a connection of its own."""
        return _ask(self.socket, path, headers)

    def wait_until_current(self, seconds: float, lines: int = 0, look_s: float = LOOK_S) -> None:
        """Returns when it has read the whole prediction journal, and at least so many lines. Raises Failure when that takes longer.

        `look_s` are the seconds between two looks.
        """
        end = time.monotonic() + seconds
        read = NOTHING
        while time.monotonic() < end:
            answer = _ask(self.socket, "/journal")
            # While millions of lines are read, there may be no memory left for a question.
            if answer.status == 200:
                said = json.loads(answer.content)
                if said["trouble"]:
                    raise Failure(f"The lab cannot read its journals: {'; '.join(said['trouble'])}")
                (read,) = (one for one in said["journals"] if one["kind"] == "predictions")
                if said["is_current"] and not read["unread"] and read["lines"] >= lines:
                    return
            time.sleep(look_s)
        so_far = f"{read['lines']} of at least {lines} lines are read, {read['unread']} bytes are not"
        raise Failure(f"The lab has not caught up with the journal within {seconds:g} s: {so_far}.")


@contextlib.contextmanager
def lab(state: Path, sockets: Path, **settings: str) -> Iterator[Lab]:
    """Runs on `state`, and listens in `sockets`, whose path must be short. `settings` are variables of its environment."""
    for folder in (state, sockets):
        folder.mkdir(exist_ok=True)
    listening = sockets / "lab.sock"
    environment = SETTINGS | {"LAB_STATE": str(state), "LAB_SOCKETS": str(sockets)} | settings
    log = sockets / "lab-service.log"
    with process([sys.executable, "-m", "lab"], lambda: answers_health(listening), log, environment) as started:
        yield Lab(started.pid, listening)


def answers_health(listening: Path) -> int:
    """The status of /health at a socket; 0 while nobody answers."""
    try:
        return _ask(listening, "/health").status
    except (OSError, http.client.HTTPException):
        return 0


def _ask(listening: Path, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    with contextlib.closing(_Connection(listening)) as connection:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())


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
