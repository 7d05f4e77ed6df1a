"""The relations that people and the lab ask: evidence per block, per visitor and per rewarded prediction."""

from datetime import datetime

from lab.store import sums
from lab.store.sums import FAILED, MS, Sums

# Feedback that speaks of a prediction: of several records of one metric the first counts, as the sender was told.
# A record that came before its prediction counts from the moment that this one appears.
REWARDS = """
create or replace view rewards as
with firsts as (
    select request_id, metric, arg_min(reward, (time, id)) as reward, min(time) as given_at, arg_min(outcome, (time, id)) = 'late' as late,
           any_value(predicted_at) as predicted_at, any_value(predicted_route) as route, any_value(experiment) as experiment,
           any_value(epoch) as epoch, any_value(predicted_variant) as variant, any_value(reason) as reason,
           any_value(predicted_visitor) as visitor
    from feedback
    where predicted_at is not null and outcome in ('stored', 'late', 'unknown') and metric in ('reward', 'truth') and reward is not null
    group by request_id, metric
)
select request_id, arg_min(reward, metric) as reward, min(given_at) as given_at, arg_min(late, metric) as late,
       any_value(predicted_at) as predicted_at, any_value(route) as route, any_value(experiment) as experiment, any_value(epoch) as epoch,
       any_value(variant) as variant, any_value(reason) as reason, any_value(visitor) as visitor
from firsts group by request_id
"""

# A visitor belongs to the variant and epoch of their first prediction, if the split chose it. What came after they met another variant
# does not count. Those who met one are few: theirs is counted again, prediction by prediction.
VISITORS = """
create or replace view visitors as
with met as (select * replace (coalesce(experiment, '') as experiment) from visits),
firsts as (
    select route, experiment, visitor, arg_min(variant, turn) as variant, min(first) as first,
           arg_min_null(epoch, turn) as epoch, arg_min_null(weight, turn) as weight
    from met group by route, experiment, visitor having arg_min(split, turn)
),
others as (
    select f.route, f.experiment, f.visitor, min(m.first) as switched
    from firsts f join met m using (route, experiment, visitor) where m.variant <> f.variant group by all
),
known as (
    select f.*, o.switched from firsts f left join others o using (route, experiment, visitor)
),
steady as (
    select k.route, k.experiment, k.visitor, m.n, m.failed, m.sum_ms, m.sum_ms2
    from known k join met m using (route, experiment, visitor, variant) where m.split and k.switched is null
),
switchers as (
    select k.route, k.experiment, k.visitor, count(*) as n, count(*) filter (where {failed}) as failed,
           sum({ms})::HUGEINT as sum_ms, sum({ms} * {ms})::HUGEINT as sum_ms2
    from predictions p join known k on p.route = k.route and coalesce(p.experiment, '') = k.experiment and p.visitor = k.visitor
    where k.switched is not null and p.variant = k.variant and p.reason = 'split' and p.time < k.switched group by all
),
counted as (select * from steady union all select * from switchers),
rewarded as (
    select k.route, k.experiment, k.visitor, count(*) as rewarded, fsum(r.reward order by r.request_id) as reward
    from rewards r join known k on r.route = k.route and coalesce(r.experiment, '') = k.experiment and r.visitor = k.visitor
    where r.reason = 'split' and r.variant = k.variant and not r.late and (k.switched is null or r.predicted_at < k.switched) group by all
)
select k.route, k.experiment, k.visitor, k.variant, k.epoch, k.weight, k.first, k.switched,
       coalesce(c.n, 0) as n, coalesce(c.failed, 0) as failed, coalesce(c.sum_ms, 0) as sum_ms, coalesce(c.sum_ms2, 0) as sum_ms2,
       coalesce(r.rewarded, 0) as rewarded, {capped} as reward
from known k left join counted c using (route, experiment, visitor) left join rewarded r using (route, experiment, visitor)
"""


def of_sums(through: datetime) -> list[str]:
    """SQL of the views over partial sums. What is younger than `through` is counted on the spot.

    The moment stands in the view as a literal: with it DuckDB skips the older predictions without reading them.
    """
    names = {"blocks": sums.BLOCKS, "latency": sums.LATENCY, "labels": sums.LABELS, "visits": sums.VISITS, "attempts": sums.ATTEMPTS}
    return [_over(name, table, through) for name, table in names.items()]


def of_visitors(reward_cap: float | None) -> list[str]:
    """SQL of the views that join rewards. `reward_cap` bounds the sum that one visitor may contribute."""
    reward = "coalesce(r.reward, 0)"
    capped = reward if reward_cap is None else f"least({reward}, {reward_cap!r}::DOUBLE)"
    return [REWARDS, VISITORS.format(failed=FAILED, ms=MS, capped=capped)]


def _over(name: str, table: Sums, through: datetime) -> str:
    lines = f"select * from predictions where time >= timestamp '{through.isoformat(sep=' ')}'"
    parts = f"select * from {table.table} union all by name (with lines as ({lines}) {table.partial})"
    return f"create or replace view {name} as with parts as ({parts}) {table.whole}"
