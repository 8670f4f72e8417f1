"""Who it was: decided start by start, by what came before and by nothing else."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formguide.triathlon.identity import identify
from tests.triathlon.pages import line, read, results


def records(*starts: tuple[int, dict[str, str]]) -> pl.DataFrame:
    """One race per start, on the given day of 2019 or of a later year (day 400 is in 2020)."""
    days = [date(2019, 1, 1) + timedelta(days=day) for day, _ in starts]
    races = [f"im703_r{number:02}_{on.year}" for number, on in enumerate(days)]
    frame, _ = read(*(line(**cells) for _, cells in starts))
    given: pl.DataFrame = frame.with_columns(
        pl.Series("race_id", races),
        pl.Series("result_id", races),
        pl.Series("year", [on.year for on in days], dtype=pl.Int32),
        pl.Series("race_on", days),
        pl.Series("known_on", days),
    )
    return given


def who(*starts: tuple[int, dict[str, str]]) -> list[tuple[str, str]]:
    """Athlete and decision of each start, in the order in which they became known."""
    named = identify(records(*starts)).records
    return list(named.select("athlete_id", pl.col("identity").cast(pl.String)).iter_rows())


def test_an_id_is_an_athlete():
    assert who((1, {}), (50, {}), (90, {})) == [("aa01", "first"), ("aa01", "contact"), ("aa01", "contact")]


def test_an_id_of_another_gender_is_somebody_else_and_goes_on_being_so():
    she = {"Gender": "F", "Division": "F40-44"}
    assert who((1, {}), (50, she), (90, {}), (120, she)) == [
        ("aa01", "first"),
        ("aa01~2", "split_gender"),
        ("aa01", "contact"),
        ("aa01~2", "contact"),
    ]


def test_ages_a_year_apart_are_one_athlete_and_more_are_two():
    assert who((1, {"Division": "M40-44"}), (50, {"Division": "M45-49"}))[1][1] == "contact"
    assert who((1, {"Division": "M40-44"}), (50, {"Division": "M50-54"}))[1] == ("aa01~2", "split_age")
    assert who((1, {"Division": "M40-44"}), (50, {"Division": "M30-34"}))[1] == ("aa01~2", "split_age")
    # Nine years on, the older age group is where the same athlete would be.
    assert who((1, {"Division": "M40-44"}), (9 * 365, {"Division": "M50-54"}))[1][1] == "contact"
    # A professional's page says no age.
    assert (
        who((1, {"Division": "M40-44"}), (50, {"Division": "MPRO"}), (60, {"Division": "M60-64"}))[2][1]
        == "split_age"
    )


def test_nobody_has_two_names_on_a_day():
    other = {"Name": "Athlete two"}
    assert who((1, {}), (1, other)) == [("aa01", "first"), ("aa01~2", "split_day")]
    # On another day the name is one that was taken since.
    assert who((1, {}), (2, other))[1] == ("aa01", "contact")
    # Who bore the name before the day goes on being the athlete.
    assert who((0, other), (1, {}), (1, other))[1:] == [("aa01~2", "split_day"), ("aa01", "contact")]


def test_lines_of_one_entry_are_one_athlete_whatever_their_totals():
    twice, _ = read(line(), line(), line(Total_Time="6:00:00"))
    assert identify(twice).records["athlete_id"].to_list() == ["aa01"] * 3
    assert who((1, {}), (1, {"Total_Time": "5:30:00"}))[1] == ("aa01", "contact")


def test_of_finishes_of_one_day_with_two_totals_models_learn_from_neither():
    found = results({"im703_here_2019": (date(2019, 5, 5), [line(), line(Total_Time="6:00:00")])})
    assert found["usable"].to_list() == [False, False]
    same = results({"im703_here_2019": (date(2019, 5, 5), [line(), line()])})
    assert same["usable"].to_list() == [True, False]


def undated(frame: pl.DataFrame, place: int) -> pl.DataFrame:
    """The records with the start at a place in a race without a date."""
    here = pl.int_range(pl.len()) == place
    return frame.with_columns(
        race_on=pl.when(~here).then("race_on"),
        known_on=pl.when(here).then(pl.date(pl.col("year"), 12, 31)).otherwise("known_on"),
    )


def by_race(frame: pl.DataFrame) -> dict[str, str]:
    named = identify(frame).records
    return dict(zip(named["race_id"], named["athlete_id"], strict=True))


@pytest.mark.parametrize("first", [{}, {"Gender": "F", "Division": "F40-44"}, {"ContactId": "bb02"}])
def test_a_start_without_a_date_is_given_to_an_athlete_of_new_years_day(first):
    """Its own year's starts, one of which may be what it would have been given by, have no say."""
    frame = undated(records((1, first), (50, {}), (400, {})), 1)
    alone = by_race(frame.filter(pl.col("race_id") == "im703_r01_2019"))
    assert by_race(frame)["im703_r01_2019"] == alone["im703_r01_2019"] == "aa01"


def test_a_start_without_a_date_is_known_when_its_year_is_over():
    old = {"ContactId": "bb02", "Name": "Athlete two"}
    frame = undated(
        records((1, {}), (50, old), (90, {**old, "ContactId": ""}), (400, {**old, "ContactId": ""})), 1
    )
    found = by_race(frame)
    assert found["im703_r02_2019"].startswith("start:")
    # Two athletes of the name were begun in the year: the next year cannot say who it is.
    assert found["im703_r03_2020"].startswith("start:")
    without = by_race(frame.filter(pl.col("race_id") != "im703_r02_2019"))
    assert without["im703_r03_2020"] == "bb02"


