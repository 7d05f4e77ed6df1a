"""The loop: begins runs, looks when it is time, does what follows, ends them. It alone knows what time it is.

First the record, then the deed. A deed can be done twice: it looks at what is there first. So whatever moment the process dies at, the next
one reads the journal, sees what is not done yet, and does it.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple

from lab.controller import splitting
from lab.controller.agenda import LAB, Agenda, failed
from lab.controller.case import Case
from lab.controller.digest import beginning, digest
from lab.controller.judge import Ask, Inquire, Judge, nobody, run_of
from lab.controller.looking import counting, ending_of, standing, stretch
from lab.controller.records import Book, Kind, read
from lab.controller.replay import replayed
from lab.controller.story import Ending, Story, continued, standing_json, stories
from lab.controller.tasks import Outcome, Tasks
from lab.errors import Refused, RoutesError
from lab.judge.block import Look
from lab.routes import Route, Routes, parse
from lab.routes.table import Known, document
from lab.spec.experiment import Experiment
from lab.spec.means import ALONE, Means
from lab.traffic.nginx import Author, NginxTraffic
from lab.traffic.pointer import PlaceError

log = logging.getLogger("lab.controller")

# Longest file, in characters.
TEXT_MAX = 64_000


class NoRun(Refused):
    """There is no such run."""


class Conflict(Refused):
    """It cannot be done at this stage."""


class FileError(Refused):
    """A file that cannot be run here."""


class World(NamedTuple):
    """What the controller touches."""

    book: Book
    traffic: NginxTraffic
    ask: Ask
    """Raises Refused, OSError or duckdb.Error when the journals cannot be asked now."""
    refresh: Callable[[], object]
    """Reads the journals on."""
    submit: Callable[[Callable[[], Outcome]], "Future[Outcome]"]
    """Does a task beside the loop."""
    clock: Callable[[], float]
    """Seconds since 1970; may jump."""
    monotonic: Callable[[], float]
    """Seconds since whenever; never jumps."""
    software: Mapping[str, str] = {}
    """Names and versions of what computes here."""
    reward_cap: float | None = None
    means: Means = ALONE
    inquire: Inquire = nobody
    """Raises Refused when a provider cannot be asked now."""
    at_step: Callable[[str], None] = lambda name: None
    """Is told of every step before and after it happens, so that tests can let the world end there."""


class Controller:
    """Every run of this lab. One thread calls `tick`; any thread may call the rest."""

    def __init__(self, world: World, judge: Judge, tasks: Tasks) -> None:
        """Reads the journal; nothing is done until the first `tick`."""
        self.world = world
        self.judge = judge
        self._agenda = Agenda(tasks, world.submit, self._note, self._promoted)
        self._lock = threading.RLock()
        self.unreadable: dict[str, str] = {}
        """Runs whose file is not understood any more, and why."""
        self._cases: dict[str, Case] = {}
        for story in stories(read(world.book.folder)).values():
            self._remember(story)

    # What others ask.

    def cases(self) -> list[Case]:
        """Every run, the newest first."""
        return list(self._cases.values())[::-1]

    def case(self, name: str, exact: bool = False) -> Case:
        """A run by its own name. Raises NoRun.

        The first run has its file's name: once it is over, that name means the file's newest one, and with -1 the first.
        """
        cases = self.cases()
        exactly = [one for one in cases if one.name == name]
        lasting = [one for one in exactly if exact or one.story.ending is None]
        of_file = [one for one in cases if one.story.file == name]
        for found in (*lasting, *of_file, *exactly, *(one for one in cases if name == f"{one.name}-1" and one.name == one.story.file)):
            return found
        if name in self.unreadable:
            raise Conflict(f"The file of {name} is not understood any more: {self.unreadable[name]}")
        names = ", ".join(dict.fromkeys(one.story.file for one in cases)) or "none yet. Start one: lab start -f experiment.yaml"
        raise NoRun(f"There is no experiment {name}. Experiments: {names}.")

    def running(self) -> frozenset[str]:
        """The runs whose journals must be kept."""
        return frozenset(case.name for case in self.cases() if case.story.finish is None)

    def next_look_at(self, case: Case) -> float | None:
        """In seconds since 1970; None when there is none to come."""
        if case.due is None or case.story.ending is not None:
            return None
        return self.world.clock() + max(case.due - self.world.monotonic(), 0.0)

    def routes(self) -> Mapping[str, Route]:
        """Every route as it is now."""
        return self.world.traffic.read().routes

    def route(self, case: Case) -> Route | None:
        """The run's route as it is now; None when it is gone."""
        return self.routes().get(case.story.route)

    def now(self) -> float:
        """Seconds since 1970."""
        return self.world.clock()

    def blocker(self, case: Case) -> Case | None:
        """The run that a waiting one waits for."""
        if case.story.began_at is not None or case.story.ending is not None:
            return None
        return self._holder(case.story.route, case.story.target, case)

    # What people do. `exact`: with the run of this very name, as in `case`.

    def start(self, text: str, who: str, why: str | None) -> Case:
        """Begins a run of a file's text, or queues it. Raises Refused, and begins nothing, when the file cannot be run here."""
        if len(text) > TEXT_MAX:
            raise FileError(f"The file has {len(text)} characters, must have at most {TEXT_MAX}.")
        with self._lock:
            routes, known = self.world.traffic.read(), self.world.traffic.known()
            resolved = self.judge.resolve(text, routes, known, self.world.means)
            experiment, name = resolved.experiment, self._name(resolved.experiment.name)
            self._check(experiment, routes, known)
            detail = self._asked(text, experiment, routes, known)
            is_free = self._holder(experiment.route, experiment.target) is None
            detail |= self._beginning(experiment, routes.routes[experiment.route]) if is_free else {}
            story = self._write(None, "start" if is_free else "queue", name, experiment.route, who, why, detail)
            case = self._cases[name] = Case(story, experiment, resolved.notices, self.judge.evidence(experiment), beginning(text))
            self._guarded(case)
            return case

    def pause(self, name: str, who: str, why: str | None, exact: bool = False) -> Case:
        """Weights stay as they are until somebody resumes; harm still rolls back."""
        with self._lock:
            case = self._active(name, "paused", exact)
            if not case.story.is_paused:
                self._note(case, "pause", who, why)
            return case

    def resume(self, name: str, who: str, why: str | None, exact: bool = False) -> Case:
        """Ends a pause, and opens a gate of the file."""
        with self._lock:
            case = self._active(name, "resumed", exact)
            self._note(case, "resume", who, why)
            return case

    def promote(self, name: str, who: str, why: str | None, variant: str | None = None, exact: bool = False) -> Case:
        """Ends it now, and gives everybody to a candidate."""
        with self._lock:
            case = self._active(name, "promoted", exact)
            winner = _chosen(case, variant)
            return self._end(case, "promote", who, why, winner)

    def abort(self, name: str, who: str, why: str | None, exact: bool = False) -> Case:
        """Ends it now, and gives everybody to the baseline."""
        with self._lock:
            return self._end(self._active(name, "aborted", exact, also_waiting=True), "abort", who, why, None)

    def undo(self, name: str, who: str, why: str | None, exact: bool = False) -> Case:
        """Makes its route what it was before the start, also long after the end."""
        with self._lock:
            case = self.case(name, exact)
            if case.story.undone_at_epoch is not None:
                return case
            if case.story.began_at is None:
                raise Conflict(f"{case.name} has not begun, so there is nothing to undo. To end it: lab abort {case.name}")
            self._check_latest(case)
            case.is_settled = False
            return self._end(case, "undo", who, why, None)

    # The loop.

    def tick(self) -> None:
        """Does whatever is due. What goes wrong with one run keeps no other waiting, and is tried again."""
        with self._lock:
            for case in list(self._cases.values()):
                if not case.is_settled:
                    self._guarded(case)

    def _guarded(self, case: Case) -> None:
        try:
            self._advance(case)
            trouble = None
        except (Refused, OSError) as error:
            trouble = str(error)
        except Exception as error:
            # Also our own mistakes: the next run must go on, and the mistake must be seen.
            trouble = f"{type(error).__name__}: see the lab's log."
            if case.trouble != trouble:
                log.exception("%s cannot go on; trying again.", case.name)
        if trouble is not None and case.trouble is None:
            log.error("%s cannot go on; trying again. %s", case.name, trouble)
        case.trouble = trouble

    def _advance(self, case: Case) -> None:
        """One run, as far as it can go now."""
        if case.story.ending is None and case.story.began_at is None:
            if self.blocker(case) is not None:
                return
            self._begin(case)
        if case.story.ending is None:
            self._run(case)
        if case.story.ending is not None and case.story.finish is None:
            self._finish(case)
        if case.story.finish is not None:
            self._settle(case)

    def _begin(self, case: Case) -> None:
        """A start tells everything again, so that a run can be computed from it alone."""
        story = case.story
        asked = {"file": story.file, "target": story.target, "text": story.text, "mapping": _mapping(case.experiment),
                 "tables": dict(story.tables), "reward_cap": story.reward_cap, "software": dict(story.software)}  # fmt: skip
        self._note(case, "start", LAB, None, **asked, **self._beginning(case.experiment, self._present(case)))

    def _beginning(self, experiment: Experiment, route: Route) -> dict[str, Any]:
        first = self.judge.initial(experiment)
        if splitting.leaves_weights(experiment):
            first = first._replace(weights={one.variant: route.weight(one.variant) for one in experiment.versions})
        return {"before": route.model_dump(mode="json"), "standing": standing_json(first)}

    def _run(self, case: Case) -> None:
        if not self._agenda.done(case, "start"):
            return
        if failed(case, "start"):
            self._fail(case)
            return
        self._hold(case)
        self._agenda.done(case, "loop")
        if case.due is None:
            case.due = self._due(case)
        if self.world.monotonic() >= case.due:
            self._look(case)

    def _due(self, case: Case) -> float:
        """By the monotonic clock. The other one may have jumped, while the lab was away, too: at most one interval is waited."""
        interval = case.experiment.interval_s
        left = case.story.anchor + interval - self.world.clock()
        return self.world.monotonic() + min(max(left, 0.0), interval)

    def _look(self, case: Case) -> None:
        self.world.refresh()
        story, experiment = case.story, case.experiment
        self._recall(case)
        covered = stretch(story, self.world.clock())
        blocks = self.world.ask(run_of(story.run, experiment, story.reward_cap, story.began_at or 0.0), covered.after, covered.through)
        route = self._present(case)
        before = standing(story, experiment, route)
        look = Look(covered.at, covered.through, blocks, self.world.inquire(experiment, story.began_at or 0.0, covered.through))
        made = digest(case.digest, covered.after, before, look)
        evidence = case.evidence.seen(look)
        decision = self.judge.decide(experiment, evidence, before, covered.at)
        counts = counting(experiment, decision, before, story.is_paused)
        ending = ending_of(experiment, decision, covered.at)
        self._note(
            case, "look", LAB, decision.why, number=len(story.looks) + 1, look=before.iteration, **covered._asdict(), digest=made,
            before=standing_json(before), epoch=route.epoch, decision=self.judge.said(decision), weights=counts.weights,
            standing=standing_json(counts.standing), ends=counts.ends, held=counts.held, how=ending.how, winner=ending.winner,
            recommended=ending.recommended,
        )  # fmt: skip
        case.evidence, case.digest = evidence, made
        case.due = self.world.monotonic() + experiment.interval_s
        self._hold(case)
        self._agenda.done(case, "loop")

    def _recall(self, case: Case) -> None:
        """After a restart the evidence is made again from the journals. What was decided stands, whatever comes of it."""
        if case.evidence is not None:
            return
        again = replayed(self.judge, case.story, case.experiment, case.story.looks, self.world.ask)
        if again.differs_from is not None:
            log.warning("%s: the journals tell something else than at look %d. What was decided stands.", case.name, again.differs_from)
        case.differs_from = again.differs_from
        case.evidence, case.digest = again.evidence, again.digest

    def _hold(self, case: Case) -> None:
        """Makes the route the run's own, with the weights of the last look, unless somebody has changed them since."""
        story, route = case.story, self._present(case)
        if route.experiment != story.run:
            known, weights = self.world.traffic.known()[story.route], story.standing.weights
            self.world.traffic.take_places(case.experiment)
            self._change(case, lambda now: splitting.taken(now, story.run, case.experiment, weights, known), f"{story.run} begins")
        elif self._reweighted(case, route) != route:
            self._change(case, lambda now: self._reweighted(case, now), f"{story.run}, look {len(story.looks)}")

    def _reweighted(self, case: Case, now: Route) -> Route:
        look = case.story.looks[-1] if case.story.looks else None
        if look is None or look.weights is None or now.epoch != look.epoch:
            return now
        return splitting.reweighted(now, case.experiment, look.weights)

    def _finish(self, case: Case) -> None:
        """The tasks of the finish, unless a person has stopped the run; then its last record."""
        story, ending = case.story, case.story.ending
        assert ending is not None
        if ending.how not in ("aborted", "undone", "failed"):
            self._give(case, ending)
            if not (self._agenda.done(case, "loop") and self._agenda.done(case, "finish")):
                return
        self._note(
            case, "finish", LAB, ending.why, winner=ending.winner, recommended=ending.recommended, how=ending.how,
            weights=self._final_weights(story, case.experiment, ending), failed=failed(case, "finish"),
        )  # fmt: skip

    def _give(self, case: Case, ending: Ending) -> None:
        """Moves the visitors at once: the tasks may take their time."""
        if ending.how == "promoted":
            self._promote(case, ending)
        else:
            self._hold(case)

    def _final_weights(self, story: Story, experiment: Experiment, ending: Ending) -> Mapping[str, float] | None:
        winner = splitting.everybody(experiment, ending)
        return None if winner is None or ending.how == "undone" or story.began_at is None else {winner: 100.0}

    def _settle(self, case: Case) -> None:
        """Gives the route back."""
        story, ending = case.story, case.story.ending
        assert ending is not None
        if story.before is not None:
            before = Route.model_validate(story.before)
            if story.undone_at_epoch is not None:
                self._change(case, lambda now: _restored(now, before, story), f"{story.run} is undone")
            elif self._present(case).experiment == story.run:
                self._change(case, lambda now: _released(now, before, case.experiment, ending, story.run), f"{story.run} is over")
        case.is_settled = True

    def _change(self, case: Case, function: Callable[[Route], Route], why: str) -> None:
        self.world.at_step(f"{case.name}: before the route is changed")
        self.world.traffic.change(case.story.route, function, Author(LAB, why))
        self.world.at_step(f"{case.name}: after the route is changed")

    def _promote(self, case: Case, ending: Ending) -> str | None:
        winner, run = splitting.everybody(case.experiment, ending), case.story.run
        if winner is not None and self._present(case).weight(winner) != 100:
            self._change(case, lambda now: splitting.alone(now, winner) if now.experiment == run else now, f"{run} promotes {winner}")
        return winner

    def _promoted(self, case: Case) -> Outcome:
        """The task lab/promote."""
        winner = self._promote(case, case.story.ending) if case.story.ending else None
        return Outcome(True, f"{winner} has everybody on {case.story.route}.") if winner else Outcome(None, "Nobody is promoted.")

    def _fail(self, case: Case) -> None:
        why = next(one["sentence"] for one in case.story.tasks if one.get("ok") is False)
        baseline = case.experiment.baseline.variant
        self._note(case, "finish", LAB, why, winner=None, recommended=baseline, why=why, how="failed", weights=None, failed=True)

    # Records.

    def _note(self, case: Case, kind: Kind, who: str, why: str | None, /, **detail: Any) -> None:  # noqa: ANN401 - JSON
        detail = {"at": self.world.clock(), "why": why} | detail
        case.story = self._write(case.story, kind, case.name, case.story.route, who, why, detail)

    def _write(self, story: Story | None, kind: Kind, run: str, route: str, who: str, why: str | None, detail: Mapping[str, Any]) -> Story:
        self.world.at_step(f"{run}: before {kind}")
        record = self.world.book.write(self.world.clock(), kind, run, route, who, why, detail)
        self.world.at_step(f"{run}: after {kind}")
        told = continued(story, record)
        assert told is not None
        return told

    def _end(self, case: Case, kind: Kind, who: str, why: str | None, winner: str | None) -> Case:
        recommended = winner or case.experiment.baseline.variant
        route = self.route(case)
        self._note(case, kind, who, why, winner=winner, recommended=recommended, epoch=route.epoch if route else 0)
        self._guarded(case)
        return case

    def _asked(self, text: str, experiment: Experiment, routes: Routes, known: Known) -> dict[str, Any]:
        return {
            "at": self.world.clock(),
            "file": experiment.name,
            "target": experiment.target,
            "text": text,
            "mapping": _mapping(experiment),
            "tables": {"routes": document(routes), "known": {name: list(variants) for name, variants in known.items()}}
            | ({"means": self.world.means._asdict()} if self.world.means != ALONE else {}),
            "reward_cap": self.world.reward_cap,
            "software": dict(self.world.software),
        }

    def _remember(self, story: Story) -> None:
        try:
            experiment, notices = resolved_again(self.judge, story)
        except Refused as error:
            log.error("The file of %s is not understood any more: %s", story.run, error)
            self.unreadable[story.run] = str(error)
            return
        self._cases[story.run] = Case(story, experiment, notices)

    def _name(self, wanted: str) -> str:
        taken = {*self._cases, *self.unreadable, *(route.experiment for route in self.world.traffic.read().routes.values())}
        names = (wanted if number == 1 else f"{wanted}-{number}" for number in range(1, len(taken) + 2))
        return next(name for name in names if name not in taken)

    def _holder(self, route: str, target: str, until: Case | None = None) -> Case | None:
        """The first run that has this route or target, or waits for it; only of those that were asked for before `until`."""
        for case in self._cases.values():
            if case is until:
                return None
            if not case.is_settled and (case.story.route == route or case.story.target == target):
                return case
        return None

    # Refusals.

    def _present(self, case: Case) -> Route:
        route = self.route(case)
        if route is None:
            raise Conflict(f"The gateway has no route {case.story.route} any more, so {case.name} cannot go on.")
        return route

    def _check(self, experiment: Experiment, routes: Routes, known: Known) -> None:
        """Whether the gateway would take it."""
        route, weights = routes.routes[experiment.route], self.judge.initial(experiment).weights
        try:
            splitting.taken(route, experiment.name, experiment, weights, known[experiment.route])
            self.world.traffic.check_places(experiment)
        except (RoutesError, PlaceError) as error:
            raise FileError(f"The gateway cannot split {experiment.route} like this. {error}") from error

    def _active(self, name: str, deed: str, exact: bool, also_waiting: bool = False) -> Case:
        case = self.case(name, exact)
        if case.story.ending is not None:
            raise Conflict(f"{case.name} is over ({case.story.ending.why.rstrip('.')}), so it cannot be {deed}.")
        if case.story.began_at is None and not also_waiting:
            raise Conflict(f"{case.name} waits for its route, so it cannot be {deed} yet.")
        return case

    def _check_latest(self, case: Case) -> None:
        later = [one for one in self.cases() if one.story.route == case.story.route and one.story.began_at is not None]
        if later[0] is not case:
            raise Conflict(f"{later[0].name} has run on {case.story.route} since. Undo that one first, or set the weights: lab weight")


