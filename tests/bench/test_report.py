"""The results file."""

from pathlib import Path

import pytest

from bench.interleave import Difference, Ratio
from bench.noise import rounds_apart
from bench.report import figure, report, signed, table
from bench.row import Findings, Line, Outcome

RATIO = Ratio(median=1.994, low=1.84, high=2.2, control=89.7, candidate=45.04, rounds=300)


class Fake:
    """A row whose outcome is given elsewhere."""

    TITLE = "Something"
    ABOUT = "Control: old. Candidate: new."
    SECONDS = 1.0

    def measure(self, folder: Path) -> Findings:
        raise NotImplementedError


def test_a_ratio_is_shown_with_its_spread_and_both_figures() -> None:
    assert table([Line("new, p50", "ms", RATIO)]).splitlines()[-1] == "| new, p50 | ms | 89.7 | 45 | **1.99 x** | 1.84 … 2.20 x | 300 |"


def test_one_round_shows_no_spread() -> None:
    assert table([Line("new, RSS", "MB", RATIO._replace(rounds=1))]).splitlines()[-1].endswith("| **1.99 x** | none | 1 |")


def test_a_difference_is_shown_with_sign_and_unit() -> None:
    result = Difference(median=0.208, low=-0.01, high=0.317, control=0.3, candidate=0.508, rounds=12)

    assert table([Line("lab", "ms", result)]).splitlines()[-1] == "| lab | ms | 0.3 | 0.508 | **+0.208 ms** | -0.01 … +0.317 ms | 12 |"


@pytest.mark.parametrize(("value", "shown"), [(0.01234, "0.0123"), (5.678, "5.68"), (99.96, "100"), (1234.5, "1,234"), (0.0, "0")])
def test_figures_have_three_digits_that_matter(value: float, shown: str) -> None:
    assert figure(value) == shown


def test_a_sign_stands_before_every_difference() -> None:
    assert [signed(1.5), signed(-1.5), signed(0)] == ["+1.5", "-1.5", "+0"]


def test_the_report_has_the_facts_the_table_and_the_sentences() -> None:
    outcome = Outcome(Findings([Line("new", "ms", RATIO)], ["It rained."]))

    text = report({"Python": "3.11"}, {"one": Fake()}, {"one": outcome})

    assert "| Python | 3.11 |" in text
    assert "## Something (`one`)" in text
    assert Fake.ABOUT in text
    assert "**1.99 x**" in text
    assert "- It rained." in text
    assert "Missing" not in text


def test_a_row_without_figures_is_named_on_top_and_says_why() -> None:
    text = report({}, {"one": Fake()}, {"one": Outcome(None, "the model is missing.")})

    assert "**Missing from this run: one.**" in text
    assert "No figures: the model is missing." in text


def test_the_noise_of_one_side_is_its_least_and_its_largest_round() -> None:
    assert rounds_apart([170, 150, 180.4], "lines/s") == "median 170 lines/s, its rounds from 150 to 180 lines/s"
