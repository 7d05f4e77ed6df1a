"""What an experiment has seen between two moments: the blocks that its judge takes.

The same journals always give the same blocks, whenever they are asked and whatever was asked before: everything is bounded by the times
in the lines, and nothing by how far somebody had read.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from lab.judge.block import NO_HISTOGRAM, Arm, Block
from lab.spec.experiment import Unit
from lab.stats.counts import Counts
from lab.stats.histogram import BINS, Histogram
from lab.stats.moments import Moments, PairMoments
from lab.store import sums
from lab.store.store import Store
from lab.store.tables import utc

# Seconds after which a visitor who has arrived is counted: almost everybody has an answer by then, however slow their variant is.
ANSWERED_S = 10.0

# Seconds for which the two answers to a copied request may lie apart.
APART_S = 300

BIN_OF_INFERENCE = sums.bin_of("(inference_us / 1e6)")


class Run(NamedTuple):
    """What of the journals belongs to an experiment."""

    name: str
    """As the predictions name it."""
    route: str
    variants: tuple[str, ...]
    """The baseline first."""
    unit: Unit = "visitor"
    maturation_s: float = 0.0
    """Seconds after a unit's first prediction in which its predictions and their rewards count."""
    reward_cap: float | None = None
    """Most that one unit's rewards may add up to."""
    addresses: Mapping[str, str] = {}
    """Variants by the namespace and name of the Seldon deployment that feedback may be addressed to: `ns-baseline/iris`."""
    since: float = 0.0
    """When it began, in seconds since 1970: nothing of it is older, so that older predictions need not be searched."""


class Key(NamedTuple):
    """Whose numbers."""

    epoch: int
    variant: str


def blocks(store: Store, run: Run, after: float, through: float) -> tuple[Block, ...]:
    """One block per epoch, in order, of the predictions answered from `after` (included) to `through` (not included).

    Both in seconds since 1970. Rewards are those of the units whose first prediction lies as far back as they need to mature: neighbouring
    stretches of time have neighbouring units, each once.
    """
    with store.cursor() as cursor:
        return _Asked(cursor, run, after, through).blocks()


