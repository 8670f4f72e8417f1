"""One plate appearance of the sample league: what becomes of it, by known odds, and the pitches it took.

The outcome is drawn first, from weights that are the product of the league's mean and everybody's known
effects; the pitches are then drawn to fit it. So the probability of a hit in any situation is a closed form
(`hit_probability`), against which a forecast can be held.

Two effects are deliberately of a kind that a forecast from past rates has no term for: each date's *ball lot*
(some batches of balls are livelier; everybody shares the day's) and *times through the order* (batters see a
starter better each time they face him).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from formguide.baseball.sample.people import Batting, Pitching, PitchKind

EFFECTS_BEYOND_THE_MODEL = ("ball_lot", "times_through_the_order")

OUTCOMES = (
    "strikeout", "walk", "hit_by_pitch", "home_run", "triple", "double", "single", "field_error", "field_out"
)  # fmt: skip
LEAGUE_MEANS = (0.222, 0.081, 0.011, 0.029, 0.004, 0.044, 0.146, 0.008, 0.455)
HITS = frozenset({"single", "double", "triple", "home_run"})
FAMILIARITY = 0.07
"""How much (log) a hit grows likelier with each earlier meeting with the starter in the game."""

_CALLS = {
    "B": "Ball",
    "*B": "Ball In Dirt",
    "C": "Called Strike",
    "S": "Swinging Strike",
    "W": "Swinging Strike (Blocked)",
    "F": "Foul",
    "T": "Foul Tip",
    "H": "Hit By Pitch",
    "X": "In play, out(s)",
    "D": "In play, no out",
    "E": "In play, run(s)",
}
_BALL_CALLS = frozenset({"B", "*B", "H"})
_IN_PLAY_CALLS = frozenset({"X", "D", "E"})


@dataclass(frozen=True)
class Setting:
    """What surrounds a plate appearance, each on the log scale of an outcome's weight.

    `hit` and `homer` are park, weather and the day's balls together; `zone` the umpire's; `same_hand` whether
    the batter stands on the side that the pitcher throws from; `meetings` how often he has met this starter
    in the game; `form` where his own wave of form stands.
    """

    hit: float
    homer: float
    zone: float
    same_hand: bool
    meetings: int
    form: float


def outcome_weights(batter: Batting, pitcher: Pitching, at: Setting) -> list[float]:
    """The probability of each of `OUTCOMES`, in order. They add up to 1."""
    side = -batter.platoon if at.same_hand else batter.platoon
    seen = FAMILIARITY * at.meetings
    hit = batter.hit + at.form + pitcher.hit + at.hit + side + seen
    homer = batter.power + pitcher.power + at.homer + side + seen
    effect = (
        batter.strikeout + pitcher.strikeout + at.zone - side,
        batter.walk + pitcher.walk - at.zone,
        0.0,
        homer,
        hit,
        hit + 0.3 * batter.power,
        hit,
        0.0,
        0.0,
    )
    weights = [mean * math.exp(e) for mean, e in zip(LEAGUE_MEANS, effect, strict=True)]
    total = sum(weights)
    return [w / total for w in weights]


def hit_probability(batter: Batting, pitcher: Pitching, at: Setting) -> float:
    """P(single, double, triple or home run) in one plate appearance."""
    return sum(
        p for name, p in zip(OUTCOMES, outcome_weights(batter, pitcher, at), strict=True) if name in HITS
    )


class Dice:
    """Random numbers of one game, drawn in batches because one at a time would take most of the time."""

    def __init__(self, key: Sequence[int]) -> None:
        rng = np.random.default_rng(list(key))

        def endless(draw: Callable[[int], np.ndarray[Any, np.dtype[np.float64]]]) -> Iterator[float]:
            while True:
                yield from draw(2048).tolist()

        self.uniform: Callable[[], float] = endless(rng.random).__next__
        self.normal: Callable[[], float] = endless(rng.standard_normal).__next__

    def pick(self, weights: Sequence[float]) -> int:
        """An index, drawn by weight."""
        u = self.uniform() * sum(weights)
        for i, w in enumerate(weights):
            u -= w
            if u < 0:
                return i
        return len(weights) - 1

    def whole(self, n: int) -> int:
        """A whole number from 0 to n − 1."""
        return int(self.uniform() * n)


def pitch_calls(dice: Dice, outcome: str, whiffs: float, last: str) -> list[str]:
    """The calls of a plate appearance that ends in `outcome`, of which `last` is the last pitch's.

    `whiffs` is how the two fare at strikeouts (log): it shifts strikes from fouled to missed.
    """
    if outcome == "strikeout":
        balls, strikes = dice.pick((0.24, 0.31, 0.27, 0.18)), 2
    elif outcome == "walk":
        balls, strikes = 3, dice.pick((0.14, 0.29, 0.57))
    else:
        balls, strikes = dice.pick((0.42, 0.30, 0.19, 0.09)), dice.pick((0.34, 0.33, 0.33))
    calls = ["B"] * balls + ["C"] * strikes
    for i in range(len(calls) - 1, 0, -1):  # Fisher and Yates
        j = dice.whole(i + 1)
        calls[i], calls[j] = calls[j], calls[i]
    missed = 0.24 * math.exp(whiffs)
    found: list[str] = []
    strikes_so_far = 0
    for call in calls:
        if strikes_so_far == 2:
            found += ["F"] * _fouls(dice)
        if call == "B":
            found.append("*B" if dice.uniform() < 0.05 else "B")
            continue
        strikes_so_far += 1
        u = dice.uniform()
        found.append("C" if u < 0.40 else "S" if u < 0.40 + missed else "F")
    if strikes_so_far == 2:
        found += ["F"] * _fouls(dice)
    found.append(last)
    return found


def _fouls(dice: Dice) -> int:
    return 1 if dice.uniform() < 0.22 else 0


def last_call(dice: Dice, outcome: str, runs: int) -> str:
    """The call of the pitch that ended it."""
    if outcome == "strikeout":
        u = dice.uniform()
        return "C" if u < 0.24 else "T" if u < 0.29 else "W" if u < 0.33 else "S"
    if outcome == "walk":
        return "*B" if dice.uniform() < 0.06 else "B"
    if outcome == "hit_by_pitch":
        return "H"
    if runs:
        return "E"
    return "D" if outcome in HITS or outcome == "field_error" else "X"


def throw(dice: Dice, pitcher: Pitching, shares: Sequence[float], call: str) -> dict[str, Any]:
    """One pitch as a play event without its count, place and time."""
    kind: PitchKind = pitcher.arsenal[dice.pick(shares)]
    speed = kind.speed + 0.9 * dice.normal()
    rise, run = kind.rise + 1.6 * dice.normal(), kind.run + 1.6 * dice.normal()
    drop = rise - 0.5 * 32.174 * 12 * (60.5 / (speed * 1.4667)) ** 2  # what gravity takes, in inches
    outside = call in _BALL_CALLS
    return {
        "details": {
            "call": {"code": call},
            "description": _CALLS[call],
            "code": call,
            "isInPlay": call in _IN_PLAY_CALLS,
            "isStrike": not outside and call not in _IN_PLAY_CALLS,
            "isBall": outside,
            "type": {"code": kind.code},
        },
        "pitchData": {
            "startSpeed": round(speed, 1),
            "zone": 11 + dice.whole(4) if outside else 1 + dice.whole(9),
            "extension": round(pitcher.extension + 0.12 * dice.normal(), 2),
            "breaks": {
                "breakVertical": round(drop, 1),
                "breakVerticalInduced": round(rise, 1),
                "breakHorizontal": round(run, 1),
                "spinRate": int(kind.spin + 70 * dice.normal()),
            },
        },
    }


_TRAJECTORIES = ("ground_ball", "line_drive", "fly_ball", "popup")
_SHARES = {
    "single": (0.44, 0.42, 0.14, 0.0),
    "double": (0.12, 0.58, 0.30, 0.0),
    "triple": (0.05, 0.50, 0.45, 0.0),
    "home_run": (0.0, 0.14, 0.86, 0.0),
    "field_error": (0.85, 0.05, 0.10, 0.0),
    "field_out": (0.47, 0.13, 0.28, 0.12),
}
_ANGLE = {
    "ground_ball": (-12.0, 9.0),
    "line_drive": (15.0, 4.5),
    "fly_ball": (36.0, 6.5),
    "popup": (64.0, 8.0),
}
_FIELDERS = {"ground_ball": "134566", "line_drive": "789654", "fly_ball": "778899", "popup": "234561"}


def batted_ball(dice: Dice, outcome: str, batter: Batting) -> dict[str, Any]:
    """`hitData` of a ball in play: speed (mph), angle (degrees), distance (feet), trajectory, hardness."""
    trajectory = _TRAJECTORIES[dice.pick(_SHARES[outcome])]
    mean, spread = _ANGLE[trajectory]
    angle = mean + spread * dice.normal()
    speed = 86.5 + 3.5 * batter.power + 10.0 * dice.normal()
    if outcome in HITS:
        speed += 4.0
    if outcome == "home_run":
        angle, speed = 28.0 + 3.5 * dice.normal(), 103.5 + 2.0 * batter.power + 3.0 * dice.normal()
    speed = min(max(speed, 35.0), 118.0)
    if trajectory == "ground_ball":
        distance = max(2.0, 12.0 + 1.6 * angle + 20 * dice.uniform())
    elif outcome == "home_run":
        distance = 345.0 + 3.2 * (speed - 97.0) + 25.0 * dice.uniform()
    else:
        carry = (speed / 100.0) ** 2 * math.sin(math.radians(min(2.0 * max(angle, 4.0), 176.0)))
        distance = max(20.0, 385.0 * carry * (0.92 + 0.16 * dice.uniform()))
    fielders = _FIELDERS[trajectory]
    place = fielders[dice.whole(len(fielders))]
    if (outcome in HITS and place in "123456") or outcome == "home_run":
        place = "789"[dice.whole(3)]
    return {
        "launchSpeed": round(speed, 1),
        "launchAngle": float(round(angle)),
        "totalDistance": float(round(distance)),
        "trajectory": trajectory,
        "hardness": "soft" if speed < 72 else "hard" if speed > 98 else "medium",
        "location": place,
    }
