"""The sample league written as a site, and pulled from it page by page as from any other."""

from __future__ import annotations

from pathlib import Path

from upath import UPath

from formguide import files
from formguide.fetch import Fetcher
from formguide.track.pull import PullReport, pull, read_urls
from formguide.track.sample.league import SEED, make_league
from formguide.track.sample.server import serve
from formguide.track.sample.site import SITE, pages
from formguide.track.sample.truth import TRUTH, SampleTruth

URLS = "urls.csv"
_SITE, _CACHE = ".site", ".http"
"""Beside the pulled pages, hidden: the pages as the site has them, and what the fetcher remembers."""


def write_site(folder: Path | str, seed: int = SEED) -> SampleTruth:
    """Writes the sample league as a site: its pages, `robots.txt`, `urls.csv` and `truth.json`.

    The same seed gives the same bytes.
    """
    league = make_league(seed)
    root = UPath(Path(folder))
    site = pages(league)
    for path, text in site.items():
        _put(root / path, text.encode())
    _put(root / "robots.txt", b"User-agent: *\nDisallow: /private/\n")
    _put(root / URLS, "".join(["url\n", *(f"{SITE}/{path}\n" for path in site)]).encode())
    truth = SampleTruth.of(league)
    _put(root / TRUTH, truth.as_bytes())
    return truth


def scrape_sample(folder: Path | str, seed: int = SEED) -> PullReport:
    """Pulls the sample league into a folder: pages below `tfrrs/`, with `urls.csv` and `truth.json` beside.

    The site is served on this machine meanwhile and asked without a pause; a page that is here is not asked
    for again.
    """
    root = Path(folder)
    write_site(root / _SITE, seed)
    for name in (URLS, TRUTH):
        _put(UPath(root / name), (root / _SITE / name).read_bytes())
    with serve(root / _SITE) as address:
        fetcher = Fetcher(root / _CACHE, base_urls={SITE: address})
        return pull(fetcher, read_urls(root / URLS), out=root, delay_sec=0.0)


def _put(place: UPath, body: bytes) -> None:
    """Writes a file unless it is there and the same."""
    if files.read(place) != body:
        files.put(place, body)
