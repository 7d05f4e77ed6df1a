"""The log of predictions, and each prediction by itself."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from lab.store import leafing
from lab.store.leafing import Leaf
from lab.web.pages import prediction, predictions_asked
from lab.web.pages.frame import home_of, page
from lab.web.pages.parts import Parts
from lab.web.pages.predictions_asked import Asked
from lab.web.pages.predictions_view import LogView, log_view
from lab.web.pages.predictions_words import Places, places


def router(parts: Parts) -> APIRouter:
    """GET /predictions, and GET /prediction/{request id}."""
    ways = APIRouter()
    ways.include_router(prediction.router(parts))

    @ways.get("/predictions")
    def predictions(request: Request) -> Response:
        """Those that fit, the newest first. A request id leads straight to its prediction."""
        asked = predictions_asked.read(request.query_params)
        if asked.wanted.request_id:
            return RedirectResponse(f"{home_of(request)}/prediction/{asked.wanted.request_id}", 303)
        routes, known = parts.traffic.read(), parts.traffic.known()
        variants = sorted({name for names in known.values() for name in names})
        said = {
            "controls": predictions_asked.controls(asked, list(routes.routes), variants),
            "is_filtered": bool(asked.typed),
            "problem": asked.problem,
            "log": None if asked.problem else _log(parts, asked, places(routes, known)),
            "has_shadows": any(any(route.shadows.values()) for route in routes.routes.values()),
        }
        return page(request, "predictions.html", said, 422 if asked.problem else 200)

    return ways


def _log(parts: Parts, asked: Asked, order: Places) -> LogView:
    lately = leafing.lately(parts.store, parts.clock()) if asked.is_first else None
    return log_view(_leaf(parts, asked), lately, asked, order)


def _leaf(parts: Parts, asked: Asked) -> Leaf:
    now = parts.clock()
    if asked.after is not None:
        return leafing.after(parts.store, asked.wanted, asked.after, now)
    if asked.before is not None:
        return leafing.before(parts.store, asked.wanted, asked.before, now)
    return leafing.newest(parts.store, asked.wanted, now)
