"""Compiled core of the exact finishing order: one pass over the pace axis, block by block.

The probability that a driver finishes with ``k`` rivals ahead is an integral over that driver's own pace
``x``. Given ``x`` and nothing else, the other *teams* are independent of each other, and each has 0, 1 or 2
unretired cars ahead of ``x``; the number of cars ahead is the sum over teams, a product of quadratics
in the counting variable. Four facts keep it cheap and free of nested quadrature:

* given that a driver's pace is ``x``, the shared car term is normal, so the chance that the teammate is
  ahead is a mixture of normal cdfs in closed form;
* the chance that *both* cars of a team are ahead of ``x`` is the integral from ``x`` upwards of "one of them
  is at ``u`` and the other ahead of ``u``", which the pass has at hand when it walks from fast to slow;
* the leave-one-team-out product comes from products of the teams before and after it (dividing the team out
  of the product of all would lose digits);
* products of polynomials in the counting variable are products of their values at the D-th roots of unity,
  so the places are read off at the very end by one discrete Fourier transform per driver.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from formguide.formula1._pace_axis import Law, Rule, compiled

BLOCK = 4
"""Panels that are worked on together: their arrays stay in the processor's nearer caches."""

VALID = 5.4
"""Largest |z| at which the polynomials below stand for the normal cdf and density."""


class _Entries(NamedTuple):
    """The same, driver by driver (variances, and -1 for no teammate), and team by team.

    ``first`` and ``second`` are the drivers of each team, -1 for no second.
    """

    mean: np.ndarray
    own_var: np.ndarray
    car_var: np.ndarray
    start_prob: np.ndarray
    mate: np.ndarray
    noise_weight: np.ndarray
    noise_shift: np.ndarray
    noise_var: np.ndarray
    first: np.ndarray
    second: np.ndarray


class _Paces(NamedTuple):
    """For every driver (row) and node x of the pace axis (column):

    ``ahead``: the probability that the driver runs and is faster than x. ``mate_behind`` and ``mate_ahead``:
    that the driver runs and has pace x (density times quadrature weight) while the teammate is not, or is,
    running ahead of x.
    """

    ahead: np.ndarray
    mate_behind: np.ndarray
    mate_ahead: np.ndarray


class _Counts(NamedTuple):
    """For every team (row) and node x (column): the chance of ``one`` and of ``two`` cars ahead of x."""

    one: np.ndarray
    two: np.ndarray


def _powers(function: Callable[[float], float], degree: int) -> tuple[float, ...]:
    """Coefficients on [-1, 1], highest power first, of the polynomial through the Chebyshev points."""
    points = np.cos(np.pi * (np.arange(200) + 0.5) / 200)
    series = chebyshev.chebfit(points, [function(float(point)) for point in points], degree)
    return tuple(float(c) for c in chebyshev.cheb2poly(series)[::-1])


# Phi(z) = 1/2 + z P(y) and exp(-z^2/2) = Q(y)^16 with y = 2 z^2 / VALID^2 - 1, both to 5e-9 for |z| <= VALID.
_P = _powers(lambda y: math.erf(VALID * math.sqrt((y + 1) / 4)) / (2 * VALID * math.sqrt((y + 1) / 2)), 16)
_Q = _powers(lambda y: math.exp(-(y + 1) * VALID * VALID / 64), 8)
_P0, _P1, _P2, _P3, _P4, _P5, _P6, _P7, _P8, _P9, _P10, _P11, _P12, _P13, _P14, _P15, _P16 = _P
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5, _Q6, _Q7, _Q8 = _Q
_TO_UNIT = 2.0 / (VALID * VALID)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def _cdf(z: float) -> float:
    """Standard normal cdf for |z| <= VALID."""
    y = z * z * _TO_UNIT - 1.0
    p = (((((((_P0 * y + _P1) * y + _P2) * y + _P3) * y + _P4) * y + _P5) * y + _P6) * y + _P7) * y + _P8
    p = (((((((p * y + _P9) * y + _P10) * y + _P11) * y + _P12) * y + _P13) * y + _P14) * y + _P15) * y + _P16
    return 0.5 + z * p


