"""Appends what gateways send to the lab's journal, each line once, whoever dies when.

What is about to be appended is noted before, what was appended after. A process that finds a note without its end looks how much is there.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

from lab import files
from lab.errors import Refused
from lab.journal.append import Segments, Unwritten
from lab.journal.segments import Segment, named, whole_until

KIND = "predictions"
STATE = "shipped.json"
REPLICA = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?")
# Segments of each gateway whose positions are remembered: it deletes older ones itself, once they are here.
REMEMBERED = 1000


class Elsewhere(Refused):
    """The lines begin at another position than the one that is next."""

    def __init__(self, position: int) -> None:
        super().__init__(f"The next line begins at {position}.")
        self.position = position


class Source(NamedTuple):
    """A file of a gateway."""

    replica: str
    segment: str

    @property
    def key(self) -> str:
        return f"{self.replica}/{self.segment}"


class Taken:
    """The journal, and how far each gateway's files are in it. One thread at a time."""

    def __init__(self, journal: Path) -> None:
        """Finishes what a process before this one left open."""
        self._journal = journal
        self._state = journal.parent / STATE
        self._segments = Segments(journal, KIND)
        said = json.loads(files.read(self._state) or "{}")
        self._positions: dict[str, int] = said.get("positions", {})
        if said.get("open"):
            self._finish(said["open"])

    def position(self, source: Source) -> int:
        """How many bytes of the file are in the journal."""
        _check(self._journal, source)
        return self._positions.get(source.key, 0)

    def take(self, source: Source, position: int, content: bytes) -> int:
        """Appends whole lines that begin at a position; returns the next one. Raises Elsewhere, or Refused when the disk is full."""
        segment = _check(self._journal, source)
        if position != self.position(source):
            raise Elsewhere(self.position(source))
        if not content.endswith(b"\n"):
            raise Refused("What was sent does not end with a line.")
        lines = [line + b"\n" for line in content.split(b"\n")[:-1]]
        self._note({"source": source.key, "segment": source.segment, "size": _size(segment.path), "position": position})
        assert segment.hour is not None
        try:
            self._segments.append(lines, segment.hour.replace(tzinfo=UTC).timestamp())
        except Unwritten as error:
            self._advance(source.key, position + sum(map(len, lines[: error.written])))
            raise
        return self._advance(source.key, position + len(content))

    def _finish(self, note: Mapping[str, Any]) -> None:
        """Nobody else writes predictions here: whatever whole lines follow the size of then were the ones that were sent."""
        path = self._journal / note["segment"]
        begin = note["size"] + _closing(path, note["size"])
        there = max(whole_until(path, begin) - begin, 0) if path.exists() and _size(path) > begin else 0
        self._advance(note["source"], note["position"] + there)

    def _advance(self, key: str, position: int) -> int:
        self._positions.pop(key, None)
        # The latest last: the oldest are forgotten.
        self._positions[key] = position
        self._positions = dict(list(self._positions.items())[-REMEMBERED:])
        self._note(None)
        return position

    def _note(self, is_open: Mapping[str, Any] | None) -> None:
        files.replace(self._state, json.dumps({"positions": self._positions, "open": is_open}) + "\n")


def _check(journal: Path, source: Source) -> Segment:
    """The lab's own segment of the same hour."""
    found = named(journal, [source.segment])
    if not found or found[0].kind != KIND or not REPLICA.fullmatch(source.replica):
        raise Refused(f"{source.key[:200]!r} is no journal of a gateway, as in gateway-7d9f/predictions-2026-11-20T19.jsonl.")
    return found[0]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _closing(path: Path, size: int) -> int:
    """1 if the line before was torn, and had to be ended first."""
    if not size or _size(path) <= size:
        return 0
    with path.open("rb") as file:
        file.seek(size - 1)
        return int(not file.read(1).endswith(b"\n"))
