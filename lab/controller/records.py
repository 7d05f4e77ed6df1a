"""What the journal of decisions keeps of experiments, and reads back: one line per step, in the order in which they happened."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from lab.journal import decisions
from lab.journal.decisions import Decision
from lab.journal.segments import lines_between, whole_until

Kind = Literal[
    "queue",  # asked for, and waits until its route is free
    "start",  # begins
    "look",  # looked at the evidence, and decided
    "pause",
    "resume",
    "promote",  # a person ends it with a winner
    "abort",  # a person ends it without one
    "action",  # a task of its file begins or has ended
    "finish",  # is over
    "undo",  # its route is to be as before the start
]
KINDS = frozenset(get_args(Kind))

# Longest line that is one of ours, in bytes: a file's text may take 64 kB, and each character of it up to 6.
LINE_MAX_BYTES = 4 << 20


class Record(NamedTuple):
    """One step of one run."""

    at: float
    """When, in seconds since 1970, to the millisecond."""
    kind: Kind
    run: str
    route: str
    who: str
    why: str | None
    detail: Mapping[str, Any]


def read(folder: Path) -> Iterator[Record]:
    """Every record of experiments in a folder of journals. What is no line, half a line or somebody else's is passed over."""
    path = folder / f"{decisions.KIND}.jsonl"
    if not path.is_file():
        return
    for line in lines_between(path, 0, whole_until(path, 0), LINE_MAX_BYTES):
        if found := parsed(line.content):
            yield found


class Book:
    """Writes records. Each is on disk when it is returned."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, at: float, kind: Kind, run: str, route: str, who: str, why: str | None, detail: Mapping[str, Any]) -> Record:
        """Raises StateError when it cannot be written. Returns what a reader will find."""
        weights = detail.get("weights")
        line = decisions.record(self.folder, Decision(kind, route, run, None, who, why, weights, dict(detail)), at)
        written = parsed(line)
        assert written is not None
        return written


def parsed(line: bytes) -> Record | None:
    """None for what is no record of an experiment."""
    try:
        said = json.loads(line)
        if said["kind"] not in KINDS or not said["experiment"]:
            return None
        at = datetime.fromisoformat(said["time"]).timestamp()
        return Record(at, said["kind"], str(said["experiment"]), str(said["route"]), str(said["who"]), said["why"], dict(said["detail"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
