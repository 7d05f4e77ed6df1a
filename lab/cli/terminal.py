"""Shows routes as tables."""

import sys

from rich import box
from rich.console import Console
from rich.table import Table

from lab.described import Overview, Variant
from lab.routes.table import shown_percent

# Columns for output that goes to a file or another program: wide enough that nothing is cut.
WIDE = 160


def console() -> Console:
    """The terminal, without guessing what brackets or numbers in it mean."""
    return Console(markup=False, highlight=False, emoji=False, width=None if sys.stdout.isatty() else WIDE)


def show(route: Overview, screen: Console) -> None:
    """One route: what holds for all of it above, a line per variant below."""
    experiment = f"experiment {route.experiment}" if route.experiment else "no experiment"
    rescue = f"fallback {route.fallback}{' (500 too)' if route.rescue_500 else ''}"
    screen.print(f"{route.route}: {route.mode}, epoch {route.epoch}, {experiment}, {rescue}", style="bold", soft_wrap=True)
    screen.print(_table(route))


def _table(route: Overview) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, justify in (("variant", "left"), ("weight %", "right"), ("lane", "right"), ("buckets", "left"), ("version", "left")):
        made.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    made.add_column("shadow %", justify="right")
    for one in route.variants:
        made.add_row(*_row(one, route))
    return made


def _row(one: Variant, route: Overview) -> tuple[str, ...]:
    name = f"{one.variant} (baseline)" if one.variant == route.baseline else one.variant
    shadow = shown_percent(one.shadow_percent) if one.shadow_percent else "-"
    return name, shown_percent(one.weight_percent), str(one.lane or "-"), _buckets(one, route), one.version or "-", shadow


def _buckets(one: Variant, route: Overview) -> str:
    if route.mode == "roundrobin" and one.weight_percent:
        return "in turn"
    if route.mode == "off" and one.variant == route.baseline:
        return "everybody"
    return ", ".join(f"{first}-{last}" for first, last in one.buckets) or "-"
