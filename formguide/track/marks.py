"""What a mark says: 10.47, 1:52.31, 14:02.1h, 2:03:11, 6.85m, 22-05.75, 6' 8.25", 5,312 points, NH, DNF.

A mark becomes seconds, metres or points; what stands behind the number becomes flags:

    h H         timed by hand
    w W         wind-aided: more than +2.0 m/s
    (+1.3)      the wind, metres per second; also +1.3 without brackets; NWI: nobody measured it
    @           converted by the source from altitude to sea level (TFRRS)
    A           set at altitude and left as it was (World Athletics)
    #           converted by the source from an oversized or flat indoor track (TFRRS)
    % C         converted by the source from another kind of track, which kind it does not say (TFRRS)
    *           the source has a note on it, which the mark alone does not tell
    y Y         converted from the race over yards
    (55)        converted from the race over 55 metres; likewise (1) from one mile
    (7.038)     the thousandths that parted a close finish
    OT ot       run on an oversized track, left as it was
    i           set indoors
    q Q         qualified for the next round

What TFRRS means by its signs was read off its lists: @ stands at Albuquerque, Canyon and Colorado Springs, #
at tracks of 300 m. Feet and inches become metres to the nearest centimetre. A number that went through a
program's floats and came out as 6.6899999999999995 is the 6.69 that it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from formguide.track.programme import Event

WIND_LIMIT_MPS = 2.0
"""The most following wind with which a mark counts (World Athletics, Technical Rules 31 and 17)."""
INCH_M = 0.0254
STRONGEST_WIND_MPS = 15.0

NO_MARK = {
    "NH": "NH", "NM": "NM", "ND": "ND", "NT": "NT", "FOUL": "FOUL", "DNS": "DNS", "DNF": "DNF", "DQ": "DQ",
    "DSQ": "DQ", "FS": "FS", "PASS": "PASS", "SCR": "SCR", "NMR": "NM",
}  # fmt: skip
"""What stands in a mark's place, by how it is written: no height, mark, distance or time; foul; did not start
or finish; disqualified; false start; passed; scratched."""


class MarkError(ValueError):
    """A text is no mark. One line that says why."""


@dataclass(frozen=True)
class Mark:
    """A mark, or why there is none.

    value: in `unit` (sec, m, points); None with a status. unit: None where neither the text nor an event
    says. status: NH, NM, ND, NT, FOUL, DNS, DNF, DQ, FS, PASS or SCR. wind_mps: if measured and told;
    wind_legal: at most +2.0 m/s, None where nobody says. The flags are explained above; `noted` is for *.
    """

    value: float | None
    unit: str | None
    status: str | None = None
    wind_mps: float | None = None
    wind_legal: bool | None = None
    hand_timed: bool = False
    converted: bool = False
    altitude: bool = False
    oversized_track: bool = False
    indoors: bool = False
    noted: bool = False
    text: str = ""

    @property
    def is_mark(self) -> bool:
        """Whether there is a value."""
        return self.value is not None


def parse(text: str, event: Event | None = None, wind: str | float | None = None) -> Mark:
    """The mark that a text says.

    event: settles the unit of a bare number, and a mark that nobody can have set in it is none; wind: what
    stands in a column beside the mark ("+2.2", "w", "NWI", "", a number). A wind beside an event in which it
    does not matter is kept, but makes nothing illegal. Raises MarkError for whatever is no mark.
    """
    return _parse(text, event, wind if wind is None or isinstance(wind, str) else f"{wind:+.2f}")


def parse_wind(text: str | None) -> tuple[float | None, bool | None]:
    """Wind in metres per second, and whether it was legal, from "+2.2", "-0.4", "w", "NWI" or nothing.

    Both are None where nobody says. Raises MarkError for whatever is no wind.
    """
    word = (text or "").replace("−", "-").strip()
    if not word or word.upper() in ("NWI", "N/A", "-"):
        return None, None
    if word in ("w", "W"):
        return None, False
    match = _WIND.fullmatch(word)
    if not match or abs(float(match[1])) > STRONGEST_WIND_MPS:
        raise MarkError(f"{text!r} is no wind: write +1.3, w or NWI")
    mps = float(match[1])
    return mps, mps <= WIND_LIMIT_MPS


def format(value: float, event: Event) -> str:  # noqa: A001 - parse and format belong together
    """A mark in its event's usual notation: 10.47, 1:52.31, 1:10:18, 6.85m, 5,312. Raises ValueError below
    zero or where there is no number."""
    if not 0 <= value < float("inf"):
        raise ValueError(f"{value} is no mark")
    if event.unit == "points":
        return f"{round(value):,}"
    if event.unit == "m":
        return f"{value:.{event.decimals}f}m"
    scale = 10**event.decimals
    # Rounded before it is cut into minutes, so that 59.996 is 1:00.00 and not 60.00.
    whole, rest = divmod(round(value * scale), scale)
    fraction = f".{rest:0{event.decimals}d}" if event.decimals else ""
    minutes, seconds = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}{fraction}"
    if minutes or not event.decimals:
        return f"{minutes}:{seconds:02d}{fraction}"
    return f"{seconds}{fraction}"


def parse_all(texts: Iterable[str], event: Event, winds: Iterable[str | None] | None = None) -> list[Mark]:
    """`parse` of many marks of one event. Raises MarkError at the first that is none."""
    if winds is None:
        return [_parse(text, event, None) for text in texts]
    return [_parse(text, event, wind) for text, wind in zip(texts, winds, strict=True)]


# -- reading ---------------------------------------------------------------------------------------

_UNICODE = str.maketrans({"′": "'", "’": "'", "″": '"', "”": '"', "−": "-", "–": "-", "\u00a0": " "})
_FRACTIONS = {"¼": ".25", "½": ".5", "¾": ".75"}

_WIND = re.compile(r"([+-]?[0-9]{1,2}(?:\.[0-9]{1,2})?)(?:\s*m/s)?")
_CLOCK = re.compile(r"(?:([0-9]{1,2}):)?([0-9]{1,3}):([0-5][0-9])(?:[.,]([0-9]{1,3}))?")
_FEET = re.compile(r"([0-9]{1,3})\s*(?:'|-|ft\.?)\s*(?:([0-9]{1,2}(?:\.[0-9]{1,3})?)\s*(?:\"|''|in\.?)?)?")
_POINTS = re.compile(r"([0-9]{1,2},[0-9]{3}|[0-9]{1,5})(?:\.0+)?\s*(?:points?|pts\.?)?(?![0-9.,:])")
_PLAIN = re.compile(r"([0-9]{1,5})(?:[.,]([0-9]{1,3}))?(?![0-9.,:])")
_METRES = re.compile(r"\s*(?:meters?|metres?|m)(?!/)")
_STATUS = re.compile(rf"({'|'.join(sorted(NO_MARK, key=len, reverse=True))})(?![a-vx-z])", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s*(?:"
    r"\(\s*(?P<note>[^()]{1,12}?)\s*\)"
    r"|(?P<wind>[+-][0-9]{1,2}(?:\.[0-9]{1,2})?)(?:\s*m/s)?"
    r"|(?P<word>NWI|nwi|OT|ot|[hHwWyYqQi@A#%C*])(?![A-Za-z])"
    r")"
)
_FLOAT = re.compile(r"[0-9]{1,5}\.[0-9]{9,17}")
_CLOSE_FINISH_SEC = 0.0101


@lru_cache(maxsize=65_536)
def _parse(text: str, event: Event | None, wind: str | None) -> Mark:
    plain = text.translate(_UNICODE).strip()
    for sign, decimals in _FRACTIONS.items():
        plain = re.sub(rf"\s*{sign}", decimals, plain)
    if _FLOAT.fullmatch(plain) and abs(round(float(plain), 3) - float(plain)) < 1e-9:
        plain = f"{float(plain):.3f}"
    if status := _STATUS.match(plain):
        _with_flags(text, plain[status.end() :], 0.0, None, event, wind)  # a wind may stand behind it
        return Mark(None, event.unit if event else None, NO_MARK[status[1].upper()], text=text)
    value, unit, end = _number(plain, event)
    mark = _with_flags(text, plain[end:], value, unit, event, wind)
    if event is not None:
        least, most = event.possible
        if not least <= value <= most:
            raise MarkError(f"{text!r} is no mark that can be set in {event.name}")
    return mark


def _number(plain: str, event: Event | None) -> tuple[float, str | None, int]:
    """The number at the beginning of a text, its unit, and where it ends."""
    wanted = event.unit if event else None
    if (clock := _CLOCK.match(plain)) and wanted in (None, "sec"):
        hours, minutes = int(clock[1] or 0), int(clock[2])
        if clock[1] and minutes > 59:
            raise MarkError(f"{plain!r} has more than 59 minutes")
        # Whole parts first: the same digits give the same number, whatever stands before them.
        seconds = float(f"{3600 * hours + 60 * minutes + int(clock[3])}.{clock[4] or 0}")
        return seconds, "sec", clock.end()
    if wanted in (None, "m") and (feet := _FEET.match(plain)) and (feet[2] or "'" in feet[0]):
        inches = float(feet[2] or 0)
        if inches >= 12:
            raise MarkError(f"{plain!r} has more than 12 inches")
        return round((12 * int(feet[1]) + inches) * INCH_M, 2), "m", feet.end()
    points = _POINTS.match(plain)
    says_points = points is not None and ("," in points[1] or "p" in points[0])
    if points and (wanted == "points" or (wanted is None and says_points)):
        return float(points[1].replace(",", "")), "points", points.end()
    number = _PLAIN.match(plain)
    if number is None or wanted == "points":
        raise MarkError(f"{plain!r} is no mark" + (f" of {event.name}" if event else ""))
    value, end = float(f"{number[1]}.{number[2] or 0}"), number.end()
    metres = _METRES.match(plain, end)
    if metres and wanted != "sec":
        return value, "m", metres.end()
    return value, wanted, end


def _with_flags(
    text: str, behind: str, value: float, unit: str | None, event: Event | None, wind: str | None
) -> Mark:
    """The mark with what stands behind its number; anything that is no sign is an error."""
    mps, legal = parse_wind(wind)
    signs: set[str] = set()
    at, converted = 0, False
    while behind[at:].strip():
        found = _BEHIND.match(behind, at)
        if not found:
            raise MarkError(f"{text!r} is no mark: {behind[at:].strip()!r} is no sign behind one")
        at = found.end()
        note, aloud = found["note"], found["wind"]
        if note is not None and _is_wind(note):
            aloud = note
        elif note is not None:
            converted = _converted_by_note(text, note, value) or converted
        if aloud is not None:
            mps, legal = parse_wind(aloud)
        elif found["word"]:
            signs.add(found["word"].upper() if found["word"] != "i" else "i")
    if "W" in signs:
        legal = False
    if event is not None and not event.wind_matters:
        legal = None
    return Mark(
        value,
        unit,
        wind_mps=mps,
        wind_legal=legal,
        hand_timed="H" in signs,
        converted=converted or bool(signs & {"@", "#", "%", "C", "Y"}),
        altitude=bool(signs & {"@", "A"}),
        oversized_track=bool(signs & {"#", "OT"}),
        indoors="i" in signs,
        noted="*" in signs,
        text=text,
    )


def _is_wind(note: str) -> bool:
    """Whether a text in brackets is a wind: it has a sign, or one decimal or two, or is NWI or w."""
    if note.upper() in ("NWI", "W"):
        return True
    return _WIND.fullmatch(note) is not None and (note[0] in "+-" or "." in note)


def _converted_by_note(text: str, note: str, value: float) -> bool:
    """Whether a text in brackets says of which race a mark is the conversion; thousandths say nothing."""
    if re.fullmatch(r"[0-9]{1,5}", note):
        return True
    clock = _CLOCK.fullmatch(note)
    thousandths = re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", note)
    if clock or thousandths:
        finer = _number(note, None)[0]
        if abs(finer - value) <= _CLOSE_FINISH_SEC:
            return False
    raise MarkError(f"{text!r} is no mark: ({note}) says nothing about one")
