"""lab load, as it is typed."""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from tests.load.gateway import FakeGateway
from tests.support import REPOSITORY, eventually, free_ports

LAB = REPOSITORY / ".venv" / "bin" / "lab"


class Running:
    """A gateway in a thread of its own."""

    def __init__(self) -> None:
        self.fake = FakeGateway()
        (self.port,) = free_ports(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._runner = asyncio.run_coroutine_threadsafe(self.fake.start(self.port), self._loop).result()

    def load(self, *options: str) -> subprocess.Popen[str]:
        """Starts `lab load` for it."""
        environment = os.environ | {"LAB_PORT": str(self.port)}
        return subprocess.Popen([LAB, "load", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def gateway() -> Iterator[Running]:
    running = Running()
    yield running
    running.close()


def test_the_table_has_a_line_per_variant_and_remarks_go_to_standard_error(gateway: Running) -> None:
    done = gateway.load("--rate", "200", "--count", "100", "--truth", "--seed", "5")
    shown, said = done.communicate()

    assert done.returncode == 0
    assert shown.split()[:10] == ["variant", "visitors", "predictions", "errors", "rescued", "harmed", "p50", "ms", "p95", "ms"]
    assert [line.split()[0] for line in shown.splitlines()[3:5]] == ["forest", "svc"]
    assert said.splitlines()[0].startswith("100 of 100 predictions in ")
    assert said.splitlines()[1:] == ["Feedback: 100 stored."]


def test_programs_get_the_same_as_json(gateway: Running) -> None:
    gateway.fake.failing = {"forest"}

    done = gateway.load("--rate", "200", "--count", "100", "--seed", "5", "-o", "json")
    shown, _ = done.communicate()

    said = json.loads(shown)
    assert (said["planned"], said["sent"], said["seed"], said["is_stopped"]) == (100, 100, 5, False)
    forest = next(one for one in said["variants"] if one["variant"] == "forest")
    assert forest["errors"] == forest["predictions"] == said["harmed"] > 0


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_with_the_table_and_without_the_fault(gateway: Running, sent: signal.Signals) -> None:
    running = gateway.load("--rate", "100", "--duration", "5m", "--fault", "forest:slow_ms=5")
    eventually(lambda: len(gateway.fake.keys) > 50 and gateway.fake.faults.get("forest") == {"slow_ms": 5})

    began = time.monotonic()
    running.send_signal(sent)
    shown, said = running.communicate(timeout=30)

    assert time.monotonic() - began < 10
    assert running.returncode == 130
    assert "forest" in shown
    assert "Ended before everything was sent." in said
    assert gateway.fake.faults == {"forest": {}}


def test_where_nobody_answers_is_a_sentence() -> None:
    (port,) = free_ports(1)

    done = subprocess.run([LAB, "load", "--url", f"http://127.0.0.1:{port}"], capture_output=True, text=True)

    assert done.returncode == 1
    assert f"http://127.0.0.1:{port}/iris/metadata does not say what the route iris takes" in done.stderr
    assert "Start the lab (make up)" in done.stderr


def test_a_load_that_nobody_answers_has_failed(gateway: Running) -> None:
    gateway.fake.failing = {"svc", "forest"}

    done = gateway.load("--rate", "100", "--count", "20")
    done.communicate()

    assert done.returncode == 1


def test_a_load_that_could_not_be_sent_says_so(gateway: Running) -> None:
    gateway.fake.delay_s = 4

    done = gateway.load("--rate", "1000", "--count", "1000")
    _, said = done.communicate()

    assert done.returncode == 3
    assert "were not sent, because too many were waited for: the gateway did not keep up." in said


def test_what_an_option_cannot_mean_is_a_mistake_in_the_command() -> None:
    done = subprocess.run([LAB, "load", "--reward", "svc=2"], capture_output=True, text=True)

    assert done.returncode == 2
    assert "'svc=2' cannot be read. Write it like svc=0.10." in " ".join(done.stderr.split())


def test_sample_data_that_are_not_there_are_a_sentence(gateway: Running) -> None:
    done = gateway.load("--samples", "/nowhere")
    _, said = done.communicate()

    assert done.returncode == 1
    assert said == "/nowhere/iris.csv cannot be read: No such file or directory. Name the folder with the sample data by --samples.\n"
