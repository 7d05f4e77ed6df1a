"""What visitors notice of shadows: nothing, it should be."""

import contextlib
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.client import IRIS, Question, asking
from bench.gateways import gateways
from bench.interleave import interleaved, percentiles, ratio, timed
from bench.processes import REPOSITORY
from bench.row import Findings, Line

TITLE = "Shadows"
ABOUT = (
    "Control: the lab's NGINX without a shadow. Candidate: the same NGINX with a shadow that gets a copy of every prediction and answers "
    "500 ms later, never, or is dead. One client on one kept connection; the shadow changes after every block of requests, so that all "
    "take turns. Ratios of the visitors' latency: 1 means that they notice nothing. Once with a model that answers at once, which shows "
    "what the gateway's own work costs, and once with a model that takes 10 ms."
)
SECONDS = 60.0

# Who answers the visitors → seconds that it takes; None: the upstream of NGINX, at once.
MODELS: dict[str, float | None] = {"svc": None, "forest": 0.010}

QUESTION = Question("/iris/predict", IRIS.body, IRIS.content_type)

# Requests of which one percentile is taken.
BLOCK = 300

# What the shadow does → seconds until it answers; None: nobody listens.
SHADOWS: dict[str, float | None] = {"answers 500 ms later": 0.5, "never answers": 3600, "is dead": None}

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def measure(folder: Path) -> Findings:
    """Each kind of shadow against none."""
    with gateways(folder) as both, _model(folder / "forest.sock", 0.010):
        ask = asking(both.lab.port, QUESTION)
        lines = [line for model in MODELS for line in _lines(ask, folder, model)]
    return Findings(lines, [f"p50 and p99 are those of {BLOCK} requests at a time, which make one round."])


def _lines(ask: Callable[[], None], folder: Path, model: str) -> list[Line]:
    """What one model's visitors notice."""
    sides = {"none": _block(ask, folder, model, None)} | {what: _block(ask, folder, model, what) for what in SHADOWS}
    found = interleaved(sides, rounds=40, seconds=SECONDS / len(MODELS))
    takes = MODELS[model]
    said = "at once" if takes is None else f"{1000 * takes:g} ms"
    return [
        Line(f"model {said}, the shadow {what}, p{percent}", "ms", ratio(_all(found["none"], percent), _all(found[what], percent), "lower"))
        for what in SHADOWS
        for percent in (50, 99)
    ]


def _all(blocks: list[list[float]], percent: float) -> list[float]:
    return [percentiles(block, BLOCK, percent)[0] for block in blocks]


def _block(ask: Callable[[], None], folder: Path, model: str, what: str | None) -> Callable[[], list[float]]:
    """A function that measures one block of requests, in ms, beside one kind of shadow."""
    one = timed(ask)

    def block() -> list[float]:
        with _shadow(folder / "xgboost.sock", SHADOWS[what] if what else None):
            _route(folder, model, {"xgboost": 100} if what else {})
            return [one() * 1000 for _ in range(BLOCK)]

    return block


def _route(folder: Path, model: str, shadows: dict[str, float]) -> None:
    routes: dict[str, Any] = json.loads((REPOSITORY / "nginx" / "routes.json").read_text())
    routes["routes"]["iris"] |= {"shadows": shadows, "baseline": model, "weights": {model: 100}, "lanes": []}
    new = folder / "state" / "routes.new"
    new.write_text(json.dumps(routes))
    new.replace(folder / "state" / "routes.json")


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    # What still sleeps at the end need not be waited for.
    block_on_close = False

    def __init__(self, path: str, delay_s: float, handler: type[socketserver.BaseRequestHandler]) -> None:
        self.end = threading.Event()
        self.delay_s = delay_s
        super().__init__(path, handler)


class _Shadow(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        """One copy; then the connection is closed."""
        self.request.recv(65536)
        if not self.server.end.wait(self.server.delay_s):
            self.request.sendall(ANSWER)


class _Model(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Answers on a connection that stays open, each time after the same while."""
        while self.rfile.readline():
            length = 0
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.partition(b": ")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            time.sleep(self.server.delay_s)
            self.wfile.write(ANSWER)


@contextlib.contextmanager
def _model(path: Path, delay_s: float) -> Iterator[None]:
    """Takes the socket over from the upstream, which nobody has asked there yet."""
    path.unlink()
    with _Server(str(path), delay_s, _Model) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.shutdown()


@contextlib.contextmanager
def _shadow(path: Path, delay_s: float | None) -> Iterator[None]:
    path.unlink(missing_ok=True)
    if delay_s is None:
        yield
        return
    with _Server(str(path), delay_s, _Shadow) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield
        server.end.set()
        server.shutdown()
    path.unlink(missing_ok=True)
