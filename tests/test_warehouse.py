"""The warehouse: what the lake holds, and a reader that cannot get out."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl
import pytest

from formguide import warehouse
from formguide.lake import Lake
from formguide.schema import Table
from formguide.show import format_rows


class Results(Table):
    """Who came where; it's the classification."""

    sport = "formula1"
    name = "race_results"

    season = dy.Int32(primary_key=True)
    driver_id = dy.String(primary_key=True, metadata={"doc": "the driver's id"})
    position = dy.Int32(nullable=True)
    session_at = dy.Datetime(time_unit="ms", metadata={"doc": "start of the race, UTC"})


TABLES: dict[tuple[str, str], type[Table] | None] = {
    ("formula1", "race_results"): Results,
    ("formula1", "strengths"): None,
    ("formula1", "pit_stops"): None,
    ("baseball", "plate_appearances"): None,
}


def results(season: int, n: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "season": pl.Series([season] * n, dtype=pl.Int32),
            "driver_id": pl.Series([f"driver-{i}" for i in range(n)], dtype=pl.String),
            "position": pl.Series(range(1, n + 1), dtype=pl.Int32),
            "session_at": pl.Series([datetime(season, 5, 26, 13)] * n, dtype=pl.Datetime("ms")),
        }
    )


def write(lake: Lake, season: int, n: int = 3) -> None:
    lake.write_table("formula1", "race_results", str(season), results(season, n), Results, "abc")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    write(lake, 2023)
    write(lake, 2024)
    lake.write_bytes("formula1", "strengths", None, {"model.txt": b"tree"}, "abc")
    return lake


@pytest.fixture
def built(lake: Lake) -> Lake:
    warehouse.build(lake, TABLES)
    return lake


# -- building --------------------------------------------------------------------------------------


def test_tables_hold_what_the_lake_holds(built: Lake) -> None:
    answer = warehouse.query(built, "SELECT * FROM formula1.race_results ORDER BY season, driver_id")
    assert answer.columns == ["season", "driver_id", "position", "session_at"], (
        "the folder's name is no column"
    )
    assert answer.height == 6 and answer["session_at"][0] == datetime(2023, 5, 26, 13)
    contents = warehouse.query(built, 'SELECT asset, "partition", "rows" FROM contents ORDER BY ALL')
    assert contents.rows() == [("race_results", "2023", 3), ("race_results", "2024", 3)]


def test_comments_come_from_the_declaration(built: Lake) -> None:
    table = warehouse.query(built, "SELECT comment FROM duckdb_tables() WHERE table_name = 'race_results'")
    assert table.item() == "Who came where; it's the classification."
    columns = warehouse.query(
        built, "SELECT column_name, comment FROM duckdb_columns() WHERE comment IS NOT NULL ORDER BY ALL"
    )
    assert columns.rows() == [("driver_id", "the driver's id"), ("session_at", "start of the race, UTC")]


def test_a_sport_without_data_is_an_empty_schema(built: Lake) -> None:
    schemas = warehouse.query(
        built, "SELECT schema_name FROM duckdb_schemas() WHERE NOT internal ORDER BY ALL"
    )
    assert schemas["schema_name"].to_list() == ["baseball", "formula1"]
    with pytest.raises(warehouse.QueryFailed, match="pit_stops does not exist"):
        warehouse.query(built, "FROM formula1.pit_stops")


