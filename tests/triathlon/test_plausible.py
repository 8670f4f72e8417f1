"""What cannot be, and races that did not hold a leg: flagged with the reason, never dropped."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from tests.triathlon.pages import line, results

DAY = date(2019, 5, 5)


def row(**cells: str) -> dict[str, object]:
    """The result of a race of one start."""
    return results({"im703_here_2019": (DAY, [line(**cells)])}).row(0, named=True)


def test_a_finish_like_any_other_may_be_learnt_from():
    found = row()
    assert (found["usable"], found["usable_splits"], found["implausible"]) == (True, True, False)
    assert found["implausible_reason"] is None


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Total_Time": ""}, "finished without a total"),
        (
            {"Total_Time": "0:59:00", "Swim": "", "Bike": "", "Run": "", "T1": "", "T2": ""},
            "not between 1 h and 17 h",
        ),
        ({"Total_Time": "17:00:00"}, "not between 1 h and 17 h"),
        (
            {"Total_Time": "3:10:00", "Bike": "1:50:00", "Run": "0:40:00"},
            "total of 11400 s is faster than anybody's",
        ),
        ({"Gender": "F"}, "gender is not the division's"),
    ],
)
def test_a_total_that_cannot_be_is_not_learnt_from(cells, reason):
    found = row(**cells)
    assert reason in str(found["implausible_reason"])
    assert (found["usable"], found["implausible"]) == (False, True)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"Run": "0:03:30"}, "run of 210 s is faster than anybody's"),
        ({"Swim": "0:15:00"}, "swim of 900 s is faster than anybody's"),
        ({"Run": "5:00:00"}, "parts of 30000 s are more than the total"),
        ({"Bike": "2:00:00"}, "parts of 15600 s are less than the total"),
    ],
)
def test_legs_that_cannot_be_leave_the_total_alone(cells, reason):
    found = row(**cells)
    assert reason in str(found["implausible_reason"])
    assert (found["usable"], found["usable_splits"], found["implausible"]) == (True, False, True)


def test_legs_that_are_not_all_there_are_no_legs():
    found = row(T1="", T2="", Bike="")
    assert (found["usable"], found["usable_splits"], found["implausible"]) == (True, False, False)
    assert row(T1="", T2="")["usable_splits"] is True


@pytest.mark.parametrize(
    "cells",
    [
        {"Status": "DNF", "Total_Time": ""},
        {"Division": "MRELAY"},
        {"Division": "MPC"},
        {"Gender": "", "Division": ""},
    ],
)
def test_who_is_not_a_finisher_of_known_gender_on_its_own_is_not_learnt_from(cells):
    found = row(**cells)
    assert (found["usable"], found["implausible"]) == (False, False)


def test_a_professional_may_be_learnt_from():
    assert (row(Division="MPRO")["usable"], row(Division="MPRO")["is_pro"]) == (True, True)


def test_the_same_finish_written_twice_counts_once():
    found = results({"im703_here_2019": (DAY, [line(), line()])})
    assert found["usable"].to_list() == [True, False]
    assert found["implausible_reason"].to_list()[1] == "the same finish stands in the race before it"


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def field(swim: int | None, bike: int = 9800, run: int = 7000, n: int = 40) -> list[str]:
    """A field whose medians are those (seconds), three minutes apart from first to last."""
    lines = []
    for i in range(n):
        off = (i - n // 2) * 5
        legs = [None if swim is None else swim + off, 180, bike + off, 120, run + off]
        total = sum(leg for leg in legs if leg is not None)
        said = ["" if leg is None else clock(leg) for leg in legs]
        times = dict(zip(("Swim", "T1", "Bike", "T2", "Run"), said, strict=True))
        lines.append(line(ContactId=f"id{i}", Name=f"n{i}", Total_Time=clock(total), **times))
    return lines


def marked(races: dict[str, list[str]]) -> dict[str, str | None]:
    """Race → legs that it did not hold in full; each race a year after the one before."""
    dated = {
        f"{name}_{2015 + i}": (date(2015 + i, 5, 5), lines) for i, (name, lines) in enumerate(races.items())
    }
    found = results(dated)
    return dict(
        found.group_by("race_id", maintain_order=True).agg(pl.col("shortened_legs").first()).iter_rows()
    )


def test_a_race_like_any_other_held_all_its_legs():
    assert marked({"im703_x": field(2100)}) == {"im703_x_2015": None}


def test_a_swim_called_off_and_one_cut_short_are_seen_in_the_race_alone():
    found = marked({"im703_x": field(None), "im703_y": field(900)})
    assert found == {"im703_x_2015": "swim", "im703_y_2016": "swim"}


def test_legs_that_the_page_leaves_out_are_not_called_off():
    said = [text.replace("\t" + text.split("\t")[7] + "\t", "\t\t", 1) for text in field(2100)]
    found = marked({"im703_x": said})
    assert found == {"im703_x_2015": None}


def test_a_bike_leg_far_below_the_course_s_earlier_years_was_cut_short():
    years = {"im703_hilly": field(2100, bike=12500)}
    usual = results(
        {
            "im703_hilly_2015": (date(2015, 5, 5), years["im703_hilly"]),
            "im703_hilly_2016": (date(2016, 5, 5), field(2100, bike=9800)),
        }
    )
    said = dict(
        usual.group_by("race_id", maintain_order=True).agg(pl.col("shortened_legs").first()).iter_rows()
    )
    assert said == {"im703_hilly_2015": None, "im703_hilly_2016": "bike"}


def test_later_years_say_nothing_of_earlier_ones():
    fast, slow = field(2100, bike=9800), field(2100, bike=12500)
    found = results(
        {"im703_hilly_2015": (date(2015, 5, 5), fast), "im703_hilly_2016": (date(2016, 5, 5), slow)}
    )
    assert found["shortened_legs"].null_count() == found.height


def test_half_the_distance_is_another_race():
    half = {"ironman_lake": field(2300, bike=10200, run=6700)}
    assert marked(half) == {"ironman_lake_2015": "swim,bike,run"}
    found = results({"ironman_lake_2015": (date(2015, 5, 5), half["ironman_lake"])})
    assert found["usable"].sum() == 0


def test_a_page_of_ten_finishers_with_impossible_totals_was_another_race():
    few = [
        line(
            ContactId=f"i{i}",
            Name=f"n{i}",
            Division="MPRO",
            Total_Time="7:50:00",
            Swim="",
            T1="",
            Bike="",
            T2="",
            Run="3:30:00",
        )
        for i in range(10)
    ]
    assert marked({"ironman_lake": few}) == {"ironman_lake_2015": "swim,bike,run"}
