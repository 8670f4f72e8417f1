"""Pulling pages from a server on this machine: politely, once, and on after a kill."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from formguide.fetch import Fetcher
from formguide.hosts import HostLimit, Rate
from formguide.track import pull as pulling
from formguide.track.pull import PullError, PullStep, place_of, pull, read_urls, shard_of
from tests.track.pages_made import LIST_HEADS, SPRINTERS, conference, printed

PAGE = conference(printed("100 Meters (Women)", LIST_HEADS, SPRINTERS))


def _fetcher(tmp_path: Path, **other: object) -> Fetcher:
    return Fetcher(tmp_path / "cache", attempts=2, backoff_sec=0.01, **other)  # type: ignore[arg-type]


def _serve(loopback, reply, *names: str) -> list[str]:
    return [loopback.serve(f"/lists/{name}.html", reply(PAGE)) for name in names]


def test_pages_are_kept_byte_for_byte_and_never_fetched_twice(loopback, reply, tmp_path):
    urls = _serve(loopback, reply, "1", "2")
    steps: list[PullStep] = []
    first = pull(_fetcher(tmp_path), urls, out=tmp_path / "in", delay_sec=0, progress=steps.append)
    assert first.complete and first.requests == 2 and first.written == tuple(place_of(u) for u in urls)
    kept = tmp_path / "in" / "tfrrs" / "lists" / "1.html.gz"
    assert gzip.decompress(kept.read_bytes()) == PAGE
    assert [(s.done, s.planned, s.kept) for s in steps] == [(1, 2, False), (2, 2, False)]

    second = pull(_fetcher(tmp_path), urls, out=tmp_path / "in", delay_sec=0)
    assert (second.requests, second.kept, second.written) == (0, 2, ())
    assert loopback.paths() == ["/lists/1.html", "/lists/2.html"]


def test_again_asks_once_more_and_says_what_changed(loopback, reply, tmp_path):
    urls = _serve(loopback, reply, "1", "2")
    pull(_fetcher(tmp_path), urls, out=tmp_path, delay_sec=0)
    loopback.serve("/lists/2.html", reply(PAGE.replace(b"11.85", b"11.80")))
    report = pull(_fetcher(tmp_path), urls, out=tmp_path, delay_sec=0, again=True)
    assert (report.requests, report.unchanged, report.written) == (2, 1, (place_of(urls[1]),))


def test_a_page_that_fails_is_reported_and_the_others_come(loopback, reply, tmp_path):
    good = _serve(loopback, reply, "1", "5")
    missing = f"{loopback.url}/lists/2.html"
    cut = loopback.serve("/lists/3.html", reply(PAGE, cut_at=300))
    half = loopback.serve("/lists/4.html", reply(PAGE[: len(PAGE) // 2]))
    report = pull(_fetcher(tmp_path), [good[0], missing, cut, half, good[1]], out=tmp_path, delay_sec=0)
    assert report.written == tuple(place_of(u) for u in good) and not report.complete
    assert [f.url for f in report.failures] == [missing, cut, half]
    assert "nothing there (404)" in report.failures[0].reason
    assert "not the whole body" in report.failures[2].reason
    assert all("\n" not in f.reason for f in report.failures)


def test_a_page_that_dribbles_is_given_up_in_time(loopback, reply, tmp_path):
    slow = loopback.serve("/lists/1.html", reply(PAGE, dribble_sec=0.05))
    good = _serve(loopback, reply, "2")
    begun = time.monotonic()
    report = pull(_fetcher(tmp_path), [slow, *good], out=tmp_path, delay_sec=0, cap_sec=0.3)
    assert time.monotonic() - begun < 5
    assert len(report.failures) == 1 and len(report.written) == 1
    assert pulling.CAP_SEC == 5.0


def test_a_host_that_is_not_there_is_asked_once(tmp_path):
    urls = [f"http://127.0.0.1:9/lists/{n}.html" for n in range(4)]
    report = pull(_fetcher(tmp_path), urls, out=tmp_path, delay_sec=0)
    assert len(report.failures) == 1 and report.left == tuple(urls[1:])


def test_robots_are_obeyed_and_the_agent_says_who_asks(loopback, reply, tmp_path):
    loopback.serve("/robots.txt", reply(b"User-agent: *\nDisallow: /lists/2"))
    urls = _serve(loopback, reply, "1", "2")
    report = pull(_fetcher(tmp_path), urls, out=tmp_path, delay_sec=0)
    assert loopback.paths() == ["/lists/1.html"] and "robots.txt" in report.failures[0].reason
    assert all(headers["user-agent"].startswith("formguide/") for _, headers in loopback.asked)


def test_pages_come_one_at_a_time_with_a_pause(loopback, reply, tmp_path):
    begun = time.monotonic()
    pull(_fetcher(tmp_path), _serve(loopback, reply, "1", "2", "3"), out=tmp_path, delay_sec=0.2)
    assert time.monotonic() - begun >= 0.6, "three pages and robots.txt are four turns"


@pytest.mark.parametrize("host", ["www.tfrrs.org", "tf.tfrrs.org"])
def test_a_host_is_never_asked_faster_than_it_allows(host, tmp_path):
    with pytest.raises(PullError, match=f"a delay of 0.5 s is too short: {host} is asked once in 2 s"):
        pull(_fetcher(tmp_path), [f"https://{host}/lists/1.html"], out=tmp_path, delay_sec=0.5)
    with pytest.raises(PullError, match="is none"):
        pull(_fetcher(tmp_path), [f"https://{host}/lists/1.html"], out=tmp_path, delay_sec=-1)


def test_a_limit_counts_what_is_asked_for(loopback, reply, tmp_path):
    urls = _serve(loopback, reply, "1", "2", "3", "4", "5")
    asked = [pull(_fetcher(tmp_path), urls, out=tmp_path, delay_sec=0, limit=2) for _ in range(3)]
    assert [(r.requests, r.kept, len(r.left)) for r in asked] == [(2, 0, 3), (2, 2, 1), (1, 4, 0)]


def test_the_parts_of_a_list_are_disjoint_and_together_all():
    urls = [f"http://x/{n}" for n in range(10)]
    parts = [shard_of(urls, f"{i}/3") for i in (1, 2, 3)]
    assert sorted(url for part in parts for url in part) == sorted(urls)
    assert sorted(map(len, parts)) == [3, 3, 4]
    for wrong in ("0/3", "4/3", "1", "a/b", "1/0"):
        with pytest.raises(PullError, match="is no part"):
            shard_of(urls, wrong)


def test_addresses_of_a_csv(tmp_path):
    assert read_urls(b"http://x/1\nhttp://x/2\n\nhttp://x/1\n") == ["http://x/1", "http://x/2"]
    assert read_urls("\ufeffname,URL\nA,https://x/1\n".encode()) == ["https://x/1"]
    for body, says in (
        (b"name\nA\n", "line 1: neither an address nor a head"),
        (b"url\nhttp://x/1\nftp://x\n", "line 3, field url: 'ftp://x' is no http or https address"),
        (b"url\n", "names no page"),
        (b"\xff\xfe", "no CSV in UTF-8"),
    ):
        with pytest.raises(PullError, match=says):
            read_urls(body)
    with pytest.raises(PullError, match="cannot be read"):
        read_urls(tmp_path / "none.csv")


def test_two_addresses_never_share_a_file():
    urls = [
        "https://x/all_performances/MN_college_m_A.html",
        "https://x/all_performances/MN_college_m_A.html?list_hnd=1",
        "https://x/all_performances/MN_college_m_A.html?list_hnd=2",
        "https://x/athletes/12/A/B.html",
        "https://x/athletes/12/A/B%20C.html",
        "https://x/athletes/12/A/B%20%20C.html",
        "https://x/../../etc/passwd",
        "https://x/",
    ]
    places = [place_of(url) for url in urls]
    assert len(set(places)) == len(urls)
    assert places[0] == "tfrrs/all_performances/MN_college_m_A.html.gz"
    assert all(p.startswith("tfrrs/") and ".." not in p.split("/") for p in places)


KILLED = """
import sys
from formguide.fetch import Fetcher
from formguide.track.pull import pull
from pathlib import Path
place, *urls = sys.argv[1:]
pull(Fetcher(Path(place) / "cache"), urls, out=place, delay_sec=0)
"""


def test_a_pull_that_was_killed_goes_on_where_it_stopped(loopback, reply, tmp_path):
    urls = _serve(loopback, reply, "1", "2")
    stuck = loopback.serve("/lists/3.html", reply(PAGE, stall_sec=60))
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), *urls, stuck])
    try:
        deadline = time.monotonic() + 60
        while "/lists/3.html" not in loopback.paths():
            assert time.monotonic() < deadline and process.poll() is None, "it never came to the third page"
            time.sleep(0.02)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = loopback.paths()
    assert before[:2] == ["/lists/1.html", "/lists/2.html"]

    loopback.serve("/lists/3.html", reply(PAGE))
    limits = (HostLimit("x", (Rate(1, 1),), why="nobody"),)
    report = pull(_fetcher(tmp_path, limits=limits), [*urls, stuck], out=tmp_path, delay_sec=0)
    assert (report.kept, report.requests, report.complete) == (2, 1, True)
    assert loopback.paths()[len(before) :] == ["/lists/3.html"]
    files = sorted(p.name for p in (tmp_path / "tfrrs" / "lists").iterdir())
    assert files == ["1.html.gz", "2.html.gz", "3.html.gz"], "and nothing half written lies about"
