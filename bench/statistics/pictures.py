"""Which plots there are, and from which worlds their curves come."""

from collections.abc import Mapping

import numpy as np

from bench.statistics.case import Case, Samples
from bench.statistics.goals import identical, power, ramp
from bench.statistics.plots import Curve, Mark, Plot, curves_over_time

WRONG = "share of experiments in which the rule is wrong"


def pictures(samples: Mapping[str, Samples]) -> list[Plot]:
    """All plots, from the samples of the cases by name."""
    return [looks(samples), drift(samples), found(samples)]


def looks(samples: Mapping[str, Samples]) -> Plot:
    """Wrong rejections by the number of looks at the same data."""
    at = np.array(identical.LOOKS, dtype=float)
    by_looks = [samples[identical.case(0.1, number).name] for number in identical.LOOKS]
    styles = dict(zip((identical.OURS, *identical.RULES), ("ours", "naive", "peer", "second peer", "third peer"), strict=True))
    curves = [Curve(rule, style, at, np.array([np.isfinite(one[rule]).mean() for one in by_looks])) for rule, style in styles.items()]
    return Plot(
        "false-positives-by-looks.svg", "Two identical variants: how often a rule says they differ",
        "looks at the same 20,000 requests", WRONG, curves, 0.05, "5 %", logarithmic=True,
    )


def drift(samples: Mapping[str, Samples]) -> Plot:
    """Wrong rejections over time while the share grows and the rates drift."""
    case: Case = ramp.CASES[0]
    styles = dict(zip((ramp.OURS, ramp.SCORE, *ramp.PEERS), ("ours", "also ours", "naive", "peer"), strict=True))
    curves = curves_over_time(samples[case.name], styles)
    return Plot(
        "ramp-with-drift.svg", "Identical variants, share 5 → 50 % while both rates rise from 8 to 12 %",
        "requests", WRONG, curves, 0.05, "5 %",
    )


def found(samples: Mapping[str, Samples]) -> Plot:
    """A true difference found, by the sample."""
    styles = {power.OURS: "ours", power.SCORE: "also ours", power.SEQUENCE: "peer", power.TOLD: "third peer"}
    curves = curves_over_time(samples[power.CASES[0].name], styles)
    return Plot(
        "power.svg", "10 % against 12 %: how soon the difference is found", "units per arm",
        "share of experiments in which it is found", curves, mark=Mark("z test, one look", power.FIXED, 0.8),
    )
