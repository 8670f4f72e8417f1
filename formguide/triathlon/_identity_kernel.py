"""The one pass that gives starts to athletes; the rules are told in `identity`.

A day's starts are all held against what was known before the day, and against each other by what an entry
says. A race without a date may have been on any day of its year: its starts are held against what was known
on New Year's Day, and count from the year's last day on.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

FIRST, CONTACT, NAME_WITHOUT_ID, NAME_OTHER_ID, SPLIT_GENDER, SPLIT_AGE, SPLIT_DAY = range(7)

_FITS = -1
_UNBORN = -9999

GENDER, COUNTRY, NAME, BORN_FROM, BORN_TO = range(5)
"""Columns of an entry, and of what is known of an athlete."""


@numba.njit(cache=True)
def give(contact: Any, entry: Any, year: Any, group: Any, dated: Any, team: Any) -> tuple[Any, Any, Any, Any]:
    """For each start: the athlete's number, how it was decided, whether the athlete begins with it, and which
    athlete of the contact id it then is (1, 2, …; 0 where it is named by its start).

    contact: codes below n, -1 unknown; entry: (n, 5) gender (0, 1), country and name (likewise), and the
    years of birth that the age group allows; year: in which it became known; group: the starts of one day, or
    of one race without a date, one after another, the groups in the order in which they became known; team: a
    relay.
    """
    n = contact.shape[0]
    person = np.full(n, -1, np.int64)
    how = np.zeros(n, np.int8)
    begins = np.zeros(n, np.bool_)
    ordinal = np.zeros(n, np.int32)
    others = np.zeros(n, np.int32)
    known = np.full((n, 5), -1, np.int64)  # each athlete as last known
    today = np.full((n, 5), -1, np.int64)  # and with the entries of the group at hand
    taken = np.full(n, -1, np.int64)  # by a start of which group
    claimed = np.full((n, 2), -1, np.int64)  # by name: in which group, by which id (-2: by several)
    # Lists of athletes: by contact id and by name, the latest first.
    by_contact = np.full(n + 1, -1, np.int64)
    by_name = np.full(n + 1, -1, np.int64)
    node_person = np.empty(3 * n, np.int64)
    node_next = np.empty(3 * n, np.int64)
    nodes = 0
    # Athletes who begin in the group at hand, by contact id, and which of its id each athlete began as.
    new_group = np.full(n + 1, -1, np.int64)
    new_head = np.full(n + 1, -1, np.int64)
    new_next = np.full(n, -1, np.int64)
    born = np.full((n, 2), -1, np.int64)
    # Of a type and not a value: the compiler would make a version of `_settle` for each literal.
    people: Any = np.int64(0)
    i: Any = np.int64(0)
    this_year = -1
    while i < n:
        if year[i] != this_year:
            this_year = year[i]
            k = i
            while k < n and year[k] == this_year:
                j = _end(group, k)
                if not dated[k]:
                    people = _settle(
                        k, j, contact, entry, group[k], dated[k], team, person, how, begins, ordinal, others,
                        known, today, taken, claimed, by_contact, by_name, node_person, node_next,
                        new_group, new_head, new_next, people,
                    )  # fmt: skip
                k = j
        j = _end(group, i)
        if dated[i]:
            people = _settle(
                i, j, contact, entry, group[i], dated[i], team, person, how, begins, ordinal, others,
                known, today, taken, claimed, by_contact, by_name, node_person, node_next,
                new_group, new_head, new_next, people,
            )  # fmt: skip
        # What the starts say is known once all of them are settled.
        for k in range(i, j):
            c, p = contact[k], person[k]
            if not begins[k] or ordinal[k] == 0:
                continue
            node = by_contact[c]
            while node >= 0 and (born[node_person[node], 0] != c or born[node_person[node], 1] != ordinal[k]):
                node = node_next[node]
            if node < 0:
                born[p, 0], born[p, 1] = c, ordinal[k]
                continue
            # Somebody has begun as the same one of this id since New Year's Day, and has the name already;
            # the starts of this race that were given to the new athlete go along.
            begins[k], ordinal[k] = False, 0
            for other in range(i, j):
                if person[other] == p:
                    person[other] = node_person[node]
        for k in range(i, j):
            p, m = person[k], entry[k, NAME]
            if begins[k]:
                _copy(entry[k], known[p])
            elif _differs(known[p], entry[k], False) == _FITS:
                _learn(known[p], entry[k])
            if team[k]:
                continue
            if contact[k] >= 0 and not _listed(p, by_contact[contact[k]], node_person, node_next):
                node_person[nodes], node_next[nodes] = p, by_contact[contact[k]]
                by_contact[contact[k]] = nodes
                nodes += 1
            if m >= 0 and not _listed(p, by_name[m], node_person, node_next):
                node_person[nodes], node_next[nodes] = p, by_name[m]
                by_name[m] = nodes
                nodes += 1
        i = j
    return person, how, begins, ordinal


@numba.njit(cache=True)
def _settle(
    start: int, end: int, contact: Any, entry: Any, group: int, dated: bool, team: Any, person: Any, how: Any,
    begins: Any, ordinal: Any, others: Any, known: Any, today: Any, taken: Any, claimed: Any,
    by_contact: Any, by_name: Any, node_person: Any, node_next: Any, new_group: Any, new_head: Any,
    new_next: Any, people: int,
) -> int:  # fmt: skip
    """Gives each start of a group to an athlete; how many athletes there are then."""
    for k in range(start, end):
        if not team[k]:
            found, how[k], others[k] = _look(
                contact[k], entry[k], known, by_contact, by_name, node_person, node_next
            )
            person[k] = found
    # By contact id, those who have the name that the athlete had before going first.
    for renamed in (False, True):
        for k in range(start, end):
            p = person[k]
            if p < 0 or how[k] != CONTACT or (entry[k, NAME] != known[p, NAME]) != renamed:
                continue
            if taken[p] != group:
                taken[p] = group
                _copy(known[p], today[p])
                _learn(today[p], entry[k])
                continue
            why = _differs(today[p], entry[k], True)
            if why == _FITS:
                _learn(today[p], entry[k])
            else:
                person[k], how[k] = -1, why
    # By name, where only one asks.
    for k in range(start, end):
        if person[k] >= 0 and how[k] != CONTACT:
            p = person[k]
            if claimed[p, 0] != group:
                claimed[p, 0], claimed[p, 1] = group, contact[k]
            elif contact[k] < 0 or claimed[p, 1] != contact[k]:
                claimed[p, 1] = -2
    for k in range(start, end):
        p = person[k]
        if p >= 0 and how[k] != CONTACT and (taken[p] == group or claimed[p, 1] == -2):
            person[k], how[k] = -1, FIRST
    for k in range(start, end):
        if person[k] >= 0:
            continue
        c, before = contact[k], 0
        if not team[k] and c >= 0:
            if new_group[c] != group:
                new_group[c], new_head[c] = group, -1
            p = new_head[c]
            while p >= 0 and person[k] < 0:
                why = _differs(today[p], entry[k], True)
                if why == _FITS:
                    _learn(today[p], entry[k])
                    person[k], how[k] = p, CONTACT
                elif how[k] == FIRST:
                    how[k] = why
                before += 1
                p = new_next[p]
        if person[k] >= 0:
            continue
        p = people
        people += 1
        person[k], begins[k] = p, True
        _copy(entry[k], today[p])
        if not team[k] and c >= 0:
            place = others[k] + before + 1
            # Races that know nothing of each other may each have one who begins as the next of an id.
            ordinal[k] = place if dated or before == 0 else 0
            new_next[p] = new_head[c]
            new_head[c] = p
    return people


@numba.njit(cache=True)
def _look(
    c: int, start: Any, known: Any, by_contact: Any, by_name: Any, node_person: Any, node_next: Any
) -> tuple[int, int, int]:
    """Whom a start belongs to by what was known before (-1: nobody), how that was decided, and how many
    athletes of its contact id there were."""
    found, decided, others = -1, FIRST, 0
    m = start[NAME]
    if c >= 0:
        node = by_contact[c]
        while node >= 0:
            p = node_person[node]
            others += 1
            why = _differs(known[p], start, False)
            if why == _FITS:
                if found < 0 or (known[p, NAME] == m and known[found, NAME] != m):
                    found = p
            elif decided == FIRST:
                decided = why
            node = node_next[node]
        if found >= 0:
            return found, CONTACT, others
    if m >= 0 and decided == FIRST:
        namesakes, fitting = 0, -1
        node = by_name[m]
        while node >= 0:
            p = node_person[node]
            namesakes += 1
            if (
                start[GENDER] >= 0
                and known[p, GENDER] == start[GENDER]
                and start[COUNTRY] >= 0
                and known[p, COUNTRY] == start[COUNTRY]
                and start[BORN_FROM] > _UNBORN
                and known[p, BORN_FROM] > _UNBORN
                and start[BORN_FROM] <= known[p, BORN_TO]
                and known[p, BORN_FROM] <= start[BORN_TO]
            ):
                fitting = p
            node = node_next[node]
        if namesakes == 1 and fitting >= 0:
            return fitting, (NAME_OTHER_ID if c >= 0 else NAME_WITHOUT_ID), others
    return -1, decided, others


@numba.njit(cache=True)
def _differs(athlete: Any, start: Any, one_day: bool) -> int:
    """Why a start cannot be an athlete's of the same id; _FITS if it can. On one day nobody has two names."""
    if athlete[GENDER] >= 0 and start[GENDER] >= 0 and athlete[GENDER] != start[GENDER]:
        return SPLIT_GENDER
    if start[BORN_FROM] > athlete[BORN_TO] + 1 or athlete[BORN_FROM] > start[BORN_TO] + 1:
        return SPLIT_AGE
    if one_day and start[NAME] >= 0 and athlete[NAME] >= 0 and athlete[NAME] != start[NAME]:
        return SPLIT_DAY
    return _FITS


@numba.njit(cache=True)
def _copy(said: Any, known: Any) -> None:
    """What a start says, or is known, column by column: an assignment of rows takes the compiler seconds."""
    for column in range(5):
        known[column] = said[column]


@numba.njit(cache=True)
def _learn(athlete: Any, start: Any) -> None:
    """What one more start says of an athlete."""
    for column in range(NAME + 1):
        if start[column] >= 0:
            athlete[column] = start[column]
    low = max(athlete[BORN_FROM], start[BORN_FROM])
    high = min(athlete[BORN_TO], start[BORN_TO])
    athlete[BORN_FROM], athlete[BORN_TO] = min(low, high), max(low, high)


@numba.njit(cache=True)
def _end(group: Any, start: int) -> int:
    end = start
    while end < group.shape[0] and group[end] == group[start]:
        end += 1
    return end


@numba.njit(cache=True)
def _listed(p: int, node: int, node_person: Any, node_next: Any) -> bool:
    while node >= 0:
        if node_person[node] == p:
            return True
        node = node_next[node]
    return False
