"""The shapes of Iter8's v2alpha2 resources, Experiment and Metric, with what this lab adds in `criteria.strength` and `strategy.steps`.

Fields are named as in the files, in camel case. Every field's description completes the sentence "… must be". A field without a value
(null) counts as left out, as on a cluster.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from lab.routes.table import PERCENT, is_percent
from lab.spec.quantity import QUANTITY, SECONDS, quantity, seconds

API_VERSION = "iter8.tools/v2alpha2"

# As on a cluster (RFC 1123), and so that it fits into a header of HTTP.
NAME = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?\Z"

MARGIN_OFF = "none"

# Less than one error in a million experiments is nothing that anybody could find out.
ALPHA_MIN = 1e-6


def _percent(value: object) -> float:
    number = quantity(value)
    if not is_percent(number):
        raise ValueError(PERCENT)
    return number


def _level(value: object) -> float:
    number = quantity(value)
    if not ALPHA_MIN <= number < 0.5:
        raise ValueError("level")
    return number


def _positive(value: object) -> float:
    number = quantity(value)
    if not number > 0:
        raise ValueError("positive")
    return number


def _margin(value: object) -> float | None:
    """None: no such guard."""
    return None if value == MARGIN_OFF else quantity(value)


class Shape(BaseModel):
    # No guessing: a field that nobody knows is a typing error, and "10" is no number of iterations.
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, alias_generator=to_camel, regex_engine="python-re"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:  # noqa: ANN401 - any YAML
        return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value

    def named(self) -> frozenset[str]:
        """The fields that the file gives, as it writes them."""
        return frozenset(type(self).model_fields[name].alias or name for name in self.model_fields_set)


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Quantity = Annotated[float, BeforeValidator(quantity)]
Positive = Annotated[float, BeforeValidator(_positive)]
Seconds = Annotated[float, BeforeValidator(seconds)]
Percent = Annotated[float, BeforeValidator(_percent)]
Level = Annotated[float, BeforeValidator(_level)]
Margin = Annotated[float | None, BeforeValidator(_margin)]

A_NAME = "a name: lower-case letters, digits, - and ., up to 63 characters"
A_METRIC = "the name of a metric: mean-latency, or namespace/mean-latency"
LEVEL = "a probability from 0.000001 on and below 0.5: 0.05"


class Metadata(Shape):
    """What a cluster knows about any resource. Only name and namespace mean something here."""

    name: Name = Field(description=A_NAME)
    namespace: Name = Field("default", description=A_NAME)
    labels: Any = None
    annotations: Any = None
    creation_timestamp: Any = None
    finalizers: Any = None
    generation: Any = None
    managed_fields: Any = None
    owner_references: Any = None
    resource_version: Any = None
    self_link: Any = None
    uid: Any = None


class Task(Shape):
    """Something to do; exactly one of task and run."""

    task: Text | None = Field(None, description="the name of a task")
    run: Text | None = Field(None, description="a command")
    condition: Text | None = Field(None, alias="if", description="a condition: WinnerFound() or CandidateWon()")
    inputs: Mapping[str, Any] = Field({}, alias="with", description="the task's fields")


class Weights(Shape):
    """How far and how fast a candidate's weight may grow."""

    max_candidate_weight: Percent = Field(100.0, description=PERCENT)
    max_candidate_weight_increment: Percent = Field(10.0, description=PERCENT)


class Pause(Shape):
    """Nothing changes for so long; without a duration: until somebody resumes."""

    duration: Seconds | None = Field(None, description=SECONDS)


def _pause(value: object) -> object:
    """`pause:` alone is `pause: {}`."""
    return {} if value is None else value


class Step(Shape):
    """One of Argo's steps; exactly one of its fields."""

    set_weight: Percent | None = Field(None, description=PERCENT)
    pause: Pause | None = Field(None, description="{} or {duration: 60s}")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:  # noqa: ANN401 - any YAML
        return value | {"pause": _pause(value["pause"])} if isinstance(value, dict) and "pause" in value else value


