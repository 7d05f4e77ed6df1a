"""How the pages say what a prediction's line means."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.routes.table import Known, Route, Routes
from lab.web.pages.experiment_state import NOTHING, State

# Why it was this variant.
CHOSEN = {
    "split": "by weight",
    "roundrobin": "by turns",
    "rule": "by a header's rule",
    "override": "asked for by name",
    "shadow": "copy for a shadow",
}

NOBODY = "nobody"

UNKNOWN = NOTHING


class Places(NamedTuple):
    """The place of every variant among those of its route, which gives it its colour; the baseline's is 0."""

    of_route: Mapping[str, Sequence[str]]

    def place(self, route: str, variant: str | None) -> int:
        """Whoever the route does not know comes last."""
        names = self.of_route.get(route, ())
        return names.index(variant) if variant in names else len(names)


def places(routes: Routes, known: Known) -> Places:
    """By the table of routes, and by what the gateway can reach."""
    return Places({name: _in_order(route, known.get(name, ())) for name, route in routes.routes.items()})


def status(code: int, is_complete: bool = True) -> State:
    """An HTTP status: `502 failed`."""
    if code == 499:
        return State("499 client hung up", "warn")
    if code >= 500:
        return State(f"{code} failed", "bad")
    if not is_complete:
        return State(f"{code} broken off", "bad")
    return State(f"{code} refused", "warn") if code >= 400 else State(str(code), "good")


def outlier(is_one: bool | None) -> str:
    """Whether the input is unlike the training data; where the model does not tell, unknown."""
    return {None: UNKNOWN, True: "outlier", False: "no"}[is_one]


def milliseconds(seconds: float | None) -> str:
    """`5 ms`, `1,240 ms`; below ten with a decimal where there is one."""
    if seconds is None:
        return UNKNOWN
    value = seconds * 1000
    return f"{value:,.0f} ms" if value >= 10 or value == round(value) else f"{value:.2g} ms"


def probability(value: float | None) -> str:
    """In percent, with a decimal: 0.9696 is `97.0 %`."""
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def _in_order(route: Route, known: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((route.baseline, *route.lanes, *known, *route.weights, *route.shadows)))
