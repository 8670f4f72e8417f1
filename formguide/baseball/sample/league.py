"""The sample league: two seasons of fictional baseball, as files that the readers take for the API's own.

`write_sample` plays the league game by game and writes it in the layout of an inbox: `feeds/<season>/
<gamePk>.json.gz`, one feed/live document for each game played, and `schedules/<date>.json.gz`, what the
schedule says of each date. So the sample goes every step of the road that real games go. Its abilities are
known and kept in `truth.json`. The last season stops with a few dates left to play.

The same arguments give the same bytes, and one more date played leaves the dates before it as they were.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from formguide.baseball.sample import documents, setting
from formguide.baseball.sample.at_bat import EFFECTS_BEYOND_THE_MODEL, HITS, Dice
from formguide.baseball.sample.fixtures import (
    PLAYED,
    RAIN,
    SHORTENED,
    SUSPENDED,
    Fixture,
    fixtures,
    season_dates,
)
from formguide.baseball.sample.game import Game, play_game
from formguide.baseball.sample.manager import (
    DEBUT_DATES,
    ROOKIE_CALLED_UP,
    NineMen,
    absences,
    called_up,
    choose_nine,
    debut_pitcher,
    probable,
)
from formguide.baseball.sample.people import People, everybody
from formguide.baseball.sample.truth import TRUTH, SampleTruth
from formguide.baseball.sample.world import TEAMS, UMPIRES
from formguide.baseball.tally import is_plate_appearance

Json = dict[str, Any]
DATES, DATES_PLAYED = 57, 54
_COMPRESSION = 4  # a second of CPU less than the highest, for a tenth more bytes


@dataclass(frozen=True)
class League:
    """A sample league: what it takes to tell any of its games, in any order."""

    seed: int
    first_season: int
    seasons: int
    dates: int
    dates_played: int

    @classmethod
    def of(cls, truth: SampleTruth) -> League:
        """The league that a truth is about."""
        return cls(truth.seed, truth.seasons[0], len(truth.seasons), truth.dates, truth.dates_played)

    @property
    def people(self) -> People:
        """Everybody in the league."""
        return everybody(self.seed)

    @property
    def years(self) -> range:
        """Its seasons."""
        return range(self.first_season, self.first_season + self.seasons)

    def played(self, season: int) -> int:
        """How many of a season's dates have been played."""
        return self.dates_played if season == self.years[-1] else self.dates

    def probables(self, fixture: Fixture) -> tuple[int, int]:
        """The announced starters, visitors first."""
        away, home = (
            probable(self.people, fixture, t, self.first_season) for t in (fixture.away, fixture.home)
        )
        return away, home

    def debuts(self) -> dict[str, str]:
        """Who has played his first game, and when: player → date."""
        found: dict[str, str] = {}
        first, people = self.first_season, self.people
        for season in self.years:
            days, played = season_dates(season, self.dates), self.played(season)
            for index in DEBUT_DATES:
                rookie = debut_pitcher(season, first, index, people)
                if rookie is not None and index < played:
                    found.setdefault(str(rookie), days[index].isoformat())
            if played > ROOKIE_CALLED_UP:
                found.setdefault(str(called_up(season, first, people)), days[ROOKIE_CALLED_UP].isoformat())
        return found

    def nines(self, fixture: Fixture, out: frozenset[int] = frozenset()) -> tuple[NineMen, NineMen]:
        """Both line-ups, the visitors' first, without those who are `out`."""
        first, second = self.probables(fixture)
        throws = self.people.players
        return (
            choose_nine(
                self.seed, self.people, fixture, fixture.away, throws[second].throws, self.first_season, out
            ),
            choose_nine(
                self.seed, self.people, fixture, fixture.home, throws[first].throws, self.first_season, out
            ),
        )

    def tell(
        self, fixture: Fixture, *, attempt: int = 0, out: frozenset[int] = frozenset()
    ) -> tuple[Game, Json]:
        """A game as it is played, and its Final document.

        `attempt` plays it anew with other dice, `out` leaves players out of it.
        """
        people, seed = self.people, self.seed
        sky, crew = setting.weather(seed, fixture), setting.crew(seed, fixture)
        met = setting.conditions(seed, fixture, sky, crew[0])
        game = play_game(
            people, fixture, self.nines(fixture, out), met, Dice((seed, fixture.game_pk, attempt))
        )
        return game, documents.feed(people, fixture, game, sky, crew, self.probables(fixture))


def write_sample(
    folder: Path | str,
    seasons: int = 2,
    *,
    seed: int = 1,
    dates: int = DATES,
    dates_played: int = DATES_PLAYED,
    first_season: int = 2024,
) -> SampleTruth:
    """Write the sample league into `folder` and return its truth.

    `folder` gets `feeds/`, `schedules/` and `truth.json`. A season has `dates` dates of four games, of the
    last one `dates_played` have been played; the others are on the schedule. A sample already there is
    brought up to date: files that are right stay untouched, others of its own are replaced or removed.

    Raises ValueError for an impossible league, FileExistsError where `folder` holds something that is not a
    sample.
    """
    folder = Path(folder)
    if not (1 <= seasons <= 8 and 6 <= dates <= 150 and 1 <= dates_played < dates):
        raise ValueError(
            "a sample league has 1 to 8 seasons of 6 to 150 dates, of the last at least one played and one "
            f"not; asked for {seasons} seasons of {dates} dates, {dates_played} of the last season's played"
        )
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder / TRUTH):
        raise FileExistsError(
            f"{folder} holds files but no {TRUTH} of this league: the sample league wants a folder of its own"
        )
    league = League(seed, first_season, seasons, dates, dates_played)
    marker = folder / TRUTH
    if not marker.is_file():
        # It marks the folder as a sample, so that one cut short is repaired the next time.
        folder.mkdir(parents=True, exist_ok=True)
        marker.write_bytes(b"{}\n")
    written = {marker}
    tally = _Tally()
    for season in league.years:
        for name, document in _documents(league, season, tally):
            written.add(folder / name)
            _write(folder / name, _packed(document))
    truth = _truth(league, tally)
    _write(marker, truth.as_bytes())
    for stale in {p for part in ("feeds", "schedules") for p in (folder / part).rglob("*.json.gz")} - written:
        stale.unlink()
    return truth


