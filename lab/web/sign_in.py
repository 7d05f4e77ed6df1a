"""Who may move the traffic, and who may read: by the token, or by a browser that somebody with the token has signed in.

The service listens on a socket that only its own user can reach, and on nothing else. What comes from there is as good as that user, and
reads; to move the traffic takes the token. What comes through the gateway reads without it only where the gateway says so, because it is
published on this machine alone.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lab.web.answer import json_answer
from lab.web.form import fields
from lab.web.wanted import wants_page

COOKIE = "lab_session"

# Seconds that a link waits for its one use, and that a browser stays signed in.
CODE_S = 60.0
SESSION_S = 12 * 3600.0
# Links that may wait at a time.
CODES_MAX = 32

# Needs neither token nor session: visitors' feedback, and the link itself.
OPEN = frozenset({"/feedback", "/feedback/", "/sign-in"})
# The pages' style sheet, script and icon, which every copy of the lab has.
OPEN_FILES = "/static/"
# A question, though it is asked by POST.
READING_POSTS = frozenset({"/sql", "/compare"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

By = Literal["token", "session"]

TOLD = "This needs the lab's token: the header Authorization: Bearer and what stands in the file lab.token of the lab's state."
TOLD_PEOPLE = "Reading the lab needs a sign-in here. On the machine that it runs on, lab open prints a link that signs your browser in."
HOW = (
    "To pause, promote or undo an experiment, and to read the lab from another machine, a browser must be signed in: on the machine that "
    "the lab runs on, lab open prints a link that does so, once and within a minute."
)
SIGNED_IN = "This browser may move the traffic. Experiments' pages have their buttons."
FOREIGN = "This was not sent by one of the lab's own pages (Origin or Referer), so it is not done."
SPENT = f"This link has been used, or is older than {CODE_S:.0f} seconds. On the lab's machine, lab open prints another."
FOREIGN_FORM = (
    "This was not sent by a form of a page that is open in this browser now, so it is not done. Go back, load the page again, try again."
)


class Doors:
    """Checks tokens, codes and sessions. Codes are remembered until they are used; sessions are signed, and not remembered at all."""

    def __init__(self, token: str, clock: Callable[[], float]) -> None:
        """`clock` tells seconds since 1970. Another token ends every session."""
        self._token = token
        self._clock = clock
        self._codes: dict[str, float] = {}
        # A link that is used while another is made must not come back.
        self._lock = threading.Lock()

    def code(self) -> str:
        """For one sign-in, within CODE_S."""
        now, code = self._clock(), secrets.token_urlsafe(24)
        with self._lock:
            fresh = {code: end for code, end in self._codes.items() if 0 < end - now <= CODE_S}
            while len(fresh) >= CODES_MAX:
                fresh.pop(next(iter(fresh)))
            self._codes = {**fresh, code: now + CODE_S}
        return code

    def session(self, code: str) -> str | None:
        """What the browser's cookie says from now on; None when the code is spent, too old or none."""
        with self._lock:
            end = self._codes.pop(code, None)
        if end is None or not 0 < end - self._clock() <= CODE_S:
            return None
        said = f"{secrets.token_hex(8)}.{int(self._clock() + SESSION_S)}"
        return f"{said}.{self._signed(said)}"

    def by(self, headers: Headers, cookie: str | None) -> By | None:
        """How somebody has shown that they may."""
        scheme, _, said = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(said.strip().encode(), self._token.encode()):
            return "token"
        return "session" if cookie and self._is_session(cookie) else None

    def form_token(self, cookie: str) -> str:
        """What every form that moves traffic sends along: another site's page cannot know it."""
        return hmac.new(self._token.encode(), f"form:{cookie}".encode(), hashlib.sha256).hexdigest()

    def _is_session(self, cookie: str) -> bool:
        said, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signed(said).encode()):
            return False
        end = int(said.rpartition(".")[2])
        return 0 < end - self._clock() <= SESSION_S

    def _signed(self, said: str) -> str:
        return hmac.new(self._token.encode(), f"session:{said}".encode(), hashlib.sha256).hexdigest()


