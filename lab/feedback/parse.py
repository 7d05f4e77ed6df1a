"""Reads the body of a request into items of feedback."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from lab.feedback import fields, foreign
from lab.feedback.fields import WrongError, quoted
from lab.feedback.item import REWARD, TRUTH, Body, Entry, Item, Malformed

# Longest body, in bytes, and most entries of a list.
BODY_MAX_BYTES = 1_000_000
LIST_MAX = 10_000

# Fields of a form: the buttons of the result page send two.
FORM_FIELDS_MAX = 20

HOW = 'Send {"request_id": …, "reward": …}, with truth or with metric and value instead of reward, or a list of these.'

TOO_LONG = Malformed(f"The body is larger than {BODY_MAX_BYTES / 1e6:g} MB. Send it in several requests.", too_long=True)

# Spellings of the field with the prediction's id, in lower case and with underscores.
ID_NAMES = ("request_id", "requestid", "x_request_id")


def parse(body: bytes, content_type: str) -> Body:
    """What a body says. Never raises: what cannot be read is Malformed in its place."""
    if len(body) > BODY_MAX_BYTES:
        return Body((TOO_LONG,))
    # PowerShell puts a byte order mark in front.
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if "jsonlines" in content_type or "ndjson" in content_type:
        return _many([line for line in text.split(b"\n") if line.strip()], _line)
    if "multipart/" in content_type:
        kind = quoted(content_type.partition(";")[0])
        return Body((Malformed(f"The body is {kind}, must be JSON or a form of the kind application/x-www-form-urlencoded. {HOW}"),))
    # curl -d calls everything a form.
    if "x-www-form-urlencoded" in content_type and not text.startswith((b"{", b"[")):
        return _form(text)
    return _json(text)


def _json(text: bytes) -> Body:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return Body((Malformed(f"The body is not JSON: {error}. {HOW}"),)) if text else _nothing()
    if isinstance(found, list):
        return _many(found, _entry)
    return Body((_entry(found),))


def _nothing() -> Body:
    return Body((Malformed(f"The body is empty. {HOW}"),))


def _many(found: list[Any], read: Callable[[Any], Entry]) -> Body:
    if not found:
        return Body((Malformed(f"The list is empty. {HOW}"),))
    if len(found) > LIST_MAX:
        sentence = f"The list has {len(found)} entries, must have at most {LIST_MAX}. Send it in several requests."
        return Body((Malformed(sentence, too_long=True),))
    return Body(tuple(read(one) for one in found), is_list=True)


def _line(text: bytes) -> Entry:
    try:
        return _entry(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        return Malformed(f"A line is {quoted(text.decode(errors='replace'))}, must be JSON: {error}.")


def _form(text: bytes) -> Body:
    try:
        # Bytes that are no UTF-8 become U+FFFD, which no field takes for anything.
        pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return Body((Malformed(f"The form has more than {FORM_FIELDS_MAX} fields. {HOW}"),), is_form=True)
    # A form has a field for everything; those that were left empty say nothing.
    return Body((_entry({name: value for name, value in pairs if value}),) if text else _nothing().entries, is_form=True)


def _entry(found: object) -> Entry:
    """One JSON object."""
    if not isinstance(found, dict):
        return Malformed(f"The feedback is {quoted(found)}, must be an object. {HOW}")
    source = "seldon" if foreign.is_seldon(found) else "sagemaker" if foreign.is_sagemaker(found) else "program"
    try:
        return _items(_own_words(found, source), source)
    except WrongError as error:
        return Malformed(str(error), source)


def _own_words(found: dict[str, Any], source: str) -> Mapping[str, Any]:
    if source == "seldon":
        return foreign.from_seldon(found)
    return foreign.from_sagemaker(found) if source == "sagemaker" else found


def _items(said: Mapping[str, Any], source: str) -> tuple[Item, ...]:
    """One item per metric. A field that is null was left out; fields that nobody knows are the sender's own business."""
    request_id = _request_id(said)
    when = said.get("at")
    at = None if when is None else fields.moment("at", when)
    values = _values(said)
    if not values:
        given = ", ".join(quoted(name) for name in list(said)[:5]) or "nothing"
        raise WrongError(f"There is nothing to keep: the fields are {given}. {HOW}")
    return tuple(Item(request_id, metric, value, at, source) for metric, value in values.items())


def _request_id(said: Mapping[str, Any]) -> str | None:
    spelled = {name.lower().replace("-", "_"): name for name in said}
    for field in ID_NAMES:
        name = spelled.get(field)
        if name is not None and said[name] is not None:
            return fields.request_id(name, said[name])
    return None


def _values(said: Mapping[str, Any]) -> dict[str, float | str]:
    """By metric."""
    values: dict[str, float | str] = {}
    if said.get("reward") is not None:
        values[REWARD] = fields.number("reward", said["reward"])
    if said.get("truth") is not None:
        values[TRUTH] = fields.label("truth", said["truth"])
    if said.get("metric") is not None or said.get("value") is not None:
        metric = fields.metric("metric", said.get("metric"))
        if metric in values:
            raise WrongError(f"{metric} is given twice: as a field and as metric. Send one of them.")
        values[metric] = (fields.label if metric == TRUTH else fields.number)("value", said.get("value"))
    return values
