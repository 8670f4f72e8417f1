"""Chooses what baseball's models leave open, on April to October 2022 alone: `python -m scripts.tune_baseball
FOLDER` with a folder of archived days.

Everything is learnt from May to July and scored on August to October; later seasons are not read. Prints the
regression's log loss by ridge, the blend's by size of its trees, and every pair of a batter's and a pitcher's
Statcast feature (or its last-pitch stand-in) by the log loss of core and pair.
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np

from formguide.baseball import abilities, archive, blend
from formguide.baseball.features import STATCAST, feature_frame
from formguide.baseball.scores import log_loss

SEASON, LEARN_FROM, SCORE_FROM = 2022, date(2022, 5, 1), date(2022, 8, 1)
RIDGES = (300.0, 1_000.0, 3_000.0, 10_000.0, 30_000.0)
TREES = ((20, 4), (40, 4), (80, 4), (40, 7), (80, 15))
SEEDS = (1, 2, 3)


def main(folder: Path) -> None:
    """Prints the scores; the choices are written down where they are used."""
    rows = archive.read_folder(folder, SEASON).plate_appearances.sort("game_date", "game_pk", "at_bat_index")
    known, features = abilities.ability_frame(rows), feature_frame(rows)
    learn = ((rows["game_date"] >= LEARN_FROM) & (rows["game_date"] < SCORE_FROM)).to_numpy()
    score = (rows["game_date"] >= SCORE_FROM).to_numpy()
    hit = rows["is_hit"].to_numpy()

    def loss(log_odds: np.ndarray) -> float:
        return log_loss(1 / (1 + np.exp(-log_odds)), hit[score]).value

    for ridge in RIDGES:
        fitted = abilities.fit(known.filter(learn), hit[learn], ridge)
        print(f"ridge {ridge:>8,.0f}   {loss(fitted.logit(known.filter(score))):.6f}")
    fitted = abilities.fit(known.filter(learn), hit[learn], 10_000.0)
    start, asked = fitted.logit(known.filter(learn)), fitted.logit(known.filter(score))

    def corrected(extra: tuple[str, ...], trees: int = blend.TREES, leaves: int = 4) -> float:
        """Mean over seeds of the loss of core and some features more."""
        found = []
        for seed in SEEDS:
            made = blend.fit(
                features.filter(learn),
                hit[learn],
                start,
                seed,
                variants={"one": extra},
                trees=trees,
                leaves=leaves,
            )
            found.append(loss(asked + made.correction(features.filter(score))))
        return float(np.mean(found))

    for trees, leaves in TREES:
        print(f"{trees:>3} trees of {leaves:>2} leaves   {corrected((), trees, leaves):.6f}")
    batters = [name for name in STATCAST if name.startswith("batter") and "velo" not in name]
    pitchers = [name for name in STATCAST if name.startswith("pitcher")]
    pairs = {(b, p): corrected((b, p)) for b in batters for p in pitchers if "extension" not in p}
    for pair, value in sorted(pairs.items(), key=lambda item: item[1]):
        print(f"{' + '.join(pair):<60} {value:.6f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
