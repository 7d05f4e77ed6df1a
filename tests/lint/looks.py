"""Lints texts for the tests, and says which rules found something."""

from typing import Any

from lab.lint import Assumed, Finding, Source, linted, linted_all
from lab.lint.subject import USUAL
from tests.spec.texts import KNOWN, routes, written


def findings(text: str, assumed: Assumed = USUAL, iris: dict[str, Any] | None = None) -> tuple[Finding, ...]:
    """Of a text, for the tests' table of routes."""
    return linted(text, routes(iris), KNOWN, assumed)


def of(rule: str, text: str, assumed: Assumed = USUAL) -> list[str]:
    """The sentences of one rule."""
    return [one.sentence for one in findings(text, assumed) if one.rule == rule]


def rules(**changes: Any) -> set[str]:
    """The rules that find something in the sound experiment with changes."""
    return {one.rule for one in findings(written(**changes))}


def of_files(*files: tuple[str, str], at_once: bool = False) -> tuple[Finding, ...]:
    """Of several files."""
    return linted_all([Source(*file) for file in files], routes(), KNOWN, at_once=at_once)
