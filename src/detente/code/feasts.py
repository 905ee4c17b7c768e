"""Feast days and commemorations → their first and last day in a year.

Fixed days and weekday rules by statute; Easter after Meeus; the Jewish calendar after Reingold and Dershowitz,
Calendrical Calculations; Islamic feasts after the tabular calendar, which the sighting of the moon shifts by a day;
Lunar New Year and Diwali by table, since they follow the true moon.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple


class Feast(NamedTuple):
    """First and last day, and whether they may be a day off."""

    start: dt.date
    end: dt.date
    approximate: bool = False


_Rule = Callable[[int], Feast | None]


def _fixed(month: int, day: int, days: int = 1, approximate: bool = False) -> _Rule:
    def rule(year: int) -> Feast:
        start = dt.date(year, month, day)
        return Feast(start, start + dt.timedelta(days - 1), approximate)

    return rule


def _nth(month: int, weekday: int, n: int) -> _Rule:
    """The n-th weekday (0 Monday) of a month; n = -1 is the last."""

    def rule(year: int) -> Feast:
        if n > 0:
            first = dt.date(year, month, 1)
            day = first + dt.timedelta((weekday - first.weekday()) % 7 + 7 * (n - 1))
        else:
            last = dt.date(year + month // 12, month % 12 + 1, 1) - dt.timedelta(1)
            day = last - dt.timedelta((last.weekday() - weekday) % 7)
        return Feast(day, day)

    return rule


def easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian church (Meeus, Astronomical Algorithms, ch. 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * j) // 451
    month, day = divmod(h + j - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def orthodox_easter(year: int) -> dt.date:
    """Return Easter Sunday of the Orthodox churches in the Gregorian calendar, 1900 to 2099 (Meeus)."""
    d = (19 * (year % 19) + 15) % 30
    e = (2 * (year % 4) + 4 * (year % 7) - d + 34) % 7
    month, day = divmod(d + e + 114, 31)
    return dt.date(year, month, day + 1) + dt.timedelta(13)


def _moved(feast: Callable[[int], dt.date], offset: int, days: int = 1) -> _Rule:
    def rule(year: int) -> Feast:
        start = feast(year) + dt.timedelta(offset)
        return Feast(start, start + dt.timedelta(days - 1))

    return rule


def _tishri(hebrew: int) -> int:
    """Ordinal of 1 Tishri of a Hebrew year."""

    def elapsed(year: int) -> int:
        months = (235 * year - 234) // 19
        day = 29 * months + (12084 + 13753 * months) // 25920
        return day + 1 if (3 * (day + 1)) % 7 < 3 else day

    before, here, after = elapsed(hebrew - 1), elapsed(hebrew), elapsed(hebrew + 1)
    shift = 2 if after - here == 356 else 1 if here - before == 382 else 0
    return -1373427 + here + shift


def rosh_hashanah(year: int) -> dt.date:
    """Return the first day of Rosh Hashanah in a Gregorian year."""
    return dt.date.fromordinal(_tishri(year + 3761))


def _hanukkah(year: int) -> dt.date:
    here, after = _tishri(year + 3761), _tishri(year + 3762)
    long_heshvan = (after - here) % 10 == 5
    return dt.date.fromordinal(here + (84 if long_heshvan else 83))


def _hijri(month: int, day: int, days: int = 1) -> _Rule:
    """A day of the tabular Islamic calendar; the first such in a Gregorian year, a day's doubt to both sides."""

    def rule(year: int) -> Feast | None:
        guess = (year - 622) * 33 // 32
        for hijri in (guess - 1, guess, guess + 1, guess + 2):
            julian = (11 * hijri + 3) // 30 + 354 * hijri + 30 * month - (month - 1) // 2 + day + 1948440 - 385
            start = dt.date.fromordinal(julian - 1721425)
            if start.year == year:
                doubt = dt.timedelta(1 if days == 1 else 0)
                return Feast(start - doubt, start + dt.timedelta(days - 1) + doubt, True)
        return None

    return rule


_LUNAR_NEW_YEARS: Final = (
    "0127 0215 0204 0123 0210 0131 0219 0207 0128 0216 0205 0124 0212 0201 0122 0209 0129 0218 0207 0126 0214 0203 0123"
    " 0210 0131 0219 0208 0128 0216 0205 0125 0212 0201 0122 0210 0129 0217 0206 0126 0213 0203"
)
"""1990 to 2030, by the Hong Kong Observatory's calendar."""
_DIWALI: Final = "1105 1026 1113 1103 1023 1111 1030 1019 1107 1027 1114 1104 1024 1112 1031 1020 1108"
"""2010 to 2026."""


def _table(first: int, days: str, approximate: bool = False) -> _Rule:
    listed = days.split()

    def rule(year: int) -> Feast | None:
        if not 0 <= year - first < len(listed):
            return None
        text = listed[year - first]
        day = dt.date(year, int(text[:2]), int(text[2:]))
        return Feast(day, day, approximate)

    return rule


