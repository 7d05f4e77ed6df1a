"""What all pictures over time share: the axis, the epochs behind the lines, the decisions, and the last looks as a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.explain.words import clock, listed, weights
from lab.spec.experiment import Metric
from lab.web.pages.figures.figure import Table
from lab.web.plot import Axis, Mark, Span
from lab.web.plot.moments import days

ROWS_MOST = 20
MARKS_MOST = 8
UNKNOWN = "\N{EN DASH}"
NOTHING: Final[Mapping[str, Any]] = {}
PERSONS = ("promoted", "aborted", "undone", "failed")
# A look's number says so, too.
PAUSED = "paused"


def time_axis(case: Case, is_first: bool = False) -> Axis:
    """From the start to the last thing that happened. is_first: no picture above it has said what the shading means."""
    low, high = began(case), latest(case)
    return Axis(f"Time (UTC), {days(low, high)}{_shading(case) if is_first else ''}", "time", low, high)


def began(case: Case) -> float:
    """The start; before it, when somebody asked for it."""
    return case.story.began_at if case.story.began_at is not None else case.story.asked_at


def latest(case: Case) -> float:
    """The last look, or the end."""
    ends = [look.at for look in case.story.looks[-1:]] + [at for at in (case.story.ended_at,) if at is not None]
    return max((began(case), *ends))


def look_times(case: Case) -> list[float]:
    """When each look was."""
    return [look.at for look in case.story.looks]


def judgement(look: LookTold, variant: str) -> Mapping[str, Any]:
    """What was said of a variant, as JSON; nothing, if nothing was."""
    # A loop is twice as fast as a generator here, and looks may be ten thousand.
    for one in look.decision["judgements"]:
        if one["variant"] == variant:
            return one
    return NOTHING


def measured(look: LookTold, metric: Metric, variant: str) -> Mapping[str, Any]:
    """What was measured of a variant, as JSON."""
    return next((one for one in look.decision["measured"] if one["metric"] == metric.name and one["variant"] == variant), {})


def epochs(case: Case) -> list[Span]:
    """Stretches of constant weights; the name is what the candidates had, where it is one."""
    spans: list[Span] = []
    ends: list[float] = []
    numbers: list[int] = []
    since = began(case)
    for look in case.story.looks:
        if numbers and numbers[-1] == look.epoch:
            ends[-1] = look.at
        else:
            spans.append(Span(since, look.at, _share(case, look)))
            ends.append(look.at)
            numbers.append(look.epoch)
        since = look.at
    found = [one._replace(high=end) for one, end in zip(spans, ends, strict=True)]
    return found if len(found) > 1 else [one._replace(name="") for one in found]


def unnamed(case: Case) -> list[Span]:
    """The same, where a picture above has their names."""
    return [one._replace(name="") for one in epochs(case)]


def decisions(case: Case) -> list[Mark]:
    """Where a verdict differs from the one before, and where a person ended it. Of many the latest."""
    found = list(_decisions(case))
    left_out = len(found) - MARKS_MOST
    if left_out > 0:
        found = found[left_out:]
        found[0] = found[0]._replace(name=f"{found[0].name} ({left_out:,} earlier changes of the verdict are left out)")
    return found


def ending(case: Case) -> list[Mark]:
    """The last decision, if it was the end."""
    return decisions(case)[-1:] if case.story.ending is not None else []


def last_looks(case: Case, columns: Sequence[str], row: Callable[[LookTold], Sequence[str]]) -> Table:
    """Number and time of the last looks, and what `row` says of each."""
    shown = case.story.looks[-ROWS_MOST:]
    count = len(case.story.looks)
    caption = f"The last {ROWS_MOST} of {count:,} looks" if count > ROWS_MOST else "Every look"
    rows = tuple((look.said, clock(look.at).removesuffix(" UTC"), *row(look)) for look in shown)
    return Table(caption, ("Look", "Time (UTC)", *columns), rows)


def nothing_yet(case: Case) -> str:
    """Why there is no look."""
    if case.story.ending is not None:
        return "It ended before anybody looked at the evidence."
    return "It waits for its turn." if case.story.began_at is None else "Nobody has looked at the evidence yet."


def _shading(case: Case) -> str:
    """What it means, where there is any."""
    spans, candidates = epochs(case), case.experiment.candidates
    if len(spans) < 2:
        return ""
    weight = f", with the weight of {candidates[0].variant}" if len(candidates) == 1 else ""
    return f"; shaded in turn: epochs, stretches of constant weights{weight}"


def _share(case: Case, look: LookTold) -> str:
    candidates = case.experiment.candidates
    weight = look.before.weights.get(candidates[0].variant) if len(candidates) == 1 else None
    return "" if weight is None else f"{weight:.4g} %"


def _decisions(case: Case) -> Iterator[Mark]:
    before = ""
    for look in case.story.looks:
        verdict = _verdict(case, look)
        if verdict != before:
            yield Mark(look.at, f"{clock(look.at)}, look {look.said}{'' if verdict == PAUSED else f': {verdict}'}")
        before = verdict
    end = case.story.ending
    if end is not None and end.how in PERSONS:
        yield Mark(end.at, f"{clock(end.at)}: {end.why}")


def _verdict(case: Case, look: LookTold) -> str:
    kind, winner = look.decision["kind"], look.decision["winner"]
    if not case.experiment.candidates and kind in ("promote", "roll back"):
        return f"{case.experiment.baseline.variant} {'conforms' if kind == 'promote' else 'does not conform'}"
    if kind == "promote" and winner:
        return f"promote {winner}"
    if kind == "roll back":
        return f"roll back {listed([one['variant'] for one in look.decision['judgements'] if one['verdict']['kind'] == kind])}".rstrip()
    return PAUSED if look.held else str(kind)


def weights_said(case: Case, shares: Mapping[str, float]) -> str:
    """In the order of the file. Whom a split leaves out gets nothing."""
    return weights({one.variant: shares.get(one.variant, 0.0) for one in case.experiment.versions})
