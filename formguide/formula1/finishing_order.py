"""Exact probabilities of every finishing position of one race.

The race in one sentence: a driver's pace is ``mean + car + own``, the car's part shared by its drivers,
the own part a mixture of up to three normals; each car retires by itself with its own probability; whoever
is left is ordered by pace, higher first, and the retired fill the places behind in random order.

For that race the marginal distribution of every driver's position is computed without simulation, by
quadrature over the driver's own pace and convolution over the other teams (see ``_kernels``). The
simulator in ``simulate`` draws from the same law where joint outcomes are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from formguide.formula1._kernels import classified_places
from formguide.formula1._pace_axis import Law, compiled, pace_axis

__all__ = [
    "MAX_DRIVERS",
    "Field",
    "exact_positions",
    "exact_positions_many",
    "expected_points",
    "listed_and_classified",
]

Floats = NDArray[np.float64]

MAX_DRIVERS = 26
"""Drivers in the largest field that is accepted: the sporting regulations admit no more."""

MAX_NOISE_PARTS = 3

_REAL = ("mean", "own_sd", "car_sd", "retire_prob", "noise_weight", "noise_shift", "noise_sd")
_NOT_NEGATIVE = ("own_sd", "car_sd", "retire_prob", "noise_weight", "noise_sd")


@dataclass(frozen=True, eq=False)
class Field:
    """The drivers of one race under one scenario; pace in any unit, higher is better.

    Attributes, for D drivers and T cars (a "car" is the team whose drivers share it):
        mean: expected pace, shape (D,).
        own_sd: standard deviation of what is the driver's alone, shape (D,).
        car: index into ``car_sd`` of each driver's car, shape (D,); at most two drivers share one.
        car_sd: standard deviation of what the drivers of a car share, shape (T,).
        retire_prob: probability of retiring, independent between drivers, shape (D,).
        noise_weight, noise_shift, noise_sd: the day's own noise, a mixture of K <= 3 normals common to the
            field, shape (K,): part k is N(noise_shift[k], noise_sd[k]^2) with probability noise_weight[k].

    ``law`` holds the same for the compiled code. Two drivers whose paces are both certain and equal are
    ordered at random: standard deviations below 1e-10 of the field's scale are raised to it.

    Raises:
        ValueError: naming the attribute, for a wrong shape, a value that is not finite or out of range, more
            than two drivers in a car, more than 26 drivers or more than three parts of noise.
    """

    mean: Floats
    own_sd: Floats
    car: NDArray[np.int64]
    car_sd: Floats
    retire_prob: Floats
    noise_weight: Floats = field(default_factory=lambda: np.ones(1))
    noise_shift: Floats = field(default_factory=lambda: np.zeros(1))
    noise_sd: Floats = field(default_factory=lambda: np.zeros(1))
    law: Law = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name in _REAL:
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64))
        car = np.array(self.car)
        if car.size and not np.issubdtype(car.dtype, np.integer):
            raise ValueError("car must be an array of integers")
        object.__setattr__(self, "car", np.ascontiguousarray(car, dtype=np.int64))
        self._check()
        mean = self.mean - self.mean.mean()
        spans = (mean, self.own_sd, self.car_sd, self.noise_shift, self.noise_sd)
        smallest = 1e-10 * (max(float(np.abs(values).max()) for values in spans) or 1.0)
        law = Law(
            mean,
            np.maximum(self.own_sd, smallest),
            self.car,
            self.car_sd,
            self.retire_prob,
            self.noise_weight,
            self.noise_shift,
            self.noise_sd,
        )
        object.__setattr__(self, "law", law)

    def _check(self) -> None:
        for name in (*_REAL, "car"):
            if getattr(self, name).ndim != 1:
                raise ValueError(f"{name} must be one-dimensional")
        drivers, cars, parts = len(self.mean), len(self.car_sd), len(self.noise_weight)
        if not 1 <= drivers <= MAX_DRIVERS:
            raise ValueError(f"a field has 1 to {MAX_DRIVERS} drivers, not {drivers}")
        for name in ("own_sd", "car", "retire_prob"):
            if len(getattr(self, name)) != drivers:
                raise ValueError(f"{name} has {len(getattr(self, name))} values for {drivers} drivers")
        if not 1 <= parts <= MAX_NOISE_PARTS:
            raise ValueError(f"the noise has 1 to {MAX_NOISE_PARTS} parts, not {parts}")
        if len(self.noise_shift) != parts or len(self.noise_sd) != parts:
            raise ValueError("noise_weight, noise_shift and noise_sd must have the same length")
        _refuse(self, _REAL, "must be finite", lambda values: ~np.isfinite(values))
        _refuse(self, _NOT_NEGATIVE, "must not be negative", lambda values: values < 0)
        _refuse(self, ("retire_prob",), "must not exceed 1", lambda values: values > 1)
        if self.car.min() < 0 or self.car.max() >= cars:
            raise ValueError(f"car holds an index outside 0..{cars - 1}")
        crew = np.bincount(self.car, minlength=cars)
        if crew.max() > 2:
            raise ValueError(f"car {crew.argmax()} has {crew.max()} drivers; at most two share one")
        if abs(self.noise_weight.sum() - 1.0) > 1e-9:
            raise ValueError(f"noise_weight sums to {self.noise_weight.sum():.9g}, not 1")

    @property
    def drivers(self) -> int:
        """Number of drivers, D."""
        return len(self.mean)


def exact_positions(field: Field, *, classified: bool = False) -> Floats:
    """P[d, k], the probability that driver d is listed in place k + 1; shape (D, D), each within 1e-6.

    Rows and columns sum to one. With ``classified=True`` only places reached by finishing count: row d then
    sums to 1 - retire_prob[d], which is what points are paid on.
    """
    places: Floats = classified_places(field.law, *pace_axis(field.law))
    if not classified:
        places += _retired_places(field.retire_prob)
    return places


def listed_and_classified(field: Field) -> tuple[Floats, Floats]:
    """``exact_positions`` of all cars and of those that finish, for little more than the price of one."""
    classified = exact_positions(field, classified=True)
    return classified + _retired_places(field.retire_prob), classified


def exact_positions_many(fields: Iterable[Field], *, classified: bool = False) -> list[Floats]:
    """``exact_positions`` of each field, for instance the scenarios of every race of a season."""
    return [exact_positions(field, classified=classified) for field in fields]


def expected_points(classified: Floats, points: ArrayLike) -> Floats:
    """Expected points, shape (D,), given ``exact_positions(..., classified=True)`` and points per place."""
    table = np.asarray(points, dtype=np.float64)[: classified.shape[1]]
    return classified[:, : len(table)] @ table


def _refuse(
    field: Field, names: tuple[str, ...], message: str, wrong: Callable[[Floats], NDArray[np.bool_]]
) -> None:
    """One look at all the named attributes together, as a field is built for every race and scenario."""
    if wrong(np.concatenate([getattr(field, name) for name in names])).any():
        name = next(name for name in names if wrong(getattr(field, name)).any())
        raise ValueError(f"{name} {message}")


@compiled
def _retired_places(retire_prob: np.ndarray) -> np.ndarray:
    """P[d, k]: driver d retires and is listed in place k + 1.

    The retired fill the places behind the finishers in uniformly random order, so given n finishers among
    the others each of the places n+1..D is equally likely; n is Poisson-binomial.
    """
    drivers = len(retire_prob)
    places = np.zeros((drivers, drivers))
    after = np.zeros((drivers + 1, drivers + 1))
    after[drivers, 0] = 1.0
    for d in range(drivers - 1, -1, -1):
        for n in range(drivers - d + 1):
            stay = after[d + 1, n] * retire_prob[d]
            after[d, n] = stay + (after[d + 1, n - 1] * (1.0 - retire_prob[d]) if n > 0 else 0.0)
    before = np.zeros(drivers + 1)
    before[0] = 1.0
    finishers = np.empty(drivers)
    for d in range(drivers):
        for n in range(drivers):
            finishers[n] = 0.0
        for a in range(d + 1):
            for b in range(drivers - d):
                finishers[a + b] += before[a] * after[d + 1, b]
        share = 0.0
        for n in range(drivers):
            share += finishers[n] / (drivers - n)
            places[d, n] = retire_prob[d] * share
        for n in range(d + 1, 0, -1):
            before[n] = before[n] * retire_prob[d] + before[n - 1] * (1.0 - retire_prob[d])
        before[0] *= retire_prob[d]
    return places
