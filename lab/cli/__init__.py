"""The command line: lab weight, route, log, sql, report, journal, feedback, stats."""

import click
import typer
from typer.core import TyperGroup

from lab.cli import evidence, feedback, weight
from lab.cli.common import EXIT_CODES


class Commands(TyperGroup):
    """Loads the statistics only for those who ask for them: their libraries take longer than most commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, as `lab --help` lists them."""
        return [*super().list_commands(ctx), "stats"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command."""
        if cmd_name != "stats":
            return super().get_command(ctx, cmd_name)
        from lab.cli.stats.commands import stats_app

        return typer.main.get_command(stats_app)


app = typer.Typer(
    name="lab",
    cls=Commands,
    help="Splits traffic between models, and says what came of it. A change counts from the next request on.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for command in (weight.weight, evidence.log, evidence.sql, evidence.report, evidence.journal, feedback.feedback):
    app.command(epilog=EXIT_CODES)(command)
app.command("route", epilog=EXIT_CODES)(weight.change_route)


def main() -> None:
    """The program `lab`."""
    app()
