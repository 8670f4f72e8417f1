"""The sample league as a site would show it: teams' pages, lists and athletes' pages in TFRRS's layouts.

all_performances/<label>/<team>.html    a team's every performance indoors or outdoors, as a performance list
lists/<number>/<name>.html              the conference's best ten of a season, as printed
athletes/<id>/<team>/<name>.html        the careers of the few who started most
urls.csv                                all of these addresses
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from formguide.track import events, marks, programme
from formguide.track.sample.league import Result, SampleLeague
from formguide.track.sample.people import MEN, SEASONS, STATE, TEAMS, WOMEN, Athlete
from formguide.track.tables import LABELS

SITE = "https://tfrrs.example"
"""Where the pages say they are; the address is reserved for examples and leads nowhere."""

ATHLETE_PAGES = 12
LIST_TOP = 10
_CLASSES = ("FR-1", "SO-2", "JR-3", "SR-4")
_CALLED = {MEN: "Men", WOMEN: "Women"}
_ABBREVIATED = {
    "60 Meters": "60", "100 Meters": "100", "200 Meters": "200", "400 Meters": "400", "800 Meters": "800",
    "1500 Meters": "1500", "3000 Meters": "3000", "5000 Meters": "5000", "10,000 Meters": "10,000",
    "60 Hurdles": "60H", "100 Hurdles": "100H", "110 Hurdles": "110H", "400 Hurdles": "400H",
    "3000 Steeplechase": "3000S", "High Jump": "HJ", "Pole Vault": "PV", "Long Jump": "LJ",
    "Triple Jump": "TJ", "Shot Put": "SP", "Weight Throw": "WT", "Discus": "DT", "Hammer": "HT",
    "Javelin": "JT", "Pentathlon": "Pent", "Heptathlon": "Hep", "Decathlon": "Dec",
}  # fmt: skip
"""What athletes' pages call the events."""


def pages(league: SampleLeague) -> dict[str, str]:
    """Every page of the site by its path below it."""
    found: dict[str, str] = {}
    for label in LABELS:
        for gender in (MEN, WOMEN):
            for team in TEAMS:
                path = f"all_performances/{label.lower()}/{_team_file(team, gender)}"
                found[path] = _team_page(league, team, gender, label)
    for season in (SEASONS[0], SEASONS[-1]):
        for label in LABELS:
            path = f"lists/{1000 + season}{LABELS.index(label)}/Lake_Conference_{label}_{season}.html"
            found[path] = _list_page(league, season, label)
    for athlete in _most_started(league):
        name = _plain(f"{athlete.first} {athlete.last}")
        path = f"athletes/{athlete.athlete_id}/{_plain(athlete.team)}/{name}.html"
        found[path] = _athlete_page(league, athlete)
    return found


# -- pages -----------------------------------------------------------------------------------------


def _team_page(league: SampleLeague, team: str, gender: str, label: str) -> str:
    rows = [
        r
        for r in league.results
        if r.athlete.team == team and r.athlete.gender == gender and r.meet.label == label
    ]
    rows.sort(key=lambda r: (r.meet.day, r.athlete.athlete_id, r.round == "F"))
    title = f"{team} {_CALLED[gender]}'s Track & Field All Performances & Rankings"
    parts = [f'<h3 class="panel-title">{escape(title)}</h3>']
    for event, of_event in _by_event(rows):
        heads, cells = _columns(event, of_event, with_team=False)
        placed = [["", *row] for row in cells]
        parts.append(_performance_list(event, ["Place", *heads], placed, of_event))
    return _document(title, parts)


