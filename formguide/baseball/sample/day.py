"""An unplayed date of the sample league, moment by moment: what the API would say at any time of that day.

A day's script is told once, whole, and then shown as far as the clock has come: the morning's schedule, the
line-ups as they are announced, every game pitch by pitch, the final documents, and what the official scorer
corrects the day after. The first date holds a rain-out, a scratched batter, a late line-up and a hit that
becomes an error; the next the doubleheader that the rain left behind, and a start that rain delays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from formguide.baseball import truncate
from formguide.baseball.sample import documents
from formguide.baseball.sample.corrections import only_single, overturn
from formguide.baseball.sample.fixtures import PLAYED, Fixture, fixtures, moved_by_rain, season_dates
from formguide.baseball.sample.league import League
from formguide.baseball.sample.truth import SampleTruth
from formguide.baseball.sample.world import TEAM

Json = dict[str, Any]
LINEUPS_BEFORE = timedelta(minutes=150)
LATE_LINEUPS_BEFORE = timedelta(minutes=12)
SCRATCHED_BEFORE = timedelta(minutes=60)
RAINED_OUT_BEFORE = timedelta(minutes=35)
WARMUP_BEFORE = timedelta(minutes=25)
FINAL_AFTER = timedelta(minutes=2)
RAIN_DELAY = timedelta(minutes=55)
_ATTEMPTS = 200


@dataclass(frozen=True)
class Happening:
    """Something that changes what the API says: when (UTC), in which game, and what, in words.

    `kind` is lineups, scratched, rained_out, delayed, first_pitch, final or overturned.
    """

    at: datetime
    game_pk: int
    kind: str
    says: str


@dataclass(frozen=True)
class ScriptedGame:
    """A game of the day. `final` is its document when it is over, before any correction.

    `announced` is the document whose line-ups are announced at `lineups_at`; it differs from `final` until
    `scratched_at`. `corrected` replaces `final` from `corrected_at` on. A game that is rained out has
    `rained_out_at` and no plays; `made_up` is then what becomes of it.
    """

    fixture: Fixture
    final: Json
    lineups_at: datetime
    announced: Json | None = None
    scratched_at: datetime | None = None
    corrected: Json | None = None
    corrected_at: datetime | None = None
    rained_out_at: datetime | None = None
    made_up: Fixture | None = None

    @property
    def plays(self) -> list[Json]:
        """All its plays."""
        found: list[Json] = self.final["liveData"]["plays"]["allPlays"]
        return found

    @property
    def first_pitch_at(self) -> datetime:
        """When its first batter steps in."""
        return datetime.fromisoformat(self.plays[0]["about"]["startTime"])

    @property
    def final_at(self) -> datetime:
        """When it is called final."""
        return datetime.fromisoformat(self.plays[-1]["about"]["endTime"]) + FINAL_AFTER

    def detailed_state(self, moment: datetime) -> str:
        """The game's `detailedState` at a moment."""
        if self.rained_out_at is not None and moment >= self.rained_out_at:
            return "Postponed"
        if self.rained_out_at is None and moment >= self.final_at:
            return "Final"
        if self.rained_out_at is None and moment >= self.first_pitch_at:
            return "In Progress"
        if moment >= self.fixture.start_at - WARMUP_BEFORE and self.rained_out_at is None:
            return "Warmup"
        return "Pre-Game" if moment >= self.fixture.start_at - 3 * WARMUP_BEFORE else "Scheduled"

    def feed(self, moment: datetime) -> Json:
        """What feed/live says of it at a moment."""
        state = self.detailed_state(moment)
        if state == "Final":
            if self.corrected is not None and self.corrected_at is not None and moment >= self.corrected_at:
                return self.corrected
            return self.final
        if state == "In Progress":
            return truncate.cut_at(self.final, moment)
        shown = self.final
        if self.announced is not None and self.scratched_at is not None and moment < self.scratched_at:
            shown = self.announced
        told = truncate.preview(
            shown, lineups=moment >= self.lineups_at and state != "Postponed", status=documents.status(state)
        )
        if state == "Postponed" and self.made_up is not None:
            game = told["gameData"]
            told["gameData"] = game | {
                "datetime": game["datetime"] | {"officialDate": self.made_up.day.isoformat()}
            }
        return told


