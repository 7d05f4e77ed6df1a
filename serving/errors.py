"""The exception that carries a status and a sentence."""


class Refusal(Exception):
    """The request cannot be answered; `sentence` tells the visitor why and what to do instead."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
