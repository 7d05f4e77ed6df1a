"""Answers failures: a page for people, JSON for programs, always one sentence."""

import logging

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from serving import pages
from serving.arrival import prefix
from serving.errors import Off, Refusal
from serving.service import ascii_json, json_response

log = logging.getLogger("serving.refusals")

SENTENCES = {
    404: "There is nothing at {path}. The form is at {prefix}/interface/, the list of addresses at {prefix}/docs.",
    405: "{path} does not take {method}. The list of addresses is at {prefix}/docs.",
}


def install(app: FastAPI) -> None:
    """Gives `app` its error answers."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _our_fault)


def respond(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """The sentence as a page or as `{"detail": …, "request_id": …}`."""
    if pages.is_for_people(request):
        return pages.refusal_page(request, status, sentence, headers)
    return json_response({"detail": sentence, "request_id": request.state.request_id}, status, headers)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    # The gateway answers for models that fail. Of one that is off it repeats this, and whoever waits for the model stops waiting.
    headers = {"X-Lab-Off": ascii_json(error.sentence)} if isinstance(error, Off) else None
    return respond(request, error.status, error.sentence, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = SENTENCES.get(error.status_code)
    sentence = known.format(path=request.url.path, method=request.method, prefix=prefix(request)) if known else str(error.detail)
    return respond(request, error.status_code, sentence, dict(error.headers or {}))


async def _our_fault(request: Request, error: Exception) -> Response:
    # Starlette logs the traceback after this answer.
    return respond(request, 500, f"The service failed on this request. Its log tells more; request id {request.state.request_id}.")
