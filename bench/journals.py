"""Writes prediction journals as the gateway would: python -m bench.journals FOLDER LINES_PER_SECOND SEED   (until it is ended)

Irises with their measurements and fruit without, five variants, visitors who come back, a few failures and refusals. The same arguments
give the same lines, to the byte.
"""

import hashlib
import itertools
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

# Lines that share one draw of random numbers.
CHUNK = 10_000

VISITORS = 50_000

# Of 1000 predictions: answered by the baseline because the variant failed, failed altogether, refused.
RESCUED, FAILED, REFUSED = 3, 2, 10

# Seconds between two writes of the process that writes on and on.
PACE_S = 0.01

# Where a line says when and which: {"time":"2026-11-20T08:00:00.000Z","request_id":"65c24a2a…
HOUR = slice(9, 22)
REQUEST_ID = slice(49, 81)


class Traffic(NamedTuple):
    """Who comes when."""

    start: float
    """Of the first line, in seconds since 1970."""
    per_second: float
    seed: int = 1


class Model(NamedTuple):
    """What does not change from one answer of a variant to the next."""

    route: str
    experiment: str
    variant: str
    weight: float
    path: str
    baseline: str
    labels: tuple[str, ...]
    size: int
    """Bytes of an answer."""
    typical_ms: float
    """Median time of a request."""


IRIS = ("setosa", "versicolor", "virginica")
FRUIT = ("apple", "grapes", "lemon")

# As many of each as its share of the traffic, in tenths.
MODELS = (
    *[Model("iris", "iris-weighted", "svc", 0.6, "/iris/predict", "svc", IRIS, 168, 3)] * 3,
    *[Model("iris", "iris-weighted", "forest", 0.4, "/iris/predict", "svc", IRIS, 171, 5)] * 2,
    *[Model("fruit", "fruit-weighted", "custom", 0.5, "/predict", "custom", FRUIT, 412, 14)] * 2,
    *[Model("fruit", "fruit-weighted", "vgg16", 0.4, "/predict", "custom", FRUIT, 409, 95)] * 2,
    Model("fruit", "fruit-weighted", "vgg16int8", 0.1, "/predict", "custom", FRUIT, 415, 48),
)


def lines(traffic: Traffic) -> Iterator[bytes]:
    """One after the other, without end; each with its line feed."""
    generator = np.random.default_rng(traffic.seed)
    visitors = [hashlib.md5(f"{traffic.seed} {number}".encode()).hexdigest() for number in range(VISITORS)]
    for chunk in itertools.count():
        yield from _chunk(traffic, chunk * CHUNK, generator, visitors)


def hour(line: bytes) -> str:
    """The hour in a segment's name."""
    return line[HOUR].decode()


def request_id(line: bytes) -> str:
    """Which prediction it is."""
    return line[REQUEST_ID].decode()


def write(folder: Path, some: Iterable[bytes]) -> list[Path]:
    """Appends lines to the segments of their hours in `folder`, which it makes; returns these."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for of, group in itertools.groupby(some, hour):
        paths.append(folder / f"predictions-{of}.jsonl")
        with paths[-1].open("ab") as file:
            file.writelines(group)
    return paths


def _chunk(traffic: Traffic, first: int, generator: np.random.Generator, visitors: list[str]) -> Iterator[bytes]:
    """Random numbers are drawn together: one by one they would cost more than the lines."""
    who = generator.integers(VISITORS, size=CHUNK).tolist()
    fates = generator.integers(1000, size=CHUNK).tolist()
    stretches = generator.lognormal(0, 0.5, size=CHUNK).tolist()
    chances = generator.random(CHUNK).tolist()
    measured = generator.integers(1, 80, size=(CHUNK, 4)).tolist()
    ids, inputs = generator.bytes(12 * CHUNK).hex(), generator.bytes(8 * CHUNK).hex()
    for place in range(CHUNK):
        at = traffic.start + (first + place) / traffic.per_second
        # By the visitor: whoever comes back meets the same variant.
        model = MODELS[who[place] % len(MODELS)]
        one = f"{int(at):08x}{ids[24 * place : 24 * place + 24]}", inputs[16 * place : 16 * place + 16]
        yield _line(model, at, *one, visitors[who[place]], fates[place], stretches[place], chances[place], measured[place])


def _line(
    model: Model, at: float, request: str, sent: str, visitor: str, fate: int, stretch: float, chance: float, measured: list[int]
) -> bytes:
    rescued, failed = fate < RESCUED, RESCUED <= fate < RESCUED + FAILED
    refused = RESCUED + FAILED <= fate < RESCUED + FAILED + REFUSED
    status = 502 if failed else 422 if refused else 200
    seconds = max(1, round(model.typical_ms * stretch)) / 1000
    first = f'{{"variant":"{model.variant}","status":{502 if rescued else status},"seconds":{seconds}}}'
    attempts = f'{first},{{"variant":"{model.baseline}","status":200,"seconds":{seconds}}}' if rescued else first
    return (
        f'{{"time":"{_day_and_time(int(at))}.{int(at * 1000) % 1000:03}Z","request_id":"{request}","client_request_id":null,'
        f'"route":"{model.route}","experiment":"{model.experiment}","epoch":3,"table":"current","variant":"{model.variant}",'
        f'"weight":{model.weight},"reason":"split","served_by":"{model.baseline if rescued else model.variant}",'
        f'"rescued":{"true" if rescued else "false"},"visitor":"{visitor}","method":"POST","path":"{model.path}","status":{status},'
        f'"complete":true,"attempts":[{attempts}],"request_s":{seconds},"bytes":{model.size},'
        f"{_said(model, sent, chance, measured) if status == 200 else UNSAID}}}\n"
    ).encode()


UNSAID = (
    '"model":null,"artifact":null,"stand_in":null,"label":null,"probability":null,"outlier":null,"outlier_score":null,"input":null,'
    '"features":null,"queue_us":null,"inference_us":null'
)


def _said(model: Model, sent: str, chance: float, measured: list[int]) -> str:
    """What the model said, in the order in which its service says it."""
    is_iris = model.labels is IRIS
    outlier = f'{"true" if chance < 0.02 else "false"},"outlier_score":{chance - 0.02:.6f}' if is_iris else 'null,"outlier_score":null'
    features = ",".join(f"{one / 10}" for one in measured)
    return (
        f'"artifact":"80082c8e9604","features":{f"[{features}]" if is_iris else "null"},"inference_us":{40 + int(chance * 9000)},'
        f'"input":"{sent}","label":"{model.labels[int(chance * 3)]}","model":"{model.variant}","outlier":{outlier},'
        f'"probability":{0.4 + 0.6 * chance!r},"queue_us":{int(chance * 50)},"stand_in":false'
    )


_known: dict[int, str] = {}


def _day_and_time(second: int) -> str:
    """Remembers the last second: thousands of lines share it."""
    if second not in _known:
        _known.clear()
        _known[second] = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return _known[second]


def main(folder: Path, per_second: float, seed: int) -> None:
    """Writes what is due every few milliseconds, until somebody ends this process."""
    traffic = Traffic(time.time(), per_second, seed)
    endless, written = lines(traffic), 0
    while True:
        due = int((time.time() - traffic.start) * per_second)
        write(folder, itertools.islice(endless, due - written))
        written = due
        time.sleep(PACE_S)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
