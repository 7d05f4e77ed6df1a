"""What the page of a comparison shows: who says what, and whether they agree."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lab.explain.words import listed
from lab.services.client import Answer
from lab.services.said import Card, Guess, Prediction
from lab.web.pages.experiment_state import NOTHING


class Bar(NamedTuple):
    """A class, and its probability twice: as the width of a bar and in words."""

    label: str
    width: str
    percent: str


class Said(NamedTuple):
    """What one variant predicts."""

    label: str
    percent: str
    bars: tuple[Bar, ...]
    agreement: str
    """`agrees`, `differs`, or nothing where it is alone."""
    outlier: str
    """A sentence; empty where the model does not look."""
    model_time: str
    whole_time: str
    version: str


class Column(NamedTuple):
    """One variant's answer."""

    variant: str
    place: int
    """Among the route's variants, the baseline first."""
    card_address: str
    artifact: str
    """The model file's digest, abbreviated."""
    is_stand_in: bool
    said: Said | None
    why: str
    """A sentence, where nothing was said."""
    is_off: bool
    request_id: str


class Outcome(NamedTuple):
    """Whether they agree, in words."""

    sentence: str
    kind: str
    """good: they agree. warn: they do not. bad: nobody answered. idle: there is nobody to compare with."""
    remarks: tuple[str, ...]


class Comparison(NamedTuple):
    """One input, and everybody's answer."""

    outcome: Outcome
    columns: tuple[Column, ...]
    preview: str


def comparison(answers: Sequence[Answer], cards: Mapping[str, Card | None]) -> Comparison:
    """answers: of one input, in the order of the route's variants. cards: by variant."""
    said = {answer.service.variant: answer.prediction for answer in answers if answer.prediction}
    order = _order(said)
    leader = _leader(said)
    columns = tuple(
        _column(place, answer, cards.get(answer.service.variant), order, leader, len(said)) for place, answer in enumerate(answers)
    )
    previews = [one.preview for one in said.values() if one.preview]
    return Comparison(_outcome(answers, said, cards), columns, previews[0] if previews else "")


def refusal(answers: Sequence[Answer]) -> str:
    """The sentence with which everybody who answers refuses the input; empty where somebody takes it."""
    sentences = {answer.why for answer in answers if answer.is_refusal}
    return sentences.pop() if len(sentences) == 1 and not any(answer.prediction for answer in answers) else ""


def _column(place: int, answer: Answer, card: Card | None, order: Sequence[str], leader: str, count: int) -> Column:
    prediction = answer.prediction
    return Column(
        variant=answer.service.variant,
        place=place,
        card_address=f"{answer.service.path}/card",
        artifact=card.version if card else "",
        is_stand_in=bool(card and card.stand_in),
        said=_said(prediction, answer.seconds, order, leader, count) if prediction else None,
        why=answer.why,
        is_off=answer.is_off,
        request_id=prediction.request_id if prediction else answer.request_id,
    )


def _said(prediction: Prediction, seconds: float, order: Sequence[str], leader: str, count: int) -> Said:
    best = prediction.guesses[0]
    shown = sorted(prediction.guesses, key=lambda guess: order.index(guess.label)) if order else prediction.guesses
    return Said(
        label=best.label,
        percent=percent(best.probability),
        bars=tuple(Bar(one.label, f"{100 * min(one.probability, 1):.2f}%", percent(one.probability)) for one in shown),
        agreement="" if count < 2 else "agrees" if best.label == leader else "differs",
        outlier=_outlier(prediction),
        model_time=milliseconds(prediction.model_ms),
        whole_time=milliseconds(1000 * seconds),
        version=prediction.version,
    )


def _outlier(prediction: Prediction) -> str:
    if prediction.is_outlier is None:
        return ""
    score = "" if prediction.outlier_score is None else f" (score {prediction.outlier_score:.4f})"
    return f"{'Outlier: unlike the data the models were trained on' if prediction.is_outlier else 'No outlier'}{score}"


def _order(said: Mapping[str, Prediction]) -> Sequence[str]:
    """The classes in one order for everybody, the most probable on average first; nothing where not everybody names the same ones."""
    named = [{guess.label: guess.probability for guess in one.guesses} for one in said.values()]
    if not named or any(one.keys() != named[0].keys() for one in named) or any(len(one.guesses) != len(named[0]) for one in said.values()):
        return ()
    return sorted(named[0], key=lambda label: -sum(one[label] for one in named))


def _leader(said: Mapping[str, Prediction]) -> str:
    """What most say; empty where no answer has more voices than any other."""
    counted = Counter(one.guesses[0].label for one in said.values()).most_common(2)
    return counted[0][0] if counted and (len(counted) == 1 or counted[0][1] > counted[1][1]) else ""


def _outcome(answers: Sequence[Answer], said: Mapping[str, Prediction], cards: Mapping[str, Card | None]) -> Outcome:
    silent = [answer.service.variant for answer in answers if not answer.prediction]
    if not said:
        return Outcome("No model answered.", "bad", ())
    remarks = (_absent(silent), _spread(said), _vocabularies(said, cards))
    if len(said) == 1:
        ((variant, one),) = said.items()
        return Outcome(f"Only {variant} answered: {one.guesses[0].label}.", "idle", tuple(filter(None, remarks)))
    sentence, kind = _verdict({variant: one.guesses[0].label for variant, one in said.items()}, _leader(said))
    return Outcome(sentence, kind, tuple(filter(None, remarks)))


def _verdict(labels: Mapping[str, str], leader: str) -> tuple[str, str]:
    if len(set(labels.values())) == 1:
        return f"{'Both' if len(labels) == 2 else f'All {len(labels)}'} say {leader}.", "good"
    others = [f"{variant} says {label}" for variant, label in labels.items() if label != leader]
    if not leader:
        return f"They disagree: {listed(others)}.", "warn"
    return f"{len(labels) - len(others)} of {len(labels)} say {leader}; {listed(others)}.", "warn"


def _absent(silent: Sequence[str]) -> str:
    return f"{listed(silent)} did not answer." if silent else ""


def _spread(said: Mapping[str, Prediction]) -> str:
    """How sure they are, where they say the same."""
    best = [one.guesses[0] for one in said.values()]
    if len(best) < 2 or len({guess.label for guess in best}) > 1:
        return ""
    low, high = min(best, key=_probability), max(best, key=_probability)
    same = percent(low.probability) == percent(high.probability)
    return "" if same else f"They are between {percent(low.probability)} and {percent(high.probability)} sure."


def _vocabularies(said: Mapping[str, Prediction], cards: Mapping[str, Card | None]) -> str:
    known = {frozenset(card.labels) for variant in said if (card := cards.get(variant)) and card.labels}
    return "They do not know the same classes, so different words need not contradict each other." if len(known) > 1 else ""


def _probability(guess: Guess) -> float:
    return guess.probability


def percent(share: float) -> str:
    """Of one: `97.8 %`. Only all is 100 %, and only nothing 0 %."""
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * min(max(share, 0.001), 0.999):.1f} %"


def milliseconds(value: float | None) -> str:
    """`0.3 ms`, `346 ms`, `1.2 s`"""
    if value is None:
        return NOTHING
    if value >= 1000:
        return f"{value / 1000:.1f} s"
    return f"{value:.0f} ms" if value >= 10 else f"{value:.2f} ms"
