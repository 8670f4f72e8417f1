"""Tables: what fits, what does not, and how that is said."""

from __future__ import annotations

import dataframely as dy
import polars as pl
import pytest

from formguide import schema
from formguide.schema import Table, TableError


class Laps(Table):
    """Laps of a race.

    A second paragraph that is not the description.
    """

    sport = "formula1"
    name = "laps"

    race_id = dy.String(primary_key=True, metadata={"doc": "season and Grand Prix"})
    driver_id = dy.String(primary_key=True, description="who drove")
    position = dy.Int32(nullable=True, min=1, max=26)
    time_sec = dy.Float64(nullable=True, min_exclusive=0, metadata={"doc": "lap time,\n  in seconds"})
    kind = dy.String(nullable=True, check=lambda c: c.is_in(["race", "sprint"]))

    @dy.rule()
    def a_time_needs_a_position(cls) -> pl.Expr:
        return pl.col("position").is_not_null() | pl.col("time_sec").is_null()


def frame(**columns: object) -> pl.DataFrame:
    given = {
        "race_id": ["2024-monaco"],
        "driver_id": ["leclerc"],
        "position": [1],
        "time_sec": [71.2],
        "kind": ["race"],
    }
    return pl.DataFrame(
        {**given, **columns}, schema_overrides={"position": pl.Int32} if "position" not in columns else {}
    )


def test_docs_come_from_the_declaration() -> None:
    assert schema.table_doc(Laps) == "Laps of a race."
    assert schema.column_docs(Laps) == {
        "race_id": "season and Grand Prix",
        "driver_id": "who drove",
        "time_sec": "lap time, in seconds",
    }
    assert schema.key_columns(Laps) == ["race_id", "driver_id"]
    assert schema.empty(Laps).schema == pl.Schema(schema.dtypes(Laps))


def test_a_good_frame_passes_in_the_tables_order() -> None:
    good = frame()
    checked = schema.check(good.select(reversed(good.columns)), Laps)
    assert checked.columns == good.columns
    split = schema.split(good, Laps)
    assert split.good.equals(good) and split.bad.is_empty() and "reason" in split.bad.columns


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (frame().drop("position"), "formula1/laps: no column position"),
        (frame().with_columns(x=1), "unknown column x"),
        (frame().with_columns(pl.col("position").cast(pl.Int64)), "position is Int64, not Int32"),
        (frame(position=pl.Series([30], dtype=pl.Int32)), "driver_id=leclerc: position: 30 is above 26"),
    ],
)
def test_check_names_what_is_wrong_in_one_line(given: pl.DataFrame, says: str) -> None:
    with pytest.raises(TableError) as error:
        schema.check(given, Laps)
    assert says in str(error.value) and "\n" not in str(error.value)


def test_split_parts_bad_rows_from_good_and_says_why() -> None:
    given = pl.DataFrame(
        {
            "race_id": ["a", "a", "a", "a", "a", "b", "b", None],
            "driver_id": ["1", "2", "3", "4", "5", "6", "6", "7"],
            "position": ["1", "2.0", "DNF", None, "99", "1", "2", "1"],
            "time_sec": [70.0, None, None, 71.0, -1.0, 70.0, 70.0, 70.0],
            "kind": ["race", "other", "race", "race", "race", "race", "race", "race"],
            "more": [0] * 8,
        }
    )
    good, bad = schema.split(given, Laps)
    assert good["driver_id"].to_list() == ["1"]
    assert good.schema == pl.Schema(schema.dtypes(Laps))
    reasons = dict(zip(bad["driver_id"].to_list(), bad["reason"].to_list(), strict=True))
    assert reasons["3"] == "race_id=a, driver_id=3: position: 'DNF' is not Int32"
    assert reasons["4"] == "race_id=a, driver_id=4: a time needs a position"
    assert "position: '99' is above 26" in reasons["5"] and "time_sec: -1.0 is not above 0" in reasons["5"]
    assert reasons["6"] == "race_id=b, driver_id=6: key (race_id, driver_id) is not unique"
    assert "race_id: is missing" in reasons["7"]
    assert reasons["2"].startswith("race_id=a, driver_id=2: ")
    assert bad["driver_id"].to_list() == ["2", "3", "4", "5", "6", "6", "7"], "in the order of the source"


def test_split_fills_absent_nullable_columns_and_refuses_absent_required_ones() -> None:
    good, bad = schema.split(frame().select("race_id", "driver_id"), Laps)
    assert bad.is_empty() and good.row(0) == ("2024-monaco", "leclerc", None, None, None)
    with pytest.raises(TableError, match="no column driver_id"):
        schema.split(frame().drop("driver_id"), Laps)


def test_split_does_not_round_a_fraction_to_an_integer() -> None:
    good, bad = schema.split(frame(position=[3.7]), Laps)
    assert good.is_empty() and bad["reason"].to_list() == [
        "race_id=2024-monaco, driver_id=leclerc: position: 3.7 is not Int32"
    ]
    good, _ = schema.split(frame(position=[3.0]), Laps)
    assert good["position"].to_list() == [3]


def test_split_of_nothing() -> None:
    good, bad = schema.split(frame().head(0), Laps)
    assert good.is_empty() and bad.is_empty()
