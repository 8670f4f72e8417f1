"""Results pages: every line is read or set aside with its reason, and says the same however it is spelt."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.schema import check
from formguide.triathlon import race_page
from formguide.triathlon.countries import alpha_3
from formguide.triathlon.divisions import division_of
from formguide.triathlon.tables import RaceRecords
from formguide.triathlon.weather import RaceDay
from tests.triathlon.pages import START, line, page, read


def only(**cells: str):
    """The record of a page of one line."""
    records, rejects = read(line(**cells))
    assert rejects == []
    return records.row(0, named=True)


def test_a_finish_is_read_as_it_stands():
    row = only()
    assert row["result_id"] == "im703_here_2019:00002"
    assert (row["course"], row["distance"], row["year"]) == ("im703_here", "70.3", 2019)
    assert (row["race_on"], row["known_on"]) == (date(2019, 5, 5), date(2019, 5, 5))
    assert [row[name] for name in race_page.TIMES.values()] == [18000, 2100, 180, 9600, 120, 6000]
    assert (row["age_group"], row["age_low"], row["age_high"], row["category"]) == (
        "40-44",
        40,
        44,
        "age_group",
    )
    assert (row["country"], row["status"], row["overall_rank"]) == ("AUS", "FIN", 1)


def test_a_race_without_a_date_counts_from_the_last_day_of_its_year():
    records, _ = read(line(), folder="ironman_there_2011", on=None)
    assert records["race_on"].to_list() == [None]
    assert records["known_on"].to_list() == [date(2011, 12, 31)]
    assert records["distance"].to_list() == ["140.6"]


@given(st.integers(1, 99 * 3600))
def test_every_time_is_read_as_it_was_written(seconds):
    said = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    assert only(Total_Time=said)["total_sec"] == seconds


@given(st.text(st.characters(exclude_characters="\t\n\r", exclude_categories=["Cs"]), max_size=9))
def test_a_time_is_read_right_or_set_aside_and_never_guessed(said):
    records, rejects = read(line(Swim=said))
    assert records.height + len(rejects) == 1
    if rejects:
        assert rejects[0].field == "Swim"
        assert rejects[0].row == 2
    elif records["swim_sec"][0] is not None:
        hours, minutes, seconds = (int(part) for part in said.strip().split(":"))
        assert records["swim_sec"][0] == hours * 3600 + minutes * 60 + seconds


@pytest.mark.parametrize("said", ["1:75:00", "0:12:60", "-0:12:00", "12:00", "1:2:3", "a:bb:cc", "0:12:00x"])
def test_what_is_no_time_is_set_aside_with_its_line(said):
    records, rejects = read(line(ContactId="good"), line(Bike=said), line(ContactId="good too"))
    assert records["contact_id"].to_list() == ["good", "good too"]
    (reject,) = rejects
    assert str(reject) == (
        "2019/im703_here_2019/default.tsv, record 3, field Bike: " + repr(said) + " is not a time (h:mm:ss)"
    )
    assert said.encode() in reject.payload


@pytest.mark.parametrize("said", ["", "-", "0:00:00", "--:--:--", "DNF"])
def test_no_time_is_no_time(said):
    assert only(Run=said)["run_sec"] is None


def test_a_line_that_ends_before_its_status_is_read():
    cut = line().rsplit("\t", 1)[0]
    records, rejects = read(cut)
    assert rejects == []
    assert records["status"].to_list() == ["FIN"]


def test_lines_of_other_cells_and_unknown_statuses_are_set_aside():
    records, rejects = read(line() + "\tmore", "aa\tbb", line(Status="MAYBE"), line())
    assert records.height == 1
    assert [(reject.row, reject.field) for reject in rejects] == [(2, "cells"), (3, "cells"), (4, "Status")]


def test_columns_may_stand_in_any_order_and_have_company():
    names = [*reversed(race_page.COLUMNS), "Bib"]
    body = "\t".join(names) + "\n" + "\t".join([*reversed(START.values()), "17"]) + "\r\n"
    race = race_page.race_of(2019, "im703_here_2019")
    turned, rejects = race_page.read_race("p", body.encode(), race, RaceDay(date(2019, 5, 5)))
    assert rejects == []
    assert turned.equals(read(line())[0])


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"Name\tGender\nx\tM\n", b""])
def test_a_page_that_is_none_is_set_aside_whole(body):
    records, rejects = race_page.read_race("p", body, race_page.race_of(2019, "x_2019"), RaceDay())
    assert records.is_empty()
    assert [reject.payload for reject in rejects] == [body]
    check(records, RaceRecords)


@pytest.mark.parametrize(
    ("status", "rank", "total", "is_read"),
    [
        ("", "12", "5:00:00", "FIN"),
        ("", "DNF", "", "DNF"),
        ("", "DSQ", "", "DQ"),
        ("", "", "", "UNKNOWN"),
        ("dns", "DNS", "", "DNS"),
        ("DSQ", "", "", "DQ"),
        ("FIN", "", "", "FIN"),
    ],
)
def test_a_status_is_the_page_s_else_the_rank_s_else_the_total_s(status, rank, total, is_read):
    assert only(Status=status, Overall_Rank=rank, Total_Time=total)["status"] == is_read


@pytest.mark.parametrize(
    ("said", "category", "gender", "age_group"),
    [
        ("M40-44", "age_group", "M", "40-44"),
        ("F18-24", "age_group", "F", "18-24"),
        ("FEMALE 40 - 44", "age_group", "F", "40-44"),
        ("35-39", "age_group", None, "35-39"),
        ("M80+", "age_group", "M", "80+"),
        ("MPRO", "pro", "M", None),
        ("MMPRO", "pro", "M", None),
        ("FPC", "para", "F", None),
        ("PC", "para", None, None),
        ("MHC", "para", "M", None),
        ("MRELAY", "relay", "M", None),
        ("Relay", "relay", None, None),
        ("XC", "other", None, None),
        ("", "other", None, None),
    ],
)
def test_divisions_in_every_spelling(said, category, gender, age_group):
    division = division_of(said)
    assert (division.category, division.gender, division.age_group) == (category, gender, age_group)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Australia", "AUS"),
        ("AU", "AUS"),
        ("aus", "AUS"),
        ("AUSTRALIA", "AUS"),
        ("Taiwan, Province of China", "TWN"),
        ("Taiwan ", "TWN"),
        ("TW", "TWN"),
        ("Korea", "KOR"),
        ("South KOREA", "KOR"),
        ("RÃ©union", "REU"),
        ("Viet Nam", "VNM"),
        ("Vietnam", "VNM"),
        ("Unknown", None),
        ("-Redacted-", None),
        ("", None),
    ],
)
def test_countries_in_every_spelling(said, code):
    assert alpha_3(said) == code


def test_a_page_s_gender_comes_before_its_division_s():
    assert only(Gender="", Division="F40-44")["gender"] == "F"
    assert only(Gender="Female", Division="")["gender"] == "F"
    assert only(Gender="M", Division="F40-44")["gender"] == "M"


def test_blank_lines_are_no_starts_and_lines_are_counted_alike():
    body = page(line(), "", line())
    records, _ = read(line(), "", line())
    assert records["line"].to_list() == [2, 4]
    assert race_page.count_lines(body) == 2
