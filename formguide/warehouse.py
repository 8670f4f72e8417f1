"""The lake as one DuckDB file that answers questions, and a reader that can do nothing else.

    <lake>/warehouse/warehouse-<generation>-<fingerprint>.duckdb    a schema per sport, a table per asset
    <lake>/warehouse/warehouse.duckdb                               a link to the newest

`build` makes a new generation from whatever manifests there are and then moves the link, so that readers
of the last one are not disturbed; three are kept. The fingerprint is of what a generation was made from: of
the same no other is made. The Parquet files are the truth: deleting the
warehouse loses nothing. `query` opens the newest generation shut in: read-only, without access to any
other file, its settings locked, its memory, threads and time limited, one SELECT at a time.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
from upath import UPath

from formguide import files
from formguide.asof import fingerprint
from formguide.lake import Lake, LakeError
from formguide.plain import PlainError

if TYPE_CHECKING:
    from formguide.schema import Table

VERSION = "1"
KEPT_GENERATIONS = 3
_LINK = "warehouse.duckdb"
_GENERATION = re.compile(r"warehouse-(\d+)(?:-[0-9a-f]+)?\.duckdb")
_BATCH_ROWS = 50_000

# Settings of every reader. `enable_external_access` is what keeps COPY, ATTACH, read_csv and extensions
# out (read_only does not); the lock keeps a query from switching it back on.
_SHUT_IN: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "lock_configuration": "true",
}

# Table functions that only compute or describe. Everything else is refused by name, because some change
# the database's settings in spite of the lock (`enable_logging`) or run text as SQL (`query`).
_TABLE_FUNCTIONS = frozenset(
    {
        *("range", "generate_series", "unnest", "repeat", "repeat_row"),
        *("duckdb_tables", "duckdb_columns", "duckdb_schemas", "duckdb_views", "duckdb_functions"),
        *("duckdb_types", "pragma_table_info"),
    }
)


class WarehouseError(PlainError, RuntimeError):
    """The warehouse is not there or would not answer. One line that says what to do."""


class NoWarehouse(WarehouseError):
    """No warehouse has been built in this lake yet."""


class QueryRefused(WarehouseError):
    """The statement is not one that a reader may ask."""


class QueryFailed(WarehouseError):
    """The statement is wrong, or needs more memory than it is given."""


class QueryTimeout(WarehouseError):
    """The statement took longer than it was given."""


# -- building --------------------------------------------------------------------------------------


def build(lake: Lake, tables: Mapping[tuple[str, str], type[Table] | None]) -> Path:
    """Makes a new generation from what the lake holds of `tables`, unless the newest one was made from the
    same, and returns the file of the newest.

    tables: (sport, asset) to its declaration, from which the comments on table and columns come (None: no
    comments). An asset that was never written is left out, and a sport without any is an empty schema.
    The table `contents` lists every partition with its rows, hash and time of writing. A lake that is not
    on this machine has its warehouse in `data/warehouse` below the working directory.
    """
    folder = warehouse_folder(lake)
    folder.mkdir(parents=True, exist_ok=True)
    with files.locked(UPath(folder), "build"):
        for leftover in folder.glob(f"{files.TEMPORARY_PREFIX}*"):
            leftover.unlink()
        contents = _contents(lake, tables)
        made_from = _made_from(contents, tables)
        generations = _generations(folder)
        number = max(generations, default=0) + 1
        finished = folder / f"warehouse-{number:06}-{made_from}.duckdb"
        newest = generations.get(number - 1)
        if newest is not None and newest.stem.endswith(f"-{made_from}"):
            _point_link(folder, newest.name)  # a build may have been killed before it did
            return newest
        unfinished = folder / f"{files.TEMPORARY_PREFIX}{number}.duckdb"
        with duckdb.connect(str(unfinished)) as connection:
            connection.execute("SET enable_progress_bar = false")  # it would be drawn into people's answers
            # In one transaction: else each of a thousand comments is written to the disk by itself.
            connection.begin()
            _fill(connection, lake, tables, contents)
            connection.commit()
        with open(unfinished, "rb") as written:
            os.fsync(written.fileno())
        os.replace(unfinished, finished)
        _point_link(folder, finished.name)
        for old in sorted(generations)[: -(KEPT_GENERATIONS - 1)]:
            generations[old].unlink()
    return finished


def warehouse_folder(lake: Lake) -> Path:
    """Where the generations of a lake's warehouse lie."""
    if files.is_local(lake.root):
        return Path(str(lake.root)) / "warehouse"
    return Path("data/warehouse").absolute()


