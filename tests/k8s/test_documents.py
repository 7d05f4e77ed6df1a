"""What the documents' clusters show, the overlay `istio` has: rows 26, 27, 42 and 52 of what this lab must do."""

from tests.k8s.rendered import Object, objects, of_kind


def replicas(namespace: str) -> dict[str, int]:
    return {name: one["spec"]["replicas"] for name, one in of_kind("istio", "Deployment", namespace).items()}


def ports(namespace: str) -> dict[str, list[int]]:
    return {name: [port["port"] for port in one["spec"]["ports"]] for name, one in of_kind("istio", "Service", namespace).items()}


def names_of_containers(deployment: Object) -> list[str]:
    return [one["name"] for one in deployment["spec"]["template"]["spec"]["containers"]]


def test_two_iris_models_three_pods_each_behind_one_address() -> None:
    assert replicas("online-ab") == {"iris-svc": 3, "iris-rf": 3}
    assert ports("online-ab") == {"iris": [8000]}
    assert "client" in of_kind("istio", "Pod", "online-ab")
    for one in of_kind("istio", "Deployment", "online-ab").values():
        assert [init["name"] for init in one["spec"]["template"]["spec"]["initContainers"]] == ["model-loader"]
        assert one["spec"]["template"]["metadata"]["labels"]["app"] == "iris"


def test_the_two_deployments_do_not_select_each_others_pods() -> None:
    selectors = [one["spec"]["selector"]["matchLabels"] for one in of_kind("istio", "Deployment", "online-ab").values()]

    assert sorted(one["version"] for one in selectors) == ["rf", "svc"]


def test_both_scale_from_three_to_ten_at_70_percent_of_their_processors() -> None:
    scalers = of_kind("istio", "HorizontalPodAutoscaler", "online-ab")

    assert scalers.keys() == {"iris-svc", "iris-rf"}
    for one in scalers.values():
        assert one["apiVersion"] == "autoscaling/v2"
        assert (one["spec"]["minReplicas"], one["spec"]["maxReplicas"]) == (3, 10)
        assert one["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_iris_is_split_60_to_40_and_each_answer_says_its_version() -> None:
    route = of_kind("istio", "VirtualService", "online-ab")["iris"]["spec"]["http"][0]["route"]

    assert [(one["destination"]["subset"], one["weight"], one["headers"]["response"]["set"]["version"]) for one in route] == [
        ("svc", 60, "iris-v1"),
        ("rf", 40, "iris-v2"),
    ]
    subsets = of_kind("istio", "DestinationRule", "online-ab")["iris"]["spec"]["subsets"]
    assert {one["name"]: one["labels"] for one in subsets} == {"svc": {"version": "svc"}, "rf": {"version": "rf"}}


def test_every_subset_has_pods() -> None:
    for namespace in ("online-ab", "condition-based-serving"):
        pods = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind("istio", "Deployment", namespace).values()]
        for rule in of_kind("istio", "DestinationRule", namespace).values():
            for subset in rule["spec"]["subsets"]:
                assert any(subset["labels"].items() <= labels.items() for labels in pods), subset


def test_a_model_with_a_log_beside_it() -> None:
    api = of_kind("istio", "Deployment", "prediction-log")["api"]

    assert replicas("prediction-log") == {"api": 3}
    assert names_of_containers(api) == ["api", "log"]
    assert ports("prediction-log") == {"api": [8000]}
    assert "client" in of_kind("istio", "Pod", "prediction-log")


def test_four_deployments_of_three_and_the_documents_ports() -> None:
    assert replicas("condition-based-serving") == {"mobilenet-v2": 3, "plant": 3, "mobilenet-v2-proxy": 3, "plant-proxy": 3}
    assert ports("condition-based-serving") == {"mobilenet-v2": [8500, 8501], "plant": [9500, 9501], "proxy": [8000]}


def test_the_header_target_mountain_exactly_leads_to_plant_within_ten_seconds() -> None:
    first, rest = of_kind("istio", "VirtualService", "condition-based-serving")["proxy"]["spec"]["http"]

    assert first["match"] == [{"headers": {"target": {"exact": "mountain"}}}]
    assert first["route"][0]["destination"]["subset"] == "plant"
    assert "match" not in rest
    assert rest["route"][0]["destination"]["subset"] == "mobilenet-v2"
    assert (first["timeout"], rest["timeout"]) == ("10s", "10s")


def test_the_mesh_is_in_the_documents_namespaces() -> None:
    labels = {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in objects("istio") if one["kind"] == "Namespace"}

    assert labels["online-ab"]["istio-injection"] == labels["condition-based-serving"]["istio-injection"] == "enabled"
    assert "istio-injection" not in labels["prediction-log"]
