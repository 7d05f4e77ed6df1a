"""The addresses for people."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from serving import measurement_face, service, words
from serving.arrival import inner_path, is_journaled, pin, prefix, route_of, unpinned
from serving.contract import Picture
from serving.errors import Refusal
from serving.ranking import ranking
from serving.service import json_response

HERE = Path(__file__).parent

templates = Jinja2Templates(HERE / "templates")
templates.env.filters["measurement_label"] = measurement_face.label
templates.env.filters |= {word.__name__: word for word in (words.size, words.percent, words.tiny, words.amount, words.date)}
router = APIRouter(include_in_schema=False)

# Our own style sheet, icon and forms and nothing else: a label or file name that smuggled a script in would not run. No frame around them.
POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # The lab tells by it that a form is one of ours.
    "Referrer-Policy": "same-origin",
}

# The lab's page, which stands beside the models wherever the gateway does.
LAB = "/lab"


@router.get("/")
async def start(request: Request) -> Response:
    """The form for a browser, a hint for a program."""
    if wants_page(request):
        return page(request, "interface.html")
    # Without a model there is nothing to hint at: this says why.
    _ = service.of(request).engine.model
    here = prefix(request)
    return json_response(
        {"hint": f"POST to {here}/predict. People: open {here}/interface/. Everything: {here}/docs.", "docs": f"{here}/docs"}
    )


@router.get("/interface/")
async def interface(request: Request) -> Response:
    """The form."""
    return page(request, "interface.html")


@router.get("/interface")
@router.get("/result")
@router.get("/result/")
async def to_interface(request: Request) -> Response:
    """Somebody typed the address without its slash, or reloaded a result."""
    return RedirectResponse(f"{prefix(request)}/interface/", 307)


@router.post("/result")
@router.post("/result/")
async def result(request: Request) -> Response:
    """The answer to a form, with the form below it for the next one."""
    here = service.of(request)
    answered = await here.predict(request, await here.face.from_form(request))
    prediction = answered.timed.prediction
    places = ranking(here.engine.model.labels, prediction)
    said = {"ranking": places, "prediction": prediction, "timed": answered.timed, "takes_feedback": is_journaled(request)}
    return page(request, "result.html", here.face.shown(answered.item) | said, headers=answered.headers)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """What programs can ask: from our own pages, where FastAPI's would need a browser with access to a CDN."""
    return page(request, "docs.html", {"paths": request.app.openapi()["paths"]})


@router.get("/card")
async def card(request: Request) -> Response:
    """What is known of the model, in words."""
    here = service.of(request)
    cards = here.cards
    # Who has looked one model up still wants to try them all.
    return page(request, "card.html", {"cards": (cards.model, *cards.parts), "home": unpinned(request, here.settings.variant)})


@router.get("/card/")
async def to_card(request: Request) -> Response:
    """Somebody typed the address with a slash."""
    return RedirectResponse(f"{prefix(request)}/card", 307)


def wants_page(request: Request) -> bool:
    """Whether a person in front of a browser is asking."""
    return "text/html" in request.headers.get("accept", "")


def is_for_people(request: Request) -> bool:
    """Whether an error should be a page: the address is a page's, or a browser asks for an address that is not a program's."""
    path = inner_path(request)
    return path.startswith(("/result", "/interface", "/card")) or (wants_page(request) and not path.startswith("/predict"))


def page(
    request: Request, template: str, context: dict[str, Any] | None = None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Renders a template with what every page knows: where it is, which model answers, and its form."""
    here = service.of(request)
    about = _place(request) | {
        "variant": here.settings.variant,
        "artifact": here.engine.model.artifact,
        "stand_in": here.engine.model.artifact.stand_in,
        "reality": "photographs" if isinstance(here.engine.model.takes, Picture) else "real measurements",
        "labels": here.engine.model.labels,
        "takes": here.engine.model.takes,
        "form": here.face.template,
    }
    return templates.TemplateResponse(request, template, about | (context or {}), status, POLICY | (headers or {}))


def refusal_page(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """The error for people: the sentence and, where there is a model, the form to try again."""
    try:
        return page(request, "interface.html", {"problem": sentence}, status, headers)
    except Refusal:
        about = _place(request) | {"problem": sentence}
        return templates.TemplateResponse(request, "base.html", about, status, POLICY | (headers or {}))


def _place(request: Request) -> dict[str, str]:
    """What a page knows without a model: the prefix of its files, that of its links, the card of whoever answers, its request.

    And the lab's address and the route that it knows this model by, both empty where a model runs alone.
    """
    route = route_of(request)
    return {
        "lab": LAB if route else "",
        "route": route,
        "prefix": prefix(request),
        "home": prefix(request),
        "card_address": f"{pin(request, service.of(request).settings.variant)}/card",
        "request_id": request.state.request_id,
    }