def _election(year: int) -> Feast | None:
    if year % 2:
        return None
    first = _nth(11, 0, 1)(year)
    return Feast(first.start + dt.timedelta(1), first.start + dt.timedelta(1)) if first else None


FEASTS: Final[Mapping[str, _Rule]] = {
    r"christmas|christmas day|xmas": _fixed(12, 25),
    r"christmas eve": _fixed(12, 24),
    r"boxing day": _fixed(12, 26),
    r"new year'?s? day": _fixed(1, 1),
    r"new year'?s? eve": _fixed(12, 31),
    r"orthodox christmas": _fixed(1, 7),
    r"epiphany": _fixed(1, 6),
    r"valentine'?s day": _fixed(2, 14),
    r"(?:international )?women'?s day": _fixed(3, 8),
    r"(?:st|saint) patrick'?s day": _fixed(3, 17),
    r"april fools'? day": _fixed(4, 1),
    r"may day|international workers'? day": _fixed(5, 1),
    r"europe day": _fixed(5, 9),
    r"victory day|victory in europe day|ve day": _fixed(5, 9),
    r"juneteenth": _fixed(6, 19),
    r"(?:the )?fourth of july|(?:us |u s )?independence day": _fixed(7, 4),
    r"bastille day": _fixed(7, 14),
    r"army day": _fixed(8, 1),
    r"halloween": _fixed(10, 31),
    r"all saints'? day": _fixed(11, 1),
    r"guy fawkes night": _fixed(11, 5),
    r"veterans day|armistice day|remembrance day": _fixed(11, 11),
    r"human rights day": _fixed(12, 10),
    r"earth day": _fixed(4, 22),
    r"inauguration day": _fixed(1, 20),
    r"nowruz|norouz|persian new year": _fixed(3, 20, approximate=True),
    r"(?:martin luther king(?: jr)?|mlk) day": _nth(1, 0, 3),
    r"presidents'? day": _nth(2, 0, 3),
    r"memorial day": _nth(5, 0, -1),
    r"labou?r day": _nth(9, 0, 1),
    r"columbus day|indigenous peoples'? day": _nth(10, 0, 2),
    r"thanksgiving(?: day)?": _nth(11, 3, 4),
    r"election day": _election,
    r"easter(?: sunday| day)?": _moved(easter, 0),
    r"good friday": _moved(easter, -2),
    r"holy thursday|maundy thursday": _moved(easter, -3),
    r"palm sunday": _moved(easter, -7),
    r"ash wednesday": _moved(easter, -46),
    r"easter monday": _moved(easter, 1),
    r"easter weekend": _moved(easter, -2, 4),
    r"holy week": _moved(easter, -7, 7),
    r"ascension day": _moved(easter, 39),
    r"pentecost|whit sunday": _moved(easter, 49),
    r"(?:orthodox|greek|russian) easter": _moved(orthodox_easter, 0),
    r"rosh hashanah|(?:the )?jewish new year": _moved(rosh_hashanah, 0, 2),
    r"yom kippur|(?:the )?day of atonement": _moved(rosh_hashanah, 9),
    r"sukkot": _moved(rosh_hashanah, 14, 7),
    r"hanukkah|chanukah": _moved(_hanukkah, 0, 8),
    r"passover|pesach": _moved(lambda year: rosh_hashanah(year) - dt.timedelta(163), 0, 8),
    r"purim": _moved(lambda year: rosh_hashanah(year) - dt.timedelta(193), 0),
    r"(?:the )?(?:holy |fasting )?(?:month of )?(?:ramadan|ramzan)": _hijri(9, 1, 30),
    r"eid(?: al| ul)?[- ]?fitr|eid[- ]ul[- ]fitr": _hijri(10, 1),
    r"(?:eid(?: al| ul)?[- ]?adha|eid[- ]ul[- ]adha|(?:the )?feast of (?:the )?sacrifice)": _hijri(12, 10),
    r"ashura": _hijri(1, 10),
    r"mawlid|(?:the )?prophet'?s birthday": _hijri(3, 12),
    r"(?:islamic|hijri) new year": _hijri(1, 1),
    r"(?:lunar|chinese) new year(?:'?s day)?|spring festival|tet": _table(1990, _LUNAR_NEW_YEARS),
    r"diwali|deepavali": _table(2010, _DIWALI, True),
}
"""Pattern of a feast's names in small letters → its days in a year."""

NAMES: Final = "|".join(FEASTS)


def feast(name: str, year: int) -> Feast | None:
    """Return the days of a feast in a year, or None if its table does not reach there."""
    for pattern, rule in FEASTS.items():
        if re.fullmatch(pattern, name):
            return rule(year)
    return None
