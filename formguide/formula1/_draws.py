"""Compiled core of the simulator: random numbers, and the finishing orders of a block of races at once.

The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM
TOMS 47, 2021), seeded by splitmix64; normals come from the ziggurat of Marsaglia and Tsang (J. Stat. Soft. 5,
2000) with 256 layers. It is our own so that a seed gives the same bytes whatever NumPy is installed.

Races are drawn ``LANES`` at a time with the race as the innermost axis: pace, retirement and rank (by
counting who is faster, pair by pair) are then straight loops without a branch.
"""

from __future__ import annotations

import math

import numpy as np

from formguide.formula1._pace_axis import Law, compiled

LANES = 64
"""Races drawn together."""

RETIRED = -1e200
"""Keys at or below this belong to retired cars."""

# The ziggurat of 256 layers: where the base layer ends, and the area of each layer.
_TAIL = 3.6541528853610088
_AREA = 0.00492867323399


def _ziggurat() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Width of each layer per unit of a 52-bit integer, the integer below which it is certain, density."""
    edge = np.empty(257)
    edge[0] = _AREA / math.exp(-0.5 * _TAIL * _TAIL)
    edge[1] = _TAIL
    for i in range(2, 256):
        edge[i] = math.sqrt(-2.0 * math.log(_AREA / edge[i - 1] + math.exp(-0.5 * edge[i - 1] ** 2)))
    edge[256] = 0.0
    certain = np.floor(edge[1:] / edge[:-1] * 2.0**52).astype(np.int64)
    return edge[:-1] * 2.0**-52, certain, np.exp(-0.5 * edge**2)


_LAYER, _CERTAIN, _DENSITY = _ziggurat()

_A = np.uint64(0x9E3779B97F4A7C15)
_B = np.uint64(0xBF58476D1CE4E5B9)
_C = np.uint64(0x94D049BB133111EB)
_U1 = np.uint64(1)
_U9 = np.uint64(9)
_U11 = np.uint64(11)
_U12 = np.uint64(12)
_U17 = np.uint64(17)
_U19 = np.uint64(19)
_U23 = np.uint64(23)
_U27 = np.uint64(27)
_U30 = np.uint64(30)
_U31 = np.uint64(31)
_U32 = np.uint64(32)
_U41 = np.uint64(41)
_U45 = np.uint64(45)
_LOW8 = np.uint64(0xFF)
_LOW32 = np.uint64(0xFFFFFFFF)
_SIGN = np.uint64(0x100)


@compiled
def seeded(seed: int) -> np.ndarray:
    """State of the generator, four 64-bit words, from a seed."""
    state = np.empty(4, np.uint64)
    word = np.uint64(seed)
    for i in range(4):
        word += _A
        z = word
        z = (z ^ (z >> _U30)) * _B
        z = (z ^ (z >> _U27)) * _C
        state[i] = z ^ (z >> _U31)
    return state


@compiled
def next_word(state: np.ndarray) -> np.uint64:
    """The next 64 random bits."""
    s0 = state[0]
    s1 = state[1]
    s2 = state[2]
    s3 = state[3]
    total = s0 + s3
    word = ((total << _U23) | (total >> _U41)) + s0
    shifted = s1 << _U17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    state[0] = s0
    state[1] = s1
    state[2] = s2
    state[3] = (s3 << _U45) | (s3 >> _U19)
    return np.uint64(word)


@compiled
def uniform(state: np.ndarray) -> float:
    """Uniform on [0, 1) with 53 bits."""
    return np.float64(next_word(state) >> _U11) * 2.0**-53


@compiled
def fill_words(state: np.ndarray, out: np.ndarray) -> None:
    """Fill a one-dimensional array with random words."""
    for i in range(len(out)):
        out[i] = next_word(state)


@compiled
def _unlikely_normal(state: np.ndarray, layer: np.int64, x: float) -> float:
    """Finish a draw that fell outside the certain part of its layer; NaN if it is rejected."""
    if layer == 0:
        while True:
            step = -math.log(1.0 - uniform(state)) / _TAIL
            height = -math.log(1.0 - uniform(state))
            if height + height > step * step:
                return _TAIL + step
    top = _DENSITY[layer + 1]
    bottom = _DENSITY[layer]
    if bottom + uniform(state) * (top - bottom) < math.exp(-0.5 * x * x):
        return x
    return np.nan


@compiled
def fill_normals(state: np.ndarray, out: np.ndarray) -> None:
    """Fill a one-dimensional array with standard normals."""
    for i in range(len(out)):
        while True:
            word = next_word(state)
            layer = np.int64(word & _LOW8)
            size = np.int64(word >> _U12)
            x = np.float64(size) * _LAYER[layer]
            if size >= _CERTAIN[layer]:
                x = _unlikely_normal(state, layer, x)
                if np.isnan(x):
                    continue
            out[i] = -x if word & _SIGN else x
            break


@compiled
def race_places(
    state: np.ndarray,
    law: Law,
    expected: np.ndarray,
    normals: np.ndarray,
    words: np.ndarray,
    key: np.ndarray,
    place: np.ndarray,
) -> None:
    """Draw one race per lane: ``place[d, lane]`` is driver d's place from 0, ``key`` < RETIRED if retired.

    ``expected``, (D, lanes), is the expected pace lane by lane and takes the place of the law's
    mean. ``normals`` ((D + T) * lanes), ``words`` (D * lanes), ``key`` and ``place`` (D, lanes) are
    workspace.
    """
    drivers, lanes = expected.shape
    cars = len(law.car_sd)
    parts = len(law.noise_weight)
    fill_normals(state, normals)
    fill_words(state, words)
    second = law.noise_weight[0] * 2.0**32 if parts > 1 else 2.0**33
    third = (law.noise_weight[0] + law.noise_weight[1]) * 2.0**32 if parts > 2 else 2.0**33
    for d in range(drivers):
        own = law.own_sd[d]
        sd0 = math.sqrt(own * own + law.noise_sd[0] ** 2)
        sd1 = math.sqrt(own * own + law.noise_sd[1] ** 2) if parts > 1 else sd0
        sd2 = math.sqrt(own * own + law.noise_sd[2] ** 2) if parts > 2 else sd1
        shift0 = law.noise_shift[0]
        shift1 = law.noise_shift[1] if parts > 1 else shift0
        shift2 = law.noise_shift[2] if parts > 2 else shift1
        retire = law.retire_prob[d] * 2.0**32
        shared_sd = law.car_sd[law.car[d]]
        shared = normals[law.car[d] * lanes : (law.car[d] + 1) * lanes]
        alone = normals[(cars + d) * lanes : (cars + d + 1) * lanes]
        word = words[d * lanes : (d + 1) * lanes]
        mean = expected[d]
        key_d = key[d]
        place_d = place[d]
        for lane in range(lanes):
            # The upper half decides on retirement; the lower on the part of the noise, or on the order of
            # the retired: a driver needs only one of the two.
            high = np.float64(np.int64(word[lane] >> _U32))
            low = np.float64(np.int64(word[lane] & _LOW32))
            sd = sd0 if low < second else sd1
            shift = shift0 if low < second else shift1
            sd = sd if low < third else sd2
            shift = shift if low < third else shift2
            pace = mean[lane] + shift + shared_sd * shared[lane] + sd * alone[lane]
            key_d[lane] = RETIRED * (1.0 + low) if high < retire else pace
            place_d[lane] = 0
    for i in range(drivers):
        key_i = key[i]
        place_i = place[i]
        for j in range(i + 1, drivers):
            key_j = key[j]
            place_j = place[j]
            for lane in range(lanes):
                faster = np.int64(key_j[lane] > key_i[lane])
                place_i[lane] += faster
                place_j[lane] += 1 - faster


@compiled
def draw_races(
    seed: int,
    races: int,
    lanes: int,
    law: Law,
) -> np.ndarray:
    """Places from 1 of independent races of one field, int8, shape (races, D)."""
    drivers = len(law.mean)
    state = seeded(seed)
    expected = np.empty((drivers, lanes))
    for d in range(drivers):
        expected[d, :] = law.mean[d]
    normals = np.empty((drivers + len(law.car_sd)) * lanes)
    words = np.empty(drivers * lanes, np.uint64)
    key = np.empty((drivers, lanes))
    place = np.empty((drivers, lanes), np.int64)
    out = np.empty((races, drivers), np.int8)
    for start in range(0, races, lanes):
        race_places(state, law, expected, normals, words, key, place)
        for lane in range(min(lanes, races - start)):
            for d in range(drivers):
                out[start + lane, d] = place[d, lane] + 1
    return out


@compiled
def add_race(
    state: np.ndarray,
    seasons: int,
    lanes: int,
    which: np.ndarray,
    driver: np.ndarray,
    team: np.ndarray,
    law: Law,
    points: np.ndarray,
    place_worth: np.ndarray,
    driver_offset: np.ndarray,
    team_offset: np.ndarray,
    driver_points: np.ndarray,
    team_points: np.ndarray,
    driver_record: np.ndarray,
    team_record: np.ndarray,
) -> None:
    """Add one race, under one scenario, to the seasons listed in ``which``.

    ``driver`` and ``team`` give, for each entry of the field, the row of the season's arrays; these are
    (rows, seasons): offsets of pace, points so far, and records (see ``simulate.RECORD_PLACES``).
    ``points`` and ``place_worth`` hold one value per place.
    """
    entries = len(law.mean)
    expected = np.empty((entries, lanes))
    normals = np.empty((entries + len(law.car_sd)) * lanes)
    words = np.empty(entries * lanes, np.uint64)
    key = np.empty((entries, lanes))
    place = np.empty((entries, lanes), np.int64)
    for start in range(0, seasons, lanes):
        here = which[start : min(start + lanes, seasons)]
        for e in range(entries):
            driver_row = driver_offset[driver[e]]
            team_row = team_offset[team[e]]
            expected_e = expected[e]
            for lane in range(len(here)):
                expected_e[lane] = law.mean[e] + driver_row[here[lane]] + team_row[here[lane]]
            for lane in range(len(here), lanes):
                expected_e[lane] = law.mean[e]
        race_places(state, law, expected, normals, words, key, place)
        for e in range(entries):
            d = driver[e]
            t = team[e]
            for lane in range(len(here)):
                if key[e, lane] <= RETIRED:
                    continue
                season = here[lane]
                reached = place[e, lane]
                driver_points[d, season] += points[reached]
                team_points[t, season] += points[reached]
                driver_record[d, season] += place_worth[reached]
                team_record[t, season] += place_worth[reached]


@compiled
def add_normals(state: np.ndarray, sd: np.ndarray, offset: np.ndarray) -> None:
    """Add N(0, sd[row]^2) to every element of each row of ``offset``."""
    step = np.empty(offset.shape[1])
    for row in range(offset.shape[0]):
        if sd[row] == 0.0:
            continue
        fill_normals(state, step)
        for i in range(len(step)):
            offset[row, i] += sd[row] * step[i]


@compiled
def choose(state: np.ndarray, bounds: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out`` with the index of the first of the ascending ``bounds`` above a uniform number."""
    for i in range(len(out)):
        u = uniform(state)
        index = 0
        while index < len(bounds) - 1 and u >= bounds[index]:
            index += 1
        out[i] = index


@compiled
def championship_places(state: np.ndarray, points: np.ndarray, record: np.ndarray) -> np.ndarray:
    """How often each row ends in each place, counts of shape (rows, rows).

    More points win, then the greater record, then a lot drawn per season.
    """
    rows, seasons = points.shape
    counts = np.zeros((rows, rows), np.int64)
    lot = np.empty(rows)
    for season in range(seasons):
        for i in range(rows):
            lot[i] = uniform(state)
        for i in range(rows):
            place = 0
            for j in range(rows):
                if points[j, season] != points[i, season]:
                    place += points[j, season] > points[i, season]
                elif record[j, season] != record[i, season]:
                    place += record[j, season] > record[i, season]
                elif j != i:
                    place += lot[j] > lot[i]
            counts[i, place] += 1
    return counts


@compiled
def ahead_counts(positions: np.ndarray) -> np.ndarray:
    """[i, j]: in how many races i is listed ahead of j; positions of shape (races, D)."""
    races, drivers = positions.shape
    counts = np.zeros((drivers, drivers), np.int64)
    for race in range(races):
        row = positions[race]
        for i in range(drivers):
            counts_i = counts[i]
            place = row[i]
            for j in range(drivers):
                counts_i[j] += place < row[j]
    return counts
