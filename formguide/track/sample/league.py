"""Six seasons of the sample league: who did what at which meet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from formguide.track import events, marks, programme
from formguide.track.marks import INCH_M
from formguide.track.sample.calendar import Meet, meets
from formguide.track.sample.people import SEASONS, SKILLS, Athlete, Season, make_athletes

SEED = 1896


@dataclass(frozen=True)
class Result:
    """One start: `text` is the mark as a page writes it, signs included; `value` in the event's unit, None
    without a mark; `wind` as a page writes it; round F or P."""

    athlete: Athlete
    meet: Meet
    event: str
    class_year: int
    value: float | None
    text: str
    wind: str
    round: str
    place: int = 0

    @property
    def conversion(self) -> str:
        """A metric mark in feet and inches, as pages have it beside."""
        if self.value is None or events.find(self.event).unit != "m":
            return ""
        quarters = round(self.value / INCH_M * 4)
        feet, rest = divmod(quarters, 48)
        return f"{feet}' {rest / 4:g}\""


@dataclass(frozen=True)
class SampleLeague:
    """All of it."""

    seed: int
    athletes: list[Athlete]
    meets: list[Meet]
    results: list[Result]


def make_league(seed: int = SEED) -> SampleLeague:
    """The sample league of a seed: the same seed, the same league."""
    rng = np.random.default_rng(seed)
    athletes = make_athletes(rng)
    calendar = [meet for season in SEASONS for meet in meets(season)]
    results = [result for meet in calendar for result in _meet(rng, meet, athletes)]
    return SampleLeague(seed, athletes, calendar, results)


_STARTS, _STARTS_RARELY = 0.5, 0.12
"""How often somebody who could starts in an event of a meet."""
_STARTS_AT_CHAMPIONSHIPS = 0.9
_FAILS = {"sec": 0.012, "m": 0.03, "points": 0.06}
_TAILWIND_BRINGS = {"sec": 0.0050, "m": 0.0070}
"""What a following wind of 1 m/s brings, as a share of the mark (100 m: some 0.055 s)."""
_HAND_SEC = 0.24
"""How much too fast a time taken by hand is."""
_HEATS = ("60 Meters", "60 Hurdles", "100 Meters", "100 Hurdles", "110 Hurdles")


def _meet(rng: np.random.Generator, meet: Meet, athletes: list[Athlete]) -> list[Result]:
    """All results of a meet, each event and round with its places."""
    champions = "Championships" in meet.name
    found: dict[tuple[str, str, str], list[Result]] = {}
    for athlete in athletes:
        season = athlete.seasons.get((meet.season, meet.label))
        # Who is injured is out from the middle of the season on.
        if season is None or (season.injured and _how_late(meet) > 0.5):
            continue
        for event in season.form:
            # Combined events are contested at championships and once before.
            rare = SKILLS[event].middling(athlete.gender) > 2800
            chance = (
                (0.9 if champions else 0.12) if rare else _STARTS_AT_CHAMPIONSHIPS if champions else _STARTS
            )
            if rng.random() > chance:
                continue
            for round_ in ("P", "F") if meet.rounds and event in _HEATS else ("F",):
                result = _start(rng, meet, athlete, season, event, round_)
                found.setdefault((athlete.gender, event, round_), []).append(result)
    return [placed for rows in found.values() for placed in _placed(rows)]


def _how_late(meet: Meet) -> float:
    """How late in its season a meet is, from 0 to 1."""
    days = [one.day for one in meets(meet.season) if one.label == meet.label]
    return (meet.day - days[0]).days / (days[-1] - days[0]).days


def _start(
    rng: np.random.Generator, meet: Meet, athlete: Athlete, season: Season, event_name: str, round_: str
) -> Result:
    """What comes of one start."""
    event, skill = events.find(event_name), SKILLS[event_name]
    outdoors = meet.label == "Outdoor"
    wind = round(float(rng.normal(0.7, 1.5)), 1) if event.wind_matters and outdoors else None
    said_wind = "" if wind is None else "NWI" if meet.no_gauge else f"{wind:+.1f}"
    if rng.random() < _FAILS[event.unit]:
        word = {
            "sec": "DNF",
            "points": "DNF",
            "m": "NH" if event.family in ("high jump", "pole vault") else "FOUL",
        }
        return Result(athlete, meet, event_name, season.class_year, None, word[event.unit], said_wind, round_)
    # One bad day costs more than a good one brings.
    luck = rng.normal() * skill.noise
    share = season.form[event_name] + (luck if luck < 0 else 0.7 * luck)
    share -= skill.noise * 1.6 * abs(_how_late(meet) - season.peak)
    share -= 2.0 * skill.noise * season.injured
    if wind is not None:
        share += wind * _TAILWIND_BRINGS[event.unit]
    if event.unit == "sec":
        value = skill.middling(athlete.gender) / (1.0 + share)
        value -= _HAND_SEC if meet.hand and event.metres is not None and event.metres < 500 else 0.0
        value = np.floor(value * 100) / 100 if not meet.hand else np.floor(value * 10) / 10
    else:
        scale = 1.0 if event.unit == "points" else 100.0
        value = np.floor(skill.middling(athlete.gender) * (1.0 + share) * scale) / scale
    value = float(value)
    text = marks.format(value, event).replace(",", "") + _sign(meet, event)
    return Result(athlete, meet, event_name, season.class_year, value, text, said_wind, round_)


def _sign(meet: Meet, event: programme.Event) -> str:
    """The sign that a site puts behind a mark of such a meet."""
    long_enough = event.unit == "sec" and event.metres is not None and event.metres >= 200
    if meet.oversized and long_enough:
        return "#"
    if meet.altitude and event.unit == "sec" and event.metres is not None and event.metres >= 800:
        return "@"
    return "h" if meet.hand and event.unit == "sec" else ""


def _placed(rows: list[Result]) -> list[Result]:
    """An event's results of one round with their places, the best first; who has no mark has no place."""
    done = [row for row in rows if row.value is not None]
    better = 1 if events.find(rows[0].event).lower_is_better else -1
    done.sort(key=lambda row: better * (row.value or 0.0))
    without = [row for row in rows if row.value is None]
    return [replace(row, place=n) for n, row in enumerate(done, start=1)] + without
