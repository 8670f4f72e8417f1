"""TFRRS pages: both layouts of lists, teams' and athletes' pages, and what becomes of a page gone wrong."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import date

import pytest

from formguide.schema import check
from formguide.track import tfrrs
from formguide.track.pages import ATHLETE, LIST, TEAM, PageError, count_rows, parse_page
from formguide.track.tables import Performances
from tests.track.pages_made import (
    JUMP_HEADS,
    JUMPERS,
    LIST_HEADS,
    RELAY_HEADS,
    RELAYS,
    SPRINTERS,
    athlete,
    conference,
    document,
    history,
    listed,
    meet,
    printed,
)

LISTS = [
    conference(
        printed("100 Meters (Women)", LIST_HEADS, SPRINTERS),
        printed("Long Jump (Women)", JUMP_HEADS, JUMPERS),
        printed("4 x 100 Relay (Women)", RELAY_HEADS, RELAYS),
    ),
    conference(
        listed("100 Meters (Women)", LIST_HEADS, SPRINTERS),
        listed("Long Jump (Women)", JUMP_HEADS, JUMPERS),
        listed("4 x 100 Relay (Women)", RELAY_HEADS, RELAYS),
    ),
]


@pytest.mark.parametrize("body", LISTS, ids=["printed", "listed"])
def test_a_list_in_both_layouts(body: bytes) -> None:
    page = parse_page(body, "lists/9.html")
    assert (page.kind, page.label, page.rejects, page.notes) == (LIST, "Outdoor", [], [])
    assert tfrrs.counted(page) == {
        "100 Meters (Women)": 3,
        "Long Jump (Women)": 2,
        "4 x 100 Relay (Women)": 1,
    }
    assert count_rows(body, "x") == page.rows.height == 6

    reading = tfrrs.read_page(body, "lists/9.html")
    assert reading.left_out == {"no mark (NM)": 1, "relays": 1} and not reading.rejects
    rows = check(reading.rows, Performances).sort("event", "mark").rows(named=True)
    assert [(r["athlete"], r["event"], r["mark"], r["unit"]) for r in rows] == [
        ("Ruiz, Ana", "100 Meters", 11.85, "sec"),
        ("Núñez, Zoë", "100 Meters", 11.99, "sec"),
        ("O'Hara, Bea", "100 Meters", 12.10, "sec"),
        ("Ruiz, Ana", "Long Jump", 5.92, "m"),
    ]
    first, second, third, jump = rows
    assert (first["season"], first["label"], first["date"]) == (2022, "Outdoor", date(2022, 4, 9))
    assert (first["gender"], first["class_year"], first["team"]) == ("women", 4, "Northfield")
    assert [r["wind_legal"] for r in rows] == [True, False, None, True]
    assert third["team"] == "Hill & Dale" and third["altitude"] and third["converted"]
    assert first["athlete_id"] == jump["athlete_id"] != second["athlete_id"]
    assert all(r["place"] is None and not r["complete"] for r in rows), "a place on a list is none in a race"


def test_an_athletes_id_is_the_sites_where_the_list_links_to_it() -> None:
    reading = tfrrs.read_page(
        conference(listed("100 Meters (Women)", LIST_HEADS, SPRINTERS, "123")), "x.html"
    )
    assert reading.rows.sort("mark")["athlete_id"].to_list() == ["tfrrs:1", "tfrrs:2", "tfrrs:3"]
    assert reading.rows["identity_confidence"].to_list() == [1.0] * 3


def _team_page(*events: str) -> bytes:
    heads = ("Place", "Athlete", "Year", "Time", "Meet", "Meet Date")
    rows = [("", "Ruiz, Ana", "SR-4", "2:12.01", "Big Meet", "Apr 1-2, 2022")]
    tables = [listed(event, heads, rows if event == "800 Meters" else [], "7") for event in events]
    return document("Northfield Women's Track &amp; Field All Performances &amp; Rankings", *tables)


@pytest.mark.parametrize(
    ("others", "label"),
    [
        (["60 Meters"], "Indoor"),
        (["100 Meters", "Hammer"], "Outdoor"),
        ([], "Outdoor"),
        (["60 Meters", "100 Meters"], "Outdoor"),
    ],
)
def test_a_teams_page_is_a_whole_season_which_its_events_tell(others: list[str], label: str) -> None:
    heads = ("Place", "Athlete", "Year", "Time", "Meet", "Meet Date")
    body = _team_page("800 Meters", *others)
    for other in others:  # a row of another event, of which only the name is asked for
        someone = [("", "Lee, Bo", "FR-1", "8.01" if "60" in other else "12.4", "Big Meet", "Apr 1, 2022")]
        body = body.replace(listed(other, heads, []).encode(), listed(other, heads, someone, "9").encode())
    page = parse_page(body, "all_performances/MN_college_f_Northfield.html")
    assert (page.kind, page.label) == (TEAM, None)
    row = tfrrs.to_performances(page).rows.filter(event="800 Meters").row(0, named=True)
    assert (row["team"], row["gender"], row["label"]) == ("Northfield", "women", label) and row["complete"]
    assert (row["athlete_id"], row["mark"], row["date"]) == ("tfrrs:7", 132.01, date(2022, 4, 1))


def test_an_event_of_a_teams_page_in_another_layout_is_told() -> None:
    whole = _team_page("800 Meters", "Mile").decode()
    first, mile, rest = whole.partition('<h3 class="font-weight-500">Mile')
    body = (first.replace("performance-list", "results-list") + mile + rest).encode()
    (reject,) = tfrrs.read_page(body, "all_performances/x.html").rejects
    assert "nothing legible below '800 Meters'" in reject.reason


ANA = athlete(
    "ANA RUIZ (SR-4)",
    meet("Big Indoor", "Feb 25-26, 2022", ("800", "2:12.01", "3rd (F)"), ("800", "2:13.50", "5th (P)")),
    meet("Old Open", "Jan 30 - Feb 1, 2021", ("800", "2:15.00h", "1st (F)"), ("4x400", "3:50.10", "2nd (F)")),
    meet("River Open", "Apr 9, 2022", ("LJ", "5.92m 19' 5.25\" (+2.4)", "1st (F)"), ("800", "DNF", "")),
    meet("Fall Run", "Oct 9, 2021", ("6K", "22:10.1", "12th (F)")),
    history("800 Meters (Indoor)", ("2:12.01", "Big Indoor", "Feb 25-26, 2022")),
    history(
        "Long Jump (Outdoor)", ("5.92m (+2.4)", "River Open", "Apr 9, 2022"), ("5.50m", "X", "May 1, 2020")
    ),
)


def test_an_athletes_page() -> None:
    page = parse_page(ANA, "athletes/77/Northfield/Ana_Ruiz.html")
    assert page.kind == ATHLETE and not page.rejects and count_rows(ANA, "x") == 10 == page.rows.height
    reading = tfrrs.to_performances(page)
    assert reading.left_out == {"cross country": 1, "no mark (DNF)": 1, "relays": 1, "said twice": 2}
    rows = {(r["event"], r["mark"]): r for r in check(reading.rows, Performances).rows(named=True)}
    told = {("800 Meters", mark) for mark in (132.01, 133.5, 135.0)}
    assert set(rows) == told | {("Long Jump", 5.92), ("Long Jump", 5.5)}
    assert {r["athlete_id"] for r in rows.values()} == {"tfrrs:77"}
    assert {(r["athlete"], r["team"], r["gender"]) for r in rows.values()} == {
        ("ANA RUIZ", "NORTHFIELD", "women")
    }
    final, heat, old = (rows["800 Meters", mark] for mark in (132.01, 133.5, 135.0))
    assert (final["place"], final["round"], heat["place"], heat["round"]) == (3, "F", 5, "P")
    assert final["label"] == heat["label"] == old["label"] == "Indoor", (
        "told by the history, the meet, the day"
    )
    assert old["hand_timed"] and old["date"] == date(2021, 1, 30)
    assert rows["Long Jump", 5.92]["wind_legal"] is False and rows["Long Jump", 5.5]["round"] is None
    assert final["class_year"] == 4 and old["class_year"] is None, "a page's head says nothing of last year"
    assert all(r["complete"] for r in rows.values())


def test_whose_page_it_is_may_stand_in_its_events_alone() -> None:
    tables = (meet("River Open", "Apr 9, 2022", ("110H", "14.85 (1.0)", "1st (F)")),)
    known = tfrrs.read_page(athlete("BO LEE (FR-1) Northfield", *tables, team="/x"), "athletes/8.html")
    assert known.rows["gender"].to_list() == ["men"] and known.rows["team"].to_list() == ["Northfield"]
    nobody = athlete("BO LEE (FR-1)", meet("River Open", "Apr 9, 2022", ("800", "2:01.5", "")), team="/x")
    (reject,) = tfrrs.read_page(nobody, "athletes/8.html").rejects
    assert reject.field == "gender" and "men or women" in reject.reason


def test_a_meets_table_headed_otherwise_is_told() -> None:
    odd = meet("River Open", "9 April 2022", ("800", "2:10.0", "1st (F)"), ("LJ", "5.92m", "2nd (P)"))
    page = parse_page(athlete("ANA RUIZ (SR-4)", odd, meet("X", "Apr 2, 2022", ("800", "2:11.0", ""))), "x")
    (reject,) = page.rejects
    assert (reject.field, page.set_aside_rows, page.rows.height) == ("meet", 2, 1)
    assert "headed 'River Open 9 April 2022'" in reject.reason and b"5.92m" in reject.payload


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Feb 28, 2020", date(2020, 2, 28)),
        ("Feb 28-29, 2020", date(2020, 2, 28)),
        ("Feb 28 - Mar 1, 2020", date(2020, 2, 28)),
        ("Dec 31 - Jan 2, 2020", date(2019, 12, 31)),
        ("June 3, 2021", date(2021, 6, 3)),
        ("02/28 - 03/1, 2020", date(2020, 2, 28)),
    ],
)
def test_a_meets_first_day(text: str, day: date) -> None:
    assert tfrrs.first_day(text) == day


@pytest.mark.parametrize(
    "text", ["", "Feb 30, 2020", "Foo 3, 2020", "2020", "13/40 - 13/41, 2020", "Fév 3, 2020"]
)
def test_what_is_no_date_raises(text: str) -> None:
    with pytest.raises(ValueError):
        tfrrs.first_day(text)


# -- a page gone wrong -----------------------------------------------------------------------------


def _of(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tfrrs.Reading:
    good = printed("Long Jump (Women)", JUMP_HEADS, JUMPERS)
    return tfrrs.read_page(conference(printed("100 Meters (Women)", heads, rows), good), "lists/9.html")


def test_reordered_columns_are_found_by_their_names() -> None:
    turned = [tuple(reversed(row)) for row in SPRINTERS]
    reading = _of(tuple(reversed(LIST_HEADS)), turned)
    assert reading.rows.filter(event="100 Meters").height == 3 and not reading.rejects


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("Time", "Zeit", "mark"),
        ("Athlete", "Sportler", "athlete"),
        ("Meet Date", "Datum", "date"),
        ("Meet", "", "meet"),
    ],
)
def test_a_renamed_column_is_named_and_the_other_tables_go_on(old: str, new: str, column: str) -> None:
    heads = tuple(new if head == old else head for head in LIST_HEADS)
    reading = _of(heads, SPRINTERS)
    (reject,) = reading.rejects
    assert str(reject).startswith(
        f"lists/9.html, field {column}: '100 Meters (Women)': no column for the {column}"
    )
    assert b"Ruiz, Ana" in reject.payload, "nothing is lost"
    assert reading.rows["event"].to_list() == ["Long Jump"]
    assert reading.left_out == {tfrrs.IN_ITS_TABLE: 3, "no mark (NM)": 1}


def test_a_list_with_a_renamed_column_is_told_once() -> None:
    heads = tuple("Zeit" if head == "Time" else head for head in LIST_HEADS)
    body = conference(
        listed("100 Meters (Women)", heads, SPRINTERS * 9), printed("Mile (Women)", LIST_HEADS, [])
    )
    reading = tfrrs.read_page(body, "x.html")
    head, rows = reading.rejects
    assert "no column for the mark" in head.reason and head.row is None
    assert rows.row == 1 and rows.reason.endswith("its list has no head that is known; so it is in 27 rows")
    assert rows.payload.count(b"Ruiz, Ana") == 9 and reading.left_out == {tfrrs.IN_ITS_TABLE: 26}


def test_a_history_below_a_heading_of_its_own_is_read_too() -> None:
    rows = "<tr><td>2:12.01</td><td>Big Indoor</td><td>Feb 25-26, 2022</td></tr>"
    own = f'<h3 class="font-weight-500">800 Meters (Indoor)</h3><table>{rows}</table>'
    page = parse_page(athlete("ANA RUIZ (SR-4)", own, own.replace("800", "1000")), "athletes/7.html")
    assert page.rows.select("event", "label").rows() == [("800 Meters", "Indoor"), ("1000 Meters", "Indoor")]
    assert not page.rejects


def test_a_column_that_means_the_same_twice_is_refused() -> None:
    (reject,) = _of((*LIST_HEADS[:4], "Time", "Mark", "Meet Date", "Meet"), SPRINTERS).rejects
    assert "more than one column for the mark" in reject.reason


def test_an_unknown_column_is_noted_and_the_rest_read() -> None:
    rows = [(*row, "7") for row in SPRINTERS]
    body = conference(printed("100 Meters (Women)", (*LIST_HEADS, "Lane"), rows))
    page = parse_page(body, "x.html")
    assert page.rows.height == 3 and page.notes == [
        "'100 Meters (Women)': nothing is read from column 'Lane'"
    ]


def test_columns_mixed_up_below_their_heads_are_one_reject() -> None:
    heads = tuple({"Time": "Meet", "Meet": "Time"}.get(head, head) for head in LIST_HEADS)
    reading = _of(heads, SPRINTERS * 2)
    (reject,) = reading.rejects
    assert (reject.row, reject.field) == (1, "mark")
    assert "'River Open' is no mark of 100 Meters; so it is in all 6 rows" in reject.reason
    assert reading.left_out[tfrrs.IN_ITS_TABLE] == 5


def test_a_bad_row_is_set_aside_and_its_neighbours_stay() -> None:
    rows = [
        SPRINTERS[0],
        (*SPRINTERS[1][:4], "fast", *SPRINTERS[1][5:]),
        SPRINTERS[2][:-1],
        (*SPRINTERS[1][:6], "Foo 9, 2022", ""),
        ("9", "\ufffd\ufffd, Zo\ufffd", *SPRINTERS[1][2:]),
        (*SPRINTERS[1][:7], "gale"),
    ]
    reading = _of(LIST_HEADS, rows)
    assert [(r.row, r.field) for r in reading.rejects] == [
        (3, None), (2, "mark"), (4, "date"), (5, "athlete"), (6, "wind")
    ]  # fmt: skip
    assert "7 cells under 8 columns" in str(reading.rejects[0])
    assert str(reading.rejects[1]) == "lists/9.html, record 2, field mark: 'fast' is no mark of 100 Meters"
    assert reading.rows.filter(event="100 Meters")["athlete"].to_list() == ["Ruiz, Ana"]


def test_a_row_of_a_list_that_is_labelled_otherwise_is_set_aside() -> None:
    body = conference(listed("100 Meters (Women)", LIST_HEADS, SPRINTERS))
    wrong = body.replace(b'data-label="Time">\n11.99', b'data-label="Split">\n11.99')
    reading = tfrrs.read_page(wrong, "x.html")
    assert reading.rows.height == 2 and "unlike the head of its list" in reading.rejects[0].reason


def test_an_event_nobody_knows_is_set_aside_whole() -> None:
    reading = tfrrs.read_page(conference(printed("Pea Throw (Women)", LIST_HEADS, SPRINTERS)), "x.html")
    assert {r.field for r in reading.rejects} == {"event"} and len(reading.rejects) == 3


def test_a_heading_with_another_layout_below_it_is_told() -> None:
    jumps = printed("Long Jump (Women)", JUMP_HEADS, JUMPERS)
    body = conference("<h3>100 Meters (Women)</h3><ul><li>Ruiz 11.85</li></ul>", jumps)
    (reject,) = tfrrs.read_page(body, "x.html").rejects
    assert "nothing legible below '100 Meters (Women)'" in str(reject)


def test_a_page_cut_short_says_so_and_keeps_what_was_whole() -> None:
    body = conference(printed("100 Meters (Women)", LIST_HEADS, SPRINTERS))
    for end, names in (("Mesa Relays", ["Ruiz, Ana", "Núñez, Zoë"]), ("11.9", ["Ruiz, Ana"])):
        cut = body[: body.index(end.encode()) + 4]
        reading = tfrrs.read_page(cut, "x.html")
        assert reading.rows["athlete"].to_list() == names
        assert "the page ends in the middle (no </html>)" in reading.rejects[-1].reason
    after = body[: body.index(b"</table></div>") + 8]
    reading = tfrrs.read_page(after, "x.html")
    assert reading.rows.height == 2, "a last row that looks whole may have lost digits"
    assert reading.rejects[-1].row is None and b"O'Hara" in reading.rejects[-1].payload


def test_broken_markup_is_mended() -> None:
    body = LISTS[0].replace(b"</td>", b"").replace(b"</tr>", b"")
    assert tfrrs.read_page(body, "x.html").rows.height == 4


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no performance list"),
        (b"<html><body><h1>Sign in</h1></body></html>", "no performance list"),
        (b"\xff\xfe\xfa<html></html>", "not text in UTF-8"),
        (b"\x1f\x8bxx", "a damaged gzip file"),
        (document("x", meet("River Open", "Apr 9, 2022", ("800", "2:01", ""))), "no heading such as Name"),
    ],
)
def test_what_is_no_page_raises_and_names_it(body: bytes, says: str) -> None:
    with pytest.raises(PageError, match=rf"^lists/9\.html.*: {says}"):
        parse_page(body, "lists/9.html")
    (reject,) = tfrrs.read_page(body, "lists/9.html").rejects
    assert reject.row is None and says in reject.reason and reject.payload == body


def test_other_alphabets_and_character_sets() -> None:
    row = ("1", "Иванова, Анна", "SR-4", "東京", "11.85", "Río Open", "Apr 9, 2022", "")
    body = conference(printed("100 Meters (Women)", LIST_HEADS, [row]))
    assert tfrrs.read_page(gzip.compress(body), "x.html").rows["athlete"].to_list() == ["Иванова, Анна"]
    latin = (
        conference(printed("100 Meters (Women)", LIST_HEADS, SPRINTERS[:2]))
        .decode()
        .replace("utf-8", "iso-8859-1")
    )
    assert "Núñez, Zoë" in tfrrs.read_page(latin.encode("iso-8859-1"), "x.html").rows["athlete"].to_list()
    arabic = (*row[:4], "١١.٨٥", *row[5:])
    (reject,) = tfrrs.read_page(
        conference(printed("100 Meters (Women)", LIST_HEADS, [arabic])), "x.html"
    ).rejects
    assert reject.field == "mark"


@pytest.mark.slow
def test_many_pages_in_processes_are_the_same_as_one_by_one() -> None:
    bodies = {"a.html": LISTS[0], "b.html": LISTS[1], "athletes/77.html": ANA, "bad.html": b""}
    one_by_one = tfrrs.read_pages(bodies, workers=1)
    together = tfrrs.read_pages(bodies, workers=2)
    assert list(together) == list(bodies)
    for name, reading in one_by_one.items():
        assert together[name].rows.equals(reading.rows)
        assert (together[name].rejects, together[name].left_out) == (reading.rejects, reading.left_out)
