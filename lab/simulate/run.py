"""One experiment in one world, from its start to its verdict: the lab's own judge and decisions, the clock a number."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from lab.decide import decide, initial, moves
from lab.judge.block import Arm, Look
from lab.judge.decision import Decision, Standing
from lab.judge.evidence import Evidence
from lab.simulate.crowd import Crowd
from lab.simulate.epochs import Epochs
from lab.simulate.facts import Play, Scene
from lab.simulate.sessions import Sessions
from lab.stats.verdict import Kind

# When every simulated experiment starts, in seconds since 1970: any moment would do.
START = 1_000_000_000.0


class Outcome(NamedTuple):
    """How one run ended."""

    kind: Kind
    """The last decision's: continue or hold if the time was up before anything else was decided."""
    ended: bool
    """A decision ended it; otherwise its looks were over."""
    winner: str | None
    rolled_back: tuple[str, ...]
    """Candidates, in any order."""
    looks: int
    seconds: float
    requests: int
    """Predictions that the looks have seen."""
    visitors: int
    """Who came, until the last look was made."""
    exposed: int
    """Those of them who met a candidate first."""
    harmed: float
    """Expected number of those who met an error, an answer that was too slow, or a wrong one, beyond as many as with the baseline."""
    weights: Mapping[str, float]
    """Percent by variant at the end."""
    why: str


class Traffic(Protocol):
    """Draws what is seen. Pure but for its random numbers."""

    def enter(self, scene: Scene, weights: Mapping[str, float]) -> Mapping[str, Arm]:
        """The predictions of a cell."""

    def mature(self, scene: Scene) -> Mapping[str, Arm]:
        """The rewards of the units of an earlier cell."""


class Counted:
    """What is counted for the outcome, beside the evidence."""

    def __init__(self, play: Play) -> None:
        self.baseline = play.experiment.baseline.variant
        self.requests = self.visitors = self.exposed = 0
        self.harmed = 0.0

    def add(self, scene: Scene, arms: Mapping[str, Arm]) -> None:
        """One cell."""
        self.requests += sum(arm.requests.n for arm in arms.values())
        for name, arm in arms.items():
            self.visitors += arm.visitors
            if name != self.baseline:
                self.exposed += arm.visitors
                self.harmed += arm.visitors * scene.facts[name].harmed


Watch = Callable[[Look, Decision], None]


def run(play: Play, rng: np.random.Generator, watch: Watch | None = None) -> Outcome:
    """One run. watch: is told every look and its decision, with everything that people read."""
    return Run(play, rng).to_the_end(watch)


class Run:
    """One run on its way."""

    def __init__(self, play: Play, rng: np.random.Generator) -> None:
        self.play = play
        self.traffic: Traffic = Crowd(play, rng) if play.world.visits.is_simple else Sessions(play, rng)
        self.standing = beginning(play)
        self.evidence = Evidence.start(play.experiment)
        self.epochs = Epochs(self.standing.weights)
        self.weights = {0: (self.epochs.latest, self.standing.weights)}
        """By interval: epoch and weights."""
        self.counted = Counted(play)
        self.entered = self.matured = 0
        """How many cells are done with."""

    def to_the_end(self, watch: Watch | None) -> Outcome:
        """All its looks, or as many as it takes."""
        for number in range(1, self.play.calendar.looks + 1):
            look = self._look(number)
            self.evidence = self.evidence.seen(look)
            decision = decide(self.play.experiment, self.evidence, self._gated(look.at), look.at, is_shown=watch is not None)
            if watch:
                watch(look, decision)
            self._follow(number, decision)
            if decision.ends:
                break
        return self._outcome(number, decision)

    def _look(self, number: int) -> Look:
        scenes, at = self.play.scenes, number * self.play.calendar.interval_s
        while self.entered < len(scenes) and scenes[self.entered].cell.answered <= number:
            self._enter(scenes[self.entered])
        while self.matured < len(scenes) and scenes[self.matured].cell.matured <= number:
            scene = scenes[self.matured]
            self.epochs.add(self.weights[scene.cell.interval][0], self.traffic.mature(scene))
            self.matured += 1
        return Look(START + at, START + at - self.play.calendar.lag_s, self.epochs.taken())

    def _enter(self, scene: Scene) -> None:
        epoch, weights = self.weights[scene.cell.interval]
        arms = self.traffic.enter(scene, weights)
        self.counted.add(scene, arms)
        self.epochs.add(epoch, arms)
        self.entered += 1

    def _gated(self, now: float) -> Standing:
        """A person resumes at a pause when the world says so."""
        waited = now - max(self.standing.step_began, START)
        return self.standing._replace(is_gate_open=waited >= self.play.world.gate_opens_after_s)

    def _follow(self, number: int, decision: Decision) -> None:
        self.standing = decision.standing
        self.epochs.change(decision.weights)
        self.weights[number] = (self.epochs.latest, decision.weights)

    def _outcome(self, number: int, decision: Decision) -> Outcome:
        seen = self.counted.requests
        # Whoever came between what the last look covered and the look itself has met the candidates, too.
        while self.entered < len(self.play.scenes) and self.play.scenes[self.entered].cell.interval < number:
            self._enter(self.play.scenes[self.entered])
        counted, retired = self.counted, self.standing.retired
        return Outcome(
            decision.kind, decision.ends, decision.winner, tuple(sorted(retired)), number, number * self.play.calendar.interval_s, seen,
            counted.visitors, counted.exposed, counted.harmed, dict(decision.weights), decision.why,
        )  # fmt: skip


def beginning(play: Play) -> Standing:
    """The weights that the experiment starts with; where it leaves them alone, the world's, or an even split."""
    experiment, standing = play.experiment, initial(play.experiment)
    if moves(experiment):
        return standing
    if experiment.pattern in ("Shadow", "Conformance"):
        return standing._replace(weights={name: 100.0 * (name == experiment.baseline.variant) for name in play.variants})
    return standing._replace(weights=play.world.weights or dict.fromkeys(play.variants, 100 / len(play.variants)))
