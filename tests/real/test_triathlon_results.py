"""The real results: every line of every page is in the table or set aside, and says what the page says.

The counts are made again from the files with the csv module, knowing nothing of how the table is made.
"""

from __future__ import annotations

import csv
import json
from collections import Counter

import polars as pl
import pytest

from formguide.schema import check
from formguide.triathlon import folders
from formguide.triathlon.results import read_season, results_of
from formguide.triathlon.tables import RaceResults


@pytest.fixture(scope="module")
def tree(real_data):
    return real_data("triathlon")


@pytest.fixture(scope="module")
def read(tree):
    """Every season as its files say it."""
    files = folders.read_folder(tree)[folders.RACES]
    seasons = folders.seasons_of({folders.RACES: files})
    return {
        season: read_season(
            season, {folders.RACES: {name.partition("/")[2]: files[name.partition("/")[2]] for name in names}}
        )
        for season, names in seasons.items()
    }


@pytest.fixture(scope="module")
def results(read):
    """The results of all of them."""
    return results_of(pl.concat([season.records for season in read.values()]))


@pytest.fixture(scope="module")
def pages(tree):
    """race → its lines as lists of cells, the header left out."""
    found = {}
    for file in sorted(tree.glob("*/*/default.tsv")):
        with file.open(newline="", encoding="utf-8") as opened:
            found[file.parent.name] = list(csv.reader(opened, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return found


def test_every_line_is_in_the_table_or_set_aside(read, results, pages):
    rows = dict(results.table.group_by("race_id").len().iter_rows())
    assert rows == {race: len(lines) for race, lines in pages.items()}
    assert sum(season.lines for season in read.values()) == sum(rows.values())
    assert [str(reject) for season in read.values() for reject in season.rejects] == []
    check(results.table, RaceResults)


def test_finishers_and_totals_are_the_pages(results, pages):
    table = results.table
    for race, lines in pages.items():
        ours = table.filter(pl.col("race_id") == race)
        timed = [cells for cells in lines if cells[6]]
        assert ours["total_sec"].count() == len(timed), race
        seconds = sum(int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in (c[6].split(":") for c in timed))
        assert ours["total_sec"].sum() == seconds, race
        # A page without a word on the status has finishers only where there is a total.
        said = Counter(
            (cells[13] if len(cells) > 13 else "") or ("FIN" if cells[6] else "") for cells in lines
        )
        assert dict(ours.group_by(pl.col("status").cast(pl.String)).len().iter_rows()) == dict(said), race


def test_dates_are_the_weather_files(results, tree):
    dates = {
        file.parent.name: json.loads(file.read_bytes())["date"] for file in tree.glob("*/*/weather-data.json")
    }
    ours = results.table.group_by("race_id").agg(
        pl.col("race_on").first(), pl.col("known_on").first(), pl.col("year").first()
    )
    assert ours["race_on"].null_count() == ours.height - len(dates)
    for race, on, known, year in ours.iter_rows():
        assert (on.isoformat() if on else None) == dates.get(race), race
        assert known.isoformat() == dates.get(race, f"{year}-12-31"), race


def test_races_that_are_known_to_have_been_shortened_are_marked(results):
    """Reported at the time: sharks off Busselton 2017, a storm at Taupo 2012, swims cut short in
    Melbourne 2013 and elsewhere. And hardly any other race is marked."""
    marked = dict(
        results.table.drop_nulls("shortened_legs")
        .group_by("race_id")
        .agg(pl.col("shortened_legs").first())
        .iter_rows()
    )
    assert marked["ironman_western_australia_2017"] == marked["im703_western_australia_2017"] == "swim"
    assert marked["ironman_new_zealand_2012"] == "swim,bike,run"
    assert marked["ironman_melbourne_2013"] == marked["ironman_taiwan_2018"] == "swim"
    assert marked["im703_taupo_2017"] == marked["im703_busselton_2018"] == "swim"
    assert len(marked) <= 10


def test_few_rows_cannot_be_and_every_flag_has_its_reason(results):
    table = results.table
    assert (table["implausible"] == table["implausible_reason"].is_not_null()).all()
    assert table["implausible"].sum() < 0.02 * table.height
    dropped = table.filter(
        (pl.col("status") == "FIN") & pl.col("shortened_legs").is_null() & ~pl.col("usable")
    )
    assert dropped.height < 0.015 * table.height


def test_athletes_are_one_person_each(results):
    named = results.table.filter(pl.col("category") != "relay")
    genders = named.group_by("athlete_id").agg(pl.col("gender").drop_nulls().n_unique().alias("n"))
    # Starts without a date know nothing of their year: two of one new id may be two people.
    assert (genders["n"] > 1).mean() < 1e-4
    dated = named.filter(pl.col("race_on").is_not_null()).group_by("athlete_id")
    assert dated.agg(pl.col("gender").drop_nulls().n_unique())["gender"].max() == 1
    # Who starts on a day is settled before it, so an id may finish twice; none of it is learnt from then.
    days = named.filter(pl.col("usable") & pl.col("race_on").is_not_null())
    races = days.group_by("athlete_id", "race_on").agg(pl.col("race_id").n_unique().alias("n"))
    assert races["n"].max() == 1
    assert sum(results.identities.values()) == results.table.height
    assert results.identities["split_gender"] > 10
    assert results.identities["split_age"] > 50


def test_who_is_joined_by_name_races_like_who_is_joined_by_id(results):
    """If a name's next start were somebody else's, its time would say little of the last one: it says
    nearly as much as under one id, and far more than a namesake's of the same gender and age would."""
    rel = pl.col("total_sec").cast(pl.Float64).log()
    rows = results.table.filter(pl.col("usable") & (pl.col("category") == "age_group"))
    rows = rows.with_columns((rel - rel.mean().over("race_id", "gender")).alias("rel"))
    pairs = rows.with_columns(
        pl.col("rel").shift(1).over("athlete_id").alias("last"),
        pl.col("distance").shift(1).over("athlete_id").alias("last_distance"),
    ).filter(pl.col("last").is_not_null() & (pl.col("distance") == pl.col("last_distance")))
    said = dict(pairs.group_by(pl.col("identity").cast(pl.String)).agg(pl.corr("rel", "last")).iter_rows())
    assert said["contact"] > 0.84
    assert said["name_other_id"] > said["contact"] - 0.05
    assert said["name_without_id"] > said["contact"] - 0.05


def test_nearly_every_country_is_one(results):
    assert results.table["country"].null_count() < 0.025 * results.table.height
    assert {"AUS", "NZL", "JPN", "TWN", "KOR"} <= set(results.table["country"].drop_nulls())
