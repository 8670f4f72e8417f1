"""Three real seasons: what was played, counted twice."""

from __future__ import annotations

import json

import polars as pl
import pytest

from formguide import schema
from formguide.baseball import archive, checks, feed, results, retrosheet, savant, truncate
from formguide.baseball.results import build_season
from formguide.baseball.tables import SOURCE_TABLES, PlateAppearances
from formguide.records import Reject
from formguide.schema import dtypes

PLAYED = {2022: (182_052, 2_430), 2023: (184_104, 2_430), 2024: (182_449, 2_429)}
DOCUMENTS = (717055, 744914, 747175)


@pytest.fixture(scope="module")
def files(real_data):
    return results.read_folder(real_data("baseball"))


@pytest.fixture(scope="module")
def seasons(files):
    days = {
        season: {p: b for p, b in files["plate_appearances"].items() if p.startswith(str(season))}
        for season in PLAYED
    }
    return {season: archive.read_season(season, bodies) for season, bodies in days.items()}


@pytest.fixture(scope="module")
def documents(files):
    def read(pk):
        name = f"feed_live_{pk}.json"
        return feed.read_feed(name, files["mlb_api"][name])

    return {pk: read(pk) for pk in DOCUMENTS}


@pytest.mark.parametrize("season", PLAYED)
def test_every_plate_appearance_of_a_season_is_there(season, seasons, files):
    tables = seasons[season]
    assert (tables.plate_appearances.height, tables.games.height) == PLAYED[season]
    assert not tables.rejects and not tables.notes
    for table in SOURCE_TABLES:
        schema.check(tables.tables[table.name], table)
    finding = checks.no_gaps(tables.plate_appearances)
    assert finding.passed and finding.count == 0, finding.said
    rejects: list[Reject] = []
    name = f"teams-{season}.csv"
    totals = retrosheet.read_totals(season, {name: files["retrosheet_totals"][name]}, rejects)
    finding = checks.totals_agree(tables.plate_appearances, totals)
    # A hit that was taken back in 2022, and a man who played for both teams of one game in 2024.
    assert finding.passed and finding.count <= 2 and not rejects, finding.said
    assert tables.lineups.height == 18 * tables.games.height


def test_the_order_of_the_batters_and_savants_pitches_agree_on_everything_they_share(seasons, files):
    pitched = savant.read_pitches(2024, files["pitches"]).plate_appearances
    days = seasons[2024].plate_appearances
    both = days.join(pitched, on=["game_pk", "at_bat_index"], suffix="_said")
    assert both.height == days.height == pitched.height
    for name in ("inning", "event", "batting_team_id", "pitcher_id", "pitcher_is_starter", "game_date"):
        assert both.filter(pl.col(name) != pl.col(f"{name}_said")).is_empty(), name
    assert both.filter(pl.col("batter_id") != pl.col("batter_id_said")).height == 1
    assert both.filter(pl.col("slot") != pl.col("slot_said")).is_empty()
    assert both["slot_said"].null_count() < 0.01 * both.height


@pytest.mark.parametrize("pk", DOCUMENTS)
def test_a_games_document_says_what_its_archived_day_says(pk, documents, seasons):
    reading = documents[pk]
    assert not reading.rejects and not reading.notes and reading.game["state"] == "final"
    declared = dtypes(PlateAppearances)
    ours = pl.DataFrame(reading.plate_appearances, schema=declared)
    schema.check(ours, PlateAppearances)
    archived = seasons[reading.game["season"]].plate_appearances.filter(game_pk=pk)
    both = archived.join(ours, on="at_bat_index", how="full", suffix="_said")
    assert both.height == archived.height == ours.height
    # Accents came later than the document, and a sweeper used to be called a slider.
    apart = {"source", "fingerprint", "batter", "pitcher", "last_pitch_type", "at_bat_index"}
    given = [name for name in declared if name not in apart and archived[name].null_count() < archived.height]
    assert {"slot", "is_starter", "inning", "event", "last_pitch_speed_mph", "launch_speed_mph"} <= set(given)
    for name in given:
        if declared[name].is_float():
            wrong = both.filter((pl.col(name) - pl.col(f"{name}_said")).abs() > 1e-9)
        else:
            wrong = both.filter(pl.col(name).ne_missing(pl.col(f"{name}_said")))
        assert wrong.is_empty(), (name, wrong.select(name, f"{name}_said"))


