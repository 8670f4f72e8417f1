"""Who is who among names, teams and classes: planted athletes."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from formguide.track import identity
from formguide.track.identity import Seen, follow, name_key, named_id, resolve
from formguide.track.rows import frame_of


def _row(season: int, class_year: int | None, athlete_id: str = "", **other: Any) -> dict[str, Any]:
    name, team = other.get("athlete", "Ruiz, Ana"), other.get("team", "Northfield")
    return {
        "label": "Outdoor", "date": date(season, 4, 9), "athlete": name, "team": team, "gender": "women",
        "athlete_id": athlete_id or named_id(name, team, "women"), "identity_confidence": 0.9,
        "class_year": class_year, "event": "800 Meters", "family": "middle distance", "mark": 132.0,
        "unit": "sec", "mark_text": "2:12.0", "hand_timed": False, "converted": False, "altitude": False,
        "oversized_track": False, "meet": "River Open", "source": "tfrrs", "complete": False, **other,
    }  # fmt: skip


def _ids(*seen: Seen) -> list[str]:
    return [found for found, _ in follow("Ruiz, Ana", "Northfield", "women", seen)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Núñez, Ana María", "ANA MARIA NUNEZ"),
        ("O'Hara, Bea", "Bea O’Hara"),
        ("Smith-Jones,  Al", "al smith jones"),
        ("Иванова, Анна", "АННА ИВАНОВА"),
    ],
)
def test_one_name_however_it_is_written(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_four_years_are_one_athlete() -> None:
    told = follow("Ruiz, Ana", "Northfield", "women", [Seen(2015 + c, c) for c in (1, 2, 3, 4)])
    assert len({found for found, _ in told}) == 1
    assert {confidence for _, confidence in told} == {0.9}


def test_a_redshirt_is_the_same_athlete_and_less_sure() -> None:
    told = follow(
        "Ruiz, Ana", "Northfield", "women", [Seen(2016, 1), Seen(2017, 2), Seen(2018, 2), Seen(2019, 3)]
    )
    assert len({found for found, _ in told}) == 1
    assert [round(confidence, 3) for _, confidence in told] == [0.9, 0.9, 0.81, 0.81]


def test_a_freshman_after_a_senior_is_another_athlete() -> None:
    ids = _ids(Seen(2016, 4), Seen(2017, 1), Seen(2018, 2))
    assert ids[0] != ids[1] == ids[2]


def test_two_of_one_name_in_one_season_are_two() -> None:
    ids = _ids(Seen(2016, 1), Seen(2016, 3), Seen(2017, 2), Seen(2017, 4), Seen(2018, 3))
    assert ids[0] == ids[2] == ids[4] != ids[1] == ids[3]


def test_nobody_rises_two_classes_in_a_year() -> None:
    assert len(set(_ids(Seen(2016, 1), Seen(2017, 3)))) == 2
    assert len(set(_ids(Seen(2016, 1), Seen(2018, 3)))) == 1, "a season may be missed"


def test_nobody_stays_for_ever() -> None:
    assert len(set(_ids(Seen(2010, 4), Seen(2010 + identity.LONGEST_CAREER_YEARS, 4)))) == 2


def test_without_a_class_the_name_has_to_do_and_is_doubted() -> None:
    told = follow("Ruiz, Ana", "Northfield", "women", [Seen(2016, None), Seen(2017, None)])
    assert told[0][0] == told[1][0] and 0.9 > told[0][1] > told[1][1]


def test_a_name_takes_over_the_sites_id() -> None:
    ids = _ids(Seen(2016, 2, "tfrrs:7"), Seen(2016, 2), Seen(2017, 3), Seen(2017, 1))
    assert ids[:3] == ["tfrrs:7"] * 3 and ids[3].startswith(identity.NAMED)


def test_between_two_it_is_the_one_whose_class_moved_on_and_doubted() -> None:
    told = follow(
        "Ruiz, Ana", "Northfield", "women",
        [Seen(2016, 2, "tfrrs:1"), Seen(2016, 3, "tfrrs:2"), Seen(2017, 3)],
    )  # fmt: skip
    assert told[2][0] == "tfrrs:1" and told[2][1] < 0.9


def test_other_teams_genders_and_names_are_others() -> None:
    rows = frame_of(
        [
            _row(2016, 1),
            _row(2016, 1, team="Lakeside"),
            _row(2016, 1, gender="men", athlete_id=named_id("Ruiz, Ana", "Northfield", "men")),
            _row(2016, 1, athlete="Ruiz, Eva"),
        ]
    )
    assert resolve(rows)["athlete_id"].n_unique() == 4


def _planted() -> pl.DataFrame:
    rows = [
        *(_row(season, season - 2015) for season in (2016, 2017, 2018, 2019)),  # one athlete, four years
        _row(2020, 1),  # another of her name
        _row(2018, 3, "tfrrs:55", athlete="FAY LIM"),
        _row(2019, 4, athlete="Lim, Fay"),  # a printed list gives no id
        _row(2017, 2, athlete="Lim, Fay"),  # before the id was known
    ]
    return frame_of(rows)


def test_over_all_pages_an_athlete_has_one_id() -> None:
    found = resolve(_planted())
    assert found.columns == _planted().columns and found.height == 8
    ana = found.filter(pl.col("athlete") == "Ruiz, Ana").sort("date")["athlete_id"].to_list()
    assert len(set(ana[:4])) == 1 and ana[4] != ana[0]
    fay = found.filter(pl.col("athlete") != "Ruiz, Ana").sort("date")
    assert fay["athlete_id"].to_list()[1:] == ["tfrrs:55"] * 2
    assert fay["athlete_id"][0].startswith(identity.NAMED), "an id that came later says nothing of before"
    assert found["performance_id"].n_unique() == 8


def test_an_id_depends_on_nothing_later() -> None:
    rows = _planted()
    whole = resolve(rows)
    for cut in (2017, 2018, 2019):
        past = pl.col("date") < date(cut, 1, 1)
        assert resolve(rows.filter(past)).equals(whole.filter(past)), cut


def test_rows_with_the_sites_ids_come_back_untouched() -> None:
    rows = frame_of([_row(2016, 1, "tfrrs:1"), _row(2017, 2, "tfrrs:2")])
    assert resolve(rows) is rows
    assert resolve(rows.clear()).is_empty()
