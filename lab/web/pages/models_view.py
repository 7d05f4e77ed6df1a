"""What the page of the models shows of each: what it is, whether it answers, how good, how heavy."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from lab.described import Overview
from lab.services.client import Portrait
from lab.services.directory import Entry
from lab.services.said import Accuracy, Card, Cost, Parity
from lab.web.pages.compare_view import percent
from lab.web.pages.experiment_state import NOTHING, State

# Names of classes that fit a card; of more the rest is counted.
LABELS_SHOWN = 8

# Units of a file's size, in bytes.
SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

SPACE = "\N{NO-BREAK SPACE}"
STAND_IN = "stand-in"


class Fact(NamedTuple):
    """A word and what there is to say."""

    name: str
    text: str


class Model(NamedTuple):
    """One variant."""

    variant: str
    place: int
    """Among the route's variants, the baseline first."""
    state: str
    state_kind: str
    """good, idle or bad"""
    why: str
    """A sentence, where it does not answer."""
    part: str
    """What it does in the route."""
    kind: str
    """stand-in, published, or made here; empty where nobody knows."""
    notes: str
    facts: tuple[Fact, ...]
    version: str
    sha256: str
    """Of the file; its first digits are the version. Both empty where there is no card."""
    card_address: str
    """Empty where there is no card to lead to."""


class Group(NamedTuple):
    """The models of one route."""

    route: str
    models: tuple[Model, ...]

    @property
    def has_stand_ins(self) -> bool:
        """Whether that word needs saying what it means."""
        return any(one.kind == STAND_IN for one in self.models)


def group(route: Overview, entries: Sequence[Entry]) -> Group:
    """entries: one for each variant of the route, in their order."""
    models = (_model(place, route, entry) for place, entry in enumerate(entries))
    return Group(route.route, tuple(models))


def _model(place: int, route: Overview, entry: Entry) -> Model:
    now = entry.now
    card = entry.last.card if entry.last else None
    state = _state(now)
    return Model(
        variant=now.service.variant,
        place=place,
        state=state.word,
        state_kind=state.kind,
        why=_why(now, card),
        part=_part(route, now.service.variant),
        kind=_kind(card) if card else "",
        notes=(card.notes or "") if card else "",
        facts=_facts(card) if card else (),
        version=card.version if card else "",
        sha256=card.sha256 if card else "",
        card_address=f"{now.service.path}/card" if now.card else "",
    )


def _state(now: Portrait) -> State:
    if now.card:
        return State("answers", "good")
    return State("off", "idle") if now.is_off else State("does not answer", "bad")


def _why(now: Portrait, card: Card | None) -> str:
    if now.card or now.is_off:
        return now.why
    remembered = " What follows is what it said when it last answered." if card else ""
    return now.why + remembered


def _part(route: Overview, variant: str) -> str:
    """`Baseline. Gets 60 % of the visitors.`"""
    one = next(one for one in route.variants if one.variant == variant)
    baseline = "Baseline. " if variant == route.baseline else ""
    shadow = f" Shadow of {one.shadow_percent:g} % of the predictions." if one.shadow_percent else ""
    return baseline + _share(route, variant, one.weight_percent) + shadow


def _share(route: Overview, variant: str, weight: float) -> str:
    if route.mode == "off":
        return "The split is off: it gets everybody." if variant == route.baseline else "The split is off: it gets nobody."
    if not weight:
        by_rule = any(rule.get("variant") == variant for rule in route.rules)
        return "Gets whom a header rule sends." if by_rule else "Gets only who asks for it by name."
    return "Takes turns with the others." if route.mode == "roundrobin" else f"Gets {weight:g} % of the visitors."


def _kind(card: Card) -> str:
    if card.stand_in:
        return STAND_IN
    return "published" if (card.source or "").startswith(("https://", "http://")) else "made here"


def _facts(card: Card) -> tuple[Fact, ...]:
    cost = card.cost or Cost()
    return (
        Fact("Source", card.source or NOTHING),
        Fact("Made", made(card.built_at)),
        Fact("Input", card.input or NOTHING),
        Fact("Classes", _labels(card.labels)),
        Fact("Right answers", _accuracy(card.accuracy, card.stand_in)),
        Fact("Parity", _parity(card.parity)),
        Fact("Prediction", _latency(cost)),
        Fact("Memory", NOTHING if cost.memory_mb is None else f"{_digits(cost.memory_mb)} MB at its peak"),
        Fact("File", ", ".join(filter(None, (card.file, size(card.size_bytes)))) or NOTHING),
    )


def _labels(labels: Sequence[str] | None) -> str:
    if not labels:
        return NOTHING
    more = f" and {len(labels) - LABELS_SHOWN:,} more" if len(labels) > LABELS_SHOWN else ""
    return f"{len(labels):,}: {', '.join(labels[:LABELS_SHOWN])}{more}"


def _accuracy(accuracy: Accuracy | None, is_stand_in: bool) -> str:
    if accuracy is None:
        return "not measured"
    right = round(accuracy.value * accuracy.count)
    caution = "; says nothing about real ones" if is_stand_in else ""
    return f"{percent(accuracy.value)} ({right:,} of {accuracy.count:,} {accuracy.of}){caution}"


def _parity(parity: Parity | None) -> str:
    """How far from what it was made from."""
    if parity is None:
        return "not compared with what it was made from"
    same = "" if parity.agreement is None else f"; the same label on {percent(parity.agreement)}"
    against = parity.against or "what it was made from"
    return f"probabilities at most {tiny(parity.max_abs_dp)} from those of {against} on {parity.count:,} {parity.of}{same}"


def _latency(cost: Cost) -> str:
    p50, p90 = cost.latency_p50_ms, cost.latency_p90_ms
    said = (p50 is not None and f"{_digits(p50)} ms (p50)", p90 is not None and f"{_digits(p90)} ms (p90)")
    return ", ".join(one for one in said if one) or "not measured"


def made(text: str | None) -> str:
    """`21 November 2026, 11:08 UTC`; a text that is no such time stays as it is."""
    if not text:
        return NOTHING
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC"


def size(count: int | None) -> str:
    """`66.1 MB`; nothing where nobody knows."""
    if count is None:
        return ""
    unit = next(((factor, name) for factor, name in SIZES if count >= factor), None)
    return f"{count / unit[0]:.1f} {unit[1]}" if unit else f"{count} bytes"


def tiny(number: float) -> str:
    """A difference: `0.06`, `9 · 10⁻⁷`."""
    if number == 0 or number >= 0.001:
        return f"{number:.2g}"
    mantissa, _, exponent = f"{number:.1e}".partition("e")
    return f"{mantissa.removesuffix('.0')}{SPACE}·{SPACE}10{str(int(exponent)).translate(SUPERSCRIPT)}"


def _digits(number: float) -> str:
    """Three that count: `0.019`, `90.2`, `499`."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
