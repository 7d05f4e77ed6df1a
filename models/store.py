"""Puts finished artifacts into place and tells what is there."""

import os
from enum import Enum
from pathlib import Path
from shutil import copyfile

from models.cards import Card, read_card, sha256_of, write_card


class State(Enum):
    """What lies at an artifact's place."""

    MISSING = "missing"
    BY_HAND = "put there by hand"  # no card: not ours, so never touched
    CHANGED = "not the file that its card describes"
    STAND_IN = "a stand-in"
    FINISHED = "there"


def state_of(path: Path) -> State:
    """Looks at the file, its card and its digest."""
    if not path.is_file():
        return State.MISSING
    card = read_card(path)
    if card is None:
        return State.BY_HAND
    if card.sha256 != sha256_of(path):
        return State.CHANGED
    return State.STAND_IN if card.stand_in else State.FINISHED


def put(content: bytes, path: Path, card: Card) -> None:
    """Writes an artifact and its card."""
    part = _part(path)
    part.write_bytes(content)
    _settle(part, path, card)


def copy(source: Path, path: Path, card: Card) -> None:
    """Copies a finished artifact and its card."""
    part = _part(path)
    copyfile(source, part)
    _settle(part, path, card)


def set_aside(path: Path) -> Path:
    """Renames a file that is not ours to overwrite; returns its new place."""
    return path.replace(path.with_name(path.name + ".old"))


def _part(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + ".part")


def _settle(part: Path, path: Path, card: Card) -> None:
    # The card first: an artifact without a card would count as put there by hand.
    write_card(path, card)
    os.replace(part, path)