@compiled
def _bell(z: float) -> float:
    """exp(-z^2/2) for |z| <= VALID."""
    y = z * z * _TO_UNIT - 1.0
    q = (((((((_Q0 * y + _Q1) * y + _Q2) * y + _Q3) * y + _Q4) * y + _Q5) * y + _Q6) * y + _Q7) * y + _Q8
    q *= q
    q *= q
    q *= q
    return q * q


@compiled
def _own_paces(entries: _Entries, x: np.ndarray, weight: np.ndarray, paces: _Paces) -> None:
    """Fill ``paces`` at the ascending nodes ``x`` with quadrature weights ``weight``."""
    mean, own_var, car_var, start_prob, mate = entries[:5]
    noise_weight, noise_shift, noise_var = entries[5:8]
    lanes = len(x)
    density = np.empty(lanes)
    chance = np.empty(lanes)
    for d in range(len(mean)):
        ahead_d = paces.ahead[d]
        behind_d = paces.mate_behind[d]
        front_d = paces.mate_ahead[d]
        for lane in range(lanes):
            ahead_d[lane] = 0.0
            behind_d[lane] = 0.0
            front_d[lane] = 0.0
        if start_prob[d] == 0.0:
            continue
        m = mate[d]
        for k in range(len(noise_weight)):
            share = noise_weight[k] * start_prob[d]
            if share == 0.0:
                continue
            centre = mean[d] + noise_shift[k]
            own = own_var[d] + noise_var[k]
            sd = math.sqrt(own + car_var[d])
            begin = np.searchsorted(x, centre - VALID * sd)
            end = np.searchsorted(x, centre + VALID * sd)
            for lane in range(begin):
                ahead_d[lane] += share
            # Views that start at 0: an index that may be negative keeps a loop from being vectorised.
            near = x[begin:end]
            near_weight = weight[begin:end]
            near_ahead = ahead_d[begin:end]
            near_behind = behind_d[begin:end]
            near_front = front_d[begin:end]
            count = end - begin
            inverse = 1.0 / sd
            scale = share * _INV_SQRT_2PI * inverse
            for lane in range(count):
                z = (near[lane] - centre) * inverse
                near_ahead[lane] += share * _cdf(-z)
                density[lane] = scale * _bell(z) * near_weight[lane]
            if m < 0 or start_prob[m] == 0.0:
                for lane in range(count):
                    near_behind[lane] += density[lane]
                continue
            # Given the pace x, the car's part is N(car share * (x - centre), car_var * own_share).
            own_share = own / (own + car_var[d])
            for lane in range(count):
                chance[lane] = 0.0
            for j in range(len(noise_weight)):
                mate_share = noise_weight[j] * start_prob[m]
                mate_inverse = 1.0 / math.sqrt(own_var[m] + noise_var[j] + car_var[d] * own_share)
                gap = (mean[m] + noise_shift[j] - centre) * mate_inverse
                slope = own_share * mate_inverse
                for lane in range(count):
                    z = gap - slope * (near[lane] - centre)
                    z = VALID if z > VALID else z
                    z = -VALID if z < -VALID else z
                    chance[lane] += mate_share * _cdf(z)
            for lane in range(count):
                both = density[lane] * chance[lane]
                near_front[lane] += both
                near_behind[lane] += density[lane] - both


