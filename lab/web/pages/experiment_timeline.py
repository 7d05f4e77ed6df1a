"""What happened to a run, the newest first: looks, people's deeds, tasks, start and finish. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lab.controller.case import Case
from lab.controller.story import Deed, LookTold, Story
from lab.explain.words import weights
from lab.web.pages.experiment_state import BY_HAND, VERDICTS, State

# Most entries of a page, and how many of them are seen at once.
ENTRIES_MAX = 50
NEWEST = 5

DEEDS = {
    "queue": "Asked for; it waits",
    "start": "Started",
    "pause": "Paused",
    "resume": "Resumed",
    "promote": "Promoted",
    "abort": "Aborted",
    "undo": "Undone",
}

BEGINNINGS = ("queue", "start")


class Entry(NamedTuple):
    """One thing that happened."""

    at: float
    what: str
    state: State | None
    sentence: str
    who: str
    """Empty: the lab itself."""
    weights: str
    """From then on; empty where they are not its business."""


class Timeline(NamedTuple):
    """The newest entries first."""

    newest: tuple[Entry, ...]
    older: tuple[Entry, ...]
    earlier: int
    """How many there were before all of those."""


def timeline(case: Case) -> Timeline:
    """The newest first."""
    story = case.story
    total = len(story.looks) + len(_tasks(story)) + len(story.deeds) + (story.finish is not None)
    shown = sorted(_entries(case), key=lambda one: one.at)[-ENTRIES_MAX:][::-1]
    return Timeline(tuple(shown[:NEWEST]), tuple(shown[NEWEST:]), total - len(shown))


def last_deed(story: Story) -> Entry | None:
    """What a person did last; none where nobody did more than start it."""
    return next((_deed(one) for one in reversed(story.deeds) if one.kind not in BEGINNINGS), None)


def _entries(case: Case) -> Iterator[Entry]:
    """Those that may be among the newest, of the same moment in the order in which they come."""
    story = case.story
    deeds = story.deeds[-ENTRIES_MAX:]
    yield from (_deed(one) for one in deeds if one.kind in BEGINNINGS)
    yield from (_look(one, case) for one in story.looks[-ENTRIES_MAX:])
    yield from map(_task, _tasks(story)[-ENTRIES_MAX:])
    yield from (_deed(one) for one in deeds if one.kind not in BEGINNINGS)
    if story.finish is not None and story.ending is not None:
        how = story.ending.how
        # What a look decided, or a person did, stands just below.
        why = story.ending.why if how == "failed" else ""
        state = VERDICTS.get(how) or BY_HAND.get(how)
        yield Entry(story.finish["at"], "Finished", state, why, "", weights(story.finish["weights"] or {}))


def _deed(one: Deed) -> Entry:
    return Entry(one.at, DEEDS[one.kind], None, one.why or "", "" if one.who == "lab" else one.who, "")


def _look(one: LookTold, case: Case) -> Entry:
    held = ": only harm counts" if one.held else ""
    percents = one.weights if one.weights and one.weights != one.before.weights else {}
    shares = {version.variant: percents[version.variant] for version in case.experiment.versions if version.variant in percents}
    return Entry(one.at, f"Look {one.said}{held}", VERDICTS[one.decision["kind"]], one.decision["why"], "", weights(shares))


def _tasks(story: Story) -> list[Mapping[str, Any]]:
    """The end of each task, or its beginning while it is under way."""
    last = {(one["action"], one["loop"], one["number"]): one for one in story.tasks}
    return list(last.values())


def _task(said: Mapping[str, Any]) -> Entry:
    name = f"Task {said['task']} ({said['action']})"
    if said["phase"] == "begin":
        return Entry(said["at"], name, State("under way", "idle"), "", "", "")
    state = {True: State("done", "good"), False: State("failed", "bad")}.get(said["ok"], State("not done", "idle"))
    return Entry(said["at"], name, state, said["sentence"], "", "")
