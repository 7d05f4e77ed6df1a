"""Says how far apart the rounds of one side were: what a ratio of that size may mean nothing against."""

import statistics
from collections.abc import Sequence

from bench.report import figure


def rounds_apart(values: Sequence[float], unit: str) -> str:
    """`median 170 lines/s, its rounds from 150 to 180 lines/s`."""
    return f"median {figure(statistics.median(values))} {unit}, its rounds from {figure(min(values))} to {figure(max(values))} {unit}"
