"""The command line of `download_models.py`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from models import store
from models.built import FULL, Effort
from models.obtain import STAND_IN, Options, obtain
from models.places import Places, places_from
from models.plan import Artifact, PlanError, read_plan
from models.store import State

ROOT = Path(__file__).parent.parent


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ, root: Path = ROOT, effort: Effort = FULL
) -> int:
    """Returns the exit code: 0 when every artifact asked for is there, a stand-in included."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        plan = read_plan(root)
    except PlanError as error:
        print(error, file=sys.stderr)
        return 1
    wanted = _chosen(plan, options.only, parser)
    places = places_from(environment, root)
    if options.list:
        return _list(wanted, places)
    states = {artifact: obtain(artifact, places, Options(effort, options.offline, options.rebuild)) for artifact in wanted}
    _close(states)
    return 1 if State.MISSING in states.values() else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="download_models.py",
        description="Fetches, checks and converts the models; trains what nobody publishes; builds stand-ins for what cannot be fetched.",
        epilog="Environment: LAB_MODEL_MIRROR=<URL or folder> is asked first; LAB_ARTIFACTS=<folder> is where the files go instead of "
        "app_*/artifacts/; LAB_CHECKOUT=<folder> is a checkout whose finished models and weights are taken.",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these artifacts; --list shows their names")
    parser.add_argument("--offline", action="store_true", help="fetch nothing")
    parser.add_argument("--rebuild", action="store_true", help="make again what was made before")
    parser.add_argument("--list", action="store_true", help="show what there is and what is missing")
    return parser


def _chosen(plan: tuple[Artifact, ...], names: list[str] | None, parser: argparse.ArgumentParser) -> list[Artifact]:
    known = {artifact.name: artifact for artifact in plan}
    for name in names or []:
        if name not in known:
            parser.error(f"no artifact is called {name!r}. Choose from: {', '.join(known)}.")
    return [artifact for name, artifact in known.items() if not names or name in names]


def _list(artifacts: list[Artifact], places: Places) -> int:
    for artifact in artifacts:
        path = places.target(artifact)
        print(f"{artifact.name:10} {path}: {store.state_of(path).value}")
    return 0


def _close(states: dict[Artifact, State]) -> None:
    stand_ins = [artifact for artifact, state in states.items() if state is State.STAND_IN]
    missing = [artifact.file for artifact, state in states.items() if state is State.MISSING]
    for artifact in stand_ins:
        weights = artifact.weights.file if artifact.weights else ""
        print(f"{artifact.file} is a {STAND_IN}. For the real model put {weights} into {artifact.app}/artifacts/ and run this again.")
    if missing:
        print(f"Missing: {', '.join(missing)}.")
