"""Pictures of numbers, drawn by the server: data in, SVG text out. Pure.

SVG from the server instead of a script library, because pages must work without scripts, under a strict Content-Security-Policy, and in
both themes: every colour is a class of the style sheets. A picture fills its box: lines stretch with it, text keeps its size, so one
drawing serves a phone and a desk.
"""

from lab.web.plot.chart import Area, Axis, Band, Chart, Layer, Level, Line, Mark, Span
from lab.web.plot.picture import drawn

__all__ = ["Area", "Axis", "Band", "Chart", "Layer", "Level", "Line", "Mark", "Span", "drawn"]
