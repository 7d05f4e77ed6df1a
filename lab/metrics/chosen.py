"""Who counts what visitors did, as the settings choose. What only a cluster needs is imported only there."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lab import files
from lab.controller.judge import Ask, Inquire, nobody
from lab.errors import SettingError
from lab.judge.block import Block
from lab.settings import Settings
from lab.spec.means import Means
from lab.store.exposed import Run
from lab.traffic.chosen import MESHES, places

# Where a cluster usually mounts them.
SECRETS = Path("/etc/lab/secrets")


def ask(here: Settings, journals: Ask) -> Ask:
    """The journals; with LAB_PROMETHEUS, Prometheus for the routes that a mesh splits: no line of the journal tells of those.

    What our NGINX splits is counted by its journal, which tells more. Raises SettingError.
    """
    if not here.prometheus or here.traffic == "nginx":
        return journals
    from lab.metrics.evidence import ISTIO, PrometheusEvidence, changes_in
    from lab.metrics.prometheus import Asker, Prometheus
    from lab.traffic.mesh import named

    told = places(here)
    journal = here.state / "journal" / "decisions.jsonl"
    prometheus = Prometheus(here.prometheus, Asker())

    def asked(run: Run, after: float, through: float) -> tuple[Block, ...]:
        # Read anew for each look: a route changes a few times an hour, and an experiment may have named the places of another one.
        split = {**named(here.state), **told}
        if run.route not in split:
            return journals(run, after, through)
        variables = {variant: place.series for variant, place in split[run.route].items()}
        counted = PrometheusEvidence(prometheus, ISTIO, variables, lambda route: changes_in(_lines(journal), route))
        return counted(run, after, through)

    return asked


def means(here: Settings) -> Means:
    """What fields of a file mean here."""
    return Means(prometheus=bool(here.prometheus), mesh=here.traffic in MESHES)


def inquire(here: Settings) -> Inquire:
    """Who asks what files want to know of Prometheus; without LAB_PROMETHEUS, nobody. Raises SettingError."""
    if not here.prometheus:
        return nobody
    if not here.prometheus.startswith(("http://", "https://")):
        raise SettingError(f"LAB_PROMETHEUS is {here.prometheus!r}, must be an address like http://prometheus:9090.")
    from lab.metrics.asked import Inquiry
    from lab.metrics.prometheus import Asker, mounted

    return Inquiry(here.prometheus, Asker(), mounted(here.secrets or SECRETS))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Those that are whole."""
    for line in (files.read(path) or "").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            continue
