"""What the sample league's managers decide: who plays, in what order, and who comes in when.

Everything that holds before a game (who is hurt, whose turn it is to start) follows from the seed, the season
and the date alone, so that any day can be told without telling the days before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from formguide.baseball.sample.fixtures import Fixture
from formguide.baseball.sample.people import ROOKIE_HITTER, STARTERS, People, everybody
from formguide.baseball.sample.world import TEAMS

DEBUT_DATES = (20, 54)
"""Date indices on which, each season, a pitcher starts who has never pitched in the league."""
ROOKIE_CALLED_UP = 30
"""Date index on which, each season, one team's centre fielder is hurt and its rookie takes his place."""
_OPENER_SHARE = 0.04
_REST_SHARE = 0.09


@dataclass(frozen=True)
class Absence:
    """A player on the injured list from one date of a season until before another (date indices)."""

    season: int
    player_id: int
    first: int
    until: int


@dataclass(frozen=True)
class NineMen:
    """Who starts: batting order with positions, the rest of the bench, and how the pitching is planned.

    `order` holds player ids in batting order, `positions` each one's position code; `pitcher` starts, and is
    an opener (out after an inning or two) where `opener`; `bullpen` follows.
    """

    team_id: int
    order: tuple[int, ...]
    positions: dict[int, str]
    bench: tuple[int, ...]
    pitcher: int
    opener: bool
    bullpen: tuple[int, ...]


@cache
def absences(seed: int, season: int, first_season: int) -> tuple[Absence, ...]:
    """The season's injuries: one or two a team among the fielders, and the one that calls the rookie up."""
    who = everybody(seed)
    rng = np.random.default_rng([seed, season, 17])
    found = []
    for i, team in enumerate(TEAMS):
        squad = who.squads[team.team_id]
        for _ in range(1 + int(rng.random() < 0.5)):
            first = int(rng.integers(4, 48))
            player = squad.hitters[int(rng.integers(0, 9))]
            found.append(Absence(season, player, first, first + int(rng.integers(5, 16))))
        if i == (season - first_season) % len(TEAMS):
            found.append(Absence(season, squad.hitters[6], ROOKIE_CALLED_UP, ROOKIE_CALLED_UP + 14))
    return tuple(found)


def called_up(season: int, first_season: int, people: People) -> int:
    """The rookie hitter who is called up in a season."""
    team = TEAMS[(season - first_season) % len(TEAMS)]
    return people.squads[team.team_id].hitters[ROOKIE_HITTER]


def debut_pitcher(season: int, first_season: int, date_index: int, people: People) -> int | None:
    """The rookie who makes his first start on a date: in the first seasons, two each; then there are none."""
    if date_index not in DEBUT_DATES:
        return None
    which = (season - first_season) * len(DEBUT_DATES) + DEBUT_DATES.index(date_index)
    if which >= 2 * len(TEAMS):
        return None
    team, spare = TEAMS[(3 * which + 1) % len(TEAMS)], which // len(TEAMS)
    return people.squads[team.team_id].starters[STARTERS + spare]


def probable(people: People, fixture: Fixture, team_id: int, first_season: int) -> int:
    """The announced starter: the rotation's turn, or a rookie on his day."""
    rookie = debut_pitcher(fixture.season, first_season, fixture.date_index, people)
    squad = people.squads[team_id]
    if rookie in squad.starters and fixture.game_number == 1:
        return int(rookie or 0)
    turn = fixture.date_index + 2 * (fixture.game_number - 1) + (fixture.listed_on is not None)
    return squad.starters[(turn + team_id) % STARTERS]


def choose_nine(
    seed: int,
    people: People,
    fixture: Fixture,
    team_id: int,
    opponent_throws: str,
    first_season: int,
    out: frozenset[int] = frozenset(),
) -> NineMen:
    """The line-up for a game. Regulars rest now and then, more often in a doubleheader's second game; who is
    `out` for it does not play at all."""
    rng = np.random.default_rng([seed, fixture.game_pk, team_id])
    squad = people.squads[team_id]
    hurt = out | {
        a.player_id
        for a in absences(seed, fixture.season, first_season)
        if a.first <= fixture.date_index < a.until
    }
    available = [p for p in squad.hitters if p not in hurt]
    rookie = squad.hitters[ROOKIE_HITTER]
    up = rookie == called_up(fixture.season, first_season, people) and (
        fixture.date_index >= ROOKIE_CALLED_UP
    )
    debuted_before = any(
        rookie == called_up(s, first_season, people) for s in range(first_season, fixture.season)
    )
    if not (up or debuted_before):
        available.remove(rookie)
    rest = {p for p in squad.hitters[:9] if rng.random() < _REST_SHARE + 0.15 * (fixture.game_number == 2)}
    fielding: dict[str, int] = {}
    spare = [p for p in available if p not in squad.hitters[:9]]
    just_up = up and fixture.date_index < ROOKIE_CALLED_UP + 14
    for player in squad.hitters[:9]:
        position = people.players[player].position
        if player in available and (player not in rest or not spare):
            fielding[position] = player
            continue
        stand_in = _stand_in(people, spare, position, rookie if just_up and position == "8" else None)
        spare.remove(stand_in)
        fielding[position] = stand_in
    starting = set(fielding.values())

    def worth(player: int) -> float:
        b = people.batting[player]
        same = people.players[player].bats == opponent_throws
        return (
            b.hit
            + 0.5 * b.walk
            + 0.35 * b.power
            - b.platoon * (1 if same else -1)
            + 0.05 * float(rng.normal())
        )

    ranked = sorted(starting, key=lambda p: (-worth(p), p))
    # The best four bat second, fourth, first and third; then downwards.
    order = [ranked[i] for i in (2, 0, 3, 1, 4, 5, 6, 7, 8)]
    pitcher = probable(people, fixture, team_id, first_season)
    opener = bool(rng.random() < _OPENER_SHARE) and people.players[pitcher].debut is not None
    bullpen = list(squad.relievers)
    if opener:  # the announced starter follows the opener
        pitcher, bullpen = bullpen[0], [pitcher, *bullpen[1:]]
    return NineMen(
        team_id=team_id,
        order=tuple(order),
        positions={player: position for position, player in fielding.items()},
        bench=tuple(p for p in available if p not in starting),
        pitcher=pitcher,
        opener=opener,
        bullpen=tuple(bullpen),
    )


def _stand_in(people: People, spare: list[int], position: str, wanted: int | None) -> int:
    """Who of the bench plays a position: a catcher for the catcher, if there is one, and so on."""
    if wanted in spare:
        return int(wanted or 0)
    kind = {"2": "2", "7": "789", "8": "789", "9": "789", "10": "3"}.get(position, "3456")
    fits = [p for p in spare if people.players[p].position in kind]
    others = [p for p in spare if people.players[p].position != "2"]
    return (fits or others or spare)[0]
