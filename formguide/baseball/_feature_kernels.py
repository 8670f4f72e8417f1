"""The one pass over the plate appearances, in date order: answer a day's questions, then learn the day.

For each date the pass first copies out what the queries of that date ask for, and only then adds the date's
plate appearances: so nothing of a date, in either game of a doubleheader, can be seen in its features.

A rolling feature is a mean of per-date rates over a player's last N game-dates. The dates' rates are kept in
a ring, and the sum slides: the new date comes in, the one that is N dates old goes out. Sums that slide in
floating point collect rounding errors, and a feature would depend on dates long gone. So rates are held as
whole multiples of 2⁻⁴⁰, and the sums are exact: a feature is a function of its window and of nothing else.

Compiled functions that call one another live in one module, because the compiler's cache goes by file.
"""

from __future__ import annotations

import numpy as np

from formguide.baseball import _feature_state as shapes
from formguide.baseball._feature_columns import Column, compiled
from formguide.baseball._feature_state import Codes, Known, Mix, Plan, Rookies, State

SCALE = 2.0**40
"""A rate is held as a whole number of 1/SCALE: rounding moves it by less than 5e-13."""

LARGEST = 2.0**17
"""A per-date mean beyond this, in whatever unit, is no reading: thirty of them must fit into a sum."""

NO_RATE = np.int64(-(2**63))
"""What the ring holds for a date without a rate (no swing, no batted ball, no reading)."""

TYPES, MIX_WINDOW, MIX_RING = 12, 30, 32
"""Pitch types that are told apart, game-dates over which they are counted, dates in the ring."""

HIT, WHIFF, COUNT, HARD_CONTACT, BARREL, HARD_HIT = range(6)
SWEET, EXIT_SPEED, FACED, LAST_WHIFF, LAST_FACED = range(6, 11)
"""The per-date rates of a batter, by their place in the batters' plan."""

ALLOWED, SPEED, SPIN, EXTENSION, BREAK, LAST_SPEED, LAST_SPIN, LAST_BREAK = range(8)
"""The per-date rates of a pitcher."""

BARREL_MPH, HARD_MPH, SWEET_LOW_DEG, SWEET_HIGH_DEG = 98.0, 95.0, 8.0, 32.0

ROOKIE_WINDOWS, ROOKIE_RING = (30, 60, 120), 128


@compiled
def _has(column: Column, i: int) -> bool:
    if column.valid.size == 0:
        return True
    i += column.shift
    return bool((column.valid[i >> 3] >> (i & 7)) & 1)


@compiled
def _is(column: Column, i: int) -> bool:
    i += column.shift
    return bool((column.values[i >> 3] >> (i & 7)) & 1)


@compiled
def _plays(known: Known, entity: int, day: int) -> None:
    if known.last[entity] != day:
        known.last[entity] = day
        known.touched[known.touched[-1]] = entity
        known.touched[-1] += 1


@compiled
def _count(known: Known, entity: int, rate: int, above: float, below: float) -> None:
    known.today[entity, rate, 0] += above
    known.today[entity, rate, 1] += below


@compiled
def _publish(known: Known, plan: Plan) -> None:
    """The date is over: its rates come into the windows, and the oldest go out."""
    for k in range(known.touched[-1]):
        entity = known.touched[k]
        n = known.dates[entity]
        ring, total, dated = known.ring[entity], known.total[entity], known.dated[entity]
        mean, today = known.mean[entity], known.today[entity]
        for rate in range(np.uint64(plan.start.size)):
            start, mask, step = plan.start[rate], plan.mask[rate], plan.step[rate]
            above, below = today[rate, 0], today[rate, 1]
            today[rate, 0] = 0.0
            today[rate, 1] = 0.0
            new = NO_RATE
            if below > 0.0 and abs(above) <= LARGEST * below:
                new = np.int64(np.floor(above / below * SCALE + 0.5))
            came = new != NO_RATE
            for m in range(plan.first[rate], plan.last[rate]):
                sum_, count = total[m], dated[m]
                # Multiplied by whether there is a rate, not asked: the processor would guess, often wrongly.
                sum_ += came * new
                count += came
                if n >= plan.window[m]:
                    old = ring[start + step * (np.uint64(n - plan.window[m]) & mask)]
                    went = old != NO_RATE
                    sum_ -= went * old
                    count -= went
                total[m], dated[m] = sum_, count
                mean[m] = sum_ / (count * SCALE) if count >= plan.least[m] else np.nan
            ring[start + step * (np.uint64(n) & mask)] = new
        known.dates[entity] = n + 1
    known.touched[-1] = 0


