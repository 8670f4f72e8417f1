"""What the sample knows of itself, as it lies beside its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

TRUTH = "truth.json"


@dataclass(frozen=True)
class SampleTruth:
    """The sample's own knowledge of itself, by the ids that a reader gives users and workouts.

    users: gender, level and parameters (see `physiology.Runner`); workouts: kind, what was planted
    (offset_bpm, lag_sec: 0 where nothing was), the day's temperature and shift, the sensor's faults as [what,
    from, to]; without_heart_rate: workouts that have none; broken: files, or lines of one, that cannot be
    read whole, with what is wrong with them.
    """

    seed: int
    users: Mapping[str, Mapping[str, Any]]
    workouts: Mapping[str, Mapping[str, Any]]
    without_heart_rate: tuple[str, ...]
    broken: Mapping[str, str]
    effects_beyond_the_model: tuple[str, ...]
    what: str = "Fictional runners. Nothing of them is real, and their scores say nothing about real runners."

    def as_bytes(self) -> bytes:
        """The truth as JSON, numbers to five digits."""
        return (json.dumps(_rounded(asdict(self)), indent=1, ensure_ascii=False) + "\n").encode()


def read_truth(folder: str | Path) -> SampleTruth:
    """The truth that lies beside the sample's files."""
    said = json.loads((Path(folder) / TRUTH).read_bytes())
    for name in ("without_heart_rate", "effects_beyond_the_model"):
        said[name] = tuple(said[name])
    return SampleTruth(**said)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, Mapping):
        return {str(k): _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list | tuple) else value
