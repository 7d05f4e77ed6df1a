"""Everything that a run's page says, as plain values. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lab.controller.case import Case
from lab.explain.words import clock, duration, listed, weights
from lab.judge.decision import Decision
from lab.web.pages.experiment_counts import WINDOW_S, Seen
from lab.web.pages.experiment_deeds import WORDS, Deed
from lab.web.pages.experiment_figures import Figure, figures
from lab.web.pages.experiment_state import State, states
from lab.web.pages.experiment_tables import Limited, Reward, objectives, reward
from lab.web.pages.experiment_timeline import Entry, Timeline, last_deed, timeline
from lab.web.pages.experiment_trust import Trusted, trust

# Most characters of the file on the page.
TEXT_MAX = 20_000


class Facts(NamedTuple):
    """What a page is made of."""

    case: Case
    said: Mapping[str, Any]
    """Its status."""
    decision: Decision | None
    """Of the last look."""
    explanation: str
    seen: Seen
    blocker: str | None
    """The run that a waiting one waits for."""
    deeds: tuple[Deed, ...]
    """What can be done with it now."""
    now: float


class Share(NamedTuple):
    """What a variant gets, in percent."""

    name: str
    percent: float
    place: int
    """Among the versions, from 0 on: its colour."""


class Button(NamedTuple):
    """A deed."""

    deed: Deed
    word: str


class Paragraph(NamedTuple):
    """Of the explanation."""

    text: str
    items: tuple[str, ...]


class View(NamedTuple):
    """The page."""

    run: str
    states: tuple[State, ...]
    lead: str
    next: str
    blocker: str | None
    about: str
    shares: tuple[Share, ...]
    shares_words: str
    buttons: tuple[Button, ...]
    last_deed: Entry | None
    notices: tuple[str, ...]
    figures: tuple[Figure, ...]
    objectives: tuple[Limited, ...]
    reward: Reward | None
    trust: tuple[Trusted, ...]
    window: str
    """Of what time the counts are."""
    explanation: tuple[Paragraph, ...]
    timeline: Timeline
    remarks: tuple[str, ...]
    """What its start had to say of its file; before that, these are notices."""
    text: str
    """Of the experiment's file."""
    is_whole_text: bool


def view(facts: Facts) -> View:
    """Of one run, now."""
    case, said = facts.case, facts.said
    lead, _, rest = facts.explanation.partition("\n")
    shares = _shares(case, said["weights"])
    text, has_begun, is_over = case.story.text, case.story.began_at is not None, case.story.ending is not None
    return View(
        run=case.name,
        states=states(case.story, said),
        lead=lead,
        next=_next(facts),
        blocker=facts.blocker,
        about=_about(facts),
        shares=shares,
        shares_words=weights({one.name: one.percent for one in shares}),
        buttons=tuple(Button(deed, WORDS[deed]) for deed in facts.deeds),
        last_deed=last_deed(case.story),
        notices=tuple(one for one in said["notices"] if not has_begun or one not in case.notices),
        figures=figures(case, facts.seen.latency, _window(facts.seen)) if has_begun else (),
        objectives=objectives(case.experiment, facts.decision, is_over),
        reward=reward(case.experiment, facts.decision, is_over),
        trust=trust(case.experiment, facts.decision, facts.seen) if has_begun else (),
        window=_window(facts.seen),
        explanation=_paragraphs(rest),
        timeline=timeline(case),
        remarks=case.notices if has_begun else (),
        text=text[:TEXT_MAX],
        is_whole_text=len(text) <= TEXT_MAX,
    )


def _shares(case: Case, percents: Mapping[str, float]) -> tuple[Share, ...]:
    versions = [one.variant for one in case.experiment.versions]
    found = [Share(name, percents[name], place) for place, name in enumerate(versions) if name in percents]
    rest = round(100 - sum(one.percent for one in found), 2)
    # With a fixed split others may have their part.
    return (*found, *([Share("others", rest, len(versions))] if found and 0 < rest < 100 else []))


def _about(facts: Facts) -> str:
    """What is tried where."""
    case, story = facts.case, facts.case.story
    experiment = case.experiment
    names = listed([_called(one.variant, one.name) for one in experiment.candidates])
    against = f"{names} against {_baseline(case)}" if names else f"{_baseline(case)} alone"
    looks = f"look {facts.said['iteration']} of {facts.said['iterations']}, one every {duration(experiment.interval_s)}"
    return f"{experiment.pattern} on the route {story.route}: {against}; {experiment.deployment}; {looks}."


def _baseline(case: Case) -> str:
    return _called(case.experiment.baseline.variant, case.experiment.baseline.name)


def _called(variant: str, name: str) -> str:
    return variant if variant == name else f"{variant} ({name})"


def _next(facts: Facts) -> str:
    """What happens next, and when."""
    said, story = facts.said, facts.case.story
    if said["stage"] == "Completed":
        return _ended(facts)
    if said["stage"] == "Finishing":
        return "It has ended; the tasks of its finish are under way."
    if said["stage"] == "Waiting":
        return f"It begins when {facts.blocker} ends." if facts.blocker else "It begins within a second."
    if said["stage"] == "Initializing":
        return "The tasks of its start are under way; then it begins to look."
    number = f"look {said['iteration'] + 1} of {said['iterations']}"
    if said["is_paused"]:
        return f"It is paused: the weights of {story.route} stay until somebody resumes it. Evidence still comes in; harm still rolls back."
    if said["waits_for"] == "resume":
        return "Its file wants a person's word here before it goes on: resume it. Harm still rolls back."
    if said["next_look_at"] is None:
        return f"Next comes {number}."
    return f"Next: {number} in {duration(said['next_look_at'] - facts.now)}, at {clock(said['next_look_at'])}."


def _ended(facts: Facts) -> str:
    story = facts.case.story
    after = f" after {duration(story.ended_at - story.began_at)}" if story.ended_at and story.began_at else ""
    if story.began_at is None:
        return "It has ended before it began. Nothing more comes."
    if story.undone_at_epoch is not None:
        return f"It has ended{after}, and was undone: the route {story.route} is what it was before. Nothing more comes."
    left = weights({name: percent for name, percent in facts.said["weights"].items() if percent})
    return f"It has ended{after}, and left the route {story.route} with {left or 'the weights that it had'}. Nothing more comes."


def _window(seen: Seen) -> str:
    if seen.since is None:
        return ""
    return "since its start" if seen.is_whole else f"over its last {duration(WINDOW_S)}"


def _paragraphs(text: str) -> tuple[Paragraph, ...]:
    """Lines that are set in belong to the one before. Notices have a place of their own."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("  ") and found:
            found[-1][1].append(line.strip())
        elif line and not line.startswith("Notice: "):
            found.append((line, []))
    return tuple(Paragraph(text, tuple(items)) for text, items in found)
