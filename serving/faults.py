"""Makes a model misbehave on request, so that a rollback can be shown and tested. Not there at all unless LAB_FAULTS=1.

    curl -X PUT localhost:8080/iris/forest/faults -d '{"error_rate": 0.1, "seed": 7}'
    curl localhost:8080/iris/forest/faults
    curl -X DELETE localhost:8080/iris/forest/faults

Predictions suffer, and nothing else: health, readiness, pages and /faults itself stay well. What is set ends with the process.
"""

import asyncio
import contextlib
import logging
import os
import random
from typing import Annotated, NamedTuple, NoReturn, TypeAlias

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving import bodies, service
from serving.arrival import pin
from serving.contract import Prediction
from serving.engine import Engine, Timed
from serving.errors import Refusal
from serving.inputs import Item
from serving.service import Service, json_response
from serving.settings import Settings

log = logging.getLogger("serving.faults")
router = APIRouter()

# Longer than any client waits; still, nothing is kept for ever.
HOUR_S = 3600

# The title of each is what a wrong value is told that it must be.
Share: TypeAlias = Annotated[float, Field(ge=0, le=1, title="a number from 0 to 1")]
Delay: TypeAlias = Annotated[float, Field(ge=0, le=HOUR_S * 1000, title="a number of milliseconds from 0 to 3600000, an hour")]
Ordinal: TypeAlias = Annotated[int | None, Field(ge=1, title="a whole number from 1 up")]
Seed: TypeAlias = Annotated[int | None, Field(title="a whole number of up to 64 bits")]


class Faults(BaseModel):
    """What is wrong with the model; nothing unless set."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    slow_ms: Delay = 0
    """Milliseconds that every prediction waits before it begins; meanwhile other requests go on."""
    error_rate: Share = 0
    """Share of predictions that are answered 500."""
    hang_rate: Share = 0
    """Share of predictions that are never answered: until the client goes away or an hour has passed."""
    wrong_rate: Share = 0
    """Share of predictions whose probabilities are rotated by one label, so that another label wins."""
    cut_rate: Share = 0
    """Share of good answers that break off after half of the body, where Content-Length says more."""
    crash_after: Ordinal = None
    """The process dies at this prediction, counted from the moment this is set."""
    seed: Seed = None
    """The same seed and the same order of predictions give the same faults."""


class Fate(NamedTuple):
    """What one prediction drew. One that crashes, hangs or fails does so (the first of these), whatever else it drew."""

    crash: bool
    hang: bool
    error: bool
    wrong: bool
    cut: bool


class Dice:
    """Decides the fate of one prediction after the other."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._random = random.Random(faults.seed)
        self._count = 0

    def roll(self) -> Fate:
        """Four draws per prediction, in the order of `Fate`, needed or not: a changed rate leaves alone whom the others hit."""
        self._count += 1
        rates = (self.faults.hang_rate, self.faults.error_rate, self.faults.wrong_rate, self.faults.cut_rate)
        return Fate(self._count == self.faults.crash_after, *[self._random.random() < rate for rate in rates])


class FaultyService(Service):
    """A service whose predictions suffer what is set."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        super().__init__(settings, engine)
        self.dice = Dice(Faults())
        log.warning("Fault injection is enabled (LAB_FAULTS=1): whoever reaches /faults can make %s fail.", settings.variant)

    def set(self, faults: Faults) -> None:
        """Replaces what is set; counting and drawing begin anew."""
        self.dice = Dice(faults)
        log.warning("The faults of %s are now %s", self.settings.variant, shown(faults) or "none")

    async def _timed(self, request: Request, item: Item) -> Timed:
        dice = self.dice
        fate = dice.roll()
        _note(fate, request)
        if fate.crash:
            _crash()
        await asyncio.sleep(dice.faults.slow_ms / 1000)
        if fate.hang:
            await until_gone(request, HOUR_S)
        if fate.hang or fate.error:
            raise Refusal(500, f"The service failed on this request, as it was told to at {pin(request, self.settings.variant)}/faults.")
        timed = await super()._timed(request, item)
        request.state.cut = fate.cut
        return timed._replace(prediction=rotated(timed.prediction)) if fate.wrong else timed


class Cut:
    """ASGI middleware: breaks off the answers whose request says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection event, HTTP or not."""

        async def half(message: Message) -> None:
            if message["type"] == "http.response.body" and scope["state"].get("cut"):
                # More is promised and never comes: uvicorn sends what it has, then closes the connection and logs the broken promise.
                message = {**message, "body": message["body"][: len(message["body"]) // 2], "more_body": True}
            await send(message)

        await self._app(scope, receive, half)


@router.get("/faults", summary="The faults that are set")
async def show(request: Request) -> Response:
    """`{}`: none."""
    return _answer(_here(request))


@router.put(
    "/faults",
    summary="Make the model misbehave",
    openapi_extra={"requestBody": {"content": {"application/json": {"schema": Faults.model_json_schema()}}}},
)
async def replace(request: Request) -> Response:
    """JSON like `{"error_rate": 0.1, "seed": 7}`; what it does not name is well again."""
    body = await bodies.read_json(request, 'JSON like {"error_rate": 0.1, "seed": 7}')
    try:
        faults = Faults.model_validate(body)
    except ValidationError as error:
        raise Refusal(422, _sentence(error)) from error
    _here(request).set(faults)
    return _answer(_here(request))


@router.delete("/faults", summary="Make the model well again")
async def clear(request: Request) -> Response:
    """No faults from now on; requests that hang already go on hanging."""
    _here(request).set(Faults())
    return _answer(_here(request))


def install(app: FastAPI) -> None:
    """Gives an application with a FaultyService its address for faults and its way to break answers off."""
    app.include_router(router)
    app.add_middleware(Cut)


def shown(faults: Faults) -> dict[str, float | None]:
    """What was set, and no more."""
    return faults.model_dump(exclude_unset=True)


def rotated(prediction: Prediction) -> Prediction:
    """Every label gets the probability of the one before it."""
    *others, last = prediction.probabilities
    return prediction._replace(probabilities=(last, *others))


async def until_gone(request: Request, patience_s: float) -> None:
    """Waits until the client has gone away, at most `patience_s`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience_s):
            while (await request.receive())["type"] != "http.disconnect":
                pass


def _crash() -> NoReturn:
    log.warning("The process ends itself: this is the prediction that crash_after counted to.")
    # No clean-up, no answer: as if the kernel had ended it.
    os._exit(1)


def _note(fate: Fate, request: Request) -> None:
    drawn = [name for name, happens in fate._asdict().items() if happens]
    if drawn:
        log.info("drew %s: [%s]", ", ".join(drawn), request.state.request_id)


def _here(request: Request) -> FaultyService:
    here = service.of(request)
    assert isinstance(here, FaultyService)
    return here


def _answer(here: FaultyService) -> Response:
    return json_response(shown(here.dice.faults))


def _sentence(error: ValidationError) -> str:
    """The first complaint: `error_rate is 2, must be a number from 0 to 1.`"""
    first = error.errors(include_url=False)[0]
    key = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        return f"'{key[:40]}' is no fault. Choose among {', '.join(Faults.model_fields)}."
    return f"{key} is {orjson.dumps(first['input']).decode()[:40]}, must be {Faults.model_fields[key].title}."
