"""TFRRS pages read as they stand: every row of every table, each cell under the column it stands in.

Three kinds of page are known, each by what is on it:

    list      the best of a conference or division, an event below the other; table#myTable as printed, or
              div.performance-list-row with a data-label on every cell
    team      a team's "all performances" of a season, laid out as a list is; which season, it does not say
    athlete   "Name (SR-4) School"; a table per meet headed "Meet  Feb 28-29, 2020" with event, mark and
              place; then a table per event headed "60 Meters (Indoor)" with mark, meet and date

A column is found by its name, never by its place. A table whose columns have other names than any that are
known, a heading with nothing legible below it, and a row with more or fewer cells than there are columns are
set aside with a reason that names page, event and column; what can be read goes on. Nothing is understood
here yet: cells are texts (`tfrrs` makes performances of them).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import polars as pl
from bs4 import Tag

from formguide.records import Reject, alike_as_one, set_aside
from formguide.track._soup import LIST_CLASS, PageError, children, count_rows, elements, text_of, words
from formguide.track.tables import LABELS

__all__ = [
    "ATHLETE",
    "LIST",
    "MEET_DATE",
    "RAW",
    "TEAM",
    "Page",
    "PageError",
    "count_rows",
    "parse_page",
    "sections",
]

LIST, TEAM, ATHLETE = "list", "team", "athlete"

RAW = {
    "row": pl.Int32,
    "part": pl.String,
    "event": pl.String,
    "gender": pl.String,
    "label": pl.String,
    "athlete": pl.String,
    "site_id": pl.String,
    "class_year": pl.String,
    "team": pl.String,
    "mark": pl.String,
    "conv": pl.String,
    "wind": pl.String,
    "place": pl.String,
    "round": pl.String,
    "meet": pl.String,
    "date": pl.String,
    "members": pl.String,
}
"""A page's rows as they stand. `row` counts from 1 over the page; `part` is rows, meets or history."""

ROWS, MEETS, HISTORY = "rows", "meets", "history"

_COLUMNS = {
    "place": ("place", "pl", "pl.", "#", "rank"),
    "athlete": ("athlete", "name"),
    "class_year": ("year", "yr", "class", "class year"),
    "team": ("team", "school"),
    "mark": ("time", "mark", "points", "performance", "result"),
    "conv": ("conv", "conversion", "english"),
    "wind": ("wind",),
    "meet": ("meet",),
    "date": ("meet date", "date"),
    "members": ("athletes", "members", "runners"),
}
_NAMED = {name: column for column, names in _COLUMNS.items() for name in names}
_LEAST = ("mark", "meet", "date")
"""What a table must have a column for, beside an athlete or a relay's members."""

_OF_WHOM = re.compile(r"\((Men|Women)\)")
_LABELLED = re.compile(rf"\b({'|'.join(LABELS)})\b", re.IGNORECASE)
_HISTORY_OF = re.compile(rf"(.+?)\s*\(({'|'.join(LABELS)})\)", re.IGNORECASE)
_ATHLETE_ID = re.compile(r"/athletes/(\d+)")
_TEAM_OF = re.compile(r"(?:^|_)college_([mf])_", re.IGNORECASE)
_WHO = re.compile(
    r"(?P<name>[^()]+?)\s*\((?P<class>(?:FR|SO|JR|SR|RED\s?SHIRT|UNKNOWN)?[-/ ]?\d?)\)\s*(?P<team>.*)",
    re.IGNORECASE,
)
_TEAM_TITLE = re.compile(r"(?P<team>.+?) (?P<whose>Men|Women)['’]s .*All Performances.*", re.IGNORECASE)
_EVENT_CLASS = "font-weight-500"
"""The class of an event's heading, which a team's page writes without (Men) or (Women)."""
_DAY = r"[A-Z][a-z]{2,8}\.?\s+\d{1,2}"
MEET_DATE = re.compile(
    rf"(?:{_DAY}(?:\s*[-–]\s*(?:{_DAY}|\d{{1,2}}))?|\d{{1,2}}/\d{{1,2}}\s*[-–]\s*\d{{1,2}}/\d{{1,2}}),?\s+\d{{4}}"
)
"""Feb 28, 2020; Feb 28-29, 2020; Feb 28 - Mar 1, 2020; 02/28 - 03/1, 2020."""
_MEET_HEAD = re.compile(rf"(?P<meet>.+?)\s+(?P<date>{MEET_DATE.pattern})")
_ROUND_BEHIND = re.compile(r"\([FP]\)\s*$")
_PLACE_ROUND = re.compile(r"(?P<place>\d+)?(?:st|nd|rd|th)?\s*(?:\((?P<round>[A-Za-z0-9]{1,4})\))?")