class _Asked:
    """One question."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, run: Run, after: float, through: float) -> None:
        self.cursor = cursor
        self.run = run
        self.values = {
            "route": run.route,
            "run": run.name,
            "since": utc(run.since),
            "after": utc(after),
            "through": utc(through),
            "came_after": utc(after - ANSWERED_S),
            "came_through": utc(through - ANSWERED_S),
            "entered_after": utc(after - run.maturation_s),
            "entered_through": utc(through - run.maturation_s),
            "apart": APART_S,
            "window_us": round(run.maturation_s * 1e6),
        }
        self.found: dict[Key, dict[str, Any]] = defaultdict(dict)

    def blocks(self) -> tuple[Block, ...]:
        self._count_predictions()
        self._fill_histograms("latency", sums.BIN, "true")
        self._fill_histograms("inference", BIN_OF_INFERENCE, "inference_us is not null")
        self._count_visitors()
        self._judge_units()
        self._compare_pairs()
        self._count_sent()
        arms: dict[int, dict[str, Arm]] = defaultdict(dict)
        for key in sorted(self.found):
            arms[key.epoch][key.variant] = Arm(**self.found[key])
        return tuple(Block(epoch, self._weights(epoch), arms[epoch]) for epoch in sorted(arms))

    def _count_predictions(self) -> None:
        rows = self._ask(
            f"""select epoch, variant, count(*), count(*) filter (where {sums.FAILED}),
                       count(outlier), count(*) filter (where outlier), count(*) filter (where rescued),
                       count(*) filter (where weight = 0), sum({sums.MS})::BIGINT, sum(inference_us)::BIGINT
                from predictions where {THESE} group by all"""
        )
        for epoch, variant, n, failed, judged, outliers, rescued, leaked, ms, inference_us in rows:
            self.found[Key(epoch, variant)] |= {
                "requests": Counts(n, failed),
                "outliers": Counts(judged, outliers),
                "rescued": rescued,
                "leaked": leaked,
                "latency_total_s": ms / 1e3,
                "inference_total_s": (inference_us or 0) / 1e6,
            }

    def _fill_histograms(self, field: str, in_bin: str, condition: str) -> None:
        rows = self._ask(f"select epoch, variant, {in_bin} as bin, count(*) from predictions where {THESE} and {condition} group by all")
        for key, bins in _by_key(rows).items():
            self.found[key][field] = _histogram(bins)

    def _count_visitors(self) -> None:
        """Who came for the first time, a while ago."""
        for epoch, variant, visitors in self._ask(
            f"with {_fresh('came_after', 'came_through')} select epoch, variant, count(*) from fresh group by all"
        ):
            self.found[Key(epoch, variant)]["visitors"] = visitors

    def _judge_units(self) -> None:
        """Rewards of those who have matured; equal ones together, so that the sums do not depend on the order of rows."""
        units = VISITORS.format(fresh=_fresh("entered_after", "entered_through")) if self.run.unit == "visitor" else REQUESTS
        rows = self._ask(
            f"with {units}, {OUTCOMES} select epoch, variant, reward, covered, known, correct, count(*) from units group by all"
        )
        for key, units_alike in _by_key(rows).items():
            self.found[key] |= _outcomes(units_alike, self.run.reward_cap)

    def _compare_pairs(self) -> None:
        for epoch, variant, answered, same in self._ask(PAIRS):
            self.found[Key(epoch, variant)]["pairs"] = Counts(answered, same)

    def _count_sent(self) -> None:
        """Feedback that names a variant and no prediction belongs to no epoch; it is counted with the latest."""
        sent: Counter[str] = Counter()
        for variant, address, n in self._ask(SENT):
            sent[variant or self.run.addresses.get(address)] += n
        epoch = max((key.epoch for key in self.found), default=None) or self._latest_epoch()
        for variant in self.run.variants:
            if sent[variant]:
                self.found[Key(epoch, variant)]["sent"] = sent[variant]

    def _latest_epoch(self) -> int:
        ((epoch,),) = self._ask(
            "select coalesce(max(epoch), 0) from decisions where route = $route and experiment = $run and time < $through"
        )
        return int(epoch)

    def _weights(self, epoch: int) -> Mapping[str, float]:
        """Percent as planned. Should the journal of decisions be gone: what the predictions say of themselves."""
        rows = self._ask(
            f"select weights from decisions where route = $route and epoch = {int(epoch)} and weights is not null order by time"
        )
        if rows:
            return {name: float(percent) for name, percent in json.loads(rows[-1][0]).items()}
        rows = self._ask(f"select variant, any_value(weight) from predictions where {THESE} and epoch = {int(epoch)} group by all")
        return {variant: 100 * (share or 0.0) for variant, share in sorted(rows)}

    def _ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        named = {name: value for name, value in self.values.items() if f"${name}" in sql}
        return self.cursor.execute(sql, named).fetchall()


def _ours(table: str) -> str:
    """SQL: the predictions and copies of this experiment."""
    return f"{table}.route = $route and {table}.experiment = $run and {table}.variant is not null and {table}.epoch is not null"


# When a request began, of which a line tells the end.
ARRIVED = f"time - to_milliseconds({sums.MS})"

# The predictions that the split assigned.
OURS = _ours("predictions")
THESE = f"{OURS} and reason = 'split' and time >= $after and time < $through"
SEEN = f"{OURS} and reason is distinct from 'shadow'"


def _fresh(start: str, end: str) -> str:
    """SQL: the visitors whose first prediction of this experiment arrived between two moments, if the split chose it.

    By arrival, not by answer: otherwise the visitors of a slow variant would seem to be missing. Who has no answer by `$through` is.
    """
    return f"""
    arrivals as (
        select visitor, variant, epoch, reason = 'split' as by_split, {ARRIVED} as arrived, ({ARRIVED}, request_id) as turn
        from predictions where {SEEN} and visitor is not null and time >= ${start} and time < $through
    ),
    firsts as (
        select visitor, min(arrived) as first, arg_min(variant, turn) as variant, arg_min(epoch, turn) as epoch,
               arg_min(by_split, turn) as by_split
        from arrivals group by visitor having min(arrived) >= ${start} and min(arrived) < ${end}
    ),
    earlier as (
        select distinct visitor from predictions
        where {SEEN} and time >= $since and time < ${start} and visitor in (select visitor from firsts)
    ),
    fresh as (select * from firsts where by_split and visitor not in (select visitor from earlier))"""


# Of every prediction that counts: whose it is. A visitor counts for the variant that they met first, whoever answered later: while a
# candidate grows, only the baseline's visitors move, and to leave out what they do then would make the baseline look worse than it is.
VISITORS = f"""{{fresh}},
    mine as (
        select f.visitor as unit, f.epoch, f.variant, p.request_id, f.first
        from fresh f join predictions p on p.visitor = f.visitor
        where {_ours("p")} and p.reason = 'split'
              and p.time >= $entered_after and p.time < $through
              and epoch_us(p.time) - round(p.request_s * 1e6) - epoch_us(f.first) <= $window_us
    ),
    everybody as (select visitor as unit, epoch, variant from fresh)"""

REQUESTS = f"""
    mine as (
        select request_id as unit, epoch, variant, request_id, time as first from predictions
        where {OURS} and reason = 'split' and time >= $entered_after and time < $entered_through
    ),
    everybody as (select unit, epoch, variant from mine)"""

# What was said of them in time; of several records of one metric the first counts, as the sender was told.
OUTCOMES = """
    said as (
        select m.unit, f.request_id, f.metric, arg_min(f.reward, (f.time, f.id)) as reward
        from mine m join feedback f on f.request_id = m.request_id
        where f.outcome in ('stored', 'unknown') and f.metric in ('reward', 'truth') and f.reward is not null
              and epoch_us(f.time) - epoch_us(m.first) <= $window_us
        group by all
    ),
    rewarded as (
        select unit, request_id, arg_min(reward, metric) as reward, max(reward) filter (where metric = 'truth') as truth
        from said group by all
    ),
    summed as (
        select unit, fsum(reward order by request_id) as reward, count(truth) as known, coalesce(sum(truth), 0)::BIGINT as correct
        from rewarded group by unit
    ),
    units as (
        select e.epoch, e.variant, coalesce(s.reward, 0) as reward, s.unit is not null as covered, coalesce(s.known, 0) as known,
               coalesce(s.correct, 0) as correct
        from everybody e left join summed s using (unit)
    )"""

# A copy and the answer that the visitor saw, both in time; each pair is counted when the second of them is there.
PAIRS = f"""
select s.epoch, s.variant, count(*), count(*) filter (where s.label = p.label)
from predictions s join predictions p on s.request_id = p.request_id
where {_ours("s")}
      and s.reason = 'shadow' and p.reason is distinct from 'shadow' and s.label is not null and p.label is not null
      and s.time >= $after - to_seconds($apart) and s.time < $through and p.time >= $after - to_seconds($apart) and p.time < $through
      and greatest(s.time, p.time) >= $after
