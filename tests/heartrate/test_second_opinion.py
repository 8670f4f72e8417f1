"""A language model's second opinion, asked of a server on this machine: good, wrong, slow and hostile
answers."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from formguide.heartrate.offsets import Finding
from formguide.heartrate.second_opinion import KEY, MODEL, URL, SecondOpinion, question, read_opinion

SHIFTED = Finding("somebody/20240102T030405", 7, 15.0, 2.0, 0.4, 1.0, 0.2, "offset")
LATE = Finding("somebody/20240102T030405", 7, 1.0, 2.0, 21.0, 0.8, 80.0, "lag")
BOTH = Finding("somebody/20240102T030405", 7, -12.0, 2.0, 21.0, 0.8, 80.0, "both")


def said(verdict: str = "confirm", offset: Any = 15.5, lag: Any = None, **more: Any) -> dict[str, Any]:
    return {"verdict": verdict, "offset_bpm": offset, "lag_sec": lag, "reason": "it fits", **more}


@dataclass
class Endpoint:
    """What answers, and what it was asked: each reply is (status, body, seconds between bytes)."""

    url: str
    replies: list[tuple[int, bytes, float]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def says(self, content: Any, status: int = 200) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        body = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]})
        self.replies.append((status, body.encode(), 0.0))


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append((self.path, headers, json.loads(body)))
            status, answer, pause = site.replies.pop(0) if site.replies else (404, b"", 0.0)
            head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n"
            if 300 <= status < 400:
                head += f"Location: {site.url}/elsewhere\r\n"
            wire = head.encode() + b"\r\n" + answer
            try:
                for at in range(0, len(wire), 1 if pause else len(wire)):
                    self.wfile.write(wire[at : at + 1] if pause else wire)
                    if pause and site.closing.wait(pause):
                        break
            except OSError:
                return  # the client hung up first, as it should
            self.close_connection = True

        def log_message(self, *args: object, **named: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site = Endpoint(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    site.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


def asking(endpoint: Endpoint, **settings: Any) -> SecondOpinion:
    return SecondOpinion(endpoint.url, "some-model", "secret-key", pause_sec=0.01, **settings)


# -- good answers ----------------------------------------------------------------------------------


def test_a_finding_is_confirmed(endpoint: Endpoint) -> None:
    endpoint.says(said())
    opinion = asking(endpoint)(SHIFTED)
    assert opinion is not None and opinion.confirms
    assert opinion.in_words == "confirm: it fits"
    ((path, headers, body),) = endpoint.asked
    assert path == "/v1/chat/completions" and headers["authorization"] == "Bearer secret-key"
    assert body["model"] == "some-model" and body["temperature"] == 0


def test_a_finding_is_vetoed_without_figures(endpoint: Endpoint) -> None:
    endpoint.says(said("veto", None))
    opinion = asking(endpoint)(SHIFTED)
    assert opinion is not None and not opinion.confirms


def test_who_ran_where_and_when_is_not_told() -> None:
    told = question(SHIFTED)
    assert "somebody" not in told and "2024" not in told
    assert json.loads(told)["offset_bpm"] == 15.0


# -- answers that change nothing -------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "I think so.",
        '{"verdict": "confirm"',
        json.dumps(said()) + " Hope this helps!",
        "```json\n" + json.dumps(said()) + "\n```",
        json.dumps([said()]),
        json.dumps(said("maybe")),
        json.dumps(said(offset="15.5")),
        json.dumps(said(offset=True)),
        json.dumps(said(extra="rm -rf /")),
        json.dumps(said()).replace("15.5", "NaN"),
        json.dumps(said()).replace("15.5", "1e999"),
        json.dumps(said() | {"reason": "x" * 301}),
        json.dumps({"verdict": "veto"}),
        "[" * 20000,
        "",
    ],
)
def test_another_shape_is_no_opinion(endpoint: Endpoint, content: str) -> None:
    endpoint.says(content)
    assert asking(endpoint)(SHIFTED) is None
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("finding", "offset", "lag"),
    [
        (SHIFTED, 25.0, None),
        (SHIFTED, None, None),
        (LATE, None, 30.0),
        (LATE, 21.0, None),
        (BOTH, -12.0, None),
    ],
)
def test_a_figure_of_its_own_is_no_opinion(
    endpoint: Endpoint, finding: Finding, offset: float | None, lag: float | None
) -> None:
    endpoint.says(said(offset=offset, lag=lag))
    assert asking(endpoint)(finding) is None


def test_both_are_confirmed_with_both_figures(endpoint: Endpoint) -> None:
    endpoint.says(said(offset=-10.0, lag=21))
    assert asking(endpoint)(BOTH) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>not found</html>",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": {"verdict": "veto"}}}]}',
        b'{"choices": {"0": 1}}',
        b"[" * 100_000,
    ],
)
def test_another_body_is_no_opinion(body: bytes) -> None:
    assert read_opinion(body) is None


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404])
def test_who_declines_is_asked_once(endpoint: Endpoint, status: int) -> None:
    endpoint.says(said(), status)
    assert asking(endpoint)(SHIFTED) is None
    assert len(endpoint.asked) == 1


def test_who_fails_is_asked_again(endpoint: Endpoint) -> None:
    endpoint.says(said(), 503)
    endpoint.says(said())
    assert asking(endpoint)(SHIFTED) is not None
    for _ in range(3):
        endpoint.says(said(), 500)
    assert asking(endpoint)(SHIFTED) is None
    assert len(endpoint.asked) == 4


def test_a_slow_answer_is_not_waited_for(endpoint: Endpoint) -> None:
    endpoint.says(said())
    status, body, _ = endpoint.replies.pop()
    endpoint.replies.append((status, body, 0.05))
    assert asking(endpoint, cap_sec=0.4, attempts=1)(SHIFTED) is None


def test_an_answer_without_end_is_cut_off(endpoint: Endpoint) -> None:
    endpoint.replies.append((200, b" " * 5_000_000, 0.0))
    assert asking(endpoint)(SHIFTED) is None


def test_nobody_there_is_no_opinion() -> None:
    assert SecondOpinion("http://127.0.0.1:9/v1", "m", cap_sec=1.0, attempts=1)(SHIFTED) is None


def test_a_reason_is_one_line_of_plain_characters(endpoint: Endpoint) -> None:
    endpoint.says(said() | {"reason": "fine\n\x1b[31mred\u202e,\tand more"})
    opinion = asking(endpoint)(SHIFTED)
    assert opinion is not None and opinion.in_words == "confirm: fine [31mred ,and more".replace(
        ",and", ", and"
    )


# -- settings --------------------------------------------------------------------------------------


def test_it_is_off_unless_somebody_is_named() -> None:
    assert SecondOpinion.from_env({}) is None
    assert SecondOpinion.from_env({URL: " ", KEY: "k"}) is None
    named = SecondOpinion.from_env({URL: "https://a.example/v1/", MODEL: "m", KEY: "secret"})
    assert named is not None and named.url == "https://a.example/v1"
    assert "secret" not in repr(named)


@pytest.mark.parametrize(
    "environ",
    [
        {URL: "https://a.example/v1"},
        {URL: "ftp://a.example", MODEL: "m"},
        {URL: "https://u:p@a.example", MODEL: "m"},
    ],
)
def test_settings_that_cannot_be_are_named(environ: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="FORMGUIDE_LLM"):
        SecondOpinion.from_env(environ)
