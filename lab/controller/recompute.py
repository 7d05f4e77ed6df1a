"""Computes a past verdict again, on any machine that has the journals: in a database of its own, which is deleted afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.controller import judge as judges
from lab.controller.controller import resolved_again
from lab.controller.records import read
from lab.controller.replay import verdict_at
from lab.controller.software import software
from lab.controller.story import Story, stories
from lab.errors import Refused
from lab.store.exposed import blocks
from lab.store.store import Store


def recomputed(folder: Path, run: str, at: float) -> dict[str, Any]:
    """The verdict that was in force at a moment, in seconds since 1970. `folder` is a state folder, or its journal.

    Raises Refused when there is no such run, or nothing had been decided by then.
    """
    journal = folder / "journal" if (folder / "journal").is_dir() else folder
    story, judge = _story(journal, run), judges.real()
    experiment, _ = resolved_again(judge, story)
    with _store(journal) as store:
        return verdict_at(judge, story, experiment, lambda asked, after, through: blocks(store, asked, after, through), at, software())


def _story(journal: Path, name: str) -> Story:
    """By the run's name, or by the file's: then the newest."""
    found = list(stories(read(journal)).values())[::-1]
    for story in (*(one for one in found if one.run == name), *(one for one in found if one.file == name)):
        return story
    names = ", ".join(one.run for one in found) or "none"
    raise Refused(f"{journal / 'decisions.jsonl'} tells of no experiment {name}. Experiments: {names}.")


@contextmanager
def _store(journal: Path) -> Iterator[Store]:
    """Everything in these journals, as tables; the journals themselves are only read."""
    with tempfile.TemporaryDirectory(prefix="lab-report-") as scratch:
        state = Path(scratch)
        (state / "journal").symlink_to(journal.resolve(), target_is_directory=True)
        store = Store(state)
        try:
            store.read_on()
            yield store
        finally:
            store.close()
