"""A page's elements, cheaply: BeautifulSoup on lxml, of headings, tables and lists only."""

from __future__ import annotations

import gc
import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bs4 import BeautifulSoup, Tag
from bs4.filter import SoupStrainer

LIST_CLASS = "performance-list-"
HEADINGS = ("h1", "h2", "h3", "h4")

_SUPERFLUOUS = re.compile(
    r"(?<=>)\s+(?=<)"
    r"|\s(?:data-turbo|data-tablesaw|style|src|title)[a-z-]*=(?:\"[^\"<>]*\"|'[^'<>]*')"
    r"|\sclass=\"(?:col-[a-z]+|text-right)\""
    r"|<img[^<>]*>"
)
"""White space between tags, which is only ever the indentation of the source, and what is for the screen."""
_LINKED = re.compile(r"<a\s[^<>]*/(?:results|tie_break)/[^<>]*>([^<>]*)</a>")
"""Links to results and tie breaks, three in a row: a text is all that is read of them."""
_CHARSET = re.compile(rb"charset=[\"']?([A-Za-z0-9_-]+)", re.IGNORECASE)


class PageError(ValueError):
    """A page cannot be read, or one of its columns. One line that names the page and, if any, the column."""

    def __init__(self, page: str, says: str, column: str | None = None) -> None:
        super().__init__(f"{page}{f', column {column}' if column else ''}: {says}")
        self.page = page
        self.column = column
        self.says = says


def elements(text: str) -> list[Tag]:
    """The headings, tables, rows of lists and links to teams of a page, in their order."""
    with _no_garbage_collection():
        lean = _SUPERFLUOUS.sub("", _LINKED.sub(r"\1", text))
        soup = BeautifulSoup(lean, "lxml", parse_only=_What(), multi_valued_attributes=None)
        return [tag for tag in soup.contents if isinstance(tag, Tag)]


def count_rows(body: bytes, page: str) -> int:
    """How many rows a page's tables hold, counted in its source and not by reading it."""
    text = text_of(body, page)
    listed = len(re.findall(r'class="performance-list-row[\s"]', text))
    body_rows = re.split(r"<thead", text, flags=re.IGNORECASE)[1:]
    # A table's own head has one row; whatever follows until the next head is its body.
    return listed + sum(
        len(re.findall(r"<tr[\s>]", part.split("</thead", 1)[-1], flags=re.IGNORECASE)) for part in body_rows
    )


class _What(SoupStrainer):
    """Which elements of a page are kept: headings, tables and the rows of lists, and links to teams."""

    def allow_tag_creation(self, nsprefix: str | None, name: str, attrs: Mapping[Any, str] | None) -> bool:
        """Whether an element outside of those kept becomes one of them."""
        if name in ("table", "title", *HEADINGS):
            return True
        if name == "a":
            return "/teams/" in (attrs or {}).get("href", "")
        if name == "link":
            return (attrs or {}).get("rel", "") == "canonical"
        return name == "div" and (attrs or {}).get("class", "").startswith(
            (f"{LIST_CLASS}row", f"{LIST_CLASS}header")
        )

    def allow_string_creation(self, string: str) -> bool:
        """Texts outside of the elements that are kept say nothing."""
        return False


def text_of(body: bytes, page: str) -> str:
    """A page's text. Raises PageError where its bytes are none."""
    if body[:2] == b"\x1f\x8b":
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            raise PageError(page, f"a damaged gzip file ({error})") from error
    declared = _CHARSET.search(body[:4096])
    for charset in ("utf-8-sig", declared[1].decode() if declared else "utf-8"):
        try:
            return body.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    raise PageError(page, "not text in UTF-8, nor in the character set that it declares")


def children(tag: Tag, name: str) -> list[Tag]:
    """An element's own elements of a name: `find_all` asks each of its nodes ten times as much."""
    return [child for child in tag.contents if isinstance(child, Tag) and child.name == name]


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """A growing tree of a hundred thousand living nodes would be walked by the collector again and again, a
    fifth of the time."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def words(tag: Tag) -> str:
    """An element's text, its white space as single spaces."""
    only = tag.string
    return " ".join((only if only is not None else " ".join(tag.strings)).split())
