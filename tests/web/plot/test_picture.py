"""A picture shows what it was given, legibly, safely and within bounds."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.web.plot import Area, Axis, Band, Chart, Level, Line, Mark, Span, drawn
from lab.web.plot.chart import Layer
from lab.web.plot.thin import kept
from tests.web.plot.charts import HOSTILE, by_class, chart, outside, parsed, plot, points

STYLES = Path(__file__).parents[3] / "lab" / "web" / "static" / "plot.css"


def test_a_line_goes_from_corner_to_corner_of_its_axes() -> None:
    one = chart(Line([0, 1, 2], [0.0, 5.0, 10.0], "rising"))

    (path,) = by_class(one, "line")

    assert points(path.attrib["d"]) == [("M", [0, 480]), ("L", [1000, 240]), ("L", [2000, 0])]


def test_missing_values_leave_a_gap() -> None:
    one = chart(Line([0, 1, 2, 3, 4, 5], [1.0, 2.0, None, math.nan, 1.0, 2.0], "broken"))

    (path,) = by_class(one, "line")

    assert [letter for letter, _ in points(path.attrib["d"])] == ["M", "L", "M", "L"]


def test_a_value_between_two_gaps_is_a_dot() -> None:
    one = chart(Line([0, 1, 2], [None, 2.0, math.inf], "alone"))

    (dot,) = by_class(one, "dot")

    assert dot.attrib["d"].endswith("h0")


def test_a_stepped_line_holds_a_value_until_the_next_one() -> None:
    one = chart(Line([0, 1, 2], [0.0, 10.0, 10.0], "stepped", is_stepped=True))

    (path,) = by_class(one, "line")

    assert points(path.attrib["d"]) == [("M", [0, 480]), ("H", [1000]), ("V", [0]), ("H", [2000]), ("V", [0])]


def test_an_infinite_end_of_a_band_is_drawn_to_the_edge() -> None:
    one = chart(Band([0, 1], [-math.inf, 1.0], [4.0, math.inf], "wide"), y=Axis("", low=0.0, high=5.0))

    (path,) = by_class(one, "band")

    assert points(path.attrib["d"])[0] == ("M", [0, 96])
    assert points(path.attrib["d"])[1] == ("L", [2000, 0])
    assert points(path.attrib["d"])[3] == ("L", [0, 480])


def test_what_is_beyond_an_axis_is_drawn_at_its_edge() -> None:
    one = chart(Line([0, 1], [-50.0, 50.0], "far"), y=Axis("", low=0.0, high=10.0))

    (path,) = by_class(one, "line")

    assert points(path.attrib["d"]) == [("M", [0, 480]), ("L", [2000, 0])]


def test_series_differ_in_more_than_their_colour() -> None:
    lines = [Line([0, 1], [place, place + 1.0], f"{place}", place) for place in range(6)]

    classes = [path.attrib["class"].split() for path in by_class(chart(*lines), "line")]

    assert len({found[1] for found in classes}) == len({found[2] for found in classes}) == 6


def test_every_second_stretch_is_shaded() -> None:
    one = chart(Span(0, 1, "10 %"), Span(1, 2, "20 %"), Span(2, 3, "50 %"), Line([0, 3], [0.0, 1.0], "line"))

    (shade,) = by_class(one, "span")

    assert (shade.attrib["x"], shade.attrib["width"]) == ("33.33%", "33.33%")
    assert [name.text for name in by_class(one, "span-name")] == ["10 %", "20 %", "50 %"]


def test_the_names_of_two_levels_close_together_do_not_meet() -> None:
    one = chart(Level(50.0, "upper"), Level(49.0, "lower"), y=Axis("", low=0.0, high=100.0))

    above, below = by_class(one, "level-name")

    assert (above.text, below.text) == ("upper", "lower")
    assert above.attrib["dy"].startswith("-")
    assert not below.attrib["dy"].startswith("-")


def test_a_level_out_of_the_picture_is_not_drawn_at_its_edge() -> None:
    assert by_class(chart(Level(500.0, "limit"), y=Axis("", low=0.0, high=100.0)), "level") == []


def test_marks_are_numbered_above_and_named_below_and_those_too_close_share_a_flag() -> None:
    one = chart(*(Mark(at, f"at {at:g}") for at in (10, 50, 52, 54)), Line([0, 100], [0.0, 1.0], "line"))

    flags = [flag.text for flag in by_class(one, "flag")]

    assert flags == ["1", "2 to 4"]
    assert [name.text for name in parsed(one).iter("li")][-4:] == ["at 10", "at 50", "at 52", "at 54"]


def test_the_legend_names_each_series_with_its_latest_value() -> None:
    one = chart(Line([0, 1], [1.0, 2.0], "svc", latest="2.0 %"))

    (entry,) = parsed(one).iter("li")

    assert "".join(entry.itertext()) == "svc 2.0 %"


def test_a_picture_says_in_words_what_it_shows() -> None:
    found = plot(chart(Line([0, 1], [1.0, 2.0], "svc")))

    assert found.attrib["aria-labelledby"] == "one-title one-description"
    assert [(part.tag, part.get("id"), part.text) for part in list(found)[:2]] == [
        ("title", "one-title", "A title"),
        ("desc", "one-description", "What it shows."),
    ]


def test_hostile_names_are_text_and_nothing_else() -> None:
    layers: tuple[Layer, ...] = (
        Line([0, 1], [0.0, 1.0], HOSTILE, latest=HOSTILE),
        Level(0.5, HOSTILE),
        Mark(0.5, HOSTILE),
        Span(0, 1, HOSTILE),
    )
    axis = Axis(HOSTILE, unit=HOSTILE)

    said = str(drawn(Chart("one", HOSTILE, HOSTILE, axis, axis, layers)))

    assert "<script" not in said
    assert "\x00" not in said
    assert "alert(" in "".join(parsed(Chart("one", HOSTILE, HOSTILE, axis, axis, layers)).itertext())


def test_nothing_in_a_picture_needs_an_exception_to_the_policy() -> None:
    said = str(drawn(chart(Line([0, 1], [0.0, 1.0], "line"), Band([0, 1], [0.0, 0.0], [1.0, 1.0], "band"), Mark(0.5, "mark"))))

    assert "style" not in said
    assert "href" not in said
    assert "url(" not in said


def test_every_class_that_is_drawn_has_its_looks() -> None:
    styles = STYLES.read_text()
    layers = (Line([0, 1, 2], [0.0, 1.0, None], "a", 1), Line([0], [1.0], "b"), Band([0, 1], [0.0, 0.0], [1.0, 1.0], "c"), Span(0, 1, "s"))
    others = (Span(1, 2), Area([0, 1], [1.0], "d", 5), Level(0.5, "e"), Mark(0.5, "f"))

    used = {name for element in parsed(chart(*layers, *others)).iter() for name in element.get("class", "").split()}

    # The variants' colours are all pages' own, and the first one is drawn without dashes.
    assert {name for name in used if f".{name}" not in styles} == {"variant-0", "variant-1", "variant-5", "dash-0"}


def test_ten_thousand_looks_make_no_larger_picture_than_three_hundred() -> None:
    n = 10_000
    ys = [math.sin(i / 7) + (50.0 if i == 4_321 else 0.0) for i in range(n)]
    one = chart(Line(range(n), ys, "long"), Band(range(n), [y - 1 for y in ys], [y + 1 for y in ys], "band"))

    assert len(drawn(one)) < 20_000
    assert 4_321 in kept(ys, ys)
    assert n - 1 in kept(ys, ys)


def test_gaps_survive_the_thinning() -> None:
    ys = [None if 5_000 <= i < 5_010 else 1.0 * i for i in range(10_000)]

    (path,) = by_class(chart(Line(range(10_000), ys, "long")), "line")

    assert path.attrib["d"].count("M") == 2


def test_a_stepped_line_that_never_changes_needs_two_points() -> None:
    (path,) = by_class(chart(Line(range(10_000), [50.0] * 10_000, "still", is_stepped=True)), "line")

    assert len(path.attrib["d"]) < 40


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (Line([1, 2], [1.0], "svc"), "svc has 1 y values for 2 x values, must have as many."),
        (Band([1], [1.0], [1.0, 2.0], "svc"), "svc has 2 upper ends for 1 x values, must have as many."),
        (Band([1], [], [1.0], "svc"), "svc has 0 lower ends for 1 x values, must have as many."),
        (Area([0, 1, 2], [1.0], "svc"), "svc has 1 heights for 2 bins, must have as many."),
        (Area(range(1002), [1.0] * 1001, "svc"), "svc has 1,001 bins, must have at most 300: put some together."),
    ],
)
def test_lengths_that_do_not_fit_are_refused(layer: Layer, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        drawn(chart(layer))


def test_an_id_that_could_end_its_attribute_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a letter"):
        drawn(chart(id='a" onload="alert(1)'))


NUMBERS = st.none() | st.floats()
FINITE = st.floats(allow_nan=False, allow_infinity=False)
TIMES = st.floats(min_value=0, max_value=2.5e11)
NAMES = st.text(max_size=5)


def layers(xs: st.SearchStrategy[float]) -> st.SearchStrategy[Layer]:
    """Any layer over such x values."""

    def over(ats: list[float]) -> st.SearchStrategy[Layer]:
        n, ats = len(ats), sorted(ats)
        row = st.lists(NUMBERS, min_size=n, max_size=n)
        heights = st.lists(st.floats(0, 100), min_size=max(n - 1, 0), max_size=max(n - 1, 0))
        return (
            st.builds(Line, st.just(ats), row, NAMES, st.integers(-2, 20), NAMES, st.booleans())
            | st.builds(Band, st.just(ats), row, row, NAMES, st.integers(0, 7))
            | st.builds(Area, st.just(ats or [0.0]), heights, NAMES)
        )

    return (
        st.lists(xs, max_size=8).flatmap(over)
        | st.builds(Level, st.floats(), NAMES)
        | st.builds(Mark, xs, NAMES)
        | st.builds(Span, xs, xs, NAMES)
    )


def charts(x_kind: str, xs: st.SearchStrategy[float]) -> st.SearchStrategy[Chart]:
    y = st.builds(Axis, NAMES, st.sampled_from(["linear", "log"]), st.none() | FINITE, st.none() | FINITE, NAMES, st.booleans())
    return st.builds(lambda found, up: chart(*found, x=Axis("", x_kind), y=up), st.lists(layers(xs), max_size=5), y)  # type: ignore[arg-type]


@settings(max_examples=80, deadline=None)
@given(charts("linear", FINITE) | charts("log", FINITE) | charts("time", TIMES))
def test_whatever_the_data_a_picture_is_well_formed_and_stays_in_its_box(one: Chart) -> None:
    assert list(outside(one)) == []
    assert len(drawn(one)) < 30_000
