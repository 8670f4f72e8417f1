"""Small files by hand, in the sources' own layouts: careers as JSON, tables of marks as CSV."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SEASONS = tuple(range(2016, 2022))
"""The seasons of `careers`: enough to fit a model to and to try it on."""


def result(
    day: str, mark: str, event: str = "100", where: str = "Outdoor", wind: str = "0.5", **more: Any
) -> dict[str, Any]:
    """One result of a career: `result("2021-06-01", "10.90")`."""
    return {
        "IndoorOutdoor": where,
        "event": event,
        "result": mark,
        "wind": wind if where == "Outdoor" else "",
        "rank": "1",
        "round": "",
        "roundstage": "Final",
        "compName": f"Meeting of {day}",
        "date": day,
        "city": "Anytown",
        "venuecountry": "NOR",
        **more,
    }


def career(athlete: int, results: list[dict[str, Any]], gender: str = "W", born: str = "1999-05-05") -> bytes:
    """A career as Open Athletics keeps it."""
    return json.dumps(
        {
            "gender": gender,
            "tpAthleteId": str(athlete),
            "otAthleteId": f"uuid-{athlete}",
            "givenName": "Ada",
            "familyName": f"Example {athlete}",
            "birthDate": born,
            "results": results,
        }
    ).encode()


def careers(seed: int = 3, athletes: int = 32) -> dict[str, bytes]:
    """Sprinters of both genders, six seasons each, who get better by what is theirs."""
    rng = np.random.default_rng(seed)
    found = {}
    for number in range(1, athletes + 1):
        women = number % 2 == 0
        base, gain = (12.2 if women else 11.0) + rng.normal(0, 0.3), rng.normal(0.08, 0.04)
        rows = [
            result(f"{season}-{month:02}-12", f"{base - gain * (season - 2016) + rng.gamma(2, 0.05):.2f}")
            for season in SEASONS
            for month in (5, 6, 7)
        ]
        body = career(number, rows, gender="W" if women else "M", born=f"{1993 + number % 6}-03-01")
        found[f"openath_athletes/{number}.json"] = body
    return found


def qnolan(rows: list[tuple[str, str, str, str]], athlete: int = 77, outdoor: bool = False) -> bytes:
    """A table of marks without a header: (meet, day as m/d/y, event, mark)."""
    wind = "0.0," if outdoor else ""
    return "".join(
        f'"Doe, Jo",Anytown,{meet},{day},{athlete},123,3,{wind}{event},{mark}\n'
        for meet, day, event, mark in rows
    ).encode()


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Writes files below a folder."""
    for name, body in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    return folder
