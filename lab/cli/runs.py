"""What every command about experiments shares: which run is meant, how its status is asked for, the completion of its name."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from lab.client import Client, here
from lab.errors import Refused

# Seconds that pressing the tabulator may take.
COMPLETION_S = 1.0

NONE = "There is no experiment yet. Start one: lab start -f experiments/iris-progressive.yaml"

# A run as the service tells of it: see docs/cli.md.
Status = dict[str, Any]


def names(incomplete: str) -> list[str]:
    """Completes a run's name; without a service there is nothing to complete."""
    try:
        return [name for one in every(here(COMPLETION_S)) if (name := str(one["name"])).startswith(incomplete)]
    except Refused:
        return []


RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="a run's name, as lab list shows it", autocompletion=names)]
AnyRunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[RUN]", help="a run's name; without one, the newest that has not ended, or else the newest", autocompletion=names
    ),
]


def every(service: Client) -> list[Status]:
    """The newest first."""
    return list(service.get("/experiments")["experiments"])


def status_of(service: Client, run: str | None) -> Status:
    """Of one run, or of the one that is meant where none is named. Raises Refused where there is none."""
    if run is not None:
        return dict(service.get(path(run)))
    runs = every(service)
    if not runs:
        raise Refused(NONE)
    return next((one for one in runs if not has_ended(one)), runs[0])


def again(service: Client, status: Status) -> Status:
    """The same run as it is now: never another of its file, which may have started meanwhile under the name that was asked for."""
    return dict(service.get(path(status["name"]), exact=True))


def has_ended(status: Status) -> bool:
    """Whether nothing more comes."""
    return bool(status["stage"] == "Completed")


def path(run: str, *parts: str) -> str:
    """The run's address in the service."""
    return "/".join(("/experiments", quote(run, safe=""), *parts))
