"""Charts of tests, and what is in their drawings."""

import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from lab.web.plot import Axis, Chart, Layer, drawn
from lab.web.plot.frame import HEIGHT, WIDTH

HOSTILE = """<script>alert("1")</script>&'\x00\x1b\ud800"""


def chart(*layers: Layer, **parts: Any) -> Chart:
    """With these layers on plain axes."""
    return Chart(**{"id": "one", "title": "A title", "description": "What it shows.", "x": Axis("Across"), "y": Axis("Up"),
                    "layers": layers, **parts})  # fmt: skip


def parsed(one: Chart) -> ElementTree.Element:
    """The drawing as a tree: that is, it is well-formed."""
    return ElementTree.fromstring(str(drawn(one)))


def by_class(one: Chart, name: str) -> list[ElementTree.Element]:
    """Elements of this class in the drawing itself, not in its legend."""
    return [element for element in plot(one).iter() if name in element.get("class", "").split()]


def plot(one: Chart) -> ElementTree.Element:
    """The drawing without legend and words around it."""
    found = next(element for element in parsed(one) if element.get("role") == "img")
    assert found.tag == "svg"
    return found


def points(path: str) -> list[tuple[str, list[float]]]:
    """Commands with their numbers."""
    return [
        (letter, [float(number) for number in re.findall(r"-?[\d.]+", rest)])
        for letter, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", path)
    ]


def outside(one: Chart) -> Iterator[object]:
    """Coordinates that are not in the picture."""
    for element in plot(one).iter():
        if "d" in element.attrib:
            yield from _outside(points(element.attrib["d"]))
        for name in ("x", "x1", "x2", "y", "y1", "y2", "width", "height"):
            value = element.get(name, "")
            if value.endswith("%") and not 0 <= float(value[:-1]) <= 100:
                yield name, value


def _outside(commands: Sequence[tuple[str, list[float]]]) -> Iterator[object]:
    for letter, numbers in commands:
        ends = [HEIGHT] if letter == "V" else [WIDTH] if letter in "Hh" else [WIDTH, HEIGHT]
        yield from [(letter, numbers) for i, number in enumerate(numbers) if not 0 <= number <= ends[i % len(ends)]]
