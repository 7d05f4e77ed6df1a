"""What the lab really decides about the experiments that it comes with can be explained at every look."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lab import upstreams
from lab.decide import decide, initial
from lab.explain import Progress, explained
from lab.judge.block import Arm, Block, Look
from lab.judge.evidence import Evidence
from lab.judge.said import as_json, of_json
from lab.routes import Routes, parse
from lab.routes.table import Known
from lab.spec.experiment import Experiment
from lab.spec.read import read
from lab.spec.resolve import resolved
from lab.stats.counts import Counts
from lab.stats.histogram import Histogram
from lab.stats.moments import Moments
from tests.support import REPOSITORY
from tests.test_layout import imported

FILES = sorted((REPOSITORY / "experiments").glob("*.yaml"))
START = 1_700_000_000.0

# What no colleague says.
ODD = re.compile(r"\b(nan|None|inf)\b|  +\S+  +|[{}\[\]]")


def tables() -> tuple[Routes, Known]:
    known = upstreams.known((REPOSITORY / "nginx" / "upstreams.conf").read_text())
    return parse((REPOSITORY / "nginx" / "routes.json").read_text(), known), known


def experiment_of(path: Path) -> Experiment:
    return resolved(read(path.read_text()), *tables()).experiment


def arm(rng: np.random.Generator, n: int, share: float) -> Arm:
    """Predictions of one variant: some 10 ms each, one in 500 fails, a share of the visitors gives a reward."""
    seconds, rewarded = 0.01 * np.exp(0.3 * rng.standard_normal(n)), int(rng.binomial(n, share))
    return Arm(
        requests=Counts(n, int(rng.binomial(n, 0.002))),
        latency=Histogram.of(seconds),
        latency_total_s=float(seconds.sum()),
        visitors=n,
        rewards=Moments(n, rewarded / n, rewarded * (n - rewarded) / n) if n else Moments(),
        converted=Counts(n, rewarded),
        covered=Counts(n, rewarded),
        pairs=Counts(n, n - n // 100),
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_look_is_explained_in_words_also_after_the_journal(path: Path) -> None:
    experiment, rng = experiment_of(path), np.random.default_rng(7)
    evidence, standing = Evidence.start(experiment), initial(experiment)

    for number, size in enumerate((0, 5, 40, 400, 4000)):
        weights = standing.weights or {one.variant: 100.0 for one in experiment.versions}
        arms = {name: arm(rng, int(size * percent / 100), 0.1) for name, percent in weights.items() if size}
        evidence = evidence.seen(Look(START, START, (Block(number, weights, arms),) if arms else ()))
        decision = decide(experiment, evidence, standing, START)
        progress = Progress("Running", number, experiment.iterations_in_all, START - 60, START, START + experiment.interval_s)

        text = explained(experiment, decision, progress)

        assert not ODD.search(text), text
        assert all(one.metric.name in text for one in experiment.objectives)
        assert all(one.variant in text for one in experiment.versions)
        assert "Next: " in text
        assert explained(experiment, of_json(json.loads(json.dumps(as_json(decision))), experiment), progress) == text
        standing = decision.standing


def test_explaining_touches_no_clock_disk_or_network() -> None:
    world = {"os", "pathlib", "time", "socket", "sys", "random", "typer", "rich", "fastapi", "httpx", "duckdb", "subprocess"}

    assert not imported("lab/explain") & world
    assert not imported("lab/iter8_text") & world
