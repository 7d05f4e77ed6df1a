"""What can go wrong while a model is obtained, said in a sentence."""


class Unusable(Exception):
    """A source that gives no model. Its text is a sentence for the user; the next source is tried."""


class Cut(Unusable):
    """A source that broke off, or does not answer now. Asked again it may go on."""


class CannotWrite(Exception):
    """A place where nothing can be saved. No other source helps, so none is tried; its text is a sentence for the user."""


class NoRoom(CannotWrite):
    """A disk or a quota that is full."""
