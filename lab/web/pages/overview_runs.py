"""Every experiment in two lines: its state in a word, and its verdict in a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from lab.controller.case import Case
from lab.controller.controller import Controller
from lab.explain.words import duration
from lab.routes import Route
from lab.web.experiments import explanation, status_of
from lab.web.pages.experiment_state import State, states

# Runs of one page.
PAGE = 20


class Run(NamedTuple):
    """One run."""

    name: str
    route: str
    states: Sequence[State]
    verdict: str
    looks: str
    """`look 3 of 36`"""
    began_at: float | None
    """In seconds since 1970."""
    ended_at: float | None
    took: str
    """From beginning to end; empty while it lasts."""
    is_current: bool
    """Its route is busy with it: its verdict stands there."""


class Runs(NamedTuple):
    """Some runs, the newest first."""

    runs: Sequence[Run]
    page: int
    """From 1 on."""
    older: int
    """How many there are before these."""


def listed(controller: Controller, routes: Mapping[str, Route], page: int) -> Runs:
    """A page of all of them; of a page beyond the last, none."""
    cases = controller.cases()
    first = (page - 1) * PAGE
    return Runs([run(controller, one, routes) for one in cases[first : first + PAGE]], page, max(len(cases) - first - PAGE, 0))


def current(controller: Controller, routes: Mapping[str, Route]) -> Mapping[str, Run]:
    """The run that each route is busy with now."""
    lasting = [one for one in controller.cases() if _is_current(one, routes)]
    return {one.story.route: run(controller, one, routes) for one in lasting}


def run(controller: Controller, case: Case, routes: Mapping[str, Route]) -> Run:
    """As it stands."""
    story, said = case.story, status_of(controller, case, routes)
    return Run(
        name=case.name,
        route=story.route,
        states=_states(case, said),
        verdict=explanation(controller, case, None, routes).partition("\n")[0],
        looks=f"look {said['iteration']} of {said['iterations']}",
        began_at=story.began_at,
        ended_at=story.ended_at,
        took=duration(story.ended_at - story.began_at) if story.ended_at and story.began_at else "",
        is_current=_is_current(case, routes),
    )


def _is_current(case: Case, routes: Mapping[str, Route]) -> bool:
    return not case.is_settled and case.story.began_at is not None and case.story.route in routes


def _states(case: Case, said: Mapping[str, Any]) -> tuple[State, ...]:
    """Those of its own page; before them, that it is stuck."""
    stuck = (State("Cannot go on", "bad"),) if case.trouble is not None else ()
    return stuck + states(case.story, said)
