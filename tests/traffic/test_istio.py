"""The lab patches the weights of a cluster's objects, by the official client, against an API server that fails on request."""

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.errors import Refused
from lab.traffic.cluster import Forbidden
from lab.traffic.gateway import GatewayTraffic
from lab.traffic.istio import IstioTraffic
from lab.traffic.mesh import MeshTraffic
from lab.traffic.nginx import NginxTraffic
from lab.traffic.objects import TRIES
from lab.traffic.places import parse
from lab.traffic.pointer import PlaceError
from lab.traffic.split import SplitError
from tests.traffic.api_server import ApiServer, Fault

PATH = "/apis/networking.istio.io/v1alpha3/namespaces/default/virtualservices/routing-rule"

# The documents' own object and places.
RULE: dict[str, Any] = {
    "apiVersion": "networking.istio.io/v1alpha3",
    "kind": "VirtualService",
    "metadata": {"name": "routing-rule", "namespace": "default"},
    "spec": {
        "gateways": ["istio-system/seldon-gateway"],
        "hosts": ["iris.example.com"],
        "http": [
            {
                "route": [
                    {
                        "destination": {"host": f"iris-default.ns-{name}.svc.cluster.local", "port": {"number": 8000}},
                        "headers": {"response": {"set": {"version": version}}},
                        "weight": weight,
                    }
                    for name, version, weight in (("baseline", "iris-v1", 100), ("candidate", "iris-v2", 0))
                ]
            }
        ],
    },
}

PLACES = """
iris:
  svc: &rule {apiVersion: networking.istio.io/v1alpha3, kind: VirtualService, namespace: default, name: routing-rule,
              fieldPath: ".spec.http[0].route[0].weight"}
  forest: {<<: *rule, fieldPath: ".spec.http[0].route[1].weight"}
"""


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    server.put(PATH, RULE)
    yield server
    server.close()


@pytest.fixture
def istio(api: ApiServer) -> IstioTraffic:
    return IstioTraffic(api.cluster(), parse(PLACES), rest=lambda seconds: None)


def weights_in(document: dict[str, Any]) -> list[int]:
    return [one.get("weight") for one in document["spec"]["http"][0]["route"]]


def without_weights(document: dict[str, Any]) -> dict[str, Any]:
    """Everything that the lab must not touch."""
    made = copy.deepcopy(document)
    made["metadata"].pop("resourceVersion", None)
    for one in made["spec"]["http"][0]["route"]:
        del one["weight"]
    return made


def test_the_named_weights_change_and_nothing_else(api: ApiServer, istio: IstioTraffic) -> None:
    istio.set_weights("iris", {"svc": 90, "forest": 10})

    assert weights_in(api.objects[PATH]) == [90, 10]
    assert without_weights(api.objects[PATH]) == without_weights(RULE)
    assert istio.weights("iris") == {"svc": 90, "forest": 10}


def test_what_is_sent_is_a_json_patch_that_fails_when_somebody_was_faster(api: ApiServer, istio: IstioTraffic) -> None:
    istio.set_weights("iris", {"svc": 90, "forest": 10})

    assert [one.content_type for one in api.asked if one.verb == "PATCH"] == ["application/json-patch+json"]
    assert api.patches() == [
        [
            {"op": "test", "path": "/metadata/resourceVersion", "value": "1"},
            {"op": "replace", "path": "/spec/http/0/route/0/weight", "value": 90},
            {"op": "replace", "path": "/spec/http/0/route/1/weight", "value": 10},
        ]
    ]


def test_weights_that_are_as_wanted_are_not_patched(api: ApiServer, istio: IstioTraffic) -> None:
    istio.set_weights("iris", {"svc": 100, "forest": 0})

    assert api.patches() == []


def test_a_weight_that_is_not_there_is_added(api: ApiServer, istio: IstioTraffic) -> None:
    del api.objects[PATH]["spec"]["http"][0]["route"][1]["weight"]

    istio.set_weights("iris", {"svc": 60, "forest": 40})

    assert weights_in(api.objects[PATH]) == [60, 40]
    assert api.patches()[0][2]["op"] == "add"


@pytest.mark.parametrize("fault", ["changed meanwhile", "409", "500", "hangs", "hangs up", "hangs up afterwards"])
def test_a_passing_trouble_loses_no_weight(api: ApiServer, istio: IstioTraffic, fault: Fault) -> None:
    api.faults.extend([fault, fault])

    istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert weights_in(api.objects[PATH]) == [70, 30]


def test_what_somebody_else_changed_meanwhile_stays(api: ApiServer, istio: IstioTraffic) -> None:
    api.faults.append("changed meanwhile")

    istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert api.objects[PATH]["metadata"]["annotations"] == {"touched": "2"}


def test_a_patch_whose_answer_was_lost_is_not_made_twice(api: ApiServer, istio: IstioTraffic) -> None:
    api.faults.append("hangs up afterwards")

    istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert len(api.patches()) == 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("409", "The weights of VirtualService default/routing-rule are not as wanted after 5 tries."),
        ("422", "recorded 422"),
        ("500", "The cluster answered 500 when asked to patch VirtualService default/routing-rule. Is its API server well?"),
        ("hangs up", "cannot be reached, or hung up, when asked to patch VirtualService default/routing-rule."),
    ],
)
def test_a_lasting_trouble_is_a_sentence_and_changes_nothing(api: ApiServer, istio: IstioTraffic, fault: Fault, sentence: str) -> None:
    api.faults.extend([fault] * TRIES)

    with pytest.raises(SplitError) as refused:
        istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert sentence in str(refused.value)
    assert weights_in(api.objects[PATH]) == [100, 0]
    assert len(api.patches()) == TRIES


