"""The table of features: one row per plate appearance, from earlier dates only, made again when it must."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from upath import UPath

from formguide import schema
from formguide.baseball.feature_table import DOCS, Features, make_features
from formguide.baseball.features import ALL, feature_frame
from formguide.baseball.tables import PlateAppearances
from formguide.lake import Lake


def plate_appearances(season: int, dates: int = 12, hits: int = 3) -> pl.DataFrame:
    """Nine batters, of whom the first `hits` hit every time, once a date against one pitcher."""
    rows = [
        {
            "season": season,
            "game_pk": season * 1000 + d,
            "game_date": date(season, 5, 1) + timedelta(days=d),
            "source": "feed",
            "fingerprint": "0" * 16,
            "at_bat_index": i,
            "game_number": 1,
            "seven_inning": False,
            "venue": "Park",
            "is_home_batting": False,
            "batting_team_id": 9001,
            "fielding_team_id": 9002,
            "batter_id": 100 + i,
            "batter": f"Batter {i}",
            "bat_side": "L",
            "pitcher_id": 200,
            "pitcher": "Pitcher",
            "pitch_hand": "R",
            "pitcher_is_starter": True,
            "event": "single" if i < hits else "strikeout",
            "is_hit": i < hits,
        }
        for d in range(dates)
        for i in range(9)
    ]
    return schema.split(pl.DataFrame(rows), PlateAppearances).good


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake(UPath(tmp_path))
    for season in (2023, 2024):
        write(lake, season)
    return lake


def write(lake: Lake, season: int, **changed: int) -> None:
    frame = plate_appearances(season, **changed)
    lake.write_table("baseball", "plate_appearances", str(season), frame, PlateAppearances, "test")


def test_every_feature_is_a_documented_column():
    assert set(DOCS) == set(ALL)
    assert set(schema.column_docs(Features)) == set(schema.dtypes(Features))


def test_a_row_says_what_earlier_dates_say(lake):
    made = make_features(lake, [2023, 2024])
    table = lake.read_table("baseball", "features", None, Features)
    assert {season: part.rows for season, part in made.items()} == {2023: 108, 2024: 108}
    first = table.filter(pl.col("game_date") == date(2023, 5, 1))
    assert first["batter_hr_7g"].null_count() == 9
    tenth = table.filter(pl.col("game_date") == date(2023, 5, 10)).sort("at_bat_index")
    assert tenth["batter_hr_7g"].to_list() == [1.0] * 3 + [0.0] * 6
    assert tenth["days_rest"].to_list() == [1.0] * 9
    assert tenth["pitcher_hr_30g"].to_list() == pytest.approx([1 / 3] * 9)


def test_the_second_season_goes_on_from_the_first(lake):
    make_features(lake, [2024])
    table = lake.read_table("baseball", "features", ["2024"], Features)
    opening = table.filter(pl.col("game_date") == date(2024, 5, 1))
    assert opening["days_rest"].to_list() == [(date(2024, 5, 1) - date(2023, 5, 12)).days] * 9
    together = pl.concat([plate_appearances(2023), plate_appearances(2024)])
    expected = feature_frame(together).tail(108)["batter_hr_30g"].cast(pl.Float32)
    assert table["batter_hr_30g"].equals(expected, null_equal=True)


def test_only_what_changed_and_what_leans_on_it_is_made_again(lake):
    make_features(lake, [2023, 2024])
    assert [part.computed for part in make_features(lake, [2023, 2024]).values()] == [0, 0]
    write(lake, 2024, hits=4)
    assert [part.computed for part in make_features(lake, [2023, 2024]).values()] == [0, 1]
    write(lake, 2023, hits=4)
    assert [part.computed for part in make_features(lake, [2023, 2024]).values()] == [1, 1]
