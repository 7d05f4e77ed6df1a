"""Reads the fields of feedback: numbers, labels, ids and moments; what is wrong becomes a sentence."""

import math
import re
from datetime import UTC, datetime

import orjson

# As the gateway mints them.
REQUEST_ID = re.compile(r"[0-9a-f]{32}")

METRIC = re.compile(r"[a-z][a-z0-9_.-]{0,63}")

# What people mean by a number. Python's float() also takes 1_000, digits of other scripts, and infinity.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")

# RFC 3339, section 5.6.
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")

# Beyond this, sums of a million rewards lose whole units.
NUMBER_MAX = 1e9

# Seconds since 1970 of the year 2100: what is larger was meant as milliseconds.
EPOCH_MAX_S = 4_102_444_800

# Longest label, in characters.
LABEL_MAX = 200

# Longest piece of somebody's body that a sentence repeats, in characters.
QUOTE_MAX = 60


class WrongError(Exception):
    """Its text is a sentence for the sender."""


def number(name: str, value: object) -> float:
    """A number, a text that is one, or true and false for 1 and 0."""
    found = _counted(value.strip()) if isinstance(value, str) else value
    if not isinstance(found, int | float) or not math.isfinite(found) or abs(found) > NUMBER_MAX:
        raise WrongError(f"{name} is {quoted(value)}, must be a number from -1e9 to 1e9.")
    # Without the sign of -0.0.
    return float(found) + 0.0


def label(name: str, value: object) -> str:
    """The name of a class. A number is the name that it would have in JSON: 2 and 2.0 are "2"."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        value = str(int(value)) if abs(value) <= NUMBER_MAX and value == int(value) else repr(value)
    text = value.strip() if isinstance(value, str) else ""
    if not 0 < len(text) <= LABEL_MAX or not text.isprintable():
        raise WrongError(f"{name} is {quoted(value)}, must be a label: 1 to {LABEL_MAX} printable characters, or a number.")
    return text


def request_id(name: str, value: object) -> str:
    """The id that the gateway gave a prediction, as the journal spells it."""
    # Clients that take it for a UUID send dashes and capital letters; no spelling is longer than that.
    spelled = value.strip().replace("-", "").lower() if isinstance(value, str) and len(value) <= QUOTE_MAX else ""
    if not REQUEST_ID.fullmatch(spelled):
        raise WrongError(f"{name} is {quoted(value)}, must be 32 hex digits: the X-Request-ID of the prediction's answer.")
    return spelled


def metric(name: str, value: object) -> str:
    """The name of a metric."""
    if not isinstance(value, str) or not METRIC.fullmatch(value):
        raise WrongError(f"{name} is {quoted(value)}, must be a to z, then up to 63 of a to z, 0 to 9, _ . and -.")
    return value


def moment(name: str, value: object) -> str:
    """RFC 3339, or seconds since 1970, as RFC 3339 with milliseconds in UTC."""
    try:
        return spelled_time(_seconds(value))
    except (ValueError, OverflowError) as error:
        raise WrongError(
            f"{name} is {quoted(value)}, must be a time such as 2026-11-20T19:30:00Z, or seconds since 1970 (not milliseconds)."
        ) from error


def spelled_time(seconds: float) -> str:
    """2026-11-20T19:30:00.000Z"""
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')[:23]}Z"


def quoted(value: object) -> str:
    """The value as JSON, cut where it gets long."""
    try:
        text = orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        text = repr(value)
    return text if len(text) <= QUOTE_MAX else f"{text[:QUOTE_MAX]}…"


def _counted(word: str) -> float | None:
    """A form has no other way to say true."""
    if word in ("true", "false"):
        return float(word == "true")
    return float(word) if len(word) <= QUOTE_MAX and NUMBER.fullmatch(word) else None


def _seconds(value: object) -> float:
    """ValueError unless it is a moment between 1970 and 2100."""
    if isinstance(value, str) and MOMENT.fullmatch(value.strip()):
        # Python's own reading wants capital letters.
        seconds = datetime.fromisoformat(value.strip().upper()).timestamp()
    elif isinstance(value, str):
        seconds = _counted(value.strip())
    else:
        seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if seconds is None or not 0 <= seconds < EPOCH_MAX_S:
        raise ValueError("no moment of these times")
    return seconds
