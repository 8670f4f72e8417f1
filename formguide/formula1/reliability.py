"""How likely a car is to break and a driver to crash: discounted counts, shrunk towards the field.

A retirement is put down to the driver when its stated reason is an accident, else to the car. Both hazards
are Beta posterior means with exponentially forgotten counts; the prior's mean is the field's own discounted
rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from formguide.formula1.weekends import Session


@dataclass(frozen=True)
class Reliability:
    """Discounted (retirements, starts) by car lineage and by driver, and for the field: [cars, accidents]."""

    cars: dict[str, tuple[float, float]]
    drivers: dict[str, tuple[float, float]]
    field_cars: tuple[float, float] = (1.0, 14.0)
    field_accidents: tuple[float, float] = (1.2, 14.0)

    def hazards(
        self, drivers: Sequence[str], teams: Sequence[str], prior_starts: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Posterior mean probabilities (n,), (n,) that the car fails and that the driver has an accident."""
        car_mean = self.field_cars[0] / self.field_cars[1]
        accident_mean = self.field_accidents[0] / self.field_accidents[1]
        car, accident = [], []
        for driver, team in zip(drivers, teams, strict=True):
            failed, starts = self.cars.get(team, (0.0, 0.0))
            car.append((failed + 2 * prior_starts * car_mean) / (starts + 2 * prior_starts))
            crashed, starts = self.drivers.get(driver, (0.0, 0.0))
            accident.append((crashed + prior_starts * accident_mean) / (starts + prior_starts))
        return np.array(car), np.array(accident)

    def after(
        self, race: Session, half_life_races: float, field_half_life_races: float = 60.0
    ) -> Reliability:
        """The counts once `race` is known; disqualified cars and those that did not start count for
        nothing."""
        keep, field_keep = 0.5 ** (1 / half_life_races), 0.5 ** (1 / field_half_life_races)
        cars = {k: (a * keep, b * keep) for k, (a, b) in self.cars.items()}
        drivers = {k: (a * keep, b * keep) for k, (a, b) in self.drivers.items()}
        field_cars, field_accidents = (
            np.array(self.field_cars) * field_keep,
            np.array(self.field_accidents) * field_keep,
        )
        ran = race.started & (race.finished | race.retired)
        for i in np.flatnonzero(ran):
            failed, crashed = race.retired[i] and not race.incident[i], race.incident[i]
            a, b = cars.get(race.teams[i], (0.0, 0.0))
            cars[race.teams[i]] = (a + failed, b + 1)
            a, b = drivers.get(race.drivers[i], (0.0, 0.0))
            drivers[race.drivers[i]] = (a + crashed, b + 1)
            field_cars += (failed, 1)
            field_accidents += (crashed, 1)
        return replace(
            self,
            cars=cars,
            drivers=drivers,
            field_cars=(float(field_cars[0]), float(field_cars[1])),
            field_accidents=(float(field_accidents[0]), float(field_accidents[1])),
        )
