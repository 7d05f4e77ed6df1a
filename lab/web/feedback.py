"""POST /feedback: for programs, for the buttons of the result page, and for whoever speaks Seldon's or SageMaker's language."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lab.feedback.accept import Acceptor
from lab.feedback.fields import REQUEST_ID
from lab.feedback.item import Body, Malformed, Sender
from lab.feedback.outcome import Answer, Outcome
from lab.feedback.parse import BODY_MAX_BYTES, HOW, TOO_LONG, parse
from lab.web.answer import json_answer
from lab.web.feedback_page import refusal_page, thanks_page
from lab.web.wanted import wants_page

# What the gateway writes into X-Lab-Route and X-Lab-Pin, and into X-Lab-Seldon: ns-baseline/iris.
NAME = re.compile(r"[a-z0-9]{1,40}")
DEPLOYMENT = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")

# Bodies from this length on are read in a thread.
LARGE_BYTES = 50_000

# Seconds after which it is worth trying again.
RETRY_S = "1"

OTHER_METHODS = ["GET", "PUT", "PATCH", "DELETE"]


def router(acceptor: Acceptor) -> APIRouter:
    """The address, with and without a slash at its end."""
    feedback = APIRouter()

    async def post(request: Request) -> Response:
        try:
            body = await _read(request)
        except ClientDisconnect:
            # Nobody reads this.
            return Response(status_code=400)
        sender = _sender(request, body)
        return _answer(request, body, sender, await acceptor.accept(body, sender))

    for path in ("/feedback", "/feedback/"):
        feedback.add_route(path, post, ["POST"], include_in_schema=False)
        feedback.add_route(path, _how, OTHER_METHODS, include_in_schema=False)
    return feedback


async def _read(request: Request) -> Body:
    """Stops at the limit instead of collecting gigabytes."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > BODY_MAX_BYTES:
            return Body((TOO_LONG,))
    kind = request.headers.get("content-type", "")
    # A list of thousands takes a tenth of a second to read, in which others want to be heard.
    return parse(b"".join(parts), kind) if size < LARGE_BYTES else await asyncio.to_thread(parse, b"".join(parts), kind)


def _sender(request: Request, body: Body) -> Sender:
    headers = request.headers
    return Sender(
        route=_fitting(NAME, headers.get("x-lab-route")),
        variant=_fitting(NAME, headers.get("x-lab-pin")),
        address=_fitting(DEPLOYMENT, headers.get("x-lab-seldon")),
        visitor=_fitting(REQUEST_ID, headers.get("x-lab-visitor")),
        is_page=body.is_form and wants_page(request),
    )


def _answer(request: Request, body: Body, sender: Sender, told: Sequence[Sequence[Answer]]) -> Response:
    answers = [answer for entry in told for answer in entry]
    status = 413 if any(isinstance(entry, Malformed) and entry.too_long for entry in body.entries) else _status(answers)
    if sender.is_page:
        worst = _worst(answers)
        return thanks_page(request, worst, status, _headers(answers))
    content = _list_content(told) if body.is_list else _content(answers)
    # Seldon's clients look for the meta of a SeldonMessage.
    meta = {"meta": {}} if sender.address else {}
    return json_answer(content | meta, status, _headers(answers))


def _content(answers: Sequence[Answer]) -> dict[str, Any]:
    """Of one JSON object. What says reward and truth gets the worse of the two answers, and both beside it."""
    worst = _worst(answers)._asdict()
    return worst if len(answers) == 1 else worst | {"items": [_item(answer) for answer in answers]}


def _list_content(told: Sequence[Sequence[Answer]]) -> dict[str, Any]:
    """Of a list: how many of each outcome, and each item with the index of its entry."""
    counts = Counter(answer.outcome.value for entry in told for answer in entry)
    return {
        "outcome": next(iter(counts)) if len(counts) == 1 else "mixed",
        "counts": counts,
        "items": [{"index": index} | _item(answer) for index, entry in enumerate(told) for answer in entry],
    }


def _item(answer: Answer) -> dict[str, Any]:
    return answer._asdict() | {"status": answer.status}


def _status(answers: Sequence[Answer]) -> int:
    """The one that all items share. 207 where they differ, unless some are not kept: then sending everything again is right."""
    statuses = {answer.status for answer in answers}
    # Overloaded and unwritable.
    unkept = max(statuses) >= 500
    return max(statuses) if unkept or len(statuses) == 1 else 207


def _worst(answers: Sequence[Answer]) -> Answer:
    return max(answers, key=lambda answer: answer.status)


def _headers(answers: Sequence[Answer]) -> Mapping[str, str]:
    again = any(answer.outcome is Outcome.overloaded for answer in answers)
    return {"Retry-After": RETRY_S} if again else {}


async def _how(request: Request) -> Response:
    """Somebody looks at the address, or sends it something else."""
    sentence = f"Feedback is sent by POST. {HOW}"
    allow = {"Allow": "POST"}
    return refusal_page(request, 405, sentence, allow) if wants_page(request) else json_answer({"detail": sentence}, 405, allow)


def _fitting(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value and pattern.fullmatch(value) else None
