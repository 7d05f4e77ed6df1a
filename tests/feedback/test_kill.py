"""A real process: what was acknowledged is on disk however often it is killed, and clients may hang up when they like."""

import contextlib
import http.client
import json
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

from tests.feedback.conftest import feedback_lines
from tests.support import REPOSITORY, eventually, free_ports

KILLS = 5
CLIENTS = 6


class Client(threading.Thread):
    """Posts feedback without a pause, and notes what was acknowledged. What was not, it sends again, as programs do."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.ended = False
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def run(self) -> None:
        """Until `ended`."""
        while not self.ended:
            request_id = uuid.uuid4().hex
            while not self.ended and request_id not in self.acknowledged:
                self._try(request_id)
        self._connection.close()

    def _try(self, request_id: str) -> None:
        try:
            self._connection.request("POST", "/feedback", json.dumps({"request_id": request_id, "reward": 1}))
            answer = self._connection.getresponse()
            content = json.loads(answer.read())
            assert answer.status == 200, content
            self.acknowledged[request_id] = content["outcome"]
        except (OSError, http.client.HTTPException):
            # The next request connects anew.
            self._connection.close()
            time.sleep(0.02)


def test_acknowledged_feedback_survives_kill_9(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    clients = [Client(port) for _ in range(CLIENTS)]
    pauses = random.Random(5)
    for client in clients:
        client.start()

    for _ in range(KILLS):
        process = _started(tmp_path / "journal", port)
        before = sum(len(client.acknowledged) for client in clients)
        eventually(lambda before=before: sum(len(client.acknowledged) for client in clients) > before + 30)
        time.sleep(pauses.random() / 4)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    process = _started(tmp_path / "journal", port)
    time.sleep(0.5)
    for client in clients:
        client.ended = True
        client.join(30)
    process.terminate()
    printed, _ = process.communicate(timeout=30)

    stored = [line["request_id"] for line in feedback_lines(tmp_path / "journal") if line["outcome"] == "stored"]
    acknowledged = {one for client in clients for one in client.acknowledged}
    assert len(acknowledged) > KILLS * 30
    assert acknowledged <= set(stored)
    # A line whose answer the kill prevented is sent again, and known to the next process, which reads on before it decides.
    assert len(stored) == len(set(stored))
    assert printed == ""


def test_clients_that_hang_up_half_way_disturb_nobody(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    process = _started(tmp_path / "journal", port)
    eventually(lambda: _is_up(port))

    head = b"POST /feedback HTTP/1.1\r\nHost: x\r\nContent-Length: "
    for begin in (b"POST /feed", head + b'40\r\n\r\n{"reward"', head + b"900000000\r\n\r\n" + b" " * 500_000, head + b"9e9\r\n\r\n"):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(begin)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        client.request("POST", "/feedback", json.dumps({"request_id": "1" * 32, "reward": 1}))
        answer = client.getresponse()
        status, _ = answer.status, answer.read()
    process.terminate()
    printed, _ = process.communicate(timeout=30)

    assert status == 200
    assert [line["outcome"] for line in feedback_lines(tmp_path / "journal")] == ["stored"]
    # uvicorn warns of what is no HTTP.
    assert {line for line in printed.splitlines() if "Invalid HTTP request received." not in line} == set()


def _is_up(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def _started(journal: Path, port: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.feedback.server", str(journal), str(port)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
