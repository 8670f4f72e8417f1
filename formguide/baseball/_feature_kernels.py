"""Who played on which dates, and what a date's plate appearances sum up to: the features' compiled part.

A player's game-dates lie one behind the other, one player's dates after another's; a plate appearance
belongs to one of them, and a question about a date looks no further than the last one before it. Few plain
arrays go in and come out of each function: what takes a compiler's time is not the loops but all the arrays
that are handed from one function to another.

Compiled functions that call one another live in one module, because the compiler's cache goes by file.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from formguide.baseball._feature_columns import Days, compiled


class GameDates(NamedTuple):
    """The game-dates of a kind of player: those of player e are ``first[e]`` up to ``first[e + 1]``.

    ``day``: which day it was. ``begin``: where the dates of the player of each date begin. ``of_row``: the
    game-date that each plate appearance belongs to, and one beyond the last where it is nobody's.
    """

    first: np.ndarray
    day: np.ndarray
    begin: np.ndarray
    of_row: np.ndarray


@compiled
def _game_dates(
    order: np.ndarray, start: np.ndarray, days: np.ndarray, player: np.ndarray, nobody: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    first = np.zeros(nobody + 1, np.int64)
    latest = np.full(nobody + 1, -1, np.int64)
    for k in range(days.size):
        for at in range(start[k], start[k + 1]):
            who = player[order[at]]
            if who != nobody and latest[who] != k:
                latest[who] = k
                first[who + 1] += 1
    for who in range(nobody):
        first[who + 1] += first[who]
    n = first[nobody]
    day, begin = np.empty(n, np.int32), np.empty(n, np.int64)
    of_row = np.empty(player.size, np.int32)
    latest = np.full(nobody + 1, -1, np.int64)
    ahead = first.copy()
    for k in range(days.size):
        for at in range(start[k], start[k + 1]):
            i = order[at]
            who = player[i]
            if who == nobody:
                of_row[i] = n
                continue
            if latest[who] != k:
                latest[who] = k
                day[ahead[who]] = days[k]
                begin[ahead[who]] = first[who]
                ahead[who] += 1
            of_row[i] = ahead[who] - 1
    return first, day, begin, of_row


@compiled
def _last_before(
    order: np.ndarray,
    start: np.ndarray,
    days: np.ndarray,
    player: np.ndarray,
    first: np.ndarray,
    day: np.ndarray,
) -> np.ndarray:
    nobody = first.size - 1
    ahead = first.copy()
    found = np.empty(player.size, np.int64)
    for k in range(days.size):
        for at in range(start[k], start[k + 1]):
            i = order[at]
            who = player[i]
            found[i] = day.size
            if who != nobody:
                n = ahead[who]
                while n < first[who + 1] and day[n] < days[k]:
                    n += 1
                ahead[who] = n
                if n > first[who]:
                    found[i] = n - 1
    return found


@compiled
def sums(
    of_row: np.ndarray, values: np.ndarray, valid: np.ndarray, shift: int, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """The values of each of n game-dates summed up in the order of the rows, and how many there are.

    ``valid`` and ``shift``: as in `_feature_columns.Column`.
    """
    total, there = np.zeros(n + 1), np.zeros(n + 1)
    every = valid.size == 0
    for i in range(values.size):
        bit = i + shift
        if every or (valid[bit >> 3] >> (bit & 7)) & 1:
            total[of_row[i]] += values[i]
            there[of_row[i]] += 1.0
    return total[:n], there[:n]


@compiled
def entropies(counts: np.ndarray) -> np.ndarray:
    """The Shannon entropy in bits of each row of counts, 0 where there are none."""
    found = np.zeros(counts.shape[0])
    for k in range(found.size):
        among = 0
        for t in range(counts.shape[1]):
            among += counts[k, t]
        for t in range(counts.shape[1]):
            if counts[k, t] > 0:
                share = counts[k, t] / among
                found[k] -= share * np.log2(share)
    return found


def game_dates(played: Days, player: np.ndarray, nobody: int) -> GameDates:
    """On which dates each player played, those of `nobody` left out."""
    return GameDates(*_game_dates(played.order, played.start, played.day, player, nobody))


def last_before(asked: Days, player: np.ndarray, dates: GameDates) -> np.ndarray:
    """Each question's player's last game-date before the question's date, one beyond the last where there is
    none."""
    return np.asarray(_last_before(asked.order, asked.start, asked.day, player, dates.first, dates.day))
