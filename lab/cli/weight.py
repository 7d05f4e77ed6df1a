"""lab weight and lab route: who gets which model."""

import getpass
import json
import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated

import typer

from lab import described, settings
from lab.cli import terminal
from lab.cli.common import Output, OutputOption, say, sentences
from lab.errors import RoutesError
from lab.routes import Route, with_fallback, with_mode, with_rescue_500, with_shadows, with_weights, without_lane
from lab.routes.change import notices
from lab.routes.parse import no_route
from lab.traffic.chosen import traffic as chosen
from lab.traffic.nginx import Author, NginxTraffic

PERCENT = re.compile(r"(?P<name>[^=]+)=(?P<percent>-?\d+(\.\d+)?)%?")


class Mode(StrEnum):
    """How a route chooses."""

    weighted = "weighted"
    roundrobin = "roundrobin"
    off = "off"


class Fallback(StrEnum):
    """Who answers when a variant fails."""

    baseline = "baseline"
    none = "none"


WhyOption = Annotated[str | None, typer.Option("--why", help="a reason, for the journal of decisions")]


def weight(
    route: Annotated[str | None, typer.Argument(help="a route; without one, all of them are shown")] = None,
    weights: Annotated[
        list[str] | None,
        typer.Argument(metavar="VARIANT=PERCENT", help="a baseline that is not named gets the rest, other variants nothing"),
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="weighted: visitors keep their variant; roundrobin: predictions alternate; off: only the baseline")
    ] = None,
    why: WhyOption = None,
    show: Annotated[bool, typer.Option("--show", help="change nothing, show what counts now (the default without changes)")] = False,
    output: OutputOption = Output.table,
) -> None:
    """Shows or changes the weights of a route: lab weight iris svc=50 forest=50"""
    percents = _percents(weights or [])
    if show and (weights or mode):
        raise typer.BadParameter("--show changes nothing. Leave it out, or the weights and --mode.")
    if mode and not route:
        raise typer.BadParameter("Name the route whose mode changes.")
    changes: list[Change] = []
    if route and weights:
        changes.append(lambda present, known: with_weights(route, present, percents, known))
    if mode:
        changes.append(lambda present, _: with_mode(present, mode.value))
    with sentences():
        _do(route, changes, why, output)


def change_route(
    route: Annotated[str, typer.Argument(help="a route")],
    fallback: Annotated[Fallback | None, typer.Option(help="who answers when a variant fails; none: its error reaches the visitor")] = None,
    rescue_500: Annotated[bool | None, typer.Option("--rescue-500/--no-rescue-500", help="whether an answer 500 is rescued, too")] = None,
    shadow: Annotated[
        list[str] | None,
        typer.Option(metavar="VARIANT=PERCENT", help="copy so many of the predictions to a variant whose answers nobody sees; 0 ends it"),
    ] = None,
    drop_lane: Annotated[
        str | None, typer.Option(metavar="VARIANT", help="give up the lane of a candidate without a weight; the others' visitors may move")
    ] = None,
    why: WhyOption = None,
    output: OutputOption = Output.table,
) -> None:
    """Shows or changes what else a route does: lab route iris --shadow xgboost=10 --fallback none"""
    shadows = _percents(shadow or [])
    changes: list[Change] = []
    if fallback:
        changes.append(lambda present, _: with_fallback(present, fallback.value))
    if rescue_500 is not None:
        changes.append(lambda present, _: with_rescue_500(present, rescue_500))
    if shadows:
        changes.append(lambda present, known: with_shadows(present, shadows, known))
    if drop_lane:
        changes.append(lambda present, _: without_lane(present, drop_lane))
    with sentences():
        _do(route, changes, why, output)


# A change of a route, which may ask for the variants that there are.
Change = Callable[[Route, Sequence[str]], Route]


def _do(route: str | None, changes: Sequence[Change], why: str | None, output: Output) -> None:
    """Makes the changes, all at once, then shows what counts."""
    here = settings.from_environment()
    traffic = chosen(here)
    if route is not None and route not in traffic.known():
        raise RoutesError(no_route(route, traffic.known()))
    if route is not None and changes:
        _change(traffic, route, changes, Author(f"{getpass.getuser()}, by the command line", why))
    _show(traffic, route, output)


def _change(traffic: NginxTraffic, route: str, changes: Sequence[Change], author: Author) -> None:
    known = traffic.known()[route]

    def all_of_them(present: Route) -> Route:
        for change in changes:
            present = change(present, known)
        return present

    before, after = traffic.change(route, all_of_them, author)
    if before == after:
        say(f"{route} is like this already: nothing is changed.")
    for notice in notices(route, before, after):
        say(notice)


def _show(traffic: NginxTraffic, route: str | None, output: Output) -> None:
    reading, known = traffic.examine(), traffic.known()
    names = [route] if route else list(reading.routes.routes)
    if output is Output.json:
        print(json.dumps(described.as_json(reading.routes, names, known, reading.notes), indent=2))
        return
    for note in reading.notes:
        say(note)
    screen = terminal.console()
    for name in names:
        terminal.show(described.describe(name, reading.routes.routes[name], known[name]), screen)


def _percents(words: Sequence[str]) -> dict[str, float]:
    """`svc=50` → {"svc": 50.0}"""
    found: dict[str, float] = {}
    for word in words:
        fits = PERCENT.fullmatch(word)
        if not fits:
            raise typer.BadParameter(f"{word!r} must be a variant and its percentage, such as svc=50 or forest=33.33.")
        if fits["name"] in found:
            raise typer.BadParameter(f"{fits['name']} is named twice.")
        found[fits["name"]] = float(fits["percent"])
    return found
