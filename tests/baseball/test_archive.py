"""Archived days: plate appearances, places in the order and starters, from last-pitch rows."""

from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from formguide import schema
from formguide.baseball import archive
from formguide.baseball.batting_order import out_of_turn, with_order
from formguide.baseball.tables import Games, Lineups, PlateAppearances
from tests.baseball.days_by_hand import archived, half, parquet

NINE = list(range(1201, 1210))


def read(rows, season=2023, **files):
    days = files or {f"{season}/2023-05-01.parquet": parquet(rows)}
    tables = archive.read_season(season, days)
    for name, table in (("games", Games), ("lineups", Lineups), ("plate_appearances", PlateAppearances)):
        schema.check(tables.tables[name], table)
    return tables


def plate_appearances(rows):
    return read(rows).plate_appearances


def test_places_and_innings_follow_from_the_order_of_the_batters():
    rows = half(0, NINE[:4]) + half(4, [1101], home=True) + half(5, [*NINE[4:], NINE[0]])
    found = plate_appearances(rows)
    assert found["slot"].to_list() == [1, 2, 3, 4, 1, 5, 6, 7, 8, 9, 1]
    assert found["inning"].to_list() == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert found["is_starter"].to_list() == [True] * 11


def test_a_pinch_hitter_has_the_place_of_whom_he_replaces():
    found = plate_appearances(half(0, [*NINE, 1299, *NINE[1:]]))
    assert found.row(9, named=True)["slot"] == 1
    assert found["is_starter"].to_list() == [True] * 9 + [False] + [True] * 8


def test_an_inning_that_ends_on_the_bases_gives_its_batter_another_turn():
    rows = [*half(0, NINE[:2]), archived(2, NINE[2], "caught_stealing_2b", pitch_call=None)]
    rows += half(3, [1101], home=True) + half(4, NINE[2:5])
    tables = read(rows)
    assert tables.plate_appearances["at_bat_index"].to_list() == [0, 1, 3, 4, 5, 6]
    assert tables.plate_appearances["slot"].to_list() == [1, 2, 1, 3, 4, 5]
    assert not tables.rejects and not tables.notes


def test_the_postseason_and_the_bases_are_left_out():
    rows = [*half(0, NINE[:3]), archived(1, 1201, "stolen_base_2b", record_type="baserunning")]
    rows += [archived(0, 1201, game_pk=7002, game_type="W")]
    tables = read(rows)
    assert tables.games["game_pk"].to_list() == [7001] and tables.plate_appearances.height == 3


def test_what_the_rows_say_and_what_they_do_not():
    (row,) = plate_appearances([archived(0, 1201, "double", pitch_type="Eephus")]).to_dicts()
    assert row["is_hit"] and row["event"] == "double" and row["last_pitch_type"] == "OTHER"
    assert row["last_pitch_call"] == "in_play" and row["last_pitch_break_in"] == pytest.approx(13.0)
    assert (row["launch_speed_mph"], row["trajectory"]) == (88.0, "ground_ball")
    assert (row["batting_team_id"], row["fielding_team_id"]) == (147, 111)
    absent = ("catcher_id", "plate_umpire_id", "temp_f", "balls", "strikes", "pitches", "outs_after")
    assert all(row[name] is None for name in absent), "the rows do not tell"
    (row,) = plate_appearances([archived(0, 1201, pitch_type="Unknown", trajectory="")]).to_dicts()
    assert row["last_pitch_type"] is None and row["trajectory"] is None


def test_games_and_line_ups_follow_from_the_plays():
    rows = half(0, NINE) + half(9, range(1101, 1106), home=True) + [archived(14, 1201, pitcher_id=1160)]
    tables = read(rows)
    (game,) = tables.games.to_dicts()
    assert (game["home_team"], game["away_team_id"], game["state"]) == ("Boston Red Sox", 147, "final")
    assert (game["home_starter_id"], game["away_starter_id"]) == (1150, 1250)
    assert tables.plate_appearances["pitcher_is_starter"].to_list() == [True] * 14 + [False]
    away = tables.lineups.filter(team_id=147)
    assert away["batter_id"].to_list() == NINE and away["slot"].to_list() == list(range(1, 10))
    assert tables.lineups.filter(team_id=111).height == 5, "no more of them came to bat"
    assert tables.lineups["derived"].all() and tables.lineups["bat_side"].null_count() == 14


