"""Who gets which model, as values: a table of routes, its lanes, its sentences and its changes. Knows no clock, disk or network."""

from lab.errors import RoutesError
from lab.routes.change import with_fallback, with_mode, with_rescue_500, with_shadows, with_weights, without_lane
from lab.routes.parse import examine, parse
from lab.routes.table import Route, Routes, Rule, dump

__all__ = [
    "Route",
    "Routes",
    "RoutesError",
    "Rule",
    "dump",
    "examine",
    "parse",
    "with_fallback",
    "with_mode",
    "with_rescue_500",
    "with_shadows",
    "with_weights",
    "without_lane",
]
