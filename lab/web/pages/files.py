"""The pages' style sheet, script and icon."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from lab.web.pages.frame import STATIC

# A file that changes has another address.
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


def router() -> APIRouter:
    """GET /static/<name>."""
    ways = APIRouter()

    @ways.get("/static/{name}")
    def file(name: str) -> Response:
        """One of those that there are, by its name."""
        if name not in {path.name for path in STATIC.iterdir()}:
            raise HTTPException(404)
        return FileResponse(STATIC / name, headers=FOR_GOOD)

    return ways
