"""Writes the results as Markdown."""

import math
from collections.abc import Sequence

from bench.statistics.case import Bound, Result
from bench.statistics.summary import Summary

HEADER = "| world | measured | rule | result | standard error | bound | runs |\n|---|---|---|---|---|---|---|"

ABOUT = (
    "Made by `make simulate`, never by hand: seeded, so the same code gives the same numbers (but for the times in G14). Every world's "
    "truth is known, so a rule can be *wrong*, not just different. Rows in bold are the lab's rules, the others are naive ones and those "
    "of other tools, on the same data. A bound is a promise of the lab; a share keeps it unless a binomial test at 1 % says otherwise, "
    "any other figure if it is within two standard errors."
)

TITLES = {
    "G1": "Two identical variants, looked at a thousand times",
    "G2": "A ramp while the base rate drifts",
    "G3": "How soon a true difference is found",
    "G4": "A guardrail: errors, and mean latency, against a limit",
    "G5": "A version that breaks late",
    "G6": "The 95th percentile of latency",
    "G7": "The observed split against the planned one",
    "G8": "Rare, heavy-tailed revenue at a small share of the traffic",
    "G9": "Visitors who come back",
    "G10": "Rewards that come late",
    "G11": "The whole decision",
    "G11 whole": "Whole experiments, by the judge and the decisions of the lab",
    "G12": "Several candidates, and intervals that must not miss",
    "G14": "Size and speed",
    "G15": "Agreement with other libraries",
}


def report(results: Sequence[Result], facts: Sequence[str]) -> str:
    """The whole file: what was run, what is broken, then a table per goal."""
    goals = list(dict.fromkeys(result.case.goal for result in results))
    sections = [_section(goal, [result for result in results if result.case.goal == goal]) for goal in goals]
    return "\n\n".join(["# Simulated", ABOUT, "\n".join(f"- {fact}" for fact in facts), _broken(results), *sections]) + "\n"


def _broken(results: Sequence[Result]) -> str:
    promised = [result for result in results if result.holds is not None]
    broken = [f"- {result.case.name}: {result.line.rule}, {result.line.measure}" for result in promised if not result.holds]
    if not broken:
        return f"All {len(promised)} bounds hold."
    return "\n".join([f"**{len(broken)} of {len(promised)} bounds are broken:**", "", *broken])


def _section(goal: str, results: Sequence[Result]) -> str:
    return "\n".join([f"## {goal}. {TITLES[goal]}", "", HEADER, *map(_row, results)])


def _row(result: Result) -> str:
    summary, line = result.summary, result.line
    shown = shown_value(summary)
    rule = f"**{line.rule}**" if line.rule.startswith("ours") else line.rule
    value = f"**{shown}**" if line.bound else shown
    cells = (result.case.world, line.measure, rule, value, shown_error(summary), _bound(result), f"{summary.runs:,}")
    return f"| {' | '.join(cells)} |"


def _bound(result: Result) -> str:
    bound = result.line.bound
    if bound is None:
        return "-"
    return f"{shown_bound(bound, result.summary.kind)}{'' if result.holds else ' **broken**'}"


def shown_bound(bound: Bound, kind: str) -> str:
    """`≤ 5 %`, `≥ 0.85`."""
    sign = "≤" if bound.side == "<=" else "≥"
    return f"{sign} {percent(bound.at) if kind == 'share' else figure(bound.at)}"


def shown_value(summary: Summary) -> str:
    """With its unit: `2.3 %`, `1,200 requests`, `never`."""
    if summary.kind == "share":
        return percent(summary.value)
    if math.isinf(summary.value):
        return "never in half of the runs"
    return f"{figure(summary.value)} {summary.kind}".strip()


def shown_error(summary: Summary) -> str:
    """In the same unit as the value."""
    if math.isnan(summary.error):
        return "-"
    return f"{100 * summary.error:.2g} %" if summary.kind == "share" else figure(summary.error)


def percent(share: float) -> str:
    """`2.3 %`, `94.9 %`, `0.05 %`."""
    return f"{100 * share:.2g} %" if 0 < share < 0.01 else f"{100 * share:.1f} %".replace(".0 %", " %")


def figure(value: float) -> str:
    """Three digits that matter: 1,234, 56.7, 0.0123."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:.3g}"
