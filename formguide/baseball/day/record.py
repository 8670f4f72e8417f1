"""The streak, counted anew from all results: no running total that an error could stick to.

The contest's rules: every pick that hits adds one; a day with a miss ends the streak, except that the first
miss at a streak of 10 to 15 takes the saver instead and leaves the streak as it is; a void pick changes
nothing; who has reached the goal has won. A season starts from nothing, with its saver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from formguide.baseball.day.settings import DaySettings
from formguide.baseball.day.tables import StreakRecord
from formguide.baseball.streak.rules import SINGLE
from formguide.schema import dtypes, empty


@dataclass(frozen=True)
class Streak:
    """Where a player stands: the streak's length, the saver, the longest streak so far."""

    length: int = 0
    saver: bool = True
    best: int = 0


def day_outcome(results: Iterable[str]) -> tuple[str, int]:
    """What a day's results come to, and how many picks hit: one miss is enough, and all must be known
    before a hit counts."""
    known = list(results)
    hits = known.count("hit")
    if "miss" in known:
        return "miss", hits
    if "open" in known:
        return "open", hits
    return ("hit", hits) if hits else ("void", 0)


def after_day(streak: Streak, results: Iterable[str], settings: DaySettings) -> tuple[Streak, str]:
    """The streak after a day, and the day's outcome ("saved" if the saver took its miss)."""
    outcome, hits = day_outcome(results)
    if outcome not in ("hit", "miss"):
        return streak, outcome
    # The rules count the batters that hit, so that a void one beside a hit leaves a single.
    played = hits if outcome == "hit" else SINGLE
    length, saver = settings.rules.after(streak.length, streak.saver, played, hit=outcome == "hit")
    saved = outcome == "miss" and streak.saver and not saver
    return Streak(length, saver, max(streak.best, length)), "saved" if saved else outcome


def streak_record(picks: pl.DataFrame, results: pl.DataFrame, settings: DaySettings) -> pl.DataFrame:
    """The streak after every day with a locked pick, per model and season.

    picks: Picks; results: PickResults (a locked pick without a row is open, and so is a day of which a second
    pick may still be locked). A row of the record depends on nothing but the picks and results up to its day.
    """
    key = ["game_date", "model", "rank"]
    begun = picks.filter(pl.col("status") == "locked").select("game_date", "model").unique()
    counted = picks.filter(pl.col("status").is_in(["locked", "preview"]))
    locked = counted.join(begun, on=["game_date", "model"], how="semi").select(*key, "season")
    known = locked.join(results.select(*key, "result"), on=key, how="left", validate="1:1")
    days = (
        known.with_columns(pl.col("result").fill_null("open"))
        .sort(["model", "season", "game_date", "rank"])
        .group_by(["model", "season", "game_date"], maintain_order=True)
        .agg("result")
    )
    rows, streak, of = [], Streak(), None
    for model, season, day, outcomes in days.iter_rows():
        if (model, season) != of:
            streak, of = Streak(), (model, season)
        before = streak
        streak, outcome = after_day(before, outcomes, settings)
        hits = outcomes.count("hit")
        rows.append(
            (model, day, season, outcome, hits, before.length, streak.length, streak.saver, streak.best)
        )
    if not rows:
        return empty(StreakRecord)
    return pl.DataFrame(rows, schema=dtypes(StreakRecord), orient="row").sort("model", "game_date")


def standing(record: pl.DataFrame, model: str, season: int) -> Streak:
    """Where a model stands in a season after everything in the record."""
    own = record.filter((pl.col("model") == model) & (pl.col("season") == season)).sort("game_date")
    if own.is_empty():
        return Streak()
    last = own.row(-1, named=True)
    return Streak(last["streak_after"], last["saver_after"], last["best"])
