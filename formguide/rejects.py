"""What happens to a record that cannot be read: it is set aside with its place, a reason and what it said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LONGEST_PAYLOAD = 1_000_000
"""How many bytes of a refused payload are kept."""


@dataclass(frozen=True)
class Reject:
    """A record or a file that was set aside: where it stood, what is wrong with it, and what it said."""

    file: str
    row: int | None
    field: str | None
    reason: str
    payload: bytes

    def __str__(self) -> str:
        place = [self.file]
        if self.row is not None:
            place.append(f"record {self.row}")
        if self.field is not None:
            place.append(f"field {self.field}")
        return f"{', '.join(place)}: {self.reason}"


def set_aside(file: str, row: int | None, field: str | None, reason: str, payload: Any) -> Reject:
    """A reject with its payload as bytes; what is not bytes is kept as JSON."""
    body = (
        payload
        if isinstance(payload, bytes)
        else json.dumps(payload, ensure_ascii=False, default=str).encode()
    )
    return Reject(file, row, field, reason, body[:LONGEST_PAYLOAD])
