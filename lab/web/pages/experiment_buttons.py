"""The buttons of a run: each asks first, then does, and leads back to the run's page."""

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lab.controller.case import Case
from lab.controller.controller import Conflict, Controller
from lab.web.experiments import status_of
from lab.web.form import fields
from lab.web.pages.experiment_deeds import DEEDS, Deed, impossible, plan, possible
from lab.web.pages.frame import home_of, page
from lab.web.sign_in import COOKIE, FOREIGN_FORM, is_from_form, signed_in

# Most characters of a reason, as the API takes it.
WHY_MAX = 500

TO_SIGN_IN = "To pause or decide, sign in: on the lab's machine run lab open."


def router(controller: Controller) -> APIRouter:
    """GET /experiment/{run}/{deed} asks; POST there does it."""
    ways = APIRouter()

    @ways.get("/experiment/{run}/{deed}")
    def ask(request: Request, run: str, deed: str) -> Response:
        """What will happen, and a form."""
        wanted = _deed(deed)
        if not signed_in(request):
            raise HTTPException(401, TO_SIGN_IN)
        case = controller.case(run, exact=True)
        said = status_of(controller, case)
        if wanted not in possible(case, said, controller.cases()):
            raise Conflict(impossible(wanted, case, said))
        return page(request, "experiment_deed.html", {"run": case.name, "plan": plan(wanted, case, controller.route(case), said)})

    @ways.post("/experiment/{run}/{deed}")
    async def do(request: Request, run: str, deed: str) -> Response:
        """Leads back to the run's page, which shows what was done."""
        wanted, form = _deed(deed), await fields(request)
        if not is_from_form(request, form):
            raise HTTPException(403, FOREIGN_FORM)
        case = await asyncio.to_thread(_done, controller, wanted, run, form, _who(request))
        return RedirectResponse(f"{home_of(request)}/experiment/{quote(case.name, safe='')}", 303, {"Cache-Control": "no-store"})

    return ways


def _deed(said: str) -> Deed:
    """Raises HTTPException for what is none."""
    if said not in DEEDS:
        raise HTTPException(404)
    return said


def _who(request: Request) -> str:
    """For the journal of decisions. The beginning of a session's number tells browsers apart, and signs nobody in."""
    return f"the page (session {request.cookies.get(COOKIE, '')[:4]})"


def _done(controller: Controller, deed: Deed, run: str, form: Mapping[str, str], who: str) -> Case:
    """Raises NoRun or Conflict."""
    why = form.get("why", "").strip()[:WHY_MAX] or None
    if deed == "promote":
        return controller.promote(run, who, why, form.get("variant") or None, exact=True)
    if deed == "resume" and not _waits(controller, run):
        # Somebody has been faster. A word that nobody waits for would open a gate that is still to come.
        return controller.case(run, exact=True)
    verbs = {"pause": controller.pause, "resume": controller.resume, "abort": controller.abort, "undo": controller.undo}
    return verbs[deed](run, who, why, exact=True)


def _waits(controller: Controller, run: str) -> bool:
    """Whether it waits for somebody to resume it; what is over is told so by the controller."""
    case = controller.case(run, exact=True)
    return case.story.ending is not None or status_of(controller, case)["waits_for"] in ("resume", "target")
