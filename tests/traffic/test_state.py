"""The state folder always holds a table that counts: whoever reads, writes at the same time, or dies."""

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import files
from lab.errors import Refused
from lab.routes import Route, RoutesError, parse, with_mode, with_weights
from lab.settings import CHECKOUT
from lab.traffic import Traffic
from lab.traffic.nginx import NginxTraffic
from tests.traffic.conftest import KNOWN, TABLE, table


def forest(percent: float) -> Callable[[Route], Route]:
    """A change of the iris route."""
    return lambda route: with_weights("iris", route, {"forest": percent}, KNOWN["iris"])


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as error:
        action()
    return str(error.value)


def forest_in(text: str) -> float:
    """The weight of forest in a table that must be right."""
    return parse(text, KNOWN).routes["iris"].weight("forest")


# ---- what counts -------------------------------------------------------------------------------------------------


def test_without_a_file_everything_is_as_the_gateway_came_with_it(traffic: NginxTraffic) -> None:
    reading = traffic.examine()

    assert reading.routes == parse(json.dumps(TABLE), KNOWN)
    assert (reading.named, reading.notes) == (frozenset(), ())


def test_a_route_that_the_file_does_not_name_is_as_the_gateway_came_with_it(traffic: NginxTraffic, state: Path) -> None:
    one = table(weights={"svc": 10, "forest": 90})
    del one["routes"]["fruit"]
    (state / "routes.json").write_text(json.dumps(one))

    routes = traffic.read().routes

    assert routes["iris"].weight("forest") == 90
    assert routes["fruit"].mode == "roundrobin"


def test_a_route_that_the_file_gets_wrong_is_as_in_the_file_before_and_the_others_count(traffic: NginxTraffic, state: Path) -> None:
    (state / "routes.previous.json").write_text(json.dumps(table(weights={"svc": 10, "forest": 90})))
    wrong = table(weights={"svc": 10, "forest": 91})
    wrong["routes"]["fruit"] |= {"epoch": 5}
    (state / "routes.json").write_text(json.dumps(wrong))

    reading = traffic.examine()

    assert reading.routes.routes["iris"].weight("forest") == 90
    assert reading.routes.routes["fruit"].epoch == 5
    assert reading.notes == (
        f"{state}/routes.json: routes.iris.weights sum to 101 %, must be 100 %.",
        "For iris, routes.previous.json counts instead.",
    )


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"\xff\xfe", b'{"schema": 2, "routes": {}}'])
def test_a_broken_file_means_the_one_before(traffic: NginxTraffic, state: Path, content: bytes) -> None:
    traffic.change("iris", forest(70))
    traffic.change("iris", forest(80))
    (state / "routes.json").write_bytes(content)

    reading = traffic.examine()

    assert reading.routes.routes["iris"].weight("forest") == 70
    assert reading.notes[0].startswith(f"{state}/routes.json")
    assert reading.notes[1:] == (
        "For fruit, what the gateway came with counts instead.",
        "For iris, routes.previous.json counts instead.",
    )


def test_two_broken_files_mean_what_the_gateway_came_with(traffic: NginxTraffic, state: Path) -> None:
    (state / "routes.json").write_text("{")
    (state / "routes.previous.json").mkdir()

    assert traffic.read() == parse(json.dumps(TABLE), KNOWN)


def test_routes_that_the_gateway_does_not_know_are_noted_and_passed_over(traffic: NginxTraffic, state: Path) -> None:
    (state / "routes.json").write_text(json.dumps({"schema": 1, "default_route": "iris", "routes": {"constructor": {}, "rose": {}}}))

    reading = traffic.examine()

    assert reading.routes == parse(json.dumps(TABLE), KNOWN)
    assert [note.partition(": ")[2] for note in reading.notes] == [
        'There is no route "constructor". Routes: fruit, iris.',
        'There is no route "rose". Routes: fruit, iris.',
    ]


