"""What a sender says about a prediction, as the lab understands it."""

from typing import NamedTuple

# Names of the two metrics that verdicts are made of.
REWARD = "reward"
TRUTH = "truth"


class Item(NamedTuple):
    """One metric of one prediction."""

    request_id: str | None
    """32 lower-case hex digits; None if the sender does not say which prediction is meant."""
    metric: str
    value: float | str
    """Text for the metric truth, a number for every other one."""
    at: str | None = None
    """When it happened, by the sender's clock: RFC 3339 with milliseconds, UTC."""
    source: str = "program"
    """program, seldon or sagemaker: whose form of words it was in."""


class Malformed(NamedTuple):
    """Something that cannot be feedback."""

    sentence: str
    """Names the field and its value, and says what it must be."""
    source: str = "program"
    too_long: bool = False


# What one JSON object says: up to three metrics, or nothing that can be used.
Entry = tuple[Item, ...] | Malformed


class Body(NamedTuple):
    """What one request said."""

    entries: tuple[Entry, ...]
    is_list: bool = False
    """Whether the sender expects a list of answers."""
    is_form: bool = False


class Sender(NamedTuple):
    """What the gateway knows about a sender."""

    route: str | None = None
    variant: str | None = None
    """The variant that the address names, as /iris/svc/feedback does."""
    address: str | None = None
    """Namespace and name of a Seldon deployment that the address names: ns-baseline/iris."""
    visitor: str | None = None
    """Keyed digest of the visitor's cookie."""
    is_page: bool = False
    """Whether a person pressed a button."""

    def source(self, source: str) -> str:
        """Who sent it: page and address say more than the form of words."""
        if self.is_page:
            return "page"
        return "seldon" if self.address else source