def _contents(lake: Lake, tables: Iterable[tuple[str, str]]) -> list[tuple[Any, ...]]:
    """The rows of the table `contents`: every partition of the tables that the lake has."""
    found: list[tuple[Any, ...]] = []
    for sport, asset in sorted(tables):
        manifests = lake.manifests(sport, asset)
        if not any(m.kind == "bytes" for m in manifests.values()):
            found += [(sport, asset, key, m.rows, m.hash, m.written_at) for key, m in manifests.items()]
    return found


def _made_from(
    contents: Sequence[tuple[Any, ...]], tables: Mapping[tuple[str, str], type[Table] | None]
) -> str:
    """A fingerprint of all that a generation says: rows, and comments."""
    from formguide import schema

    said = [
        (sport, asset, schema.table_doc(table), schema.column_docs(table)) if table else (sport, asset)
        for (sport, asset), table in sorted(tables.items(), key=lambda item: item[0])
    ]
    return fingerprint(VERSION, contents, said)


def _fill(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    tables: Mapping[tuple[str, str], type[Table] | None],
    contents: Sequence[tuple[Any, ...]],
) -> None:
    for sport in sorted({sport for sport, _ in tables}):
        connection.execute(f"CREATE SCHEMA {_quoted(sport)}")
    for sport, asset in dict.fromkeys((sport, asset) for sport, asset, *_ in contents):
        name = f"{_quoted(sport)}.{_quoted(asset)}"
        _load(connection, name, lake, sport, asset)
        table = tables[sport, asset]
        if table is not None:
            _comment(connection, name, table)
    connection.execute(
        'CREATE TABLE contents (sport VARCHAR, asset VARCHAR, "partition" VARCHAR, '
        '"rows" BIGINT, hash VARCHAR, written_at TIMESTAMP)'
    )
    connection.execute("COMMENT ON TABLE contents IS 'every partition of the lake that is in this warehouse'")
    if contents:
        connection.executemany("INSERT INTO contents VALUES (?, ?, ?, ?, ?, ?)", contents)


def _load(connection: duckdb.DuckDBPyConnection, name: str, lake: Lake, sport: str, asset: str) -> None:
    if files.is_local(lake.root):
        paths = [str(path) for path in lake.data_files(sport, asset)]
        # A folder named season=2024 is no column of its own: the table has one.
        source = "read_parquet($paths, union_by_name = true, hive_partitioning = false)"
        try:
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {source}", {"paths": paths})
        except duckdb.IOException as error:
            raise LakeError(f"{sport}/{asset}: {_one_line(error)}") from error
        return
    connection.register("loading", lake.read_table(sport, asset).to_arrow())
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM loading")
    connection.unregister("loading")


def _comment(connection: duckdb.DuckDBPyConnection, name: str, table: type[Table]) -> None:
    from formguide import schema  # not for those who ask

    if text := schema.table_doc(table):
        connection.execute(f"COMMENT ON TABLE {name} IS {_literal(text)}")
    columns = {row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()}
    for column, text in schema.column_docs(table).items():
        if column in columns:
            connection.execute(f"COMMENT ON COLUMN {name}.{_quoted(column)} IS {_literal(text)}")


def _generations(folder: Path) -> dict[int, Path]:
    return {int(match[1]): path for path in folder.iterdir() if (match := _GENERATION.fullmatch(path.name))}


def _point_link(folder: Path, target: str) -> None:
    fresh = folder / f"{files.TEMPORARY_PREFIX}{secrets.token_hex(4)}"
    fresh.symlink_to(target)
    os.replace(fresh, folder / _LINK)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# -- asking ----------------------------------------------------------------------------------------


