"""Made-up days of an honest shape, to try things on: no forecast in them is better than real ones are.

The best pick of a day truly hits about 76 % of the time, with a standard deviation of 3 points between
days; the second best of another game a point and a half less. Each seed sees the truth with its own error,
and that error picks the picks: what looks best is a little less good than it looks.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from formguide.baseball.streak.profiles import PROFILE


def made_up_profiles(
    seasons: int = 2,
    seeds: int = 1,
    days: int = 182,
    *,
    mean: float = 0.76,
    spread: float = 0.03,
    error: float = 0.015,
    optimism: float = 0.01,
    seed: int = 0,
    first_season: int = 2001,
) -> pl.DataFrame:
    """Day profiles with two ranks, as from `profiles.day_profiles`.

    mean, spread: true chance of the first pick, over days; error: standard deviation of each seed's forecast
    about the truth; optimism: by how much forecasts of picks are too high. Seeds share days and, in half of
    the cases, picks; outcomes of one pick are the same for all of them.
    """
    random = np.random.default_rng(seed)
    rows = []
    for season in range(first_season, first_season + seasons):
        for day in range(days):
            when = date(season, 4, 1) + timedelta(day)
            level = random.normal(0.0, spread)
            # Four batters of four games that seeds choose between; outcomes belong to the batters.
            truth = np.clip(mean + level - np.array([0.0, 0.008, 0.018, 0.025]), 0.02, 0.98)
            hit = random.random(4) < truth
            for number in range(seeds):
                seen = np.clip(truth + optimism + random.normal(0.0, error, 4), 0.0, 1.0)
                for rank, i in enumerate(np.argsort(-seen)[:2], start=1):
                    rows.append(
                        (number, season, when, rank, 10 * day + i + 1, 100 + i, seen[i], bool(hit[i]))
                    )
    return pl.DataFrame(rows, schema=PROFILE, orient="row")
