"""Splits the traffic by the weights of the Gateway API's HTTPRoutes: the same with any mesh or gateway that implements it."""

from lab.traffic.objects import ObjectTraffic


class GatewayTraffic(ObjectTraffic):
    """Weights of `.spec.rules[i].backendRefs[j].weight`."""

    kind = "HTTPRoute"
