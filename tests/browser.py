"""A real browser for tests: Chromium without a window, driven over the W3C WebDriver protocol."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-dev-shm-usage", "--window-size=1200,800",
)  # fmt: skip
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_KEYS = {
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "End": "\ue010",
}


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client, self._path = client, f"/session/{session}"

    def open(self, page: Path | str) -> None:
        """Loads a file, or an address of this machine, and waits until it is there."""
        self._ask("POST", "/url", url=page.as_uri() if isinstance(page, Path) else page)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self._ask("POST", "/execute/sync", script=script, args=list(arguments))

    def click(self, selector: str) -> None:
        """A mouse's click in the middle of the first element."""
        self._ask("POST", f"/element/{self._find(selector)}/click")

    def type(self, selector: str, text: str) -> None:
        """Clears a field and types into it."""
        element = self._find(selector)
        self._ask("POST", f"/element/{element}/clear")
        self._ask("POST", f"/element/{element}/value", text=text)

    def press(self, *keys: str) -> None:
        """Keys, wherever the focus is: a character, or Enter, Escape, ArrowRight, ArrowDown, End."""
        told = [{"type": kind, "value": _KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._ask("POST", "/actions", actions=[{"type": "key", "id": "keyboard", "actions": told}])

    def resize(self, width: int, height: int) -> None:
        """Makes the window so wide and high."""
        self._ask("POST", "/window/rect", width=width, height=height)

    def complaints(self) -> list[str]:
        """What the page has complained about on its console since it was last asked."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", type="browser")]

    def _find(self, selector: str) -> str:
        return str(self._ask("POST", "/element", using="css selector", value=selector)[_ELEMENT])

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(method, self._path + path, json=body)
        value = answer.json()["value"]
        if answer.is_error:
            raise AssertionError(f"{path}: {value['error']}: {value['message'].splitlines()[0]}")
        return value


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    driver, binary = shutil.which("chromedriver"), shutil.which("chromium")
    if driver is None or binary is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    with subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ports = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            port = next(found.group(1) for found in ports if found)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                wanted = {
                    "goog:chromeOptions": {"binary": binary, "args": _FLAGS},
                    "goog:loggingPrefs": {"browser": "ALL"},
                }
                asked = {"capabilities": {"alwaysMatch": wanted}}
                session = client.post("/session", json=asked).json()["value"]
                assert "sessionId" in session, session
                try:
                    yield Browser(client, session["sessionId"])
                finally:
                    client.delete(f"/session/{session['sessionId']}")
        finally:
            process.terminate()
            process.communicate()
