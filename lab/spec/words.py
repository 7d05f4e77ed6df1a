"""Says what is wrong with a document, field by field, and what was probably meant."""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from lab.spec.document import Document
from lab.spec.errors import Trouble
from lab.spec.place import Path, written

# Longest piece of somebody's file that a sentence repeats, in characters.
QUOTE_MAX = 60

# Words that other tools know and this lab does not, or not yet.
ELSEWHERE = {
    "BlueGreen": "This lab does not switch everybody at once: Progressive moves the traffic step by step, FixedSplit leaves it.",
    "bandit": "Weights that follow the rewards (bandits) are not here yet: leave it out, and Progressive moves the traffic by evidence.",
    "holdback": "A group that is held back after the promotion is not here yet: leave it out.",
    "export": "Results are not exported yet: leave it out, and read them with `lab report -o json`.",
    "analysis": "Every iteration is an analysis here, by criteria: leave it out.",
    "setCanaryScale": "The lab does not scale services: leave it out.",
    "setHeaderRoute": "Rules by header belong to the route, not to a step: leave it out.",
    "setMirrorRoute": "Copies are made by `lab route NAME --shadow VARIANT=PERCENT`, or with testingPattern: Shadow. Leave it out.",
}
_ALSO = {
    "bandits": "bandit", "banditsettings": "bandit", "thompson": "bandit", "thompsonsampling": "bandit", "epsilongreedy": "bandit",
    "holdbacks": "holdback", "holdout": "holdback", "holdouts": "holdback", "exports": "export", "bluegreen": "BlueGreen",
    "blue-green": "BlueGreen",
}  # fmt: skip


def quoted(value: object) -> str:
    """As JSON, not too long."""
    text = json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= QUOTE_MAX else f"{text[:QUOTE_MAX]}…"


def meant(word: str, words: Iterable[str]) -> str:
    """` Did you mean …?`, or nothing."""
    by_lower = {one.lower().replace("_", ""): one for one in words}
    close = difflib.get_close_matches(word.lower().replace("_", ""), by_lower, n=1, cutoff=0.7)
    return f" Did you mean {by_lower[close[0]]}?" if close else ""


def elsewhere(word: object) -> str | None:
    """A sentence about a word that this lab does not do."""
    if not isinstance(word, str):
        return None
    known = {name.lower(): name for name in ELSEWHERE}
    name = known.get(word.lower()) or _ALSO.get(word.lower())
    return ELSEWHERE.get(name) if name else None


def troubles(error: ValidationError, model: type[BaseModel], document: Document, around: Path = ()) -> Iterator[Trouble]:
    """One per wrong field. `around` leads to what was validated in the document."""
    for detail in error.errors(include_url=False):
        inside = tuple(part for part in detail["loc"] if part != "[key]")
        path = (*around, *inside)
        place = document.at_key(path) if detail["type"] == "extra_forbidden" else document.at(path)
        yield Trouble(place, _sentence(detail, written(path), inside, model), "shape")


def _sentence(detail: Mapping[str, Any], where: str, inside: Path, model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        return _unknown(where, str(inside[-1]), _model_at(model, inside[:-1]))
    expected = _expected(model, inside)
    if detail["type"] == "missing":
        return f"{where} is missing, must be {expected}."
    if reason := elsewhere(detail["input"]):
        return f"{where} is {detail['input']}. {reason}"
    hint = meant(detail["input"], _words(expected)) if isinstance(detail["input"], str) else ""
    return f"{where} is {quoted(detail['input'])}, must be {expected}.{hint}"


def _unknown(where: str, word: str, model: type[BaseModel] | None) -> str:
    if reason := elsewhere(word):
        return f"{where}: {reason}"
    fields = [field.alias or name for name, field in model.model_fields.items()] if model else []
    return f"{where} is no field.{meant(word, fields)} Fields here: {', '.join(fields)}."


def _words(expected: str) -> list[str]:
    """Those of `one of: High, Low`."""
    return expected.removeprefix("one of: ").split(", ") if expected.startswith("one of: ") else []


def _expected(model: type[BaseModel], inside: Path) -> str:
    """What the field must be, by its description; of a part of a list, what each part must be."""
    field = _field_at(model, inside)
    if field is None:
        return "an object"
    if isinstance(inside[-1], int):
        inner = _model_in(field.annotation)
        return f"an object with {', '.join(_names(inner))}" if inner else "text"
    return field.description or str(get_args(field.annotation)[0] if get_args(field.annotation) else field.annotation)


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _field_at(model: type[BaseModel], inside: Path) -> FieldInfo | None:
    """The last field that a path goes through."""
    found, here = None, model
    for part in inside:
        field = {one.alias or name: one for name, one in here.model_fields.items()}.get(str(part)) if here else None
        if field is not None:
            found, here = field, _model_in(field.annotation)
    return found


def _model_at(model: type[BaseModel], inside: Path) -> type[BaseModel] | None:
    field = _field_at(model, inside)
    return _model_in(field.annotation) if field else model


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type
    """The model that a type holds: in an option, a list, a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    return next((model for part in parts if (model := _model_in(part))), None)
