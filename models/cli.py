"""The command line of `download_models.py`."""

import argparse
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from models.built import FULL, Effort
from models.errors import CannotWrite
from models.obtain import Options, obtain, state_in
from models.places import Places, places_from
from models.plan import Artifact, PlanError, read_plan
from models.sources import STAND_IN
from models.store import State

ROOT = Path(__file__).parent.parent

EPILOG = """\
environment:
  LAB_MODEL_MIRROR  URL or folder that is asked first
  LAB_ARTIFACTS     folder where the files go instead of app_*/artifacts/
  LAB_CHECKOUT      checkout whose finished models and weights are taken

exit codes:
  0    all models are there, stand-ins among them, or off because nothing can stand in for them
  1    a model is missing, or could not be written
  2    the command was not understood
  130  interrupted by Ctrl-C
  143  ended by SIGTERM
After each of them, the next run goes on from what is there.
"""


def run() -> int:
    """`main` as a program: nothing that happens to its output makes it fail with a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Line by line, so that an interrupt loses none; "?" for what an old terminal cannot show.
        sys.stdout.reconfigure(line_buffering=True, errors="replace")
    try:
        return main()
    except BrokenPipeError:
        # Whoever read the output, such as `head`, is gone. Python writes once more when it ends: to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def main(
    arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ, root: Path = ROOT, effort: Effort = FULL
) -> int:
    """Returns the exit code: 0 when every artifact asked for is there, a stand-in included, or off."""
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
    outcomes = [_outcome(artifact, places, Options(effort, options.offline, options.rebuild)) for artifact in wanted]
    _close(outcomes)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


class Outcome(NamedTuple):
    """What became of one artifact."""

    artifact: Artifact
    state: State
    written: bool  # False: its place takes no files

    @property
    def is_good(self) -> bool:
        """Whether the artifact is there and as good as it could be made, or the lab is meant to run without it."""
        return self.written and self.state is not State.MISSING


def _outcome(artifact: Artifact, places: Places, options: Options) -> Outcome:
    try:
        return Outcome(artifact, obtain(artifact, places, options), written=True)
    except CannotWrite as error:
        print(f"{artifact.file} cannot be made: {error}")
        return Outcome(artifact, state_in(places, artifact), written=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="download_models.py",
        description="Fetches, checks and converts the models; trains what nobody publishes; builds stand-ins for what cannot be fetched.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        print(f"{artifact.name:12} {path}: {state_in(places, artifact).value}")
    return 0


def _close(outcomes: list[Outcome]) -> None:
    for artifact in (outcome.artifact for outcome in outcomes if outcome.state is State.STAND_IN and outcome.artifact.weights):
        weights = artifact.weights.file if artifact.weights else ""
        print(f"{artifact.file} is a {STAND_IN}. For the real model put {weights} into {artifact.app}/artifacts/ and run this again.")
    for artifact in (outcome.artifact for outcome in outcomes if outcome.state is State.OFF):
        print(_how_to_get(artifact))
    if missing := [outcome.artifact.file for outcome in outcomes if outcome.state is State.MISSING]:
        print(f"Missing: {', '.join(missing)}.")


def _how_to_get(artifact: Artifact) -> str:
    assert artifact.weights is not None
    files = " and ".join(wanted.file for wanted in (artifact.weights, *artifact.weights.beside))
    by_hand = f"put {files} into {artifact.app}/artifacts/ and run this again"
    return f"{artifact.file} is off, and the rest runs. To get it, {by_hand}; or ask its publisher again: --rebuild --only {artifact.name}"
