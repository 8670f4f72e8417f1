"""The day: from the morning's schedule to a result that still stands eight days later.

`plan` says what is due at a moment, from the records in the lake and nothing else; `life` does it. A day goes
through: morning (schedule, projected line-ups, a preview of the pick) → line-up windows before the starts →
forecast → `pick` → `lock` → `results` while the picks bat → `reconcile` against later scoring changes. What
was picked, checked, locked, counted and published lies in `tables`; every step may be done twice, or stopped
in the middle and begun again, and changes nothing the second time. There is no clock in here: every function
is told what time it is.
"""

from formguide.baseball.day.life import Day, run_due
from formguide.baseball.day.plan import Step, due_steps, next_due
from formguide.baseball.day.settings import DaySettings

__all__ = ["Day", "DaySettings", "Step", "due_steps", "next_due", "run_due"]