def test_a_gateway_folder_without_its_files_is_a_sentence(state: Path, gateway: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    (gateway / "routes.json").write_text("{}")

    assert refused(NginxTraffic(state, away).read) == (
        f"{away}/upstreams.conf is missing. Set LAB_GATEWAY to the folder with upstreams.conf and routes.json."
    )
    assert refused(NginxTraffic(state, gateway).read) == f"{gateway}/routes.json cannot be used:\nschema is missing, must be 1."


# ---- changes -----------------------------------------------------------------------------------------------------


def test_a_change_counts_and_adds_one_to_the_epoch_of_its_route_alone(traffic: NginxTraffic) -> None:
    changed = traffic.change("iris", forest(55.5))

    routes = traffic.read().routes
    assert (changed.before.epoch, changed.after.epoch) == (0, 1)
    assert routes["iris"] == changed.after
    assert (routes["iris"].weight("forest"), routes["iris"].epoch, routes["fruit"].epoch) == (55.5, 1, 0)


def test_a_change_that_changes_nothing_writes_nothing(traffic: NginxTraffic, state: Path) -> None:
    changed = traffic.change("iris", forest(40))

    assert changed.before == changed.after
    assert not (state / "routes.json").exists()


def test_only_routes_that_were_changed_are_written(traffic: NginxTraffic, state: Path) -> None:
    traffic.change("iris", forest(50))

    assert list(json.loads((state / "routes.json").read_text())["routes"]) == ["iris"]


def test_the_table_before_is_kept(traffic: NginxTraffic, state: Path) -> None:
    traffic.change("iris", forest(50))
    before = (state / "routes.json").read_text()

    traffic.change("iris", forest(60))

    assert (state / "routes.previous.json").read_text() == before


def test_a_broken_table_is_never_kept_as_the_one_before(traffic: NginxTraffic, state: Path) -> None:
    traffic.change("iris", forest(50))
    traffic.change("iris", forest(60))
    (state / "routes.json").write_text("{")

    traffic.change("fruit", lambda route: with_mode(route, "off"))

    assert forest_in((state / "routes.previous.json").read_text()) == 50
    assert forest_in((state / "routes.json").read_text()) == 50


@pytest.mark.parametrize("damage", ["broken", "deleted"])
def test_an_epoch_is_never_used_twice_although_its_file_is_lost(traffic: NginxTraffic, state: Path, damage: str) -> None:
    for percent in (50, 60, 70):
        spent = traffic.change("iris", forest(percent)).after.epoch
    (state / "routes.json").unlink() if damage == "deleted" else (state / "routes.json").write_text("{")

    assert traffic.change("iris", forest(80)).after.epoch > spent


def test_an_epoch_is_never_used_twice_although_another_route_changed_after_the_loss(traffic: NginxTraffic, state: Path) -> None:
    for number in range(5):
        fruit = traffic.change("fruit", lambda route, number=number: with_mode(route, ("off", "weighted")[number % 2])).after
    (state / "routes.json").unlink()
    traffic.change("iris", forest(50))

    assert fruit.epoch == 5
    assert traffic.change("fruit", lambda route: with_mode(route, "off")).after.epoch == 6


def test_an_epoch_is_never_used_twice_although_the_shipped_table_is_copied_over_the_file(
    traffic: NginxTraffic, state: Path, gateway: Path
) -> None:
    for percent in (50, 60, 70, 80, 90):
        traffic.change("iris", forest(percent))
    (state / "routes.json").write_text((gateway / "routes.json").read_text())

    assert traffic.change("iris", forest(10)).after.epoch == 6


def test_an_epoch_that_somebody_typed_counts_too(traffic: NginxTraffic, state: Path, gateway: Path) -> None:
    (state / "routes.json").write_text(json.dumps(table(epoch=20)))
    traffic.change("iris", forest(50))
    (state / "routes.json").write_text((gateway / "routes.json").read_text())

    assert traffic.change("iris", forest(60)).after.epoch == 22


@pytest.mark.parametrize(
    "text", [None, "{", "[]", '{"iris": "9", "fruit": -1}', '{"iris": true}', '{"iris": 1e300}', '{"iris": 1}', "[" * 100_000]
)
def test_a_lost_or_broken_list_of_epochs_stops_nobody(traffic: NginxTraffic, state: Path, text: str | None) -> None:
    for percent in (50, 60, 70):
        traffic.change("iris", forest(percent))
    (state / "routes.epochs.json").unlink() if text is None else (state / "routes.epochs.json").write_text(text)

    assert traffic.change("iris", forest(80)).after.epoch == 4
    assert json.loads((state / "routes.epochs.json").read_text())["iris"] == 4


def test_the_epochs_of_a_route_that_the_gateway_no_longer_has_are_kept(traffic: NginxTraffic, state: Path) -> None:
    (state / "routes.epochs.json").write_text('{"rose": 7}')

    traffic.change("iris", forest(50))

    assert json.loads((state / "routes.epochs.json").read_text()) == {"fruit": 0, "iris": 1, "rose": 7}


def test_a_route_that_does_not_exist_is_a_sentence_with_the_list(traffic: NginxTraffic) -> None:
    for name in ("rose", "__proto__", "constructor", "toString"):
        assert refused(lambda name=name: traffic.change(name, forest(10))) == f'There is no route "{name}". Routes: fruit, iris.'
        assert refused(lambda name=name: traffic.weights(name)) == f'There is no route "{name}". Routes: fruit, iris.'
        assert refused(lambda name=name: traffic.set_weights(name, {})) == f'There is no route "{name}". Routes: fruit, iris.'


def test_a_table_that_the_gateway_would_refuse_is_never_written(traffic: NginxTraffic, state: Path) -> None:
    said = refused(lambda: traffic.change("iris", lambda route: route.model_copy(update={"weights": {"svc": 60, "forest": 41}})))

    assert said == "routes.iris.weights sum to 101 %, must be 100 %."
    assert not (state / "routes.json").exists()


def test_a_whole_table_is_written_and_only_what_differs_gets_an_epoch(traffic: NginxTraffic) -> None:
    traffic.change("iris", forest(50))
    wanted = parse(json.dumps(table(weights={"svc": 10, "forest": 90})), KNOWN)

    written = traffic.write(wanted)

    assert written == traffic.read()
    assert (written.routes["iris"].weight("forest"), written.routes["iris"].epoch, written.routes["fruit"].epoch) == (90, 2, 0)


def test_weights_are_set_through_the_interface_that_others_will_have_too(traffic: NginxTraffic) -> None:
    any_traffic: Traffic = traffic

    any_traffic.set_weights("iris", {"forest": 12.5})

    assert any_traffic.weights("iris") == {"svc": 87.5, "forest": 12.5}


# ---- disks, readers and other writers ----------------------------------------------------------------------------


def failing(error: int, name: str) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(error, os.strerror(error), name)

    return fail


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errno.ENOSPC, "cannot be written: the disk is full. Free some space and try again; what was there still counts."),
        (errno.EDQUOT, "cannot be written: the disk is full. Free some space and try again; what was there still counts."),
        (errno.EROFS, "cannot be written: read-only file system. Make the folder writable, or set LAB_STATE to another."),
        (errno.EACCES, "cannot be written: permission denied. Make the folder writable, or set LAB_STATE to another."),
        (errno.EIO, "cannot be written: input/output error. Set LAB_STATE to another folder."),
    ],
)
def test_a_disk_that_takes_nothing_is_a_sentence_and_what_was_there_counts(
    traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch, error: int, expected: str
) -> None:
    traffic.change("iris", forest(50))
    before = sorted(path.name for path in state.iterdir())
    monkeypatch.setattr(files.os, "fsync", failing(error, "disk"))

    said = refused(lambda: traffic.change("iris", forest(60)))

    assert said == f"{state}/routes.previous.json {expected}"
    assert traffic.read().routes["iris"].weight("forest") == 50
    assert sorted(path.name for path in state.iterdir()) == before


