"""Where a cluster keeps the weight of each variant: as a file of the settings says, or experiments (`weightObjRef`)."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from lab.spec.experiment import Experiment
from lab.traffic import pointer
from lab.traffic.pointer import PlaceError

FIELDS = {"apiVersion": "api_version", "kind": "kind", "namespace": "namespace", "name": "name", "fieldPath": "field_path"}


class Object(NamedTuple):
    """An object of a cluster."""

    api_version: str
    """`networking.istio.io/v1`: its group and version."""
    kind: str
    namespace: str
    name: str

    @property
    def called(self) -> str:
        """As sentences name it."""
        return f"{self.kind} {self.namespace}/{self.name}"


class Place(NamedTuple):
    """The field of an object that holds one variant's weight."""

    object: Object
    path: pointer.Steps
    series: Mapping[str, str] = {}
    """What the variant's time series in Prometheus are called by: `workload`, `ns`."""


# By route and variant.
Places = Mapping[str, Mapping[str, Place]]


def place(said: Mapping[str, Any]) -> Place:
    """A weightObjRef, as an experiment writes it. Raises PlaceError."""
    if wrong := [field for field in FIELDS if not isinstance(said.get(field), str) or not said[field]]:
        raise PlaceError(f"{', '.join(wrong)} of a weightObjRef must be text. It has {', '.join(FIELDS)}.")
    series = said.get("series", {})
    if not isinstance(series, dict) or not all(isinstance(one, str) for pair in series.items() for one in pair):
        raise PlaceError(f"series is {series!r}, must be an object of texts: what the variant's time series are called by.")
    where = Object(said["apiVersion"], said["kind"], said["namespace"], said["name"])
    return Place(where, pointer.steps(said["fieldPath"]), series)


def refs(experiment: Experiment) -> dict[str, Place]:
    """Where an experiment's file says that the weights of its variants are; empty if it says nothing. Raises PlaceError.

    Its versions' variables are what their time series in Prometheus may be called by.
    """
    found = {}
    for version in experiment.versions:
        if version.place:
            try:
                found[version.variant] = place(version.place)._replace(series=version.variables)
            except PlaceError as error:
                raise PlaceError(f"{version.name}: {error}") from error
    return found


def dump(places: Places) -> str:
    """As `parse` reads it."""
    said = {route: {variant: _said(one) for variant, one in variants.items()} for route, variants in places.items()}
    return json.dumps(said, indent=2) + "\n"


def _said(one: Place) -> dict[str, Any]:
    fields = dict(zip(FIELDS, (*one.object, pointer.dotted(one.path)), strict=True))
    return {**fields, "series": dict(one.series)}


def parse(text: str) -> dict[str, dict[str, Place]]:
    """A file of places: routes, their variants, and the weightObjRef of each. Raises PlaceError."""
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PlaceError(f"It is not YAML: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(variants, dict) and variants for variants in found.values()):
        raise PlaceError("It must be an object of routes, each an object of variants, each a weightObjRef.")
    return {
        str(route): {str(variant): _one(route, variant, said) for variant, said in variants.items()} for route, variants in found.items()
    }


def _one(route: str, variant: str, said: object) -> Place:
    if not isinstance(said, dict):
        raise PlaceError(f"{route}.{variant} is {said!r}, must be an object with {', '.join(FIELDS)}.")
    try:
        return place(said)
    except PlaceError as error:
        raise PlaceError(f"{route}.{variant}: {error}") from error