class Strategy(Shape):
    """How versions are tested, and how traffic moves."""

    testing_pattern: Literal["Canary", "A/B", "A/B/N", "Conformance", "Shadow"] = Field(
        description="one of: Canary, A/B, A/B/N, Conformance, Shadow"
    )
    deployment_pattern: Literal["Progressive", "FixedSplit"] | None = Field(None, description="one of: Progressive, FixedSplit")
    weights: Weights = Field(Weights(), description="maxCandidateWeight and maxCandidateWeightIncrement")
    steps: Annotated[tuple[Step, ...], Field(strict=False)] = Field(
        (), description="a list of steps: - setWeight: 20, - pause: {duration: 60s}"
    )
    actions: Mapping[str, Annotated[tuple[Task, ...], Field(strict=False)]] = Field(
        {}, description="start, loop and finish, each with a list of tasks"
    )


class Reward(Shape):
    """What the candidate should be better at."""

    metric: Text = Field(description=A_METRIC)
    preferred_direction: Literal["High", "Low"] = Field(description="one of: High, Low")


class Objective(Shape):
    """A metric between limits, both of them allowed values."""

    metric: Text = Field(description=A_METRIC)
    upper_limit: Quantity | None = Field(None, description=QUANTITY)
    lower_limit: Quantity | None = Field(None, description=QUANTITY)
    rollback_on_failure: bool | None = Field(None, alias="rollback_on_failure", description="true or false")


class Strength(Shape):
    """How certain a verdict must be: this lab's own fields, where Iter8 allows anything."""

    method: Literal["always-valid", "iter8"] = Field("always-valid", description="one of: always-valid, iter8")
    alpha: Level = Field(0.05, description=LEVEL)
    alpha_rollback: Level = Field(0.05, description=LEVEL)
    mde: Positive | None = Field(None, description="a number above 0, in the reward's unit")
    minimum_sample: int = Field(0, ge=0, le=10**9, description="a whole number from 0 on")
    margins: Mapping[str, Margin] = Field({}, description=f"a number or {MARGIN_OFF}, for each metric")
    maturation: Seconds | None = Field(None, description=SECONDS)
    unit: Literal["visitor", "request"] = Field("visitor", description="one of: visitor, request")
    on_no_data: Literal["hold", "rollback"] = Field("hold", description="one of: hold, rollback")


class Criteria(Shape):
    """What versions are judged by."""

    request_count: Text | None = Field(None, description=A_METRIC)
    rewards: Annotated[tuple[Reward, ...], Field(strict=False)] = Field((), description="a list of rewards: metric, preferredDirection")
    objectives: Annotated[tuple[Objective, ...], Field(strict=False)] = Field(
        (), description="a list of objectives: metric, upperLimit, lowerLimit, rollback_on_failure"
    )
    indicators: Annotated[tuple[Text, ...], Field(strict=False)] = Field((), description="a list of metrics")
    strength: Strength = Field(Strength(), description="an object: method, alpha, mde, …")


class Duration(Shape):
    """How often is looked, and how many times."""

    interval_seconds: int = Field(20, ge=1, le=86_400, description="a whole number from 1 to 86400")
    iterations_per_loop: int = Field(15, ge=1, le=10_000, description="a whole number from 1 to 10000")
    max_loops: int = Field(1, ge=1, le=100, description="a whole number from 1 to 100")


class Variable(Shape):
    """A name and a text, for tasks; `variant` also says which variant a version is."""

    name: Text = Field(description="a name")
    value: str = Field(description="text; a number must be quoted")


class WeightObjRef(Shape):
    """Where a cluster keeps a version's weight."""

    api_version: str | None = Field(None, description="text")
    kind: str | None = Field(None, description="text")
    namespace: str | None = Field(None, description="text")
    name: str | None = Field(None, description="text")
    field_path: str | None = Field(None, description="text that starts with a point")


