"""How many units were seen, and how many of them succeeded."""

import operator
from typing import NamedTuple


class Counts(NamedTuple):
    """n: units (visitors, requests). successes: those of them with the event, 0 to n."""

    n: int
    successes: int

    def checked(self) -> "Counts":
        """The same counts as plain whole numbers; ValueError if they cannot be counts."""
        n, successes = whole("n", self.n), whole("successes", self.successes)
        if successes > n:
            raise ValueError(f"successes is {successes}, must be between 0 and n = {n}.")
        return Counts(n, successes)

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        return Counts(self.n + other.n, self.successes + other.successes)


NOTHING = Counts(0, 0)
# The largest count of one block: whole numbers up to here, and sums of some of them, are exact as floats.
LARGEST = 10**15


def whole(name: str, value: object) -> int:
    """`value` as an int from 0 to 10^15; ValueError names it otherwise. Takes NumPy's integers, and floats that are whole."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name} is {value!r}, must be a whole number.") from None
    if number < 0:
        raise ValueError(f"{name} is {number}, must be 0 or more.")
    if number > LARGEST:
        raise ValueError(f"{name} is {number:.3g}, must be at most {LARGEST:.0e}.")
    return number
