"""Writes the results as Markdown."""

from collections.abc import Mapping

from bench.interleave import Difference, Ratio
from bench.row import Line, Outcome, Row

HEADER = "| measured | unit | control | candidate | ratio or difference | p10 … p90 of the rounds | rounds |\n|---|---|---|---|---|---|---|"

RULES = (
    "Control and candidate take turns within one run (A B A B …), so that noise meets both. The ratio is the median of the rounds' ratios, "
    "*above 1 means that the candidate is better*: faster, or smaller. Figures with a sign are differences, candidate minus control. "
    "The absolute figures are medians of the rounds and hold for this machine at this hour; trust the ratios."
)


def report(facts: Mapping[str, str], rows: Mapping[str, Row], outcomes: Mapping[str, Outcome]) -> str:
    """The whole file: facts of the run, what is missing, then every row."""
    parts = ["# Measured", f"Made by `make bench`, never by hand. {RULES}", _facts(facts)]
    parts += _missing(outcomes)
    parts += [_section(name, rows[name], outcome) for name, outcome in outcomes.items()]
    return "\n\n".join(parts) + "\n"


def table(lines: list[Line]) -> str:
    """A Markdown table."""
    return "\n".join([HEADER, *map(_line, lines)])


def _facts(facts: Mapping[str, str]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())])


def _missing(outcomes: Mapping[str, Outcome]) -> list[str]:
    missing = [name for name, outcome in outcomes.items() if outcome.findings is None]
    return [f"**Missing from this run: {', '.join(missing)}.** Each says why below."] if missing else []


def _section(name: str, row: Row, outcome: Outcome) -> str:
    heading = f"## {row.TITLE} (`{name}`)"
    if outcome.findings is None:
        return f"{heading}\n\nNo figures: {outcome.reason}"
    said = "\n".join(f"- {sentence}" for sentence in outcome.findings.sentences)
    return "\n\n".join(part for part in (heading, row.ABOUT, table(outcome.findings.lines), said) if part)


def _line(line: Line) -> str:
    result = line.result
    shown = _difference(result, line.unit) if isinstance(result, Difference) else _ratio(result)
    return f"| {line.what} | {line.unit} | {figure(result.control)} | {figure(result.candidate)} | {shown} | {result.rounds} |"


def _ratio(result: Ratio) -> str:
    # One round has no spread: two equal figures would look like a very steady one.
    spread = f"{result.low:.2f} … {result.high:.2f} x" if result.rounds > 1 else "none"
    return f"**{result.median:.2f} x** | {spread}"


def _difference(result: Difference, unit: str) -> str:
    return f"**{signed(result.median)} {unit}** | {signed(result.low)} … {signed(result.high)} {unit}"


def signed(value: float) -> str:
    """As `figure`, with its sign."""
    return f"{'-' if value < 0 else '+'}{figure(abs(value))}"


def figure(value: float) -> str:
    """Three digits that matter: 1,234, 56.7, 0.0123."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
