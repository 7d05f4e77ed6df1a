"""Tells of a look in lines."""

from collections.abc import Mapping
from typing import Any

from lab.demo.play import CANDIDATE, Play

# A run as the service tells of it.
Status = Mapping[str, Any]

METRIC = "conversion"


def look_lines(status: Status, seconds: float) -> list[str]:
    """When it was, who gets what, the estimate, and the verdict."""
    weights = ", ".join(f"{variant} {percent:g} %" for variant, percent in status["weights"].items())
    head = f"{int(seconds) // 60}:{int(seconds) % 60:02}  {weights}"
    return ["; ".join(filter(None, [head, estimate(status)])), f"      {status['why']}"]


def estimate(status: Status) -> str:
    """`conversion svc 9.7 %, forest 21.2 %; difference +11.5 points (+4.9 to +18.5)`, or nothing while there is none."""
    decision = status["decision"] or {}
    measured = {one["variant"]: one["value"] for one in decision.get("measured", ()) if one["metric"] == METRIC}
    judged = next((one for one in decision.get("judgements", ()) if one["variant"] == CANDIDATE), {})
    if judged.get("difference") is None or None in measured.values():
        return ""
    rates = ", ".join(f"{variant} {value * 100:.1f} %" for variant, value in measured.items())
    return f"{METRIC} {rates}: {judged['difference'] * 100:+.1f} points{_range(judged['interval'])}"


def ending_line(status: Status, play: Play, seconds: float) -> str:
    """How it has ended, and whether that was due."""
    heads = {"promote": f"{CANDIDATE} is promoted", "roll back": f"{CANDIDATE} is rolled back"}
    said = heads.get(status["verdict"], f"{CANDIDATE} is not promoted, and the verdict is {status['verdict']}")
    odd = (
        ""
        if status["verdict"] == play.ending
        else f" The visitors were made for another verdict, {play.ending}: chance, or a busy machine."
    )
    return f"After {seconds:.0f} s {said}.{odd}"


def _range(interval: Mapping[str, float | None] | None) -> str:
    if interval is None or interval["low"] is None or interval["high"] is None:
        return ""
    return f" ({interval['low'] * 100:+.1f} to {interval['high'] * 100:+.1f})"
