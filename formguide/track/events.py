"""Which event a text means: one canonical `Event` for every name and abbreviation that the sources use.

    TFRRS            800 Meters, 60 Hurdles, Weight Throw; on athletes' pages 800, 60H, WT
    Open Athletics   800, 60H76.2 (a junior's hurdles), SP3 (a junior's shot), 10K (road), 20W (walk)
    World Athletics  100-metres, long-jump

Events of one family speak of one another: who runs the 100 fast runs the 60 fast. A family's events have
scales of their own, which whoever mixes them has to take out event by event. A junior's implement or hurdle
makes another event of the same family. Relays, cross country, and races or combinations of no set course are
known, so that their rows are recognised, but are no individual event whose marks compare.

Weights and heights: World Athletics, Competition and Technical Rules, rules 22, 32 and 39; the weight throw
after the NCAA's rule book. The families are by physiology and technique: up to 200 m the start and top speed
decide, to 500 m how long they hold, to 2000 m aerobic power and speed together, beyond it aerobic power.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from formguide.track.tables import GENDERS

GROUPS = ("sprints", "middle", "long", "hurdles + steeple", "jumps", "throws", "walks/road", "combined")
"""The groups in which scores are told; relays and cross country are in none of them."""

COLLEGE_SOURCES = frozenset({"tfrrs", "qnolan", "lukejsd"})
"""Sources of college meets, where 8K, 4M or 4.97M is a cross-country course and not a road race."""

_MEN, _WOMEN = GENDERS
_MILE_M, _YARD_M = 1609.344, 0.9144


_FASTEST_MPS, _SLOWEST_MPS = 11.0, 1.2
"""Mean speeds: Bolt's 9.58 is 10.4 m/s; who is slower than the other walks home."""
_POSSIBLE = {
    "sec": (5.0, 36_000.0), "m": (0.2, 120.0), "points": (1.0, 10_000.0),
    "high jump": (0.5, 2.6), "pole vault": (0.5, 6.6), "horizontal jumps": (1.0, 19.5),
    "standing jumps": (0.5, 4.5), "shot put": (1.0, 27.0), "discus": (2.0, 90.0),
    "hammer and weight": (2.0, 100.0), "javelin": (2.0, 110.0), "one hour": (3000.0, 25_000.0),
}  # fmt: skip
"""By family or unit, in the event's unit: a little beyond the world records, juniors' implements included."""


class UnknownEventError(ValueError):
    """A text names no event. `near` are the known names that look most like it."""

    def __init__(self, text: str, near: tuple[str, ...]) -> None:
        also = f"; near names: {', '.join(near)}" if near else ""
        super().__init__(f"{text!r} is no event that is known{also}")
        self.text = text
        self.near = near


@dataclass(frozen=True)
class Event:
    """An event: what its marks are, which are better, and which other events speak of it.

    unit: sec, m or points; decimals: how many are usual; clock: whether marks are written 1:52.31;
    wind_matters: whether a following wind of over 2.0 m/s spoils a mark outdoors; individual: whether a mark
    is one athlete's and compares with the event's others; metres: a race's distance; implement_g and
    hurdle_cm: by gender, weight in grams and height in centimetres.
    """

    name: str
    family: str
    group: str
    unit: str
    lower_is_better: bool
    decimals: int = 2
    clock: bool = False
    wind_matters: bool = False
    individual: bool = True
    metres: float | None = None
    implement_g: Mapping[str, int] = field(default_factory=dict, hash=False)
    hurdle_cm: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def possible(self) -> tuple[float, float]:
        """The least and the most that a mark of anybody can be, in `unit`: outside is a slip of the pen."""
        if self.metres is not None:
            return self.metres / _FASTEST_MPS, self.metres / _SLOWEST_MPS
        return _POSSIBLE.get(self.family, _POSSIBLE[self.unit])

    def better(self, mark: float, other: float) -> bool:
        """Whether a mark is better than another."""
        return mark < other if self.lower_is_better else mark > other

    def best(self, marks: list[float]) -> float:
        """The best of some marks. Raises ValueError where there are none."""
        return min(marks) if self.lower_is_better else max(marks)


