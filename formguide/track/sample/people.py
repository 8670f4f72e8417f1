"""The athletes of the sample league, and what each can do in each season."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from formguide.track.sample.calendar import SEASONS
from formguide.track.tables import GENDERS, INDOOR, LABELS, OUTDOOR

MEN, WOMEN = GENDERS
TEAMS = (
    "Northfield",
    "Lakeside",
    "Hill & Dale",
    "Cedar Falls St.",
    "Ste. Anne",
    "Port Ellis",
    "Wolf River",
    "Marlow",
)
STATE = "MN"
ROSTER = 9
"""Athletes of a gender that a team has in a season, about."""

LAST_CLASS = 4


@dataclass(frozen=True)
class Skill:
    """An event as it is in the sample: a middling mark of men and women, how much athletes differ (share of
    the mark, one standard deviation), how much one mark differs from the next, and how much a year brings."""

    men: float | None
    women: float | None
    spread: float
    noise: float
    growth: float

    def middling(self, gender: str) -> float:
        """The middling mark of a gender."""
        mark = self.men if gender == MEN else self.women
        if mark is None:
            raise ValueError(f"no {gender} do this")
        return mark


SKILLS: dict[str, Skill] = {
    "60 Meters": Skill(7.12, 8.05, 0.026, 0.007, 0.7),
    "100 Meters": Skill(11.15, 12.75, 0.028, 0.009, 0.8),
    "200 Meters": Skill(22.6, 26.3, 0.030, 0.010, 0.8),
    "400 Meters": Skill(50.3, 60.1, 0.034, 0.011, 1.0),
    "800 Meters": Skill(117.5, 141.0, 0.036, 0.012, 1.1),
    "1500 Meters": Skill(243.0, 290.0, 0.040, 0.013, 1.2),
    "Mile": Skill(263.5, 315.0, 0.040, 0.013, 1.2),
    "3000 Meters": Skill(525.0, 628.0, 0.042, 0.014, 1.4),
    "5000 Meters": Skill(911.0, 1085.0, 0.045, 0.015, 1.5),
    "10,000 Meters": Skill(1905.0, 2275.0, 0.046, 0.016, 1.5),
    "60 Hurdles": Skill(8.62, 9.35, 0.036, 0.012, 1.2),
    "100 Hurdles": Skill(None, 15.6, 0.042, 0.014, 1.3),
    "110 Hurdles": Skill(15.7, None, 0.042, 0.014, 1.3),
    "400 Hurdles": Skill(57.2, 67.8, 0.044, 0.013, 1.3),
    "3000 Steeplechase": Skill(592.0, 722.0, 0.045, 0.014, 1.5),
    "High Jump": Skill(1.87, 1.54, 0.042, 0.020, 1.3),
    "Pole Vault": Skill(4.25, 3.10, 0.070, 0.030, 3.0),
    "Long Jump": Skill(6.55, 5.20, 0.045, 0.022, 1.5),
    "Triple Jump": Skill(13.3, 10.8, 0.045, 0.019, 1.5),
    "Shot Put": Skill(13.4, 11.5, 0.090, 0.026, 4.0),
    "Weight Throw": Skill(15.6, 13.6, 0.110, 0.034, 5.0),
    "Discus": Skill(41.0, 35.0, 0.110, 0.043, 4.5),
    "Hammer": Skill(45.5, 41.5, 0.130, 0.040, 5.5),
    "Javelin": Skill(50.0, 35.5, 0.120, 0.048, 4.0),
    "Pentathlon": Skill(None, 2900.0, 0.095, 0.030, 4.0),
    "Heptathlon": Skill(4350.0, 3900.0, 0.090, 0.030, 4.0),
    "Decathlon": Skill(5600.0, None, 0.090, 0.030, 4.0),
}

_KINDS: tuple[tuple[str, float, tuple[str, ...], tuple[str, ...]], ...] = (
    ("sprinter", 3.0, ("60 Meters", "200 Meters"), ("100 Meters", "200 Meters")),
    ("long sprinter", 2.0, ("200 Meters", "400 Meters"), ("200 Meters", "400 Meters")),
    ("middle distance", 2.5, ("800 Meters", "Mile"), ("800 Meters", "1500 Meters")),
    ("distance", 2.5, ("3000 Meters", "5000 Meters"), ("5000 Meters", "10,000 Meters")),
    ("steeplechaser", 1.0, ("3000 Meters", "5000 Meters"), ("3000 Steeplechase", "5000 Meters")),
    ("hurdler", 2.0, ("60 Hurdles",), ("110 Hurdles", "400 Hurdles")),
    ("jumper", 2.5, ("Long Jump", "Triple Jump"), ("Long Jump", "Triple Jump")),
    ("high jumper", 1.5, ("High Jump",), ("High Jump",)),
    ("vaulter", 1.5, ("Pole Vault",), ("Pole Vault",)),
    ("thrower", 3.0, ("Shot Put", "Weight Throw"), ("Shot Put", "Discus", "Hammer")),
    ("javelin thrower", 1.0, ("Shot Put",), ("Javelin", "Shot Put")),
    ("combined", 1.0, ("Heptathlon", "High Jump"), ("Decathlon", "Long Jump")),
)
"""What an athlete is, how many there are, and what is done indoors and outdoors (men's; see `_WOMENS`)."""
_WOMENS = {"110 Hurdles": "100 Hurdles", "Decathlon": "Heptathlon"}
_WOMENS_INDOORS = {"Heptathlon": "Pentathlon"}

_LAST_NAMES = (
    "Abara", "Ahlgren", "Baptiste", "Beck", "Birk", "Bosch", "Calder", "Castro", "Chavez", "Cole", "Dahl",
    "Delgado", "Dietz", "Drake", "Eide", "Ekholm", "Farrow", "Finch", "Flores", "Foss", "Gale", "Garza",
    "Grant", "Haas", "Hale", "Hauge", "Holt", "Ibarra", "Iverson", "Jensen", "Juarez", "Kaya", "Keller",
    "Kidd", "Koch", "Kowal", "Lange", "Lara", "Lind", "Lowe", "Lund", "Maddox", "Marsh", "Mbeki", "Meyer",
    "Moreau", "Nash", "Ngo", "Nilsen", "Núñez", "Oakes", "O'Dell", "Okoro", "Olsen", "Paz", "Penn",
    "Pike", "Quist", "Rahman", "Reyes", "Roth", "Rusk", "Salas", "Sato", "Sharp", "Silva", "Stone",
    "Strand", "Tran", "Ueda", "Vance", "Vega", "Voss", "Wade", "Weiss", "Wick", "Yates", "Ybarra", "York",
    "Zapata", "Zeller",
)  # fmt: skip
_FIRST_NAMES = {
    MEN: (
        "Aaron", "Amir", "Anders", "Ben", "Caleb", "Carlos", "Dante", "Eli", "Emil", "Felix", "Gabe",
        "Hugo", "Ian", "Isaac", "Jalen", "Jonah", "Kai", "Kofi", "Leo", "Liam", "Marco", "Mateo", "Nils",
        "Noah", "Omar", "Oscar", "Paul", "Quinn", "Rafael", "Reid", "Sam", "Seth", "Theo", "Tomás",
        "Viktor", "Will", "Xavier", "Zane",
    ),
    WOMEN: (
        "Ada", "Amara", "Anna", "Beth", "Carla", "Chloe", "Dana", "Diya", "Elena", "Elsa", "Faith",
        "Freya", "Gwen", "Hana", "Ines", "Iris", "Jada", "Joy", "Kara", "Lea", "Lena", "Lucia", "Maya",
        "Mia", "Nadia", "Nora", "Olive", "Petra", "Quinn", "Rosa", "Ruth", "Sara", "Skye", "Tara", "Uma",
        "Vera", "Willa", "Yara", "Zoë",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Season:
    """One athlete's season of a label: class, form (share of the mark), and what went wrong, if anything.

    form: what talent, years and the season's shape add up to, over the event's middling mark, by event;
    peak: the day of the season, from 0 to 1, on which it is best.
    """

    season: int
    label: str
    class_year: int
    form: dict[str, float]
    peak: float
    injured: bool


@dataclass(frozen=True)
class Athlete:
    """Somebody of the sample league."""

    athlete_id: int
    first: str
    last: str
    gender: str
    team: str
    kind: str
    talent: dict[str, float]
    growth: float
    seasons: dict[tuple[int, str], Season] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Last name first, as lists have it."""
        return f"{self.last}, {self.first}"

    def events(self, label: str) -> tuple[str, ...]:
        """What is done in a season of a label."""
        kind = next(k for k in _KINDS if k[0] == self.kind)
        names = kind[2] if label == INDOOR else kind[3]
        if self.gender == MEN:
            return names
        womens = {**_WOMENS, **(_WOMENS_INDOORS if label == INDOOR else {})}
        return tuple(womens.get(name, name) for name in names)


_GROWTH_BY_CLASS = (0.0, 0.0110, 0.0190, 0.0240)
"""What each college year adds in all, for an event of growth 1: most in the first."""
_SEASON_FORM = 0.35
"""How much a season's form differs from the athlete's line, in spreads between athletes."""
_INJURED, _REDSHIRT, _LEAVES, _MISSES = 0.07, 0.06, 0.08, 0.06
_FIRST_ID = 7_100_001

SHOES_FROM = 2022
SHOES = 0.014
SHOES_TEAMS = ("Lakeside", "Wolf River", "Ste. Anne")
SHOES_EVENTS = frozenset(
    {"Mile", "1500 Meters", "3000 Meters", "5000 Meters", "10,000 Meters", "3000 Steeplechase"}
)
"""The effect that no model knows of: three teams run in new shoes from 2022 on, and all of them get faster at
once by as much as a year of training brings."""


def make_athletes(rng: np.random.Generator) -> list[Athlete]:
    """Everybody who was of a team in any of the seasons."""
    found: list[Athlete] = []
    used: set[str] = set()
    weights = np.array([kind[1] for kind in _KINDS])
    for gender in GENDERS:
        for team in TEAMS:
            # The first season has all four classes; each later one gets a class of freshmen.
            entries = [(SEASONS[0] - behind, ROSTER // 4 + (behind < ROSTER % 4)) for behind in (3, 2, 1, 0)]
            entries += [(season, int(rng.integers(2, 4))) for season in SEASONS[1:]]
            for entry, count in entries:
                for _ in range(count):
                    kind = _KINDS[int(rng.choice(len(_KINDS), p=weights / weights.sum()))][0]
                    found.append(_athlete(rng, len(found), gender, team, kind, entry, used))
    return found


def _athlete(
    rng: np.random.Generator, number: int, gender: str, team: str, kind: str, entry: int, used: set[str]
) -> Athlete:
    while True:
        first = str(rng.choice(_FIRST_NAMES[gender]))
        last = str(rng.choice(_LAST_NAMES))
        if f"{first} {last} {gender}" not in used:
            break
    used.add(f"{first} {last} {gender}")
    athlete = Athlete(
        _FIRST_ID + 37 * number, first, last, gender, team, kind, {}, float(rng.gamma(9.0, 1 / 9))
    )
    common = rng.normal()
    for label in LABELS:
        for event in athlete.events(label):
            if event not in athlete.talent:
                athlete.talent[event] = float(0.85 * common + 0.53 * rng.normal())
    _seasons(rng, athlete, entry)
    return athlete


def _seasons(rng: np.random.Generator, athlete: Athlete, entry: int) -> None:
    """An athlete's seasons, until the last class, leaving, or the end of the sample."""
    class_year, shape = 1, rng.normal() * _SEASON_FORM
    for season in range(entry, SEASONS[-1] + 1):
        if class_year > LAST_CLASS or (class_year > 1 and rng.random() < _LEAVES):
            return
        redshirt = rng.random() < _REDSHIRT
        for label in LABELS:
            shape = 0.5 * shape + np.sqrt(0.75) * _SEASON_FORM * rng.normal()
            injured = bool(rng.random() < _INJURED)
            misses = rng.random() < _MISSES
            peak = float(rng.beta(4.0, 2.0))
            if season < SEASONS[0] or redshirt or misses:
                continue
            form = {
                event: _form(athlete, event, season, class_year, float(shape))
                for event in athlete.events(label)
            }
            athlete.seasons[season, label] = Season(season, label, class_year, form, peak, injured)
        # Who sits out a year is in the same class in the next.
        class_year += not redshirt


def _form(athlete: Athlete, event: str, season: int, class_year: int, shape: float) -> float:
    skill = SKILLS[event]
    grown = _GROWTH_BY_CLASS[class_year - 1] * skill.growth * athlete.growth
    shoes = SHOES if has_new_shoes(athlete.team, event, season) else 0.0
    return skill.spread * (athlete.talent[event] + shape) + grown + shoes


def has_new_shoes(team: str, event: str, season: int) -> bool:
    """Whether the effect that no model knows of holds."""
    return team in SHOES_TEAMS and event in SHOES_EVENTS and season >= SHOES_FROM


__all__ = ["INDOOR", "MEN", "OUTDOOR", "SEASONS", "SKILLS", "TEAMS", "WOMEN", "Athlete", "Season", "Skill"]
