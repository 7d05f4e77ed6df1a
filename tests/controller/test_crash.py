"""Whatever step a run is killed at, the next process makes the same decisions and sets the same weights, each once."""

import json
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.controller.conftest import INTERVAL_S, SCRATCH, Ended, Lab, Plan, climb, harm, hold, text

NOTIFY = "{task: notification/http, with: {url: 'http://hook.example/'}}"


class Life(NamedTuple):
    """What one run came to."""

    decisions: list[dict[str, Any]]
    weights: list[dict[str, float]]
    """Every one that the route had, in order."""
    route: dict[str, Any]
    ending: dict[str, Any]
    told: list[str]


FILES = {
    "promoted": (climb, text(iterations=4, finish="[{task: lab/promote}]")),
    "rolled back": (harm, text(iterations=5)),
    "out of time, from round robin": (hold, text(iterations=3, route="fruit")),
    "with tasks": (
        climb,
        text(iterations=2, loops=2, start=f"[{NOTIFY}]", loop=f"[{NOTIFY}]", finish=f"[{NOTIFY}, {{task: lab/promote}}]"),
    ),
    "fixed split": (hold, text(iterations=2, deployment="FixedSplit")),
}


def lived(plan: Plan, file: str, ends_at: int | None = None) -> tuple[Life, int]:
    """One run, look by look; killed at a step, and started again at once. Also how many steps there were."""
    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as folder:
        lab = Lab(Path(folder), plan)
        lab.ends_at = ends_at
        try:
            lab.start(file)
        except Ended:
            _revived(lab)
            if not lab.controller.cases():
                lab.start(file)
        for _ in range(6):
            try:
                lab.look()
            except Ended:
                _revived(lab)
        return _life(lab), len(lab.steps)


def _revived(lab: Lab) -> None:
    lab.ends_at = None
    lab.restarted()
    lab.tick()


def _life(lab: Lab) -> Life:
    (case,) = lab.controller.cases()
    assert case.story.finish is not None
    decisions = [{**one.detail, "epoch": None} for one in lab.records() if one.kind == "look"]
    route = lab.route(case.story.route).model_dump() | {"epoch": None}
    ending = {name: value for name, value in case.story.finish.items() if name != "at"}
    return Life(decisions, _weights(lab, case.story.route), route, ending, [name for name, _ in lab.told])


def _weights(lab: Lab, route: str) -> list[dict[str, float]]:
    """From the journal of decisions, which names every epoch that there was. A change that nobody ever saw is not one."""
    lines = [json.loads(line) for line in (lab.journal / "decisions.jsonl").read_text().splitlines()]
    changes = [one["weights"] for one in lines if one["kind"] in ("weights", "route") and one["route"] == route]
    return [one for number, one in enumerate(changes) if not number or one != changes[number - 1]]


@pytest.mark.parametrize("name", FILES)
def test_killed_at_any_step_it_decides_the_same_and_sets_the_same_weights(name: str) -> None:
    plan, file = FILES[name]
    undisturbed, steps = lived(plan, file)
    assert steps > 10

    for step in range(steps):
        life, _ = lived(plan, file, step)

        assert life.decisions == undisturbed.decisions, step
        assert life.weights == undisturbed.weights, step
        assert (life.route, life.ending) == (undisturbed.route, undisturbed.ending), step
        # Whether a task that was under way has been done is not known, and it is not done again.
        assert len(undisturbed.told) - 1 <= len(life.told) <= len(undisturbed.told), step


def test_killed_again_and_again_it_still_comes_to_the_same_end() -> None:
    plan, file = FILES["promoted"]
    undisturbed, _ = lived(plan, file)

    with tempfile.TemporaryDirectory(prefix="lab-", dir=SCRATCH) as folder:
        lab = Lab(Path(folder), plan)
        lab.start(file)
        for _ in range(6):
            lab.clock.pass_by(INTERVAL_S)
            for patience in range(1, 8):
                lab.steps, lab.ends_at = [], patience
                lab.restarted()
                try:
                    lab.controller.tick()
                except Ended:
                    continue
        life = _life(lab)

    assert life.decisions == undisturbed.decisions
    assert life.route == undisturbed.route
