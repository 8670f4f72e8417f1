"""What the policy is made for and what it comes to, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from formguide.baseball.streak import bins as quality
from formguide.baseball.streak import evaluation, exact, search
from formguide.baseball.streak.bins import PHASES
from formguide.baseball.streak.evaluation import Maker, PolicySettings, TooFewDaysError
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.strategies import STRATEGIES, strategy_policy
from formguide.baseball.streak.tables import StreakBins, StreakEvaluation
from formguide.schema import dtypes

OPTIMAL = "optimal"
Row = dict[str, Any]


def player(name: str, settings: PolicySettings) -> Maker | None:
    """Makes the policy of a named strategy from bins, for `evaluation.folds`; None for the best one."""
    if name == OPTIMAL:
        return None
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
    """Table `streak_evaluation` for these days; with a few weeks of one season only what needs nothing else.

    same_game: the days with second picks from any game; draws: of the bootstrap; simulated: seasons.
    """
    rows = [*_in_sample(days, settings)]
    try:
        rows += _held_out(days, settings, draws, simulated)
        rows += _changes("what_if", search.policy_changes(days, settings, same_game))
        calibrated = search.policy_changes(days, settings, same_game, search.on_forecasts)
        rows += _changes("what_if_calibrated", calibrated)
    except TooFewDaysError:
        rows = rows[: 1 + len(STRATEGIES)]
    rows += _changes("what_if_forecast", search.world_changes(days, settings))
    every = {"dates": days.dates(), "is_sample": is_sample}
    return pl.DataFrame([{**every, **row} for row in rows], schema=dtypes(StreakEvaluation))


def _in_sample(days: Days, settings: PolicySettings) -> Iterator[Row]:
    bins = evaluation.make_bins(days, settings)
    top = exact.p_goal(evaluation.make(days, settings))
    says = "on the days it was made from, which flatters it"
    yield _row("in_sample", OPTIMAL, top, says, ratio=1.0)
    for name, strategy in STRATEGIES.items():
        p_goal = exact.p_goal(strategy_policy(name, bins, settings.days, settings.rules))
        yield _row("in_sample", name, p_goal, strategy.says, ratio=_ratio(p_goal, top))


def _held_out(days: Days, settings: PolicySettings, draws: int, simulated: int) -> Iterator[Row]:
    best = 0.0
    for name in (OPTIMAL, *STRATEGIES):
        parts = evaluation.folds(days, settings, player(name, settings))
        chance = evaluation.held_out(parts, draws=draws)
        longest, named = evaluation.longest_and_named(parts, simulated)
        best = chance.p_goal if name == OPTIMAL else best
        says = "on seasons it was not made for" if name == OPTIMAL else STRATEGIES[name].says
        yield _row(
            "held_out",
            name,
            chance.p_goal,
            says,
            p_low=chance.low,
            p_high=chance.high,
            ratio=_ratio(chance.p_goal, best),
            mean_longest=longest,
            batters_named=named,
        )
        level = evaluation.calibrated(parts, draws=draws)
        says = "if forecasts are right but for their mean"
        yield _row("calibrated", name, level.p_goal, says, p_low=level.low, p_high=level.high)
        yield _row("as_forecast", name, evaluation.as_forecast(parts), "if forecasts were exactly right")
        if name == OPTIMAL:
            yield from _parts(parts, draws)


def _parts(parts: list[evaluation.Fold], draws: int) -> Iterator[Row]:
    """The best policy season by season, and seed by seed."""
    for part in parts:
        alone = evaluation.held_out([part], draws=draws)
        row = _row("held_out", OPTIMAL, alone.p_goal, "one part of it", p_low=alone.low, p_high=alone.high)
        yield row | {"span": part.name, "dates": part.held_out.dates()}
    for seed, p_goal in evaluation.seed_chances(parts).items():
        row = _row("seed", OPTIMAL, p_goal, "one seed's picks on held-out seasons")
        yield row | {"span": f"seed {seed}"}


def _changes(question: str, changes: Iterator[search.Variation]) -> Iterator[Row]:
    for change in changes:
        ratio = None if change.ratio != change.ratio else change.ratio
        yield _row(question, change.name, change.p_goal, change.says, ratio=ratio)


def _row(question: str, policy: str, p_goal: float, says: str, **more: float | None) -> Row:
    return {"question": question, "policy": policy, "span": "all", "p_goal": p_goal, "says": says, **more}


def _ratio(value: float, of: float) -> float | None:
    return value / of if of > 0 else None
