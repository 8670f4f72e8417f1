"""Polite HTTP, against a server on this machine that behaves as badly as servers do."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from formguide import fetch
from formguide.bodies import BodyCache
from formguide.fetch import Fetcher
from formguide.hosts import HOST_LIMITS, UNKNOWN_HOST, HostLimit, Limiter, Rate, rates_for

BODY = b'{"MRData": {"total": "1"}}'


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def fetcher(tmp_path: Path, loopback: Any, slept: list[float]) -> Fetcher:
    """A fetcher that does not wait for real, with room for the tests' own haste."""
    host = loopback.url.removeprefix("http://")
    generous = HostLimit(host, (Rate(1000, 1),), why="it is ours")
    return Fetcher(tmp_path / "cache", limits=(generous,), cap_sec=1.0, backoff_sec=0.01, sleep=slept.append)


def test_nothing_is_fetched_twice(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    url = loopback.serve("/a?x=1", reply(BODY))
    other = loopback.serve("/a?x=2", reply(b"other"))
    assert [fetcher.get(url), fetcher.get(url), fetcher.get(other), fetcher.get(url + "#top")] == [
        BODY,
        BODY,
        b"other",
        BODY,
    ]
    again = Fetcher(fetcher.cache_dir)
    assert again.get(url) == BODY
    assert loopback.paths() == ["/a?x=1", "/a?x=2"]


def test_what_is_old_or_wanted_anew_is_asked_for_again(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    url = loopback.serve("/a", reply(b"1"), reply(b"2"), reply(b"3"))
    assert fetcher.get(url) == b"1"
    assert fetcher.get(url, ttl_sec=60) == b"1"
    assert fetcher.get(url, ttl_sec=0) == b"2"
    assert fetcher.get(url, refresh=True) == b"3"
    assert fetcher.get(url) == b"3"
    assert len(loopback.paths()) == 3


def test_what_has_not_changed_is_not_sent_again(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    url = loopback.serve("/a", reply(BODY, headers={"ETag": '"1"'}), reply(status=304))
    assert fetcher.get(url) == BODY
    assert fetcher.get(url, refresh=True) == BODY
    assert loopback.asked[-1][1]["if-none-match"] == '"1"'


def test_we_say_who_we_are(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    fetcher.get(loopback.serve("/a", reply(BODY)))
    assert all(headers["user-agent"].startswith("formguide/") for _, headers in loopback.asked)
    assert "me@example.org" in Fetcher(fetcher.cache_dir, contact="me@example.org").user_agent


def test_a_compressed_body_is_kept_as_it_was_before(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    packed = reply(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})
    assert fetcher.get(loopback.serve("/a", packed)) == BODY


# -- what can pass ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad",
    [
        {"status": 429},
        {"status": 500},
        {"status": 503, "body": b"maintenance"},
        {"body": BODY, "stall_sec": 30},
        {"body": BODY * 50, "cut_at": 20},
        {"body": BODY, "dribble_sec": 0.05},
        {"body": b"not gzip", "headers": {"Content-Encoding": "gzip"}},
    ],
    ids=["429", "500", "503", "stalled", "truncated", "dribbling", "damaged"],
)
def test_what_can_pass_is_tried_again(
    fetcher: Fetcher, loopback: Any, reply: Any, slept: list[float], bad: dict[str, Any]
) -> None:
    url = loopback.serve("/a", reply(**bad), reply(BODY))
    assert fetcher.get(url) == BODY
    assert len(loopback.paths()) == 2 and len(slept) == 1
    assert fetcher.get(url) == BODY and len(loopback.paths()) == 2


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        ({"status": 429}, fetch.TooManyRequests, "asks for a pause"),
        ({"status": 500}, fetch.ServerFailed, r"failed \(500\)"),
        ({"body": BODY, "stall_sec": 30}, fetch.TimedOut, "no whole answer within 0.2 s"),
        ({"body": BODY * 50, "cut_at": 20}, fetch.Truncated, "broke off"),
        ({"body": BODY, "dribble_sec": 0.05}, fetch.TimedOut, "no whole answer within 0.2 s"),
    ],
    ids=["429", "500", "stalled", "truncated", "dribbling"],
)
def test_what_does_not_pass_is_an_error_with_a_type(
    fetcher: Fetcher,
    loopback: Any,
    reply: Any,
    slept: list[float],
    bad: dict[str, Any],
    error: Any,
    says: str,
) -> None:
    url = loopback.serve("/a", reply(**bad))
    with pytest.raises(error, match=says) as raised:
        fetcher.get(url, cap_sec=0.2)
    assert raised.value.url == url and "\n" not in str(raised.value)
    assert len(loopback.paths()) == fetcher.attempts and len(slept) == fetcher.attempts - 1
    assert BodyCache(fetcher.cache_dir / "bodies").load(url) is None


@pytest.mark.parametrize(
    "bad", [{"stall_sec": 30}, {"dribble_sec": 0.1}, {"dribble_sec": 0.1, "status": 500}]
)
def test_one_request_ends_within_its_cap(
    fetcher: Fetcher, loopback: Any, reply: Any, bad: dict[str, Any]
) -> None:
    url = loopback.serve("/a", reply(body=BODY * 100, **bad))
    once = Fetcher(fetcher.cache_dir, limits=fetcher.limits, cap_sec=0.5, attempts=1)
    fetcher.get(loopback.serve("/warm", reply(BODY)))
    with pytest.raises(fetch.TimedOut):
        once.get(url)


def test_a_resolver_that_hangs_does_not_hang_us(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: answered.wait())
    once = Fetcher(fetcher.cache_dir, cap_sec=0.3, attempts=1)
    with pytest.raises(fetch.TimedOut):
        once.get("http://nowhere.example/a")
    answered.set()  # who waited for it would not be here


def test_no_connection_is_said_so(fetcher: Fetcher) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(fetch.Unreachable, match="cannot connect"):
        Fetcher(fetcher.cache_dir, attempts=1).get(f"http://127.0.0.1:{port}/a")


def test_pauses_grow(fetcher: Fetcher, loopback: Any, reply: Any, slept: list[float]) -> None:
    patient = Fetcher(fetcher.cache_dir, fetcher.limits, attempts=5, backoff_sec=1.0, sleep=slept.append)
    with pytest.raises(fetch.ServerFailed):
        patient.get(loopback.serve("/a", reply(status=502)))
    assert len(slept) == 4
    for n, pause in enumerate(slept):
        assert 2**n <= pause <= 2**n + 1.0


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_obeyed(
    fetcher: Fetcher, loopback: Any, reply: Any, slept: list[float], as_date: bool
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True) if as_date else "30"
    url = loopback.serve("/a", reply(status=429, headers={"Retry-After": later}), reply(BODY))
    assert fetcher.get(url) == BODY
    assert len(slept) == 1 and 20 < slept[0] <= 30


def test_a_retry_after_beyond_our_patience_is_an_error_at_once(
    fetcher: Fetcher, loopback: Any, reply: Any, slept: list[float]
) -> None:
    url = loopback.serve("/a", reply(status=429, headers={"Retry-After": "7200"}))
    with pytest.raises(fetch.TooManyRequests) as raised:
        fetcher.get(url)
    assert raised.value.retry_after_sec == 7200 and slept == [] and len(loopback.paths()) == 1


def test_a_nonsense_retry_after_is_none(
    fetcher: Fetcher, loopback: Any, reply: Any, slept: list[float]
) -> None:
    url = loopback.serve("/a", reply(status=429, headers={"Retry-After": "soon"}), reply(BODY))
    assert fetcher.get(url) == BODY and slept[0] < 1


def test_a_body_that_does_not_parse_is_truncated_and_not_kept(
    fetcher: Fetcher, loopback: Any, reply: Any
) -> None:
    url = loopback.serve("/a", reply(BODY[:-3]), reply(BODY))
    assert fetcher.get(url, check=json.loads) == BODY
    bad = loopback.serve("/b", reply(BODY[:-3]))
    assert fetcher.get(bad) == BODY[:-3]
    with pytest.raises(fetch.Truncated, match="not the whole body"):
        fetcher.get(bad, check=json.loads)


# -- what will not pass ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, fetch.NotFound), (410, fetch.NotFound), (403, fetch.Rejected), (300, fetch.Rejected)],
)
def test_what_will_not_pass_is_asked_once(
    fetcher: Fetcher, loopback: Any, reply: Any, status: int, error: type[Exception]
) -> None:
    url = loopback.serve("/a", reply(status=status))
    with pytest.raises(error, match=str(status)):
        fetcher.get(url)
    assert loopback.paths() == ["/a"]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/a", "/relative", "http://me:secret@host/a", "http://"]
)
def test_only_plain_web_addresses(fetcher: Fetcher, url: str) -> None:
    with pytest.raises(fetch.Rejected, match="not a plain http"):
        fetcher.get(url)


