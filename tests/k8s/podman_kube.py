"""The rendered objects as `podman kube play` 4.3 can take them: pods, with what a cluster would have decided for them written in."""

import base64
import copy
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from itertools import chain
from typing import NamedTuple

from tests.k8s.rendered import Object

# Kinds that podman has no use for.
KINDS = {
    "Namespace": "podman has none: names get a prefix",
    "ServiceAccount": "there is no API server to talk to",
    "Role": "there is no API server to talk to",
    "RoleBinding": "there is no API server to talk to",
    "HorizontalPodAutoscaler": "nothing here scales",
    "PodDisruptionBudget": "nothing here evicts",
    "NetworkPolicy": "podman's network does not read it",
    "Service": "nothing here forwards: its name is a hosts entry for the address of the one pod behind it, at the pod's own port",
    "Deployment": "nothing here replaces pods: its pod is played by itself",
    "Secret": "podman 4.3 breaks off at one that is not optional, and does not decode it: it is a ConfigMap",
    "StatefulSet": "nothing here replaces pods: its pod is played by itself, its claim beside it",
}
# Kinds that podman 4.3 plays.
PLAYED = {"Pod", "ConfigMap", "PersistentVolumeClaim"}
# Fields of a pod.
POD_FIELDS = {
    "topologySpreadConstraints": "there is one node",
    "serviceAccountName": "there is no API server to talk to",
    "automountServiceAccountToken": "there is no API server to talk to",
}
# Fields of a pod's securityContext.
CONTEXT_FIELDS = {
    "fsGroup": "podman gives a fresh volume to the container's user",
    "fsGroupChangePolicy": "podman gives a fresh volume to the container's user",
    "seccompProfile": "podman's own profile is always on",
    "runAsNonRoot": "podman does not check it; runAsUser stays",
}
# Fields of a container.
_PROBES = "podman 4.3 asks with the container's own curl, if it has one, at numbered ports, by systemd: the test asks as a kubelet would"
CONTAINER_FIELDS = {
    "startupProbe": _PROBES,
    "readinessProbe": _PROBES,
    "livenessProbe": _PROBES,
    "lifecycle": "podman 4.3 runs no preStop",
}
SIDECAR = "podman 4.3 waits for the end of every init container: helpers that stay are plain containers"
ON_FAILURE = "under Always podman 4.3 runs init containers again and again"


class Place(NamedTuple):
    """What a cluster decides by itself."""

    # Before every name, so that nothing of anybody else is touched.
    prefix: str
    network: IPv4Network
    # Of 127.0.0.1, for a Service of type NodePort.
    port: int


class Dropped(NamedTuple):
    """A kind or field that podman 4.3 does not have, and why that is no loss here."""

    what: str
    why: str


class Pod(NamedTuple):
    """A pod to play, and its address."""

    name: str
    address: str
    # The pod last, after all that it needs.
    documents: list[Object]
    # As the overlay has it, with its probes.
    asked: Object


class Plan(NamedTuple):
    """All pods by the names of their Services, and what is lost on the way."""

    pods: dict[str, Pod]
    dropped: list[Dropped]


class _Names(NamedTuple):
    """What the Services come to without a cluster."""

    addresses: dict[str, str]
    # A Service's own address, and its pods'.
    urls: dict[str, str]


