"""What is wrong or questionable about experiment files: findings with ids, places and explanations. Pure."""

from lab.lint.finding import Finding
from lab.lint.run import Source, linted, linted_all
from lab.lint.subject import Assumed

__all__ = ["Assumed", "Finding", "Source", "linted", "linted_all"]
