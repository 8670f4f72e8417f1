"""Fetching games from the league's API (MLB's Stats API), as files that the readers know.

One `schedule` response a date, then one `feed/live` document a game. Bodies are kept byte for byte, gzip'd:
`<out>/schedules/<date>.json.gz` and `<out>/feeds/<season>/<gamePk>.json.gz`, so that `out` may be an inbox
or any folder to read from. Each file is written as soon as its body is here: a pull that was killed goes on
where it stopped. A game that is final is never asked for again, unless `again` names it (scorers correct
their calls for days afterwards); a game that is not over is, though not within a minute. A date's schedule
is settled once all its games are over and the day has passed.

A game that rain has moved is on the schedule twice, first as postponed; a suspended one on the day it began
and on the day it went on. Both are one game with one document.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from upath import UPath

from formguide import files
from formguide.bodies import BodyCache
from formguide.fetch import Fetcher, FetchError, LimitReached, Transient, Unreachable
from formguide.plain import PlainError

STATS_API = "https://statsapi.mlb.com"
REGULAR_SEASON = "R"
FRESH_SEC = 60.0
CAP_SEC = 30.0
AHEAD = timedelta(days=1)
"""How long before its start a game's document is worth asking for."""
SETTLED_AFTER = timedelta(days=1)
_PATIENCE = 5  # documents that may fail one after the other before the rest is left for another time
_HEAD_BYTES = 65_536
_STATUS = re.compile(rb'"status"\s*:\s*(\{[^{}]*\})')
_NOT_PLAYED = frozenset("DC")  # codedGameState: postponed, cancelled
_OVER = frozenset("FOR")  # final, game over (its figures may still change), forfeited
Json = dict[str, Any]


class PullError(PlainError, RuntimeError):
    """The pull cannot begin. One line that says what to do."""


@dataclass(frozen=True)
class PullStep:
    """Progress: `done` of `planned` documents so far known of; the last was `what` (`schedule 2024-07-01`,
    `game 744914`), with `records` games or plays."""

    done: int
    planned: int
    what: str
    records: int


@dataclass(frozen=True)
class PullFailure:
    """A document that could not be had, and why in one line."""

    what: str
    reason: str


