"""Counts and sums of predictions, kept so that nobody has to read every prediction again.

Every table here holds partial sums: rows of the same key add up to one, in whatever order they came, so that lines which arrive late
are simply added. Milliseconds are summed as whole numbers, which makes the sums exact.
"""

from typing import NamedTuple

# Seconds of one block of evidence: a stretch of time over which counts and sums are kept.
BLOCK_S = 10

# Bins of a latency histogram, PER_DECADE for every factor of ten from LOWEST_S on: those of lab/stats/histogram.py, as a test checks.
BINS = 2000
LOWEST_S = 1e-5
PER_DECADE = 250

BLOCK = f"time_bucket(interval {BLOCK_S} seconds, time, timestamp '2000-01-01')"

# An answer that is the assigned variant's failure: it broke off, the visitor got a 5xx, or somebody else had to answer.
FAILED = "(status >= 500 or not complete or rescued)"

# A copy for a shadow that was sent to nobody, because too many waited already: the shadow did not fail.
DROPPED = "(reason = 'shadow' and status = 503 and len(attempts) = 0)"


def bin_of(seconds: str) -> str:
    """SQL: the bin of a latency in seconds."""
    # The hair keeps one that is an edge from falling into the bin before it.
    return f"least({BINS - 1}, floor(log10(greatest({seconds}, {LOWEST_S!r}) / {LOWEST_S!r}) * {PER_DECADE} + 1e-9))::INTEGER"


BIN = bin_of("request_s")

# Puts a visitor's predictions in order, also those of the same moment. One number: DuckDB is four times slower at comparing structures.
TURN = "(epoch_us(time)::HUGEINT * 18446744073709551616 + hash(request_id)::HUGEINT)"

MS = "round(request_s * 1000)::BIGINT"


class Sums(NamedTuple):
    """One table of partial sums."""

    table: str
    partial: str
    """SQL that makes its rows of the relation `lines`, which has the columns of predictions."""
    whole: str
    """SQL that puts the partial sums of the relation `parts` together: one row per key."""


BLOCKS = Sums(
    "block_sums",
    f"""select {BLOCK} as block, route, experiment, epoch, variant, reason,
               count(*) as n,
               count(*) filter (where {FAILED}) as failed,
               count(*) filter (where rescued) as rescued,
               count(*) filter (where status between 400 and 499) as refused,
               count(*) filter (where outlier) as outliers,
               count(*) filter (where outlier is not null) as judged,
               sum({MS})::HUGEINT as sum_ms,
               sum({MS} * {MS})::HUGEINT as sum_ms2
        from lines group by all""",
    """select block, route, experiment, epoch, variant, reason,
              sum(n)::BIGINT as n, sum(failed)::BIGINT as failed, sum(rescued)::BIGINT as rescued, sum(refused)::BIGINT as refused,
              sum(outliers)::BIGINT as outliers, sum(judged)::BIGINT as judged,
              sum(sum_ms)::HUGEINT as sum_ms, sum(sum_ms2)::HUGEINT as sum_ms2
       from parts group by all""",
)

LATENCY = Sums(
    "latency_sums",
    f"select {BLOCK} as block, route, experiment, epoch, variant, reason, {BIN} as bin, count(*) as n from lines group by all",
    "select block, route, experiment, epoch, variant, reason, bin, sum(n)::BIGINT as n from parts group by all",
)

LABELS = Sums(
    "label_sums",
    f"""select {BLOCK} as block, route, experiment, epoch, variant, reason, label, count(*) as n
        from lines where label is not null group by all""",
    "select block, route, experiment, epoch, variant, reason, label, sum(n)::BIGINT as n from parts group by all",
)

# One row per visitor and variant that they met, apart by whether the split chose it: only that enters an analysis, but any other
# variant that a visitor meets ends their part in it.
VISITS = Sums(
    "visit_sums",
    f"""select route, experiment, visitor, variant, coalesce(reason = 'split', false) as split,
               min(time) as first,
               min({TURN}) as turn,
               arg_min_null(epoch, {TURN}) as epoch,
               arg_min_null(weight, {TURN}) as weight,
               count(*) as n,
               count(*) filter (where {FAILED}) as failed,
               sum({MS})::HUGEINT as sum_ms,
               sum({MS} * {MS})::HUGEINT as sum_ms2
        from lines where visitor is not null and variant is not null and reason is distinct from 'shadow' group by all""",
    """select route, experiment, visitor, variant, split, min(first) as first, min(turn) as turn,
              arg_min_null(epoch, turn) as epoch, arg_min_null(weight, turn) as weight,
              sum(n)::BIGINT as n, sum(failed)::BIGINT as failed, sum(sum_ms)::HUGEINT as sum_ms, sum(sum_ms2)::HUGEINT as sum_ms2
       from parts group by all""",
)

# How many attempts each variant answered, and how many the gateway gave up on: 504 after its time-out, no status where the client
# hung up first. Those may have been answered later. 502 is its word for one that was not.
ATTEMPTS = Sums(
    "attempt_sums",
    """select attempt.variant as variant,
               count(*) filter (where attempt.status not in (502, 504)) as n,
               count(*) filter (where attempt.status is null or attempt.status = 504) as given_up
        from (select unnest(attempts) as attempt from lines)
        where attempt.status is distinct from 502 group by all""",
    "select variant, sum(n)::BIGINT as n, sum(given_up)::BIGINT as given_up from parts group by all",
)

ALL = (BLOCKS, LATENCY, LABELS, VISITS, ATTEMPTS)