@compiled
def _team_counts(
    entries: _Entries, paces: _Paces, partial: np.ndarray, both: np.ndarray, counts: _Counts
) -> None:
    """Fill ``counts``; ``partial`` is the matrix of the ``Rule``.

    ``both``, per team, carries the chance that two cars are ahead of the block's upper end, and is moved to
    its lower end.
    """
    ahead = paces.ahead
    mate_ahead = paces.mate_ahead
    nodes = len(partial)
    lanes = ahead.shape[1]
    above = np.empty(nodes)
    for t in range(len(both)):
        i = entries.first[t]
        j = entries.second[t]
        one_t = counts.one[t]
        two_t = counts.two[t]
        for lane in range(lanes):
            one_t[lane] = ahead[i, lane]
            two_t[lane] = 0.0
        if j < 0:
            continue
        for start in range(lanes - nodes, -1, -nodes):
            for lane in range(nodes):
                above[lane] = both[t]
            for source in range(nodes):
                flow = mate_ahead[i, start + source] + mate_ahead[j, start + source]
                both[t] += flow
                if flow != 0.0:
                    for lane in range(nodes):
                        above[lane] += flow * partial[source, lane]
            for lane in range(nodes):
                two_t[start + lane] = above[lane]
        for lane in range(lanes):
            one_t[lane] += ahead[j, lane] - 2.0 * two_t[lane]


@compiled
def _add_transforms(
    cosine: float,
    sine: float,
    entries: _Entries,
    paces: _Paces,
    counts: _Counts,
    after_re: np.ndarray,
    after_im: np.ndarray,
    real: np.ndarray,
    imag: np.ndarray,
) -> None:
    """Add the block's part of E[z^(cars ahead); the driver finishes], z = cosine + i sine, per driver."""
    one = counts.one
    two = counts.two
    teams, lanes = one.shape
    # z^count of a team is 1 + one (z - 1) + two (z^2 - 1).
    one_re = cosine - 1.0
    one_im = sine
    two_re = cosine * cosine - sine * sine - 1.0
    two_im = 2.0 * cosine * sine
    before_re = np.ones(lanes)
    before_im = np.zeros(lanes)
    for lane in range(lanes):
        after_re[teams - 1, lane] = 1.0
        after_im[teams - 1, lane] = 0.0
    for t in range(teams - 1, 0, -1):
        p1 = one[t]
        p2 = two[t]
        from_re = after_re[t]
        from_im = after_im[t]
        to_re = after_re[t - 1]
        to_im = after_im[t - 1]
        for lane in range(lanes):
            re = 1.0 + one_re * p1[lane] + two_re * p2[lane]
            im = one_im * p1[lane] + two_im * p2[lane]
            to_re[lane] = from_re[lane] * re - from_im[lane] * im
            to_im[lane] = from_re[lane] * im + from_im[lane] * re
    for t in range(teams):
        i = entries.first[t]
        j = entries.second[t]
        p1 = one[t]
        p2 = two[t]
        from_re = after_re[t]
        from_im = after_im[t]
        behind_i = paces.mate_behind[i]
        front_i = paces.mate_ahead[i]
        behind_j = paces.mate_behind[j]
        front_j = paces.mate_ahead[j]
        sum_i_re = 0.0
        sum_i_im = 0.0
        sum_j_re = 0.0
        sum_j_im = 0.0
        for lane in range(lanes):
            b_re = before_re[lane]
            b_im = before_im[lane]
            re = b_re * from_re[lane] - b_im * from_im[lane]
            im = b_re * from_im[lane] + b_im * from_re[lane]
            own_re = behind_i[lane] + cosine * front_i[lane]
            own_im = sine * front_i[lane]
            sum_i_re += own_re * re - own_im * im
            sum_i_im += own_re * im + own_im * re
            own_re = behind_j[lane] + cosine * front_j[lane]
            own_im = sine * front_j[lane]
            sum_j_re += own_re * re - own_im * im
            sum_j_im += own_re * im + own_im * re
            re = 1.0 + one_re * p1[lane] + two_re * p2[lane]
            im = one_im * p1[lane] + two_im * p2[lane]
            before_re[lane] = b_re * re - b_im * im
            before_im[lane] = b_re * im + b_im * re
        real[i] += sum_i_re
        imag[i] += sum_i_im
        if j >= 0:
            real[j] += sum_j_re
            imag[j] += sum_j_im


