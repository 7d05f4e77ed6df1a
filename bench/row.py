"""What a row is: one question about speed or memory, and the lines that answer it."""

from pathlib import Path
from typing import NamedTuple, Protocol

from bench.interleave import Difference, Ratio


class Line(NamedTuple):
    """One line of a table."""

    what: str
    """The candidate and what was done with it: `svc, 8 clients, p99`."""
    unit: str
    """Of the absolute figures: `ms`, `requests/s`."""
    result: Ratio | Difference


class Findings(NamedTuple):
    """What one row found out."""

    lines: list[Line]
    sentences: list[str]
    """What the table cannot say: other facts, each with its unit, and what limits the row."""


class Row(Protocol):
    """A module in bench/rows/."""

    TITLE: str
    ABOUT: str
    """Who is the control, who the candidate, and what is done with them."""
    SECONDS: float
    """How long the rounds may take together."""

    def measure(self, folder: Path) -> Findings:
        """Measures, keeping its files in `folder`. Raises Failure with a sentence when something is missing."""
        ...


class Outcome(NamedTuple):
    """How a row ended: with findings, or with the reason why there are none."""

    findings: Findings | None
    reason: str = ""
