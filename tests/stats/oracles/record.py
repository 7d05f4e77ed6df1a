"""Records what other libraries compute, beside the input: python tests/stats/oracles/record.py

They are too heavy to be dependencies of the tests, or pin back NumPy. Run it once in an environment that has some of them, then in
another one that has the rest; what a library said before stays until that library is there again:

    pip install savvi==0.3.1 "tea-tasting==1.14.0" ville==0.1.0
    pip install gbstats==0.8.0
"""

import importlib
import json
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parent / "recorded.json"


def gbstats() -> list[dict[str, Any]]:
    """The asymptotic confidence sequence of a difference of means, equal and unequal arms, several tunings."""
    from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
    from gbstats.models.statistics import SampleMeanStatistic

    cases = []
    for n_a, n_b, alpha, tuned_for in [(400, 400, 0.05, 5000), (3841, 3841, 0.05, 500), (1200, 1200, 0.01, 20000), (900, 300, 0.1, 5000)]:
        a, b = _values(n_a, 1), _values(n_b, 2)
        config = SequentialConfig(difference_type="absolute", alpha=alpha, sequential_tuning_parameter=tuned_for)
        arms = [SampleMeanStatistic(n=len(x), sum=float(x.sum()), sum_squares=float((x**2).sum())) for x in (a, b)]
        said = SequentialTwoSidedTTest(*arms, config).compute_result()
        given = {"a": _sums(a), "b": _sums(b), "alpha": alpha, "tuned_for": tuned_for}
        cases.append({"given": given, "said": {"low": said.ci[0], "high": said.ci[1], "p": said.p_value, "estimate": said.expected}})
    return cases


def savvi() -> list[dict[str, Any]]:
    """The Dirichlet-multinomial e-value of a split, several blocks one after the other."""
    from savvi.multinomial import Multinomial

    cases = []
    for shares, blocks in [
        ([0.5, 0.5], [[52, 48], [110, 95], [510, 420]]),
        ([0.25, 0.75], [[10, 45], [300, 700]]),
        ([0.5, 0.25, 0.25], [[100, 70, 40], [520, 250, 230]]),
    ]:
        test = Multinomial(0.05, np.array(shares), k=100)
        said = []
        for block in blocks:
            test.update(np.array(block))
            said.append(float(np.log(test.odds)))
        cases.append({"given": {"shares": shares, "blocks": blocks, "concentration": 100}, "said": {"log_e": said}})
    return cases


def tea_tasting() -> list[dict[str, Any]]:
    """The standard error of a difference of ratios by the delta method, from sums per visitor."""
    import tea_tasting as library
    from tea_tasting.aggr import Aggregates

    cases = []
    for n_a, n_b in [(500, 500), (900, 300)]:
        arms = []
        for seed, n in ((3, n_a), (4, n_b)):
            y = 1.0 + np.floor(6 * _uniform(n, seed))
            x = np.floor(y * _uniform(n, seed + 10))
            arms.append((x, y))
        aggregates = [
            Aggregates(
                len(x), {"x": float(x.mean()), "y": float(y.mean())},
                {"x": float(x.var(ddof=1)), "y": float(y.var(ddof=1))}, {("x", "y"): float(np.cov(x, y)[0, 1])},
            )
            for x, y in arms
        ]
        said = library.RatioOfMeans("x", "y", use_t=False, equal_var=False, confidence_level=0.95).analyze_aggregates(*aggregates)
        error = (said.effect_size_ci_upper - said.effect_size_ci_lower) / 2 / 1.959963984540054
        given = {name: _pair_sums(*arm) for name, arm in zip("ab", arms, strict=True)}
        cases.append({"given": given, "said": {"difference": said.effect_size, "standard_error": float(error)}})
    return cases


def ville() -> list[dict[str, Any]]:
    """Beta-binomial e-values and intervals of one proportion, and normal-mixture boundaries."""
    import ville as library

    cases: list[dict[str, Any]] = []
    x = (_uniform(400, 5) < 0.3).astype(float)
    for prior in [(1.0, 1.0), (0.5, 9.5)]:
        sequence = library.BernoulliCS(alpha=0.05, prior=prior, intersect=False).update(x)
        test = library.BernoulliTest(0.25, prior=prior).update(x)
        sizes = [50, 200, 400]
        at = [n - 1 for n in sizes]
        given = {"successes": [int(x[:n].sum()) for n in sizes], "n": sizes, "prior": list(prior), "alpha": 0.05, "p0": 0.25}
        said = {"low": sequence.lower_[at].tolist(), "high": sequence.upper_[at].tolist(), "log_e": _log_e(test)[at].tolist()}
        cases.append({"what": "bernoulli", "given": given, "said": said})
    for v, alpha, rho in [(100.0, 0.05, 12.6), (3.5, 0.01, 0.2), (1e6, 0.1, 5e3)]:
        said_bounds = {side: float(library.normal_mixture(v, alpha, rho, one_sided=side == "one")) for side in ("one", "two")}
        cases.append({"what": "normal mixture", "given": {"v": v, "alpha": alpha, "rho": rho}, "said": said_bounds})
    return cases


LIBRARIES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "gbstats": gbstats, "savvi": savvi, "tea-tasting": tea_tasting, "ville": ville,
}


def main() -> int:
    """Records what is installed here; leaves the rest as it was."""
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    for name, cases in LIBRARIES.items():
        if _installed(name):
            provenance = f"{name} {version(name)}, NumPy {version('numpy')}, Python {sys.version.split()[0]}"
            recorded[name] = {"provenance": provenance, "cases": cases()}
            print(f"{provenance}: {len(recorded[name]['cases'])} cases.")
    RECORDED.write_text(json.dumps(dict(sorted(recorded.items())), indent=1) + "\n")
    return 0


def _installed(name: str) -> bool:
    try:
        version(name)
        importlib.import_module(name.replace("-", "_"))
    except (PackageNotFoundError, ImportError):
        return False
    return True


def _log_e(test: Any) -> Any:
    return np.asarray(test.log_e_values_)


def _values(n: int, seed: int) -> Any:
    return np.exp(1.0 + 0.05 * seed + 0.7 * (_uniform(n, seed) + _uniform(n, seed + 100) + _uniform(n, seed + 200) - 1.5))


def _uniform(n: int, seed: int) -> Any:
    """The same numbers in any version of NumPy."""
    return np.random.Generator(np.random.PCG64(seed)).random(n)


def _sums(x: Any) -> dict[str, float]:
    return {"n": len(x), "sum": float(x.sum()), "sum_of_squares": float((x**2).sum())}


def _pair_sums(x: Any, y: Any) -> dict[str, float]:
    return {
        "n": len(x), "x": float(x.sum()), "y": float(y.sum()),
        "xx": float((x * x).sum()), "yy": float((y * y).sum()), "xy": float((x * y).sum()),
    }


if __name__ == "__main__":
    sys.exit(main())