@dataclass(frozen=True)
class DayScript:
    """A date of the league to come, played through. All moments are UTC."""

    league: League
    day: date
    games: tuple[ScriptedGame, ...]

    def game(self, game_pk: int) -> ScriptedGame:
        """A game of the day. Raises KeyError for another."""
        for game in self.games:
            if game.fixture.game_pk == game_pk:
                return game
        raise KeyError(game_pk)

    def schedule(self, moment: datetime) -> Json:
        """The schedule response for this date, as of a moment."""
        told = []
        for game in self.games:
            state = game.detailed_state(moment)
            if state == "Postponed" and game.made_up is not None:
                told.append(documents.postponed_game(self.league.people, game.made_up))
                continue
            runs = None
            if state in ("In Progress", "Final"):
                line = game.feed(moment)["liveData"]["linescore"]["teams"]
                runs = (line["away"]["runs"], line["home"]["runs"])
            probables = self.league.probables(game.fixture)
            told.append(
                documents.schedule_game(
                    self.league.people, game.fixture, state, runs=runs, probables=probables
                )
            )
        return documents.schedule(self.day.isoformat(), told)

    def feed(self, game_pk: int, moment: datetime) -> Json:
        """What feed/live says of a game at a moment. Raises KeyError for a game of another day."""
        return self.game(game_pk).feed(moment)

    def happenings(self) -> list[Happening]:
        """Everything that changes what the API says, in order, plays aside."""
        found = []
        for game in self.games:
            f = game.fixture
            who = f"{TEAM[f.away].nickname} at {TEAM[f.home].nickname}"
            pk = f.game_pk
            if game.rained_out_at is not None:
                found.append(Happening(game.rained_out_at, pk, "rained_out", f"{who}: postponed, rain"))
                if game.lineups_at < game.rained_out_at:
                    found.append(Happening(game.lineups_at, pk, "lineups", f"{who}: line-ups"))
                continue
            found.append(Happening(game.lineups_at, pk, "lineups", f"{who}: line-ups"))
            if game.scratched_at is not None:
                found.append(Happening(game.scratched_at, pk, "scratched", f"{who}: a batter is scratched"))
            if game.first_pitch_at - f.start_at > RAIN_DELAY / 2:
                found.append(Happening(f.start_at, pk, "delayed", f"{who}: the start is delayed by rain"))
            found.append(Happening(game.first_pitch_at, pk, "first_pitch", f"{who}: first pitch"))
            found.append(Happening(game.final_at, pk, "final", f"{who}: final"))
            if game.corrected_at is not None:
                says = f"{who}: a hit is now an error"
                found.append(Happening(game.corrected_at, pk, "overturned", says))
        return sorted(found, key=lambda h: (h.at, h.game_pk))

    @property
    def over_at(self) -> datetime:
        """When the last game is final."""
        return max(g.final_at for g in self.games if g.rained_out_at is None)


def day_documents(
    source: SampleTruth | Path | str,
    day: date,
    *,
    scratched: int | None = None,
    scratched_before: timedelta = SCRATCHED_BEFORE,
    overturned: int | None = None,
    eventful: bool = True,
) -> DayScript:
    """The script of an unplayed date of the league that `source` (its folder or truth) is about.

    `scratched` is the batter who is announced and then taken out, `scratched_before` the first pitch;
    `overturned` the batter whose only hit of the day is taken from him the morning after. Without them, on
    the first date, the script chooses (the best bat of the first game, and whoever had one single). With
    `eventful` False nothing unusual happens but the calendar's own doubleheaders.

    Raises ValueError for a date that is not among the league's to come, or a batter who does not start.
    """
    truth = source if isinstance(source, SampleTruth) else SampleTruth.read(source)
    league = League.of(truth)
    season = league.years[-1]
    days = season_dates(season, league.dates)
    if day not in days[league.dates_played :]:
        raise ValueError(f"{day} is no date to come of the sample league: {', '.join(truth.next_dates)} are")
    which = days.index(day) - league.dates_played
    calendar = fixtures(season, league.dates)
    today = [f for f in calendar if f.day == day]
    if not eventful:
        return _script(
            league, day, [_plain(league, f) for f in today], scratched, scratched_before, overturned
        )
    rained = _rained_out(calendar, days[league.dates_played])
    if which == 0:
        return _first_day(league, day, today, rained, calendar, scratched, scratched_before, overturned)
    if which == 1 and rained is not None:
        today = _with_make_up(today, rained, day)
    games = [_plain(league, f) for f in today]
    if which == 1:
        late = max(
            (
                g
                for g in games
                if TEAM[g.fixture.home].park.roof_type == "Open" and g.fixture.doubleheader == "N"
            ),
            key=lambda g: g.fixture.start_at,
            default=None,
        )
        if late is not None:
            games[games.index(late)] = _delayed(league, late)
    return _script(league, day, games, scratched, scratched_before, overturned)


def _first_day(
    league: League,
    day: date,
    today: list[Fixture],
    rained: Fixture | None,
    calendar: list[Fixture],
    scratched: int | None,
    scratched_before: timedelta,
    overturned: int | None,
) -> DayScript:
    games = []
    rest = [f for f in today if rained is None or f.game_pk != rained.game_pk]
    late = rest[-1] if rest else None
    for fixture in today:
        game = _plain(league, fixture)
        if rained is not None and fixture.game_pk == rained.game_pk:
            made_up, _ = _make_up(calendar, fixture)
            game = replace(game, rained_out_at=fixture.start_at - RAINED_OUT_BEFORE, made_up=made_up)
        elif fixture is late:
            game = replace(game, lineups_at=fixture.start_at - LATE_LINEUPS_BEFORE)
        games.append(game)
    playing = [g for g in games if g.rained_out_at is None]
    if scratched is None:
        scratched = _best_bat(league, playing[0])
    if overturned is None:
        overturned = _one_single(playing[-1], {scratched})
    return _script(league, day, games, scratched, scratched_before, overturned)


