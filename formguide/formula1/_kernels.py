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

The pace axis is cut into panels of Gauss-Legendre nodes. A panel is at most ``WIDTH`` times the smallest
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

NODES = 20
"""Gauss-Legendre nodes in a panel."""

BLOCK = 4
"""Panels that are worked on together: their arrays stay in the processor's nearer caches."""

REACH = 5.4
"""Standard deviations beyond which a normal component is taken as over (mass beyond: 7e-8)."""

WIDTH = 6.6
"""Width of a panel in units of the smallest standard deviation alive in it.

With NODES and REACH this keeps every probability within 2e-7 on fields from identical drivers to scales and
spans of four orders of magnitude; at 10 the error of twenty identical drivers is 1e-3."""


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function.

    Sums may be reassociated and products fused (so that reductions vectorise); infinities and NaN keep
    their meaning. Inner loops run to a length that the compiler does not know: it unrolls a short known
    one before it looks for vectors, and then finds none.
    """
    flags = {"reassoc", "contract", "nsz", "arcp"}
    return cast(F, numba.njit(cache=True, fastmath=flags, error_model="numpy")(function))


def _panel_rule() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes and weights on [-1, 1], and row s, lane l: the part of weight s that lies above node l."""
    nodes, weights = legendre.leggauss(NODES)
    above = np.empty((NODES, NODES))
    for k in range(NODES):
        antiderivative = legendre.legint(np.eye(NODES)[k])
        above[:, k] = legendre.legval(1.0, antiderivative) - legendre.legval(nodes, antiderivative)
    integrate = above @ np.linalg.inv(legendre.legvander(nodes, NODES - 1))
    return nodes, weights, np.ascontiguousarray((integrate / weights).T)


def _powers(function: Callable[[float], float], degree: int) -> tuple[float, ...]:
    """Coefficients on [-1, 1], highest power first, of the polynomial through the Chebyshev points."""
    points = np.cos(np.pi * (np.arange(200) + 0.5) / 200)
    series = chebyshev.chebfit(points, [function(float(point)) for point in points], degree)
    return tuple(float(c) for c in chebyshev.cheb2poly(series)[::-1])


RULE = _panel_rule()
"""Nodes, weights and the matrix of partial weights of a panel, as ``classified_places`` takes them."""

# Phi(z) = 1/2 + z P(y) and exp(-z^2/2) = Q(y)^16 with y = 2 z^2 / REACH^2 - 1, both to 5e-9 for |z| <= REACH.
_P = _powers(lambda y: math.erf(REACH * math.sqrt((y + 1) / 4)) / (2 * REACH * math.sqrt((y + 1) / 2)), 16)
_Q = _powers(lambda y: math.exp(-(y + 1) * REACH * REACH / 64), 8)
_P0, _P1, _P2, _P3, _P4, _P5, _P6, _P7, _P8, _P9, _P10, _P11, _P12, _P13, _P14, _P15, _P16 = _P
_Q0, _Q1, _Q2, _Q3, _Q4, _Q5, _Q6, _Q7, _Q8 = _Q
_TO_UNIT = 2.0 / (REACH * REACH)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@compiled
def _cdf(z: float) -> float:
    """Standard normal cdf for |z| <= REACH."""
    y = z * z * _TO_UNIT - 1.0
    p = (((((((_P0 * y + _P1) * y + _P2) * y + _P3) * y + _P4) * y + _P5) * y + _P6) * y + _P7) * y + _P8
    p = (((((((p * y + _P9) * y + _P10) * y + _P11) * y + _P12) * y + _P13) * y + _P14) * y + _P15) * y + _P16
    return 0.5 + z * p


@compiled
def _bell(z: float) -> float:
    """exp(-z^2/2) for |z| <= REACH."""
    y = z * z * _TO_UNIT - 1.0
    q = (((((((_Q0 * y + _Q1) * y + _Q2) * y + _Q3) * y + _Q4) * y + _Q5) * y + _Q6) * y + _Q7) * y + _Q8
    q *= q
    q *= q
    q *= q
    return q * q


@compiled
def panels(centre: np.ndarray, sd: np.ndarray) -> np.ndarray:
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
        pieces = max(1, int(math.ceil((stop - left) / (WIDTH * finest) - 1e-9)))
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
def _own_paces(
    x: np.ndarray,
    weight: np.ndarray,
    mean: np.ndarray,
    own_var: np.ndarray,
    mate: np.ndarray,
    car_var: np.ndarray,
    start_prob: np.ndarray,
    noise_weight: np.ndarray,
    noise_shift: np.ndarray,
    noise_var: np.ndarray,
    ahead: np.ndarray,
    mate_behind: np.ndarray,
    mate_ahead: np.ndarray,
) -> None:
    """Fill, for every driver (row) and node (column), with ``x`` ascending:

    ``ahead``: the driver runs and is faster than x. ``mate_behind`` and ``mate_ahead``: the driver runs and
    has pace x (density times quadrature weight), and the teammate is not, or is, running ahead of x.
    """
    lanes = len(x)
    density = np.empty(lanes)
    chance = np.empty(lanes)
    for d in range(len(mean)):
        ahead_d = ahead[d]
        behind_d = mate_behind[d]
        front_d = mate_ahead[d]
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
            begin = np.searchsorted(x, centre - REACH * sd)
            end = np.searchsorted(x, centre + REACH * sd)
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
                    z = REACH if z > REACH else z
                    z = -REACH if z < -REACH else z
                    chance[lane] += mate_share * _cdf(z)
            for lane in range(count):
                both = density[lane] * chance[lane]
                near_front[lane] += both
                near_behind[lane] += density[lane] - both


