"""Playing scripted days of the sample league through, on a clock that jumps from one thing to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from upath import UPath

from formguide import files
from formguide.baseball import incremental
from formguide.baseball.day.deps import Day
from formguide.baseball.day.life import Ran, run_due, wake_at
from formguide.baseball.day.source import SourceDown
from formguide.baseball.day.tables import SPORT
from formguide.baseball.sample.day import DayScript, Happening, day_documents
from formguide.lake import Lake

_INSTANT = timedelta(seconds=1)


@dataclass
class SimulatedClock:
    """A clock that somebody sets; naive UTC."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class ScriptSource:
    """Answers as the league's API would at the time the clock shows. `down`: spans in which it does not."""

    scripts: Sequence[DayScript]
    clock: SimulatedClock
    down: Sequence[tuple[datetime, datetime]] = ()

    def schedule(self, game_date: date) -> bytes:
        """The schedule of a day on script; an empty one for any other."""
        moment = self._moment()
        for script in self.scripts:
            if script.day == game_date:
                return json.dumps(script.schedule(moment)).encode()
        return json.dumps({"dates": []}).encode()

    def feed(self, game_pk: int) -> bytes:
        """The feed/live document of a game on script. A game that rain moved is told by its new day."""
        moment = self._moment()
        told = [g for s in self.scripts for g in s.games if g.fixture.game_pk == game_pk]
        if not told:
            raise SourceDown(f"game {game_pk} is on no script")
        played = [g for g in told if g.rained_out_at is None or moment < g.rained_out_at]
        return json.dumps((played or told)[-1 if not played else 0].feed(moment)).encode()

    def _moment(self) -> datetime:
        if any(start <= self.clock.now < end for start, end in self.down):
            raise SourceDown("the source is down")
        return self.clock.now.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """A moment of a day that was played: what happened in the league just before, and what was done."""

    at: datetime
    happened: tuple[Happening, ...]
    ran: Ran


@dataclass
class Stage:
    """Days on script with everything needed to live through them. `day` leans on `clock` and on a
    ScriptSource; replacing it (a restart) loses nothing."""

    day: Day
    clock: SimulatedClock
    scripts: tuple[DayScript, ...]
    seen: datetime | None = field(default=None)

    def scenes(self, until: datetime) -> Iterator[Scene]:
        """Everything that is done until a moment, which the clock then shows."""
        while self.clock.now <= until:
            for ran in run_due(self.day):
                yield Scene(self.clock.now, self._happened(), ran)
            self.clock.now = max(wake_at(self.day), self.clock.now + _INSTANT)
        self.clock.now = until

    @property
    def ends_at(self) -> datetime:
        """When the corrections of the last day have been looked for once."""
        settings, last = self.day.settings, self.scripts[-1].day
        corrected = [
            g.corrected_at.replace(tzinfo=None) for s in self.scripts for g in s.games if g.corrected_at
        ]
        night = settings.at(last + timedelta(days=1), settings.reconcile_at)
        while corrected and night < max(corrected):
            night += timedelta(days=1)
        return night + timedelta(minutes=1)

    def _happened(self) -> tuple[Happening, ...]:
        since, self.seen = self.seen, self.clock.now
        told = sorted((h for s in self.scripts for h in s.happenings()), key=lambda h: (h.at, h.game_pk))
        times = [(h.at.replace(tzinfo=None), h) for h in told]
        return tuple(h for at, h in times if (since is None or at > since) and at <= self.clock.now)


def stage(
    day: Day,
    league: Path,
    dates: Sequence[date],
    down: Sequence[tuple[datetime, datetime]] = (),
    gather: bool = False,
) -> Stage:
    """Sets dates of the sample league in `league` on script, with the clock at the first day's early morning.

    day: as for real, its source and clock are replaced. gather: whether a day that is over becomes history in
    the lake, which the forecast of the next one then knows. Raises ValueError for a date that is not to come.
    """
    scripts = tuple(day_documents(league, d) for d in sorted(dates))
    clock = SimulatedClock(day.settings.at(scripts[0].day, time(6)))
    source = ScriptSource(scripts, clock, down)
    nightly = _gatherer(day.lake, league, source) if gather else None
    return Stage(replace(day, source=source, clock=clock, gather=nightly), clock, scripts)


def _gatherer(lake: Lake, league: Path, source: ScriptSource) -> Callable[[date, date], str]:
    """Puts the documents of games that are over into the lake's inbox, and reads the season again."""

    def gather(first: date, last: date) -> str:
        inbox, now, count = lake.inbox(SPORT), source.clock.now.replace(tzinfo=UTC), 0
        games = [g for s in source.scripts if first <= s.day <= last for g in s.games]
        over = [g for g in games if g.rained_out_at is None and g.final_at <= now]
        for game in over:
            place = inbox / "feeds" / str(game.fixture.season) / f"{game.fixture.game_pk}.json.gz"
            files.put(UPath(place), files.zipped(json.dumps(game.feed(now)).encode()))
            count += 1
        seasons = sorted({game.fixture.season for game in over})
        incremental.make_source_files(lake, seasons, [inbox, league])
        incremental.make_results(lake, seasons)
        return f"{count} games became history"

    return gather
