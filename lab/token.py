"""The token: whoever knows it may move the traffic. Made once, for this user alone."""

import re
import secrets
from pathlib import Path

from lab import files
from lab.client import TOKEN

HEX = re.compile(r"[0-9a-f]{64}")


def kept(state: Path) -> str:
    """The token of this state; makes one where there is none. Raises StateError when that cannot be done."""
    path = state / TOKEN
    said = (files.read(path) or "").strip()
    if not HEX.fullmatch(said):
        said = secrets.token_hex(32)
        _write(path, said)
    with files.saving(path):
        path.chmod(0o600)
    return said


def _write(path: Path, token: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    with files.saving(path):
        fresh.unlink(missing_ok=True)
        # Nobody else may read it, not even for a moment.
        fresh.touch(mode=0o600, exist_ok=False)
        fresh.write_text(f"{token}\n")
        fresh.replace(path)
