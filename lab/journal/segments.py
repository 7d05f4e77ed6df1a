"""The files of a journal: which there are, and how far each is whole."""

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

# predictions-2026-11-20T19.jsonl, feedback-2026-11-20T19.jsonl, decisions.jsonl
NAME = re.compile(r"(?P<kind>predictions|feedback)-(?P<hour>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})\.jsonl|(?P<ever>decisions)\.jsonl")

# Bytes that are looked at together when a line feed is searched.
STEP = 65536

# Bytes before a position by which a file is known again: more than one line, because lines can end alike.
TAIL = 2048


class Segment(NamedTuple):
    """One file of a journal."""

    path: Path
    kind: str
    """predictions, feedback or decisions."""
    hour: datetime | None
    """When its hour begins, UTC without a zone; None for decisions, which have one file."""

    @property
    def name(self) -> str:
        return self.path.name


class Line(NamedTuple):
    """What stands between two line feeds."""

    position: int
    length: int
    content: bytes
    """The line, or its beginning if it is longer than was asked for."""


def listed(folder: Path) -> list[Segment]:
    """Every segment, predictions first and the oldest first; other files are not ours."""
    try:
        paths = [Path(entry) for entry in os.scandir(folder) if entry.is_file()]
    except FileNotFoundError:
        return []
    found = [segment for segment in map(_segment, paths) if segment is not None]
    order = ("predictions", "feedback", "decisions")
    return sorted(found, key=lambda one: (order.index(one.kind), one.name))


def named(folder: Path, names: Iterable[str]) -> list[Segment]:
    """The segments of these names, also of files that are gone."""
    return [segment for name in names if (segment := _segment(folder / name)) is not None]


def whole_until(path: Path, position: int, limit: int | None = None) -> int:
    """Where the last whole line ends, at or after `position`, in bytes: what follows is still being written.

    With a `limit`, the last line that ends there or before; if the first line is longer than that, where this one ends.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        end = size if limit is None else min(size, limit)
        last = end
        while last > position:
            start = max(position, last - STEP)
            file.seek(start)
            found = file.read(last - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            last = start
        file.seek(end)
        while part := file.read(STEP):
            found = part.find(b"\n")
            if found >= 0:
                return end + found + 1
            end += len(part)
    return position


def lines_between(path: Path, start: int, end: int, most: int) -> Iterator[Line]:
    """Every line of a stretch of whole lines, without its line feed; no more than `most` bytes of each are kept in memory."""
    with path.open("rb") as file:
        file.seek(start)
        position = start
        while position < end:
            part = content = file.readline(min(most, end - position))
            length = len(part)
            while part and not part.endswith(b"\n"):
                part = file.readline(max(0, min(STEP, end - position - length)))
                length += len(part)
            if not length:
                return
            yield Line(position, length - part.endswith(b"\n"), content.removesuffix(b"\n"))
            position += length


def tail(path: Path, position: int) -> int:
    """A checksum of what stands before a position: it differs when the file is another one by now."""
    with path.open("rb") as file:
        file.seek(max(0, position - TAIL))
        return zlib.crc32(file.read(min(TAIL, position)))


def _segment(path: Path) -> Segment | None:
    fits = NAME.fullmatch(path.name)
    if fits is None:
        return None
    if fits["ever"]:
        return Segment(path, fits["ever"], None)
    try:
        return Segment(path, fits["kind"], datetime.strptime(fits["hour"], "%Y-%m-%dT%H"))
    except ValueError:
        # A 13th month is no hour of ours.
        return None
