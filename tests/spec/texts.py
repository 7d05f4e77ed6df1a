"""Texts of experiments, and a table of routes, that the tests of spec and lint start from."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.routes import Route, Routes
from lab.spec.errors import SpecError
from lab.spec.experiment import Experiment
from lab.spec.read import read
from lab.spec.resolve import Resolved, resolved
from tests.tables import FRUIT, IRIS

FILES = Path(__file__).parent / "files"
ROLLOUT = (FILES / "rollout.yaml").read_text()
METRICS = (FILES / "metrics.yaml").read_text()

KNOWN = {"fruit": ("custom", "vgg16", "vgg16int8"), "iris": ("svc", "forest", "xgboost", "bayes")}


def routes(iris: dict[str, Any] | None = None) -> Routes:
    """The table, with other fields of iris."""
    built = {"fruit": Route.model_validate(FRUIT), "iris": Route.model_validate(IRIS | (iris or {}))}
    return Routes(default_route="fruit", routes=built)


def written(**changes: Any) -> str:
    """A sound A/B experiment on iris, as text. A change replaces the part of its spec that its name leads to: criteria__rewards."""
    spec: dict[str, Any] = {
        "target": "iris",
        "strategy": {"testingPattern": "A/B", "deploymentPattern": "Progressive"},
        "criteria": {
            "rewards": [{"metric": "conversion", "preferredDirection": "High"}],
            "objectives": [{"metric": "error-rate", "upperLimit": "0.05"}],
            "strength": {"mde": "0.1"},
        },
        "duration": {"intervalSeconds": 60, "iterationsPerLoop": 30},
        "versionInfo": {"baseline": {"name": "svc"}, "candidates": [{"name": "forest"}]},
    }
    for path, value in changes.items():
        *around, last = path.split("__")
        here = spec
        for part in around:
            here = here[part]
        here[last] = value
    return yaml.safe_dump(
        {"apiVersion": "iter8.tools/v2alpha2", "kind": "Experiment", "metadata": {"name": "tried"}, "spec": spec}, sort_keys=False
    )


def understood(text: str, iris: dict[str, Any] | None = None) -> Resolved:
    """What the text means here."""
    return resolved(read(text), routes(iris), KNOWN)


def experiment(**changes: Any) -> Experiment:
    """The sound experiment with changes, resolved."""
    return understood(written(**changes)).experiment


def refusal(text: str, iris: dict[str, Any] | None = None) -> str:
    """Why a text is refused."""
    with pytest.raises(SpecError) as refused:
        understood(text, iris)
    return str(refused.value)


def canary(**changes: Any) -> dict[str, Any]:
    """Changes that make it a Canary: no rewards."""
    return {"strategy__testingPattern": "Canary", "criteria__rewards": [], **changes}


def shadow(**changes: Any) -> dict[str, Any]:
    """Changes that make it a Shadow experiment."""
    agreement = [{"metric": "agreement", "lowerLimit": "0.9"}]
    return {"strategy": {"testingPattern": "Shadow"}, "criteria__rewards": [], "criteria__objectives": agreement, **changes}
