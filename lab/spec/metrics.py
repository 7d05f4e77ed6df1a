"""The metrics that the lab knows by itself: from its journals, without a provider."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from lab.spec.experiment import Direction, Kind, Metric

# How a unit may be spelled, and what is shown; how many of it are a second.
LATENCY_UNITS: Final = {
    "ms": ("ms", 1e3), "millisecond": ("ms", 1e3), "milliseconds": ("ms", 1e3), "msec": ("ms", 1e3),
    "s": ("s", 1.0), "sec": ("s", 1.0), "second": ("s", 1.0), "seconds": ("s", 1.0),
    "us": ("µs", 1e6), "µs": ("µs", 1e6), "microsecond": ("µs", 1e6), "microseconds": ("µs", 1e6),
}  # fmt: skip
# Of a share: none, or percent.
SHARE_UNITS: Final = {
    "": ("", 1.0), "fraction": ("", 1.0), "ratio": ("", 1.0), "share": ("", 1.0), "%": ("%", 100.0), "percent": ("%", 100.0),
}  # fmt: skip

LATENCIES = frozenset({"latency mean", "latency percentile", "inference mean"})
SHARES = frozenset({"rate", "conversion", "accuracy"})


class Measure(NamedTuple):
    """A metric that needs no provider."""

    name: str
    kind: Kind
    meaning: str
    """Completes "is …"."""
    better: Direction | None = None
    """None: neither; a count grows with the traffic."""
    quantile: float | None = None
    aliases: tuple[str, ...] = ()

    @property
    def units(self) -> Mapping[str, tuple[str, float]]:
        """The units that limits may be in; of counts and rewards any word."""
        return LATENCY_UNITS if self.kind in LATENCIES else SHARE_UNITS if self.kind in SHARES else {}

    def metric(self, name: str, units: str | None = None) -> Metric:
        """It, under the name that a file gives it, in a unit of `units`; milliseconds where nobody says otherwise, as with Iter8."""
        usual = "ms" if self.kind in LATENCIES else ""
        if self.units:
            unit, scale = self.units[(units or usual).strip().lower()]
        else:
            unit, scale = (units or "") if self.kind == "reward mean" else "", 1.0
        return Metric(name, self.name, self.kind, unit, scale, self.quantile)


def _percentile(percent: int) -> Measure:
    return Measure(
        f"latency-{percent}th-percentile",
        "latency percentile",
        f"the time within which {percent} % of the predictions were answered, as visitors waited",
        "Low",
        percent / 100,
        (f"{percent}th-percentile-tail-latency", f"{percent}th-percentile-latency", f"p{percent}-latency", f"latency-p{percent}"),
    )


_ALL = (
    Measure("request-count", "count", "how many predictions the split gave a variant"),
    Measure("error-count", "count", "how many of them failed: status 5xx, broken off, or rescued by the baseline"),
    Measure("error-rate", "rate", "the share of predictions that failed: status 5xx, broken off, or rescued by the baseline", "Low"),
    Measure("mean-latency", "latency mean", "the mean time that visitors waited for a prediction", "Low", aliases=("latency-mean",)),
    *(_percentile(percent) for percent in (50, 75, 90, 95, 99)),
    Measure(
        "conversion",
        "conversion",
        "the share of visitors (or predictions) that gave a reward above 0",
        "High",
        aliases=("conversion-rate",),
    ),
    Measure(
        "mean-reward", "reward mean", "the reward per visitor (or prediction), 0 for those that gave none", "High", aliases=("reward-mean",)
    ),
    Measure("accuracy", "accuracy", "the share of right predictions, of those whose truth was sent", "High"),
    Measure("outlier-rate", "rate", "the share of inputs unlike the training data, of those that the model judged", "Low"),
    Measure("agreement", "rate", "the share of copied predictions for which a shadow said the same as the visitor's answer", "High"),
    Measure(
        "cpu-per-prediction",
        "inference mean",
        "the mean time a prediction spends in the model. It is measured by the clock: that is processor time only while the model "
        "computes on one processor and gets it whole",
        "Low",
        aliases=("inference-time", "mean-inference-time"),
    ),
    Measure(
        "feedback-count",
        "count",
        "how many visitors (or predictions) gave feedback, and how much was sent for a variant without naming a prediction",
    ),
)

MEASURES: Final[Mapping[str, Measure]] = {one.name: one for one in _ALL}

# Its name, and every other spelling of it.
BY_NAME: Final[Mapping[str, Measure]] = {name: one for one in _ALL for name in (one.name, *one.aliases)}

# Iter8's example counts calls of the feedback address. A verdict needs people instead: who gave a reward, of all.
ENGAGEMENT = "user-engagement"


def measure_of(name: str, method: str) -> Measure | None:
    """Which metric of the lab a bare name means; None: none."""
    if name == ENGAGEMENT:
        return MEASURES["feedback-count" if method == "iter8" else "conversion"]
    return BY_NAME.get(name)


NAMES: Final = (*MEASURES, ENGAGEMENT)
