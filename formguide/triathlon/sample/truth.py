"""What the sample league is made of, kept beside it: the effects that decided its times."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TRUTH = "truth.json"


@dataclass(frozen=True)
class SampleTruth:
    """The league's own knowledge of itself. Effects are on the log of a total.

    base: log total of a man of 40–44 at each distance; gender, age_group, course, race: what each adds;
    athletes: ability, yearly trend and leg shares by contact id; noise: standard deviation of a race of one
    athlete; special: races that went their own way (race → swim shortened, no date, heat); collisions:
    contact ids that are two people; second_ids: people with two ids (second → first).
    """

    seed: int
    seasons: tuple[int, ...]
    starts: int
    finishes: int
    base: Mapping[str, float]
    gender: Mapping[str, float]
    age_group: Mapping[str, float]
    course: Mapping[str, float]
    race: Mapping[str, float]
    ability_sd: float
    noise: Mapping[str, float]
    athletes: Mapping[str, Mapping[str, float]]
    special: Mapping[str, str]
    collisions: tuple[str, ...]
    second_ids: Mapping[str, str]
    effects_beyond_the_model: tuple[str, ...]
    what: str = "A fictional league. Nothing in it is real, and its scores say nothing about the real sport."

    def as_bytes(self) -> bytes:
        """The truth as JSON, numbers to five digits."""
        return (json.dumps(_rounded(asdict(self)), indent=1, ensure_ascii=False) + "\n").encode()


def read_truth(folder: str | Path) -> SampleTruth:
    """The truth that lies beside a sample league's files."""
    said = json.loads((Path(folder) / TRUTH).read_bytes())
    for name in ("seasons", "collisions", "effects_beyond_the_model"):
        said[name] = tuple(said[name])
    return SampleTruth(**said)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, Mapping):
        return {str(k): _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value
