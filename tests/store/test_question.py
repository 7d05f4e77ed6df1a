"""A question is one SELECT over the lab's own tables; nothing else is asked, and none stops the reading."""

import threading
from collections.abc import Iterator

import pytest

from lab.store import question
from lab.store.question import Busy, QuestionError, ask
from lab.web.answer import json_answer
from tests.store.conftest import Lab, lab_in, prediction, some_predictions


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """With some predictions; nobody adds to them."""
    with lab_in(tmp_path_factory.mktemp("full")) as lab:
        lab.write(*(prediction(number) for number in range(50)))
        lab.store.read_on()
        yield lab


def test_the_answer_has_columns_and_rows(full: Lab) -> None:
    answer = ask(full.store, "select variant, count(*) as n, min(time) as first from predictions group by all")

    assert answer == (["variant", "n", "first"], [["svc", 50, "2026-11-20T10:00:00Z"]], False)


@pytest.mark.parametrize(
    "sql",
    ["from blocks", "with mine as (select label from predictions) select count(*) from mine", "select * from main.rewards",
     "describe visitors",
     "select count(*) from (select unnest(features) as f from predictions) where f > 1", "summarize labels", "values (1)",
     "select x from range(3) as t(x)", "select n from visitors where n > (select avg(n) from visitors)"],
)  # fmt: skip
def test_every_kind_of_select_is_answered(sql: str, full: Lab) -> None:
    ask(full.store, sql)


@pytest.mark.parametrize(
    "sql",
    ["", ";", "-- nothing", "select 1; select 2", "insert into predictions select * from predictions", "delete from predictions",
     "update feedback set value = 1", "drop table predictions", "create table mine (a int)", "create view v as select 1", "begin", "commit",
     "copy predictions to 'stolen.csv'", "copy predictions from 'x.csv'", "export database 'x'", "attach 'other.duckdb'", "detach lab",
     "install httpfs", "load httpfs", "pragma database_list", "set memory_limit = '9GB'", "reset threads", "set variable a = 1",
     "checkpoint",
     "call pragma_version()", "use memory", "vacuum", "prepare p as select 1", "execute p", "explain analyze select 1"],
)  # fmt: skip
def test_what_is_no_select_is_refused(sql: str, full: Lab) -> None:
    with pytest.raises(QuestionError, match="Only one SELECT can be asked"):
        ask(full.store, sql)


@pytest.mark.parametrize(
    "sql",
    ["from 'a.json'", "from '/etc/passwd'", "from read_text('/etc/passwd')", "from read_json('a.json')", "from read_csv('a.csv')",
     "from read_parquet('a')", "from glob('/*')", "from query('select 1')", "from query_table('predictions')", "from duckdb_settings()",
     "from pragma_database_list()", "select * from sniff_csv('a')", "from information_schema.tables", "from sqlite_master", "from progress",
     "select (select count(*) from read_text('/etc/passwd'))", "select 1 where exists (from glob('/*'))",
     "with a as (from read_text('/etc/passwd')) from a", "select * from predictions, read_blob('/etc/passwd')",
     "from json_execute_serialized_sql('{}')", "select write_log('x')"],
)  # fmt: skip
def test_what_reaches_beyond_the_own_tables_is_refused(sql: str, full: Lab) -> None:
    with pytest.raises(QuestionError, match=r"cannot be used here|There is no table"):
        ask(full.store, sql)


@pytest.mark.parametrize(
    "sql",
    ["from read_text('/etc/passwd')", "from 'journal/x.jsonl'", "copy predictions to 'stolen.csv'", "attach 'other.duckdb'", "load httpfs",
     "set memory_limit = '9GB'", "set enable_external_access = true", "install httpfs", "pragma threads = 8"],
)  # fmt: skip
def test_the_database_itself_reaches_nothing_outside(sql: str, full: Lab) -> None:
    with pytest.raises(Exception, match=r"(?i)disabled (by|through) configuration|locked"):
        full.ask(sql)


