"""Uploading, against a hub on this machine; the token is told to nobody else."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from formguide.heartrate import publishing

SECRET = "hf_not_to_be_told"


class Hub(ThreadingHTTPServer):
    """Remembers what it was asked; answers as the hub does, or, if `refuses`, that it may not."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[tuple[str, bytes, str]] = []
        self.refuses = False


class _Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.server.asked.append((self.path, body, self.headers.get("Authorization", "")))
        told: dict[str, Any] = {}
        if self.path.endswith("/repos/create"):
            told = {"url": f"{self.server.address}/ours/heart", "id": "ours/heart"}
        elif "/preupload/" in self.path:
            told = {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                              for f in json.loads(body)["files"]]}  # fmt: skip
        elif "/commit/" in self.path:
            told = {"commitUrl": f"{self.server.address}/ours/heart/commit/1", "commitOid": "1" * 40}
        elif "/validate-yaml" in self.path:
            told = {"errors": [], "warnings": []}
        refused = self.server.refuses
        data = json.dumps({"error": "not yours"} if refused else told).encode()
        self.send_response(403 if refused else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any, **named: Any) -> None:
        """Says nothing."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    if importlib.util.find_spec("huggingface_hub") is None:
        pytest.skip('needs huggingface-hub: pip install -e ".[publish]"')
    with Hub() as server:
        monkeypatch.setenv(publishing.ENDPOINT, server.address)
        monkeypatch.setenv(publishing.TOKEN, SECRET)
        # The demonstration works offline, and tells the whole process so.
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part").mkdir()
    for name, said in (("README.md", "# ours"), ("part/a.txt", "a"), ("app.log", "what happened")):
        (tmp_path / name).write_text(said)
    return tmp_path


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_the_files_arrive_in_one_commit(hub: Hub, folder: Path, kind: publishing.Kind) -> None:
    assert publishing.upload(folder, "ours/heart", kind) == f"{hub.address}/ours/heart/commit/1"
    made = next(json.loads(body) for path, body, _ in hub.asked if path.endswith("/repos/create"))
    assert (made["organization"], made["name"]) == ("ours", "heart")
    assert made.get("visibility") == "private" or made.get("private") is True
    commits = [(path, body) for path, body, _ in hub.asked if "/commit/" in path]
    assert len(commits) == 1 and f"/api/{kind}s/ours/heart/commit/" in commits[0][0]
    lines = [json.loads(line) for line in commits[0][1].splitlines()]
    sent = {
        v["path"]: base64.b64decode(v["content"]) for v in (x["value"] for x in lines if x["key"] == "file")
    }
    assert sent == {"README.md": b"# ours", "part/a.txt": b"a"}
    assert {token for path, _, token in hub.asked if "/repos/" in path or "/commit/" in path} == {
        f"Bearer {SECRET}"
    }


def test_a_hub_that_refuses_is_one_line_without_the_token(hub: Hub, folder: Path) -> None:
    hub.refuses = True
    with pytest.raises(publishing.PublishError, match="ours/heart was not uploaded") as told:
        publishing.upload(folder, "ours/heart", "model")
    assert SECRET not in str(told.value) and "\n" not in str(told.value)


def test_without_a_token_nothing_is_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(publishing.TOKEN, raising=False)
    with pytest.raises(publishing.PublishError, match="HF_TOKEN is not set"):
        publishing.upload(folder, "ours/heart", "model")
    monkeypatch.setenv(publishing.TOKEN, SECRET)
    with pytest.raises(publishing.PublishError, match="not like OWNER/NAME"):
        publishing.upload(folder, "heart", "model")
    with pytest.raises(publishing.PublishError, match="no exported folder"):
        publishing.upload(folder / "part", "ours/heart", "model")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(publishing.PublishError, match=r"pip install -e '\.\[publish\]'"):
        publishing.upload(folder, "ours/heart", "model")
