"""The pace axis of a race: where an integral over pace is worth a node, and how nodes are weighted.

Where the drivers' standard deviations are much alike, the nodes are evenly spaced over the whole axis: for
smooth densities that vanish at both ends the trapezoid rule converges faster than any power of the step
(Trefethen and Weideman, SIAM Review 56, 2014), and so does the integral up to a node, by sinc functions
(Stenger, "Numerical Methods Based on Sinc and Analytic Functions", 1993).

Where they are not, the axis is cut into panels of Gauss-Legendre nodes. A panel is at most ``WIDTH`` times
the smallest standard deviation that is alive inside it, so that one very precise driver refines the axis
near that driver only, and stretches where nobody can be are skipped.

Compiled functions that are called by other compiled functions live in the same module as their callers:
numba keeps compiled code by file, and would not notice a change of something it had taken in from another.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.polynomial import legendre

F = TypeVar("F", bound=Callable[..., Any])

REACH = 5.4
"""Standard deviations beyond which a normal component is taken as over (mass beyond: 7e-8)."""

STEP = 0.32
"""Distance of evenly spaced nodes, in units of the smallest standard deviation."""

MOST_EVEN = 128
"""Nodes beyond which panels are used in any case."""

NODES = 20
"""Gauss-Legendre nodes in a panel."""

WIDTH = 5.5
"""Width of a panel in units of the smallest standard deviation alive in it.

These settings keep every probability within 1e-6. Against panels of a third of the width, on 10,000 random
fields of 2 to 26 drivers, half of them with scales up to four orders of magnitude apart, the largest error
was 3e-7, and 99.5 % of the fields stayed below 1e-7.
"""


class Law(NamedTuple):
    """The attributes of ``finishing_order.Field`` as compiled code takes them.

    The mean is centred, and ``own_sd`` is above zero.
    """

    mean: np.ndarray
    own_sd: np.ndarray
    car: np.ndarray
    car_sd: np.ndarray
    retire_prob: np.ndarray
    noise_weight: np.ndarray
    noise_shift: np.ndarray
    noise_sd: np.ndarray


def compiled(function: F) -> F:
    """``numba.njit`` with an on-disk cache, keeping the type of the function.

    Products may be fused with sums; sums may not be reassociated: the order that the compiler then chooses
    differs from one process that compiles to the next, and with it the last bits of every forecast. Inner
    loops run
    to a length that the compiler does not know: it unrolls a short known one before it looks for vectors, and
    then
    finds none.
    """
    flags = {"contract", "nsz", "arcp"}
    return cast(F, numba.njit(cache=True, fastmath=flags, error_model="numpy")(function))


class Rule(NamedTuple):
    """Nodes and weights on [-1, 1]; ``partial[s, l]`` is the part of weight s that lies above node l."""

    x: np.ndarray
    weight: np.ndarray
    partial: np.ndarray


def _panel_rule() -> Rule:
    nodes, weights = legendre.leggauss(NODES)
    above = np.empty((NODES, NODES))
    for k in range(NODES):
        antiderivative = legendre.legint(np.eye(NODES)[k])
        above[:, k] = legendre.legval(1.0, antiderivative) - legendre.legval(nodes, antiderivative)
    integrate = above @ np.linalg.inv(legendre.legvander(nodes, NODES - 1))
    return Rule(nodes, weights, np.ascontiguousarray((integrate / weights).T))


PANEL = _panel_rule()
"""The rule of one panel."""


@lru_cache(maxsize=MOST_EVEN)
def even_rule(nodes: int) -> Rule:
    """The rule of evenly spaced nodes, half a step from the ends."""
    from scipy.special import sici  # loads in a third of a second: not for --help

    s = np.arange(nodes)
    partial = 0.5 + sici(np.pi * (s[:, None] - s))[0] / np.pi
    return Rule((2 * s + 1) / nodes - 1.0, np.full(nodes, 2.0 / nodes), partial)


@compiled
def panels(centre: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Edges of the panels, shape (panels, 2), from slow to fast.

    ``centre`` and ``sd``, shape (n,), are the normal components that can finish; a component lives within
    ``REACH`` standard deviations of its centre.
    """
    # Begin and end are worked out once: a second evaluation may be rounded otherwise, and miss an edge.
    begin = centre - REACH * sd
    end = centre + REACH * sd
    n = len(centre)
    edges = np.empty((64, 2))
    count = 0
    left = -np.inf
    while True:
        finest = np.inf
        nearest = np.inf
        for i in range(n):
            if begin[i] > left:
                nearest = min(nearest, begin[i])
            elif end[i] > left:
                finest = min(finest, sd[i])
        if finest == np.inf:
            if nearest == np.inf:
                return edges[:count]
            left = nearest
            continue
        # The next edge that matters: where the finest components end, or where a finer one begins.
        stop = left
        for i in range(n):
            if begin[i] <= left and sd[i] <= 1.25 * finest:
                stop = max(stop, end[i])
        for i in range(n):
            if begin[i] > left and sd[i] < 0.8 * finest:
                stop = min(stop, begin[i])
        pieces = max(1, math.ceil((stop - left) / (WIDTH * finest) - 1e-9))
        right = stop if pieces == 1 else left + (stop - left) / pieces
        if right <= left:
            right = np.nextafter(left, np.inf)
        if count == len(edges):
            longer = np.empty((2 * count, 2))
            for k in range(count):  # an assignment of slices takes the compiler seconds
                longer[k, 0] = edges[k, 0]
                longer[k, 1] = edges[k, 1]
            edges = longer
        edges[count, 0] = left
        edges[count, 1] = right
        count += 1
        left = right


@compiled
def panels_of(law: Law) -> tuple[np.ndarray, float]:
    """The panels of a field, and its smallest standard deviation."""
    centre = np.empty(len(law.mean) * len(law.noise_weight))
    sd = np.empty(len(centre))
    live = 0
    finest = np.inf
    for d in range(len(law.mean)):
        if law.retire_prob[d] >= 1.0:
            continue
        for k in range(len(law.noise_weight)):
            if law.noise_weight[k] > 0.0:
                centre[live] = law.mean[d] + law.noise_shift[k]
                sd[live] = math.sqrt(law.own_sd[d] ** 2 + law.noise_sd[k] ** 2 + law.car_sd[law.car[d]] ** 2)
                finest = min(finest, sd[live])
                live += 1
    return panels(centre[:live], sd[:live]), finest


def pace_axis(law: Law) -> tuple[np.ndarray, Rule]:
    """Edges of the panels of a field, shape (panels, 2), from slow to fast, and the rule to use in each."""
    edges, finest = panels_of(law)
    if len(edges):
        low, high = edges[0, 0], edges[-1, 1]
        even = 8 * math.ceil((high - low) / (8 * STEP * finest))
        if even <= min(MOST_EVEN, NODES * len(edges)):
            return np.array([[low, high]]), even_rule(even)
    return edges, PANEL
