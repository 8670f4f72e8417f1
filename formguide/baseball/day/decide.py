"""Deciding: the pick as it stands, whether to lock it, and the row that tells of both."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from formguide.baseball.day import calendar, ledger
from formguide.baseball.day.deps import Day, note
from formguide.baseball.day.lock import LockDecision, should_lock
from formguide.baseball.day.look import FORECASTS
from formguide.baseball.day.pick import Choice, Row, Situation, candidates, choose
from formguide.baseball.day.plan import MORNING, Step
from formguide.baseball.day.record import Streak, standing
from formguide.baseball.day.tables import REAL, DayGames, Picks
from formguide.schema import dtypes


def decide(day: Day, step: Step, says: str = "") -> str:
    """Chooses the day's picks from the forecasts as they are, locks those that are to be, and leaves a
    check's row; what it says in one line.

    The morning's pick is a preview and never locked. A locked pick stays as it is.
    """
    now = day.clock()
    with ledger.writing(day.lake, str(step.game_date)):
        chosen, streak = chosen_now(day, step.game_date, REAL, now)
        held = _held(day, step.game_date, REAL)
        # A day that was locked as a single stays one.
        committed = any(row["action"] == "single" for row in held.values())
        open_picks = {r: row for r, row in _ranked(chosen).items() if r not in held and not committed}
        decisions = {
            rank: _PREVIEW
            if step.kind == MORNING
            else should_lock(row, open_picks.values(), chosen.pool, day.settings, now)
            for rank, row in open_picks.items()
            if chosen.advice.action != "skip"
        }
        rows = [
            _pick_row(day, step.game_date, REAL, rank, row, chosen, streak, now, decisions.get(rank))
            for rank, row in open_picks.items()
        ]
        _write(day, step.game_date, REAL, rows)
    return note(day, step, _told(chosen, held, decisions, says), _seen(chosen, decisions))


def chosen_now(day: Day, game_date: date, model: str, now: datetime) -> tuple[Choice, Streak]:
    """What a model would pick now, with what it has locked already, and where its streak stood before."""
    games = ledger.read(day.lake, DayGames, [game_date])
    forecasts = ledger.read(day.lake, FORECASTS[model], [game_date])
    earlier = ledger.read_record(day.lake).filter(pl.col("game_date") < game_date)
    streak = standing(earlier, model, game_date.year)
    left = calendar.days_left(day.lake, day.settings, game_date)

    def situation(first: float, second: float | None) -> Situation:
        return Situation(game_date, streak.length, left, streak.saver, first, second)

    held = _held(day, game_date, model)
    return choose(candidates(forecasts, games, now), day.advise, situation, held), streak


def lock_all(day: Day, game_date: date, model: str, now: datetime) -> Choice:
    """Picks and locks at once, as a model does that only watches."""
    chosen, streak = chosen_now(day, game_date, model, now)
    held = _held(day, game_date, model)
    rows = [
        _pick_row(
            day, game_date, model, rank, row, chosen, streak, now, LockDecision(True, None, "with the others")
        )
        for rank, row in _ranked(chosen).items()
        if not held
    ]
    _write(day, game_date, model, rows)
    return chosen


def _held(day: Day, game_date: date, model: str) -> dict[int, Row]:
    """The picks that are locked already, by rank."""
    picks = ledger.read(day.lake, Picks, [game_date])
    own = picks.filter((pl.col("model") == model) & (pl.col("status") == "locked"))
    return {row["rank"]: row for row in own.iter_rows(named=True)}


def _ranked(chosen: Choice) -> dict[int, Row]:
    return {rank: row for rank, row in ((1, chosen.first), (2, chosen.second)) if row is not None}


_PREVIEW = LockDecision(False, None, "a preview: line-ups are still to come")


def _pick_row(
    day: Day,
    game_date: date,
    model: str,
    rank: int,
    row: Row,
    chosen: Choice,
    streak: Streak,
    now: datetime,
    decision: LockDecision | None,
) -> dict[str, Any]:
    action = chosen.advice.action
    locked = decision is not None and decision.lock and action != "skip"
    return {
        **{name: row[name] for name in _FROM_FORECAST},
        "game_date": game_date,
        "model": model,
        "rank": rank,
        "season": game_date.year,
        "status": "locked" if locked else ("skipped" if action == "skip" else "preview"),
        "locked_at": now if locked else None,
        "action": action,
        "streak_before": streak.length,
        "saver": streak.saver,
        "days_left": calendar.days_left(day.lake, day.settings, game_date),
        "why": "; ".join(part for part in (chosen.advice.why, decision.why if decision else "") if part),
    }


_FROM_FORECAST = (
    "game_pk",
    "batter_id",
    "batter",
    "team_id",
    "opponent_id",
    "start_at",
    "pitcher",
    "slot",
    "lineup_status",
    "p_game_hit",
)


def _write(day: Day, game_date: date, model: str, rows: list[dict[str, Any]]) -> None:
    """Replaces what was still open of a model's picks."""
    picks = ledger.read(day.lake, Picks, [game_date])
    stays = picks.filter((pl.col("model") != model) | (pl.col("status") == "locked"))
    new = pl.DataFrame(
        [[row[name] for name in dtypes(Picks)] for row in rows], schema=dtypes(Picks), orient="row"
    )
    ledger.put(day.lake, Picks, game_date, pl.concat([stays, new]))


def _told(chosen: Choice, held: dict[int, Row], decisions: dict[int, LockDecision], says: str) -> str:
    """The check in a line: what to do and why, who, and what is still waited for."""
    parts = [f"{chosen.advice.action}: {chosen.advice.why}"]
    for rank, row in _ranked(chosen).items():
        decision = decisions.get(rank)
        state = "locked already" if rank in held else "not played"
        if decision is not None:
            state = f"{'locked' if decision.lock else 'open'}, {decision.why}"
        parts.append(f"{row['batter']} {row['p_game_hit']:.1%} ({state})")
    return "; ".join([*parts, says] if says else parts)


def _seen(chosen: Choice, decisions: dict[int, LockDecision]) -> dict[str, Any]:
    """What a check's row says of the picks: the gap is that of the first one still open, the decision that
    of all."""
    seen: dict[str, Any] = {"action": chosen.advice.action, "candidates": chosen.pool.height}
    columns = ("game_pk", "batter_id", "batter", "p_game_hit", "lineup_status")
    for prefix, row in (("", chosen.first), ("double_", chosen.second)):
        if row is not None:
            seen |= {f"{prefix}{name}": row[name] for name in columns}
    if decisions:
        first = decisions[min(decisions)]
        seen |= {"gap": first.gap, "should_lock": all(d.lock for d in decisions.values())}
    return seen
