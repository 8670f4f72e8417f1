"""The policy and its evaluation in the lake: made again only if the backtest has changed.

`make_policy` reads every season of the backtest forecasts and writes the policy file (`streak_policy`) and
its bins (`streak_bins`); `make_evaluation` writes `streak_evaluation`.
"""

from __future__ import annotations

from dataclasses import asdict

import polars as pl

from formguide.asof import fingerprint
from formguide.baseball.forecast_tables import BacktestForecasts
from formguide.baseball.streak import bins as quality
from formguide.baseball.streak import evaluation, exact, search
from formguide.baseball.streak.bins import PHASES
from formguide.baseball.streak.evaluation import Maker, PolicySettings
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.policy_file import FILE_NAME, policy_bytes, read_policy
from formguide.baseball.streak.profiles import Days, day_profiles, paired_days
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.baseball.tables import Games
from formguide.lake import Lake
from formguide.making import Made, carried_over
from formguide.schema import dtypes

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
    mine = (pl.col("question") == "held_out") & (pl.col("policy") == "optimal") & (pl.col("span") == "all")
    honest = table.row(by_predicate=mine, named=True)
    facts = {f"held_out_{name}": honest[name] for name in ("p_goal", "p_low", "p_high")}
    written = lake.write_table(SPORT, StreakEvaluation.name, None, table, StreakEvaluation, made_from, facts)
    return Made(written.hash, table.height, 1, 0, facts)


def load_policy(lake: Lake) -> Policy:
    """The lake's policy. Raises `lake.LakeError` if there is none, `PolicyFileError` if it is damaged."""
    return read_policy(lake.read_bytes(SPORT, POLICY, None)[FILE_NAME])


def player(name: str, settings: PolicySettings) -> Maker:
    """Makes the policy of a named strategy from bins, for `evaluation.folds`."""
    return lambda bins: strategy_policy(name, bins, settings.days, settings.rules)


def bins_table(policy: Policy, days: Days, is_sample: bool = False) -> pl.DataFrame:
    """The policy's bins as table `streak_bins`, with the plain frequencies beside the chances."""
    bins = policy.bins
    plain = quality.rates_on(bins, days)
    rows = []
    for phase, name in enumerate(PHASES):
        for b in range(bins.count):
            if bins.share[phase, b] <= 0:
                continue
            low, high = (b > 0 and bins.edges[phase, b - 1]), b + 1 < bins.count and bins.edges[phase, b]
            rows.append(
                {
                    "phase": name,
                    "quality": b,
                    "p_from": float(low),
                    "p_to": min(float(high), 1.0) if b + 1 < bins.count else 1.0,
                    "share": bins.share[phase, b],
                    "dates": int(bins.dates[phase, b]),
                    "seed_days": int(bins.days[phase, b]),
                    "p_first": bins.p_first[phase, b],
                    "p_second": bins.p_second[phase, b],
                    "p_hit": bins.p_hit[phase, b],
                    "p_both": bins.p_both[phase, b],
                    "hit_rate": plain.p_hit[phase, b],
                    "both_rate": plain.p_both[phase, b],
                    "is_sample": is_sample,
                }
            )
    return pl.DataFrame(rows, schema=dtypes(StreakBins))


def evaluation_table(
    days: Days,
    settings: PolicySettings,
    same_game: Days | None = None,
    draws: int = 400,
    simulated: int = 10_000,
    is_sample: bool = False,
) -> pl.DataFrame:
    """Table `streak_evaluation` for these days."""
    rows: list[dict[str, object]] = []

    def add(question: str, policy: str, span: str, p_goal: float, says: str, **more: object) -> None:
        rows.append(
            {"question": question, "policy": policy, "span": span, "p_goal": p_goal, "says": says,
             "dates": days.dates(), "is_sample": is_sample, **more}
        )  # fmt: skip

    best = evaluation.make(days, settings)
    top = exact.p_goal(best)
    add("in_sample", "optimal", "all", top, "on the days it was made from, which flatters it", ratio=1.0)
    for name, strategy in STRATEGIES.items():
        p_goal = exact.p_goal(strategy_policy(name, best.bins, settings.days, settings.rules))
        add("in_sample", name, "all", p_goal, strategy.says, ratio=_ratio(p_goal, top))

    honest = 0.0
    for name in ("optimal", *STRATEGIES):
        parts = evaluation.folds(days, settings, None if name == "optimal" else player(name, settings))
        chance = evaluation.held_out(parts, draws=draws)
        longest, named = evaluation.longest_and_named(parts, simulated)
        honest = chance.p_goal if name == "optimal" else honest
        says = "on seasons it was not made for" if name == "optimal" else STRATEGIES[name].says
        add("held_out", name, "all", chance.p_goal, says, p_low=chance.low, p_high=chance.high,
            ratio=_ratio(chance.p_goal, honest), mean_longest=longest, batters_named=named)  # fmt: skip
        level = evaluation.calibrated(parts, draws=draws)
        add("calibrated", name, "all", level.p_goal, "if forecasts are right but for their mean",
            p_low=level.low, p_high=level.high)  # fmt: skip
        add("as_forecast", name, "all", evaluation.as_forecast(parts), "if forecasts were exactly right")
        if name == "optimal":
            for part in parts:
                alone = evaluation.held_out([part], draws=draws)
                add("held_out", name, part.name, alone.p_goal, says, p_low=alone.low, p_high=alone.high,
                    dates=part.held_out.dates())  # fmt: skip
            for seed, p_goal in evaluation.seed_chances(parts).items():
                add("seed", name, f"seed {seed}", p_goal, "one seed's picks on held-out seasons")
    for question, changes in (
        ("what_if", search.policy_changes(days, settings, same_game)),
        ("what_if_calibrated", search.policy_changes(days, settings, same_game, search.on_forecasts)),
        ("what_if_forecast", search.world_changes(days, settings)),
    ):
        for change in changes:
            ratio = None if change.ratio != change.ratio else change.ratio
            add(question, change.name, "all", change.p_goal, change.says, ratio=ratio)
    return pl.DataFrame(rows, schema=dtypes(StreakEvaluation))


def _to_come(lake: Lake, profiles: pl.DataFrame) -> dict[int, int]:
    """Dates with games that a season's schedule has after its last profile."""
    ends = profiles.group_by("season").agg(pl.col("game_date").max().alias("end"))
    games = lake.read_table(SPORT, Games.name, [str(season) for season in ends["season"]], Games)
    later = games.join(ends, on="season").filter(
        (pl.col("game_date") > pl.col("end")) & pl.col("state").is_in(["preview", "live", "final"])
    )
    return dict(later.group_by("season").agg(pl.col("game_date").n_unique()).iter_rows())


def _ratio(value: float, of: float) -> float | None:
    return value / of if of > 0 else None


def _backtest(lake: Lake) -> dict[str, str]:
    manifests = lake.manifests(SPORT, BacktestForecasts.name)
    if not manifests:
        raise NoForecastsError("the lake has no backtest forecasts: run formguide backtest baseball first")
    return {str(key): manifest.hash for key, manifest in manifests.items()}
