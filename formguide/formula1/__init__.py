"""Formula 1: from a folder of race-weekend files to a forecast of every finishing position.

`results` reads what the sources say (`f1db`, `jolpica`, `ergast`) into the canonical `tables`, with one
name for everybody (`ids`); `conditions` infers wet races afterwards. `weekends` turns the tables into
sessions in time order. `strengths` follows every car and driver through them, one update a session, and
keeps a checkpoint after each race; `outlook` asks such a state what it believes of a coming race at one of
four moments; `forecast` makes it a distribution over finishing positions by scenario (`scenarios`), exactly
(`finishing_order`) or, where joint outcomes are asked for, by simulation (`simulate`, `title_odds`).
`baselines` are what has to be beaten and `backtest` keeps the score; `ml_layer` is a second opinion that is
scored beside it. `incremental` and `issuing` do all of it in the lake, making again only what has changed;
`sample` makes up a league of one's own; `pull` fetches a real season.
"""
