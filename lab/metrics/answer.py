"""What an answer means: the first thing that the jq expression finds, if it is a number. Anything else is unavailable, never zero. Pure."""

import json
import math
import sys
from typing import NamedTuple

import jq

SHOWN_MAX = 120


class Value(NamedTuple):
    """A metric of one version."""

    value: float | None
    """None: unavailable."""
    why: str = ""
    """Why it is unavailable, as a sentence."""


def value_in(body: bytes, expression: str | None) -> Value:
    """Of an answer in JSON. Prometheus says an empty result where nothing is known, and NaN for 0/0."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return Value(None, f"The answer is no JSON: {body[:SHOWN_MAX].decode(errors='replace')!r}.")
    if isinstance(answer, dict) and answer.get("status") == "error":
        return Value(None, f"Prometheus says: {str(answer.get('error'))[:SHOWN_MAX]}.")
    try:
        found = jq.compile(expression or ".").input_value(answer)
        first = next(iter(found), None)
    except (ValueError, RecursionError) as error:
        return Value(None, _nothing(answer) or f"{expression} finds nothing in the answer: {str(error)[:SHOWN_MAX]}.")
    return _number(first, expression, _nothing(answer))


def _number(found: object, expression: str | None, reason: str | None) -> Value:
    if found is None:
        return Value(None, reason or f"{expression} finds nothing in the answer.")
    if isinstance(found, bool) or not isinstance(found, int | float):
        return Value(None, f"{expression} finds {str(found)[:SHOWN_MAX]!r}, which is no number.")
    # jq makes of an infinite number the largest one that there is.
    if not abs(found) < sys.float_info.max:
        return Value(None, reason or f"{expression} finds {found}, which is no number.")
    return Value(float(found))


def _nothing(answer: object) -> str | None:
    """The usual reason why an expression fails: there is no series, or its only value is NaN."""
    data = answer.get("data") if isinstance(answer, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if result == []:
        return "The answer is empty: Prometheus knows no such series in this time."
    try:
        return f"The value is {result[0]['value'][1]}." if not math.isfinite(float(result[0]["value"][1])) else None  # type: ignore[index]
    except (TypeError, KeyError, IndexError, ValueError):
        return None
