"""What every test has: one thread per library, no network, a lake of its own, the real records if there."""

from __future__ import annotations

import os

# Before anything imports numpy, polars or numba: tests run side by side, one core each.
for _name in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
):
    os.environ.setdefault(_name, "1")
for _name in ("DAGSTER_HOME", "FORMGUIDE_BASE_URLS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.lower(), None)
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"

import io
import ipaddress
import itertools
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("FORMGUIDE_REAL_DATA") or ROOT.parent / "shared" / "data")

# A test that fails now and then teaches nobody: the same examples every time, as slow as the machine is.
settings.register_profile("formguide", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("formguide")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A file's bytes are not the name of a test: gzip writes the time into its own, and two workers that read
    the tests a second apart would then not agree on what there is to run."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session", autouse=True)
def lake_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """No test writes to the lake of the machine it runs on."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("lake")
        patch.setenv("FORMGUIDE_LAKE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def nothing_waits_for_the_disk() -> Iterator[None]:
    """Files are written as they always are, and not waited for until the disk has them: only a machine that
    loses its power could tell, and the lakes of the tests are some hundred files each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Connections to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = str(address[0])
            if host != "localhost" and not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
                raise OSError(f"a test tried to reach {host}: tests need no network")
        connect(self, address)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session", autouse=True)
def years_counted_once() -> Iterator[None]:
    """Where the tests have Dagster, its calendar remembers what it has worked out.

    For every asset and partition that it looks at it counts the years with croniter anew, a sixth of a run's
    processor time and more than a third of the question of what is stale. Which moments follow a moment on a
    schedule depends on nothing else, so that nothing but the time changes.
    """
    if "dagster" not in sys.modules:
        yield
        return
    from dagster._utils import schedules

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            schedules, "_croniter_string_iterator", _remembered(schedules._croniter_string_iterator)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def history_on_one_connection() -> Iterator[None]:
    """Where the tests have Dagster, a history in memory is asked through the connection that keeps it alive.

    For every question it opens another, and sets it up: a twelfth of a run's processor time.
    """
    if "dagster" not in sys.modules:
        yield
        return
    from dagster._core.storage.event_log.in_memory import InMemoryEventLogStorage

    def connect(self: Any) -> AbstractContextManager[Any]:
        return _held(self) if threading.current_thread() is threading.main_thread() else another(self)

    another = InMemoryEventLogStorage._connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InMemoryEventLogStorage, "_connect", connect)
        yield


@contextmanager
def _held(storage: Any) -> Iterator[Any]:
    with storage._db_lock, storage._held_conn.begin():
        yield storage._held_conn


def _remembered(moments: Callable[..., Iterator[T]]) -> Callable[..., Iterator[T]]:
    """The same endless iterators, each started once per question and shared by all who ask it."""
    known: dict[tuple[object, ...], tuple[list[T], Iterator[T]]] = {}
    lock = threading.Lock()

    def again(*arguments: object, **named: object) -> Iterator[T]:
        question = (*arguments, *sorted(named.items()))
        with lock:
            seen, rest = known.setdefault(question, ([], moments(*arguments, **named)))
        for place in itertools.count():
            with lock:
                if place == len(seen):
                    seen.append(next(rest))
            yield seen[place]

    return again


# -- pictures --------------------------------------------------------------------------------------


@contextmanager
def unpainted() -> Iterator[None]:
    """Pictures are laid out and not painted, a PNG in memory is its first bytes: painting is a third of what
    a small run through Dagster costs. A test that looks at a picture asks for `painted`."""
    from matplotlib.figure import Figure

    paint = _savefig()

    def sign(self: Figure, file: Any, **how: Any) -> None:
        if isinstance(file, io.BytesIO) and how.get("format") == "png":
            file.write(b"\x89PNG\r\n\x1a\n")
        else:
            paint(self, file, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", sign)
        yield


@cache
def _savefig() -> Callable[..., None]:
    """How pictures are painted where nothing was changed."""
    from matplotlib.figure import Figure

    return Figure.savefig


@contextmanager
def painting() -> Iterator[None]:
    """Pictures as they are, where a room's are `unpainted`."""
    from matplotlib.figure import Figure

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", _savefig())
        yield


@pytest.fixture
def painted() -> Iterator[None]:
    """Pictures as they are, for one test of such a room."""
    with painting():
        yield


# -- the real records ------------------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in tests/real is marked so."""
    for item in items:
        if item.path.is_relative_to(ROOT / "tests" / "real"):
            item.add_marker("real")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per reason to skip, however many tests it stands for."""
    reasons = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, tests in reasons.items():
        terminalreporter.write_line(f"skipped {tests} {'test' if tests == 1 else 'tests'}: {reason}")


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """`real_data("formula1")` is the folder of a sport's real records; the test is skipped without it."""

    def of(sport: str) -> Path:
        return _required(REAL_DATA / sport)

    return of


@pytest.fixture(autouse=True)
def _real_records_are_there(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("real"):
        _required(REAL_DATA)


def _required(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip("the real records are not here (../shared/data, or FORMGUIDE_REAL_DATA)")
    return folder


# -- a server on this machine ----------------------------------------------------------------------


@dataclass(frozen=True)
class Reply:
    """What the loopback server answers, and how badly.

    stall_sec: silence before the first byte; dribble_sec: between any two bytes, headers included;
    cut_at: hang up after so many bytes of the body, having promised all of it.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stall_sec: float = 0.0
    dribble_sec: float = 0.0
    cut_at: int | None = None

    def wire(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} -", f"Content-Length: {len(self.body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        body = self.body if self.cut_at is None else self.body[: self.cut_at]
        return "\r\n".join([*lines, "", ""]).encode() + (b"" if self.status == 304 else body)


@dataclass
class Loopback:
    """A server whose answers are a test's to choose: per path a list, used up in order, the last for ever."""

    url: str
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def serve(self, path: str, *replies: Reply) -> str:
        """Answers `path` (with its query) so from now on, and returns its address."""
        self.replies[path] = list(replies)
        return self.url + path

    def paths(self) -> list[str]:
        """What was asked for, in order, robots.txt left out."""
        return [path for path, _ in self.asked if path != "/robots.txt"]


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A `Loopback` server; what it was not told to serve is 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            queue = site.replies.get(self.path, [Reply(status=404)])
            reply = queue.pop(0) if len(queue) > 1 else queue[0]
            site.closing.wait(reply.stall_sec)
            try:
                if not reply.dribble_sec:
                    self.wfile.write(reply.wire())
                for byte in reply.wire() if reply.dribble_sec else b"":
                    self.wfile.write(bytes([byte]))
                    if site.closing.wait(reply.dribble_sec):
                        break
            except OSError:
                return  # the client hung up first, as some tests mean it to
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the tests look at `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Loopback(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    site.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def reply() -> type[Reply]:
    """The class of a loopback server's answers."""
    return Reply
