"""Feedback that is acknowledged when it is on disk."""

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench import journals
from bench.interleave import Ratio, interleaved, ratio
from bench.journals import Traffic
from bench.labs import answers_health, lab
from bench.noise import rounds_apart
from bench.posts import Met, by_clients, in_a_stream
from bench.processes import process
from bench.row import Findings, Line
from bench.usage import cpu_s

TITLE = "Feedback"
ABOUT = (
    "Control: a bare FastAPI endpoint that writes and syncs every post (`bench/plain_feedback.py`). Candidate: the lab's service, which "
    "finds the prediction, tells duplicates and late ones, and syncs many posts together, and all the while follows a prediction journal "
    "that grows by 500 lines a second. Every post is about another prediction, one that the service still remembers; older ones, from "
    "before its start, it looks up in its database. Both on unix sockets and on the same disk. Clients wait for their answers: 1 s at a "
    "time, in turn. A stream waits for nobody: 1,000 posts a second for 10 s; its latency counts from the moment when a post was due."
)
NOTES = [
    "Who waits for each answer alone also waits for the 4 ms in which the lab collects company: the price of one sync for many.",
    "The lab's CPU per post includes reading the predictions that come beside, which weighs most where there are few posts.",
]
SECONDS = 85.0

# Clients at once.
ALONE, CROWD = 1, 32
BURST_S, BURSTS = 1.0, 5

STREAM_PER_S, STREAM_S, STREAMS = 1_000, 10.0, 3

# Predictions from before the service's start, which it looks up in its database, and from after it, which it remembers: the usual case.
# As many as it remembers. And those that come each second beside the posts.
PREDICTED, PREDICTED_PER_S = 100_000, 500

# A prediction is surely from after the service's start when it is so many seconds younger.
YOUNG_S = 7.0

# Seconds that the service gets to read what is there.
PATIENCE_S = 120.0


class Side(NamedTuple):
    """One server and what it has not been told yet."""

    pid: int
    socket: Path
    bodies: Iterator[bytes]


class Burst(NamedTuple):
    """What posts met, and what they cost the server."""

    met: Met
    cpu_us: float
    """Per post."""


def measure(folder: Path) -> Findings:
    """Clients that wait, then the stream."""
    journal = folder / "state" / "journal"
    old = _predict(journal, time.time() - 60)
    with _plain(folder) as control, lab(folder / "state", folder) as service:
        time.sleep(YOUNG_S)
        young = _predict(journal, time.time())
        service.wait_until_current(PATIENCE_S, 2 * PREDICTED)
        with _predicting(journal, folder):
            # The youngest first, as feedback comes.
            sides = {"plain": control, "lab": Side(service.pid, service.socket, _bodies(reversed(young)))}
            older = {"older": Side(service.pid, service.socket, _bodies(old))}
            for side in (sides | older).values():
                by_clients(side.socket, side.bodies, 8, 1)  # fills caches
            alone = _bursts(sides, _waiting(ALONE), BURSTS)
            crowd = _bursts(sides | older, _waiting(CROWD), BURSTS)
            stream = _bursts(sides, partial(in_a_stream, per_second=STREAM_PER_S, seconds=STREAM_S), STREAMS)
    lines = [
        *_lines("1 client", alone),
        *_lines(f"{CROWD} clients", crowd),
        *_lines(f"{CROWD} clients, older predictions", crowd, "older"),
        # Its rate is given.
        *_lines(f"{STREAM_PER_S:,} posts/s", stream)[1:],
    ]
    return Findings(lines, [_noise(alone, crowd, stream), *NOTES])


def _waiting(clients: int) -> Callable[[Path, Iterator[bytes]], Met]:
    return partial(by_clients, clients=clients, seconds=BURST_S)


def _bursts(sides: dict[str, Side], post: Callable[..., Met], rounds: int) -> dict[str, list[Burst]]:
    return interleaved({name: partial(_burst, side, post) for name, side in sides.items()}, rounds)


def _burst(side: Side, post: Callable[..., Met]) -> Burst:
    before_s = cpu_s(side.pid)
    met = post(side.socket, side.bodies)
    return Burst(met, (cpu_s(side.pid) - before_s) / len(met.latencies_s) * 1e6)


def _lines(what: str, bursts: dict[str, list[Burst]], candidate: str = "lab") -> list[Line]:
    def compared(figure: Callable[[Burst], float]) -> list[list[float]]:
        return [[figure(one) for one in bursts[side]] for side in ("plain", candidate)]

    return [
        Line(what, "posts/s", _higher(*compared(lambda one: one.met.per_s))),
        Line(f"{what}, p50", "ms", _lower(*compared(lambda one: one.met.percentile_ms(50)))),
        Line(f"{what}, p99", "ms", _lower(*compared(lambda one: one.met.percentile_ms(99)))),
        Line(f"{what}, CPU per post", "µs", _lower(*compared(lambda one: one.cpu_us))),
    ]


def _higher(controls: list[float], candidates: list[float]) -> Ratio:
    return ratio(controls, candidates, "higher")


def _lower(controls: list[float], candidates: list[float]) -> Ratio:
    return ratio(controls, candidates, "lower")


def _noise(alone: dict[str, list[Burst]], crowd: dict[str, list[Burst]], stream: dict[str, list[Burst]]) -> str:
    rates = [_apart(bursts, lambda one: one.met.per_s, "posts/s") for bursts in (alone, crowd)]
    waits = _apart(stream, lambda one: one.met.percentile_ms(99), "ms")
    return f"The control by itself: 1 client, {rates[0]}; {CROWD} clients, {rates[1]}; the stream's p99, {waits}."


def _apart(bursts: dict[str, list[Burst]], figure: Callable[[Burst], float], unit: str) -> str:
    return rounds_apart([figure(one) for one in bursts["plain"]], unit)


@contextlib.contextmanager
def _plain(folder: Path) -> Iterator[Side]:
    socket = folder / "plain.sock"
    command = [sys.executable, "-m", "bench.plain_feedback", str(socket), str(folder / "plain.jsonl")]
    with process(command, lambda: answers_health(socket), folder / "plain.log", {}) as started:
        yield Side(started.pid, socket, _bodies(f"{number:032x}" for number in itertools.count()))


def _predict(journal: Path, until: float) -> list[str]:
    """Request ids of predictions that were answered in the second before that moment, the oldest first."""
    made = list(itertools.islice(journals.lines(Traffic(until - 1, PREDICTED, seed=int(until))), PREDICTED))
    journals.write(journal, made)
    return [journals.request_id(line) for line in made]


def _predicting(journal: Path, folder: Path) -> contextlib.AbstractContextManager[object]:
    """A process that goes on predicting."""
    command = [sys.executable, "-m", "bench.journals", str(journal), str(PREDICTED_PER_S), "2"]
    return process(command, lambda: 200, folder / "predicting.log", {})


def _bodies(ids: Iterable[str]) -> Iterator[bytes]:
    return (json.dumps({"request_id": one, "reward": 1}).encode() for one in ids)
