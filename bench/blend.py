"""The blend's twelve variants: two at a time on one thread each, beside a plain loop of twelve fits.

    python -m bench.blend [FOLDER of archived days]

Learns from May to July 2022 and scores August to October. The plain loop fits the same twelve sets of columns
one after the other with LightGBM's defaults from the same starting log-odds. Elapsed time counts here, since
what ours saves is partly waiting: alternatives take turns, medians of three.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import date
from pathlib import Path

from bench._timing import check  # isort: skip  (one thread, set before NumPy starts)

import lightgbm as lgb
import numpy as np

from formguide.baseball import abilities, archive, blend
from formguide.baseball.features import feature_frame
from formguide.baseball.forecast import RIDGE
from formguide.baseball.scores import log_loss

ROUNDS = 3


def main(folder: Path) -> None:
    """Prints seconds, ratio and held-out log loss."""
    rows = archive.read_folder(folder, 2022).plate_appearances.sort("game_date", "game_pk", "at_bat_index")
    known, features = abilities.ability_frame(rows), feature_frame(rows)
    learn = ((rows["game_date"] >= date(2022, 5, 1)) & (rows["game_date"] < date(2022, 8, 1))).to_numpy()
    score = (rows["game_date"] >= date(2022, 8, 1)).to_numpy()
    hit = rows["is_hit"].to_numpy()
    regression = abilities.fit(known.filter(learn), hit[learn], RIDGE)
    start, asked = regression.logit(known.filter(learn)), regression.logit(known.filter(score))
    train, test = features.filter(learn), features.filter(score)
    made = blend.fit(train, hit[learn], start, 1)

    def ours() -> np.ndarray:
        return np.asarray(asked + blend.fit(train, hit[learn], start, 1).correction(test))

    def plain() -> np.ndarray:
        total = np.zeros(test.height)
        for columns in made.columns.values():
            data = lgb.Dataset(train.select(columns).to_numpy(), hit[learn], init_score=start)
            booster = lgb.train({"objective": "binary", "num_threads": 1, "verbose": -1}, data, 100)
            total += booster.predict(test.select(columns).to_numpy(), raw_score=True, num_threads=1)
        return np.asarray(asked + total / len(made.columns))

    def same_one_by_one() -> np.ndarray:
        workers, blend.WORKERS = blend.WORKERS, 1
        try:
            return ours()
        finally:
            blend.WORKERS = workers

    ways = {"ours": ours, "ours, one at a time": same_one_by_one, "plain loop": plain}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    answers: dict[str, np.ndarray] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.perf_counter()
            answers[name] = way()
            seconds[name].append(time.perf_counter() - began)
    print(
        f"{learn.sum():,} plate appearances learnt from, {score.sum():,} scored, {len(made.columns)} variants"
    )
    for name, took in seconds.items():
        loss = log_loss(1 / (1 + np.exp(-answers[name])), hit[score])
        ratio = statistics.median(took) / statistics.median(seconds["ours"])
        print(f"  {name:<22} {statistics.median(took):6.2f} s   {ratio:5.2f} ×   log loss {loss.value:.5f}")
    check(
        "two at a time or one, the same bits", np.array_equal(answers["ours"], answers["ours, one at a time"])
    )
    losses = {name: log_loss(1 / (1 + np.exp(-a)), hit[score]).value for name, a in answers.items()}
    check("held-out log loss no worse than the plain loop's", losses["ours"] <= losses["plain loop"])


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data/baseball"))
