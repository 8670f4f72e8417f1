"""Fetching a season from Jolpica, the API that carries on Ergast's, as files that the reader knows.

Per season one calendar; per race results, qualifying, pit stops (since 2011) and, where the calendar has
one, the sprint. Practice and sprint qualifying are not in this API: f1db has them. A listing comes in
pages of at most 100 records (a larger `limit` is cut to 100 without a word), so pages follow by
`offset`, stepping by the limit that was granted.

Each body is kept byte for byte as `<out>/jolpica/<request path with / as _>.json` (later pages with
`__offset=100` after it), so that `out` may be an inbox or any folder to read from. What has been fetched
lies in the fetcher's cache: a pull that was killed goes on where it stopped. What may still change is
asked for again, though not within ten minutes, which is how long the API itself lets its answers be
cached: the calendar, and a race until three days after its start, when the stewards are through. A page
of an older race is asked for once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from upath import UPath

from formguide import files
from formguide.bodies import BodyCache
from formguide.fetch import Fetcher, FetchError, LimitReached, Unreachable
from formguide.plain import PlainError

JOLPICA = "https://api.jolpi.ca/ergast/f1"
PAGE_LIMIT = 100
FIRST_SEASON_WITH_PIT_STOPS = 2011
SETTLED_AFTER = timedelta(days=3)
FRESH_SEC = 600.0
_PATIENCE = 3  # listings that may fail one after the other before the rest is left for another time
_SECTIONS = {
    "results": "Results",
    "qualifying": "QualifyingResults",
    "sprint": "SprintResults",
    "pitstops": "PitStops",
}


class PullError(PlainError, RuntimeError):
    """The pull cannot begin, or was asked for what is not there. One line that says what to do."""


@dataclass(frozen=True)
class PullStep:
    """Progress: `done` of `planned` listings; the last was `what` (`2025/3/results`), with `records`."""

    done: int
    planned: int
    what: str
    records: int


@dataclass(frozen=True)
class PullFailure:
    """A listing that could not be had, and why in one line."""

    what: str
    reason: str


@dataclass(frozen=True)
class PullReport:
    """What a pull did.

    `requests` pages were asked of the host and `kept` taken from the cache; `written` are the files of
    `folder` that are new or changed, `unchanged` how many were already right. `to_come` are rounds that have
    not begun, `waiting` listings (`2025/12/results`) that were asked for and have no records yet, `failures`
    what could not be had and `left` what was then not tried: the next pull takes them up.
    """

    season: int
    rounds: tuple[int, ...]
    folder: Path
    requests: int
    kept: int
    written: tuple[str, ...]
    unchanged: int
    to_come: tuple[int, ...]
    waiting: tuple[str, ...]
    failures: tuple[PullFailure, ...]
    left: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for has been had, or has not happened yet."""
        return not self.failures and not self.left


@dataclass(frozen=True)
class _Race:
    """A race of the calendar: when its sessions start (UTC), by listing."""

    round: int
    starts: dict[str, datetime]


@dataclass(frozen=True)
class _Page:
    """A body's paging, in numbers, and the races in it."""

    limit: int
    offset: int
    total: int
    records: int
    races: list[dict[str, Any]]


@dataclass
class _Pull:
    """A pull under way: where it asks and writes, and what came of it so far."""

    fetcher: Fetcher
    base_url: str
    folder: Path
    requests: int = 0
    kept: int = 0
    written: list[str] = field(default_factory=list)
    unchanged: int = 0

    def listing(self, what: str, ttl_sec: float) -> list[_Page]:
        """All pages of a listing (`2025/3/results`), written as they come. Raises FetchError."""
        pages = self._pages(what, ttl_sec, refresh=False)
        if (
            len({page.total for page in pages}) > 1
        ):  # it grew while we read it, or a kept page is older than the rest
            pages = self._pages(what, ttl_sec, refresh=True)
        if pages[0].total > 0:
            self._drop_pages_beyond(what, {page.offset for page in pages})
        return pages

    def _pages(self, what: str, ttl_sec: float, *, refresh: bool) -> list[_Page]:
        pages: list[_Page] = []
        offset = 0
        while not pages or offset < pages[-1].total:
            url = f"{self.base_url}/{what}.json?limit={PAGE_LIMIT}" + (f"&offset={offset}" if offset else "")
            check = _checker(what, offset)
            held = BodyCache(self.fetcher.cache_dir / "bodies").load(url)
            if held is not None and not refresh and held.is_fresh(ttl_sec):
                self.kept += 1
            else:
                self.requests += 1
            body = self.fetcher.get(url, ttl_sec=ttl_sec, refresh=refresh, check=check)
            page = check(body)
            if page.records:  # an answer without records is no news, and never replaces one with some
                self._write(self._name(what, offset), body)
            pages.append(page)
            offset += page.limit
        return pages

    def _name(self, what: str, offset: int) -> str:
        path = f"{urlsplit(self.base_url).path.strip('/')}/{what}.json".lstrip("/").replace("/", "_")
        return f"{path}__offset={offset}" if offset else path

    def _write(self, name: str, body: bytes) -> None:
        place = UPath(self.folder / name)
        if files.read(place) == body:
            self.unchanged += 1
            return
        files.put(place, body)
        if name not in self.written:
            self.written.append(name)

    def _drop_pages_beyond(self, what: str, offsets: set[int]) -> None:
        """A listing that became shorter leaves no page of its longer self behind."""
        first = self._name(what, 0)
        for place in self.folder.glob(f"{first}__offset=*"):
            text = place.name.rpartition("=")[2]
            if text.isdigit() and int(text) not in offsets:
                files.remove(UPath(place))


