"""What the tests of a running gateway or lab share."""

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

REPOSITORY = Path(__file__).resolve().parent.parent

VALIDATOR = jsonschema.Draft202012Validator(json.loads((REPOSITORY / "docs" / "journal.schema.json").read_text()))

# Seconds for something that should happen within one or two, on a busy machine.
PATIENCE_S = 60


def journal_lines(text: str, valid: int = 0) -> list[dict[str, Any]]:
    """The records of a journal; each is checked against the published schema, except the first `valid` ones."""
    # Only a line feed ends a line: labels may hold other separators. What follows the last one is still being written.
    records = [json.loads(line) for line in text.split("\n")[:-1]]
    for record in records[valid:]:
        VALIDATOR.validate(record)
    return records


def read_journal(folder: Path, valid: int = 0) -> list[dict[str, Any]]:
    """The records of every segment in a folder, in the order of time."""
    return journal_lines("".join(segment.read_text() for segment in sorted(folder.glob("predictions-*.jsonl"))), valid)


def status_of(url: str) -> int:
    """The status of a GET; 0 when the answer broke off: its model died after it had begun, which nobody can take back."""
    try:
        return requests.get(url, timeout=30).status_code
    except requests.RequestException:
        return 0


@contextmanager
def over_unix_socket(path: Path, seconds: float = 30) -> Iterator[http.client.HTTPConnection]:
    """A connection to a service's unix socket, as patient as that; closed at the end, whatever happens to the service."""
    with closing(http.client.HTTPConnection("localhost")) as connection:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(seconds)
        connection.sock.connect(str(path))
        yield connection


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def eventually(condition: Callable[[], bool], explain: Callable[[], str] = lambda: "") -> None:
    """Waits for a condition."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"It did not happen within {PATIENCE_S} s. {explain()}")
