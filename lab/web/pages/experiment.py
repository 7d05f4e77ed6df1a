"""One run: who leads, why, and how it came to that; its buttons and its evidence."""

from collections.abc import Iterator
from copy import copy
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lab.controller.case import Case
from lab.controller.controller import Controller, NoRun
from lab.judge.decision import Decision
from lab.web.experiments import explanation, status_of
from lab.web.pages import experiment_buttons
from lab.web.pages.experiment_counts import seen
from lab.web.pages.experiment_deeds import possible
from lab.web.pages.experiment_download import csv_parts, json_parts
from lab.web.pages.experiment_view import Facts, View, view
from lab.web.pages.frame import page
from lab.web.pages.kept import Kept, present
from lab.web.pages.parts import Parts

# Runs that a page lists at most.
RUNS_MAX = 50


def router(parts: Parts) -> APIRouter:
    """GET /experiment/{run}, its files, and its buttons."""
    ways, controller = APIRouter(), parts.controller
    kept: Kept[View] = Kept()

    @ways.get("/experiment/{run}")
    def one(request: Request, run: str) -> Response:
        """The run of this very name."""
        if run in controller.unreadable:
            return _unreadable(request, controller, run)
        try:
            # As it is now: a look may come while the page is made.
            case = copy(controller.case(run, exact=True))
        except NoRun:
            return _unknown(request, controller)
        said = kept.get(run, present(parts, parts.clock()), lambda: view(_facts(parts, case)))
        return page(request, "experiment.html", {"view": said})

    @ways.get("/experiment/{run}/evidence.json")
    def as_json(run: str) -> Response:
        """Everything that was recorded of it."""
        case = copy(controller.case(run, exact=True))
        return _file(json_parts(case, status_of(controller, case)), case, "json", "application/json")

    @ways.get("/experiment/{run}/evidence.csv")
    def as_csv(run: str) -> Response:
        """Its looks as a table."""
        case = copy(controller.case(run, exact=True))
        return _file(csv_parts(case), case, "csv", "text/csv; charset=utf-8")

    ways.include_router(experiment_buttons.router(controller))
    return ways


def _facts(parts: Parts, case: Case) -> Facts:
    controller = parts.controller
    said, blocker = status_of(controller, case), controller.blocker(case)
    return Facts(
        case=case,
        said=said,
        decision=_decision(controller, case),
        explanation=explanation(controller, case, None),
        seen=seen(parts.store, parts.here.sockets, case, parts.clock()),
        blocker=blocker.name if blocker else None,
        deeds=possible(case, said, controller.cases()),
        now=controller.now(),
    )


def _decision(controller: Controller, case: Case) -> Decision | None:
    """Of the last look."""
    looks = case.story.looks
    return controller.judge.heard(looks[-1].decision, case.experiment) if looks else None


def _unknown(request: Request, controller: Controller) -> Response:
    names = [case.name for case in controller.cases()]
    return page(request, "experiment_unknown.html", {"names": names[:RUNS_MAX], "more": len(names[RUNS_MAX:])}, 404)


def _unreadable(request: Request, controller: Controller, run: str) -> Response:
    return page(request, "experiment_unreadable.html", {"run": run, "why": controller.unreadable[run]})


def _file(content: Iterator[bytes] | Iterator[str], case: Case, kind: str, media: str) -> Response:
    name = f"{quote(case.name, safe='')}-evidence.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return StreamingResponse(content, headers=headers, media_type=media)
