"""Starts servers on free ports of loopback, waits until they are ready, and ends exactly those."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.errors import Failure

REPOSITORY = Path(__file__).resolve().parent.parent

# Seconds until a server must be ready, and between two looks whether it is.
START_S = 60
LOOK_S = 0.005

# Seconds that a server gets to end by itself.
END_S = 15

# What a user's own settings must not change here.
SETTINGS = ("LAB_", "APP", "VARIANT", "HOST", "PORT", "LOG_LEVEL", "MODEL_", "OUTLIER_", "LABEL_", "OMP_", "WEB_CONCURRENCY")


class Server(NamedTuple):
    """A running server."""

    pid: int
    port: int
    ready_s: float
    """Seconds from the start of its process to the first 200 of /ready."""


class Process(NamedTuple):
    """A running process."""

    pid: int
    ready_s: float


@contextlib.contextmanager
def service(folder: Path, app: str, variant: str) -> Iterator[Server]:
    """A model's service, as in the lab."""
    port = free_port()
    environment = {"APP": app, "VARIANT": variant, "HOST": "127.0.0.1", "PORT": str(port)}
    with running([sys.executable, "-m", "serving"], port, folder / f"{variant}.log", environment) as server:
        yield server


@contextlib.contextmanager
def baseline(folder: Path, model: str, workers: int = 1) -> Iterator[Server]:
    """The control for a model: bench/baseline.py."""
    port = free_port()
    environment = {"BASELINE_MODEL": model, "BASELINE_PORT": str(port), "BASELINE_WORKERS": str(workers)}
    with running([sys.executable, "-m", "bench.baseline"], port, folder / f"baseline-{model}-{workers}.log", environment) as server:
        yield server


@contextlib.contextmanager
def running(command: Sequence[str], port: int, log: Path, environment: dict[str, str], end: int = signal.SIGTERM) -> Iterator[Server]:
    """A server that answers /ready on `port`; it is sent `end` afterwards. Raises Failure when it is not ready in time."""
    with process(command, lambda: _status(port), log, environment, end) as started:
        yield Server(started.pid, port, started.ready_s)


@contextlib.contextmanager
def process(
    command: Sequence[str], status: Callable[[], int], log: Path, environment: dict[str, str], end: int = signal.SIGTERM
) -> Iterator[Process]:
    """A process that is ready when `status` says 200, wherever it listens; otherwise as `running`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    # Appending: NGINX opens /dev/stdout a second time, and would otherwise begin at the top again.
    with log.open("ab") as output:
        started = time.perf_counter()
        # A session of its own: what it starts can be ended with it, and Ctrl-C reaches only us.
        child = subprocess.Popen(
            command, cwd=REPOSITORY, env=inherited | environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(child, status, log)
        yield Process(child.pid, time.perf_counter() - started)
    finally:
        _end(child, end)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], status: Callable[[], int], log: Path) -> None:
    end = time.monotonic() + START_S
    last = 0
    while time.monotonic() < end and process.poll() is None:
        if (last := status()) == 200:
            return
        time.sleep(LOOK_S)
    ended = "ended" if process.poll() is not None else f"did not get ready within {START_S} s"
    tail = " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])
    raise Failure(f"{log.stem} {ended} (last answer: {last or 'none'}). Its log ends: {tail or 'empty'}")


def _status(port: int) -> int:
    """Of /ready; 0 while nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes], number: int) -> None:
    if process.poll() is None:
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
    # Whatever it has left behind is of its session, which only we started.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
