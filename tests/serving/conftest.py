"""Real services on free ports, and what to send them."""

import contextlib
import html
import io
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import requests
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
LEMON = REPOSITORY / "sample_data" / "lemon" / "lemon_01.jpg"

# A list that ends too early: Pillow warns of it and reads on.
TORN_EXIF = b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01\x03\0\xff\xff"

# Seconds for a service to load its model, on a busy machine.
PATIENCE_S = 60


class Running:
    """One service as `python -m serving` starts it."""

    def __init__(self, printed: Path, **environment: str) -> None:
        self.environment = {"PORT": str(free_port()), "LAB_THREADS": "1"} | environment
        self.address = f"127.0.0.1:{self.environment['PORT']}"
        self._printed = printed
        with printed.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "serving"],
                cwd=REPOSITORY,
                env=os.environ | self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def get(self, path: str, **options: Any) -> requests.Response:
        """Asks without following redirects."""
        return requests.get(f"http://{self.address}{path}", timeout=30, allow_redirects=False, **options)

    def post(self, path: str = "/predict", **options: Any) -> requests.Response:
        """Sends a body."""
        return requests.post(f"http://{self.address}{path}", timeout=30, allow_redirects=False, **options)

    def upload(self, content: bytes | None = None, path: str = "/predict", name: str = "lemon.jpg", **options: Any) -> requests.Response:
        """Uploads a picture, a lemon unless told otherwise."""
        return self.post(path, files={"file": (name, LEMON.read_bytes() if content is None else content, "image/jpeg")}, **options)

    def row(self, *numbers: Any, path: str = "/predict", **options: Any) -> requests.Response:
        """Sends one row of measurements."""
        return self.post(path, json={"data": [numbers]}, **options)

    def lines(self) -> list[str]:
        """Everything it has printed."""
        return self._printed.read_text().splitlines()

    def terminate(self) -> None:
        """Asks it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends it as kill -9 does."""
        self._process.kill()

    def wait(self) -> None:
        """Waits for its end."""
        self._process.wait(PATIENCE_S)

    def answers(self) -> bool:
        """Whether it has started."""
        assert self._process.poll() is None, self._printed.read_text()
        with contextlib.suppress(requests.ConnectionError):
            return self.get("/health").ok
        return False


Start: TypeAlias = Callable[..., Running]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool]) -> None:
    """Waits for a condition."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"It did not happen within {PATIENCE_S} s."
        time.sleep(0.05)


def encoded(picture: Image.Image, format: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def lemon() -> Image.Image:
    """A picture to try, 640 by 480."""
    return Image.open(LEMON)


def multipart(*parts: bytes, parameters: str = "") -> dict[str, Any]:
    """A form made by hand: each part is its headers, an empty line and its content."""
    body = b"".join(b"--line\r\n" + part + b"\r\n" for part in parts) + b"--line--\r\n"
    return {"data": body, "headers": {"Content-Type": f"multipart/form-data; boundary=line{parameters}"}}


def named(disposition: bytes) -> bytes:
    """One part that holds the lemon, with this Content-Disposition."""
    return b"Content-Disposition: form-data; name=" + disposition + b"\r\nContent-Type: image/jpeg\r\n\r\n" + LEMON.read_bytes()


def sentence(answer: requests.Response) -> str:
    """What a refusal says: a program's `detail`, or the problem on a page."""
    if answer.headers["Content-Type"] == "application/json":
        return str(answer.json()["detail"])
    found = re.search(r'role="alert">.*?<p>(.*?)</p>', answer.text, re.DOTALL)
    assert found, answer.text
    return html.unescape(found[1])


@contextlib.contextmanager
def starting() -> Iterator[Start]:
    """Starts services with the given environment; all end together."""
    services: list[Running] = []
    with tempfile.TemporaryDirectory() as folder:

        def start(**environment: str) -> Running:
            service = Running(Path(folder) / str(len(services)), **environment)
            services.append(service)
            eventually(service.answers)
            return service

        yield start
        for service in services:
            service.terminate()
        for service in services:
            service.wait()


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """For services of one file's own."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def shared() -> Iterator[Start]:
    """For services that every test may ask."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def fruit(shared: Start) -> Running:
    return shared(APP="app_custom")


@pytest.fixture(scope="session")
def vgg16(shared: Start) -> Running:
    return shared(APP="app_vgg16")


@pytest.fixture(scope="session")
def svc(shared: Start) -> Running:
    return shared(APP="app_iris", VARIANT="svc")


@pytest.fixture(scope="session")
def forest(shared: Start) -> Running:
    return shared(APP="app_iris", VARIANT="forest")
