"""The collected careers: every row of every file is a mark, or counted as none; marks are the source's."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from formguide.schema import check
from formguide.track import careers, events
from formguide.track.careers import Reading
from formguide.track.tables import Performances

LEFT_OUT = {"relays", "cross country", "combined events", "said twice"}
"""Why a row may be none, besides having no mark."""


@pytest.fixture(scope="module")
def folder(real_data: Callable[[str], Path]) -> Path:
    return real_data("track")


def accounted_for(reading: Reading, rows: int) -> None:
    """Every row is a performance, set aside, or left out for a reason."""
    check(reading.rows, Performances)
    assert reading.rows["complete"].all()
    assert reading.rows.height + len(reading.rejects) + sum(reading.left_out.values()) == rows
    for why in reading.left_out:
        assert why in LEFT_OUT or why.startswith("no mark"), why
    assert len(reading.rejects) <= 0.001 * rows + 2, reading.rejects[:3]
    for reject in reading.rejects:
        assert reject.row is not None and reject.reason


def number(said: str) -> float | None:
    """The number at the beginning of a mark, 1:52.31h in seconds; None where there is none."""
    found = re.match(r"[0-9:.]+", said)
    if found is None:
        return None
    total = 0.0
    for part in found[0].split(":"):
        total = 60 * total + float(part)
    return round(total, 2)


@pytest.fixture(scope="module")
def documents(folder: Path) -> dict[str, tuple[Reading, dict[str, Any]]]:
    """Every career as we read it and as the json module does."""
    found = sorted(folder.glob("openath_athletes/*.json"))
    return {
        path.name: (careers.read_openath(body := path.read_bytes(), path.name), json.loads(body))
        for path in found
    }


def test_every_result_of_every_career_is_accounted_for(
    documents: dict[str, tuple[Reading, dict[str, Any]]],
) -> None:
    assert len(documents) == 213
    for reading, document in documents.values():
        accounted_for(reading, len(document["results"]))
    ids = [reading.rows["athlete_id"].unique().to_list() for reading, _ in documents.values()]
    assert all(len(names) == 1 for names in ids)
    assert len({names[0] for names in ids}) == 213


def test_marks_days_and_winds_of_careers_are_the_documents_own(
    documents: dict[str, tuple[Reading, dict[str, Any]]],
) -> None:
    winds = 0
    for reading, document in documents.values():
        gender = events.gender_of(document["gender"])
        known, blew = set(), defaultdict(set)
        for result in document["results"]:
            event = events.find(result["event"], gender, source="openath").name
            key = (result["date"], result["IndoorOutdoor"], event, number(result["result"]))
            known.add(key)
            blew[key].add(result["wind"])
        rows = reading.rows.select(pl.col("date").cast(pl.String), "label", "event", "mark", "wind_mps")
        for *said, mark, wind in rows.iter_rows():
            key = (*said, round(mark, 2))
            assert key in known, key
            if wind is not None:
                winds += 1
                assert any(w and float(w) == wind for w in blew[key]), (key, wind)
        # What is of the day on which the career was read is nowhere among its marks.
        assert not {"height", "weight", "club", "personalBests"} & set(reading.rows.columns)
        born = reading.rows["birth_date"].cast(pl.String).unique().to_list()
        assert born == [document["birthDate"]]
    assert winds > 1000


@pytest.mark.parametrize("name", ["athletes_indoor.csv", "athletes_outdoor.csv"])
def test_the_table_without_a_header(folder: Path, name: str) -> None:
    path = folder / "qnolan" / name
    reading = careers.read_qnolan(path.read_bytes(), name)
    with path.open(newline="", encoding="utf-8") as file:
        said = [row for row in csv.reader(file) if row]
    accounted_for(reading, len(said))
    known = set()
    for row in said:
        *_, event, mark = row
        if (value := number(mark)) is None:
            continue
        found = events.find(event, "men", source="qnolan").name
        known.add((f"tfrrs:{row[4]}", datetime.strptime(row[3], "%m/%d/%Y").date(), found, value))
    ours = reading.rows.select("athlete_id", "date", "event", pl.col("mark").round(2))
    assert {*ours.iter_rows()} == known
    if name == "athletes_outdoor.csv":
        assert 0 not in reading.rows["wind_mps"].to_list(), "0.0 stands where nobody measured"


@pytest.mark.parametrize("name", ["M_athlete_results.csv", "Mathlete_results.csv"])
def test_the_tables_with_a_header(folder: Path, name: str) -> None:
    path = folder / "lukejsd" / name
    reading = careers.read_lukejsd(path.read_bytes(), name)
    with path.open(newline="", encoding="utf-8-sig") as file:
        said = list(csv.DictReader(file))
    accounted_for(reading, len(said))
    times = {
        (f"lukejsd:{row['Name']}, {row['School']}", row["Meet_End"], row["Mark"])
        for row in said
        if row["Mark"].replace(":", "").replace(".", "").isdigit()
    }
    ours = reading.rows.filter(pl.col("mark_text").str.contains(r"^[0-9:.]+$"))
    day = pl.col("date").dt.strftime("%b %-d, %Y")
    told = {*ours.select("athlete_id", day, "mark_text").iter_rows()}
    assert told <= times and len(told) > 1000
    for text, mark, unit in ours.select("mark_text", "mark", "unit").iter_rows():
        assert unit != "sec" or mark == pytest.approx(number(text))