group by all"""

SENT = """
select variant, address, count(*) from feedback
where request_id is null and outcome = 'unattributed' and time >= $after and time < $through
      and (route = $route and variant is not null or address is not null)
group by all"""


def _by_key(rows: Sequence[tuple]) -> Mapping[Key, list[tuple]]:  # type: ignore[type-arg]
    """What follows epoch and variant in each row."""
    found: dict[Key, list[tuple]] = defaultdict(list)  # type: ignore[type-arg]
    for epoch, variant, *rest in rows:
        found[Key(epoch, variant)].append(tuple(rest))
    return found


def _histogram(bins: Sequence[tuple[int, int]]) -> Histogram:
    if not bins:
        return NO_HISTOGRAM
    counts = np.zeros(BINS)
    for place, n in bins:
        counts[place] = n
    return Histogram(counts)


class _Alike(NamedTuple):
    """How many units have the same outcome."""

    reward: float
    covered: bool
    known: int
    correct: int
    n: int


def _outcomes(rows: Sequence[tuple], cap: float | None) -> dict[str, Any]:  # type: ignore[type-arg]
    alike = [_capped(_Alike(*row), cap) for row in sorted(rows)]
    known = [one for one in alike if one.known]
    n = sum(one.n for one in alike)
    return {
        "rewards": Moments.of(_each(alike, "reward")),
        "converted": Counts(n, sum(one.n for one in alike if one.reward > 0)),
        "truths": PairMoments.of(_each(known, "known"), _each(known, "correct")),
        "judged": Counts(sum(one.n * one.known for one in alike), sum(one.n * one.correct for one in alike)),
        "covered": Counts(n, sum(one.n for one in alike if one.covered)),
    }


def _capped(one: _Alike, cap: float | None) -> _Alike:
    return one if cap is None else one._replace(reward=min(one.reward, cap))


def _each(alike: Sequence[_Alike], field: str) -> NDArray[np.float64]:
    """One value per unit."""
    return np.repeat(np.array([getattr(one, field) for one in alike], dtype=np.float64), [one.n for one in alike])
