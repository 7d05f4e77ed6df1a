"""Uploads of a small and of a large picture."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench import pictures
from bench.client import asking
from bench.interleave import interleaved, percentiles, ratio, timed
from bench.pictures import Jpeg
from bench.processes import baseline, service
from bench.row import Findings, Line

TITLE = "Uploading a picture"
ABOUT = (
    "Control: `bench/baseline.py` with the same network in PyTorch. Candidates: the lab's services. One client, one kept connection "
    "to each, uploads in turn."
)
NOTE = (
    "Taking turns cannot level one thing: PyTorch's threads wait for each other, so a busy neighbour slows the control more than the "
    "candidates. On a machine with a load average above its number of cores these ratios flatter the lab."
)
SECONDS = 100.0

# Candidates by the model that the control runs, and the share of the time that they get: one app's services meet one control.
GROUPS = {"custom": ("app_custom", ("custom",), 0.2), "vgg16": ("app_vgg16", ("vgg16", "vgg16int8"), 0.8)}

# Uploads of which one percentile is taken, and how many such blocks.
BLOCK, BLOCKS = 15, 6
WARM_UP = 3


def measure(folder: Path) -> Findings:
    """One model after the other, each with both pictures."""
    both = [pictures.small(), pictures.photo()]
    lines = [line for model in GROUPS for line in _group(model, both, folder)]
    sizes = ", ".join(map(str, both))
    percentiles_of = f"p50 and p99 are those of {BLOCK} uploads at a time; p99 is nearly the slowest of them."
    return Findings(lines, [f"Pictures: {sizes}.", percentiles_of, NOTE])


def _group(model: str, both: list[Jpeg], folder: Path) -> list[Line]:
    app, variants, share = GROUPS[model]
    with ExitStack() as servers:
        ports = {"control": servers.enter_context(baseline(folder, model)).port}
        ports |= {variant: servers.enter_context(service(folder, app, variant)).port for variant in variants}
        times = {picture.name: _times_ms(ports, picture, SECONDS * share / len(both)) for picture in both}
    named = [(f"{variant}, {name}", each["control"], each[variant]) for name, each in times.items() for variant in variants]
    return [line for one in named for line in _lines(*one)]


def _times_ms(ports: dict[str, int], picture: Jpeg, seconds: float) -> dict[str, list[float]]:
    sides = {side: timed(_warm(asking(port, pictures.upload(picture)))) for side, port in ports.items()}
    found = interleaved(sides, BLOCK * BLOCKS, seconds, at_least=3 * BLOCK)
    return {side: [each * 1000 for each in all_s] for side, all_s in found.items()}


def _lines(what: str, controls: list[float], candidates: list[float]) -> list[Line]:
    return [
        Line(f"{what}, p{percent}", "ms", ratio(percentiles(controls, BLOCK, percent), percentiles(candidates, BLOCK, percent), "lower"))
        for percent in (50, 99)
    ]


def _warm(ask: Callable[[], None]) -> Callable[[], None]:
    for _ in range(WARM_UP):
        ask()
    return ask