def test_redirections_are_followed_politely(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    loopback.serve("/new", reply(BODY))
    url = loopback.serve("/old", reply(status=301, headers={"Location": "/new"}))
    assert fetcher.get(url) == BODY and loopback.paths() == ["/old", "/new"]
    assert fetcher.get(url) == BODY and loopback.paths() == ["/old", "/new"]
    round_and_round = loopback.serve("/loop", reply(status=302, headers={"Location": "/loop"}))
    with pytest.raises(fetch.Rejected, match="redirections"):
        fetcher.get(round_and_round)
    out = loopback.serve("/out", reply(status=302, headers={"Location": "file:///etc/passwd"}))
    with pytest.raises(fetch.Rejected, match="not a plain http"):
        fetcher.get(out)


# -- robots.txt ------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_and_read_once(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    rules = b"User-agent: *\nDisallow: /private\n\nUser-agent: formguide\nDisallow: /not-us\n"
    loopback.serve("/robots.txt", reply(rules))
    allowed, forbidden = loopback.serve("/a", reply(BODY)), loopback.serve("/not-us/a", reply(BODY))
    assert fetcher.get(allowed) == BODY
    with pytest.raises(fetch.RobotsForbid):
        fetcher.get(forbidden)
    moved = loopback.serve("/moved", reply(status=302, headers={"Location": "/not-us/a"}))
    with pytest.raises(fetch.RobotsForbid):
        fetcher.get(moved)
    assert loopback.paths() == ["/a", "/moved"]
    assert [path for path, _ in loopback.asked].count("/robots.txt") == 1


def test_no_robots_txt_is_no_rule_but_a_failing_one_is(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    url = loopback.serve("/a", reply(BODY))
    loopback.serve("/robots.txt", reply(status=500))
    with pytest.raises(fetch.ServerFailed, match=r"robots.txt"):
        fetcher.get(url)
    assert loopback.paths() == []
    loopback.serve("/robots.txt", reply(status=404))
    assert fetcher.get(url) == BODY


def test_a_crawl_delay_is_a_rate(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    loopback.serve("/robots.txt", reply(b"User-agent: *\nCrawl-delay: 600\n"))
    with pytest.raises(fetch.LimitReached, match="go on in 10 min"):
        fetcher.get(loopback.serve("/a", reply(BODY)))
    assert loopback.paths() == []


# -- limits ----------------------------------------------------------------------------------------


class Clock:
    """A clock that moves when somebody sleeps by it."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def turns(limiter: Limiter, clock: Clock, rates: tuple[Rate, ...], n: int) -> list[float]:
    times = []
    for _ in range(n):
        assert limiter.wait("api.example", rates, max_wait_sec=1e9) == 0
        times.append(clock())
    return times


def test_both_rates_hold_in_every_window(tmp_path: Path) -> None:
    clock = Clock()
    rates = (Rate(4, 1), Rate(50, 3600))
    times = turns(Limiter(tmp_path, clock.sleep, clock), clock, rates, 120)
    for rate in rates:
        for first, last in zip(times, times[rate.requests :], strict=False):
            assert last - first >= rate.per_sec
    assert times[3] == times[0], "what is allowed at once is not held back"
    assert times[-1] - times[0] < 2.2 * 3600


def test_the_budget_is_shared_by_runs(tmp_path: Path) -> None:
    clock = Clock()
    rates = (Rate(10, 3600),)
    for _ in range(10):
        assert Limiter(tmp_path, clock.sleep, clock).wait("api.example", rates, 0) == 0
    assert 3600 <= Limiter(tmp_path, clock.sleep, clock).wait("api.example", rates, 60) <= 3700
    assert Limiter(tmp_path, clock.sleep, clock).wait("other.example", rates, 0) == 0
    clock.time -= 10_000
    assert Limiter(tmp_path, clock.sleep, clock).wait("api.example", rates, 60) == 0, "the clock was set back"


def test_a_damaged_record_of_turns_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "api.example.json").write_text("[1, 2")
    assert Limiter(tmp_path).wait("api.example", (Rate(1, 1),), 0) == 0


def test_a_used_up_limit_says_when_to_go_on(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    host = loopback.url.removeprefix("http://")
    hourly = HostLimit(host, (Rate(2, 3600),), why="a test")
    strict = Fetcher(fetcher.cache_dir, limits=(hourly,))
    first, second = loopback.serve("/a", reply(BODY)), loopback.serve("/b", reply(BODY))
    assert strict.get(first) == BODY
    with pytest.raises(fetch.LimitReached, match=r"go on in 61 min") as raised:
        strict.get(second)
    assert 3000 < raised.value.wait_sec < 3700
    assert strict.get(first) == BODY, "what is on the disk costs nothing"


def test_the_hosts_we_know_are_declared_with_their_reason() -> None:
    assert rates_for("api.jolpi.ca", HOST_LIMITS) == (Rate(4, 1), Rate(500, 3600))
    assert all(limit.why for limit in HOST_LIMITS)
    assert rates_for("unknown.example", HOST_LIMITS) == UNKNOWN_HOST


# -- elsewhere -------------------------------------------------------------------------------------


def test_a_base_url_can_be_served_from_elsewhere(
    fetcher: Fetcher, loopback: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loopback.serve("/ergast/f1/2025.json", reply(BODY))
    monkeypatch.setenv(
        "FORMGUIDE_BASE_URLS", f"https://api.jolpi.ca={loopback.url}, https://b.example=http://c.example"
    )
    monkeypatch.setenv("FORMGUIDE_CONTACT", "https://example.org/who")
    there = Fetcher.from_env(fetcher.cache_dir)
    assert there.contact == "https://example.org/who"
    assert there.get("https://api.jolpi.ca/ergast/f1/2025.json") == BODY
    assert loopback.paths() == ["/ergast/f1/2025.json"]
    assert (fetcher.cache_dir / "limits" / "api.jolpi.ca.json").exists(), (
        "the limits keep the host's own name"
    )
    monkeypatch.setenv("FORMGUIDE_BASE_URLS", "nonsense")
    with pytest.raises(ValueError, match="not of the form"):
        Fetcher.from_env(fetcher.cache_dir)


def test_a_damaged_body_on_the_disk_is_fetched_again(fetcher: Fetcher, loopback: Any, reply: Any) -> None:
    url = loopback.serve("/a", reply(BODY))
    fetcher.get(url)
    packed = next((fetcher.cache_dir / "bodies").rglob("*.gz"))
    for path in (fetcher.cache_dir / "bodies").rglob("*.gz"):
        path.write_bytes(path.read_bytes()[:-4] if path == packed else path.read_bytes())
        path.write_bytes(gzip.compress(b"something else"))
    assert fetcher.get(url) == BODY and loopback.paths() == ["/a", "/a"]


def test_tests_have_no_network() -> None:
    with pytest.raises(OSError, match="tests need no network"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
