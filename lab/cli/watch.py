"""Shows runs until they have ended: a live view in a terminal, a line per change elsewhere."""

import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lab.cli.common import say
from lab.cli.evidence_tables import printable
from lab.cli.run_lines import next_of, overview
from lab.cli.runs import Status, has_ended
from lab.client import Silent

# Seconds between two questions.
POLL_S = 1.0

# Columns of a weight's bar.
BAR = 40

Ask = Callable[[], Sequence[Status]]


def watch_live(ask: Ask, screen: Console) -> None:
    """A view that is drawn anew every second; the last one stays."""
    with Live(console=screen, refresh_per_second=4, auto_refresh=False) as live:
        _until_ended(ask, lambda runs: live.update(view(runs, time.time()), refresh=True))


def watch_lines(ask: Ask, show: Callable[[Sequence[Status]], None]) -> None:
    """Shows what has changed: first everything, then each run whose stage, iteration, weights or message is another."""
    shown: dict[str, tuple[object, ...]] = {}

    def show_changes(runs: Sequence[Status]) -> None:
        fresh = [one for one in runs if shown.get(one["name"]) != _state(one)]
        shown.update({one["name"]: _state(one) for one in fresh})
        if fresh:
            show(fresh)

    _until_ended(ask, show_changes)


def view(runs: Sequence[Status], now: float) -> Group:
    """The list of runs, and of each that has not ended its weights as bars."""
    lines = Text("\n".join(overview(runs)), no_wrap=True, overflow="ellipsis")
    parts = [part for one in runs for part in _run(one, now)]
    return Group(lines, *parts)


def _run(one: Status, now: float) -> tuple[RenderableType, ...]:
    bars = Table.grid(padding=(0, 2))
    for variant, percent in one["weights"].items():
        bars.add_row(f"  {variant}", ProgressBar(total=100, completed=percent, width=BAR), f"{percent:g} %")
    words = (Padding(Text(sentence), (0, 0, 0, 2)) for sentence in (printable(one["why"]), next_of(one, now)) if sentence)
    return (Text(f"\n{printable(one['name'])}, route {one['route']}", style="bold"), bars, *words)


def _until_ended(ask: Ask, show: Callable[[Sequence[Status]], None]) -> None:
    """Goes on while the service is started again."""
    is_silent = False
    while True:
        try:
            runs = ask()
        except Silent as silent:
            if not is_silent:
                say(f"{silent} Waiting for it; Ctrl-C ends this.")
            is_silent = True
        else:
            is_silent = False
            show(runs)
            if all(has_ended(one) for one in runs):
                return
        time.sleep(POLL_S)


def _state(one: Status) -> tuple[object, ...]:
    return one["stage"], one["iteration"], tuple(one["weights"].items()), one["message"], one["is_paused"]


def is_terminal() -> bool:
    """Whether somebody looks at the output."""
    return sys.stdout.isatty()