def find(text: str, gender: str | None = None, *, source: str | None = None) -> Event:
    """The event that a text means, such as "800 Meters (Men)", "60H76.2", "4x400" or "long-jump".

    gender: "men" or "women" (or M, W, F), by which SP4 is the women's own shot and a boy's lighter one;
    source: where the text stands (`COLLEGE_SOURCES` run their 8K across country). Raises UnknownEventError,
    and ValueError for a gender that is none.
    """
    return _find(text, None if gender is None else gender_of(gender), source in COLLEGE_SOURCES)


def gender_of(text: str) -> str:
    """ "men" or "women", however a source says it. Raises ValueError."""
    word = text.strip().casefold()
    if word in ("m", "men", "man", "male", "men's", "mens", "boys"):
        return _MEN
    if word in ("w", "f", "women", "woman", "female", "women's", "womens", "girls"):
        return _WOMEN
    raise ValueError(f"{text!r} is no gender: write men or women")


def events() -> tuple[Event, ...]:
    """The events that are contested everywhere, in the order of a meet's programme."""
    return tuple(_STANDARD.values())


@lru_cache(maxsize=4096)
def _find(text: str, gender: str | None, college: bool) -> Event:
    plain = _plain(text)
    if plain in _ALIASES:
        return _STANDARD[_ALIASES[plain]]
    for pattern, make in _PATTERNS:
        match = pattern.fullmatch(plain)
        event = make(match, gender, college) if match else None
        if event is not None:
            return event
    near = difflib.get_close_matches(plain, _ALIASES, n=4, cutoff=0.5)
    raise UnknownEventError(text, tuple(dict.fromkeys(_ALIASES[name] for name in near))[:3])


_OF_WHOM = re.compile(r"\s*\((?:men|women|indoor|outdoor|boys|girls)\)", re.IGNORECASE)


def _plain(text: str) -> str:
    """A text without what is only writing: "10,000 Metres (Men)" is 10000meters."""
    text = _OF_WHOM.sub("", text).casefold().replace("metre", "meter").replace("×", "x")
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    # The dash of 60H76.2-8.00 parts two numbers and stays.
    text = re.sub(r"(?<!\d)-|-(?!\d)", " ", text)
    return re.sub(r"[\s_']+", "", text)


# -- what there is everywhere ----------------------------------------------------------------------


def _flat(metres: int) -> Event:
    return _race(f"{metres:,} Meters" if metres >= 10_000 else f"{metres} Meters", metres)


_BY_LENGTH = (
    (220.0, "short sprints", "sprints"),
    (550.0, "long sprints", "sprints"),
    (2200.0, "middle distance", "middle"),
    (float("inf"), "long distance", "long"),
)
"""Up to which length a flat race is of which family and group, metres."""


def _race(name: str, metres: float) -> Event:
    """A flat race on a track; its family follows from its length."""
    family, group = next((f, g) for longest, f, g in _BY_LENGTH if metres <= longest)
    wind = metres <= 220
    return Event(name, family, group, "sec", True, clock=True, wind_matters=wind, metres=metres)


def _hurdles(metres: int, men_cm: float | None, women_cm: float | None) -> Event:
    family = "short hurdles" if metres < 150 else "long hurdles"
    heights = {g: cm for g, cm in ((_MEN, men_cm), (_WOMEN, women_cm)) if cm is not None}
    return Event(
        f"{metres} Hurdles",
        family,
        "hurdles + steeple",
        "sec",
        True,
        clock=True,
        wind_matters=metres <= 220,
        metres=metres,
        hurdle_cm=heights,
    )


def _steeple(metres: int) -> Event:
    name, heights = f"{metres} Steeplechase", {_MEN: 91.4, _WOMEN: 76.2}
    group = "hurdles + steeple"
    return Event(name, "steeplechase", group, "sec", True, clock=True, metres=metres, hurdle_cm=heights)


def _jump(name: str, family: str, wind: bool = False) -> Event:
    return Event(name, family, "jumps", "m", False, wind_matters=wind)


