"""A season from all sources together: which one is taken, and what the others add."""

from __future__ import annotations

import copy
import datetime as dt
import gzip

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formguide import schema
from formguide.baseball.results import build_season
from formguide.baseball.tables import SOURCE_TABLES
from tests.baseball import documents_by_hand as by_hand
from tests.baseball.days_by_hand import half, parquet, thrown
from tests.baseball.documents_by_hand import as_bytes, feed, play, schedule, schedule_game

NINE = list(range(1201, 1210))


def build(season=2023, **files):
    tables = build_season(season, files)
    for table in SOURCE_TABLES:
        schema.check(tables.tables[table.name], table)
    return tables


def feeds(*documents):
    return {f"2023/{d['gameData']['game']['pk']}.json": as_bytes(d) for d in documents}


def a_feed(plays=None, **more):
    return feed(by_hand.innings(1) if plays is None else plays, **{"date": "2023-05-01"} | more)


def days(*rows):
    return {"2023/2023-05-01.parquet": parquet(list(rows))}


def test_a_finished_games_document_comes_before_the_archived_day():
    archived = half(0, NINE[:3]) + half(0, NINE[:2], game_pk=7002)
    tables = build(feeds=feeds(a_feed()), plate_appearances=days(*archived))
    assert tables.games.select("game_pk", "source").rows() == [(7001, "feed"), (7002, "archive")]
    assert tables.plate_appearances.group_by("source").len().sort("source").rows() == [
        ("archive", 2),
        ("feed", 6),
    ]
    assert set(tables.lineups.filter(game_pk=7001)["derived"]) == {False}


@pytest.mark.parametrize("status", [by_hand.SCHEDULED, by_hand.LIVE])
def test_an_unfinished_document_gives_way_to_the_archived_day(status):
    tables = build(feeds=feeds(a_feed(status=status)), plate_appearances=days(*half(0, NINE[:3])))
    (game,) = tables.games.to_dicts()
    assert (game["source"], game["state"]) == ("archive", "final")
    assert tables.plate_appearances.height == 3 and set(tables.lineups["derived"]) == {True}


def test_of_two_documents_of_a_game_the_one_that_is_further_on_counts():
    early = as_bytes(a_feed([play(0, 1201)], status=by_hand.LIVE))
    late = gzip.compress(as_bytes(a_feed()))
    for files in (
        {"mlb_api": {"feed_live_7001.json": early}, "feeds": {"2023/7001.json.gz": late}},
        {"mlb_api": {"feed_live_7001.json.gz": late}, "feeds": {"2023/7001.json": early}},
    ):
        tables = build(**files)
        assert tables.games["state"].to_list() == ["final"] and tables.plate_appearances.height == 6
        assert len(tables.notes) == 1 and "another document of game 7001" in tables.notes[0]


def test_a_schedule_brings_games_to_come_and_numbers_those_played():
    played = schedule_game(7001, "2023-05-01", by_hand.FINAL, doubleHeader="S", gameNumber=2)
    ahead = schedule_game(7002, "2023-05-02")
    document = as_bytes(schedule(("2023-05-01", [played]), ("2023-05-02", [ahead])))
    tables = build(plate_appearances=days(*half(0, NINE[:3])), schedules={"2023-05-01.json": document})
    first, second = tables.games.to_dicts()
    assert (first["source"], first["game_number"], first["doubleheader"]) == ("archive", 2, True)
    assert (first["venue_id"], first["start_at"]) == (3, dt.datetime(2023, 5, 1, 23, 5))
    assert tables.plate_appearances["game_number"].unique().to_list() == [2]
    assert (second["source"], second["state"], second["game_pk"]) == ("schedule", "preview", 7002)


def test_a_game_put_off_after_its_document_was_read_is_where_the_schedule_has_it():
    document = schedule(("2023-05-03", [schedule_game(7001, "2023-05-03")]))
    tables = build(
        feeds=feeds(a_feed([], status=by_hand.SCHEDULED)), schedules={"2023-05-03.json": as_bytes(document)}
    )
    (game,) = tables.games.to_dicts()
    assert (game["game_date"], game["state"], game["source"]) == (dt.date(2023, 5, 3), "preview", "feed")
    assert set(tables.lineups["game_date"]) == {dt.date(2023, 5, 3)}
    # Rained out on the day itself, and nobody knows yet until when.
    rained = schedule(("2023-05-01", [schedule_game(7001, "2023-05-01", by_hand.POSTPONED)]))
    tables = build(
        feeds=feeds(a_feed([], status=by_hand.SCHEDULED)), schedules={"2023-05-01.json": as_bytes(rained)}
    )
    assert tables.games["state"].to_list() == ["postponed"]


