"""What a file's Metric resources say of each version, when Prometheus is asked at the lab's own address.

The values are those that the queries give: point values since the start, as Iter8 compares them. Nothing always valid follows from them.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from lab.judge.block import Answers
from lab.metrics.answer import Value
from lab.metrics.prometheus import API, Asker, asked
from lab.metrics.question import Secret
from lab.spec.experiment import Experiment, Version
from lab.spec.shapes import Metric, Pair

log = logging.getLogger("lab.metrics.asked")

# The parameter that says of which moment a query tells.
TIME: Final = "time"


class Inquiry:
    """Asks for every question of an experiment: `inquire(experiment, began, through)`, both in seconds since 1970."""

    def __init__(self, address: str, asker: Asker, secrets: Callable[[str], Secret]) -> None:
        """`address`: http://prometheus:9090, whatever the files' urlTemplate is. `secrets` finds those that the files name."""
        self._url = address.rstrip("/") + API
        self._asker = asker
        self._secrets = secrets
        self._said: dict[tuple[str, str, str], str] = {}

    def __call__(self, experiment: Experiment, began: float, through: float) -> Answers:
        """By variant and metric. Raises lab.metrics.prometheus.Unavailable when nobody answers: then the look is made later."""
        if not experiment.questions:
            return {}
        return {version.variant: self._of(version, experiment, began, through) for version in experiment.versions}

    def _of(self, version: Version, experiment: Experiment, began: float, through: float) -> Mapping[str, float | None]:
        found = {}
        for name, metric in experiment.questions.items():
            here = placed(metric, self._url, through)
            answer = asked(here, version.name, version.variables, through - began, self._asker, self._secrets)
            self._say((experiment.name, version.name, name), answer)
            found[name] = answer.value
        return found

    def _say(self, key: tuple[str, str, str], answer: Value) -> None:
        """Why a value is unavailable, once for each reason."""
        if answer.value is None and self._said.get(key) != answer.why:
            log.warning("%s: %s of %s is unavailable. %s", key[0], key[2], key[1], answer.why)
        self._said[key] = answer.why


def placed(metric: Metric, url: str, at: float) -> Metric:
    """The same question, to be asked there and of that moment, unless its own parameters name another one."""
    params = metric.spec.params
    if not any(one.name == TIME for one in params):
        params = (*params, Pair(name=TIME, value=f"{at:.3f}"))
    return metric.model_copy(update={"spec": metric.spec.model_copy(update={"url_template": url, "params": params})})
