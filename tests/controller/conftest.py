"""A lab without sockets or models: a clock that tests turn, a world that answers the same whenever it is asked, a judge with a plan."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lab.controller.controller import Controller, World
from lab.controller.judge import Judge
from lab.controller.records import Book, Record, read
from lab.controller.tasks import Outcome, Tasks
from lab.judge.block import Arm, Block, Look
from lab.judge.decision import Decision, Standing
from lab.judge.said import as_json, of_json
from lab.routes import Route, Routes
from lab.routes.table import Known
from lab.spec.experiment import Experiment
from lab.spec.means import ALONE, Means
from lab.spec.read import read as read_file
from lab.spec.resolve import resolved
from lab.stats.counts import Counts
from lab.store.exposed import Run
from lab.traffic.nginx import NginxTraffic
from tests.traffic.conftest import TABLE, UPSTREAMS

START = 1_800_000_000.0

INTERVAL_S = 10.0

# Thousands of lines are forced to the disk here; in memory that costs nothing.
SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else None


def text(name: str = "ab", iterations: int = 5, route: str = "iris", loops: int = 1, finish: str = "[]", **fields: str) -> str:
    """An experiment's file. `fields` replace parts of it: pattern, deployment, candidates, tasks."""
    variants = {"iris": ("svc", "forest"), "fruit": ("custom", "vgg16")}[route]
    return f"""
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {{name: {name}}}
spec:
  target: {route}
  strategy:
    testingPattern: {fields.get("pattern", "Canary")}
    deploymentPattern: {fields.get("deployment", "Progressive")}
    actions: {{start: {fields.get("start", "[]")}, loop: {fields.get("loop", "[]")}, finish: {finish}}}
  criteria:
    objectives: {fields.get("objectives", '[{metric: error-rate, upperLimit: "0.05"}]')}
    {fields.get("strength", "strength: {unit: request}")}
  duration: {{intervalSeconds: {INTERVAL_S:.0f}, iterationsPerLoop: {iterations}, maxLoops: {loops}}}
  versionInfo:
    baseline: {{name: {variants[0]}}}
    candidates: {fields.get("candidates", f"[{{name: {variants[1]}}}]")}
"""


def several(*candidates: str) -> str:
    """A file with these candidates against svc."""
    listed = ", ".join(f"{{name: {one}}}" for one in candidates)
    file = text(pattern="A/B/N", candidates=f"[{listed}]")
    return file.replace("objectives:", "rewards: [{metric: conversion-rate, preferredDirection: High}]\n    objectives:")


class Clock:
    """Both clocks; only the one on the wall jumps."""

    def __init__(self) -> None:
        self.now = START
        self.since = 0.0

    def pass_by(self, seconds: float) -> None:
        """Time goes on."""
        self.now += seconds
        self.since += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.now += seconds


class Seen(NamedTuple):
    """Evidence that remembers everything."""

    looks: tuple[Look, ...] = ()

    def seen(self, look: Look) -> "Seen":
        """With one more."""
        return Seen((*self.looks, look))

    @property
    def requests(self) -> int:
        """How many predictions there were."""
        return sum(arm.requests.n for look in self.looks for block in look.blocks for arm in block.arms.values())


# What a test wants to come out of each look.
Plan = Callable[[Experiment, Seen, Standing, float], Decision]


def decision(experiment: Experiment, standing: Standing, kind: str = "continue", ends: bool = False, **fields: Any) -> Decision:
    """A decision that changes nothing unless it is told to."""
    after = fields.pop("after", standing._replace(iteration=standing.iteration + 1))
    said = {"weights": after.weights, "winner": None, "recommended": experiment.baseline.name, "why": f"{kind}."} | fields
    return Decision(kind=kind, judgements=(), measured=(), ends=ends, standing=after._replace(weights=said["weights"]), **said)  # type: ignore[arg-type]


