"""What a row raises when it cannot be measured."""


class Failure(Exception):
    """Something that a row needs is missing or broke. Its text is a sentence for people: what, and what to do."""
