"""The predictions that a variant makes: errors, outliers, latencies, copies for shadows."""

from collections.abc import Mapping

import numpy as np

from lab.judge.block import NO_HISTOGRAM, Arm
from lab.simulate.facts import Facts, Play, Scene
from lab.simulate.seconds import Drawn, Latencies
from lab.stats.counts import NOTHING, Counts
from lab.stats.histogram import Histogram

NO_TIME = (NO_HISTOGRAM, 0.0)


def served(play: Play, rng: np.random.Generator, name: str, scene: Scene, n: int) -> Arm:
    """n predictions of visitors who are all alike."""
    facts = scene.facts[name]
    failed = int(rng.binomial(n, facts.errors)) if facts.errors else 0
    waited, inside = (_time(rng, some.get(name), n, facts.stretch) for some in (play.latency, play.inference))
    return arm(rng, facts, Counts(n, failed), waited, inside)


def arm(rng: np.random.Generator, facts: Facts, requests: Counts, waited: tuple[Histogram, float], inside: tuple[Histogram, float]) -> Arm:
    """What is seen of predictions whose failures and seconds were drawn."""
    n, failed = requests
    return Arm(
        requests=requests,
        outliers=NOTHING if facts.outliers is None else Counts(n, int(rng.binomial(n, facts.outliers))),
        rescued=int(rng.binomial(failed, facts.rescued)) if failed and facts.rescued else 0,
        latency=waited[0],
        latency_total_s=waited[1],
        inference=inside[0],
        inference_total_s=inside[1],
    )


def with_others(play: Play, rng: np.random.Generator, scene: Scene, arms: Mapping[str, Arm]) -> Mapping[str, Arm]:
    """With what is not a visitor's: copies of the baseline's predictions that shadows have answered, and feedback for a variant as such."""
    baseline, made = play.experiment.baseline.variant, dict(arms)
    n = arms[baseline].requests.n if baseline in arms else 0
    for name in play.variants:
        pairs = NOTHING if name == baseline else _pairs(play, rng, scene.facts[name], n)
        sent = _sent(rng, scene, name)
        if pairs.n or sent:
            made[name] = made.get(name, Arm())._replace(pairs=pairs, sent=sent)
    return made


def timed(drawn: Drawn) -> tuple[Histogram, float]:
    """As an arm keeps it."""
    return Histogram(drawn.counts), drawn.total_s


def _time(rng: np.random.Generator, some: Latencies | None, n: int, stretch: float) -> tuple[Histogram, float]:
    return timed(some.draw(rng, n, stretch)) if some and n else NO_TIME


def _pairs(play: Play, rng: np.random.Generator, facts: Facts, n: int) -> Counts:
    if facts.agrees is None or not n:
        return NOTHING
    answered = int(rng.binomial(n, play.world.shadow_percent / 100 * (1 - facts.errors)))
    return Counts(answered, int(rng.binomial(answered, facts.agrees)))


def _sent(rng: np.random.Generator, scene: Scene, name: str) -> int:
    rate = scene.facts[name].sent_per_s
    return int(rng.poisson(rate * scene.cell.seconds)) if rate else 0
