"""The canonical tables of baseball: what every source is read into, whatever it looked like.

Games, plate appearances and line-ups carry the date of the day on which the game began (`game_date`, the
league's official date; a suspended game stays on the day it began). A record is known from the day after: a
forecast as of a date sees the rows dated before it. In a backtest the one exception is what was played of a
suspended game weeks later: its plays are not dated apart, so the days between know them too early. Ids are
MLB's. What a source does not give is null.
Columns that end in `_after` hold the state after the plate appearance; no feature may read them.
"""

from __future__ import annotations

import dataframely as dy

from formguide.columns import day, flag, identifier, moment, number, text, whole
from formguide.schema import Table

PITCH_TYPES = ("ff", "si", "fc", "sl", "st", "sv", "cu", "kc", "ch", "fs", "kn", "other")
"""Statcast's pitch type codes that have a count of their own, and one for all the others."""


def _pitches(code: str) -> dy.Int32:
    what = "pitches of any other type" if code == "other" else f"pitches of type {code.upper()}"
    return whole(f"Number of {what}", null=True)


class GameRecord(Table):
    """The columns that every table of games starts with; not a table itself."""

    season = whole("Season", least=1876)
    game_pk = identifier("MLB's number of the game", key=True)
    game_date = day("The league's official date; a suspended game stays on the day it began")
    source = text("Where it was read: feed, archive, savant, schedule, or a record joined with savant")
    fingerprint = text("Hash (16 hex digits of SHA-256) of what the source said")


class Games(GameRecord):
    """One row per regular-season game, played or to come."""

    sport = "baseball"
    name = "games"
    description = "The schedule and what became of it: teams, park, state, weather, who was to pitch."

    game_number = whole("1, or 2 for the second game of a doubleheader", least=1)
    doubleheader = flag("Whether the teams meet twice that day")
    scheduled_innings = whole("9, or 7 in the doubleheaders of 2020 and 2021", least=1)
    start_at = moment("Scheduled first pitch (UTC)", null=True)
    day_night = text("day or night", null=True)
    state = text("preview, live, final, postponed, suspended or cancelled")
    home_team_id = identifier("Home team")
    away_team_id = identifier("Visiting team")
    home_team = text("Name of the home team")
    away_team = text("Name of the visiting team")
    venue_id = identifier("MLB's number of the park", null=True)
    venue = text("Name of the park", null=True)
    roof_type = text("Open, Retractable or Dome", null=True)
    home_probable_id = identifier("Announced starting pitcher of the home team", null=True)
    away_probable_id = identifier("Announced starting pitcher of the visitors", null=True)
    home_starter_id = identifier("Pitcher who really started for the home team", null=True)
    away_starter_id = identifier("Pitcher who really started for the visitors", null=True)
    plate_umpire_id = identifier("Umpire behind the plate", null=True)
    weather_condition = text("Sky, or Dome or Roof Closed, as announced for the game", null=True)
    temp_f = number("Temperature as announced for the game, °F", null=True)
    wind_mph = number("Wind speed, miles per hour", null=True, least=0.0)
    wind_direction = text("Where the wind blows to or from, e.g. Out To CF", null=True)


class Lineups(GameRecord):
    """One row per game, team and place in the batting order."""

    sport = "baseball"
    name = "lineups"
    description = "The nine who started for each team, in batting order."

    team_id = identifier("Batting team", key=True)
    slot = whole("Place in the batting order", key=True, least=1, most=9)
    batter_id = identifier("Batter")
    batter = text("Name of the batter", null=True)
    bat_side = text("L, R or S (bats from both sides)", null=True)
    position = text("Fielding position, or DH", null=True)
    derived = flag("Whether it was inferred from the first nine batters, not announced")


