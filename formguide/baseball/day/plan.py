"""What is due at a moment: a pure function of the day's records.

Nothing is remembered between two calls. A moment that has been planned for (a line-up window, a poll) is
covered by any successful check at or after it, so that after an outage one check makes up for all that was
missed; a step that failed is due again some minutes later; what has become pointless (a window whose games
have all begun) is no longer due.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from formguide.baseball.day.settings import DaySettings

MORNING, LINEUPS, SHADOW_STEP, RESULTS, RECONCILE, GATHER, PUBLISH = (
    "morning",
    "lineups",
    "shadow",
    "results",
    "reconcile",
    "gather",
    "publish",
)
ORDER = (RECONCILE, GATHER, MORNING, LINEUPS, SHADOW_STEP, RESULTS, PUBLISH)
"""The kinds of steps, in the order in which those due at the same time are done."""

TO_COME = "preview"
OFF = frozenset({"postponed", "cancelled"})


@dataclass(frozen=True, order=True)
class Step:
    """Something to be done: `attempt` counts from 1, and goes up each time it fails."""

    game_date: date
    kind: str
    due_at: datetime
    attempt: int = 1

    @property
    def key(self) -> str:
        """Names the step and the attempt, for a log or a run key."""
        return f"{self.game_date}-{self.kind}-{self.due_at:%Y%m%dT%H%M%S}-{self.attempt}"


@dataclass(frozen=True)
class GameSeen:
    """A game as it was last seen; `start_at` in naive UTC, None while it is to be announced."""

    game_pk: int
    start_at: datetime | None
    state: str


@dataclass(frozen=True)
class CheckDone:
    """A check that was made."""

    kind: str
    due_at: datetime
    attempt: int
    checked_at: datetime
    done: bool


@dataclass(frozen=True)
class PickSeen:
    """A pick as it stands. `settled`: there is a result that needs no more polling."""

    model: str
    rank: int
    status: str
    action: str
    start_at: datetime
    settled: bool = False


@dataclass(frozen=True)
class DayView:
    """All that the plan of a day depends on. `unsaid`: when each post that is still to be made came up;
    `shadow_wanted`: whether the shadow model is to pick as well and has not yet; `gather_wanted`: whether the
    documents of past games are fetched at night."""

    game_date: date
    games: tuple[GameSeen, ...] = ()
    checks: tuple[CheckDone, ...] = ()
    picks: tuple[PickSeen, ...] = ()
    unsaid: tuple[datetime, ...] = ()
    shadow_wanted: bool = False
    gather_wanted: bool = False

    @property
    def real(self) -> tuple[PickSeen, ...]:
        """The picks that count."""
        return tuple(pick for pick in self.picks if pick.model != "shadow")

    @property
    def committed(self) -> bool:
        """Whether nothing about the day's picks can change any more."""
        return bool(self.real) and all(pick.status == "locked" for pick in self.real)


def due_steps(view: DayView, settings: DaySettings, now: datetime) -> tuple[Step, ...]:
    """The steps of a day that are due now (naive UTC), in the order in which to do them."""
    steps = []
    for kind in ORDER:
        past = [at for at in _moments(view, settings, now, kind) if at <= now]
        if past and not _covered(view, kind, max(past)):
            step = _attempt(view, kind, max(past))
            if now >= _not_before(view, settings, kind, max(past)):
                steps.append(step)
    return tuple(steps)


def next_due(view: DayView, settings: DaySettings, now: datetime) -> datetime | None:
    """The next moment after now at which something of the day will be due, as far as is known now."""
    times: list[datetime] = []
    for kind in ORDER:
        moments = _moments(view, settings, now, kind)
        times += [at for at in moments if at > now]
        past = [at for at in moments if at <= now]
        if past and not _covered(view, kind, max(past)):
            again = _not_before(view, settings, kind, max(past))
            times += [again] if again > now else []
    return min(times, default=None)


def lineup_windows(
    games: Iterable[GameSeen], settings: DaySettings
) -> tuple[tuple[datetime, tuple[datetime, ...]], ...]:
    """When line-ups are looked at, and the starts that each look is for.

    A window opens `lineup_check_offset_min` before a start; windows that open within `cluster_min` of the
    first are one, at the time of the latest of them: line-ups come late rather than early.
    """
    starts = sorted(g.start_at for g in games if g.start_at is not None and g.state not in OFF)
    offset = timedelta(minutes=settings.lineup_check_offset_min)
    width = timedelta(minutes=settings.cluster_min)
    groups: list[list[datetime]] = []
    for start in starts:
        if groups and start - groups[-1][0] <= width:
            groups[-1].append(start)
        else:
            groups.append([start])
    return tuple((group[-1] - offset, tuple(group)) for group in groups)


