"""A lab's state as it is after four hours of traffic: predictions, shadows' copies, feedback, and experiments that have looked at them."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from bench import journals
from bench.errors import Failure
from bench.journals import Traffic
from bench.processes import REPOSITORY
from lab.controller import judge
from lab.controller.controller import Controller, World
from lab.controller.records import Book
from lab.controller.software import software
from lab.controller.tasks import Outcome, Tasks
from lab.feedback.item import Item, Sender
from lab.feedback.line import line
from lab.feedback.outcome import Answer
from lab.feedback.outcome import Outcome as Became
from lab.journal import decisions
from lab.store.exposed import blocks
from lab.store.store import Store
from lab.traffic.nginx import FILE, NginxTraffic

HOURS = 4

# Of so many predictions of svc one is copied to a shadow; of so many copies one is answered otherwise; of so many predictions one is
# rewarded, every third time with 1.
COPIED, OTHERWISE, REWARDED, PLEASED = 10, 20, 10, 3

# Looks of an experiment.
LOOKS = 20

# What the journal's lines say of their experiment, so that these find them.
IRIS, FRUIT = "iris-weighted", "fruit-weighted"

# Seconds between two looks: in four hours the first ends, the second comes to its middle. So that it does not look while somebody
# measures, its next look is long to come.
INTERVAL_S = {IRIS: 720.0, FRUIT: 1440.0}
CANDIDATES = {IRIS: ("iris", "svc", ["forest"]), FRUIT: ("fruit", "custom", ["vgg16", "vgg16int8"])}

EXPERIMENT = """
apiVersion: iter8.tools/v2alpha2
kind: Experiment
metadata: {{name: {name}}}
spec:
  target: {route}
  strategy:
    testingPattern: {pattern}
    deploymentPattern: Progressive
    weights: {{maxCandidateWeight: 60, maxCandidateWeightIncrement: 10}}
  criteria:
    requestCount: request-count
    rewards: [{{metric: mean-reward, preferredDirection: High}}]
    objectives:
    - {{metric: latency-95th-percentile, upperLimit: 1000}}
    - {{metric: error-rate, upperLimit: "0.05"}}
    strength: {{unit: request, maturation: 10}}
  duration: {{intervalSeconds: {interval_s:.0f}, iterationsPerLoop: {looks}}}
  versionInfo:
    baseline: {{name: {baseline}}}
    candidates: [{candidates}]
"""


class Hands(NamedTuple):
    """A clock that is turned, and what has been put into the future meanwhile."""

    turned: list[float]

    def now(self) -> float:
        """Seconds since 1970; the same for those who want a clock that never jumps."""
        return self.turned[0]

    def turn(self, seconds: float) -> None:
        """On."""
        self.turned[0] += seconds


class Lived:
    """The state of one lab that goes on: whatever is due by now is written when `go_on` is called."""

    def __init__(self, state: Path, lines: int, start: float) -> None:
        """`lines` predictions in the four hours from `start` on, in seconds since 1970."""
        self.state = state
        self.journal = state / "journal"
        self.traffic = Traffic(start, lines / (HOURS * 3600))
        self.written = 0
        """Predictions."""
        self.middle: dict[str, str] = {}
        """The request id and the visitor of a prediction of the middle, which is neither among the first nor among the last."""
        self._endless = journals.lines(self.traffic)
        self._half = lines // 2

    def go_on(self, until: float) -> None:
        """Writes what was predicted before then."""
        due = int((until - self.traffic.start) * self.traffic.per_second)
        while self.written < due:
            some = list(itertools.islice(self._endless, min(due - self.written, journals.CHUNK)))
            journals.write(self.journal, itertools.chain.from_iterable(_with_copies(some)))
            _reward(self.journal, some[::REWARDED], self.written)
            if self.written <= self._half < self.written + len(some):
                self.middle = _names(some[self._half - self.written])
            self.written += len(some)

    def read(self) -> None:
        """Into the database, at once."""
        with closing(Store(self.state)) as store:
            store.read_on()


def run_experiments(state: Path, until: float) -> None:
    """Lets both experiments run on what is there, so that their last look is `until`; their records are then in the journal."""
    step = min(INTERVAL_S.values())
    hands = Hands([until - LOOKS * step])
    with closing(Store(state)) as store:
        controller = _controller(state, store, hands)
        for name in CANDIDATES:
            controller.start(_file(name), "bench", None)
        for _ in range(LOOKS):
            hands.turn(step)
            controller.tick()
        stages = {case.name: (len(case.story.looks), case.trouble) for case in controller.cases()}
    if stages != {IRIS: (LOOKS, None), FRUIT: (LOOKS // 2, None)}:
        raise Failure(f"The experiments did not run as they should: {stages}.")


def take_experiments(state: Path, other: Path) -> None:
    """Gives one lab the records and the table of another."""
    (state / "journal").mkdir(parents=True, exist_ok=True)
    for name in (FILE, f"journal/{decisions.KIND}.jsonl"):
        shutil.copy(other / name, state / name)


def _names(one: bytes) -> dict[str, str]:
    said = json.loads(one)
    return {name: said[name] for name in ("request_id", "visitor")}


def _with_copies(some: Sequence[bytes]) -> Iterator[list[bytes]]:
    for number, one in enumerate(some):
        is_copied = number % COPIED == 0 and b'"route":"iris"' in one and b'"variant":"svc"' in one
        yield [one, _copy(one, number % (COPIED * OTHERWISE) == 0)] if is_copied else [one]


def _copy(one: bytes, is_otherwise: bool) -> bytes:
    """What the shadow xgboost says of the same."""
    made = one.replace(b'"svc"', b'"xgboost"').replace(b'"reason":"split"', b'"reason":"shadow"')
    return made.replace(b'"setosa"', b'"virginica"') if is_otherwise else made


def _reward(journal: Path, some: Sequence[bytes], first: int) -> None:
    """A tenth of a second after the prediction."""
    for of, group in itertools.groupby(enumerate(some, first), lambda numbered: journals.hour(numbered[1])):
        with (journal / f"feedback-{of}.jsonl").open("ab") as file:
            file.writelines(_rewarding(number, one) for number, one in group)


def _rewarding(number: int, one: bytes) -> bytes:
    request_id = journals.request_id(one)
    said = Item(request_id, "reward", float(number % PLEASED == 0))
    answer = Answer(Became.stored, request_id, "reward")
    return line(said, Sender(), answer, arrived_at=int(request_id[:8], 16) + 1.0, record=f"{number:032x}")


def _controller(state: Path, store: Store, hands: Hands) -> Controller:
    """As the service has it, but for the clock."""
    world = World(
        book=Book(store.journal),
        traffic=NginxTraffic(state, REPOSITORY / "nginx"),
        ask=lambda run, after, through: blocks(store, run, after, through),
        refresh=store.read_on,
        submit=_at_once,
        clock=hands.now,
        monotonic=hands.now,
        software=software(),
    )
    return Controller(world, judge.real(), Tasks(False))


def _at_once(work: Callable[[], Outcome]) -> "Future[Outcome]":
    done: Future[Outcome] = Future()
    done.set_result(work())
    return done


def _file(name: str) -> str:
    route, baseline, others = CANDIDATES[name]
    pattern = "A/B" if len(others) == 1 else "A/B/N"
    candidates = ", ".join(f"{{name: {one}}}" for one in others)
    return EXPERIMENT.format(
        name=name, route=route, baseline=baseline, candidates=candidates, pattern=pattern, interval_s=INTERVAL_S[name], looks=LOOKS
    )
