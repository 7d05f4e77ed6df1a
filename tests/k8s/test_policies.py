"""What every pod of every overlay promises."""

import re
from itertools import chain

import pytest

from tests.k8s.rendered import OVERLAYS, Object, containers, objects, of_kind, pods
from tests.support import REPOSITORY

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@each_overlay
def test_no_pod_runs_as_root(overlay: str) -> None:
    for name, pod in pods(overlay):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] == 10001, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name


@each_overlay
def test_no_container_can_get_more_rights_or_write_into_its_image(overlay: str) -> None:
    for name, pod in pods(overlay):
        for one in (*pod["containers"], *pod.get("initContainers", [])):
            locked = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
            assert one["securityContext"] == locked, (name, one["name"])


@each_overlay
def test_every_container_has_bounds(overlay: str) -> None:
    for name, pod in pods(overlay):
        for one in (*pod["containers"], *pod.get("initContainers", [])):
            assert one["resources"]["requests"].keys() == {"cpu", "memory"}, (name, one["name"])
            assert one["resources"]["limits"].keys() == {"cpu", "memory"}, (name, one["name"])


@each_overlay
def test_every_volume_in_memory_or_on_the_node_has_a_bound(overlay: str) -> None:
    for name, pod in pods(overlay):
        for volume in pod.get("volumes", []):
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], (name, volume["name"])