def test_an_empty_lake_has_an_empty_warehouse(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    with pytest.raises(warehouse.NoWarehouse, match=r"no warehouse in .* yet: materialise it"):
        warehouse.query(lake, "SELECT 1")
    warehouse.build(lake, TABLES)
    assert warehouse.query(lake, "FROM contents").is_empty()


def test_an_empty_partition_and_an_older_one_do_not_stop_the_build(lake: Lake) -> None:
    lake.write_table("formula1", "race_results", "2022", results(2022).drop("position"), None, "abc")
    write(lake, 2025, n=0)
    warehouse.build(lake, TABLES)
    sql = "SELECT season, count(position) n FROM formula1.race_results GROUP BY 1 ORDER BY 1"
    answer = warehouse.query(lake, sql)
    assert answer.rows() == [(2022, 0), (2023, 3), (2024, 3)]


def test_three_generations_are_kept_and_the_link_names_the_newest(lake: Lake) -> None:
    paths = []
    for n in range(5):
        write(lake, 2025, n)
        paths.append(warehouse.build(lake, TABLES))
    folder = warehouse.warehouse_folder(lake)
    assert sorted(p.name for p in folder.glob("warehouse-*")) == [p.name for p in paths[2:]]
    assert (folder / "warehouse.duckdb").resolve() == paths[-1]
    assert [p for p in folder.iterdir() if p.name.startswith(".tmp-")] == []


def test_of_the_same_lake_and_words_no_other_generation_is_made(lake: Lake) -> None:
    first = warehouse.build(lake, TABLES)
    before = first.stat()
    link = warehouse.warehouse_folder(lake) / "warehouse.duckdb"
    link.unlink()  # as a build leaves it that is killed at its end
    assert warehouse.build(lake, TABLES) == first == link.resolve() and first.stat() == before
    told = warehouse.build(lake, {**TABLES, ("formula1", "race_results"): None})
    assert told != first
    lake.write_bytes("formula1", "strengths", None, {"model.txt": b"another tree"}, "abc")
    assert warehouse.build(lake, {**TABLES, ("formula1", "race_results"): None}) == told, "no table changed"
    write(lake, 2024, 2)
    assert warehouse.build(lake, TABLES) not in (first, told)
    assert warehouse.query(lake, "SELECT count(*) FROM formula1.race_results").item() == 5


def test_a_generation_that_was_deleted_is_made_again(built: Lake) -> None:
    shutil.rmtree(warehouse.warehouse_folder(built))
    assert warehouse.build(built, TABLES).exists()
    assert warehouse.query(built, "SELECT count(*) FROM formula1.race_results").item() == 6


def test_what_a_killed_build_left_is_taken_by_the_next(built: Lake) -> None:
    leftover = warehouse.warehouse_folder(built) / ".tmp-2.duckdb"
    leftover.write_bytes(b"half")
    warehouse.build(built, TABLES)
    assert not leftover.exists()


def test_a_remote_lake_has_its_warehouse_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Lake(f"memory://{tmp_path.name}")
    write(lake, 2024)
    assert warehouse.build(lake, TABLES).is_relative_to(tmp_path / "data" / "warehouse")
    answer = warehouse.query(lake, "SELECT count(*) n, max(session_at) AS latest FROM formula1.race_results")
    assert answer.rows() == [(3, datetime(2024, 5, 26, 13))]


def test_readers_and_rebuilds_do_not_meet(built: Lake) -> None:
    errors: list[BaseException] = []
    sizes: set[int] = set()
    done = threading.Event()

    def reading() -> None:
        try:
            while not done.is_set():
                sizes.add(int(warehouse.query(built, "SELECT count(*) FROM formula1.race_results").item()))
        except BaseException as error:
            errors.append(error)

    readers = [threading.Thread(target=reading) for _ in range(2)]
    for reader in readers:
        reader.start()
    for n in range(4, 10):
        write(built, 2024, n)
        warehouse.build(built, TABLES)
    done.set()
    for reader in readers:
        reader.join()
    assert errors == [] and sizes <= set(range(6, 13)) and len(sizes) > 1


# -- asking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS one;",
        "FROM formula1.race_results",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES (1)",
        "SHOW ALL TABLES",
        "DESCRIBE formula1.race_results",
        "SUMMARIZE formula1.race_results",
        "SELECT * FROM range(3), unnest([1, 2])",
        "-- a comment\nSELECT 1",
    ],
)
def test_what_may_be_asked(built: Lake, sql: str) -> None:
    assert warehouse.query(built, sql).height > 0


