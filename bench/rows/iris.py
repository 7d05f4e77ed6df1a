"""Predictions of irises over HTTP."""

from pathlib import Path

from bench.client import IRIS
from bench.interleave import interleaved, ratio
from bench.processes import Server, baseline, service
from bench.row import Findings, Line
from bench.wrk import Load, loading

TITLE = "Iris over HTTP"
ABOUT = (
    "Control: `bench/baseline.py` with the same ONNX files, as one process and as the four that such systems are often started with. "
    "Candidate: the lab's service `svc`, one process. All print lines for every request. wrk on the same machine, 1 s at a time, in turn."
)
NOTE = (
    "Taking turns cannot level one thing: where other programs keep the cores busy, four processes get a larger share of them than one. "
    "CPU per request, summed over a server's processes, is the figure to trust then."
)
SECONDS = 70.0

CLIENTS = (1, 8, 32)
BURST_S, BURSTS = 1, 6

# Processes of the control.
WORKERS = (1, 4)


def measure(folder: Path) -> Findings:
    """All servers live during the whole measurement; those that nobody asks sleep."""
    with service(folder, "app_iris", "svc") as svc, baseline(folder, "iris", 1) as one, baseline(folder, "iris", 4) as four:
        servers = {"svc": svc, "1": one, "4": four}
        _bursts(servers, 1, 1, 0.0, folder)  # fills caches
        found = {clients: _bursts(servers, clients, BURSTS, SECONDS / len(CLIENTS), folder) for clients in CLIENTS}
    return Findings([line for clients, loads in found.items() for workers in WORKERS for line in _lines(clients, workers, loads)], [NOTE])


def _bursts(servers: dict[str, Server], clients: int, bursts: int, seconds: float, folder: Path) -> dict[str, list[Load]]:
    sides = {side: loading(server, IRIS, clients, BURST_S, folder) for side, server in servers.items()}
    return interleaved(sides, bursts, seconds)


def _lines(clients: int, workers: int, loads: dict[str, list[Load]]) -> list[Line]:
    controls, candidates = loads[str(workers)], loads["svc"]
    against = f"{clients} client{'s' if clients > 1 else ''}, control has {workers} process{'es' if workers > 1 else ''}"
    return [
        Line(
            against, "requests/s", ratio([load.requests_per_s for load in controls], [load.requests_per_s for load in candidates], "higher")
        ),
        Line(f"{against}, p99", "ms", ratio([load.p99_ms for load in controls], [load.p99_ms for load in candidates], "lower")),
        Line(f"{against}, CPU per request", "µs", ratio([load.cpu_us for load in controls], [load.cpu_us for load in candidates], "lower")),
    ]
