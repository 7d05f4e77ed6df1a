"""How measurements are asked for, read and answered."""

import math
from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request

from serving import bodies
from serving.contract import Measurements, Model, Prediction
from serving.engine import Timed
from serving.errors import Refusal
from serving.inputs import Item, digest

# The largest magnitude a float32 can hold: what lies beyond reaches the model as infinity.
FLOAT32_MAX = 3.4028234663852886e38


class MeasurementFace:
    """The face of a model that takes named numbers."""

    template = "form_measurements.html"

    def __init__(self, model: Model, takes: Measurements) -> None:
        self._model = model
        self._takes = takes

    def metadata(self) -> dict[str, Any]:
        """The documents' nine keys."""
        return {
            "data_type": "float32",
            "data_structure": f"(1,{len(self._takes.names)})",
            "data_sample": [list(self._takes.sample)],
            "prediction_type": "float32",
            "prediction_structure": f"(1,{len(self._model.labels)})",
            "prediction_sample": self._model.prediction_sample,
            "outlier_type": "bool, float32",
            "outlier_structure": "(1,2)",
            "outlier_sample": [False, 0.4],
        }

    def labels(self) -> dict[str, str] | list[str]:
        """The names of the classes by index."""
        return {str(index): name for index, name in enumerate(self._model.labels)}

    async def sample(self) -> Item:
        """The model's own row."""
        return self._item(self._takes.sample)._replace(described=None)

    async def from_program(self, request: Request) -> Item:
        """Reads `POST /predict`: JSON `{"data": [[…]]}`; without the key the model's own row is meant."""
        if bodies.is_form(request):
            return await self.from_form(request)
        body = await bodies.read_json(request, f'JSON like {{"data": [{list(self._takes.sample)}]}}')
        return self._item(self._row(body["data"]) if "data" in body else self._takes.sample)

    async def from_form(self, request: Request) -> Item:
        """Reads a form with one field per measurement."""
        form = await bodies.read_form(request)
        missing = [name for name in self._takes.names if not isinstance(form.get(name), str) or not str(form.get(name)).strip()]
        if missing:
            raise Refusal(422, f"The form lacks: {', '.join(label(name) for name in missing)}. Fill in every field.")
        return self._item(tuple(_number(form[name], label(name)) for name in self._takes.names))

    def answer(self, item: Item, timed: Timed, variant: str, request_id: str) -> dict[str, Any]:
        """The answer of `POST /predict`."""
        return {"job_id": request_id, "prediction": timed.prediction.probabilities} | self._rest(timed.prediction)

    def said(self, answer: dict[str, Any], request: Request) -> object:
        """What of an answer goes out: all of it."""
        return answer

    def label_answer(self, prediction: Prediction, variant: str, request_id: str) -> dict[str, Any]:
        """The answer of `POST /predict/label`."""
        return {"job_id": request_id, "prediction": self._model.labels[prediction.best]} | self._rest(prediction)

    def echo(self, item: Item) -> dict[str, Any]:
        """What `?echo=1` adds: the row itself."""
        return {"data": [item.features]}

    def asks(self) -> dict[str, Any]:
        """What a form for this model has: a field for each number. `labels` are the names of what it answers, in their order."""
        pairs = zip(self._takes.names, self._takes.sample, strict=True)
        fields = [{"name": name, "label": label(name), "sample": sample} for name, sample in pairs]
        return {"takes": "measurements", "fields": fields, "labels": list(self._model.labels)}

    def preview(self, item: Item) -> dict[str, Any]:
        """What `?preview=1` adds: nothing."""
        return {}

    def shown(self, item: Item) -> dict[str, Any]:
        """What the result page shows of the input: the measurements; and what it hands on for a comparison."""
        assert item.features is not None
        numbers = dict(zip(self._takes.names, item.features, strict=True))
        facts = {label(name): f"{value:g}" for name, value in numbers.items()}
        return {"facts": facts, "picture": None, "input": {name: repr(value) for name, value in numbers.items()}}

    def _item(self, row: tuple[float, ...]) -> Item:
        return Item(self._model.prepare(row), digest(orjson.dumps(row)), f"data=[{list(row)}]", features=row)

    def _rest(self, prediction: Prediction) -> dict[str, Any]:
        outlier = prediction.outlier
        judged = {} if outlier is None else {"is_outlier": outlier.is_outlier, "outlier_score": outlier.score}
        return judged | {"mode": self._model.artifact.path.name}

    def _row(self, data: object) -> tuple[float, ...]:
        """One row out of `[[…]]`. Raises Refusal (422) for any other shape."""
        width = len(self._takes.names)
        rows = data if isinstance(data, list) else None
        if rows is None or len(rows) != 1 or not isinstance(rows[0], list) or len(rows[0]) != width:
            expected = f"one row of {width} numbers, like [{list(self._takes.sample)}]"
            raise Refusal(422, f"Invalid input data: 'data' must be {expected}; it is {_shape(data)}.")
        return tuple(_number(value, name) for value, name in zip(rows[0], self._takes.names, strict=True))


def label(name: str) -> str:
    """`sepal_length_cm` → `Sepal length (cm)`."""
    words, _, unit = name.rpartition("_")
    return f"{words.replace('_', ' ').capitalize()} ({unit})"


def _number(value: object, name: str) -> float:
    """A finite float32. Text that spells a number counts, as in the documents; true and null do not."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not abs(number) <= FLOAT32_MAX:
        raise Refusal(422, f"Invalid input data: {name} is {_brief(value)}, must be a finite number.")
    return number


def _shape(data: object) -> str:
    if not isinstance(data, list):
        return _brief(data)
    inner: Sequence[object] = [f"{len(row)} numbers" if isinstance(row, list) else _brief(row) for row in data[:3]]
    return f"a list of {len(data)} ({', '.join(map(str, inner))}{', …' if len(data) > 3 else ''})"


def _brief(value: object) -> str:
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    text = {True: "true", False: "false", None: "null"}.get(value) if isinstance(value, bool | None) else repr(value)
    return text if len(str(text)) <= 40 else f"{str(text)[:40]}…"


REQUEST_BODY = {
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"data": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}},
            }
        }
    }
}
