"""What podman 4.3 cannot play is taken out by name, and nothing else is."""

import copy
from ipaddress import IPv4Network

import pytest

from tests.k8s.podman_kube import Place, Plan, for_podman
from tests.k8s.rendered import Object, objects

PLACE = Place("mine-", IPv4Network("10.9.8.0/24"), 12345)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return for_podman(objects("local"), PLACE)


def pod_of(plan: Plan, name: str) -> Object:
    found: Object = plan.pods[name].documents[-1]
    return found


def test_every_deployment_and_stateful_set_is_a_pod_called_as_its_service(plan: Plan) -> None:
    made = [one for one in objects("local") if one["kind"] in ("Deployment", "StatefulSet")]

    assert plan.pods.keys() == {one["metadata"]["name"] for one in made}


def test_the_objects_that_it_was_given_stay_as_they_are() -> None:
    before = copy.deepcopy(objects("local"))

    for_podman(objects("local"), PLACE)

    assert objects("local") == before


def test_every_kind_that_is_lost_is_named_with_a_reason(plan: Plan) -> None:
    given = {one["kind"] for one in objects("local")}
    kept = {document["kind"] for pod in plan.pods.values() for document in pod.documents}
    named = {dropped.what for dropped in plan.dropped}

    assert given - kept == given & named
    assert all(dropped.why for dropped in plan.dropped)


def test_an_unknown_kind_is_refused_and_not_lost_in_silence() -> None:
    with pytest.raises(ValueError, match="CronJob"):
        for_podman([{"kind": "CronJob", "metadata": {"name": "nightly"}}], PLACE)


def test_every_field_of_a_container_that_is_lost_is_named(plan: Plan) -> None:
    named = {dropped.what for dropped in plan.dropped}

    for pod in plan.pods.values():
        played = {one["name"]: one for place in ("initContainers", "containers") for one in pod.documents[-1]["spec"].get(place, [])}
        for asked in (*pod.asked.get("initContainers", []), *pod.asked["containers"]):
            lost = asked.keys() - played[asked["name"]].keys() - {"restartPolicy"}
            assert {f"container.{field}" for field in lost} <= named, pod.name


def test_helpers_that_stay_are_plain_containers_and_loaders_still_go_first(plan: Plan) -> None:
    gateway, app = pod_of(plan, "gateway")["spec"], pod_of(plan, "app-svc")["spec"]

    assert [one["name"] for one in gateway["containers"]] == ["doors", "routes", "journal", "nginx"]
    assert "initContainers" not in gateway
    assert [one["name"] for one in app["initContainers"]] == ["model-loader"]
    assert app["restartPolicy"] == "OnFailure"


def test_only_the_node_port_is_published_and_on_loopback_alone(plan: Plan) -> None:
    ports = {name: [port for one in pod_of(plan, name)["spec"]["containers"] for port in one.get("ports", [])] for name in plan.pods}

    assert ports.pop("gateway") == [{"name": "http", "containerPort": 8080, "hostPort": 12345, "hostIP": "127.0.0.1"}]
    assert {name: found for name, found in ports.items() if found} == {}


def test_every_service_is_a_name_in_every_pods_hosts_file_and_no_address_is_twice(plan: Plan) -> None:
    services = {one["metadata"]["name"] for one in objects("local") if one["kind"] == "Service"}

    for name in plan.pods:
        hosts = {alias["hostnames"][0]: alias["ip"] for alias in pod_of(plan, name)["spec"]["hostAliases"]}
        assert hosts.keys() == services
        assert len(set(hosts.values())) == len(services)
        assert hosts[name] == plan.pods[name].address


def test_a_services_own_port_becomes_its_pods_in_settings(plan: Plan) -> None:
    (lab,) = [one for one in pod_of(plan, "lab")["spec"]["containers"] if one["name"] == "lab"]

    assert {"name": "LAB_GATEWAY_URL", "value": "http://gateway:8080"} in lab["env"]


def test_every_name_has_the_prefix_and_no_two_pods_share_a_volume(plan: Plan) -> None:
    names = [document["metadata"]["name"] for pod in plan.pods.values() for document in pod.documents]
    volumes = {name: {volume["name"] for volume in pod_of(plan, name)["spec"]["volumes"]} for name in plan.pods}

    assert [name for name in names if not name.startswith("mine-")] == []
    assert all(volume.startswith(f"mine-{name}-") for name, found in volumes.items() for volume in found)
    for name in plan.pods:
        containers = (*pod_of(plan, name)["spec"].get("initContainers", []), *pod_of(plan, name)["spec"]["containers"])
        assert {mount["name"] for one in containers for mount in one["volumeMounts"]} <= volumes[name]


def test_a_pods_name_is_written_into_its_commands(plan: Plan) -> None:
    (journal,) = [one for one in pod_of(plan, "gateway")["spec"]["containers"] if one["name"] == "journal"]

    assert journal["command"][-2:] == ["--replica", "mine-gateway"]
    assert "$(POD_NAME) in a command" in {dropped.what for dropped in plan.dropped}


def test_a_pod_brings_the_objects_that_it_names(plan: Plan) -> None:
    kinds = {name: [document["kind"] for document in plan.pods[name].documents] for name in ("lab", "gateway", "app-svc")}

    assert kinds["lab"] == ["PersistentVolumeClaim", "ConfigMap", "Pod"]
    assert kinds["gateway"] == ["ConfigMap", "ConfigMap", "Pod"]
    assert kinds["app-svc"] == ["ConfigMap", "Pod"]


def test_a_secret_is_a_config_map_of_what_it_holds() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lab-visitors"}, "data": {"visitors": "YWJj"}}

    plan = for_podman([*objects("local"), secret], PLACE)

    (found,) = [one for one in plan.pods["gateway"].documents if one["metadata"]["name"] == "mine-lab-visitors"]
    volumes = {volume["name"]: volume for volume in pod_of(plan, "gateway")["spec"]["volumes"]}
    assert (found["kind"], found["data"]) == ("ConfigMap", {"visitors": "abc"})
    assert volumes["mine-gateway-visitors"]["configMap"] == {"name": "mine-lab-visitors"}
