"""Track and field: how fast, how far, how high next season.

    marks, events          what a mark is, and of which event
    tfrrs, careers         pages and files → performances, one row per mark
    peaks, sequences       performances → each season's peak, and its marks in order
    windows                what was known of an athlete's event when a season began, and the peak that came
    regression             the strong simple model: last, best, trend, depth, age
    hierarchical_lstm      season by season, and within the season mark by mark
    checkpoint, imported   a network that somebody else trained, and how it is asked
    forecast               next season's peak with its interval
    backtest               what it would have been worth, beside the baselines

A forecast of a season is made as of its first day and knows only the marks before it.
"""
