"""Looks at files with every rule."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from lab.lint import design, limits, metrics, power, together
from lab.lint.allowed import allowances, without
from lab.lint.finding import Finding, found
from lab.lint.subject import USUAL, Assumed, Subject
from lab.routes import Routes
from lab.routes.table import Known
from lab.spec.errors import Sort, SpecError, Trouble
from lab.spec.read import Files, WrittenExperiment, examine
from lab.spec.resolve import resolved_one

RULE_OF: Final[dict[Sort, str]] = {"syntax": "L001", "shape": "L002", "meaning": "L003"}


class Source(NamedTuple):
    """A file."""

    name: str
    text: str


def linted(text: str, routes: Routes, known: Known, assumed: Assumed = USUAL) -> tuple[Finding, ...]:
    """Of one text, in the order of its lines."""
    return linted_all([Source("", text)], routes, known, assumed)


def linted_all(
    sources: Sequence[Source], routes: Routes, known: Known, assumed: Assumed = USUAL, at_once: bool = False
) -> tuple[Finding, ...]:
    """Of several files, which share their metrics. at_once: their experiments are to run at the same time."""
    examined = [examine(source.text, source.name) for source in sources]
    files = Files()
    for one in examined:
        files = files.beside(one.files)
    findings = [_trouble(one) for part in examined for one in part.troubles]
    findings += [*metrics.findings(files), *together.findings(files.experiments, routes, at_once)]
    for experiment in files.experiments:
        findings += _of_one(experiment, files, routes, known, assumed)
    allowed = [one for source in sources for one in allowances(source.text, source.name)]
    order = {source.name: number for number, source in enumerate(sources)}
    kept = dict.fromkeys(without(findings, allowed))
    return tuple(sorted(kept, key=lambda one: (order[one.source], one.line, one.column, one.rule)))


def _of_one(written: WrittenExperiment, files: Files, routes: Routes, known: Known, assumed: Assumed) -> Iterator[Finding]:
    """What an experiment means is looked at only if it means something here."""
    try:
        experiment = resolved_one(written, files, routes, known).experiment
    except SpecError as error:
        yield from (_trouble(one) for one in error.troubles)
        return
    subject = Subject(written, experiment, files, routes, assumed)
    for module in (limits, design, power):
        yield from module.findings(subject)


def _trouble(one: Trouble) -> Finding:
    return found(RULE_OF[one.sort], one.place, one.sentence)
