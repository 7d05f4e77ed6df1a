"""Asks the services through the gateway, all of them at once, and none of them for long."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from functools import cache
from ssl import SSLContext
from typing import Any, NamedTuple

import httpx

from lab.errors import Refused
from lab.services import said
from lab.services.said import Card, Form, Prediction, Service

# Seconds until a card that has not come is done without: nobody waits for a page because of a dead model.
CARD_S = 1.2

# Seconds until a prediction that has not come is done without: as long as the gateway waits.
PREDICTION_S = 10.0

# Most connections of one question to all.
AT_ONCE = 16

# What the gateway answers for a service that does not.
UNANSWERED = (502, 503, 504)

# Longest answer that is read.
ANSWER_MAX_BYTES = 2_000_000


class Unreachable(Refused):
    """The gateway itself does not answer."""


class Portrait(NamedTuple):
    """How a service is, and what it says of its model. Without a card it does not answer, and `why` is a sentence."""

    service: Service
    card: Card | None
    form: Form | None
    why: str = ""
    is_silent: bool = False
    """Whether nothing came of it: neither in time, nor anything but the gateway's word for it."""

    @property
    def is_off(self) -> bool:
        """Whether the lab is meant to run without it."""
        return bool(said.OFF.match(self.why))


class Answer(NamedTuple):
    """What a service says of one input. Without a prediction, `why` is a sentence."""

    service: Service
    prediction: Prediction | None
    seconds: float
    """Until the whole answer was here."""
    status: int = 0
    """HTTP's; 0 where nothing was answered in time."""
    why: str = ""
    request_id: str = ""

    @property
    def is_off(self) -> bool:
        """Whether the lab is meant to run without it."""
        return bool(said.OFF.match(self.why))

    @property
    def is_refusal(self) -> bool:
        """Whether the input is to blame."""
        return 400 <= self.status < 500


class Input(NamedTuple):
    """What is asked about: a file, or the fields of a form."""

    fields: Mapping[str, str] = {}
    file: tuple[str, bytes, str] | None = None
    """Name, content, type."""


class _Heard(NamedTuple):
    status: int
    body: bytes
    headers: Mapping[str, str]


class Client:
    """Knows one gateway."""

    def __init__(self, url: str, card_s: float = CARD_S, prediction_s: float = PREDICTION_S) -> None:
        self.url = url.rstrip("/")
        self._card_s, self._prediction_s = card_s, prediction_s

    async def describe(self, services: Sequence[Service]) -> list[Portrait]:
        """Of each what it says of itself, in their order. Raises Unreachable."""
        async with self._http() as http:
            return await asyncio.gather(*(self._described(http, one) for one in services))

    async def predict(self, services: Mapping[Service, Sequence[str]], given: Input, mark: str) -> list[Answer]:
        """What each says of the same input, in their order. Their values are the labels of an answer that names no classes; `mark` is what
        the journal's lines have in common, as client_request_id. Raises Unreachable.
        """
        async with self._http() as http:
            return await asyncio.gather(*(self._predicted(http, one, labels, given, mark) for one, labels in services.items()))

    def _http(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=AT_ONCE)
        # Time-outs are of the whole, not of its parts.
        return httpx.AsyncClient(verify=_certificates(), trust_env=False, timeout=None, limits=limits)

    async def _described(self, http: httpx.AsyncClient, service: Service) -> Portrait:
        try:
            async with asyncio.timeout(self._card_s):
                heard = await self._heard(http, "GET", f"{service.path}/metadata?card=1&form=1")
        except (TimeoutError, httpx.HTTPError) as error:
            return Portrait(service, None, None, _silence(error, self._card_s), is_silent=True)
        found = said.metadata(heard.body) if heard.status == 200 else None
        if found:
            return Portrait(service, found.card, found.form)
        unseen = Portrait(service, None, None, _reason(heard))
        return unseen._replace(is_silent=heard.status in UNANSWERED and not unseen.is_off)

    async def _predicted(self, http: httpx.AsyncClient, service: Service, labels: Sequence[str], given: Input, mark: str) -> Answer:
        began = time.perf_counter()
        files = {"file": given.file} if given.file else None
        try:
            async with asyncio.timeout(self._prediction_s):
                path = f"{service.path}/predict?detail=1&preview=1"
                heard = await self._heard(http, "POST", path, files=files, data=given.fields, headers={"X-Request-ID": mark})
        except (TimeoutError, httpx.HTTPError) as error:
            return Answer(service, None, time.perf_counter() - began, why=_silence(error, self._prediction_s))
        found = said.prediction(heard.body, heard.headers, labels) if heard.status == 200 else None
        why = "" if found else _reason(heard)
        return Answer(service, found, time.perf_counter() - began, heard.status, why, said.request_id(heard.headers))

    async def _heard(self, http: httpx.AsyncClient, method: str, path: str, **options: Any) -> _Heard:  # noqa: ANN401 - httpx's own
        """Raises Unreachable, TimeoutError and httpx.HTTPError."""
        try:
            async with http.stream(method, self.url + path, **options) as answer:
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_MAX_BYTES:
                        return _Heard(0, b"", answer.headers)
                return _Heard(answer.status_code, bytes(body), answer.headers)
        except (httpx.ConnectError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise Unreachable(
                f"The gateway does not answer at {self.url}, where the lab would ask the models. Set LAB_GATEWAY_URL to its address."
            ) from error


@cache
def _certificates() -> SSLContext:
    """Read once: it takes longer than a prediction."""
    return httpx.create_ssl_context(trust_env=False)


def _silence(error: Exception, patience_s: float) -> str:
    return f"It has not answered within {patience_s:g} s." if isinstance(error, TimeoutError) else "Its answer broke off."


def _reason(heard: _Heard) -> str:
    """The service's own sentence, or the gateway's."""
    try:
        detail = json.loads(heard.body)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = None
    unread = "Its answer cannot be read." if heard.status in (0, 200) else f"It answers with the status {heard.status}."
    return detail if isinstance(detail, str) and detail else unread
