"""Where something stands in a file, and how a path inside it is written."""

from typing import NamedTuple

# Keys and positions from the top of a document: ("spec", "criteria", "objectives", 0, "metric").
Path = tuple[str | int, ...]


class Place(NamedTuple):
    """A position, both numbers from 1 on. source: the file's name, if it has one."""

    line: int
    column: int
    source: str = ""

    def __str__(self) -> str:
        """As editors and compilers write it."""
        return f"{self.source}:{self.line}:{self.column}" if self.source else f"{self.line}:{self.column}"


BEGINNING = Place(1, 1)


def written(path: Path) -> str:
    """As people write it: spec.criteria.objectives[0].metric."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "the document"
