"""Many runs, on several processes. What happens in a run depends on the seed and its number alone, never on who runs it."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from typing import NamedTuple

import numpy as np

from lab.simulate.facts import Play, play
from lab.simulate.run import Outcome, run
from lab.simulate.world import World
from lab.spec.experiment import Experiment

# Runs that a process is given at a time: few, so that the progress shows and Ctrl-C loses little.
AT_ONCE = 4


class Task(NamedTuple):
    """What is to be run."""

    experiment: Experiment
    world: World
    runs: int
    seed: int


Progress = Callable[[int], None]
"""Is told how many runs are done."""


class Many:
    """Runs as they come; `outcomes` can be read at any time, also after Ctrl-C: it is those of the first runs without a gap."""

    def __init__(self, task: Task, jobs: int) -> None:
        self.task = task
        self.jobs = jobs
        self._found: dict[int, tuple[Outcome, ...]] = {}
        self._done = 0

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Those of the first runs: whoever took what came first would have too many of the short ones."""
        found: list[Outcome] = []
        for first in range(0, self.task.runs, AT_ONCE):
            if first not in self._found:
                break
            found += self._found[first]
        return tuple(found)

    def work(self, progress: Progress = lambda done: None) -> None:
        """All of them."""
        for first, some in self._here() if self.jobs == 1 else self._beside():
            self._found[first] = some
            self._done += len(some)
            progress(self._done)

    def _parts(self) -> Iterator[range]:
        for first in range(0, self.task.runs, AT_ONCE):
            yield range(first, min(first + AT_ONCE, self.task.runs))

    def _here(self) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
        shared = play(self.task.experiment, self.task.world)
        for some in self._parts():
            yield some.start, _runs(shared, self.task.seed, some)

    def _beside(self) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
        with ProcessPoolExecutor(self.jobs, initializer=_begin, initargs=(self.task,)) as pool:
            waiting = {pool.submit(_part, some): some.start for some in self._parts()}
            try:
                yield from _as_they_come(waiting)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def cores() -> int:
    """How many processes are at work at once, unless told otherwise."""
    return multiprocessing.cpu_count()


def _as_they_come(waiting: dict[Future[tuple[Outcome, ...]], int]) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
    for done in as_completed(waiting):
        yield waiting[done], done.result()


def _runs(shared: Play, seed: int, numbers: range) -> tuple[Outcome, ...]:
    return tuple(run(shared, np.random.default_rng([seed, number])) for number in numbers)


class _Worker:
    """What a process works on: worked out once, when it starts."""

    shared: Play
    seed: int


def _begin(task: Task) -> None:
    # Ctrl-C reaches every process of the terminal; the one that was started decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Worker.shared, _Worker.seed = play(task.experiment, task.world), task.seed


def _part(numbers: range) -> tuple[Outcome, ...]:
    return _runs(_Worker.shared, _Worker.seed, numbers)
