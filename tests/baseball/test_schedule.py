"""Schedules: which entry of a game is believed, and what is set aside."""

from __future__ import annotations

import datetime as dt

import pytest

from formguide.baseball.schedule import believed, read_schedule
from tests.baseball import documents_by_hand as by_hand
from tests.baseball.documents_by_hand import as_bytes, schedule, schedule_game


def read(document):
    reading = read_schedule("schedules/2024-05-01.json", as_bytes(document))
    return reading, believed(reading.entries)


def test_a_game_as_it_is_listed():
    more = {"probablePitcher": {"id": 1150, "fullName": "Player 1150"}}
    game = schedule_game(doubleHeader="S", gameNumber=2, scheduledInnings=7)
    game["teams"]["home"] |= more
    _, (row,) = read(schedule(("2024-05-01", [game])))
    assert (row["home_probable_id"], row["away_probable_id"]) == (1150, None)
    assert (row["doubleheader"], row["game_number"], row["scheduled_innings"]) == (True, 2, 7)
    assert row["start_at"] == dt.datetime(2024, 5, 1, 23, 5) and row["state"] == "preview"
    assert (row["home_team_id"], row["away_team"], row["venue"]) == (111, "New York Yankees", "Fenway Park")


def test_a_game_that_is_warming_up_has_not_begun():
    _, (row,) = read(schedule(("2024-05-01", [schedule_game(status=by_hand.WARMUP)])))
    assert row["state"] == "preview"


def test_a_game_put_off_is_believed_where_it_is_played():
    put_off = schedule_game(date="2024-05-02", status=by_hand.POSTPONED)
    played = schedule_game(date="2024-05-02", status=by_hand.FINAL)
    for days in ([("2024-05-01", [put_off]), ("2024-05-02", [played])], [("2024-05-02", [played, put_off])]):
        _, (row,) = read(schedule(*days))
        assert (row["game_date"], row["state"]) == (dt.date(2024, 5, 2), "final")
    _, (row,) = read(schedule(("2024-05-01", [put_off])))
    assert (row["game_date"], row["state"]) == (dt.date(2024, 5, 2), "postponed")


def test_a_suspended_game_is_one_game_of_the_day_it_began():
    began = schedule_game(date="2024-06-26", status=by_hand.FINAL)
    resumed = schedule_game(date="2024-06-26", status=by_hand.FINAL, resumedFromDate="2024-06-26")
    _, rows = read(schedule(("2024-06-26", [began]), ("2024-08-26", [resumed])))
    assert [row["game_date"] for row in rows] == [dt.date(2024, 6, 26)]
    moved = schedule_game(date="2024-08-26", status=by_hand.FINAL, resumedFromDate="2024-06-26")
    _, (row,) = read(schedule(("2024-08-26", [moved])))
    assert row["game_date"] == dt.date(2024, 6, 26)


def test_other_games_are_passed_over_and_bad_ones_set_aside():
    bad = schedule_game(game_pk=7002)
    del bad["teams"]["home"]
    final = schedule_game(game_pk=7003, gameType="W", teams={})
    reading, rows = read(schedule(("2024-05-01", [schedule_game(), bad, final])))
    assert [row["game_pk"] for row in rows] == [7001]
    assert [(r.row, r.field) for r in reading.rejects] == [(1, "teams.home")]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"dates": 1}', b'{"dates": [{"games": [{}]}]}', b"null"])
def test_what_is_no_schedule_is_set_aside_whole(body):
    reading = read_schedule("x", body)
    assert not reading.entries and len(reading.rejects) == 1


def test_the_fingerprint_says_whether_anything_changed():
    _, (one,) = read(schedule(("2024-05-01", [schedule_game()])))
    _, (same,) = read(schedule(("2024-05-01", [schedule_game(publicFacing=True)])))
    _, (other,) = read(schedule(("2024-05-01", [schedule_game(status=by_hand.POSTPONED)])))
    assert one["fingerprint"] == same["fingerprint"] != other["fingerprint"]