def _throw(name: str, family: str, men_g: int, women_g: int) -> Event:
    return Event(name, family, "throws", "m", False, implement_g={_MEN: men_g, _WOMEN: women_g})


def _combined(name: str) -> Event:
    return Event(name, "combined events", "combined", "points", False, decimals=0)


def _road(name: str, metres: float) -> Event:
    return Event(name, "road", "walks/road", "sec", True, decimals=0, clock=True, metres=metres)


def _walk(name: str, metres: float, road: bool) -> Event:
    return Event(
        name, "walks", "walks/road", "sec", True, decimals=0 if road else 2, clock=True, metres=metres
    )


def _relay(name: str) -> Event:
    return Event(name, "relays", "relays", "sec", True, clock=True, individual=False)


def _elsewhere(name: str) -> Event:
    """A race whose course is never the same twice."""
    return Event(name, "cross country", "cross country", "sec", True, 0, clock=True, individual=False)


_LIST = (
    *(_flat(metres) for metres in (50, 55, 60, 80, 100, 150, 200, 300, 400, 500, 600, 800, 1000, 1500)),
    _race("Mile", _MILE_M),
    *(_flat(metres) for metres in (2000, 3000)),
    _race("2 Miles", 2 * _MILE_M),
    *(_flat(metres) for metres in (5000, 10_000)),
    Event("One Hour Run", "one hour", "long", "m", False, decimals=0),
    *(_hurdles(metres, 106.7, 83.8) for metres in (50, 55, 60)),
    _hurdles(80, None, 76.2),
    _hurdles(100, None, 83.8),
    _hurdles(110, 106.7, None),
    _hurdles(200, 76.2, 76.2),
    _hurdles(300, 91.4, 76.2),
    _hurdles(400, 91.4, 76.2),
    *(_steeple(metres) for metres in (1500, 2000, 3000)),
    _jump("High Jump", "high jump"),
    _jump("Pole Vault", "pole vault"),
    _jump("Long Jump", "horizontal jumps", wind=True),
    _jump("Triple Jump", "horizontal jumps", wind=True),
    _jump("Standing Long Jump", "standing jumps"),
    _throw("Shot Put", "shot put", 7260, 4000),
    _throw("Discus", "discus", 2000, 1000),
    _throw("Hammer", "hammer and weight", 7260, 4000),
    _throw("Weight Throw", "hammer and weight", 15_880, 9080),
    _throw("Javelin", "javelin", 800, 600),
    *(_combined(name) for name in ("Pentathlon", "Heptathlon", "Octathlon", "Decathlon")),
    _road("Mile Road", _MILE_M),
    *(_road(f"{km} km Road", 1000.0 * km) for km in (5, 8, 10, 15, 20)),
    _road("10 Miles Road", 10 * _MILE_M),
    _road("Half Marathon", 21_097.5),
    _road("Marathon", 42_195.0),
    _walk("Mile Race Walk", _MILE_M, road=False),
    *(_walk(f"{metres} Race Walk", metres, road=False) for metres in (2000, 3000, 5000)),
    _walk("10,000 Race Walk", 10_000, road=False),
    *(_walk(f"{km} km Race Walk", 1000.0 * km, road=True) for km in (5, 10, 20, 35, 50)),
    *(_relay(f"4 x {leg} Relay") for leg in ("100", "200", "400", "800", "1500", "1600", "Mile")),
    *(_relay(name) for name in ("Distance Medley Relay", "Sprint Medley Relay", "Shuttle Hurdle Relay")),
    _elsewhere("Cross Country"),
    _elsewhere("Mountain Race"),
    _elsewhere("Road Race"),
    Event("Combined Events", "combined events", "combined", "points", False, 0, individual=False),
)
_STANDARD = {event.name: event for event in _LIST}

