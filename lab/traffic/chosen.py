"""Who splits the traffic, as the settings choose. What only a cluster needs is imported only there."""

import time
from typing import TYPE_CHECKING

from lab import files
from lab.errors import Refused, SettingError
from lab.settings import Settings
from lab.traffic.nginx import NginxTraffic

if TYPE_CHECKING:
    from lab.traffic.places import Places

MESHES = ("istio", "gateway")


def traffic(here: Settings) -> NginxTraffic:
    """Our NGINX alone, or a mesh that follows its table of routes. Raises SettingError."""
    if here.traffic == "nginx":
        return NginxTraffic(here.state, here.gateway)
    if here.traffic not in MESHES:
        raise SettingError(f"LAB_TRAFFIC is {here.traffic!r}, must be nginx, {' or '.join(MESHES)}.")
    from lab.traffic import cluster
    from lab.traffic.gateway import GatewayTraffic
    from lab.traffic.istio import IstioTraffic
    from lab.traffic.mesh import MeshTraffic

    kind = IstioTraffic if here.traffic == "istio" else GatewayTraffic
    known = places(here)
    return MeshTraffic(here.state, here.gateway, kind(cluster.here(), known), time.time)


def places(here: Settings) -> "Places":
    """Where the settings say that the cluster keeps the weights; experiments may say it of other routes. Raises SettingError."""
    from lab.traffic.places import parse

    if here.weights is None:
        return {}
    text = files.read(here.weights)
    if text is None:
        raise SettingError(f"LAB_WEIGHTS is {here.weights}: there must be a file that says where the cluster keeps each variant's weight.")
    try:
        return parse(text)
    except Refused as error:
        raise SettingError(f"{here.weights}: {error}") from error
