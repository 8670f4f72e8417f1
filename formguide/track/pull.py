"""Fetching TFRRS pages, named by their addresses, as files that the reader knows.

The tables stand in the pages themselves, so nothing but the pages is asked for: no images, fonts, scripts or
films, and no browser to run them. One page at a time, each within five seconds, at the pace that the host
declares or two seconds apart, under a name that says who asks, and only what its robots.txt allows.

Each body is kept byte for byte, gzip'd, as `<out>/tfrrs/<path of the address>.html.gz` as soon as it is here,
so that `out` may be an inbox or any folder to read from. A page that is here is not fetched again unless that
is asked for (a season goes on, and its pages with it): a pull that was killed goes on where it stopped. A
page that fails is reported and the next one tried.
"""

from __future__ import annotations

import csv
import hashlib
import io
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from upath import UPath

from formguide import files
from formguide.bodies import BodyCache
from formguide.fetch import Fetcher, FetchError, LimitReached, Transient, Unreachable
from formguide.hosts import HostLimit, Rate, rates_for

PAGES = "tfrrs"
CAP_SEC = 5.0
_PATIENCE = 5  # pages that may fail one after the other before the rest is left for another time
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._=-]+")


class PullError(RuntimeError):
    """The pull cannot begin. One line that says what to do."""


@dataclass(frozen=True)
class PullStep:
    """Progress: `done` of `planned` pages looked at; the last was `url`; `kept`: it was here already."""

    done: int
    planned: int
    url: str
    kept: bool


@dataclass(frozen=True)
class PullFailure:
    """A page that could not be had, and why in one line."""

    url: str
    reason: str


