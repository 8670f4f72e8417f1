"""The joint Gaussian belief about every car and driver, and its bookkeeping.

Layout of `mean` and `cov`, for C cars and D drivers: car lap pace (C), car race extra (C), driver lap pace
(D), driver race extra (D), grid gain and its slope in the circuit's stickiness (2); inside an open weekend
also the
weekend's own car lap (C), driver lap (D) and car race (C) deviations. Pace in % of lap time, higher is
faster.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from formguide.formula1.reliability import Reliability


@dataclass(frozen=True)
class State:
    """What is believed after the sessions seen so far. Frozen: every step returns a new one."""

    season: int
    cars: tuple[str, ...]
    drivers: tuple[str, ...]
    mean: np.ndarray
    cov: np.ndarray
    open: bool = False
    last_seen: dict[str, int] = field(default_factory=dict)
    archive: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    reliability: Reliability = field(default_factory=lambda: Reliability({}, {}))
    stickiness: dict[str, tuple[float, float]] = field(default_factory=dict)
    entry: tuple[tuple[str, str, str], ...] = ()
    race_id: str = ""

    def offsets(self) -> dict[str, int]:
        """Where each block begins."""
        c, d = len(self.cars), len(self.drivers)
        sizes = {"car_lap": c, "car_race": c, "driver_lap": d, "driver_race": d, "grid": 2}
        if self.open:
            sizes |= {"weekend_car": c, "weekend_driver": d, "weekend_race": c}
        starts = np.cumsum([0, *sizes.values()])
        return dict(zip([*sizes, "end"], starts.tolist(), strict=True))

    def lap_rows(self, drivers: Sequence[str], teams: Sequence[str]) -> np.ndarray:
        """(n, N): what adds up to a driver's one-lap pace this weekend."""
        at, rows = self.offsets(), np.zeros((len(drivers), len(self.mean)))
        n = np.arange(len(drivers))
        car = np.array([self.cars.index(t) for t in teams])
        driver = np.array([self.drivers.index(d) for d in drivers])
        rows[n, at["car_lap"] + car] = 1.0
        rows[n, at["driver_lap"] + driver] = 1.0
        if self.open:
            rows[n, at["weekend_car"] + car] = 1.0
            rows[n, at["weekend_driver"] + driver] = 1.0
        return rows

    def race_rows(
        self,
        drivers: Sequence[str],
        teams: Sequence[str],
        lap_weight: float,
        grid_effect: np.ndarray | None = None,
        stickiness: float = 0.0,
    ) -> np.ndarray:
        """(n, N): what adds up to a driver's race pace; grid_effect (n,) multiplies the grid gain."""
        rows = lap_weight * self.lap_rows(drivers, teams)
        at, n = self.offsets(), np.arange(len(drivers))
        car = np.array([self.cars.index(t) for t in teams])
        driver = np.array([self.drivers.index(d) for d in drivers])
        rows[n, at["car_race"] + car] = 1.0
        rows[n, at["driver_race"] + driver] = 1.0
        if self.open:
            rows[n, at["weekend_race"] + car] = 1.0
        if grid_effect is not None:
            rows[n, at["grid"]] = grid_effect
            rows[n, at["grid"] + 1] = grid_effect * stickiness
        return rows

    def with_entities(
        self,
        cars: dict[str, tuple[float, float, float, float]],
        drivers: dict[str, tuple[float, float, float, float]],
        weekend_sd: tuple[float, float, float],
    ) -> State:
        """The state with new cars and drivers, each (lap mean, lap sd, race mean, race sd), independent of
        the rest."""
        if not cars and not drivers:
            return self
        old, new = self, replace(self, cars=self.cars + tuple(cars), drivers=self.drivers + tuple(drivers))
        at, to = old.offsets(), new.offsets()
        mean, cov = np.zeros(to["end"]), np.zeros((to["end"], to["end"]))
        place = np.concatenate(
            [
                to[b] + np.arange(end - at[b])
                for b, end in zip(list(at)[:-1], list(at.values())[1:], strict=True)
            ]
        )
        mean[place], cov[np.ix_(place, place)] = old.mean, old.cov
        blocks = [("car", cars, len(old.cars)), ("driver", drivers, len(old.drivers))]
        for kind, entities, first in blocks:
            for i, (lap_mean, lap_sd, race_mean, race_sd) in enumerate(entities.values(), start=first):
                for block, m, sd in ((f"{kind}_lap", lap_mean, lap_sd), (f"{kind}_race", race_mean, race_sd)):
                    mean[to[block] + i], cov[to[block] + i, to[block] + i] = m, sd**2
                if new.open:
                    extra = {
                        "car": (("weekend_car", 0), ("weekend_race", 2)),
                        "driver": (("weekend_driver", 1),),
                    }
                    for block, which in extra[kind]:
                        cov[to[block] + i, to[block] + i] = weekend_sd[which] ** 2
        return replace(new, mean=mean, cov=cov)

    def without_drivers(self, gone: Sequence[str]) -> State:
        """The state without `gone`, whose marginals (lap mean, var, race mean, var) go to the archive."""
        if not gone:
            return self
        assert not self.open
        at = self.offsets()
        archive = dict(self.archive)
        drop = []
        for driver in gone:
            i, j = (
                at["driver_lap"] + self.drivers.index(driver),
                at["driver_race"] + self.drivers.index(driver),
            )
            archive[driver] = (
                float(self.mean[i]), float(self.cov[i, i]), float(self.mean[j]), float(self.cov[j, j])
            )  # fmt: skip
            drop += [i, j]
        keep = np.setdiff1d(np.arange(len(self.mean)), drop)
        return replace(
            self,
            drivers=tuple(d for d in self.drivers if d not in set(gone)),
            last_seen={d: s for d, s in self.last_seen.items() if d not in set(gone)},
            archive=archive,
            mean=self.mean[keep],
            cov=self.cov[np.ix_(keep, keep)],
        )

    def opened(self, weekend_sd: tuple[float, float, float]) -> State:
        """The state with a fresh weekend's deviations (car lap, driver lap, car race), all zero on
        average."""
        c, d = len(self.cars), len(self.drivers)
        variance = np.repeat(np.square(weekend_sd), [c, d, c])
        n, m = len(self.mean), len(variance)
        cov = np.zeros((n + m, n + m))
        cov[:n, :n] = self.cov
        cov[np.arange(n, n + m), np.arange(n, n + m)] = variance
        return replace(self, open=True, mean=np.concatenate([self.mean, np.zeros(m)]), cov=cov)

    def closed(self) -> State:
        """The state with the weekend's own deviations integrated out."""
        end = self.offsets()["weekend_car"]
        return replace(self, open=False, mean=self.mean[:end].copy(), cov=self.cov[:end, :end].copy())

    def to_bytes(self) -> bytes:
        """The state as an npz archive without pickles; equal states give equal bytes."""
        meta = {
            "season": self.season, "cars": self.cars, "drivers": self.drivers, "open": self.open,
            "last_seen": self.last_seen, "archive": self.archive, "stickiness": self.stickiness,
            "entry": self.entry, "race_id": self.race_id, "hazard_cars": self.reliability.cars,
            "hazard_drivers": self.reliability.drivers, "field_cars": self.reliability.field_cars,
            "field_accidents": self.reliability.field_accidents,
        }  # fmt: skip
        upper = self.cov[np.triu_indices(len(self.mean))]
        text = np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8)
        out = io.BytesIO()
        np.savez_compressed(out, mean=self.mean, upper=upper, meta=text)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> State:
        """The inverse of `to_bytes`, exactly."""
        with np.load(io.BytesIO(data), allow_pickle=False) as npz:
            mean, upper, meta = npz["mean"], npz["upper"], json.loads(npz["meta"].tobytes())
        n = len(mean)
        cov = np.zeros((n, n))
        rows, columns = np.triu_indices(n)
        cov[rows, columns] = upper
        cov[columns, rows] = upper
        pairs = {k: {name: tuple(v) for name, v in meta[k].items()} for k in (
            "archive", "stickiness", "hazard_cars", "hazard_drivers")}  # fmt: skip
        return cls(
            season=meta["season"],
            cars=tuple(meta["cars"]),
            drivers=tuple(meta["drivers"]),
            mean=mean,
            cov=cov,
            open=meta["open"],
            last_seen=meta["last_seen"],
            archive=pairs["archive"],
            reliability=Reliability(
                pairs["hazard_cars"],
                pairs["hazard_drivers"],
                tuple(meta["field_cars"]),
                tuple(meta["field_accidents"]),
            ),
            stickiness=pairs["stickiness"],
            entry=tuple(tuple(e) for e in meta["entry"]),
            race_id=meta["race_id"],
        )
