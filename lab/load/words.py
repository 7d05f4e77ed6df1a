"""Reads what is said on the command line about a load: svc=0.10, 5m, forest:error_rate=0.2@20s-60s."""

import math
import re
from collections.abc import Callable, Mapping, Sequence

from lab.errors import Refused
from lab.load.plan import FaultSpan

SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "ms": 0.001}
DURATION = re.compile(r"(?P<amount>\d+(\.\d+)?)(?P<unit>ms|s|m|h|)")
FAULT = re.compile(r"(?P<variant>[a-z0-9]+):(?P<faults>[^@]+)(@(?P<start>[^-@]+)-(?P<end>[^-@]*))?")


def seconds(text: str) -> float:
    """`90`, `90s`, `5m`, `1.5h`, `250ms`."""
    fits = DURATION.fullmatch(text.strip())
    if not fits:
        raise Refused(f"{text!r} is no duration. Write 90s, 5m or 1h.")
    return float(fits["amount"]) * SECONDS[fits["unit"]]


def shares(words: Sequence[str]) -> dict[str, float]:
    """`svc=0.10`: a share of the visitors."""
    return _pairs(words, _share, "svc=0.10")


def rates(words: Sequence[str]) -> dict[str, float]:
    """`svc=0.7`: so many per second."""
    return _pairs(words, _rate, "svc=0.7")


def fault(text: str) -> FaultSpan:
    """`forest:error_rate=0.2@20s-60s`; several by commas; without an end it lasts until the load ends."""
    fits = FAULT.fullmatch(text.strip())
    if not fits:
        raise Refused(f"{text!r} is no fault. Write forest:error_rate=0.2@20s-60s, or forest:slow_ms=50,wrong_rate=0.1 for the whole load.")
    faults = {name: _whole(value) for name, value in _pairs(fits["faults"].split(","), _number, "error_rate=0.2").items()}
    start_s = seconds(fits["start"]) if fits["start"] else 0.0
    end_s = seconds(fits["end"]) if fits["end"] else None
    if end_s is not None and end_s <= start_s:
        raise Refused(f"{text!r} ends before it begins.")
    return FaultSpan(fits["variant"], faults, start_s, end_s)


def _pairs(words: Sequence[str], read: Callable[[str], float | None], example: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for word in words:
        name, _, text = word.strip().partition("=")
        value = read(text)
        if not name or value is None:
            raise Refused(f"{word!r} cannot be read. Write it like {example}.")
        if name in found:
            raise Refused(f"{name} is named twice.")
        found[name] = value
    return found


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _share(text: str) -> float | None:
    value = _number(text)
    return value if value is not None and 0 <= value <= 1 else None


def _rate(text: str) -> float | None:
    value = _number(text)
    return value if value is not None and value > 0 else None


def _whole(value: float) -> float | int:
    """Some faults take whole numbers only."""
    return int(value) if value.is_integer() else value


def shown(faults: Mapping[str, float | int]) -> str:
    """`error_rate=0.2, slow_ms=50`"""
    return ", ".join(f"{name}={value:g}" for name, value in faults.items()) or "none"
