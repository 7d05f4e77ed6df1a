"""Puts finished artifacts into place and tells what is there."""

import os
from enum import Enum
from pathlib import Path
from shutil import copyfile

from models.cards import Card, read_card, sha256_of, write_card
from models.saving import saving


class State(Enum):
    """What lies at an artifact's place."""

    MISSING = "missing"
    OFF = "off: its weights were in no reach, and nothing can stand in for them"
    BY_HAND = "put there by hand"  # no card: not ours, so never touched
    CHANGED = "not the file that its card describes"
    OUTDATED = "made from a file that has changed since"
    STAND_IN = "a stand-in"
    FINISHED = "there"


def state_of(path: Path, made_from: Path | None = None) -> State:
    """Looks at the file, its card and its digest; `made_from` is the artifact that it is derived from."""
    if not path.is_file():
        return State.OFF if _note(path).exists() else State.MISSING
    card = read_card(path)
    if card is None:
        return State.BY_HAND
    if card.sha256 != sha256_of(path):
        return State.CHANGED
    if made_from and made_from.is_file() and (card.made_from is None or card.made_from.sha256 != sha256_of(made_from)):
        return State.OUTDATED
    return State.STAND_IN if card.stand_in else State.FINISHED


def write_part(content: bytes, path: Path) -> Path:
    """Writes beside `path` what will be there; returns the place."""
    part = _part(path)
    with saving(path, len(content)):
        part.write_bytes(content)
    return part


def copy_part(source: Path, path: Path) -> Path:
    """Copies beside `path` what will be there; returns the place."""
    part = _part(path)
    with saving(path, source.stat().st_size):
        copyfile(source, part)
    return part


def settle(part: Path, path: Path, card: Card) -> None:
    """Puts a finished part into place, with its card."""
    with saving(path):
        with part.open("rb") as file:
            # Otherwise a power cut could leave the name without the content.
            os.fsync(file.fileno())
        # The card first: an artifact without a card would count as put there by hand.
        write_card(path, card)
        os.replace(part, path)
        _note(path).unlink(missing_ok=True)


def leave_off(path: Path) -> None:
    """Notes that nothing could be had for `path`, unless it is there, so that the next run does not ask the world again."""
    if path.is_file():
        return
    with saving(_note(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        _note(path).write_text(f"{path.name} is {State.OFF.value}.\n")


def set_aside(path: Path) -> Path:
    """Renames a file that is not ours to overwrite; returns its new place."""
    return path.replace(path.with_name(path.name + ".old"))


def _note(path: Path) -> Path:
    return path.with_suffix(".off")


def _part(path: Path) -> Path:
    with saving(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + ".part")
