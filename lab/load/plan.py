"""What simulated visitors are to do, and for how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class FaultSpan(NamedTuple):
    """One variant misbehaves for a while. faults: as its service's /faults takes them. end_s: None is until the load ends."""

    variant: str
    faults: Mapping[str, float | int]
    start_s: float = 0.0
    end_s: float | None = None


@dataclass(frozen=True)
class Load:
    """One load. Its predictions are planned at even distances, whatever becomes of them: an open loop."""

    route: str
    rate: float
    """Predictions per second."""
    planned: int
    """How many predictions in all."""
    seed: int
    """The same seed gives the same visitors, inputs and tempers."""
    visitors: int | None = None
    """How many there are. None: new ones come all the time."""
    each: int | None = None
    """Predictions per visitor. None: the visitors that there are come again and again."""
    rewards: Mapping[str, float] = field(default_factory=dict)
    """By variant that answered: the share of visitors who are content with it, and reward each of its predictions with 1."""
    zeros: bool = False
    """Whether the others reward with 0. Otherwise nobody hears of them."""
    truth: bool = False
    """Whether every prediction is told its true label."""
    delay_s: float = 0.0
    """Mean time from a prediction to its feedback; exponential, and at most five times this."""
    drift: float = 0.0
    """By the end every share of content visitors has grown by this part of itself."""
    skew: bool = False
    """Whether the inputs drift: at the beginning every label is as likely, at the end all inputs have the last one."""
    sent: Mapping[str, float] = field(default_factory=dict)
    """By variant, or a Seldon deployment as in `ns-candidate/iris`: rewards per second that name no prediction."""
    faults: tuple[FaultSpan, ...] = ()

    @property
    def duration_s(self) -> float:
        """From the first planned prediction to the end of the last one's time."""
        return self.planned / self.rate

    def content_share(self, variant: str, at_s: float) -> float | None:
        """The share of visitors who are content with a variant, at a moment of the load; None: nobody says."""
        share = self.rewards.get(variant)
        return None if share is None else min(1.0, share * (1 + self.drift * at_s / self.duration_s))


def bounded(rate: float, duration_s: float | None, count: int | None, visitors: int | None, each: int | None) -> int:
    """How many predictions a load has: the smallest of what bounds it. A minute's, if nothing does."""
    bounds = [count] if count is not None else []
    if visitors is not None and each is not None:
        bounds.append(visitors * each)
    if duration_s is not None or not bounds:
        bounds.append(round(rate * (USUAL_S if duration_s is None else duration_s)))
    return max(1, min(bounds))


# Seconds of a load that nothing else bounds.
USUAL_S = 60.0
