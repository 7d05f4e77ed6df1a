"""What the demonstration plays: which experiment, which visitors, and how it should end."""

import re
from typing import NamedTuple

from lab.errors import Refused
from lab.load.plan import Load

ROUTE = "iris"
BASELINE, CANDIDATE = "svc", "forest"

# Shares of the visitors who are content with either: with a candidate that is better, a little or much; with one that is worse. That one
# is so much worse that the first look shows the harm. Else the experiment might end before, because no gain is left to be had.
BETTER = {BASELINE: 0.10, CANDIDATE: 0.16}
FAST_BETTER = {BASELINE: 0.10, CANDIDATE: 0.25}
WORSE = {BASELINE: 0.50, CANDIDATE: 0.05}

# New visitors per second, each with one prediction; and seconds from an answer to its reward.
RATE = 60.0
DELAY_S, FAST_DELAY_S = 2.0, 0.5

# A faster pace than the file's: seconds between two looks, seconds in which rewards are waited for, visitors before a promotion.
PACES = {"intervalSeconds": 3, "maturation": 4, "minimumSample": 150}

# Visitors go on coming a little after the last look was due.
SLACK_S = 30.0


class Play(NamedTuple):
    """One demonstration."""

    text: str
    """The experiment."""
    load: Load
    ending: str
    """The verdict that is due."""

    @property
    def line(self) -> str:
        """Who comes, in a sentence."""
        shares = [f"{name} contents {self.load.rewards[name] * 100:g} %" for name in (BASELINE, CANDIDATE)]
        return f"{self.load.rate:g} new visitors a second: {', '.join(shares)} of them, who then send a reward."


def play(text: str, seed: int, is_bad: bool, is_fast: bool) -> Play:
    """`text`: of experiments/iris-progressive.yaml. Raises Refused where it has no such pace."""
    text = hastened(text) if is_fast else text
    load = Load(
        route=ROUTE,
        rate=RATE,
        planned=round(RATE * (_seconds(text) + SLACK_S)),
        seed=seed,
        rewards=WORSE if is_bad else FAST_BETTER if is_fast else BETTER,
        delay_s=FAST_DELAY_S if is_fast else DELAY_S,
    )
    return Play(text, load, "roll back" if is_bad else "promote")


def hastened(text: str) -> str:
    """The same experiment at the faster pace."""
    for name, number in PACES.items():
        text, count = re.subn(rf"^( *{name}: )\d+$", rf"\g<1>{number}", text, flags=re.MULTILINE)
        if count != 1:
            raise Refused(f"The experiment has {count} lines `{name}: <number>`, must have one. Leave out --fast.")
    return text


def _seconds(text: str) -> float:
    """How long it takes at most."""
    return _number("intervalSeconds", text) * _number("iterationsPerLoop", text)


def _number(name: str, text: str) -> int:
    found = re.search(rf"^ *{name}: (\d+)$", text, re.MULTILINE)
    if not found:
        raise Refused(f"The experiment has no line `{name}: <number>`. Take experiments/iris-progressive.yaml as the lab came with it.")
    return int(found[1])
