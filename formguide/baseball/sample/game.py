"""A game of the sample league, played by the rules, as the plays of a feed/live document.

Nine innings or seven, three outs, a home team that leads does not bat in the last, the winning run ends the
game, extra innings begin with a runner on second. Runners move by simple odds that depend on nobody's skill
except for steals. The result is a list of plays, each in the structure that the league's API gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from formguide.baseball.sample import at_bat
from formguide.baseball.sample.at_bat import HITS, OUTCOMES, Dice, Setting
from formguide.baseball.sample.fixtures import SHORTENED, Fixture
from formguide.baseball.sample.manager import NineMen
from formguide.baseball.sample.people import People
from formguide.baseball.sample.side import Side

Json = dict[str, Any]
_EVENT = {
    "strikeout": "Strikeout",
    "walk": "Walk",
    "intent_walk": "Intent Walk",
    "hit_by_pitch": "Hit By Pitch",
    "single": "Single",
    "double": "Double",
    "triple": "Triple",
    "home_run": "Home Run",
    "field_error": "Field Error",
    "force_out": "Forceout",
    "grounded_into_double_play": "Grounded Into DP",
    "sac_fly": "Sac Fly",
    "stolen_base_2b": "Stolen Base 2B",
    "caught_stealing_2b": "Caught Stealing 2B",
    "pitching_substitution": "Pitching Substitution",
    "offensive_substitution": "Offensive Substitution",
    "defensive_substitution": "Defensive Sub",
    "defensive_switch": "Defensive Switch",
    "runner_placed": "Runner Placed On Base",
}
_OUT_NAMES = {"ground_ball": "Groundout", "line_drive": "Lineout", "fly_ball": "Flyout", "popup": "Pop Out"}
_BASES = ("1B", "2B", "3B", "score")


@dataclass(frozen=True)
class Conditions:
    """What both teams meet: `hit` and `homer` are park, weather and the day's balls, `zone` the umpire's."""

    hit: float
    homer: float
    zone: float


@dataclass
class Game:
    """A game as played: its plays in order, and both teams as they stood at the end."""

    fixture: Fixture
    away: Side
    home: Side
    plays: list[Json] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)
    """P(hit) of each play, as it was when its batter stepped in."""

    @property
    def ended_at(self) -> datetime:
        """When the last play ended (UTC)."""
        return datetime.fromisoformat(self.plays[-1]["about"]["endTime"])


class _Clock:
    """The time of day in a game."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def on(self, seconds: float) -> str:
        """Lets time pass and returns the new time as the documents write it."""
        self.now += timedelta(seconds=int(seconds))
        return self.text()

    def text(self) -> str:
        """The time now."""
        return f"{self.now:%Y-%m-%dT%H:%M:%S}Z"