@dataclass(frozen=True)
class PullReport:
    """What a pull did.

    Of `planned` pages `requests` were asked of their hosts and `kept` were here already; `written` are the
    files of `folder` that are new or changed, `unchanged` how many were asked for and the same as before.
    `failures` could not be had; `left` were not tried, because too much failed before them or the limit was
    reached: the next pull takes both up.
    """

    folder: Path
    planned: int
    requests: int
    kept: int
    written: tuple[str, ...]
    unchanged: int
    failures: tuple[PullFailure, ...]
    left: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every page that was asked for is here."""
        return not self.failures and not self.left


def read_urls(source: Path | str | bytes) -> list[str]:
    """The addresses of a CSV file with a column `url`, or of its first column where it has no head.

    Each is named once. Raises PullError for a file that is not there or a line that is no address.
    """
    if isinstance(source, bytes):
        name, body = "urls", source
    else:
        name = str(source)
        try:
            body = Path(source).read_bytes()
        except OSError as error:
            raise PullError(f"{name}: cannot be read ({error.strerror})") from error
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise PullError(f"{name}: no CSV in UTF-8 ({error})") from error
    numbered = [
        (number, row) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)
    ]
    column = 0
    if numbered and not _is_address(numbered[0][1][0]):
        head = [cell.strip().casefold() for cell in numbered[0][1]]
        if "url" not in head:
            raise PullError(f"{name}, line {numbered[0][0]}: neither an address nor a head with a column url")
        column, numbered = head.index("url"), numbered[1:]
    found: dict[str, None] = {}
    for number, row in numbered:
        address = row[column].strip() if column < len(row) else ""
        if not _is_address(address):
            raise PullError(f"{name}, line {number}, field url: {address!r} is no http or https address")
        found[address] = None
    if not found:
        raise PullError(f"{name}: names no page")
    return list(found)


def shard_of(urls: Sequence[str], shard: str) -> list[str]:
    """Part i of n of some addresses, from "i/n" with i from 1: the parts are disjoint and together all.

    Raises PullError for a text that is no such part.
    """
    match = re.fullmatch(r"(\d+)/(\d+)", shard.strip(), re.ASCII)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise PullError(f"{shard!r} is no part such as 2/4, the second of four")
    return list(urls[int(match[1]) - 1 :: int(match[2])])


def place_of(url: str) -> str:
    """Under which name a page is kept: its path below `tfrrs/`, with a hash where the address says more."""
    parts = urlsplit(url)
    plain = [_NOT_PLAIN.sub("-", part).strip("._-") for part in parts.path.split("/")]
    stem = re.sub(r"\.html?$", "", "/".join(part for part in plain if part)) or "index"
    # A query, or a character that no file name should have, makes two addresses look the same.
    if parts.query or stem != re.sub(r"\.html?$", "", parts.path.strip("/")):
        stem = f"{stem}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
    return f"{PAGES}/{stem}.html.gz"


def pull(
    fetcher: Fetcher,
    urls: Sequence[str],
    *,
    out: Path | str,
    limit: int | None = None,
    again: bool = False,
    delay_sec: float | None = None,
    progress: Callable[[PullStep], None] | None = None,
    cap_sec: float = CAP_SEC,
) -> PullReport:
    """Pulls pages into `out`, in the order given.

    limit: the most pages to ask for, those that are here not counted; again: ask for those too; delay_sec:
    seconds from one page of a host to its next, no less than it declares unless it is this machine; progress:
    called after every page; cap_sec: the most that one page may take. Stops early where a host is out of
    reach or its limit used up, or five pages fail in a row.

    Raises PullError for a delay that is too short.
    """
    asking = fetcher if delay_sec is None else _slowed(fetcher, urls, delay_sec)
    folder = Path(out)
    requests = kept = unchanged = in_a_row = 0
    written: list[str] = []
    failures: list[PullFailure] = []
    left: list[str] = []
    stopped = False
    for done, url in enumerate(urls, start=1):
        name = place_of(url)
        place = UPath(folder / name)
        if not again and place.exists():
            kept += 1
            _tell(progress, PullStep(done, len(urls), url, kept=True))
            continue
        if stopped or (limit is not None and requests >= limit):
            left.append(url)
            continue
        requests += 1
        try:
            body = asking.get(url, refresh=again, check=_whole, cap_sec=cap_sec)
        except FetchError as error:
            failures.append(PullFailure(url, error.says))
            in_a_row += isinstance(error, Transient)
            stopped = isinstance(error, LimitReached | Unreachable) or in_a_row >= _PATIENCE
            continue
        in_a_row = 0
        packed = files.zipped(body)
        if files.read(place) == packed:
            unchanged += 1
        else:
            files.put(place, packed)
            written.append(name)
        # The file is what is kept of a page: it need not lie on the disk twice.
        BodyCache(asking.cache_dir / "bodies").drop(url)
        _tell(progress, PullStep(done, len(urls), url, kept=False))
    return PullReport(
        folder, len(urls), requests, kept, tuple(written), unchanged, tuple(failures), tuple(left)
    )


def _tell(progress: Callable[[PullStep], None] | None, step: PullStep) -> None:
    if progress is not None:
        progress(step)


def _slowed(fetcher: Fetcher, urls: Sequence[str], delay_sec: float) -> Fetcher:
    """The fetcher with another pause between two pages of each host."""
    if not 0 <= delay_sec < float("inf"):
        raise PullError(f"a delay of {delay_sec} s is none")
    limits = []
    for host, url in {urlsplit(url).netloc: url for url in urls}.items():
        declared = max(rate.per_sec / rate.requests for rate in rates_for(host, fetcher.limits))
        if delay_sec < declared and not _on_this_machine(fetcher, url):
            raise PullError(
                f"a delay of {delay_sec:g} s is too short: {host} is asked once in {declared:g} s"
            )
        rates = (Rate(1, delay_sec),) if delay_sec else ()
        limits.append(HostLimit(host, rates, why="as whoever pulls wants it, no faster than declared"))
    return replace(fetcher, limits=(*limits, *fetcher.limits))


def _on_this_machine(fetcher: Fetcher, url: str) -> bool:
    host = urlsplit(fetcher.asked_at(url)).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(body: bytes) -> None:
    """Raises ValueError for a body that is no whole page."""
    if b"</html" not in body[-4096:].lower():
        raise ValueError("it does not end as a page does")


def _is_address(text: str) -> bool:
    parts = urlsplit(text.strip())
    return parts.scheme in ("http", "https") and bool(parts.hostname)