def polls(
    start: datetime, until: datetime, settings: DaySettings, last: datetime | None = None
) -> list[datetime]:
    """The polls of a game from its start up to `until`, and the first one after that."""
    at = start + timedelta(minutes=settings.results_first_min)
    every = timedelta(minutes=settings.results_poll_interval_min)
    found = [at]
    while at <= until and (last is None or at + every < last):
        at += every
        found.append(at)
    return found


# -- inside ----------------------------------------------------------------------------------------


def _moments(view: DayView, settings: DaySettings, now: datetime, kind: str) -> list[datetime]:
    """The moments of a kind that matter at `now`, past and to come."""
    if kind == PUBLISH:
        return list(view.unsaid)
    if kind in (RECONCILE, GATHER):
        if kind == GATHER and not view.gather_wanted:
            return []
        at = settings.at(view.game_date, settings.reconcile_at)
        # The next night's reconciliation makes up for one that never happened.
        return [at] if now < at + timedelta(days=1) else []
    ends = settings.polling_ends(view.game_date)
    if now >= ends:
        return []
    if kind == MORNING:
        usual = settings.at(view.game_date, settings.morning_at)
        ahead = timedelta(minutes=2 * settings.lineup_check_offset_min)
        starts = [g.start_at - ahead for g in view.games if g.start_at is not None and g.state not in OFF]
        return [min([usual, *starts])]
    if kind == LINEUPS:
        return _lineup_moments(view, settings, now)
    if kind == SHADOW_STEP:
        return _shadow_moments(view)
    return [at for at in _poll_moments(view, settings, now, ends) if at < ends]


def _lineup_moments(view: DayView, settings: DaySettings, now: datetime) -> list[datetime]:
    if view.committed:
        return []
    to_come = [g.start_at for g in view.games if g.state == TO_COME and g.start_at and g.start_at > now]
    deadline = timedelta(minutes=settings.fallback_deadline_min)
    windows = [*_unannounced(view, settings, now)]
    windows += [at for at, starts in lineup_windows(view.games, settings) if set(starts) & set(to_come)]
    open_picks = [p for p in view.real if p.status == "preview" and p.start_at > now]
    return [*windows, *(pick.start_at - deadline for pick in open_picks)]


def _unannounced(view: DayView, settings: DaySettings, now: datetime) -> list[datetime]:
    """Looks for the start of a game that is still to be announced, such as a doubleheader's second: every so
    often from two hours after the day's first start on."""
    if not any(g.state == TO_COME and g.start_at is None for g in view.games):
        return []
    known = [g.start_at for g in view.games if g.start_at is not None]
    at = min(known, default=settings.at(view.game_date, settings.morning_at)) + timedelta(hours=2)
    found = [at]
    while at <= now:
        at += timedelta(minutes=settings.doubleheader_recheck_min)
        found.append(at)
    return found


def _shadow_moments(view: DayView) -> list[datetime]:
    """Once something that counts is locked: later there would be fewer games to pick from."""
    if not view.shadow_wanted or not any(pick.status == "locked" for pick in view.real):
        return []
    looks = [c.checked_at for c in view.checks if c.kind == LINEUPS and c.done]
    return [max(looks)] if looks else []


def _poll_moments(view: DayView, settings: DaySettings, now: datetime, ends: datetime) -> list[datetime]:
    first = timedelta(minutes=settings.results_first_min)
    # What was never locked is given up once its game has begun, so that the day does not stay open.
    never = [pick.start_at + first for pick in view.real if pick.status == "preview"]
    open_picks = [p for p in view.picks if p.status == "locked" and not p.settled]
    return never + [at for pick in open_picks for at in polls(pick.start_at, now, settings, ends)]


def _covered(view: DayView, kind: str, due_at: datetime) -> bool:
    if kind == PUBLISH:
        return False  # what was said is no longer among the unsaid
    return any(c.done and c.kind == kind and c.checked_at >= due_at for c in view.checks)


def _attempt(view: DayView, kind: str, due_at: datetime) -> Step:
    tried = max((c.attempt for c in view.checks if c.kind == kind and c.due_at == due_at), default=0)
    return Step(view.game_date, kind, due_at, tried + 1)


def _not_before(view: DayView, settings: DaySettings, kind: str, due_at: datetime) -> datetime:
    """When a step that failed is tried again: after growing pauses, up to the time between two polls. A new
    moment is not kept waiting by the failures of those before it."""
    failed = [c.checked_at for c in view.checks if c.kind == kind and not c.done and c.checked_at >= due_at]
    if not failed:
        return datetime.min
    pause = settings.retry_min * 2 ** min(len(failed) - 1, 8)
    return max(failed) + timedelta(
        minutes=min(pause, max(settings.retry_min, settings.results_poll_interval_min))
    )
