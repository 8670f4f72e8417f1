"""CSV lists beside the sample league's f1db files: races, circuits, safety cars, red flags.

They have the form of Ergast's and TracingInsights' files: CRLF line ends, `\\N` for what is missing, and
nothing but the race's name to tell where a safety car was out.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from formguide.formula1.sample.schedule import Weekend, schedule
from formguide.formula1.sample.world import CIRCUITS, DRIVERS

DRIVER = {d.driver_id: d for d in DRIVERS}
FIRST_SEASON_WITHOUT_SESSIONS = 2025


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def csv_files(weekends: Sequence[Weekend]) -> dict[str, str]:
    numbers = {c.circuit_id: 501 + place for place, c in enumerate(CIRCUITS)}
    lists: dict[str, list[Sequence[object]]] = {"safety_car": [], "virtual_safety_car": [], "red_flag": []}
    races = []
    for w in weekends:
        races.append(_race_line(w, numbers[w.circuit.circuit_id]))
        name = f"{w.season} {w.circuit.race_name}"
        for b in w.race.interruptions if w.race else ():
            length = b.end - b.start + 1
            if b.kind == "safety_car":
                lists[b.kind].append((name, b.cause, b.start, b.end, max(length - 1, 1)))
            elif b.kind == "virtual_safety_car":
                lists[b.kind].append((name, b.start, b.end, length))
            else:
                who = DRIVER[b.excluded] if b.excluded else None
                full = f"{who.first_name} {who.last_name}" if who else ""
                lists[b.kind].append(
                    (name, b.start, b.resumed, b.cause.replace(b.excluded, full) if full else b.cause, full)
                )
    sessions = [f"{s}_{part}" for s in ("fp1", "fp2", "fp3", "quali", "sprint") for part in ("date", "time")]
    head = ["raceId", "year", "round", "circuitId", "name", "date", "time", "url", *sessions]
    return {
        "races": _csv(head, races),
        "circuits": _csv(
            ("circuitId", "circuitRef", "name", "location", "country", "lat", "lng", "alt", "url"),
            [
                (
                    numbers[c.circuit_id],
                    c.circuit_id.replace("-", "_"),
                    f"{c.place} Circuit",
                    c.place,
                    c.country_id,
                    *(f"{degrees:.4f}" for degrees in c.where),
                    10,
                    f"https://example.invalid/{c.circuit_id}",
                )
                for c in CIRCUITS
            ],
        ),
        "safety_cars": _csv(("Race", "Cause", "Deployed", "Retreated", "FullLaps"), lists["safety_car"]),
        "virtual_safety_cars": _csv(
            ("Race", "Deployed", "Retreated", "FullLaps"), lists["virtual_safety_car"]
        ),
        "red_flags": _csv(("Race", "Lap", "Resumed", "Incident", "Excluded"), lists["red_flag"]),
    }


def _race_line(w: Weekend, circuit_number: int) -> list[object]:
    """A line of `races.csv`, where second practice also stands for the sprint's qualifying."""
    times = schedule(w)
    if "sprintQualifying" in times:
        times["freePractice2"] = times["sprintQualifying"]
    url = f"https://example.invalid/{w.season}_{w.circuit.race_name.replace(' ', '_')}"
    line: list[object] = [
        w.number,
        w.season,
        w.round,
        circuit_number,
        w.circuit.race_name,
        w.day,
        f"{w.circuit.hour_utc:02d}:00:00",
        url,
    ]
    for session in ("freePractice1", "freePractice2", "freePractice3", "qualifying", "sprintRace"):
        start = times.get(session)
        if w.season >= FIRST_SEASON_WITHOUT_SESSIONS:
            line += ["", ""]
        else:
            line += [f"{start:%Y-%m-%d}", f"{start:%H:%M:%S}"] if start else ["\\N", "\\N"]
    return line
