"""lab journal: a table that says of each model whether all of its answers are accounted for."""

import io
from typing import Any

import pytest
from rich.console import Console

from lab.cli.evidence_tables import UNKEPT, journal_tables
from lab.store.answers import Account


def shown(*answers: Account) -> str:
    """What is printed when these are the accounts."""
    said: dict[str, Any] = {"journals": [], "outcomes": {}, "feedback": dict.fromkeys(UNKEPT, 0), "trouble": [], "is_current": True}
    screen = Console(file=io.StringIO(), width=140)
    for part in journal_tables(said | {"answers": [one.as_json() for one in answers]}):
        screen.print(part)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.mark.parametrize(
    ("one", "cells"),
    [
        (Account("svc", 5, 5), ["svc", "5", "5", "0", "0", "complete"]),
        (Account("svc", 5, 3, given_up=4), ["svc", "5", "3", "2", "4", "complete"]),
        (Account("svc", 5, 1, given_up=1), ["svc", "5", "1", "4", "1", "3", "lost", "or", "under", "way"]),
    ],
)
def test_a_model_is_accounted_for_where_the_gateway_gave_up_on_as_many_as_are_missing(one: Account, cells: list[str]) -> None:
    lines = shown(one).splitlines()

    assert cells in [line.split() for line in lines]


def test_how_many_may_have_come_too_late_is_said_where_any_may() -> None:
    late, whole = shown(Account("svc", 5, 1, given_up=1), Account("forest", 4, 2, given_up=9)), shown(Account("svc", 5, 5, given_up=1))

    assert "At most 3 of them came after the gateway had given up, as after a time-out." in late
    assert "At most" not in whole