@dataclass
class _Tally:
    """What came of the games, for the truth."""

    games: int = 0
    plate_appearances: int = 0
    hits: int = 0
    chance: float = 0.0

    def add(self, game: Game) -> None:
        plays = [p for p in game.plays if is_plate_appearance(p)]
        self.games += 1
        self.plate_appearances += len(plays)
        self.hits += sum(p["result"]["eventType"] in HITS for p in plays)
        self.chance += sum(game.chances)


def _documents(league: League, season: int, tally: _Tally) -> Iterator[tuple[str, Json]]:
    """A season's files: name → document."""
    people = league.people
    days = season_dates(season, league.dates)
    played = set(days[: league.played(season)])
    soon = set(days[league.played(season) : league.played(season) + 2])
    listed: dict[date, list[Json]] = {day: [] for day in days}
    for fixture in fixtures(season, league.dates):
        later = fixture.resumed_at.date() if fixture.resumed_at else None
        if fixture.fate == RAIN and fixture.listed_on in played:
            listed[fixture.listed_on].append(documents.postponed_game(people, fixture))
        if fixture.day not in played or (later is not None and later not in played):
            detailed = "Suspended: Rain" if fixture.day in played else "Scheduled"
            told = league.probables(fixture) if fixture.day in soon | played else None
            listed[fixture.day].append(documents.schedule_game(people, fixture, detailed, probables=told))
            continue
        game, document = league.tell(fixture)
        tally.add(game)
        yield f"feeds/{season}/{fixture.game_pk}.json.gz", document
        detailed = document["gameData"]["status"]["detailedState"]
        told = league.probables(fixture)
        runs = (game.away.runs, game.home.runs)
        listed[fixture.day].append(
            documents.schedule_game(people, fixture, detailed, runs=runs, probables=told)
        )
        if later is not None:
            again = documents.schedule_game(
                people, fixture, detailed, runs=runs, probables=told, resumption=True
            )
            listed[later].append(again)
    for day, games in listed.items():
        games.sort(key=lambda g: (g["gameDate"], g["gamePk"]))
        yield f"schedules/{day}.json.gz", documents.schedule(day.isoformat(), games)


def _is_ours(marker: Path) -> bool:
    """Whether a truth is this league's, whole or just begun; other sports' samples have one of their own."""
    try:
        told = json.loads(marker.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return isinstance(told, dict) and (not told or "batters" in told)


def _packed(document: Json) -> bytes:
    # The bytes of `json.dumps` without spaces, in half its time, which was a quarter of a sample's.
    return gzip.compress(to_json(document), compresslevel=_COMPRESSION, mtime=0)


def _write(path: Path, body: bytes) -> None:
    if path.is_file() and path.read_bytes() == body:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


def _truth(league: League, tally: _Tally) -> SampleTruth:
    people, seed, first = league.people, league.seed, league.first_season
    special: dict[str, str] = {}
    lots: dict[str, float] = {}
    away: list[tuple[int, str, str]] = []
    for season in league.years:
        days = season_dates(season, league.dates)
        played = league.played(season)
        lots |= {day.isoformat(): setting.ball_lot(seed, day) for day in days[:played]}
        for fixture in fixtures(season, league.dates):
            if fixture.fate != PLAYED and fixture.date_index < played:
                special[str(fixture.game_pk)] = fixture.fate
        for a in absences(seed, season, first):
            if a.first < played:
                back = days[min(a.until, len(days) - 1)]
                away.append((a.player_id, days[a.first].isoformat(), back.isoformat()))
    assert set(special.values()) <= {RAIN, SUSPENDED, SHORTENED}
    last = season_dates(league.years[-1], league.dates)
    return SampleTruth(
        seed=seed,
        seasons=tuple(league.years),
        dates=league.dates,
        dates_played=league.dates_played,
        next_dates=tuple(day.isoformat() for day in last[league.dates_played :]),
        games=tally.games,
        plate_appearances=tally.plate_appearances,
        mean_hit_probability=tally.chance / tally.plate_appearances,
        hit_rate=tally.hits / tally.plate_appearances,
        batters={str(p): asdict(b) for p, b in people.batting.items()},
        pitchers={str(p): asdict(b) for p, b in people.pitching.items()},
        parks={str(t.park.venue_id): {"hit": t.park.hit, "homer": t.park.homer} for t in TEAMS},
        umpires={str(u.umpire_id): u.zone for u in UMPIRES},
        ball_lots=lots,
        special=special,
        debuts=league.debuts(),
        absences=tuple(away),
        effects_beyond_the_model=EFFECTS_BEYOND_THE_MODEL,
    )
