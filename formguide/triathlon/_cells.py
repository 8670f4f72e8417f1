"""What a Gaussian likelihood needs to know of the data, in one pass: sums per cell, then the Gram matrix.

A row of the design belongs to one level of each group (gender, age group, course …) or to none, and has some
continuous covariates. Rows that share all their levels are a cell; within it only the weighted sums of the
products of (1, covariates, outcome) matter. Four million rows become a few thousand cells, and the cells a
matrix as wide as there are effects. Nothing is lost: the posterior given the sums is the posterior given the
rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_BLOCK = 1024
_MOST_CELLS = 200_000
"""Up to so many combinations of levels have a cell each whether or not a row is in it."""


@dataclass(frozen=True, eq=False)
class Group:
    """A factor: its name, its levels in words, and each row's level (n,), −1 for none."""

    name: str
    levels: tuple[str, ...]
    index: Ints

    def __post_init__(self) -> None:
        if len(self.index) and not (self.index.min() >= -1 and self.index.max() < len(self.levels)):
            raise ValueError(f"{self.name}: a row has a level that is not one of {len(self.levels)}")


@dataclass(frozen=True, eq=False)
class Design:
    """Rows of a model: groups, covariates (n, k) with names, outcome (n,) and, if they differ, weights (n,).

    A weight multiplies the precision of its row: a row of weight 2 has half the residual variance.
    """

    groups: tuple[Group, ...]
    y: Floats
    names: tuple[str, ...] = ()
    x: Floats = field(default_factory=lambda: np.empty((0, 0)))
    weight: Floats | None = None

    @property
    def covariates(self) -> Floats:
        """The covariates as (n, k), k = 0 where there are none."""
        return self.x if len(self.names) else np.empty((len(self.y), 0))


