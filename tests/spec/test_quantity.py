"""Numbers and lengths of time as people write them."""

import pytest

from lab.spec.quantity import quantity, seconds


@pytest.mark.parametrize(
    ("written", "number"),
    [(2000, 2000), ("0.01", 0.01), ("500m", 0.5), ("10m", 0.01), ("2k", 2000), ("1Ki", 1024), ("1e-2", 0.01), ("+.5", 0.5), (0.01, 0.01)],
)
def test_a_quantity_is_a_number_or_text_as_on_a_cluster(written: object, number: float) -> None:
    assert quantity(written) == number


@pytest.mark.parametrize("written", [True, None, "", "abc", "1 ms", "5 %", "1,5", float("inf"), float("nan"), "9" * 400, 10**400, [1]])
def test_anything_else_is_no_quantity(written: object) -> None:
    with pytest.raises(ValueError, match="a number, or text that is one"):
        quantity(written)


@pytest.mark.parametrize(
    ("written", "length"), [(60, 60), (0.5, 0.5), ("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("250ms", 0.25), (0, 0)]
)
def test_a_length_of_time_is_seconds_or_text_with_units(written: object, length: float) -> None:
    assert seconds(written) == length


@pytest.mark.parametrize("written", [-1, "-5s", "10 minutes", "1d", "m", True, None, "9" * 400 + "s", 1e12])
def test_anything_else_is_no_length_of_time(written: object) -> None:
    with pytest.raises(ValueError, match="a number"):
        seconds(written)
