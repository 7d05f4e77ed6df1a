"""Finds the metric that a name in a file means: one that the lab knows, by its bare name, in the unit that the file declares; or one that
a provider is asked for."""

from lab.spec import shapes
from lab.spec.experiment import Method, Metric
from lab.spec.means import ALONE, Means
from lab.spec.metrics import BY_NAME, ENGAGEMENT, NAMES, Measure, measure_of
from lab.spec.place import Path
from lab.spec.read import WrittenMetric
from lab.spec.remarks import Remarks
from lab.spec.words import meant

PROMETHEUS = "prometheus"


class References:
    """Every reference of one experiment; the same one is remarked on once."""

    def __init__(self, metrics: tuple[WrittenMetric, ...], namespace: str, method: Method, remarks: Remarks, means: Means = ALONE) -> None:
        self.metrics = metrics
        self.means = means
        self.questions: dict[str, shapes.Metric] = {}
        self.namespace = namespace
        self.method = method
        self.remarks = remarks
        self.found: dict[str, Metric | None] = {}

    def metric(self, reference: str, path: Path) -> Metric | None:
        """None, and a trouble, if the lab cannot measure it."""
        if reference not in self.found:
            self.found[reference] = self._metric(reference, path)
        elif self.found[reference] is None:
            self._metric(reference, path)
        return self.found[reference]

    def declared(self, reference: str) -> WrittenMetric | None:
        """The document that a reference means, if the files have one."""
        return next((one for one in self.metrics if one.shape.is_called(reference, self.namespace)), None)

    def _metric(self, reference: str, path: Path) -> Metric | None:
        written = self.declared(reference)
        if written is not None and self._is_asked(written):
            return self._asked(reference, written, path)
        measure = measure_of(reference.rpartition("/")[2], self.method)
        if measure is None:
            self.remarks.wrong(path, _unknown(reference, written, self.means))
            return None
        units = written.shape.spec.units if written else None
        if units and measure.units and units.strip().lower() not in measure.units:
            self._wrong_units(reference, units, measure, written)
            return None
        metric = measure.metric(reference, units)
        self._notice(metric, written, path)
        return metric

    def _is_asked(self, written: WrittenMetric) -> bool:
        """A point value has no counts: nothing always valid can be said by it."""
        return self.means.prometheus and self.method == "iter8" and written.shape.spec.provider == PROMETHEUS

    def _asked(self, reference: str, written: WrittenMetric, path: Path) -> Metric | None:
        if not written.shape.query():
            self.remarks.wrong(path, f"{reference} would come from Prometheus, but has no query: give it one among its params.")
            return None
        self.questions[reference] = written.shape
        self.remarks.notice(path, f"{reference} is asked of Prometheus, as its file says, at every look.")
        return Metric(reference, "asked", "asked", written.shape.spec.units or "")

    def _wrong_units(self, reference: str, units: str, measure: Measure, written: WrittenMetric | None) -> None:
        place = written.document.at(("spec", "units")) if written else None
        words = ", ".join(spelling for spelling in measure.units if len(spelling) > 2) or "none"
        sentence = f"The units of {reference} are {units}, must be one of: {words}."
        self.remarks.wrong((), sentence)
        if place is not None:
            self.remarks.troubles[-1] = self.remarks.troubles[-1]._replace(place=place)

    def _notice(self, metric: Metric, written: WrittenMetric | None, path: Path) -> None:
        provider = written.shape.spec.provider if written else None
        if provider and provider != "iter8":
            unit = f", in {metric.unit}" if metric.unit else ""
            self.remarks.notice(path, f"{metric.name} is taken from this lab's journal{unit}, not from {provider.capitalize()}.")
        if written and written.shape.spec.mock:
            self.remarks.notice(path, f"{metric.name} is measured: its made-up levels (mock) are passed over.")
        if metric.name.rpartition("/")[2] == ENGAGEMENT:
            self.remarks.notice(path, _engagement(metric))


def _engagement(metric: Metric) -> str:
    if metric.kind == "count":
        return f"{metric.name} counts feedback, also what was sent for a variant without naming a prediction."
    return (
        f"{metric.name} is the share of visitors (or predictions) with a reward above 0. Feedback that names no prediction is counted, "
        "but nobody knows whose it is: no verdict uses it."
    )


def _unknown(reference: str, written: WrittenMetric | None, means: Means) -> str:
    name = reference.rpartition("/")[2]
    known = f"{meant(name, [*BY_NAME, ENGAGEMENT])} The lab measures by itself: {', '.join(NAMES)}."
    if written is None:
        return f"There is no metric {reference}.{known}"
    provider = written.shape.spec.provider or "no provider"
    if provider == PROMETHEUS:
        how = "with strength: {method: iter8}" if means.prometheus else "with LAB_PROMETHEUS, and strength: {method: iter8}"
        return f"{reference} would come from Prometheus, which the lab asks only {how}.{known}"
    return f"{reference} has {provider}, and the lab does not measure anything of that name.{known}"