class _Umpire:
    """Runs a game: holds its state and writes its plays."""

    def __init__(
        self,
        people: People,
        fixture: Fixture,
        nines: tuple[NineMen, NineMen],
        conditions: Conditions,
        dice: Dice,
    ) -> None:
        self.people, self.fixture, self.conditions, self.dice = people, fixture, conditions, dice
        away, home = (Side.of(n, self._limit(n.pitcher, opener=n.opener)) for n in nines)
        self.game = Game(fixture, away, home)
        self.clock = _Clock(fixture.start_at + timedelta(minutes=3 + dice.whole(6)))
        self.bases: list[int | None] = [None, None, None]
        self.outs = 0
        self.inning, self.top = 1, True
        self.events: list[Json] = []
        self.runners: list[Json] = []

    def play(self) -> Game:
        """Plays the game to its end."""
        game, last = self.game, self.fixture.scheduled_innings
        called_off = 6 if self.fixture.fate == SHORTENED else 0
        while True:
            self._half(top=True)
            if not (self.inning >= last and game.home.runs > game.away.runs):
                self._half(top=False)
            if self.inning >= (called_off or last) and game.home.runs != game.away.runs:
                return game
            self.inning += 1
            resumed = self.fixture.resumed_at
            if resumed is not None and self.inning == 6:
                self.clock.now = resumed

    # -- a half inning -----------------------------------------------------------------------------

    def _half(self, *, top: bool) -> None:
        game = self.game
        self.top, self.outs, self.bases = top, 0, [None, None, None]
        batting, fielding = (game.away, game.home) if top else (game.home, game.away)
        self.clock.on(140 if game.plays else 0)
        self.events, self.runners = [], []
        if self.inning > self.fixture.scheduled_innings:
            runner = batting.order[batting.up - 1]
            self.bases[1] = runner
            self._action(
                "runner_placed", {"player": {"id": runner}, "base": 2}, f"{self._name(runner)} starts at 2nd."
            )
        for added in fielding.take_the_field():
            self._action(
                "defensive_switch", added, f"{self._name(added['player']['id'])} remains in the game."
            )
        self._defensive_change(batting, fielding)
        fresh = True
        while self.outs < 3:
            self._bring_reliever(batting, fielding, fresh_inning=fresh)
            fresh = False
            self._plate_appearance(batting, fielding)
            if self._won(batting):
                break
        fielding.innings_pitched += 1

    def _limit(self, pitcher: int, *, opener: bool) -> float:
        stamina = self.people.pitching[pitcher].stamina
        return 24.0 if opener else stamina + 0.09 * stamina * self.dice.normal()

    def _bring_reliever(self, batting: Side, fielding: Side, *, fresh_inning: bool) -> None:
        lead = fielding.runs - batting.runs
        starter = fielding.pitcher == fielding.pitchers[0]
        tired = fielding.pitches >= fielding.limit or fielding.runs_off_pitcher >= (6 if starter else 4)
        done = not starter and fresh_inning and fielding.innings_pitched >= 1 and self.dice.uniform() < 0.8
        last = self.fixture.scheduled_innings
        close = (
            fresh_inning and self.inning >= last and 1 <= lead <= 3 and not fielding.closing and not starter
        )
        if not (tired or done or close) or not fielding.bullpen:
            return
        bullpen = fielding.bullpen
        closer = self.people.squads[fielding.nine.team_id].relievers[-1]
        if close and closer in bullpen:
            chosen, fielding.closing = closer, True
        else:  # the good ones for a close game, the others when it is decided; the closer waits
            waiting = [p for p in bullpen if p != closer] or bullpen
            opener = fielding.nine.opener and len(fielding.pitchers) == 1
            chosen = waiting[0] if opener else waiting[self.dice.whole(min(len(waiting), 4))]
        gone = fielding.pitcher
        added = fielding.change_pitcher(chosen, self._limit(chosen, opener=False))
        self.clock.on(75 if fresh_inning else 130)
        text = f"Pitching Change: {self._name(chosen)} replaces {self._name(gone)}."
        self._action("pitching_substitution", added, text)

    def _defensive_change(self, batting: Side, fielding: Side) -> None:
        ahead = fielding.runs - batting.runs
        if self.inning != 8 or not 1 <= ahead <= 4 or self.dice.uniform() > 0.3:
            return
        outfielders = [p for p in fielding.bench if self.people.players[p].position in "789"]
        slots = [i for i, p in enumerate(fielding.order) if fielding.at[p] in ("7", "9")]
        if outfielders and slots:
            slot = slots[self.dice.whole(len(slots))]
            gone = fielding.order[slot]
            added = fielding.relieve_fielder(slot, outfielders[0])
            text = f"Defensive Substitution: {self._name(outfielders[0])} replaces {self._name(gone)}."
            self._action("defensive_substitution", added, text)

    def _pinch_hit(self, batting: Side, fielding: Side) -> None:
        last = self.fixture.scheduled_innings
        if self.inning < last - 2 or batting.runs > fielding.runs or batting.pinch_hits >= 2:
            return
        batter = batting.order[batting.up]
        throws = self.people.players[fielding.pitcher].throws
        if self.people.players[batter].bats != throws or self.people.batting[batter].hit > 0.05:
            return
        better = [p for p in batting.bench if self.people.players[p].bats != throws]
        catchers = [p for p in batting.bench if self.people.players[p].position == "2"]
        if batting.at[batter] == "2":
            better = [p for p in better if p in catchers]
        if not better or self.dice.uniform() > 0.45:
            return
        batting.pinch_hits += 1
        added = batting.replace_batter(batting.up, better[0], "11")
        text = f"Offensive Substitution: Pinch-hitter {self._name(better[0])} replaces {self._name(batter)}."
        self._action("offensive_substitution", added, text)

    # -- a plate appearance ------------------------------------------------------------------------

    def _plate_appearance(self, batting: Side, fielding: Side) -> None:
        people, dice = self.people, self.dice
        self._pinch_hit(batting, fielding)
        batter_id, pitcher_id = batting.order[batting.up], fielding.pitcher
        batter, pitcher = people.batting[batter_id], people.pitching[pitcher_id]
        bats, throws = people.players[batter_id].bats, people.players[pitcher_id].throws
        if bats == "S":
            bats = "R" if throws == "L" else "L"
        started = self.clock.text()
        starter = pitcher_id == fielding.pitchers[0]
        meetings = fielding.met.get(batter_id, 0) if starter else 0
        fielding.met[batter_id] = meetings + 1
        setting = Setting(
            self.conditions.hit,
            self.conditions.homer,
            self.conditions.zone,
            bats == throws,
            meetings,
            people.hit_form(batter_id, self.fixture.date_index),
        )
        weights = at_bat.outcome_weights(batter, pitcher, setting)
        hit_chance = sum(w for name, w in zip(OUTCOMES, weights, strict=True) if name in HITS)
        outcome = OUTCOMES[dice.pick(weights)]
        men_on = self._men_on()
        out_before = self.outs
        if self._walk_him_on_purpose(fielding, batting):
            outcome, calls, hit_data = "intent_walk", [], None
        else:
            in_play = outcome not in ("strikeout", "walk", "hit_by_pitch")
            hit_data = at_bat.batted_ball(dice, outcome, batter) if in_play else None
            whiffs = 0.8 * (batter.strikeout + pitcher.strikeout)
            calls = at_bat.pitch_calls(dice, outcome, whiffs, "X")
        steal_at = self._steal_before(len(calls))
        shares = [kind.share for kind in pitcher.arsenal]
        pitch_index: list[int] = []
        balls = strikes = 0
        for number, call in enumerate(calls[:-1], start=1):
            if number == steal_at and self._steal(balls, strikes):
                self._write(batting, fielding, batter_id, bats, throws, started, "caught_stealing_2b",
                            (balls, strikes), pitch_index, men_on, runs=0)  # fmt: skip
                fielding.met[batter_id] = meetings  # he comes up again next inning
                return
            balls, strikes = self._pitch(
                at_bat.throw(dice, pitcher, shares, call), balls, strikes, number, pitch_index
            )
        runs_before = batting.runs
        event = self._resolve(outcome, batter_id, hit_data, batting)
        runs = batting.runs - runs_before
        if calls:
            final = at_bat.throw(
                dice, pitcher, shares, at_bat.last_call(dice, event if event in HITS else outcome, runs)
            )
            if hit_data is not None:
                final["hitData"] = hit_data
            balls, strikes = self._pitch(
                final, balls, strikes, len(calls), pitch_index, outs_before=out_before
            )
        fielding.pitches += len(calls)
        fielding.runs_off_pitcher += runs
        name = (
            _OUT_NAMES[hit_data["trajectory"]] if event == "field_out" and hit_data else _EVENT.get(event, "")
        )
        self.game.chances.append(hit_chance)
        self._write(batting, fielding, batter_id, bats, throws, started, event, (balls, strikes),
                    pitch_index, men_on, runs=runs, name=name)  # fmt: skip
        batting.up = (batting.up + 1) % 9

    def _walk_him_on_purpose(self, fielding: Side, batting: Side) -> bool:
        first, second, third = self.bases
        late = self.inning >= self.fixture.scheduled_innings and self.outs == 2
        tight = fielding.runs - batting.runs in (0, 1)
        return bool(late and tight and first is None and (second or third) and self.dice.uniform() < 0.3)

    def _steal_before(self, pitches: int) -> int:
        """Before which pitch the runner on first goes (0: he does not)."""
        runner = self.bases[0]
        if runner is None or self.bases[1] is not None or pitches < 2:
            return 0
        eager = 0.11 * self.people.batting[runner].speed
        return 1 + self.dice.whole(pitches - 1) if self.dice.uniform() < eager else 0

    def _steal(self, balls: int, strikes: int) -> bool:
        """A runner goes for second; whether he was the third out."""
        runner = self.bases[0]
        assert runner is not None
        safe = self.dice.uniform() < 0.62 + 0.25 * self.people.batting[runner].speed
        kind = "stolen_base_2b" if safe else "caught_stealing_2b"
        text = f"{self._name(runner)} {'steals' if safe else 'caught stealing'} 2nd base."
        if not safe:
            self.outs += 1
        self._move(runner, 0, 1 if safe else None, kind, out_at="2B")
        self._action(kind, {"player": {"id": runner}, "isBaseRunningPlay": True}, text, balls, strikes)
        self.bases[0] = None
        self.bases[1] = runner if safe else None
        return self.outs == 3

    def _pitch(
        self,
        event: Json,
        balls: int,
        strikes: int,
        number: int,
        index: list[int],
        outs_before: int | None = None,
    ) -> tuple[int, int]:
        call = event["details"]["code"]
        if call in ("B", "*B"):
            balls += 1
        elif call in ("C", "S", "W", "T") or (call == "F" and strikes < 2):
            strikes += 1
        outs = self.outs if outs_before is None else outs_before
        event["count"] = {"balls": balls, "strikes": strikes, "outs": outs}
        event |= {
            "index": len(self.events),
            "pitchNumber": number,
            "endTime": self.clock.on(21),
            "isPitch": True,
            "type": "pitch",
        }
        index.append(len(self.events))
        self.events.append(event)
        return balls, strikes

    # -- what a batted ball does -------------------------------------------------------------------

    def _resolve(self, outcome: str, batter: int, ball: Json | None, batting: Side) -> str:
        """Moves everybody and counts the outs; returns the event type that it became."""
        if outcome in ("walk", "intent_walk", "hit_by_pitch"):
            self._force(batter, outcome, batting)
        elif outcome == "strikeout":
            self.outs += 1
            self._move(batter, None, None, outcome, out_at="1B")
        elif outcome in HITS or outcome == "field_error":
            self._drive(batter, outcome, batting)
        else:
            outcome = self._make_outs(batter, ball["trajectory"] if ball else "fly_ball", batting)
        return outcome

    def _force(self, batter: int, event: str, batting: Side) -> None:
        """Everybody who must moves up by one."""
        coming, base = batter, 0
        moves: list[tuple[int, int | None, int]] = []
        start: int | None = None
        while base < 3 and self.bases[base] is not None:
            moves.append((coming, start, base))
            coming, start, base = self.bases[base] or 0, base, base + 1
        moves.append((coming, start, base))
        for runner, origin, target in reversed(moves):
            self._advance(runner, origin, target, event, batting)

    def _drive(self, batter: int, event: str, batting: Side) -> None:
        """A hit or an error, the lead runner first. Nobody passes the one ahead of him, and once the winning
        run is in nobody else scores, unless the ball is over the fence."""
        reach = {"single": 0, "field_error": 0, "double": 1, "triple": 2, "home_run": 3}[event]
        farthest = 3
        for base in (2, 1, 0):
            runner = self.bases[base]
            if runner is None:
                continue
            target = base + reach + 1
            if event == "single" and base < 2:
                target += self.dice.uniform() < (0.60 if base == 1 else 0.27)
            elif event == "double" and base == 0:
                target += self.dice.uniform() < 0.42
            target = min(target, farthest)
            self._advance(runner, base, target, event, batting)
            if target < 3:
                farthest = target - 1
            elif event != "home_run" and self._won(batting):
                farthest = min(farthest, 2)
        self._advance(batter, None, min(reach, farthest), event, batting)

    def _make_outs(self, batter: int, trajectory: str, batting: Side) -> str:
        """An out or two on a ball in play; returns the event type."""
        first, _, third = self.bases
        u = self.dice.uniform()
        if trajectory == "ground_ball" and first is not None and self.outs < 2 and u < 0.36:
            self.outs += 1
            self._move(first, 0, None, "grounded_into_double_play", out_at="2B")
            self.outs += 1
            self._move(batter, None, None, "grounded_into_double_play", out_at="1B")
            self.bases[0] = None
            if self.outs < 3:
                self._others_up(batting, "grounded_into_double_play")
            return "grounded_into_double_play"
        if trajectory == "ground_ball" and first is not None and u < 0.62:
            self.outs += 1
            self._move(first, 0, None, "force_out", out_at="2B")
            self.bases[0] = None
            if self.outs < 3:
                self._others_up(batting, "force_out")
            self._advance(batter, None, 0, "force_out", batting)
            return "force_out"
        self.outs += 1
        sacrifice = trajectory == "fly_ball" and third is not None and self.outs < 3 and u < 0.55
        event = "sac_fly" if sacrifice else "field_out"
        self._move(batter, None, None, event, out_at="1B")
        if sacrifice:
            self._advance(third or 0, 2, 3, event, batting)
        elif trajectory == "ground_ball" and self.outs < 3 and u < 0.9:
            self._others_up(batting, event)
        return event

    def _others_up(self, batting: Side, event: str) -> None:
        for base in (2, 1):
            runner = self.bases[base]
            if runner is not None and (base == 2 or self.bases[2] is None) and self.dice.uniform() < 0.5:
                self._advance(runner, base, base + 1, event, batting)

    def _advance(self, runner: int, origin: int | None, target: int, event: str, batting: Side) -> None:
        if origin is not None:
            self.bases[origin] = None
        if target < 3:
            self.bases[target] = runner
        else:
            batting.runs += 1
        self._move(runner, origin, target, event)

    def _won(self, batting: Side) -> bool:
        """Whether the home team has just won in its last turn."""
        last_half = not self.top and self.inning >= self.fixture.scheduled_innings
        return last_half and batting.runs > self.game.away.runs

    def _move(
        self, runner: int, origin: int | None, target: int | None, event: str, out_at: str | None = None
    ) -> None:
        start = None if origin is None else _BASES[origin]
        out = target is None
        self.runners.append(
            {
                "movement": {
                    "start": start,
                    "end": None if target is None else _BASES[target],
                    "outBase": out_at if out else None,
                    "isOut": out,
                    "outNumber": self.outs if out else None,
                },
                "details": {
                    "event": _EVENT.get(event, "Out"),
                    "eventType": event,
                    "runner": {"id": runner},
                    "isScoringEvent": target == 3,
                    "rbi": target == 3 and event not in ("field_error", "grounded_into_double_play"),
                },
            }
        )

    # -- writing it down ---------------------------------------------------------------------------

    def _men_on(self) -> str:
        first, second, third = (b is not None for b in self.bases)
        if first and second and third:
            return "Loaded"
        return "RISP" if second or third else "Men_On" if first else "Empty"

    def _name(self, player: int) -> str:
        return self.people.players[player].name

    def _person(self, player: int) -> Json:
        return {"id": player, "fullName": self._name(player)}

    def _action(self, kind: str, added: Json, text: str, balls: int = 0, strikes: int = 0) -> None:
        self.events.append(
            {
                "details": {"description": text, "event": _EVENT[kind], "eventType": kind},
                "count": {"balls": balls, "strikes": strikes, "outs": self.outs},
                "index": len(self.events),
                "endTime": self.clock.on(6),
                "isPitch": False,
                "type": "action",
                **({"isSubstitution": True} if kind.endswith(("substitution", "switch")) else {}),
                **added,
            }
        )

    def _write(
        self,
        batting: Side,
        fielding: Side,
        batter: int,
        bats: str,
        throws: str,
        started: str,
        event: str,
        count: tuple[int, int],
        pitch_index: list[int],
        men_on: str,
        *,
        runs: int,
        name: str = "",
    ) -> None:
        game = self.game
        index = len(game.plays)
        name = name or _EVENT[event]
        scored = [r for r in self.runners if r["details"]["isScoringEvent"]]
        out = any(r["movement"]["isOut"] for r in self.runners)
        ended = self.clock.on(4)
        bases = {
            key: self._person(runner)
            for key, runner in zip(("postOnFirst", "postOnSecond", "postOnThird"), self.bases, strict=True)
            if runner is not None and self.outs < 3
        }
        game.plays.append(
            {
                "result": {
                    "type": "atBat",
                    "event": name,
                    "eventType": event,
                    "description": f"{self._name(batter)}: {name.lower()}.",
                    "rbi": sum(bool(r["details"]["rbi"]) for r in scored),
                    "awayScore": game.away.runs,
                    "homeScore": game.home.runs,
                    "isOut": out and event not in HITS,
                },
                "about": {
                    "atBatIndex": index,
                    "halfInning": "top" if self.top else "bottom",
                    "isTopInning": self.top,
                    "inning": self.inning,
                    "startTime": started,
                    "endTime": ended,
                    "isComplete": True,
                    "isScoringPlay": bool(scored),
                    "hasReview": False,
                    "hasOut": out,
                },
                "count": {"balls": count[0], "strikes": count[1], "outs": self.outs},
                "matchup": {
                    "batter": self._person(batter),
                    "batSide": {"code": bats},
                    "pitcher": self._person(fielding.pitcher),
                    "pitchHand": {"code": throws},
                    **bases,
                    "splits": {"menOnBase": men_on},
                },
                "pitchIndex": pitch_index,
                "actionIndex": [i for i in range(len(self.events)) if i not in pitch_index],
                "runnerIndex": list(range(len(self.runners))),
                "runners": self.runners,
                "playEvents": self.events,
                "atBatIndex": index,
            }
        )
        self.events, self.runners = [], []
        self.clock.on(18)


def play_game(
    people: People, fixture: Fixture, nines: tuple[NineMen, NineMen], conditions: Conditions, dice: Dice
) -> Game:
    """Plays a fixture; `nines` are the visitors' and the home team's."""
    return _Umpire(people, fixture, nines, conditions, dice).play()
