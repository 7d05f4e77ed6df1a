"""Findings that a file allows itself."""

import pytest

from lab.lint.allowed import allowances
from tests.lint.looks import findings, of_files
from tests.spec.texts import written

NO_MDE = written(criteria__strength={})


def test_a_finding_that_is_allowed_with_a_reason_is_not_repeated() -> None:
    assert [one.rule for one in findings(NO_MDE)] == ["L218"]
    assert findings(f"# lab lint: allow L218: every difference counts\n{NO_MDE}") == ()


@pytest.mark.parametrize(
    ("comment", "sentence"),
    [
        ("# lab lint: allow L218", "L218 is allowed without a reason."),
        ("# lab lint: allow L218:  ", "L218 is allowed without a reason."),
        ("# lab lint: allow L999: why not", "There is no rule L999."),
        ("# lab lint: allow: everything", "There is no rule without a name."),
        ("# lab lint: allow L003: it will work", "L003 cannot be allowed: it is an error."),
    ],
)
def test_an_allowance_that_allows_nothing_is_found_itself(comment: str, sentence: str) -> None:
    found = findings(f"{comment}\n{NO_MDE}")

    assert [(one.rule, one.sentence) for one in found] == [("L004", sentence), ("L218", found[1].sentence)]


def test_an_allowance_holds_for_its_own_file() -> None:
    allowing = f"# lab lint: allow L218: every difference counts\n{NO_MDE}"

    found = of_files(("a.yaml", allowing), ("b.yaml", NO_MDE.replace("name: tried", "name: other")))

    assert [(one.rule, one.source) for one in found] == [("L218", "b.yaml")]


def test_an_allowance_may_stand_behind_a_setting() -> None:
    (one,) = allowances("a: 1\n  b: 2  # lab lint: allow L204: a demonstration\n")

    assert (one.rule, one.reason, one.place.line, one.place.column) == ("L204", "a demonstration", 2, 9)
