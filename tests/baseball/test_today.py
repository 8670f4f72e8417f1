"""Which day is next, what is known of it, and that a forecast goes on record once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from upath import UPath

from formguide import schema
from formguide.baseball import today
from formguide.baseball.forecast_tables import BatterForecasts, ForecastLog
from formguide.baseball.tables import Games
from formguide.lake import Lake

DAY = date(2024, 5, 3)


def game(number: int, day: date, state: str) -> dict[str, object]:
    return {
        "season": day.year, "game_pk": number, "game_date": day, "source": "feed", "fingerprint": "0" * 16,
        "game_number": 1, "doubleheader": False, "scheduled_innings": 9, "state": state,
        "home_team_id": 9001, "away_team_id": 9002, "home_team": "A", "away_team": "B", "venue": "Park",
    }  # fmt: skip


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(UPath(tmp_path))
    rows = [
        game(1, DAY - timedelta(days=3), "preview"),  # nobody ever told what became of it
        game(2, DAY - timedelta(days=2), "final"),
        game(3, DAY - timedelta(days=1), "postponed"),
        game(4, DAY, "preview"),
        game(5, DAY + timedelta(days=1), "preview"),
    ]
    write(lake, rows)
    return lake


def write(lake: Lake, rows: list[dict[str, object]]) -> None:
    lake.write_table("baseball", "games", "2024", schema.split(pl.DataFrame(rows), Games).good, Games, "test")


def test_the_next_date_is_the_first_to_come_after_the_last_played(lake):
    assert today.next_date(lake) == DAY
    assert today.last_date(lake) == DAY - timedelta(days=2)


def test_there_may_be_none(tmp_path, lake):
    nothing = Lake(UPath(tmp_path / "nothing"))
    assert (today.next_date(nothing), today.last_date(nothing)) == (None, None)
    write(lake, [game(2, DAY, "final")])
    assert today.next_date(lake) is None


def test_what_is_known_of_a_day_is_its_own_games(lake):
    games, lineups = today.known_of(lake, DAY)
    assert games["game_pk"].to_list() == [4]
    assert lineups.is_empty()
    assert today.known_of(lake, date(2031, 1, 1))[0].is_empty()


def test_a_forecast_goes_on_record_with_whether_it_was_in_time(lake):
    start = datetime(2024, 5, 3, 17)
    row = {
        "season": 2024, "game_date": DAY, "game_pk": 4, "batter_id": 7, "batter": "X", "game_number": 1,
        "start_at": start, "team_id": 9001, "opponent_id": 9002, "is_home": True, "venue": "Park", "slot": 1,
        "lineup_status": "confirmed", "pitcher_status": "unknown", "as_of": DAY, "expected_pa": 4.0,
        "p_hit_pa": 0.2, "p_hit_pa_starter": 0.2, "p_hit_pa_bullpen": 0.2, "p_game_hit": 0.6,
        "p_game_hit_low": 0.6, "p_game_hit_high": 0.6, "seeds": 1, "variants": 1,
    }  # fmt: skip
    rows = schema.split(pl.DataFrame([row]), BatterForecasts).good
    for made_at in (start - timedelta(hours=1), start - timedelta(hours=1), start):
        today.log_forecasts(lake, rows, "1", "abc", made_at)
    log = lake.read_table("baseball", "forecast_log", None, ForecastLog)
    assert log["before_first_pitch"].to_list() == [True, False]
    today.log_forecasts(lake, rows.head(0), "1", "abc", start)
    assert lake.read_table("baseball", "forecast_log").height == 2
