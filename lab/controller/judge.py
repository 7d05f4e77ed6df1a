"""Who reads a file and who judges: the functions that the controller asks. Others take their place in tests."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, Self

from lab.judge.block import Answers, Block, Look
from lab.judge.decision import Decision, Standing
from lab.routes import Routes
from lab.routes.table import Known
from lab.spec.experiment import Experiment
from lab.spec.means import Means
from lab.store.exposed import Run


class Evidence(Protocol):
    """All that was seen so far."""

    def seen(self, look: Look) -> Self:
        """With one more look."""
        ...


class Resolved(Protocol):
    """A file, understood."""

    @property
    def experiment(self) -> Experiment:
        """What to run."""
        ...

    @property
    def notices(self) -> tuple[str, ...]:
        """What of the file has no meaning here."""
        ...


class Judge(NamedTuple):
    """Pure functions."""

    resolve: Callable[[str, Routes, Known, Means], Resolved]
    """A file's text, understood for these routes and means. Raises Refused."""
    evidence: Callable[[Experiment], Any]
    """An Evidence of nothing yet."""
    initial: Callable[[Experiment], Standing]
    decide: Callable[[Experiment, Any, Standing, float], Decision]
    said: Callable[[Decision], Mapping[str, Any]]
    """As plain JSON."""
    heard: Callable[[Mapping[str, Any], Experiment], Decision]
    """The same again."""


# Seconds by which a clock may have jumped back since a run began.
BEFORE_S = 86_400

# What was seen of a run from one moment on, before another; both in seconds since 1970.
Ask = Callable[[Run, float, float], tuple[Block, ...]]

# What a provider says of an experiment's variants, where its file asks one: since a run began, up to a moment.
Inquire = Callable[[Experiment, float, float], Answers]


def real() -> Judge:
    """The lab's own. Each is imported when it is needed: their libraries take longer than the service's start."""
    return Judge(_resolve, _evidence, _initial, _decide, _said, _heard)


def nobody(experiment: Experiment, began: float, through: float) -> Answers:
    """There is no provider."""
    return {}


def _resolve(text: str, routes: Routes, known: Known, means: Means) -> Resolved:
    from lab.spec.read import read
    from lab.spec.resolve import resolved

    return resolved(read(text), routes, known, means)


def _evidence(experiment: Experiment) -> Evidence:
    from lab.judge.evidence import Evidence as Seen

    return Seen.start(experiment)


def _initial(experiment: Experiment) -> Standing:
    from lab.decide import initial

    return initial(experiment)


def _decide(experiment: Experiment, evidence: Any, standing: Standing, now: float) -> Decision:  # noqa: ANN401 - its own kind of evidence
    from lab.decide import decide

    return decide(experiment, evidence, standing, now)


def _said(decision: Decision) -> Mapping[str, Any]:
    from lab.judge.said import as_json

    return as_json(decision)


def _heard(said: Mapping[str, Any], experiment: Experiment) -> Decision:
    from lab.judge.said import of_json

    return of_json(said, experiment)


def run_of(name: str, experiment: Experiment, reward_cap: float | None, since: float) -> Run:
    """What of the journals belongs to a run that began then, in seconds since 1970."""
    variants = tuple(one.variant for one in experiment.versions)
    strength = experiment.strength
    return Run(
        name, experiment.route, variants, strength.unit, strength.maturation_s, reward_cap, _addresses(experiment), since - BEFORE_S
    )


def _addresses(experiment: Experiment) -> Mapping[str, str]:
    """Where the documents' feedback is sent to: namespace and deployment of a version, as its variables tell."""
    told = ((one.variables.get("ns"), one.variables.get("sid"), one.variant) for one in experiment.versions)
    return {f"{namespace}/{deployment}": variant for namespace, deployment, variant in told if namespace and deployment}
