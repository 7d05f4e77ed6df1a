"""From what a file says to an experiment of this lab: routes for targets, variants for versions, the journal for metrics."""

from typing import NamedTuple

from lab.routes import Routes
from lab.routes.lanes import BUCKETS, lane_width
from lab.routes.table import Known
from lab.spec import rules, shapes
from lab.spec.criteria import criteria_of
from lab.spec.errors import SpecError, Trouble
from lab.spec.experiment import Deployment, Experiment, Version
from lab.spec.means import ALONE, Means
from lab.spec.place import BEGINNING, Path
from lab.spec.read import Files, WrittenExperiment
from lab.spec.references import References
from lab.spec.remarks import Notice, Remarks
from lab.spec.steps import steps_of
from lab.spec.tasks import actions_of
from lab.spec.versions import Here, route_of, versions_of

STRATEGY: Path = ("spec", "strategy")


class Resolved(NamedTuple):
    """An experiment, and what of its file is done otherwise here."""

    experiment: Experiment
    notices: tuple[str, ...]


def resolved(files: Files, routes: Routes, known: Known, means: Means = ALONE) -> Resolved:
    """The files' only experiment. Raises SpecError, with everything that is wrong."""
    if len(files.experiments) != 1:
        raise SpecError([_not_one(files)])
    return resolved_one(files.experiments[0], files, routes, known, means)


def resolved_one(written: WrittenExperiment, files: Files, routes: Routes, known: Known, means: Means = ALONE) -> Resolved:
    """One of several. Raises SpecError, with everything that is wrong with it."""
    shape, remarks = written.shape, Remarks(written.document)
    rules.check(shape, remarks)
    here = route_of(shape.spec.target, routes, known, remarks)
    remarks.stop()
    # Both are there, or it would have stopped.
    assert here is not None
    assert shape.spec.version_info is not None
    versions = versions_of(shape.spec.version_info, here, remarks, means)
    remarks.stop()
    experiment = _experiment(shape, here, versions, files, remarks, means)
    remarks.stop()
    _notice_place(experiment, here, remarks)
    return Resolved(experiment, tuple(dict.fromkeys(one.sentence for one in (*_cluster_only(shape, means), *remarks.notices))))


def _experiment(
    shape: shapes.Experiment, here: Here, versions: tuple[Version, ...], files: Files, remarks: Remarks, means: Means
) -> Experiment:
    spec, meta = shape.spec, shape.metadata
    references = References(files.metrics, meta.namespace, spec.criteria.strength.method, remarks, means)
    baseline, candidates = versions[0], versions[1:]
    criteria = criteria_of(spec, here, tuple(one.variant for one in candidates), references)
    return Experiment(
        name=meta.name,
        namespace=meta.namespace,
        target=spec.target,
        route=here.name,
        pattern=spec.strategy.testing_pattern,
        deployment=_deployment(spec.strategy, remarks),
        baseline=baseline,
        candidates=candidates,
        reward=criteria.reward,
        objectives=criteria.objectives,
        indicators=criteria.indicators,
        strength=criteria.strength,
        interval_s=float(spec.duration.interval_seconds),
        iterations=spec.duration.iterations_per_loop,
        loops=spec.duration.max_loops,
        candidate_weight_max=_weight_max(spec, len(candidates), remarks),
        increment_max=spec.strategy.weights.max_candidate_weight_increment,
        steps=steps_of(spec, len(candidates), remarks),
        actions=actions_of(spec.strategy, remarks),
        questions=references.questions,
        text=files.text,
    )


def _deployment(strategy: shapes.Strategy, remarks: Remarks) -> Deployment:
    """Progressive where nothing is said; a shadow has no weight that could change."""
    if strategy.testing_pattern != "Shadow":
        return strategy.deployment_pattern or "Progressive"
    if strategy.deployment_pattern == "Progressive":
        sentence = "A shadow's answers reach nobody, so no traffic moves: deploymentPattern must be FixedSplit, or left out."
        remarks.wrong((*STRATEGY, "deploymentPattern"), sentence)
    if strategy.weights.max_candidate_weight == 0:
        remarks.wrong((*STRATEGY, "weights", "maxCandidateWeight"), "maxCandidateWeight is 0, so a shadow would get no copies.")
    return "FixedSplit"


def _weight_max(spec: shapes.ExperimentSpec, candidates: int, remarks: Remarks) -> float:
    """As the file says, but no more than the lane that each of three or more candidates has."""
    most = spec.strategy.weights.max_candidate_weight
    lane = lane_width(candidates) * 100 / BUCKETS
    if spec.strategy.testing_pattern == "Shadow" or most <= lane:
        return most
    sentence = f"With {candidates} candidates each has a lane of {lane:g} %: none gets more before it is promoted."
    remarks.notice((*STRATEGY, "weights", "maxCandidateWeight"), sentence)
    return lane


def _notice_place(experiment: Experiment, here: Here, remarks: Remarks) -> None:
    """What the experiment does to its route."""
    route, name, baseline = here.route, here.name, experiment.baseline.variant
    if baseline != route.baseline:
        sentence = f"{baseline} becomes the baseline of the route {name}, in place of {route.baseline}: it answers for variants that fail."
        remarks.notice((*rules.VERSIONS, "baseline"), sentence)
    if experiment.pattern not in rules.MEETING:
        return
    if route.mode == "roundrobin":
        remarks.notice(("spec", "target"), f"{name} is in round robin, where nobody keeps a variant: the experiment makes it weighted.")
    for variant in _outsiders(experiment, here):
        what = "keeps it, and is not judged" if experiment.deployment == "FixedSplit" else "gets nobody while the experiment runs"
        remarks.notice(rules.VERSIONS, f"{variant} has {route.weight(variant):g} % of {name}, takes no part, and {what}.")
    for variant in _idle(experiment, here):
        sentence = f"{variant} has 0 % of {name}, and a FixedSplit leaves it there. To let visitors meet it: lab weight {name}"
        remarks.notice((*STRATEGY, "deploymentPattern"), sentence)


def _outsiders(experiment: Experiment, here: Here) -> list[str]:
    """Variants with visitors that are no version."""
    inside = {one.variant for one in experiment.versions}
    return [variant for variant, percent in here.route.weights.items() if percent > 0 and variant not in inside]


def _idle(experiment: Experiment, here: Here) -> list[str]:
    """Versions that nobody will meet."""
    versions = experiment.versions if experiment.deployment == "FixedSplit" else ()
    return [one.variant for one in versions if not here.route.weight(one.variant)]


def _cluster_only(shape: shapes.Experiment, means: Means) -> tuple[Notice, ...]:
    """Fields that only a cluster can fill with life."""
    info = shape.spec.version_info
    if means.mesh or info is None or not any(version.weight_obj_ref for version in (info.baseline, *info.candidates)):
        return ()
    sentence = "weightObjRef has no meaning here: NGINX splits the traffic by the lab's own table of routes."
    return (Notice(rules.VERSIONS, sentence),)


def _not_one(files: Files) -> Trouble:
    if not files.experiments:
        return Trouble(BEGINNING, "There is no Experiment in it: a document with kind: Experiment and apiVersion: iter8.tools/v2alpha2.")
    names = ", ".join(one.shape.metadata.name for one in files.experiments)
    place = files.experiments[1].document.at(("metadata", "name"))
    return Trouble(place, f"There are {len(files.experiments)} experiments in it ({names}): start one at a time.")
