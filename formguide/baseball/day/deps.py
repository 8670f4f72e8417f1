"""What the day leans on, and the row that every attempt leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import polars as pl

from formguide.alerts import record_failure
from formguide.baseball.day import ledger
from formguide.baseball.day.pick import Advise
from formguide.baseball.day.plan import Step
from formguide.baseball.day.settings import DaySettings
from formguide.baseball.day.source import DaySource
from formguide.baseball.day.tables import DayChecks
from formguide.baseball.publisher import Alarm, Publisher, PublishError
from formguide.lake import Lake
from formguide.schema import dtypes

JOB = "baseball day"
"""How the day is called in the log of failures."""


class Forecast(Protocol):
    """Forecasts a day's batters (BatterForecasts) from what the lake held before it and what is known of its
    games and line-ups (Games, Lineups); `shadow` asks for the shadow model's."""

    def __call__(
        self,
        lake: Lake,
        game_date: date,
        games: pl.DataFrame,
        lineups: pl.DataFrame,
        *,
        shadow: bool = False,
    ) -> pl.DataFrame:
        """The forecasts."""
        ...


def utc_now() -> datetime:
    """The clock on the wall, in naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class Day:
    """Everything that living through a day needs. clock: the time in naive UTC; alarm: told when a step keeps
    failing; gather: fetches the documents of the games from one date to another into the lake's inbox, and
    says what came."""

    lake: Lake
    source: DaySource
    forecast: Forecast
    advise: Advise
    publisher: Publisher
    settings: DaySettings = field(default_factory=DaySettings)
    clock: Callable[[], datetime] = utc_now
    alarm: Alarm | None = None
    gather: Callable[[date, date], str] | None = None


def check_row(
    step: Step, checked_at: datetime, outcome: str, says: str, seen: Mapping[str, Any] | None = None
) -> pl.DataFrame:
    """A row of `day_checks`; `seen` gives the columns that speak of picks."""
    values = {
        "game_date": step.game_date,
        "kind": step.kind,
        "due_at": step.due_at,
        "attempt": step.attempt,
        "checked_at": checked_at,
        "outcome": outcome,
        "says": " ".join(says.split()),
        **(seen or {}),
    }
    return pl.DataFrame(
        [[values.get(name) for name in dtypes(DayChecks)]], schema=dtypes(DayChecks), orient="row"
    )


def note(day: Day, step: Step, says: str, seen: Mapping[str, Any] | None = None) -> str:
    """Leaves the row of a check that was done, and returns what it says."""
    with ledger.writing(day.lake, "checks"):
        ledger.add(day.lake, DayChecks, step.game_date, check_row(step, day.clock(), "done", says, seen))
    return says


@contextmanager
def attempting(day: Day, step: Step) -> Iterator[None]:
    """Leaves the row of a check that failed, and raises what it failed by.

    When the same kind of step fails the `alert_after_failures`-th time in a row, that goes to the log of
    failures and, where there is one, to the alarm.
    """
    try:
        yield
    except Exception as error:
        says = f"{type(error).__name__}: {' '.join(str(error).split())}"
        now = day.clock()
        with ledger.writing(day.lake, "checks"):
            ledger.add(day.lake, DayChecks, step.game_date, check_row(step, now, "failed", says))
        if _failures(day, step) == day.settings.alert_after_failures:
            _alert(day, step, now, says)
        raise


def _failures(day: Day, step: Step) -> int:
    """How often in a row this kind of step has failed now."""
    own = ledger.read(day.lake, DayChecks, [step.game_date]).filter(pl.col("kind") == step.kind)
    count = 0
    for outcome in own.sort("checked_at", "attempt", descending=True)["outcome"]:
        if outcome == "done":
            break
        count += 1
    return count


def _alert(day: Day, step: Step, now: datetime, says: str) -> None:
    reasons = {step.kind: says}
    if day.alarm is not None:
        times = day.settings.alert_after_failures
        try:
            day.alarm.alert(f"Formguide, {step.game_date}: {step.kind} failed {times} times in a row. {says}")
        except PublishError as error:
            reasons["alert"] = str(error)
    record_failure(day.lake, step.key, JOB, now, reasons)


def gather(day: Day, step: Step) -> str:
    """Has the documents of the last days' games fetched, so that tomorrow's forecast knows them."""
    if day.gather is None:
        return note(day, step, "nobody gathers here")
    first = step.game_date - timedelta(days=day.settings.reconcile_days)
    return note(day, step, day.gather(first, step.game_date - timedelta(days=1)))
