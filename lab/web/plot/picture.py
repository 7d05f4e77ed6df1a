"""Puts a picture together: legend, axis titles, the drawing itself, and what its marks mean."""

from markupsafe import Markup

from lab.web.plot import data, decor
from lab.web.plot.chart import Area, Band, Chart, Layer, Level, Line, Mark, Span, checked
from lab.web.plot.frame import HEIGHT, WIDTH, Frame, frame
from lab.web.plot.svg import element, html, together


def drawn(chart: Chart) -> Markup:
    """HTML with the picture in it. ValueError for a chart that cannot be drawn."""
    here = frame(checked(chart))
    marks = decor.shown_marks(chart, here)
    return html(
        "div",
        _legend(chart),
        element("p", chart.y.title, class_="axis-title", aria_hidden="true"),
        _svg(chart, here, marks),
        element("p", chart.x.title, class_="axis-title along", aria_hidden="true"),
        element("ol", *(element("li", mark.name) for mark in marks), class_="mark-names") if marks else Markup(""),
        class_="picture",
    )


def _svg(chart: Chart, here: Frame, marks: list[Mark]) -> Markup:
    """Shaded stretches at the bottom, then grid, data, and above all words."""
    spans = [one for one in chart.layers if isinstance(one, Span)]
    title, description = f"{chart.id}-title", f"{chart.id}-description"
    return element(
        "svg",
        element("title", chart.title, id=title),
        element("desc", chart.description, id=description),
        decor.spans(spans, here),
        decor.grid(chart, here),
        element("svg", *(_data(one, here) for one in chart.layers), viewBox=f"0 0 {WIDTH} {HEIGHT}",
                width="100%", height="100%", preserveAspectRatio="none"),
        decor.span_names(spans, here),
        decor.levels([one for one in chart.layers if isinstance(one, Level)], here),
        decor.marks(marks, here),
        class_=f"plot gutter-{decor.gutter(chart, here)}{' has-flags' if marks else ''}",
        role="img",
        aria_labelledby=f"{title} {description}",
    )  # fmt: skip


def _data(layer: Layer, here: Frame) -> Markup:
    if isinstance(layer, Line):
        return data.line(layer, here)
    if isinstance(layer, Band):
        return data.band(layer, here)
    return data.area(layer, here) if isinstance(layer, Area) else Markup("")


def _legend(chart: Chart) -> Markup:
    """What has a name, with its latest value."""
    named = [one for one in chart.layers if isinstance(one, Line | Band | Area) and one.name]
    return element("ul", *(_entry(one) for one in named), class_="legend") if named else Markup("")


def _entry(layer: Line | Band | Area) -> Markup:
    value = together([" ", element("b", layer.latest)]) if layer.latest else Markup("")
    return element("li", _key(layer), layer.name, value)


def _key(layer: Line | Band | Area) -> Markup:
    """The colour and the dash."""
    if isinstance(layer, Line):
        shape = element("path", d="M0 6H24", class_=data.colours(layer.place, "line"))
    else:
        what = "band" if isinstance(layer, Band) else "area"
        shape = element("path", d="M1 1H23V11H1Z", class_=data.colours(layer.place, what))
    return element("svg", shape, class_="key", viewBox="0 0 24 12", aria_hidden="true")
