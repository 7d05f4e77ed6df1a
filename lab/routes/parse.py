"""Reads a table of routes from text; what is wrong becomes sentences that name route, field, value and expectation."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from lab.errors import RoutesError
from lab.routes.check import troubles
from lab.routes.table import SCHEMA, Known, Route, Routes, Rule, is_epoch

# Longest piece of somebody's file that a sentence repeats, in characters.
QUOTE_MAX = 60

FIELDS = ("schema", "default_route", "routes")


class Examined(NamedTuple):
    """What a text is good for, route by route, as the gateway reads it: one wrong route spoils no other."""

    valid: Mapping[str, Route]
    wrong: frozenset[str]
    """Routes that the text names but gets wrong; all of them when it is no table at all."""
    notes: tuple[str, ...]
    """What is wrong, as sentences."""
    default_route: str = ""


def parse(text: str, known: Known) -> Routes:
    """Raises RoutesError unless every word of the table is right."""
    examined = examine(text, known)
    if examined.notes:
        raise RoutesError("\n".join(examined.notes))
    return Routes(default_route=examined.default_route, routes=dict(examined.valid))


def examine(text: str, known: Known) -> Examined:
    """Takes what can be taken; raises nothing."""
    try:
        table, twice = _table(text)
    except RoutesError as error:
        return Examined({}, frozenset(known), (str(error),))
    found = {name: _route(name, value, known) for name, value in table["routes"].items()}
    valid = {name: one for name, one in found.items() if isinstance(one, Route)}
    notes = [sentence for one in found.values() if isinstance(one, list) for sentence in one]
    default_route = table.get("default_route")
    return Examined(valid, frozenset(found.keys() - valid.keys()), (*twice, *_around(table, known), *notes), str(default_route))


def no_route(name: str, known: Known) -> str:
    """Says which routes there are instead."""
    return f"There is no route {_quoted(name)}. Routes: {', '.join(known)}."


def epochs(text: str) -> dict[str, int]:
    """The epoch of every route as far as it can be made out, be the rest of the text right or wrong."""
    try:
        routes = _table(text)[0]["routes"]
    except RoutesError:
        return {}
    stated = {name: route.get("epoch") for name, route in routes.items() if isinstance(route, dict)}
    return {name: int(epoch) for name, epoch in stated.items() if is_epoch(epoch)}


def spent(text: str) -> dict[str, int]:
    """The epoch of every route in a file that says nothing else, as far as it can be made out."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {name: int(epoch) for name, epoch in found.items() if is_epoch(epoch)} if isinstance(found, dict) else {}


def _table(text: str) -> tuple[dict[str, Any], list[str]]:
    """The text as JSON, if it has the outline of a table, and sentences about names that stand twice: the last of them counts."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        counts = Counter(name for name, _ in pairs)
        repeated = [(name, count) for name, count in counts.items() if count > 1]
        twice.extend(f"{_quoted(name)} stands {count} times in one object, must be there once." for name, count in repeated)
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise RoutesError(f"It is not JSON: {_why(error)}.") from error
    if not isinstance(found, dict):
        raise RoutesError(f"It is {_quoted(found)}, must be an object with {', '.join(FIELDS)}.")
    if found.get("schema") != SCHEMA or isinstance(found["schema"], bool):
        raise RoutesError(f"schema is {_stated(found, 'schema')}, must be {SCHEMA}.")
    if not isinstance(found.get("routes"), dict):
        raise RoutesError(f"routes is {_stated(found, 'routes')}, must be an object with the routes.")
    return found, twice


def _around(table: Mapping[str, Any], known: Known) -> list[str]:
    """What is wrong beside the routes."""
    notes = [f"{_quoted(field)} is no field of the table. Its fields: {', '.join(FIELDS)}." for field in table if field not in FIELDS]
    if table.get("default_route") not in list(known):
        notes.append(f"default_route is {_stated(table, 'default_route')}, must be one of: {', '.join(known)}.")
    return notes


def _route(name: str, value: object, known: Known) -> Route | list[str]:
    if name not in known:
        return [no_route(name, known)]
    if not isinstance(value, dict):
        return [f"routes.{name} is {_quoted(value)}, must be an object."]
    try:
        route = Route.model_validate(value)
    except ValidationError as error:
        # A union or a mapping tells of one value twice.
        return list(dict.fromkeys(_sentence(f"routes.{name}", detail) for detail in error.errors(include_url=False)))
    return troubles(name, route, known[name]) or _led(name, route, known) or route


def _led(name: str, route: Route, known: Known) -> list[str]:
    """What is wrong with the routes that its rules lead to."""
    others = [other for other in known if other != name]
    wrong = [(number, rule.route) for number, rule in enumerate(route.rules) if rule.route and rule.route not in others]
    return [f"routes.{name}.rules.{number}.route names {other}, must be another route: {', '.join(others)}." for number, other in wrong]


def _sentence(where: str, detail: Mapping[str, Any]) -> str:
    place = [str(part) for part in detail["loc"] if part != "[key]"]
    model, field = _described(place)
    path = ".".join((where, *(part if part.isascii() and part.isprintable() else _quoted(part) for part in place)))
    if detail["type"] == "missing":
        return f"{path} is missing, must be {_expected(model, field)}."
    if detail["type"] == "extra_forbidden":
        return f"{path} is no field. Fields: {', '.join(model.model_fields)}."
    if detail["loc"][-1] == "[key]":
        return f"{path} is no name, must be 1 to 40 of a to z and 0 to 9."
    return f"{path} is {_quoted(detail['input'])}, must be {_expected(model, field, inside=len(place) > 1)}."


def _described(place: list[str]) -> tuple[type[BaseModel], str]:
    """The model and the field that a place in a route belongs to: rules.0.header is a rule's."""
    return (Rule, place[2]) if place[0] == "rules" and len(place) > 2 else (Route, place[0])


def _expected(model: type[BaseModel], field: str, inside: bool = False) -> str:
    if not inside and field in ("weights", "shadows", "versions"):
        return "an object with variants and " + {"versions": "their versions"}.get(field, "percentages")
    if inside and model is Route and field in ("lanes", "rules"):
        return {"lanes": "the name of a candidate", "rules": "an object with header, value and either variant or route"}[field]
    return model.model_fields[field].description or ""


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _why(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error).rstrip(".")


def _stated(table: Mapping[str, Any], field: str) -> str:
    return _quoted(table[field]) if field in table else "missing"


def _quoted(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= QUOTE_MAX else f"{text[:QUOTE_MAX]}…"
