"""Savant's tables of pitches, the small Parquet and the wide CSV."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from formguide import schema
from formguide.baseball import savant
from formguide.baseball.tables import PlateAppearances
from tests.baseball.days_by_hand import parquet, thrown


def read(**files):
    tables = savant.read_pitches(2023, files)
    schema.check(tables.plate_appearances, PlateAppearances)
    return tables


def as_csv(rows):
    """With two columns of one name, and `null` where there is nothing, as Savant sends it."""
    text = pl.DataFrame(rows, infer_schema_length=None).cast(pl.String).fill_null("null")
    lines = [",".join(f'"{name}"' for name in text.columns) + ',"pitcher"']
    lines += [",".join(f'"{value}"' for value in row) + ',"1150"' for row in text.iter_rows()]
    return "\n".join(lines).encode()


WIDE: dict[str, Any] = {
    "description": "ball",
    "pitch_type": "FF",
    "balls": 0,
    "strikes": 0,
    "release_speed": 95.0,
    "release_spin_rate": 2300,
    "release_extension": 6.5,
    "pfx_x": 0.3,
    "pfx_z": 0.4,
    "launch_speed": None,
    "launch_angle": None,
    "hit_distance_sc": None,
    "fielder_2": 777,
    "player_name": "Somebody",
}


def test_the_small_table_gives_places_and_pitch_counts_and_nothing_else():
    rows = [thrown(1, 1), thrown(1, 2, event="single", bb_type="line_drive")]
    rows += [thrown(2, n, 1202, "intent_walk" if n == 4 else None) for n in range(1, 5)]
    rows += [thrown(3, 1, 1203, "truncated_pa"), thrown(4, 1, 1101, "strikeout", inning_topbot="Bot")]
    found = read(a=parquet(rows)).plate_appearances
    assert found["at_bat_index"].to_list() == [0, 1, 3] and found["pitches"].to_list() == [2, None, 1]
    assert found["slot"].to_list() == [1, 2, 1] and found["is_home_batting"].to_list() == [False, False, True]
    first = found.row(0, named=True)
    assert (first["is_hit"], first["trajectory"], first["inning"]) == (True, "line_drive", 1)
    assert (first["batting_team_id"], first["fielding_team_id"]) == (147, 111)
    unknown = ("venue", "batter", "pitcher", "called_balls", "pitches_ff", "pitch_speed_mean_mph", "balls")
    assert all(first[name] is None for name in (*unknown, "last_pitch_call", "catcher_id"))


def test_the_wide_table_gives_every_pitch():
    rows = [
        thrown(1, 1, **WIDE),
        thrown(1, 2, **WIDE | {"description": "foul_tip", "pitch_type": "SL", "balls": 1}),
        thrown(
            1, 3, **WIDE | {"description": "automatic_ball", "pitch_type": None, "balls": 1, "strikes": 1}
        ),
        thrown(
            1,
            4,
            event="double",
            bb_type="fly_ball",
            **WIDE
            | {
                "description": "hit_into_play_no_out",
                "pitch_type": "CS",
                "balls": 2,
                "strikes": 1,
                "release_speed": 75.0,
                "launch_speed": 99.9,
                "launch_angle": 30,
                "hit_distance_sc": 388,
            },
        ),
    ]
    (row,) = read(**{"a.csv": as_csv(rows)}).plate_appearances.to_dicts()
    assert (row["pitches"], row["called_balls"], row["swinging_strikes"], row["in_play"]) == (3, 1, 1, 1)
    assert (row["pitches_ff"], row["pitches_sl"], row["pitches_other"]) == (1, 1, 1)
    assert (row["balls"], row["strikes"]) == (2, 1)
    assert row["pitch_speed_mean_mph"] == pytest.approx((95 + 95 + 75) / 3)
    assert row["break_mean_in"] == pytest.approx(0.5 * 12), "feet to inches"
    assert (row["launch_speed_mph"], row["hit_distance_ft"], row["catcher_id"]) == (99.9, 388.0, 777)
    assert (row["last_pitch_type"], row["last_pitch_speed_mph"]) == ("OTHER", 75.0)
    assert row["pitcher"] is None, "whose name it is depends on what was asked for"


@pytest.mark.parametrize(
    ("description", "event", "balls", "strikes", "after"),
    [
        ("ball", "walk", 3, 2, (4, 2)),
        ("swinging_strike", "strikeout", 1, 2, (1, 3)),
        ("foul_bunt", "strikeout", 0, 2, (0, 3)),
        ("hit_by_pitch", "hit_by_pitch", 2, 0, (2, 0)),
    ],
)
def test_the_count_at_the_end(description, event, balls, strikes, after):
    last = WIDE | {"description": description, "balls": balls, "strikes": strikes}
    (row,) = read(**{"a.csv": as_csv([thrown(1, 1, event=event, **last)])}).plate_appearances.to_dicts()
    assert (row["balls"], row["strikes"]) == after


def test_a_foul_that_was_tracked_is_no_batted_ball():
    fouled = WIDE | {"description": "swinging_strike", "launch_speed": 70.0, "launch_angle": 50}
    (row,) = read(
        **{"a.csv": as_csv([thrown(1, 1, event="strikeout", **fouled)])}
    ).plate_appearances.to_dicts()
    assert row["launch_speed_mph"] is None


def test_a_pitch_in_two_files_counts_once_and_other_seasons_not_at_all():
    rows = [thrown(1, 1, event="single")]
    other = [thrown(1, 1, event="single", game_pk=8001, game_date="2022-05-01")]
    post = [thrown(1, 1, event="single", game_pk=8002, game_type="W")]
    tables = read(a=parquet(rows), b=parquet(rows + other + post))
    assert tables.plate_appearances.height == 1 and tables.plate_appearances["pitches"].to_list() == [1]
    assert tables.games.select("home_team", "away_team").row(0) == ("Boston Red Sox", "New York Yankees")
    assert savant.seasons(parquet(rows + other), "x.parquet") == [2022, 2023]


def test_behind_a_play_without_pitches_places_are_not_known():
    rows = [thrown(n, 1, 1200 + n, "field_out") for n in (1, 2, 4)]
    assert read(a=parquet(rows)).plate_appearances["slot"].to_list() == [1, 2, None]


def test_bad_files_and_rows_are_set_aside():
    short = pl.DataFrame([thrown(1, 1, event="single")]).drop("batter")
    nobody = [thrown(1, 1, None, "single"), thrown(2, 1, 1202, "single")]
    tables = savant.read_pitches(2023, {"a": b"no", "b": parquet(short), "c": parquet(nobody)})
    assert tables.plate_appearances["batter_id"].to_list() == [1202]
    assert [(reject.file, reject.field) for reject in tables.rejects] == [
        ("a", None),
        ("b", "batter"),
        ("c", None),
    ]
    assert savant.seasons(b"no", "a.csv") == [] == savant.seasons(b"no", "a.parquet")
