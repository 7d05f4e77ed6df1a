"""What does not work, said in one sentence: to programs as JSON, to people as a page."""

import logging
from collections.abc import Callable
from typing import NamedTuple

import duckdb
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lab.errors import Refused
from lab.web import evidence, experiments
from lab.web.answer import json_answer
from lab.web.wanted import wants_page

log = logging.getLogger("lab")

# What programs may ask for, as a wrong address is told. The gateway has them under /lab.
ADDRESSES = ("/feedback", "/experiments", "/routes", "/log", "/report", "/journal", "/sql", "/health")

# What the client did wrong; any other refusal is 503.
STATUS = evidence.STATUS | experiments.STATUS

UNANSWERED = "The lab's database cannot answer this now. Try again in a second; its log says why."

MISTAKE = "The lab made a mistake here. Its log says which; nothing that was recorded is lost."

# What is answered with a sentence, wherever it comes up. The last one is our own mistakes, which the server also writes to the log.
KINDS = (Refused, RequestValidationError, HTTPException, duckdb.Error, Exception)


class Refusal(NamedTuple):
    """A status and a sentence."""

    status: int
    sentence: str
    is_nowhere: bool = False
    """The address does not exist; the sentence tells programs which there are."""


def refusal(path: str, error: Exception) -> Refusal:
    """Of any error."""
    if isinstance(error, Refused):
        return Refusal(STATUS.get(type(error), 503), str(error))
    if isinstance(error, RequestValidationError):
        wrong = [f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}." for one in error.errors()]
        return Refusal(422, " ".join(wrong))
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return Refusal(404, f"There is nothing at {path}. There are {', '.join(ADDRESSES)}.", is_nowhere=True)
        return Refusal(error.status_code, str(error.detail))
    if isinstance(error, duckdb.Error):
        log.error("%s: %s", path, error)
        return Refusal(503, UNANSWERED)
    return Refusal(500, MISTAKE)


def install(app: FastAPI, page: Callable[[Request, Refusal], Response]) -> None:
    """Makes the service answer so. `page` is what people get."""

    def answer(request: Request, error: Exception) -> Response:
        found = refusal(request.url.path, error)
        headers = getattr(error, "headers", None)
        return page(request, found) if wants_page(request) else json_answer({"detail": found.sentence}, found.status, headers)

    for kind in KINDS:
        app.add_exception_handler(kind, answer)
