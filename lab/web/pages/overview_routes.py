"""One route as a card: how it splits, and how each of its variants does. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lab.explain.words import listed, weights
from lab.routes import Route
from lab.routes.table import Rule, shown_percent
from lab.services.said import Service
from lab.web.pages.experiment_state import State
from lab.web.pages.overview_health import Health, headline
from lab.web.pages.overview_health import troubles as unwell
from lab.web.pages.overview_seen import NOBODY, Counts, Seen, Variant
from lab.web.pages.predictions_words import CHOSEN, UNKNOWN

# Predictions that a variant should have had, by its weight, before having none is worth a word.
EXPECTED = 10.0


class Share(NamedTuple):
    """A piece of the bar."""

    variant: str
    percent: float
    place: int


class Row(NamedTuple):
    """One variant, in words."""

    variant: str
    place: int
    """Among the route's variants, the baseline's is 0."""
    is_shadow: bool
    """What it says here is of the copies that it gets."""
    part: str
    """`60 %`; of a shadow: `copies of 10 %`"""
    n: str
    per_s: str
    failed: str
    """Of a shadow without the copies that were dropped, which stand beside."""
    p95: str
    outliers: str
    state: State


class Card(NamedTuple):
    """One route, in words."""

    route: str
    mode: str
    now: str
    """What came in lately."""
    shares: Sequence[Share]
    rows: Sequence[Row]
    has_outliers: bool
    """Whether any of its predictions was checked for it."""
    troubles: Sequence[str]
    notes: Sequence[str]
    """Rules, shadows, and what happens when a variant fails."""
    has_shadows: bool
    is_moving: bool
    """Something came in within the window, so the numbers change by themselves."""


def cards(routes: Mapping[str, Route], known: Mapping[str, Sequence[str]], seen: Seen, health: Health) -> list[Card]:
    """Every route, in the order of the gateway's table. `known`: the variants that the gateway can reach, by route."""
    return [_card(name, route, known.get(name, ()), seen, health) for name, route in routes.items()]


def _card(name: str, route: Route, known: Sequence[str], seen: Seen, health: Health) -> Card:
    order = list(dict.fromkeys((route.baseline, *route.lanes, *known)))
    found = {one: seen.variants.get((name, one), NOBODY) for one in order}
    copies = {one: seen.shadows[name, one] for one in order if (name, one) in seen.shadows}
    shadows = [one for one in order if one in route.shadows or one in copies]
    seen_by_nobody = [one for one in shadows if not share(route, one) and not found[one].counts.n]
    ill = {one: state for one in order if (state := _illness(Service(name, one), health))}
    met = frozenset(one for one in order if share(route, one) > 0 or any(rule.variant == one for rule in route.rules))
    alone = next((one for one in order if share(route, one) >= 100), None)
    seen_by_some = [one for one in order if one not in seen_by_nobody]
    rows = [_row(one, order.index(one), share(route, one), "", found[one], seen, ill.get(one)) for one in seen_by_some]
    rows += [
        _row(one, order.index(one), route.shadows.get(one, 0.0), "copies of ", copies.get(one, NOBODY), seen, ill.get(one))
        for one in shadows
    ]
    return Card(
        route=name,
        mode=headline(name, route, mode(route), alone, health),
        now=_now(found, seen),
        shares=[Share(one, part, place) for place, one in enumerate(order) if (part := share(route, one)) > 0],
        rows=rows,
        has_outliers=any(one.counts.judged for one in (*found.values(), *copies.values())),
        troubles=[*unwell(name, route, alone, met, health), *_counted(name, route, found, copies, health)],
        notes=list(_notes(route)),
        has_shadows=bool(shadows),
        is_moving=any(one.counts.n for one in (*found.values(), *copies.values())),
    )


def mode(route: Route) -> str:
    """How it splits: `By weight: svc 60 %, forest 40 % of the visitors.`"""
    if route.mode == "off":
        return f"Off: everybody meets {route.baseline}."
    if route.mode == "roundrobin":
        return f"By turns: {listed(route.turns)} answer one prediction after the other."
    parts = [(one, percent) for one, percent in route.weights.items() if percent > 0]
    if len(parts) == 1:
        return f"Everybody meets {parts[0][0]}."
    return f"By weight: {weights(dict(parts))} of the visitors."


def share(route: Route, variant: str) -> float:
    """Percent of what comes in, as things are."""
    if route.mode == "off":
        return 100.0 * (variant == route.baseline)
    if route.mode == "roundrobin":
        return 100.0 / len(route.turns) if variant in route.turns else 0.0
    return route.weight(variant)


def per_second(n: int, seconds: float) -> str:
    """`0.25`, `3.2`, `1,250`"""
    rate = n / seconds
    return f"{rate:.2g}" if rate < 9.95 else f"{rate:,.0f}"


def part_of(part: int, whole: int) -> str:
    """`0.4 % (3 of 812)`; unknown where there is nothing to be part of."""
    return f"{100 * part / whole:.3g} % ({part:,} of {whole:,})" if whole else UNKNOWN