def _list_page(league: SampleLeague, season: int, label: str) -> str:
    parts = []
    season_rows = [r for r in league.results if r.meet.season == season and r.meet.label == label]
    for gender in (MEN, WOMEN):
        rows = [r for r in season_rows if r.athlete.gender == gender and r.value is not None]
        for event, of_event in _by_event(rows):
            best = _best_of_each(event, of_event)[:LIST_TOP]
            heads, cells = _columns(event, best, with_team=True)
            placed = [[str(n), *row] for n, row in enumerate(cells, start=1)]
            parts.append(_printed(f"{event} ({_CALLED[gender]})", ["Place", *heads], placed))
        relays = _relays([r for r in rows if r.event == "200 Meters"])
        heads = ["Place", "Team", "Time", "Athletes", "Meet", "Meet Date"]
        parts.append(_printed(f"4 x 200 Relay ({_CALLED[gender]})", heads, relays))
    return _document(f"Lake Conference {label} Performance List", parts)


def _athlete_page(league: SampleLeague, athlete: Athlete) -> str:
    rows = [r for r in league.results if r.athlete is athlete]
    last = _CLASSES[rows[-1].class_year - 1]
    whole = f"{athlete.first} {athlete.last}".upper()
    link = f"/teams/tf/{_team_file(athlete.team, athlete.gender)}"
    parts = [
        f'<h3 class="panel-title large-title">{escape(whole)} ({last})</h3>',
        f'<a href="{link}"><h3 class="panel-title large-title">{escape(athlete.team.upper())}</h3></a>',
        '<div id="meet-results">',
    ]
    by_meet: dict[int, list[Result]] = {}
    for row in rows:
        by_meet.setdefault(row.meet.meet_id, []).append(row)
    for of_meet in reversed(by_meet.values()):
        parts.append(_meet_table(of_meet))
    parts.append('</div><div id="event-history">')
    for label in LABELS:
        for event, of_event in _by_event([r for r in rows if r.meet.label == label]):
            parts.append(_history_table(f"{event} ({label})", of_event))
    parts.append("</div>")
    return _document(whole.title(), parts)


# -- tables ----------------------------------------------------------------------------------------


def _columns(event: str, rows: Sequence[Result], *, with_team: bool) -> tuple[list[str], list[list[str]]]:
    """Column names and cells of an event's rows."""
    unit = events.find(event).unit
    heads = [
        "Athlete",
        "Year",
        *(["Team"] if with_team else []),
        {"sec": "Time", "m": "Mark", "points": "Points"}[unit],
    ]
    heads += [*(["Conv"] if unit == "m" else []), "Meet", "Meet Date"]
    windy = any(row.wind for row in rows)
    heads += ["Wind"] if windy else []
    cells = [
        [
            row.athlete.name,
            _CLASSES[row.class_year - 1],
            *([row.athlete.team] if with_team else []),
            row.text,
            *([row.conversion] if unit == "m" else []),
            row.meet.name,
            row.meet.written,
            *([row.wind] if windy else []),
        ]
        for row in rows
    ]
    return heads, cells


def _performance_list(
    heading: str, heads: Sequence[str], cells: Iterable[Sequence[str]], rows: Sequence[Result]
) -> str:
    head = "".join(f'<div class="col-narrow" data-label="{name}">{name}</div>' for name in heads)
    body = []
    for said, row in zip(cells, rows, strict=True):
        texts = [escape(text) for text in said]
        link = f"{SITE}/athletes/{row.athlete.athlete_id}/{_plain(row.athlete.team)}"
        at = heads.index("Athlete")
        texts[at] = f'<a href="{link}">{texts[at]}</a>'
        divs = "\n".join(
            f'<div class="col-narrow" data-label="{name}">{text}</div>'
            for name, text in zip(heads, texts, strict=True)
        )
        body.append(f'<div class="performance-list-row d-flex">\n{divs}\n</div>\n')
    return (
        f'<h3 class="font-weight-500">{heading}</h3>\n<div class="performance-list">\n'
        f'<div class="performance-list-header d-flex">{head}</div>\n'
        f'<div class="performance-list-body">\n{"".join(body)}</div>\n</div>\n'
    )


def _printed(heading: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>\n" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<h3 class="font-weight-500">{heading}</h3>\n<table id="myTable" class="table table-sm">'
        f"<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
    )


