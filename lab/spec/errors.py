"""What is wrong with an experiment file: sentences, each with its place."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from lab.errors import Refused
from lab.spec.place import Place

# syntax: it is not YAML. shape: not an Experiment or Metric. meaning: well written, but not what this lab can do.
Sort = Literal["syntax", "shape", "meaning"]


class Trouble(NamedTuple):
    """One thing that is wrong."""

    place: Place
    sentence: str
    sort: Sort = "meaning"

    def __str__(self) -> str:
        """With its place before it."""
        return f"{self.place}: {self.sentence}"


class SpecError(Refused):
    """A file that cannot be an experiment here; its text has one sentence per line, each after its line and column."""

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        """In the order of the file, each once."""
        self.troubles = tuple(sorted(dict.fromkeys(troubles)))
        super().__init__("\n".join(map(str, self.troubles)))
