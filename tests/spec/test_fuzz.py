"""Whatever is sent, the answer is an experiment or a sentence."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.lint import linted
from lab.spec.errors import SpecError, Trouble
from tests.spec.texts import KNOWN, METRICS, ROLLOUT, routes, understood

TEXTS = (ROLLOUT, ROLLOUT + "---\n" + METRICS)
WORDS = st.sampled_from(
    [
        "",
        "null",
        "true",
        "-1",
        "0",
        "1e99",
        "9" * 400,
        ".inf",
        "[]",
        "{}",
        "[[]]",
        "{a: b}",
        "*x",
        "&x [*x]",
        "!!int q",
        "none",
        "A/B",
        "é\u2028",
        "'",
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A file with some of its values exchanged, and some of its lines lost."""
    lines = draw(st.sampled_from(TEXTS)).split("\n")
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(0, len(lines) - 1))
        name, colon, _ = lines[number].partition(":")
        lines[number] = draw(st.sampled_from([f"{name}{colon} {draw(WORDS)}", "", lines[number][1:], f"{lines[number]}{draw(WORDS)}"]))
    return "\n".join(lines)


def troubles(text: str) -> tuple[Trouble, ...]:
    """What is wrong with it; nothing, if it can be understood."""
    try:
        understood(text)
    except SpecError as error:
        return error.troubles
    return ()


@settings(max_examples=300)
@given(damaged())
def test_a_damaged_file_is_understood_or_refused_in_sentences_with_places(text: str) -> None:
    assert all(one.sentence.strip() and one.place.line >= 1 and one.place.column >= 1 for one in troubles(text))


@settings(max_examples=100)
@given(damaged())
def test_a_damaged_file_is_linted_without_an_accident(text: str) -> None:
    findings = linted(text, routes(), KNOWN)

    assert list(findings) == sorted(findings, key=lambda one: (one.line, one.column, one.rule))
