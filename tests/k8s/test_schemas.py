"""Every object of every overlay is one that a cluster takes."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from kubernetes_validate import utils

from tests.k8s.rendered import OVERLAYS, Object, objects

# The three newest minors that kubernetes-validate knows.
MINORS = sorted({tuple(map(int, one.split(".")[:2])) for one in map(str, utils.all_versions())})[-3:]

SCHEMAS = Path(__file__).parent / "schemas"
VERSIONS = {
    "VirtualService": {f"networking.istio.io/{version}" for version in ("v1", "v1beta1", "v1alpha3")},
    "DestinationRule": {f"networking.istio.io/{version}" for version in ("v1", "v1beta1", "v1alpha3")},
    "Gateway": {f"networking.istio.io/{version}" for version in ("v1", "v1beta1", "v1alpha3")},
    "HTTPRoute": {"gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"},
}


def closed(schema: Any) -> Any:
    """A schema that also refuses fields that it does not know, which a cluster would drop without a word."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(one) for key, one in schema.items()}
    if isinstance(made.get("properties"), dict) and made.get("type") == "object" and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def of_crd(one: Object) -> None:
    assert one["apiVersion"] in VERSIONS[one["kind"]]
    schema = closed(json.loads((SCHEMAS / f"{one['kind']}.json").read_text()))
    jsonschema.validate({"spec": one["spec"]}, schema)


@pytest.mark.parametrize("minor", MINORS, ids=lambda minor: ".".join(map(str, minor)))
def test_every_object_is_valid(minor: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    # A megabyte that would be read anew for each object.
    monkeypatch.setattr(utils, "schema_contents", cache(utils.schema_contents))
    # The overlays share most objects: each is checked once.
    different = {json.dumps(one, sort_keys=True): one for overlay in OVERLAYS for one in objects(overlay)}
    own = [one for one in different.values() if one["kind"] not in VERSIONS]

    assert len(own) > 100
    for one in own:
        kubernetes_validate.validate(one, ".".join(map(str, minor)), strict=True)


@pytest.mark.parametrize("overlay", ["istio", "gateway-api"])
def test_every_custom_object_is_valid(overlay: str) -> None:
    custom = [one for one in objects(overlay) if one["kind"] in VERSIONS]

    assert custom
    for one in custom:
        of_crd(one)


def test_a_misspelt_field_would_be_found() -> None:
    rule = copy.deepcopy(next(one for one in objects("istio") if one["kind"] == "VirtualService"))
    rule["spec"]["http"][0]["route"][0]["wieght"] = 60

    with pytest.raises(jsonschema.ValidationError, match="wieght"):
        of_crd(rule)
