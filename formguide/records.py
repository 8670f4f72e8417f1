"""Records as sources send them, and what happens to one that cannot be read: it is set aside with its
place, a reason and what it said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

LONGEST_PAYLOAD = 1_000_000
"""How many bytes of a refused payload are kept."""

_ALIKE = 5
"""So many records of a file that are wrong in the same way are one reject."""


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


def alike_as_one(rejects: Sequence[Reject]) -> list[Reject]:
    """A file's rejects with those that say the same of many rows made one: a changed layout is wrong in every
    row."""
    alike: dict[tuple[str | None, str], list[Reject]] = {}
    for reject in rejects:
        alike.setdefault((reject.field, reject.reason), []).append(reject)
    found = []
    for (column, reason), some in alike.items():
        if len(some) < _ALIKE:
            found += some
        else:
            payload = b"\n".join(reject.payload for reject in some)
            says = f"{reason}; so it is in {len(some)} rows"
            found.append(set_aside(some[0].file, some[0].row, column, says, payload))
    return found


class Record(BaseModel):
    """Base of the models of what sources send: camelCase names as they have them; unknown fields are
    ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


def what_is_wrong(error: ValidationError) -> tuple[str | None, str]:
    """The first field of a record that does not fit, and why, in one line."""
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or None
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] not in ("missing", "value_error"):
        message = f"{first['input']!r}: {message}"
    return name, message[:300] + more
