"""What the rules about an experiment look at."""

from typing import NamedTuple

from lab.routes import Routes
from lab.spec.experiment import Experiment
from lab.spec.place import Path, Place
from lab.spec.read import Files, WrittenExperiment

CRITERIA: Path = ("spec", "criteria")
STRENGTH: Path = (*CRITERIA, "strength")
STRATEGY: Path = ("spec", "strategy")


class Assumed(NamedTuple):
    """What a file does not say about the traffic that it will meet. Findings that depend on it say so."""

    visitors_per_s: float = 20.0
    """Who come for the first time, of all variants together; each with one prediction."""
    rate: float = 0.1
    """The share of them that gives a reward."""


USUAL = Assumed()


class Subject(NamedTuple):
    """An experiment as written and as understood, and where it would run."""

    written: WrittenExperiment
    experiment: Experiment
    files: Files
    routes: Routes
    assumed: Assumed = USUAL

    def at(self, *path: str | int) -> Place:
        """Where a part of its file stands."""
        return self.written.document.at(path)

    @property
    def is_iter8(self) -> bool:
        """Whether Iter8's own method judges."""
        return self.experiment.strength.method == "iter8"
