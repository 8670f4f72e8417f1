"""From which moment on something counts as known: what decides it, and what must not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from formguide.formula1.results import build_season

from .test_ergast import files
from .test_f1db import folder, race_yml, results_yml

TIMES = (
    "freePractice1Date: 2024-05-24\nfreePractice1Time: 11:30\n"
    "qualifyingDate: 2024-05-25\nqualifyingTime: 14:00\n"
)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("freePractice1Date: 2024-05-24", "freePractice1Date: 2024-04-24", "practice_1 at 2024-04-24 11:30"),
        ("freePractice1Date: 2024-05-24", "freePractice1Date: 2023-05-24", "practice_1 at 2023-05-24 11:30"),
        ("qualifyingDate: 2024-05-25", "qualifyingDate: 2024-06-25", "qualifying at 2024-06-25 14:00"),
        ("qualifyingDate: 2024-05-25", "qualifyingDate: 2024-05-26", "qualifying at 2024-05-26 14:00"),
    ],
)
def test_a_mistyped_day_does_not_make_a_session_known_before_its_weekend_or_after_its_race(
    right: str, wrong: str, said: str
) -> None:
    given = folder({"race": race_yml(more=TIMES.replace(right, wrong)), "race-results": results_yml()})
    built = build_season(2024, {"f1db": given})
    row = built.tables["race_calendar"].row(0, named=True)
    race_at = datetime(2024, 5, 26, 13)
    assert row["race_at"] == race_at
    assert race_at - timedelta(days=3) < row["weekend_at"] < row["qualifying_at"] < race_at
    assert [note for note in built.notes if said in note and "2024-monaco" in note]


def test_a_session_on_the_morning_of_its_race_is_no_mistake() -> None:
    more = TIMES.replace("2024-05-25\nqualifyingTime: 14:00", "2024-05-26\nqualifyingTime: 08:00")
    row = build_season(2024, {"f1db": folder({"race": race_yml(more=more)})}).tables["race_calendar"]
    assert row["qualifying_at"][0] == datetime(2024, 5, 26, 8)


def test_where_one_source_mistypes_a_day_another_is_asked() -> None:
    more = "sprintRaceLaps: 19\nsprintRaceDate: 2023-06-27\nsprintRaceTime: 14:30\n"
    text = race_yml(2, more=more).replace(b"2024-05-26", b"2023-05-28")
    given = {path.replace("2024", "2023"): body for path, body in folder({"race": text}).items()}
    calendar = build_season(2023, {"f1db": given, "ergast_csv": files()}).tables["race_calendar"]
    assert calendar.filter(race_id="2023-monaco")["sprint_at"][0] == datetime(2023, 5, 27, 14, 30)
