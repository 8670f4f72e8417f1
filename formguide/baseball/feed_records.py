"""The parts of a feed/live document that are read, as records: what is not named here is not looked at."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import Field

from formguide.records import Record


class Person(Record):
    """Somebody, or something, with MLB's number and a name."""

    id: int = Field(ge=1)
    full_name: str = Field(min_length=1)


class Named(Record):
    """A team or a park."""

    id: int = Field(ge=1)
    name: str = Field(min_length=1)


class Coded(Record):
    """A code with words for it. Unknown pitch types come without the code."""

    code: str | None = None
    description: str | None = None


class Status(Record):
    """A game's state in MLB's words."""

    abstract_game_state: str = ""
    coded_game_state: str = ""
    detailed_state: str = ""


class Game(Record):
    """Which game it is."""

    pk: int = Field(ge=1)
    type: str
    season: int
    double_header: str = "N"
    game_number: int = Field(default=1, ge=1)


class When(Record):
    """When it is played. A suspended game that went on later has the day from which it was resumed."""

    date_time: datetime | None = None
    official_date: date
    resumed_from_date: date | None = None
    day_night: str | None = None


class FieldInfo(Record):
    """What the park is like."""

    roof_type: str | None = None


class Venue(Named):
    """The park."""

    field_info: FieldInfo = FieldInfo()


class Weather(Record):
    """The weather as announced: everything is text, e.g. `69` and `8 mph, Out To CF`."""

    condition: str | None = None
    temp: float | None = None
    wind: str | None = None


class Sides(Record):
    """The two teams."""

    home: Named
    away: Named


class Probables(Record):
    """The announced starting pitchers."""

    home: Person | None = None
    away: Person | None = None


class Player(Record):
    """Somebody on either roster."""

    id: int = Field(ge=1)
    full_name: str = Field(min_length=1)
    bat_side: Coded = Coded()


class GameData(Record):
    """What is known of a game apart from what happened in it."""

    game: Game
    datetime: When
    status: Status
    teams: Sides
    venue: Venue
    weather: Weather = Weather()
    probable_pitchers: Probables = Probables()
    players: dict[str, Player] = Field(default_factory=dict)


class Position(Record):
    """A place on the field."""

    abbreviation: str | None = None


class BoxPlayer(Record):
    """A player in the box score. `batting_order` is 300 for who started in the third place, 301, 302 … for
    who came in for him."""

    person: Person
    batting_order: int | None = None
    position: Position | None = None
    all_positions: list[Position] | None = None


class BoxTeam(Record):
    """One team in the box score."""

    players: dict[str, BoxPlayer] = Field(default_factory=dict)
    pitchers: list[int] = Field(default_factory=list)


class BoxTeams(Record):
    """Both teams in the box score."""

    home: BoxTeam = BoxTeam()
    away: BoxTeam = BoxTeam()


class Official(Record):
    """An umpire and where he stood."""

    official: Person
    official_type: str


class Box(Record):
    """The box score."""

    teams: BoxTeams = BoxTeams()
    officials: list[Official] = Field(default_factory=list)


class Linescore(Record):
    """The line score."""

    scheduled_innings: int = Field(default=9, ge=1)


class Plays(Record):
    """All plays, each still as it came, so that a bad one does not spoil the others."""

    all_plays: list[Any] = Field(default_factory=list)


class LiveData(Record):
    """What happened in the game."""

    plays: Plays = Plays()
    linescore: Linescore = Linescore()
    boxscore: Box = Box()


class Feed(Record):
    """A feed/live document."""

    game_data: GameData
    live_data: LiveData = LiveData()


class Result(Record):
    """How a play ended."""

    type: str | None = None
    event_type: str | None = None
    rbi: int | None = None


class About(Record):
    """Where in the game a play belongs."""

    at_bat_index: int = Field(ge=0)
    inning: int = Field(ge=1)
    is_top_inning: bool
    is_complete: bool = False


class Count(Record):
    """Balls and strikes at the end of a play, and the outs after it."""

    balls: int = Field(ge=0, le=4)
    strikes: int = Field(ge=0, le=3)
    outs: int = Field(ge=0, le=3)


class Matchup(Record):
    """Who batted against whom."""

    batter: Person
    bat_side: Coded
    pitcher: Person
    pitch_hand: Coded


class Play(Record):
    """One play, its events still as they came."""

    result: Result
    about: About
    count: Count
    matchup: Matchup
    play_events: list[Any] = Field(default_factory=list)


class Details(Record):
    """What an event was: for a pitch its call and its type, for an action its kind."""

    call: Coded | None = None
    description: str | None = None
    type: Coded | None = None
    event_type: str | None = None


class Breaks(Record):
    """How a pitch moved, inches; spin in revolutions per minute."""

    spin_rate: float | None = None
    break_vertical: float | None = None
    break_vertical_induced: float | None = None
    break_horizontal: float | None = None


class PitchData(Record):
    """A pitch as it was tracked: speed in miles per hour, extension in feet."""

    start_speed: float | None = None
    extension: float | None = None
    breaks: Breaks = Breaks()


class HitData(Record):
    """A batted ball as it was tracked."""

    launch_speed: float | None = None
    launch_angle: float | None = None
    total_distance: float | None = None
    trajectory: str | None = None
    hardness: str | None = None


class Substitute(Record):
    """Who comes in."""

    id: int


class Event(Record):
    """Something within a play: a pitch, a change of players, a visit to the mound."""

    is_pitch: bool = False
    type: str | None = None
    details: Details
    pitch_data: PitchData = PitchData()
    hit_data: HitData | None = None
    player: Substitute | None = None
    position: Position | None = None