def test_what_a_finished_document_says_stands_alone():
    late = schedule_game(7001, "2023-05-09", by_hand.POSTPONED, venue={"id": 9, "name": "Elsewhere"})
    alone = build(feeds=feeds(a_feed()))
    both = build(
        feeds=feeds(a_feed()), schedules={"2023-05-09.json": as_bytes(schedule(("2023-05-09", [late])))}
    )
    assert both.games.equals(alone.games) and both.plate_appearances.equals(alone.plate_appearances)


def test_pitches_fill_in_what_the_archived_day_lacks():
    pitches = [thrown(1, 1), thrown(1, 2, event="field_out", bb_type="line_drive")]
    pitches += [thrown(2, 1, 1202, "field_out"), thrown(3, 1, 1999, "field_out")]
    alone = build(plate_appearances=days(*half(0, NINE[:3]))).plate_appearances
    tables = build(plate_appearances=days(*half(0, NINE[:3])), pitches={"a.parquet": parquet(pitches)})
    found = tables.plate_appearances
    assert found["pitches"].to_list() == [2, 1, None], "the third says another batter"
    assert found["trajectory"].to_list() == ["ground_ball"] * 3, "what is there stays"
    assert found["source"].to_list() == ["archive+savant"] * 3
    assert found["fingerprint"].n_unique() == 1 and found["fingerprint"][0] != alone["fingerprint"][0]
    assert tables.notes == ["game 7001, play 2: Savant says another batter, its pitches are not added"]


def test_pitches_alone_make_plate_appearances():
    tables = build(pitches={"a.parquet": parquet([thrown(1, 1, event="single")])})
    (row,) = tables.plate_appearances.to_dicts()
    assert (row["source"], row["is_hit"], row["venue"], row["batter"]) == ("savant", True, None, None)


def test_postponed_and_other_seasons_games_have_no_plate_appearances():
    other = feed(by_hand.innings(1), game_pk=7009, date="2022-05-01")
    tables = build(
        feeds=feeds(a_feed(status=by_hand.POSTPONED)), mlb_api={"feed_live_7009.json": as_bytes(other)}
    )
    assert tables.plate_appearances.is_empty() and tables.games["state"].to_list() == ["postponed"]


def test_bad_documents_are_set_aside_and_must_be_read_again():
    bad = a_feed(game_pk=7002)
    bad["liveData"]["plays"]["allPlays"][1]["matchup"]["batSide"] = {}
    broken = a_feed(game_pk=7003)
    broken["liveData"]["plays"]["allPlays"][2]["about"]["inning"] = 0
    tables = build(feeds=feeds(a_feed(), bad, broken) | {"2023/7004.json": b"<html>"})
    counts = dict(tables.plate_appearances.group_by("game_pk").len().rows())
    assert counts == {7001: 6, 7002: 5, 7003: 5} and len(tables.rejects) == 3
    marks = dict(tables.games.select("game_pk", "fingerprint").rows())
    assert tables.again == sorted([marks[7002], marks[7003]])


def test_a_season_of_which_nothing_is_known_is_empty():
    tables = build()
    assert tables.games.is_empty() and tables.lineups.is_empty() and tables.plate_appearances.is_empty()
    assert not tables.rejects and not tables.notes


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


WHOLE = a_feed()
PLACES = [path for path in places(WHOLE) if path]


@settings(max_examples=15)
@given(st.sampled_from(PLACES), st.sampled_from([None, "x", 0, -1, 10**20, 2**40, 1e300, [], {}, "2023"]))
def test_whatever_stands_in_a_document_the_season_is_made(path, value):
    document = copy.deepcopy(WHOLE)
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    tables = build(
        feeds={"2023/7001.json": as_bytes(document), "2023/7002.json": as_bytes(a_feed(game_pk=7002))}
    )
    assert 7002 in tables.games["game_pk"].to_list()
    assert tables.plate_appearances.filter(pl.col("game_pk") == 7002).height == 6
