"""lab demo: a rollout to watch."""

import asyncio
import secrets
import signal
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.live import Live

from lab import client, settings
from lab.cli import terminal, watch
from lab.cli.common import say, sentences
from lab.cli.load_table import table
from lab.cli.runs import Status
from lab.cli.wrapped import wrapped
from lab.demo.play import BASELINE, CANDIDATE, ROUTE, Play, play
from lab.demo.stage import Stage
from lab.demo.telling import ending_line, look_lines
from lab.errors import Refused
from lab.load import samples
from lab.load.gateway import Gateway
from lab.load.run import UNDER_WAY_MAX, Visitors

DEMO_EXIT_CODES = (
    "Exit codes: 0 it ended as it should; 1 it could not begin, or something failed; 2 the command was not understood; "
    "3 it ended with another verdict; 130 ended by Ctrl-C, and undone."
)

FILE = settings.CHECKOUT / "experiments" / "iris-progressive.yaml"

demo_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@demo_app.command(epilog=DEMO_EXIT_CODES)
def demo(
    bad: Annotated[bool, typer.Option("--bad", help="the candidate is much worse: few of its visitors are content")] = False,
    fast: Annotated[bool, typer.Option("--fast", help="looks every three seconds instead of five, and a larger difference")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="leave the route as the experiment left it")] = False,
    seed: Annotated[int | None, typer.Option(help="the same seed brings the same visitors; without it they are new ones")] = None,
) -> None:
    """Plays experiments/iris-progressive.yaml on the running lab, with simulated visitors. In the end all is as it was before."""
    with sentences():
        played = play(_text(FILE), secrets.randbelow(10**9) if seed is None else seed, bad, fast)
        raise typer.Exit(uvloop.run(_demo(played, keep)))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}. The demonstration plays the experiment in it.") from error


async def _demo(played: Play, keep: bool) -> int:
    here = settings.from_environment()
    async with Gateway(here.url, ROUTE, UNDER_WAY_MAX) as gateway:
        # A gateway that does not answer is said before anything has begun.
        await gateway.takes_rows()
        visitors = Visitors(played.load, samples.rows(settings.CHECKOUT / "sample_data"), gateway)
        stage = Stage(client.here(), played, visitors)
        for one in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(one, visitors.stop.set)
        try:
            return await _play(stage, played, here.pages)
        finally:
            await stage.end()
            await _tidy(stage, keep)


async def _play(stage: Stage, played: Play, pages: str) -> int:
    began = time.monotonic()
    status = await stage.begin()
    print(f"{status['name']} has begun: {CANDIDATE} against {BASELINE} on the route {ROUTE}, {status['iterations']} looks at most.")
    print(f"{played.line}\n")
    status = await _watch(stage, status, began)
    if status["stage"] != "Completed":
        say("Ended before there was a verdict.")
        return 130
    met = await stage.end()
    print(f"\n{ending_line(status, played, time.monotonic() - began)}\n")
    print(wrapped(await stage.explanation(), terminal.console().width))
    if met is not None:
        terminal.console().print(table(met))
    print(f"The experiment's page: {pages}/experiment/{status['name']}")
    return 0 if status["verdict"] == played.ending else 3


async def _watch(stage: Stage, status: Status, began: float) -> Status:
    """Two lines per look, and on a terminal how it stands right now."""
    screen = terminal.console()
    iteration = status["iteration"]
    with Live(console=screen, transient=True, auto_refresh=False) if watch.is_terminal() else nullcontext() as live:
        async for status in stage.watch():
            if status["iteration"] > iteration:
                iteration = status["iteration"]
                screen.print(wrapped("\n".join(look_lines(status, time.monotonic() - began)), screen.width), end="")
            if live is not None:
                live.update(watch.view([status], time.time()), refresh=True)
    return status


async def _tidy(stage: Stage, keep: bool) -> None:
    """Leaves the lab as it was."""
    if not stage.run:
        return
    if keep:
        print(f"The route stays as it is now. To take that back: lab undo {stage.run}")
        return
    weights = await stage.undo()
    print(f"Undone, the route is as it was before ({weights}). With --keep it stays.")
