"""Reads a text with experiments and metrics: every document that is an Experiment or a Metric, in its shape."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from lab.spec import shapes
from lab.spec.document import Document, documents
from lab.spec.errors import SpecError, Trouble
from lab.spec.words import meant, quoted, troubles

# What stands around experiments in files for a cluster, and means nothing here.
PASSED_OVER = ("Namespace",)
KINDS = ("Experiment", "Metric", *PASSED_OVER)


class WrittenExperiment(NamedTuple):
    """An experiment as its file has it."""

    shape: shapes.Experiment
    document: Document


class WrittenMetric(NamedTuple):
    """A metric as its file has it."""

    shape: shapes.Metric
    document: Document


class Files(NamedTuple):
    """What one or several texts say."""

    text: str = ""
    experiments: tuple[WrittenExperiment, ...] = ()
    metrics: tuple[WrittenMetric, ...] = ()

    def beside(self, other: "Files") -> "Files":
        """Both; the texts one after another, as one text with several documents."""
        text = f"{self.text.rstrip()}\n---\n{other.text}" if self.text and other.text else self.text or other.text
        return Files(text, self.experiments + other.experiments, self.metrics + other.metrics)


class Examined(NamedTuple):
    """What could be read, and what could not."""

    files: Files
    troubles: tuple[Trouble, ...]


def read(text: str, source: str = "") -> Files:
    """Raises SpecError unless every document is right. `source` names the file in sentences."""
    examined = examine(text, source)
    if examined.troubles:
        raise SpecError(examined.troubles)
    return examined.files


def read_all(texts: Iterable[tuple[str, str]]) -> Files:
    """Several files, each with its name and text; they may share metrics."""
    files, wrong = Files(), []
    for source, text in texts:
        examined = examine(text, source)
        files, wrong = files.beside(examined.files), [*wrong, *examined.troubles]
    if wrong:
        raise SpecError(wrong)
    return files


def examine(text: str, source: str = "") -> Examined:
    """Takes what can be taken; raises nothing."""
    try:
        found = documents(text, source)
    except SpecError as error:
        return Examined(Files(text), error.troubles)
    experiments, metrics, wrong = [], [], []
    for document in found:
        kind = _kind(document)
        try:
            if kind == "Experiment":
                experiments.append(WrittenExperiment(shapes.Experiment.model_validate(document.value), document))
            elif kind == "Metric":
                metrics.append(WrittenMetric(shapes.Metric.model_validate(document.value), document))
            elif kind not in PASSED_OVER:
                wrong.append(_no_kind(document))
        except ValidationError as error:
            wrong += troubles(error, shapes.Experiment if kind == "Experiment" else shapes.Metric, document)
    return Examined(Files(text, tuple(experiments), tuple(metrics)), tuple(dict.fromkeys(wrong)))


def _kind(document: Document) -> Any:  # noqa: ANN401 - any YAML
    return document.value.get("kind") if isinstance(document.value, dict) else None


def _no_kind(document: Document) -> Trouble:
    if not isinstance(document.value, dict):
        return Trouble(document.at(()), f"This is {quoted(document.value)}, must be an object with apiVersion, kind and spec.", "shape")
    kind = document.value.get("kind")
    stated = f"kind is {quoted(kind)}" if kind is not None else "kind is missing"
    hint = meant(kind, KINDS) if isinstance(kind, str) else ""
    return Trouble(document.at(("kind",)), f"{stated}, must be one of: {', '.join(KINDS)}.{hint}", "shape")
