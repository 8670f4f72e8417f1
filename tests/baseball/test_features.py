"""Every feature on a few plate appearances whose answer can be worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from formguide.baseball.features import ALL, CONTEXT, CORE, LAST_PITCH, PARITY_PRIOR, STATCAST, feature_frame
from tests.baseball.feature_rows import ask, frame, on, told

VETERAN = on(-300, times=100, hits=30)
"""A hundred plate appearances of batter 10 long ago; one more of the dates that count in his windows."""


def days(n: int, times: int = 4, hits: int = 1, start: int = 0, **columns: Any) -> list[dict[str, Any]]:
    return [row for day in range(start, start + n) for row in on(day, times, hits, **columns)]


def test_the_names_and_the_shape() -> None:
    rows = frame(VETERAN, days(3))
    assert (len(CORE), len(CONTEXT), len(STATCAST), len(LAST_PITCH)) == (15, 4, 9, 6)
    assert len(set(ALL)) == 34
    made = feature_frame(rows)
    assert made.columns == list(ALL)
    assert made.height == rows.height
    assert set(made.dtypes) == {pl.Float64}
    assert not any(made[name].is_nan().any() for name in ALL)


# -- batters ---------------------------------------------------------------------------------------


def test_hit_rate_is_the_mean_of_the_last_dates_whatever_their_plate_appearances() -> None:
    rows = frame(VETERAN, on(0, 4, 2), on(1, 1, 1), on(2, 5, 0))
    assert told(rows, ask(3), "batter_hr_7g") == pytest.approx((0.3 + 0.5 + 1 + 0) / 4)
    assert told(frame(VETERAN, days(3, hits=0), on(3, 1, 1)), ask(9), "batter_hr_7g") == pytest.approx(
        1.3 / 5
    )


def test_windows_end_after_so_many_dates() -> None:
    rows = frame(VETERAN, days(40, times=4, hits=0), days(30, times=4, hits=1, start=40))
    assert told(rows, ask(70), "batter_hr_7g") == 0.25
    assert told(rows, ask(70), "batter_hr_30g") == 0.25
    assert told(rows, ask(70), "batter_hr_60g") == pytest.approx(30 * 0.25 / 60)
    assert told(rows, ask(70), "batter_hr_120g") == pytest.approx((0.3 + 30 * 0.25) / 71)
    assert told(rows, ask(69), "batter_hr_30g") == pytest.approx(29 * 0.25 / 30)


def test_too_few_dates() -> None:
    assert told(frame(VETERAN, on(0, 4, 1)), ask(1), "batter_hr_7g") is None
    assert told(frame(VETERAN, days(5)), ask(9), "batter_hr_30g") is None
    assert told(frame(VETERAN, days(6)), ask(9), "batter_hr_30g") == pytest.approx((0.3 + 6 * 0.25) / 7)


def test_rookies_are_shrunk_towards_the_league_as_of_the_day() -> None:
    others = [*on(0, 60, 20, batter_id=11), *on(5, 60, 0, batter_id=11)]
    rows = frame(others, on(0, 4, 3), on(1, 1, 0))
    # On the morning of day 2 the league has 23 hits in 65 plate appearances, on day 6 in 125.
    for day, times in ((2, 65), (6, 125)):
        for window in (30, 60, 120):
            expected = (3 + 20 * 23 / times) / (5 + 20)
            assert told(rows, ask(day), f"batter_hr_{window}g") == pytest.approx(expected, abs=1e-12)
    assert told(rows, ask(2), "batter_hr_30g", parity=True) == pytest.approx((3 + 20 * PARITY_PRIOR) / 25)
    assert told(rows, ask(2), "batter_hr_7g") is None  # two dates, and seven dates are never shrunk
    assert told(rows, ask(2, batter_id=99), "batter_hr_30g") is None  # nothing is known of a debutant


def test_a_rookie_is_one_up_to_99_plate_appearances_before_the_date() -> None:
    rookie, veteran = frame(days(9, 11, 3)), frame(days(9, 11, 3), on(9, 1, 1))
    assert told(rookie, ask(10), "batter_hr_30g") == pytest.approx((27 + 20 * 27 / 99) / (99 + 20))
    assert told(veteran, ask(10), "batter_hr_30g") == pytest.approx((9 * 3 / 11 + 1) / 10)
    # The hundredth plate appearance is not known on its own date.
    assert told(veteran, ask(9), "batter_hr_30g") == told(rookie, ask(9), "batter_hr_30g")


def test_rookies_windows_weigh_plate_appearances_and_end() -> None:
    rows = frame(on(0, 5, 5), days(30, 1, 0, start=1), on(3, 100, 25, batter_id=11))
    league = 30 / 135
    assert told(rows, ask(40), "batter_hr_30g") == pytest.approx((0 + 20 * league) / 50)
    assert told(rows, ask(40), "batter_hr_60g") == pytest.approx((5 + 20 * league) / 55)


def test_whiffs_per_swing() -> None:
    swung = {"swinging_strikes": 1, "fouls": 2, "in_play": 1}
    looked = {"swinging_strikes": 0, "fouls": 0, "in_play": 0}
    rows = frame(
        days(9, 2, **swung),
        on(9, 1, swinging_strikes=3, fouls=0, in_play=0),
        on(9, 1, **swung),
        on(10, 4, **looked),
    )
    # A date without a swing has no rate, but is one of the sixty.
    assert told(rows, ask(11), "batter_whiff_60g") == pytest.approx((9 * 0.25 + 4 / 7) / 10)
    assert told(rows, ask(9), "batter_whiff_60g") is None
    half = frame(days(10, 2, **swung), days(10, 1, swinging_strikes=5, fouls=None, in_play=1))
    assert told(half, ask(11), "batter_whiff_60g") == pytest.approx(0.25)


def test_count_tendency() -> None:
    rows = frame(
        days(9, 2, balls=3, strikes=1), on(9, 1, balls=0, strikes=3), on(9, 1, balls=None, strikes=2)
    )
    assert told(rows, ask(10), "batter_count_tendency_30g") == pytest.approx((9 * 2 - 3) / 10)


def test_hits_on_ground_balls() -> None:
    rows = frame(
        on(0, 19, 6, trajectory="ground_ball"),
        on(0, 9, 9, trajectory="bunt_grounder"),
        on(1, 1, 0, trajectory="ground_ball"),
        on(1, 30, 30, trajectory="line_drive"),
    )
    assert told(rows, ask(1), "batter_gb_hit_rate") is None
    assert told(rows, ask(2), "batter_gb_hit_rate") == 6 / 20


def test_platoon() -> None:
    rows = frame(
        on(0, 30, 9), on(0, 29, 1, pitch_hand="L"), on(1, 1, 1, pitch_hand="L"), on(0, 40, 9, pitch_hand="S")
    )
    assert told(rows, ask(1), "platoon_hr") == 9 / 30
    assert told(rows, ask(1, pitch_hand="L"), "platoon_hr") is None
    assert told(rows, ask(2, pitch_hand="L"), "platoon_hr") == 2 / 30
    assert told(rows, ask(1, pitch_hand="S"), "platoon_hr") == 9 / 40
    assert told(rows, ask(1, pitch_hand=None), "platoon_hr") is None


def test_days_of_rest() -> None:
    rows = frame(on(0), on(4))
    assert told(rows, ask(0), "days_rest") is None
    assert told(rows, ask(4), "days_rest") == 4
    assert told(rows, ask(5), "days_rest") == 1
    assert told(rows, ask(200), "days_rest") == 196


def test_hard_contact_and_batted_balls() -> None:
    ball: dict[str, Any] = {"hardness": "hard", "launch_speed_mph": 98.0, "launch_angle_deg": 8.0}
    soft: dict[str, Any] = {"hardness": "soft", "launch_speed_mph": 94.9, "launch_angle_deg": 32.1}
    rows = frame(
        days(9, 1, **ball),
        days(9, 1, **soft),
        on(9, 1, **ball),
        on(9, 2, hardness="medium"),
        on(9, 1, launch_speed_mph=95.0),
        on(9, 1, launch_angle_deg=32.0),
        days(9, 5),
    )
    expected = {
        "batter_hard_contact_30g": (9 / 2 + 1 / 3) / 10,
        "batter_barrel_rate_30g": (9 / 2 + 1) / 10,
        "batter_hard_hit_rate_30g": (9 / 2 + 1) / 10,
        "batter_sweet_spot_rate_30g": (9 / 2 + 1) / 10,
        "batter_avg_ev_30g": (9 * 96.45 + 96.5) / 10,
    }
    for name, value in expected.items():
        assert told(rows, ask(10), name) == pytest.approx(value), name
        assert told(rows, ask(9), name) is None


# -- pitchers --------------------------------------------------------------------------------------


def test_hits_allowed_from_seven_dates_on() -> None:
    rows = frame(days(6, 4, 1), on(6, 10, 5, batter_id=11))
    assert told(rows, ask(6), "pitcher_hr_30g") is None
    assert told(rows, ask(7), "pitcher_hr_30g") == pytest.approx((6 * 0.25 + 0.5) / 7)


@pytest.mark.parametrize(
    ("feature", "column"),
    [
        ("pitcher_avg_velo_30g", "pitch_speed_mean_mph"),
        ("pitcher_avg_spin_30g", "spin_rate_mean_rpm"),
        ("pitcher_avg_extension_30g", "extension_mean_ft"),
        ("pitcher_break_total_30g", "break_mean_in"),
        ("pitcher_last_pitch_velo_30g", "last_pitch_speed_mph"),
        ("pitcher_last_pitch_spin_30g", "last_pitch_spin_rpm"),
        ("pitcher_last_pitch_break_30g", "last_pitch_break_in"),
    ],
)
def test_what_a_pitcher_throws(feature: str, column: str) -> None:
    fast = [row | {column: 90.0} for row in days(6, 2)]
    slow = [row | {column: value} for value in (80.0, 84.0, 84.0, 84.0) for row in on(6)]
    rows = frame(fast, slow, days(9))
    assert told(rows, ask(7), feature) == pytest.approx((6 * 90 + 83) / 7)
    assert told(rows, ask(6), feature) is None
    others = [name for name in ALL if name.startswith("pitcher_") and name not in (feature, "pitcher_hr_30g")]
    assert all(told(rows, ask(7), name) is None for name in others)


def test_pitches_that_a_batter_sees() -> None:
    rows = frame(days(10, 2, pitch_speed_mean_mph=90.0, last_pitch_speed_mph=70.0))
    assert told(rows, ask(10), "batter_avg_velo_faced_30g") == pytest.approx(90)
    assert told(rows, ask(10), "batter_last_pitch_velo_faced_30g") == pytest.approx(70)


def test_entropy_of_the_window_in_bits() -> None:
    rows = frame(days(6, 1, pitches_ff=2, pitches_sl=1), on(6, 1, pitches_ff=0, pitches_sl=6))
    assert told(rows, ask(6), "pitcher_entropy_30g") is None
    assert told(rows, ask(7), "pitcher_entropy_30g") == pytest.approx(1.0)  # 12 and 12
    assert told(frame(days(7, 1, pitches_other=3)), ask(7), "pitcher_entropy_30g") == 0
    four = {f"pitches_{code}": 1 for code in ("ff", "cu", "ch", "kn")}
    later = frame(days(29, 1, pitches_fs=7), days(30, 1, start=29, **four))
    assert told(later, ask(59), "pitcher_entropy_30g") == pytest.approx(2.0)  # the splitters are over
    shares = (7 / 123, *[29 / 123] * 4)
    assert told(later, ask(58), "pitcher_entropy_30g") == pytest.approx(
        -sum(p * math.log2(p) for p in shares)
    )


def test_entropy_of_last_pitches() -> None:
    rows = frame(days(7, 1, last_pitch_type="FF"), days(7, 1, last_pitch_type="SL"), days(7, 5))
    assert told(rows, ask(7), "pitcher_last_pitch_entropy_30g") == pytest.approx(1.0)
    assert told(rows, ask(7), "pitcher_entropy_30g") is None


def test_last_pitch_whiffs() -> None:
    calls = ("swinging_strike", "foul", "in_play", "ball", "called_strike", "hit_by_pitch", None)
    rows = frame(*(days(10, 1, last_pitch_call=call) for call in calls))
    assert told(rows, ask(10), "batter_last_pitch_whiff_60g") == pytest.approx(1 / 3)


def test_pitcher_and_catcher() -> None:
    rows = frame(
        on(0, 10, catcher_id=30, called_strikes=2, called_balls=7),
        on(1, 1, catcher_id=30, called_strikes=6, called_balls=4),
        on(1, 50, catcher_id=31, called_strikes=5, called_balls=0),
    )
    assert told(rows, ask(1, catcher_id=30), "pitcher_catcher_framing") is None
    assert told(rows, ask(2, catcher_id=30), "pitcher_catcher_framing") == 26 / 100
    assert told(rows, ask(2, catcher_id=31), "pitcher_catcher_framing") == 1
    assert told(rows, ask(2, catcher_id=30, pitcher_id=21), "pitcher_catcher_framing") is None
    assert told(rows, ask(2), "pitcher_catcher_framing") is None


def test_bullpens_are_relievers_on_their_dates() -> None:
    relief = {"pitcher_is_starter": False, "pitcher_id": 21}
    rows = frame(
        days(10, 4, 2, **relief), days(40, 9, 9), on(20, 2, 2, **relief), days(40, 5, 5, fielding_team_id=1)
    )
    assert told(rows, ask(9), "opp_bullpen_hr_30g") is None
    # Complete games in between are no dates of the bullpen.
    assert told(rows, ask(41), "opp_bullpen_hr_30g") == pytest.approx((10 * 0.5 + 1) / 11)
    assert told(rows, ask(41, fielding_team_id=1), "opp_bullpen_hr_30g") is None


# -- where, and under whom -------------------------------------------------------------------------


def test_umpire() -> None:
    rows = frame(days(7, 4, 1, plate_umpire_id=50), days(9, 4, 4, plate_umpire_id=51), days(3, 4, 4))
    assert told(rows, ask(7, plate_umpire_id=50), "ump_hr_30g") == pytest.approx(0.25)
    assert told(rows, ask(6, plate_umpire_id=50), "ump_hr_30g") is None
    assert told(rows, ask(7, plate_umpire_id=None), "ump_hr_30g") is None


def test_park_factor_is_against_the_league() -> None:
    rows = frame(on(0, 1000, 200), on(0, 3000, 1000, venue="Short Porch"), on(1, 500, 500))
    assert told(rows, ask(1), "park_factor") == pytest.approx(0.2 / 0.3)
    assert told(rows, ask(0), "park_factor") is None
    assert told(rows, ask(2), "park_factor") == pytest.approx((700 / 1500) / (1700 / 4500))
    assert told(rows, ask(2, venue="Elsewhere"), "park_factor") is None


@pytest.mark.parametrize(
    ("direction", "mph", "out"),
    [
        ("Out To CF", 10.0, 10.0),
        ("Out To LF", 10.0, 7.0),
        ("In From CF", 12.0, -12.0),
        ("In From RF", 10.0, -7.0),
        ("L To R", 15.0, 0.0),
        ("None", 0.0, 0.0),
        (None, 0.0, 0.0),
        ("Out To Sea", 5.0, None),
        ("Out To CF", None, None),
        (None, 5.0, None),
    ],
)
def test_wind(direction: str | None, mph: float | None, out: float | None) -> None:
    rows = frame(on(0))
    assert told(rows, ask(1, wind_direction=direction, wind_mph=mph), "wind_out_cf") == out


@pytest.mark.parametrize(
    ("sky", "roof", "indoor"),
    [
        ("Dome", None, 1),
        ("Roof Closed", "Retractable", 1),
        ("Sunny", "Retractable", 0),
        ("Cloudy", None, 0),
        (None, "Open", 0),
        (None, "Dome", 1),
        (None, "Retractable", 1),
        (None, None, None),
    ],
)
def test_indoors(sky: str | None, roof: str | None, indoor: float | None) -> None:
    assert told(frame(on(0)), ask(1, weather_condition=sky, roof_type=roof), "is_indoor") == indoor


def test_temperature_is_the_querys_own() -> None:
    rows = frame(on(0, temp_f=90.0))
    assert told(rows, ask(1, temp_f=61.0), "weather_temp") == 61
    assert told(rows, ask(1), "weather_temp") is None
    assert feature_frame(rows)["weather_temp"].to_list() == [90]


# -- what is known when ----------------------------------------------------------------------------


def test_a_doubleheaders_second_game_does_not_know_the_first() -> None:
    before = [*VETERAN, *days(9, 4, 1)]
    first = on(9, 4, 4, game_pk=7, game_number=1)
    second = on(9, 4, 0, game_pk=8, game_number=2)
    made = feature_frame(frame(before, first, second))
    assert made[-8:].unique().height == 1
    assert made[-4:].equals(feature_frame(frame(before, second))[-4:])
    # The next day both are one date: four of eight.
    rows = frame(before, first, second)
    assert told(rows, ask(10), "batter_hr_7g") == pytest.approx((6 * 0.25 + 0.5) / 7)
    assert told(rows, ask(10), "days_rest") == 1


def test_queries_say_nothing_of_the_outcome_and_stay_in_their_order() -> None:
    rows = frame(VETERAN, days(30), days(30, 3, 3, batter_id=11))
    asked = pl.concat(
        [ask(day, batter_id=who) for day, who in ((90, 10), (3, 11), (20, 10), (3, 10), (90, 11))]
    )
    together = feature_frame(rows, asked)
    apart = pl.concat([feature_frame(rows, one) for one in asked.iter_slices(1)])
    assert together.equals(apart)
    lying = asked.with_columns(is_hit=True, swinging_strikes=3, hardness=pl.lit("hard"))
    assert feature_frame(rows, lying).equals(together)


def test_the_order_of_the_plate_appearances_does_not_matter() -> None:
    rows = frame(VETERAN, days(30), days(30, 3, 2, batter_id=11))
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=5)
    asked = pl.concat([ask(day) for day in range(0, 40, 3)])
    assert feature_frame(shuffled, asked).equals(feature_frame(rows, asked))


def test_plate_appearances_are_their_own_queries() -> None:
    rows = frame(VETERAN, days(30), days(30, 3, 2, batter_id=11, pitcher_id=22, venue="Short Porch"))
    assert feature_frame(rows, rows).equals(feature_frame(rows))


def test_slices_and_chunks_are_read_like_any_frame() -> None:
    rows = frame(VETERAN, days(30, trajectory="ground_ball", hardness="hard", balls=1, strikes=2))
    chunks = pl.concat([rows[:77], rows[77:101], rows[101:]], rechunk=False)
    assert feature_frame(chunks).equals(feature_frame(rows))
    assert feature_frame(chunks.slice(3)).equals(feature_frame(frame(VETERAN[3:], rows[100:].to_dicts())))


def test_nothing_at_all() -> None:
    empty = frame()
    assert feature_frame(empty).height == 0
    made = feature_frame(empty, ask(3, temp_f=70.0))
    assert [name for name in ALL if made[name].item() is not None] == ["weather_temp"]
    assert feature_frame(frame(on(0)), ask(0)[:0]).height == 0


def test_columns_that_a_source_lacks_make_features_null() -> None:
    rows = frame(VETERAN, days(40))
    made = feature_frame(rows)
    there = {
        "batter_hr_7g",
        "batter_hr_30g",
        "batter_hr_60g",
        "batter_hr_120g",
        "platoon_hr",
        "pitcher_hr_30g",
    }
    assert {name for name in ALL if made[name].null_count() < made.height} == there | {"days_rest"}


def test_a_row_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="1 rows have no game_date"):
        feature_frame(frame(on(0)), ask(0).with_columns(game_date=pl.lit(None, pl.Date)))
