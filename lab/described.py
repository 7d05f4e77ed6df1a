"""What a route looks like to people and programs: the same in the terminal, in JSON and over HTTP."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lab.routes import lanes
from lab.routes.table import Known, Route, Routes, plain


@dataclass(frozen=True)
class Variant:
    """One variant's part in a route."""

    variant: str
    weight_percent: float
    lane: int | None
    """From 1 on; None for the baseline and for whoever has no lane."""
    buckets: tuple[tuple[int, int], ...]
    """First and last of the 10,000 buckets of visitors that it holds, while the route is weighted."""
    version: str | None
    shadow_percent: float


@dataclass(frozen=True)
class Overview:
    """One route."""

    route: str
    mode: str
    epoch: int
    experiment: str | None
    baseline: str
    fallback: str
    rescue_500: bool
    rules: tuple[dict[str, str], ...]
    variants: tuple[Variant, ...]
    """Every variant that has an upstream, the baseline first, then the candidates in the order of their lanes."""


def describe(name: str, route: Route, variants: Sequence[str]) -> Overview:
    """`variants` are those that have an upstream."""
    held = lanes.held(route)
    order = dict.fromkeys((route.baseline, *route.lanes, *variants))
    return Overview(
        route=name,
        mode=route.mode,
        epoch=route.epoch,
        experiment=route.experiment,
        baseline=route.baseline,
        fallback=route.fallback,
        rescue_500=route.rescue_500,
        rules=tuple(rule.model_dump() for rule in route.rules),
        variants=tuple(_variant(one, route, held.get(one, ())) for one in order),
    )


def as_json(routes: Routes, names: Iterable[str], known: Known, notes: Iterable[str]) -> dict[str, Any]:
    """What `-o json` prints and the service answers."""
    chosen = [plain(asdict(describe(name, routes.routes[name], known[name]))) for name in names]
    return {"default_route": routes.default_route, "routes": chosen, "notes": list(notes)}


def _variant(name: str, route: Route, held: tuple[lanes.Range, ...]) -> Variant:
    return Variant(
        variant=name,
        weight_percent=route.weight(name),
        lane=route.lanes.index(name) + 1 if name in route.lanes else None,
        buckets=tuple((one.first, one.last) for one in held) if route.mode == "weighted" else (),
        version=route.versions.get(name),
        shadow_percent=route.shadows.get(name, 0.0),
    )
