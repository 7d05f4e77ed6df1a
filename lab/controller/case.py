"""A run while the lab lives: its story, and what need not survive."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from lab.controller.story import Story
from lab.controller.tasks import Outcome
from lab.spec.experiment import Experiment


@dataclass
class Case:
    """Only the controller's thread, or whoever holds its lock, changes it. Readers find every field whole."""

    story: Story
    experiment: Experiment
    notices: tuple[str, ...]
    evidence: Any = None
    """None: the looks that were made must be gone over again first."""
    digest: str = ""
    """Of everything in that evidence."""
    differs_from: int | None = None
    """The first look whose evidence is not what it was; None: all are."""
    due: float | None = None
    """When the next look is, by the monotonic clock."""
    trouble: str | None = None
    """Why it cannot go on; None while it can."""
    is_settled: bool = False
    """It is over, and the route is as it should be."""
    jobs: dict[tuple[str, int, int], "Future[Outcome]"] = field(default_factory=dict)
    """Tasks under way, by `lab.controller.agenda.Key`."""

    @property
    def name(self) -> str:
        """The run's."""
        return self.story.run
