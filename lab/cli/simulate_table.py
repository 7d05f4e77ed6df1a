"""Shows what many simulated runs came to."""

from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.table import Table

from lab.routes.table import shown_percent
from lab.simulate.summary import QUANTILES, Ending, Share, Spread, Summary
from lab.spec.experiment import Experiment

MEDIAN, LEAST, MOST = QUANTILES.index(0.5), 0, len(QUANTILES) - 1


def table(found: Summary, experiment: Experiment, screen: Console) -> None:
    """A line for each verdict, then what it did to the visitors."""
    looks = f"{experiment.iterations_in_all} looks, one every {_duration(experiment.interval_s)}"
    screen.print(f"{experiment.name}: {found.runs:,} runs of up to {looks}. Medians; in brackets, 5 to 95 % of the runs.", soft_wrap=True)
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("verdict", "runs", "predictions", "visitors", "time", "visitors harmed"):
        made.add_column(name, justify="left" if name == "verdict" else "right", overflow="fold")
    for ending in (*found.endings, *([found.everything] if len(found.endings) > 1 else [])):
        made.add_row(*_row(ending))
    screen.print(made)
    for line in (*_rolled_back(found, experiment), _weights(found)):
        screen.print(line, soft_wrap=True)


def _row(ending: Ending) -> tuple[str, ...]:
    many = (_range(one, _count) for one in (ending.requests, ending.visitors))
    return ending.verdict, _share(ending.share), *many, _range(ending.seconds, _duration), _range(ending.harmed, _count)


def _rolled_back(found: Summary, experiment: Experiment) -> list[str]:
    """With several candidates, some may go back while others go on."""
    if len(experiment.candidates) < 2:
        return []
    return [f"{name} was rolled back in {_share(one)} of the runs." for name, one in found.rolled_back.items()]


def _weights(found: Summary) -> str:
    said = ", ".join(f"{name} {_range(one, lambda value: f'{shown_percent(round(value, 2))} %')}" for name, one in found.weights.items())
    return f"Weights at the end: {said}. Met a candidate: {_range(found.exposed, _count)} visitors."


def _share(one: Share) -> str:
    return f"{100 * one.share:.1f} % ± {100 * one.error:.1f}"


def _range(one: Spread, shown: Callable[[float], str]) -> str:
    """`46,000 (31,000 … 72,000)`; alone where all are alike."""
    if not one.quantiles:
        return "-"
    least, median, most = (shown(one.quantiles[place]) for place in (LEAST, MEDIAN, MOST))
    return median if least == most else f"{median} ({least} … {most})"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _duration(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
