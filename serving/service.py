"""One running variant: its settings, its model, its face."""

import time
from collections.abc import Awaitable
from typing import Any, NamedTuple, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response

from serving import described, record
from serving.arrival import inner_path
from serving.contract import Measurements, Prediction
from serving.engine import Engine, Timed
from serving.inputs import Item
from serving.label_face import LabelFace
from serving.measurement_face import MeasurementFace
from serving.metrics import Metrics
from serving.picture_face import PictureFace
from serving.settings import Settings


class Face(Protocol):
    """How requests for one kind of input are read and answered."""

    template: str
    """The page's form."""

    def metadata(self) -> dict[str, Any]: ...
    def labels(self) -> dict[str, str] | list[str]: ...
    async def sample(self) -> Item: ...
    async def from_program(self, request: Request) -> Item: ...
    async def from_form(self, request: Request) -> Item: ...
    def answer(self, item: Item, timed: Timed, variant: str, request_id: str) -> dict[str, Any]: ...
    def said(self, answer: dict[str, Any], request: Request) -> object: ...
    def label_answer(self, prediction: Prediction, variant: str, request_id: str) -> dict[str, Any]: ...
    def echo(self, item: Item) -> dict[str, Any]: ...
    def preview(self, item: Item) -> dict[str, Any]: ...
    def asks(self) -> dict[str, Any]: ...
    def shown(self, item: Item) -> dict[str, Any]: ...


class Answered(NamedTuple):
    """A prediction for one request."""

    item: Item
    timed: Timed
    answer: dict[str, Any]
    """Everything that `POST /predict` can say."""
    headers: dict[str, str]
    """What the gateway logs, and what the client may know of the time it took."""


class Service:
    """Answers requests with the model of one engine."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self.settings = settings
        self.engine = engine
        self.metrics = Metrics(settings.variant)
        if engine.is_loaded:
            self.metrics.has(engine.model.artifact.version, engine.model.artifact.stand_in)

    @property
    def face(self) -> Face:
        """The face that fits the model. Raises Refusal (503) when no model is loaded."""
        model = self.engine.model
        if isinstance(model.takes, Measurements):
            return MeasurementFace(model, model.takes)
        return LabelFace(model, model.takes) if getattr(model, "bare_label", False) else PictureFace(model, model.takes)

    @property
    def cards(self) -> described.Cards:
        """What is known of the model. Raises Refusal (503) when no model is loaded."""
        return described.describe(self.engine.model, self.settings.variant)

    async def predict(self, request: Request, item: Item) -> Answered:
        """Predicts one item and prints the record of it."""
        begun = time.perf_counter()
        request_id: str = request.state.request_id
        record.begun(request_id)
        timed = await self._timed(request, item)
        record.predicted(timed.prediction)
        self.metrics.predicted(timed.queue_us, timed.inference_us)
        answer = self.face.answer(item, timed, self.settings.variant, request_id)
        record.answered(inner_path(request), request_id, (time.perf_counter() - begun) * 1000, item.described, answer)
        return Answered(item, timed, answer, self._headers(item, timed))

    def _timed(self, request: Request, item: Item) -> Awaitable[Timed]:
        return self.engine.predict(item.row)

    def _headers(self, item: Item, timed: Timed) -> dict[str, str]:
        prediction = timed.prediction
        outlier = prediction.outlier
        told = {
            "model": self.settings.variant,
            "artifact": self.engine.model.artifact.version,
            "stand_in": self.engine.model.artifact.stand_in,
            "label": self.engine.model.labels[prediction.best],
            "probability": prediction.probabilities[prediction.best],
            "outlier": outlier and outlier.is_outlier,
            "outlier_score": outlier and outlier.score,
            "input": item.digest,
            "features": item.features,
            "queue_us": timed.queue_us,
            "inference_us": timed.inference_us,
        }
        return {
            # NGINX copies this header into the prediction journal and hides it from the client.
            "X-Lab-Prediction": ascii_json(told),
            "Server-Timing": f"queue;dur={timed.queue_us / 1000:.3f}, inference;dur={timed.inference_us / 1000:.3f}",
        }


def of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service


def json_response(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; floats keep every digit."""
    return Response(orjson.dumps(content), status, headers, media_type="application/json")


def ascii_json(content: object) -> str:
    """JSON of nothing but printable ASCII, as a header must be."""
    return "".join(character if " " <= character <= "~" else _escaped(character) for character in orjson.dumps(content).decode())


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