@dataclass(frozen=True, eq=False)
class Moments:
    """The sufficient statistics of a design for a Gaussian likelihood.

    Columns are the levels of all groups, group by group, then the intercept and the covariates.

    Attributes:
        groups: names, and levels in words, in the order of the columns; fixed: names of the rest.
        gram: (p, p) weighted sums of products of columns; cross: (p,) of columns and outcome.
        square: weighted sum of squares of the outcome; n: rows; log_weight: sum of the logs of the weights.
        cells: combinations of levels that have a row.
    """

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    fixed: tuple[str, ...]
    gram: Floats
    cross: Floats
    square: float
    n: int
    log_weight: float
    cells: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many levels each group has."""
        return tuple(len(levels) for _, levels in self.groups)


def moments(design: Design) -> Moments:
    """The sufficient statistics of a design, in one pass over its rows.

    Raises:
        ValueError: if an array has another length than the outcome, or a number is not finite.
    """
    n = len(design.y)
    x, weight = design.covariates, design.weight
    lengths = (
        [len(group.index) for group in design.groups] + [len(x)] + [len(weight) if weight is not None else n]
    )
    if any(length != n for length in lengths) or x.shape[1] != len(design.names):
        raise ValueError(
            f"{n} outcomes, but arrays of {sorted(set(lengths))} rows and {x.shape[1]} covariates"
        )
    cell, strides, levels = _cells_of(design)
    x = np.ascontiguousarray(x)
    if x.shape[1] == 2 and weight is None:
        sums = _accumulate_two(cell, strides, x, design.y, len(levels))
    else:
        sums = _accumulate(cell, strides, x, design.y, np.ones(0) if weight is None else weight, len(levels))
    if not np.isfinite(sums).all():
        raise ValueError("a covariate, an outcome or a weight is not a finite number")
    sizes = np.array([len(group.levels) for group in design.groups], dtype=np.int64)
    gram, cross, square = _expand(sums, levels, sizes, x.shape[1])
    return Moments(
        groups=tuple((group.name, group.levels) for group in design.groups),
        fixed=("intercept", *design.names),
        gram=gram,
        cross=cross,
        square=square,
        n=n,
        log_weight=0.0 if weight is None else float(np.log(weight).sum()),
        cells=int((sums[:, 0] > 0).sum()),
    )


def _cells_of(design: Design) -> tuple[Ints, NDArray[np.int64], NDArray[np.int64]]:
    """Level of each row in each of some factors (f, n), the factors' strides, and each cell's levels (c, g).

    The factors are the groups themselves while all combinations fit; otherwise one: the combinations there
    are.
    """
    n, sizes = len(design.y), [len(group.levels) + 1 for group in design.groups]
    strides = np.ones(len(sizes), dtype=np.int64)
    for g in range(len(sizes) - 2, -1, -1):
        strides[g] = strides[g + 1] * sizes[g + 1]
    count = int(strides[0] * sizes[0]) if sizes else 1
    index = np.empty((len(sizes), n), dtype=np.int32)
    for g, group in enumerate(design.groups):
        index[g] = group.index
    if count <= _MOST_CELLS:
        return index, strides, _levels(np.arange(count, dtype=np.int64), strides, sizes)
    combined = ((index + 1) * strides[:, None]).sum(axis=0)
    there, cell = np.unique(combined, return_inverse=True)
    # One factor, whose level −1 nobody has.
    levels = np.vstack([np.full((1, len(sizes)), -1), _levels(there, strides, sizes)])
    return cell.astype(np.int32)[None, :], np.ones(1, dtype=np.int64), levels


def _levels(cells: NDArray[np.int64], strides: NDArray[np.int64], sizes: list[int]) -> NDArray[np.int64]:
    columns = [cells // stride % size - 1 for stride, size in zip(strides, sizes, strict=True)]
    return np.stack(columns, axis=1) if columns else np.empty((len(cells), 0), dtype=np.int64)


@numba.njit(cache=True, error_model="numpy")
def _accumulate(
    index: Ints, strides: NDArray[np.int64], x: Floats, y: Floats, weight: Floats, cells: int
) -> Floats:
    """Sums per cell of w (1, x, y)(1, x, y)', the upper triangle row by row: (cells, (k + 2)(k + 3) / 2)."""
    factors, n = index.shape
    k = x.shape[1]
    m = k + 2
    sums = np.zeros((cells, m * (m + 1) // 2))
    row = np.ones(m)
    weighted = len(weight) > 0
    for i in range(n):
        cell = 0
        for f in range(factors):
            cell += (index[f, i] + 1) * strides[f]
        for c in range(k):
            row[c + 1] = x[i, c]
        row[k + 1] = y[i]
        w = weight[i] if weighted else 1.0
        at = 0
        for a in range(m):
            wa = w * row[a]
            for b in range(a, m):
                sums[cell, at] += wa * row[b]
                at += 1
    return sums


@numba.njit(cache=True, error_model="numpy")
def _accumulate_two(index: Ints, strides: NDArray[np.int64], x: Floats, y: Floats, cells: int) -> Floats:
    """`_accumulate` of two covariates without weights: written out, and with the cells of a block of rows
    made first, it is four times as fast."""
    factors, n = index.shape
    sums = np.zeros((cells, 10))
    cell = np.empty(_BLOCK, np.int64)
    for start in range(0, n, _BLOCK):
        end = min(n, start + _BLOCK)
        for i in range(start, end):
            cell[i - start] = 0
        for f in range(factors):
            stride = strides[f]
            for i in range(start, end):
                cell[i - start] += (index[f, i] + 1) * stride
        for i in range(start, end):
            mine = sums[cell[i - start]]
            u, v, z = x[i, 0], x[i, 1], y[i]
            mine[0] += 1.0
            mine[1] += u
            mine[2] += v
            mine[3] += z
            mine[4] += u * u
            mine[5] += u * v
            mine[6] += u * z
            mine[7] += v * v
            mine[8] += v * z
            mine[9] += z * z
    return sums


@numba.njit(cache=True, error_model="numpy")
def _expand(
    sums: Floats, levels: NDArray[np.int64], sizes: NDArray[np.int64], k: int
) -> tuple[Floats, Floats, float]:
    """The Gram matrix of the columns, their products with the outcome, and the outcome's square."""
    groups = len(sizes)
    m = k + 2
    fixed = 0
    start = np.zeros(groups, dtype=np.int64)
    for g in range(groups):
        start[g] = fixed
        fixed += sizes[g]
    p = fixed + k + 1
    gram, cross, square = np.zeros((p, p)), np.zeros(p), 0.0
    for cell in range(len(sums)):
        if sums[cell, 0] == 0.0:
            continue
        for g in range(groups):
            if levels[cell, g] < 0:
                continue
            i = start[g] + levels[cell, g]
            for h in range(g, groups):
                if levels[cell, h] >= 0:
                    gram[i, start[h] + levels[cell, h]] += sums[cell, 0]
            for c in range(k + 1):
                gram[i, fixed + c] += sums[cell, c]
            cross[i] += sums[cell, k + 1]
        at = 0
        for a in range(m):
            for b in range(a, m):
                if b <= k:
                    gram[fixed + a, fixed + b] += sums[cell, at]
                elif a <= k:
                    cross[fixed + a] += sums[cell, at]
                else:
                    square += sums[cell, at]
                at += 1
    for i in range(p):
        for j in range(i):
            gram[i, j] = gram[j, i]
    return gram, cross, square
