"""The demonstration: a rollout that ends as its visitors demand, and leaves the lab as it was."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
import requests

from tests.lab.conftest import Lab
from tests.support import REPOSITORY, eventually

LAB = REPOSITORY / ".venv" / "bin" / "lab"

LOOK = re.compile(
    r"\d:\d\d  svc \d+ %, forest \d+ %(; conversion svc [\d.]+ %, forest [\d.]+ %: [+-][\d.]+ points( \([+-][\d.]+ to [+-][\d.]+\))?)?"
)


def demo(lab: Lab, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LAB, "demo", *options], env=os.environ | lab.environment, capture_output=True, text=True)


def route(lab: Lab) -> Mapping[str, Any]:
    """The iris route; epochs only count up."""
    found = next(one for one in requests.get(f"{lab.url}/lab/routes", timeout=30).json()["routes"] if one["route"] == "iris")
    return {**found, "epoch": 0}


def masked(line: str) -> str:
    """Without its numbers, however it was broken, and whichever run of its file it is about."""
    first = re.sub(r"(iris-progressive)-\d+", r"\1", " ".join(line.split()))
    return re.sub(r"[+-]?\d[\d.,]*", "#", first)


def readme_example() -> list[str]:
    """What the README shows below `make demo`, without the lines that stand for others."""
    found = re.search(r"```text\n(iris-progressive has begun.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert found
    return [line for line in found[1].splitlines() if line.strip() and line.strip() != "…"]


class Played(NamedTuple):
    """A demonstration, and the route around it."""

    done: subprocess.CompletedProcess[str]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@pytest.fixture(scope="module")
def better(lab: Lab) -> Played:
    """The usual demonstration, a little faster."""
    before = route(lab)
    done = demo(lab, "--fast", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr
    return Played(done, before, route(lab))


def test_a_better_candidate_is_promoted_before_ones_eyes(lab: Lab, better: Played) -> None:
    lines = [line for line in better.done.stdout.splitlines() if line.strip()]

    looks = [line for line in lines if re.match(r"\d:\d\d  ", line)]

    assert looks
    assert all(LOOK.fullmatch(line) for line in looks), looks
    assert "Promote forest to 100 %: conversion is higher by " in better.done.stdout
    assert any(re.fullmatch(r"After \d+ s forest is promoted\.", line) for line in lines)
    assert any(line.startswith("Promote forest: its conversion is better than that of svc") for line in lines)
    assert f"The experiment's page: {lab.url}/lab/experiment/" in better.done.stdout


def test_afterwards_all_is_as_it_was(better: Played) -> None:
    assert better.after == better.before
    assert better.done.stdout.endswith("Undone, the route is as it was before (svc 60 %, forest 40 %). With --keep it stays.\n")


def test_the_readme_shows_what_the_demonstration_prints(better: Played) -> None:
    shown = readme_example()

    said = [masked(line) for line in better.done.stdout.splitlines() if line.strip()]

    # Which lines come depends on what the visitors do. Those that always come, in the order of the README:
    always = [line for line in shown if re.match(r"iris-progressive has|\d+ new visitors|After| variant| ─|Undone", line)]
    assert len(always) == 6
    places = [said.index(masked(line)) for line in always]
    assert places == sorted(places)
    assert all(LOOK.fullmatch(line) for line in shown if re.match(r"\d:\d\d", line))


@pytest.mark.soak
def test_a_worse_candidate_is_rolled_back(lab: Lab) -> None:
    done = demo(lab, "--bad", "--fast", "--seed", "7")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Roll back to 0 %: conversion is lower by " in done.stdout
    assert re.search(r"^After \d+ s forest is rolled back\.$", done.stdout, re.MULTILINE)
    assert "Roll back forest: its conversion is worse than that of svc" in done.stdout


def test_ctrl_c_takes_the_experiment_back(lab: Lab) -> None:
    before = route(lab)
    running = subprocess.Popen([LAB, "demo"], env=os.environ | lab.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: route(lab)["experiment"] is not None)

    time.sleep(1)
    running.send_signal(signal.SIGINT)
    shown, said = running.communicate(timeout=60)

    assert running.returncode == 130, shown + said
    assert said == "Ended before there was a verdict.\n"
    assert "Undone" in shown
    assert route(lab) == before


def test_a_route_that_is_taken_is_left_alone(lab: Lab) -> None:
    environment = os.environ | lab.environment
    file = REPOSITORY / "experiments" / "iris-progressive.yaml"
    started = subprocess.run([LAB, "start", "-f", file, "-o", "json"], env=environment, capture_output=True, text=True)
    run = json.loads(started.stdout)["name"]

    done = demo(lab)

    assert done.returncode == 1
    assert f"The route iris is taken by the experiment {run} (Running, look " in done.stderr
    assert f"Let it end, or end it: lab abort {run}" in done.stderr
    subprocess.run([LAB, "undo", run, "--yes"], env=environment, check=True, capture_output=True)


def test_without_a_lab_it_says_how_to_start_one(tmp_path: Any) -> None:
    environment = os.environ | {"LAB_STATE": str(tmp_path), "LAB_PORT": "1"}

    done = subprocess.run([LAB, "demo"], env=environment, capture_output=True, text=True)

    assert done.returncode == 1
    assert "Start the lab (make up)" in done.stderr
    assert "Traceback" not in done.stderr
