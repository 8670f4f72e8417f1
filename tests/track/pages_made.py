"""Small TFRRS pages in the site's layouts, about nobody."""

from __future__ import annotations

from collections.abc import Sequence

LIST_HEADS = ("Place", "Athlete", "Year", "Team", "Time", "Meet", "Meet Date", "Wind")
JUMP_HEADS = ("Place", "Athlete", "Year", "Team", "Mark", "Conv", "Meet", "Meet Date", "Wind")
RELAY_HEADS = ("Place", "Team", "Time", "Athletes", "Meet", "Meet Date")

SPRINTERS = [
    ("1", "Ruiz, Ana", "SR-4", "Northfield", "11.85", "River Open", "Apr 9, 2022", "+1.3"),
    ("2", "Núñez, Zoë", "FR-1", "Lakeside", "11.99", "River Open", "Apr 9, 2022", "2.4"),
    (
        "3",
        "O'Hara, Bea",
        "SO-2",
        "Hill &amp; Dale",
        "12.10<span>@</span>",
        "Mesa Relays",
        "Mar 25, 2022",
        "NWI",
    ),
]
JUMPERS = [
    ("1", "Ruiz, Ana", "SR-4", "Northfield", "5.92m", "19' 5.25\"", "River Open", "Apr 9, 2022", "+0.4"),
    ("2", "Fall, Cy", "JR-3", "Lakeside", "NM", "", "River Open", "Apr 9, 2022", ""),
]
RELAYS = [("1", "Northfield (A)", "47.10", "Ruiz,Lee,May,Poe", "River Open", "Apr 9, 2022")]


def printed(heading: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An event as the print layout has it."""
    head = "".join(f"<th>{name}</th>\n" for name in heads)
    body = "".join("<tr>\n" + "".join(f"<td>\n {cell}\n</td>\n" for cell in row) + "</tr>\n" for row in rows)
    return (
        f'<div class="row"><h3 class="font-weight-500">\n {heading}\n</h3><table id="myTable" class="table">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>\n"
    )


def listed(heading: str, heads: Sequence[str], rows: Sequence[Sequence[str]], ids: Sequence[str] = ()) -> str:
    """An event as the performance-list layout has it; `ids` are the athletes' ids by row."""
    head = "".join(f'<div class="col-x" data-label="{name}">{name}</div>' for name in heads)
    body = ""
    for i, row in enumerate(rows):
        cells = ""
        for name, cell in zip(heads, row, strict=True):
            inner = cell
            if name == "Athlete" and ids:
                inner = f'<a href="https://tf.tfrrs.org/athletes/{ids[i]}/T/N">{cell}</a>'
            cells += f'<div class="col-x" data-label="{name}">\n{inner}\n</div>\n'
        body += f'<div class="performance-list-row d-flex">\n{cells}</div>\n'
    top = '<span class="top-anchor"><a href="#top"><h5>Top&uarr;</h5></a></span>'
    return (
        f'<h3 class="font-weight-500">{heading}</h3>{top}<div class="performance-list">'
        f'<div class="performance-list-header d-flex">{head}</div>'
        f'<div class="performance-list-body">{body}</div></div>\n'
    )


def document(title: str, *parts: str, heading: str = "") -> bytes:
    """A whole page."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f"<title>TFRRS | {title}</title></head><body>"
        f'<table align="center"><tr><td><img src="logo.svg"></td></tr></table><h1>{title}</h1>{heading}'
        + "".join(parts)
        + "</body></html>\n"
    ).encode()


def conference(*parts: str) -> bytes:
    """A conference's list of an outdoor season."""
    return document("Lake Conference Outdoor Performance List", *parts)


def athlete(head: str, *tables: str, team: str = "/teams/tf/MN_college_f_Northfield.html") -> bytes:
    """An athlete's page; the bests of a career come first, which no reader may take for results."""
    link = f'<a href="{team}"><h3 class="panel-title large-title">NORTHFIELD</h3></a>'
    bests = '<table class="bests"><tr><td>100</td><td>11.85 (1.3)</td><td>LJ</td><td>5.92m</td></tr></table>'
    return document("Ana Ruiz", f'<h3 class="panel-title large-title">{head}</h3>', link, bests, *tables)


def meet(name: str, day: str, *rows: tuple[str, str, str]) -> str:
    """A meet's table on an athlete's page."""
    body = "".join(
        f'<tr><td class="panel-heading-text">{event}</td><td><a href="/results/1/2/{name}">{mark}</a></td>'
        f"<td>{place}</td></tr>"
        for event, mark, place in rows
    )
    head = (
        f'<tr><th colspan="100%"><a href="/results/1/{name}">{name}</a> &nbsp; <span>{day}</span></th></tr>'
    )
    return f'<table class="table table-hover"><thead>{head}</thead>{body}</table>'


def history(event: str, *rows: tuple[str, str, str]) -> str:
    """An event's history on an athlete's page."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<table class="table"><thead><tr><th colspan="3">{event}</th></tr></thead>{body}</table>'
