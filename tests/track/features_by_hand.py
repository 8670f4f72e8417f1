"""Every feature of a window once more, in plain Python over a list of marks: slow, and easy to believe."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Number = float | None

INDOOR = "Indoor"
NOT_SAID = (
    "previous", "second", "other_label", "other_label_before", "other_label_step", "other_change",
    "family_change", "cross_family", "cross_other", "level", "age", "class_2",
)  # fmt: skip


def speed(mark: float, unit: str) -> float:
    return (-100 if unit == "sec" else 100) * math.log(mark)


def clip(x: Number, low: float, high: float) -> Number:
    return None if x is None else min(max(x, low), high)


def season_of(row: Row) -> int:
    day: date = row["date"]
    return day.year + (row["label"] == INDOOR and day.month >= 11)


def legal(row: Row) -> bool:
    if not row["complete"]:
        return False
    if row["wind_legal"] is not None:
        return bool(row["wind_legal"])
    return row["wind_mps"] is None or row["wind_mps"] <= 2.0


def population(rows: list[Row]) -> dict[tuple[str, str], tuple[float, float, int]]:
    """Mean, standard deviation and number of season bests, by gender and event."""
    bests: dict[Any, float] = {}
    for row in rows:
        if legal(row):
            key = (row["gender"], row["event"], row["athlete_id"], season_of(row), row["label"])
            bests[key] = max(bests.get(key, -math.inf), speed(row["mark"], row["unit"]))
    of_event = defaultdict(list)
    for key, best in bests.items():
        of_event[key[:2]].append(best)
    told = {}
    for key, values in of_event.items():
        mean = sum(values) / len(values)
        if len(values) >= 15:
            sd = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
            if sd > 0:
                told[key] = (mean, sd, len(values))
    return told


def features(
    window: Row,
    rows: list[Row],
    among: dict[tuple[str, str], tuple[float, float, int]],
    groups: tuple[str, ...],
    group: str,
) -> dict[str, float]:
    """All that `features.window_features` says of a window, from what the marks say."""
    start = speed(window["last_peak"], window["unit"])
    event, label, as_of = window["event"], window["label"], window["as_of"]
    known: list[Row] = []
    for row in rows:
        mine = (row["athlete_id"], row["gender"]) == (window["athlete_id"], window["gender"])
        if mine and legal(row) and row["date"] < as_of:
            ago = (as_of - row["date"]).days / 365.25
            known.append(
                row | {"ago": ago, "speed": speed(row["mark"], row["unit"]), "season": season_of(row)}
            )
    same = [row for row in known if row["event"] == event]
    under = [row for row in same if row["label"] == label]
    said = of_the_window(window, start)
    said |= of_the_event(window, start, same, under)
    said |= of_other_seasons(window, known)
    said |= of_other_events(window, start, known, among)
    numbers = {name: 0.0 if value is None else float(value) for name, value in said.items()}
    numbers |= {f"no_{name}": float(said[name] is None) for name in NOT_SAID}
    return numbers | {f"is_{name}": float(name == group) for name in groups}


def of_the_window(window: Row, start: float) -> dict[str, Number]:
    def from_start(name: str, low: float, high: float) -> Number:
        mark = window[name]
        return None if mark is None else clip(speed(mark, window["unit"]) - start, low, high)

    n, missed = window["n_seasons"], window["season"] - window["last_season"] - 1
    age, year = window["age_years"], window["class_year"]
    curve = None if age is None else min(max(age - 24, -9), 12)
    return {
        "best": from_start("best_peak", 0, 10),
        "previous": from_start("previous_peak", -12, 12),
        "depth_2": n >= 2,
        "depth_3": n >= 3,
        "depth_5": n >= 5,
        "log_depth": math.log(n),
        "gap": min(missed, 3),
        "any_gap": missed > 0,
        "log_marks": math.log(window["last_n_marks"]),
        "single_mark": window["last_n_marks"] == 1,
        "second": from_start("last_second", -8, 8),
        "median": from_start("last_median", -8, 8),
        "wind_aided": window["last_wind_aided"],
        "age": curve,
        "age_squared": None if curve is None else curve**2 / 10,
        "age_below_20": None if age is None else clip(20 - age, 0, 8),
        "age_below_18": None if age is None else clip(18 - age, 0, 6),
        "age_above_30": None if age is None else clip(age - 30, 0, 15),
        "class_2": None if year is None else year == 2,
        "class_3": None if year is None else year == 3,
        "class_4": None if year is None else year == 4,
        "class_5": None if year is None else year >= 5,
        "indoor": window["label"] == INDOOR,
        "women": window["gender"] == "women",
    }


def of_the_event(window: Row, start: float, same: list[Row], under: list[Row]) -> dict[str, Number]:
    def best_three(rows: list[Row]) -> Number:
        best = sorted((row["speed"] - start for row in rows), reverse=True)[:3]
        return clip(sum(best) / len(best), -8, 8) if best else None

    def decayed(half: float) -> Number:
        weights = [0.5 ** (row["ago"] / half) for row in under]
        if not weights:
            return None
        total = sum(w * (row["speed"] - start) for w, row in zip(weights, under, strict=True))
        return clip(total / sum(weights), -10, 10)

    def other(since: float, until: float) -> Number:
        bests = [
            row["speed"] - start
            for row in same
            if row["label"] != window["label"] and since < row["ago"] <= until
        ]
        return clip(max(bests), -10, 10) if bests else None

    this, before = other(0, 1), other(1, 2)
    ago = [row["ago"] for row in same]
    return {
        "top_three": best_three([row for row in under if row["season"] == window["last_season"]]),
        "two_years": best_three([row for row in under if row["ago"] <= 2.2]),
        "decayed_fast": decayed(0.7),
        "decayed_slow": decayed(1.5),
        "other_label": this,
        "other_label_before": before,
        "other_label_step": None if this is None or before is None else clip(this - before, -8, 8),
        "log_all_marks": math.log(len(same)) if same else None,
        "log_career_years": math.log(1 + max(ago)) if ago else None,
        "log_years_since": math.log(1 + min(ago)) if ago else None,
    }


def of_other_seasons(window: Row, known: list[Row]) -> dict[str, Number]:
    """From one season of an event and label to its next, what ended within 400 days before the window."""
    lines: dict[tuple[str, str], dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in known:
        over = date(row["season"], 4 if row["label"] == INDOOR else 11, 1)
        if over <= window["as_of"]:
            lines[row["event"], row["label"]][row["season"]].append(row)
    changes, of_family = [], []
    for (event, label), seasons in lines.items():
        if (event, label) == (window["event"], window["label"]):
            continue
        order = sorted(seasons)
        for earlier, later in pairwise(order):
            rows = seasons[later]
            if min(row["ago"] for row in rows) > 400 / 365.25:
                continue
            change = max(r["speed"] for r in rows) - max(r["speed"] for r in seasons[earlier])
            change = min(max(change, -6), 6)
            changes.append(change)
            if rows[0]["family"] == window["family"]:
                of_family.append(change)

    def mean(values: list[float]) -> Number:
        return sum(values) / len(values) if values else None

    return {"other_change": mean(changes), "family_change": mean(of_family)}


def of_other_events(
    window: Row, start: float, known: list[Row], among: dict[tuple[str, str], tuple[float, float, int]]
) -> dict[str, Number]:
    """How far above the mean of its event the best mark is, in the event asked for and in others."""
    here = among.get((window["gender"], window["event"]))

    def best(chosen: Callable[[Row], bool]) -> Number:
        found = []
        for row in known:
            level = among.get((window["gender"], row["event"]))
            if level is not None and chosen(row):
                found.append((row["speed"] - level[0]) / level[1])
        return max(found) if found else None

    def mine(row: Row) -> bool:
        return bool(row["event"] == window["event"])

    def near(row: Row, years: float) -> bool:
        return bool(row["ago"] <= years)

    def kin(row: Row) -> bool:
        return not mine(row) and row["family"] == window["family"]

    own = best(lambda row: mine(row) and near(row, 2))
    done = here is not None and any(mine(row) for row in known)
    scale = clip(here[1], 1, 15) if here is not None and done else None

    def ahead(other: Number) -> Number:
        if other is None or own is None or scale is None:
            return None
        return clip((other - own) * scale, -20, 20)

    return {
        "cross_family": ahead(best(lambda row: kin(row) and near(row, 2))),
        "cross_family_year": ahead(best(lambda row: kin(row) and near(row, 1))),
        "cross_other": ahead(best(lambda row: not mine(row) and near(row, 2))),
        "own_z": clip(own, -4, 4),
        "event_sd": scale,
        "level": clip(start - here[0], -30, 30) if here is not None and done else None,
    }
