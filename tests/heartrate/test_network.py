"""The network: it learns, is the same every time, knows only earlier workouts, and survives being saved."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from formguide.heartrate import network
from formguide.heartrate._encoding import Encoder, batches, examples, laid_out
from formguide.heartrate.network import FittedNetwork, NetworkSettings
from formguide.heartrate.sequences import Inputs, Recorded
from formguide.model_files import WEIGHTS_FILE, ModelFileError
from tests.heartrate.workouts_made import some_users, with_future

SMALL = NetworkSettings(hidden=16, max_epochs=3, patience=2, batch_size=8, learning_rate=5e-3)
PLAIN = replace(SMALL, base=False, embedding=False, optional=False)

USERS = some_users(8, 4, 420)
TRAIN = [run for run in USERS if run.inputs.user_id < "u006"]
HELD = [run for run in USERS if run.inputs.user_id >= "u006"]


@pytest.fixture(scope="module")
def fitted() -> FittedNetwork:
    return network.fit(TRAIN, HELD, SMALL)


def _mae(fitted: FittedNetwork, runs: list[Recorded]) -> float:
    made = network.curves(fitted, runs)
    return float(
        np.mean([np.nanmean(np.abs(c.p50 - r.heart_rate_bpm)) for c, r in zip(made, runs, strict=True)])
    )


def test_it_is_better_than_a_mean_and_its_quantiles_do_not_cross(fitted: FittedNetwork) -> None:
    mean = np.nanmean(np.concatenate([run.heart_rate_bpm for run in TRAIN]))
    naive = np.mean([np.nanmean(np.abs(run.heart_rate_bpm - mean)) for run in HELD])
    assert _mae(fitted, HELD) < 0.6 * naive
    for curve in network.curves(fitted, HELD[:3]):
        assert (curve.p10 <= curve.p50).all() and (curve.p50 <= curve.p90).all()


def test_one_workout_asked_alone_is_the_same(fitted: FittedNetwork) -> None:
    last = HELD[3]
    history = [run for run in HELD[:3] if run.inputs.user_id == last.inputs.user_id]
    alone = fitted.curve(last.inputs, history)
    together = network.curves(fitted, HELD)[3]
    assert len(alone.p50) == len(last.inputs)
    assert alone.p50 == pytest.approx(together.p50, abs=1e-4)
    assert not np.allclose(alone.p50, fitted.curve(last.inputs, []).p50), "history must matter"


def test_the_same_seed_gives_the_same_bytes(fitted: FittedNetwork) -> None:
    assert network.fit(TRAIN, HELD, SMALL).to_files() == fitted.to_files()


def test_saved_and_loaded_it_forecasts_the_same(fitted: FittedNetwork) -> None:
    files = fitted.to_files()
    loaded = FittedNetwork.from_files(files)
    assert loaded.to_files() == files
    assert (
        loaded.curve(HELD[2].inputs, HELD[:2]).p90.tobytes()
        == fitted.curve(HELD[2].inputs, HELD[:2]).p90.tobytes()
    )


def test_a_damaged_file_is_named(fitted: FittedNetwork) -> None:
    files = fitted.to_files()
    meta = json.loads(files[network.META_FILE])
    with pytest.raises(ModelFileError, match=r"weights\.safetensors: not there"):
        FittedNetwork.from_files({network.META_FILE: files[network.META_FILE]})
    with pytest.raises(ModelFileError, match=r"weights\.safetensors"):
        FittedNetwork.from_files(files | {WEIGHTS_FILE: files[WEIGHTS_FILE][:90]})
    wrong = json.dumps(meta | {"shape": meta["shape"] | {"hidden": 20}}).encode()
    with pytest.raises(ModelFileError, match=r"weights\.safetensors: RuntimeError: Error"):
        FittedNetwork.from_files(files | {network.META_FILE: wrong})
    for change, named in (({"format": "2"}, "format"), ({"settings": {"hidden": 0}}, "hidden")):
        with pytest.raises(ModelFileError, match=named):
            FittedNetwork.from_files(files | {network.META_FILE: json.dumps(meta | change).encode()})
    with pytest.raises(ModelFileError, match="takes no other"):
        FittedNetwork.from_files(files, base=_flat)


@pytest.mark.parametrize("kind", ["lstm", "attention", "transformer"])
def test_no_later_second_moves_an_earlier_one(kind: str) -> None:
    settings = replace(SMALL, kind=kind, max_epochs=1)  # type: ignore[arg-type]
    fitted = network.fit(TRAIN[:8], HELD[:4], settings)
    run = HELD[3]
    truth = fitted.curve(run.inputs, HELD[:3])
    # On a step, and within one.
    for seed, known in enumerate((200, 195)):
        made = fitted.curve(with_future(run, known, seed), HELD[:3])
        for now, then in zip((made.p10, made.p50, made.p90), (truth.p10, truth.p50, truth.p90), strict=True):
            assert now[:known].tobytes() == then[:known].tobytes()
            assert not np.array_equal(now[known:], then[known:])


def test_between_two_steps_what_is_corrected_goes_on(fitted: FittedNetwork) -> None:
    run = HELD[3]
    assert fitted.response is not None
    told = fitted.response.told(HELD[:3])
    every = fitted.response.curve(run.inputs, fitted.response.posterior(told), told)
    step = fitted.settings.step_sec
    correction = fitted.curve(run.inputs, HELD[:3]).p50 - every
    held = correction[np.arange(len(every)) // step * step]
    assert correction == pytest.approx(held, abs=1e-9) and np.ptp(correction) > 0.1


def test_a_later_workout_of_the_user_changes_nothing(fitted: FittedNetwork) -> None:
    mine = [run for run in HELD if run.inputs.user_id == "u006"]
    truth = network.curves(fitted, mine)[1].p50.tobytes()
    late = [Recorded(run.inputs, 400 - run.heart_rate_bpm) for run in mine[2:]]
    own = Recorded(mine[1].inputs, mine[1].heart_rate_bpm + 50)
    assert network.curves(fitted, [mine[0], own, *late])[1].p50.tobytes() == truth
    still_running = replace(mine[0].inputs, started_at=mine[1].inputs.started_at - timedelta(seconds=60))
    unknown = Recorded(still_running, mine[0].heart_rate_bpm + 30)
    alone = network.curves(fitted, [mine[1]])[0].p50.tobytes()
    assert network.curves(fitted, [unknown, mine[1]])[1].p50.tobytes() == alone


def test_a_ride_says_nothing_of_a_run(fitted: FittedNetwork) -> None:
    mine = [run for run in HELD if run.inputs.user_id == "u006"]
    ride = Recorded(replace(mine[1].inputs, activity="ride"), mine[1].heart_rate_bpm + 30)
    with_ride = fitted.curve(mine[2].inputs, [mine[0], ride])
    assert with_ride.p50.tobytes() == fitted.curve(mine[2].inputs, mine[:1]).p50.tobytes()
    together = network.curves(fitted, [mine[0], ride, mine[2]])[2]
    assert together.p50 == pytest.approx(with_ride.p50, abs=1e-4)


def _flat(inputs: Inputs, history: object) -> np.ndarray:
    return np.full(len(inputs), 140.0)


def test_another_base_is_corrected_and_asked_for_again() -> None:
    fitted = network.fit(TRAIN, HELD, replace(SMALL, embedding=False, max_epochs=1), base=_flat)
    files = fitted.to_files()
    with pytest.raises(ModelFileError, match="needs a base"):
        FittedNetwork.from_files(files)
    loaded = FittedNetwork.from_files(files, base=_flat)
    assert loaded.curve(HELD[0].inputs, []).p50 == pytest.approx(fitted.curve(HELD[0].inputs, []).p50)
    with pytest.raises(ValueError, match="corrects none"):
        network.fit(TRAIN, HELD, PLAIN, base=_flat)


def test_scalers_are_of_the_training_rows_and_padding_is_masked() -> None:
    raw = examples(TRAIN, PLAIN, None, None)
    encoder = Encoder.learn(raw, PLAIN)
    rate = np.concatenate([e.rate[np.isfinite(e.rate)] for e in raw])
    assert encoder.rate_mean == pytest.approx(rate.mean()) and encoder.rate_spread == pytest.approx(
        rate.std()
    )
    rows = [encoder.scaled(e) for e in raw]
    steps, _, target = laid_out(rows[:2], 50)
    n = len(rows[0].steps)
    assert steps.shape == (2, 50, 14) and np.isnan(target[0, n:]).all() and (steps[0, n:] == 0).all()
    assert laid_out(rows[:1], 5)[0].shape == (1, 5, 14), "a longer one is truncated"


def test_every_row_is_in_one_batch_and_like_lengths_go_together() -> None:
    lengths = np.random.default_rng(0).integers(10, 500, 200)
    for bucketed in (True, False):
        cut = list(batches(lengths, 16, bucketed, np.random.default_rng(1)))
        assert sorted(np.concatenate(cut)) == list(range(200)) and max(map(len, cut)) == 16
    wide = [np.ptp(lengths[part]) for part in batches(lengths, 16, True, np.random.default_rng(1))]
    assert np.mean(wide) < 60


def test_cadence_and_power_are_read_where_they_are(fitted: FittedNetwork) -> None:
    run = HELD[0]
    given = replace(run.inputs, cadence_rpm=80 + 5 * run.inputs.speed_mps)
    made = examples([Recorded(given, run.heart_rate_bpm)], SMALL, fitted.response, None)[0]
    assert np.isfinite(made.steps[:, 14]).all() and np.isnan(made.steps[:, 15]).all()
    scaled = fitted.encoder.scaled(made)
    assert (scaled.steps[:, 16] == 1).all() and (scaled.steps[:, 17] == 0).all()
    assert (scaled.steps[:, 15] == 0).all(), "nothing stands for power that nobody measured"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"features": 7}, "features"), ({"kind": "gru"}, "kind"), ({"dropout": 1.0}, "dropout")],
)
def test_settings_that_are_none_are_refused(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        NetworkSettings(**wrong)  # type: ignore[arg-type]


def test_nothing_to_learn_from_is_an_error() -> None:
    silent = [Recorded(run.inputs, np.full(len(run.inputs), np.nan)) for run in TRAIN]
    with pytest.raises(ValueError, match="train on"):
        network.fit(silent, HELD, PLAIN)
    with pytest.raises(ValueError, match="trained on and validated on"):
        network.fit(TRAIN, TRAIN, PLAIN)
