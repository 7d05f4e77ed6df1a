"""Reads and patches objects of a cluster by the official client; every failure becomes a sentence."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import urllib3
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from lab.errors import Refused, SettingError
from lab.traffic.places import Object
from lab.traffic.pointer import PlaceError
from lab.traffic.split import Operation

# Seconds until a connection, and until an answer.
PATIENCE_S: Final = (2.0, 5.0)
JSON_PATCH: Final = "application/json-patch+json"
PLURALS: Final = {"VirtualService": "virtualservices", "HTTPRoute": "httproutes", "SeldonDeployment": "seldondeployments"}


class Conflict(Refused):
    """Somebody has changed the object since it was read: read it again."""


class Unanswered(Refused):
    """Nobody knows whether it was done: read it again."""


class Forbidden(Refused):
    """The lab's account may not do this, or the cluster refuses it: trying again is of no use."""


class Cluster:
    """The API server."""

    def __init__(self, configuration: client.Configuration, patience_s: tuple[float, float] = PATIENCE_S) -> None:
        # Whether to try again is decided where it is known what was wanted.
        configuration.retries = False
        self._host = configuration.host
        self._patience_s = patience_s
        self._objects = client.CustomObjectsApi(client.ApiClient(configuration))

    def read(self, where: Object) -> dict[str, Any]:
        """The object as it is now."""
        with self._sentences("read", where):
            found: dict[str, Any] = self._objects.get_namespaced_custom_object(*_address(where), _request_timeout=self._patience_s)
        return found

    def patch(self, where: Object, operations: Sequence[Operation]) -> None:
        """Applies a JSON Patch, all of it or nothing. Raises Conflict, Unanswered or Forbidden."""
        with self._sentences("patch", where):
            self._objects.patch_namespaced_custom_object(
                *_address(where),
                list(operations),
                field_manager="lab",
                _content_type=JSON_PATCH,
                _request_timeout=self._patience_s,
            )

    @contextmanager
    def _sentences(self, verb: str, where: Object) -> Iterator[None]:
        try:
            yield
        except ApiException as error:
            raise _said(error, verb, where) from error
        except urllib3.exceptions.TimeoutError as error:
            raise Unanswered(
                f"{self._host} did not answer within {self._patience_s[1]:g} s when asked to {verb} {where.called}."
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise Unanswered(f"{self._host} cannot be reached, or hung up, when asked to {verb} {where.called}.") from error


def here() -> Cluster:
    """The cluster that this process runs in, or that kubectl would talk to. Raises SettingError."""
    configuration = client.Configuration()
    try:
        # Inside, every pod with a token is told where the API server is.
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        _configure_outside(configuration)
    return Cluster(configuration)


def _configure_outside(configuration: client.Configuration) -> None:
    try:
        config.load_kube_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise SettingError(f"There is no cluster to split traffic in: {error} Set KUBECONFIG, or run the lab inside of one.") from error


def _address(where: Object) -> tuple[str, str, str, str, str]:
    group, slash, version = where.api_version.partition("/")
    if not slash or where.kind not in PLURALS:
        raise PlaceError(f"{where.api_version} {where.kind} keeps no weights that the lab knows. It knows {', '.join(PLURALS)}.")
    return group, version, where.namespace, PLURALS[where.kind], where.name


def _said(error: ApiException, verb: str, where: Object) -> Refused:
    # A failed `test` is a 422 since Kubernetes 1.12, as is an object that its schema or webhook refuses.
    if error.status in (409, 422):
        return Conflict(f"{where.called} was changed by somebody else meanwhile, or cannot be like this: {_message(error)}")
    if error.status in (401, 403):
        return Forbidden(
            f"The lab's account may not {verb} {where.called} ({error.status}). Give it the Role lab-traffic in {where.namespace}."
        )
    if error.status == 404:
        return Forbidden(f"There is no {where.called} of {where.api_version} in this cluster.")
    if error.status == 429 or error.status >= 500:
        return Unanswered(f"The cluster answered {error.status} when asked to {verb} {where.called}. Is its API server well?")
    return Forbidden(f"The cluster refuses to {verb} {where.called} ({error.status}): {_message(error)}")


def _message(error: ApiException) -> str:
    """The message of the Status that the server sends."""
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