@pytest.mark.parametrize(
    "sql",
    [
        "COPY formula1.race_results TO '{out}'",
        "COPY (SELECT 1) TO '{database}'",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{database}'",
        "ATTACH '{out}' AS other",
        "EXPORT DATABASE '{out}'",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM read_parquet('{parquet}')",
        "SELECT (SELECT max(content) FROM read_text('{secret}'))",
        "SELECT * FROM range(1) WHERE 1 IN (SELECT 1 FROM read_blob('{secret}'))",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "PRAGMA threads = 64",
        "SELECT * FROM enable_logging(storage = 'file', storage_path = '{out}')",
        "FROM query('SELECT 1')",
        "INSTALL httpfs",
        "LOAD httpfs",
        "CREATE TABLE formula1.x AS SELECT 1",
        "CREATE TEMP TABLE x AS SELECT 1",
        "DROP TABLE formula1.race_results",
        "INSERT INTO formula1.race_results SELECT * FROM formula1.race_results",
        "DELETE FROM formula1.race_results",
        "CALL pragma_version()",
        "BEGIN",
        "USE formula1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE formula1.race_results",
    ],
)
def test_what_may_not_be_asked(built: Lake, tmp_path: Path, sql: str) -> None:
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("password\nhunter2\n")
    database = (warehouse.warehouse_folder(built) / "warehouse.duckdb").resolve()
    parquet = built.data_files("formula1", "race_results")[0]
    before = database.read_bytes()
    statement = sql.format(secret=secret, out=out, database=database, folder=tmp_path, parquet=parquet)
    with pytest.raises((warehouse.QueryRefused, warehouse.QueryFailed)) as error:
        warehouse.query(built, statement)
    assert "\n" not in str(error.value) and "hunter2" not in str(error.value)
    assert not out.exists() and database.read_bytes() == before
    assert warehouse.query(built, "SELECT count(*) FROM formula1.race_results").item() == 6


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{out}'",
        "ATTACH '{out}'",
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SET threads = 64",
        "SET enable_external_access = true",
        "CREATE TABLE x AS SELECT 1",
        "LOAD httpfs",
    ],
)
def test_the_connection_itself_is_shut_in(built: Lake, tmp_path: Path, statement: str) -> None:
    """The same without the look at the statement: what holds even if that look were fooled."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("password\nhunter2\n")
    with warehouse._open(built, warehouse._SHUT_IN) as connection, pytest.raises(duckdb.Error):
        connection.execute(statement.format(secret=secret, out=out)).fetchall()
    assert not out.exists()


def test_a_python_variable_is_not_a_table(built: Lake) -> None:
    private = pl.DataFrame({"a": [1]})
    with pytest.raises(warehouse.QueryFailed, match="private does not exist"):
        warehouse.query(built, "SELECT * FROM private")
    assert private.height == 1


def test_a_slow_question_ends_in_time(built: Lake) -> None:
    with pytest.raises(warehouse.QueryTimeout, match=r"no answer after 0.3 s"):
        warehouse.query(built, "SELECT count(*) FROM range(1000000000) a, range(1000000) b", timeout_sec=0.3)
    assert warehouse.query(built, "SELECT 1").item() == 1


def test_a_greedy_question_is_an_error(built: Lake) -> None:
    with pytest.raises(warehouse.QueryFailed, match=r"(?i)memory"):
        warehouse.query(built, "SELECT list(repeat('x', 100000)) FROM range(100000)", memory="50MB")
    with pytest.raises(warehouse.QueryFailed, match="more than 1,000 rows: add a LIMIT"):
        warehouse.query(built, "FROM range(1001)", max_rows=1000)


def test_wrong_sql_says_what_is_wrong_in_one_line(built: Lake) -> None:
    for sql, says in [
        ("SELEC 1", "not SQL: .*syntax error"),
        ("", "one SELECT at a time"),
        ("SELECT nothing FROM formula1.race_results", 'column "nothing" not found'),
    ]:
        with pytest.raises(warehouse.WarehouseError, match=says) as error:
            warehouse.query(built, sql)
        assert "\n" not in str(error.value)


def test_sums_of_integers_are_integers(built: Lake) -> None:
    big = "sum(position::HUGEINT * 10000000000000000000000)"
    answer = warehouse.query(built, f"SELECT sum(position) s, {big} big FROM formula1.race_results")
    assert answer.schema["s"] == pl.Int64 and answer["s"].item() == 12
    assert answer["big"].item() == 12 * 10**22


# -- showing ---------------------------------------------------------------------------------------


FRAME = pl.DataFrame(
    {
        "driver_id": ["lando-norris", "perez, sergio"],
        "p_win": [0.123456, float("nan")],
        "at": [datetime(2024, 5, 26, 13), None],
        "by_position": [[0.5, 0.25], None],
        "gap": [timedelta(seconds=1.5), None],
        "exact": [Decimal("1.50"), None],
        "rank": [1, None],
    }
)


def test_a_table_to_read() -> None:
    text = format_rows(FRAME.select("driver_id", "p_win", "rank"))
    lines = text.splitlines()
    assert lines[0].split() == ["driver_id", "p_win", "rank"]
    assert lines[2].split() == ["lando-norris", "0.1235", "1"] and lines[-1] == "(2 rows)"
    assert format_rows(FRAME.head(1)).endswith("(1 row)\n")
    assert max(map(len, format_rows(FRAME, width=60).splitlines())) <= 60
    assert "[bold]" in format_rows(pl.DataFrame({"a": ["[bold]x"]})), "markup in the data is data"


def test_csv_for_the_next_program() -> None:
    rows = list(csv.DictReader(io.StringIO(format_rows(FRAME, "csv"))))
    assert rows[1]["driver_id"] == "perez, sergio" and rows[0]["p_win"] == "0.123456"
    assert json.loads(rows[0]["by_position"]) == [0.5, 0.25] and rows[1]["by_position"] == ""


def test_json_for_the_next_program() -> None:
    rows = json.loads(format_rows(FRAME, "json"))
    assert rows[0] == {
        "driver_id": "lando-norris",
        "p_win": 0.123456,
        "at": "2024-05-26T13:00:00",
        "by_position": [0.5, 0.25],
        "gap": 1.5,
        "exact": 1.5,
        "rank": 1,
    }
    assert rows[1]["p_win"] is None
    assert json.loads(format_rows(FRAME.head(0), "json")) == []
    with pytest.raises(ValueError, match="not table, csv or json"):
        format_rows(FRAME, "xml")  # type: ignore[arg-type]


def test_opening_does_not_write(built: Lake) -> None:
    folder = warehouse.warehouse_folder(built)
    before = {p.name: os.stat(p).st_mtime_ns for p in folder.iterdir()}
    warehouse.query(built, "SELECT 1")
    assert {p.name: os.stat(p).st_mtime_ns for p in folder.iterdir()} == before
