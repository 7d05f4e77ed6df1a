"""Commands that are loaded when somebody gives them: their libraries take longer than most commands."""

from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup

from lab.cli.common import EXIT_CODES


class Later(TyperCommand):
    """Stands in the list of commands with its help, and hands over to the real one. where: `module:name` of a function or a Typer app."""

    def __init__(self, name: str, where: str, panel: str, help: str) -> None:
        super().__init__(name, help=help, rich_help_panel=panel)
        self._where = where

    def make_context(self, info_name: str | None, args: list[str], parent: typer.Context | None = None, **extra: object) -> typer.Context:
        """Of the real command, which runs then."""
        return self.real().make_context(info_name, args, parent, **extra)  # type: ignore[arg-type, return-value]

    def real(self) -> TyperCommand | TyperGroup:
        """The command itself."""
        module, _, name = self._where.partition(":")
        found = getattr(import_module(module), name)
        if not isinstance(found, typer.Typer):
            app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            app.command(self.name, epilog=EXIT_CODES)(found)
            found = app
        return typer.main.get_command(found)  # type: ignore[return-value]