def for_podman(objects: Iterable[Object], place: Place) -> Plan:
    """Leaves `objects` as they are. A pod that no Service leads to is left out. Raises ValueError for a kind that it does not know."""
    given = [copy.deepcopy(one) for one in objects]
    if unknown := {one["kind"] for one in given} - KINDS.keys() - PLAYED:
        raise ValueError(f"Nothing says what becomes of {', '.join(sorted(unknown))} under podman: add it to KINDS or PLAYED.")
    services = [one for one in given if one["kind"] == "Service"]
    maps = [_as_map(one) for one in given if one["kind"] in ("ConfigMap", "Secret")]
    names = _names(services, given, place)
    dropped = [Dropped(kind, why) for kind, why in KINDS.items() if any(one["kind"] == kind for one in given)]
    pods: dict[str, Pod] = {}
    for labels, template, claims in _templates(given):
        if service := next(_behind(services, labels), None):
            asked = copy.deepcopy(template["spec"])
            dropped += _fitted(template["spec"], service, place, names)
            made = _pod(service["metadata"]["name"], labels, template["spec"])
            documents = [_prefixed(one, place.prefix) for one in (*claims, *_needed(template["spec"], maps), made)]
            name = made["metadata"]["name"]
            pods[name] = Pod(f"{place.prefix}{name}", names.addresses[name], documents, asked)
        else:
            dropped.append(Dropped(f"Pod {template['metadata']['name']}", "no Service leads to it"))
    return Plan(pods, sorted(set(dropped)))


def _names(services: list[Object], objects: list[Object], place: Place) -> _Names:
    addresses = {one["metadata"]["name"]: str(place.network[10 + at]) for at, one in enumerate(services)}
    templates = ((labels, template["spec"]) for labels, template, _ in _templates(objects))
    urls = chain.from_iterable(_urls(service, spec) for labels, spec in templates for service in _behind(services, labels))
    return _Names(addresses, dict(urls))


def _pod(name: str, labels: dict[str, str], spec: Object) -> Object:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def _templates(objects: list[Object]) -> Iterator[tuple[dict[str, str], Object, list[Object]]]:
    """Labels, template and volume claims of everything that makes a pod."""
    for one in objects:
        if one["kind"] == "Pod":
            yield one["metadata"].get("labels", {}), one, []
        elif one["kind"] in ("Deployment", "StatefulSet"):
            template = copy.deepcopy(one["spec"]["template"])
            kind = {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}
            claims = [claim | kind for claim in one["spec"].get("volumeClaimTemplates", [])]
            names = [claim["metadata"]["name"] for claim in claims]
            rooms = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
            template["spec"]["volumes"] = [*template["spec"].get("volumes", []), *rooms]
            yield template["metadata"]["labels"], template, claims


def _fitted(spec: Object, service: Object, place: Place, names: _Names) -> Iterator[Dropped]:
    """Writes in what the cluster would have decided, takes out what podman does not have; says what."""
    yield from _reduced(spec)
    yield from _publish(spec, service, place)
    _own_volumes(spec, f"{place.prefix}{service['metadata']['name']}-")
    _through_hosts(spec, names)
    yield from _expanded(spec, f"{place.prefix}{service['metadata']['name']}")


def _reduced(spec: Object) -> Iterator[Dropped]:
    yield from _without("pod", spec, POD_FIELDS)
    yield from _without("securityContext", spec.get("securityContext", {}), CONTEXT_FIELDS)
    helpers = [one for one in spec.get("initContainers", []) if one.get("restartPolicy") == "Always"]
    loaders = [one for one in spec.pop("initContainers", []) if one not in helpers]
    for helper in helpers:
        helper.pop("restartPolicy")
        yield Dropped("initContainers with restartPolicy Always", SIDECAR)
    spec["containers"] = [*helpers, *spec["containers"]]
    if loaders:
        spec |= {"initContainers": loaders, "restartPolicy": "OnFailure"}
        yield Dropped("restartPolicy Always of a pod with init containers", ON_FAILURE)
    for container in spec["containers"]:
        yield from _without("container", container, CONTAINER_FIELDS)


def _without(place: str, fields: Object, unknown: dict[str, str]) -> Iterator[Dropped]:
    for field in unknown.keys() & fields.keys():
        del fields[field]
        yield Dropped(f"{place}.{field}", unknown[field])


def _publish(spec: Object, service: Object, place: Place) -> Iterator[Dropped]:
    """A NodePort is a port of loopback; no other port is one."""
    wanted = service["spec"]["ports"][0]["targetPort"] if service["spec"].get("type") == "NodePort" else None
    for container in spec["containers"]:
        ports = container.pop("ports", [])
        if [port for port in ports if port["name"] != wanted]:
            yield Dropped("container.ports", "podman 4.3 would publish every one of them at every address of this machine")
        published = [port | {"hostPort": place.port, "hostIP": "127.0.0.1"} for port in ports if port["name"] == wanted]
        container |= {"ports": published} if published else {}