def failing_for_folders(times: int) -> Callable[[int], None]:
    """`fsync` that fails for folders, from that time on."""
    fsync, folders = os.fsync, []

    def fail(handle: int) -> None:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            fsync(handle)
            return
        folders.append(handle)
        if len(folders) >= times:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return fail


def test_a_file_whose_folder_cannot_be_made_to_last_is_written_and_says_so(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.replace(state / "x", "old")
    monkeypatch.setattr(files.os, "fsync", failing_for_folders(1))

    said = refused(lambda: files.replace(state / "x", "new"))

    assert said == f"{state}/x is written, but may not survive a power cut: input/output error. See what counts: lab weight"
    assert (state / "x").read_text() == "new"
    assert [path.name for path in state.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("folder", "name", "counts"),
    # The third folder is that of the decisions: nothing counts that is not in their journal.
    [(1, "routes.previous.json is", 50), (2, "routes.epochs.json is", 50), (3, "journal/decisions.jsonl", 50), (4, "routes.json is", 60)],
)
def test_a_change_whose_folder_cannot_be_made_to_last_counts_only_when_the_table_was_written(
    traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch, folder: int, name: str, counts: float
) -> None:
    traffic.change("iris", forest(50))
    monkeypatch.setattr(files.os, "fsync", failing_for_folders(folder))

    said = refused(lambda: traffic.change("iris", forest(60)))

    assert said.startswith(f"{state}/{name} ")
    assert ("may not survive a power cut" in said) == (folder != 3)
    assert traffic.read().routes["iris"].weight("forest") == counts


def test_a_missing_folder_is_a_sentence(gateway: Path, tmp_path: Path) -> None:
    said = refused(lambda: NginxTraffic(tmp_path / "away", gateway).change("iris", forest(50)))

    assert said == f"The folder {tmp_path}/away is missing. Start the lab (make up), or set LAB_STATE to its folder."


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_of_somebody_else_is_a_sentence(traffic: NginxTraffic, state: Path) -> None:
    state.chmod(0o555)

    assert "permission denied" in refused(lambda: traffic.change("iris", forest(50)))


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_whoever_dies_between_the_renames_leaves_a_table_that_counts(
    traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    class Death(BaseException):
        """Nobody catches it, and nothing is tidied up: as by kill -9."""

    traffic.change("iris", forest(50))
    traffic.change("iris", forest(60))
    rename, done = Path.replace, []

    def dying(self: Path, target: Path) -> Path:
        if len(done) == renames:
            raise Death
        done.append(target)
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", dying)
    with pytest.raises(Death):
        traffic.change("iris", forest(70))
    monkeypatch.undo()

    assert forest_in((state / "routes.json").read_text()) == 60
    assert forest_in((state / "routes.previous.json").read_text()) == (60 if renames else 50)
    # From the second rename on, number 3 is spent: nobody knows whether the gateway has seen it.
    assert traffic.change("iris", forest(80)).after.epoch == (4 if renames == 2 else 3)
    names = ["journal", "routes.epochs.json", "routes.json", "routes.lock", "routes.previous.json"]
    assert sorted(path.name for path in state.iterdir()) == names


def test_a_file_that_somebody_overwrites_at_once_is_a_sentence(traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = files.replace

    def overwritten(path: Path, text: str) -> None:
        replace(path, text)
        path.write_text("{}")

    monkeypatch.setattr(files, "replace", overwritten)

    said = refused(lambda: traffic.change("iris", forest(50)))

    assert said == f"{state}/routes.json was overwritten by another program meanwhile. Read it, and try again."


def test_whoever_waits_too_long_for_another_writer_is_told(traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOCK_WAIT_S", 0.05)

    with files.locked(state / "routes.lock"):
        said = refused(lambda: traffic.change("iris", forest(50)))

    assert said == f"Another program has been changing {state} for 0.05 s. Nothing is changed; try again."


def test_a_disk_without_locks_is_a_sentence(traffic: NginxTraffic, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.fcntl, "flock", failing(errno.ENOLCK, "disk"))

    said = refused(lambda: traffic.change("iris", forest(50)))

    assert said == f"{state} lies on a disk without locks: no locks available. Set LAB_STATE to another folder."


def test_a_reader_never_meets_half_a_table_during_300_writes(traffic: NginxTraffic, state: Path) -> None:
    # Two changes, so that both files name the route.
    traffic.change("iris", forest(1))
    traffic.change("iris", forest(0))
    ended = threading.Event()
    met: list[float] = []
    problems: list[str] = []

    def read() -> None:
        while not ended.is_set():
            for name in ("routes.json", "routes.previous.json"):
                try:
                    met.append(forest_in((state / name).read_text()))
                except (RoutesError, OSError) as problem:
                    problems.append(f"{name}: {problem}")

    reader = threading.Thread(target=read)
    reader.start()
    for step in range(1, 301):
        traffic.change("iris", forest(step / 10))
    ended.set()
    reader.join()

    assert problems == []
    assert len(set(met)) > 10
    assert traffic.read().routes["iris"].epoch == 302


WRITER = """
import sys
from pathlib import Path
from lab.routes import with_weights
from lab.traffic.nginx import NginxTraffic

state, gateway, variant = sys.argv[1:]
traffic = NginxTraffic(Path(state), Path(gateway))
for _ in range(100):
    def one_more(route):
        own = {name: route.weight(name) for name in ("forest", "knn")}
        return with_weights("iris", route, own | {variant: round(own[variant] + 0.1, 2)}, ("svc", "forest", "knn"))
    traffic.change("iris", one_more)
"""


def test_two_processes_that_write_at_once_lose_nothing(traffic: NginxTraffic, state: Path, gateway: Path) -> None:
    traffic.change("iris", lambda route: with_weights("iris", route, {"forest": 0.1, "knn": 0.1}, KNOWN["iris"]))

    writers = [subprocess.Popen([sys.executable, "-c", WRITER, state, gateway, name], cwd=CHECKOUT) for name in ("forest", "knn")]

    assert [writer.wait(120) for writer in writers] == [0, 0]
    route = traffic.read().routes["iris"]
    assert route.epoch == 201
    assert route.weights == {"svc": 79.8, "forest": 10.1, "knn": 10.1}


def test_the_file_can_be_read_by_whoever_runs_the_gateway(traffic: NginxTraffic, state: Path) -> None:
    before = os.umask(0o077)
    try:
        traffic.change("iris", forest(50))
    finally:
        os.umask(before)

    assert (state / "routes.json").stat().st_mode & 0o777 == 0o644
