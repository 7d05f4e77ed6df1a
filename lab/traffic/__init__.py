"""Where weights go. The lab decides in percent; what carries it out has these two methods."""

from collections.abc import Mapping
from typing import Protocol


class Traffic(Protocol):
    """Something that splits visitors among variants: our NGINX, a service mesh."""

    def weights(self, route: str) -> Mapping[str, float]:
        """Percent of the visitors of each variant of a route. Raises lab.errors.Refused for an unknown one."""
        ...

    def set_weights(self, route: str, weights: Mapping[str, float]) -> None:
        """Changes them. Raises lab.errors.Refused, and changes nothing, when they cannot be had."""
        ...
