"""The policy and its evaluation in the lake: made again only if the backtest has changed.

`make_policy` reads every season of the backtest forecasts and writes the policy file (`streak_policy`) and
its bins (`streak_bins`); `make_evaluation` writes `streak_evaluation`.
"""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from formguide.asof import fingerprint
from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.streak import evaluation, exact
from formguide.baseball.streak.evaluation import PolicySettings
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.policy_file import FILE_NAME, policy_bytes, read_policy
from formguide.baseball.streak.profiles import Days, day_profiles, paired_days
from formguide.baseball.streak.report import bins_table, evaluation_table
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.baseball.tables import Games
from formguide.lake import Lake
from formguide.making import Made, carried_over

SPORT = "baseball"
POLICY = "streak_policy"
VERSION = "1"
"""Changes when the same forecasts would give another policy or evaluation."""

TASK = "actual"
"""The line-ups that days are made with: confirmed, as they are when a pick is locked."""


class NoForecastsError(ValueError):
    """There is no backtest to learn from; the message says how to make one."""


def days_in(
    lake: Lake, seasons: list[int] | None = None, *, task: str = TASK, same_game: bool = False
) -> Days:
    """The days of the lake's backtest forecasts. Raises `NoForecastsError`."""
    keys = None if seasons is None else [str(season) for season in seasons]
    frame = lake.read_table(SPORT, BacktestForecasts.name, keys, BacktestForecasts)
    profiles = day_profiles(frame, task=task, same_game=same_game)
    if profiles.is_empty():
        which = "" if seasons is None else f" of {', '.join(str(s) for s in sorted(seasons))}"
        raise NoForecastsError(
            f"the lake has no backtest forecasts{which}: run formguide backtest baseball first"
        )
    return paired_days(profiles, _to_come(lake, profiles))


def make_policy(
    lake: Lake,
    settings: PolicySettings | None = None,
    *,
    seasons: list[int] | None = None,
    is_sample: bool = False,
) -> dict[str, Made]:
    """Writes the best policy for the seasons of the backtest, and its bins (asset → what was made).

    seasons: default all. Raises `NoForecastsError` if there is no backtest.
    """
    settings = settings or PolicySettings()
    made_from = fingerprint(VERSION, _backtest(lake), asdict(settings), seasons, is_sample)
    kept = {name: lake.manifest(SPORT, name, None) for name in (POLICY, StreakBins.name)}
    if all(manifest is not None and manifest.made_from == made_from for manifest in kept.values()):
        return {name: carried_over(manifest) for name, manifest in kept.items() if manifest}
    days = days_in(lake, seasons)
    policy = evaluation.make(days, settings)
    facts = {
        "seasons": days.seasons,
        "dates": days.dates(),
        "seeds": len(days.seeds),
        "p_goal_in_sample": exact.p_goal(policy),
        "settings": asdict(settings),
    }
    file = lake.write_bytes(SPORT, POLICY, None, {FILE_NAME: policy_bytes(policy)}, made_from, facts)
    table = bins_table(policy, days, is_sample)
    written = lake.write_table(SPORT, StreakBins.name, None, table, StreakBins, made_from)
    return {
        POLICY: Made(file.hash, 0, 1, 0, facts),
        StreakBins.name: Made(written.hash, table.height, 1, 0, {"dates": days.dates()}),
    }


def make_evaluation(
    lake: Lake,
    settings: PolicySettings | None = None,
    *,
    draws: int = 400,
    simulated: int = 10_000,
    is_sample: bool = False,
) -> Made:
    """Writes what the policy and the strategies come to. Raises `NoForecastsError`."""
    settings = settings or PolicySettings()
    made_from = fingerprint(VERSION, _backtest(lake), asdict(settings), draws, simulated, is_sample)
    kept = lake.manifest(SPORT, StreakEvaluation.name, None)
    if kept is not None and kept.made_from == made_from:
        return carried_over(kept)
    table = evaluation_table(
        days_in(lake), settings, days_in(lake, same_game=True), draws, simulated, is_sample
    )
    facts = {
        f"{row['question']}_{name}": row[name]
        for row in table.filter((pl.col("policy") == "optimal") & (pl.col("span") == "all")).to_dicts()
        for name in ("p_goal", "p_low", "p_high")
        if row[name] is not None
    }
    written = lake.write_table(SPORT, StreakEvaluation.name, None, table, StreakEvaluation, made_from, facts)
    return Made(written.hash, table.height, 1, 0, facts)


def load_policy(lake: Lake) -> Policy:
    """The lake's policy. Raises `lake.LakeError` if there is none, `PolicyFileError` if it is damaged."""
    return read_policy(lake.read_bytes(SPORT, POLICY, None)[FILE_NAME])


def _to_come(lake: Lake, profiles: pl.DataFrame) -> dict[int, int]:
    """Dates with games that a season's schedule has after its last profile."""
    ends = profiles.group_by("season").agg(pl.col("game_date").max().alias("end"))
    games = lake.read_table(SPORT, Games.name, [str(season) for season in ends["season"]], Games)
    later = games.join(ends, on="season").filter(
        (pl.col("game_date") > pl.col("end")) & pl.col("state").is_in(["preview", "live", "final"])
    )
    return dict(later.group_by("season").agg(pl.col("game_date").n_unique()).iter_rows())


def _backtest(lake: Lake) -> dict[str, str]:
    manifests = lake.manifests(SPORT, BacktestForecasts.name)
    if not manifests:
        raise NoForecastsError("the lake has no backtest forecasts: run formguide backtest baseball first")
    return {str(key): manifest.hash for key, manifest in manifests.items()}