@dataclass(frozen=True)
class PullReport:
    """What a pull did.

    `requests` documents were asked of the host, `kept` were here already and final; `written` are the files
    of `folder` that are new or changed, `unchanged` how many were asked for and already right. `final` counts
    the games of the range whose final document is here. `to_come` are games that have not begun, `under_way`
    those that are not over, `not_played` were postponed or cancelled. `failures` could not be had and `left`
    was then not tried: the next pull takes them up.
    """

    start: date
    end: date
    folder: Path
    requests: int
    kept: int
    written: tuple[str, ...]
    unchanged: int
    final: int
    to_come: tuple[int, ...]
    under_way: tuple[int, ...]
    not_played: tuple[int, ...]
    failures: tuple[PullFailure, ...]
    left: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for has been had, or has not happened yet."""
        return not self.failures and not self.left


@dataclass(frozen=True)
class Listed:
    """A game as a schedule lists it: `coded` is its codedGameState, `start_at` its scheduled start (UTC)."""

    game_pk: int
    season: str
    coded: str
    start_at: datetime

    @property
    def over(self) -> bool:
        """Whether it has been played to its end."""
        return self.coded in _OVER

    @property
    def not_played(self) -> bool:
        """Whether it was postponed or cancelled."""
        return self.coded in _NOT_PLAYED


@dataclass
class _Pull:
    """A pull under way: where it asks and writes, and what came of it so far."""

    fetcher: Fetcher
    base_url: str
    folder: Path
    fresh_sec: float
    cap_sec: float
    requests: int = 0
    kept: int = 0
    written: list[str] = field(default_factory=list)
    unchanged: int = 0
    failures: list[PullFailure] = field(default_factory=list)
    in_a_row: int = 0

    def ask(self, path: str, check: Callable[[bytes], object], *, refresh: bool) -> bytes:
        """A body of the API. Raises FetchError."""
        self.requests += 1
        return self.fetcher.get(
            f"{self.base_url}{path}",
            ttl_sec=self.fresh_sec,
            refresh=refresh,
            check=check,
            cap_sec=self.cap_sec,
        )

    def keep(self, name: str, body: bytes) -> None:
        """Writes a body, gzip'd, unless the very same is there."""
        place = UPath(self.folder / name)
        if _unzipped(place) == body:
            self.unchanged += 1
            return
        files.put(place, files.zipped(body))
        self.written.append(name)

    def failed(self, what: str, error: FetchError) -> bool:
        """Notes a failure; whether to stop asking."""
        self.failures.append(PullFailure(what, str(error)))
        self.in_a_row += isinstance(error, Transient)
        return isinstance(error, LimitReached | Unreachable) or self.in_a_row >= _PATIENCE

    # -- a date's schedule -------------------------------------------------------------------------

    def schedule(self, day: date, now: datetime, *, again: bool) -> list[Listed]:
        """The regular-season games listed on a date. Raises FetchError."""
        name = f"schedules/{day}.json.gz"
        body = _unzipped(UPath(self.folder / name))
        check = _schedule_checker(day)
        settled_at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + SETTLED_AFTER
        if body is not None and not again and now >= settled_at:
            try:
                games = check(body)
            except ValueError:
                games = []  # a damaged file is asked for again
            if games and all(g.over or g.not_played for g in games):
                self.kept += 1
                return games
        path = f"/api/v1/schedule?sportId=1&gameTypes={REGULAR_SEASON}&hydrate=probablePitcher&date={day}"
        body = self.ask(path, check, refresh=again)
        self.keep(name, body)
        return check(body)

    # -- a game ------------------------------------------------------------------------------------

    def game(self, listed: Listed, *, again: bool) -> tuple[Json, int]:
        """A game's status and number of plays, its document kept. Raises FetchError."""
        name = f"feeds/{files.safe_name(listed.season, 'season')}/{listed.game_pk}.json.gz"
        status = kept_status(self.folder / name)
        if status is not None and is_final(status) and not again:
            self.kept += 1
            return status, 0
        path = f"/api/v1.1/game/{listed.game_pk}/feed/live"
        check = _feed_checker(listed.game_pk)
        body = self.ask(path, check, refresh=again)
        status, plays = check(body)
        if listed.over and not is_final(status) and not again:
            # What came may be a minute old and the schedule newer.
            body = self.ask(path, check, refresh=True)
            status, plays = check(body)
        self.keep(name, body)
        if is_final(status):  # the file is what is kept of it; a season need not lie on the disk twice
            BodyCache(self.fetcher.cache_dir / "bodies").drop(f"{self.base_url}{path}")
        return status, plays


