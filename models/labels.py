"""Reads the files that name a published network's classes."""

import json
import re
from pathlib import Path
from typing import Literal

from onnx import ModelProto

from models.errors import Unusable

# `17  Persian cat`, as some publishers number their lines.
NUMBERED = re.compile(r"(\d+)\s*[ :\t]\s*(\S.*)")

# What a name is followed by: `Iris versicolor (Blue Flag)`, `tench, Tinca tinca`.
MORE = re.compile(r"\s*(?:\(|,).*")

# The class of what belongs to none of the others. Some lists have it, some leave it out.
BACKGROUND = "background"


def read_labels(path: Path, classes: int, background: Literal["first", "last"]) -> tuple[str, ...]:
    """The short names of `classes` classes, in the order of the network's outputs.

    `background` says where the network has that class: a list without it gets it there, a list that has it for a network without
    loses it. Raises Unusable when the file names another number of classes.
    """
    names = [MORE.sub("", name) or name for name in _lines(path)]
    fitted = _fitted(names, classes, background)
    if len(fitted) != classes:
        raise Unusable(f"{path.name} names {len(names)} classes, the network has {classes}. They do not belong together.")
    return tuple(fitted)


def write_labels(model: ModelProto, labels: tuple[str, ...]) -> None:
    """Notes the names inside the graph's file: they cannot get lost or mixed up, and other names are another digest."""
    model.metadata_props.add(key="labels", value=json.dumps(labels))


def _lines(path: Path) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise Unusable(f"{path.name} is no text in UTF-8. Fetch it again.") from error
    numbered = [NUMBERED.fullmatch(line) for line in lines]
    found = {int(one[1]): one[2] for one in numbered if one}
    # A name may begin with a digit; all of them, counted from 0, are numbers.
    return [found[number] for number in range(len(lines))] if sorted(found) == list(range(len(lines))) else lines


def _fitted(names: list[str], classes: int, background: Literal["first", "last"]) -> list[str]:
    at = 0 if background == "first" else len(names) - 1
    if len(names) == classes - 1 and BACKGROUND not in names:
        return [BACKGROUND, *names] if background == "first" else [*names, BACKGROUND]
    if len(names) == classes + 1 and names[at] == BACKGROUND:
        return names[:at] + names[at + 1 :]
    return names
