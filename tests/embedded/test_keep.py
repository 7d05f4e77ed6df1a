"""What the lab has written can be saved while it runs, deleted, and brought back."""

import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from embedded import keep
from embedded.places import Places, from_environment
from tests.support import REPOSITORY

NOW = datetime(2026, 11, 21, 13, 15, tzinfo=UTC)

LINES = "".join(json.dumps({"request_id": f"{number:032x}"}) + "\n" for number in range(1000))

# What must come back, and what need not.
SAVED = {
    "journal/predictions-2026-11-21T12.jsonl": LINES,
    "journal/feedback-2026-11-21T12.jsonl": LINES[:100],
    "journal/decisions.jsonl": LINES[:50],
    "routes.json": '{"schema": 1}',
    "routes.previous.json": '{"schema": 1}',
    "routes.epochs.json": '{"iris": 3}',
    "secret": "5" * 64,
    "run/svc.answers": f"{1000:020d}\n",
}
DERIVED = {
    "journal/.writable": "the journal can be written\n",
    "journal/.writable.12": "",
    "routes.lock": "",
    "routes.json.new": "",
    "upstreams.conf": "upstream iris.svc { }\n",
    "lab.duckdb": "database",
    "lab.duckdb.wal": "wal",
    "ingest/stretch.jsonl": "{}",
    "quarantine/predictions.jsonl": "{",
    "log/nginx.log": "started",
    "log/supervisord.log": "started",
    "run/svc.sock": "",
    "run/nginx/nginx.conf": "events {}",
}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A state as a lab leaves it."""
    state = tmp_path / "state"
    for name, text in (SAVED | DERIVED).items():
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (state / "secret").chmod(0o600)
    return Places(REPOSITORY, state, state / "run", "127.0.0.1", 8080)


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def make(target: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-s", target], cwd=REPOSITORY, env=os.environ | environment, capture_output=True, text=True)


def test_a_backup_holds_what_cannot_be_made_again_and_nothing_else(places: Places, tmp_path: Path) -> None:
    archive = keep.backup(places, tmp_path / "backups", NOW)

    assert archive == tmp_path / "backups" / "lab-2026-11-21T131500Z.tar.gz"
    with tarfile.open(archive) as opened:
        opened.extractall(tmp_path / "restored", filter="data")
    assert contents(tmp_path / "restored") == SAVED
    assert list(archive.parent.iterdir()) == [archive]


def test_the_secret_stays_one(places: Places, tmp_path: Path) -> None:
    archive = keep.backup(places, tmp_path / "backups", NOW)

    with tarfile.open(archive) as opened:
        modes = {member.name: member.mode for member in opened}
        owners = {(member.uid, member.gid, member.uname, member.gname) for member in opened}
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert (modes["secret"], modes["run"], modes["journal/decisions.jsonl"]) == (0o600, 0o700, 0o644)
    assert owners == {(0, 0, "", "")}


def test_a_backup_while_the_journal_grows_and_old_segments_go_is_readable(places: Places, tmp_path: Path) -> None:
    segment = places.state / "journal" / "predictions-2026-11-21T12.jsonl"
    ended = threading.Event()

    def busy() -> None:
        with segment.open("a") as journal:
            while not ended.is_set():
                journal.write(LINES[:1000])
                journal.flush()
                old = segment.with_name("predictions-2026-01-01T00.jsonl")
                old.write_text(LINES)
                old.unlink()

    writer = threading.Thread(target=busy)
    writer.start()
    try:
        archives = [keep.backup(places, tmp_path / f"backups-{number}", NOW) for number in range(10)]
    finally:
        ended.set()
        writer.join()

    for archive in archives:
        with tarfile.open(archive) as opened:
            saved = opened.extractfile("journal/predictions-2026-11-21T12.jsonl")
            assert saved
            assert saved.read().decode().startswith(LINES)


def test_a_backup_that_fails_leaves_nothing(places: Places, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "lab-2026-11-21T131500Z.tar.gz").mkdir()

    with pytest.raises(OSError, match="lab-2026"):
        keep.backup(places, tmp_path / "backups", NOW)

    assert [path.suffix for path in (tmp_path / "backups").iterdir()] == [".gz"]


def test_a_reset_deletes_all_that_the_lab_wrote_and_nothing_else(places: Places) -> None:
    (places.state / "notes.txt").write_text("mine")

    keep.reset(places)

    assert contents(places.state) == {"notes.txt": "mine"}
    assert [path.name for path in places.state.iterdir()] == ["notes.txt"]


def test_a_reset_deletes_the_counts_wherever_the_sockets_lie(places: Places, tmp_path: Path) -> None:
    elsewhere = tmp_path / "run"
    elsewhere.mkdir()
    (elsewhere / "svc.answers").write_text(f"{7:020d}\n")

    keep.reset(places._replace(run=elsewhere))

    assert not elsewhere.exists()


def test_a_reset_spares_a_folder_that_is_no_labs(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "syslog").write_text("somebody else's")

    with pytest.raises(SystemExit, match="does not look like a lab's state"):
        keep.reset(Places(REPOSITORY, tmp_path, tmp_path / "run", "127.0.0.1", 8080))

    assert contents(tmp_path) == {"log/syslog": "somebody else's"}


def test_a_second_reset_has_nothing_to_do(places: Places) -> None:
    keep.reset(places)
    keep.reset(places)
    keep.reset(places._replace(state=places.state / "nosuch"))


@pytest.mark.parametrize("length", [10, 90])
def test_what_make_backup_says_restores_the_state_wherever_it_lies(places: Places, tmp_path: Path, length: int) -> None:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        state = Path(folder) / ("s" * length)
        settings = {"LAB_STATE": str(state), "LAB_BACKUPS": str(tmp_path / "backups")}
        places.state.rename(state)
        run = _settle(state)
        saved = make("backup", **settings)
        assert saved.returncode == 0, saved.stderr
        (restore,) = re.findall(r"^To restore it: (.*)$", saved.stdout, re.MULTILINE)
        first, *unpack, last = restore.split(" && ")

        reset = make("reset", **settings)
        assert reset.returncode == 0, reset.stderr
        assert contents(state) == {}
        assert not run.exists()
        subprocess.run(" && ".join(unpack), shell=True, check=True)

        assert (first, last) == (f"LAB_STATE={state} make reset", f"LAB_STATE={state} make up")
        assert contents(state) == SAVED
        assert contents(run) == {"svc.answers": SAVED["run/svc.answers"]}
        assert stat.S_IMODE((state / "secret").stat().st_mode) == 0o600
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
        keep.reset(Places(REPOSITORY, state, run, "127.0.0.1", 8080))


def _settle(state: Path) -> Path:
    """The folder of the sockets: with a long path it is not in the state."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LAB_STATE", str(state))
        run = from_environment(REPOSITORY).run
    if run != state / "run":
        shutil.move(state / "run", run)
    return run


