"""The honest chance of a streak of 57: policies on days that they were not made for.

A policy that was fitted to days looks better on them than it is: it doubles where they happened to hit. So
each season is played with a policy made from the other seasons (all seeds), over seasons of blocks of its
own days. With one season there is nothing else to make a policy from: it is cut into stretches of four
weeks, and those with even numbers are played with what the odd ones teach, and the other way round.

The interval is that of the bootstrap: seasons, seeds and blocks of days drawn anew, policies as they are. It
is wide, and has to be: a percentage point in the chance of a hit, less than the standard error that one
season leaves, nearly doubles the chance of fifty in a row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from formguide.baseball.streak import bins as quality
from formguide.baseball.streak import exact, mdp, seasons
from formguide.baseball.streak.bins import Bins
from formguide.baseball.streak.mdp import Policy
from formguide.baseball.streak.profiles import Days
from formguide.baseball.streak.rules import DAYS, LATE_DAYS, Rules
from formguide.baseball.streak.seasons import BLOCK_DAYS

STRETCH_DAYS = 28


class TooFewDaysError(ValueError):
    """There are not enough days to hold any out."""


@dataclass(frozen=True)
class PolicySettings:
    """How a policy is made. bins, late_days, shrink_dates: as `bins.quality_bins`; days: length of the
    season; skips, doubles: as `mdp.solve`; rules: goal and saver."""

    bins: int = 5
    late_days: int = LATE_DAYS
    shrink_dates: float = 400.0
    days: int = DAYS
    skips: bool = True
    doubles: bool = True
    rules: Rules = field(default_factory=Rules)


Maker = Callable[[Bins], Policy]


@dataclass(frozen=True)
class Fold:
    """Days that are held out, and the policy made from others."""

    name: str
    held_out: Days
    policy: Policy


@dataclass(frozen=True)
class Chance:
    """A chance, its interval over the bootstrap, and the chance of every draw."""

    p_goal: float
    low: float
    high: float
    draws: np.ndarray


def make_bins(days: Days, settings: PolicySettings) -> Bins:
    """The bins that a policy is made for."""
    return quality.quality_bins(days, settings.bins, settings.late_days, settings.shrink_dates)


def make(days: Days, settings: PolicySettings) -> Policy:
    """The best policy for days like these."""
    return mdp.solve(
        make_bins(days, settings),
        settings.days,
        settings.rules,
        skips=settings.skips,
        doubles=settings.doubles,
    )


def folds(days: Days, settings: PolicySettings, maker: Maker | None = None) -> list[Fold]:
    """Each part of the days with a policy made from the others: seasons, or of a single one its stretches.

    maker: makes a policy from bins; default the best one. Raises `TooFewDaysError` for a few weeks only.
    """
    chosen = maker or (
        lambda b: mdp.solve(b, settings.days, settings.rules, skips=settings.skips, doubles=settings.doubles)
    )
    if len(days.seasons) > 1:
        parts = [(str(season), days.season == season) for season in days.seasons]
    else:
        odd = (days.days_left - 1) // STRETCH_DAYS % 2 == 1
        parts = [(f"{days.seasons[0]} even weeks", ~odd), (f"{days.seasons[0]} odd weeks", odd)]
    if not all(mine.any() for _, mine in parts):
        raise TooFewDaysError(f"{days.dates()} dates of one season are too few to hold any out")
    return [
        Fold(name, days.take(mine), chosen(make_bins(days.take(~mine), settings))) for name, mine in parts
    ]


def held_out(
    parts: list[Fold], *, draws: int = 400, seed: int = 0, block_days: int = BLOCK_DAYS, level: float = 0.9
) -> Chance:
    """The mean over the parts of the chance on held-out days, with its interval.

    In each draw of the bootstrap as many parts as there are, with replacement, and in each of them seeds and
    blocks of days. Without draws low and high are the chance itself.
    """
    plain = np.mean([_chances(fold, None, block_days)[0] for fold in parts])
    if not draws:
        return Chance(float(plain), float(plain), float(plain), np.empty(0))
    drawn = np.stack(
        [
            _chances(
                fold,
                seasons.resampled(fold.held_out, draws, seed + i, block_days),
                block_days,
            )
            for i, fold in enumerate(parts)
        ],
        axis=1,
    )
    return _with_interval(float(plain), drawn, seed, level)


def calibrated(
    parts: list[Fold], *, draws: int = 400, seed: int = 0, block_days: int = BLOCK_DAYS, level: float = 0.9
) -> Chance:
    """The chance on held-out days if forecasts are right but for their mean, which outcomes correct.

    The luck of single days is out of it, what is left of outcomes is one number a part: how far forecasts of
    picks were off on average. Its interval is that of the bootstrap as in `held_out`.
    """
    plain = np.mean([_calibrated(fold, None)[0] for fold in parts])
    if not draws:
        return Chance(float(plain), float(plain), float(plain), np.empty(0))
    drawn = []
    for i, fold in enumerate(parts):
        bags = seasons.resampled(fold.held_out, draws, seed + i, block_days)
        drawn.append(_calibrated(fold, seasons.day_weights(fold.held_out, bags, block_days)))
    return _with_interval(float(plain), np.stack(drawn, axis=1), seed, level)


def over_parts(drawn: np.ndarray, seed: int) -> np.ndarray:
    """Draws of each part, shape (draws, parts), as draws of their mean with the parts drawn anew too."""
    chosen = np.random.default_rng(seed).integers(0, drawn.shape[1], drawn.shape)
    return np.asarray(np.take_along_axis(drawn, chosen, axis=1).mean(axis=1))


def _with_interval(plain: float, drawn: np.ndarray, seed: int, level: float) -> Chance:
    values = over_parts(drawn, seed)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Chance(plain, float(low), float(high), values)


def _calibrated(fold: Fold, weight: np.ndarray | None) -> np.ndarray:
    bags = [None] if weight is None else list(weight)
    rates = (quality.rates_on(fold.policy.bins, fold.held_out, bag, np.inf) for bag in bags)
    return np.array([exact.p_goal(fold.policy, rate) for rate in rates])


def as_forecast(parts: list[Fold]) -> float:
    """The chance on the held-out days if every forecast were exactly right: no luck of outcomes in it."""
    return float(
        np.mean(
            [exact.p_goal(f.policy, quality.rates_on(f.policy.bins, f.held_out).forecast()) for f in parts]
        )
    )


def seed_chances(parts: list[Fold], block_days: int = BLOCK_DAYS) -> dict[int, float]:
    """The held-out chance of each seed's picks by themselves."""
    seeds = sorted({seed for fold in parts for seed in fold.held_out.seeds})
    chances = {}
    for seed in seeds:
        of_parts = [
            Fold(fold.name, fold.held_out.take(fold.held_out.seed == seed), fold.policy) for fold in parts
        ]
        chances[seed] = held_out(
            [f for f in of_parts if len(f.held_out)], draws=0, block_days=block_days
        ).p_goal
    return chances


def longest_and_named(
    parts: list[Fold], simulated: int = 10_000, seed: int = 0, block_days: int = BLOCK_DAYS
) -> tuple[float, float]:
    """Mean longest streak and mean number of batters named, over simulated held-out seasons."""
    played = [seasons.simulate_days(f.policy, f.held_out, simulated, seed, block_days) for f in parts]
    return (
        float(np.mean([p.longest.mean() for p in played])),
        float(np.mean([p.named.mean() for p in played])),
    )


def _chances(fold: Fold, weight: np.ndarray | None, block_days: int) -> np.ndarray:
    return seasons.block_chances(fold.policy, fold.held_out, weight, block_days)
