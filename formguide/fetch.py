"""Polite HTTP: every body fetched once, at the pace its host allows, in bounded time.

`Fetcher.get` answers from the disk if it can. Otherwise it reads the host's robots.txt, waits for the
host's turn, and asks under a name that says who is asking; what can pass (429, 5xx, time-outs, broken
connections, bodies cut short) is tried again with growing, jittered pauses, and `Retry-After` is obeyed.
A request ends within its cap in seconds whatever the server does, also if it sends a byte now and then.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import threading
import time
import urllib.robotparser
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from formguide import __version__
from formguide.bodies import BodyCache, Kept
from formguide.hosts import HOST_LIMITS, HostLimit, Limiter, Rate, rates_for
from formguide.plain import PlainError

T = TypeVar("T")

_ROBOTS_TTL_SEC = 24 * 3600.0
_MAX_REDIRECTS = 5
_MAX_BODY_BYTES = 256 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class FetchError(PlainError, RuntimeError):
    """A body could not be had. The message is one line; `url` is what was asked for."""

    def __init__(self, url: str, says: str) -> None:
        super().__init__(f"{url}: {says}")
        self.url = url
        self.says = says


class NotFound(FetchError):
    """The host has nothing there (404, 410)."""


class Rejected(FetchError):
    """The host will not answer this request (any other 4xx, or a redirection without end)."""


class RobotsForbid(FetchError):
    """The host's robots.txt asks programs not to read this."""


class LimitReached(FetchError):
    """The host's declared limit is used up; `wait_sec` until the next turn."""

    def __init__(self, url: str, says: str, wait_sec: float) -> None:
        super().__init__(url, says)
        self.wait_sec = wait_sec


class Transient(FetchError):
    """What may be different next time. `retry_after_sec`: how long the host asked to be left alone."""

    def __init__(self, url: str, says: str, retry_after_sec: float = 0.0) -> None:
        super().__init__(url, says)
        self.retry_after_sec = retry_after_sec


class TooManyRequests(Transient):
    """The host says it is being asked too much (429)."""


class ServerFailed(Transient):
    """The host failed (5xx)."""


class TimedOut(Transient):
    """The request did not end within its cap."""


class Truncated(Transient):
    """The connection broke, or the body that came is not whole."""


class Unreachable(Transient):
    """No connection to the host: no network, no such name, refused, or no trusted certificate."""


