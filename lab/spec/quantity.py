"""Numbers and lengths of time as people write them in such files: "0.01", "500m", "10m"."""

import re

QUANTITY = 'a number, or text that is one: 2000, "0.01", "500m" (500 thousandths)'
SECONDS = 'a number of seconds, or text such as "90s", "10m", "1h30m"'

# Beyond these nobody means what is written: a million million, and a year.
NUMBER_MAX = 1e12
SECONDS_MAX = 366 * 86_400.0

# The suffixes of Kubernetes' quantities.
SUFFIXES = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
SUFFIXES |= {f"{letter}i": 1024.0**power for power, letter in enumerate("KMGT", 1)}

_QUANTITY = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_PART = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)"
_DURATION = re.compile(f"(?:{_PART})+")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def quantity(value: object) -> float:
    """A number. Raises ValueError for anything else, True and infinity among them."""
    if isinstance(value, str) and (found := _QUANTITY.fullmatch(value.strip())):
        # Divided, so that "500m" is 0.5 and "10m" is 0.01 to the last digit.
        scale = SUFFIXES[found[2] or ""]
        return _number(float(found[1]) * scale if scale >= 1 else float(found[1]) / round(1 / scale))
    return _number(value)


def seconds(value: object) -> float:
    """A length of time, not negative. Raises ValueError for anything else."""
    if isinstance(value, str) and _DURATION.fullmatch(value.strip()):
        number = sum(float(amount) * _SECONDS[unit] for amount, unit in re.findall(_PART, value))
    else:
        number = quantity(value) if isinstance(value, str) and value.strip().replace(".", "", 1).isdigit() else _number(value)
    if not 0 <= number <= SECONDS_MAX:
        raise ValueError(SECONDS)
    return number


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -NUMBER_MAX <= value <= NUMBER_MAX:
        raise ValueError(QUANTITY)
    return float(value)
