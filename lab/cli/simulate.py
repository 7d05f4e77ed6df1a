"""lab simulate: what an experiment would come to in a world whose truth is known, many times over."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from lab import settings
from lab.cli import terminal
from lab.cli.common import Output, OutputOption, say, sentences
from lab.cli.simulate_table import table
from lab.errors import Refused, StateError
from lab.simulate import fits, summary
from lab.simulate.many import Many, Task, cores
from lab.simulate.read import read as world_of
from lab.simulate.world import World
from lab.spec.experiment import Experiment
from lab.spec.read import read_all
from lab.spec.resolve import resolved
from lab.traffic.nginx import NginxTraffic

SIMULATE_EXIT_CODES = (
    "Exit codes: 0 done, whatever the verdicts; 1 the experiment or the world cannot be read, or they do not fit; "
    "2 the command was not understood; 130 ended by Ctrl-C, and what the first runs came to is printed."
)

simulate_app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@simulate_app.command(epilog=SIMULATE_EXIT_CODES)
def simulate(
    file: Annotated[list[Path], typer.Option("-f", "--file", help="the experiment; again for files with its metrics")],
    world: Annotated[Path, typer.Option(help="the world: docs/simulate.md says what it can say, experiments/worlds has some")],
    runs: Annotated[int, typer.Option(min=1, max=1_000_000, help="how many times")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same runs, however many processes there are")] = 1,
    jobs: Annotated[int | None, typer.Option(min=1, max=256, help="processes (default: one per core)")] = None,
    output: OutputOption = Output.table,
) -> None:
    """Runs an experiment many times on a virtual clock, in a world that a file describes. Nothing of the lab is touched.

    lab simulate -f experiments/fruit.yaml --world experiments/worlds/better.yaml --runs 500
    """
    with sentences():
        experiment, truth = _experiment(file), world_of(_text(world), str(world))
        for doubt in fits.check(experiment, truth):
            say(doubt)
        many = Many(Task(experiment, truth, runs, seed), min(jobs or cores(), runs))
        was_cut = _work(many, runs)
        _show(experiment, truth, many, output)
    if was_cut:
        raise typer.Exit(130)


def _experiment(files: list[Path]) -> Experiment:
    """The files' experiment, with the routes of this checkout's lab."""
    here = settings.from_environment()
    traffic = NginxTraffic(here.state, here.gateway)
    found = resolved(read_all((str(path), _text(path)) for path in files), traffic.read(), traffic.known())
    for notice in found.notices:
        say(notice)
    return found.experiment


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise StateError(f"{path} cannot be read: {reason}.") from error


def _work(many: Many, runs: int) -> bool:
    """Whether somebody ended it early."""
    try:
        with _progress(runs) as bar:
            many.work(bar)
    except KeyboardInterrupt:
        if not many.outcomes:
            raise Refused("Ended by Ctrl-C before the first run was done.") from None
        say(f"Ended by Ctrl-C: these are the first {len(many.outcomes)} of {runs} runs.")
        return True
    return False


@contextmanager
def _progress(runs: int) -> Iterator["Bar"]:
    """On standard error, and only for a terminal."""
    screen = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), "runs", TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        yield Bar(progress, runs)


class Bar:
    """Moves the bar."""

    def __init__(self, progress: Progress, runs: int) -> None:
        self.progress = progress
        self.task = progress.add_task("runs", total=runs)

    def __call__(self, done: int) -> None:
        """So many runs are done."""
        self.progress.update(self.task, completed=done)


def _show(experiment: Experiment, world: World, many: Many, output: Output) -> None:
    candidates = [version.variant for version in experiment.candidates]
    found = summary.summary(many.outcomes, candidates)
    if output is Output.json:
        about = {"experiment": experiment.name, "world": world.name, "seed": many.task.seed}
        print(json.dumps(about | summary.as_json(found), indent=2))
    else:
        table(found, experiment, terminal.console())
