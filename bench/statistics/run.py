"""Runs cases on several processes. The random numbers of a chunk depend on the case and the chunk alone, never on who runs it."""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np

from bench.statistics.case import Case, Samples

SEED = 20_240_613


class Chunk(NamedTuple):
    """Some of the runs of one case."""

    case: Case
    number: int
    runs: int
    seed: int


def chunks(case: Case, runs: int, seed: int) -> Iterator[Chunk]:
    """The runs of a case in portions of `case.chunk`."""
    for number, start in enumerate(range(0, runs, case.chunk)):
        yield Chunk(case, number, min(case.chunk, runs - start), seed)


def simulate(chunk: Chunk) -> Samples:
    """One portion, with its own random numbers."""
    seeds = np.random.SeedSequence([chunk.seed, zlib.crc32(chunk.case.name.encode()), chunk.number])
    return chunk.case.simulate(np.random.default_rng(seeds), chunk.runs)


def run(cases: Sequence[Case], runs_scale: float, processes: int, seed: int = SEED) -> Iterator[tuple[Case, Samples]]:
    """Every case with the samples of all its runs, in the order given. `runs_scale` 0.1 makes a tenth of the runs."""
    portions = [list(chunks(case, scaled(case.runs, runs_scale), seed)) for case in cases]
    with ProcessPoolExecutor(processes) as pool:
        waiting = [[pool.submit(simulate, chunk) for chunk in some] for some in portions]
        for case, futures in zip(cases, waiting, strict=True):
            yield case, joined([future.result() for future in futures])


def run_here(case: Case, runs: int, seed: int = SEED) -> Samples:
    """One case in this process."""
    return joined([simulate(chunk) for chunk in chunks(case, runs, seed)])


def scaled(runs: int, scale: float) -> int:
    """At least 20 runs, except of cases that need fewer."""
    return max(min(runs, 20), round(runs * scale))


def joined(parts: Sequence[Samples]) -> Samples:
    """The runs of all parts, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
