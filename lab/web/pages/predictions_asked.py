"""What the form above the log asks for: the filters of `lab log` and GET /log, as people type them."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import NamedTuple
from urllib.parse import urlencode

from lab.errors import Refused
from lab.feedback import fields as spelled
from lab.store.leafing import Place
from lab.store.log import Filter
from lab.web.evidence import Wanted, WantedError
from lab.web.pages.predictions_words import CHOSEN

# More than any that can be meant.
TYPED_MAX = 512

ANSWERS = {"true": "outliers", "false": "no outliers"}
STATUSES = {"2xx": "2xx: answered", "4xx": "4xx: refused", "5xx": "5xx: failed"}
AGO = "15m, 2h, 3d, or 2026-11-20T19:00 (UTC)"


class Control(NamedTuple):
    """One field of the form."""

    name: str
    label: str
    value: str
    options: Mapping[str, str] = {}
    """What can be chosen, with its words; empty where it is typed."""
    hint: str = ""


class Asked(NamedTuple):
    """What was typed, and what it means."""

    typed: Mapping[str, str]
    """Only what is not empty."""
    wanted: Filter = Filter()
    before: Place | None = None
    after: Place | None = None
    problem: str | None = None
    """A sentence where it means nothing."""

    @property
    def is_first(self) -> bool:
        """Whether it is the first page, with the newest."""
        return self.before is None and self.after is None

    def address(self, **more: object) -> str:
        """The query that asks the same, from a place on."""
        return urlencode({**self.typed, **{name: str(value) for name, value in more.items()}})


def read(query: Mapping[str, str]) -> Asked:
    """What a query asks; whatever else is in it is left alone."""
    typed = {one.name: query.get(one.name, "").strip()[:TYPED_MAX] for one in fields(Wanted)}
    typed = {name: text for name, text in typed.items() if text}
    try:
        places = {name: _place(name, query[name]) for name in ("before", "after") if query.get(name)}
        return Asked(typed, _wanted(typed), **places)
    except (Refused, spelled.WrongError) as wrong:
        return Asked(typed, problem=str(wrong))


def controls(asked: Asked, routes: Sequence[str], variants: Sequence[str]) -> list[Control]:
    """The form, with what was typed in it."""
    made = (
        _chosen("route", "Route", _plain(routes)),
        _chosen("variant", "Variant", _plain(variants)),
        _chosen("status", "Status", STATUSES),
        _chosen("reason", "Chosen", CHOSEN),
        _chosen("outlier", "Outlier", ANSWERS),
        Control("label", "Label", ""),
        Control("since", "Since", "", hint=AGO),
        Control("until", "Until", "", hint=AGO),
        Control("visitor", "Visitor", "", hint="digest in the journal"),
        Control("request_id", "Request id", "", hint="opens that prediction"),
    )
    return [_filled(one, asked.typed.get(one.name, "")) for one in made]


def _chosen(name: str, label: str, options: Mapping[str, str]) -> Control:
    return Control(name, label, "", {"": "any", **options})


def _plain(names: Sequence[str]) -> dict[str, str]:
    return {name: name for name in names}


def _filled(control: Control, value: str) -> Control:
    """What an address asks for can be chosen, too."""
    options = control.options if not control.options or value in control.options else {**control.options, value: value}
    return control._replace(value=value, options=options)


def _wanted(typed: Mapping[str, str]) -> Filter:
    wanted = Wanted(**{name: text for name, text in typed.items() if name != "outlier"})  # type: ignore[arg-type]
    wanted.outlier = _outlier(typed.get("outlier"))
    wanted.request_id = spelled.request_id("The request id", wanted.request_id) if wanted.request_id else None
    return wanted.filter()


def _outlier(text: str | None) -> bool | None:
    if text is None or text in ANSWERS:
        return None if text is None else text == "true"
    raise WantedError(f"outlier is {text!r}, must be true or false.")


def _place(name: str, text: str) -> Place:
    place = Place.read(text[:TYPED_MAX])
    if place is None:
        raise WantedError(f"{name} is {text[:40]!r}, which is no place in the log. Begin again with the newest predictions.")
    return place
