"""Tells open pages that something has changed, as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from lab.traffic.nginx import FILE
from lab.web.answer import json_answer
from lab.web.pages.events_pulse import SEATS, Pulse
from lab.web.pages.parts import Parts

# Seconds without an event after which a comment is sent: NGINX takes 60 s of silence for a dead service.
HEARTBEAT_S = 15.0

# Milliseconds after which a browser that lost its stream asks for another.
RETRY_MS = 2000

# NGINX hands every event on at once.
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}

FULL = f"{SEATS} pages listen already. Close one, or reload this page to see what is new."


def router(parts: Parts) -> APIRouter:
    """GET /events."""
    pulse = Pulse(partial(shown, parts))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.end_streams = pulse.end
        beating = asyncio.create_task(pulse.beating())
        yield
        pulse.end()
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating

    ways = APIRouter(lifespan=lifespan)

    @ways.get("/events")
    async def events(request: Request) -> Response:
        """`id` names a state of the lab, `data` says how many seconds ago it came about. The present one is told at once, unless the
        browser knows it already.
        """
        return _Stream(pulse, request.headers.get("last-event-id"))

    return ways


def end_streams(app: FastAPI) -> None:
    """Before a server waits for its connections: a stream never ends by itself."""
    end: Callable[[], None] | None = getattr(app.state, "end_streams", None)
    if end is not None:
        end()


class _Stream(Response):
    """Takes a seat when it begins, and gives it back however it ends."""

    def __init__(self, pulse: Pulse, known: str | None) -> None:
        super().__init__()
        self._pulse, self._known = pulse, known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._pulse.seat() as is_free:
            events = StreamingResponse(_events(self._pulse, self._known), headers=HEADERS, media_type="text/event-stream")
            answer = events if is_free else json_answer({"detail": FULL}, 503, {"Retry-After": "10", "Cache-Control": "no-store"})
            await answer(scope, receive, send)


async def _events(pulse: Pulse, known: str | None) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    while not pulse.is_over:
        if known != pulse.beat:
            known = pulse.beat
            yield f"id: {known}\ndata: {pulse.age_s:.1f}\n\n"
        elif not await pulse.after(known, HEARTBEAT_S):
            yield ": nothing new\n\n"


def shown(parts: Parts) -> object:
    """Is another when a page may be another. Rows are feedback and decisions, too; the table may be changed by hand."""
    stuck = tuple((case.name, case.trouble) for case in parts.controller.cases() if case.trouble)
    return parts.store.changes, parts.follower.trouble, parts.follower.is_current, parts.acceptor.trouble, stuck, _table_changed_at(parts)


def _table_changed_at(parts: Parts) -> int:
    try:
        return (parts.here.state / FILE).stat().st_mtime_ns
    except OSError:
        return 0
