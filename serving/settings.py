"""What the environment says about this service."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """One running variant."""

    app: str
    """The model's folder: `app_vgg16`."""
    variant: str
    """Its wire name: `vgg16`."""
    host: str
    """Address of the TCP listener, for people."""
    port: int
    """Port of the TCP listener; 0 picks a free one."""
    sockets: Path | None
    """Folder of the unix socket `<variant>.sock`, for NGINX; None opens none."""
    upload_limit_bytes: int
    """Longest request body."""
    log_level: str
    """INFO also prints every prediction; WARNING only trouble."""
    faults: bool = False
    """Whether /faults exists, where anybody can make the model misbehave: for demonstrations and tests."""


def from_environment() -> Settings:
    """Reads APP (required), VARIANT, HOST, PORT, LAB_SOCKETS, LAB_UPLOAD_LIMIT_BYTES, LOG_LEVEL and LAB_FAULTS."""
    app = os.environ.get("APP")
    if not app:
        raise SystemExit("APP is not set. Name the model's folder: APP=app_custom python -m serving")
    sockets = os.environ.get("LAB_SOCKETS")
    return Settings(
        app=app,
        variant=os.environ.get("VARIANT") or app.removeprefix("app_"),
        host=os.environ.get("HOST") or "127.0.0.1",
        port=int(os.environ.get("PORT") or 8000),
        sockets=Path(sockets) if sockets else None,
        upload_limit_bytes=int(os.environ.get("LAB_UPLOAD_LIMIT_BYTES") or 10 * 1024 * 1024),
        log_level=(os.environ.get("LOG_LEVEL") or "INFO").upper(),
        faults=os.environ.get("LAB_FAULTS") == "1",
    )