@dataclass(frozen=True)
class Fetcher:
    """Fetches bodies. All its state is below `cache_dir`, so that any number of them may share it.

    limits: what each host may be asked; base_urls: other bases to ask instead ("https://api.jolpi.ca" to
    "http://127.0.0.1:8000"; the cache and the limits keep the original names); cap_sec: the most that one
    request may take; attempts: how often something transient is tried; backoff_sec: the first pause,
    doubled each time; max_wait_sec: the longest wait for a host's turn or its `Retry-After`; contact: a
    mail address or page for the host's people.
    """

    cache_dir: Path
    limits: tuple[HostLimit, ...] = HOST_LIMITS
    base_urls: Mapping[str, str] = field(default_factory=dict)
    cap_sec: float = 5.0
    attempts: int = 4
    backoff_sec: float = 1.0
    max_wait_sec: float = 120.0
    contact: str | None = None
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def from_env(cls, cache_dir: Path) -> Fetcher:
        """With `FORMGUIDE_BASE_URLS` ("https://host=http://other, …") and `FORMGUIDE_CONTACT` applied."""
        pairs = [p for p in os.environ.get("FORMGUIDE_BASE_URLS", "").split(",") if p.strip()]
        wrong = [p for p in pairs if "=" not in p]
        if wrong:
            raise ValueError(
                f"FORMGUIDE_BASE_URLS: {wrong[0].strip()!r} is not of the form https://host=http://other"
            )
        bases = {old.strip(): new.strip() for old, new in (pair.split("=", 1) for pair in pairs)}
        return cls(cache_dir, base_urls=bases, contact=os.environ.get("FORMGUIDE_CONTACT") or None)

    @property
    def user_agent(self) -> str:
        """How we introduce ourselves."""
        who = self.contact or "sports forecasting; keeps to robots.txt and limits"
        return f"formguide/{__version__} ({who})"

    def get(
        self,
        url: str,
        *,
        ttl_sec: float | None = None,
        refresh: bool = False,
        check: Callable[[bytes], object] | None = None,
        cap_sec: float | None = None,
    ) -> bytes:
        """The body at `url`, from the disk if it was fetched less than `ttl_sec` ago (None: ever).

        refresh: ask the host in any case (with the validators of what is on the disk); check: raises
        ValueError on a body that is not whole (such as `json.loads`), which then counts as truncated and
        is not kept. Raises a FetchError.
        """
        _require_web(url)
        bodies = BodyCache(self.cache_dir / "bodies")
        kept = bodies.load(url)
        if kept is not None and not _passes(check, kept.body):
            kept = None
        if kept is not None and not refresh and kept.is_fresh(ttl_sec):
            return kept.body
        answer = self._follow(url, kept, check, cap_sec or self.cap_sec)
        if answer.status == 304 and kept is not None:
            bodies.store(url, kept.body, kept.validators)
            return kept.body
        bodies.store(url, answer.body, answer.validators)
        return answer.body

    def _follow(
        self, url: str, kept: Kept | None, check: Callable[[bytes], object] | None, cap_sec: float
    ) -> _Answer:
        """The final answer to `url`: every hop of a redirection is asked as politely as the first."""
        place = url
        for _ in range(_MAX_REDIRECTS + 1):
            self._obey_robots(place)
            answer = self._persist(place, kept.validators if kept and place == url else {}, check, cap_sec)
            if answer.status not in _REDIRECTS:
                return answer
            place = urljoin(place, answer.location)
            _require_web(place)
        raise Rejected(url, f"more than {_MAX_REDIRECTS} redirections")

    def _persist(
        self, url: str, validators: Mapping[str, str], check: Callable[[bytes], object] | None, cap_sec: float
    ) -> _Answer:
        """One hop, tried until it is answered, refused, or not worth another attempt."""
        growing = wait_exponential_jitter(multiplier=self.backoff_sec, max=60, jitter=self.backoff_sec)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after_sec if isinstance(error, Transient) else 0.0
            return max(growing(state), asked)

        def worth_it(error: BaseException) -> bool:
            return isinstance(error, Transient) and error.retry_after_sec <= self.max_wait_sec

        def ask() -> _Answer:
            self._take_turn(url)
            answer = self._ask_once(url, validators, cap_sec)
            if answer.status < 300 and not _passes(check, answer.body):
                raise Truncated(url, f"{len(answer.body)} bytes came, but they are not the whole body")
            return answer

        retrying = Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=pause,
            retry=retry_if_exception(worth_it),
            sleep=self.sleep,
            reraise=True,
        )
        return retrying(ask)

    def _take_turn(self, url: str) -> None:
        host = urlsplit(url).netloc
        rates = (*rates_for(host, self.limits), *self._crawl_delay(url))
        wait_sec = Limiter(self.cache_dir / "limits", sleep=self.sleep).wait(host, rates, self.max_wait_sec)
        if wait_sec:
            minutes = max(1, round(wait_sec / 60))
            raise LimitReached(
                url, f"{host}'s limit is used up: go on in {minutes} min, what came so far is kept", wait_sec
            )

    def _ask_once(self, url: str, validators: Mapping[str, str], cap_sec: float) -> _Answer:
        headers = {"User-Agent": self.user_agent, **validators}
        try:
            answer = within(cap_sec, lambda: _exchange(self.asked_at(url), headers, cap_sec))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOut(url, f"no whole answer within {cap_sec:g} s") from error
        except httpx.ConnectError as error:
            raise Unreachable(url, f"cannot connect ({error or 'no answer'})") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Truncated(url, f"the answer broke off ({error or type(error).__name__})") from error
        except _TooLarge as error:
            raise Rejected(url, f"the body is larger than {_MAX_BODY_BYTES:,} bytes") from error
        status = answer.status
        if status == 429:
            raise TooManyRequests(url, "the host asks for a pause (429)", answer.retry_after_sec)
        if status >= 500 or status == 408:
            raise ServerFailed(url, f"the host failed ({status})", answer.retry_after_sec)
        if status in (404, 410):
            raise NotFound(url, f"nothing there ({status})")
        if status >= 400 or (status < 200) or (300 <= status < 400 and status not in {*_REDIRECTS, 304}):
            raise Rejected(url, f"the host will not answer this ({status})")
        return answer

    def asked_at(self, url: str) -> str:
        """The address that is really asked for a URL's body: another where a base is given for its host's."""
        for base, other in self.base_urls.items():
            if url == base or url.startswith(base.rstrip("/") + "/"):
                return other.rstrip("/") + url[len(base.rstrip("/")) :]
        return url

    # -- robots.txt --------------------------------------------------------------------------------

    def _obey_robots(self, url: str) -> None:
        if not self._robots(url).can_fetch(self.user_agent, url):
            raise RobotsForbid(url, "the host's robots.txt asks programs not to read this")

    def _crawl_delay(self, url: str) -> tuple[Rate, ...]:
        kept = BodyCache(self.cache_dir / "bodies").load(_robots_url(url))
        delay = _parsed(kept.body).crawl_delay(self.user_agent) if kept else None
        return (Rate(1, float(delay)),) if delay else ()

    def _robots(self, url: str) -> urllib.robotparser.RobotFileParser:
        """The host's rules, read once a day. No file is no rule; a host that fails is not read (RFC 9309)."""
        place = _robots_url(url)
        bodies = BodyCache(self.cache_dir / "bodies")
        kept = bodies.load(place)
        if kept is None or not kept.is_fresh(_ROBOTS_TTL_SEC):
            try:
                answer = self._persist(place, {}, None, self.cap_sec)
                body = answer.body if answer.status == 200 else b""
            except (NotFound, Rejected):
                body = b""
            bodies.store(place, body, {})
            return _parsed(body)
        return _parsed(kept.body)


