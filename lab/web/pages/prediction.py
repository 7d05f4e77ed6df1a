"""One prediction: who handled it, what it said, how long that took, and what came of it."""

import re

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.feedback.fields import REQUEST_ID
from lab.store.about import about
from lab.web.answer import json_answer
from lab.web.pages.frame import page
from lab.web.pages.parts import Parts
from lab.web.pages.prediction_view import prediction_view
from lab.web.pages.predictions_words import places
from lab.web.wanted import wants_page

# What may name a run in an address.
RUN = re.compile(r"[A-Za-z0-9._-]{1,200}")

UNKNOWN = (
    "There is no prediction {request_id} in the journals that the lab has read. It reads them every second, so one that was just made "
    "may come: try again in a moment. The oldest journals are deleted."
)


def router(parts: Parts) -> APIRouter:
    """GET /prediction/{request id}."""
    ways = APIRouter()

    @ways.get("/prediction/{request_id}")
    def prediction(request: Request, request_id: str) -> Response:
        """404 for one that is not in the journal, or not yet."""
        if not REQUEST_ID.fullmatch(request_id):
            raise HTTPException(404)
        found = about(parts.store, request_id)
        if found is None:
            return _unknown(request, request_id)
        runs = {case.name for case in parts.controller.cases() if RUN.fullmatch(case.name)}
        view = prediction_view(request_id, found, places(parts.traffic.read(), parts.traffic.known()), runs)
        return page(request, "prediction.html", {"one": view})

    return ways


def _unknown(request: Request, request_id: str) -> Response:
    sentence = UNKNOWN.format(request_id=request_id)
    if not wants_page(request):
        return json_answer({"detail": sentence}, 404)
    return page(request, "prediction_unknown.html", {"sentence": sentence, "request_id": request_id}, 404)