def pull(
    fetcher: Fetcher,
    start: date,
    end: date,
    *,
    out: Path | str,
    again: Collection[int] | bool = (),
    base_url: str = STATS_API,
    progress: Callable[[PullStep], None] | None = None,
    now: datetime | None = None,
    fresh_sec: float = FRESH_SEC,
    cap_sec: float = CAP_SEC,
) -> PullReport:
    """Pull the regular-season games of the dates from `start` to `end` (both included) into `out`.

    `again` names games (by gamePk; True for all) that are asked for once more although they are final;
    `progress` is called after every document; `now` (UTC; naive is taken as UTC) decides what has begun;
    what is not settled and came within `fresh_sec` is not asked for again; a request may take `cap_sec`. A
    game that fails is reported and the next one tried, unless the host is out of reach, its limit used up,
    or five fail in a row.

    Raises PullError where `end` is before `start`, or where not one date's schedule can be had.
    """
    if end < start:
        raise PullError(f"the last date ({end}) is before the first ({start})")
    moment = _utc(now or datetime.now(UTC))
    run = _Pull(fetcher, base_url.rstrip("/"), Path(out), fresh_sec, cap_sec)
    days = list(_days(start, end))
    left: list[str] = []
    found: dict[int, Listed] = {}
    gone: dict[int, Listed] = {}
    done = 0

    def tell(what: str, records: int) -> None:
        nonlocal done
        done += 1
        run.in_a_row = 0
        if progress is not None:
            progress(PullStep(done, len(days) + len(found), what, records))

    for i, day in enumerate(days):
        try:
            games = run.schedule(day, moment, again=again is True)
        except FetchError as error:
            if run.failed(f"schedule {day}", error):
                left += [f"schedule {later}" for later in days[i + 1 :]]
                break
            continue
        for game in games:
            (gone if game.not_played else found)[game.game_pk] = game
        tell(f"schedule {day}", len(games))
    if len(run.failures) + len(left) == len(days):
        raise PullError(f"no schedule from {start} to {end}: {run.failures[0].reason}")

    final, under_way = 0, []
    games = sorted(found.values(), key=lambda g: (g.start_at, g.game_pk))
    to_come = [g.game_pk for g in games if g.start_at > moment + AHEAD and not g.over]
    for pk in to_come:
        del found[pk]
    stopped = bool(left)
    for game in (g for g in games if g.game_pk in found):
        what = f"game {game.game_pk}"
        if stopped:
            left.append(what)
            continue
        try:
            status, plays = run.game(
                game, again=again is True or (again is not False and game.game_pk in again)
            )
        except FetchError as error:
            stopped = run.failed(what, error)
            continue
        if is_final(status):
            final += 1
        elif status.get("abstractGameState") == "Preview":
            to_come.append(game.game_pk)
        else:
            under_way.append(game.game_pk)
        tell(what, plays)
    return PullReport(
        start=start,
        end=end,
        folder=run.folder,
        requests=run.requests,
        kept=run.kept,
        written=tuple(run.written),
        unchanged=run.unchanged,
        final=final,
        to_come=tuple(to_come),
        under_way=tuple(under_way),
        not_played=tuple(sorted(gone.keys() - found.keys() - set(to_come))),
        failures=tuple(run.failures),
        left=tuple(left),
    )


def is_final(status: Json) -> bool:
    """Whether a game's status says that it is over and its document complete."""
    coded = status.get("codedGameState")
    return status.get("abstractGameState") == "Final" and coded in ("F", "R")


def kept_status(place: Path) -> Json | None:
    """The status in a kept document, read from its beginning; None where there is none, or it is damaged."""
    try:
        with gzip.open(place) as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return None
    match = _STATUS.search(head)
    if match is None:
        return None
    try:
        status: Json = json.loads(match[1])
    except ValueError:
        return None
    return status


def listed_games(document: Json) -> list[Listed]:
    """The regular-season games of a schedule response. Raises ValueError for anything else."""
    found = []
    try:
        for day in document["dates"]:
            for game in day["games"]:
                if game["gameType"] != REGULAR_SEASON:
                    continue
                found.append(
                    Listed(
                        int(game["gamePk"]),
                        str(game["season"]),
                        str(game["status"]["codedGameState"]),
                        _utc(datetime.fromisoformat(game["gameDate"])),
                    )
                )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a schedule: {error!r}") from error
    return found


def _days(start: date, end: date) -> Iterator[date]:
    for n in range(start.toordinal(), end.toordinal() + 1):
        yield date.fromordinal(n)


def _schedule_checker(day: date) -> Callable[[bytes], list[Listed]]:
    """Reads a body as the schedule that was asked for; raises ValueError for anything else."""

    def check(body: bytes) -> list[Listed]:
        document = json.loads(body)
        games = listed_games(document)
        told = {d.get("date") for d in document["dates"]}
        if told - {day.isoformat()}:
            raise ValueError(f"the answer is about {sorted(map(str, told))}, not {day}")
        return games

    return check


def _feed_checker(game_pk: int) -> Callable[[bytes], tuple[Json, int]]:
    """Reads a body as the game that was asked for: its status and how many plays it has."""

    def check(body: bytes) -> tuple[Json, int]:
        document = json.loads(body)
        try:
            told = int(document["gamePk"])
            status = dict(document["gameData"]["status"])
            plays = len(document["liveData"]["plays"]["allPlays"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a game: {error!r}") from error
        if told != game_pk:
            raise ValueError(f"asked for game {game_pk}, got {told}")
        if is_final(status) and not plays:
            raise ValueError(f"game {game_pk} is final and has no plays")
        return status, plays

    return check


def _unzipped(place: UPath) -> bytes | None:
    packed = files.read(place)
    if packed is None:
        return None
    try:
        return gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        return None  # damaged: what is fetched takes its place


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
