"""What a Metric resource asks, of one version, as an HTTP request: templates filled, secrets in their places. Pure."""

import base64
from collections.abc import Mapping
from string import Template
from typing import NamedTuple

from lab.errors import Refused
from lab.spec.shapes import Metric, MetricSpec

# A Secret of the cluster: text by key.
Secret = Mapping[str, str]
NO_SECRET: Secret = {}

WANTED = {"Basic": ("username", "password"), "Bearer": ("token",)}


class QuestionError(Refused):
    """A Metric that nobody could be asked."""


class Question(NamedTuple):
    """An HTTP request."""

    method: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


def question(metric: Metric, name: str, variables: Mapping[str, str], elapsed_s: float, secret: Secret = NO_SECRET) -> Question:
    """`name` and `variables` are the version's; `elapsed_s` the seconds since its experiment began. Raises QuestionError.

    As Iter8 does it: parameters and the body are filled from the version, and `${elapsedTime}`, whole seconds, at least 1; the address
    and the headers from the secret alone, so that no version can send it elsewhere. Placeholders that nothing fills stay.
    """
    spec = metric.spec
    if not spec.url_template:
        raise QuestionError(f"{metric.metadata.name} has no urlTemplate: nobody knows whom to ask.")
    said = {"name": name, **variables, "elapsedTime": str(max(int(elapsed_s), 1))}
    url = _filled(spec.url_template, secret)
    if not url.startswith(("http://", "https://")):
        raise QuestionError(f"The urlTemplate of {metric.metadata.name} is {url[:100]!r}, must begin with http:// or https://.")
    return Question(
        spec.method,
        url,
        tuple((one.name, _filled(one.value, said)) for one in spec.params),
        (*((one.name, _filled(one.value, secret)) for one in spec.header_templates), *_sign(metric.metadata.name, spec, secret)),
        _filled(spec.body, said) if spec.body is not None else None,
    )


def _filled(template: str, values: Mapping[str, str]) -> str:
    return Template(template).safe_substitute(values)


def _sign(name: str, spec: MetricSpec, secret: Secret) -> list[tuple[str, str]]:
    """The header that says who asks; an APIKey has its place in the header templates."""
    wanted = WANTED.get(spec.auth_type or "", ())
    if missing := [key for key in wanted if key not in secret]:
        raise QuestionError(f"{name} has authType {spec.auth_type}, but its secret {spec.secret} has no {' and no '.join(missing)}.")
    if spec.auth_type == "Basic":
        both = f"{secret['username']}:{secret['password']}".encode()
        return [("Authorization", f"Basic {base64.b64encode(both).decode()}")]
    return [("Authorization", f"Bearer {secret['token']}")] if spec.auth_type == "Bearer" else []
