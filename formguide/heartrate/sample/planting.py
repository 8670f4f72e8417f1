"""What `offsets` finds of shifts and lags that were planted: `python -m formguide.heartrate.sample.planting`.

    planted(runs, share, seed)                        runs of which some were shifted, late, or both
    trial(users, workouts, seed, reference_seed)      one row per workout: what was planted, what was found
    told(trial)                                       how often, how near, and how many false alarms
    ceiling(shifts)                                   the same of an oracle that knows the runner

The population that the reference is learnt from is another than the one that is judged, and neither was used
to choose the thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from formguide.heartrate import offsets
from formguide.heartrate.sample import oracle
from formguide.heartrate.sample.population import generate
from formguide.heartrate.sequences import Recorded

NEAR_BPM, NEAR_SEC = 3.0, 3.0


def planted(
    runs: Sequence[Recorded], share: float, seed: int
) -> tuple[list[Recorded], list[tuple[float, int]]]:
    """Workouts of which a share was shifted by 8 to 25 beats a minute up or down, made 8 to 40 s late, or
    both; and by how much each was."""
    rng = np.random.default_rng(seed)
    changed, what = [], []
    for run in runs:
        offset = float(rng.integers(8, 26)) * (1.0 if rng.random() < 0.5 else -1.0)
        lag, kind = int(rng.integers(8, 41)), rng.random()
        if rng.random() >= share:
            offset, lag = 0.0, 0
        elif kind < 0.4:
            lag = 0
        elif kind < 0.8:
            offset = 0.0
        changed.append(moved(run, offset, lag))
        what.append((offset, lag))
    return changed, what


def moved(run: Recorded, offset_bpm: float, lag_sec: int) -> Recorded:
    """A workout whose heart rate is shifted and late; before it speaks it says what it says first."""
    heart = run.heart_rate_bpm
    late = np.concatenate([np.full(lag_sec, heart[0]), heart[: len(heart) - lag_sec]])
    return replace(run, heart_rate_bpm=late + offset_bpm)


def trial(users: int = 75, workouts: int = 20, seed: int = 9101, reference_seed: int = 9102) -> pl.DataFrame:
    """Judges a population of which a tenth was planted on top of what its own sensors did.

    Columns: earlier, offset, lag (as they were), offset_found, offset_se, lag_found, lag_se, gain, found.
    """
    reference = offsets.fit_reference(generate(40, 12, reference_seed).runs)
    population = generate(users, workouts, seed)
    runs, also = planted(population.runs, 0.1, seed)
    rows = []
    for run, (offset, lag), finding in zip(runs, also, offsets.judge_all(runs, reference), strict=True):
        truth = population.workouts[run.inputs.workout_id]
        rows.append(
            {
                "earlier": finding.earlier_workouts,
                "offset": truth.offset_bpm + offset,
                "lag": truth.lag_sec + lag,
                "offset_found": finding.offset_bpm,
                "offset_se": finding.offset_se_bpm,
                "lag_found": finding.lag_sec,
                "lag_se": finding.lag_se_sec,
                "gain": finding.lag_gain,
                "found": finding.found,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def told(trial: pl.DataFrame, fewest: int = offsets.FEWEST) -> dict[str, float]:
    """What a trial comes to, over the workouts with enough earlier ones: false alarms on clean workouts; of
    shifted and of late ones the share found, the share whose estimate is near (of all, and of the shifts that
    were found), the mean absolute error."""
    seen = trial.filter(pl.col("earlier") >= fewest)
    clean = seen.filter((pl.col("offset") == 0) & (pl.col("lag") == 0))
    shifted = seen.filter((pl.col("offset") != 0) & (pl.col("lag") == 0))
    late = seen.filter((pl.col("lag") != 0) & (pl.col("lag") <= 40) & (pl.col("offset") == 0))
    both = seen.filter((pl.col("offset") != 0) & (pl.col("lag") != 0) & (pl.col("lag") <= 40))
    facts: dict[str, float] = {"workouts": seen.height, "clean": clean.height}
    facts["false_alarms"] = _share(clean, pl.col("found") != "none")
    facts["false_offsets"] = _share(clean, pl.col("found").is_in(["offset", "both"]))
    facts["false_lags"] = _share(clean, pl.col("found").is_in(["lag", "both"]))
    facts["clean_offset_sd"] = float(np.std(clean["offset_found"].drop_nulls().to_numpy()))
    for name, frame in (("shifted", shifted), ("late", late), ("both", both)):
        offset_miss = (pl.col("offset_found") - pl.col("offset")).abs()
        lag_miss = (pl.col("lag_found") - pl.col("lag")).abs()
        facts[name] = frame.height
        if name != "late":
            facts[f"{name}_offset_found"] = _share(frame, pl.col("found").is_in(["offset", "both"]))
            facts[f"{name}_within_{NEAR_BPM:g}_bpm"] = _share(frame, offset_miss <= NEAR_BPM)
            hit = frame.filter(pl.col("found").is_in(["offset", "both"]))
            facts[f"{name}_found_within_{NEAR_BPM:g}_bpm"] = _share(hit, offset_miss <= NEAR_BPM)
            facts[f"{name}_offset_mae"] = float(np.mean(frame.select(offset_miss).to_numpy()))
        if name != "shifted":
            facts[f"{name}_lag_found"] = _share(frame, pl.col("found").is_in(["lag", "both"]))
            facts[f"{name}_within_{NEAR_SEC:g}_s"] = _share(frame, lag_miss <= NEAR_SEC)
            facts[f"{name}_lag_mae"] = float(np.mean(frame.select(lag_miss).to_numpy()))
    return facts


def ceiling(shifts: pl.DataFrame, fewest: int = offsets.FEWEST, alarms: float = 0.01) -> dict[str, float]:
    """What no estimator passes, by the clean workouts of `oracle.shifts`: the share of shifts of 8 to 25
    beats a minute that are found where so many of the clean raise an alarm, how many lie near given that they
    are found, and how many of all do."""
    clean = shifts.filter((pl.col("earlier") >= fewest) & (pl.col("offset") == 0))
    error, spread = clean["offset_found"].to_numpy(), clean["offset_se"].to_numpy()
    limit = np.quantile(np.abs(error / spread), 1.0 - alarms)
    sizes = np.concatenate([np.arange(8.0, 26.0), -np.arange(8.0, 26.0)])
    found = np.abs(error + sizes[:, None]) > limit * spread
    near = np.abs(error) <= NEAR_BPM
    return {
        "clean": clean.height,
        "found": float(found.mean()),
        f"within_{NEAR_BPM:g}_bpm_of_found": float((found & near).sum() / found.sum()),
        f"within_{NEAR_BPM:g}_bpm_of_all": float(near.mean()),
        "offset_mae": float(np.abs(error).mean()),
    }


def _share(frame: pl.DataFrame, which: pl.Expr) -> float:
    return float(np.mean(frame.select(which.cast(pl.Float64)).to_numpy())) if frame.height else float("nan")


def main() -> None:
    """Prints what the trial comes to."""
    found = trial()
    for name, value in told(found).items():
        print(f"{name:28s} {value:8.3f}" if value % 1 else f"{name:28s} {value:8.0f}")
    for least, most in ((8, 12), (12, 18), (18, 26)):
        some = found.filter(
            (pl.col("earlier") >= offsets.FEWEST)
            & pl.col("offset").abs().is_between(least, most, "left")
            & (pl.col("lag") == 0)
        )
        share = _share(some, pl.col("found").is_in(["offset", "both"]))
        print(f"shifted by {least} to {most - 1} bpm: {share:.0%} of {some.height} found")
    print("who knows the runner's true parameters, and not the day:")
    for name, value in ceiling(oracle.shifts(generate(75, 20, 9101))).items():
        print(f"{name:28s} {value:8.3f}")


if __name__ == "__main__":
    main()