def _expanded(spec: Object, pod: str) -> Iterator[Dropped]:
    """Writes the pod's name into commands that take it from a variable."""
    for container in spec["containers"]:
        fields = {env["name"]: env.get("valueFrom", {}).get("fieldRef") for env in container.get("env", [])}
        for name in (name for name, field in fields.items() if field == {"fieldPath": "metadata.name"}):
            yield Dropped(f"$({name}) in a command", "podman 4.3 does not know yet what a fieldRef says when it writes variables in")
            container["command"] = [word.replace(f"$({name})", pod) for word in container["command"]]


def _own_volumes(spec: Object, before: str) -> None:
    """podman 4.3 makes an emptyDir a named volume, called as the pod calls it: without the pod's name all pods would share one `tmp`."""
    for volume in spec.get("volumes", []):
        volume["name"] = f"{before}{volume['name']}"
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        for mount in container.get("volumeMounts", []):
            mount["name"] = f"{before}{mount['name']}"


def _behind(services: list[Object], labels: dict[str, str]) -> Iterator[Object]:
    """The Services that lead to pods with these labels."""
    return (one for one in services if one["spec"]["selector"].items() <= labels.items())


def _urls(service: Object, spec: Object) -> Iterator[tuple[str, str]]:
    """A Service's address without a port, and what that comes to without the Service."""
    name = service["metadata"]["name"]
    for port in (port for container in spec["containers"] for port in container.get("ports", [])):
        if {"port": 80, "targetPort": port["name"]}.items() <= service["spec"]["ports"][0].items():
            yield f"http://{name}", f"http://{name}:{port['containerPort']}"


def _through_hosts(spec: Object, names: _Names) -> None:
    """Services are reached by name, at their pods' own ports."""
    spec["hostAliases"] = [{"ip": address, "hostnames": [name]} for name, address in names.addresses.items()]
    for env in (env for container in spec["containers"] for env in container.get("env", [])):
        if "value" in env:
            env["value"] = names.urls.get(env["value"], env["value"])


def _as_map(one: Object) -> Object:
    """A ConfigMap of what a Secret holds; a ConfigMap as it is."""
    if one["kind"] == "ConfigMap":
        return one
    return {**one, "kind": "ConfigMap", "data": {key: base64.b64decode(value).decode() for key, value in one["data"].items()}}


def _needed(spec: Object, maps: list[Object]) -> list[Object]:
    """The ConfigMaps that a pod names, its secrets among them."""
    for volume in spec.get("volumes", []):
        if secret := volume.pop("secret", None):
            volume["configMap"] = {"name": secret["secretName"]}
    names = {name for _, name in _references(spec)}
    return [copy.deepcopy(one) for one in maps if one["metadata"]["name"] in names]


def _references(spec: Object) -> Iterator[tuple[tuple[Object, str], str]]:
    """Where a pod names another object, and which."""
    for volume in spec.get("volumes", []):
        for kind, key in (("configMap", "name"), ("persistentVolumeClaim", "claimName")):
            if kind in volume:
                yield (volume[kind], key), volume[kind][key]
    for container in (*spec.get("initContainers", []), *spec["containers"]):
        for env in container.get("env", []):
            if reference := env.get("valueFrom", {}).get("configMapKeyRef"):
                yield (reference, "name"), reference["name"]


def _prefixed(one: Object, prefix: str) -> Object:
    """With the prefix before its name and before all names that it mentions."""
    metadata = {"name": f"{prefix}{one['metadata']['name']}", "labels": one["metadata"].get("labels", {})}
    if one["kind"] == "Pod":
        for (holder, key), name in list(_references(one["spec"])):
            holder[key] = f"{prefix}{name}"
    return {**one, "metadata": metadata}
