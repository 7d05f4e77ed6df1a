"""Reads which variants the gateway can reach."""

import re

from lab.routes.table import NAME_PATTERN, Known

# As nginx/start.sh reads it: a line that begins so.
LINE = re.compile(r"^upstream +([a-z0-9]+)\.([a-z0-9]+) ", re.MULTILINE)


def known(text: str) -> Known:
    """The variants of every route, in the order of upstreams.conf."""
    found: dict[str, tuple[str, ...]] = {}
    for route, variant in LINE.findall(text):
        if all(re.match(NAME_PATTERN, name) for name in (route, variant)):
            found[route] = (*found.get(route, ()), variant)
    return found
