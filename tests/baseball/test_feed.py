"""Game documents: what is counted, in every state a game can be in, and what is set aside."""

from __future__ import annotations

import copy
import datetime as dt
import gzip
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide.baseball.feed import read_feed, wind
from formguide.baseball.feed_records import Status
from formguide.baseball.states import game_state
from tests.baseball import documents_by_hand as by_hand
from tests.baseball.documents_by_hand import AWAY, HOME, NINE, as_bytes, feed, pitch, play


def read(document):
    return read_feed("feeds/2024/7001.json", as_bytes(document))


def one(play_of_it, **more):
    """The single plate appearance of a game of one play."""
    reading = read(feed([play_of_it], **more))
    assert not reading.rejects
    (row,) = reading.plate_appearances
    return row


def test_a_plate_appearance_is_added_up_from_its_pitches():
    thrown = [
        pitch("Ball", "SL"),
        pitch("Called Strike"),
        pitch("Foul", "FA"),
        pitch("Foul Tip", "CU"),
        pitch("Swinging Strike (Blocked)", "CH") | {"pitchData": {"startSpeed": 80.0, "breaks": {}}},
    ]
    row = one(play(0, 1201, "strikeout", events=thrown, count={"balls": 1, "strikes": 3, "outs": 2}))
    assert (row["balls"], row["strikes"], row["outs_after"], row["pitches"]) == (1, 3, 2, 5)
    assert (row["called_balls"], row["called_strikes"], row["swinging_strikes"]) == (1, 1, 2)
    assert (row["fouls"], row["in_play"], row["is_hit"]) == (1, 0, False)
    assert (row["pitches_ff"], row["pitches_sl"], row["pitches_cu"], row["pitches_ch"]) == (1, 1, 1, 1)
    assert row["pitches_other"] == 1, "a fastball of no special kind"
    assert row["pitch_speed_mean_mph"] == pytest.approx((4 * 90 + 80) / 5)
    assert row["spin_rate_mean_rpm"] == 2200 and row["extension_mean_ft"] == 6.0
    assert row["break_mean_in"] == pytest.approx(5.0), "3 inches sideways and 4 of rise"
    assert (row["last_pitch_type"], row["last_pitch_call"]) == ("CH", "swinging_strike")
    assert (row["last_pitch_speed_mph"], row["last_pitch_spin_rpm"], row["last_pitch_break_in"]) == (
        80.0,
        None,
        None,
    )
    assert row.get("launch_speed_mph") is None


def test_a_batted_ball_is_taken_from_the_pitch_put_in_play():
    hit = {
        "launchSpeed": 101.5,
        "launchAngle": 18.0,
        "totalDistance": 390.0,
        "trajectory": "line_drive",
        "hardness": "hard",
    }
    row = one(play(0, 1201, "double", events=[pitch("Foul"), pitch("In play, no out", hitData=hit)]))
    assert row["is_hit"] and row["in_play"] == 1
    assert (row["launch_speed_mph"], row["launch_angle_deg"], row["hit_distance_ft"]) == (101.5, 18.0, 390.0)
    assert (row["trajectory"], row["hardness"]) == ("line_drive", "hard")
    assert row["last_pitch_break_in"] == pytest.approx(math.hypot(3.0, -4.0))


def test_balls_given_without_a_pitch_are_no_pitches():
    given_ball = {
        "isPitch": False,
        "type": "no_pitch",
        "details": {
            "call": {"code": "VB", "description": "Automatic Ball - Intentional"},
            "description": "Automatic Ball - Intentional",
        },
    }
    older = pitch("Automatic Ball", None)
    row = one(play(0, 1201, "intent_walk", events=[pitch("Ball"), older, given_ball, given_ball]))
    assert row["pitches"] == 1 and row["called_balls"] == 1
    assert (row["last_pitch_call"], row["last_pitch_type"]) == ("ball", None)


def test_a_pitch_without_a_known_type_or_tracking_counts_as_a_pitch():
    untracked = pitch("Ball", None) | {"pitchData": {"breaks": {}}}
    untracked["details"]["type"] = {"description": "Unknown"}
    row = one(play(0, 1201, events=[untracked, pitch("In play, out(s)", "SI")]))
    assert row["pitches"] == 2 and row["pitches_si"] == 1 and row["pitches_other"] == 0
    assert row["pitch_speed_mean_mph"] == 90.0
    row = one(play(0, 1201, events=[untracked]))
    assert row["pitches"] == 1 and row.get("pitches_ff") is None, "of no pitch is the type known"
    assert row["pitch_speed_mean_mph"] is None


