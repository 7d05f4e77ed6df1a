"""Who asks: a person's browser or a program."""

from starlette.requests import Request


def wants_page(request: Request) -> bool:
    """Whether a browser asks."""
    return "text/html" in request.headers.get("accept", "")