def test_without_a_journal_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    done = make("backup", LAB_STATE=str(tmp_path / "state"), LAB_BACKUPS=str(tmp_path / "backups"))

    assert done.returncode != 0
    assert f"{tmp_path / 'state'} has no journal: there is nothing to back up." in done.stderr
    assert not (tmp_path / "backups").exists()


def test_a_folder_that_cannot_take_a_backup_is_a_sentence(places: Places, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = make("backup", LAB_STATE=str(places.state), LAB_BACKUPS=str(tmp_path / "file" / "backups"))

    assert done.returncode != 0
    assert "Not a directory. backup is not finished" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_needs_nothing_that_is_installed(places: Places, tmp_path: Path) -> None:
    settings = {"LAB_STATE": str(places.state), "LAB_BACKUPS": str(tmp_path), "PATH": "/usr/bin:/bin"}

    # -S: without site-packages.
    done = subprocess.run(["python3", "-S", "-m", "embedded.keep", "backup"], cwd=REPOSITORY, env=settings, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr


def test_backups_are_not_for_git() -> None:
    assert "backups/" in (REPOSITORY / ".gitignore").read_text().split()


def test_the_usual_state_needs_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAB_STATE", raising=False)

    assert from_environment(REPOSITORY).state == keep.CHECKOUT / "state"
