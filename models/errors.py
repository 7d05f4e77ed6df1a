"""What can be wrong with a source, said in a sentence."""


class Unusable(Exception):
    """A source that gives no model. Its text is a sentence for the user; the next source is tried."""