def test_a_name_is_followed_under_a_new_id_or_none_where_everything_fits():
    assert who(
        (1, {}), (50, {"ContactId": "bb02"}), (90, {"ContactId": "bb02"}), (99, {"ContactId": ""})
    ) == [
        ("aa01", "first"),
        ("aa01", "name_other_id"),
        ("aa01", "contact"),
        ("aa01", "name_without_id"),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"Country": "Japan"},
        {"Country": "Unknown"},
        {"Gender": "F", "Division": "F40-44"},
        {"Division": "M50-54"},
        {"Division": "MPRO"},
        {"Name": "Athlete two"},
        {"Name": ""},
    ],
)
def test_a_name_alone_is_not_plainly_one_athlete(other):
    assert who((1, {}), (50, {"ContactId": "bb02", **other}))[1] == ("bb02", "first")


def test_of_two_namesakes_nobody_can_say_which_it_is():
    third = {"ContactId": "cc03"}
    assert who((1, {}), (1, {"ContactId": "bb02", "Country": "Japan"}), (50, third))[2] == ("cc03", "first")


def test_namesakes_of_one_race_are_two_athletes():
    both, _ = read(line(), line(ContactId="bb02"))
    assert identify(both).records["athlete_id"].to_list() == ["aa01", "bb02"]


def test_a_start_without_id_and_name_is_its_own_athlete_and_so_is_every_team():
    unknown = {"ContactId": "", "Name": ""}
    team = {"Division": "MRELAY"}
    named = who((1, unknown), (2, unknown), (3, team), (4, team))
    assert len({athlete for athlete, _ in named}) == 4
    assert {how for _, how in named} == {"first"}


def test_every_decision_is_counted():
    found = identify(records((1, {}), (50, {}), (60, {"Gender": "F", "Division": "F40-44"})))
    assert sum(found.counts.values()) == found.records.height == 3
    assert (found.counts["first"], found.counts["contact"], found.counts["split_gender"]) == (1, 1, 1)


def test_nothing_to_identify_is_no_error():
    none = identify(records((1, {})).clear())
    assert none.records.is_empty()
    assert set(none.counts.values()) == {0}


STARTS = st.lists(
    st.tuples(
        st.integers(0, 1200),
        st.fixed_dictionaries(
            {
                "ContactId": st.sampled_from(["", "a", "b", "c"]),
                "Name": st.sampled_from(["", "one", "two"]),
                "Division": st.sampled_from(["M40-44", "M45-49", "M60-64", "F40-44", "MPRO", "MRELAY"]),
                "Country": st.sampled_from(["Japan", "Australia"]),
                "Total_Time": st.sampled_from(["", "5:00:00", "5:10:00"]),
                "Gender": st.just(""),
            }
        ),
    ),
    min_size=1,
    max_size=14,
)


@given(STARTS, st.integers(0, 1200))
def test_what_comes_later_never_changes_who_it_was(starts, cut):
    every = identify(records(*starts)).records
    earlier = records(*starts).filter(pl.col("known_on") < date(2019, 1, 1) + timedelta(days=cut))
    alone = identify(earlier).records
    assert every.head(alone.height).equals(alone)


@given(STARTS)
def test_an_athlete_is_one_gender_and_ages_as_the_years_go(starts):
    named = identify(records(*starts)).records.filter(pl.col("category") != "relay")
    for athlete in named.partition_by("athlete_id"):
        assert athlete["gender"].drop_nulls().n_unique() <= 1
        born_from = (athlete["year"] - athlete["age_high"]).drop_nulls().to_numpy()
        born_to = (athlete["year"] - athlete["age_low"]).drop_nulls().to_numpy()
        # Neighbouring ages are taken together twice at most: once on either side.
        assert np.max(born_from, initial=-9999) - np.min(born_to, initial=9999) <= 2
    assert identify(records(*starts)).records["athlete_id"].null_count() == 0


DAY = st.lists(
    st.fixed_dictionaries(
        {
            "ContactId": st.sampled_from(["a", "a", "b", ""]),
            "Name": st.sampled_from(["one", "two"]),
            "Division": st.sampled_from(["M40-44", "M45-49", "F40-44", "MRELAY"]),
            "Country": st.just("Japan"),
            "Total_Time": st.sampled_from(["", "5:00:00", "5:10:00"]),
            "Gender": st.just(""),
        }
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60)
@given(DAY, DAY, st.booleans(), st.randoms(use_true_random=False))
def test_what_came_of_a_days_starts_does_not_say_whose_they_are(before, starts, dated, chance):
    on = date(2019, 5, 5) if dated else None
    earlier, _ = read(*(line(**cells) for cells in before), folder="im703_then_2018", on=date(2018, 5, 5))
    frame, _ = read(*(line(**cells) for cells in starts), on=on)
    places = list(range(frame.height))
    chance.shuffle(places)
    outcome = ["line", "total_sec", "status"]
    otherwise = frame.with_columns(frame.select(outcome)[places])
    ours, then = (
        identify(pl.concat([earlier, f])).records.sort("result_id").select("result_id", "athlete_id")
        for f in (frame, otherwise)
    )
    assert then.equals(ours)


@settings(max_examples=60)
@given(STARTS, st.integers(0, 13))
def test_the_year_of_a_race_without_a_date_does_not_say_whose_its_starts_are(starts, place):
    frame = records(*starts)
    place %= frame.height
    frame = undated(frame, place)
    race, year = frame["race_id"][place], frame["year"][place]
    earlier = frame.filter((pl.col("year") < year) | (pl.col("race_id") == race))
    assert by_race(frame)[race] == by_race(earlier)[race]
