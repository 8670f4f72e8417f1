"""Formula 1: from a folder of race-weekend files to a forecast of every finishing position.

`results` reads the sources into the canonical tables (`tables`), with one name for everybody (`ids`) and wet
races inferred afterwards (`conditions`).
"""
