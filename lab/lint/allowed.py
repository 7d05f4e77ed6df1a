"""What a file allows itself, with a reason: `# lab lint: allow L216: the method is what is compared`."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lab.lint.finding import Finding, found
from lab.lint.rules import RULES
from lab.spec.place import Place

_ALLOWANCE = re.compile(r"#[ \t]*lab lint:[ \t]*allow\b[ \t]*(\w*)[ \t]*:?[ \t]*(.*)", re.IGNORECASE)
# Without these nothing can run.
_NEVER = frozenset({"L001", "L002", "L003", "L004"})


class Allowance(NamedTuple):
    """One of them."""

    rule: str
    reason: str
    place: Place


def allowances(text: str, source: str = "") -> tuple[Allowance, ...]:
    """All in a file; each holds for the whole file."""
    lines = enumerate(text.split("\n"), start=1)
    return tuple(
        Allowance(one[1], one[2].strip(), Place(number, one.start() + 1, source))
        for number, line in lines
        for one in _ALLOWANCE.finditer(line)
    )


def without(findings: Iterable[Finding], allowed: Iterable[Allowance]) -> Iterator[Finding]:
    """The findings that nobody allowed, and the allowances that allow nothing."""
    good = [one for one in allowed if one.rule in RULES and one.rule not in _NEVER and one.reason]
    silent = {(one.rule, one.place.source) for one in good}
    yield from (one for one in findings if (one.rule, one.source) not in silent)
    yield from (found("L004", one.place, _why(one)) for one in allowed if one not in good)


def _why(one: Allowance) -> str:
    if one.rule not in RULES:
        return f"There is no rule {one.rule or 'without a name'}."
    return f"{one.rule} cannot be allowed: it is an error." if one.rule in _NEVER else f"{one.rule} is allowed without a reason."
