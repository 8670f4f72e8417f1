"""The sample league's files: f1db's YAML, field for field; the CSV lists beside it are in `lists`.

f1db leaves values empty rather than out, quotes every duration and gap, writes `DNF`, `DNS`, `DSQ`, `NC` and
`PL` where a position has no number, and until 2023 gives no times of day. A session that was called off is an
empty file.
"""

from __future__ import annotations

from collections.abc import Sequence

from formguide.formula1.sample.lists import csv_files
from formguide.formula1.sample.schedule import Weekend, schedule
from formguide.formula1.sample.sheet import Finish
from formguide.formula1.sample.weekend import Slot, Timed
from formguide.formula1.sample.world import (
    CIRCUITS,
    DRIVERS,
    LAST_SEASON_OF_SPRINT_FOR_GRID,
    TEAMS,
    TYRE_MAKER,
    Circuit,
)

Value = str | int | None
DRIVER = {d.driver_id: d for d in DRIVERS}
TEAM = {t.team_id: t for t in TEAMS}
FIRST_SEASON_WITH_TIMES = 2024


def league_files(weekends: Sequence[Weekend]) -> dict[str, bytes]:
    """Every file of the league: path below the league's folder → bytes."""
    files: dict[str, str] = {}
    for w in weekends:
        files |= {f"{w.folder}/{name}.yml": text for name, text in _weekend_files(w).items()}
    files |= {f"f1db/drivers/{d.driver_id}.yml": _driver_file(d.driver_id) for d in DRIVERS}
    files |= {
        f"f1db/constructors/{t.team_id}.yml": _yaml(
            id=t.team_id, name=t.name, fullName=t.full_name, countryId=t.country_id
        )
        for t in TEAMS
    }
    for c in CIRCUITS:
        files[f"f1db/circuits/{c.circuit_id}.yml"] = _circuit_file(c)
        files[f"f1db/grands-prix/{c.grand_prix_id}.yml"] = _yaml(
            id=c.grand_prix_id,
            name=c.place,
            fullName=c.race_name,
            shortName=f"{c.place} GP",
            abbreviation=c.grand_prix_id.replace("-", "")[:3].upper(),
            countryId=c.country_id,
        )
    files |= {f"ergast_csv/{name}.csv": text for name, text in csv_files(weekends).items()}
    return {name: text.encode() for name, text in sorted(files.items())}


def clock(ms: int) -> str:
    """Milliseconds as f1db writes a duration: 23.004, 1:34.742, 1:40:52.554."""
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 1000:02d}.{rest % 1000:03d}"
    if hours:
        return f"{hours}:{minutes:02d}:{seconds}"
    return f"{minutes}:{seconds}" if minutes else f"{rest // 1000}.{rest % 1000:03d}"


def _time(ms: int | None) -> Value:
    return None if ms is None else f'"{clock(ms)}"'


def _gap(ms: int | None) -> Value:
    return None if ms is None else f'"+{clock(ms)}"'


def _yaml(**fields: Value) -> str:
    return "".join(
        f"{key}:\n" if value is None or value == "" else f"{key}: {value}\n" for key, value in fields.items()
    )


def _row(position: str | int, driver: str, team: str, **fields: Value) -> str:
    text = _yaml(
        position=position,
        driverNumber=DRIVER[driver].number,
        driverId=driver,
        constructorId=team,
        engineManufacturerId=TEAM[team].engine_id,
        tyreManufacturerId=TYRE_MAKER,
        **fields,
    )
    return "- " + text.rstrip("\n").replace("\n", "\n  ") + "\n"


def _gaps(times: Sequence[int | None]) -> list[tuple[Value, Value]]:
    """(gap to the first, interval to the one before) of times in order; nothing where either has no time."""
    first, before = times[0] if times else None, None
    out: list[tuple[Value, Value]] = []
    for time in times:
        apart = [None if time is None or other is None else time - other for other in (first, before)]
        out.append((_gap(apart[0] if out else None), _gap(apart[1])))
        before = time
    return out


def _practice_file(rows: Sequence[Timed]) -> str:
    return "".join(
        _row(r.position, r.driver, r.team, time=_time(r.times[0]), gap=gap, interval=interval, laps=r.laps)
        for r, (gap, interval) in zip(rows, _gaps([r.times[0] for r in rows]), strict=True)
    )


def _qualifying_file(rows: Sequence[Timed]) -> str:
    last = [r.times[2] if r.position.isdigit() else None for r in rows]
    return "".join(
        _row(
            r.position,
            r.driver,
            r.team,
            q1=_time(r.times[0]),
            q2=_time(r.times[1]),
            q3=_time(r.times[2]),
            gap=gap,
            interval=interval,
            laps=r.laps,
        )
        for r, (gap, interval) in zip(rows, _gaps(last), strict=True)
    )


def _grid_file(slots: Sequence[Slot]) -> str:
    return "".join(
        _row(s.position, s.driver, s.team, gridPenalty=s.penalty, time=_time(s.time)) for s in slots
    )


def _result_file(finishes: Sequence[Finish]) -> str:
    rows: list[str] = []
    before: int | None = None
    for f in finishes:
        gap: Value = _gap(f.gap)
        if f.laps_behind:
            gap = f'"+{f.laps_behind} lap{"s" if f.laps_behind > 1 else ""}"'
        interval: Value = None
        if f.position.isdigit() and f.time is not None:
            interval = _gap(f.time - before) if before is not None else None
            before = f.time
        fields: dict[str, Value] = {
            "laps": f.laps,
            "time": _time(f.time),
            "timePenalty": _time(f.penalty),
            "gap": gap,
            "interval": interval,
            "reasonRetired": f.reason,
            "points": f.points or None,
            "gridPosition": f.grid,
        }
        if f.grand_slam:
            fields["grandSlam"] = "true"
        rows.append(_row(f.position, f.driver, f.team, **fields))
    return "".join(rows)


