"""The sample of heart rate: fictional runners, and files of their workouts as watches and sites write them.

    physiology   what moves the heart of a runner of the sample, and how runners differ
    routes       where and how fast they run
    sensors      what a watch makes of it: faults, shifts, lags, irregular sampling
    population   `generate(users, workouts, seed)`: everybody's workouts, and the truth behind them
    oracle       how well the true model does that does not know a runner's parameters: the yardstick
    league       `write_sample(folder)`: a small population as files

Nothing in it is real, and its scores say nothing about real runners. Its weather, shifts of days and faults
are in no input, and the equation of `formguide.heartrate.ode` knows neither warmth, fatigue nor fitness; the
terms of `formguide.heartrate.response` and of `offsets` have the form of some of them, which flatters the
network and the corrections here.
"""
