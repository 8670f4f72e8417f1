"""The one pass that gives starts to athletes; the rules are told in `identity`."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

FIRST, CONTACT, NAME_WITHOUT_ID, NAME_OTHER_ID, SPLIT_GENDER, SPLIT_AGE, SPLIT_DAY = range(7)

_FITS = -1


@numba.njit(cache=True)
def give(
    contact: Any,
    name: Any,
    gender: Any,
    country: Any,
    born_from: Any,
    born_to: Any,
    day: Any,
    race: Any,
    total: Any,
    team: Any,
) -> tuple[Any, Any, Any]:
    """For each start, in the order in which they became known: the athlete's number, how it was decided, and
    which athlete of the contact id it is that begins with it (1, 2, …; 0 if none begins or there is no id).

    contact, name, country, race: codes, -1 unknown; gender: 0, 1, -1 unknown; born_from, born_to: years that
    the age group allows; day: days since 1970, -1 unknown; total: seconds, -1 none; team: a relay.
    """
    n = contact.shape[0]
    person = np.empty(n, np.int64)
    how = np.empty(n, np.int8)
    ordinal = np.zeros(n, np.int32)
    # Each athlete as last known.
    p_gender = np.empty(n, np.int8)
    p_country = np.empty(n, np.int64)
    p_name = np.empty(n, np.int64)
    p_from = np.empty(n, np.int32)
    p_to = np.empty(n, np.int32)
    p_day = np.empty(n, np.int32)
    p_race = np.full(n, -1, np.int64)
    p_total = np.empty(n, np.int32)
    # Lists of athletes: by contact id and by name, the latest first.
    head_contact = np.full(contact.max() + 2, -1, np.int64)
    head_name = np.full(name.max() + 2, -1, np.int64)
    node_person = np.empty(3 * n, np.int64)
    node_next = np.empty(3 * n, np.int64)
    nodes = 0
    people = 0
    for i in range(n):
        c, m = contact[i], name[i]
        found, decided, others = -1, FIRST, 0
        if not team[i] and c >= 0:
            node = head_contact[c]
            while node >= 0:
                p = node_person[node]
                others += 1
                why = _FITS
                if p_gender[p] >= 0 and gender[i] >= 0 and p_gender[p] != gender[i]:
                    why = SPLIT_GENDER
                elif born_from[i] > p_to[p] + 1 or p_from[p] > born_to[i] + 1:
                    why = SPLIT_AGE
                elif _elsewhere(day[i], race[i], total[i], p_day[p], p_race[p], p_total[p]):
                    why = SPLIT_DAY
                if why == _FITS:
                    if found < 0 or (p_name[p] == m and p_name[found] != m):
                        found = p
                elif decided == FIRST:
                    decided = why
                node = node_next[node]
            if found >= 0:
                decided = CONTACT
        if not team[i] and found < 0 and m >= 0:
            namesakes, fitting = 0, -1
            node = head_name[m]
            while node >= 0:
                p = node_person[node]
                namesakes += 1
                if (
                    gender[i] >= 0
                    and p_gender[p] == gender[i]
                    and country[i] >= 0
                    and p_country[p] == country[i]
                    and born_from[i] > -9999
                    and p_from[p] > -9999
                    and born_from[i] <= p_to[p]
                    and p_from[p] <= born_to[i]
                    and not (race[i] == p_race[p] or (day[i] >= 0 and day[i] == p_day[p]))
                ):
                    fitting = p
                node = node_next[node]
            if namesakes == 1 and fitting >= 0 and not (decided >= SPLIT_GENDER):
                found = fitting
                decided = NAME_OTHER_ID if c >= 0 else NAME_WITHOUT_ID
                if c >= 0:
                    node_person[nodes], node_next[nodes] = found, head_contact[c]
                    head_contact[c] = nodes
                    nodes += 1
        if found < 0:
            found = people
            people += 1
            p_gender[found] = gender[i]
            p_country[found] = country[i]
            p_from[found], p_to[found] = born_from[i], born_to[i]
            p_name[found] = m
            if not team[i]:
                if c >= 0:
                    ordinal[i] = others + 1
                    node_person[nodes], node_next[nodes] = found, head_contact[c]
                    head_contact[c] = nodes
                    nodes += 1
                if m >= 0:
                    node_person[nodes], node_next[nodes] = found, head_name[m]
                    head_name[m] = nodes
                    nodes += 1
        else:
            if gender[i] >= 0:
                p_gender[found] = gender[i]
            if country[i] >= 0:
                p_country[found] = country[i]
            low, high = max(p_from[found], born_from[i]), min(p_to[found], born_to[i])
            p_from[found], p_to[found] = min(low, high), max(low, high)
            if m >= 0 and m != p_name[found]:
                known = False
                node = head_name[m]
                while node >= 0:
                    known = known or node_person[node] == found
                    node = node_next[node]
                if not known:
                    node_person[nodes], node_next[nodes] = found, head_name[m]
                    head_name[m] = nodes
                    nodes += 1
                p_name[found] = m
        if race[i] != p_race[found] or total[i] >= 0 or p_total[found] < 0:
            p_total[found] = total[i]
        p_day[found], p_race[found] = day[i], race[i]
        person[i], how[i] = found, decided
    return person, how, ordinal


@numba.njit(cache=True)
def _elsewhere(day: int, race: int, total: int, p_day: int, p_race: int, p_total: int) -> bool:
    """Whether two starts of one day have two different totals: nobody finishes twice. A second line without a
    total, or with the same one, is the same start written twice."""
    same_day = race == p_race or (day >= 0 and day == p_day)
    return same_day and total >= 0 and p_total >= 0 and (race != p_race or total != p_total)
