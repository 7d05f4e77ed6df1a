"""The settings choose who splits the traffic."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.errors import SettingError
from lab.settings import Settings
from lab.traffic.chosen import places, traffic
from lab.traffic.mesh import MeshTraffic
from lab.traffic.nginx import NginxTraffic
from tests.traffic.api_server import ApiServer
from tests.traffic.test_istio import PATH, PLACES, api, weights_in

__all__ = ["api"]


def test_our_nginx_alone_by_default(state: Path, gateway: Path) -> None:
    assert type(traffic(Settings(state, gateway, state))) is NginxTraffic


def test_on_a_cluster_a_change_of_the_table_reaches_the_mesh(
    api: ApiServer, state: Path, gateway: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights.yaml").write_text(PLACES)
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig(api.cluster()._host)))
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))

    made = traffic(Settings(state, gateway, state, traffic="istio", weights=tmp_path / "weights.yaml"))
    made.set_weights("iris", {"svc": 80, "forest": 20})

    assert type(made) is MeshTraffic
    assert weights_in(api.objects[PATH]) == [80, 20]


def kubeconfig(server: str) -> object:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "lab"}}],
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "lab", "user": {"token": "t0ken"}}],
    }


def test_without_a_file_of_weights_only_experiments_name_places(state: Path, gateway: Path) -> None:
    assert places(Settings(state, gateway, state, traffic="istio")) == {}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"traffic": "linkerd"}, "LAB_TRAFFIC is 'linkerd', must be nginx, istio or gateway."),
        (
            {"traffic": "istio", "weights": Path("/nowhere")},
            "LAB_WEIGHTS is /nowhere: there must be a file that says where the cluster keeps each variant's weight.",
        ),
    ],
)
def test_a_setting_that_means_nothing_is_a_sentence(state: Path, gateway: Path, settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        traffic(Settings(state, gateway, state)._replace(**settings))

    assert str(refused.value) == sentence


def test_a_file_of_weights_that_is_wrong_is_named(state: Path, gateway: Path, tmp_path: Path) -> None:
    (tmp_path / "weights.yaml").write_text("iris: {svc: 60}")

    with pytest.raises(SettingError, match=r"weights\.yaml: iris\.svc is 60, must be an object with apiVersion, kind"):
        traffic(Settings(state, gateway, state, traffic="istio", weights=tmp_path / "weights.yaml"))
