"""What was known before a moment."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from formguide.asof import before, compact, fingerprint, scramble

NOON = datetime(2024, 5, 1, 12)


def history(n: int = 40) -> pl.DataFrame:
    """One record every six hours around NOON, with a column of every kind."""
    moments = [NOON + timedelta(hours=6 * (i - n // 2)) for i in range(n)]
    return pl.DataFrame(
        {
            "session_at": pl.Series(moments, dtype=pl.Datetime("ms")),
            "day": [m.date() for m in moments],
            "driver_id": [f"d{i % 5}" for i in range(n)],
            "position": pl.Series([i % 20 for i in range(n)], dtype=pl.Int32),
            "time_sec": [60.0 + i for i in range(n)],
            "wet": [i % 3 == 0 for i in range(n)],
        }
    )


def test_before_is_strict() -> None:
    known = before(history(), NOON)
    assert known["session_at"].max() == NOON - timedelta(hours=6)
    assert before(history(), NOON + timedelta(microseconds=1))["session_at"].max() == NOON


def test_before_takes_an_aware_moment_as_what_it_is_in_utc() -> None:
    madrid = timezone(timedelta(hours=2))
    assert_frame_equal(before(history(), NOON.replace(tzinfo=UTC)), before(history(), NOON))
    assert_frame_equal(
        before(history(), (NOON + timedelta(hours=2)).replace(tzinfo=madrid)), before(history(), NOON)
    )


def test_by_day_the_whole_day_is_unknown() -> None:
    for as_of in (date(2024, 5, 1), NOON, datetime(2024, 5, 1, 23, 59)):
        assert before(history(), as_of, "day")["day"].max() == date(2024, 4, 30)
    assert before(history(), date(2024, 5, 1))["session_at"].max() == datetime(2024, 4, 30, 18)


def test_a_record_without_a_date_is_an_error() -> None:
    undated = history().with_columns(
        pl.when(pl.int_range(pl.len()) > 0).then("session_at").alias("session_at")
    )
    with pytest.raises(ValueError, match="1 rows have no session_at"):
        before(undated, NOON)
    with pytest.raises(TypeError, match="position is Int32"):
        before(history(), NOON, "position")


@pytest.mark.parametrize("seed", range(5))
def test_scramble_leaves_the_past_and_ruins_the_rest(seed: int) -> None:
    real = history()
    wrong = scramble(real, NOON, seed)
    assert wrong.schema == real.schema
    assert_frame_equal(before(wrong, NOON), before(real, NOON))
    assert_frame_equal(scramble(real, NOON, seed), wrong)
    later, later_wrong = (f.filter(pl.col("session_at") >= NOON) for f in (real, wrong))
    assert later_wrong.height not in (0, later.height)
    assert later_wrong.join(later, on=["session_at", "driver_id", "time_sec"]).height == 0
    assert wrong["session_at"].is_sorted() is False, "what was not known lies strewn among what was"


def test_scramble_by_day_keeps_what_it_is_told_to() -> None:
    wrong = scramble(history(), date(2024, 5, 1), 1, column="day", keep=["driver_id"])
    assert_frame_equal(before(wrong, NOON, "day"), before(history(), NOON, "day"))
    assert set(wrong["driver_id"]) == {f"d{i}" for i in range(5)}


def test_scramble_of_a_known_frame_changes_nothing() -> None:
    known = before(history(), NOON)
    assert_frame_equal(scramble(known, NOON, 0), known)


@given(cut=st.datetimes(datetime(2024, 4, 20), datetime(2024, 5, 12)), seed=st.integers(0, 1000))
def test_before_never_sees_what_scramble_changed(cut: datetime, seed: int) -> None:
    assert_frame_equal(before(scramble(history(), cut, seed), cut), before(history(), cut))


def test_fingerprint_tells_content_apart() -> None:
    parts: list[Any] = [
        1,
        "1",
        1.0,
        True,
        None,
        b"1",
        [1],
        [[1]],
        {"a": 1},
        {"a": "1"},
        date(2024, 1, 1),
        history(),
    ]
    names = [fingerprint(p) for p in parts] + [
        fingerprint(),
        fingerprint("a", "b"),
        fingerprint("ab"),
        fingerprint("ab", ""),
    ]
    assert len(set(names)) == len(names)
    assert all(len(n) == 16 and set(n) <= set("0123456789abcdef") for n in names)
    with pytest.raises(TypeError, match="object"):
        fingerprint(object())


def test_fingerprint_is_of_content_alone() -> None:
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    whole = history()
    cut_up = pl.concat([whole[:7], whole[7:]], rechunk=False)
    assert fingerprint(whole) == fingerprint(cut_up) == fingerprint(whole.clone())
    assert fingerprint(whole) != fingerprint(whole.with_columns(pl.col("time_sec") + 1e-9))
    assert fingerprint("formguide", 1) == "6ec2003fbe515002"


def test_equal_frames_with_lists_write_equal_bytes_however_they_came_about():
    frame = pl.DataFrame({"k": [1, 2] * 3000, "p": [[float(i)] * 20 for i in range(6000)]})
    filtered = frame.filter(pl.col("k") == 1)
    fresh = pl.DataFrame(filtered.to_dict(as_series=False), schema=filtered.schema)

    def written(f):
        out = io.BytesIO()
        compact(f).write_parquet(out)
        return out.getvalue()

    assert written(filtered) == written(fresh)
    assert fingerprint(filtered) == fingerprint(fresh)


ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-5, 5),
        st.none() | st.floats(0, 1),
        st.none() | st.text("abé", max_size=20),
        st.none() | st.lists(st.floats(0, 1), max_size=4),
        st.none() | st.lists(st.text("xy", max_size=3), max_size=2),
    ),
    max_size=30,
)
SCHEMA: dict[str, Any] = {
    "n": pl.Int32,
    "p": pl.Float64,
    "name": pl.String,
    "by_position": pl.List(pl.Float64),
    "tags": pl.List(pl.String),
}


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    compact(frame).write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


@given(rows=ROWS, others=ROWS, cut=st.integers(0, 30))
def test_the_history_of_a_frame_does_not_show_in_its_bytes(
    rows: list[Any], others: list[Any], cut: int
) -> None:
    fresh, more = (pl.DataFrame(r, schema=SCHEMA, orient="row") for r in (rows, others))
    both = pl.concat([fresh.with_columns(keep=True), more.with_columns(keep=False)])
    marked = both.with_columns(place=pl.int_range(pl.len()))
    shuffled = marked.sample(fraction=1, shuffle=True, seed=cut).sort("place")
    ways = {
        "filtered": both.filter("keep").drop("keep"),
        "sliced": both.head(fresh.height).drop("keep"),
        "cut up": pl.concat([fresh[:cut], fresh[cut:]], rechunk=False),
        "sorted": shuffled.filter("keep").select(fresh.columns),
        "read back": pl.read_parquet(io.BytesIO(parquet(fresh))),
    }
    for way, frame in ways.items():
        assert_frame_equal(frame, fresh)
        assert parquet(frame) == parquet(fresh), way
        assert fingerprint(frame) == fingerprint(fresh), way


def test_what_a_null_hides_does_not_show_in_the_bytes() -> None:
    plain = pl.DataFrame({"p": [0.5, None, 0.25], "by_position": [[1.0], None, [2.0, 3.0]]})
    full = pl.DataFrame({"p": [0.5, 0.75, 0.25], "by_position": [[1.0], [9.0, 9.0], [2.0, 3.0]]})
    hidden = full.with_columns(pl.when(pl.int_range(pl.len()) != 1).then(pl.all()))
    assert_frame_equal(hidden, plain)
    assert parquet(hidden) == parquet(plain)
