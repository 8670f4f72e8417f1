"""Race weekends as the model sees them: sessions in time order, each a few small arrays.

The canonical tables hold everything; the model needs, per session, who drove for whom and how far apart they
were. A `Weekend` keeps its sessions sorted by the moment they started, so that "what was known before
`as_of`" is a
prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from formguide import asof
from formguide.formula1 import ids

MOMENTS = ("before_weekend", "after_practice", "after_qualifying", "on_grid")
"""The four moments at which a race is forecast, in order."""

_SLOWEST_LAP_PCT = 8.0
_KIND_ORDER = {"practice": 0, "sprint_qualifying": 1, "sprint": 2, "qualifying": 3, "grid": 4, "race": 5}


@dataclass(frozen=True)
class Session:
    """What one session showed.

    kind: practice, sprint_qualifying, qualifying, sprint, grid or race; number: of a practice session or 0;
    at: when it started (naive UTC). The rest is per driver, in the order of the result.
    drivers, teams, constructors: who took part, for which team lineage and under which name of it.
    gap_pct: best lap as a (negative) percentage of the session's best, laps: laps driven; of practice and
    qualifying. grid: starting place from 1, pit lane and unplaced cars after the others, pit_lane: who starts
    from there; of a grid, sprint or race.
    started, finished, retired: who took part, was classified, retired; incident: retired, the stated reason
    being an accident and not the car; points: championship points; of a sprint or race.
    """

    kind: str
    number: int
    at: datetime
    drivers: tuple[str, ...]
    teams: tuple[str, ...]
    constructors: tuple[str, ...]
    gap_pct: np.ndarray
    laps: np.ndarray
    grid: np.ndarray
    pit_lane: np.ndarray
    started: np.ndarray
    finished: np.ndarray
    retired: np.ndarray
    incident: np.ndarray
    points: np.ndarray

    @classmethod
    def of(
        cls,
        kind: str,
        number: int,
        at: datetime,
        drivers: Sequence[str],
        teams: Sequence[str],
        constructors: Sequence[str],
        **shown: np.ndarray,
    ) -> Session:
        """A session from what it showed; the other numbers are missing (NaN) and the other flags False."""
        n = len(drivers)
        numbers = {name: np.full(n, np.nan) for name in ("gap_pct", "laps", "grid", "points")}
        flags = {
            name: np.zeros(n, dtype=bool)
            for name in ("pit_lane", "started", "finished", "retired", "incident")
        }
        arrays = numbers | flags | shown
        return cls(kind, number, at, tuple(drivers), tuple(teams), tuple(constructors), **arrays)

    @cached_property
    def fingerprint(self) -> str:
        """Names the content."""
        shown = (getattr(self, f.name) for f in fields(self))
        return asof.fingerprint(*(v.tobytes() if isinstance(v, np.ndarray) else v for v in shown))


@dataclass(frozen=True)
class Weekend:
    """One race weekend: what the calendar says of it and the sessions held so far, in time order."""

    season: int
    round: int
    race_id: str
    race_name: str
    circuit_id: str
    circuit_type: str | None
    course_km: float | None
    weekend_at: datetime
    qualifying_at: datetime
    race_at: datetime
    has_sprint: bool
    sessions: tuple[Session, ...] = ()
    calendar_fingerprint: str = field(default="", compare=False)

    def as_of(self, moment: str) -> datetime:
        """The moment as a time: a forecast made then knows every session that started before it."""
        match moment:
            case "before_weekend":
                return self.weekend_at
            case "after_practice":
                return self.qualifying_at
            case "after_qualifying":
                return self.qualifying_at + timedelta(minutes=1)
            case "on_grid":
                return self.race_at
        raise ValueError(f"unknown moment {moment!r}; one of {', '.join(MOMENTS)}")

    def known(self, as_of: datetime) -> tuple[Session, ...]:
        """The sessions known at `as_of`, the race itself never among them."""
        return tuple(s for s in self.sessions if asof.is_before(s.at, as_of) and s.kind != "race")

    @property
    def race(self) -> Session | None:
        """The race, once it has been run."""
        return next((s for s in self.sessions if s.kind == "race"), None)

    def session(self, kind: str) -> Session | None:
        """The first session of a kind."""
        return next((s for s in self.sessions if s.kind == kind), None)

    @cached_property
    def fingerprint(self) -> str:
        """Names everything that the model may take from this weekend once it is over."""
        return asof.fingerprint(self.calendar_fingerprint, [s.fingerprint for s in self.sessions])


def build_weekends(tables: Mapping[str, pl.DataFrame]) -> list[Weekend]:
    """Every weekend of the calendar, in the order of the races, from the canonical tables.

    tables: frames by asset name (`race_calendar`, `race_results`, `starting_grids`, `qualifying_results`,
    `practice_results`, `sprint_results`); a missing one counts as empty.
    """
    sessions: dict[str, list[Session]] = {}
    for race_id, session in _all_sessions(tables):
        sessions.setdefault(race_id, []).append(session)
    weekends = []
    for row in tables["race_calendar"].sort("race_at", "race_id").iter_rows(named=True):
        held = sorted(sessions.get(row["race_id"], []), key=lambda s: (s.at, _KIND_ORDER[s.kind], s.number))
        weekends.append(
            Weekend(
                season=row["season"],
                round=row["round"],
                race_id=row["race_id"],
                race_name=row["race_name"],
                circuit_id=row["circuit_id"],
                circuit_type=row["circuit_type"],
                course_km=row["course_km"],
                weekend_at=row["weekend_at"],
                qualifying_at=row["qualifying_at"],
                race_at=row["race_at"],
                has_sprint=row["has_sprint"],
                sessions=tuple(held),
                calendar_fingerprint=asof.fingerprint(
                    row["season"], row["race_id"], row["circuit_id"], row["circuit_type"], row["weekend_at"],
                    row["qualifying_at"], row["race_at"], row["has_sprint"],
                ),
            )
        )  # fmt: skip
    return weekends


_Rows = dict[str, Any]
"""The rows of one session by column: numbers and flags as arrays (NaN for none), the rest as lists."""


def _all_sessions(tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, Session]]:
    sessions = ("race_id", "session")
    for rows in _parted(tables, "practice_results", sessions, "best_lap_sec", "driver_id"):
        gap = _gap_pct(rows["best_lap_sec"])
        yield _session("practice", rows, int(rows["session"][0]), gap_pct=gap, laps=rows["laps"])
    for rows in _parted(tables, "qualifying_results", sessions, "position", "driver_id"):
        gap = _qualifying_gap_pct(np.stack([rows[c] for c in ("q1_sec", "q2_sec", "q3_sec")]))
        yield _session(rows["session"][0], rows, gap_pct=gap, laps=rows["laps"])
    for rows in _parted(tables, "starting_grids", sessions, "pit_lane_start", "grid_position", "driver_id"):
        if rows["session"][0] == "race":
            grid = np.arange(1, len(rows["session"]) + 1, dtype=np.float64)
            yield _session("grid", rows, grid=grid, pit_lane=rows["pit_lane_start"])
    for kind, name in (("sprint", "sprint_results"), ("race", "race_results")):
        for rows in _parted(tables, name, ("race_id",), "finish_order"):
            yield _raced(kind, rows)


def _parted(
    tables: Mapping[str, pl.DataFrame], name: str, by: tuple[str, ...], *order: str
) -> Iterator[_Rows]:
    """The sessions of a table, each with its rows in order.

    The whole table is sorted and turned into lists and arrays at once: to cut out, sort and ask a frame per
    session took longer than all that is then computed of them.
    """
    frame = tables.get(name)
    if frame is None or frame.is_empty():
        return
    frame = frame.sort(*by, *order, nulls_last=True)
    columns = {series.name: _values(series) for series in frame if series.name in _SHOWN}
    columns["team"] = [ids.lineage(constructor) for constructor in columns["constructor_id"]]
    keys = list(zip(*(columns[c] for c in by), strict=True))
    starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    for start, end in pairwise([*starts, len(keys)]):
        yield {column: values[start:end] for column, values in columns.items()}


_SHOWN = frozenset(
    {
        "race_id", "session", "session_at", "driver_id", "constructor_id", "best_lap_sec", "laps", "q1_sec",
        "q2_sec", "q3_sec", "pit_lane_start", "grid_position", "status", "reason_retired", "points",
    }
)  # fmt: skip
"""The columns that a session is made from."""


def _values(series: pl.Series) -> Any:
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).to_numpy()
    return series.to_numpy() if series.dtype == pl.Boolean else series.to_list()


def _session(kind: str, rows: _Rows, number: int = 0, **shown: np.ndarray) -> tuple[str, Session]:
    """The race's id and the session."""
    at, drivers, constructors = rows["session_at"][0], rows["driver_id"], rows["constructor_id"]
    return rows["race_id"][0], Session.of(kind, number, at, drivers, rows["team"], constructors, **shown)


