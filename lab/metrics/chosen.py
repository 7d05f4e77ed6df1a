"""Who counts what visitors did, as the settings choose. What only a cluster needs is imported only there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import files
from lab.controller.judge import Ask
from lab.errors import SettingError
from lab.judge.block import Block
from lab.settings import Settings
from lab.store.exposed import Run
from lab.traffic.chosen import places


def ask(here: Settings, journals: Ask) -> Ask:
    """The journals; with LAB_PROMETHEUS, Prometheus for the routes that a mesh splits: no line of the journal tells of those.

    Raises SettingError.
    """
    if not here.prometheus:
        return journals
    if here.traffic == "nginx":
        raise SettingError("LAB_PROMETHEUS counts what a mesh splits, but LAB_TRAFFIC is nginx, whose journal tells more. Leave it out.")
    from lab.metrics.evidence import ISTIO, PrometheusEvidence, changes_in
    from lab.metrics.prometheus import Asker, Prometheus

    split = places(here)
    variables = {variant: place.series for variants in split.values() for variant, place in variants.items()}
    journal = here.state / "journal" / "decisions.jsonl"
    prometheus = Prometheus(here.prometheus, Asker())
    # Read anew for each look: a route changes a few times an hour.
    counted = PrometheusEvidence(prometheus, ISTIO, variables, lambda route: changes_in(_lines(journal), route))

    def asked(run: Run, after: float, through: float) -> tuple[Block, ...]:
        return (counted if run.route in split else journals)(run, after, through)

    return asked


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Those that are whole."""
    for line in (files.read(path) or "").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            continue