def _weekend_files(w: Weekend) -> dict[str, str]:
    files = {"race": _race_file(w)}
    files |= {f"free-practice-{number}-results": _practice_file(rows) for number, rows in w.practice.items()}
    if w.qualifying is not None:
        files["qualifying-results"] = _qualifying_file(w.qualifying)
    if w.sprint_qualifying is not None:
        files["sprint-qualifying-results"] = _qualifying_file(w.sprint_qualifying)
    if w.sprint is not None and w.sprint_grid is not None:
        files["sprint-starting-grid-positions"] = _grid_file(w.sprint_grid)
        files["sprint-race-results"] = _result_file(w.sprint.finishes)
    if w.race is not None and w.grid is not None:
        files["starting-grid-positions"] = _grid_file(w.grid)
        files["race-results"] = _result_file(w.race.finishes)
        files["pit-stops"] = "".join(
            _row(i + 1, s.driver, s.team, stop=s.number, lap=s.lap, time=_time(s.time))
            for i, s in enumerate(w.race.stops)
        )
        fastest = w.race.fastest
        files["fastest-laps"] = "".join(
            _row(i + 1, driver, team, lap=lap, time=_time(ms), gap=gap, interval=interval)
            for i, ((driver, team, lap, ms), (gap, interval)) in enumerate(
                zip(fastest, _gaps([f[3] for f in fastest]), strict=True)
            )
        )
    return files


def _race_file(w: Weekend) -> str:
    c, timed = w.circuit, w.season >= FIRST_SEASON_WITH_TIMES
    laps = w.race.laps if w.race else c.race_laps
    fields: dict[str, Value] = {"id": w.number, "round": w.round, "date": w.day.isoformat()}
    if timed:
        fields["time"] = f"{c.hour_utc:02d}:00"
    fields |= {"grandPrixId": c.grand_prix_id, "officialName": f"Formula Fable {c.race_name} {w.season}"}
    fields["qualifyingFormat"] = (
        "SPRINT_RACE" if w.has_sprint and w.season <= LAST_SEASON_OF_SPRINT_FOR_GRID else "KNOCKOUT"
    )
    if w.has_sprint and w.season > LAST_SEASON_OF_SPRINT_FOR_GRID:
        fields["sprintQualifyingFormat"] = "SPRINT_SHOOTOUT"
    fields |= {
        "circuitId": c.circuit_id,
        "circuitLayoutId": f"{c.circuit_id}-1",
        "circuitType": c.kind,
        "direction": "CLOCKWISE" if c.clockwise else "ANTI_CLOCKWISE",
        "courseLength": f"{c.length_km:.3f}",
        "turns": c.turns,
        "laps": laps,
        "distance": f"{laps * c.length_km:.3f}",
    }
    if laps != c.race_laps:
        fields |= {"scheduledLaps": c.race_laps, "scheduledDistance": f"{c.race_laps * c.length_km:.3f}"}
    titles = {
        "driversChampionshipDecider": w.drivers_title,
        "constructorsChampionshipDecider": w.constructors_title,
    }
    decided = {key: "true" for key, here in titles.items() if here}
    fields |= {} if timed else decided
    for session, start in schedule(w).items():
        if timed:
            fields |= {f"{session}Date": f"{start:%Y-%m-%d}", f"{session}Time": f"{start:%H:%M}"}
        if session == "sprintRace":
            fields |= {
                "sprintRaceLaps": c.sprint_laps,
                "sprintRaceDistance": f"{c.sprint_laps * c.length_km:.3f}",
            }
    fields |= decided if timed else {}
    return _yaml(**fields)


def _driver_file(driver: str) -> str:
    d = DRIVER[driver]
    return _yaml(
        id=d.driver_id,
        name=f"{d.first_name} {d.last_name}",
        firstName=d.first_name,
        lastName=d.last_name,
        fullName=f"{d.first_name} {d.last_name}",
        abbreviation=d.code,
        permanentNumber=d.number,
        gender="FEMALE" if d.first_name[-1] in "aeé" else "MALE",
        dateOfBirth=d.born,
        dateOfDeath=None,
        placeOfBirth=CIRCUITS[d.number % len(CIRCUITS)].place,
        countryOfBirthCountryId=d.country_id,
        nationalityCountryId=d.country_id,
        secondNationalityCountryId=None,
    )


def _circuit_file(c: Circuit) -> str:
    head = _yaml(
        id=c.circuit_id,
        name=c.place,
        fullName=f"{c.place} Circuit",
        previousNames=None,
        type=c.kind,
        direction="CLOCKWISE" if c.clockwise else "ANTI_CLOCKWISE",
        placeName=c.place,
        countryId=c.country_id,
        latitude=f"{c.where[0]:.4f}",
        longitude=f"{c.where[1]:.4f}",
        length=f"{c.length_km:.3f}",
        turns=c.turns,
    )
    layout = (
        f"  - id: {c.circuit_id}-1",
        "    effective: true",
        f"    length: {c.length_km:.3f}",
        f"    turns: {c.turns}",
    )
    return "\n".join((head + "layouts:", *layout)) + "\n"