def test_behind_a_missing_play_nothing_is_inferred():
    rows = half(0, NINE[:3]) + half(4, NINE[4:])
    tables = read(rows)
    assert tables.plate_appearances["slot"].to_list() == [1, 2, 3] + [None] * 5
    assert tables.plate_appearances["is_starter"].to_list() == [True] * 3 + [None] * 5
    assert tables.notes == ["2023-05-01, game 7001: 8 of 9 plays are there"]


def test_a_suspended_game_is_one_game_of_the_day_it_began():
    day_one = parquet(half(0, NINE[:3]))
    day_two = parquet(half(2, [1203, 1204], game_date="2023-06-20"))
    tables = read([], **{"2023/2023-05-01.parquet": day_one, "2023/2023-06-20.parquet": day_two})
    assert tables.games.height == 1 and tables.plate_appearances["at_bat_index"].to_list() == [0, 1, 2, 3]
    assert tables.plate_appearances["game_date"].unique().to_list() == tables.games["game_date"].to_list()
    assert str(tables.games["game_date"][0]) == "2023-05-01"


def test_doubleheaders_are_numbered():
    night = half(0, NINE[:2], game_pk=7001) + half(2, [1101], home=True, game_pk=7001)
    day = half(0, NINE[:2], game_pk=7002, day_night="day")
    day += half(2, [1101], home=True, game_pk=7002, day_night="day")
    tables = read(night + day)
    assert tables.games.select("game_pk", "game_number", "doubleheader").rows() == [
        (7001, 2, True),
        (7002, 1, True),
    ]
    assert not tables.plate_appearances["seven_inning"].any()
    in_2021 = {"season": "2021", "game_date": "2021-05-01"}
    rows = [row | in_2021 for row in night + day]
    tables = archive.read_season(2021, {"2021/2021-05-01.parquet": parquet(rows)})
    assert tables.plate_appearances["seven_inning"].all()


def test_types_may_differ_from_file_to_file():
    one = parquet(half(0, NINE[:1], spin_rate=2000, total_outs=1))
    tables = read([], **{"2023/a.parquet": one, "2023/b.parquet": parquet(half(1, NINE[1:3]))})
    assert tables.plate_appearances["last_pitch_spin_rpm"].to_list() == [2000.0, 2100.0, 2100.0]


def test_bad_rows_are_set_aside_and_the_others_go_on():
    rows = half(0, NINE[:6])
    rows[1]["batter_id"] = None
    rows[2]["event_type"] = "alien_abduction"
    rows[3]["batting_team"] = "Springfield Isotopes"
    rows[5]["game_pk"] = None
    tables = read(rows)
    assert tables.plate_appearances["at_bat_index"].to_list() == [0, 4]
    reasons = sorted(str(reject) for reject in tables.rejects)
    assert len(reasons) == 4
    assert any("batter_id: is missing" in reason for reason in reasons)
    assert any("'alien_abduction' is no event that is known" in reason for reason in reasons)
    assert any("batting_team_id: is missing" in reason for reason in reasons)
    assert any("a play without its place" in reason for reason in reasons)
    assert all(json.loads(reject.payload) for reject in tables.rejects)


def test_bad_files_are_set_aside_and_the_others_go_on():
    good = parquet(half(0, NINE[:2]))
    short = parquet(pl.DataFrame(half(2, NINE[2:3])).drop("batter_id"))
    tables = read([], **{"2023/a.parquet": good, "2023/b.parquet": b"PAR1 not", "2023/c.parquet": short})
    assert tables.plate_appearances.height == 2
    assert [(reject.file, reject.field) for reject in tables.rejects] == [
        ("2023/b.parquet", None),
        ("2023/c.parquet", "batter_id"),
    ]
    nothing = archive.read_season(2023, {"2023/b.parquet": b""})
    assert nothing.games.is_empty() and len(nothing.rejects) == 1


