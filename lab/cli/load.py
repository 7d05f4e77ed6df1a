"""lab load: simulated visitors of the gateway."""

import asyncio
import json
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from lab import settings
from lab.cli import terminal
from lab.cli.common import Output, OutputOption, say, sentences
from lab.cli.load_table import as_json, remarks, table
from lab.errors import Refused
from lab.load import samples, words
from lab.load.gateway import Gateway
from lab.load.plan import Load, bounded
from lab.load.run import UNDER_WAY_MAX, Visitors
from lab.load.tally import Result

LOAD_EXIT_CODES = (
    "Exit codes: 0 done, whatever the visitors met; 1 it could not begin, or nobody answered; 2 the command was not understood; "
    "3 more than 1 % of the predictions were not sent, because the gateway did not keep up; 130 ended by Ctrl-C, and the table is printed."
)

# Share of the planned predictions that may be missed before the load was not what was asked for.
MISSED_MAX = 0.01

# Seconds between two looks at the progress.
GLANCE_S = 0.2

load_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@load_app.command(epilog=LOAD_EXIT_CODES)
def load(
    url: Annotated[str | None, typer.Option(help="the gateway; by default this checkout's, from LAB_BIND and LAB_PORT")] = None,
    route: Annotated[str, typer.Option(help="a route")] = "iris",
    rate: Annotated[float, typer.Option(min=0.01, max=10_000, help="predictions per second, sent at even distances")] = 20.0,
    duration: Annotated[str | None, typer.Option(help="how long: 90s, 5m; a minute if nothing else bounds the load")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="how many predictions")] = None,
    visitors: Annotated[int | None, typer.Option(min=1, help="so many, who come again and again; without it new ones come")] = None,
    each: Annotated[int | None, typer.Option("--requests-per-visitor", min=1, help="predictions of each visitor, who then leaves")] = None,
    seed: Annotated[int | None, typer.Option(help="the same seed brings the same visitors; without it they are new ones")] = None,
    sample_data: Annotated[
        Path | None, typer.Option("--samples", help="folder with iris.csv and labels.csv; by default the checkout's sample_data")
    ] = None,
    reward: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT=SHARE", help="share of the visitors who are content with a variant's answers and reward them with 1"),
    ] = None,
    zeros: Annotated[bool, typer.Option("--zeros", help="the others reward with 0; otherwise they say nothing")] = False,
    truth: Annotated[bool, typer.Option("--truth", help="tell the true label of every prediction")] = False,
    delay: Annotated[str, typer.Option(help="mean time from answer to feedback: 5s; exponential, at most five times that")] = "0s",
    drift: Annotated[float, typer.Option(min=-1, help="part by which every share of content visitors grows: 0.5, -0.3")] = 0.0,
    drift_inputs: Annotated[bool, typer.Option("--drift-inputs", help="the inputs, too, until all have the last label")] = False,
    per_variant_feedback: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT=RATE", help="rewards per second for a variant as such, or a Seldon deployment (ns-candidate/iris)"),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT:FAULT=VALUE@FROM-TO", help="forest:error_rate=0.2@20s-60s (LAB_FAULTS=1); taken back in any case"),
    ] = None,
    output: OutputOption = Output.table,
) -> None:
    """Sends predictions of simulated visitors, and what came of them: lab load --reward svc=0.10 --reward forest=0.15

    The load is open: a prediction is sent at its planned moment, however slow the answers before it were.
    """
    with _understood():
        duration_s = words.seconds(duration) if duration is not None else None
        planned = Load(
            route=route,
            rate=rate,
            planned=bounded(rate, duration_s, count, visitors, each),
            seed=secrets.randbelow(10**9) if seed is None else seed,
            visitors=visitors,
            each=each,
            rewards=words.shares(reward or []),
            zeros=zeros,
            truth=truth,
            delay_s=words.seconds(delay),
            drift=drift,
            skew=drift_inputs,
            sent=words.rates(per_variant_feedback or []),
            faults=tuple(words.fault(text) for text in fault or []),
        )
    with sentences():
        here = settings.from_environment()
        result = uvloop.run(_run(planned, url or here.url, sample_data or settings.CHECKOUT / "sample_data"))
    _show(result, output)
    raise typer.Exit(_exit_code(result))


@contextmanager
def _understood() -> Iterator[None]:
    """What an option cannot mean is a mistake in the command."""
    try:
        yield
    except Refused as refused:
        raise typer.BadParameter(str(refused)) from refused


async def _run(load: Load, url: str, folder: Path) -> Result:
    async with Gateway(url, load.route, UNDER_WAY_MAX) as gateway:
        inputs = samples.rows(folder) if await gateway.takes_rows() else samples.pictures(folder)
        visitors = Visitors(load, inputs, gateway)
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, visitors.stop.set)
        watching = asyncio.ensure_future(_watch(visitors))
        try:
            return await visitors.run()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching


async def _watch(visitors: Visitors) -> None:
    """A bar on standard error, where it is a terminal."""
    screen = Console(stderr=True)
    with Progress(
        TextColumn("{task.completed}/{task.total} predictions"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[more]}"),
        console=screen,
        transient=True,
        auto_refresh=False,
        disable=not screen.is_terminal,
    ) as progress:
        task = progress.add_task("", total=visitors.load.planned, more="")
        while True:
            _glance(visitors, progress, task)
            await asyncio.sleep(GLANCE_S)


def _glance(visitors: Visitors, progress: Progress, task: TaskID) -> None:
    tally = visitors.tally
    rate = tally.sent / visitors.elapsed_s if visitors.elapsed_s else 0.0
    parts = [
        f"{rate:.0f}/s",
        f"{tally.errors} errors" if tally.errors else "",
        f"{visitors.waiting} to be told" if visitors.waiting else "",
    ]
    progress.update(task, completed=tally.sent + tally.missed, more=", ".join(filter(None, parts)), refresh=True)


def _show(result: Result, output: Output) -> None:
    if output is Output.json:
        print(json.dumps(as_json(result), indent=2))
        return
    terminal.console().print(table(result))
    for remark in remarks(result):
        say(remark)


def _exit_code(result: Result) -> int:
    if result.is_stopped:
        return 130
    if not any(met.predictions > met.errors for met in result.variants):
        return 1
    return 3 if result.missed > MISSED_MAX * result.planned else 0