@compiled
def _team_counts(
    ahead: np.ndarray,
    mate_ahead: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    partial: np.ndarray,
    both: np.ndarray,
    one: np.ndarray,
    two: np.ndarray,
) -> None:
    """Fill ``one`` and ``two``, (team, node): the chance of one and of two cars of the team ahead of x.

    ``both`` (team) carries the chance that two are ahead of the block's upper end, and is moved to its lower
    end. A team of one has ``second`` = -1.
    """
    nodes = len(partial)
    lanes = ahead.shape[1]
    above = np.empty(nodes)
    for t in range(len(one)):
        i = first[t]
        j = second[t]
        one_t = one[t]
        two_t = two[t]
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
    first: np.ndarray,
    second: np.ndarray,
    mate_behind: np.ndarray,
    mate_ahead: np.ndarray,
    one: np.ndarray,
    two: np.ndarray,
    after_re: np.ndarray,
    after_im: np.ndarray,
    real: np.ndarray,
    imag: np.ndarray,
) -> None:
    """Add the block's part of E[z^(cars ahead); the driver finishes], z = cosine + i sine, per driver."""
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
        i = first[t]
        j = second[t]
        p1 = one[t]
        p2 = two[t]
        from_re = after_re[t]
        from_im = after_im[t]
        behind_i = mate_behind[i]
        front_i = mate_ahead[i]
        behind_j = mate_behind[j]
        front_j = mate_ahead[j]
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
def classified_places(
    pace: np.ndarray,
    own_sd: np.ndarray,
    car: np.ndarray,
    car_sd: np.ndarray,
    retire_prob: np.ndarray,
    noise_weight: np.ndarray,
    noise_shift: np.ndarray,
    noise_sd: np.ndarray,
    smallest_sd: float,
    rule_x: np.ndarray,
    rule_weight: np.ndarray,
    rule_partial: np.ndarray,
) -> np.ndarray:
    """P[d, k]: driver d finishes (does not retire) with exactly k unretired cars ahead.

    The arguments up to ``noise_sd`` are the attributes of ``Field``; a driver's own standard deviations below
    ``smallest_sd`` (> 0) are raised to it; ``rule_*`` is ``RULE``.
    """
    drivers = len(pace)
    parts = len(noise_weight)
    nodes = len(rule_x)
    mean = pace - pace.mean()
    own_var = np.maximum(own_sd, smallest_sd) ** 2
    noise_var = noise_sd**2
    car_var = np.empty(drivers)
    start_prob = 1.0 - retire_prob
    mate = np.full(drivers, -1)
    first = np.empty(drivers, np.int64)
    second = np.full(drivers, -1)
    team_of_car = np.full(len(car_sd), -1)
    teams = 0
    for d in range(drivers):
        car_var[d] = car_sd[car[d]] ** 2
        team = team_of_car[car[d]]
        if team < 0:
            team_of_car[car[d]] = teams
            first[teams] = d
            teams += 1
        else:
            second[team] = d
            mate[d] = first[team]
            mate[first[team]] = d
    first = first[:teams]
    second = second[:teams]

    centre = np.empty(drivers * parts)
    sd = np.empty(drivers * parts)
    live = 0
    for d in range(drivers):
        for k in range(parts):
            if start_prob[d] > 0.0 and noise_weight[k] > 0.0:
                centre[live] = mean[d] + noise_shift[k]
                sd[live] = math.sqrt(own_var[d] + noise_var[k] + car_var[d])
                live += 1
    edges = panels(centre[:live], sd[:live])

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
                x[(panel - begin) * nodes + node] = middle + half * rule_x[node]
                weight[(panel - begin) * nodes + node] = half * rule_weight[node]
        done = begin

        ahead = np.empty((drivers, lanes))
        mate_behind = np.empty((drivers, lanes))
        mate_ahead = np.empty((drivers, lanes))
        one = np.empty((teams, lanes))
        two = np.empty((teams, lanes))
        after_re = np.empty((teams, lanes))
        after_im = np.empty((teams, lanes))
        _own_paces(
            x, weight, mean, own_var, mate, car_var, start_prob, noise_weight, noise_shift, noise_var,
            ahead, mate_behind, mate_ahead,
        )  # fmt: skip
        _team_counts(ahead, mate_ahead, first, second, rule_partial, both, one, two)
        for r in range(roots):
            _add_transforms(
                cosine[r], sine[r], first, second, mate_behind, mate_ahead, one, two,
                after_re, after_im, real[r], imag[r],
            )  # fmt: skip

    places = np.zeros((drivers, drivers))
    for d in range(drivers):
        if real[0, d] <= 0.0:
            continue
        scale = start_prob[d] / (real[0, d] * drivers)
        for k in range(drivers):
            value = real[0, d]
            for r in range(1, roots):
                turn = (r * k) % drivers
                fold = 1.0 if 2 * r == drivers else 2.0
                value += fold * (real[r, d] * cosine[turn] + imag[r, d] * sine[turn])
            places[d, k] = max(0.0, value * scale)
    return places


@compiled
def retired_places(retire_prob: np.ndarray) -> np.ndarray:
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
