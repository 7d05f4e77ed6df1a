"""Describes an Iter8 v2alpha2 experiment, the resource of `kubectl get experiment -o yaml`, as `iter8ctl describe` does. Pure."""

from lab.iter8_text.sections import described

__all__ = ["described"]
