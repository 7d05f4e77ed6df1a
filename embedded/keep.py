"""Backs up and deletes what the lab has written: python -m embedded.keep backup | reset

Needs nothing but Python, so that a state can be saved or deleted whatever became of the environment.
"""

import argparse
import os
import shlex
import shutil
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from embedded import places as places_module
from embedded.places import Places

CHECKOUT = Path(__file__).resolve().parent.parent

# What cannot be made again: the journals, the weights and their epochs, the key of the visitors' digests. Everything else is derived
# from these, or of no use on another day.
KEPT = ("journal/*", "routes.json", "routes.previous.json", "routes.epochs.json", "secret")

# How many answers each service has given: the lines of the journal are compared with it.
COUNTS = "*.answers"

# All that the lab writes, and nothing that somebody else may have put beside it.
WRITTEN = ("journal", "log", "run", "sockets", "ingest", "quarantine", "secret", "secret.new", "routes.*", "upstreams.conf", "lab.duckdb*",
           "lab.token*")  # fmt: skip

# What only a lab's state has: a folder without any of it is somebody else's.
SIGNS = ("journal", "secret", "upstreams.conf", "log/supervisord.log")


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0 when the command did what it says."""
    parser = argparse.ArgumentParser(prog="embedded.keep", description=__doc__)
    parser.add_argument("command", choices=["backup", "reset"])
    command = parser.parse_args(arguments).command
    places = places_module.from_environment(CHECKOUT)
    try:
        print({"backup": _backed_up, "reset": _reset}[command](places))
    except OSError as error:
        print(f"{error.filename or places.state}: {error.strerror}. {command} is not finished: run it again after that.", file=sys.stderr)
        return 1
    return 0


def backup(places: Places, folder: Path, now: datetime) -> Path:
    """Writes lab-<now>.tar.gz into `folder`, whole or not at all, and returns its path. The lab may be running meanwhile.

    Raises OSError when it cannot be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"lab-{now:%Y-%m-%dT%H%M%SZ}.tar.gz"
    fresh = archive.with_name(f"{archive.name}.new")
    try:
        # The key of the visitors' digests is in it: nobody else's business.
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            _pack(places, file)
            os.fsync(file.fileno())
        fresh.rename(archive)
    finally:
        fresh.unlink(missing_ok=True)
    return archive


def restoring(places: Places, archive: Path) -> str:
    """The commands that bring an archive back to where it came from, for a shell in the checkout."""
    setting = "" if places.state == CHECKOUT / "state" else f"LAB_STATE={places.state} "
    unpack = f"tar -xzpf {shlex.quote(str(archive))} -C"
    steps = [f"{setting}make reset", f"mkdir -p {places.state}", f"{unpack} {places.state}"]
    # With a long path the sockets lie elsewhere, and with them the counts of answers.
    if places.run != places.state / "run":
        steps += [f"mkdir -p -m 700 {places.run}", f"{unpack} {places.run} --strip-components=1 run"]
    return " && ".join([*steps, f"{setting}make up"])


def reset(places: Places) -> None:
    """Deletes what the lab has written. It must have stopped. Raises SystemExit for a folder that is no lab's."""
    state = places.state
    if not state.is_dir():
        return
    if any(state.iterdir()) and not any((state / sign).exists() for sign in SIGNS):
        raise SystemExit(f"{state} does not look like a lab's state: it has none of {', '.join(SIGNS)}. Nothing is deleted; see LAB_STATE.")
    for pattern in WRITTEN:
        for path in state.glob(pattern):
            _remove(path)
    if places.run.is_dir():
        _remove(places.run)


def _backed_up(places: Places) -> str:
    if not (places.state / "journal").is_dir():
        raise SystemExit(f"{places.state} has no journal: there is nothing to back up. Start the lab first (make up), or set LAB_STATE.")
    archive = backup(places, Path(os.environ.get("LAB_BACKUPS") or CHECKOUT / "backups").resolve(), datetime.now(UTC))
    return f"Saved {archive} ({archive.stat().st_size} bytes).\nTo restore it: {restoring(places, archive)}"


def _reset(places: Places) -> str:
    if not places.state.is_dir():
        return f"There is no {places.state}: nothing to delete."
    reset(places)
    return f"The lab's state in {places.state} is deleted."


def _pack(places: Places, file: object) -> None:
    with tarfile.open(fileobj=file, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        archive.addfile(_folder("run"))
        for path, name in _kept(places):
            # A segment may reach its age and be deleted meanwhile.
            with suppress(FileNotFoundError):
                _add(archive, path, name)


def _kept(places: Places) -> Iterator[tuple[Path, str]]:
    """Files and their names in the archive. The counts come first: a line may be too many then, which is no loss, but none too few."""
    for path in sorted(places.run.glob(COUNTS)):
        yield path, f"run/{path.name}"
    for pattern in KEPT:
        for path in sorted(places.state.glob(pattern)):
            # Hidden files are the gateway's probes of the disk.
            if not path.name.startswith("."):
                yield path, str(path.relative_to(places.state))


def _add(archive: tarfile.TarFile, path: Path, name: str) -> None:
    with path.open("rb") as content:
        # Its length now: what is appended meanwhile is left out, and a line that is cut is not read.
        about = archive.gettarinfo(arcname=name, fileobj=content)
        about.uid = about.gid = 0
        about.uname = about.gname = ""
        about.mode = 0o600 if name == "secret" else 0o644
        archive.addfile(about, content)


def _folder(name: str) -> tarfile.TarInfo:
    """A folder that is nobody else's business: anybody may talk to the sockets in it."""
    about = tarfile.TarInfo(name)
    about.type, about.mode = tarfile.DIRTYPE, 0o700
    return about


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main())
