"""Experiments and worlds for the tests of the simulation."""

from lab.simulate.read import read
from lab.simulate.world import World
from lab.spec.experiment import Experiment, Metric, Objective, Reward, Strength, Version

CONVERSION = Metric("conversion", "conversion", "conversion")
ACCURACY = Metric("accuracy", "accuracy", "accuracy")
ERRORS = Metric("error-rate", "error-rate", "rate")
P95 = Metric("latency-95th-percentile", "latency-95th-percentile", "latency percentile", "ms", 1000.0, 0.95)


def experiment(**changes: object) -> Experiment:
    """The fruit route's custom against vgg16, who may get half of the visitors; looks every 10 seconds."""
    usual: dict[str, object] = {
        "name": "fruit",
        "target": "fruit",
        "route": "fruit",
        "pattern": "A/B",
        "deployment": "Progressive",
        "baseline": Version("fruit-v1", "custom"),
        "candidates": (Version("fruit-v2", "vgg16"),),
        "reward": Reward(CONVERSION),
        "objectives": (Objective(ERRORS, upper=0.01),),
        "strength": Strength(maturation_s=10.0),
        "interval_s": 10.0,
        "iterations": 30,
        "candidate_weight_max": 50.0,
    }
    return Experiment(**(usual | changes))  # type: ignore[arg-type]


def world(text: str) -> World:
    """A world that a file would describe."""
    return read(text, "world.yaml")
