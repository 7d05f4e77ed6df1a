"""Explains a decision to people: what it is and why, how certain, what would change it, and what happens next. Pure."""

from lab.explain.progress import Progress
from lab.explain.text import explained

__all__ = ["Progress", "explained"]
