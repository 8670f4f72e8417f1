"""Looking back: official scorers change their minds for days, and a hit that becomes an error was none.

Once a night the picks of the last days are looked at again. Whatever is different replaces the old result,
and the streak is counted anew from all results, so that nothing can be counted twice and no correction is
lost. What had stayed open, because a feed was down or the machine off, is settled here as well.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from formguide.baseball.day import ledger
from formguide.baseball.day.deps import Day, note
from formguide.baseball.day.look import list_games
from formguide.baseball.day.plan import Step
from formguide.baseball.day.settle import lapse, look_at_picks, recount
from formguide.baseball.day.tables import PickResults, Picks


def reconcile(day: Day, step: Step) -> str:
    """Looks at the picks of the `reconcile_days` before the step's day again; what changed, in one line.

    The night's look is the first at the new day, too: a game in the early hours moves the morning forward.
    """
    list_games(day, step.game_date)
    days = days_back(day, step.game_date)
    before = _results(day, days)
    for game_date in days:
        lapse(day, game_date)
    read, missing = look_at_picks(day, days, again=True)
    recount(day)
    changed = [
        f"{was['game_date']} {was['model']} {was['rank']}: {was['result']} → {now}"
        for was, now in _changes(before, _results(day, days))
    ]
    unanswered = f"; {missing} of {read + missing} games did not answer" if missing else ""
    return note(day, step, (", ".join(changed) or f"nothing changed in {len(days)} days") + unanswered)


def days_back(day: Day, game_date: date) -> list[date]:
    """The days before a date that are looked at again: those with picks."""
    first = game_date - timedelta(days=day.settings.reconcile_days)
    return [d for d in ledger.dates(day.lake, Picks) if first <= d < game_date]


def _results(day: Day, days: list[date]) -> pl.DataFrame:
    return ledger.read(day.lake, PickResults, days).select("game_date", "model", "rank", "result")


def _changes(before: pl.DataFrame, after: pl.DataFrame) -> list[tuple[dict[str, object], str]]:
    key = ["game_date", "model", "rank"]
    joined = after.join(before, on=key, how="left", suffix="_before").with_columns(
        pl.col("result_before").fill_null("open")
    )
    moved = joined.filter(pl.col("result") != pl.col("result_before"))
    return [
        ({**{k: row[k] for k in key}, "result": row["result_before"]}, row["result"])
        for row in moved.iter_rows(named=True)
    ]
