"""A state folder, and a gateway's folder that has every kind of route."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from lab.routes import Route
from lab.traffic.nginx import NginxTraffic
from tests import tables
from tests.tables import IRIS

UPSTREAMS = """\
# upstream of.nobody
upstream fruit.custom    { server unix:@SOCKETS@/custom.sock; }
upstream fruit.vgg16     { server unix:@SOCKETS@/vgg16.sock; }
upstream iris.svc        { server unix:@SOCKETS@/svc.sock; }
upstream iris.forest     { server unix:@SOCKETS@/forest.sock; }
upstream iris.xgboost    { server unix:@SOCKETS@/xgboost.sock; }
upstream iris.bayes      { server unix:@SOCKETS@/bayes.sock; }
upstream iris.knn        { server unix:@SOCKETS@/knn.sock; }
upstream lab_relay { server unix:@RUN@/relay.sock; }
"""

KNOWN = {"fruit": ("custom", "vgg16"), "iris": ("svc", "forest", "xgboost", "bayes", "knn")}

FRUIT = tables.FRUIT | {
    "rules": [{"header": "target", "value": "mountain", "variant": "vgg16"}],
    "versions": {"custom": "fruit-v1", "vgg16": "fruit-v2"},
}

TABLE = {"schema": 1, "default_route": "fruit", "routes": {"fruit": FRUIT, "iris": IRIS}}


def iris(**fields: Any) -> Route:
    """The iris route with other fields."""
    return Route.model_validate(IRIS | fields)


def table(**fields: Any) -> dict[str, Any]:
    """The table with other fields in its iris route."""
    made = copy.deepcopy(TABLE)
    made["routes"]["iris"] |= fields  # type: ignore[index]
    return made


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """The folder that the gateway came with."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    (folder / "upstreams.conf").write_text(UPSTREAMS)
    (folder / "routes.json").write_text(json.dumps(TABLE))
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def traffic(state: Path, gateway: Path) -> NginxTraffic:
    return NginxTraffic(state, gateway)
