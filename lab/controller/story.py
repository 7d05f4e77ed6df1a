"""What the journal tells of one run: its records, one after another, made into a value. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from lab.controller.records import Kind, Record
from lab.judge.decision import Standing

How = Literal["promote", "roll back", "inconclusive", "promoted", "aborted", "undone", "failed"]

# Records that are no deeds.
BY_ITSELF = ("look", "action", "finish")

# What a person's record ends a run as.
PERSONS: Mapping[str, How] = {"promote": "promoted", "abort": "aborted", "undo": "undone"}


class Ending(NamedTuple):
    """How a run came to its end. The first three are decisions; then a person's words; `failed`: a task that it cannot do without."""

    how: How
    winner: str | None
    """The variant that gets everybody; None: the baseline does, or nothing changes."""
    recommended: str
    """The variant to promote."""
    why: str
    at: float


class LookTold(NamedTuple):
    """One look as it was recorded."""

    number: int
    """From 1 on. Looks while a run is paused have numbers, too, but are no iterations."""
    at: float
    after: float
    through: float
    digest: str
    """Of its blocks."""
    before: Standing
    """What it was decided with."""
    epoch: int
    """The route's, then: while it is the same, nobody has changed the route since."""
    decision: Mapping[str, Any]
    """As `lab.judge.said` writes it."""
    weights: Mapping[str, float] | None
    """What the route gets; None: it stays."""
    standing: Standing
    """What the next one begins with."""
    ends: bool
    held: bool
    """It was paused, so that only harm counted."""

    @property
    def said(self) -> str:
        """Its number among the iterations, as a run's status counts them: `4`; of one while it was paused, `4, paused`."""
        return f"{self.standing.iteration - 1:,}{', paused' if self.held else ''}"


class Deed(NamedTuple):
    """What somebody did with a run, in the words of the record."""

    at: float
    kind: Kind
    who: str
    why: str | None


@dataclass(frozen=True)
class Story:
    """One run."""

    run: str
    file: str
    """The name in its file."""
    route: str
    target: str
    text: str
    tables: Mapping[str, Any]
    """What its file was resolved with: routes and known."""
    reward_cap: float | None
    software: Mapping[str, str]
    who: str
    asked_at: float
    began_at: float | None = None
    before: Mapping[str, Any] | None = None
    """The route before the start."""
    first: Standing | None = None
    looks: tuple[LookTold, ...] = ()
    is_paused: bool = False
    is_gate_opened: bool = False
    """Somebody has resumed since the last look."""
    tasks: tuple[Mapping[str, Any], ...] = ()
    """Every beginning and end of one."""
    ending: Ending | None = None
    finish: Mapping[str, Any] | None = None
    ended_at: float | None = None
    undone_at_epoch: int | None = None
    """The route's, when somebody wanted it back as it was before the start."""
    undone_why: str = ""
    changed_at: float = 0.0
    """When its last record was written."""
    deeds: tuple[Deed, ...] = ()
    """What was done with it, its start included; not what the lab does by itself in between: looks, tasks, the finish."""

    @property
    def standing(self) -> Standing:
        """What the next look begins with, but for the weights, which are the route's."""
        assert self.first is not None
        last = self.looks[-1].standing if self.looks else self.first
        return last._replace(is_gate_open=last.is_gate_open or self.is_gate_opened)

    @property
    def iterations(self) -> int:
        """How many are done."""
        return self.standing.iteration - 1 if self.first else 0

    @property
    def best(self) -> list[str]:
        """The variants that win: with Iter8's method its own word, which may name several; else who is promoted.

        A baseline that is kept because nothing was shown is no winner.
        """
        if self.ending is not None and self.ending.how == "promoted" and self.ending.winner:
            return [self.ending.winner]
        decision = self.looks[-1].decision if self.looks else {"kind": None}
        if decision.get("best"):
            return list(decision["best"])
        return [decision["winner"]] if decision["kind"] == "promote" and decision["winner"] else []

    @property
    def anchor(self) -> float:
        """When the present interval began."""
        ends = [task["at"] for task in self.tasks if task["action"] == "start" and task["phase"] == "end"]
        return max((self.began_at or 0.0, *ends, *(look.at for look in self.looks[-1:])))

    @property
    def seen_through(self) -> float:
        """Predictions answered before that are in a look already."""
        return self.looks[-1].through if self.looks else self.began_at or 0.0