def test_the_fingerprint_is_of_the_games_rows():
    rows = half(0, NINE[:3])
    other = half(0, NINE[:2], game_pk=7002)
    marks = dict(read(rows + other).games.select("game_pk", "fingerprint").rows())
    again = dict(read([*reversed(other), *reversed(rows)]).games.select("game_pk", "fingerprint").rows())
    assert marks == again
    rows[2]["rbi"] = 1
    changed = dict(read(rows + other).games.select("game_pk", "fingerprint").rows())
    assert changed[7001] != marks[7001] and changed[7002] == marks[7002]


def test_a_folder_without_days_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no archived day of 2023"):
        archive.read_folder(tmp_path, 2023)
    day = tmp_path / "plate_appearances" / "2023" / "2023-05-01.parquet"
    day.parent.mkdir(parents=True)
    day.write_bytes(parquet(half(0, NINE)))
    assert archive.read_folder(tmp_path, 2023).plate_appearances.height == 9


def test_who_bats_out_of_turn_is_found_without_the_numbers_of_the_plays():
    found = plate_appearances(half(0, NINE * 3))
    assert out_of_turn(found).is_empty()
    lost = found.filter(pl.col("at_bat_index") != 12)
    assert out_of_turn(lost)["batter_id"].n_unique() == 9, "all move up a place behind the gap"
    doubled = pl.concat(
        [found, found.filter(at_bat_index=12).with_columns(at_bat_index=pl.lit(99, pl.Int32))]
    )
    assert out_of_turn(doubled).height == 1


def test_order_is_found_game_by_game_however_the_plays_are_shuffled():
    plays = pl.DataFrame(
        {
            "game_pk": [1] * 4 + [2] * 2,
            "at_bat_index": [0, 1, 2, 3, 0, 1],
            "is_home_batting": [False, False, True, False, True, True],
            "batter_id": [1, 2, 9, 3, 9, 8],
            "pitcher_id": [5, 6, 7, 5, 4, 4],
            "is_pa": [True, False, True, True, True, True],
        }
    )
    found = with_order(plays.sample(fraction=1.0, shuffle=True, seed=3))
    assert found["slot"].to_list() == [1, None, 1, 2, 1, 2]
    assert found["inning"].to_list() == [1, 1, 1, 2, 1, 1]
    assert found["pitcher_is_starter"].to_list() == [True, False, True, True, True, True]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 6)), min_size=1, max_size=60),
    st.randoms(use_true_random=False),
)
def test_places_and_innings_of_made_up_games(plays, rng):
    """A game is played by the rules with substitutes and innings that end on the bases; what is inferred from
    the order of its batters is what was played."""
    occupants = {side: [100 * side + slot for slot in range(1, 10)] for side in (1, 2)}
    started = {side: list(nine) for side, nine in occupants.items()}
    turn, side, half_inning, fresh = {1: 0, 2: 0}, 1, 0, 1000
    rows = []
    for index, (substitute, on_the_bases, ends) in enumerate(plays):
        place = turn[side] % 9
        # Who is taken out before he has batted even once was never seen.
        if substitute and turn[side] >= 9:
            fresh += 1
            occupants[side][place] = fresh
        batter = occupants[side][place]
        rows.append(
            {
                "game_pk": 1,
                "at_bat_index": index,
                "is_home_batting": side == 2,
                "batter_id": batter,
                "pitcher_id": 900 + side,
                "is_pa": not on_the_bases,
                "true_slot": None if on_the_bases else place + 1,
                "true_starter": None if on_the_bases else batter == started[side][place],
                "true_inning": half_inning // 2 + 1,
            }
        )
        if not on_the_bases:
            turn[side] += 1
        if on_the_bases or ends == 1:
            side, half_inning = 3 - side, half_inning + 1
    rng.shuffle(rows)
    found = with_order(
        pl.DataFrame(rows, schema_overrides={"true_slot": pl.Int64, "true_starter": pl.Boolean})
    )
    assert found["slot"].to_list() == found["true_slot"].to_list()
    assert found["inning"].to_list() == found["true_inning"].to_list()
    assert found["is_starter"].to_list() == found["true_starter"].to_list()
