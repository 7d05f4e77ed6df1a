"""lab pause, resume, promote, abort and undo: when people decide instead."""

import sys
from typing import Annotated

import typer

from lab import client
from lab.cli.common import Output, OutputOption, sentences
from lab.cli.experiment import print_json, who
from lab.cli.run_lines import weights
from lab.cli.runs import RunArgument, Status, path, status_of
from lab.cli.weight import WhyOption

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]


def pause(run: RunArgument, why: WhyOption = None, yes: YesOption = False, output: OutputOption = Output.table) -> None:
    """Holds the weights where they are. Evidence still comes in, and harm still rolls back."""
    _do("pause", run, why, output, "{name} is paused at {weights}. To go on: lab resume {name}")


def resume(run: RunArgument, why: WhyOption = None, yes: YesOption = False, output: OutputOption = Output.table) -> None:
    """Goes on after a pause, also after one that the experiment's own steps make."""
    _do("resume", run, why, output, "{name} goes on with {weights}.")


def promote(
    run: RunArgument,
    variant: Annotated[str | None, typer.Argument(metavar="[VARIANT]", help="which candidate, where there are several")] = None,
    why: WhyOption = None,
    yes: YesOption = False,
    output: OutputOption = Output.table,
) -> None:
    """Ends the experiment and gives its candidate everybody, whatever the evidence says."""
    question = "Promote the candidate of {name} on the route {route}, whatever the evidence says? Now: {weights}"
    done = "{name} has ended by hand, {winner} is promoted: {weights}. To take that back: lab undo {name}"
    _do("promote", run, why, output, done, "" if yes else question, variant)


def abort(run: RunArgument, why: WhyOption = None, yes: YesOption = False, output: OutputOption = Output.table) -> None:
    """Ends the experiment and gives the baseline everybody."""
    question = "End {name} and give the baseline of the route {route} everybody? Now: {weights}"
    _do("abort", run, why, output, "{name} is aborted: {weights}.", "" if yes else question)


def undo(run: RunArgument, why: WhyOption = None, yes: YesOption = False, output: OutputOption = Output.table) -> None:
    """Puts the route back as it was before the experiment; one that still runs ends."""
    question = "Put the route {route} back as it was before {name}? Now: {weights}"
    _do(
        "undo",
        run,
        why,
        output,
        "{name} is undone: the route {route} is as it was before. Who has which share now: lab weight {route}",
        "" if yes else question,
    )


def _do(verb: str, run: str, why: str | None, output: Output, done: str, question: str = "", variant: str | None = None) -> None:
    which = {} if variant is None else {"variant": variant}
    with sentences():
        service = client.here()
        if question:
            _ask(question, status_of(service, run))
        status = service.command(path(run, verb), {"who": who(), "why": why} | which)
    if output is Output.json:
        print_json(status)
    else:
        print(_filled(done, status))


def _ask(question: str, status: Status) -> None:
    if not sys.stdin.isatty():
        raise typer.BadParameter("There is no terminal to ask in. Say --yes.")
    if not typer.confirm(_filled(question, status), err=True):
        raise typer.Exit(1)


def _filled(text: str, status: Status) -> str:
    return text.format(name=status["name"], route=status["route"], winner=status["winner"], weights=weights(status))
