"""The exception that carries a status and a sentence."""


class Refusal(Exception):
    """The request cannot be answered; `sentence` tells the visitor why and what to do instead."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Off(Refusal):
    """Nobody can predict here, and that is no fault: the lab runs without this model."""

    def __init__(self, sentence: str) -> None:
        super().__init__(503, sentence)
