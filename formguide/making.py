"""What making one partition of an asset came to: made now, left as it was because nothing it leans on
changed, or not to be made yet because there is too little to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from formguide.lake import Lake, Manifest


class TooLittle(ValueError):
    """There is too little history to learn from: nothing can be forecast yet, which is no mistake. The
    message says in one line how much there is and what it takes."""


@dataclass(frozen=True)
class Made:
    """One partition as it is now. `version`: hash of its content; `computed` and `carried`: how many of its
    parts (races, games, or the whole partition) were made in this call and how many were left as they were;
    `facts`: for people."""

    version: str
    rows: int
    computed: int
    carried: int
    facts: dict[str, Any] = field(default_factory=dict)


def carried_over(manifest: Manifest, parts: int = 1, facts: Mapping[str, Any] | None = None) -> Made:
    """A partition of which nothing had to be made: `parts` of it are as they were. Its facts are those that
    were kept beside the data unless others are given."""
    return Made(manifest.hash, manifest.rows or 0, 0, parts, dict(manifest.extra if facts is None else facts))


def version_of(lake: Lake, sport: str, asset: str, partition: str | int | None) -> str | None:
    """The hash of what an asset says of a partition; None if it says nothing yet."""
    manifest = lake.manifest(sport, asset, None if partition is None else str(partition))
    return manifest.hash if manifest else None
