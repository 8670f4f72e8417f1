"""A population as files: `python -m formguide.heartrate.sample FOLDER [--users 300] [--workouts 20]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from formguide.heartrate.sample.league import SEED, write_sample


def main() -> None:
    """Writes a population and says where."""
    asked = argparse.ArgumentParser(
        prog="python -m formguide.heartrate.sample",
        description="Writes fictional runners and their workouts as the files of watches and sites. "
        "Nothing in them is real.",
    )
    asked.add_argument("folder", type=Path, help="an empty folder, or one to be made")
    asked.add_argument("--users", type=_count, default=300)
    asked.add_argument("--workouts", type=_count, default=20, help="of each")
    asked.add_argument("--seed", type=int, default=SEED)
    given = asked.parse_args()
    if given.folder.exists() and (not given.folder.is_dir() or any(given.folder.iterdir())):
        asked.error(f"{given.folder} is there and not empty")
    truth = write_sample(given.folder, given.seed, given.users, given.workouts, given.workouts)
    print(f"{len(truth.users)} runners, {len(truth.workouts)} workouts in {given.folder}")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    main()
