"""Who is who across seasons: a season is put together from its own files and the names of earlier ones."""

from __future__ import annotations

import gzip

import pytest
from upath import UPath

from formguide.lake import Lake
from formguide.track import arrivals, checks, incremental
from formguide.track.identity import NAMED
from formguide.track.incremental import make_performances, make_source_files
from tests.track.career_files import put
from tests.track.pages_made import LIST_HEADS, conference, listed, printed

SEASONS = (2021, 2022, 2023)


def page(season: int, *rows: tuple[str, str, str, str], ids: tuple[str, ...] = ()) -> bytes:
    """A conference's list of a season: (name, class, team, mark); with ids in the layout that links them."""
    full = [
        (str(place), name, year, team, mark, "River Open", f"Apr 9, {season}", "+1.0")
        for place, (name, year, team, mark) in enumerate(rows, start=1)
    ]
    heading = "100 Meters (Women)"
    return conference(listed(heading, LIST_HEADS, full, ids) if ids else printed(heading, LIST_HEADS, full))


PAGES = {
    "tfrrs_html/2021.html": page(
        2021, ("Ruiz, Ana", "FR-1", "Northfield", "12.40"), ("Poe, Bo", "SR-4", "Hill", "12.50")
    ),
    "tfrrs_html/2022.html": page(
        2022,
        ("RUIZ, ANA", "SO-2", "Northfield", "12.20"),
        ("Lee, Cy", "JR-3", "Hill", "12.60"),
        ids=("77", "78"),
    ),
    "tfrrs_html/2023.html": page(
        2023, ("Ruiz, Ana", "JR-3", "Northfield", "12.10"), ("Poe, Bo", "FR-1", "Hill", "12.70")
    ),
}


@pytest.fixture
def lake(tmp_path):
    return Lake(UPath(tmp_path / "lake"))


def chain(lake, folder, seasons=SEASONS):
    """The performances of some seasons from a folder."""
    make_source_files(lake, seasons, [folder])
    return make_performances(lake, seasons)


def who(lake):
    """Season and name → athlete's id and its confidence."""
    rows = incremental.performances(lake)
    return {
        (season, name.casefold()): (athlete, round(confidence, 3))
        for season, name, athlete, confidence in rows.select(
            "season", "athlete", "athlete_id", "identity_confidence"
        ).iter_rows()
    }


def test_a_name_takes_over_the_id_that_an_earlier_page_gave_and_a_later_one_tells_nothing(lake, tmp_path):
    chain(lake, put(tmp_path / "files", PAGES))
    found = who(lake)
    assert found[2022, "ruiz, ana"] == ("tfrrs:77", 1.0)
    assert found[2023, "ruiz, ana"][0] == "tfrrs:77"
    # In 2021 nobody knew the id that 2022's page would give.
    assert found[2021, "ruiz, ana"][0].startswith(NAMED)
    # A senior of 2021 is no freshman of 2023: two athletes of one name.
    assert found[2021, "poe, bo"][0] != found[2023, "poe, bo"][0]


def test_grown_season_by_season_equals_made_at_once(lake, tmp_path):
    at_once = Lake(UPath(tmp_path / "at-once"))
    chain(at_once, put(tmp_path / "files", PAGES))
    for season in SEASONS:
        name = f"tfrrs_html/{season}.html"
        folder = put(tmp_path / "growing", {name: PAGES[name]})
        chain(lake, folder, [season])
    assert {k: m.hash for k, m in lake.state().items()} == {k: m.hash for k, m in at_once.state().items()}


def test_a_corrected_page_is_felt_in_later_seasons_that_name_without_ids(lake, tmp_path):
    folder = put(tmp_path / "files", PAGES)
    chain(lake, folder)
    corrected = page(2022, ("Ruiz, Ana", "SO-2", "Northfield", "12.20"), ids=("99",))
    put(folder, {"tfrrs_html/2022.html": corrected})
    made = chain(lake, folder)
    assert {season: part.computed for season, part in made.items()} == {2021: 0, 2022: 1, 2023: 1}
    assert who(lake)[2023, "ruiz, ana"][0] == "tfrrs:99"
    assert set(arrivals.changed_seasons(lake, arrivals.holdings(lake, [folder]))) == set()


def test_a_packed_page_says_what_the_plain_one_does_and_a_damaged_one_is_set_aside(lake, tmp_path):
    packed = {f"{name}.gz": gzip.compress(body) for name, body in PAGES.items()}
    damaged = {"tfrrs_html/other.html.gz": gzip.compress(PAGES["tfrrs_html/2021.html"])[:-30]}
    folder = put(tmp_path / "files", {**packed, **damaged})
    files = make_source_files(lake, SEASONS, [folder])
    make_performances(lake, SEASONS)
    assert incremental.performances(lake).height == 6
    assert files[2021].facts["undated"] == ["tfrrs/other.html.gz: no date of a mark can be read in it"]
    assert checks.every_row_accounted_for(lake, SEASONS).passed


def test_a_list_and_another_tell_one_mark_once_they_know_who_it_is(lake, tmp_path):
    """The conference's list and the nation's: the same name, team, day and mark."""
    again = page(2023, ("Ruiz, Ana", "JR-3", "Northfield", "12.10"))
    made = chain(lake, put(tmp_path / "files", {**PAGES, "tfrrs_html/nation.html": again}))
    assert made[2023].facts["said_twice"] == 1
    assert made[2023].facts["named_without_id"] == 3
    assert incremental.performances(lake, [2023]).height == 2
