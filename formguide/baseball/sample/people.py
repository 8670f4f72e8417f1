"""The sample league's players and what they can do: known abilities, from which every plate appearance comes.

Abilities are on the log scale of an outcome's weight against the league's mean, so 0 is average. A batter's
`hit` +0.10 makes his singles, doubles and triples some 10 % more frequent; a pitcher's +0.10 makes those
against him so. All are drawn once, from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np

from formguide.baseball.sample.world import FIRST_NAMES, LAST_NAMES, TEAMS

FIRST_PLAYER_ID = 900_001
# Primary positions of a team's fourteen hitters: eight fielders, the designated hitter, the bench, a rookie.
HITTER_POSITIONS = ("2", "3", "4", "5", "6", "7", "8", "9", "10", "2", "6", "8", "3", "7")
ROOKIE_HITTER = 13
STARTERS, RELIEVERS = 5, 7


@dataclass(frozen=True)
class PitchKind:
    """One pitch of an arsenal: its share, speed (mph), spin (rpm), induced rise and sideways run (inches)."""

    code: str
    share: float
    speed: float
    spin: float
    rise: float
    run: float


@dataclass(frozen=True)
class Player:
    """A player. `debut` is None for a rookie who has not played before the league begins."""

    player_id: int
    first_name: str
    last_name: str
    team_id: int
    number: int
    position: str
    bats: str
    throws: str
    born: date
    debut: date | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class Batting:
    """What a batter can do. `platoon` is gained against the other hand and lost against the same one;
    `form` is the swing (amplitude) of a slow wave in `hit`, of `phase` radians at the start of a season."""

    hit: float
    strikeout: float
    walk: float
    power: float
    platoon: float
    speed: float
    form: float
    phase: float


@dataclass(frozen=True)
class Pitching:
    """What a pitcher can do, on the same scales; `stamina` in pitches, `extension` in feet."""

    hit: float
    strikeout: float
    walk: float
    power: float
    stamina: float
    extension: float
    arsenal: tuple[PitchKind, ...]


@dataclass(frozen=True)
class Squad:
    """A team's players by role, in a fixed order. The last hitter and the last two starters are rookies."""

    team_id: int
    hitters: tuple[int, ...]
    starters: tuple[int, ...]
    relievers: tuple[int, ...]


@dataclass(frozen=True)
class People:
    """Everybody: players, abilities and squads, by id."""

    players: dict[int, Player]
    batting: dict[int, Batting]
    pitching: dict[int, Pitching]
    squads: dict[int, Squad]

    def hit_form(self, batter: int, date_index: int) -> float:
        """Where a batter's slow wave of form stands on a date of the season."""
        b = self.batting[batter]
        return b.form * math.sin(b.phase + date_index / 9.0)


@cache
def everybody(seed: int) -> People:
    """The league's people for a seed. Their names are put together from invented ones."""
    rng = np.random.default_rng([seed, 11])
    named = _names(rng)
    players: dict[int, Player] = {}
    batting: dict[int, Batting] = {}
    pitching: dict[int, Pitching] = {}
    squads: dict[int, Squad] = {}
    for team in TEAMS:
        numbers = [int(n) for n in rng.permutation(np.arange(1, 100))]
        roles: dict[str, list[int]] = {"hitters": [], "starters": [], "relievers": []}
        plan = [("hitters", p) for p in HITTER_POSITIONS]
        plan += [("starters", "1")] * (STARTERS + 2) + [("relievers", "1")] * RELIEVERS
        for role, position in plan:
            player_id = FIRST_PLAYER_ID + len(players)
            rookie = (role == "hitters" and len(roles[role]) == ROOKIE_HITTER) or (
                role == "starters" and len(roles[role]) >= STARTERS
            )
            first, last = next(named)
            throws = "L" if rng.random() < (0.3 if position == "1" else 0.1) else "R"
            bats = str(rng.choice(["L", "R", "S"], p=[0.36, 0.52, 0.12]))
            born = date(
                int(rng.integers(1990, 1999)) + 4 * rookie, int(rng.integers(1, 13)), int(rng.integers(1, 29))
            )
            debut = (
                None if rookie else date(born.year + 23, int(rng.integers(4, 10)), int(rng.integers(1, 29)))
            )
            players[player_id] = Player(
                player_id, first, last, team.team_id, numbers.pop(), position, bats, throws, born, debut
            )
            if position == "1":
                pitching[player_id] = _pitcher(rng, role == "starters", throws)
            else:
                batting[player_id] = _batter(rng, bench=len(roles[role]) > 8)
            roles[role].append(player_id)
        squads[team.team_id] = Squad(team.team_id, *(tuple(ids) for ids in roles.values()))
    return People(players, batting, pitching, squads)


