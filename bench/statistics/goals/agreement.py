"""G15: where another library computes the same thing, ours agrees to rounding. What they said is recorded beside the tests."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import betaln, expit

from bench.statistics.case import Bound, Case, Line, Samples
from bench.statistics.summary import Largest
from lab.stats.limit import beta_binomial_interval, beta_binomial_log_e
from lab.stats.mixture import boundary, log_e_two_sided, tuned_rho
from lab.stats.moments import PairMoments
from lab.stats.score import epoch_score
from lab.stats.srm import tilted

RECORDED = Path(__file__).resolve().parents[3] / "tests" / "stats" / "oracles" / "recorded.json"

Given = Mapping[str, Any]


def gbstats(given: Given, said: Given) -> list[float]:
    """The asymptotic confidence sequence of a difference of means, and its p-value."""
    a, b = given["a"], given["b"]
    n = a["n"] + b["n"]
    estimate = b["sum"] / b["n"] - a["sum"] / a["n"]
    error = math.sqrt(sum((one["sum_of_squares"] - one["sum"] ** 2 / one["n"]) / (one["n"] - 1) / one["n"] for one in (a, b)))
    rho = tuned_rho(given["tuned_for"], given["alpha"])
    half = error * float(boundary(n, rho, given["alpha"]))
    p = math.exp(-max(0.0, float(log_e_two_sided(estimate / error, n, rho))))
    return [estimate - half - said["low"], estimate + half - said["high"], p - said["p"]]


def savvi(given: Given, said: Given) -> list[float]:
    """The Dirichlet-multinomial e-value of two variants: our likelihood ratio of a tilted split, averaged over their prior."""
    if len(given["shares"]) != 2:
        return []
    share, k = given["shares"][0], given["concentration"]
    totals = np.cumsum(given["blocks"], axis=0)
    return [_over_beta(counts, share, k) - log_e for counts, log_e in zip(totals, said["log_e"], strict=True)]


def _over_beta(counts: np.ndarray, share: float, k: float) -> float:
    """log of the mean of the likelihood ratio over q ~ Beta(k share, k (1 - share)), written as a tilt of the odds."""
    a, b = k * share, k * (1 - share)
    centre = math.log(share / (1 - share))

    def log_terms(g: float) -> float:
        q = float(expit(centre + g))
        return float(tilted(counts, [share, 1 - share], np.array([g]))[0, 0]) + a * math.log(q) + b * math.log1p(-q) - float(betaln(a, b))

    top = max(log_terms(g) for g in np.linspace(-1, 1, 401))
    return top + math.log(quad(lambda g: math.exp(log_terms(g) - top), -3, 3, points=[0.0], limit=400, epsabs=1e-13, epsrel=1e-13)[0])


def tea_tasting(given: Given, said: Given) -> list[float]:
    """The difference of ratios, and its standard error by the delta method; only their conventions for n - 1 differ."""
    arms = [_pairs(given[name]) for name in "ab"]
    score = epoch_score(*arms)
    estimate = score.score / score.weight
    if arms[0].n != arms[1].n:
        return [float(estimate) - said["difference"]]
    squares = score.by_arm - 2 * estimate * score.by_arm_slope + estimate**2 * score.by_arm_curve
    n, each = 2 * arms[0].n, arms[0].n
    error = math.sqrt(squares * ((n - 1) / n) * (each / (each - 1))) / score.weight
    return [float(estimate) - said["difference"], float(error) - said["standard_error"]]


def _pairs(sums: Given) -> PairMoments:
    """They call what is above the line x, we call it y."""
    n, above, below = sums["n"], sums["x"] / sums["n"], sums["y"] / sums["n"]
    off = (sums["yy"] - n * below**2, sums["xx"] - n * above**2, sums["xy"] - n * above * below)
    return PairMoments(n, below, above, *off)


def ville(given: Given, said: Given) -> list[float]:
    """Beta-binomial e-values and intervals; normal-mixture boundaries."""
    if "v" in given:
        v, alpha, rho = given["v"], given["alpha"], given["rho"]
        ours = {"two": boundary(v, rho, alpha), "one": boundary(v, rho, alpha, "greater")}
        return [float(ours[side]) * math.sqrt(v) / said[side] - 1 for side in said]
    found = []
    for place, (n, successes) in enumerate(zip(given["n"], given["successes"], strict=True)):
        interval = beta_binomial_interval(n, successes, *given["prior"], given["alpha"])
        log_e = float(beta_binomial_log_e(n, successes, *given["prior"], given["p0"]))
        found += [log_e - said["log_e"][place], interval.low - said["low"][place], interval.high - said["high"][place]]
    return found


LIBRARIES: dict[str, tuple[str, float, Callable[[Given, Given], list[float]]]] = {
    "gbstats": ("asymptotic confidence sequence and p-value", 1e-9, gbstats),
    "savvi": ("Dirichlet-multinomial e-value of a split", 1e-9, savvi),
    "tea-tasting": ("difference of ratios and its delta-method error", 1e-8, tea_tasting),
    "ville": ("beta-binomial e-value and interval, normal-mixture boundary", 1e-9, ville),
}


def differences(library: str) -> list[float]:
    """How far ours is from what the library said, in every recorded case."""
    compare = LIBRARIES[library][2]
    return [gap for case in json.loads(RECORDED.read_text())[library]["cases"] for gap in compare(case["given"], case["said"])]


def agreement(rng: np.random.Generator, runs: int) -> Samples:
    """The absolute differences, by library."""
    return {library: np.abs(differences(library)) for library in LIBRARIES}


CASES = [
    Case(
        "G15", "numbers recorded from the libraries' own code", 1, agreement,
        tuple(
            Line("ours", f"{name}: {what}, largest difference", name, Largest(), Bound(most))
            for name, (what, most, _) in LIBRARIES.items()
        ),
    ),
]
