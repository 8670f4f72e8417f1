"""What the pass over the plate appearances holds and reads: shapes only.

Arrays have a row per batter, pitcher, bullpen, umpire or park; the last row is nobody's and never changes.
What compiled code takes for constant stands beside it, in `_feature_kernels`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from formguide.baseball._feature_columns import Column, Days


class Plan(NamedTuple):
    """What is rolled: means ``first[r]`` up to ``last[r]`` are those of rate r.

    ``window`` and ``least``: game-dates that a mean looks back, and how many of them must have a rate.
    A rate's dates lie in an entity's ring from ``start`` on in steps of ``step``: rates with rings of a size
    lie side by side. ``mask`` is the ring's number of dates, a power of two, less one.
    """

    first: np.ndarray
    last: np.ndarray
    window: np.ndarray
    least: np.ndarray
    start: np.ndarray
    step: np.ndarray
    mask: np.ndarray
    length: int


class Known(NamedTuple):
    """What is known of a kind of entity, a row each; the last row is nobody's and never changes.

    ``today[…, rate]``: numerator and denominator of each rate on the date that is being learned.
    ``mean``: what was published, NaN where too little is known. ``dates``: game-dates so far, ``last``: the
    latest of them. ``touched`` lists who played on the date, their number in ``touched[-1]``.
    """

    today: np.ndarray
    ring: np.ndarray
    total: np.ndarray
    dated: np.ndarray
    mean: np.ndarray
    dates: np.ndarray
    last: np.ndarray
    touched: np.ndarray


class Rookies(NamedTuple):
    """Hits and plate appearances of the batters' last 30, 60 and 120 game-dates, and of their careers."""

    ring: np.ndarray
    recent: np.ndarray
    career: np.ndarray


class Mix(NamedTuple):
    """A pitcher's pitch types: the date's, the window's, how many dates in it have any, and their entropy."""

    today: np.ndarray
    ring: np.ndarray
    recent: np.ndarray
    filled: np.ndarray
    entropy: np.ndarray


class Ever(NamedTuple):
    """Counts over all dates so far, in pairs: hits of plate appearances, strikes of called pitches."""

    league: np.ndarray
    venue: np.ndarray
    platoon: np.ndarray
    grounder: np.ndarray
    pair: np.ndarray


class State(NamedTuple):
    """All that is known on the morning of a date."""

    batters: Known
    pitchers: Known
    bullpens: Known
    umpires: Known
    rookies: Rookies
    mix: Mix
    last_mix: Mix
    ever: Ever


class Plans(NamedTuple):
    """What is rolled for whom."""

    batters: Plan
    pitchers: Plan
    bullpens: Plan
    umpires: Plan


class Codes(NamedTuple):
    """Who and where, row by row: rows of the tables of what is known (uint32), the last is nobody's."""

    batter: np.ndarray
    platoon: np.ndarray
    pitcher: np.ndarray
    pair: np.ndarray
    venue: np.ndarray
    team: np.ndarray
    umpire: np.ndarray


class Sizes(NamedTuple):
    """How many batters, pitchers, pairs of pitcher and catcher, parks, teams and umpires there are."""

    batter: int
    pitcher: int
    pair: int
    venue: int
    team: int
    umpire: int


class Facts(NamedTuple):
    """What the plate appearances tell. Truth values are bits; the pitches by type are twelve columns.

    ``bullpen``: the fielding team's row where a reliever pitched, else nobody's.
    """

    hit: Column
    ground_ball: Column
    hard_contact: Column
    last_whiff: Column
    balls: Column
    strikes: Column
    called_balls: Column
    called_strikes: Column
    swinging: Column
    fouls: Column
    in_play: Column
    exit_speed: Column
    exit_angle: Column
    speed: Column
    spin: Column
    extension: Column
    break_: Column
    last_speed: Column
    last_spin: Column
    last_break: Column
    last_type: np.ndarray
    bullpen: np.ndarray
    types: tuple[Column, ...]


class Rules(NamedTuple):
    """Least evidence of the features that look back over everything, and how rookies are shrunk.

    ``prior``: the hit rate towards which, NaN for the league's as of the day.
    """

    rookie_below: int
    weight: float
    prior: float
    ground_balls: int
    platoon: int
    park: int
    framing: int
    mix_dates: int


class Job(NamedTuple):
    """Plate appearances and queries by date, and how to answer.

    ``at``: for each feature of `features.COMPUTED` its row of the result, -1 where it is not wanted.
    """

    played: Days
    codes: Codes
    facts: Facts
    asked: Days
    asked_codes: Codes
    plans: Plans
    rules: Rules
    at: np.ndarray


# -- nothing known ---------------------------------------------------------------------------------


def nothing_known(sizes: Sizes, plans: Plans, ring: int, mix_ring: int, types: int, hands: int) -> State:
    """The state before the first date."""
    return State(
        batters=_unknown(sizes.batter, plans.batters),
        pitchers=_unknown(sizes.pitcher, plans.pitchers),
        bullpens=_unknown(sizes.team, plans.bullpens),
        umpires=_unknown(sizes.umpire, plans.umpires),
        rookies=Rookies(
            ring=np.empty((sizes.batter + 1, ring, 2), np.int32),
            recent=np.zeros((sizes.batter + 1, 3, 2), np.int32),
            career=_counts(sizes.batter, np.int32),
        ),
        mix=_no_pitches(sizes.pitcher, mix_ring, types),
        last_mix=_no_pitches(sizes.pitcher, mix_ring, types),
        ever=Ever(
            league=np.zeros(2, np.int64),
            venue=_counts(sizes.venue),
            platoon=_counts(hands * sizes.batter),
            grounder=_counts(sizes.batter),
            pair=_counts(sizes.pair),
        ),
    )


def _counts(entities: int, dtype: type[np.integer] = np.int64) -> np.ndarray:
    return np.zeros((entities + 1, 2), dtype)


def _unknown(entities: int, plan: Plan) -> Known:
    rows, rates, means = entities + 1, plan.start.size, plan.window.size
    return Known(
        today=np.zeros((rows, rates, 2)),
        ring=np.empty((rows, plan.length), np.int64),
        total=np.zeros((rows, means), np.int64),
        dated=np.zeros((rows, means), np.int32),
        mean=np.full((rows, means), np.nan),
        dates=np.zeros(rows, np.int32),
        last=np.full(rows, np.iinfo(np.int32).min, np.int32),
        touched=np.zeros(rows + 1, np.uint32),
    )


def _no_pitches(pitchers: int, ring: int, types: int) -> Mix:
    rows = pitchers + 1
    return Mix(
        today=np.zeros((rows, types), np.int32),
        ring=np.empty((rows, ring, types), np.int32),
        recent=np.zeros((rows, types), np.int32),
        filled=np.zeros(rows, np.int32),
        entropy=np.full(rows, np.nan),
    )
