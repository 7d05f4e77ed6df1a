"""What is questionable about objectives and their limits."""

from collections import Counter
from collections.abc import Iterator

from lab.lint.finding import Finding, found
from lab.lint.metrics import unit_given
from lab.lint.subject import CRITERIA, Subject
from lab.spec.experiment import Objective
from lab.spec.metrics import LATENCIES, MEASURES, SHARES
from lab.spec.place import Place

# The gateway gives up on a model after 1 s to connect and 10 s without a sign of life, and asks the baseline then: no answer that comes
# in one piece takes longer.
LATENCY_MAX_S = 22.0


def findings(subject: Subject) -> Iterator[Finding]:
    """Of every objective."""
    for number, objective in enumerate(subject.experiment.objectives):
        yield from _missing(subject, number, objective)
        yield from _sides(subject, number, objective)
        yield from _units(subject, number, objective)
        if objective.upper is not None:
            yield from _upper(subject, number, objective, objective.upper / objective.metric.scale)
        if objective.lower is not None:
            yield from _lower(subject, number, objective, objective.lower / objective.metric.scale)
    yield from _twice(subject)


def _missing(subject: Subject, number: int, objective: Objective) -> Iterator[Finding]:
    if objective.upper is None and objective.lower is None:
        name = objective.metric.name
        yield found("L205", subject.at(*CRITERIA, "objectives", number), f"{name} has neither upperLimit nor lowerLimit.")


def _sides(subject: Subject, number: int, objective: Objective) -> Iterator[Finding]:
    """Of an objective with one limit."""
    better, name = MEASURES[objective.metric.measure].better, objective.metric.name
    if better == "Low" and objective.lower is not None and objective.upper is None:
        yield found("L208", _at(subject, number, "lowerLimit"), f"{name} should be low, but only a lowerLimit is given. Use upperLimit.")
    if better == "High" and objective.upper is not None and objective.lower is None:
        yield found("L208", _at(subject, number, "upperLimit"), f"{name} should be high, but only an upperLimit is given. Use lowerLimit.")


def _upper(subject: Subject, number: int, objective: Objective, limit: float) -> Iterator[Finding]:
    """limit: a share, or seconds."""
    metric, place = objective.metric, _at(subject, number, "upperLimit")
    said = f"{metric.name} ≤ {objective.upper:g} {metric.unit}".strip()
    if metric.kind in SHARES and limit >= 1:
        hint = f' If {objective.upper:g} % is meant, write "{objective.upper / 100:g}".' if limit > 1 else ""
        yield found("L206", place, f"{said} always holds: it is a share, from 0 to 1.{hint}")
    if metric.kind in LATENCIES and limit >= LATENCY_MAX_S:
        yield found("L206", place, f"{said} always holds: the gateway gives up before {LATENCY_MAX_S:g} s.")
    if metric.kind in SHARES and limit <= 0:
        yield found("L207", place, f'{said} cannot be shown by any number of predictions. Say how much is acceptable: "0.001".')


def _lower(subject: Subject, number: int, objective: Objective, limit: float) -> Iterator[Finding]:
    metric, place = objective.metric, _at(subject, number, "lowerLimit")
    said = f"{metric.name} ≥ {objective.lower:g} {metric.unit}".strip()
    if metric.kind in SHARES and limit <= 0:
        yield found("L206", place, f"{said} always holds: it is a share, from 0 to 1.")
    if metric.kind in SHARES and limit >= 1:
        hint = f' If {objective.lower:g} % is meant, write "{objective.lower / 100:g}".' if limit > 1 else ""
        yield found("L207", place, f"{said} cannot be shown by any number of predictions.{hint}")


def _units(subject: Subject, number: int, objective: Objective) -> Iterator[Finding]:
    """A limit that binds here, and would not where its metric comes from."""
    name, namespace = objective.metric.name, subject.experiment.namespace
    written = next((one for one in subject.files.metrics if one.shape.is_called(name, namespace)), None)
    if written and objective.upper is not None and unit_given(written) == "s" and objective.upper >= LATENCY_MAX_S:
        sentence = f"{name} ≤ {objective.upper:g} allows {objective.upper:g} seconds where its query is asked, which gives seconds."
        yield found("L206", _at(subject, number, "upperLimit"), f"{sentence} Here it is taken in {objective.metric.unit}.")


def _twice(subject: Subject) -> Iterator[Finding]:
    names = Counter((one.metric.measure, one.upper is None) for one in subject.experiment.objectives)
    for number, one in enumerate(subject.experiment.objectives):
        key = (one.metric.measure, one.upper is None)
        names[key] -= 1
        if names[key] and one.upper is not None:
            yield found("L213", subject.at(*CRITERIA, "objectives", number), f"{one.metric.name} has an objective below, too.")


def _at(subject: Subject, number: int, field: str) -> Place:
    return subject.at(*CRITERIA, "objectives", number, field)
