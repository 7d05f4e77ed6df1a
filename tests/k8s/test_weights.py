"""The lab of the overlays finds the weights where the overlays keep them."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from lab.traffic import split
from lab.traffic.places import Place, parse
from tests.k8s.rendered import objects, of_kind


@pytest.mark.parametrize("overlay", ["istio", "gateway-api"])
def test_the_weights_file_of_an_overlay_leads_to_60_and_40(overlay: str) -> None:
    text = next(one["data"]["weights.yaml"] for one in objects(overlay) if one["metadata"]["name"].startswith("lab-weights"))
    places = parse(text)["iris"]
    rule = _object(overlay, places["svc"])

    assert split.shares(rule, {name: place.path for name, place in places.items()}) == {"svc": 60, "forest": 40}


def _object(overlay: str, place: Place) -> Mapping[str, Any]:
    found = of_kind(overlay, place.object.kind, place.object.namespace)[place.object.name]
    assert found["apiVersion"] == place.object.api_version
    return found


@pytest.mark.parametrize("overlay", ["istio", "gateway-api"])
def test_the_lab_is_told_where_they_are(overlay: str) -> None:
    pod = of_kind(overlay, "StatefulSet")["lab"]["spec"]["template"]["spec"]
    env = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}

    assert env["LAB_TRAFFIC"] == {"istio": "istio", "gateway-api": "gateway"}[overlay]
    assert env["LAB_WEIGHTS"] == "/etc/lab/weights.yaml"
    assert yaml.safe_dump(pod["volumes"]).count("lab-weights") == 1