@compiled
def _entries(law: Law) -> _Entries:
    """The law driver by driver and team by team."""
    drivers = len(law.mean)
    car_var = np.empty(drivers)
    mate = np.full(drivers, -1)
    first = np.empty(drivers, np.int64)
    second = np.full(drivers, -1)
    team_of_car = np.full(len(law.car_sd), -1)
    teams = 0
    for d in range(drivers):
        car = law.car[d]
        car_var[d] = law.car_sd[car] ** 2
        team = team_of_car[car]
        if team < 0:
            team_of_car[car] = teams
            first[teams] = d
            teams += 1
        else:
            second[team] = d
            mate[d] = first[team]
            mate[first[team]] = d
    return _Entries(
        law.mean,
        law.own_sd**2,
        car_var,
        1.0 - law.retire_prob,
        mate,
        law.noise_weight,
        law.noise_shift,
        law.noise_sd**2,
        first[:teams],
        second[:teams],
    )


@compiled
def classified_places(law: Law, edges: np.ndarray, rule: Rule) -> np.ndarray:
    """P[d, k]: driver d finishes (does not retire) with exactly k unretired cars ahead.

    ``edges`` and ``rule`` as from ``_pace_axis.pace_axis``.
    """
    entries = _entries(law)
    drivers = len(entries.mean)
    teams = len(entries.first)
    nodes = len(rule.x)

    # Values of the generating function at the roots of unity of the upper half circle.
    roots = drivers // 2 + 1
    cosine = np.empty(drivers)
    sine = np.empty(drivers)
    for r in range(drivers):
        cosine[r] = math.cos(2.0 * math.pi * r / drivers)
        sine[r] = math.sin(2.0 * math.pi * r / drivers)
    real = np.zeros((roots, drivers))
    imag = np.zeros((roots, drivers))
    both = np.zeros(teams)
    done = len(edges)
    while done > 0:
        begin = max(0, done - BLOCK)
        lanes = (done - begin) * nodes
        x = np.empty(lanes)
        weight = np.empty(lanes)
        for panel in range(begin, done):
            half = 0.5 * (edges[panel, 1] - edges[panel, 0])
            middle = 0.5 * (edges[panel, 1] + edges[panel, 0])
            for node in range(nodes):
                x[(panel - begin) * nodes + node] = middle + half * rule.x[node]
                weight[(panel - begin) * nodes + node] = half * rule.weight[node]
        done = begin

        wide = (drivers, lanes)
        paces = _Paces(np.empty(wide), np.empty(wide), np.empty(wide))
        counts = _Counts(np.empty((teams, lanes)), np.empty((teams, lanes)))
        after_re = np.empty((teams, lanes))
        after_im = np.empty((teams, lanes))
        _own_paces(entries, x, weight, paces)
        _team_counts(entries, paces, rule.partial, both, counts)
        for d in range(drivers):  # at the root 1, where every product is 1
            for lane in range(lanes):
                real[0, d] += paces.mate_behind[d, lane] + paces.mate_ahead[d, lane]
        for r in range(1, roots):
            _add_transforms(cosine[r], sine[r], entries, paces, counts, after_re, after_im, real[r], imag[r])

    places = np.zeros((drivers, drivers))
    for d in range(drivers):
        if real[0, d] <= 0.0:
            continue
        scale = entries.start_prob[d] / (real[0, d] * drivers)
        for k in range(drivers):
            value = real[0, d]
            for r in range(1, roots):
                turn = (r * k) % drivers
                fold = 1.0 if 2 * r == drivers else 2.0
                value += fold * (real[r, d] * cosine[turn] + imag[r, d] * sine[turn])
            places[d, k] = max(0.0, value * scale)
    return places
