"""What is simulated: one module per goal or two, each with its CASES."""

from bench.statistics.case import Case
from bench.statistics.goals import (
    agreement,
    candidates,
    controller,
    costs,
    delay,
    errors,
    identical,
    latency,
    mean_latency,
    power,
    ramp,
    returning,
    revenue,
    rollout,
    split,
)

ALL: list[Case] = [
    case
    for module in (
        identical, ramp, power, errors, mean_latency, latency, split, revenue, returning, delay, controller, rollout, candidates, costs,
        agreement,
    )
    for case in module.CASES
]
