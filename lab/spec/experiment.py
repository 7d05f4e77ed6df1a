"""An experiment as the lab runs it: what its file says, resolved to the routes, variants and metrics of this lab."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from lab.spec import shapes

Pattern = Literal["Canary", "A/B", "A/B/N", "Conformance", "Shadow"]
Deployment = Literal["Progressive", "FixedSplit"]
Method = Literal["always-valid", "iter8"]
Unit = Literal["visitor", "request"]
Direction = Literal["High", "Low"]
OnNoData = Literal["hold", "rollback"]

# What a metric is made of, which decides how it can be judged. `lab.spec.metrics` has every metric that the lab knows.
Kind = Literal[
    "count",  # how many requests, errors, feedbacks: shown, never judged
    "rate",  # predictions with an event, of all of them: errors, outliers; pairs that agree
    "latency mean",
    "latency percentile",
    "inference mean",
    "conversion",  # units with a reward above zero, of all of them
    "reward mean",  # reward per unit
    "accuracy",  # right predictions, of those whose truth is known
    "asked",  # whatever a provider answers: a value without counts, so only Iter8's method can use it
]


class Metric(NamedTuple):
    """A metric of this lab under the name that the file gives it."""

    name: str
    """As the file refers to it: `mean-latency`, `iter8-seldon/mean-latency`."""
    measure: str
    """Which metric of `lab.spec.metrics` it is; of one that a provider is asked for: `asked`."""
    kind: Kind
    unit: str = ""
    """Of limits and shown values: `ms`, `s`, or none for shares and counts."""
    scale: float = 1.0
    """How many of this unit are one of ours (seconds; shares): 1000 for milliseconds."""
    quantile: float | None = None
    """Of a percentile: 0.95."""


class Version(NamedTuple):
    """One version of the file, and the variant that it is here."""

    name: str
    variant: str
    variables: Mapping[str, str] = {}
    place: Mapping[str, str] = {}
    """Where a mesh keeps its weight, as `weightObjRef` says it; empty where our NGINX splits."""


class Reward(NamedTuple):
    """What the candidate should be better at. margin: by how much it may be worse, in the metric's unit; 0: it must be better."""

    metric: Metric
    direction: Direction = "High"
    margin: float = 0.0


class Objective(NamedTuple):
    """A metric between limits, in the metric's unit. rolls_back: a shown violation by the candidate ends its part early."""

    metric: Metric
    upper: float | None = None
    lower: float | None = None
    rolls_back: bool = True


class Guard(NamedTuple):
    """A metric in which the candidate must not be worse than the baseline by more than a factor: of the odds of a rate, of a latency."""

    metric: Metric
    margin: float


class Strength(NamedTuple):
    """How certain a verdict must be."""

    method: Method = "always-valid"
    alpha: float = 0.05
    """Probability, at most, to promote wrongly."""
    alpha_rollback: float = 0.05
    smallest: float | None = None
    """The least difference worth a change, in the reward's unit (the minimum detectable effect). None: any."""
    units_min: int = 0
    """Per variant, before anything is promoted."""
    maturation_s: float = 0.0
    """How long a unit's rewards are waited for, after its first prediction."""
    unit: Unit = "visitor"
    on_no_data: OnNoData = "hold"
    guards: tuple[Guard, ...] = ()


USUAL_STRENGTH = Strength()


class SetWeight(NamedTuple):
    """A step: every candidate gets this many percent, for one iteration at least."""

    percent: float


class Pause(NamedTuple):
    """A step: nothing changes for this long; None: until somebody resumes. Evidence still comes in, and harm still rolls back."""

    seconds: float | None = None


Step = SetWeight | Pause


class Task(NamedTuple):
    """Something to do at the start, after each loop, or at the finish. inputs: as the file's `with`. condition: its `if`, or none."""

    task: str
    inputs: Mapping[str, Any] = {}
    condition: str | None = None


Action = Literal["start", "loop", "finish"]


@dataclass(frozen=True)
class Experiment:
    """Everything that a decision needs to know beforehand."""

    name: str
    target: str
    """As the file says: one experiment at a time per target."""
    route: str
    pattern: Pattern
    deployment: Deployment
    baseline: Version
    candidates: tuple[Version, ...] = ()
    namespace: str = "default"
    reward: Reward | None = None
    objectives: tuple[Objective, ...] = ()
    indicators: tuple[Metric, ...] = ()
    """Shown, never judged; the request count is the first of them if the file names one."""
    strength: Strength = USUAL_STRENGTH
    interval_s: float = 20.0
    iterations: int = 15
    """Per loop."""
    loops: int = 1
    candidate_weight_max: float = 100.0
    """Percent, of each candidate."""
    increment_max: float = 10.0
    """Percent per iteration, of each candidate."""
    steps: tuple[Step, ...] = ()
    """Instead of increments, one after another; empty: increments."""
    actions: Mapping[Action, tuple[Task, ...]] = field(default_factory=dict)
    questions: Mapping[str, shapes.Metric] = field(default_factory=dict)
    """What a provider is asked, by the metric's name."""
    text: str = ""
    """The file itself, for the journal."""

    @property
    def versions(self) -> tuple[Version, ...]:
        """The baseline first."""
        return (self.baseline, *self.candidates)

    @property
    def iterations_in_all(self) -> int:
        """After so many looks the time is up."""
        return self.iterations * self.loops