@compiled
def _publish_rookies(known: Known, rookies: Rookies) -> None:
    """The same for the hits and plate appearances of rookies' windows; call it before `_publish`."""
    for k in range(known.touched[-1]):
        entity = known.touched[k]
        n = known.dates[entity]
        ring, recent = rookies.ring[entity], rookies.recent[entity]
        for side in range(2):
            today = np.int32(known.today[entity, HIT, side])
            for w in range(3):
                window = ROOKIE_WINDOWS[w]
                old = ring[(n - window) & (ROOKIE_RING - 1), side] if n >= window else 0
                recent[w, side] += today - old
            ring[n & (ROOKIE_RING - 1), side] = today
            rookies.career[entity, side] += today


@compiled
def _publish_mix(known: Known, mix: Mix, least: int) -> None:
    """The same for pitch types, with the entropy of the window's pitches in bits; before `_publish`."""
    for k in range(known.touched[-1]):
        pitcher = known.touched[k]
        n = known.dates[pitcher]
        new, old = n & (MIX_RING - 1), (n - MIX_WINDOW) & (MIX_RING - 1)
        came, went, pitches = 0, 0, 0
        for t in range(TYPES):
            leaving = mix.ring[pitcher, old, t] if n >= MIX_WINDOW else 0
            coming = mix.today[pitcher, t]
            mix.recent[pitcher, t] += coming - leaving
            mix.ring[pitcher, new, t] = coming
            mix.today[pitcher, t] = 0
            came += coming
            went += leaving
            pitches += mix.recent[pitcher, t]
        mix.filled[pitcher] += (came > 0) - (went > 0)
        entropy = 0.0 if mix.filled[pitcher] >= least else np.nan
        for t in range(TYPES):
            if mix.recent[pitcher, t] > 0:
                share = mix.recent[pitcher, t] / pitches
                entropy -= share * np.log2(share)
        mix.entropy[pitcher] = entropy


# -- learning a date -------------------------------------------------------------------------------


@compiled
def _add_hits(known: Known, rate: int, entity: np.ndarray, hit: Column, rows: np.ndarray, day: int) -> None:
    """Everybody who took part, and hits per plate appearance."""
    nobody = known.dates.size - 1
    for i in rows:
        if entity[i] != nobody:
            _plays(known, entity[i], day)
            _count(known, entity[i], rate, _is(hit, i), 1.0)


@compiled
def _add_mean(known: Known, rate: int, entity: np.ndarray, value: Column, rows: np.ndarray) -> None:
    """The mean over the plate appearances that have a value."""
    if value.values.size > 0:
        for i in rows:
            there = _has(value, i)
            _count(known, entity[i], rate, value.values[i] if there else 0.0, there)


@compiled
def _add_flag(known: Known, rate: int, entity: np.ndarray, flag: Column, rows: np.ndarray) -> None:
    """How many of those that are true or false are true."""
    if flag.values.size > 0:
        for i in rows:
            there = _has(flag, i)
            _count(known, entity[i], rate, there & _is(flag, i), there)


@compiled
def _add_swings(
    known: Known, batter: np.ndarray, missed: Column, fouls: Column, played: Column, rows: np.ndarray
) -> None:
    if missed.values.size > 0 and fouls.values.size > 0 and played.values.size > 0:
        for i in rows:
            there = _has(missed, i) & _has(fouls, i) & _has(played, i)
            swings = missed.values[i] + fouls.values[i] + played.values[i]
            _count(known, batter[i], WHIFF, there * missed.values[i], there * swings)


@compiled
def _add_counts(known: Known, batter: np.ndarray, balls: Column, strikes: Column, rows: np.ndarray) -> None:
    if balls.values.size > 0 and strikes.values.size > 0:
        for i in rows:
            there = _has(balls, i) & _has(strikes, i)
            count = there * (balls.values[i] - strikes.values[i])
            _count(known, batter[i], COUNT, count, there)


@compiled
def _add_batted_balls(
    known: Known, batter: np.ndarray, speeds: Column, angles: Column, rows: np.ndarray
) -> None:
    """Exit speed and angle: a barrel needs both, the others the one that they are about."""
    some_speeds, some_angles = speeds.values.size > 0, angles.values.size > 0
    for i in rows:
        timed = some_speeds and _has(speeds, i)
        aimed = some_angles and _has(angles, i)
        speed = speeds.values[i] if timed else 0.0
        angle = angles.values[i] if aimed else 0.0
        sweet = aimed & (angle >= SWEET_LOW_DEG) & (angle <= SWEET_HIGH_DEG)
        _count(known, batter[i], EXIT_SPEED, speed, timed)
        _count(known, batter[i], HARD_HIT, speed >= HARD_MPH, timed)
        _count(known, batter[i], SWEET, sweet, aimed)
        _count(known, batter[i], BARREL, sweet & (speed >= BARREL_MPH), timed & aimed)


