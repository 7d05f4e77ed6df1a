"""A command line beside a fake service."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.testing import CliRunner, Result

from lab.cli import app
from tests.cli.service import TOKEN, FakeService, listening


class Lab(Protocol):
    """`lab …`, typed in a terminal without colours."""

    def __call__(self, words: str, given: str | None = None) -> Result: ...


def status(name: str = "iris-progressive", **changed: Any) -> dict[str, Any]:
    """What the service says of a run in its third iteration of ten."""
    spec = {"target": "iris", "strategy": {"testingPattern": "A/B", "deploymentPattern": "Progressive"}}
    return {
        "name": name,
        "experiment": "iris-progressive",
        "namespace": "default",
        "route": "iris",
        "target": "iris",
        "pattern": "A/B",
        "deployment": "Progressive",
        "method": "always-valid",
        "stage": "Running",
        "iteration": 3,
        "iterations": 10,
        "message": "IterationUpdate: Completed Iteration 3",
        "started_at": 1_700_000_000.0,
        "ended_at": None,
        "next_look_at": None,
        "is_paused": False,
        "waits_for": None,
        "weights": {"svc": 70, "forest": 30},
        "winner": None,
        "recommended": "iris-v1",
        "verdict": "continue",
        "why": "Continue: conversion of forest is not shown to be better yet (e = 3.4, needed 20).",
        "notices": [],
        "decision": None,
        "resource": {"kind": "Experiment", "metadata": {"name": name}, "spec": spec, "status": {"completedIterations": 0}},
    } | changed


def completed(name: str = "iris-progressive", verdict: str = "promote", **changed: Any) -> dict[str, Any]:
    """What it says of one that has ended."""
    is_won = verdict == "promote"
    return status(
        name,
        stage="Completed",
        iteration=10,
        message="ExperimentCompleted: Experiment Completed",
        verdict=verdict,
        winner="forest" if is_won else "svc",
        weights={"svc": 0, "forest": 100} if is_won else {"svc": 100, "forest": 0},
        resource={
            "kind": "Experiment",
            "metadata": {"name": name},
            "spec": {},
            "status": {"analysis": {"winnerAssessment": {"data": {"winnerFound": is_won}}}},
        },
        **changed,
    )


@pytest.fixture
def state() -> Iterator[Path]:
    # Not pytest's own folder: a unix socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        yield Path(folder)


@pytest.fixture
def lab(state: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("LAB_STATE", str(state))
    monkeypatch.setenv("LAB_SOCKETS", str(state))
    monkeypatch.setenv("USER", "jane")
    monkeypatch.setenv("LOGNAME", "jane")

    def run(words: str, given: str | None = None) -> Result:
        return CliRunner(env={"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "160"}).invoke(app, words.split(), input=given)

    return run


@pytest.fixture
def service(state: Path) -> Iterator[FakeService]:
    """It has one run, in its third iteration."""
    (state / "lab.token").write_text(f"{TOKEN}\n")
    fake = FakeService(status())
    with listening(fake, state / "lab.sock"):
        yield fake
