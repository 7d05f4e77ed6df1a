"""Who comes when with what, and how content they will be: all of it decided by the seed."""

import hashlib
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from lab.load.plan import Load
from lab.load.samples import Sample, Samples

# Visitors who come again are so many at a time: their visits mix, as on a real site.
AROUND = 50

# Feedback waits at most so many times its mean delay, so that a load ends.
DELAY_MAX = 5


class Visit(NamedTuple):
    """One planned prediction."""

    at_s: float
    """After the beginning of the load."""
    visitor: int
    sample: Sample
    delay_s: float
    """From the answer to the feedback."""


def visits(load: Load, samples: Samples) -> Iterator[Visit]:
    """Every planned prediction, in the order of time."""
    random = Random(load.seed)
    visitors = _visitors(load, random)
    # As if it were a list: no list of a million labels, and no search for the first that is not empty.
    labels = tuple(samples)
    for number in range(load.planned):
        at_s = number / load.rate
        label = labels[_label(len(labels), number / load.planned if load.skew else 0.0, random)]
        yield Visit(at_s, next(visitors), random.choice(samples[label]), _delay_s(load.delay_s, random))


def key(load: Load, visitor: int) -> str:
    """What a visitor is called: X-User-ID."""
    return f"load-{load.seed}-{visitor}"


def reward(load: Load, visit: Visit, variant: str) -> int | None:
    """What a visitor gives for an answer of this variant; None: they do not say."""
    share = load.content_share(variant, visit.at_s)
    if share is None:
        return None
    return 1 if temper(load.seed, visit.visitor) < share else (0 if load.zeros else None)


def temper(seed: int, visitor: int) -> float:
    """From 0 to 1, evenly: how hard a visitor is to content. It stays the same, so a better variant loses nobody."""
    digest = hashlib.blake2b(f"{seed}/{visitor}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _visitors(load: Load, random: Random) -> Iterator[int]:
    """Without end, or until everybody has made all of their predictions."""
    if load.each is None:
        return _returning(load.visitors, random)
    return _passing(load.visitors, load.each, random)


def _returning(visitors: int | None, random: Random) -> Iterator[int]:
    """The same ones again and again; or, if there is no number, everybody once."""
    number = 0
    while True:
        yield number if visitors is None else random.randrange(visitors)
        number += 1


def _passing(visitors: int | None, each: int, random: Random) -> Iterator[int]:
    """Everybody comes `each` times, among others who do, and then no more."""
    left: list[list[int]] = []
    number = 0
    while True:
        while len(left) < AROUND and (visitors is None or number < visitors):
            left.append([number, each])
            number += 1
        place = random.randrange(len(left))
        yield left[place][0]
        left[place][1] -= 1
        if not left[place][1]:
            left[place] = left[-1]
            left.pop()


def _label(count: int, progress: float, random: Random) -> int:
    """Which label comes next: at the beginning any of them, at the end only the last one."""
    return count - 1 if random.random() < progress else random.randrange(count)


def _delay_s(mean_s: float, random: Random) -> float:
    return min(random.expovariate(1 / mean_s), DELAY_MAX * mean_s) if mean_s else 0.0