class Version(Shape):
    """The baseline or a candidate."""

    name: Text = Field(description="a name; a number must be quoted")
    variables: Annotated[tuple[Variable, ...], Field(strict=False)] = Field((), description="a list of variables: name, value")
    weight_obj_ref: WeightObjRef | None = Field(None, description="an object: apiVersion, kind, namespace, name, fieldPath")

    def variable(self, name: str) -> str | None:
        """Its value; the last one counts."""
        return {one.name: one.value for one in self.variables}.get(name)


class VersionInfo(Shape):
    """Who takes part."""

    baseline: Version = Field(description="a version: name, variables")
    candidates: Annotated[tuple[Version, ...], Field(strict=False)] = Field((), description="a list of versions")


class ExperimentSpec(Shape):
    """What an experiment is to do."""

    target: Text = Field(description="the name of a route")
    strategy: Strategy = Field(description="an object with testingPattern")
    criteria: Criteria = Field(Criteria(), description="an object: requestCount, rewards, objectives, indicators, strength")
    duration: Duration = Field(Duration(), description="an object: intervalSeconds, iterationsPerLoop, maxLoops")
    version_info: VersionInfo | None = Field(None, description="an object with baseline and candidates")


class Experiment(Shape):
    """A document of the kind Experiment. What a cluster says of its status is passed over."""

    api_version: Literal["iter8.tools/v2alpha2"] = Field(description=API_VERSION)
    kind: Literal["Experiment"]
    metadata: Metadata = Field(description="an object with name")
    spec: ExperimentSpec = Field(description="an object with target, strategy and versionInfo")
    status: Any = None


class Pair(Shape):
    """A name and a text."""

    name: Text = Field(description="a name")
    value: str = Field(description="text; a number must be quoted")


class MockLevel(Shape):
    """A made-up value of a version."""

    name: Text = Field(description="the name of a version")
    level: Quantity = Field(description=QUANTITY)


class MetricSpec(Shape):
    """How Iter8 would ask for a metric."""

    description: str | None = Field(None, description="text")
    units: str | None = Field(None, description="text")
    type: Literal["Counter", "Gauge"] = Field("Gauge", description="one of: Counter, Gauge")
    sample_size: Text | None = Field(None, description=A_METRIC)
    provider: Text | None = Field(None, description="text: prometheus")
    params: Annotated[tuple[Pair, ...], Field(strict=False)] = Field((), description="a list: name, value")
    url_template: str | None = Field(None, description="text")
    jq_expression: str | None = Field(None, description="text")
    method: Literal["GET", "POST"] = Field("GET", description="one of: GET, POST")
    body: str | None = Field(None, description="text")
    auth_type: Literal["Basic", "Bearer", "APIKey"] | None = Field(None, description="one of: Basic, Bearer, APIKey")
    secret: str | None = Field(None, description="text")
    header_templates: Annotated[tuple[Pair, ...], Field(strict=False)] = Field((), description="a list: name, value")
    mock: Annotated[tuple[MockLevel, ...], Field(strict=False)] = Field((), description="a list: name, level")


class Metric(Shape):
    """A document of the kind Metric."""

    api_version: Literal["iter8.tools/v2alpha2"] = Field(description=API_VERSION)
    kind: Literal["Metric"]
    metadata: Metadata = Field(description="an object with name")
    spec: MetricSpec = Field(description="an object: provider, params, units, …")
    status: Any = None

    def query(self) -> str:
        """Its PromQL; empty without one."""
        return next((one.value for one in self.spec.params if one.name == "query"), "")

    def is_called(self, reference: str, namespace: str) -> bool:
        """Whether a reference means it: `mean-latency` in the same namespace, `iter8-seldon/mean-latency` from anywhere."""
        where, _, name = reference.rpartition("/")
        return (where or namespace, name) == (self.metadata.namespace, self.metadata.name)