class PlateAppearances(GameRecord):
    """One row per plate appearance of the regular season."""

    sport = "baseball"
    name = "plate_appearances"
    description = "Every plate appearance of the regular season, with what its source tells of its pitches."

    at_bat_index = whole(
        "Its place in the game, from 0; gaps are plays that are no plate appearance", key=True
    )
    game_number = whole("1, or 2 for the second game of a doubleheader", least=1)
    seven_inning = flag("Whether the game was scheduled over seven innings")
    venue = text("Name of the park", null=True)
    inning = whole("Inning, from 1", null=True, least=1)
    is_home_batting = flag("Whether the home team bats")
    batting_team_id = identifier("Batting team")
    fielding_team_id = identifier("Fielding team")
    slot = whole("Place in the batting order", null=True, least=1, most=9)
    is_starter = flag("Whether the batter was in the starting line-up", null=True)
    batter_id = identifier("Batter")
    batter = text("Name of the batter", null=True)
    bat_side = text("Side batted from: L or R")
    pitcher_id = identifier("Pitcher")
    pitcher = text("Name of the pitcher", null=True)
    pitch_hand = text("Hand thrown with: L or R (S: either)")
    pitcher_is_starter = flag("Whether the pitcher started the game")
    catcher_id = identifier("Catcher", null=True)
    plate_umpire_id = identifier("Umpire behind the plate", null=True)
    weather_condition = text("Sky, or Dome or Roof Closed", null=True)
    roof_type = text("Open, Retractable or Dome", null=True)
    temp_f = number("Temperature, °F", null=True)
    wind_mph = number("Wind speed, miles per hour", null=True, least=0.0)
    wind_direction = text("Where the wind blows to or from, e.g. Out To CF", null=True)
    event = text("What became of it, e.g. single, strikeout, walk (MLB's eventType)")
    is_hit = flag("Single, double, triple or home run")
    balls = whole("Balls at the end", null=True, most=4)
    strikes = whole("Strikes at the end", null=True, most=3)
    pitches = whole("Number of pitches", null=True)
    called_balls = whole("Pitches called balls", null=True)
    called_strikes = whole("Pitches called strikes", null=True)
    swinging_strikes = whole("Pitches swung at and missed (foul tips included)", null=True)
    fouls = whole("Pitches fouled off", null=True)
    in_play = whole("Pitches put in play (0 or 1)", null=True)
    pitches_ff, pitches_si, pitches_fc = _pitches("ff"), _pitches("si"), _pitches("fc")
    pitches_sl, pitches_st, pitches_sv = _pitches("sl"), _pitches("st"), _pitches("sv")
    pitches_cu, pitches_kc, pitches_ch = _pitches("cu"), _pitches("kc"), _pitches("ch")
    pitches_fs, pitches_kn, pitches_other = _pitches("fs"), _pitches("kn"), _pitches("other")
    pitch_speed_mean_mph = number("Mean speed of its pitches out of the hand, mph", null=True)
    spin_rate_mean_rpm = number("Mean spin of its pitches, revolutions per minute", null=True)
    extension_mean_ft = number("Mean release extension, feet", null=True)
    break_mean_in = number("Mean total break, inches: root of horizontal² + induced vertical²", null=True)
    last_pitch_type = text("Type code of the last pitch, one of PITCH_TYPES in capitals", null=True)
    last_pitch_call = text("ball, called_strike, swinging_strike, foul, in_play or hit_by_pitch", null=True)
    last_pitch_speed_mph = number("Speed of the last pitch, mph", null=True)
    last_pitch_spin_rpm = number("Spin of the last pitch, revolutions per minute", null=True)
    last_pitch_break_in = number("Total break of the last pitch with gravity, inches", null=True)
    launch_speed_mph = number("Exit velocity, mph", null=True)
    launch_angle_deg = number("Launch angle, degrees", null=True)
    hit_distance_ft = number("Distance, feet", null=True)
    trajectory = text("ground_ball, line_drive, fly_ball, popup or bunt_…", null=True)
    hardness = text("soft, medium or hard", null=True)
    outs_after = whole("Outs after it", null=True, most=3)
    runs_batted_in_after = whole("Runs batted in", null=True)


SOURCE_TABLES: tuple[type[GameRecord], ...] = (Games, Lineups, PlateAppearances)
"""What the sources are read into."""