def test_who_and_where_comes_from_the_document():
    reading = read(feed(by_hand.innings(1)))
    game = reading.game
    assert (game["game_date"], game["start_at"]) == (dt.date(2024, 5, 1), dt.datetime(2024, 5, 1, 23, 5))
    assert (game["temp_f"], game["wind_mph"], game["wind_direction"]) == (61.0, 12.0, "In From CF")
    assert (game["roof_type"], game["plate_umpire_id"], game["state"]) == ("Open", 900, "final")
    assert (game["home_starter_id"], game["away_probable_id"]) == (1150, 1250)
    first, fourth = reading.plate_appearances[0], reading.plate_appearances[3]
    assert (first["batting_team_id"], first["fielding_team_id"], first["is_home_batting"]) == (
        AWAY,
        HOME,
        False,
    )
    assert (fourth["batting_team_id"], fourth["slot"], fourth["is_starter"]) == (HOME, 1, True)
    assert first["catcher_id"] == NINE[HOME][0] and fourth["catcher_id"] == NINE[AWAY][0]
    assert first["pitcher_is_starter"] and first["weather_condition"] == "Cloudy"
    slots = [row for row in reading.lineups if row["team_id"] == HOME]
    assert [row["batter_id"] for row in slots] == list(NINE[HOME])
    assert (slots[0]["bat_side"], slots[1]["bat_side"], slots[0]["position"]) == ("S", "R", "C")
    assert not any(row["derived"] for row in slots)


def test_substitutes_keep_the_place_of_whom_they_replace():
    pinch = by_hand.box_player(1190, 301, "PH", "C")
    change = {
        "type": "action",
        "isPitch": False,
        "details": {"eventType": "defensive_switch", "description": "He stays in the game as the catcher."},
        "player": {"id": 1190},
        "position": {"abbreviation": "C"},
    }
    plays = [
        play(0, 1201),
        play(1, 1190, top=False),
        play(2, 1202, inning=2, events=[change, pitch("In play, out(s)")]),
        play(3, 1203, inning=2, pitcher=1160),
    ]
    rows = read(feed(plays, extra=[pinch])).plate_appearances
    assert (rows[1]["slot"], rows[1]["is_starter"]) == (3, False)
    assert [row["catcher_id"] for row in rows] == [1101, 1201, 1190, 1190]
    assert [row["pitcher_is_starter"] for row in rows] == [True, True, True, False]


@pytest.mark.parametrize("event", ["pickoff_1b", "caught_stealing_2b", "wild_pitch", "other_out"])
def test_an_inning_that_ends_on_the_bases_is_nobodys_plate_appearance(event):
    plays = [play(0, 1201), play(1, 1202, event), play(2, 1101, top=False), play(3, 1202, inning=2)]
    reading = read(feed(plays))
    assert [row["at_bat_index"] for row in reading.plate_appearances] == [0, 2, 3] and not reading.rejects


@pytest.mark.parametrize(
    ("status", "state", "counted"),
    [
        (by_hand.SCHEDULED, "preview", 0),
        (by_hand.WARMUP, "preview", 0),
        (by_hand.LIVE, "live", 1),
        (by_hand.SUSPENDED, "suspended", 1),
        (by_hand.POSTPONED, "postponed", 0),
        (by_hand.FINAL, "final", 1),
    ],
)
def test_every_state_of_a_game(status, state, counted):
    under_way = play(1, 1202, "", complete=False)
    del under_way["count"], under_way["result"]
    reading = read(feed([play(0, 1201), under_way], status=status))
    assert reading.game["state"] == state and len(reading.plate_appearances) == counted
    assert not reading.rejects
    assert (reading.game["home_starter_id"] is None) == (counted == 0)


@pytest.mark.parametrize(
    ("coded", "detailed", "abstract", "state"),
    [
        ("O", "Game Over", "Final", "final"),
        ("F", "Completed Early: Rain", "Final", "final"),
        ("I", "Delayed: Rain", "Live", "live"),
        ("M", "Manager challenge", "Live", "live"),
        ("P", "Pre-Game", "Preview", "preview"),
        ("P", "Delayed Start: Rain", "Preview", "preview"),
        ("U", "Suspended", "Final", "suspended"),
        ("C", "Cancelled", "Final", "cancelled"),
        ("", "Postponed: Rain", "Final", "postponed"),
        ("", "", "", "preview"),
    ],
)
def test_states_in_mlbs_words(coded, detailed, abstract, state):
    status = Status(coded_game_state=coded, detailed_state=detailed, abstract_game_state=abstract)
    assert game_state(status) == state


def test_a_suspended_game_stays_on_the_day_it_began():
    when = {"officialDate": "2024-08-26", "resumedFromDate": "2024-06-26"}
    reading = read(feed([play(0, 1201)], when=when))
    assert reading.game["game_date"] == dt.date(2024, 6, 26)
    assert reading.plate_appearances[0]["game_date"] == dt.date(2024, 6, 26)