_MORE_NAMES = {
    "Mile": ("1 Mile", "1M", "Mile Run", "One Mile"),
    "2 Miles": ("2 Mile", "2M", "Two Mile", "Two Miles"),
    "One Hour Run": ("1H", "One Hour"),
    "High Jump": ("HJ",),
    "Pole Vault": ("PV",),
    "Long Jump": ("LJ",),
    "Triple Jump": ("TJ",),
    "Standing Long Jump": ("LJs",),
    "Pentathlon": ("Pent", "Women's Pentathlon", "Indoor Pentathlon"),
    "Heptathlon": ("Hept", "Indoor Heptathlon"),
    "Decathlon": ("Deca",),
    "Mile Road": ("MileR", "Road Mile"),
    "Mile Race Walk": ("MileW", "Mile Walk"),
    "Half Marathon": ("HM", "Half", "13.1M"),
    "Marathon": ("Mar", "26.2M"),
    "Distance Medley Relay": ("DMR", "Distance Medley", "4000DMR", "4000 DMR"),
    "Sprint Medley Relay": ("SMR", "Sprint Medley", "1600SMR", "800SMR", "1600 Sprint Medley Relay"),
    "Shuttle Hurdle Relay": ("SHR", "Shuttle Hurdles", "4x100H", "4x110H", "4x55H"),
    "4 x Mile Relay": ("4 x 1 Mile Relay", "4x1 Mile"),
    "Cross Country": ("CC", "XC"),
    "Mountain Race": ("MR", "Mountain Running"),
    "Road Race": ("RR",),
    "Combined Events": ("Com", "Combined", "Multi", "Multis", "6ott"),
}
_ALIASES = {_plain(name): name for name in _STANDARD} | {
    _plain(alias): name for name, aliases in _MORE_NAMES.items() for alias in aliases
}

# -- what follows from its writing -----------------------------------------------------------------

_Make = Callable[[re.Match[str], str | None, bool], Event | None]


def _standard_or(event: Event) -> Event:
    return _STANDARD.get(event.name, event)


def _flat_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    metres = int(match[1])
    # "7" or "12345" is somebody's mark or number, not a distance that is run.
    if not 50 <= metres <= 100_000 or (metres % 50 and metres not in (55, 60, 80, 120, 180)):
        return None
    return _standard_or(_flat(metres))


def _street_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    return _road(f"{int(match[1])} Meters Road", float(match[1]))


