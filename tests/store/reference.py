"""What the database should say, computed slowly and plainly from the lines."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from lab.stats.histogram import bin_of
from tests.store.conftest import START

Record = dict[str, Any]

EPOCH = datetime(2000, 1, 1)


def time_of(record: Record) -> datetime:
    return datetime.fromisoformat(record["time"]).replace(tzinfo=None)


def block_of(record: Record) -> datetime:
    """The ten seconds in which a prediction lies."""
    return EPOCH + (time_of(record) - EPOCH) // timedelta(seconds=10) * timedelta(seconds=10)


def failed(record: Record) -> bool:
    return record["status"] >= 500 or not record["complete"] or record["rescued"]


def ms(record: Record) -> int:
    return round(record["request_s"] * 1000)


def key(record: Record) -> tuple[Any, ...]:
    return (block_of(record), *(record[name] for name in ("route", "experiment", "epoch", "variant", "reason")))


def blocks(lines: list[Record]) -> set[tuple[Any, ...]]:
    """One row per key, as the view has them."""
    rows = set()
    for one in {key(line) for line in lines}:
        of = [line for line in lines if key(line) == one]
        rows.add((
            *one, len(of), sum(map(failed, of)), sum(line["rescued"] for line in of), sum(400 <= line["status"] < 500 for line in of),
            sum(line["outlier"] is True for line in of), sum(line["outlier"] is not None for line in of),
            sum(map(ms, of)), sum(ms(line) ** 2 for line in of),
        ))  # fmt: skip
    return rows


def latency(lines: list[Record]) -> Counter[tuple[Any, ...]]:
    return Counter((*key(line), int(bin_of(line["request_s"]))) for line in lines)


def labels(lines: list[Record]) -> Counter[tuple[Any, ...]]:
    return Counter((*key(line), line["label"]) for line in lines if line["label"] is not None)


def attempts(lines: list[Record]) -> set[tuple[str, int, int]]:
    made = [attempt for line in lines for attempt in line["attempts"] if attempt["status"] != 502]
    given_up = Counter(one["variant"] for one in made if one["status"] in (None, 504))
    tried = Counter(one["variant"] for one in made)
    return {(variant, n - given_up[variant], given_up[variant]) for variant, n in tried.items()}


def rewards(lines: list[Record], said: list[Record]) -> dict[str, tuple[float, bool]]:
    """Reward and lateness per request id: a plain reward before one that follows from the truth; of each the first record."""
    seen = {line["request_id"]: line for line in lines if line["reason"] != "shadow"}
    found: dict[str, tuple[float, bool]] = {}
    for metric in ("truth", "reward"):
        kept = [one for one in said if one["metric"] == metric and one["outcome"] in ("stored", "late", "unknown")]
        for one in sorted(kept, key=lambda one: (one["time"], one["id"]), reverse=True):
            line = seen.get(one["request_id"])
            if line is None or (metric == "truth" and line["label"] is None):
                continue
            reward = float(one["truth"] == line["label"]) if metric == "truth" else one["value"]
            found[one["request_id"]] = (reward, one["outcome"] == "late")
    return found


def visitors(lines: list[Record], said: list[Record], cap: float | None = None) -> set[tuple[Any, ...]]:
    """Route, experiment, visitor, variant, epoch, weight, n, failed, sum of ms, rewarded, reward."""
    rows = set()
    seen = [line for line in lines if line["visitor"] and line["variant"] and line["reason"] != "shadow"]
    given = rewards(lines, said)
    for route, experiment, visitor in {(line["route"], line["experiment"] or "", line["visitor"]) for line in seen}:
        theirs = [line for line in seen if (line["route"], line["experiment"] or "", line["visitor"]) == (route, experiment, visitor)]
        theirs.sort(key=time_of)
        first = theirs[0]
        if first["reason"] != "split":
            continue
        switched = min((time_of(line) for line in theirs if line["variant"] != first["variant"]), default=datetime.max)
        own = [line for line in theirs if line["reason"] == "split" and line["variant"] == first["variant"]]
        counted = [line for line in own if time_of(line) < switched]
        got = [given[line["request_id"]][0] for line in counted if line["request_id"] in given and not given[line["request_id"]][1]]
        reward = sum(got) if cap is None else min(sum(got), cap)
        rows.add((
            route, experiment, visitor, first["variant"], first["epoch"], first["weight"], len(counted), sum(map(failed, counted)),
            sum(map(ms, counted)), len(got), reward,
        ))  # fmt: skip
    return rows


def apart(lines: list[Record]) -> list[Record]:
    """The same lines, with no two predictions at the same moment."""
    return [line | {"time": (START + timedelta(milliseconds=13 * number)).isoformat(timespec="milliseconds") + "Z"}
            for number, line in enumerate(lines)]  # fmt: skip