class Guard:
    """Stands before everything that the service answers."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands on what may pass, and answers what may not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        # For the pages: whether there are buttons, and what their forms must say.
        request.state.doors = self._doors
        is_open = scope["path"] in OPEN or scope["path"].startswith(OPEN_FILES)
        await ((None if is_open else self._refusal(request)) or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        moves = request.method not in SAFE and request.scope["path"] not in READING_POSTS
        if not moves and _may_read(request.headers):
            return None
        by = self._doors.by(request.headers, request.cookies.get(COOKIE))
        if by is None:
            return _unknown(request)
        if by == "session" and request.method not in SAFE and not _is_ours(request.headers):
            return _page(request, "That did not work", FOREIGN, 403) if wants_page(request) else json_answer({"detail": FOREIGN}, 403)
        return None


def router(doors: Doors) -> APIRouter:
    """POST /sign-in-code makes a link; GET /sign-in is where it leads; POST /sign-out ends it."""
    ways = APIRouter()

    @ways.post("/sign-in-code")
    def code() -> Response:
        """Only for whoever has the token, or is signed in: the guard sees to that."""
        return json_answer({"code": doors.code(), "seconds": CODE_S}, 201, {"Cache-Control": "no-store"})

    @ways.get("/sign-in")
    def sign_in(request: Request, code: str = "") -> Response:
        """Signs the browser in, and leads to the lab's page. Without a code it says how to get one."""
        if not code:
            return _page(request, "Signed in" if signed_in(request) else "Sign in", SIGNED_IN if signed_in(request) else HOW, 200)
        session = doors.session(code[:100])
        if session is None:
            return _page(request, "That link does not work", SPENT, 401)
        home = _home(request.headers)
        answer = RedirectResponse(home, 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        is_secure = request.headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(COOKIE, session, max_age=int(SESSION_S), path=home, httponly=True, samesite="strict", secure=is_secure)
        return answer

    @ways.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Makes the browser forget."""
        if not is_from_form(request, await fields(request)):
            return _page(request, "That did not work", FOREIGN_FORM, 403)
        answer = RedirectResponse(_home(request.headers), 303, {"Cache-Control": "no-store"})
        answer.delete_cookie(COOKIE, path=_home(request.headers), httponly=True, samesite="strict")
        return answer

    return ways


def doors_of(request: Request) -> Doors:
    """Those that the guard keeps."""
    doors: Doors = request.state.doors
    return doors


def signed_in(request: Request) -> bool:
    """Whether this browser may move the traffic."""
    return doors_of(request).by(request.headers, request.cookies.get(COOKIE)) == "session"


def is_from_form(request: Request, said: Mapping[str, str]) -> bool:
    """Whether a form of a page that this signed-in browser has open says this."""
    cookie = request.cookies.get(COOKIE)
    if cookie is None or not signed_in(request):
        return False
    return hmac.compare_digest(said.get("form_token", "").encode(), doors_of(request).form_token(cookie).encode())


def _may_read(headers: Headers) -> bool:
    """Whoever comes over the socket itself is its user. The gateway always says for whom it asks, and never passes on another's word."""
    return "x-forwarded-for" not in headers or headers.get("x-lab-reading") == "1"


def _is_ours(headers: Headers) -> bool:
    """Whether a page of this very host has sent it."""
    sender = headers.get("origin") or headers.get("referer") or ""
    return bool(headers.get("host")) and urlsplit(sender).netloc == headers["host"]


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that a page of another host sends this. Programs say nothing of the kind."""
    return bool(headers.get("origin") or headers.get("referer")) and not _is_ours(headers)


def _home(headers: Headers) -> str:
    return "/lab/" if headers.get("x-forwarded-prefix") == "/lab" else "/"


def _unknown(request: Request) -> Response:
    if wants_page(request):
        return _page(request, "Please sign in", TOLD_PEOPLE, 401)
    sentence = TOLD if _may_read(request.headers) else f"{TOLD} {TOLD_PEOPLE}"
    return json_answer({"detail": sentence}, 401, {"WWW-Authenticate": "Bearer"})


def _page(request: Request, title: str, sentence: str, status: int) -> Response:
    # The frame asks whether the browser is signed in, so it needs this module first.
    from lab.web.pages.frame import page

    return page(request, "sign_in.html", {"title": title, "sentence": sentence, "status": status}, status)
