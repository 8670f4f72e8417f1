"""Tables of marks with a header, as scrapers write them."""

from __future__ import annotations

from datetime import date

import pytest

from formguide.track.careers import read_csv


def read(text: str):
    return read_csv(text.encode(), "csv/mine.csv")


def test_columns_are_found_by_their_names_in_any_order_and_writing():
    said = read(
        "Meet Date,Mark,EVENT,Sex,Name,School,Yr,Wind,Season,Athlete URL,Place,Meet\n"
        '2021-05-08,10.47,100 Meters,M,"Doe, Jo",Anytown,SR-4,+1.2,2021-Outdoor,https://x/athletes/4665886/A,2,Open\n'
        "02/13/2021,7.60,60 Meters,F,Ada,,,,,,,\n"
        '"Dec 4, 2020",5.80m,Long Jump,Women,Ada,,FR-1,,Indoors,,,\n'
    )
    assert said.rejects == []
    rows = said.rows.sort("mark").to_dicts()
    jump, dash, sprint = rows
    assert (sprint["athlete_id"], sprint["identity_confidence"]) == ("tfrrs:4665886", 1.0)
    assert (sprint["gender"], sprint["class_year"], sprint["wind_mps"]) == ("men", 4, 1.2)
    assert (sprint["date"], sprint["label"], sprint["season"]) == (date(2021, 5, 8), "Outdoor", 2021)
    assert (sprint["place"], sprint["meet"], sprint["team"]) == (2, "Open", "Anytown")
    assert (dash["athlete_id"], dash["label"], dash["identity_confidence"]) == (
        "csv:Ada, no team",
        "Indoor",
        0.5,
    )
    assert (jump["label"], jump["season"], jump["mark"], jump["unit"]) == ("Indoor", 2021, 5.8, "m")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Ada,F,100 Meters,11.x,2021-05-08", "row 2, field mark"),
        ("Ada,X,100 Meters,11.90,2021-05-08", "row 2, field gender"),
        ("Ada,F,Sack Race,11.90,2021-05-08", "row 2, field event"),
        ("Ada,F,100 Meters,11.90,someday", "row 2, field date"),
        ("Ada,F,100 Meters", "row 2"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_field_and_the_good_go_on(line, said):
    found = read(f"Athlete,Gender,Event,Mark,Date\n{line}\nAda,F,100 Meters,11.90,2021-05-08\n")
    assert found.rows.height == 1
    (reject,) = found.rejects
    assert said.replace("row", "record") in str(reject)


def test_a_table_without_a_needed_column_says_which():
    found = read("Athlete,Event,Mark\nAda,100,11.90\n")
    assert found.rows.is_empty()
    assert "no column for gender, date" in str(found.rejects[0])
