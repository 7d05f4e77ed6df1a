"""Axes have round numbers that people can read, whatever their length."""

import math

import pytest

from lab.web.plot import Axis
from lab.web.plot.moments import DAY, HOUR, days
from lab.web.plot.ticks import Reach, ticks

# 21 November 2026, 19:33:20 UTC.
START = 1_795_289_600.0


def labels(axis: Axis, low: float, high: float, most: int = 5) -> list[str]:
    return [tick.label for tick in ticks(axis, Reach(low, high), most)]


def test_a_linear_axis_counts_in_ones_twos_and_fives() -> None:
    assert labels(Axis(""), 0.0, 97.0) == ["0", "20", "40", "60", "80"]
    assert labels(Axis(""), 0.0, 0.21) == ["0.00", "0.05", "0.10", "0.15", "0.20"]
    assert labels(Axis(""), 1_000.0, 5_400.0) == ["1,000", "2,000", "3,000", "4,000", "5,000"]


def test_differences_have_a_sign_and_zero_has_none() -> None:
    assert labels(Axis("", is_signed=True), -1.2, 2.1, 4) == ["\N{MINUS SIGN}1", "0", "+1", "+2"]


def test_numbers_have_their_unit() -> None:
    assert labels(Axis("", unit=" %"), 0.0, 100.0, 4) == ["0 %", "50 %", "100 %"]


def test_a_log_axis_counts_in_powers_of_ten() -> None:
    assert labels(Axis("", "log"), -2.0, 3.0) == ["0.01", "0.1", "1", "10", "100", "1,000"]


def test_a_log_axis_goes_beyond_what_a_number_can_be() -> None:
    found = ticks(Axis("", "log"), Reach(0.0, 5_000.0), 5)

    assert [tick.label for tick in found] == ["1", "1e1000", "1e2000", "1e3000", "1e4000", "1e5000"]
    assert [tick.at for tick in found][-1] == 5_000.0


def test_a_short_log_axis_has_twos_and_fives_too() -> None:
    assert labels(Axis("", "log"), math.log10(0.4), math.log10(12), 8) == ["0.5", "1", "2", "5", "10"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (12.0, ["19:33:20", "19:33:22", "19:33:24", "19:33:26", "19:33:28", "19:33:30", "19:33:32"]),
        (200.0, ["19:33:30", "19:34:00", "19:34:30", "19:35:00", "19:35:30", "19:36:00", "19:36:30"]),
        (3 * HOUR, ["20:00", "20:30", "21:00", "21:30", "22:00", "22:30"]),
        (1.5 * DAY, ["22 Nov", "06:00", "12:00", "18:00", "23 Nov", "06:00"]),
        (9 * DAY, ["23 Nov", "25 Nov", "27 Nov", "29 Nov"]),
        (40 * DAY, ["23 Nov", "30 Nov", "7 Dec", "14 Dec", "21 Dec", "28 Dec"]),
        (300 * DAY, ["Jan 2027", "Mar 2027", "May 2027", "Jul 2027", "Sep 2027"]),
        (9 * 365 * DAY, ["2028", "2030", "2032", "2034"]),
    ],
)
def test_a_time_axis_has_round_moments_from_seconds_to_years(seconds: float, expected: list[str]) -> None:
    assert labels(Axis("", "time"), START, START + seconds, 7) == expected


def test_the_days_of_a_stretch_are_said_once() -> None:
    assert days(START, START + 60) == "21 Nov 2026"
    assert days(START, START + 2 * DAY) == "21 to 23 Nov 2026"
    assert days(START, START + 20 * DAY) == "21 Nov to 11 Dec 2026"
    assert days(START, START + 60 * DAY) == "21 Nov 2026 to 20 Jan 2027"


def test_a_time_that_no_calendar_has_is_refused() -> None:
    with pytest.raises(ValueError, match="must be between 0 and 253402300799 seconds since 1970"):
        labels(Axis("", "time"), 0.0, 1e15)
