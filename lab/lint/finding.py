"""What a file has that deserves a second look."""

from typing import Literal, NamedTuple

from lab.lint.rules import RULES
from lab.spec.place import Place

# error: it cannot be started. warning: it can, and its verdict would not mean what it seems to. note: good to know.
Severity = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One thing, at one place. explanation: the rule's, the same at every place."""

    rule: str
    severity: Severity
    line: int
    column: int
    sentence: str
    explanation: str
    source: str = ""
    """The file's name, if it has one."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.line, self.column, self.source)


def found(rule: str, place: Place, sentence: str) -> Finding:
    """A finding of a rule."""
    return Finding(rule, RULES[rule].severity, place.line, place.column, sentence, RULES[rule].explanation, place.source)
