"""Two routes as a table of routes has them, for tests to change."""

from typing import Any

IRIS: dict[str, Any] = {
    "epoch": 0,
    "mode": "weighted",
    "baseline": "svc",
    "weights": {"svc": 60, "forest": 40},
    "lanes": ["forest"],
    "salt": "iris",
    "experiment": None,
    "rules": [],
    "fallback": "baseline",
    "rescue_500": False,
    "shadows": {},
    "versions": {"svc": "iris-v1", "forest": "iris-v2"},
}

FRUIT = IRIS | {
    "mode": "roundrobin",
    "baseline": "custom",
    "weights": {"custom": 50, "vgg16": 50},
    "lanes": ["vgg16"],
    "salt": "fruit",
    "versions": {},
}
