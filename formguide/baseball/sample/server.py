"""A server on this machine that answers as the league's API would, at whatever time its clock shows.

For tests, and for playing a day by hand: point the fetcher's base address at `SampleApi.url`. What is on
script comes from a day's script, everything else from the sample league's folder. Faults are switched on and
off while it runs, or hold between two moments of its own clock.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from formguide.baseball.sample.day import DayScript

Json = dict[str, Any]
DOWN, ERROR, SLOW, TRUNCATED = "down", "error", "slow", "truncated"


@dataclass(frozen=True)
class Fault:
    """Something wrong with the server.

    `kind` is down (hangs up without a word), error (500), slow (`seconds` of silence first) or truncated
    (half a body, though all of it was promised). It holds for paths that contain `path`, from `since` until
    `until` by the server's clock (None: no bound), and at most `times` times.
    """

    kind: str
    path: str = ""
    since: datetime | None = None
    until: datetime | None = None
    seconds: float = 30.0
    times: int | None = None


@dataclass
class SampleApi:
    """The server. Use it as a context manager: `with SampleApi(script, clock) as api: … api.url`.

    `scripts` are the days on script, `clock` tells the time (UTC), `folder` is the sample league's for every
    other date. `asked` lists the paths that were asked for, in order, robots.txt left out.
    """

    scripts: DayScript | Sequence[DayScript]
    clock: Callable[[], datetime]
    folder: Path | None = None
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._days = [self.scripts] if isinstance(self.scripts, DayScript) else list(self.scripts)
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._used: dict[int, int] = {}
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    # -- starting and stopping ---------------------------------------------------------------------

    def __enter__(self) -> SampleApi:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api._answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Nothing: whoever wants to know looks at `asked`."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end. Raises RuntimeError before it is started."""
        if self._server is None:
            raise RuntimeError("the server has not been started: use it in a with statement")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    # -- what it says ------------------------------------------------------------------------------

    def schedule(self, day: date) -> Json:
        """The schedule response for a date, now."""
        for script in self._days:
            if script.day == day:
                return script.schedule(self.clock())
        return self._file(f"schedules/{day}.json.gz") or {"totalItems": 0, "totalGames": 0, "dates": []}

    def feed(self, game_pk: int) -> Json | None:
        """What feed/live says of a game now; None for a game that it does not know."""
        now = self.clock()
        told = [s.game(game_pk) for s in self._days if game_pk in {g.fixture.game_pk for g in s.games}]
        # A game that rain moved is on two days: once it is postponed, the later one tells it.
        gone = [g for g in told if g.rained_out_at is not None and now >= g.rained_out_at]
        for game in (g for g in told if g not in gone):
            return game.feed(now)
        if gone:
            return gone[-1].feed(now)
        kept = sorted(self.folder.glob(f"feeds/*/{game_pk}.json.gz")) if self.folder is not None else []
        return self._file(f"feeds/{kept[0].parent.name}/{kept[0].name}") if kept else None

    def _file(self, name: str) -> Json | None:
        place = self.folder / name if self.folder is not None else None
        if place is None or not place.is_file():
            return None
        document: Json = json.loads(gzip.decompress(place.read_bytes()))
        return document

    def _document(self, path: str) -> Json | None:
        parts = urlsplit(path)
        steps = parts.path.strip("/").split("/")
        if steps[-1:] == ["schedule"]:
            query = parse_qs(parts.query)
            asked = query.get("date") or query.get("startDate") or [self.clock().date().isoformat()]
            until = (query.get("endDate") or asked)[0]
            return self._schedules(date.fromisoformat(asked[0]), date.fromisoformat(until))
        if steps[-2:] == ["feed", "live"] and steps[-3].isdigit():
            return self.feed(int(steps[-3]))
        return None

    def _schedules(self, first: date, last: date) -> Json:
        """One response for a range of dates."""
        found = [self.schedule(date.fromordinal(n)) for n in range(first.toordinal(), last.toordinal() + 1)]
        if len(found) == 1:
            return found[0]
        total = {
            k: sum(f.get(k, 0) for f in found)
            for k in ("totalItems", "totalEvents", "totalGames", "totalGamesInProgress")
        }
        return {**total, "dates": [d for f in found for d in f["dates"]]}

    # -- answering, well or badly ------------------------------------------------------------------

    def _fault(self, path: str) -> Fault | None:
        now = self.clock()
        with self._lock:
            for fault in self.faults:
                used = self._used.get(id(fault), 0)
                worn_out = fault.times is not None and used >= fault.times
                on = (fault.since or now) <= now and (fault.until is None or now < fault.until)
                if fault.path in path and on and not worn_out:
                    self._used[id(fault)] = used + 1
                    return fault
        return None

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        if path == "/robots.txt":
            self._send(request, 404, b"")
            return
        with self._lock:
            self.asked.append(path)
        fault = self._fault(path)
        if fault is not None and fault.kind == DOWN:
            request.close_connection = True
            return
        if fault is not None and fault.kind == SLOW:
            self._closing.wait(fault.seconds)
        if fault is not None and fault.kind == ERROR:
            self._send(request, 500, b'{"message":"Internal error occurred"}')
            return
        try:
            document = self._document(path)
        except ValueError:
            self._send(request, 400, b'{"message":"Invalid request"}')
            return
        if document is None:
            self._send(request, 404, b'{"message":"Object not found"}')
            return
        body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
        self._send(request, 200, body, cut=fault is not None and fault.kind == TRUNCATED)

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes, *, cut: bool = False) -> None:
        head = (
            f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        try:
            request.wfile.write(head.encode() + (body[: len(body) // 2] if cut else body))
        except OSError:
            return  # the client hung up first
        finally:
            request.close_connection = True
