"""Elements as text: everything that is written into one is escaped."""

import re
from collections.abc import Iterable

from markupsafe import Markup, escape

# What XML has no way to write: control characters and halves of pairs.
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(tag: str, *inside: str | Markup, **attributes: object) -> Markup:
    """`element("text", "a < b", x=3, text_anchor="end")`: of an attribute's name, `_` is `-`, and at the end nothing."""
    named = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"' for key, value in attributes.items())
    content = together(inside)
    return Markup(f"<{tag}{named}>{content}</{tag}>" if content else f"<{tag}{named}/>")


def html(tag: str, *inside: str | Markup, **attributes: object) -> Markup:
    """The same of an element that HTML wants closed even if there is nothing in it."""
    made = element(tag, *inside, **attributes)
    return made if inside else Markup(f"{made.removesuffix('/>')}></{tag}>")


def together(parts: Iterable[str | Markup]) -> Markup:
    """One after another."""
    return Markup("").join(part if isinstance(part, Markup) else text(part) for part in parts)


def text(said: str) -> Markup:
    """Escaped, and without what XML cannot hold."""
    return escape(NOT_XML.sub("\ufffd", said))


def number(value: float) -> str:
    """A coordinate: two digits behind the point at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
