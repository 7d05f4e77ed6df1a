"""Fetches one file over HTTP: whole and checked, or not at all. What broke off goes on the next time."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from models.answer import Answer, ask
from models.cards import sha256_of
from models.errors import Cut, Unusable
from models.pace import Pace
from models.resume import Origin, Part
from models.saving import check_room, saving

# Downloads in a row that may break off without bringing more than what was there before.
TRIES = 3

# Seconds before a server that broke off is asked again.
PAUSE_S = 1.0

CHUNK_BYTES = 1 << 20


class Wanted(NamedTuple):
    """The file to fetch and what is known about it."""

    url: str
    target: Path
    sha256: str | None  # hex
    size: int | None  # bytes


def fetch(url: str, target: Path, sha256: str | None = None, size: int | None = None) -> None:
    """Saves what `url` answers as `target`. Raises Unusable or CannotWrite, in a sentence, and then leaves no `target` behind.

    sha256 (hex) and size (bytes) are compared where they are known. What arrived before a cut stays beside `target`, for the
    next call to go on with.
    """
    wanted, part = Wanted(url, target, sha256, size), Part(target.with_name(target.name + ".part"))
    with saving(target, size):
        target.parent.mkdir(parents=True, exist_ok=True)
        _verified(wanted, part)
        part.finish(target)


def _verified(wanted: Wanted, part: Part) -> None:
    """Brings the whole file into `part`, and checks it."""
    try:
        if _download(wanted, part) and not _right(wanted, part):
            # What was there before may be to blame.
            part.drop()
            _download(wanted, part)
    except Unusable:
        part.tidy(wanted.sha256)
        raise
    try:
        _check(wanted, part)
    except Unusable:
        part.drop()
        raise


def _download(wanted: Wanted, part: Part) -> bool:
    """Brings the whole file into `part`. True if some of it was there before."""
    pace, left, most = Pace(wanted.url), 1, part.size()
    continued = False
    while True:
        try:
            return _once(wanted, part, pace) or continued
        except Cut:
            # A server that refuses at once is not asked again; one that brings a little more each time is.
            left = TRIES if part.size() > most else left - 1
            most, continued = max(most, part.size()), True
            if not left:
                raise
        time.sleep(PAUSE_S)
        pace.add(0)


def _once(wanted: Wanted, part: Part, pace: Pace) -> bool:
    """One request. True if it went on from what was there."""
    answer = ask(wanted.url, *part.beginning(wanted.url, wanted.sha256))
    total = wanted.size if answer.total is None else answer.total
    with answer.response as response, saving(wanted.target, total):
        _compare(wanted, total, wanted.size, "bytes")
        if not answer.start:
            part.begin(Origin(wanted.url, answer.validator))
        if total:
            check_room(wanted.target, total - answer.start, total)
        _append(wanted, part, answer, _pieces(wanted.url, response, pace))
    return answer.start > 0


def _append(wanted: Wanted, part: Part, answer: Answer, pieces: Iterator[bytes]) -> None:
    with _progress(wanted, answer) as progress, part.path.open("ab") as file:
        for piece in pieces:
            file.write(piece)
            progress.update(len(piece))
    if answer.total is not None and part.size() < answer.total:
        raise _cut(wanted.url)


def _pieces(url: str, response: requests.Response, pace: Pace) -> Iterator[bytes]:
    """The body as it arrives. iter_content would wait until a piece is full, however slowly that happens."""
    try:
        while piece := response.raw.read1(CHUNK_BYTES, decode_content=True):
            pace.add(len(piece))
            yield piece
    except (HTTPError, OSError) as error:
        raise _cut(url) from error


def _cut(url: str) -> Cut:
    return Cut(f"{url} broke off. Run this again, or fetch it by hand.")


def _progress(wanted: Wanted, answer: Answer) -> tqdm:
    # `disable=None`: a bar for people, silence in a container's log.
    return tqdm(total=answer.total, initial=answer.start, unit="B", unit_scale=True, desc=wanted.url.rpartition("/")[2], disable=None)


def _right(wanted: Wanted, part: Part) -> bool:
    return wanted.size in (None, part.size()) and wanted.sha256 in (None, sha256_of(part.path))


def _check(wanted: Wanted, part: Part) -> None:
    _compare(wanted, part.size(), wanted.size, "bytes")
    if wanted.sha256:
        _compare(wanted, sha256_of(part.path), wanted.sha256, "as SHA-256")


def _compare(wanted: Wanted, found: str | int | None, expected: str | int | None, unit: str) -> None:
    if None not in (found, expected) and found != expected:
        raise Unusable(f"{wanted.url} gave another file: {found} {unit}, must be {expected}.")
