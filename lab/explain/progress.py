"""How far an experiment has come, as an explanation needs to know."""

from typing import Literal, NamedTuple

Stage = Literal["Waiting", "Initializing", "Running", "Finishing", "Completed"]


class Progress(NamedTuple):
    """Times in seconds since 1970."""

    stage: Stage
    iteration: int
    """Looks that were made."""
    iterations: int
    """Looks that there will be at most."""
    started_at: float | None
    now: float
    next_look_at: float | None = None
    is_paused: bool = False
    notices: tuple[str, ...] = ()
    """What of the file has no meaning here."""
    run: str = ""
    """The run's name, for the commands that the text offers; empty: the file's."""
    intervention: str = ""
    """What a person decided instead, in one sentence: "Promoted by jane: the customer wants it." Then that comes first."""

    @property
    def iterations_left(self) -> int:
        """None after the end."""
        return 0 if self.stage == "Completed" else max(self.iterations - self.iteration, 0)