def _yards(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    yards = int(match[1])
    return _race(f"{yards} Yards", yards * _YARD_M) if 40 <= yards <= 20_000 else None


def _miles(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    miles = float(match[1])
    if college or not miles.is_integer():
        return _STANDARD["Cross Country"]
    return _standard_or(_road(f"{miles:g} Miles Road", miles * _MILE_M)) if 3 <= miles <= 100 else None


def _kilometres(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    km = float(match[1])
    if college and match[2] is None:
        return _STANDARD["Cross Country"]
    return _standard_or(_road(f"{km:g} km Road", 1000 * km)) if 1 <= km <= 200 else None


_HEIGHTS_CM = {100.0: 99.1, 84.0: 83.8, 91.0: 91.4, 106.0: 106.7, 107.0: 106.7, 76.0: 76.2}
"""Hurdle heights that codes round, by what they write."""


def _hurdle_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    metres = int(match[1])
    if not 50 <= metres <= 400:
        return None
    event = _standard_or(_hurdles(metres, None, None))
    if match[2] is None:
        return event
    height = _HEIGHTS_CM.get(float(match[2]), float(match[2]))
    spacing_m = float(match[3]) if match[3] else None
    if spacing_m is None and gender is not None and event.hurdle_cm.get(gender) == height:
        return event
    between = f", {spacing_m:.2f} m" if spacing_m else ""
    return _variant(event, f"{height:g} cm{between}", hurdle_cm=dict.fromkeys(GENDERS, height))


def _steeplechase(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    metres = int(match[1])
    return _standard_or(_steeple(metres)) if 1000 <= metres <= 3200 else None


def _race_walk(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    length, unit = float(match[1]), match[2] or ""
    if unit.startswith("k") or (not unit and length < 200):
        return _standard_or(_walk(f"{length:g} km Race Walk", 1000 * length, road=True))
    if length < 200:
        return None
    name = f"{int(length):,}" if length >= 10_000 else f"{length:g}"
    return _standard_or(_walk(f"{name} Race Walk", length, road=False))


_IMPLEMENTS = {
    "sp": "Shot Put", "shot": "Shot Put", "shotput": "Shot Put",
    "dt": "Discus", "discus": "Discus", "discusthrow": "Discus",
    "ht": "Hammer", "hammer": "Hammer", "hammerthrow": "Hammer",
    "jt": "Javelin", "javelin": "Javelin", "javelinthrow": "Javelin",
    "wt": "Weight Throw", "weight": "Weight Throw", "weightthrow": "Weight Throw",
}  # fmt: skip


def _implement(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    event = _STANDARD[_IMPLEMENTS[match[1]]]
    if match[2] is None:
        return event
    in_grams = match[3] == "g" or (match[3] is None and event.name == "Javelin")
    grams = round(float(match[2]) * (1 if in_grams else 1000))
    if gender is not None and event.implement_g[gender] == grams:
        return event
    weight = f"{grams} g" if event.name == "Javelin" else f"{grams / 1000:g} kg"
    return _variant(event, weight, implement_g=dict.fromkeys(GENDERS, grams))


_COMBINED = {
    "tri": "Triathlon", "quad": "Quadrathlon", "qua": "Quadrathlon", "pen": "Pentathlon", "hex": "Hexathlon",
    "hep": "Heptathlon", "oct": "Octathlon", "dec": "Decathlon",
}  # fmt: skip
_AGES = {"j": "U20", "y": "U18"}


def _combined_event(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    event = _standard_or(_combined(_COMBINED[match[1]]))
    age = _AGES.get(match[2] or "") or (match[3] or "").upper()
    if not age and match[4] is None:
        return event
    return _variant(event, ", ".join(part for part in (age, (match[4] or "").upper()) if part))


def _some_relay(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    return _standard_or(_relay(f"4 x {match[1]} Relay"))


def _variant(event: Event, what: str, **other: Mapping[str, float]) -> Event:
    """An event of the same family under another name, such as a junior's."""
    return replace(event, name=f"{event.name} ({what})", **other)  # type: ignore[arg-type]


_NUMBER = r"(\d+(?:\.\d+)?)"
_METERS = r"(?:m|meters?|meterrun)?"
_HEIGHT = rf"(?:\(?{_NUMBER}(?:cm)?(?:[-,](\d+\.\d+)m?)?\)?)?"
_WEIGHT = rf"(?:\(?{_NUMBER}(kg|g)?\)?)?"
_THING = "|".join(sorted(_IMPLEMENTS, key=len, reverse=True))
_KIND = "|".join(_COMBINED)
_PATTERNS: tuple[tuple[re.Pattern[str], _Make], ...] = tuple(
    (re.compile(pattern), make)
    for pattern, make in (
        (rf"(\d{{2,6}}){_METERS}(?:dash|run)?", _flat_race),
        (r"(\d{2,4})(?:r|meters?road)", _street_race),
        (r"(\d{2,5})(?:y|yds?|yards?)(?:dash|run)?", _yards),
        (rf"{_NUMBER}(?:m|mi|miles?)(?:road)?", _miles),
        (rf"{_NUMBER}km?(road)?", _kilometres),
        (rf"(\d{{2,3}}){_METERS}(?:h|hurdles?|hh|ih){_HEIGHT}", _hurdle_race),
        (rf"(\d{{4}}){_METERS}(?:s|sc|st|steeple|steeplechase)", _steeplechase),
        (rf"{_NUMBER}(k|km|kilometers?|m|meters?)?(?:w|rw|walk|racewalk)", _race_walk),
        (rf"({_THING}){_WEIGHT}", _implement),
        (
            rf"({_KIND})(?:tathlon|rathlon|athlon)?([ijy])?(?:\((u\d\d),?)?\(?(17s|600)?\)?",
            _combined_event,
        ),
        (r"4x(\d{2,4})(?:m|meters?)?(?:relay|r)?", _some_relay),
    )
)
