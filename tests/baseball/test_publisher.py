"""Announcing against a server on this machine: each thing once, and never a word of the password."""

from __future__ import annotations

import json
import logging
import re
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from formguide.baseball.publisher import (
    HANDLE,
    PASSWORD,
    Bluesky,
    Post,
    PrivatePublisher,
    PublishError,
    Receipt,
    record_key,
)

SECRET = "pass-word-that-nobody-may-see"
POST = Post(date(2024, 6, 11), "pick/blend/1", datetime(2024, 6, 11, 16, 50), "Pick: somebody")


@dataclass
class Network:
    """A server of the AT protocol with one account. `fails` lists methods that answer 502, once each; `drops`
    those that do what they are asked and hang up before they say so."""

    url: str = ""
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fails: list[str] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)

    def answer(
        self, method: str, params: dict[str, str], body: dict[str, Any], token: str
    ) -> tuple[int, Any]:
        self.calls.append(method)
        if method in self.fails:
            self.fails.remove(method)
            return 502, {"error": "UpstreamFailure", "message": f"you sent {body}"}
        if method == "com.atproto.server.createSession":
            if body != {"identifier": "me.test", "password": SECRET}:
                return 401, {"error": "AuthenticationRequired", "message": f"wrong: {body}"}
            return 200, {"did": "did:plc:me", "accessJwt": "token"}
        if token != "Bearer token":
            return 401, {"error": "AuthMissing"}
        if method == "com.atproto.repo.getRecord":
            if params["rkey"] not in self.records:
                return 400, {"error": "RecordNotFound"}
            return 200, self._place(params["rkey"])
        if method == "com.atproto.repo.putRecord":
            self.records[body["rkey"]] = body["record"]
            return 200, self._place(body["rkey"])
        if method == "chat.bsky.convo.getConvoForMembers":
            return 200, {"convo": {"id": f"with {params['members']}"}}
        if method == "chat.bsky.convo.sendMessage":
            self.messages.append(f"{body['convoId']}: {body['message']['text']}")
            return 200, {"id": "1"}
        return 501, {"error": "MethodNotImplemented"}

    def _place(self, key: str) -> dict[str, Any]:
        return {"uri": f"at://did:plc:me/app.bsky.feed.post/{key}", "cid": f"cid-{key}"}


@pytest.fixture
def network() -> Iterator[Network]:
    site = Network()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do({})

        def do_POST(self) -> None:
            self._do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _do(self, body: dict[str, Any]) -> None:
            parts = urlsplit(self.path)
            method = parts.path.removeprefix("/xrpc/")
            params = {name: values[0] for name, values in parse_qs(parts.query).items()}
            status, said = site.answer(method, params, body, self.headers.get("Authorization", ""))
            self.close_connection = True
            if method in site.drops:
                site.drops.remove(method)
                return
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: the tests look at `calls`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def account(network: Network) -> Bluesky:
    return Bluesky("me.test", SECRET, network.url, network.url, recipient="did:plc:you")


def test_a_post_is_made(account, network):
    receipt = account.publish(POST)
    (key,) = network.records
    assert receipt == Receipt("bluesky", f"at://did:plc:me/app.bsky.feed.post/{key}", f"cid-{key}")
    assert network.records[key] == {
        "$type": "app.bsky.feed.post",
        "text": "Pick: somebody",
        "createdAt": "2024-06-11T16:50:00.000+00:00",
    }


def test_the_same_post_is_made_once_however_often_it_is_asked_for(account, network):
    receipts = {account.publish(POST), account.publish(POST), replace(account).publish(POST)}
    assert len(receipts) == 1
    assert len(network.records) == 1
    assert network.calls.count("com.atproto.repo.putRecord") == 1


def test_a_post_whose_answer_is_lost_is_found_the_next_time(account, network):
    network.drops = ["com.atproto.repo.putRecord"]
    with pytest.raises(PublishError):
        account.publish(POST)
    assert len(network.records) == 1
    account.publish(POST)
    assert len(network.records) == 1
    assert network.calls.count("com.atproto.repo.putRecord") == 1