def _raced(kind: str, rows: _Rows) -> tuple[str, Session]:
    status = np.array(rows["status"])
    retired = np.isin(status, ["retired", "not_classified"])
    grid = np.where(np.isnan(rows["grid_position"]), np.inf, rows["grid_position"])
    return _session(
        kind,
        rows,
        grid=np.argsort(np.argsort(grid, kind="stable"), kind="stable") + 1.0,
        finished=status == "finished",
        retired=retired,
        incident=retired & np.array([is_incident(r) for r in rows["reason_retired"]], dtype=bool),
        started=status != "not_started",
        points=rows["points"],
    )


_INCIDENT_WORDS = (
    "collision",
    "accident",
    "spun",
    "puncture",
    "damage",
    "wing",
    "injury",
    "undertray",
    "wheel nut",
)


def is_incident(reason: str | None) -> bool:
    """Whether a reason of retirement is something that happened to the driver rather than a failure of the
    car."""
    return reason is not None and any(word in reason.lower() for word in _INCIDENT_WORDS)


def _gap_pct(times: np.ndarray) -> np.ndarray:
    """-100 × log(time / best time); NaN where there is no time or it is absurdly slow."""
    seconds = np.where(times > 0, times, np.nan)
    if np.isfinite(seconds).sum() < 2:
        return np.full(len(seconds), np.nan)
    gap = -100 * np.log(seconds / np.nanmin(seconds))
    gap[gap < -_SLOWEST_LAP_PCT] = np.nan
    return np.asarray(gap)


def _qualifying_gap_pct(seconds: np.ndarray) -> np.ndarray:
    """Gaps over all parts of qualifying, each time moved to the last part by how much the track improved.

    The improvement between two parts is the median over the drivers who set a time in both, so that a driver
    eliminated in the first part is not taken for slower than he was on that track. seconds: (3, drivers).
    """
    parts = np.log(seconds)
    gain = np.zeros(3)
    for part in (1, 0):
        change = parts[part + 1] - parts[part]
        change = change[np.isfinite(change)]
        gain[part] = gain[part + 1] + (np.median(change) if len(change) >= 4 else 0.0)
    moved = parts + gain[:, None]
    last = np.full(parts.shape[1], np.nan)
    for part in range(3):
        last = np.where(np.isfinite(moved[part]), moved[part], last)
    if np.isfinite(last).sum() < 2:
        return np.full(parts.shape[1], np.nan)
    gap = -100 * (last - np.nanmin(last))
    gap[gap < -_SLOWEST_LAP_PCT] = np.nan
    return np.asarray(gap)
