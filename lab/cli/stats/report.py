"""Prints what `lab stats` found, look by look: a table for people, JSON lines for programs."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table

from lab.cli import terminal


class Estimate(NamedTuple):
    """A number with the interval that holds over all looks: ends are infinite where nothing bounds it, nan where there is none."""

    value: float
    """nan while nothing tells."""
    low: float = math.nan
    high: float = math.nan


class Finding(NamedTuple):
    """What one look says of one variant."""

    variant: str
    n: Mapping[str, int]
    """Units so far by variant; in a comparison the baseline first."""
    estimates: Mapping[str, Estimate]
    """By name: `odds_ratio`, `difference`, `rate`."""
    log_e: float
    """The natural logarithm of the e-value at this look."""
    p: float
    """Always valid: of the largest e-value so far."""
    verdict: str
    more: Mapping[str, float] = {}
    """Only for programs."""


class LookFindings(NamedTuple):
    """One look: the block that closed, and what it says of each variant."""

    look: int
    block: str
    findings: tuple[Finding, ...]


def as_json(looks: Sequence[LookFindings], alpha: float, alpha_each: float) -> Iterator[str]:
    """One object per look, one line each; what is not a finite number is null."""
    for look in looks:
        variants = {one.variant: _finding(one) for one in look.findings}
        said = {"look": look.look, "block": look.block, "alpha": alpha, "alpha_each": alpha_each, "variants": variants}
        yield json.dumps(said, allow_nan=False)


def show(looks: Sequence[LookFindings]) -> None:
    """A line per look and variant."""
    names = list(looks[0].findings[0].estimates)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("look", "block", "variant", "n", *(name.replace("_", " ") for name in names), "log e", "p", "verdict"):
        made.add_column(heading, justify="left" if heading in ("block", "variant", "verdict") else "right", overflow="fold")
    for look in looks:
        for one in look.findings:
            made.add_row(str(look.look), look.block, one.variant, _counts(one.n), *_numbers(one), one.verdict)
    terminal.console().print(made)


def _finding(one: Finding) -> dict[str, object]:
    estimates = {name: _finite(estimate._asdict()) for name, estimate in one.estimates.items()}
    numbers = _finite({"log_e": one.log_e, "p": one.p, **one.more})
    return {"n": dict(one.n), "estimates": estimates, **numbers, "verdict": one.verdict}


def _finite(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in numbers.items()}


def _numbers(one: Finding) -> tuple[str, ...]:
    return *map(_estimate, one.estimates.values()), f"{round(one.log_e, 2) + 0.0:.2f}", digits(one.p)


def _estimate(one: Estimate) -> str:
    return digits(one.value) if math.isnan(one.low) else f"{digits(one.value)} ({digits(one.low)} … {digits(one.high)})"


def _counts(n: Mapping[str, int]) -> str:
    return " / ".join(f"{count:,}" for count in n.values())


def digits(value: float) -> str:
    """Four digits that matter: 1,234,567, 12.35, 0.001235, -, ∞."""
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
