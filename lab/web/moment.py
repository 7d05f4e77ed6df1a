"""Understands when: 15m, 2h, 3d ago, or a date and time."""

import re
from datetime import UTC, datetime, timedelta

from lab.errors import Refused

AGO = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhd])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class MomentError(Refused):
    """A time that is none."""


def moment(text: str, now: datetime) -> datetime:
    """UTC without a zone. `text` is a time ago or in ISO 8601, which is UTC where it names no zone. Raises MomentError."""
    fits = AGO.fullmatch(text)
    try:
        said = now - timedelta(**{UNITS[fits["unit"]]: int(fits["number"])}) if fits else datetime.fromisoformat(text)
        return (said if said.tzinfo is None else said.astimezone(UTC)).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise MomentError(f"{text!r} is no time. Say how long ago (30s, 15m, 2h, 3d), or when (2026-11-20T19:00, UTC).") from error