def test_seven_innings_and_the_second_game_are_marked():
    reading = read(feed([play(0, 1201)], innings=7, game={"doubleHeader": "S", "gameNumber": 2}))
    assert reading.plate_appearances[0]["seven_inning"] and reading.plate_appearances[0]["game_number"] == 2
    assert reading.game["doubleheader"] and reading.game["scheduled_innings"] == 7


def test_a_preview_has_a_line_up_only_once_all_nine_are_named():
    assert read(feed(status=by_hand.SCHEDULED, lineups=False)).lineups == []
    assert len(read(feed(status=by_hand.SCHEDULED)).lineups) == 18
    some = feed(status=by_hand.SCHEDULED)
    del some["liveData"]["boxscore"]["teams"]["home"]["players"]["ID1104"]
    reading = read(some)
    assert {row["team_id"] for row in reading.lineups} == {AWAY}
    assert reading.notes == ["feeds/2024/7001.json: the home team's line-up has 8 of 9 places"]


def test_an_event_that_cannot_be_read_is_set_aside_and_its_play_stays_without_counts():
    broken = pitch("Ball") | {"pitchData": {"startSpeed": "fast"}}
    reading = read(feed([play(0, 1201, events=[broken, pitch("In play, out(s)")]), play(1, 1202)]))
    (reject,) = reading.rejects
    assert reject.row == 0 and reject.field == "playEvents.0.pitchData.startSpeed" and "fast" in reject.reason
    assert json.loads(reject.payload)["pitchData"] == {"startSpeed": "fast"}
    broken_one, whole_one = reading.plate_appearances
    assert broken_one["event"] == "field_out" and broken_one.get("pitches") is None
    assert whole_one["pitches"] == 1


@pytest.mark.parametrize(
    ("spoil", "field"),
    [
        (lambda p: p["matchup"].pop("batter"), "matchup.batter"),
        (lambda p: p["about"].update(atBatIndex=-1), "about.atBatIndex"),
        (lambda p: p["count"].update(strikes=4), "count.strikes"),
        (lambda p: p["result"].update(eventType="alien_abduction"), "result.eventType"),
        (lambda p: p["about"].update(atBatIndex=0), "about.atBatIndex"),
    ],
)
def test_a_play_that_cannot_be_read_is_set_aside_and_the_others_go_on(spoil, field):
    bad = play(1, 1202)
    spoil(bad)
    reading = read(feed([play(0, 1201), bad, "nonsense", play(3, 1203)]))
    assert [row["at_bat_index"] for row in reading.plate_appearances] == [0, 3]
    assert [(r.row, r.field) for r in reading.rejects] == [(1, field), (2, None)]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\x1f\x8bbroken", b"\xff\xfe", b'{"gameData": 1}']
)
def test_what_is_no_document_is_set_aside_whole(body):
    reading = read_feed("x.json", body)
    assert reading.game is None and len(reading.rejects) == 1 and reading.rejects[0].payload == body


def test_gzip_and_byte_order_marks_do_not_matter():
    plain = as_bytes(feed(by_hand.innings(1)))
    rows = read_feed("x", plain).plate_appearances
    for body in (gzip.compress(plain), b"\xef\xbb\xbf" + plain):
        others = read_feed("x", body).plate_appearances
        assert [{**row, "fingerprint": ""} for row in others] == [{**row, "fingerprint": ""} for row in rows]


def test_other_games_than_the_regular_season_are_passed_over():
    reading = read(feed([play(0, 1201)], game={"type": "F"}))
    assert reading.game is None and not reading.plate_appearances and "game type F" in reading.notes[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8 mph, Out To CF", (8.0, "Out To CF")),
        ("0 mph, None", (0.0, None)),
        ("3 mph", (3.0, None)),
        ("calm", (None, None)),
        ("", (None, None)),
        (None, (None, None)),
    ],
)
def test_wind(text, expected):
    assert wind(text) == expected


def test_a_game_without_weather_has_none():
    game = read(feed([], weather={})).game
    assert game["temp_f"] is None and game["wind_mph"] is None and game["weather_condition"] is None


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


WHOLE = feed(by_hand.innings(1))
PLACES = [path for path in places(WHOLE) if path]


@given(
    st.sampled_from(PLACES),
    st.sampled_from([None, "", "x", -1, 10**20, 1.5, [], {}, [1], {"id": "x"}, True, "null"]),
)
def test_whatever_stands_in_a_document_the_reader_goes_on(path, value):
    document = copy.deepcopy(WHOLE)
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    reading = read(document)
    assert len(reading.plate_appearances) <= 6
    assert reading.game is not None or reading.rejects or reading.notes