def test_an_answer_hangs_under_the_post_it_answers(account, network):
    first = account.publish(POST)
    reply = replace(POST, key="result/blend/1/hit", said_at=POST.said_at + timedelta(hours=2))
    second = account.publish(reply, first, first)
    third = account.publish(replace(POST, key="result/blend/2/miss"), second, first)
    replied = [record["reply"] for record in network.records.values() if "reply" in record]
    assert replied[0]["parent"] == replied[0]["root"] == {"uri": first.uri, "cid": first.cid}
    assert replied[1] == {
        "root": {"uri": first.uri, "cid": first.cid},
        "parent": {"uri": second.uri, "cid": second.cid},
    }
    assert len({first, second, third}) == 3


def test_a_long_post_is_cut_to_what_is_allowed(account, network):
    account.publish(replace(POST, message="x" * 400))
    (record,) = network.records.values()
    assert len(record["text"]) == 300


@pytest.mark.parametrize("method", ["com.atproto.server.createSession", "com.atproto.repo.putRecord"])
def test_what_fails_is_told_without_a_word_of_the_password(account, network, caplog, method):
    network.fails = [method]
    with caplog.at_level(logging.DEBUG), pytest.raises(PublishError) as raised:
        account.publish(POST)
    assert str(raised.value) == f"{method}: 502 UpstreamFailure"
    told = "".join(traceback.format_exception(raised.value))
    assert SECRET not in told + caplog.text + repr(account) + str(account)
    assert account.publish(POST).uri


def test_a_wrong_password_is_an_error_of_one_line(account):
    with pytest.raises(PublishError, match="401 AuthenticationRequired") as raised:
        replace(account, password="other-secret").publish(POST)
    assert "other-secret" not in str(raised.value)


def test_nobody_there_is_an_error_of_one_line(account, network):
    with pytest.raises(PublishError, match="createSession: ConnectError"):
        replace(account, service="http://127.0.0.1:9").publish(POST)


def test_an_alert_is_a_direct_message(account, network):
    account.alert("morning failed 3 times in a row")
    assert network.messages == ["with did:plc:you: morning failed 3 times in a row"]


def test_an_alert_that_fails_says_so(account, network):
    network.fails = ["chat.bsky.convo.sendMessage"]
    with pytest.raises(PublishError, match="sendMessage: 502"):
        account.alert("morning failed")
    with pytest.raises(PublishError, match="nobody is named"):
        replace(account, recipient=None).alert("morning failed")


def test_the_account_comes_from_the_environment_alone(monkeypatch):
    for name in (HANDLE, PASSWORD):
        monkeypatch.delenv(name, raising=False)
    assert Bluesky.from_env("https://bsky.social") is None
    monkeypatch.setenv(HANDLE, "me.test")
    with pytest.raises(PublishError, match=PASSWORD):
        Bluesky.from_env("https://bsky.social")
    monkeypatch.setenv(PASSWORD, SECRET)
    found = Bluesky.from_env("https://bsky.social")
    assert found is not None and (found.handle, found.password) == ("me.test", SECRET)


def test_in_private_nothing_leaves_the_house(network):
    assert PrivatePublisher().publish(POST) == Receipt("private")
    assert network.calls == []


def test_record_keys_are_timestamps_and_tell_posts_apart():
    """A TID: 13 digits of base 32, in the order of time, the first of them at most j."""
    key = record_key(POST)
    assert re.fullmatch("[234567abcdefghij][234567a-z]{12}", key)
    assert record_key(replace(POST, message="other words")) == key
    other_keys = {record_key(replace(POST, key=f"pick/blend/{n}")) for n in range(500)}
    assert len(other_keys) == 500
    later = [record_key(replace(POST, said_at=POST.said_at + timedelta(seconds=n))) for n in range(100)]
    assert later == sorted(later)
    alphabet = "234567abcdefghijklmnopqrstuvwxyz"
    value = 0
    for digit in key:
        value = value * 32 + alphabet.index(digit)
    told = datetime(1970, 1, 1) + timedelta(microseconds=value >> 10)
    assert timedelta(0) <= told - POST.said_at < timedelta(milliseconds=1)
