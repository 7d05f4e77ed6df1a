"""What the page of one prediction shows, in words."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from lab.store.about import About, Said
from lab.web.pages.experiment_state import State
from lab.web.pages.predictions_view import Row, iso, row
from lab.web.pages.predictions_words import UNKNOWN, Places, milliseconds, status

# How the variant came to be chosen. {route}, {variant}, {weight} and {experiment} are the line's.
HOW = {
    "split": "The split of the route {route} drew {variant} for this visitor{share}{experiment}.",
    "roundrobin": "The variants of the route {route} take turns; it was the turn of {variant}{experiment}.",
    "rule": "A header of the request fits a rule of the route {route}, which leads to {variant}.",
    "override": "Whoever asked named {variant}, by X-Variant or by the address.",
    "shadow": "A copy of the request went to {variant}{copied}; nobody waited for it or saw its answer.",
    None: "The request never got as far as a variant.",
}

# What became of feedback.
OUTCOMES = {
    "stored": "counts",
    "late": "kept, too late for a verdict",
    "unknown": "came before its prediction was read; counts since",
    "duplicate": "said before, counts once",
    "conflicting": "contradicts what was said first, does not count",
    "unattributed": "about no known prediction, does not count",
    "malformed": "not understood, does not count",
}

SOURCES = {"page": "a person, by a button", "program": "a program", "seldon": "a Seldon client", "sagemaker": "a SageMaker client"}

KEPT = ("stored", "late", "unknown")


class Attempt(NamedTuple):
    """One service that was asked."""

    variant: str
    place: int
    status: State
    seconds: str


class Part(NamedTuple):
    """One part of the time that a request took."""

    name: str
    kind: str
    """Its colour."""
    took: str
    start: float
    """In percent of the bar."""
    width: float


class Copy(NamedTuple):
    """What a shadow said to a copy."""

    variant: str
    place: int
    answer: str
    """Its label, or what became of the copy."""
    probability: str
    agrees: State | None
    took: str


class Feedback(NamedTuple):
    """One record."""

    at: str
    metric: str
    value: str
    reward: str
    outcome: str
    source: str


class PredictionView(NamedTuple):
    """Everything on the page."""

    request_id: str
    row: Row
    is_copy: bool
    """Only a shadow's copy is in the journal."""
    headline: str
    """Who handled it, what it said, how certain: one sentence."""
    sentences: Sequence[str]
    chosen: str
    attempts: Sequence[Attempt]
    parts: Sequence[Part]
    took: str
    facts: Mapping[str, str]
    features: Sequence[str]
    visitor: str | None
    card: str | None
    """Where the card of the model that answered is on its page."""
    run: str | None
    """The experiment's page, if there is one."""
    copies: Sequence[Copy]
    feedback: Sequence[Feedback]
    takes_thumbs: bool
    line: str


def prediction_view(request_id: str, found: About, places: Places, runs: Collection[str]) -> PredictionView:
    """`runs` are the experiments that have a page."""
    line = found.prediction or found.copies[0]
    shown = row(line, places)
    return PredictionView(
        request_id=request_id,
        row=shown,
        is_copy=found.prediction is None,
        headline=headline(line, shown),
        sentences=list(_sentences(line)),
        chosen=chosen(line),
        attempts=[_attempt(one, line["route"], places) for one in line["attempts"]],
        parts=parts(line),
        took=milliseconds(line["request_s"]),
        facts=_facts(line),
        features=[f"{value:g}" for value in line["features"] or ()],
        visitor=line["visitor"],
        card=f"{line['route']}-{line['served_by']}" if line["served_by"] else None,
        run=line["experiment"] if line["experiment"] in runs else None,
        copies=[_copy(one, found.prediction, places) for one in found.copies if one is not line],
        feedback=[_feedback(one) for one in found.feedback],
        takes_thumbs=_takes_thumbs(found),
        line=json.dumps(line, indent=2, ensure_ascii=False, default=_spelled),
    )


def headline(line: dict[str, Any], shown: Row) -> str:
    """`svc said virginica with a probability of 98.8 %, in 5 ms.`"""
    who = line["served_by"] or line["variant"]
    if line["label"] is None:
        return f"{who or 'The gateway'} answered {line['status']} without a prediction, in {shown.latency}."
    return f"{who} said {shown.label} with a probability of {shown.probability}, in {shown.latency}."


def _sentences(line: dict[str, Any]) -> Iterator[str]:
    """What is out of the ordinary."""
    if line["rescued"]:
        yield f"{line['variant']} failed, so {line['served_by']} answered in its place; it counts as a failure of {line['variant']}."
    if line["reason"] == "shadow" and not line["attempts"]:
        yield "This copy was dropped, because too many waited already: no model was asked, and the visitor noticed nothing."
    if not line["complete"] and line["reason"] != "shadow" and line["status"] < 500:
        yield "The answer broke off: the visitor got a part of it."
    if line["outlier"]:
        yield "The input is an outlier: unlike what the model was trained on, so its answer may mean little."
    if line["stand_in"]:
        yield "The model is a stand-in for published weights that were out of reach."


