"""The features of every plate appearance as a table that people can query.

The models make their features in memory, in one pass over everything they know; this table is the same pass
written down, season by season, so that anybody can ask which park or umpire stood behind a forecast. It is
joined to the plate appearances by `game_pk` and `at_bat_index`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import dataframely as dy
import polars as pl

from formguide.asof import fingerprint
from formguide.baseball.features import ALL, feature_frame
from formguide.baseball.tables import PlateAppearances
from formguide.columns import day, identifier, whole
from formguide.lake import Lake
from formguide.making import Made, carried_over, version_of
from formguide.schema import Table

SPORT = "baseball"

VERSION = "1"
"""Changes when the same plate appearances would give other features."""

DOCS = {
    "batter_hr_7g": "Batter's hits per plate appearance, mean over his last 7 game-dates",
    "batter_hr_30g": "Batter's hits per plate appearance, last 30 game-dates",
    "batter_hr_60g": "Batter's hits per plate appearance, last 60 game-dates",
    "batter_hr_120g": "Batter's hits per plate appearance, last 120 game-dates",
    "batter_whiff_60g": "Batter's swinging strikes per swing, last 60 game-dates",
    "batter_count_tendency_30g": "Balls less strikes at the end of his plate appearances, last 30 game-dates",
    "batter_gb_hit_rate": "Batter's hits per ground ball, career so far",
    "platoon_hr": "Batter's hits per plate appearance against pitchers of that hand, career so far",
    "pitcher_hr_30g": "Hits allowed per plate appearance by the pitcher, his last 30 game-dates",
    "pitcher_entropy_30g": "Entropy of the pitcher's pitch types over his last 30 game-dates, bits",
    "weather_temp": "Temperature announced for the game, °F",
    "park_factor": "Hits per plate appearance in this park over the league's, so far",
    "pitcher_catcher_framing": "Called strikes per called pitch of this pitcher and catcher, so far",
    "opp_bullpen_hr_30g": "Hits allowed per plate appearance by the fielding team's relievers, last 30 dates",
    "days_rest": "Days since the batter's last game-date",
    "ump_hr_30g": "Hits per plate appearance with this plate umpire, his last 30 game-dates",
    "wind_out_cf": "Wind blowing out towards centre field, mph (negative: in)",
    "batter_hard_contact_30g": "Share of the batter's batted balls called hard, last 30 game-dates",
    "is_indoor": "1 under a roof, 0 in the open",
    "batter_barrel_rate_30g": "Share of his batted balls of 98 mph or more at 8 to 32°, last 30 game-dates",
    "batter_hard_hit_rate_30g": "Share of his batted balls of 95 mph or more, last 30 game-dates",
    "batter_sweet_spot_rate_30g": "Share of his batted balls at 8 to 32°, last 30 game-dates",
    "batter_avg_ev_30g": "Mean exit velocity, last 30 game-dates, mph",
    "pitcher_avg_velo_30g": "Mean pitch speed of the pitcher, his last 30 game-dates, mph",
    "pitcher_avg_spin_30g": "Mean spin of his pitches, last 30 game-dates, revolutions per minute",
    "pitcher_avg_extension_30g": "Mean release extension, last 30 game-dates, feet",
    "pitcher_break_total_30g": "Mean total break, last 30 game-dates, inches",
    "batter_avg_velo_faced_30g": "Mean speed of the pitches the batter saw, last 30 game-dates, mph",
    "batter_last_pitch_whiff_60g": "Batter's swinging strikes per swing, from last pitches only",
    "pitcher_last_pitch_entropy_30g": "Entropy of pitch types, from last pitches only, bits",
    "pitcher_last_pitch_velo_30g": "Mean pitch speed, from last pitches only, mph",
    "pitcher_last_pitch_spin_30g": "Mean spin, from last pitches only, revolutions per minute",
    "pitcher_last_pitch_break_30g": "Mean break, from last pitches only, inches",
    "batter_last_pitch_velo_faced_30g": "Mean speed the batter saw, from last pitches only, mph",
}
"""What each feature is; `formguide.baseball.features` says how many dates each must have, or it is null."""


class PlateAppearanceKeys(Table):
    """What the table of features starts with; not a table itself."""

    season = whole("Season", least=1876)
    game_date = day("Date of the game; every feature is from earlier dates")
    game_pk = identifier("MLB's number of the game", key=True)
    at_bat_index = whole("Its place in the game, from 0", key=True)
    batter_id = identifier("Batter")
    pitcher_id = identifier("Pitcher")


def _table() -> type[Table]:
    names: dict[str, Any] = {
        "__doc__": "One row per plate appearance with its features.",
        "__module__": __name__,
        "sport": SPORT,
        "name": "features",
        "description": "What was known of each plate appearance on its morning: the features of the models.",
    }
    columns = {name: dy.Float32(nullable=True, metadata={"doc": DOCS[name]}) for name in ALL}
    metaclass: Any = type(PlateAppearanceKeys)
    return cast("type[Table]", metaclass("Features", (PlateAppearanceKeys,), {**names, **columns}))


Features = _table()
"""One row per plate appearance with every feature, as Float32."""


def features_from(lake: Lake, season: int) -> str:
    """What a season's features would be made from now: every plate appearance up to it."""
    known = [key for key in lake.partitions(SPORT, PlateAppearances.name) if int(key) <= season]
    return fingerprint(VERSION, [version_of(lake, SPORT, PlateAppearances.name, key) for key in known])


def make_features(lake: Lake, seasons: Iterable[int]) -> dict[int, Made]:
    """The features of some seasons, all of them from one pass over everything up to the last."""
    made, due = {}, {}
    for season in seasons:
        made_from = features_from(lake, season)
        manifest = lake.manifest(SPORT, Features.name, str(season))
        if manifest is not None and manifest.made_from == made_from:
            made[season] = carried_over(manifest)
        else:
            due[season] = made_from
    if due:
        known = [key for key in lake.partitions(SPORT, PlateAppearances.name) if int(key) <= max(due)]
        rows = lake.read_table(SPORT, PlateAppearances.name, known, PlateAppearances)
        table = rows.select(list(PlateAppearanceKeys.columns())).hstack(
            feature_frame(rows).cast(dict.fromkeys(ALL, pl.Float32))
        )
        for season, made_from in due.items():
            frame = table.filter(pl.col("season") == season).sort("game_date", "game_pk", "at_bat_index")
            written = lake.write_table(SPORT, Features.name, str(season), frame, Features, made_from)
            made[season] = Made(written.hash, frame.height, 1, 0)
    return dict(sorted(made.items()))