@compiled
def _add_ever(ever: shapes.Ever, codes: Codes, hit: Column, grounder: Column, rows: np.ndarray) -> None:
    """The counts that are never forgotten."""
    no_park, no_hand = ever.venue.shape[0] - 1, ever.platoon.shape[0] - 1
    for i in rows:
        safe, park, hand = _is(hit, i), codes.venue[i], codes.platoon[i]
        ever.league[0] += safe
        ever.league[1] += 1
        if park != no_park:
            ever.venue[park, 0] += safe
            ever.venue[park, 1] += 1
        if hand != no_hand:
            ever.platoon[hand, 0] += safe
            ever.platoon[hand, 1] += 1
        if grounder.values.size > 0:
            there = _has(grounder, i) & _is(grounder, i)
            ever.grounder[codes.batter[i], 0] += there & safe
            ever.grounder[codes.batter[i], 1] += there


@compiled
def _add_called(
    total: np.ndarray, pair: np.ndarray, strikes: Column, balls: Column, rows: np.ndarray
) -> None:
    """The same of a pitcher and a catcher."""
    if strikes.values.size > 0 and balls.values.size > 0:
        for i in rows:
            if pair[i] != total.shape[0] - 1 and _has(strikes, i) and _has(balls, i):
                total[pair[i], 0] += strikes.values[i]
                total[pair[i], 1] += strikes.values[i] + balls.values[i]


@compiled
def _add_types(today: np.ndarray, pitcher: np.ndarray, types: tuple[Column, ...], rows: np.ndarray) -> None:
    for t in range(TYPES):
        thrown = types[t]
        if thrown.values.size > 0:
            for i in rows:
                today[pitcher[i], t] += thrown.values[i] if _has(thrown, i) else 0


@compiled
def _add_last_type(today: np.ndarray, pitcher: np.ndarray, last_type: np.ndarray, rows: np.ndarray) -> None:
    for i in rows:
        if last_type[i] >= 0:
            today[pitcher[i], last_type[i]] += 1


# -- answering a date's queries --------------------------------------------------------------------


@compiled
def _answer_means(
    known: Known, entity: np.ndarray, rows: np.ndarray, out: np.ndarray, at: np.ndarray
) -> None:
    """Mean m of every row's entity into ``out[at[m]]``, where somebody wants it."""
    for m in range(at.size):
        if at[m] >= 0:
            answer = out[at[m]]
            for i in rows:
                answer[i] = known.mean[entity[i], m]


@compiled
def _answer_rookies(
    rookies: Rookies, rules: shapes.Rules, prior: float, batter: np.ndarray, rows: np.ndarray, out: np.ndarray
) -> None:
    """Batters with a short career: hits per plate appearance, shrunk towards the prior (NaN without any)."""
    for i in rows:
        if rookies.career[batter[i], 1] < rules.rookie_below:
            for w in range(3):
                hits, appearances = rookies.recent[batter[i], w]
                shrunk = (hits + rules.weight * prior) / (appearances + rules.weight)
                out[w, i] = shrunk if appearances > 0 else np.nan


@compiled
def _answer_ever(
    ever: np.ndarray, least: int, entity: np.ndarray, rows: np.ndarray, answer: np.ndarray
) -> None:
    for i in rows:
        counted, among = ever[entity[i]]
        answer[i] = counted / among if among >= least else np.nan