def test_a_document_cut_at_any_play_says_what_it_says_in_the_end_of_the_plays_so_far(files):
    document = feed.read_json(files["mlb_api"]["feed_live_717055.json"])

    def read(cut):
        reading = feed.read_feed("cut", json.dumps(cut).encode())
        assert not reading.rejects and not reading.notes
        return reading

    def rows(reading):
        return [{k: v for k, v in row.items() if k != "fingerprint"} for row in reading.plate_appearances]

    whole = rows(read(document))
    for plays in range(0, 74, 3):
        for pitches in (0, 2):
            reading = read(truncate.cut(document, plays, pitches=pitches))
            assert rows(reading) == whole[:plays], plays
            assert reading.game["state"] == "live" and len(reading.lineups) == 18
    for lineups in (False, True):
        reading = read(truncate.preview(document, lineups=lineups))
        assert (reading.game["state"], len(reading.lineups)) == ("preview", 18 * lineups)
        assert reading.game["home_probable_id"] == 676106 and reading.game["home_starter_id"] is None


def test_pitches_without_type_or_tracking_are_counted(files, real_data):
    malformed = feed.read_json((real_data("baseball") / "mlb_api/malformed_play_events.json").read_bytes())
    document = feed.read_json(files["mlb_api"]["feed_live_717055.json"])
    document["liveData"]["plays"]["allPlays"] = [malformed]
    reading = feed.read_feed("malformed", json.dumps(document).encode())
    (row,) = reading.plate_appearances
    assert not reading.rejects
    assert (row["pitches"], row["fouls"], row["in_play"], row["pitches_other"]) == (2, 1, 1, 1)
    assert (row["pitch_speed_mean_mph"], row["last_pitch_speed_mph"]) == (34.9, None)
    assert (row["last_pitch_type"], row["last_pitch_call"]) == (None, "in_play")
    assert (row["trajectory"], row["launch_speed_mph"]) == ("ground_ball", None)


def test_a_document_fills_every_column(documents):
    rows = [row for reading in documents.values() for row in reading.plate_appearances]
    frame = pl.DataFrame(rows, schema=dtypes(PlateAppearances))
    empty = [name for name in frame.columns if frame[name].null_count() == frame.height]
    assert empty == []
    sums = frame.select("called_balls", "called_strikes", "swinging_strikes", "fouls", "in_play")
    hit = (frame["event"] == "hit_by_pitch").cast(pl.Int32)
    assert (sums.sum_horizontal() + hit == frame["pitches"]).all()
    types = frame.select(pl.col("^pitches_.*$")).sum_horizontal()
    assert (types == frame["pitches"]).all(), "every pitch of these games has a known type"
    lineups = [row for reading in documents.values() for row in reading.lineups]
    assert len(lineups) == 3 * 18 and all(row["bat_side"] and row["position"] for row in lineups)


def test_pitch_tables_of_2020_give_plate_appearances_of_their_own(files):
    tables = build_season(2020, {"savant_csv": files["savant_csv"]})
    assert tables.games.height == 8 and not tables.rejects
    frame = tables.plate_appearances
    assert frame.height == 634 and frame["catcher_id"].null_count() == 0
    counts = frame.select("called_balls", "called_strikes", "swinging_strikes", "fouls", "in_play")
    hit = (frame["event"] == "hit_by_pitch").cast(pl.Int32)
    assert (counts.sum_horizontal() + hit == frame["pitches"]).all()
    assert set(frame.filter(event="strikeout")["strikes"]) == {3}
    assert set(frame.filter(event="walk")["balls"]) == {4}


def test_schedules_give_games_that_were_put_off(files):
    tables = build_season(2022, {"mlb_api": files["mlb_api"]})
    assert dict(tables.games.group_by("state").len().rows()) == {"final": 7, "postponed": 2}


def test_a_season_of_all_sources_together(files):
    tables = build_season(2024, files)
    assert (tables.plate_appearances.height, tables.games.height) == PLAYED[2024]
    assert not tables.rejects and len(tables.notes) == 1
    found = dict(tables.plate_appearances.group_by("source").len().rows())
    assert found == {"archive+savant": 182_306, "feed+savant": 143}
    unknown = tables.plate_appearances.filter(pl.col("pitches").is_null())
    # Balls given without a pitch cannot be told apart in the small table.
    assert set(unknown.filter(pl.col("game_pk") != 745604)["event"]) == {"intent_walk"}
    doubles = tables.games.filter("doubleheader")
    rejects: list[Reject] = []
    totals = retrosheet.read_totals(2024, files["retrosheet_totals"], rejects)
    sure = retrosheet.game_numbers(totals, tables.plate_appearances)
    assert sure.height == doubles.height == 58
    assert sure.join(doubles, on=["game_pk", "game_number"]).height == 58, "every doubleheader is in order"