def _names(rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    pairs = [(first, last) for last in LAST_NAMES.split() for first in FIRST_NAMES.split()]
    for i in rng.permutation(len(pairs)):
        yield pairs[int(i)]


def _batter(rng: np.random.Generator, *, bench: bool) -> Batting:
    power = float(rng.normal(0.0, 0.40))
    return Batting(
        hit=float(rng.normal(-0.10 if bench else 0.02, 0.17)),
        strikeout=float(rng.normal(0.25 * power, 0.24)),
        walk=float(rng.normal(0.0, 0.26)),
        power=power - (0.2 if bench else 0.0),
        platoon=float(rng.normal(0.07, 0.04)),
        speed=float(np.clip(rng.normal(0.5, 0.2), 0.05, 0.95)),
        form=float(abs(rng.normal(0.0, 0.06))),
        phase=float(rng.uniform(0.0, 2 * math.pi)),
    )


def _pitcher(rng: np.random.Generator, starter: bool, throws: str) -> Pitching:
    heat = float(rng.normal(0.0, 1.0))  # a hard thrower strikes more batters out, as in life
    speed = 93.2 + 1.8 * heat + (0.0 if starter else 1.2)
    side = 1.0 if throws == "R" else -1.0
    kinds = [
        ("FF", 0.0, 2250.0, 15.5, -7.0),
        ("SI", -0.8, 2120.0, 8.0, -14.0),
        ("FC", -4.5, 2350.0, 8.0, 2.5),
        ("SL", -8.0, 2400.0, 2.0, 5.0),
        ("ST", -10.5, 2550.0, 1.0, 14.0),
        ("CU", -14.5, 2550.0, -10.0, 9.0),
        ("KC", -13.0, 2480.0, -9.0, 6.0),
        ("CH", -8.5, 1780.0, 6.0, -13.5),
        ("FS", -8.0, 1450.0, 3.0, -10.0),
    ]
    primary = 0 if rng.random() < 0.7 else 1
    others = [int(i) for i in rng.permutation(np.arange(2, len(kinds)))[: 3 if starter else 2]]
    shares = [float(s) for s in rng.dirichlet([9.0, *[3.0] * len(others)])]
    arsenal = tuple(
        PitchKind(
            code,
            share,
            speed + slower + float(rng.normal(0, 0.6)),
            spin + float(rng.normal(0, 110)) + 40 * heat,
            rise + float(rng.normal(0, 1.0)),
            side * (run + float(rng.normal(0, 1.2))),
        )
        for share, (code, slower, spin, rise, run) in zip(
            shares, (kinds[i] for i in (primary, *others)), strict=True
        )
    )
    return Pitching(
        hit=float(rng.normal(0.02 if starter else -0.02, 0.11)),
        strikeout=float(rng.normal(0.0, 0.17)) + 0.11 * heat + (0.0 if starter else 0.08),
        walk=float(rng.normal(0.0, 0.24)),
        power=float(rng.normal(0.0, 0.20)),
        stamina=float(rng.normal(90.0, 6.0)) if starter else float(rng.normal(20.0, 3.0)),
        extension=float(np.clip(rng.normal(6.4, 0.35), 5.3, 7.5)),
        arsenal=arsenal,
    )