def climb(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
    """Ten percent more at each look, and everybody at the last. The sentence depends on all that was seen and when."""
    baseline, candidate = (one.variant for one in experiment.versions)
    said = f"{evidence.requests} requests in {len(evidence.looks)} looks, {standing.weights[candidate]:g} % by now."
    if standing.iteration >= experiment.iterations_in_all:
        return decision(experiment, standing, "promote", True, weights={baseline: 0.0, candidate: 100.0}, winner=candidate,
                        recommended=candidate, why=said)  # fmt: skip
    percent = standing.weights[candidate] + 10
    return decision(experiment, standing, weights={baseline: 100 - percent, candidate: percent}, why=said)


def hold(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
    """Nothing, until the time is up."""
    is_last = standing.iteration >= experiment.iterations_in_all
    return decision(experiment, standing, "inconclusive" if is_last else "hold", is_last)


def harm(experiment: Experiment, evidence: Seen, standing: Standing, now: float) -> Decision:
    """The candidate is found out at the third look."""
    if len(evidence.looks) < 3:
        return decision(experiment, standing, "hold")
    baseline, candidate = (one.variant for one in experiment.versions)
    after = standing._replace(iteration=standing.iteration + 1, retired=frozenset({candidate}))
    weights = {baseline: 100.0, candidate: 0.0}
    return decision(experiment, standing, "roll back", True, after=after, weights=weights, winner=baseline, recommended=baseline)


def first(experiment: Experiment) -> Standing:
    """Ten percent for each candidate, unless the weights are the route's business."""
    if experiment.deployment == "FixedSplit" or experiment.pattern in ("Conformance", "Shadow"):
        return Standing(1, {})
    candidates = {one.variant: 10.0 for one in experiment.candidates}
    return Standing(1, {experiment.baseline.variant: 100.0 - sum(candidates.values()), **candidates})


def resolve(file: str, routes: Routes, known: Known, means: Means = ALONE) -> Any:
    return resolved(read_file(file), routes, known, means)


def blocks(run: Run, after: float, through: float) -> tuple[Block, ...]:
    """A prediction every tenth of a second, the same ones whenever they are asked for."""
    n = round((through - after) * 10)
    return (Block(1, {}, {name: Arm(requests=Counts(n, 0)) for name in run.variants}),) if n else ()


class Ended(BaseException):
    """The process is killed here."""


class Lab:
    """One state folder, and the controller of the process that has it now."""

    def __init__(self, folder: Path, plan: Plan = climb) -> None:
        self.folder = folder
        self.clock = Clock()
        self.plan = plan
        self.ask = blocks
        self.asked: list[tuple[str, float, float]] = []
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.outcome = Outcome(True, "Done.")
        self.steps: list[str] = []
        self.ends_at: int | None = None
        self.initial: Mapping[str, float] | None = None
        self.submit = _at_once
        gateway, state = folder / "nginx", folder / "state"
        gateway.mkdir()
        (state / "journal").mkdir(parents=True)
        (gateway / "upstreams.conf").write_text(UPSTREAMS)
        (gateway / "routes.json").write_text(json.dumps(TABLE))
        self.journal = state / "journal"
        self.traffic = _Traffic(self, state, gateway)
        self.controller = self.restarted()

    def restarted(self, allow_exec: bool = False) -> Controller:
        """As after a kill: whatever was in memory is gone."""
        world = World(
            book=Book(self.journal), traffic=self.traffic, ask=self._ask, refresh=lambda: None, submit=lambda work: self.submit(work),
            clock=lambda: self.clock.now, monotonic=lambda: self.clock.since, software={"lab": "1"}, at_step=self._step,
        )  # fmt: skip
        judge = Judge(resolve, lambda experiment: Seen(), self._first, lambda *given: self.plan(*given), as_json, of_json)
        self.controller = Controller(world, judge, _Tasks(self, allow_exec))
        return self.controller

    def start(self, file: str, **fields: Any) -> str:
        """The run's name."""
        return self.controller.start(file, fields.get("who", "ann"), fields.get("why")).name

    def tick(self, seconds: float = 0.0) -> None:
        """Time passes, then the loop looks."""
        self.clock.pass_by(seconds)
        self.controller.tick()

    def look(self, times: int = 1) -> None:
        """That many intervals."""
        for _ in range(times):
            self.tick(INTERVAL_S)

    def route(self, name: str = "iris") -> Route:
        return self.traffic.read().routes[name]

    def records(self, run: str | None = None) -> list[Record]:
        return [one for one in read(self.journal) if run in (None, one.run)]

    def kinds(self, run: str) -> list[str]:
        return [one.kind for one in self.records(run)]

    def _ask(self, run: Run, after: float, through: float) -> tuple[Block, ...]:
        self.asked.append((run.name, after, through))
        return self.ask(run, after, through)

    def _first(self, experiment: Experiment) -> Standing:
        return first(experiment) if self.initial is None else Standing(1, self.initial)

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if self.ends_at is not None and len(self.steps) > self.ends_at:
            raise Ended(name)


class _Traffic(NginxTraffic):
    """May end before or after a change is written down, when the gateway cannot see it yet."""

    def __init__(self, lab: Lab, state: Path, gateway: Path) -> None:
        super().__init__(state, gateway, lambda: lab.clock.now)
        self._lab = lab

    def _record(self, *given: Any) -> None:
        self._lab._step("before the change is written down")
        super()._record(*given)
        self._lab._step("after the change is written down")


class _Tasks(Tasks):
    def __init__(self, lab: Lab, allow_exec: bool) -> None:
        super().__init__(allow_exec)
        self._lab = lab

    def __call__(self, task: Any, facts: Any) -> Outcome:
        self._lab.told.append((task.task, facts.news))
        return self._lab.outcome


def _at_once(work: Callable[[], Outcome]) -> "Future[Outcome]":
    done: Future[Outcome] = Future()
    done.set_result(work())
    return done


@pytest.fixture
def lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as folder:
        yield Lab(Path(folder))
