"""The addresses for programs."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from serving import measurement_face, picture_face, service
from serving.described import Cards
from serving.metrics import is_handed_on
from serving.service import json_response

router = APIRouter()

BODY = {"requestBody": {"content": picture_face.REQUEST_BODY["content"] | measurement_face.REQUEST_BODY["content"]}}


@router.get("/health", summary="The process lives")
async def health() -> dict[str, str]:
    """Answers whenever the process does, with or without a model."""
    return {"health": "ok"}


@router.get("/health/pred", summary="There is a model to predict with")
async def health_pred(request: Request) -> Response:
    """`ok` or `ng`, both with the status 200; `/ready` says why."""
    return json_response({"health": "ok" if service.of(request).engine.is_loaded else "ng"})


@router.get("/ready", summary="The model is loaded and has passed its self-test")
async def ready(request: Request) -> Response:
    """503 with the reason while there is no model to predict with."""
    here = service.of(request)
    return json_response({"ready": True, "model": here.settings.variant, "version": here.engine.model.artifact.version})


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """For Prometheus, which asks the service itself: a visitor of the gateway finds nothing here."""
    if is_handed_on(request.scope):
        raise HTTPException(404)
    return Response(service.of(request).metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)


@router.get("/metadata", summary="What the model takes and gives")
async def metadata(request: Request) -> Response:
    """Types, shapes and samples. `?card=1` adds the model's card: its source, its digest, what was measured. `?form=1` adds what a form
    for it asks.
    """
    here = service.of(request)
    cards = _cards(here.cards) if _wants(request, "card") else {}
    form = {"form": here.face.asks()} if _wants(request, "form") else {}
    return json_response(here.face.metadata() | cards | form)


@router.get("/label", summary="The labels by index")
async def label(request: Request) -> Response:
    """`{"0": "setosa", …}`, or a list of the names."""
    return json_response(service.of(request).face.labels())


@router.get("/predict/test", summary="Predict the model's own sample")
async def predict_test(request: Request) -> Response:
    """A prediction that needs no input."""
    here = service.of(request)
    return await _answer(request, await here.face.sample())


@router.post("/predict", summary="Predict", openapi_extra=BODY)
async def predict(request: Request) -> Response:
    """Every class with its probability; where only a label is answered, `?detail=1` tells more. `?echo=1` repeats the input,
    `?preview=1` a picture in small.
    """
    return await _answer(request, await service.of(request).face.from_program(request))


@router.get("/predict/test/label", summary="Name the model's own sample")
async def predict_test_label(request: Request) -> Response:
    """The most probable label of the sample."""
    return await _label_answer(request, await service.of(request).face.sample())


@router.post("/predict/label", summary="Predict only the label", openapi_extra=BODY)
async def predict_label(request: Request) -> Response:
    """The most probable label."""
    return await _label_answer(request, await service.of(request).face.from_program(request))


def _cards(cards: Cards) -> dict[str, Any]:
    parts = [card.model_dump() for card in cards.parts]
    return {"card": cards.model.model_dump()} | ({"cards": parts} if parts else {})


def _wants(request: Request, more: str) -> bool:
    return request.query_params.get(more) == "1"


async def _answer(request: Request, item: service.Item) -> Response:
    here = service.of(request)
    answered = await here.predict(request, item)
    echo = here.face.echo(item) if _wants(request, "echo") else {}
    preview = here.face.preview(item) if _wants(request, "preview") else {}
    return json_response(here.face.said(answered.answer | echo | preview, request), headers=answered.headers)


async def _label_answer(request: Request, item: service.Item) -> Response:
    here = service.of(request)
    answered = await here.predict(request, item)
    said = here.face.label_answer(answered.timed.prediction, here.settings.variant, request.state.request_id)
    return json_response(said, headers=answered.headers)
