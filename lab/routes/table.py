"""The table of routes that the gateway reads at every request."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

# The format of the file.
SCHEMA = 1

# Which variants have an upstream, by route, in the order of upstreams.conf.
Known = Mapping[str, tuple[str, ...]]

# The gateway's numbers are those of JavaScript: beyond this, two epochs could look the same.
EPOCH_MAX = 2**53 - 1

# As the gateway tests them: [a-z0-9], up to 40. `constructor` would fit, but every object of JavaScript has one already.
NAME_PATTERN = r"^(?!constructor$)[a-z0-9]{1,40}\Z"

PERCENT = "a number from 0 to 100 with at most 2 decimals"


def is_percent(value: object) -> bool:
    """Whether the split can give so much: its resolution is 0.01 %."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        return False
    # The gateway's own tolerance, for numbers that were computed: 100 - 66.67 is 33.33, almost.
    return abs(value * 100 - round(value * 100)) < 1e-6


def shown_percent(value: float) -> str:
    """As a table shows it: `40`, `33.33`."""
    return f"{value:g}" if abs(value) < 1e5 else str(value)


def exact_percent(value: float) -> str:
    """As it was typed: `40`, `100.00001`. A sentence that refuses a number must not hide what is wrong with it."""
    return repr(float(value)).removesuffix(".0")


def _percent(value: float) -> float:
    if not is_percent(value):
        raise ValueError(PERCENT)
    # As it stands in the file: the gateway does not round it either.
    return value


def _whole(value: object) -> object:
    """JavaScript has one kind of numbers: its 5 and 5.0 are the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_epoch(value: object) -> bool:
    """Whether it can be an epoch, written as a whole number or as 5.0."""
    whole = _whole(value)
    return isinstance(whole, int) and not isinstance(whole, bool) and 0 <= whole <= EPOCH_MAX


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
# What fits into a header: printable ASCII.
Text = Annotated[str, StringConstraints(pattern=r"^[ -~]*\Z", max_length=200)]
Percent = Annotated[float, AfterValidator(_percent)]
# What HTTP calls a token, RFC 9110, section 5.6.2.
Header = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}\Z")]


class _Strict(BaseModel):
    # No guessing: "60" is no number, True is no 1, and a field that nobody knows is a typing error.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, regex_engine="python-re")


class Rule(_Strict):
    """Whoever sends this header with exactly this value gets this variant, or what the split of another route gives them."""

    header: Header = Field(description="the name of a header")
    value: Text = Field(description="up to 200 printable ASCII characters")
    variant: Name = Field("", description="the name of a variant")
    """Of the same route; empty where the rule leads to a route."""
    route: Name = Field("", description="the name of a route")
    """Another one, whose own rules are not asked."""

    @model_validator(mode="after")
    def _leads_to_one(self) -> "Rule":
        if bool(self.variant) == bool(self.route):
            raise ValueError("it must lead to a variant or to a route")
        return self

    @model_serializer(mode="wrap")
    def _as_written(self, dump: SerializerFunctionWrapHandler) -> dict[str, str]:
        return {field: value for field, value in dump(self).items() if value or field == "value"}


class Route(_Strict):
    """What one route does. Every field's description completes the sentence “… must be”."""

    epoch: Annotated[int, BeforeValidator(_whole), Field(ge=0, le=EPOCH_MAX)] = Field(description="a whole number from 0 on")
    """Goes up by one at every change; the journal's lines carry it."""
    mode: Literal["weighted", "roundrobin", "off"] = Field(description="weighted, roundrobin or off")
    """`off` gives everybody the baseline."""
    baseline: Name = Field(description="the name of a variant")
    weights: Mapping[Name, Percent] = Field(description=PERCENT)
    """Percent of the visitors."""
    # A JSON array is a list, not a tuple; its items stay strict.
    lanes: tuple[Name, ...] = Field(strict=False, description="a list of the candidates' names")
    """The candidates in the order of their lanes."""
    salt: Annotated[Text, StringConstraints(min_length=1)] = Field(description="1 to 200 printable ASCII characters")
    """Keeps a visitor's luck in one experiment independent of another's."""
    experiment: Annotated[Text, StringConstraints(min_length=1)] | None = Field(description="null or 1 to 200 printable ASCII characters")
    rules: tuple[Rule, ...] = Field(strict=False, description="a list of rules with header, value and variant or route")
    fallback: Literal["baseline", "none"] = Field(description="baseline or none")
    """`none`: a failing variant's error reaches the visitor."""
    rescue_500: bool = Field(description="true or false")
    """Whether an answer 500 counts as a failure that is rescued, too."""
    shadows: Mapping[Name, Percent] = Field(description=PERCENT)
    """Percent of the predictions that are copied to a variant whose answers nobody sees."""
    versions: Mapping[Name, Text] = Field(description="up to 200 printable ASCII characters")
    """What the response header `version` says, by variant."""

    def weight(self, variant: str) -> float:
        """Percent; 0 for whom the route does not name."""
        return self.weights.get(variant, 0.0)

    @property
    def turns(self) -> tuple[str, ...]:
        """The variants that take turns in round robin."""
        return tuple(name for name in (self.baseline, *self.lanes) if self.weight(name) > 0)


class Routes(_Strict):
    """Every route."""

    default_route: Name = Field(description="the name of a route")
    """The one without a prefix of its own."""
    routes: Mapping[Name, Route] = Field(description="an object with the routes")


def document(routes: Routes) -> dict[str, Any]:
    """What the file says, ready for JSON; whole percentages are whole numbers."""
    return {"schema": SCHEMA, **plain(routes.model_dump(mode="json"))}


def dump(routes: Routes) -> str:
    """The file's text."""
    return json.dumps(document(routes), indent=2) + "\n"


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same with whole numbers where there are no decimals: 60, not 60.0."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
