"""Holds the model and runs it, one prediction at a time."""

import asyncio
import importlib
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from serving import described, pictures
from serving.contract import Array, Input, Measurements, Model, ModelOff, ModelUnavailable, Picture, Prediction
from serving.errors import Off, Refusal

log = logging.getLogger("serving.engine")


class Timed(NamedTuple):
    """A prediction and how long it took."""

    prediction: Prediction
    queue_us: int
    """Microseconds spent waiting for earlier predictions."""
    inference_us: int
    """Microseconds spent in the model."""


class Engine:
    """The model of this service, or the sentence that says why there is none."""

    def __init__(self, model: Model | None, problem: str = "", off: bool = False) -> None:
        self._model = model
        self._problem = problem
        self._off = off
        # Runs side by side would share the same cores: more memory, no more throughput.
        self._one_at_a_time = ThreadPoolExecutor(max_workers=1, thread_name_prefix="predict")

    @property
    def model(self) -> Model:
        """The loaded model. Raises Refusal (503) when there is none."""
        if self._model is None:
            raise Off(self._problem) if self._off else Refusal(503, self._problem)
        return self._model

    @property
    def is_loaded(self) -> bool:
        """Whether there is a model."""
        return self._model is not None

    async def predict(self, row: Array) -> Timed:
        """Predicts one prepared row. Pictures wait off the event loop; a handful of numbers is quicker than a change of thread."""
        arrived = time.perf_counter()
        if isinstance(self.model.takes, Measurements):
            return _run(self.model, row, arrived)
        return await asyncio.get_running_loop().run_in_executor(self._one_at_a_time, _run, self.model, row, arrived)


def load(app: str, variant: str) -> Engine:
    """Loads the model of folder `app` and tries it on its own sample; a failure makes an engine that explains it."""
    try:
        model: Model = importlib.import_module(f"{app}.model").load(variant)
        _check(model, _run(model, model.prepare(sample(model)), time.perf_counter()).prediction)
        _name_stand_ins(model)
    except ModelOff as off:
        log.warning("%s", off)
        return Engine(None, str(off), off=True)
    except ModelUnavailable as error:
        log.error("%s", error)
        return Engine(None, str(error))
    except Exception:
        log.exception("%s could not be loaded as %s", app, variant)
        return Engine(None, f"The model {variant} failed its first prediction. The log of {app} says why.")
    return Engine(model)


def sample(model: Model) -> Input:
    """The input that the model brings along to be tried with."""
    if isinstance(model.takes, Picture):
        return pictures.decode(model.takes.sample.read_bytes(), model.takes.sample.name, model.takes.side)
    return model.takes.sample


def _name_stand_ins(model: Model) -> None:
    for artifact in (model.artifact, *described.parts(model)):
        if artifact.stand_in:
            log.warning("%s is a stand-in: it replaces published weights that were out of reach and claims no quality.", artifact.path.name)


def _check(model: Model, prediction: Prediction) -> None:
    answered, named = len(prediction.probabilities), len(model.labels)
    if answered != named:
        names = ", ".join(model.labels[:20]) + (", …" if named > 20 else "")
        raise ModelUnavailable(f"{model.artifact.path} answers {answered} probabilities, but there are {named} labels: {names}.")


def _run(model: Model, row: Array, arrived: float) -> Timed:
    started = time.perf_counter()
    prediction = model.predict(row[None])[0]
    ended = time.perf_counter()
    return Timed(prediction, round((started - arrived) * 1e6), round((ended - started) * 1e6))
