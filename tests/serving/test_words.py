"""Numbers and dates read as people write them."""

import pytest

from serving import words


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 bytes"), (999, "999 bytes"), (1922, "1.9 kB"), (66123456, "66.1 MB"), (2_000_000_000, "2.0 GB")]
)
def test_a_size_has_its_unit(count: int, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.00001, "0.1 %"), (0.86, "86 %"), (0.9778, "97.8 %"), (0.99999, "99.9 %"), (1, "100 %"), (1.0, "100 %")],
)
def test_only_all_is_100_percent(share: float, said: str) -> None:
    assert words.percent(share) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (9e-7, "9 · 10⁻⁷"),
        (1.7881393432617188e-07, "1.8 · 10⁻⁷"),
        (9.96e-7, "1 · 10⁻⁶"),
        (0.0005, "5 · 10⁻⁴"),
        (0.060000029802322385, "0.06"),
        (1, "1"),
    ],
)
def test_a_tiny_difference_is_a_power_of_ten(number: float, said: str) -> None:
    assert words.tiny(number) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (0.01234, "0.0123"), (0.9, "0.9"), (71.25, "71.2"), (74.0, "74"), (396.4, "396"), (12345.6, "12346")]
)
def test_an_amount_has_three_digits_that_count(number: float, said: str) -> None:
    assert words.amount(number) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-21T10:00:00+00:00", "21 November 2026, 10:00 UTC"),
        ("2026-11-01T00:30:00+02:00", "31 October 2026, 22:30 UTC"),
        ("2026-11-21T10:00:00Z", "21 November 2026, 10:00 UTC"),
        ("2026-11-21T10:00:00", "2026-11-21T10:00:00"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-12:00"),
        ("last spring", "last spring"),
    ],
)
def test_a_moment_is_told_in_utc_and_other_texts_stay(text: str, said: str) -> None:
    assert words.date(text) == said
