"""Compiled core of the exact finishing order: one pass over the pace axis, panel by panel.

The probability that a driver finishes with ``k`` rivals ahead is an integral over that driver's own pace
``x``. Given ``x`` and nothing else, the other *teams* are independent of each other, and each has 0, 1 or 2
unretired cars ahead of ``x``; the number of cars ahead is the sum over teams, a product of quadratics
in the counting variable. Three facts keep it cheap and free of nested quadrature:

* given that a driver's pace is ``x``, the shared car term is normal, so the chance that the teammate is
  ahead is a mixture of normal cdfs in closed form;
* the chance that *both* cars of a team are ahead of ``x`` is the integral from ``x`` upwards of "one of them
  is at ``u`` and the other ahead of ``u``", which the pass has at hand when it walks from fast to slow;
* the leave-one-team-out product comes from products of the teams before and after it.

The pace axis is cut into panels of Gauss-Legendre nodes. A panel is at most ``width`` times the smallest
standard deviation that is alive inside it, so that one very precise driver refines the axis near that driver
only, and stretches where nobody can be are skipped.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.polynomial import chebyshev, legendre

F = TypeVar("F", bound=Callable[..., Any])

NODES = 16
"""Gauss-Legendre nodes in a panel; also the width of every vectorised inner loop."""

REACH = 5.6
"""Standard deviations beyond which a normal component is taken as over (mass beyond: 2e-8)."""


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function.

    Sums may be reassociated and products fused (so that reductions vectorise); infinities and NaN keep
    their meaning.
    """
    return cast(F, numba.njit(cache=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy")(function))


def _panel_rule() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1], and the matrix that integrates from each node to 1."""
    nodes, weights = legendre.leggauss(NODES)
    to_right = np.empty((NODES, NODES))
    for k in range(NODES):
        antiderivative = legendre.legint(np.eye(NODES)[k])
        to_right[:, k] = legendre.legval(1.0, antiderivative) - legendre.legval(nodes, antiderivative)
    return nodes, weights, to_right @ np.linalg.inv(legendre.legvander(nodes, NODES - 1))


def _chebyshev_as_powers(function: Callable[[float], float], degree: int) -> tuple[float, ...]:
    """Power-basis coefficients on [-1, 1] of the Chebyshev interpolant, highest power first."""
    points = np.cos(np.pi * (np.arange(200) + 0.5) / 200)
    series = chebyshev.chebfit(points, [function(float(point)) for point in points], degree)
    return tuple(float(c) for c in chebyshev.cheb2poly(series)[::-1])


_X, _WEIGHT, _TO_RIGHT = _panel_rule()
_TO_LEFT_T = np.ascontiguousarray(_TO_RIGHT.T)

# Phi(z) = 1/2 + z P(2 z^2 / REACH^2 - 1), to 2e-10 for |z| <= REACH.
_CDF = _chebyshev_as_powers(
    lambda y: math.erf(REACH * math.sqrt((y + 1) / 4)) / (2 * REACH * math.sqrt((y + 1) / 2)), 18
)
# exp(-z^2/2) = Q(...)^16 with Q = exp(-z^2/32), to 3e-9 for |z| <= REACH.
_EXP = _chebyshev_as_powers(lambda y: math.exp(-(y + 1) * REACH * REACH / 64), 8)
_TO_UNIT = 2.0 / (REACH * REACH)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def _cdf(z: float) -> float:
    z = min(max(z, -REACH), REACH)
    y = z * z * _TO_UNIT - 1.0
    value = 0.0
    for c in _CDF:
        value = value * y + c
    return 0.5 + z * value


@compiled
def _bell(z: float) -> float:
    """exp(-z^2/2), and its value at REACH beyond it."""
    z = min(max(z, -REACH), REACH)
    y = z * z * _TO_UNIT - 1.0
    value = 0.0
    for c in _EXP:
        value = value * y + c
    value *= value
    value *= value
    value *= value
    return value * value


@compiled
def panels(centre: np.ndarray, sd: np.ndarray, width: float) -> np.ndarray:
    """Edges of the panels, shape (panels, 2), from slow to fast.

    ``centre`` and ``sd``, shape (n,), are the normal components that can finish; a component lives within
    ``REACH`` standard deviations of its centre.
    """
    n = len(centre)
    edges = np.empty((64, 2))
    count = 0
    left = np.inf
    for i in range(n):
        left = min(left, centre[i] - REACH * sd[i])
    while True:
        finest = np.inf
        begins = np.inf
        for i in range(n):
            start = centre[i] - REACH * sd[i]
            if start > left:
                begins = min(begins, start)
            elif centre[i] + REACH * sd[i] > left:
                finest = min(finest, sd[i])
        if finest == np.inf:
            if begins == np.inf:
                return edges[:count]
            left = begins
            continue
        # The next edge that matters: where the finest components end, or where a finer one begins.
        stop = left
        for i in range(n):
            if centre[i] - REACH * sd[i] <= left and sd[i] <= 1.25 * finest:
                stop = max(stop, centre[i] + REACH * sd[i])
        for i in range(n):
            start = centre[i] - REACH * sd[i]
            if start > left and sd[i] < 0.8 * finest:
                stop = min(stop, start)
        pieces = max(1, int(math.ceil((stop - left) / (width * finest) - 1e-9)))
        right = stop if pieces == 1 else left + (stop - left) / pieces
        if right <= left:
            right = np.nextafter(left, np.inf)
        if count == len(edges):
            longer = np.empty((2 * count, 2))
            longer[:count] = edges
            edges = longer
        edges[count, 0] = left
        edges[count, 1] = right
        count += 1
        left = right


@compiled
def _times_quadratic(p: np.ndarray, degree: int, q: np.ndarray, out: np.ndarray) -> None:
    """out = p * (q0 + q1 z + q2 z^2), each coefficient a row of NODES lanes; p has ``degree`` + 1 rows."""
    for k in range(degree + 3):
        for lane in range(NODES):
            out[k, lane] = 0.0
    for k in range(degree + 1):
        for lane in range(NODES):
            out[k, lane] += p[k, lane] * q[0, lane]
            out[k + 1, lane] += p[k, lane] * q[1, lane]
            out[k + 2, lane] += p[k, lane] * q[2, lane]


@compiled
def classified_places(
    mean: np.ndarray,
    own_var: np.ndarray,
    mate: np.ndarray,
    car_var: np.ndarray,
    start_prob: np.ndarray,
    noise_weight: np.ndarray,
    noise_shift: np.ndarray,
    noise_var: np.ndarray,
    width: float,
) -> np.ndarray:
    """P[d, k]: driver d finishes (does not retire) with exactly k unretired cars ahead.

    ``mean``, ``own_var`` (> 0), ``car_var`` and ``start_prob`` (1 - retirement probability) are per driver,
    ``mate`` holds the index of the teammate or -1.
    """
    drivers = len(mean)
    parts = len(noise_weight)
    places = np.zeros((drivers, drivers + 2))

    centre = np.empty((drivers, parts))
    sd = np.empty((drivers, parts))
    live_centre = np.empty(drivers * parts)
    live_sd = np.empty(drivers * parts)
    live = 0
    for d in range(drivers):
        for k in range(parts):
            centre[d, k] = mean[d] + noise_shift[k]
            sd[d, k] = math.sqrt(own_var[d] + noise_var[k] + car_var[d])
            if start_prob[d] > 0.0 and noise_weight[k] > 0.0:
                live_centre[live] = centre[d, k]
                live_sd[live] = sd[d, k]
                live += 1
    edges = panels(live_centre[:live], live_sd[:live], width)

    # Teams in the order of their first driver; second[t] = -1 for a single car.
    first = np.empty(drivers, np.int64)
    second = np.empty(drivers, np.int64)
    teams = 0
    for d in range(drivers):
        if mate[d] < 0 or mate[d] > d:
            first[teams] = d
            second[teams] = mate[d]
            teams += 1
    both_above = np.zeros(teams)

    x = np.empty(NODES)
    ahead = np.empty((drivers, NODES))
    alone = np.empty((drivers, NODES))
    behind_mate = np.empty((drivers, NODES))
    part_density = np.empty(NODES)
    part_mate = np.empty(NODES)
    flow = np.empty(NODES)
    above = np.empty(NODES)
    team = np.empty((teams, 3, NODES))
    degree = np.empty(teams, np.int64)
    after = np.zeros((teams + 1, drivers + 3, NODES))
    before = np.zeros((drivers + 3, NODES))
    before_next = np.zeros((drivers + 3, NODES))
    others = np.zeros((drivers + 3, NODES))

    for panel in range(len(edges) - 1, -1, -1):
        left = edges[panel, 0]
        right = edges[panel, 1]
        half = 0.5 * (right - left)
        middle = 0.5 * (right + left)
        for lane in range(NODES):
            x[lane] = middle + half * _X[lane]

        for d in range(drivers):
            m = mate[d]
            for lane in range(NODES):
                ahead[d, lane] = 0.0
                alone[d, lane] = 0.0
                behind_mate[d, lane] = 0.0
            if start_prob[d] == 0.0:
                continue
            for k in range(parts):
                weight = noise_weight[k] * start_prob[d]
                mu = centre[d, k]
                inverse = 1.0 / sd[d, k]
                if (left - mu) * inverse >= REACH or weight == 0.0:
                    continue
                if (right - mu) * inverse <= -REACH:
                    for lane in range(NODES):
                        ahead[d, lane] += weight
                    continue
                scale = weight * _INV_SQRT_2PI * inverse * half
                for lane in range(NODES):
                    z = (x[lane] - mu) * inverse
                    ahead[d, lane] += weight * _cdf(-z)
                    part_density[lane] = scale * _bell(z) * _WEIGHT[lane]
                if m < 0 or start_prob[m] == 0.0:
                    for lane in range(NODES):
                        alone[d, lane] += part_density[lane]
                    continue
                own = own_var[d] + noise_var[k]
                own_share = own / (own + car_var[d])
                for lane in range(NODES):
                    part_mate[lane] = 0.0
                for j in range(parts):
                    if noise_weight[j] == 0.0:
                        continue
                    mate_inverse = 1.0 / math.sqrt(own_var[m] + noise_var[j] + car_var[d] * own_share)
                    gap = (centre[m, j] - mu) * mate_inverse
                    slope = own_share * mate_inverse
                    chance = noise_weight[j] * start_prob[m]
                    for lane in range(NODES):
                        part_mate[lane] += chance * _cdf(gap - slope * (x[lane] - mu))
                for lane in range(NODES):
                    both = part_density[lane] * part_mate[lane]
                    behind_mate[d, lane] += both
                    alone[d, lane] += part_density[lane] - both

        for t in range(teams):
            i = first[t]
            j = second[t]
            if j < 0:
                degree[t] = 1
                for lane in range(NODES):
                    team[t, 0, lane] = 1.0 - ahead[i, lane]
                    team[t, 1, lane] = ahead[i, lane]
                    team[t, 2, lane] = 0.0
                continue
            degree[t] = 2
            total = 0.0
            for lane in range(NODES):
                flow[lane] = behind_mate[i, lane] * start_prob[i] ** 0 + behind_mate[j, lane]
                total += flow[lane]
                above[lane] = both_above[t]
            for source in range(NODES):
                amount = flow[source] / _WEIGHT[source]
                for lane in range(NODES):
                    above[lane] += amount * _TO_LEFT_T[source, lane]
            both_above[t] += total
            for lane in range(NODES):
                one_or_two = ahead[i, lane] + ahead[j, lane]
                team[t, 2, lane] = above[lane]
                team[t, 1, lane] = one_or_two - 2.0 * above[lane]
                team[t, 0, lane] = 1.0 - one_or_two + above[lane]

        # after[t]: product of the teams t, t+1, ...
        after_degree = 0
        for lane in range(NODES):
            after[teams, 0, lane] = 1.0
        for t in range(teams - 1, 0, -1):
            _times_quadratic(after[t + 1], after_degree, team[t], after[t])
            after_degree += degree[t]

        before_degree = 0
        for lane in range(NODES):
            before[0, lane] = 1.0
        for t in range(teams):
            if t > 0:
                _times_quadratic(before, before_degree, team[t - 1], before_next)
                before, before_next = before_next, before
                before_degree += degree[t - 1]
                after_degree -= degree[t]
            rivals = before_degree + after_degree
            for k in range(rivals + 1):
                for lane in range(NODES):
                    others[k, lane] = 0.0
            for a in range(before_degree + 1):
                for b in range(after_degree + 1):
                    for lane in range(NODES):
                        others[a + b, lane] += before[a, lane] * after[t + 1, b, lane]
            for d in (first[t], second[t]):
                if d < 0:
                    continue
                for k in range(rivals + 1):
                    clear = 0.0
                    one_more = 0.0
                    for lane in range(NODES):
                        clear += alone[d, lane] * others[k, lane]
                        one_more += behind_mate[d, lane] * others[k, lane]
                    places[d, k] += clear
                    places[d, k + 1] += one_more
    return places[:, :drivers].copy()


@compiled
def retired_places(start_prob: np.ndarray) -> np.ndarray:
    """P[d, k]: driver d retires and is listed in place k + 1.

    The retired fill the places behind the finishers in uniformly random order, so given n finishers among
    the others each of the places n+1..D is equally likely; n is Poisson-binomial.
    """
    drivers = len(start_prob)
    places = np.zeros((drivers, drivers))
    after = np.zeros((drivers + 1, drivers + 1))
    after[drivers, 0] = 1.0
    for d in range(drivers - 1, -1, -1):
        for n in range(drivers - d + 1):
            stay = after[d + 1, n] * (1.0 - start_prob[d])
            after[d, n] = stay + (after[d + 1, n - 1] * start_prob[d] if n > 0 else 0.0)
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
            places[d, n] = (1.0 - start_prob[d]) * share
        for n in range(d + 1, 0, -1):
            before[n] = before[n] * (1.0 - start_prob[d]) + before[n - 1] * start_prob[d]
        before[0] *= 1.0 - start_prob[d]
    return places