@each_overlay
def test_every_container_is_probed(overlay: str) -> None:
    for name, pod in pods(overlay):
        for one in pod["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= one.keys(), (name, one["name"])


@each_overlay
def test_a_model_is_ready_when_it_answers_and_alive_when_it_breathes(overlay: str) -> None:
    models = [one for _, pod in pods(overlay) for one in pod["containers"] if one["image"].startswith("ab-lab/app_")]

    assert models
    for one in models:
        assert one["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert one["livenessProbe"]["httpGet"]["path"] == one["startupProbe"]["httpGet"]["path"] == "/health"


@each_overlay
def test_every_deployment_survives_a_drained_node(overlay: str) -> None:
    budgets = [one for one in objects(overlay) if one["kind"] == "PodDisruptionBudget"]

    for one in objects(overlay):
        if one["kind"] in ("Deployment", "StatefulSet"):
            labels = one["spec"]["template"]["metadata"]["labels"]
            own = [budget for budget in budgets if _selects(budget, one["metadata"]["namespace"], labels)]
            assert len(own) == 1, one["metadata"]["name"]


def _selects(budget: Object, namespace: str, labels: dict[str, str]) -> bool:
    wanted = budget["spec"]["selector"]["matchLabels"]
    return budget["metadata"]["namespace"] == namespace and wanted.items() <= labels.items()


@each_overlay
def test_prometheus_finds_the_numbers_of_every_model_and_of_the_lab(overlay: str) -> None:
    annotated = 0
    for one in objects(overlay):
        if one["kind"] in ("Deployment", "StatefulSet") and (wanted := _tells(one["spec"]["template"]["spec"])):
            told = one["spec"]["template"]["metadata"]["annotations"]
            assert told["prometheus.io/scrape"] == "true", one["metadata"]["name"]
            assert told["prometheus.io/port"] == wanted, one["metadata"]["name"]
            annotated += 1
    assert annotated > 8


def _tells(pod: Object) -> str | None:
    """The port at which a container of ours answers /metrics."""
    models = [one["ports"] for one in pod["containers"] if one["image"].startswith("ab-lab/app_")]
    doors = [one["ports"] for one in pod["containers"] if one["name"] == "doors"]
    ports = [port["containerPort"] for port in chain(*models, *doors) if port["name"] == ("http" if models else "metrics")]
    return str(ports[0]) if ports else None


@each_overlay
def test_every_autoscaler_has_its_deployment(overlay: str) -> None:
    deployments = {(one["metadata"]["namespace"], one["metadata"]["name"]) for one in objects(overlay) if one["kind"] == "Deployment"}
    scalers = [one for one in objects(overlay) if one["kind"] == "HorizontalPodAutoscaler"]

    assert scalers
    for one in scalers:
        assert one["apiVersion"] == "autoscaling/v2"
        assert (one["metadata"]["namespace"], one["spec"]["scaleTargetRef"]["name"]) in deployments
        assert one["spec"]["metrics"][0]["resource"] == {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}


@each_overlay
def test_every_service_leads_to_a_port_of_pods(overlay: str) -> None:
    workloads = [one for one in objects(overlay) if one["kind"] in ("Deployment", "StatefulSet")]

    for service in (one for one in objects(overlay) if one["kind"] == "Service"):
        wanted, namespace = service["spec"]["selector"], service["metadata"]["namespace"]
        behind = [
            one for one in workloads
            if one["metadata"]["namespace"] == namespace and wanted.items() <= one["spec"]["template"]["metadata"]["labels"].items()
        ]  # fmt: skip
        assert behind, service["metadata"]["name"]
        for one in behind:
            names = {port["name"] for container in one["spec"]["template"]["spec"]["containers"] for port in container.get("ports", [])}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= names, service["metadata"]["name"]


@each_overlay
def test_no_secret_and_no_floating_tag_is_in_an_overlay(overlay: str) -> None:
    assert not of_kind(overlay, "Secret")
    for name, pod in pods(overlay):
        for one in (*pod["containers"], *pod.get("initContainers", [])):
            assert re.fullmatch(r"ab-lab/[a-z_0-9]+:[0-9.]+", one["image"]), (name, one["image"])


@pytest.mark.parametrize(("overlay", "group", "resource"), [
    ("istio", "networking.istio.io", "virtualservices"), ("gateway-api", "gateway.networking.k8s.io", "httproutes")
])  # fmt: skip
def test_the_lab_may_only_read_and_patch_the_one_object_that_it_splits(overlay: str, group: str, resource: str) -> None:
    roles = [one for one in objects(overlay) if one["kind"] in ("Role", "ClusterRole")]
    bindings = [one for one in objects(overlay) if one["kind"] in ("RoleBinding", "ClusterRoleBinding")]

    assert [one["rules"] for one in roles] == [
        [{"apiGroups": [group], "resources": [resource], "resourceNames": ["iris"], "verbs": ["get", "patch"]}]
    ]
    assert [(one["roleRef"]["name"], one["subjects"]) for one in bindings] == [
        ("lab-traffic", [{"kind": "ServiceAccount", "name": "lab", "namespace": "ab-lab"}])
    ]


@each_overlay
def test_only_the_lab_gets_a_token_and_only_where_it_talks_to_the_cluster(overlay: str) -> None:
    with_token = [name for name, pod in pods(overlay) if pod.get("automountServiceAccountToken") is not False]

    assert with_token == ([] if overlay == "local" else ["StatefulSet ab-lab/lab"])


@each_overlay
def test_only_the_gateway_reaches_the_lab(overlay: str) -> None:
    policy = of_kind(overlay, "NetworkPolicy")["lab"]["spec"]

    assert policy["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "lab"}
    asked, open_to_all = policy["ingress"]
    assert asked["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}]
    # Numbers, for Prometheus.
    assert open_to_all == {"ports": [{"port": "metrics"}]}


def test_every_variant_has_a_folder_and_a_door() -> None:
    variants = re.findall(r"^upstream \w+\.(\w+) ", (REPOSITORY / "nginx" / "upstreams.conf").read_text(), re.MULTILINE)
    doors = re.findall(r"unix:/sockets/(\w+)\.sock;\s+proxy_pass ([\w-]+):", (REPOSITORY / "k8s/base/gateway/doors.conf").read_text())

    services = of_kind("local", "Service", "ab-lab")
    assert dict(doors) == {**{name: f"app-{name}" for name in variants}, "lab": "lab"}
    assert {f"app-{name}" for name in variants} == {name for name in services if name.startswith("app-")}
    for name in variants:
        app = of_kind("local", "Deployment", "ab-lab")[f"app-{name}"]["spec"]["template"]["spec"]["containers"][0]
        assert {"name": "VARIANT", "value": name} in app["env"]


def test_every_model_loader_asks_for_artifacts_that_there_are() -> None:
    known = {name for path in REPOSITORY.glob("app_*/artifacts.toml") for name in re.findall(r'^name = "(\w+)"', path.read_text(), re.M)}

    for overlay in OVERLAYS:
        for name, pod in pods(overlay):
            for one in pod.get("initContainers", []):
                if one["name"] == "model-loader":
                    assert one["command"] == ["python", "download_models.py", "--only"], name
                    assert one["args"], name
                    assert set(one["args"]) <= known, name


@each_overlay
def test_every_module_that_a_pod_runs_is_there(overlay: str) -> None:
    commands = [one.get("command", []) for _, pod in pods(overlay) for one in containers(pod)]
    modules = {command[2] for command in commands if command[:2] == ["python", "-m"]}

    assert modules == {"lab.ship.routes", "lab.ship.send", "lab.ship.take"}
    for module in modules:
        assert (REPOSITORY / f"{module.replace('.', '/')}.py").is_file(), module
