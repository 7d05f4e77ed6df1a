"""The weight of the evidence, as e-values over time: for what a promotion takes, and for harm."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from lab.controller.case import Case
from lab.controller.story import LookTold
from lab.explain.claims import proof
from lab.explain.words import evidence as e_value
from lab.explain.words import listed
from lab.spec.experiment import Experiment
from lab.web.pages.figures import course
from lab.web.pages.figures.claims import Claim, claims, harms, needed_for_claim, needed_for_harm
from lab.web.pages.figures.figure import Figure, Table
from lab.web.plot import Axis, Chart, Level, Line, drawn

TEN = math.log(10)
NOTHING: Final[Mapping[str, float]] = {}
LINES_MOST = 6
# Powers of ten. Beyond, evidence only becomes more certain; below, it comes back from there as from anywhere.
LOWEST, HIGHEST = -2.0, 4.0


class Kind(NamedTuple):
    """One of the two pictures."""

    key: str
    title: str
    of: Callable[[Experiment], Sequence[Claim]]
    needed: Callable[[Experiment], float]
    noun: str
    rule: str
    """What happens at the threshold."""
    rule_of_several: str
    """The same where each of several candidates has one line."""
    rule_of_none: str
    """The same where nobody competes with the baseline."""
    telling: Literal["weakest", "strongest"]
    """Which of several decides."""


FOR = Kind(
    "evidence",
    "Evidence for promoting",
    claims,
    needed_for_claim,
    "claim",
    "All of them must reach the line before anything is promoted.",
    "A candidate must reach the line with the weakest of all that it has to show, before it is promoted.",
    "It conforms when all of them have reached the line.",
    "weakest",
)
AGAINST = Kind(
    "harm",
    "Evidence of harm by",
    harms,
    needed_for_harm,
    "harm",
    "Any harm that reaches the line rolls back.",
    "A candidate whose strongest sign of harm reaches the line is rolled back.",
    "It does not conform once any of them has reached the line.",
    "strongest",
)


class Course(NamedTuple):
    """One line: the logarithm of an e-value at each look, and the largest so far. nan: nothing has been seen."""

    name: str
    place: int
    now: list[float]
    largest: float


def evidence(case: Case, kind: Kind) -> Figure:
    """The picture, or why there is none."""
    title = _title(case, kind)
    asked = kind.of(case.experiment)
    if not asked:
        return Figure(kind.key, title, "The file names no limit that rolls back, so nothing is tested for harm.")
    if not case.story.looks:
        return Figure(kind.key, title, course.nothing_yet(case))
    found = _found(case, kind, asked)
    sentence = _sentence(case, kind, found)
    if all(math.isnan(one.largest) for one in found):
        return Figure(kind.key, title, sentence)
    return Figure(kind.key, title, sentence, drawn(_chart(case, kind, found, title, sentence)), _table(case, found))


def _title(case: Case, kind: Kind) -> str:
    """Of a conformance test it is about the baseline."""
    candidates, baseline = case.experiment.candidates, case.experiment.baseline.variant
    if not candidates:
        return f"Evidence that {baseline} {'keeps' if kind is FOR else 'breaks'} its limits"
    return f"{kind.title} {candidates[0].variant if len(candidates) == 1 else 'each candidate'}"


def _found(case: Case, kind: Kind, asked: Sequence[Claim]) -> list[Course]:
    """Of one variant each claim has its line, of several each variant the one that decides."""
    experiment = case.experiment
    if len(experiment.candidates) > 1:
        return [_deciding(case, kind, asked, one.variant, place) for place, one in enumerate(experiment.candidates, start=1)]
    first = 1 if experiment.candidates else 0
    return [_course(case, _only(case), claim, claim.words, first + i) for i, claim in enumerate(_few(case, kind, asked, _only(case)))]


def _only(case: Case) -> str:
    """The variant that is judged, where it is one."""
    return (case.experiment.candidates or (case.experiment.baseline,))[0].variant


def _few(case: Case, kind: Kind, asked: Sequence[Claim], variant: str) -> list[Claim]:
    """No more than can be told apart: those that decide."""
    if len(asked) <= LINES_MOST:
        return list(asked)
    chosen = sorted(asked, key=lambda claim: _rank(_largest(case, variant, claim), kind))[:LINES_MOST]
    return [claim for claim in asked if claim in chosen]


def _rank(largest: float, kind: Kind) -> float:
    """The least first, of what decides: no claim is weaker than one of which nothing has been seen, and no harm either."""
    known = -math.inf if math.isnan(largest) else largest
    return known if kind.telling == "weakest" else -known


def _deciding(case: Case, kind: Kind, asked: Sequence[Claim], variant: str, place: int) -> Course:
    """The claim that decides now, under the variant's name."""
    claim = min(asked, key=lambda one: _rank(_largest(case, variant, one), kind))
    return _course(case, variant, claim, f"{variant}: {claim.words}", place)


def _course(case: Case, variant: str, claim: Claim, name: str, place: int) -> Course:
    now = [_log_e(course.judgement(look, variant), "log_e", claim.key) for look in case.story.looks]
    return Course(name, place, _from_one(now), _largest(case, variant, claim))