def time_of(seconds: float | None) -> str:
    """`38 ms`, `2.4 s`"""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:.2g} s" if seconds >= 0.9995 else f"{1000 * seconds:.{0 if seconds >= 0.00995 else 1}f} ms"


def _row(name: str, place: int, percent: float, what: str, found: Variant, seen: Seen, illness: State | None) -> Row:
    counts = found.counts
    return Row(
        variant=name,
        place=place,
        is_shadow=bool(what),
        part=f"{what}{percent:.4g} %",
        n=f"{counts.n:,}",
        per_s=per_second(counts.latest_n, seen.latest_s),
        failed=part_of(counts.failed, counts.n) + (f"; {counts.dropped:,} dropped" if counts.dropped else ""),
        p95=time_of(found.p95_s),
        outliers=part_of(counts.outliers, counts.judged),
        state=illness or _state(counts, percent > 0),
    )


def _illness(service: Service, health: Health) -> State | None:
    """Of this very moment, whatever was counted before it."""
    if service in health.off:
        return State("off", "idle")
    return State("does not answer", "bad") if service in health.silent else None


def _state(counts: Counts, is_wanted: bool) -> State:
    """Of the last 30 seconds."""
    if counts.latest_sent and counts.latest_failed == counts.latest_sent:
        return State("does not answer", "bad")
    if counts.latest_failed:
        return State("fails at times", "warn")
    if counts.latest_dropped:
        return State("too slow for all copies", "warn")
    if counts.latest_n:
        return State("answers", "good")
    return State("no traffic now", "idle") if is_wanted else State("gets nobody", "idle")


def _now(found: Mapping[str, Variant], seen: Seen) -> str:
    """What came in lately, and why those answered who did."""
    n, latest = (sum(getattr(one.counts, field) for one in found.values()) for field in ("n", "latest_n"))
    if not n:
        return "Nothing came in within the last 5 minutes."
    reasons: dict[str, int] = {}
    for one in found.values():
        for reason, number in one.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + number
    told = [f"{number:,} {CHOSEN[reason]}" for reason, number in reasons.items() if reason in CHOSEN]
    why = f": {listed(told)}" if len(told) > 1 else ""
    return f"Now {per_second(latest, seen.latest_s)} predictions per second; {n:,} in the last 5 minutes{why}."


def _counted(name: str, route: Route, found: Mapping[str, Variant], copies: Mapping[str, Variant], health: Health) -> Iterator[str]:
    """What the journal tells. Of those that are off not also that they fail."""
    on, copied = ({one: of for one, of in some.items() if Service(name, one) not in health.off} for some in (found, copies))
    yield from _dead(route, on, False)
    yield from _dead(route, copied, True)
    yield from _dropped(copied)
    yield from _unseen(route, found)


def _dead(route: Route, found: Mapping[str, Variant], are_copies: bool) -> Iterator[str]:
    """Who failed every time in the last 30 seconds."""
    for name, one in found.items():
        counts = one.counts
        if not counts.latest_sent or counts.latest_failed < counts.latest_sent:
            continue
        one_, many = ("copy", "copies") if are_copies else ("prediction", "predictions")
        all_ = f"its only {one_}" if counts.latest_sent == 1 else f"all {counts.latest_sent:,} {many}"
        rescued = f"; {route.baseline} answered {counts.latest_rescued:,} of them in its place" if counts.latest_rescued else ""
        yield f"{name} does not answer: {all_} of the last 30 seconds failed{rescued}."


def _dropped(copies: Mapping[str, Variant]) -> Iterator[str]:
    """Who is too slow for its copies."""
    for name, one in copies.items():
        if n := one.counts.latest_dropped:
            yield f"{n:,} of the {one.counts.latest_n:,} copies for {name} in the last 30 seconds were dropped: too many waited already."


def _unseen(route: Route, found: Mapping[str, Variant]) -> Iterator[str]:
    """Who got nothing although it should have."""
    total = sum(one.counts.latest_n for one in found.values())
    for name, one in found.items():
        if not one.counts.latest_n and share(route, name) / 100 * total >= EXPECTED:
            yield f"{name} had none of the {total:,} predictions of the last 30 seconds, though {share(route, name):.4g} % are its own."


def _notes(route: Route) -> Iterator[str]:
    for one in route.rules:
        yield _rule(one)
    for name, percent in route.shadows.items():
        yield f"{shown_percent(percent)} % of the predictions are copied to {name}, whose answers nobody sees."
    if len(route.turns) > 1 or route.rules:
        rescue = f"{route.baseline} answers in its place" if route.fallback == "baseline" else "the visitor gets its error"
        yield f"When a variant fails, {rescue}."


def _rule(one: Rule) -> str:
    leads = f"meets {one.variant}" if one.variant else f"goes to the route {one.route}"
    return f"Who sends the header “{one.header}: {one.value}” {leads}."
