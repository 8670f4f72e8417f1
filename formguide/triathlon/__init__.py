"""Triathlon: a finish time and how sure we are.

    race_page, reference_csv, weather      pages and files → records: every start as the source says it
    identity, plausible, shortened         who it was, what cannot be, which legs were not held
    results                                records → race results, one row per start
    profiles, clusters                     what was known of an athlete on the eve, and of which kind it is
    ability, courses, starts               how able somebody was on the eve, how hard a course is, who starts
    posterior, pace_fit                    the exact posterior over every row, and the model that forecasts
    pace_model, predictive                 what it says of one start
    splits                                 the legs of a total
    forecast, issuing                      finish times with their uncertainty, race by race
    issued                                 what was said before a race: on record, and scored after it
    baselines, backtest, scorecard         what it would have been worth, beside simpler rules
    reference_model                        the reference system's own model, for comparison

A forecast of a race is made as of its day and knows only the races dated before; a race without a date
informs no forecast of its year.
"""