def resolved_again(judge: Judge, story: Story) -> tuple[Experiment, tuple[str, ...]]:
    """The run's file, understood for the routes that there were when it was started. Raises Refused."""
    known = {name: tuple(variants) for name, variants in story.tables["known"].items()}
    means = Means(**story.tables.get("means", {}))
    resolved = judge.resolve(story.text, parse(json.dumps(story.tables["routes"]), known), known, means)
    return resolved.experiment, resolved.notices


def _mapping(experiment: Experiment) -> dict[str, str]:
    return {one.name: one.variant for one in experiment.versions}


def _restored(now: Route, before: Route, story: Story) -> Route:
    return before if now.epoch == story.undone_at_epoch or now.experiment == story.run else now


def _released(now: Route, before: Route, experiment: Experiment, ending: Ending, run: str) -> Route:
    return splitting.released(now, before, experiment, ending) if now.experiment == run else now


def _chosen(case: Case, asked: str | None) -> str:
    """Whom a person means."""
    candidates = {name: one.variant for one in case.experiment.candidates for name in (one.name, one.variant)}
    if asked is not None:
        if asked not in candidates:
            raise Conflict(f"{case.name} has no candidate {asked}. Candidates: {', '.join(dict.fromkeys(candidates.values()))}.")
        return candidates[asked]
    left = [one.variant for one in case.experiment.candidates if one.variant not in case.story.standing.retired]
    recommended = splitting.variant_of(case.experiment, case.story.looks[-1].decision.get("recommended")) if case.story.looks else None
    if len(left) != 1 and recommended not in left:
        raise Conflict(f"{case.name} has {len(left)} candidates, and none is ahead. Say which: its variant.")
    return left[0] if len(left) == 1 else str(recommended)
