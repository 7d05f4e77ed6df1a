"""Thanks a person who pressed a button, or says why the answer is not kept."""

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lab.feedback.outcome import Answer, Outcome
from lab.web.headers import GUARDED

templates = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined)

# Nothing but our own style sheet and icon; no script, no form, no frame around it.
POLICY = GUARDED | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
}

# /iris or /iris/svc: where the visitor came from, as the gateway says.
PREFIX = re.compile(r"(/[A-Za-z0-9_-]{1,64}){1,4}")

# Title and sentence, in a visitor's words.
THANKS = {
    Outcome.stored: ("Thank you", "Your answer is kept. It helps to find the better model."),
    Outcome.duplicate: ("Thank you", "You have said so before; it counts once."),
    Outcome.late: ("Thank you", "Your answer is kept. It came too late to count in a comparison that is running."),
    Outcome.unattributed: ("Thank you", "Your answer is counted, though nobody knows which prediction it is about."),
}

SORRY = {
    Outcome.conflicting: "You have said something else about this prediction before. Your first answer counts.",
    Outcome.unknown: "Nobody knows this prediction yet. Your answer is kept, and counts should the prediction appear.",
    Outcome.unwritable: "Your answer could not be kept, because the disk is full. Please try again later.",
    Outcome.overloaded: "Your answer could not be kept just now. Please try again in a moment.",
}


def thanks_page(request: Request, answer: Answer, status: int, headers: Mapping[str, str]) -> Response:
    """What became of the visitor's answer."""
    if answer.outcome in THANKS:
        title, sentence = THANKS[answer.outcome]
        return _page(request, status, headers, {"title": title, "sentence": sentence, "request_id": answer.request_id, "is_problem": False})
    sentence = SORRY.get(answer.outcome) or answer.detail or ""
    return refusal_page(request, status, sentence, headers, answer.request_id)


def refusal_page(request: Request, status: int, sentence: str, headers: Mapping[str, str], request_id: str | None = None) -> Response:
    """The error for people."""
    said = {"title": "That did not work", "sentence": sentence, "request_id": request_id, "is_problem": True}
    return _page(request, status, headers, said)


def _page(request: Request, status: int, headers: Mapping[str, str], said: Mapping[str, object]) -> Response:
    given = request.headers.get("x-forwarded-prefix", "")
    home = given if PREFIX.fullmatch(given) else ""
    # The gateway always says for whom it asks; who comes over the socket has no page of the lab's beside this one.
    lab = "/lab" if "x-forwarded-for" in request.headers else ""
    return HTMLResponse(templates.get_template("thanks.html").render(said, home=home, lab=lab), status, {**POLICY, **headers})
