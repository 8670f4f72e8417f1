"""Living through the day: asks the plan what is due, and does it.

`Day` holds what the day leans on. `run_due` does everything that is due now, for all days that are still
open, and returns; calling it again and again with a clock that moves on is all that a daemon would do.
Dagster's sensor asks `due` instead and starts a run for each step. Whatever goes wrong in a step leaves a
failed check, is tried again later, and keeps no other step from being done.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from formguide.baseball.day import announce, ledger, look
from formguide.baseball.day.decide import decide
from formguide.baseball.day.deps import Day, attempting, gather
from formguide.baseball.day.plan import (
    GATHER,
    LINEUPS,
    MORNING,
    PUBLISH,
    RECONCILE,
    RESULTS,
    SHADOW_STEP,
    CheckDone,
    DayView,
    GameSeen,
    PickSeen,
    Step,
    due_steps,
    next_due,
)
from formguide.baseball.day.reconcile import reconcile
from formguide.baseball.day.settle import settle
from formguide.baseball.day.shadow import shadow_picks
from formguide.baseball.day.speak import publish
from formguide.baseball.day.tables import SHADOW, DayChecks, DayGames, PickResults, Picks, Published

__all__ = ["Day", "Ran", "asked", "due", "open_days", "overdue", "run_due", "view", "wake_at"]

_POLLED_OUT = frozenset({"hit", "miss", "void"})


@dataclass(frozen=True)
class Ran:
    """A step that was done, or failed; `says` in one line."""

    step: Step
    done: bool
    says: str


def view(day: Day, game_date: date, record: pl.DataFrame | None = None) -> DayView:
    """A day as the lake has it: all that its plan depends on. record: the streak record, if it was read."""
    lake = day.lake
    games = ledger.read(lake, DayGames, [game_date])
    checks = ledger.read(lake, DayChecks, [game_date])
    picks = ledger.read(lake, Picks, [game_date])
    results = ledger.read(lake, PickResults, [game_date])
    published = ledger.read(lake, Published, [game_date])
    own = (record if record is not None else ledger.read_record(lake)).filter(
        pl.col("game_date") == game_date
    )
    posts = announce.unsaid(game_date, picks, results, own, games, published)
    settled = {
        (model, rank)
        for model, rank, result in results.select("model", "rank", "result").iter_rows()
        if result in _POLLED_OUT
    }
    return DayView(
        game_date,
        games=tuple(GameSeen(*row) for row in games.select("game_pk", "start_at", "state").iter_rows()),
        checks=tuple(
            CheckDone(kind, due_at, attempt, at, outcome == "done")
            for kind, due_at, attempt, at, outcome in checks.select(
                "kind", "due_at", "attempt", "checked_at", "outcome"
            ).iter_rows()
        ),
        picks=tuple(
            PickSeen(model, rank, status, action, start_at, (model, rank) in settled)
            for model, rank, status, action, start_at in picks.select(
                "model", "rank", "status", "action", "start_at"
            ).iter_rows()
        ),
        unsaid=tuple(post.said_at for post in posts),
        gather_wanted=day.gather is not None,
        shadow_wanted=day.settings.shadow_model and SHADOW not in picks["model"].to_list(),
    )


def open_days(day: Day, now: datetime) -> list[date]:
    """The days about which something may still be due: today, and as far back as results are corrected."""
    today = day.settings.local_date(now)
    known = set(ledger.dates(day.lake, DayChecks))
    past = (today - timedelta(days=back) for back in range(day.settings.reconcile_days, 0, -1))
    return [*(d for d in past if d in known), today]


def due(day: Day) -> list[Step]:
    """The steps that are due now, over all open days."""
    now, record = day.clock(), ledger.read_record(day.lake)
    views = [view(day, d, record) for d in open_days(day, now)]
    return [step for seen in views for step in due_steps(seen, day.settings, now)]


def asked(day: Day, game_date: date, *kinds: str) -> Step:
    """The step of a day that somebody who does one of `kinds` is doing: the one that is due, else one of the
    last kind, done by hand now."""
    now = day.clock()
    steps = [s for s in due_steps(view(day, game_date), day.settings, now) if s.kind in kinds]
    return steps[0] if steps else Step(game_date, kinds[-1], now)


def overdue(day: Day, minutes: float) -> list[Step]:
    """The steps that were due so many minutes ago and have not been tried since: nobody is at work."""
    now, late = day.clock(), timedelta(minutes=minutes)
    found = []
    for step in due(day):
        tried = [c.checked_at for c in view(day, step.game_date).checks if c.kind == step.kind]
        if now - max([step.due_at, *tried]) > late:
            found.append(step)
    return found


def wake_at(day: Day) -> datetime:
    """The next moment (naive UTC) at which something will be due, as far as is known now."""
    now, record = day.clock(), ledger.read_record(day.lake)
    times = [next_due(view(day, d, record), day.settings, now) for d in open_days(day, now)]
    tomorrow = day.settings.local_date(now) + timedelta(days=1)
    return min([t for t in times if t is not None] + [day.settings.at(tomorrow, day.settings.reconcile_at)])


def run_due(day: Day) -> list[Ran]:
    """Does everything that is due now, and what becomes due by it; what was done, in order."""
    ran: list[Ran] = []
    tried: set[Step] = set()
    while steps := [step for step in due(day) if step not in tried]:
        # One at a time: what one step does may make another pointless, or due.
        tried.add(steps[0])
        ran.append(run_step(day, steps[0]))
    return ran


def run_step(day: Day, step: Step) -> Ran:
    """Does one step, whatever comes of it."""
    try:
        return Ran(step, True, _do(day, step))
    except Exception as error:
        # Nothing may keep the next step from being done; the failure lies in the lake, with its reason.
        return Ran(step, False, f"{type(error).__name__}: {' '.join(str(error).split())}")


def _do(day: Day, step: Step) -> str:
    with attempting(day, step):
        if step.kind in (MORNING, LINEUPS):
            looked = look.look(day, step.game_date)
            look.forecast(day, step.game_date)
            return decide(day, step, looked.says)
        if step.kind == SHADOW_STEP:
            return shadow_picks(day, step)
        if step.kind == RESULTS:
            return settle(day, step)
        if step.kind == RECONCILE:
            return reconcile(day, step)
        if step.kind == GATHER:
            return gather(day, step)
        if step.kind == PUBLISH:
            return publish(day, step.game_date)
        raise ValueError(f"{step.kind} is no step of the day")
