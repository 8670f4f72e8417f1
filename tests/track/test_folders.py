"""Which files of a folder are taken in, and which seasons they speak of."""

from __future__ import annotations

import gzip

import pytest

from formguide.track import folders
from formguide.track.folders import CAREERS, LUKEJSD, MARKS_CSV, PAGES, QNOLAN, seasons_in
from tests.track.career_files import career, put, qnolan, result


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tfrrs_html/MIACIndoor2017.html", (PAGES, "MIACIndoor2017.html")),
        ("saved/tfrrs_html/a/b.HTM", (PAGES, "a/b.HTM")),
        ("athletes/4665886.html.gz", (PAGES, "athletes/4665886.html.gz")),
        ("openath_athletes/1044491.json", (CAREERS, "1044491.json")),
        ("track/openath_athletes/1044491.json", (CAREERS, "1044491.json")),
        ("1044491.json", None),
        ("openath_athletes/LICENSE", None),
        ("qnolan/athletes_indoor.csv", (QNOLAN, "athletes_indoor.csv")),
        ("qnolan/others.csv", None),
        ("lukejsd/Mathlete_results.csv", (LUKEJSD, "Mathlete_results.csv")),
        (".cache/page.html", None),
        ("openath_athletes/_old/1.json", None),
    ],
)
def test_where_a_file_is_kept(path, expected):
    assert folders.place(path) == expected


def test_a_folder_is_read_by_source_and_says_what_it_passes_over(tmp_path):
    put(
        tmp_path,
        {
            "openath_athletes/1.json": career(1, [result("2021-06-01", "12.10")]),
            "pages/a.html": b"<html>May 1, 2021</html>",
            "pages/a.html.gz": gzip.compress(b"<html>May 1, 2021</html>"),
            "mine.csv": b"Athlete,Gender,Event,Mark,Date\nA,F,100,12.1,2021-06-01\n",
            "prices.csv": b"name,price\nshoe,100\n",
            "marks.npy": b"\x93NUMPY",
            "world_athletics_alltime/men/100-metres.csv": b"Rank,Mark,Competitor\n1,9.58,A\n",
            "truth.json": b"{}",
        },
    )
    notes: list[str] = []
    found = folders.read_folder(tmp_path, notes)
    assert {source: sorted(files) for source, files in found.items() if files} == {
        PAGES: ["pages/a.html"],
        CAREERS: ["1.json"],
        MARKS_CSV: ["mine.csv"],
    }
    said = dict(note.split(": ", 1) for note in notes)
    assert set(said) == {
        "pages/a.html.gz",
        "prices.csv",
        "marks.npy",
        "world_athletics_alltime/men/100-metres.csv",
    }
    assert "may run code" in said["marks.npy"]
    assert "top N" in said["world_athletics_alltime/men/100-metres.csv"]


def test_a_folder_named_for_its_source_is_placed_like_the_whole(tmp_path):
    put(tmp_path / CAREERS, {"1.json": career(1, [result("2021-06-01", "12.10")])})
    assert list(folders.read_folder(tmp_path / CAREERS)[CAREERS]) == ["1.json"]
    assert folders.takes(tmp_path / CAREERS)
    toplists = put(tmp_path / "world_athletics_alltime", {"men.csv": b"Athlete,Event,Mark\nA,100,9.58\n"})
    assert not folders.takes(toplists)
    assert not folders.takes(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError):
        folders.read_folder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "seasons"),
    [
        ("May 8, 2015", (2015,)),
        ("Feb 28-29, 2020", (2020,)),
        ("Feb 28 - Mar 1, 2020", (2020,)),
        ("February 28 – March 1, 2020", (2020,)),
        ("Sept. 3, 2019 and Jan&nbsp;4, 2021", (2019, 2021)),
        ("Dec 31, 2019 - Jan 1, 2020", (2019, 2020)),
        ("Dec 6, 2019", (2019, 2020)),
        ("05/08/2015", (2015,)),
        ("Nap 3, 2011; May 2015; Suite 12, 5000", ()),
        ("", ()),
    ],
)
def test_the_seasons_of_a_page_follow_from_its_dates(text, seasons):
    assert seasons_in(PAGES, "a.html", f"<td>{text}</td>".encode()) == seasons
    packed = gzip.compress(f"<td>{text}</td>".encode())
    assert seasons_in(PAGES, "a.html.gz", packed) == seasons


def test_an_indoor_meet_in_december_is_next_years(tmp_path):
    body = career(
        3,
        [
            result("2019-12-06", "7.60", event="60", where="Indoor"),
            result("2021-12-04", "12.00"),
            result("2021-10-30", "7.60", event="60", where="Indoor"),
        ],
    )
    assert seasons_in(CAREERS, "3.json", body) == (2020, 2021)
    table = qnolan([("Meet", "12/6/2019", "60 Meters", "6.91"), ("Meet", "01/05/2018", "60 Meters", "6.91")])
    assert seasons_in(QNOLAN, "athletes_indoor.csv", table) == (2018, 2020)
    assert seasons_in(QNOLAN, "athletes_outdoor.csv", table) == (2018, 2019)


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'{"results": 3}', b'{"results": [1]}', b"\xff\xfe"]
)
def test_a_career_that_cannot_be_read_speaks_of_no_season(body):
    assert seasons_in(CAREERS, "1.json", body) == ()
    assert folders.unplaced({CAREERS: {"1.json": body}}) == [f"{CAREERS}/1.json"]


def test_a_broken_career_speaks_of_the_seasons_of_its_dates():
    whole = career(1, [result("2019-06-01", "12.10"), result("2021-06-01", "12.00")])
    assert seasons_in(CAREERS, "1.json", whole[:-20]) == (1999, 2019, 2021)  # born in 1999