def _from_one(now: list[float]) -> list[float]:
    """Until something is seen, every e-value is 1."""
    unseen = next((i for i, log_e in enumerate(now) if not math.isnan(log_e)), len(now))
    return [0.0] * unseen + now[unseen:]


def _largest(case: Case, variant: str, claim: Claim) -> float:
    return _log_e(course.judgement(case.story.looks[-1], variant), "log_e_max", claim.key)


def _log_e(said: Mapping[str, Any], which: str, key: str) -> float:
    log_e = said.get(which, NOTHING).get(key)
    return math.nan if log_e is None else log_e


def _chart(case: Case, kind: Kind, found: Sequence[Course], title: str, sentence: str) -> Chart:
    enough = kind.needed(case.experiment)
    times = [course.began(case), *course.look_times(case)]
    lines = [Line(times, [0.0, *(log_e / TEN for log_e in one.now)], one.name, one.place, _latest(one)) for one in found]
    low, high = _reach(found, enough)
    y = Axis("e, the weight of the evidence (log scale)", "log", low, high)
    level = Level(enough / TEN, f"shown at e = {e_value(enough)}")
    said = f"{sentence} {_edges(found, low, high)}"
    return Chart(
        f"picture-{kind.key}", title, said, course.time_axis(case), y, (*course.unnamed(case), *lines, level, *course.ending(case))
    )


def _reach(found: Sequence[Course], enough: float) -> tuple[float, float]:
    """From the lowest to the highest, but not endlessly beyond the threshold."""
    seen = [log_e / TEN for one in found for log_e in one.now if math.isfinite(log_e)]
    highest = max(HIGHEST, math.ceil(enough / TEN) + 2)
    top = min(max([*seen, enough / TEN + 0.5]), highest)
    return max(min([*seen, -0.5]), LOWEST), top


def _edges(found: Sequence[Course], low: float, high: float) -> str:
    seen = [log_e / TEN for one in found for log_e in one.now if math.isfinite(log_e)]
    is_cut = any(value < low or value > high for value in seen)
    return "What is beyond the picture is drawn at its edge." if is_cut else ""


def _latest(one: Course) -> str:
    now = one.now[-1]
    if math.isnan(one.largest):
        return "nothing seen yet"
    if math.isnan(now) or e_value(now) == e_value(one.largest):
        return f"e = {e_value(one.largest)}"
    return f"e = {e_value(now)} (largest so far: {e_value(one.largest)})"


def _sentence(case: Case, kind: Kind, found: Sequence[Course]) -> str:
    enough, look = kind.needed(case.experiment), case.story.looks[-1]
    if len(case.experiment.candidates) > 1:
        told = "; ".join(_proof(one, enough) + _doubt(case, kind, one) for one in found)
        return f"{told}. At look {look.said}. {kind.rule_of_several}"
    decisive = min(found, key=lambda one: _rank(one.largest, kind))
    asked = kind.of(case.experiment)
    shown = [claim for claim in asked if _largest(case, _only(case), claim) >= enough]
    refuted = [claim for claim in shown if kind is FOR and claim.harm in _violated(case, _only(case))]
    head = _count(kind.noun, len(shown) - len(refuted), len(asked)) + _before(refuted)
    which = f"; the {kind.telling}" if len(asked) > 1 else ""
    rule = kind.rule if case.experiment.candidates else kind.rule_of_none
    return f"{head}{which}: {_proof(decisive, enough)}, at look {look.said}. {rule}"


def _violated(case: Case, variant: str) -> set[str]:
    """The harms that are shown by now."""
    reasons = course.judgement(case.story.looks[-1], variant).get("verdict", {}).get("reasons", ())
    return {one["name"] for one in reasons if one["what"] == "violated"}


def _before(refuted: Sequence[Claim]) -> str:
    """Of a claim the largest e-value counts, also after harm has shown the contrary."""
    if not refuted:
        return ""
    names = listed([one.words for one in refuted])
    return f" ({names}: {'was' if len(refuted) == 1 else 'were'} shown before, now the contrary is)"


def _doubt(case: Case, kind: Kind, one: Course) -> str:
    """The same where each candidate has one line."""
    return ", but harm is shown" if kind is FOR and _violated(case, case.experiment.versions[one.place].variant) else ""


def _proof(one: Course, enough: float) -> str:
    return f"{one.name}, {'nothing seen yet' if math.isnan(one.largest) else proof(one.largest, enough)}"


def _count(noun: str, shown: int, n: int) -> str:
    """`All 4 claims are shown`"""
    if n == 1:
        return f"The only {noun} is {'' if shown else 'not '}shown"
    if shown in (0, n):
        return f"All {n} {noun}s are shown" if shown else f"None of {n} {noun}s is shown"
    return f"{shown} of {n} {noun}s {'is' if shown == 1 else 'are'} shown"


def _table(case: Case, found: Sequence[Course]) -> Table:
    first = case.story.looks[0].number

    def row(look: LookTold) -> list[str]:
        return [e_value(one.now[look.number - first]) for one in found]

    return course.last_looks(case, [f"e: {one.name}" for one in found], row)
