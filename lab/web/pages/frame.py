"""What every page of the lab has: its frame, its files, and the headers that keep others out of it."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from lab.web.headers import GUARDED
from lab.web.refusals import Refusal
from lab.web.sign_in import COOKIE, doors_of, signed_in

WEB = Path(__file__).parent.parent
STATIC = WEB / "static"

templates = Environment(
    loader=FileSystemLoader(WEB / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)

templates.filters["iso"] = lambda seconds: f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
templates.filters["clock"] = lambda seconds: f"{datetime.fromtimestamp(seconds, UTC):%d %b %H:%M:%S} UTC"

# Our own files and nothing else: whatever a visitor wrote into a file name or a header, no browser runs it.
POLICY = GUARDED | {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}

# Address and name, in the order of the menu.
MENU = {"": "Overview", "predictions": "Predictions", "compare": "Compare", "shadow": "Shadow", "models": "Models"}


def page(request: Request, template: str, said: Mapping[str, object], status: int = 200) -> Response:
    """A page of the lab. A template finds besides what is `said`: `home`, where the lab's links begin; `file(name)`, the address of one
    of its files; `is_signed_in`; `form_token`, which every form that moves traffic sends along.
    """
    home, is_signed_in = home_of(request), signed_in(request)
    frame = {
        "home": home,
        "here": request.url.path.strip("/").partition("/")[0],
        "menu": MENU,
        "file": lambda name: f"{home}/static/{name}?v={_version(name)}",
        "is_signed_in": is_signed_in,
        "form_token": doors_of(request).form_token(request.cookies[COOKIE]) if is_signed_in else "",
    }
    return HTMLResponse(templates.get_template(template).render(frame, **said), status, POLICY)


def refused(request: Request, refusal: Refusal) -> Response:
    """What did not work, for people."""
    nowhere = f"There is nothing at {home_of(request)}{request.url.path}. What there is stands in the menu."
    sentence = nowhere if refusal.is_nowhere else refusal.sentence
    return page(request, "refused.html", {"sentence": sentence, "status": refusal.status}, refusal.status)


def home_of(request: Request) -> str:
    """Where links to the lab's pages begin: /lab behind the gateway."""
    return "/lab" if request.headers.get("x-forwarded-prefix") == "/lab" else ""


@cache
def _version(name: str) -> str:
    """Another content has another address, so browsers may keep a file for good."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
