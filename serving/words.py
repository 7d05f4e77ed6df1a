"""Numbers and dates as people read them."""

from datetime import UTC, datetime

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def size(count: int) -> str:
    """A number of bytes: `66.1 MB`."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def percent(share: float) -> str:
    """A share of one: `97.8 %`. Only all is 100 %, and only nothing 0 %."""
    shown = share if share in (0, 1) else min(max(share, 0.001), 0.999)
    return f"{100 * shown:.1f} %".replace(".0 %", " %")


def tiny(number: float) -> str:
    """A difference: `0.06`, `9 · 10⁻⁷`."""
    if number == 0 or number >= 0.001:
        return amount(number)
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')} · 10{str(int(exponent)).translate(SUPERSCRIPT)}"


def amount(number: float) -> str:
    """Three digits that count, without an exponent: `71.2`, `396`, `0.012`."""
    return f"{number:.0f}" if number >= 100 else f"{float(f'{number:.3g}'):f}".rstrip("0").rstrip(".")


def date(text: str) -> str:
    """`2026-11-21T10:00:00+00:00` → `21 November 2026, 10:00 UTC`; a text that is no such time stays as it is."""
    try:
        moment = datetime.fromisoformat(text)
        # Without a zone nobody knows which moment it was.
        return text if moment.tzinfo is None else _utc(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return text


def _utc(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"
