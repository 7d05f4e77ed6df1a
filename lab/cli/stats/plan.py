"""Says how many units an experiment needs, for `lab stats plan`."""

import json
import math
from collections.abc import Mapping
from typing import NamedTuple

from rich import box
from rich.table import Table

from lab.cli import terminal
from lab.stats.mixture import Side
from lab.stats.plan import Units, sequential, units_for_means, units_for_rates


class Question(NamedTuple):
    """What the experiment must be able to find, and how surely."""

    alpha: float
    power: float
    side: Side
    share: float


class Needed(NamedTuple):
    """Units of both variants together."""

    fixed: int
    """A test that looks once, at the end."""
    mean: int
    """Looking whenever one likes: where it stops on average, if the effect is as planned."""
    median: int
    maximum: int
    """How long to be ready to wait, to find it as surely."""
    baseline: int
    """Of `fixed`: the baseline's."""
    candidate: int


WORDS: Mapping[str, str] = {
    "fixed": "one look, at the end",
    "median": "looks at any time: stops at, in half of the cases, or sooner",
    "mean": "looks at any time: stops at, on average",
    "maximum": "looks at any time: be ready to wait for",
}


def rates(baseline: float, candidate: float, question: Question) -> Needed:
    """For two success rates."""
    alpha, power, side, share = question
    return _needed(units_for_rates(baseline, candidate, alpha, power, side, share), question)


def means(difference: float, deviation: float, question: Question) -> Needed:
    """For two means."""
    alpha, power, side, share = question
    return _needed(units_for_means(difference, deviation, alpha, power, side, share), question)


def _needed(units: Units, question: Question) -> Needed:
    fixed = units.baseline + units.candidate
    price = sequential(question.alpha, question.power, question.side)
    more = (math.ceil(fixed * factor) for factor in (price.mean, price.median, price.maximum))
    return Needed(fixed, *more, units.baseline, units.candidate)


def show(needed: Needed, per_day: float | None, as_json: bool) -> None:
    """As a table, or as one object."""
    said = needed._asdict()
    if per_day is not None and not per_day > 0:
        raise ValueError(f"Units per day are {per_day:g}, must be above 0.")
    if as_json:
        print(json.dumps(said | {"days": {name: said[name] / per_day for name in WORDS}} if per_day else said))
        return
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading, justify in (("", "left"), ("units in all", "right"), *([("days", "right")] if per_day else [])):
        made.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for name, words in WORDS.items():
        made.add_row(words, f"{said[name]:,}", *([f"{said[name] / per_day:,.1f}"] if per_day else []))
    terminal.console().print(made)
