"""What every command shares: options, sentences, exit codes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

from lab.errors import Refused

EXIT_CODES = "Exit codes: 0 done; 1 refused or failed, and a sentence on standard error says why; 2 the command was not understood."


class Output(StrEnum):
    """How results are printed."""

    table = "table"
    json = "json"


OutputOption = Annotated[Output, typer.Option("-o", "--output", help="table for people, json for programs")]


def say(sentence: str) -> None:
    """To standard error: standard output is for results."""
    print(sentence, file=sys.stderr)


@contextmanager
def sentences() -> Iterator[None]:
    """Turns a refusal into its sentence and exit code 1."""
    try:
        yield
    except Refused as refused:
        say(str(refused))
        raise typer.Exit(1) from refused
