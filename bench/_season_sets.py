"""Plate appearances for the scripts beside this one: as many as wanted, with all that the features need.

Real seasons where they are, repeated with later dates and other players; what their source lacks (counts,
pitches by type, umpire, catcher, weather) is drawn at random, because every feature is to be computed. Where
there are no real seasons, all is drawn.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from formguide import schema
from formguide.baseball import archive
from formguide.baseball.features import WIND_SCORE
from formguide.baseball.tables import PITCH_TYPES, PlateAppearances

SEASONS = (2022, 2023, 2024)
PER_GAME = 76


def season_set(folder: Path, rows: int, seed: int = 1) -> tuple[pl.DataFrame, str]:
    """At least `rows` plate appearances in date order, and one line that says what they are."""
    rng = np.random.default_rng(seed)
    if not folder.is_dir():
        return complete(drawn(rng, -(-rows // (15 * PER_GAME))), rng), "all drawn at random"
    real = pl.concat([archive.read_folder(folder, season).plate_appearances for season in SEASONS])
    copies = -(-rows // real.height)
    days = (real["game_date"].max() - real["game_date"].min()).days + 120  # type: ignore[operator, union-attr]
    again = pl.concat(
        [
            real.with_columns(
                pl.col("game_date") + pl.duration(days=days * copy),
                pl.col("game_pk") + 1_000_000 * copy,
                # Half of the players are there again after the gap, half are new ones.
                *(
                    pl.when(pl.col(c) % 2 == 0).then(pl.col(c) + 1_000_000 * copy).otherwise(c)
                    for c in _PLAYERS
                ),
            )
            for copy in range(copies)
        ]
    )
    what = f"{copies} times the seasons {SEASONS[0]} to {SEASONS[-1]}, what they lack drawn at random"
    return complete(again.head(rows), rng), what


_PLAYERS = ("batter_id", "pitcher_id")


def drawn(
    rng: np.random.Generator, dates: int, games: int = 15, teams: int = 30, start: date = date(2021, 4, 1)
) -> pl.DataFrame:
    """Made-up games of 76 plate appearances, `games` a date; a team may play twice, or not at all."""
    n_games = dates * games
    game = np.repeat(np.arange(n_games), PER_GAME)
    n = game.size
    teams_of = np.array([rng.permutation(teams)[:2] for _ in range(n_games)])[game]
    top = np.tile(np.arange(PER_GAME) % 2 == 0, n_games)
    batting, fielding = np.where(top[:, None], teams_of, teams_of[:, ::-1]).T
    arm = np.where(rng.random(n) < 0.6, game % 5, rng.integers(5, 12, n))
    pitcher = 1000 + 20 * fielding + arm
    day = game // games
    play = rng.choice(
        ["single", "home_run", "strikeout", "walk", "field_out"], n, p=[0.18, 0.04, 0.22, 0.1, 0.46]
    )
    batted = np.isin(play, ["single", "home_run", "field_out"])
    measured = pl.Series(np.where(batted & (rng.random(n) < 0.95), 1.0, np.nan)).fill_nan(None)
    frame = pl.DataFrame(
        {
            "season": 2021 + day // 180,
            "game_pk": 1 + game,
            "game_date": pl.Series([start + timedelta(days=d) for d in range(dates)])[day.tolist()],
            "at_bat_index": np.tile(np.arange(PER_GAME), n_games),
            "venue": pl.Series([f"The park of team {team}" for team in range(teams)])[
                teams_of[:, 1].tolist()
            ],
            "is_home_batting": ~top,
            "batting_team_id": 100 + batting,
            "fielding_team_id": 100 + fielding,
            "batter_id": 5000 + 20 * batting + rng.choice(14, n, p=np.r_[np.full(9, 0.1), np.full(5, 0.02)]),
            "bat_side": rng.choice(["L", "R"], n),
            "pitcher_id": pitcher,
            "pitch_hand": np.array(["R", "L", "R", "R", "S"])[pitcher % 5],
            "pitcher_is_starter": arm < 5,
            "event": play,
            "is_hit": np.isin(play, ["single", "home_run"]),
            "last_pitch_type": np.array([t.upper() for t in PITCH_TYPES])[
                (pitcher + rng.integers(0, 4, n)) % 12
            ],
            "last_pitch_call": np.where(
                batted,
                "in_play",
                np.where(play == "walk", "ball", rng.choice(["swinging_strike", "foul"], n)),
            ),
            "last_pitch_speed_mph": np.round(rng.normal(88, 5, n), 1),
            "last_pitch_spin_rpm": np.round(rng.normal(2250, 200, n)),
            "last_pitch_break_in": np.round(rng.normal(28, 6, n), 1),
            "launch_speed_mph": measured * pl.Series(np.round(rng.normal(89, 13, n), 1)),
            "launch_angle_deg": measured * pl.Series(np.round(rng.normal(12, 25, n))),
            "trajectory": rng.choice(["ground_ball", "line_drive", "fly_ball", "bunt_grounder"], n),
            "hardness": rng.choice(["soft", "medium", "hard"], n),
        }
    ).with_columns(pl.when(pl.Series(batted)).then(c).alias(c) for c in ("trajectory", "hardness"))
    rest = {
        "game_number": 1,
        "seven_inning": False,
        "batter": "Somebody",
        "pitcher": "Somebody",
        "source": "drawn",
        "fingerprint": "0" * 16,
    }
    frame = frame.with_columns(pl.lit(value).alias(name) for name, value in rest.items())
    lacking = {c: t for c, t in schema.dtypes(PlateAppearances).items() if c not in frame.columns}
    frame = frame.with_columns(pl.lit(None, t).alias(c) for c, t in lacking.items())
    return frame.select(pl.col(c).cast(t) for c, t in schema.dtypes(PlateAppearances).items())


def complete(rows: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """The rows with the columns drawn that the archive lacks; one in fifty has no pitch counts."""
    n = rows.height
    game = rows["game_pk"].rank("dense").to_numpy().astype(np.int64) - 1
    games = int(game.max()) + 1
    thrown = rng.poisson(0.7, (len(PITCH_TYPES), n)).astype(np.int32)
    unknown = rng.random(n) < 0.02
    counts = {f"pitches_{code}": thrown[k] for k, code in enumerate(PITCH_TYPES)}
    counts |= {"balls": rng.integers(0, 5, n), "strikes": rng.integers(0, 4, n)}
    counts |= {name: rng.poisson(1.2, n) for name in ("called_balls", "called_strikes", "fouls")}
    counts |= {"swinging_strikes": rng.poisson(0.5, n), "in_play": rng.integers(0, 2, n)}
    means = {"pitch_speed_mean_mph": (89.0, 3.0), "spin_rate_mean_rpm": (2250.0, 150.0)}
    means |= {"extension_mean_ft": (6.3, 0.4), "break_mean_in": (12.0, 4.0)}
    drawn_rows = {name: pl.Series(value.astype(np.int32)) for name, value in counts.items()}
    drawn_rows |= {name: pl.Series(rng.normal(mean, sd, n)) for name, (mean, sd) in means.items()}
    known = pl.Series(~unknown)
    winds = [*WIND_SCORE, "Out To Sea", None]
    sky = ["Sunny", "Cloudy", "Dome", "Roof Closed", None]

    def by_game(choices: list[str | None]) -> pl.Series:
        return pl.Series(choices, dtype=pl.String).gather(rng.integers(0, len(choices), games)[game])

    catcher = 10_000 + 3 * rows["fielding_team_id"].to_numpy() + rng.integers(0, 3, games)[game]
    return rows.with_columns(
        *(pl.when(known).then(series).alias(name) for name, series in drawn_rows.items()),
        pl.Series("catcher_id", catcher),
        pl.Series("plate_umpire_id", 20_000 + rng.integers(0, min(90, 1 + games // 20), games)[game]),
        pl.Series("temp_f", rng.normal(72, 10, games)[game].round()),
        pl.Series("wind_mph", rng.integers(0, 20, games)[game].astype(np.float64)),
        by_game(winds).alias("wind_direction"),
        by_game(sky).alias("weather_condition"),
        by_game(["Open", "Retractable", "Dome", None]).alias("roof_type"),
    )
