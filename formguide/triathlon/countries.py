"""Countries as results pages spell them → ISO 3166 alpha-3.

Pages write `Australia`, `AU`, `aus` and `AUSTRALIA` for one country. `pycountry` knows the standard's names
and codes; what is below are the spellings that are none of them.
"""

from __future__ import annotations

from functools import cache

_SPELLINGS = {
    "argentinia": "ARG",
    "brd": "DEU",
    "british virgin islands": "VGB",
    "bolivia": "BOL",
    "channel islands": "JEY",
    "congo": "COG",
    "deutschland": "DEU",
    "enlgand": "GBR",
    "england": "GBR",
    "gaudeloupe": "GLP",
    "germ": "DEU",
    "iran": "IRN",
    "japn": "JPN",
    "jpana": "JPN",
    "korea": "KOR",
    "korea republic of": "KOR",
    "korea - republic of": "KOR",
    "macau": "MAC",
    "macedonia": "MKD",
    "moldova": "MDA",
    "netherland": "NLD",
    "newcaledonia": "NCL",
    "northern ireland": "GBR",
    "r.o.c": "TWN",
    "r.o.c taiwan": "TWN",
    "rebublic of korea": "KOR",
    "republic of (south) korea": "KOR",
    "republic of korea": "KOR",
    "republic of north macedonia": "MKD",
    "reunion": "REU",
    "rã©union": "REU",
    "russia": "RUS",
    "russian": "RUS",
    "scotland": "GBR",
    "slovak republic": "SVK",
    "slowenien": "SVN",
    "south korea": "KOR",
    "st lucia": "LCA",
    "swaziland": "SWZ",
    "tahiti": "PYF",
    "taiwan": "TWN",
    "taiwan (r.o.c.)": "TWN",
    "the czech republic": "CZE",
    "the netherlands": "NLD",
    "the republic of korea": "KOR",
    "the repulic of korea": "KOR",
    "turkey": "TUR",
    "u.k.": "GBR",
    "u.s.": "USA",
    "u.s.a.": "USA",
    "u.s. virgin islands": "VIR",
    "uk": "GBR",
    "united states virgin islands": "VIR",
    "venezuela": "VEN",
    "vietnam": "VNM",
    "virgin islands": "VIR",
    "wales": "GBR",
    "ã…land islands": "ALA",
}
"""Spellings that the standard does not know, in lower case."""


@cache
def alpha_3(said: str) -> str | None:
    """The code of a country as somebody spelt it; None where it is no country that we know of."""
    text = " ".join(said.split())
    if not text:
        return None
    if known := _SPELLINGS.get(text.lower()):
        return known
    import pycountry

    try:
        return str(pycountry.countries.lookup(text).alpha_3)
    except LookupError:
        return None
