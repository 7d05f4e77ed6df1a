"""What a lab has beside its own NGINX and its journals: what some fields of a file mean depends on it."""

from typing import NamedTuple


class Means(NamedTuple):
    """Kept with a run, so that its file means the same after a restart and on another machine."""

    prometheus: bool = False
    """Whether there is a Prometheus to ask, as Metric resources say."""
    mesh: bool = False
    """Whether a cluster's mesh splits traffic by weights in objects, as `weightObjRef` says."""


ALONE = Means()
