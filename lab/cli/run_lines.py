"""Runs in words and lines: as kubectl lists experiments, then what each one does now."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table

from lab.cli.evidence_tables import printable
from lab.cli.runs import Status

COLUMNS = ("NAME", "TYPE", "TARGET", "STAGE", "COMPLETED ITERATIONS", "MESSAGE")


def overview(runs: Sequence[Status]) -> Iterator[str]:
    """A head, and a line per run."""
    rows = [COLUMNS, *(_row(one) for one in runs)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    for row in rows:
        yield "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def now_of(one: Status, now: float) -> Iterator[str]:
    """Weights, verdict, and what comes next."""
    yield f"{printable(one['name'])}, route {one['route']}: {weights(one)}"
    if one["why"]:
        yield f"  {printable(one['why'])}"
    yield f"  {next_of(one, now)}"


def next_of(one: Status, now: float) -> str:
    """What happens next, and when."""
    name = printable(one["name"])
    if one["stage"] == "Completed":
        return f"It has ended. Why it ended so: lab explain {name}"
    if one["waits_for"] == "target":
        return f"It waits: another experiment has its route or the target {one['target']}."
    if one["is_paused"] or one["waits_for"] == "resume":
        return f"It is paused, and nothing moves but harm out of the way. To go on: lab resume {name}"
    due = "" if one["next_look_at"] is None else f" in {max(one['next_look_at'] - now, 0):.0f} s"
    return f"The next look is due{due}: number {one['iteration'] + 1} of {one['iterations']}."


def weights(one: Status) -> str:
    """`svc 70 %, forest 30 %`"""
    return ", ".join(f"{variant} {percent:g} %" for variant, percent in one["weights"].items()) or "no weights yet"


def history(runs: Sequence[Status], started: Sequence[str]) -> Table:
    """Every run, for `lab list`. started: when, in words."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("name", "type", "route", "stage", "looks", "verdict", "winner", "started"):
        table.add_column(heading, overflow="fold")
    for one, when in zip(runs, started, strict=True):
        looks = f"{one['iteration']} of {one['iterations']}"
        cells = (one["name"], one["pattern"], one["route"], one["stage"], looks, one["verdict"] or "-", one["winner"] or "-", when)
        table.add_row(*(printable(str(cell)) for cell in cells))
    return table


def _row(one: Status) -> tuple[str, ...]:
    cells = (one["name"], one["pattern"], one["target"], one["stage"], one["iteration"], one["message"])
    return tuple(printable(str(cell)) for cell in cells)
