"""Prints what happened, in the form that the prediction-log document shows."""

import logging
import logging.config
from typing import Any

from serving.contract import Prediction
from serving.ranking import SHOWN

# [time] [level] [process] [logger] [function] [line] message
FORMAT = "[%(asctime)s] [%(levelname)s] [%(process)d] [%(name)s] [%(funcName)s] [%(lineno)d] %(message)s"

log = logging.getLogger("serving.record")

# Probabilities that a line has room for.
LINE_MAX = 20


def configure(level: str) -> None:
    """Sends every logger of this process to stdout, from `level` up."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": FORMAT, "datefmt": "%Y-%m-%d %H:%M:%S"}},
            "handlers": {"stdout": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stdout"}},
            "root": {"handlers": ["stdout"], "level": level},
        }
    )


def begun(request_id: str) -> None:
    """Says which request is being predicted."""
    log.info("execute: [%s]", request_id)


def predicted(prediction: Prediction) -> None:
    """Says what the model answered: the probabilities, the largest ones of many, and, where there is one, the outlier score."""
    if not log.isEnabledFor(logging.INFO):
        return
    log.info("predict proba [%s]", _shown(prediction.probabilities))
    if prediction.outlier is not None:
        log.info("outlier score %s", prediction.outlier.score)


def answered(path: str, request_id: str, elapsed_ms: float, described: str | None, answer: dict[str, Any]) -> None:
    """The prediction log record: endpoint, id, milliseconds, input, prediction, outlier or not, outlier score."""
    said = answer.get("prediction", answer.get("probabilities", answer.get("likely_class")))
    shown = list(said.values()) if isinstance(said, dict) else list(said) if isinstance(said, tuple) else said
    outlier, score = answer.get("is_outlier"), answer.get("outlier_score")
    log.info("[%s] [%s] [%s ms] [%s] [%s] [%s] [%s]", path, request_id, elapsed_ms, described, shown, outlier, score)


def _shown(probabilities: tuple[float, ...]) -> str:
    if len(probabilities) <= LINE_MAX:
        return " ".join(f"{probability:.8f}" for probability in probabilities)
    largest = sorted(probabilities, reverse=True)[:SHOWN]
    return f"{' '.join(f'{probability:.8f}' for probability in largest)} … the largest of {len(probabilities)}"