def chosen(line: dict[str, Any]) -> str:
    """How it came to this variant."""
    share = "" if line["weight"] is None else f" (it gets {100 * line['weight']:.4g} % of them)"
    copied = "" if line["weight"] is None else f", which gets copies of {100 * line['weight']:.4g} % of the predictions"
    experiment = f", in epoch {line['epoch']} of the experiment {line['experiment']}" if line["experiment"] else ""
    words = {"route": line["route"], "variant": line["variant"], "share": share, "copied": copied, "experiment": experiment}
    return HOW.get(line["reason"], HOW[None]).format(**words)


def parts(line: dict[str, Any]) -> list[Part]:
    """Where the time went. The whole counts whole milliseconds, its parts microseconds: they never add up to more than the bar."""
    if line["queue_us"] is None or line["inference_us"] is None:
        return []
    *failed, last = [one["seconds"] or 0.0 for one in line["attempts"]] or [0.0]
    # Rounded each for itself, an attempt may seem longer than its request.
    answered = max(min(last, line["request_s"] - sum(failed)), 0.0)
    queue, model = line["queue_us"] / 1e6, line["inference_us"] / 1e6
    everything = [
        ("Attempts that failed", "failed", sum(failed)),
        ("Waiting for earlier predictions", "queue", queue),
        ("In the model", "model", model),
        ("The rest of its service: reading the input, writing the answer", "service", max(answered - queue - model, 0.0)),
        ("Gateway and network", "rest", max(line["request_s"] - sum(failed) - max(answered, queue + model), 0.0)),
    ]
    whole = sum(seconds for _, _, seconds in everything) or 1.0
    made, start = [], 0.0
    for name, kind, seconds in everything:
        width = 100 * seconds / whole
        if seconds or kind != "failed":
            made.append(Part(name, kind, milliseconds(seconds), round(start, 3), round(width, 3)))
        start += width
    return made


def _attempt(one: dict[str, Any], route: str, places: Places) -> Attempt:
    answered = State("client hung up first", "warn") if one["status"] is None else status(one["status"])
    # As the gateway notes that nobody was there, or broke off, and that it would wait no longer.
    words = {502: "502 no answer", 504: "504 too slow"}
    shown = answered._replace(word=words.get(one["status"], answered.word))
    return Attempt(one["variant"], places.place(route, one["variant"]), shown, _took(one["seconds"]))


def _took(seconds: float | None) -> str:
    """The gateway counts whole milliseconds."""
    return "under 1 ms" if seconds == 0 else milliseconds(seconds)


def _copy(line: dict[str, Any], seen: dict[str, Any] | None, places: Places) -> Copy:
    shown = row(line, places)
    label, theirs = line["label"], seen and seen["label"]
    agrees = None
    if label is not None and theirs is not None:
        agrees = State("same answer", "good") if label == theirs else State("another answer", "warn")
    return Copy(shown.variant, shown.place, label or fate(line), shown.probability, agrees, shown.latency)


def fate(line: dict[str, Any]) -> str:
    """What became of a copy without a label."""
    if line["status"] == 503 and not line["attempts"]:
        return "dropped: too many waited"
    return f"no answer ({line['status']})" if not line["complete"] else f"answered {line['status']}"


def _feedback(said: Said) -> Feedback:
    value = said.truth if said.value is None else f"{said.value:g}"
    return Feedback(
        at=iso(said.time),
        metric=said.metric or UNKNOWN,
        value=value or UNKNOWN,
        reward=UNKNOWN if said.reward is None else f"{said.reward:g}",
        outcome=OUTCOMES.get(said.outcome, said.outcome),
        source=SOURCES.get(said.source or "", UNKNOWN) + (", by the visitor's cookie" if said.attributed_by == "cookie" else ""),
    )


def _takes_thumbs(found: About) -> bool:
    """Whether there is an answer of which nobody has said whether it was right."""
    is_answer = found.prediction is not None and found.prediction["label"] is not None
    return is_answer and not any(one.metric in ("reward", "truth") and one.outcome in KEPT for one in found.feedback)


def _facts(line: dict[str, Any]) -> dict[str, str]:
    """What else the line says, in words."""
    said = {
        "Asked": f"{line['method'] or UNKNOWN} {line['path'] or ''}".strip(),
        "Client's own request id": line["client_request_id"],
        "Answer's length": f"{line['bytes']:,} bytes",
        "Digest of the input": line["input"],
        "Outlier score": None if line["outlier_score"] is None else f"{line['outlier_score']:.4g} (the lower, the stranger)",
        "Model": line["model"],
        "Digest of the model's file": line["artifact"],
        "Table of routes": line["table"],
    }
    return {name: text for name, text in said.items() if text}


def _spelled(value: object) -> str:
    return iso(value) if isinstance(value, datetime) else str(value)
