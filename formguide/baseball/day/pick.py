"""Whom to pick: the best batters of games not yet started, and what the streak policy makes of them.

The forecasts of a day hold batters of all its games, also of those that have begun or will not be played;
`candidates` is the one place where they are left out, and everything else here and in `lock` is asked with
its result only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import polars as pl

from formguide.baseball.day.plan import TO_COME

Action = Literal["skip", "single", "double"]


@dataclass(frozen=True)
class Situation:
    """What the policy is asked: the streak before the day, the days of games left (this one included),
    whether the saver is still there, and how probable the best batter is and the best of another game."""

    game_date: date
    streak: int
    days_left: int
    saver: bool
    p_first: float
    p_second: float | None


@dataclass(frozen=True)
class Advice:
    """What the policy says. `values`: what each action is worth to it, where it tells."""

    action: Action
    why: str
    values: Mapping[str, float] = field(default_factory=dict)


Advise = Callable[[Situation], Advice]
"""A streak policy."""

Row = dict[str, Any]
"""A row of the forecasts."""


@dataclass(frozen=True)
class Choice:
    """The pick as it stands: the best batter, the second of a double, and the advice that led to it."""

    advice: Advice
    first: Row | None
    second: Row | None
    pool: pl.DataFrame


@dataclass(frozen=True)
class Threshold:
    """From a streak of `streak` on: play a batter of at least `play`, double if both have at least
    `double` together (the product of their probabilities)."""

    streak: int
    play: float
    double: float


THRESHOLDS = (
    Threshold(0, play=0.0, double=0.50),
    Threshold(10, play=0.70, double=0.56),
    Threshold(16, play=0.74, double=0.60),
    Threshold(31, play=0.76, double=0.64),
    Threshold(46, play=0.78, double=1.01),
)
"""What a careful player would do without a policy: anything goes at the start, where a lost streak costs
little; the longer it is, the surer the pick must be; towards the end no doubles."""


def by_thresholds(situation: Situation) -> Advice:
    """The policy of `THRESHOLDS`, for want of a better one."""
    rule = [t for t in THRESHOLDS if t.streak <= situation.streak][-1]
    if situation.p_first < rule.play:
        return Advice(
            "skip", f"{situation.p_first:.1%} is less than the {rule.play:.0%} asked at this streak"
        )
    if situation.p_second is None:
        return Advice("single", f"{situation.p_first:.1%} is enough at this streak, there is no second game")
    both = situation.p_first * situation.p_second
    if both >= rule.double:
        return Advice("double", f"{both:.1%} that both hit, {rule.double:.0%} are enough at this streak")
    return Advice("single", f"{situation.p_first:.1%} is enough, {both:.1%} that both hit is not")


def candidates(forecasts: pl.DataFrame, games: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The forecasts of batters whose game can still be picked, best first.

    Those of games that are still to come by their last known state and whose scheduled start is ahead; a game
    that is late to begin is past picking all the same. forecasts: BatterForecasts; games: DayGames.
    """
    open_games = games.filter(
        (pl.col("state") == TO_COME) & (pl.col("start_at") > pl.lit(now, pl.Datetime("us")))
    )
    known = forecasts.drop("start_at").join(
        open_games.select("game_pk", "start_at"), on="game_pk", how="inner", maintain_order="left"
    )
    return known.sort(["p_game_hit", "batter_id", "game_pk"], descending=[True, False, False])


def choose(
    pool: pl.DataFrame,
    advise: Advise,
    situation: Callable[[float, float | None], Situation],
    locked: Mapping[int, Row] | None = None,
) -> Choice:
    """The best batter, and the best one of another game if the policy wants two.

    pool: of `candidates`; situation: makes the question from the two probabilities; locked: picks that stand
    already, by rank: they keep their place, and the others are chosen to go with them. A batter who plays
    twice that day may be picked in either game, but not in both.
    """
    locked = locked or {}
    best = list(pool.iter_rows(named=True))
    first = locked.get(1) or next((row for row in best if _apart(row, locked.get(2))), None)
    if first is None:
        nobody = Advice("skip", "no batter of a game not yet started has a forecast")
        return Choice(
            nobody if not locked else Advice("single", "one pick stands"), None, locked.get(2), pool
        )
    second = locked.get(2) or next((row for row in best if _apart(row, first)), None)
    advice = advise(situation(first["p_game_hit"], second["p_game_hit"] if second else None))
    if advice.action == "double" and second is None:
        advice = Advice("single", "there is no second game", advice.values)
    if locked and advice.action == "skip":
        advice = Advice("single", "one pick stands already", advice.values)
    if 2 in locked and 1 not in locked and advice.action != "double":
        return Choice(advice, None, locked[2], pool)
    wants_second = advice.action == "double" or 2 in locked
    return Choice(advice, first, second if wants_second else None, pool)


def _apart(row: Row, other: Row | None) -> bool:
    """Whether two picks are of different games and batters."""
    return other is None or (row["game_pk"] != other["game_pk"] and row["batter_id"] != other["batter_id"])