# -- one request -----------------------------------------------------------------------------------


class _TooLarge(Exception):
    """A body without end."""


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    @property
    def validators(self) -> dict[str, str]:
        asks = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
        return {ask: self.headers[name] for ask, name in asks.items() if self.headers.get(name)}

    @property
    def retry_after_sec(self) -> float:
        """`Retry-After` in seconds, whether it names a number or a moment; 0 where it says nothing."""
        text = self.headers.get("retry-after", "").strip()
        if not text:
            return 0.0
        try:
            return max(0.0, float(text))
        except ValueError:
            pass
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())


def within(cap_sec: float, exchange: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What an exchange gives, or what it raises, within `cap_sec`; TimeoutError beyond it, also if the server
    dribbles or the resolver hangs.

    A time-out per read is none for a server that sends a byte now and then, so the whole exchange is a
    task that is cancelled; and because looking up a name cannot be cancelled, it runs in a thread that is
    left behind if need be.
    """
    given: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            given.append(asyncio.run(asyncio.wait_for(exchange(), cap_sec)))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name="formguide-fetch")
    thread.start()
    thread.join(cap_sec + 0.5)
    if raised:
        raise raised[0]
    if not given:
        raise TimeoutError
    return given[0]


async def _exchange(url: str, headers: Mapping[str, str], cap_sec: float) -> _Answer:
    async with (
        httpx.AsyncClient(verify=_tls(), timeout=cap_sec, follow_redirects=False) as client,
        client.stream("GET", url, headers=dict(headers)) as response,
    ):
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > _MAX_BODY_BYTES:
                raise _TooLarge
            chunks.append(chunk)
        headers_back = {name.lower(): value for name, value in response.headers.items()}
        return _Answer(response.status_code, b"".join(chunks), headers_back)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


def _require_web(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise Rejected(url, "not a plain http or https address")


def _robots_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def _parsed(body: bytes) -> urllib.robotparser.RobotFileParser:
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(body.decode("utf-8", errors="replace").splitlines())
    return rules


def _passes(check: Callable[[bytes], object] | None, body: bytes) -> bool:
    if check is None:
        return True
    try:
        check(body)
    except ValueError:
        return False
    return True
