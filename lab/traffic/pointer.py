"""Where a cluster's object keeps a number: `.spec.http[0].route[1].weight`, as Iter8 writes it, and its JSON Pointer. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lab.errors import Refused

Steps = tuple[str | int, ...]

STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]{1,4})\]")
MISSING = object()


class PlaceError(Refused):
    """A place that no object has, or that cannot keep a weight."""


def steps(field_path: str) -> Steps:
    """`.spec.http[0]` is ("spec", "http", 0). Raises PlaceError for anything else than names and indices."""
    found = list(STEP.finditer(field_path))
    if not found or "".join(one.group() for one in found) != field_path:
        raise PlaceError(
            f"fieldPath is {field_path!r}, must be like .spec.http[0].route[1].weight: names after points, indices in brackets."
        )
    return tuple(one[1] if one[1] is not None else int(one[2]) for one in found)


def dotted(path: Steps) -> str:
    """As Iter8 writes it: what `steps` reads."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def pointer(path: Steps) -> str:
    """As JSON Patch writes it, RFC 6901; the names that `steps` takes need no escapes."""
    return "".join(f"/{step}" for step in path)


def at(document: Any, path: Steps) -> Any:  # noqa: ANN401 - any JSON
    """What stands there; MISSING if nothing does."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(document, Sequence) or isinstance(document, str) or step >= len(document):
                return MISSING
            document = document[step]
        elif not isinstance(document, Mapping) or step not in document:
            return MISSING
        else:
            document = document[step]
    return document
