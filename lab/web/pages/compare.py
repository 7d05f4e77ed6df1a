"""One input, answered by every variant of its route side by side."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import anyio
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.described import describe
from lab.routes import Routes
from lab.services.client import PREDICTION_S, Client, Unreachable
from lab.services.directory import Directory, Entry
from lab.services.said import Form, Service
from lab.web.pages.compare_form import Given, Seats, Wrong, read
from lab.web.pages.compare_view import Comparison, comparison, refusal
from lab.web.pages.frame import page
from lab.web.pages.parts import Parts
from lab.web.sign_in import FOREIGN, is_foreign
from lab.web.wanted import wants_page

# Seconds until a model that does not say what it takes is done without: longer than for a page that can do without a few.
FORM_S = 3.0


class Stage(NamedTuple):
    """One route, and who is asked."""

    route: str
    routes: tuple[str, ...]
    entries: tuple[Entry, ...]
    """The baseline first."""

    @property
    def form(self) -> Form | None:
        """What its models take, as the first says that answers, or answered last."""
        return next((one.last.form for one in self.entries if one.last and one.last.form), None)


def router(parts: Parts) -> APIRouter:
    """GET /compare is the form, POST /compare the answers."""
    ways = APIRouter()
    client = Client(parts.here.gateway_url, card_s=FORM_S)
    directory = Directory(client)
    seats = Seats()

    @ways.get("/compare")
    async def form(request: Request, route: str | None = None) -> Response:
        """The form of the route, or of the one without a prefix."""
        try:
            return _page(request, await _stage(parts, directory, route))
        except Unreachable as error:
            return _refused(request, await _stage(parts, None, route), Wrong(503, str(error)))

    @ways.post("/compare")
    async def compare(request: Request, route: str | None = None) -> Response:
        """Asks everybody. Who may read may do so, but no other site's page in their name."""
        if is_foreign(request.headers):
            raise HTTPException(403, FOREIGN)
        stage = await _stage(parts, None, route)
        try:
            with seats.taken():
                stage = await _stage(parts, directory, route)
                return await _compared(request, stage, client)
        except Unreachable as error:
            return _refused(request, stage, Wrong(503, str(error)))
        except Wrong as wrong:
            return _refused(request, stage, wrong)

    return ways


async def _stage(parts: Parts, directory: Directory | None, wanted: str | None) -> Stage:
    """Without a directory nobody is asked what they are. Raises HTTPException for a route that there is not."""
    routes: Routes = await anyio.to_thread.run_sync(parts.traffic.read)
    name = routes.default_route if wanted is None else wanted
    if name not in routes.routes:
        raise HTTPException(422, f"There is no route {name[:40]!r}. There are {', '.join(routes.routes)}.")
    known = await anyio.to_thread.run_sync(parts.traffic.known)
    services = [Service(name, one.variant) for one in describe(name, routes.routes[name], known[name]).variants]
    entries = await directory.entries(services) if directory else []
    return Stage(name, tuple(routes.routes), tuple(entries))


async def _compared(request: Request, stage: Stage, client: Client) -> Response:
    """Raises Wrong and Unreachable."""
    form = stage.form
    if form is None:
        raise Wrong(503, f"No model of the route {stage.route} answers, so there is nothing to compare.")
    given = await read(request, form)
    # One mark for the lines of one comparison: in the journal it is their client_request_id.
    answers = await client.predict(_asked(stage.entries, form), given.input, f"compare-{secrets.token_hex(8)}")
    if sentence := refusal(answers):
        raise Wrong(422, sentence)
    cards = {one.now.service.variant: one.last.card if one.last else None for one in stage.entries}
    return _page(request, stage, given=given, compared=comparison(answers, cards))


def _asked(entries: Sequence[Entry], form: Form) -> dict[Service, tuple[str, ...]]:
    """Everybody, also who did not answer a moment ago; each with the labels of its own answer."""
    return {one.now.service: one.last.form.labels if one.last and one.last.form else form.labels for one in entries}


def _refused(request: Request, stage: Stage, wrong: Wrong) -> Response:
    if not wants_page(request):
        raise HTTPException(wrong.status, str(wrong))
    return _page(request, stage, str(wrong), wrong.status)


def _page(
    request: Request, stage: Stage, problem: str = "", status: int = 200, given: Given | None = None, compared: Comparison | None = None
) -> Response:
    form = stage.form
    about = {
        "route": stage.route,
        "routes": stage.routes,
        "form": form,
        "values": _values(form, given),
        "absent": [one.now for one in stage.entries if not one.now.card],
        "names": [one.now.service.variant for one in stage.entries],
        "patience_s": PREDICTION_S,
        "is_copy": bool(given and given.is_copy),
        "filename": given.input.file[0] if given and given.input.file and not given.is_copy else "",
        "problem": problem,
        "compared": compared,
    }
    return page(request, "compare.html", about, status)


def _values(form: Form | None, given: Given | None) -> dict[str, str]:
    """What the fields say: what was sent, or a row to try the models with."""
    fields = form.fields if form else ()
    return {asked.name: given.input.fields.get(asked.name, "") if given else f"{asked.sample:g}" for asked in fields}
