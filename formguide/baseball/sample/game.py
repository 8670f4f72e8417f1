"""A game of the sample league, played by the rules, as the plays of a feed/live document.

Nine innings or seven, three outs, a home team that leads does not bat in the last, the winning run ends the
game, extra innings begin with a runner on second. The result is a list of plays, each in the structure that
the league's API gives.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from formguide.baseball.sample import at_bat, dugout
from formguide.baseball.sample.at_bat import HITS, OUTCOMES, Dice, Setting
from formguide.baseball.sample.fixtures import SHORTENED, Fixture
from formguide.baseball.sample.manager import NineMen
from formguide.baseball.sample.people import Batting, People, Pitching
from formguide.baseball.sample.plays import EVENTS, OUTS, Clock, Turn, action
from formguide.baseball.sample.running import Running
from formguide.baseball.sample.side import Side

Json = dict[str, Any]
_RESUMED_IN = 6  # the inning in which a suspended game goes on
_CALLED_OFF_AFTER = 6


@dataclass(frozen=True)
class Conditions:
    """What both teams meet: `hit` and `homer` are park, weather and the day's balls, `zone` the umpire's."""

    hit: float
    homer: float
    zone: float


@dataclass
class Game:
    """A game as played: its plays in order, and both teams as they stood at the end.

    `chances` is P(hit) of each plate appearance, as it was when its batter stepped in.
    """

    fixture: Fixture
    away: Side
    home: Side
    plays: list[Json] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)

    @property
    def ended_at(self) -> datetime:
        """When the last play ended (UTC)."""
        return datetime.fromisoformat(self.plays[-1]["about"]["endTime"])


def play_game(
    people: People, fixture: Fixture, nines: tuple[NineMen, NineMen], conditions: Conditions, dice: Dice
) -> Game:
    """Plays a fixture; `nines` are the visitors' and the home team's."""
    away, home = (
        Side.of(nine, dugout.pitch_limit(dice, people, nine.pitcher, opener=nine.opener)) for nine in nines
    )
    clock = Clock(fixture.start_at + timedelta(minutes=3 + dice.whole(6)))
    return _Play(people, conditions, dice, Game(fixture, away, home), clock).whole()


class _Play:
    """A game under way: the inning, and what has happened since the last play was written."""

    def __init__(self, people: People, conditions: Conditions, dice: Dice, game: Game, clock: Clock) -> None:
        self.people, self.conditions, self.dice = people, conditions, dice
        self.game, self.clock = game, clock
        self.innings = game.fixture.scheduled_innings
        self.inning, self.top = 1, True
        self.batting, self.fielding = game.away, game.home
        self.bases = Running(dice, game.away, self._won)
        self.before: list[Json] = []  # what happens between two plays is told with the next

    def whole(self) -> Game:
        """Plays to the end."""
        game, fixture = self.game, self.game.fixture
        called_off = _CALLED_OFF_AFTER if fixture.fate == SHORTENED else self.innings
        while True:
            self._half(top=True)
            if self.inning < self.innings or game.home.runs <= game.away.runs:
                self._half(top=False)
            if self.inning >= called_off and game.home.runs != game.away.runs:
                return game
            self.inning += 1
            if fixture.resumed_at is not None and self.inning == _RESUMED_IN:
                self.clock.now = fixture.resumed_at

    def _won(self) -> bool:
        """Whether the home team has just won in its last turn."""
        ahead = self.game.home.runs > self.game.away.runs
        return not self.top and self.inning >= self.innings and ahead

    # -- a half inning -----------------------------------------------------------------------------

    def _half(self, *, top: bool) -> None:
        game = self.game
        self.top = top
        self.batting, self.fielding = (game.away, game.home) if top else (game.home, game.away)
        self.bases = Running(self.dice, self.batting, self._won)
        self.clock.on(140 if game.plays else 0)
        if self.inning > self.innings:
            runner = self.batting.order[self.batting.up - 1]
            self.bases.on[1] = runner
            placed: Json = {"player": {"id": runner}, "base": 2}
            self._tell("runner_placed", placed, f"{self._name(runner)} starts at 2nd.")
        for added in self.fielding.take_the_field():
            self._tell("defensive_switch", added, f"{self._name(added['player']['id'])} remains in the game.")
        self._fresh_legs()
        fresh = True
        while self.bases.outs < 3 and not self._won():
            self._relieve(fresh_inning=fresh)
            fresh = False
            self._turn()
        self.fielding.innings_pitched += 1

    def _relieve(self, *, fresh_inning: bool) -> None:
        side = self.fielding
        lead, left = side.runs - self.batting.runs, self.innings - self.inning + 1
        chosen = dugout.reliever(self.dice, self.people, side, lead, left, fresh_inning=fresh_inning)
        if chosen is not None:
            gone = side.pitcher
            limit = dugout.pitch_limit(self.dice, self.people, chosen, opener=False)
            added = side.change_pitcher(chosen, limit)
            self.clock.on(75 if fresh_inning else 130)
            text = f"Pitching Change: {self._name(chosen)} replaces {self._name(gone)}."
            self._tell("pitching_substitution", added, text)

    def _fresh_legs(self) -> None:
        side = self.fielding
        change = dugout.fresh_legs(self.dice, self.people, side, self.inning, side.runs - self.batting.runs)
        if change is not None:
            slot, coming = change
            gone = side.order[slot]
            added = side.relieve_fielder(slot, coming)
            text = f"Defensive Substitution: {self._name(coming)} replaces {self._name(gone)}."
            self._tell("defensive_substitution", added, text)

    def _pinch_hit(self) -> None:
        left = self.innings - self.inning + 1
        coming = dugout.pinch_hitter(self.dice, self.people, self.batting, self.fielding, left)
        if coming is not None:
            gone = self.batting.order[self.batting.up]
            added = self.batting.replace_batter(self.batting.up, coming, "11")
            text = f"Offensive Substitution: Pinch-hitter {self._name(coming)} replaces {self._name(gone)}."
            self._tell("offensive_substitution", added, text)

    def _pinch_run(self) -> None:
        left, behind = self.innings - self.inning + 1, self.fielding.runs - self.batting.runs
        on = self.bases.on
        change = dugout.pinch_runner(self.dice, self.people, self.batting, on, left, behind)
        if change is not None:
            slot, coming = change
            gone = self.batting.order[slot]
            added = self.batting.replace_batter(slot, coming, "12")
            self.bases.on = [coming if runner == gone else runner for runner in on]
            text = f"Offensive Substitution: Pinch-runner {self._name(coming)} replaces {self._name(gone)}."
            self._tell("offensive_substitution", added, text)

    # -- a batter's turn ---------------------------------------------------------------------------

    def _turn(self) -> None:
        """A plate appearance, unless a runner is thrown out for the third out before its end."""
        self._pinch_run()
        self._pinch_hit()
        people, dice, fielding = self.people, self.dice, self.fielding
        batter_id, pitcher_id = self.batting.order[self.batting.up], fielding.pitcher
        batter, pitcher = people.batting[batter_id], people.pitching[pitcher_id]
        turn = self._step_in(batter_id, pitcher_id)
        meetings = fielding.met.get(batter_id, 0) if pitcher_id == fielding.pitchers[0] else 0
        weights = at_bat.outcome_weights(batter, pitcher, self._setting(turn, batter_id, meetings))
        outcome = OUTCOMES[dice.pick(weights)]
        chance = sum(w for name, w in zip(OUTCOMES, weights, strict=True) if name in HITS)
        if self._walked_on_purpose():
            outcome, chance = "intent_walk", 0.0
        ball, calls = self._pitches(outcome, batter, pitcher)
        shares = [kind.share for kind in pitcher.arsenal]
        steal_at = self._steal_before(len(calls))
        for number, call in enumerate(calls[:-1], start=1):
            if number == steal_at and self._steal(turn):
                fielding.pitches += number - 1
                self._write(turn, "caught_stealing_2b", EVENTS["caught_stealing_2b"])
                return  # the same batter leads off the next inning
            turn.pitch(at_bat.throw(dice, pitcher, shares, call), self.bases.outs, self.clock.on(21))
        outs, runs = self.bases.outs, self.batting.runs
        event = self.bases.resolve(outcome, batter_id, ball["trajectory"] if ball else "")
        scored = self.batting.runs - runs
        if calls:
            last = at_bat.last_call(dice, event if event in HITS else outcome, scored)
            final = at_bat.throw(dice, pitcher, shares, last)
            turn.pitch(final | ({"hitData": ball} if ball else {}), outs, self.clock.on(21))
        fielding.pitches += len(calls)
        fielding.runs_off_pitcher += scored
        fielding.met[batter_id] = fielding.met.get(batter_id, 0) + 1
        self.game.chances.append(chance)
        self._write(turn, event, OUTS[ball["trajectory"]] if event == "field_out" and ball else EVENTS[event])
        self.batting.up = (self.batting.up + 1) % 9

    def _step_in(self, batter: int, pitcher: int) -> Turn:
        bats, throws = self.people.players[batter].bats, self.people.players[pitcher].throws
        if bats == "S":
            bats = "R" if throws == "L" else "L"
        turn = Turn(
            self._person(batter), self._person(pitcher), bats, throws, self.bases.men_on(), self.clock.text()
        )
        turn.events, self.before = self.before, []
        return turn

    def _setting(self, turn: Turn, batter: int, meetings: int) -> Setting:
        met = self.conditions
        form = self.people.hit_form(batter, self.game.fixture.date_index)
        return Setting(met.hit, met.homer, met.zone, turn.bats == turn.throws, meetings, form)

    def _pitches(self, outcome: str, batter: Batting, pitcher: Pitching) -> tuple[Json | None, list[str]]:
        """The batted ball, if there is one, and the calls of all pitches; the last one's is decided later."""
        if outcome == "intent_walk":
            return None, []
        in_play = outcome not in ("strikeout", "walk", "hit_by_pitch")
        ball = at_bat.batted_ball(self.dice, outcome, batter) if in_play else None
        whiffs = 0.8 * (batter.strikeout + pitcher.strikeout)
        return ball, at_bat.pitch_calls(self.dice, outcome, whiffs, "X")

    def _walked_on_purpose(self) -> bool:
        """First base open, a runner further on, two out, late and close: sometimes he is walked."""
        first, second, third = self.bases.on
        late = self.inning >= self.innings and self.bases.outs == 2
        tight = self.fielding.runs - self.batting.runs in (0, 1)
        scoring = second is not None or third is not None
        return late and tight and first is None and scoring and self.dice.uniform() < 0.3

    def _steal_before(self, pitches: int) -> int:
        """Before which pitch the runner on first goes (0: he does not)."""
        runner = self.bases.on[0]
        if runner is None or self.bases.on[1] is not None or pitches < 2:
            return 0
        eager = 0.11 * self.people.batting[runner].speed
        return 1 + self.dice.whole(pitches - 1) if self.dice.uniform() < eager else 0

    def _steal(self, turn: Turn) -> bool:
        """The runner on first goes; whether he was the third out."""
        runner = self.bases.on[0] or 0
        kind = self.bases.steal(self.people.batting[runner].speed)
        text = (
            f"{self._name(runner)} {'steals' if kind.startswith('stolen') else 'caught stealing'} 2nd base."
        )
        added = {"player": {"id": runner}, "isBaseRunningPlay": True}
        self.bases.moves[-1]["details"]["playIndex"] = len(turn.events)
        turn.action(kind, added, text, self.bases.outs, self.clock.on(6))
        return self.bases.outs == 3

    # -- writing it down ---------------------------------------------------------------------------

    def _name(self, player: int) -> str:
        return self.people.players[player].name

    def _person(self, player: int) -> Json:
        return {"id": player, "fullName": self._name(player)}

    def _tell(self, kind: str, added: Json, text: str) -> None:
        ended = self.clock.on(6)
        self.before.append(action(kind, added, text, len(self.before), ended, outs=self.bases.outs))

    def _write(self, turn: Turn, event: str, name: str) -> None:
        game, bases = self.game, self.bases
        posts = [None if runner is None else self._person(runner) for runner in bases.on]
        score = (game.away.runs, game.home.runs)
        half = (self.inning, self.top)
        ended = self.clock.on(4)
        for move in bases.moves:
            move["details"].setdefault("playIndex", max(len(turn.events) - 1, 0))
        game.plays.append(
            turn.document(event, name, len(game.plays), half, score, ended, bases.outs, bases.moves, posts)
        )
        bases.moves = []
        self.clock.on(18)
