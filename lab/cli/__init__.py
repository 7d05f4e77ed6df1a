"""The command line: experiments (start, status, explain, …), traffic (weight, route), evidence (log, sql, report, …), statistics."""

import typer
from typer.core import TyperCommand, TyperGroup

from lab.cli import deed, evidence, experiment, feedback, weight
from lab.cli.common import EXIT_CODES
from lab.cli.later import Later
from lab.cli.open import open_

# By the panel of `lab --help` that lists them.
COMMANDS = {
    "Experiments": {
        "start": experiment.start,
        "status": experiment.status,
        "list": experiment.list_,
        "explain": experiment.explain,
        "assert": experiment.assert_,
        "pause": deed.pause,
        "resume": deed.resume,
        "promote": deed.promote,
        "abort": deed.abort,
        "undo": deed.undo,
        "open": open_,
    },
    "Traffic": {"weight": weight.weight, "route": weight.change_route},
    "Evidence": {
        "log": evidence.log,
        "sql": evidence.sql,
        "report": evidence.report,
        "journal": evidence.journal,
        "feedback": feedback.feedback,
    },
}

# Loaded only for those who ask for them.
LATER = {
    one.name: one
    for one in (
        Later("describe", "lab.cli.describe:describe", "Experiments", "Describes an experiment as iter8ctl does: this lab's, or a file's."),
        Later("lint", "lab.cli.lint:lint_app", "Experiments", "Looks for mistakes in experiment files, and says why they matter."),
        Later(
            "simulate", "lab.cli.simulate:simulate_app", "Experiments", "What an experiment comes to in a described world, many times over."
        ),
        Later("demo", "lab.cli.demo:demo_app", "Experiments", "Plays a rollout with simulated visitors, in under three minutes."),
        Later("load", "lab.cli.load:load_app", "Traffic", "Sends predictions of simulated visitors, and what came of them."),
        Later("stats", "lab.cli.stats.commands:stats_app", "Evidence", "Judges evidence from a file of yours, at any look."),
    )
}


class Commands(TyperGroup):
    """Those that are there at once, and those that come later."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Every command, as `lab --help` lists them."""
        return [*super().list_commands(ctx), *(name for name in LATER if name)]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # type: ignore[override]
        """One command."""
        return LATER.get(cmd_name) or super().get_command(ctx, cmd_name)  # type: ignore[return-value]


app = typer.Typer(
    name="lab",
    cls=Commands,
    help="Splits traffic between models, judges them, and says what came of it. A change counts from the next request on.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for panel, commands in COMMANDS.items():
    for name, command in commands.items():
        app.command(name, epilog=EXIT_CODES, rich_help_panel=panel)(command)


def main() -> None:
    """The program `lab`."""
    app()
