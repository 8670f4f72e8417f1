"""Where picks and results are announced: nowhere but in the lake by default, or on Bluesky (AT protocol).

Posting is safe to repeat. A post's record key follows from what it announces and from the moment that it
speaks of, which both come from the lake, so that every attempt writes the same record in the same place:
before it writes, the publisher looks whether the record is there already, and `putRecord` leaves one record
however often it is called. A process killed between posting and noting it posts nothing twice.

Credentials come from the environment alone and appear in no log and no error.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import httpx

HANDLE = "FORMGUIDE_BLUESKY_HANDLE"
PASSWORD = "FORMGUIDE_BLUESKY_APP_PASSWORD"
MAX_CHARS = 300
"""The longest post that Bluesky takes."""

_POSTS = "app.bsky.feed.post"
_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_EPOCH = datetime(1970, 1, 1)


class PublishError(RuntimeError):
    """A post could not be made; the message is one line and holds no credentials."""


@dataclass(frozen=True)
class Post:
    """Something to announce. key: names what it announces (pick/blend/1), unique within its day; said_at: the
    moment that it speaks of, naive UTC; reply_to: the key of the post that it answers."""

    game_date: date
    key: str
    said_at: datetime
    message: str
    reply_to: str | None = None


@dataclass(frozen=True)
class Receipt:
    """Where a post went. uri and cid: its address and hash in the network; None in private."""

    channel: str
    uri: str | None = None
    cid: str | None = None


class Publisher(Protocol):
    """Announces a post, once however often it is asked to, or raises PublishError.

    parent, root: receipts of the post that it answers and of the first one of that thread.
    """

    def publish(self, post: Post, parent: Receipt | None = None, root: Receipt | None = None) -> Receipt:
        """Makes the post."""
        ...


class Alarm(Protocol):
    """Tells somebody that something is wrong, or raises PublishError."""

    def alert(self, message: str) -> None:
        """Sends the message."""
        ...


@dataclass(frozen=True)
class PrivatePublisher:
    """Posts nothing: that the lake notes the post is all there is."""

    def publish(self, post: Post, parent: Receipt | None = None, root: Receipt | None = None) -> Receipt:
        """The receipt of a post that nobody sees."""
        return Receipt("private")


def record_key(post: Post) -> str:
    """The post's record key: a timestamp identifier (TID), as Bluesky's posts must have.

    The moment it speaks of, to the millisecond, with a hash of its day and key for the microseconds and the
    clock id (https://atproto.com/specs/tid).
    """
    digest = hashlib.sha256(f"{post.game_date}/{post.key}".encode()).digest()
    hashed = int.from_bytes(digest[:8], "big")
    milliseconds = (post.said_at - _EPOCH) // timedelta(milliseconds=1)
    value = ((milliseconds * 1000 + hashed % 1000) << 10) | ((hashed // 1000) % 1024)
    return "".join(_TID_ALPHABET[(value >> shift) & 31] for shift in range(60, -1, -5))


@dataclass(frozen=True)
class Bluesky:
    """An account on a server of the AT protocol: posts, and direct messages for alerts.

    service: the account's server; chat_service: the one that keeps messages; recipient: who is alerted (a
    DID); cap_sec: the most that one request may take.
    """

    handle: str
    password: str = field(repr=False)
    service: str = "https://bsky.social"
    chat_service: str = "https://api.bsky.chat"
    recipient: str | None = None
    cap_sec: float = 5.0

    @classmethod
    def from_env(
        cls, service: str, chat_service: str = "https://api.bsky.chat", recipient: str | None = None
    ) -> Bluesky | None:
        """The account named in the environment; None if it names none. Raises PublishError if it names half
        of one."""
        handle, password = os.environ.get(HANDLE), os.environ.get(PASSWORD)
        if not handle and not password:
            return None
        if not handle or not password:
            raise PublishError(f"set both {HANDLE} and {PASSWORD}, or neither")
        return cls(handle, password, service, chat_service, recipient)

    def publish(self, post: Post, parent: Receipt | None = None, root: Receipt | None = None) -> Receipt:
        """Makes the post if it is not there yet, and says where it is."""
        session = self._session()
        key = record_key(post)
        there = self._look(session, key)
        if there is not None:
            return there
        record: dict[str, Any] = {
            "$type": _POSTS,
            "text": post.message[:MAX_CHARS],
            "createdAt": post.said_at.replace(tzinfo=UTC).isoformat(timespec="milliseconds"),
        }
        if parent is not None and parent.uri:
            first = root if root is not None and root.uri else parent
            record["reply"] = {
                "root": {"uri": first.uri, "cid": first.cid},
                "parent": {"uri": parent.uri, "cid": parent.cid},
            }
        body = {"repo": session["did"], "collection": _POSTS, "rkey": key, "record": record}
        made = self._ask(
            "POST", self.service, "com.atproto.repo.putRecord", token=session["accessJwt"], body=body
        )
        return Receipt("bluesky", made["uri"], made["cid"])

    def alert(self, message: str) -> None:
        """Sends a direct message to the recipient."""
        if self.recipient is None:
            raise PublishError("nobody is named to be alerted (alert_recipient)")
        token = self._session()["accessJwt"]
        found = self._ask(
            "GET",
            self.chat_service,
            "chat.bsky.convo.getConvoForMembers",
            token=token,
            params={"members": self.recipient},
        )
        body = {"convoId": found["convo"]["id"], "message": {"text": message[:1000]}}
        self._ask("POST", self.chat_service, "chat.bsky.convo.sendMessage", token=token, body=body)

    # -- inside ------------------------------------------------------------------------------------

    def _session(self) -> dict[str, Any]:
        body = {"identifier": self.handle, "password": self.password}
        return self._ask("POST", self.service, "com.atproto.server.createSession", body=body)

    def _look(self, session: Mapping[str, Any], key: str) -> Receipt | None:
        params = {"repo": session["did"], "collection": _POSTS, "rkey": key}
        try:
            found = self._ask(
                "GET",
                self.service,
                "com.atproto.repo.getRecord",
                token=session["accessJwt"],
                params=params,
            )
        except _Nothing:
            return None
        return Receipt("bluesky", found["uri"], found["cid"])

    def _ask(
        self,
        verb: str,
        service: str,
        method: str,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One call. What goes wrong is told by the method and the server's code, never by what was sent."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            with httpx.Client(timeout=self.cap_sec) as client:
                answer = client.request(
                    verb, f"{service.rstrip('/')}/xrpc/{method}", headers=headers, params=params, json=body
                )
            said = answer.json()
        except httpx.HTTPError as error:
            raise PublishError(f"{method}: {type(error).__name__}") from None
        except ValueError:
            raise PublishError(f"{method}: the answer is not JSON") from None
        if answer.status_code >= 400 or not isinstance(said, dict):
            code = str(said.get("error", "")) if isinstance(said, dict) else ""
            if code == "RecordNotFound":
                raise _Nothing(f"{method}: nothing there")
            raise PublishError(f"{method}: {answer.status_code} {code}".rstrip())
        return said


class _Nothing(PublishError):
    """There is no such record."""
