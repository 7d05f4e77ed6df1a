"""lab start, status, list, explain and assert: experiments from a file to a verdict."""

import getpass
import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from lab import client, settings
from lab.cli import run_lines, several_files, terminal, watch
from lab.cli.common import Output, OutputOption, say, sentences
from lab.cli.conditions import Condition, unmet
from lab.cli.runs import NONE, AnyRunArgument, Status, again, every, has_ended, path, status_of
from lab.cli.several_files import File, joined, located
from lab.cli.weight import WhyOption
from lab.cli.wrapped import wrapped
from lab.errors import Refused

AT = "as it was then: how long ago (15m, 2h), or a date and time (UTC)"


def start(
    file: Annotated[
        list[str], typer.Option("-f", "--file", metavar="FILE", help="an experiment or its metrics, in YAML; - is standard input")
    ],
    why: WhyOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Starts an experiment: lab start -f metrics.yaml -f experiment.yaml"""
    with sentences():
        status = _start([several_files.read(one) for one in file], why)
    if output is Output.json:
        print_json(status)
        return
    for notice in status["notices"]:
        say(f"Notice: {notice}")
    print(_started(status, time.time()))


def status(
    run: AnyRunArgument = None,
    watching: Annotated[bool, typer.Option("-w", "--watch", help="go on until they have ended, or Ctrl-C")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Says how experiments stand: one line each, then weights, verdict and what is next."""
    with sentences(), suppress(KeyboardInterrupt):
        service = client.here()
        runs = _meant(service, run)
        if not watching:
            _show(runs, output)
        elif output is Output.json:
            watch.watch_lines(lambda: _same(service, runs), lambda fresh: [print(json.dumps(one), flush=True) for one in fresh])
        elif watch.is_terminal():
            watch.watch_live(lambda: _same(service, runs), terminal.console())
        else:
            watch.watch_lines(lambda: _same(service, runs), lambda fresh: _show(fresh, output))


def list_(output: OutputOption = Output.table) -> None:
    """Lists every experiment that was started on this lab, the newest first."""
    with sentences():
        runs = every(client.here())
    if output is Output.json:
        print_json({"experiments": runs})
    elif not runs:
        say(NONE)
    else:
        terminal.console().print(run_lines.history(runs, [_moment(one["started_at"]) for one in runs]))


def explain(
    run: AnyRunArgument = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help=AT)] = None,
    output: OutputOption = Output.table,
) -> None:
    """Explains the verdict: how it stands and why, how certain that is, what would change it, what comes next."""
    with sentences():
        service = client.here()
        name = run or status_of(service, None)["name"]
        said = service.get(path(name, "explain"), at=at)
    if output is Output.json:
        print_json(said)
    else:
        print(wrapped(said["text"], terminal.console().width) if watch.is_terminal() else said["text"], end="")


def assert_(
    run: AnyRunArgument = None,
    condition: Annotated[
        list[Condition],
        typer.Option("-c", "--condition", metavar="CONDITION", help=f"what must be so, all of them: {', '.join(Condition)}"),
    ] = [],  # noqa: B006 - typer reads it and changes nothing
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="wait so long for it at most")] = 0,
    output: OutputOption = Output.table,
) -> None:
    """Asserts conditions of an experiment, for scripts: exit code 0 if all of them hold, 1 if not."""
    if not condition:
        raise typer.BadParameter("One or more conditions must be specified: -c completed -c winnerFound")
    with sentences():
        service = client.here()
        one, wrong = _wait(service, status_of(service, run), condition, time.monotonic() + timeout)
    if output is Output.json:
        print_json({"name": one["name"], "satisfied": not wrong, "unmet": wrong})
    elif not wrong:
        print("All conditions satisfied.")
    else:
        say(f"{one['name']}: {' '.join(wrong)}")
    if wrong:
        raise typer.Exit(1)


def who() -> str:
    """For the journal of decisions."""
    return f"{getpass.getuser()}, by the command line"


def print_json(said: Any) -> None:  # noqa: ANN401 - JSON
    """For programs."""
    print(json.dumps(said, indent=2))


def _start(files: list[File], why: str | None) -> Status:
    """Raises Refused, with the lines of the files."""
    try:
        return dict(client.here().command("/experiments", {"text": joined(files), "who": who(), "why": why}))
    except client.Silent:
        raise
    except Refused as refused:
        raise Refused(located(str(refused), files)) from refused


def _started(one: Status, now: float) -> str:
    """The run's name, and what comes."""
    name = one["name"]
    if one["stage"] == "Waiting":
        return (
            f"{name} waits: another experiment has its route or the target {one['target']}. It starts when that one ends.\nTo see: lab list"
        )
    due = "" if one["next_look_at"] is None else f" The first look is in {max(one['next_look_at'] - now, 0):.0f} s."
    head = f"{name} is started on the route {one['route']}: {run_lines.weights(one)}.{due}"
    page = f"{settings.from_environment().pages}/experiment/{quote(name)}"
    return f"{head}\nTo watch it: lab status {name} -w\nTo hear why: lab explain {name}\nIts page: {page}"


def _meant(service: client.Client, run: str | None) -> list[Status]:
    """The run that is named; or those that have not ended, or else the newest. Raises Refused where there is none."""
    if run is not None:
        return [status_of(service, run)]
    runs = every(service)
    if not runs:
        raise Refused(NONE)
    return [one for one in runs if not has_ended(one)] or runs[:1]


def _same(service: client.Client, runs: list[Status]) -> list[Status]:
    """The same runs as they are now."""
    return [again(service, one) for one in runs]


def _show(runs: list[Status], output: Output) -> None:
    if output is Output.json:
        print_json({"experiments": runs})
        return
    for line in run_lines.overview(runs):
        print(line)
    for one in runs:
        print("", *run_lines.now_of(one, time.time()), sep="\n", flush=True)


def _wait(service: client.Client, one: Status, conditions: list[Condition], end: float) -> tuple[Status, list[str]]:
    """Until all of them hold, or cannot hold any more, or the time is up."""
    while True:
        wrong = unmet(conditions, one)
        # What has ended changes no more.
        if not wrong or has_ended(one) or time.monotonic() >= end:
            return one, wrong
        time.sleep(min(watch.POLL_S, max(end - time.monotonic(), 0)))
        one = again(service, one)


def _moment(seconds: float | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
