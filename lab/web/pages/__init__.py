"""The lab's pages: HTML that works without scripts, and moves by itself with them."""

from fastapi import APIRouter

from lab.web.pages import compare, events, experiment, files, models, overview, predictions, shadow
from lab.web.pages.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Every page, and the files that they need."""
    ways = APIRouter(include_in_schema=False)
    for page in (overview, experiment, predictions, compare, shadow, models, events):
        ways.include_router(page.router(parts))
    ways.include_router(files.router())
    return ways
