"""Which event a text means: one canonical `Event` for every name and abbreviation that the sources use.

TFRRS            800 Meters, 60 Hurdles, Weight Throw; on athletes' pages 800, 60H, WT
Open Athletics   800, 60H76.2 (a junior's hurdles), SP3 (a junior's shot), 10K (road), 20W (walk)
World Athletics  100-metres, long-jump
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from formguide.track import programme
from formguide.track.programme import MILE_M, STANDARD, Event
from formguide.track.tables import GENDERS

COLLEGE_SOURCES = frozenset({"tfrrs", "qnolan", "lukejsd"})
"""Sources of college meets, where 8K, 4M or 4.97M is a cross-country course and not a road race."""

_MEN, _WOMEN = GENDERS
_YARD_M = 0.9144


class UnknownEventError(ValueError):
    """A text names no event. `near` are the known names that look most like it."""

    def __init__(self, text: str, near: tuple[str, ...]) -> None:
        also = f"; near names: {', '.join(near)}" if near else ""
        super().__init__(f"{text!r} is no event that is known{also}")
        self.text = text
        self.near = near


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


@lru_cache(maxsize=4096)
def _find(text: str, gender: str | None, college: bool) -> Event:
    plain = _plain(text)
    if plain in _ALIASES:
        return STANDARD[_ALIASES[plain]]
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


# -- the events of the programme by name -----------------------------------------------------------


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
_ALIASES = {_plain(name): name for name in STANDARD} | {
    _plain(alias): name for name, aliases in _MORE_NAMES.items() for alias in aliases
}

# -- what follows from its writing -----------------------------------------------------------------

_Make = Callable[[re.Match[str], str | None, bool], Event | None]


def _standard_or(event: Event) -> Event:
    return STANDARD.get(event.name, event)


def _flat_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    metres = int(match[1])
    # "7" or "12345" is somebody's mark or number, not a distance that is run.
    if not 50 <= metres <= 100_000 or (metres % 50 and metres not in (55, 60, 80, 120, 180)):
        return None
    return _standard_or(programme.flat(metres))


def _street_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    return programme.road(f"{int(match[1])} Meters Road", float(match[1]))


def _yards(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    yards = int(match[1])
    return programme.race(f"{yards} Yards", yards * _YARD_M) if 40 <= yards <= 20_000 else None


def _miles(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    miles = float(match[1])
    if college or not miles.is_integer():
        return STANDARD["Cross Country"]
    return (
        _standard_or(programme.road(f"{miles:g} Miles Road", miles * MILE_M)) if 3 <= miles <= 100 else None
    )


def _kilometres(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    km = float(match[1])
    if college and match[2] is None:
        return STANDARD["Cross Country"]
    return _standard_or(programme.road(f"{km:g} km Road", 1000 * km)) if 1 <= km <= 200 else None


_HEIGHTS_CM = {100.0: 99.1, 84.0: 83.8, 91.0: 91.4, 106.0: 106.7, 107.0: 106.7, 76.0: 76.2}
"""Hurdle heights that codes round, by what they write."""


def _hurdle_race(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    metres = int(match[1])
    if not 50 <= metres <= 400:
        return None
    event = _standard_or(programme.hurdles(metres, None, None))
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
    return _standard_or(programme.steeple(metres)) if 1000 <= metres <= 3200 else None


def _race_walk(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    length, unit = float(match[1]), match[2] or ""
    if unit.startswith("k") or (not unit and length < 200):
        return _standard_or(programme.walk(f"{length:g} km Race Walk", 1000 * length, road=True))
    if length < 200:
        return None
    name = f"{int(length):,}" if length >= 10_000 else f"{length:g}"
    return _standard_or(programme.walk(f"{name} Race Walk", length, road=False))


_IMPLEMENTS = {
    "sp": "Shot Put", "shot": "Shot Put", "shotput": "Shot Put",
    "dt": "Discus", "discus": "Discus", "discusthrow": "Discus",
    "ht": "Hammer", "hammer": "Hammer", "hammerthrow": "Hammer",
    "jt": "Javelin", "javelin": "Javelin", "javelinthrow": "Javelin",
    "wt": "Weight Throw", "weight": "Weight Throw", "weightthrow": "Weight Throw",
}  # fmt: skip


def _implement(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    event = STANDARD[_IMPLEMENTS[match[1]]]
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
    event = _standard_or(programme.combined(_COMBINED[match[1]]))
    age = _AGES.get(match[2] or "") or (match[3] or "").upper()
    if not age and match[4] is None:
        return event
    return _variant(event, ", ".join(part for part in (age, (match[4] or "").upper()) if part))


def _some_relay(match: re.Match[str], gender: str | None, college: bool) -> Event | None:
    return _standard_or(programme.relay(f"4 x {match[1]} Relay"))


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