def test_nothing_is_answered_before_the_first_reading_for_settings_can_be_changed_until_then(lab: Lab) -> None:
    with pytest.raises(Busy, match="reads its journals first"):
        ask(lab.store, "from predictions", seconds=0.05)

    lab.store.read_on()

    assert ask(lab.store, "from predictions").rows == []


def test_a_select_cannot_write(full: Lab) -> None:
    with pytest.raises(QuestionError, match="read-only"):
        ask(full.store, "with gone as (delete from predictions returning *) select * from gone")

    assert full.ask("select count(*) from predictions") == [50]


@pytest.mark.parametrize(
    "sql",
    ["select length(repeat('x', 1000000000))", "select len(range(100000000))", "select lpad('x', 1000000000, 'y')", "select pg_sleep(100)",
     "with recursive t(s) as (select 'xx' union all select s || s from t) select count(*) from t"],
)  # fmt: skip
def test_what_makes_much_out_of_little_is_refused(sql: str, full: Lab) -> None:
    with pytest.raises(QuestionError, match="cannot be used here"):
        ask(full.store, sql)


@pytest.mark.parametrize("sql", ["select nobody from predictions", "select 1 +", "select $1", "select 'a'::int", "select \x00"])
def test_what_is_wrong_in_it_is_a_sentence(sql: str, full: Lab) -> None:
    with pytest.raises(QuestionError, match="Error"):
        ask(full.store, sql)


@pytest.mark.parametrize("sql", ["select " + "+".join(["1"] * 900), "select " + "[" * 400 + "1" + "]" * 400])
def test_what_is_nested_too_deeply_is_refused(sql: str, full: Lab) -> None:
    with pytest.raises(QuestionError, match="nested too deeply"):
        ask(full.store, sql)


def test_the_time_is_limited(full: Lab) -> None:
    with pytest.raises(QuestionError, match=r"longer than 0\.2 s"):
        ask(full.store, "select count(*) from range(1000000000000)", seconds=0.2)

    assert ask(full.store, "select 1").rows == [[1]]


def test_the_memory_is_limited(full: Lab) -> None:
    with pytest.raises(QuestionError, match=r"more memory|longer than"):
        ask(full.store, "select len(string_agg(p.request_id || r.range, '')) from predictions p, range(1000000) r", seconds=20)

    assert full.store.read_on() == (0, 0)


def test_the_rows_are_limited(full: Lab) -> None:
    answer = ask(full.store, "from range(1000)", limit=10)

    assert len(answer.rows) == 10
    assert answer.more


def test_the_length_is_limited_also_of_what_is_nested(full: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question, "ANSWER_BYTES", 20_000)

    assert ask(full.store, "select list(request_id) from predictions, range(20) group by range").more


def test_values_of_every_type_become_json(full: Lab) -> None:
    answer = ask(
        full.store,
        "select 170141183460469231731687303715884105727, 'nan'::double, 1::decimal(9, 2), {'a': [timestamp '2026-01-01']}, map {1: 2}, "
        "interval 3 days, date '2026-01-01', 'x'::blob, timestamp 'infinity', timestamp '290000-01-01', true, null, uuid()",
    )

    assert json_answer(answer._asdict()).status_code == 200
    assert answer.rows[0][:5] == ["170141183460469231731687303715884105727", None, 1.0, {"a": ["2026-01-01T00:00:00Z"]}, {"1": 2}]


def test_the_journals_are_read_on_while_somebody_asks(lab: Lab) -> None:
    lab.write(*(prediction(number) for number in range(50)))
    lab.store.read_on()

    def hog() -> None:
        with pytest.raises(QuestionError):
            ask(lab.store, "select count(distinct p.request_id || r.range) from predictions p, range(100000000) r", seconds=2)

    asking = threading.Thread(target=hog)
    asking.start()
    for part in range(8):
        lab.write(*some_predictions(part, 100))
        assert lab.store.read_on().stored >= 100
    asking.join()


def test_one_question_waits_for_another_but_not_for_ever(full: Lab) -> None:
    with question.asking, pytest.raises(Busy, match="Try again"):
        ask(full.store, "select 1", seconds=0.05)

    assert ask(full.store, "select 1").rows == [[1]]
