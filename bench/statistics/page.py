"""Puts the simulation's figures into docs/statistics.md: a table between two marks, never typed by hand."""

from collections.abc import Mapping
from typing import NamedTuple

from bench.statistics.case import Case, Samples
from bench.statistics.goals import candidates, controller, delay, errors, identical, latency, ramp, returning, revenue, split
from bench.statistics.summary import Share
from bench.statistics.table import percent

START, END = "<!-- made by make simulate -->", "<!-- until here -->"
HEADER = "| world | wrong there | | wrong here |\n|---|---|---|---|"


class Figure(NamedTuple):
    """One line: in this world a rule is wrong so often, and ours so often."""

    words: str
    case: Case
    rules: tuple[str, ...]
    """Names of samples, which are the rules' names."""
    ours: str


def figures() -> tuple[Figure, ...]:
    """The lines of the table."""
    hundred = identical.case(0.1, 100)
    few, many = (errors.checks(0.008, 0.01, None, per_check) for per_check in (200, 1000))
    slow = next(case for case in latency.CASES if "1.5 times" in case.world)
    planned = next(case for case in split.CASES if "20, 35" in case.world)
    return (
        Figure("identical variants, 20,000 requests, looked at 100 times", hundred, tuple(identical.RULES), identical.OURS),
        Figure("the same, decided at the end", hundred, ("best estimate at the end (Iter8 v2)",), identical.OURS),
        Figure("four identical candidates, 100 looks", candidates.CASES[0], (candidates.Z,), candidates.OURS),
        Figure("identical, share 5 → 50 % while rates rise 8 → 12 %", ramp.CASES[0], tuple(ramp.PEERS), ramp.OURS),
        Figure("there, a candidate that is 5 % worse is called better", ramp.CASES[-1], tuple(ramp.PEERS), ramp.OURS),
        Figure("a version with 0.8 % errors, limit 1 %, 100 checks of 200 requests, is rolled back", few, tuple(errors.PEERS), errors.OURS),
        Figure("the same, 100 checks of 1,000 requests", many, tuple(errors.PEERS), errors.OURS),
        Figure("equal latency, share 5 → 50 % while load makes both 1.5 times as slow", slow, (latency.NAIVE,), latency.OURS),
        Figure("a split as planned, 5 → 50 %, 1,000 looks", planned, ("chi-squared p < 0.01 at every look", split.FINAL), split.WARN),
        Figure("identical revenue, 5 % buy, candidate's share 5 %", revenue.CASES[0], (revenue.WELCH,), revenue.OURS),
        Figure("identical, visitors come back", returning.CASES[0], (returning.Z, returning.SEQUENCE), returning.MATURED),
        Figure("identical, conversions come late, share 5 → 50 %", delay.CASES[0], (delay.NAIVE,), delay.OURS),
        Figure(
            "an identical release with guardrails is promoted", controller.CASES[0],
            tuple(f"{rule} promotes" for rule in (controller.NAIVE, controller.ITER8)), "ours promotes",
        ),
        Figure(
            "an identical release with guardrails is rolled back", controller.CASES[0],
            tuple(f"{rule} rolls back" for rule in (controller.NAIVE, controller.FLAGGER)), "ours rolls back",
        ),
    )


def with_figures(page: str, samples: Mapping[str, Samples]) -> str:
    """The page with the table between its marks made anew."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    lines = [line for figure in figures() for line in _lines(figure, samples[figure.case.name])]
    return "\n".join([f"{before}{START}", HEADER, *lines, f"{END}{after}"])


def _lines(figure: Figure, samples: Samples) -> list[str]:
    """One for each rule; the world and ours only in the first."""
    worlds = [figure.words, *[""] * (len(figure.rules) - 1)]
    ours = [f"**{_share(samples, figure.ours)}**", *[""] * (len(figure.rules) - 1)]
    return [
        f"| {world} | {rule.removesuffix(' promotes').removesuffix(' rolls back')} | {_share(samples, rule)} | {own} |"
        for world, rule, own in zip(worlds, figure.rules, ours, strict=True)
    ]


def _share(samples: Samples, name: str) -> str:
    return percent(Share()(samples[name]).value)
