"""Marks that several files tell are one row; what they say differently is a conflict."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.schema import check, dtypes
from formguide.track.merging import merge
from formguide.track.rows import frame_of
from formguide.track.tables import Performances

SOURCES = ("tfrrs", "qnolan")


def said(file: str, day: int = 10, mark: float = 10.5, **more):
    """A row of a file about one man's 100 m in May 2021."""
    row = {
        "athlete_id": "tfrrs:1",
        "athlete": "Doe, Jo",
        "gender": "men",
        "label": "Outdoor",
        "date": date(2021, 5, day),
        "event": "100 Meters",
        "family": "short sprints",
        "mark": mark,
        "unit": "sec",
        "mark_text": f"{mark:.2f}",
        "hand_timed": False,
        "converted": False,
        "altitude": False,
        "oversized_track": False,
        "source": "tfrrs",
        "complete": True,
        **more,
    }
    return frame_of([row]).with_columns(file=pl.lit(file))


def merged(*rows):
    return merge(pl.concat(rows), SOURCES)


def test_a_list_and_a_page_tell_one_mark_and_fill_each_other_in():
    page = said("tfrrs/athlete.html", day=10, round="F", meet="Spring Open")
    listed = said("tfrrs/list.html", day=12, complete=False, wind_mps=1.3, place=4, meet="Spring Open")
    rows, twice, conflicts = merged(listed, page)
    assert rows.height == 1 and twice == 1 and conflicts.is_empty()
    row = rows.row(0, named=True)
    assert (row["date"], row["round"], row["wind_mps"], row["place"], row["complete"]) == (
        date(2021, 5, 10),
        "F",
        1.3,
        4,
        True,
    )
    assert check(rows.select(dtypes(Performances).keys()), Performances).height == 1


def test_the_same_row_in_two_files_is_one_with_what_either_knows():
    rows, twice, _ = merged(said("a", meet="Open"), said("b", meet="Open", wind_mps=0.4, wind_legal=True))
    assert rows.select("wind_mps", "wind_legal").rows() == [(0.4, True)]
    assert twice == 1


@pytest.mark.parametrize(
    "other",
    [
        {"day": 14},
        {"mark": 10.51},
        {"athlete_id": "tfrrs:2"},
        {"event": "60 Meters"},
        {"day": 11, "meet": "Another Open"},
    ],
    ids=["days apart", "another mark", "another athlete", "another event", "another day and meet"],
)
def test_what_differs_is_another_mark(other):
    rows, twice, conflicts = merged(
        said("a", meet="Spring Open"), said("b", **{"meet": "Spring Open", **other})
    )
    assert (rows.height, twice, conflicts.height) == (2, 0, 0)


def test_heat_and_final_of_equal_time_are_two_marks():
    rounds = [said("a", round=r) for r in ("P", "F")]
    rows, twice, _ = merged(*rounds, said("b", round="Final"), said("b", day=9, round="Prelim"))
    assert sorted(rows["round"]) == ["F", "P"]
    assert twice == 2
    # A list that does not tell the round says one of them.
    rows, twice, _ = merged(*rounds, said("b", complete=False))
    assert (rows.height, twice) == (2, 1)


def test_rows_of_one_file_are_never_taken_for_one_another():
    rows, twice, _ = merged(said("a", day=10), said("a", day=11, place=3))
    assert (rows.height, twice) == (2, 0)
    rows, twice, _ = merged(said("a"), said("a"))
    assert (rows.height, twice) == (1, 1)


def test_two_files_that_differ_on_one_final_conflict_and_the_better_source_stands():
    ours = said("a", round="F", meet="Spring Open")
    theirs = said("b", mark=10.45, source="qnolan", round="F", meet="SPRING  OPEN")
    rows, twice, conflicts = merged(theirs, ours)
    assert rows["mark"].to_list() == [10.5]
    assert conflicts["mark"].to_list() == [10.45]
    assert twice == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(1, 9),
            st.sampled_from([10.5, 10.51]),
            st.sampled_from([None, "P", "F"]),
            st.sampled_from([None, "Open", "Other"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_every_row_is_kept_told_twice_or_in_conflict_whatever_the_order(rows, random):
    frames = [
        said(file, day=day, mark=mark, round=round_, meet=meet, complete=complete)
        for file, day, mark, round_, meet, complete in rows
    ]
    result = merged(*frames)
    assert result.rows.height + result.said_twice + result.conflicts.height == len(frames)
    assert result.rows["performance_id"].is_unique().all()
    # No mark of an athlete is lost altogether.
    told = pl.concat([result.rows, result.conflicts])
    assert set(told["mark"]) == {mark for _, _, mark, *_ in rows}
    random.shuffle(frames)
    again = merged(*frames)
    assert again.rows.equals(result.rows)
