"""What came in: raw bodies as they were sent, the folder for new ones, and what could not be used.

raw/<sport>/bodies/<ab>/<sha256>.gz      a body, named by its content; never edited, never removed
raw/<sport>/trees/<source>.json          which path of the source holds which body now
raw/<sport>/trees/<source>.history.jsonl when which path changed to what
inbox/<sport>/                           where people and programs drop files
quarantine/<sport>/<name>-<hash>         a payload that was refused, with its `….reason.json` beside it
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from upath import UPath

from formguide import files
from formguide.plain import PlainError

_SHA = re.compile("[0-9a-f]{64}")


class LakeError(PlainError, RuntimeError):
    """The lake does not hold, or will not take, what was asked of it. One line that says what to do."""


@dataclass(frozen=True)
class RawChange:
    """What an update of a source's tree changed: paths, each in order."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True)
class Quarantined:
    """One refused payload: where it came from, why it was refused, and where it lies."""

    source: str
    reason: str
    sha: str
    size: int
    since: str
    path: str


@dataclass(frozen=True, init=False)
class Intake:
    """The part of a lake that keeps what came in. `root` is a local folder or an fsspec URL."""

    root: UPath

    def __init__(self, root: str | Path | UPath) -> None:
        place = UPath(root)
        if files.is_local(place):
            place = UPath(Path(str(place)).expanduser().absolute())
        object.__setattr__(self, "root", place)

    # -- raw bodies --------------------------------------------------------------------------------

    def raw_put(self, sport: str, source: str, path: str, body: bytes) -> str:
        """Keeps a body byte for byte and returns its SHA-256; `source` and `path` must be fit for a tree."""
        files.safe_name(source, "source")
        files.check_tree_path(path)
        sha = hashlib.sha256(body).hexdigest()
        place = self._body(sport, sha)
        if not place.exists():
            # The last per cent of size would cost three times as long, and some files have gigabytes.
            files.put(place, files.zipped(body, level=6))
        return sha

    def raw_get(self, sport: str, sha: str) -> bytes:
        """A body by its SHA-256; raises LakeError if it is not there or no longer what it was."""
        packed = files.read(self._body(sport, sha))
        if packed is None:
            raise LakeError(f"raw {sport} has no body {sha}")
        try:
            body = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise LakeError(f"{self._body(sport, sha)} is damaged ({error}): delete it") from error
        if hashlib.sha256(body).hexdigest() != sha:
            raise LakeError(f"{self._body(sport, sha)} is damaged (other content than its name): delete it")
        return body

    def raw_tree(self, sport: str, source: str) -> dict[str, str]:
        """What a source holds now: path to SHA-256, in the order of the paths; empty if it never came."""
        tree = files.read_json(self._tree(sport, source))
        return files.sorted_mapping(tree or {})

    def raw_set_tree(self, sport: str, source: str, tree: Mapping[str, str]) -> RawChange:
        """Makes `tree` what the source holds now; says what that changed. An equal tree touches nothing."""
        for path, sha in tree.items():
            files.check_tree_path(path)
            if not self._body(sport, sha).exists():
                raise LakeError(f"raw {sport}/{source}: {path} names body {sha}, which was never put")
        with files.locked(self.root, f"raw.{sport}.{source}"):
            old = self.raw_tree(sport, source)
            change = RawChange(
                added=sorted(tree.keys() - old.keys()),
                changed=sorted(p for p in tree.keys() & old.keys() if tree[p] != old[p]),
                removed=sorted(old.keys() - tree.keys()),
            )
            if change:
                self._note(sport, source, change, tree)
                files.put_json(self._tree(sport, source), dict(tree))
        return change

    def raw_sources(self, sport: str) -> list[str]:
        """The sources of which the lake has a tree."""
        places = files.plain_files(self.root / "raw" / sport / "trees")
        return [p.name.removesuffix(".json") for p in places if p.name.endswith(".json")]

    # -- inbox and quarantine ----------------------------------------------------------------------

    def inbox(self, sport: str) -> Path:
        """The folder for new files of a sport, made if it is not there; raises LakeError off this machine."""
        if not files.is_local(self.root):
            raise LakeError(f"{self.root} is not on this machine: name a local folder to watch instead")
        folder = Path(str(self.root)) / "inbox" / files.safe_name(sport, "sport")
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def quarantine(self, sport: str, source_name: str, payload: bytes, reason: str) -> UPath:
        """Keeps a refused payload with its reason beside it, and returns where; the same one twice is one."""
        files.safe_name(sport, "sport")
        stem, dot, ending = files.slug(source_name).rpartition(".")
        sha = hashlib.sha256(payload).hexdigest()
        tag = files.content_hash(json.dumps([source_name, reason, sha]).encode())
        name = f"{stem}-{tag}{dot}{ending}" if stem else f"{ending}-{tag}"
        place = self.root / "quarantine" / sport / name
        if not self._reason(place).exists():
            files.put(place, payload)
            note = Quarantined(
                source=source_name,
                reason=" ".join(reason.split()),
                sha=sha,
                size=len(payload),
                since=_now(),
                path=name,
            )
            files.put_json(self._reason(place), asdict(note))
        return place

    def quarantined(self, sport: str) -> list[Quarantined]:
        """Everything in a sport's quarantine, in order of the file names."""
        places = files.plain_files(self.root / "quarantine" / sport)
        return [Quarantined(**files.read_json(p)) for p in places if p.name.endswith(".reason.json")]

    def latest_reasons(self, sport: str, most: int) -> list[str]:
        """The reasons that were quarantined last, the latest first; none where that is not on this machine,
        since it asks for every file's time."""
        if not files.is_local(self.root):
            return []
        places = files.plain_files(self.root / "quarantine" / sport)
        noted = [place for place in places if place.name.endswith(".reason.json")]
        noted.sort(key=files.modified_at, reverse=True)
        return [str(files.read_json(place)["reason"]) for place in noted[:most]]

    # -- names -------------------------------------------------------------------------------------

    def _body(self, sport: str, sha: str) -> UPath:
        files.safe_name(sport, "sport")
        if not _SHA.fullmatch(sha):
            raise ValueError(f"{sha!r} is not a SHA-256 in hex")
        # In one step: each is a path of its own, and a tree names thousands of bodies.
        return self.root / f"raw/{sport}/bodies/{sha[:2]}/{sha}.gz"

    def _tree(self, sport: str, source: str) -> UPath:
        name = files.safe_name(source, "source")
        return self.root / "raw" / files.safe_name(sport, "sport") / "trees" / f"{name}.json"

    @staticmethod
    def _reason(place: UPath) -> UPath:
        return place.with_name(f"{place.name}.reason.json")

    def _note(self, sport: str, source: str, change: RawChange, tree: Mapping[str, str]) -> None:
        """Adds a line per changed path to the source's history, before the tree itself changes."""
        now = _now()
        paths = sorted([*change.added, *change.changed, *change.removed])
        lines = "".join(json.dumps({"at": now, "path": p, "sha": tree.get(p)}) + "\n" for p in paths).encode()
        place = self._tree(sport, source).with_suffix(".history.jsonl")
        if not files.is_local(place):
            files.put(place, (files.read(place) or b"") + lines)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(str(place), "ab") as history:
            history.write(lines)
            history.flush()
            os.fsync(history.fileno())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
