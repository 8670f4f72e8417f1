"""Bodies on the disk, by the address they came from, so that nothing is fetched twice.

<folder>/<host>/<hash of the URL>.gz      the body
<folder>/<host>/<hash of the URL>.json    the URL, when it came, the body's SHA-256, its validators
"""

from __future__ import annotations

import gzip
import hashlib
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from upath import UPath

from formguide import files


@dataclass(frozen=True)
class Kept:
    """A body, when it came (seconds since 1970), and the headers that ask whether it is still the same."""

    body: bytes
    fetched_at: float
    validators: dict[str, str]

    def is_fresh(self, ttl_sec: float | None) -> bool:
        """Whether it came less than `ttl_sec` ago; None is for ever."""
        return ttl_sec is None or time.time() - self.fetched_at < ttl_sec


@dataclass(frozen=True)
class BodyCache:
    """Bodies below `folder`, one per URL: the latest."""

    folder: Path

    def load(self, url: str) -> Kept | None:
        """The body kept for a URL; None if there is none or it is damaged."""
        place = self._place(url)
        note = files.read_json(place.with_suffix(".json"))
        packed = files.read(place.with_suffix(".gz"))
        if note is None or packed is None:
            return None
        try:
            body = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error):
            return None
        # Body and note are two files: a run killed between them leaves a pair that does not match.
        if hashlib.sha256(body).hexdigest() != note["sha256"]:
            return None
        return Kept(body, note["fetched_at"], note["validators"])

    def store(self, url: str, body: bytes, validators: Mapping[str, str]) -> None:
        """Keeps a body in place of what was kept for the URL."""
        place = self._place(url)
        files.put(place.with_suffix(".gz"), files.zipped(body))
        note = {
            "url": url,
            "fetched_at": time.time(),
            "sha256": hashlib.sha256(body).hexdigest(),
            "validators": dict(validators),
        }
        files.put_json(place.with_suffix(".json"), note)

    def drop(self, url: str) -> None:
        """Forgets a body, for who keeps it elsewhere."""
        place = self._place(url)
        files.remove(place.with_suffix(".json"))
        files.remove(place.with_suffix(".gz"))

    def _place(self, url: str) -> UPath:
        name = hashlib.sha256(url.partition("#")[0].encode()).hexdigest()[:32]
        return UPath(self.folder) / files.slug(urlsplit(url).netloc) / f"{name}.gz"
