"""The evidence of a run as files: every look with all that was recorded, as JSON and as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.judge.said import metrics_of
from lab.web.answer import OPTIONS
from lab.web.experiments import look_json

# What makes a spreadsheet take a text for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

HEAD = ("run", "look", "iteration", "time", "through", "epoch", "verdict", "why", "held", "ends", "digest", "variant", "role",
        "weight_before_percent", "weight_after_percent", "difference", "difference_low", "difference_high", "difference_alpha")  # fmt: skip
MEASURED = ("value", "n", "low", "high")


def json_parts(case: Case, said: Mapping[str, Any]) -> Iterator[bytes]:
    """The file look by look: an experiment that was paused for a week has made thousands. `said`: its status."""
    story = case.story
    head = {"name": case.name, "status": said, "text": story.text, "software": dict(story.software),
            "deeds": [one._asdict() for one in story.deeds], "tasks": [dict(one) for one in story.tasks]}  # fmt: skip
    yield _json(head)[:-1] + b',"looks":['
    for number, look in enumerate(story.looks):
        yield (b",\n" if number else b"\n") + _json(look_json(look))
    yield b"]}\n"


def csv_parts(case: Case) -> Iterator[str]:
    """One row per look and variant, below a row of names."""
    metrics = [one.name for one in metrics_of(case.experiment)]
    claims = _claims(case.story.looks)
    columns = [f"{metric} {part}" for metric in metrics for part in MEASURED] + [f"log_e {one}" for one in claims]
    yield _line([*HEAD, *columns])
    for look in case.story.looks:
        for version in case.experiment.versions:
            role = "baseline" if version == case.experiment.baseline else "candidate"
            yield _line([*_fixed(case, look, version.variant, role), *_numbers(look, version.variant, metrics, claims)])


def _claims(looks: Iterable[LookTold]) -> list[str]:
    """The names of all e-values, in the order in which they come up."""
    return list(dict.fromkeys(name for look in looks for one in look.decision["judgements"] for name in one["log_e"]))


def _fixed(case: Case, look: LookTold, variant: str, role: str) -> list[object]:
    after = look.before.weights if look.weights is None else look.weights
    interval = (_judged(look, variant).get("interval")) or {}
    return [case.name, look.number, look.before.iteration, _time(look.at), _time(look.through), look.epoch, look.decision["kind"],
            look.decision["why"], look.held, look.ends, look.digest, variant, role, look.before.weights.get(variant), after.get(variant),
            _judged(look, variant).get("difference"), interval.get("low"), interval.get("high"), interval.get("alpha")]  # fmt: skip


def _numbers(look: LookTold, variant: str, metrics: list[str], claims: list[str]) -> list[object]:
    measured = {one["metric"]: one for one in look.decision["measured"] if one["variant"] == variant}
    log_e = _judged(look, variant).get("log_e") or {}
    return [*(measured.get(metric, {}).get(part) for metric in metrics for part in MEASURED), *(log_e.get(one) for one in claims)]


def _judged(look: LookTold, variant: str) -> Mapping[str, Any]:
    return next((one for one in look.decision["judgements"] if one["variant"] == variant), {})


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds').removesuffix('+00:00')}Z"


def _line(values: Iterable[object]) -> str:
    said = io.StringIO()
    csv.writer(said).writerow([_safe(one) for one in values])
    return said.getvalue()


def _safe(value: object) -> object:
    """Numbers as they are; a text is never a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _json(content: object) -> bytes:
    return orjson.dumps(content, option=OPTIONS, default=str)
