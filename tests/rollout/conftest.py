"""Experiments on the whole lab: NGINX, the services and the lab's own, with simulated visitors."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
import yaml

from tests.lab.conftest import Lab
from tests.support import REPOSITORY

LAB = REPOSITORY / ".venv" / "bin" / "lab"

# Predictions younger than this are not in a look yet; and the controller needs its time, too.
LAG_S, SLOWNESS_S = 2.0, 3.0


class Ended(NamedTuple):
    """An experiment after its end."""

    status: Mapping[str, Any]
    looks: list[Mapping[str, Any]]
    seen: Mapping[str, Any]
    """What the visitors met, as `lab load -o json` says it."""

    @property
    def name(self) -> str:
        return str(self.status["name"])

    @property
    def verdict(self) -> str:
        return str(self.status["verdict"])

    @property
    def why(self) -> str:
        return str(self.status["why"])

    def met(self, variant: str) -> Mapping[str, Any]:
        """What the visitors of one variant met."""
        return next(one for one in self.seen["variants"] if one["variant"] == variant)

    def trust(self) -> set[str]:
        """Everything that was ever wrong with the evidence."""
        return {reason["what"] for look in self.looks for reason in look["decision"]["trust"]}


class Rollouts:
    """Runs experiments on one lab, each from a fresh start."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def start(self, name: str, **spec: Any) -> str:
        """Starts an experiment of forest against svc; `spec` says what is different from the usual. Its name here."""
        text = yaml.safe_dump(experiment(name, **spec))
        done = subprocess.run([LAB, "start", "-f", "-", "-o", "json"], input=text, env=self._environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["name"])

    def load(self, *options: str) -> subprocess.Popen[str]:
        """Visitors, until they are told to stop."""
        command = [LAB, "load", "--duration", "10m", "-o", "json", *options]
        return subprocess.Popen(command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, name: str, *options: str, **spec: Any) -> Ended:
        """An experiment from its start to its end, with visitors from the start on; then all is as it was before."""
        run = self.start(name, **spec)
        visitors = self.load(*options)
        try:
            status = self.ended(run)
        finally:
            visitors.terminate()
            told, said = visitors.communicate()
        self.undo(run)
        assert visitors.returncode == 130, said
        return Ended(status, self.looks(run), json.loads(told))

    def ended(self, run: str) -> Mapping[str, Any]:
        """Waits for the end."""
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            status = self.get(f"/experiments/{run}")
            if status["stage"] == "Completed":
                return status
            time.sleep(0.2)
        raise AssertionError(f"{run} has not ended: {status['why']}")

    def looks(self, run: str) -> list[Mapping[str, Any]]:
        """Every look with its decision."""
        return list(self.get(f"/experiments/{run}/looks")["looks"])

    def first_failure(self, run: str) -> float:
        """When a prediction first failed, in seconds since 1970."""
        failed = [line["time"] for line in self.lab.lines() if line["experiment"] == run and (line["status"] >= 500 or line["rescued"])]
        return datetime.fromisoformat(min(failed)).timestamp()

    def undo(self, run: str) -> None:
        """Gives the route back."""
        subprocess.run([LAB, "undo", run, "--yes"], env=self._environment, check=True, capture_output=True)

    def get(self, path: str) -> Any:
        """What the service says, through the gateway."""
        return requests.get(f"{self.lab.url}/lab{path}", timeout=30).json()

    def weights(self) -> dict[str, float]:
        """Of the iris route, now."""
        route = next(one for one in self.get("/routes")["routes"] if one["route"] == "iris")
        return {one["variant"]: one["weight_percent"] for one in route["variants"]}

    def table(self) -> Mapping[str, Any]:
        """The iris route as the gateway reads it."""
        return dict(json.loads((self.lab.state / "routes.json").read_text())["routes"]["iris"])

    def command(self, *arguments: str) -> None:
        """One command of the lab."""
        subprocess.run([LAB, *arguments], env=self._environment, check=True, capture_output=True)

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | self.lab.environment


def experiment(name: str, **changes: Any) -> dict[str, Any]:
    """forest against svc by conversion, within limits that both keep easily. `changes` replace parts of strategy, criteria, duration."""
    strategy = {"testingPattern": "A/B", "weights": {"maxCandidateWeight": 50, "maxCandidateWeightIncrement": 20}}
    criteria = {
        "requestCount": "request-count",
        "rewards": [{"metric": "conversion", "preferredDirection": "High"}],
        "objectives": [{"metric": "error-rate", "upperLimit": 0.01}, {"metric": "mean-latency", "upperLimit": 500}],
        "strength": {"maturation": 2},
    }
    duration = {"intervalSeconds": 2, "iterationsPerLoop": 30}
    return {
        "apiVersion": "iter8.tools/v2alpha2",
        "kind": "Experiment",
        "metadata": {"name": name},
        "spec": {
            "target": "iris",
            "strategy": strategy | changes.get("strategy", {}),
            "criteria": criteria | changes.get("criteria", {}),
            "duration": duration | changes.get("duration", {}),
            "versionInfo": {"baseline": {"name": "svc"}, "candidates": [{"name": "forest"}]},
        },
    }


@pytest.fixture(scope="module")
def rollouts() -> Iterator[Rollouts]:
    """A lab whose services can be made to fail."""
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = Lab(Path(folder), LAB_FAULTS="1", LOG_LEVEL="WARNING")
        up = lab.make("up")
        assert up.returncode == 0, up.stdout + up.stderr
        yield Rollouts(lab)
        lab.make("down")
