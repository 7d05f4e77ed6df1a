"""Reads a number as Kubernetes writes it (`500m`, `1k`, `310319302313n`, `0.01`), and says it with three decimals, rounded up."""

import math
import re
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

QUANTITY = re.compile(r"(?P<number>[+-]?(\d+(\.\d*)?|\.\d+))((?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[+-]?\d{1,3}))?")

SUFFIXES = {
    **{suffix: Decimal(10) ** power for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)},
    **{f"{suffix}i": Decimal(2) ** (10 * power) for power, suffix in enumerate("KMGTPE", start=1)},
}

THREE = Decimal("0.001")
# A binary fraction is exact to about 16 digits; what lies beyond these is its error, not the number's.
TWELVE = Decimal("1e-12")


def quantity(said: object) -> Decimal | None:
    """The number; None for what is none."""
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, float):
        return Decimal(said).quantize(TWELVE, ROUND_HALF_EVEN) if math.isfinite(said) and abs(said) < 1e12 else _of_text(str(said))
    return _of_text(str(said).strip())


def rounded_up(number: Decimal) -> str:
    """`0.0151` → `0.016`"""
    # Adding zero turns minus zero into zero.
    return f"{number.quantize(THREE, ROUND_CEILING) + 0:f}"


def _of_text(text: str) -> Decimal | None:
    fits = QUANTITY.fullmatch(text)
    if not fits:
        return None
    number = Decimal(fits["number"])
    if fits["exponent"]:
        return number.scaleb(int(fits["exponent"]))
    return number * SUFFIXES[fits["suffix"]] if fits["suffix"] else number
