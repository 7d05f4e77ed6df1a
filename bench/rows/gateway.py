"""What the lab's NGINX adds to one that only hands on."""

from collections.abc import Callable
from pathlib import Path

from bench.client import IRIS, Question, asking
from bench.gateways import Gateways, gateways
from bench.interleave import difference, interleaved, percentiles, ratio, timed
from bench.row import Findings, Line
from bench.wrk import loading

TITLE = "The gateway: assignment and journal"
ABOUT = (
    "Control: NGINX with one `proxy_pass` and no log. Candidate: the lab's NGINX, which assigns a variant and writes a line to the journal "
    "and one to the terminal's log, here a file. Both in front of the same upstream, an NGINX on unix sockets that answers at once with "
    "what a model's service answers. Latency: one client, one kept connection to each, every request in turn. Requests/s: 8 clients for "
    "1 s, in turn."
)
SECONDS = 40.0

# What the client sends → what the lab's gateway does with it.
ROUTES = {
    "weighted (new visitor)": Question("/iris/predict", IRIS.body, IRIS.content_type),
    "round robin": Question("/predict", IRIS.body, IRIS.content_type),
}

# Requests of which one percentile is taken, and how many such blocks.
BLOCK, BLOCKS = 500, 12
WARM_UP = 200

CLIENTS, BURST_S, BURSTS = 8, 1, 8

# Of the time for one route, this share goes to latency; the rest to bursts.
LATENCY_SHARE = 0.3


def measure(folder: Path) -> Findings:
    """One client, then eight, for each kind of route."""
    seconds = SECONDS / len(ROUTES)
    with gateways(folder) as both:
        lines = [
            line
            for name, question in ROUTES.items()
            for line in (*_latency(both, name, question, seconds * LATENCY_SHARE), *_throughput(both, name, question, seconds, folder))
        ]
    return Findings(lines, [f"p50 and p99 are those of {BLOCK} requests at a time, which make one round."])


def _latency(both: Gateways, name: str, question: Question, seconds: float) -> list[Line]:
    bare, lab = _warm(asking(both.bare.port, question)), _warm(asking(both.lab.port, question))
    found = interleaved({"bare": timed(bare), "lab": timed(lab)}, BLOCK * BLOCKS, seconds, at_least=3 * BLOCK)
    times = {side: [each * 1000 for each in all_s] for side, all_s in found.items()}
    return [
        Line(
            f"{name}, 1 client, p{percent}",
            "ms",
            difference(*(percentiles(times[side], BLOCK, percent) for side in ("bare", "lab"))),
        )
        for percent in (50, 99)
    ]


def _throughput(both: Gateways, name: str, question: Question, seconds: float, folder: Path) -> list[Line]:
    sides = {side: loading(server, question, CLIENTS, BURST_S, folder) for side, server in both._asdict().items()}
    found = interleaved(sides, BURSTS, seconds * (1 - LATENCY_SHARE))
    bare, lab = found["bare"], found["lab"]
    what = f"{name}, {CLIENTS} clients"
    return [
        Line(what, "requests/s", ratio([load.requests_per_s for load in bare], [load.requests_per_s for load in lab], "higher")),
        Line(f"{what}, CPU per request", "µs", difference([load.cpu_us for load in bare], [load.cpu_us for load in lab])),
    ]


def _warm(ask: Callable[[], None]) -> Callable[[], None]:
    for _ in range(WARM_UP):
        ask()
    return ask
