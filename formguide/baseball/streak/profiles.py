"""What a season's days looked like on their eve: the picks of each day, in order, and whether they hit.

A day profile is the head of a day's forecasts: the batter most likely to get a hit, then the most likely of
another game, and so on. Two batters of one game face the same pitchers in the same weather and their
outcomes hang together, so a second pick from the same game is a worse double than its chance says; and
a doubleheader must not make one batter both picks. Ties go to the lower batter id, then the earlier game.

Forecasts come in seeds. First and second pick of a day are always of the same seed: pairs across seeds
would be picks that nobody could have made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

PROFILE = {
    "seed": pl.Int32,
    "season": pl.Int32,
    "game_date": pl.Date,
    "rank": pl.Int32,
    "game_pk": pl.Int64,
    "batter_id": pl.Int64,
    "p_game_hit": pl.Float64,
    "got_hit": pl.Boolean,
}
"""The columns of day profiles, with their types."""

POOLED_SEED = -1
"""Stands for the mean over all seeds."""


def day_profiles(
    backtest_forecasts: pl.DataFrame,
    *,
    task: str = "actual",
    top: int = 2,
    same_game: bool = False,
    pool_seeds: bool = False,
) -> pl.DataFrame:
    """The picks of every seed and day, `top` of them: columns as `PROFILE`, one row per rank from 1.

    backtest_forecasts: the table of that name. task: which of its line-ups. same_game: whether picks may
    share a game (never a batter). pool_seeds: forecasts averaged over seeds first, as one seed of number -1.
    Batters who never came to bat are passed over, as the day's own loop passes over one who is scratched.
    A day with fewer games than `top` has fewer ranks.
    """
    rows = backtest_forecasts.filter((pl.col("task") == task) & pl.col("got_hit").is_not_null())
    if pool_seeds:
        rows = rows.group_by("season", "game_date", "game_pk", "batter_id").agg(
            pl.col("p_game_hit").mean(),
            pl.col("got_hit").first(),
            pl.lit(POOLED_SEED, dtype=pl.Int32).alias("seed"),
        )
    day = ["seed", "season", "game_date"]
    rows = rows.select(*day, "game_pk", "batter_id", "p_game_hit", "got_hit").sort(
        *day, "p_game_hit", "batter_id", "game_pk", descending=[False] * 3 + [True, False, False]
    )
    picks = []
    for rank in range(1, top + 1):
        best = rows.group_by(day, maintain_order=True).first()
        picks.append(best.with_columns(pl.lit(rank, dtype=pl.Int32).alias("rank")))
        taken = best.select(*day, "batter_id", "game_pk")
        rows = rows.join(taken, on=[*day, "batter_id"], how="anti", maintain_order="left")
        if not same_game:
            rows = rows.join(taken, on=[*day, "game_pk"], how="anti", maintain_order="left")
    return pl.concat(p.select(list(PROFILE)) for p in picks).cast(PROFILE).sort(*day, "rank")  # type: ignore[arg-type]


@dataclass(frozen=True)
class Days:
    """Days that can be played, one entry per seed and date, sorted by season, seed and date; arrays alike.

    days_left counts the dates with games from this one to the season's last, this one included. `p_first`
    and `p_second` are forecast chances of a hit, `hit_first` and `hit_both` what became of it. Where
    `has_second` is False there was one game only: no double could be played (`p_second` is 0).
    """

    seed: np.ndarray
    season: np.ndarray
    date: np.ndarray
    days_left: np.ndarray
    p_first: np.ndarray
    p_second: np.ndarray
    hit_first: np.ndarray
    hit_both: np.ndarray
    has_second: np.ndarray

    def __len__(self) -> int:
        return len(self.seed)

    def take(self, which: np.ndarray) -> Days:
        """The days that a mask or an index chooses, in that order."""
        return Days(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    def of_seasons(self, seasons: Sequence[int]) -> Days:
        """The days of some seasons."""
        return self.take(np.isin(self.season, np.asarray(seasons)))

    @property
    def seasons(self) -> list[int]:
        """The seasons there are, in order."""
        return [int(season) for season in np.unique(self.season)]

    @property
    def seeds(self) -> list[int]:
        """The seeds there are, in order."""
        return [int(seed) for seed in np.unique(self.seed)]

    def dates(self) -> int:
        """How many different dates there are."""
        return len(np.unique(self.date))

    def stretched(self, factor: float, level: float = 0.0) -> Days:
        """The same days with another spread of the forecasts, for what-if questions; outcomes stay.

        Chances become mean + level + factor (chance - mean), clipped to 0 … 1.
        """
        mean_1, mean_2 = self.p_first.mean(), self.p_second[self.has_second].mean()
        first = np.clip(mean_1 + level + factor * (self.p_first - mean_1), 0.0, 1.0)
        second = np.clip(mean_2 + level + factor * (self.p_second - mean_2), 0.0, 1.0)
        return replace(self, p_first=first, p_second=np.where(self.has_second, second, 0.0))


def paired_days(profiles: pl.DataFrame, to_come: Mapping[int, int] | None = None) -> Days:
    """Day profiles as days to play: rank 1 and rank 2 side by side, within seed and date only.

    to_come: in a season that is not over, the number of dates with games after its last profile. Raises
    ValueError where there is no profile at all, or one day has several picks of one rank.
    """
    if profiles.is_empty():
        raise ValueError("no day profiles: there is no backtest forecast of this task")
    day = ["season", "seed", "game_date"]
    if profiles.select(pl.struct(*day, "rank").is_duplicated().any()).item():
        raise ValueError("several picks of one rank for one seed and date")
    first = profiles.filter(pl.col("rank") == 1).select(*day, "p_game_hit", "got_hit")
    second = profiles.filter(pl.col("rank") == 2).select(
        *day, pl.col("p_game_hit").alias("p_second"), pl.col("got_hit").alias("hit_second")
    )
    both = first.join(second, on=day, how="left", validate="1:1").sort(day)
    calendar = first.select("season", "game_date").unique().sort("season", "game_date")
    calendar = calendar.with_columns(
        pl.col("game_date").rank("dense", descending=True).over("season").cast(pl.Int64).alias("days_left")
    )
    more = pl.col("season").replace_strict(dict(to_come or {}), default=0, return_dtype=pl.Int64)
    calendar = calendar.with_columns(pl.col("days_left") + more)
    both = both.join(calendar, on=["season", "game_date"], how="left", maintain_order="left")
    has_second = both["p_second"].is_not_null().to_numpy()
    hit_first = both["got_hit"].to_numpy()
    return Days(
        seed=both["seed"].to_numpy().astype(np.int64),
        season=both["season"].to_numpy().astype(np.int64),
        date=both["game_date"].to_numpy(),
        days_left=both["days_left"].to_numpy().astype(np.int64),
        p_first=both["p_game_hit"].to_numpy(),
        p_second=both["p_second"].fill_null(0.0).to_numpy(),
        hit_first=hit_first,
        hit_both=hit_first & both["hit_second"].fill_null(False).to_numpy() & has_second,
        has_second=has_second,
    )