def _meet_table(rows: Sequence[Result]) -> str:
    meet = rows[0].meet
    link = f'<a href="{SITE}/results/{meet.meet_id}">{escape(meet.name)}</a>'
    head = f'<thead><tr><th colspan="100%">{link} &nbsp; <span>{meet.written}</span></th></tr></thead>'
    body = ""
    for row in rows:
        place = f"{_ordinal(row.place)} ({row.round})" if row.place else f"({row.round})"
        cells = (_ABBREVIATED.get(row.event, row.event), escape(_mark_cell(row)), place)
        body += "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n"
    return f'<table class="table table-hover">{head}{body}</table>\n'


def _history_table(heading: str, rows: Sequence[Result]) -> str:
    body = "".join(
        f"<tr><td>{escape(_mark_cell(row))}</td><td>{escape(row.meet.name)}</td><td>{row.meet.written}</td></tr>\n"
        for row in rows
    )
    return f'<table class="table"><thead><tr><th colspan="3">{heading}</th></tr></thead>{body}</table>\n'


def _mark_cell(row: Result) -> str:
    """A mark as athletes' pages have it: with feet and inches, and the wind in brackets."""
    wind = f" ({row.wind})" if row.wind else ""
    return f"{row.text}{' ' + row.conversion if row.conversion else ''}{wind}"


def _relays(rows: Iterable[Result]) -> list[list[str]]:
    """Four who run the 200 make a relay: a list has them, and no athlete's career does."""
    by_team: dict[str, list[Result]] = {}
    for row in _best_of_each("200 Meters", list(rows)):
        by_team.setdefault(row.athlete.team, []).append(row)
    relay = events.find("4x200")
    found = []
    for team, legs in by_team.items():
        if len(legs) >= 4:
            time = sum(leg.value or 0.0 for leg in legs[:4]) - 1.5
            names = ",".join(leg.athlete.last for leg in legs[:4])
            found.append(
                (
                    time,
                    [
                        f"{team} (A)",
                        marks.format(time, relay),
                        names,
                        legs[0].meet.name,
                        legs[0].meet.written,
                    ],
                )
            )
    return [[str(n), *row] for n, (_, row) in enumerate(sorted(found, key=lambda f: f[0]), start=1)]


# -- small things ----------------------------------------------------------------------------------


def _by_event(rows: Iterable[Result]) -> list[tuple[str, list[Result]]]:
    """Rows by event, in the order of a programme."""
    order = {event.name: n for n, event in enumerate(programme.events())}
    found: dict[str, list[Result]] = {}
    for row in rows:
        found.setdefault(row.event, []).append(row)
    return sorted(found.items(), key=lambda pair: order[pair[0]])


def _best_of_each(event: str, rows: Sequence[Result]) -> list[Result]:
    """Each athlete's best, the best first."""
    better = 1 if events.find(event).lower_is_better else -1
    best: dict[int, Result] = {}
    for row in sorted(rows, key=lambda r: better * (r.value or 0.0)):
        best.setdefault(row.athlete.athlete_id, row)
    return list(best.values())


def _most_started(league: SampleLeague) -> list[Athlete]:
    """The athletes with most results, men and women in equal number."""
    counts: dict[int, int] = {}
    for row in league.results:
        counts[row.athlete.athlete_id] = counts.get(row.athlete.athlete_id, 0) + 1
    found = []
    for gender in (MEN, WOMEN):
        of_gender = [a for a in league.athletes if a.gender == gender]
        of_gender.sort(key=lambda a: (-counts.get(a.athlete_id, 0), a.athlete_id))
        found += of_gender[: ATHLETE_PAGES // 2]
    return found


def _document(title: str, parts: Iterable[str]) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>TFRRS | {escape(title)}</title>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{''.join(parts)}<footer>A fictional conference, made up by Formguide.</footer>\n</body>\n</html>\n"
    )


def _team_file(team: str, gender: str) -> str:
    return f"{STATE}_college_{'m' if gender == MEN else 'f'}_{_plain(team)}.html"


def _plain(text: str) -> str:
    """A name as an address has it."""
    return "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in text).split())


def _ordinal(n: int) -> str:
    ending = "th" if 10 < n % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
