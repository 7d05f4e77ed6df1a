"""What visitors notice of a lab that hangs: nothing, it should be."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from bench.client import IRIS, Question, asking
from bench.gateways import gateways
from bench.interleave import interleaved, percentiles, ratio, timed
from bench.labs import Lab, lab
from bench.row import Findings, Line

TITLE = "A lab that hangs"
ABOUT = (
    "Control: the lab's NGINX in front of an upstream that answers at once, while the lab's service follows the journal. Candidate: the "
    "same while that service is stopped (SIGSTOP): it holds its socket and its database and does nothing. One client on one kept "
    "connection; the service is stopped for one block of requests, and has read everything again before the next. Ratios of the visitors' "
    "latency: 1 means that predictions do not depend on the service; above 1, the reading of the journal takes its share of the cores."
)
SECONDS = 35.0

QUESTION = Question("/iris/predict", IRIS.body, IRIS.content_type)

# Requests of which one percentile is taken, and how many such blocks there are at most.
BLOCK, BLOCKS = 500, 40
WARM_UP = 200

# Seconds that the service gets to read what came while it was stopped.
PATIENCE_S = 30.0


def measure(folder: Path) -> Findings:
    """Running, stopped and, to see the noise, running once more."""
    with gateways(folder) as both, lab(folder / "state", folder) as service:
        ask = asking(both.lab.port, QUESTION)
        for _ in range(WARM_UP):
            ask()
        sides = {"running": _block(ask), "stopped": _stopped(_block(ask), service), "again": _block(ask)}
        found = interleaved(sides, BLOCKS, SECONDS)
        asked = WARM_UP + BLOCK * sum(map(len, found.values()))
        service.wait_until_current(PATIENCE_S, asked)
    said = f"All {asked:,} predictions are in the database at the end. p50 and p99 are those of {BLOCK} requests at a time."
    return Findings(_lines(found), [said])


def _block(ask: Callable[[], None]) -> Callable[[], list[float]]:
    """A function that measures one block of requests, in ms."""
    one = timed(ask)

    def block() -> list[float]:
        return [one() * 1000 for _ in range(BLOCK)]

    return block


def _stopped(block: Callable[[], list[float]], service: Lab) -> Callable[[], list[float]]:
    """The same while nobody reads the journal; afterwards the service has caught up."""

    def stopped() -> list[float]:
        os.kill(service.pid, signal.SIGSTOP)
        try:
            return block()
        finally:
            # A stopped process could not be ended either.
            os.kill(service.pid, signal.SIGCONT)
            service.wait_until_current(PATIENCE_S)

    return stopped


def _lines(found: dict[str, list[list[float]]]) -> list[Line]:
    named = {"stopped": "the lab is stopped", "again": "noise: the control against itself"}
    return [
        Line(f"{what}, p{percent}", "ms", ratio(_all(found["running"], percent), _all(found[side], percent), "lower"))
        for side, what in named.items()
        for percent in (50, 99)
    ]


def _all(blocks: list[list[float]], percent: float) -> list[float]:
    return [percentiles(block, BLOCK, percent)[0] for block in blocks]
