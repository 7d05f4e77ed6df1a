"""G14: what a look costs: the state that is kept, the time it takes, and counts up to a thousand million."""

import json
import math
import time

import numpy as np

from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.summary import Largest, Median
from lab.stats.binary import BinaryBlock, BinaryComparison
from lab.stats.counts import Counts
from lab.stats.exceedance import LatencyBlock, LatencyComparison
from lab.stats.histogram import Histogram
from lab.stats.limit import LimitTest
from lab.stats.moments import Moments
from lab.stats.score import MeanBlock, MeanComparison
from lab.stats.srm import SplitBlock, SplitCheck

CANDIDATES = ("b", "c", "d")


class Tests:
    """Five metrics over a baseline and three candidates: reward, errors, latency, revenue; and the split."""

    def __init__(self) -> None:
        self.reward = {name: BinaryComparison() for name in CANDIDATES}
        self.errors = {name: LimitTest(0.01) for name in CANDIDATES}
        self.latency = {name: LatencyComparison() for name in CANDIDATES}
        self.revenue = {name: MeanComparison() for name in CANDIDATES}
        self.split = SplitCheck(("a", *CANDIDATES))

    def look(self, rng: np.random.Generator) -> float:
        """One look of all; how many seconds the judging took."""
        rates = {name: Counts(n := int(rng.integers(200, 900)), int(rng.binomial(n, 0.1))) for name in ("a", *CANDIDATES)}
        slow = {name: Histogram.of(0.1 * np.exp(0.6 * rng.standard_normal(500))) for name in ("a", *CANDIDATES)}
        spent = {name: Moments.of(rng.exponential(size=500)) for name in ("a", *CANDIDATES)}
        started = time.perf_counter()
        for name in CANDIDATES:
            self.reward[name] = self.reward[name].update(BinaryBlock(rates["a"], rates[name]))
            self.errors[name] = self.errors[name].update(rates[name])
            self.latency[name] = self.latency[name].update(LatencyBlock(slow["a"], slow[name]))
            self.revenue[name] = self.revenue[name].update(MeanBlock(0, spent["a"], spent[name]))
        self.split = self.split.update(SplitBlock({name: one.n for name, one in rates.items()}, dict.fromkeys(rates, 1.0)))
        return time.perf_counter() - started

    def bytes(self) -> dict[str, int]:
        """The size of each kind of state as JSON."""
        kinds = {"reward": self.reward["b"], "errors": self.errors["b"], "latency": self.latency["b"], "revenue": self.revenue["b"]}
        return {name: len(json.dumps(test.to_json())) for name, test in (kinds | {"split": self.split}).items()}


def looks(rng: np.random.Generator, runs: int) -> Samples:
    """Milliseconds per look, over so many looks, and what the states have grown to."""
    tests = Tests()
    tests.look(rng)
    early = tests.bytes()
    milliseconds = np.array([1000 * tests.look(rng) for _ in range(runs)])
    late = tests.bytes()
    sizes = {f"{name} state": np.array([float(size)]) for name, size in late.items()}
    return {"milliseconds": milliseconds, "growth": np.array([late[name] / early[name] for name in late if name != "latency"])} | sizes


def huge(rng: np.random.Generator, runs: int) -> Samples:
    """How many of the numbers that the tests give at a thousand million units per arm are not finite."""
    n, said = 10**9, []
    for successes in (0, 1, 10**5, 10**8, n):
        binary = BinaryComparison().update(BinaryBlock(Counts(n, successes), Counts(n, min(n, successes + 40_000))))
        limit = LimitTest(0.01).update(Counts(n, successes))
        said += [binary.log_e, binary.p_value, limit.log_e, limit.p_value, limit.satisfied.log_e, *limit.interval()]
    split = SplitCheck(("a", "b")).update(SplitBlock({"a": n, "b": n + 100_000}, {"a": 1, "b": 1}))
    mean = MeanComparison().update(MeanBlock(0, Moments(n, 1.0, 1e9), Moments(n, 1.001, 1e9)))
    said += [split.log_e, mean.log_e, *mean.interval()]
    return {"not finite": np.array([float(sum(not math.isfinite(one) for one in said))])}


STATES = ("reward", "errors", "latency", "revenue", "split")

CASES = [
    Case(
        "G14", "reward, errors, latency, revenue of a baseline and three candidates, and the split; 200 looks", 200, looks,
        (
            Line("ours", "median time of a look", "milliseconds", Median("ms"), Bound(20)),
            Line("ours", "size of the states after 200 looks, in sizes after one", "growth", Largest(), Bound(2)),
            *(Line("ours", f"{name}: state", f"{name} state", Largest("bytes of JSON")) for name in STATES),
        ),
    ),
    Case(
        "G14", "1,000,000,000 units per arm; none, one, few, many, all successful", 1, huge,
        (Line("ours", "results that are not finite", "not finite", Largest(), Bound(0)),),
    ),
]