def test_a_missing_right_is_told_at_once(api: ApiServer, istio: IstioTraffic) -> None:
    api.faults.append("403")

    with pytest.raises(Forbidden) as refused:
        istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert str(refused.value) == (
        "The lab's account may not patch VirtualService default/routing-rule (403). Give it the Role lab-traffic in default."
    )
    assert len(api.patches()) == 1


def test_an_object_that_is_not_there_is_named(api: ApiServer, istio: IstioTraffic) -> None:
    del api.objects[PATH]

    with pytest.raises(
        Forbidden, match=r"There is no VirtualService default/routing-rule of networking\.istio\.io/v1alpha3 in this cluster"
    ):
        istio.weights("iris")


def test_a_server_that_is_away_is_told_with_its_address(api: ApiServer, istio: IstioTraffic) -> None:
    api.close()

    with pytest.raises(SplitError, match=r"http://127\.0\.0\.1:[0-9]+ (cannot be reached|did not answer)"):
        istio.set_weights("iris", {"svc": 70, "forest": 30})


def test_visitors_of_a_destination_that_no_variant_stands_for_are_not_shared_out(api: ApiServer, istio: IstioTraffic) -> None:
    third = {"destination": {"host": "other"}, "weight": 20}
    api.objects[PATH]["spec"]["http"][0]["route"].append(third)

    with pytest.raises(SplitError, match=r"a destination that no variant stands for: /spec/http/0/route/2/weight with 20"):
        istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert api.patches() == []


def test_a_route_that_lost_its_destination_is_not_patched(api: ApiServer, istio: IstioTraffic) -> None:
    api.objects[PATH]["spec"]["http"][0]["route"].pop()

    with pytest.raises(SplitError, match=r"has nothing at /spec/http/0/route/1\. Is fieldPath right\?"):
        istio.set_weights("iris", {"svc": 70, "forest": 30})

    assert api.patches() == []


def test_shares_of_thirds_become_whole_percent_that_sum_to_100(api: ApiServer, istio: IstioTraffic) -> None:
    istio.set_weights("iris", {"svc": 66.67, "forest": 33.33})

    assert weights_in(api.objects[PATH]) == [67, 33]


def test_a_variant_without_a_place_is_refused(istio: IstioTraffic) -> None:
    with pytest.raises(Refused, match=r"xgboost of iris has no place in VirtualService default/routing-rule"):
        istio.set_weights("iris", {"svc": 50, "xgboost": 50})


def test_a_route_of_the_gateway_api_is_split_the_same_way(api: ApiServer) -> None:
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes/iris"
    backends = [{"name": name, "port": 8000, "weight": weight} for name, weight in (("app-svc", 60), ("app-forest", 40))]
    rule = {"kind": "HTTPRoute", "metadata": {"name": "iris", "namespace": "default"}, "spec": {"rules": [{"backendRefs": backends}]}}
    api.put(path, rule)
    where = "apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, namespace: default, name: iris"
    field = ".spec.rules[0].backendRefs[{}].weight"
    lines = [f"  {name}: {{{where}, fieldPath: '{field.format(number)}'}}" for number, name in enumerate(("svc", "forest"))]
    places = parse("\n".join(("iris:", *lines)))

    GatewayTraffic(api.cluster(), places).set_weights("iris", {"svc": 25, "forest": 75})

    assert [one["weight"] for one in api.objects[path]["spec"]["rules"][0]["backendRefs"]] == [25, 75]


def test_places_of_another_kind_are_refused(api: ApiServer) -> None:
    with pytest.raises(PlaceError, match=r"must be in a HTTPRoute"):
        GatewayTraffic(api.cluster(), parse(PLACES))


@pytest.mark.parametrize("wrong", ["spec.http", ".spec..http", ".spec.http[x]", "", ".spec/http", ".spec.http[-1]"])
def test_a_field_path_of_another_form_is_refused(wrong: str) -> None:
    text = PLACES.replace(".spec.http[0].route[1].weight", wrong)

    with pytest.raises(PlaceError, match=r"iris\.forest: "):
        parse(text)


def test_the_table_follows_what_the_mesh_took(api: ApiServer, istio: IstioTraffic, state: Path, gateway: Path) -> None:
    traffic = MeshTraffic(state, gateway, istio, time.time)

    traffic.set_weights("iris", {"svc": 66.67, "forest": 33.33})

    assert weights_in(api.objects[PATH]) == [67, 33]
    assert traffic.weights("iris") == {"svc": 67, "forest": 33}
    assert NginxTraffic(state, gateway).read().routes["iris"].epoch == 1


def test_what_the_mesh_refuses_does_not_count(api: ApiServer, istio: IstioTraffic, state: Path, gateway: Path) -> None:
    api.faults.append("403")
    traffic = MeshTraffic(state, gateway, istio, time.time)

    with pytest.raises(Forbidden):
        traffic.set_weights("iris", {"svc": 90, "forest": 10})

    assert traffic.read().routes["iris"].epoch == 0
    assert not (state / "journal" / "decisions.jsonl").exists()


def test_a_route_without_a_place_is_split_by_nginx_alone(api: ApiServer, istio: IstioTraffic, state: Path, gateway: Path) -> None:
    traffic = MeshTraffic(state, gateway, istio, time.time)

    traffic.set_weights("fruit", {"custom": 66.67, "vgg16": 33.33})

    assert api.patches() == []
    assert traffic.weights("fruit") == {"custom": 66.67, "vgg16": 33.33}


def test_a_mesh_knows_no_round_robin(istio: IstioTraffic, state: Path, gateway: Path) -> None:
    traffic = MeshTraffic(state, gateway, istio, time.time)

    with pytest.raises(Refused, match=r"iris is split by the mesh, which knows no round robin"):
        traffic.change("iris", lambda route: route.model_copy(update={"mode": "roundrobin"}))
