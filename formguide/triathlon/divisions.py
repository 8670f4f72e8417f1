"""Divisions as results pages spell them: `M40-44`, `FPRO`, `MPC`, `40-44`, `MRELAY` → whose competition
it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from formguide.triathlon.tables import AGE_GROUP, NO_CATEGORY, PARA, PRO, RELAY

_AGES = re.compile(r"(?<!\d)(\d{2})\s*[-–]\s*(\d{2})(?!\d)")
_OPEN_ENDED = re.compile(r"(?<!\d)(\d{2})\s*\+")
_GENDER = re.compile(r"([MFW])(?:\s|\d|ALE|EMALE|EN|OMEN|PRO|PC|HC|MPRO|RELAY|AFD|$)")
_PARA = re.compile(r"[MFW]?(?:PC|HC|AFD|PTVI|PT\d|PHYSICALLY|HAND)")


@dataclass(frozen=True)
class Division:
    """What a division says: its category, the gender it is for, and its youngest and oldest age."""

    category: str
    gender: str | None = None
    age_low: int | None = None
    age_high: int | None = None

    @property
    def age_group(self) -> str | None:
        """The age group in one spelling; None where the division has none."""
        if self.age_low is None:
            return None
        return f"{self.age_low}+" if self.age_high is None else f"{self.age_low}-{self.age_high}"


@cache
def division_of(said: str) -> Division:
    """A division from what the page says of it; one that nobody knows is of no category."""
    text = said.upper().strip()
    match = _GENDER.match(text)
    gender = None if match is None else "M" if match.group(1) == "M" else "F"
    if "RELAY" in text or "TEAM" in text:
        return Division(RELAY, gender)
    if "PRO" in text:
        return Division(PRO, gender)
    if _PARA.match(text):
        return Division(PARA, gender)
    if (ages := _AGES.search(text)) and ages.group(1) <= ages.group(2):
        return Division(AGE_GROUP, gender, int(ages.group(1)), int(ages.group(2)))
    if ages := _OPEN_ENDED.search(text):
        return Division(AGE_GROUP, gender, int(ages.group(1)))
    return Division(NO_CATEGORY, gender)
