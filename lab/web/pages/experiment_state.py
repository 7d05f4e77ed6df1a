"""States of a run in a word: of its course, of its verdict, of what was done with it."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from lab.controller.story import Story

# In place of what is not known: never 0.
NOTHING = "\N{EN DASH}"


class State(NamedTuple):
    """A word, and whether it is good news."""

    word: str
    kind: Literal["good", "warn", "bad", "idle"]


VERDICTS: Mapping[str, State] = {
    "promote": State("Promote", "good"),
    "roll back": State("Roll back", "bad"),
    "continue": State("Continue", "idle"),
    "hold": State("Hold", "warn"),
    "inconclusive": State("Inconclusive", "warn"),
}

BY_HAND: Mapping[str, State] = {
    "promoted": State("Promoted by hand", "idle"),
    "aborted": State("Aborted by hand", "idle"),
    "undone": State("Undone", "idle"),
    "failed": State("Failed", "bad"),
}


def states(story: Story, said: Mapping[str, Any]) -> tuple[State, ...]:
    """Where it is, what the evidence says, and what a person said instead. `said` is its status."""
    found = [_stage(said)]
    if said["verdict"]:
        found.append(VERDICTS[said["verdict"]])
    if story.ending is not None and story.ending.how in BY_HAND:
        found.append(BY_HAND[story.ending.how])
    if story.undone_at_epoch is not None and BY_HAND["undone"] not in found:
        found.append(BY_HAND["undone"])
    return tuple(found)


def _stage(said: Mapping[str, Any]) -> State:
    if said["is_paused"]:
        return State("Paused", "warn")
    if said["waits_for"] == "resume":
        return State("Waits for a word", "warn")
    return State(said["stage"], "good" if said["stage"] == "Running" else "idle")
