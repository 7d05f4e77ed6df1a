"""G11: whole experiments, from the first visitor to the verdict, by the controller's own judge and decisions, in worlds from files."""

from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.first import NEVER
from bench.statistics.summary import Mean, Median, Share
from bench.statistics.worlds import RAMP
from lab import upstreams
from lab.routes import parse
from lab.simulate.facts import Play, play
from lab.simulate.read import read as world_of
from lab.simulate.run import Outcome, run
from lab.spec.experiment import Experiment, SetWeight
from lab.spec.read import read
from lab.spec.resolve import resolved

REPOSITORY = Path(__file__).resolve().parents[3]
WORLDS = REPOSITORY / "experiments" / "worlds"
OURS = "ours: the controller"
LOOKS_PER_STAGE = 20
GOAL = "G11 whole"
# As many as some minutes allow: --only "G11 whole" --runs-scale 10 makes a thousand of each.
RUNS = 100

Promised = tuple[tuple[str, Bound | None, Bound | None], ...]
"""Verdicts to show, with the bounds of their share and of their median."""


def outcomes(world: str, is_staged: bool, margin: float | None, rng: np.random.Generator, runs: int) -> Samples:
    """Predictions until each verdict, and visitors harmed on the way."""
    shared = _play(world, is_staged, margin)
    found = [run(shared, one) for one in rng.spawn(runs)]
    return {
        "promotes": np.array([_at(one, one.kind == "promote") for one in found]),
        "rolls back": np.array([_at(one, one.kind == "roll back") for one in found]),
        "harmed": np.array([one.harmed for one in found]),
    }


def _at(one: Outcome, happened: bool) -> float:
    return float(one.requests) if happened else NEVER


@lru_cache(maxsize=4)
def _play(world: str, is_staged: bool, margin: float | None) -> Play:
    return play(release(is_staged, margin), world_of((WORLDS / f"{world}.yaml").read_text(), world))


def release(is_staged: bool, margin: float | None) -> Experiment:
    """The release of the file.

    is_staged: with the ramp of the other tables instead of increments. margin: of every guard, if not the file's.
    """
    known = upstreams.known((REPOSITORY / "nginx" / "upstreams.conf").read_text())
    routes = parse((REPOSITORY / "nginx" / "routes.json").read_text(), known)
    made = resolved(read((WORLDS / "release.yaml").read_text(), "release.yaml"), routes, known).experiment
    if is_staged:
        made = replace(made, steps=tuple(SetWeight(100 * share) for share in RAMP for _ in range(LOOKS_PER_STAGE)))
    if margin is not None:
        guards = (one._replace(margin=margin) for one in made.strength.guards)
        made = replace(made, strength=made.strength._replace(guards=tuple(guards)))
    return made


def case(words: str, world: str, promised: Promised, is_staged: bool = True, margin: float | None = None) -> Case:
    """One world."""
    lines = []
    for verb, share, median in promised:
        lines.append(Line(OURS, verb, verb, Share(), share))
        if median:
            lines.append(Line(OURS, f"{verb}, median requests", verb, Median("requests"), median))
    lines.append(Line(OURS, "visitors harmed, mean", "harmed", Mean("visitors")))
    return Case(GOAL, f"whole experiment, {words}", RUNS, partial(outcomes, world, is_staged, margin), tuple(lines), chunk=10)


SELDOM, MOSTLY, SURELY = Bound(0.05), Bound(0.95, ">="), Bound(0.99, ">=")
NEITHER: Promised = (("promotes", SELDOM, None), ("rolls back", SELDOM, None))
LATE: Promised = (("promotes", SELDOM, None), ("rolls back", None, None))
MARGIN = "0.8 % errors instead of 0.5 %, which is 1.6 times the odds; "

# Without a margin the candidate must not be worse at all; the file's allow 1.5 times the odds of an error, and a tenth more latency.
AS_FILE = ", with margins"

CASES = [
    case("identical", "identical", NEITHER, margin=1.0),
    case(f"identical{AS_FILE}, 5 % more at every look until 50 %", "identical", NEITHER, is_staged=False),
    case("reward 15 % higher", "better", (("promotes", MOSTLY, Bound(60_000)), ("rolls back", SELDOM, None)), margin=1.0),
    case("reward 10 % lower", "worse", (("promotes", Bound(0.01), None), ("rolls back", None, None)), margin=1.0),
    case("reward 15 % higher, but 2 % errors", "failing", (("promotes", None, None), ("rolls back", SURELY, Bound(15_000))), margin=1.0),
    case(f"reward 15 % higher, but 2 % errors{AS_FILE}", "failing", (("promotes", None, None), ("rolls back", SURELY, Bound(20_000)))),
    case(
        "reward 15 % higher, but 10 % beyond the 95th percentile's limit", "slow",
        (("promotes", None, None), ("rolls back", SURELY, Bound(8_000))), margin=1.0,
    ),
    case("identical, but 3 % errors after the 60th look", "breaks-late", LATE, margin=1.0),
    case(f"{MARGIN}twice are allowed", "more-errors", NEITHER, margin=2.0),
    case(f"{MARGIN}none are allowed", "more-errors", LATE, margin=1.0),
]  # fmt: skip