def pull(
    fetcher: Fetcher,
    season: int,
    rounds: Iterable[int] | None = None,
    *,
    out: Path | str,
    base_url: str = JOLPICA,
    progress: Callable[[PullStep], None] | None = None,
    now: datetime | None = None,
    fresh_sec: float = FRESH_SEC,
) -> PullReport:
    """Pull a season, or some of its rounds, into `<out>/jolpica/`.

    `progress` is called after every listing; `now` (UTC; naive is taken as UTC) decides which sessions
    have begun and which races are settled; what is not settled and came within `fresh_sec` is not asked
    for again. A listing that fails is reported and the next one tried, unless the host is out of reach,
    its limit used up, or three fail in a row.

    Raises PullError without a calendar, or for a round that it does not have.
    """
    moment = _utc(now or datetime.now(UTC))
    run = _Pull(fetcher, base_url.rstrip("/"), Path(out) / "jolpica")
    try:
        calendar = run.listing(str(season), fresh_sec)
    except FetchError as error:
        raise PullError(f"no calendar of {season}: {error}") from error
    races = {race.round: race for page in calendar for race in _races(page, season)}
    chosen = _chosen(season, races, rounds)
    plan = [step for number in chosen for step in _plan(season, races[number], moment, fresh_sec)]

    def tell(done: int, what: str, records: int) -> None:
        if progress is not None:
            progress(PullStep(done, len(plan) + 1, what, records))

    tell(1, str(season), len(races))
    failures: list[PullFailure] = []
    waiting: list[str] = []
    left: list[str] = []
    in_a_row = 0
    for done, (what, ttl_sec) in enumerate(plan, start=2):
        try:
            records = sum(page.records for page in run.listing(what, ttl_sec))
        except FetchError as error:
            failures.append(PullFailure(what, str(error)))
            in_a_row += 1
            if isinstance(error, LimitReached | Unreachable) or in_a_row == _PATIENCE:
                left = [later for later, _ in plan[done - 1 :]]
                break
            continue
        in_a_row = 0
        waiting += [] if records else [what]
        tell(done, what, records)
    return PullReport(
        season=season,
        rounds=tuple(chosen),
        folder=run.folder,
        requests=run.requests,
        kept=run.kept,
        written=tuple(run.written),
        unchanged=run.unchanged,
        to_come=tuple(number for number in chosen if min(races[number].starts.values()) > moment),
        waiting=tuple(waiting),
        failures=tuple(failures),
        left=tuple(left),
    )


def _chosen(season: int, races: dict[int, _Race], rounds: Iterable[int] | None) -> list[int]:
    if not races:
        raise PullError(f"Jolpica has no races of {season}")
    chosen = sorted(races) if rounds is None else sorted(set(rounds))
    unknown = [number for number in chosen if number not in races]
    if unknown:
        named = ", ".join(map(str, unknown))
        raise PullError(f"{season} has rounds {min(races)} to {max(races)}, and no round {named}")
    return chosen


def _plan(season: int, race: _Race, now: datetime, fresh_sec: float) -> Iterator[tuple[str, float]]:
    """The race's listings whose session has begun, and how old (seconds) an answer may be."""
    # An answer that came once the race was settled is good for ever: it is no older than the time since.
    settled_sec = (now - race.starts["results"] - SETTLED_AFTER).total_seconds()
    for listing, start in race.starts.items():
        if start <= now:
            yield f"{season}/{race.round}/{listing}", max(fresh_sec, settled_sec)


def _races(page: _Page, season: int) -> Iterator[_Race]:
    for race in page.races:
        begins = _start(race)
        if begins is None:
            continue
        starts = {"qualifying": _start(race.get("Qualifying")) or begins - timedelta(days=2)}
        if "Sprint" in race:
            starts["sprint"] = _start(race["Sprint"]) or begins - timedelta(days=2)
        starts["results"] = begins
        if season >= FIRST_SEASON_WITH_PIT_STOPS:
            starts["pitstops"] = begins
        yield _Race(int(race["round"]), starts)


def _start(session: Any) -> datetime | None:
    """When a session starts (UTC): the beginning of its day if only that is known, else None."""
    if not isinstance(session, dict) or not session.get("date"):
        return None
    text = f"{session['date']}T{session.get('time') or '00:00:00Z'}"
    return _utc(datetime.fromisoformat(text))


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _checker(what: str, offset: int) -> Callable[[bytes], _Page]:
    """Reads a body as the page that was asked for; raises ValueError for anything else."""
    season, _, rest = what.partition("/")
    number, _, listing = rest.partition("/")

    def check(body: bytes) -> _Page:
        document = json.loads(body)
        try:
            data = document["MRData"]
            table = data["RaceTable"]
            races = table["Races"]
            limit, start, total = (int(data[key]) for key in ("limit", "offset", "total"))
            asked = {"season": season} | ({"round": number} if number else {})
            told = [{key: str(race[key]) for key in asked} for race in races]
            told.append({key: str(table.get(key, value)) for key, value in asked.items()})
            for race in () if number else races:
                int(race["round"])
                _start(race)
            section = _SECTIONS.get(listing)
            records = sum(len(race.get(section, ())) for race in races) if section else len(races)
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a listing of races: {error!r}") from error
        if any(about != asked for about in told):
            raise ValueError(f"the answer is about something else than {asked}")
        if start != offset or limit < 1 or (records == 0 and offset < total):
            raise ValueError(f"asked for records from {offset}, got {records} from {start} of {total}")
        return _Page(limit, start, total, records, races)

    return check
