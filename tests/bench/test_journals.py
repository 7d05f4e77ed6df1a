"""Journals that are made up for measurements."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema

from bench import journals, plain_duckdb
from bench.journals import Traffic
from lab.journal import segments
from lab.store.store import Store
from tests.support import REPOSITORY

# Half an hour before the hour ends, one prediction a second.
TRAFFIC = Traffic(datetime(2026, 11, 20, 8, 30, tzinfo=UTC).timestamp(), 1)


def some(count: int) -> list[bytes]:
    return list(itertools.islice(journals.lines(TRAFFIC), count))


def test_every_line_is_what_the_schema_says() -> None:
    schema = jsonschema.Draft202012Validator(json.loads((REPOSITORY / "docs" / "journal.schema.json").read_text()))

    for line in some(2_000):
        schema.validate(json.loads(line))


def test_there_are_irises_and_fruit_failures_refusals_and_visitors_who_keep_their_variant() -> None:
    records = [json.loads(line) for line in some(20_000)]

    assert {record["variant"] for record in records} == {"svc", "forest", "custom", "vgg16", "vgg16int8"}
    assert {record["status"] for record in records} == {200, 422, 502}
    assert any(record["rescued"] for record in records)
    assert any(record["features"] for record in records)
    assert len({record["request_id"] for record in records}) == 20_000
    met = {(record["visitor"], record["variant"]) for record in records}
    assert len({visitor for visitor, _ in met}) == len(met) < 20_000


def test_the_same_traffic_gives_the_same_lines() -> None:
    assert some(100) == some(100)
    assert some(1) != list(itertools.islice(journals.lines(TRAFFIC._replace(seed=2)), 1))


def test_lines_stand_in_the_segment_of_their_hour(tmp_path: Path) -> None:
    written = journals.write(tmp_path / "journal", some(4_000))

    assert [path.name[12:25] for path in written] == ["2026-11-20T08", "2026-11-20T09"]
    assert [segment.path for segment in segments.listed(tmp_path / "journal")] == written
    (line,) = some(1)
    assert (journals.hour(line), journals.request_id(line)) == ("2026-11-20T08", json.loads(line)["request_id"])


def test_the_lab_and_the_control_read_the_same_of_it(tmp_path: Path) -> None:
    files = journals.write(tmp_path / "journal", some(4_000))
    store = Store(tmp_path)

    added = store.read_on()
    with plain_duckdb.connect(tmp_path / "plain.duckdb") as plain, store.cursor() as ours:
        plain_duckdb.create(plain)
        inserted = sum(plain_duckdb.insert(plain, file) for file in files)
        count = "select route, variant, count(*), sum(bytes)::BIGINT, max(request_s) from predictions group by all order by all"

        assert (added.stored, added.quarantined, inserted) == (4_000, 0, 4_000)
        assert plain.execute(count).fetchall() == ours.execute(count).fetchall()
        assert len(plain.execute(plain_duckdb.QUESTION.format(rows=plain_duckdb.rows(files))).fetchall()) == 5
    store.close()
