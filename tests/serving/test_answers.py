"""A service counts the answers that become lines of the journal, in a file that outlives it."""

import asyncio
import http.client
import logging
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from starlette.types import Receive, Scope, Send

from serving.answers import Counted, Tally
from tests.serving.conftest import Running, Start
from tests.support import over_unix_socket

IRIS = {"APP": "app_iris", "VARIANT": "svc"}


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as made:
        yield Path(made)


def ask(folder: Path, method: str, path: str, body: bytes = b"", **headers: str) -> int:
    """The status of a request over the service's unix socket; by default the gateway says that it is journaled."""
    with over_unix_socket(folder / "svc.sock") as connection:
        connection.request(method, path, body, {"X-Lab-Journal": "1"} | headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def count(folder: Path) -> int:
    """What the file says."""
    text = (folder / "svc.answers").read_text()
    assert len(text) == 21
    assert text.endswith("\n")
    return int(text)


def test_answers_of_every_kind_are_counted_once(start: Start, folder: Path) -> None:
    start(**IRIS, LAB_SOCKETS=str(folder))

    assert count(folder) == 0
    statuses = [
        ask(folder, "GET", "/predict/test"),
        ask(folder, "POST", "/predict", b'{"data": [[5.1, 3.5, 1.4, 0.2]]}', **{"Content-Type": "application/json"}),
        ask(folder, "POST", "/predict", b"{"),
        ask(folder, "POST", "/result/", b"sepal_length_cm=5", **{"Content-Type": "application/x-www-form-urlencoded"}),
        ask(folder, "GET", "/nosuch"),
    ]

    assert statuses == [200, 200, 422, 422, 404]
    assert count(folder) == 5


def test_an_answer_500_is_counted_too(start: Start, folder: Path) -> None:
    service = start(**IRIS, LAB_SOCKETS=str(folder), LAB_FAULTS="1")
    requests.put(f"http://{service.address}/faults", json={"error_rate": 1}, timeout=30)

    assert ask(folder, "GET", "/predict/test") == 500
    assert count(folder) == 1


def test_an_application_that_breaks_without_a_word_is_counted_too(tmp_path: Path) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError

    async def nothing() -> None: ...

    tally = Tally(tmp_path / "svc.answers")
    scope = {"type": "http", "server": (str(tmp_path / "svc.sock"), None), "headers": [(b"x-lab-journal", b"1")]}
    with pytest.raises(RuntimeError):
        asyncio.run(Counted(broken, tally)(scope, nothing, nothing))  # type: ignore[arg-type]

    # uvicorn answers 500 then.
    assert tally.count == 1
    tally.close()


def test_what_is_no_line_is_not_counted(start: Start, folder: Path) -> None:
    service = start(**IRIS, LAB_SOCKETS=str(folder))

    ask(folder, "GET", "/predict/test", **{"X-Lab-Journal": ""})
    ask(folder, "GET", "/predict/test", **{"X-Lab-Journal": "0"})
    # Anybody can send this to the port.
    service.get("/predict/test", headers={"X-Lab-Journal": "1"})

    assert count(folder) == 0


def test_without_a_gateway_nothing_is_counted(svc: Running) -> None:
    assert svc.get("/predict/test").ok
    assert not any("answers are counted" in line for line in svc.lines())


def test_the_count_survives_a_restart_and_kill_9(folder: Path, tmp_path: Path) -> None:
    for round_ in range(1, 5):
        service = Running(tmp_path / str(round_), **IRIS, LAB_SOCKETS=str(folder))
        _wait_for(service)
        for _ in range(7):
            ask(folder, "GET", "/predict/test")
        service.terminate() if round_ % 2 else service.kill()
        service.wait()

        assert count(folder) == 7 * round_


def test_kill_9_under_load_counts_every_answer_that_arrived(folder: Path, tmp_path: Path) -> None:
    service = Running(tmp_path / "printed", **IRIS, LAB_SOCKETS=str(folder))
    _wait_for(service)
    arrived = []

    def visit() -> None:
        try:
            while True:
                arrived.append(ask(folder, "GET", "/predict/test"))
        except (OSError, http.client.HTTPException):
            pass

    clients = [threading.Thread(target=visit) for _ in range(4)]
    for client in clients:
        client.start()
    time.sleep(1)
    service.kill()
    for client in clients:
        client.join()
    service.wait()

    # At most one answer per client was counted and still under way.
    assert len(arrived) > 100
    assert len(arrived) <= count(folder) <= len(arrived) + 4


@pytest.mark.parametrize("content", ["", "12", "x" * 99, f"{7:020d}", f"{7:020d}\n\n", f"{-7:020d}\n"])
def test_a_file_that_is_torn_starts_at_0(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "svc.answers"
    path.write_text(content)

    with caplog.at_level(logging.INFO):
        tally = Tally(path)
    tally.add()
    tally.close()

    assert "answers are counted from 0" in caplog.text
    assert path.read_text() == f"{1:020d}\n"


def test_a_file_that_cannot_be_written_is_one_complaint_and_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    full = Tally(Path("/dev/full"))
    nowhere = Tally(tmp_path / "nosuch" / "svc.answers")
    for _ in range(3):
        full.add()
        nowhere.add()

    full.close()
    assert (full.count, nowhere.count) == (3, 3)
    assert [record.message.split()[0] for record in caplog.records if record.levelname == "ERROR"] == [
        "/dev/full",
        str(tmp_path / "nosuch" / "svc.answers"),
    ]


def test_counting_takes_microseconds(tmp_path: Path) -> None:
    tally = Tally(tmp_path / "svc.answers")

    began = time.perf_counter()
    for _ in range(10_000):
        tally.add()
    took_us = (time.perf_counter() - began) * 100
    tally.close()

    # One or two on an idle machine.
    assert took_us < 50


def _wait_for(service: Running) -> None:
    while not service.answers():
        time.sleep(0.05)
