"""What is questionable about Metric documents: what their queries really give."""

import re
from collections.abc import Iterator

from lab.lint import query
from lab.lint.finding import Finding, found
from lab.spec.metrics import LATENCY_UNITS
from lab.spec.place import Path, Place
from lab.spec.read import Files, WrittenExperiment, WrittenMetric

# Each is questionable only where somebody asks a provider.
WORDS_OF_COUNTS = re.compile(r"\b(?:count|number of|how many)\b", re.IGNORECASE)


def findings(files: Files) -> Iterator[Finding]:
    """Of every metric with a query."""
    for written in files.metrics:
        if written.shape.query():
            for rule in (_kinds, _units, _gaps, _mixtures, _versions, _answers):
                yield from rule(written)
    for experiment in files.experiments:
        yield from _variables(experiment, files)


def unit_given(written: WrittenMetric) -> str | None:
    """The unit of time that the query really gives, if it is another one than is declared."""
    declared = LATENCY_UNITS.get((written.shape.spec.units or "").strip().lower())
    given = query.time_unit(written.shape.query())
    return given if declared and given and declared[0] != given else None


def _kinds(written: WrittenMetric) -> Iterator[Finding]:
    """What it says it is, and what it is."""
    spec, asked, name = written.shape.spec, written.shape.query(), written.shape.metadata.name
    is_count = bool(WORDS_OF_COUNTS.search(f"{name} {spec.description or ''}")) or spec.type == "Counter"
    if is_count and query.sums(asked):
        one = next(one.name for one in query.series(asked) if one.name.endswith("_sum"))
        instead = f"{one.removesuffix('_sum')}_count"
        yield found("L101", _query_at(written), f"{name} is called a count, but adds up {one}. How many there were is {instead}.")
    if spec.type == "Gauge" and query.counts(asked):
        yield found("L109", _at(written, ("spec", "type")), f"{name} is a Gauge, but counts: it is a Counter.")
    if spec.type == "Counter" and (query.is_ratio(asked) or query.is_percentile(asked)):
        yield found("L109", _at(written, ("spec", "type")), f"{name} is a Counter, but goes up and down: it is a Gauge.")


def _units(written: WrittenMetric) -> Iterator[Finding]:
    if given := unit_given(written):
        name, units = written.shape.metadata.name, written.shape.spec.units
        factor = "Multiply the query by 1000, or declare seconds." if given == "s" else "Divide the query by 1000, or declare milliseconds."
        yield found("L103", _at(written, ("spec", "units")), f"{name} is declared in {units}, but its query gives {given}. {factor}")


def _gaps(written: WrittenMetric) -> Iterator[Finding]:
    """What it says where there is nothing to say."""
    asked, name, sample = written.shape.query(), written.shape.metadata.name, written.shape.spec.sample_size
    if query.is_masked(asked):
        yield found("L104", _query_at(written), f"{name} is 0 where there are no data: or vector(0) hides that nothing was measured.")
    if query.is_masked_below(asked):
        yield found("L107", _query_at(written), f"{name} is 0/0 without traffic: what it is divided by becomes 0, too.")
    if sample is None and written.shape.spec.type == "Gauge":
        yield found("L105", _at(written, ("metadata", "name")), f"{name} has no sampleSize: nobody knows of how many requests it is.")
    if query.is_percentile(asked) and not re.search(r"\band\b", asked):
        yield found("L106", _query_at(written), f"{name} is a percentile of however few requests there are, and NaN of none.")


def _mixtures(written: WrittenMetric) -> Iterator[Finding]:
    """What it throws together."""
    asked, name = written.shape.query(), written.shape.metadata.name
    if query.mixes_feedback(asked):
        yield found("L108", _query_at(written), f"{name} counts calls of feedback together with predictions: its series name no service.")
    if query.all_but_200(asked):
        yield found("L113", _query_at(written), f"{name} takes every status but 200 for an error. Use code=~'5..'.")
    if query.is_since_start(asked):
        yield found("L114", _query_at(written), f"{name} adds up everything since the start (${{elapsedTime}}).")


def _versions(written: WrittenMetric) -> Iterator[Finding]:
    if not query.variables(written.shape.query()):
        name = written.shape.metadata.name
        yield found("L110", _query_at(written), f"{name} names no variable of a version, such as $name: every version gets the same value.")


def _answers(written: WrittenMetric) -> Iterator[Finding]:
    expression = written.shape.spec.jq_expression
    if expression and written.shape.spec.provider == "prometheus" and "tonumber" not in expression:
        name = written.shape.metadata.name
        yield found("L112", _at(written, ("spec", "jqExpression")), f"{name}: {expression} gives text. Add | tonumber.")


def _variables(experiment: WrittenExperiment, files: Files) -> Iterator[Finding]:
    """Variables that a query needs and a version lacks."""
    info, namespace = experiment.shape.spec.version_info, experiment.shape.metadata.namespace
    if info is None:
        return
    needed = {name: one for one in files.metrics if _is_used(one, experiment, namespace) for name in query.variables(one.shape.query())}
    places: list[Path] = [("baseline",), *(("candidates", number) for number in range(len(info.candidates)))]
    for place, version in zip(places, (info.baseline, *info.candidates), strict=True):
        has = {"name", *(one.name for one in version.variables)}
        for name in needed.keys() - has:
            where = experiment.document.at(("spec", "versionInfo", *place, "name"))
            metric = needed[name].shape.metadata.name
            yield found("L111", where, f"{version.name} has no variable {name}, which {metric} needs.")


def _is_used(one: WrittenMetric, experiment: WrittenExperiment, namespace: str) -> bool:
    criteria = experiment.shape.spec.criteria
    named = (criteria.request_count or "", *criteria.indicators, *(reward.metric for reward in criteria.rewards))
    return any(one.shape.is_called(name, namespace) for name in (*named, *(objective.metric for objective in criteria.objectives)))


def _at(written: WrittenMetric, path: Path) -> Place:
    return written.document.at(path)


def _query_at(written: WrittenMetric) -> Place:
    number = next(number for number, one in enumerate(written.shape.spec.params) if one.name == "query")
    return written.document.at(("spec", "params", number, "value"))