def query(
    lake: Lake,
    sql: str,
    *,
    timeout_sec: float = 60,
    memory: str = "1GB",
    threads: int = 2,
    max_rows: int = 1_000_000,
) -> pl.DataFrame:
    """The answer of the newest warehouse to one SELECT (or DESCRIBE, SHOW, SUMMARIZE, VALUES, FROM).

    Raises NoWarehouse, QueryRefused (not a lone SELECT, or a function that reaches outside), QueryFailed
    (wrong SQL, over `memory`, over `max_rows`) and QueryTimeout; each says why in one line. Queries that
    run side by side in one process must agree on `memory` and `threads`.
    """
    _require_select(sql)
    with _open(lake, {**_SHUT_IN, "memory_limit": memory, "threads": str(threads)}) as connection:
        late = threading.Event()

        def stop() -> None:
            late.set()
            connection.interrupt()

        clock = threading.Timer(timeout_sec, stop)
        clock.start()
        try:
            return _collect(connection, sql, max_rows)
        except duckdb.Error as error:
            if late.is_set():
                raise QueryTimeout(f"no answer after {timeout_sec:g} s: ask for less") from error
            raise QueryFailed(_one_line(error)) from error
        finally:
            clock.cancel()


def _require_select(sql: str) -> None:
    """Raises QueryRefused unless `sql` is a lone SELECT whose table functions are known to be harmless."""
    with duckdb.connect(config=_SHUT_IN) as parser:
        ask = "SELECT json_serialize_sql(?::VARCHAR, skip_null := true, skip_empty := true)"
        answer = parser.execute(ask, [sql]).fetchone()
    tree: dict[str, Any] = json.loads(answer[0]) if answer else {"error": True, "error_type": "parser"}
    if tree["error"] and tree.get("error_type") != "not implemented":
        raise QueryFailed(f"not SQL: {tree.get('error_message', 'nothing to read')}")
    if tree["error"] or len(tree["statements"]) != 1:
        raise QueryRefused("one SELECT at a time, and nothing but SELECT: the warehouse is read-only")
    for function in _table_functions(tree):
        if function not in _TABLE_FUNCTIONS:
            raise QueryRefused(f"{function}() is not for the warehouse: query its tables (SHOW ALL TABLES)")


def _table_functions(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("type") == "TABLE_FUNCTION":
            yield str(node["function"].get("function_name", "")).lower()
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _table_functions(child)


def _open(lake: Lake, settings: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    link = warehouse_folder(lake) / _LINK
    for _ in range(2):
        try:
            # The file behind the link is opened by its own name, so that what is asked stays one generation.
            return duckdb.connect(str(link.resolve(strict=True)), read_only=True, config=settings)
        except FileNotFoundError as error:
            raise NoWarehouse(f"no warehouse in {lake.root} yet: materialise it (formguide run)") from error
        except duckdb.IOException as error:
            # Three rebuilds between the two steps above: the generation is gone, the link is newer.
            gone = error
        except duckdb.Error as error:
            raise WarehouseError(_one_line(error)) from error
    raise WarehouseError(f"{link} cannot be opened: {_one_line(gone)}") from gone


def _collect(connection: duckdb.DuckDBPyConnection, sql: str, max_rows: int) -> pl.DataFrame:
    reader = connection.execute(sql).to_arrow_reader(_BATCH_ROWS)
    frames = [_frame(reader.schema.empty_table())]
    rows = 0
    for batch in reader:
        rows += batch.num_rows
        if rows > max_rows:
            raise QueryFailed(f"more than {max_rows:,} rows: add a LIMIT")
        frames.append(_frame(batch))
    frame = pl.concat(frames)
    # DuckDB's sum of integers is 128 bits wide: where it fits, an ordinary integer says the same.
    whole = [c for c, t in frame.schema.items() if isinstance(t, pl.Decimal) and t.scale == 0]
    wide = [*whole, *(c for c, t in frame.schema.items() if t == pl.Int128)]
    narrow = frame.select(pl.col(wide).cast(pl.Int64, strict=False))
    return frame.with_columns(c for c in narrow if c.null_count() == frame[c.name].null_count())


def _frame(arrow: Any) -> pl.DataFrame:
    frame = pl.from_arrow(arrow)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _one_line(error: BaseException) -> str:
    """What DuckDB says, without the drawing of the place below it."""
    return " ".join(str(error).split("\n\nLINE")[0].split())
