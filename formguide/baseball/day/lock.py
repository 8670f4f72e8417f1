"""When to stop waiting: a pick is locked once, and never after its game's first pitch.

Waiting costs nothing as long as the game is ahead, and later line-ups may bring a better batter; so a pick is
locked when that can hardly happen any more, or when its time is up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from formguide.baseball.day.pick import Row
from formguide.baseball.day.settings import DaySettings

CONFIRMED = "confirmed"


@dataclass(frozen=True)
class LockDecision:
    """Whether to lock a pick, its lead over the best batter whose line-up is only projected (None: there is
    none), and why."""

    lock: bool
    gap: float | None
    why: str


def should_lock(
    pick: Row,
    chosen: Iterable[Row],
    pool: pl.DataFrame,
    settings: DaySettings,
    now: datetime,
) -> LockDecision:
    """Whether to lock `pick` now.

    chosen: all picks of the day that are still open, this one included; pool: of `pick.candidates`, so games
    not yet started only. It is locked if its line-up and that of the pick beside it are confirmed, and either
    no line-up is missing or the lead is at least `early_lock_gap`; and in any case
    `fallback_deadline_min` before the first pitch.
    """
    chosen = list(chosen)
    taken = [(row["game_pk"], row["batter_id"]) for row in chosen]
    others = pool.filter(
        (pl.col("lineup_status") != CONFIRMED)
        & ~pl.struct("game_pk", "batter_id").is_in(
            [{"game_pk": game, "batter_id": batter} for game, batter in taken]
        )
    )
    best = others["p_game_hit"].max() if others.height else None
    gap = None if best is None else pick["p_game_hit"] - float(str(best))
    left = pick["start_at"] - now
    if left <= timedelta(0):
        return LockDecision(False, gap, "its game has begun")
    if left <= timedelta(minutes=settings.fallback_deadline_min):
        return LockDecision(True, gap, f"{left.total_seconds() / 60:.0f} minutes to the first pitch")
    if pick["lineup_status"] != CONFIRMED:
        return LockDecision(False, gap, "his line-up is not confirmed")
    if any(row["lineup_status"] != CONFIRMED for row in chosen):
        return LockDecision(False, gap, "the line-up of the pick beside him is not confirmed")
    if gap is None:
        return LockDecision(True, None, "every line-up is confirmed")
    if gap >= settings.early_lock_gap:
        return LockDecision(True, gap, f"{gap:.1%} ahead of everybody whose line-up is missing")
    return LockDecision(False, gap, f"only {gap:+.1%} ahead of a batter whose line-up is missing")
