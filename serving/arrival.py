"""What happens to every request before a route sees it: its id, its prefix, its size limit."""

import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.errors import Refusal

# An id goes into headers, logs and pages: nothing but harmless characters, and not too many.
REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,128}")

# iris: the gateway's word for the models that share an address.
ROUTE = re.compile(r"[A-Za-z0-9_-]{1,64}")

# /iris or /iris/svc: where the gateway has put this service. Links on the pages begin with it.
PREFIX = re.compile(r"(/[A-Za-z0-9_-]{1,64}){1,4}")


class Arrival:
    """ASGI middleware: takes or mints the request id, applies the gateway's prefix, stops bodies that are too long."""

    def __init__(self, app: ASGIApp, upload_limit_bytes: int) -> None:
        self._app = app
        self._limit = upload_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection event, HTTP or not."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        scope.setdefault("state", {})["request_id"] = request_id
        scope["state"]["route"] = _route(headers.get("x-lab-route", ""))
        scope["state"]["journaled"] = headers.get("x-lab-journal") == "1"
        _apply_prefix(scope, headers.get("x-forwarded-prefix", ""))
        await self._app(scope, self._limited(receive, headers), _stamped(send, request_id))

    def _limited(self, receive: Receive, headers: Headers) -> Receive:
        # A declared length is believed at once, so that nobody uploads a gigabyte to be told no.
        header = headers.get("content-length", "")
        declared = int(header) if header.isdecimal() else 0
        counted = 0

        async def limited() -> Message:
            nonlocal counted
            if declared > self._limit:
                raise self._too_long()
            message = await receive()
            counted += len(message.get("body", b""))
            if counted > self._limit:
                raise self._too_long()
            return message

        return limited

    def _too_long(self) -> Refusal:
        return Refusal(413, f"The upload is larger than {self._limit / 2**20:g} MB. Send a smaller file.")


def prefix(request: Request) -> str:
    """Where the gateway has put this service: empty, or like `/iris`."""
    path: str = request.scope.get("root_path", "")
    return path


def pin(request: Request, variant: str) -> str:
    """The prefix under which this very variant answers: `/iris/svc` behind the gateway, that of the request elsewhere."""
    route = route_of(request)
    return f"/{route}/{variant}" if route else prefix(request)


def unpinned(request: Request, variant: str) -> str:
    """The prefix under which the variant is one of several: `/iris` where `prefix` is `/iris/svc`."""
    here, route = prefix(request), route_of(request)
    return f"/{route}" if route and here == f"/{route}/{variant}" else here


def inner_path(request: Request) -> str:
    """The path without the prefix."""
    return request.url.path.removeprefix(prefix(request))


def route_of(request: Request) -> str:
    """The route whose models share this address, as the gateway says; empty without a gateway."""
    named: str = request.state.route
    return named


def is_journaled(request: Request) -> bool:
    """Whether the gateway writes this prediction down: only then is there anybody who could take feedback on it."""
    journaled: bool = request.state.journaled
    return journaled


def _request_id(given: str) -> str:
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _route(given: str) -> str:
    return given if ROUTE.fullmatch(given) else ""


def _apply_prefix(scope: Scope, prefix: str) -> None:
    if PREFIX.fullmatch(prefix):
        scope["root_path"] = prefix
        scope["path"] = prefix + scope["path"]


def _stamped(send: Send, request_id: str) -> Send:
    async def stamped(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-Request-ID"] = request_id
        await send(message)

    return stamped
