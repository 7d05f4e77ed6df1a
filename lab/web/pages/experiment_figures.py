"""The pictures of a run: how its evidence, its weights and its latencies came to be what they are. Pure."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from lab.controller.case import Case
from lab.web.pages.figures.evidence import AGAINST, FOR, evidence
from lab.web.pages.figures.figure import Figure, LatencyOf, Table
from lab.web.pages.figures.interval import interval
from lab.web.pages.figures.latency import latency as of_latency
from lab.web.pages.figures.values import value
from lab.web.pages.figures.weights import weights

__all__ = ["Figure", "LatencyOf", "Table", "figures"]

# Of experiments that go by their limits, so many of these have a picture; the table of objectives has them all.
LIMITS_MOST = 3


def figures(case: Case, latency: Sequence[LatencyOf], window: str) -> tuple[Figure, ...]:
    """All that a run has something to show of, the most important first; of what is missing, a sentence. window: of what time the
    latencies are, `since its start`."""
    return (*_of_looks(_Told(case)), of_latency(case, latency, window))


class _Told:
    """A run with all that is told of it now: one more record makes another story. Told apart by identity, for that is quick."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._story, self._experiment = case.story, case.experiment

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and other._story is self._story and other._experiment is self._experiment

    def __hash__(self) -> int:
        return id(self._story)


# Ten thousand looks take a third of a second to draw: for each new one once, not for every reader.
@lru_cache(maxsize=8)
def _of_looks(told: _Told) -> tuple[Figure, ...]:
    return (*_judged(told.case), weights(told.case))


def _judged(case: Case) -> Iterator[Figure]:
    """What the verdict is made of."""
    reward, method = case.experiment.reward, case.experiment.strength.method
    if method == "iter8":
        yield from _by_estimates(case)
        return
    if reward is not None:
        yield interval(case, reward)
    else:
        yield from _limits(case)
    yield evidence(case, FOR)
    yield evidence(case, AGAINST)


def _by_estimates(case: Case) -> Iterator[Figure]:
    """Iter8's rule compares estimates and knows no uncertainty: there are no intervals and no e-values."""
    reward = case.experiment.reward
    said = "Iter8's rule goes by the estimates alone, so there are neither intervals nor e-values to show. "
    first = value(case, reward.metric, 0, is_first=True) if reward else None
    found = [first] if first else list(_limits(case))
    yield from [one._replace(sentence=said + one.sentence) if i == 0 else one for i, one in enumerate(found)]


def _limits(case: Case) -> Iterator[Figure]:
    for number, one in enumerate(case.experiment.objectives[:LIMITS_MOST], start=1):
        yield value(case, one.metric, number, one, is_first=number == 1)