def stories(records: Iterable[Record]) -> dict[str, Story]:
    """Every run, in the order in which they were asked for. Records of a run whose first one is lost are passed over."""
    found: dict[str, Story] = {}
    for record in records:
        told = continued(found.get(record.run), record)
        if told is not None:
            found[record.run] = told
    return found


def continued(story: Story | None, record: Record) -> Story | None:
    """The story with one more record; None while it has not begun to be told."""
    if story is None and record.kind in ("queue", "start"):
        story = _begun(record)
    if story is None:
        return None
    return replace(_told(story, record), changed_at=record.at, deeds=_deeds(story, record))


def _deeds(story: Story, record: Record) -> tuple[Deed, ...]:
    """With one more; the same that was written twice is one."""
    deed = Deed(record.at, record.kind, record.who, record.why)
    return story.deeds if record.kind in BY_ITSELF or deed in story.deeds[-1:] else (*story.deeds, deed)


def standing_json(standing: Standing) -> dict[str, Any]:
    """Plain JSON."""
    return standing._asdict() | {"retired": sorted(standing.retired), "weights": dict(standing.weights)}


def standing_of(said: Mapping[str, Any]) -> Standing:
    """The same again."""
    return Standing(**{**said, "retired": frozenset(said["retired"])})


def _begun(record: Record) -> Story:
    said = record.detail
    return Story(
        run=record.run,
        file=said["file"],
        route=record.route,
        target=said["target"],
        text=said["text"],
        tables=said["tables"],
        reward_cap=said["reward_cap"],
        software=said["software"],
        who=record.who,
        asked_at=said["at"],
    )


def _told(story: Story, record: Record) -> Story:
    said = record.detail
    if record.kind == "start" and story.began_at is None:
        return replace(story, began_at=said["at"], before=said["before"], first=standing_of(said["standing"]))
    if record.kind == "look":
        return _looked(story, said)
    if record.kind in ("pause", "resume"):
        is_paused = record.kind == "pause"
        return replace(story, is_paused=is_paused, is_gate_opened=story.is_gate_opened or not is_paused)
    if record.kind == "action":
        return replace(story, tasks=(*story.tasks, said))
    if record.kind in PERSONS:
        return _ended_by_a_person(story, record)
    if record.kind == "finish":
        ending = story.ending or Ending("failed", None, said["recommended"], said["why"], said["at"])
        return replace(story, ending=ending, finish=said, ended_at=said["at"])
    return story


def _looked(story: Story, said: Mapping[str, Any]) -> Story:
    fields = {name: said[name] for name in LookTold._fields}
    look = LookTold(**fields | {"before": standing_of(said["before"]), "standing": standing_of(said["standing"])})
    # Written again, because nobody could be sure that the first one was: the last one counts.
    looks = (*story.looks[: look.number - 1], look)
    ending = Ending(said["how"], said["winner"], said["recommended"], said["why"], look.at) if look.ends else None
    return replace(story, looks=looks, is_gate_opened=False, ending=ending)


def _ended_by_a_person(story: Story, record: Record) -> Story:
    said, how = record.detail, PERSONS[record.kind]
    reason = f": {record.why.rstrip('.')}." if record.why else "."
    why = f"{how.capitalize()} by {record.who}{reason}"
    if record.kind == "undo":
        story = replace(story, undone_at_epoch=said["epoch"], undone_why=why)
    if story.ending is not None:
        return story
    return replace(story, ending=Ending(how, said["winner"], said["recommended"], why, said["at"]))
