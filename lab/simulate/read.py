"""A world's file as text → the world; what is wrong with it in sentences."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from lab.simulate.world import World
from lab.spec.document import Document, documents
from lab.spec.errors import SpecError, Trouble
from lab.spec.place import BEGINNING, Path
from lab.spec.words import meant, quoted

# What a fault's value may be: how many times as long; everything else is a probability or a share.
LIMITS = {"slow": (0.001, 1000.0)}


class WorldError(SpecError):
    """A file that describes no world; a line for each thing that is wrong, with its place."""


def read(text: str, source: str = "") -> World:
    """The world of a file. source: the file's name, for sentences."""
    found = documents(text, source)
    if len(found) != 1 or not isinstance(found[0].value, dict):
        raise WorldError(
            [Trouble(BEGINNING._replace(source=source), "A world is one YAML object. Write at least: visitors_per_s: 50", "shape")]
        )
    document = found[0]
    try:
        world = World.model_validate(document.value)
    except ValidationError as error:
        raise WorldError(_trouble(document, one) for one in error.errors()) from error
    if wrong := tuple(_contradictions(world)):
        raise WorldError(Trouble(document.at(path), sentence) for path, sentence in wrong)
    return world


def _trouble(document: Document, error: Any) -> Trouble:  # noqa: ANN401 - pydantic's, a typed dict
    """One error: what, its value, what it must be."""
    path = tuple(error["loc"])
    name = ".".join(str(one) for one in path)
    if error["type"] == "missing":
        return Trouble(document.at(path), f"{name} is missing.", "shape")
    if error["type"] == "extra_forbidden":
        return Trouble(document.at_key(path), f"{name} is not known. {_known(path)}", "shape")
    must = error["msg"].removeprefix("Value error, ").removeprefix("Input should be ").rstrip(".")
    return Trouble(document.at(path), f"{name} is {quoted(error['input'])}, must be {must}.", "shape")


def _known(path: Path) -> str:
    """The fields that there are."""
    model: type[BaseModel] = World
    for step in path[:-1]:
        model = _inside(model, step)
    return f"There are {', '.join(model.model_fields)}.{meant(str(path[-1]), model.model_fields)}"


def _inside(model: type[BaseModel], step: str | int) -> type[BaseModel]:
    """The model of a field; of an entry of a list or table: the field's own."""
    field = model.model_fields.get(str(step))
    return model if field is None else _model(field.annotation) or model


def _model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any type
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := _model(one))), None)


def _contradictions(world: World) -> Iterator[tuple[Path, str]]:
    """What no single field can know: where, and a sentence."""
    for place, fault in enumerate(world.faults):
        if fault.until_s <= fault.at_s:
            yield ("faults", place, "until_s"), f"until_s is {fault.until_s:g}, must be later than at_s, {fault.at_s:g}."
        least, most = LIMITS.get(fault.kind, (0.0, 1.0))
        if not least <= fault.value <= most:
            words = f"value is {fault.value:g}, must be between {least:g} and {most:g} for the kind {fault.kind}."
            yield ("faults", place, "value"), words
    if world.weights is not None and abs(sum(world.weights.values()) - 100) > 1e-6:
        yield ("weights",), f"weights add up to {sum(world.weights.values()):g}, must be 100."
