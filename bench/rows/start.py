"""From the start of a process to its first readiness, and the memory it then takes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from bench import pictures
from bench.client import IRIS, Question, asking
from bench.interleave import interleaved, ratio
from bench.processes import Server, baseline, service
from bench.row import Findings, Line
from bench.usage import Memory, memory

TITLE = "Start and memory"
ABOUT = (
    "Control: `bench/baseline.py` with the same model, one process; it draws random weights where a real one would also read a file. "
    "Candidates: the lab's services. Each is started alone, in turn. Memory is taken after 50 predictions, for pictures "
    "25 small and 25 large ones: RSS is what is resident, PSS the same without others' parts of what is shared."
)
SECONDS = 100.0

# Variants by app, and the model of their control.
VARIANTS = {"app_custom": ("custom",), "app_vgg16": ("vgg16", "vgg16int8"), "app_iris": ("svc", "forest", "xgboost")}
CONTROLS = {"app_custom": "custom", "app_vgg16": "vgg16", "app_iris": "iris"}

PREDICTIONS = 50

# Of starts, and of memories: those take longer and hardly vary, so a slow machine need not repeat them.
STARTS, MEMORIES = 5, 3

# What a start of VGG16 costs beside one of iris, in share of the time.
SHARES = {"app_custom": 0.25, "app_vgg16": 0.6, "app_iris": 0.15}


Start = Callable[[], AbstractContextManager[Server]]


def measure(folder: Path) -> Findings:
    """One app after the other, its control and its variants in turn."""
    uploads = [pictures.upload(pictures.small()), pictures.upload(pictures.photo())]
    return Findings([line for app in VARIANTS for line in _app(app, [IRIS] if app == "app_iris" else uploads, folder)], [])


def _app(app: str, questions: list[Question], folder: Path) -> list[Line]:
    starts: dict[str, Start] = {"control": partial(baseline, folder, CONTROLS[app])}
    starts |= {variant: partial(service, folder, app, variant) for variant in VARIANTS[app]}
    seconds = SECONDS * SHARES[app] / 2
    ready_s = interleaved({name: partial(_ready_s, start) for name, start in starts.items()}, STARTS, seconds)
    memories = interleaved({name: partial(_memory, start, questions) for name, start in starts.items()}, MEMORIES, seconds, at_least=1)
    return [line for variant in VARIANTS[app] for line in _lines(variant, ready_s, memories)]


def _ready_s(start: Start) -> float:
    with start() as server:
        return server.ready_s


def _memory(start: Start, questions: list[Question]) -> Memory:
    with start() as server:
        asks = [asking(server.port, question) for question in questions]
        for number in range(PREDICTIONS):
            asks[number % len(asks)]()
        return memory(server.pid)


def _lines(variant: str, ready_s: dict[str, list[float]], memories: dict[str, list[Memory]]) -> list[Line]:
    controls, candidates = memories["control"], memories[variant]
    return [
        Line(f"{variant}, start to ready", "s", ratio(ready_s["control"], ready_s[variant], "lower")),
        Line(f"{variant}, RSS", "MB", ratio([each.rss for each in controls], [each.rss for each in candidates], "lower")),
        Line(f"{variant}, PSS", "MB", ratio([each.pss for each in controls], [each.pss for each in candidates], "lower")),
    ]
