"""Splits the traffic by the weights of Istio's VirtualServices."""

from lab.traffic.objects import ObjectTraffic


class IstioTraffic(ObjectTraffic):
    """Weights of `.spec.http[i].route[j].weight`."""

    kind = "VirtualService"
