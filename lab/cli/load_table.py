"""Shows what simulated visitors met."""

from typing import Any

from rich import box
from rich.table import Table

from lab.load.tally import Met, Result

COLUMNS = ("visitors", "predictions", "errors", "rescued", "harmed", "p50 ms", "p95 ms", "told", "kept")


def table(result: Result) -> Table:
    """A line per variant."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    made.add_column("variant", overflow="fold")
    for name in COLUMNS:
        made.add_column(name, justify="right", no_wrap=True)
    for met in result.variants:
        made.add_row(met.variant, *_row(met))
    return made


def remarks(result: Result) -> list[str]:
    """What holds for all variants, in sentences."""
    rate = result.sent / result.seconds if result.seconds else 0.0
    said = [f"{result.sent} of {result.planned} predictions in {result.seconds:.1f} s ({rate:.0f} per second), seed {result.seed}."]
    if result.is_stopped:
        said.append("Ended before everything was sent.")
    if result.missed:
        said.append(f"{result.missed} were not sent, because too many were waited for: the gateway did not keep up.")
    if result.late:
        said.append(f"{result.late} were sent more than 0.1 s late: this machine did not keep up.")
    if result.outcomes:
        said.append(f"Feedback: {', '.join(f'{count} {outcome}' for outcome, count in sorted(result.outcomes.items()))}.")
    if result.unsent:
        said.append(f"{result.unsent} pieces of feedback were not due yet, and were not sent.")
    if result.unattributed:
        said.append(f"{result.unattributed} rewards were sent to variants, about no prediction.")
    return [*said, *result.notes]


def as_json(result: Result) -> dict[str, Any]:
    """The same for programs."""
    return result._asdict() | {"variants": [met._asdict() for met in result.variants], "harmed": result.harmed}


def _row(met: Met) -> tuple[str, ...]:
    counts = (met.visitors, met.predictions, met.errors, met.rescued, met.harmed)
    return (*map(str, counts), _ms(met.p50_s), _ms(met.p95_s), str(met.told), str(met.acknowledged))


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f}"
