"""Experiments over HTTP: begin one, see how it stands, have it explained or computed again, decide instead of it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from lab.controller import status as statuses
from lab.controller.case import Case
from lab.controller.controller import Conflict, Controller, FileError, NoRun
from lab.controller.replay import NoLook, verdict_at
from lab.controller.story import LookTold, standing_json
from lab.errors import Refused
from lab.explain import Progress, explained
from lab.routes import Route
from lab.spec.errors import SpecError
from lab.web.answer import json_answer
from lab.web.moment import moment

# What the client did wrong; any other refusal is 503.
STATUS: dict[type[Refused], int] = {NoRun: 404, NoLook: 404, Conflict: 409, FileError: 422, SpecError: 422}

Text = Annotated[str, Field(max_length=500)]


class Said(BaseModel):
    """Who decides something, and why."""

    model_config = ConfigDict(extra="forbid")

    who: Text = "unknown"
    why: Text | None = None


class Asked(Said):
    """An experiment to begin."""

    text: str


class Promoted(Said):
    """Which candidate, where there are several: a variant, or its version."""

    variant: Text | None = None


def router(controller: Controller) -> APIRouter:
    """Everything under /experiments."""
    ways = APIRouter(prefix="/experiments")

    def told(case: Case, code: int = 200) -> Response:
        return json_answer(status_of(controller, case), code)

    @ways.post("")
    def start(asked: Asked) -> Response:
        """201: it has begun. 202: it waits for its route."""
        case = controller.start(asked.text, asked.who, asked.why)
        return told(case, 202 if case.story.began_at is None else 201)

    @ways.get("")
    def every() -> Response:
        """The newest first."""
        routes = controller.routes()
        return json_answer({"experiments": [status_of(controller, case, routes) for case in controller.cases()]})

    @ways.get("/{run}")
    def one(run: str, exact: bool = False) -> Response:
        """`exact`: only the run of this very name, not the newest of its file."""
        return told(controller.case(run, exact))

    @ways.get("/{run}/explain")
    def explain(run: str, at: str | None = None) -> Response:
        """In words; `at`: what there was to say then."""
        return json_answer({"text": explanation(controller, controller.case(run), seconds(at))})

    @ways.get("/{run}/looks")
    def looks(run: str) -> Response:
        """What each look covered, and what was decided."""
        return json_answer({"looks": [look_json(look) for look in controller.case(run).story.looks]})

    @ways.get("/{run}/report")
    def report(run: str, at: str | None = None) -> Response:
        """The verdict that was in force, computed again from the journals."""
        case, when = controller.case(run), seconds(at)
        when = controller.now() if when is None else when
        world = controller.world
        return json_answer(verdict_at(controller.judge, case.story, case.experiment, world.ask, when, world.software))

    @ways.post("/{run}/promote")
    def promote(run: str, said: Promoted) -> Response:
        return told(controller.promote(run, said.who, said.why, said.variant))

    def person(deed: Callable[[str, str, str | None], Case]) -> None:
        @ways.post(f"/{{run}}/{deed.__name__}")
        def do(run: str, said: Said) -> Response:
            return told(deed(run, said.who, said.why))

    for deed in (controller.pause, controller.resume, controller.abort, controller.undo):
        person(deed)
    return ways


def status_of(controller: Controller, case: Case, routes: Mapping[str, Route] | None = None) -> dict[str, Any]:
    """How a run stands. routes: as they are now, for who asks about many runs."""
    route = (controller.routes() if routes is None else routes).get(case.story.route)
    blocker = controller.blocker(case)
    present = statuses.Present(route, controller.next_look_at(case), blocker.name if blocker else None)
    return statuses.status(case, present)


def explanation(controller: Controller, case: Case, at: float | None, routes: Mapping[str, Route] | None = None) -> str:
    """In words. routes: as they are now, for who asks about many runs."""
    story, experiment = case.story, case.experiment
    looks = [look for look in story.looks if at is None or look.at <= at]
    decision = controller.judge.heard(looks[-1].decision, experiment) if looks else None
    said = status_of(controller, case, routes)
    is_past = at is not None and len(looks) < len(story.looks)
    progress = Progress(
        stage="Running" if is_past else said["stage"],
        iteration=looks[-1].standing.iteration - 1 if looks else 0,
        iterations=said["iterations"],
        started_at=story.began_at,
        # Nothing goes on after the end, and neither does its time.
        now=at if is_past and at is not None else story.ended_at or controller.now(),
        next_look_at=None if is_past else said["next_look_at"],
        is_paused=False if is_past else said["is_paused"],
        notices=tuple(said["notices"]),
        run=story.run,
        intervention="" if is_past else _intervention(case),
    )
    return explained(experiment, decision, progress)


def look_json(look: LookTold) -> dict[str, Any]:
    """As it was recorded."""
    said = look._asdict()
    return said | {"time": datetime.fromtimestamp(look.at, UTC), "look": look.before.iteration} | {
        name: standing_json(said[name]) for name in ("before", "standing")
    }  # fmt: skip


def seconds(at: str | None) -> float | None:
    """Since 1970; `at` may be that, too. Raises MomentError."""
    if at is None:
        return None
    try:
        return float(at)
    except ValueError:
        return moment(at, datetime.now(UTC)).replace(tzinfo=UTC).timestamp()


def _intervention(case: Case) -> str:
    """What a person decided instead."""
    ending = case.story.ending
    by_hand = ending.why if ending is not None and ending.how in ("promoted", "aborted") else ""
    return case.story.undone_why or by_hand
