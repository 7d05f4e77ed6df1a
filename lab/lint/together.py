"""What is questionable about several experiments, and about the routes that they run on."""

from collections.abc import Iterator, Sequence

from lab.lint.finding import Finding, found
from lab.routes import Routes
from lab.spec.place import Place
from lab.spec.read import WrittenExperiment


def findings(experiments: Sequence[WrittenExperiment], routes: Routes, at_once: bool) -> Iterator[Finding]:
    """at_once: all of them are to run at the same time; otherwise only those of one file."""
    for number, one in enumerate(experiments):
        for other in experiments[:number]:
            if at_once or _target(one).source == _target(other).source:
                yield from _two(other, one)
    for one in experiments:
        yield from _salts(one, routes)


def _two(first: WrittenExperiment, second: WrittenExperiment) -> Iterator[Finding]:
    one, other = first.shape, second.shape
    if one.metadata.name == other.metadata.name:
        place = second.document.at(("metadata", "name"))
        yield found("L303", place, f"{other.metadata.name} is also the experiment in line {first.document.at(('metadata', 'name')).line}.")
    if one.spec.target == other.spec.target:
        names = f"{one.metadata.name} and {other.metadata.name}"
        yield found("L301", _target(second), f"{names} both run on {other.spec.target}: the one that is started later waits.")


def _salts(one: WrittenExperiment, routes: Routes) -> Iterator[Finding]:
    """By the table of routes: a run brings a salt of its own, but a route that rests keeps its last one."""
    here = routes.routes.get(one.shape.spec.target)
    for name, route in routes.routes.items():
        if here is not None and name != one.shape.spec.target and route.salt == here.salt:
            yield found("L302", _target(one), f"{one.shape.spec.target} and {name} have the same salt, {route.salt}.")


def _target(one: WrittenExperiment) -> Place:
    return one.document.at(("spec", "target"))