def _script(
    league: League,
    day: date,
    games: list[ScriptedGame],
    scratched: int | None,
    scratched_before: timedelta,
    overturned: int | None,
) -> DayScript:
    """The day with one batter scratched and one hit taken back, if anybody was named."""
    if scratched is not None:
        i = _game_of(games, scratched, "scratched")
        game = games[i]
        out = frozenset({scratched})
        _, final = league.tell(game.fixture, out=out)
        at = game.fixture.start_at - scratched_before
        lineups_at = min(game.lineups_at, at - timedelta(minutes=30))
        games[i] = replace(game, final=final, announced=game.final, scratched_at=at, lineups_at=lineups_at)
    if overturned is not None:
        i = _game_of(games, overturned, "overturned")
        games[i] = _with_one_single(league, games[i], overturned, frozenset({scratched or 0}))
    return DayScript(league, day, tuple(games))


def _plain(league: League, fixture: Fixture) -> ScriptedGame:
    _, final = league.tell(fixture)
    return ScriptedGame(fixture, final, fixture.start_at - LINEUPS_BEFORE)


def _delayed(league: League, game: ScriptedGame) -> ScriptedGame:
    """The same game, begun later than scheduled."""
    later = replace(game.fixture, start_at=game.fixture.start_at + RAIN_DELAY)
    _, final = league.tell(later)
    final["gameData"]["datetime"] = game.final["gameData"]["datetime"]
    return replace(game, final=final)


def _rained_out(calendar: list[Fixture], first: date) -> Fixture | None:
    """The game of the first date that rain takes: an evening's, in a park without a roof, if there is one."""
    today = [f for f in calendar if f.day == first and f.fate == PLAYED and f.doubleheader == "N"]
    open_air = [f for f in today if TEAM[f.home].park.roof_type == "Open"]
    night = [f for f in open_air if f.day_night == "night"]
    return next(iter(night or open_air), None)


def _make_up(calendar: list[Fixture], game: Fixture) -> tuple[Fixture, Fixture | None]:
    """When a rained-out game is made up: the next time that the teams meet there, else on the next Monday."""
    for other in calendar:
        if other.day > game.day and (other.home, other.away) == (game.home, game.away):
            return moved_by_rain(game, other.day, other)
    monday = game.day + timedelta(days=7 - game.day.weekday())
    return moved_by_rain(game, monday, None)


def _with_make_up(today: list[Fixture], rained: Fixture, day: date) -> list[Fixture]:
    made_up, second = _make_up(today, rained)
    if second is None or made_up.day != day:
        return today
    others = [f for f in today if f.game_pk != second.game_pk]
    return sorted([*others, made_up, second], key=lambda f: (f.start_at, f.game_pk))


def _starters(game: ScriptedGame) -> list[int]:
    """Who starts, visitors first, in batting order."""
    found: list[int] = []
    for side in ("away", "home"):
        found += truncate.standing(game.final, side, (), None).order
    return found


def _game_of(games: list[ScriptedGame], batter: int, what: str) -> int:
    for i, game in enumerate(games):
        if game.rained_out_at is None and batter in _starters(game):
            return i
    raise ValueError(f"{what}: batter {batter} starts in no game that is played that date")


def _best_bat(league: League, game: ScriptedGame) -> int:
    batting = league.people.batting
    return max(_starters(game), key=lambda p: (batting[p].hit - 0.2 * batting[p].strikeout, -p))


def _one_single(game: ScriptedGame, but: set[int]) -> int:
    found = [p for p in _starters(game) if p not in but and only_single(game.final, p) is not None]
    return found[0] if found else next(p for p in _starters(game) if p not in but)


def _with_one_single(league: League, game: ScriptedGame, batter: int, out: frozenset[int]) -> ScriptedGame:
    """The game told so that a batter has one hit, a single, which the scorer takes back the next morning."""
    final = game.final
    for attempt in range(_ATTEMPTS):
        play = only_single(final, batter)
        if play is not None:
            break
        _, final = league.tell(
            game.fixture, attempt=attempt + 1, out=out if game.scratched_at else frozenset()
        )
    else:
        raise ValueError(f"overturned: {_ATTEMPTS} tellings gave batter {batter} no game with a single alone")
    at = datetime.combine(game.fixture.day + timedelta(days=1), time(15, 30), UTC)
    return replace(game, final=final, corrected=overturn(final, play), corrected_at=at)


__all__ = ["DayScript", "Happening", "ScriptedGame", "day_documents", "overturn"]
