"""Says when going on is pointless: the interval already rules out an effect worth having."""

from lab.stats.interval import Interval


def futile(interval: Interval, smallest: float) -> bool:
    """Whether every difference not yet ruled out is below `smallest`, the least that is worth a change (candidate minus baseline, larger
    is better, the interval's unit). Wrong with probability at most the interval's alpha, whenever it is asked."""
    return interval.high < smallest