@compiled
def _answer(
    state: State,
    codes: Codes,
    rules: shapes.Rules,
    day: int,
    rows: np.ndarray,
    at: np.ndarray,
    out: np.ndarray,
) -> None:
    """The features of the queries `rows`, all of one date, from what was known the day before."""
    batters, pitchers, ever = state.batters, state.pitchers, state.ever
    a = batters.mean.shape[1]
    b = a + pitchers.mean.shape[1]
    _answer_means(batters, codes.batter, rows, out, at[:a])
    _answer_means(pitchers, codes.pitcher, rows, out, at[a:b])
    _answer_means(state.bullpens, codes.team, rows, out, at[b : b + 1])
    _answer_means(state.umpires, codes.umpire, rows, out, at[b + 1 : b + 2])
    league = ever.league[0] / ever.league[1] if ever.league[1] > 0 else np.nan
    prior = league if np.isnan(rules.prior) else rules.prior
    _answer_rookies(state.rookies, rules, prior, codes.batter, rows, out[at[1] : at[3] + 1])
    entropy, last_entropy, grounder, platoon, park, framing, rest = at[b + 2 :]
    for mix, where in ((state.mix, entropy), (state.last_mix, last_entropy)):
        if where >= 0:
            for i in rows:
                out[where, i] = mix.entropy[codes.pitcher[i]]
    if grounder >= 0:
        _answer_ever(ever.grounder, rules.ground_balls, codes.batter, rows, out[grounder])
    if framing >= 0:
        _answer_ever(ever.pair, rules.framing, codes.pair, rows, out[framing])
    _answer_ever(ever.platoon, rules.platoon, codes.platoon, rows, out[platoon])
    _answer_ever(ever.venue, rules.park, codes.venue, rows, out[park])
    for i in rows:
        out[park, i] /= league
        out[rest, i] = day - batters.last[codes.batter[i]] if batters.dates[codes.batter[i]] > 0 else np.nan


@compiled
def _learn(
    state: State,
    codes: Codes,
    facts: shapes.Facts,
    plans: shapes.Plans,
    least: int,
    day: int,
    rows: np.ndarray,
) -> None:
    """A date's plate appearances, then the end of the date."""
    batters, pitchers = state.batters, state.pitchers
    batter, pitcher = codes.batter, codes.pitcher
    _add_hits(batters, HIT, batter, facts.hit, rows, day)
    _add_swings(batters, batter, facts.swinging, facts.fouls, facts.in_play, rows)
    _add_counts(batters, batter, facts.balls, facts.strikes, rows)
    _add_flag(batters, HARD_CONTACT, batter, facts.hard_contact, rows)
    _add_batted_balls(batters, batter, facts.exit_speed, facts.exit_angle, rows)
    _add_mean(batters, FACED, batter, facts.speed, rows)
    _add_flag(batters, LAST_WHIFF, batter, facts.last_whiff, rows)
    _add_mean(batters, LAST_FACED, batter, facts.last_speed, rows)
    _add_hits(pitchers, ALLOWED, pitcher, facts.hit, rows, day)
    _add_mean(pitchers, SPEED, pitcher, facts.speed, rows)
    _add_mean(pitchers, SPIN, pitcher, facts.spin, rows)
    _add_mean(pitchers, EXTENSION, pitcher, facts.extension, rows)
    _add_mean(pitchers, BREAK, pitcher, facts.break_, rows)
    _add_mean(pitchers, LAST_SPEED, pitcher, facts.last_speed, rows)
    _add_mean(pitchers, LAST_SPIN, pitcher, facts.last_spin, rows)
    _add_mean(pitchers, LAST_BREAK, pitcher, facts.last_break, rows)
    _add_types(state.mix.today, pitcher, facts.types, rows)
    _add_last_type(state.last_mix.today, pitcher, facts.last_type, rows)
    _add_hits(state.bullpens, 0, facts.bullpen, facts.hit, rows, day)
    _add_hits(state.umpires, 0, codes.umpire, facts.hit, rows, day)
    _add_ever(state.ever, codes, facts.hit, facts.ground_ball, rows)
    _add_called(state.ever.pair, codes.pair, facts.called_strikes, facts.called_balls, rows)
    _publish_rookies(batters, state.rookies)
    _publish(batters, plans.batters)
    _publish_mix(pitchers, state.mix, least)
    _publish_mix(pitchers, state.last_mix, least)
    _publish(pitchers, plans.pitchers)
    _publish(state.bullpens, plans.bullpens)
    _publish(state.umpires, plans.umpires)


@compiled
def one_pass(job: shapes.Job, state: State, out: np.ndarray) -> None:
    """Fills `out`, of shape (wanted features, queries), with NaN where too little is known.

    ``state``: nothing known; afterwards it holds the morning of the last date that was asked about.
    """
    played, asked = job.played, job.asked
    learned = 0
    for k in range(asked.day.size):
        while learned < played.day.size and played.day[learned] < asked.day[k]:
            rows = played.order[played.start[learned] : played.start[learned + 1]]
            _learn(state, job.codes, job.facts, job.plans, job.rules.mix_dates, played.day[learned], rows)
            learned += 1
        rows = asked.order[asked.start[k] : asked.start[k + 1]]
        _answer(state, job.asked_codes, job.rules, asked.day[k], rows, job.at, out)
