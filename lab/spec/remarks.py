"""What comes up while a file is resolved: troubles, each at its place, and notices for whoever starts the experiment."""

from typing import NamedTuple

from lab.spec.document import Document
from lab.spec.errors import SpecError, Trouble
from lab.spec.place import Path


class Notice(NamedTuple):
    """Something that is done otherwise than the file may expect."""

    path: Path
    sentence: str


class Remarks:
    """Collects them, so that a file's troubles are all said at once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.troubles: list[Trouble] = []
        self.notices: list[Notice] = []

    def wrong(self, path: Path, sentence: str) -> None:
        """The file cannot be an experiment here."""
        self.troubles.append(Trouble(self.document.at(path), sentence))

    def notice(self, path: Path, sentence: str) -> None:
        """It can, but."""
        self.notices.append(Notice(path, sentence))

    def stop(self) -> None:
        """Raises SpecError if anything is wrong."""
        if self.troubles:
            raise SpecError(self.troubles)
