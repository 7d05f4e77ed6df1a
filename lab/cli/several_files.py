"""Several files as one text for the service, and its answers about lines of that text as lines of the files."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lab.errors import StateError

# How a sentence about a file begins: line and column.
PLACE = re.compile(r"^(\d+):(\d+): ", re.MULTILINE)


class File(NamedTuple):
    """A file as it was given."""

    name: str
    text: str


def read(name: str) -> File:
    """A file, or - for standard input. Raises StateError for what cannot be read."""
    try:
        return File("standard input", sys.stdin.read()) if name == "-" else File(name, Path(name).read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "it is not text in UTF-8"
        raise StateError(f"{name} cannot be read: {reason}.") from error


def joined(files: Sequence[File]) -> str:
    """One text with a document after another."""
    return "\n---\n".join(file.text.rstrip("\n") for file in files) + "\n"


def located(sentences: str, files: Sequence[File]) -> str:
    """`14:5: …` becomes `experiment.yaml:3:5: …`"""
    return PLACE.sub(lambda place: f"{_of_file(int(place[1]), files)}:{place[2]}: ", sentences)


def _of_file(line: int, files: Sequence[File]) -> str:
    for file in files[:-1]:
        # One line more for the --- behind it.
        length = len(file.text.rstrip("\n").split("\n")) + 1
        if line < length:
            return f"{file.name}:{line}"
        line -= length
    return f"{files[-1].name}:{line}"