@dataclass(frozen=True)
class Page:
    """What stands on a page.

    kind: list, team or athlete; title: as the page has it; gender, label: if one holds for the whole page;
    rows: as `RAW`; rejects: tables and rows that cannot be read; set_aside_rows: how many rows they hold;
    notes: what came up and spoils nothing.
    """

    name: str
    kind: str
    title: str
    label: str | None
    rows: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    set_aside_rows: int = 0
    notes: list[str] = field(default_factory=list)


def parse_page(body: bytes, page: str) -> Page:
    """Everything that stands on a page. `page` is its name or path, for messages and for what a path tells.

    Raises PageError where the page is none that is known, is no text, or ends before anything can be read.
    """
    text = text_of(body, page)
    reader = _Reader(page)
    for tag in elements(text):
        reader.take(tag)
    return reader.finish(whole="</html" in text[-4096:].lower())


class _Reader:
    """A page being read from its top to its end."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.title = self.heading = ""
        self.under: str | None = None
        """The event heading that nothing has followed yet."""
        self.columns: list[str] = []
        self.team = self.team_gender = ""
        self.who: re.Match[str] | None = None
        self.site_id = _in(_ATHLETE_ID, f"/{page}")
        self.rows: list[tuple[Any, ...]] = []
        self.rejects: list[Reject] = []
        self.aside = 0
        self.seen = 0
        self.notes: dict[str, None] = {}

    # -- element by element ------------------------------------------------------------------------

    def take(self, tag: Tag) -> None:
        """Reads the next heading, table or row."""
        if tag.name == "table":
            self._table(tag)
        elif tag.name == "div":
            header = str(tag.get("class", "")).startswith(f"{LIST_CLASS}header")
            self._list_header(tag) if header else self._list_row(tag)
        elif tag.name == "link":
            self.site_id = self.site_id or _in(_ATHLETE_ID, str(tag.get("href", "")))
        elif tag.name == "title":
            self.title = self.title or words(tag).removeprefix("TFRRS |").strip()
            if team := _TEAM_TITLE.fullmatch(self.title):
                self.team, self.team_gender = team["team"], team["whose"].capitalize()
        else:
            self._heading(tag)

    def _heading(self, tag: Tag) -> None:
        link = tag if tag.name == "a" else tag.find("a", href=re.compile("/teams/"))
        text = words(tag)
        if isinstance(link, Tag) and not self.team:
            self.team, self.team_gender = text, _gender_of_team(str(link.get("href", "")))
        if tag.name == "a":
            return
        if self.under is not None:
            self._nothing_below()
        who = _WHO.fullmatch(text)
        if who and not self.who and not _HISTORY_OF.fullmatch(text):
            self.who = who
            return
        self.heading, self.columns = text, []
        is_event = _OF_WHOM.search(text) or _EVENT_CLASS in str(tag.get("class", ""))
        self.under = text if is_event else None

    def _nothing_below(self) -> None:
        reason = f"nothing legible below {self.under!r}: the page's layout is another"
        self.rejects.append(set_aside(self.page, None, self.under, reason, {"heading": self.under}))
        self.under = None

    def _table(self, table: Tag) -> None:
        heads = [words(th) for th in table.find_all("th")]
        rows = [tr for tr in table.find_all("tr") if isinstance(tr, Tag) and children(tr, "td")]
        if len(heads) == 1 and (meet := _MEET_HEAD.fullmatch(heads[0])):
            self._meet(meet["meet"], meet["date"], rows)
            return
        head = heads[0] if len(heads) == 1 else self.heading
        if (history := _HISTORY_OF.fullmatch(head)) and not _OF_WHOM.search(head):
            self.under = None
            self._history(history[1].strip(), history[2].capitalize(), heads if len(heads) > 1 else [], rows)
            return
        if self.under is None and not _OF_WHOM.search(self.heading):
            self._passed_over(heads, rows)
            return
        self.under = None
        if self._know(heads, len(rows), rows):
            for tr in rows:
                self._row(children(tr, "td"))

    def _passed_over(self, heads: Sequence[str], rows: Sequence[Tag]) -> None:
        """A table below no heading: a logo, the bests of a career; or a meet's results, headed otherwise."""
        said = [[words(td) for td in tr.find_all("td")] for tr in rows]
        results = [row for row in said if _ROUND_BEHIND.search(row[-1])]
        if results:
            reason = f"a table of results headed {' '.join(heads)!r} and not as Meet  Feb 28, 2020"
            self.rejects.append(set_aside(self.page, None, "meet", reason, said))
            self.seen += len(rows)
            self.aside += len(rows)

    def _list_header(self, tag: Tag) -> None:
        self.under = None
        self._know([str(cell.get("data-label", "")) or words(cell) for cell in children(tag, "div")], 0, [])

    def _list_row(self, tag: Tag) -> None:
        cells = children(tag, "div")
        if self.columns:
            names = [str(cell.get("data-label", "")) for cell in cells]
            told = [_NAMED.get(name.casefold(), name) for name in names]
            if len(cells) == len(self.columns) and told != self.columns:
                self.seen += 1
                self._refuse(
                    f"its cells are {', '.join(names)}, unlike the head of its list", cells, names[0]
                )
                return
            self._row(cells)
            return
        self.seen += 1
        self._refuse("its list has no head that is known", cells)

    # -- columns and rows --------------------------------------------------------------------------

    def _know(self, heads: Sequence[str], below: int, rows: Sequence[Tag]) -> bool:
        """Finds the columns by their names; whether a table of them can be read."""
        found = [_NAMED.get(head.casefold(), "") for head in heads]
        missing = [name for name in _LEAST if name not in found]
        if "athlete" not in found and "members" not in found:
            missing.insert(0, "athlete")
        twice = sorted({name for name in found if name and found.count(name) > 1})
        if missing or twice:
            wrong = missing[0] if missing else twice[0]
            says = "no column" if missing else "more than one column"
            reason = f"{self.heading!r}: {says} for the {wrong} among {', '.join(heads) or 'none'}"
            payload = {"heads": list(heads), "rows": [[words(td) for td in tr.find_all("td")] for tr in rows]}
            self.rejects.append(set_aside(self.page, None, wrong, reason, payload))
            self.seen += below
            self.aside += below
            self.columns = []
            return False
        for head, name in zip(heads, found, strict=True):
            if not name:
                self.notes[f"{self.heading!r}: nothing is read from column {head!r}"] = None
        self.columns = found
        return True

    def _row(self, cells: Sequence[Tag]) -> None:
        self.seen += 1
        if len(cells) != len(self.columns):
            self._refuse(f"{len(cells)} cells under {len(self.columns)} columns", cells)
            return
        said = dict(zip(self.columns, map(words, cells), strict=True))
        links = children(cells[self.columns.index("athlete")], "a") if "athlete" in said else []
        whom = _OF_WHOM.search(self.heading)
        self._add(
            ROWS,
            event=_OF_WHOM.sub("", self.heading).strip(),
            gender=whom[1] if whom else self.team_gender,
            site_id=_in(_ATHLETE_ID, str(links[0].get("href", ""))) if links else "",
            **{"team": self.team, **said},
        )

    def _meet(self, meet: str, date: str, rows: Sequence[Tag]) -> None:
        """A meet's table on an athlete's page."""
        for tr in rows:
            cells = children(tr, "td")
            self.seen += 1
            if not 2 <= len(cells) <= 4:
                self._refuse(f"{len(cells)} cells below {meet!r}, not event, mark and place", cells)
                continue
            texts = [words(cell) for cell in cells]
            behind = " ".join(texts[2:]).strip()
            place = _PLACE_ROUND.fullmatch(behind)
            self._add(
                MEETS,
                event=texts[0],
                mark=texts[1],
                place=(place["place"] or "") if place else behind,
                round=(place["round"] or "") if place else "",
                meet=meet,
                date=date,
            )

    def _history(self, event: str, label: str, heads: Sequence[str], rows: Sequence[Tag]) -> None:
        """An event's table on an athlete's page: mark, meet and date, whichever order the head says."""
        names = [_NAMED.get(head.casefold(), "") for head in heads] or ["mark", "meet", "date"]
        for tr in rows:
            cells = children(tr, "td")
            self.seen += 1
            if len(cells) != len(names) or not {*_LEAST} <= {*names}:
                self._refuse(f"{len(cells)} cells below {event!r} ({label}), not mark, meet and date", cells)
                continue
            said = {name: words(cell) for name, cell in zip(names, cells, strict=True) if name}
            self._add(HISTORY, event=event, label=label, **said)

    def _add(self, part: str, **said: str) -> None:
        known = {"row": self.seen, "part": part, **said}
        self.rows.append(tuple(known.get(name) or None for name in RAW))

    def _refuse(self, reason: str, cells: Sequence[Tag], column: str | None = None) -> None:
        self.aside += 1
        said = [words(cell) for cell in cells]
        where = f"{self.heading!r}: " if self.heading else ""
        self.rejects.append(set_aside(self.page, self.seen, column, where + reason, said))

    # -- the whole ---------------------------------------------------------------------------------

    def finish(self, whole: bool) -> Page:
        """The page, once everything on it has been taken. Raises PageError."""
        if self.under is not None:
            self._nothing_below()
        if not whole and (self.rows or self.rejects):
            # The row in which a page breaks off may look whole and have lost its last digits.
            last = self.rows.pop() if self.rows and self.rows[-1][0] == self.seen else ()
            self.aside += bool(last)
            reason = f"the page ends in the middle (no </html>), in or after row {self.seen}: fetch it again"
            self.rejects.append(set_aside(self.page, None, None, reason, list(last)))
        if not self.rows and not self.rejects:
            raise PageError(self.page, "no performance list, team page or athlete page that is known")
        frame = pl.DataFrame(self.rows, schema=RAW, orient="row")
        kind = self._kind(frame)
        if kind == ATHLETE:
            frame = self._athletes_own(frame)
        title = self.title or self.heading
        found = _LABELLED.search(title)
        label = found[1].capitalize() if found else None
        rejects = alike_as_one(self.rejects)
        return Page(self.page, kind, title, label, frame, rejects, self.aside, list(self.notes))

    def _kind(self, frame: pl.DataFrame) -> str:
        if frame["part"].is_in([MEETS, HISTORY]).any():
            return ATHLETE
        of_team = "all_performances" in self.page or "all performances" in self.title.casefold()
        return TEAM if of_team else LIST

    def _athletes_own(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of an athlete's page with what its head says of the athlete."""
        if self.who is None:
            raise PageError(self.page, "no heading such as Name (SR-4) School", "athlete")
        return frame.with_columns(
            athlete=pl.lit(self.who["name"].strip()),
            site_id=pl.lit(self.site_id or None, pl.String),
            class_year=pl.lit(self.who["class"].strip() or None, pl.String),
            team=pl.lit(self.who["team"].strip() or self.team or None, pl.String),
            gender=pl.lit(self.team_gender or None, pl.String),
        )


# -- small things ----------------------------------------------------------------------------------


def _in(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""


def _gender_of_team(href: str) -> str:
    """A team's gender, from an address such as /teams/tf/MN_college_f_Carleton.html."""
    found = _in(_TEAM_OF, href)
    return {"m": "Men", "f": "Women"}.get(found.lower(), "")


def sections(page: Page) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A page's events in order, each with the rows below it."""
    for (event, gender), rows in groupby(
        page.rows.iter_rows(named=True), lambda r: (r["event"], r["gender"])
    ):
        yield f"{event} ({gender})" if gender else str(event), list(rows)
