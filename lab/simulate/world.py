"""A world whose truth is known: who comes, what each variant does to them, and what goes wrong when."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from lab.simulate.course import Course, always, course
from lab.simulate.seconds import Latencies, latencies
from lab.simulate.spread import AT_ONCE, Spread, Times, spread, times


def _within(least: float, most: float) -> Any:  # noqa: ANN401 - what pydantic takes
    """Every value of a course lies there."""
    words = f"between {least:g} and {most:g}" if math.isfinite(most) else f"{least:g} or more"

    def checked(said: Course) -> Course:
        if not all(least <= value <= most for value in said.values):
            raise ValueError(f"{words} at any time")
        return said

    return AfterValidator(checked)


Probability = Annotated[Course, BeforeValidator(course), _within(0, 1)]
Amount = Annotated[Course, BeforeValidator(course), _within(0, math.inf)]
Stretch = Annotated[Course, BeforeValidator(course), _within(0.001, 1000)]
Chance = Annotated[Spread, BeforeValidator(spread)]
Seconds = Annotated[Latencies, BeforeValidator(latencies)]


class _Part(BaseModel):
    # No guessing: a field that nobody knows is a typing error.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True)


class Visits(_Part):
    """How often a visitor comes, and how much visitors differ."""

    predictions: Annotated[Times, BeforeValidator(times)] = Times()
    """Of one visitor, in all."""
    gap_s: Chance = AT_ONCE
    """Seconds from one of them to the next."""
    reward_spread: float = Field(default=0.0, ge=0, le=10)
    """Standard deviation, between visitors, of the natural logarithm of the odds of a reward."""
    errors_spread: float = Field(default=0.0, ge=0, le=10)
    """The same of the odds of an error."""
    latency_spread: float = Field(default=0.0, ge=0, le=10)
    """The same of the latency itself."""

    @property
    def is_simple(self) -> bool:
        """Everybody comes once and is like everybody else: counting is enough."""
        return self.predictions.is_once and not (self.reward_spread or self.errors_spread or self.latency_spread)


class Reward(_Part):
    """What visitors do with an answer that they like."""

    kind: Literal["conversion", "value"] = "conversion"
    """value: those who convert are worth an amount."""
    per: Literal["visitor", "prediction"] = "visitor"
    """visitor: at most one, for the first prediction. prediction: each may be rewarded."""
    base: Probability
    """The baseline's probability."""
    amount: Chance = Spread("fixed", 1.0)
    """With kind value: what one reward is worth."""
    delay_s: Chance = AT_ONCE
    """Seconds from the prediction to its reward."""
    zeros: bool = True
    """Whoever gives no reward says so with a reward of 0, as a thumb down does."""


class Truth(_Part):
    """What the right answer was, as far as it becomes known."""

    share: Probability = always(1.0)
    """Of the predictions whose truth becomes known."""
    delay_s: Chance = AT_ONCE


class Variant(_Part):
    """What is true of one variant. What is left out is as good as can be, or the baseline's: no errors, no lift."""

    lift: Amount = always(1.0)
    """How many times the base rate its rewards come."""
    odds_ratio: Amount = always(1.0)
    """How many times the odds of the base rate; before the lift."""
    amount: Amount = always(1.0)
    """How many times as much a reward is worth."""
    feedback: Probability = always(1.0)
    """Share of the visitors from whom feedback arrives at all."""
    errors: Probability = always(0.0)
    """Of its predictions."""
    rescued: Probability = always(0.0)
    """Share of its errors in whose place the baseline answers."""
    latency: Seconds | None = None
    inference: Seconds | None = None
    """Seconds in the model, without the way there."""
    outliers: Probability | None = None
    """Share of inputs that it takes for outliers; left out: it does not judge them."""
    accuracy: Probability | None = None
    """Share of right answers."""
    agreement: Probability | None = None
    """As a shadow: share of copies to which it says the same as the visitor was told."""
    sent_per_s: Amount = always(0.0)
    """Feedback for the variant as such, naming no prediction."""


class Fault(_Part):
    """Something that goes wrong for a while."""

    kind: Literal["errors", "slow", "wrong", "down", "split"]
    """errors, wrong: probability `value` in addition. slow: `value` times as long. down: everything fails. split: share `value` of its
    visitors never arrives."""
    variant: str
    at_s: float = Field(default=0.0, ge=0)
    until_s: float = Field(default=math.inf, gt=0, allow_inf_nan=True)
    value: float = Field(default=1.0, ge=0)


class World(_Part):
    """All of it. Seconds count from the start of the experiment."""

    name: str = "world"
    visitors_per_s: Amount
    """Who come for the first time; they come independently of one another."""
    visits: Visits = Visits()
    reward: Reward | None = None
    truth: Truth | None = None
    load: Stretch = always(1.0)
    """How many times as long everything takes, for every variant alike."""
    variants: Mapping[str, Variant] = {}
    shadow_percent: float = Field(default=100.0, ge=0, le=100)
    """Of the predictions that are copied to a shadow."""
    weights: Mapping[str, Annotated[float, Field(ge=0, le=100)]] | None = None
    """Percent by variant at the start, for experiments that leave weights as they are. Left out: an even split."""
    gate_opens_after_s: float = Field(default=0.0, ge=0)
    """How long a person takes to resume at a pause."""
    faults: tuple[Fault, ...] = Field(default=(), strict=False)

    def of(self, variant: str) -> Variant:
        """What is true of a variant."""
        return self.variants.get(variant, USUAL)


USUAL = Variant()
