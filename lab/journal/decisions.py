"""Writes down every change of who gets which model: what, by whom, why."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from lab.journal.append import Segments

KIND = "decisions"


class Decision(NamedTuple):
    """One change of one route, one step of an experiment, or a change of the journals themselves."""

    kind: str
    """weights: the split changed; route: something else of the route; retention: a segment was deleted. Of an experiment: see
    `lab.controller.records.KINDS`."""
    route: str | None
    experiment: str | None
    """The run's name, which its predictions carry, too."""
    epoch: int | None
    """The one that begins with it."""
    who: str
    why: str | None
    weights: dict[str, float] | None
    """Percent per variant from then on."""
    detail: dict[str, Any]
    """What changed: per setting its value before and after; of a deleted segment its name and `answered`, the answers that it told of."""


def record(journal: Path, decision: Decision, now: float) -> bytes:
    """Returns the line when it is on disk. `now` is in seconds since 1970. Raises StateError when it cannot be written."""
    time = datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = json.dumps({"time": time, "id": uuid.uuid4().hex} | decision._asdict(), separators=(",", ":")).encode()
    Segments(journal, KIND, hourly=False).append([line + b"\n"], now)
    return line
