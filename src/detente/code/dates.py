"""Expressions of time → days, against the day of the report.

A grammar of small rules: each is a pattern of a whole expression and what it means; most hold a smaller expression
that is read by the same rules ("by the end of" + "last year"). What no rule reads is unresolved, and so is what
names no time one could mark in a calendar ("recently", "in the wake of …"). docs/time.md has the conventions and
the figures.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from detente.code import feasts
from detente.records import Granularity, Span, When


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNRESOLVED: Final = When(None, None, "none", "unresolved", "unresolved")
_LONGEST: Final = 160
_DEEPEST: Final = 8

_DAY: Final = dt.timedelta(1)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        [
            "zero",
            "one a an",
            "two couple",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve dozen",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
    for word in words.split()
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}
_ORDINALS: Final = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
}
_WRITTEN_DAYS: Final = {
    word: number
    for number, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
        "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
        "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first".split(),
        1,
    )
}
"""Days of a month as speeches and old papers write them."""
_DECADES: Final = {
    "twenties": 20, "thirties": 30, "forties": 40, "fifties": 50, "sixties": 60, "seventies": 70, "eighties": 80,
    "nineties": 90,
}  # fmt: skip

_V: Final = {
    "WD": r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:urday)?"
    r"|sun(?:day)?)",
    "MO": r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)",
    "DOM": r"(?:(?:\d{1,2})(?:st|nd|rd|th)?|" + "|".join(sorted(_WRITTEN_DAYS, key=len, reverse=True)) + ")",
    "DAYTH": "(?:" + "|".join(sorted(_WRITTEN_DAYS, key=len, reverse=True)) + ")",
    "Y": r"(?:1[5-9]|20|21)\d\d",
    "N": r"(?:\d{1,4}|(?:(?:a )?couple(?: of)?|a dozen|dozen|an?|one|two|three|four|five|six|seven|eight|nine"
    r"|ten|eleven|twelve|thirteen"
    r"|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
    r"(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|(?:a )?hundred))",
    "U": r"(?:hour|day|night|week|fortnight|month|quarter|year|decade|century|centurie|quarter[ -]century"
    r"|half[ -]century)s?",
    "BIG": r"(?:day|week|month|quarter|year|decade|century)",
    "TOD": r"(?:(?:early |late |mid-?)?(?:morning|afternoon|evening|night(?:fall)?|noon|midday|midnight|dawn"
    r"|dusk|daybreak|sunrise|sunset|sundown|lunchtime|first light|last light|small hours|hours))",
    "CLOCK": r"(?:\d{1,2}(?:[:.]\d\d)?(?: ?[ap]m\b| o'clock)?(?: hours)?(?: (?:local(?: time)?|[a-z]{1,2}[sd]?t"
    r"|gmt|utc|eastern(?: time)?|(?:[a-z]+ )?(?:local )?time))?(?: \(.{1,20}\))?)",
    "SEASON": r"(?:spring|summer|autumn|fall|winter)",
    "ORD": r"(?:first|second|third|fourth|1st|2nd|3rd|4th)",
    "HEDGE": r"(?:about|around|roughly|approximately|some|nearly|almost|more than|less than|over|under|well over"
    r"|at least|up to|just over|just under|just|only|barely|close to|as many as|slightly more than"
    r"|little more than)",
    "FEAST": feasts.NAMES,
}


@dataclass(frozen=True, slots=True)
class _Context:
    """What an expression is read against."""

    document: dt.date
    previous: When | None
    future: bool
    depth: int = 0
    in_range: bool = False


_Handler = Callable[[re.Match[str], _Context], When | None]
_TABLE: list[tuple[str, _Handler]] = []


def _rule(pattern: str) -> Callable[[_Handler], _Handler]:
    """Add a rule; `{WD}` and the like in its pattern are the word classes of `_V`. Earlier rules are tried first."""

    def add(handler: _Handler) -> _Handler:
        _TABLE.append((pattern, handler))
        return handler

    return add


@cache
def _rules() -> tuple[tuple[re.Pattern[str], _Handler], ...]:
    return tuple((re.compile(re.sub(r"\{([A-Z]+)\}", lambda m: f"(?:{_V[m[1]]})", p)), h) for p, h in _TABLE)


def resolve(expression: str, document: dt.date, *, previous: When | None = None, future: bool = False) -> When:
    """Resolve an expression of time.

    A weekday, month or feast without a year is the latest one up to the report's day, the same day included; with
    `future` the next one. Calendar units are whole ("last month": its first to its last day; weeks run from Monday);
    "over the last two years" runs back from the report's day.

    Args:
        expression: the words as they stand in the text ("Wednesday evening", "since 2018").
        document: the report's day.
        previous: the time of the event told before; "the next day" and "a year earlier" count from it.
        future: the event is still to come.

    Returns:
        First and last day, granularity and kind; unresolved (never a guess) if the words name no time that can be
        marked in a calendar, or count from an event whose time is not given.
    """
    words = _normal(expression)
    if not words:
        return UNRESOLVED
    return _phrase(words, _Context(document, previous if previous and previous.start else None, future)) or UNRESOLVED


def bounded(when: When, document: dt.date, *, future: bool = False) -> When:
    """Cut a time at the report's day: what has happened lies up to it ("this week" so far), what is planned from it on.

    Args:
        when: a time as `resolve` gives it; returned as it is if it lies on one side or is unresolved.
        document: the report's day.
        future: the event is still to come.
    """
    if when.start is None or when.end is None or not when.start <= document <= when.end:
        return when
    return replace(when, start=document) if future else replace(when, end=document)


def _normal(expression: str) -> str:
    text = expression[: _LONGEST + 1].lower().replace("’", "'").replace("‘", "'").replace("`", "'")
    if len(text) > _LONGEST:
        return ""
    text = re.sub(r"[–—‒−]", "-", text)
    text = re.sub(r"\b([ap])\.\s?m\b\.?", r"\1m", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", text)
    text = re.sub(r"[,;\"“”()\[\]]", " ", text)
    text = re.sub(r"(?<=\w)'s?(?=\s|$)(?!\s(?:day|eve|birthday)\b)", "", text)
    text = re.sub(r"\bu s\b", "us", text)
    return " ".join(text.split()).strip(" -:")


def _phrase(text: str, context: _Context) -> When | None:
    """Read an expression; None if no rule does."""
    if context.depth > _DEEPEST or not text:
        return None
    inner = replace(context, depth=context.depth + 1)
    for pattern, handler in _rules():
        if found := pattern.fullmatch(text):
            try:
                result = handler(found, inner)
            except (ValueError, OverflowError):
                result = UNRESOLVED
            if result is not None:
                return result
    return None


def _known(text: str, context: _Context) -> When | None:
    """Read a smaller expression that must give days."""
    result = _phrase(text.strip(), context)
    return result if result and result.start else None


# --- days, units and their neighbours


def _when(start: dt.date, end: dt.date, granularity: Granularity, *, stated: bool = False) -> When:
    return When(start, end, granularity, "stated" if stated else "relative", "exact")


def _range(start: dt.date, end: dt.date) -> When:
    return When(start, end, "period", "relative", "range") if start <= end else UNRESOLVED


def _rough(when: When) -> When:
    return replace(when, kind="approximate") if when.kind == "exact" else when


def _number(words: str) -> int:
    words = re.sub(r"^(?:a )(?=couple|dozen|hundred)| of$", "", words)
    return int(words) if words.isdigit() else sum(_NUMBERS[w] for w in re.split("[ -]", words))


def _day_number(words: str) -> int:
    return _WRITTEN_DAYS.get(words) or int(re.sub(r"\D", "", words))


def _ends(when: When) -> tuple[dt.date, dt.date]:
    if when.start is None or when.end is None:
        raise ValueError("unresolved")
    return when.start, when.end


def _month_shift(day: dt.date, months: int) -> dt.date:
    """Move by months; a day the month lacks becomes its last."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _shift(day: dt.date, count: int, unit: str) -> dt.date:
    unit = _unit(unit)
    months = {
        "month": 1,
        "quarter": 3,
        "year": 12,
        "decade": 120,
        "century": 1200,
        "quarter century": 300,
        "half century": 600,
    }
    if unit in months:
        return _month_shift(day, count * months[unit])
    days = {"day": 1, "night": 1, "week": 7, "fortnight": 14}
    return day + count * days[unit] * _DAY


def _unit(word: str) -> str:
    word = word.replace("-", " ")
    return "century" if word.startswith("centur") else word.removesuffix("s").removesuffix(" centurie")


def _around(day: dt.date, unit: str, *, stated: bool = False) -> When:
    """Return the calendar unit a day lies in."""
    unit = _unit(unit)
    if unit in ("day", "night"):
        return _when(day, day, "day", stated=stated)
    if unit in ("week", "fortnight"):
        monday = day - day.weekday() * _DAY
        return _when(monday, monday + 6 * _DAY, "week", stated=stated)
    if unit == "month":
        return _when(day.replace(day=1), _month_end(day), "month", stated=stated)
    if unit == "quarter":
        first = dt.date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        return _when(first, _month_end(_month_shift(first, 2)), "quarter", stated=stated)
    if unit == "year":
        return _when(dt.date(day.year, 1, 1), dt.date(day.year, 12, 31), "year", stated=stated)
    if unit == "decade":
        first_year = day.year // 10 * 10
        return _when(dt.date(first_year, 1, 1), dt.date(first_year + 9, 12, 31), "decade", stated=stated)
    first_year = (day.year - 1) // 100 * 100 + 1
    return replace(
        _range(dt.date(first_year, 1, 1), dt.date(first_year + 99, 12, 31)), basis="stated" if stated else "relative"
    )


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _weekday(word: str) -> int:
    return _WEEKDAYS.index(word[:3])


def _month(word: str) -> int:
    return _MONTHS.index(word[:3]) + 1


def _nearest(days: list[When], context: _Context) -> When | None:
    """Choose among the same calendar day or unit of several years: the latest up to the report, or the next."""
    ordered = sorted(days, key=lambda w: _ends(w)[0])
    if context.future:
        return next((w for w in ordered if _ends(w)[1] >= context.document), None)
    return next((w for w in reversed(ordered) if _ends(w)[0] <= context.document), None)


def _years(context: _Context) -> range:
    return range(max(1, context.document.year - 4), context.document.year + 5)


def _month_day(month: int, day: int, context: _Context) -> When | None:
    """A day without a year. The press leaves the current year out, so a day soon to come is not one a year ago."""
    days = []
    for year in _years(context):
        try:
            days.append(_when(dt.date(year, month, day), dt.date(year, month, day), "day"))
        except ValueError:
            continue
    found = _nearest(days, context)
    ahead = _nearest(days, replace(context, future=True))
    if (
        found
        and ahead
        and (context.document - _ends(found)[0]).days > 300
        and (_ends(ahead)[0] - context.document).days <= 60
    ):
        return ahead
    return found or UNRESOLVED


def _year_of(text: str | None, context: _Context) -> int | None:
    if not text:
        return None
    found = _known(text.removeprefix("of ").strip(), context)
    return _ends(found)[0].year if found else None


_YEAR: Final = r"(?:of )?(?:{Y}|(?:the )?(?:last|this|next|same|that|previous|following|past) year)"

# --- what names no day


@_rule(
    r"(?:(?:just |more |most |very |only )?recent(?:ly)?|lately|soon|shortly|eventually|once|previously"
    r"|earlier|later|before|afterwards?|since|then|always|already|often|again|still|formerly"
    r"|(?:for|in) the (?:near |foreseeable |distant )?(?:future|past)|at (?:the|that|this) (?:time|point"
    r"|moment|stage)|the other day|these days|nowadays|sometimes?|daily|weekly|monthly|yearly"
    r"|annual(?:ly)?"
    r"|(?:in|over|during|for|within)? ?(?:the )?(?:recent|coming|past|last|next|following|subsequent"
    r"|intervening)(?: few| several| couple of| many)? (?:hours|days|weeks|months|years"
    r"|decades)(?: that followed)?"
    r"|(?:(?:a )?few|several|many|some|countless)? ?(?:hours|days|weeks|months|years|decades"
    r"|centuries) (?:ago|later|earlier|before|after(?:wards)?)"
    r"|in the (?:hours|days|weeks|months|years|decades) (?:that followed|since|ahead|to come|before"
    r"|after)|(?:with)?in (?:hours|minutes|days|weeks|months|years)|(?:for|over) (?:hours|days|weeks"
    r"|months|years|decades|centuries|generations)"
    r"|(?:on )?(?:every|each)\b.*|on {WD}s|{WD}s|{MO}s?/{MO}s?\b.*|for (?:the )?(?:first|second|third"
    r"|fourth|fifth|last|umpteenth) (?:time|straight|consecutive)\b.*"
    r"|in the (?:wake|aftermath|run-?up|midst|course|face|light)\b.*|.*\b(?:bc|bce)|year[- ]on[- ]year"
    r"|(?:a )?(?:{N}[- ])?(?:day|week|month|year|decade)s?[- ](?:long|old)|.*\banniversary\b.*)"
)
def _vague(found: re.Match[str], context: _Context) -> When | None:
    text = found[0]
    if text == "since" and context.previous:
        return None
    if re.fullmatch(r"(?:with)?in (?:hours|minutes)", text) and context.previous and not context.future:
        # Told of what followed at once.
        return _rough(_around(_ends(context.previous)[0], "day"))
    if (
        re.fullmatch(r"(?:half an |a few |several |{})?hours (?:later|earlier|before|after(?:wards)?)", text)
        and context.previous
    ):
        return None
    if text.endswith("ago") and text.startswith("hours"):
        return _rough(_around(context.document, "day"))
    return UNRESOLVED


# --- numeric and written dates


@_rule(r"(?:({Y})[-/.](\d{1,2})[-/.](\d{1,2})|({Y})(\d\d)(\d\d))(?:[t ]\d\d:?\d\d.*)?")
def _iso(found: re.Match[str], context: _Context) -> When | None:
    year, month, day = (int(g) for g in found.groups() if g)
    return _around(dt.date(year, month, day), "day", stated=True)


@_rule(r"(\d{1,2})[/.](\d{1,2})[/.]({Y})")
def _slashed(found: re.Match[str], context: _Context) -> When | None:
    first, second, year = int(found[1]), int(found[2]), int(found[3])
    if first <= 12 and second <= 12 and first != second:
        return UNRESOLVED
    month, day = (first, second) if first <= 12 else (second, first)
    return _around(dt.date(year, month, day), "day", stated=True)


@_rule(r"9/11|(?:the )?sept?(?:ember)? 11(?:th)? (?:2001 )?(?:terror(?:ist)? )?attacks?")
def _september_eleventh(found: re.Match[str], context: _Context) -> When | None:
    return _around(dt.date(2001, 9, 11), "day", stated=True)


@_rule(
    r"(?:the )?(?:{WD} )?(?:the )?(?:({MO}) (?:the )?({DOM})|({DOM}) (?:of )?({MO}))(?: ("
    + _YEAR
    + r"))?(?: (?:{WD}))?"
)
def _written(found: re.Match[str], context: _Context) -> When | None:
    month = _month(found[1] or found[4])
    day = _day_number(found[2] or found[3])
    if year := _year_of(found[5], context):
        return _around(dt.date(year, month, day), "day", stated=found[5][-1:].isdigit())
    return _month_day(month, day, context)


@_rule(r"(?:{WD} )?(?:the )?(\d{1,2})(?:st|nd|rd|th)|(?:{WD} )?the ({DAYTH})")
def _day_of_month(found: re.Match[str], context: _Context) -> When | None:
    number = _day_number(found[1] or found[2])
    days = []
    for months in range(-3, 4):
        first = _month_shift(context.document.replace(day=1), months)
        if number <= _month_end(first).day:
            days.append(_around(first.replace(day=number), "day"))
    return _nearest(days, context) if number else UNRESOLVED


@_rule(r"(?:the )?({DOM}) of ((?:the|this|last|next|the same|that|the previous|the following) month)")
def _day_of_a_month(found: re.Match[str], context: _Context) -> When | None:
    month = _known({"the month": "this month"}.get(found[2], found[2]), context)
    return _around(_ends(month)[0].replace(day=_day_number(found[1])), "day") if month else UNRESOLVED


@_rule(r"(?:the )?({MO})(?: month)?(?: (?:of )?(" + _YEAR + r"))?")
def _month_name(found: re.Match[str], context: _Context) -> When | None:
    month = _month(found[1])
    if year := _year_of(found[2], context):
        return _around(dt.date(year, month, 1), "month", stated=found[2][-1:].isdigit())
    return _nearest([_around(dt.date(year, month, 1), "month") for year in _years(context)], context)


@_rule(r"(last|past|this past|this|next|coming|the coming) ({MO})")
def _near_month(found: re.Match[str], context: _Context) -> When | None:
    month, today = _month(found[2]), context.document
    if found[1] == "this":
        return _around(dt.date(today.year, month, 1), "month")
    if found[1] in ("next", "coming", "the coming"):
        return _around(dt.date(today.year + (month <= today.month), month, 1), "month")
    return _around(dt.date(today.year - (month >= today.month), month, 1), "month")


@_rule(r"(?:the )?(?:whole )?(?:calendar )?(?:year )?({Y})s?")
def _year(found: re.Match[str], context: _Context) -> When | None:
    if found[0].endswith("s"):
        return None
    return _around(dt.date(int(found[1]), 1, 1), "year", stated=True)


@_rule(r"(?:the )?(?:fiscal|financial)(?: year)? ({Y})(?:[-/]\d\d(?:\d\d)?)?")
def _fiscal(found: re.Match[str], context: _Context) -> When | None:
    return _rough(_around(dt.date(int(found[1]), 1, 1), "year", stated=True))


# --- words for days


@_rule(
    r"(?:(?:earlier|later|late|early|until|the) )?(today|tonight|this (?:{TOD})|yesterday|tomorrow"
    r"|last (?:night|evening|midnight)|the day before yesterday|the day after tomorrow|tomorrow night|yesterday (?:{TOD})"
    r"|tomorrow (?:{TOD}))"
)
def _day_word(found: re.Match[str], context: _Context) -> When | None:
    if found[0].startswith("until"):
        return None
    word = found[1]
    offset = 0
    if "before yesterday" in word:
        offset = -2
    elif "yesterday" in word or word.startswith("last "):
        offset = -1
    elif "after tomorrow" in word:
        offset = 2
    elif "tomorrow" in word:
        offset = 1
    return _around(context.document + offset * _DAY, "day")


@_rule(r"(?:right )?now|currently|at present|presently|at (?:the|this) moment|(?:later|earlier) in the day")
def _now(found: re.Match[str], context: _Context) -> When | None:
    if "in the day" in found[0] and context.previous:
        return _rough(_around(_ends(context.previous)[0], "day"))
    return _rough(_around(context.document, "day"))


@_rule(r"(?:late )?overnight")
def _overnight(found: re.Match[str], context: _Context) -> When | None:
    return _rough(_when(context.document - _DAY, context.document, "day"))


@_rule(r"(?:the )?(?:(last|next|this|this past|this coming|coming|past) )?({WD})(?: (last|next))?")
def _weekday_name(found: re.Match[str], context: _Context) -> When | None:
    today, weekday = context.document, _weekday(found[2])
    which = found[1] or found[3] or ""
    back = (today.weekday() - weekday) % 7
    ahead = (weekday - today.weekday()) % 7
    if which in ("last", "past", "this past"):
        return _around(today - (back or 7) * _DAY, "day")
    if which in ("next", "coming", "this coming"):
        return _around(today + (ahead or 7) * _DAY, "day")
    if which == "this" and not context.future:
        return _around(today + (weekday - today.weekday()) * _DAY, "day")
    return _around(today + ahead * _DAY if context.future else today - back * _DAY, "day")


@_rule(r"({WD}) week")
def _weekday_week(found: re.Match[str], context: _Context) -> When | None:
    """Read "Friday week": a week beyond the Friday that comes, or that was."""
    nearer = _known(found[1], context)
    return _around(_ends(nearer)[0] + (7 if context.future else -7) * _DAY, "day") if nearer else None


@_rule(
    r"(?:(?:for|into|in|through) )?(?:a|an|the|its|their|his|her) ({DAYTH})(?: straight| consecutive| successive)?"
    r" (day|night|week|month|year)(?: running| in a row)?(?: (?:on )?(?P<last>.+))?"
)
def _running(found: re.Match[str], context: _Context) -> When | None:
    """Read "for a third day on Wednesday": what runs since two days before."""
    if found["last"] is None and not found[0].startswith(("for ", "into ")):
        return None
    last = _known(found["last"], context) if found["last"] else _around(context.document, "day")
    if last is None or last.granularity != "day":
        return None
    end = _ends(last)[1]
    count = _WRITTEN_DAYS[found[1]]
    start = _shift(end, 1 - count, found[2]) if found[2] in ("day", "night") else _shift(end, -count, found[2]) + _DAY
    return _range(start, end)


@_rule(
    r"({WD}) (?:of )?((?:last|this|next|the previous|the following|that|the same) week)|((?:last|this"
    r"|next) week) (?:on )?({WD})"
)
def _weekday_of_week(found: re.Match[str], context: _Context) -> When | None:
    week = _known(found[2] or found[3], context)
    if week is None:
        return UNRESOLVED
    return _around(_ends(week)[0] + _weekday(found[1] or found[4]) * _DAY, "day")


@_rule(r"(?:the )?({WD}|{BIG}) (before last|after next)")
def _one_beyond(found: re.Match[str], context: _Context) -> When | None:
    step = -1 if found[2] == "before last" else 1
    nearer = _known(("last " if step < 0 else "next ") + found[1], context)
    if nearer is None:
        return UNRESOLVED
    unit = found[1] if found[1] in ("day", "week", "month", "quarter", "year", "decade", "century") else "week"
    moved = _shift(_ends(nearer)[0], step, unit)
    return _around(moved, "day" if unit != found[1] else unit)


@_rule(r"(?:(last|this past|past|this|this coming|next|coming|the) )?weekend(?: of (.+))?")
def _weekend(found: re.Match[str], context: _Context) -> When | None:
    today = context.document
    if found[2]:
        day = _known(found[2], context)
        if day is None:
            return UNRESOLVED
        today = _ends(day)[0]
        return _range(saturday := today + (5 - today.weekday()) * _DAY, saturday + _DAY)
    here = today + (5 - today.weekday()) * _DAY
    if today.weekday() >= 5:
        steps = {"last": -7, "next": 7, "this coming": 7, "coming": 7}
        return _range(saturday := here + steps.get(found[1] or "", 0) * _DAY, saturday + _DAY)
    ahead = found[1] in ("next", "coming", "this coming") or (
        context.future and found[1] not in ("last", "past", "this past")
    )
    return _range(saturday := here if ahead else here - 7 * _DAY, saturday + _DAY)


# --- calendar units


@_rule(
    r"(?:all |the whole |the entire )?(?:of )?(last|this|next|the current|current|the previous|previous"
    r"|the preceding|the following|following|the same|that|the past|the last|all|the whole|the coming"
    r"|the) ({BIG})"
)
def _near_unit(found: re.Match[str], context: _Context) -> When | None:
    which, unit = found[1].removeprefix("the ").strip(), found[2]
    if found[1] in ("the past", "the last", "the coming") and unit != "century":
        return _rolling(context, 1, unit, ahead=which == "coming")
    if which in ("previous", "preceding", "following", "same", "that"):
        if context.previous is None:
            return UNRESOLVED
        step = {"previous": -1, "preceding": -1, "following": 1}.get(which, 0)
        return _around(_shift(_ends(context.previous)[0], step, unit), unit)
    if found[1] == "the" and unit == "day":
        return UNRESOLVED
    step = {"last": -1, "past": -1, "next": 1}.get(which, 0)
    return _around(_shift(_around_start(context.document, unit), step, unit), unit)


def _around_start(day: dt.date, unit: str) -> dt.date:
    return _ends(_around(day, unit))[0]


def _rolling(context: _Context, count: int, unit: str, *, ahead: bool) -> When:
    today = context.document
    if _unit(unit) == "hour":
        count, unit = max(1, -(-count // 24)), "day"
    moved = _shift(today, count if ahead else -count, unit)
    return _range(today, moved) if ahead else _range(moved, today)


@_rule(r"(earlier|later) (this|that|in the|the same|in that) ({BIG})")
def _part_till_now(found: re.Match[str], context: _Context) -> When | None:
    anchor = context.document
    if found[2] in ("that", "the same", "in that"):
        if context.previous is None:
            return UNRESOLVED
        anchor = _ends(context.previous)[0]
    unit = _around(anchor, found[3])
    start, end = _ends(unit)
    return _rough(
        replace(unit, start=start, end=anchor) if found[1] == "earlier" else replace(unit, start=anchor, end=end)
    )


@_rule(r"(?:so far|until now|to date),? (.+)|(.+) (?:so far|to date|until now)")
def _so_far(found: re.Match[str], context: _Context) -> When | None:
    unit = _known(found[1] or found[2], context)
    return _range(_ends(unit)[0], context.document) if unit else None


@_rule(r"(?:(?:the )?({ORD}|last|final)[ -]quarter|q([1-4]))(?:,? (?:of )?(?:fiscal )?(.+))?|({Y})[ -]?q([1-4])")
def _quarter(found: re.Match[str], context: _Context) -> When | None:
    if found[1] in ("last", "final") and not found[3]:
        return None
    ordinal = {"last": 4, "final": 4}.get(found[1] or "") or _ORDINALS.get(found[1] or "") or int(found[2] or found[5])
    if found[3] or found[4]:
        year = _year_of(found[3] or found[4], context)
        if year is None:
            return None
        return _around(dt.date(year, ordinal * 3 - 2, 1), "quarter", stated=(found[3] or found[4])[-1:].isdigit())
    return _nearest([_around(dt.date(year, ordinal * 3 - 2, 1), "quarter") for year in _years(context)], context)


@_rule(r"(?:the )?(?:(first|second|latter|1st|2nd|last)[ -]half|h([12]))(?: (?:of )?(.+))?")
def _half(found: re.Match[str], context: _Context) -> When | None:
    unit = _known(found[3] or "this year", context)
    if unit is None:
        return None
    start, end = _ends(unit)
    first = found[1] in ("first", "1st") or found[2] == "1"
    if unit.granularity == "year":
        middle = dt.date(start.year, 7, 1)
    elif unit.granularity == "month":
        middle = start.replace(day=16)
    elif unit.granularity in ("decade", "period"):
        middle = dt.date(start.year + (end.year - start.year + 1) // 2, start.month, 1)
    else:
        middle = start + (end - start + _DAY) // 2
    return _range(start, middle - _DAY) if first else _range(middle, end)


@_rule(
    r"(?:the )?(?:(last|this past|past|this|next|coming|that) )?({SEASON})(?: (?:of )?({Y})(?:[-/](\d\d(?:\d\d)?))?| ("
    + _YEAR
    + r"))?"
)
def _season(found: re.Match[str], context: _Context) -> When | None:
    def season(year: int) -> When:
        first = dt.date(year, {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}[found[2]], 1)
        return When(first, _month_end(_month_shift(first, 2)), "season", "relative", "approximate")

    if found[3]:
        return replace(season(int(found[3])), basis="stated")
    if found[5]:
        year = _year_of(found[5], context)
        return season(year) if year else UNRESOLVED
    if found[1] == "that":
        return season(_ends(context.previous)[0].year) if context.previous else UNRESOLVED
    today = context.document
    all_seasons = [season(year) for year in _years(context)]
    if found[1] in ("last", "past", "this past"):
        return next(s for s in reversed(all_seasons) if _ends(s)[1] < today)
    if found[1] in ("next", "coming"):
        return next(s for s in all_seasons if _ends(s)[0] > today)
    if found[1] == "this" and found[2] != "winter":
        return season(today.year)
    if found[1] == "this":
        return season(today.year if today.month > 8 or (context.future and today.month > 2) else today.year - 1)
    return _nearest(all_seasons, context)


@_rule(r"(?:the )?(?:({Y})s|'?(\d0)s|(" + "|".join(_DECADES) + r"))")
def _decade(found: re.Match[str], context: _Context) -> When | None:
    if found[1]:
        if not found[1].endswith("0"):
            return None
        first = int(found[1])
    else:
        first = 1900 + (int(found[2]) if found[2] else _DECADES[found[3]])
        if first == 1900:
            first = 2000
    return _around(dt.date(first, 1, 1), "decade", stated=True)


@_rule(
    r"(?:the )?(\d{1,2})(?:st|nd|rd|th)[ -]century|(?:the )?(eighteenth|nineteenth|twentieth"
    r"|twenty-first) century|(?:the )?(last|this|next) century"
)
def _century(found: re.Match[str], context: _Context) -> When | None:
    if found[3]:
        number = (context.document.year - 1) // 100 + 1 + {"last": -1, "this": 0, "next": 1}[found[3]]
    else:
        number = (
            int(found[1])
            if found[1]
            else {"eighteenth": 18, "nineteenth": 19, "twentieth": 20, "twenty-first": 21}[found[2]]
        )
    return _around(dt.date(number * 100, 1, 1), "century", stated=True) if number else UNRESOLVED


@_rule(r"(?:the )?turn of the (?:\d\dth |\d\dst )?(century|millennium)")
def _turn(found: re.Match[str], context: _Context) -> When | None:
    return replace(_range(dt.date(1999, 1, 1), dt.date(2001, 12, 31)), kind="approximate")


_PERIODS: Final = {
    r"(?:the )?(?:first world war|world war (?:i|one|1)|great war)": (dt.date(1914, 7, 28), dt.date(1918, 11, 11)),
    r"(?:the )?(?:second world war|world war (?:ii|two|2))": (dt.date(1939, 9, 1), dt.date(1945, 9, 2)),
    r"(?:the )?cold war": (dt.date(1947, 1, 1), dt.date(1991, 12, 31)),
    r"(?:the )?korean war": (dt.date(1950, 6, 25), dt.date(1953, 7, 27)),
    r"(?:the )?cultural revolution": (dt.date(1966, 1, 1), dt.date(1976, 12, 31)),
}


@_rule("|".join(_PERIODS))
def _named_period(found: re.Match[str], context: _Context) -> When | None:
    start, end = next(days for pattern, days in _PERIODS.items() if re.fullmatch(pattern, found[0]))
    return replace(_range(start, end), basis="stated")


# --- feasts


@_rule(r"in the new year")
def _new_year(found: re.Match[str], context: _Context) -> When | None:
    """Read what lies ahead in the year to come; of what is past it may be New Year's Day or all that followed."""
    return _rough(_around(dt.date(context.document.year + 1, 1, 1), "year")) if context.future else None


@_rule(r"(?:the )?({FEAST})(?: (?:festival|holidays?|celebrations?))?(?:,? (?:in |of )?(" + _YEAR + r"))?")
def _feast(found: re.Match[str], context: _Context) -> When | None:
    name = re.sub(r"^the ", "", found[1])

    def on(year: int) -> When | None:
        days = feasts.feast(name, year) or feasts.feast(f"the {name}", year)
        if days is None:
            return None
        single = days.start == days.end or (days.approximate and (days.end - days.start).days <= 2)
        kind = "approximate" if days.approximate else "exact" if single else "range"
        return When(days.start, days.end, "day" if single else "period", "relative", kind)  # type: ignore[arg-type]

    if year := _year_of(found[2], context):
        return on(year) or UNRESOLVED
    return _nearest([when for year in _years(context) if (when := on(year))], context) or UNRESOLVED


# --- portions of a unit


@_rule(
    r"(?:(?:in|at|on) )?(?:the )?(?:very )?(early|mid|middle|late|beginning|start|onset|outset|end|close"
    r"|first days|first weeks|first months|opening days|opening months|last days|final days|last weeks"
    r"|final weeks|last months|final months|closing days)(?: (?:of|in|on))?[ -](.+)"
)
def _portion(found: re.Match[str], context: _Context) -> When | None:
    which = found[1]
    if re.search(r" (?:or|and|to|through) ", found[2]):
        return None
    unit = _known({"week": "this week"}.get(found[2], found[2]), context)
    if unit is None:
        return None
    start, end = _ends(unit)
    if unit.granularity == "day":
        return unit
    size = unit.granularity
    few_days, few_months = which.endswith(("days", "weeks")), which.endswith("months")
    if few_months:
        which = "early" if which.startswith(("first", "opening")) else "late"
    elif few_days:
        which = "start" if which.startswith(("first", "opening")) else "end"
    if which in ("beginning", "start", "onset", "outset"):
        lengths = {"week": 0, "month": 6}
        last = min(start + lengths[size] * _DAY if size in lengths else _month_end(start), end)
        return _rough(replace(unit, end=dt.date(start.year, 12, 31) if size == "decade" else last))
    if which in ("end", "close"):
        lengths = {"week": 2, "month": 6}
        first = max(end - lengths[size] * _DAY if size in lengths else end.replace(day=1), start)
        return _rough(replace(unit, start=dt.date(end.year, 1, 1) if size == "decade" else first))
    third = {"early": 0, "mid": 1, "middle": 1, "late": 2}[which]
    if size == "month":
        bounds = (start.replace(day=1), start.replace(day=11), start.replace(day=21), end + _DAY)
    elif size == "year":
        bounds = (start, dt.date(start.year, 5, 1), dt.date(start.year, 9, 1), end + _DAY)
    elif size == "decade":
        bounds = (start, dt.date(start.year + 4, 1, 1), dt.date(start.year + 7, 1, 1), end + _DAY)
    elif size == "week":
        bounds = (start, start + 2 * _DAY, start + 3 * _DAY, end + _DAY)
    else:
        if (end - start).days < 3:
            # A weekend: its first day, its last, or all of it.
            first, last = ((start, start), (start, end), (end, end))[third]
            return replace(unit, start=first, end=last, kind="approximate")
        step = (end - start) // 3
        bounds = (start, start + step, start + 2 * step, end + _DAY)
    return replace(unit, start=bounds[third], end=bounds[third + 1] - _DAY, kind="approximate")


@_rule(r"(?:the )?mid-?week")
def _mid_week(found: re.Match[str], context: _Context) -> When | None:
    return _rough(_around(_around_start(context.document, "week") + 2 * _DAY, "day"))


@_rule(r"(?:the )?(first|last|final) ({N}) (day|week|month|year)s? (?:of|in) (.+)")
def _first_units(found: re.Match[str], context: _Context) -> When | None:
    unit = _known(found[4], context)
    if unit is None:
        return None
    start, end = _ends(unit)
    count = _number(found[2])
    if found[1] == "first":
        return _range(start, _shift(start, count, found[3]) - _DAY)
    return _range(_shift(end + _DAY, -count, found[3]), end)


@_rule(r"(?:the )?({ORD}|last|final) (week|day|month) (?:of|in) (.+)")
def _nth_unit(found: re.Match[str], context: _Context) -> When | None:
    unit = _known(found[3], context)
    if unit is None:
        return None
    start, end = _ends(unit)
    if found[1] in ("last", "final"):
        first = _shift(end + _DAY, -1, found[2])
        last = end
    else:
        first = _shift(start, _ORDINALS[found[1]] - 1, found[2])
        last = _shift(first, 1, found[2]) - _DAY
    when = _when(first, last, found[2])  # type: ignore[arg-type]
    return _rough(when) if found[2] == "week" else when


@_rule(r"(?:the )?week (?:of|beginning|starting|ending|commencing) (.+)")
def _week_of(found: re.Match[str], context: _Context) -> When | None:
    day = _known(found[1], context)
    return _around(_ends(day)[0], "week") if day else None


# --- counted from the report or from another event


def _counted(count: int, unit: str, anchor: dt.date, sign: int, *, rough: bool) -> When:
    """Go a number of units from a day: days exactly, longer units to the calendar unit that lies there."""
    if _unit(unit) == "hour":
        when = _around(anchor + sign * (count // 24) * _DAY, "day")
        return _rough(when) if rough else when
    moved = _shift(anchor, sign * count, unit)
    kind = _unit(unit)
    if kind in ("day", "night"):
        when = _around(moved, "day")
        return _rough(when) if rough else when
    if kind == "quarter":
        kind = "month"
    if kind in ("decade", "century", "quarter century", "half century"):
        kind = "year"
    return _rough(_around(moved, kind))


@_rule(r"(?:({HEDGE}) )?(half a |half an |a quarter[ -]|a half[ -])?({N})? ?({U}) ago(?: today)?")
def _ago(found: re.Match[str], context: _Context) -> When | None:
    half, unit = found[2], found[4]
    if not half and not found[3]:
        return None
    if half:
        whole = {
            "year": (6, "month"),
            "century": (50 if half.startswith(("half", "a half")) else 25, "year"),
            "decade": (5, "year"),
        }
        count, unit = whole.get(_unit(unit), (0, "hour"))
    else:
        count = _number(found[3])
    if unit.endswith("s") and found[3] in ("a", "an"):
        return None
    return _counted(count, unit, context.document, -1, rough=bool(found[1]))


@_rule(
    r"(?:({HEDGE}) )?(half an |half a )?({N})? ?({U}|minutes?) (later|after|afterwards?|after that"
    r"|thereafter|on|earlier|before|before that|previously|prior)"
)
def _later(found: re.Match[str], context: _Context) -> When | None:
    if context.previous is None:
        return UNRESOLVED
    start, end = _ends(context.previous)
    sign = -1 if found[5].startswith(("earlier", "before", "previous", "prior")) else 1
    anchor = start if sign < 0 else end
    unit = found[4]
    if unit.startswith(("minute", "hour")) and (
        found[2] or not found[3] or unit.startswith("minute") or _number(found[3]) < 24
    ):
        return _rough(_around(anchor, "day"))
    if not found[3]:
        return UNRESOLVED
    return _counted(_number(found[3]), unit, anchor, sign, rough=bool(found[1]))


@_rule(r"(?:({HEDGE}) )?({N}) ({U}) (after|before|since|from|prior to|following|ahead of) (.+)")
def _counted_from(found: re.Match[str], context: _Context) -> When | None:
    anchor = _known(found[5], context)
    if anchor is None:
        return UNRESOLVED
    start, end = _ends(anchor)
    sign = -1 if found[4] in ("before", "prior to", "ahead of") else 1
    return _counted(_number(found[2]), found[3], start if sign < 0 else end, sign, rough=bool(found[1]))


@_rule(
    r"(?:the )?(day|night|morning|evening|eve|week|month|year) (?:of|(before|after|following"
    r"|preceding)) (.+)|(?:the )?eve of (.+)"
)
def _day_before(found: re.Match[str], context: _Context) -> When | None:
    anchor = _known(found[3] or found[4], context)
    if anchor is None:
        return (
            UNRESOLVED if (found[2] or found[4] or found[1] in ("day", "eve", "night", "morning", "evening")) else None
        )
    start, end = _ends(anchor)
    unit = found[1] if found[1] in ("week", "month", "year") else "day"
    if found[4] or found[1] == "eve":
        return _around(start - _DAY, "day")
    if found[2] is None:
        return _around(start, unit)
    return _around(_shift(start, -1, unit) if found[2] in ("before", "preceding") else _shift(end, 1, unit), unit)


@_rule(
    r"(?:the )?(next|following|previous|preceding|same|that|very next) (day|{TOD}|{WD})|the (day|night"
    r"|week|month|year) (before|after|earlier)|that same ({BIG})"
)
def _next_day(found: re.Match[str], context: _Context) -> When | None:
    if context.previous is None:
        return UNRESOLVED
    start, end = _ends(context.previous)
    if found[5]:
        return _around(start, found[5])
    if found[3]:
        sign = 1 if found[4] == "after" else -1
        return _around(_shift(end if sign > 0 else start, sign, found[3]), found[3])
    which = found[1]
    if found[2][:3] in _WEEKDAYS and re.fullmatch(_V["WD"], found[2]):
        weekday = _weekday(found[2])
        if which in ("next", "following", "very next"):
            return _around(end + (((weekday - end.weekday()) % 7) or 7) * _DAY, "day")
        if which in ("previous", "preceding"):
            return _around(start - (((start.weekday() - weekday) % 7) or 7) * _DAY, "day")
        return _around(start - start.weekday() * _DAY + weekday * _DAY, "day")
    if which in ("next", "following", "very next"):
        return _around(end + _DAY, "day")
    return _around(start - _DAY if which in ("previous", "preceding") else start, "day")


@_rule(r"(?:at (?:about |around )?the same time|simultaneously|concurrently|at (?:that|the) (?:very )?moment)")
def _same_time(found: re.Match[str], context: _Context) -> When | None:
    return _rough(_around(_ends(context.previous)[0], "day")) if context.previous else UNRESOLVED


@_rule(
    r"(?:(?:in|over|during|for|within|throughout|across) )?(?:at least )?(?:the )?(last|past|previous"
    r"|preceding|next|coming|following)"
    r"(?: ({HEDGE}))? ({N}|quarter|half)[ -]({U})"
)
def _rolling_rule(found: re.Match[str], context: _Context) -> When | None:
    ahead = found[1] in ("next", "coming", "following")
    if found[3] in ("quarter", "half"):
        if _unit(found[4]) not in ("century", "year"):
            return None
        months = (1200 if _unit(found[4]) == "century" else 12) // (4 if found[3] == "quarter" else 2)
        return _rolling(context, months, "month", ahead=ahead)
    return _rolling(context, _number(found[3]), found[4], ahead=ahead)


@_rule(r"(?:in|over|during|for|within|throughout|across) (?:the )?(last|past|coming|next) ({BIG})")
def _rolling_one(found: re.Match[str], context: _Context) -> When | None:
    if "the" not in found[0].split()[1] and found[1] in ("last", "next"):
        return None
    return _rolling(context, 1, found[2], ahead=found[1] in ("coming", "next"))


@_rule(r"(in|over|within|inside|during|across)(?: the space of)?(?: ({HEDGE}))? ({N}) ({U})(?: time)?")
def _within(found: re.Match[str], context: _Context) -> When | None:
    count, unit = _number(found[3]), found[4]
    if found[1] in ("within", "inside"):
        return _rolling(context, count, unit, ahead=True)
    if context.future and found[1] == "in":
        return _counted(count, unit, context.document, 1, rough=bool(found[2]))
    return _rolling(context, count, unit, ahead=context.future)


@_rule(r"within (?:the )?(?:next )?(?:few )?hours|within a day")
def _within_hours(found: re.Match[str], context: _Context) -> When | None:
    return _rough(_when(context.document, context.document + _DAY, "day"))


@_rule(r"for(?: {HEDGE})? ({N}) ({U})")
def _duration(found: re.Match[str], context: _Context) -> When | None:
    return UNRESOLVED


@_rule(r"(?:in )?the (year|month|week|quarter) (?:to|ending|through|ended) (.+)")
def _unit_to(found: re.Match[str], context: _Context) -> When | None:
    last = _known(found[2], context)
    return _range(_shift(_ends(last)[1] + _DAY, -1, found[1]), _ends(last)[1]) if last else None


# --- bounds


@_rule(r"(?:ever )?since")
def _ever_since(found: re.Match[str], context: _Context) -> When | None:
    return _range(_ends(context.previous)[0], context.document) if context.previous else UNRESOLVED


@_rule(
    r"(?:ever |dating back to |going back to )?since (?:at least |as early as |about |around )?(.+)"
    r"|(?:from )?(.+) (?:onwards?|on|forward)"
)
def _since(found: re.Match[str], context: _Context) -> When | None:
    if found[2] and found[2] == "later":
        return None
    if found[1] == "then":
        return _range(_ends(context.previous)[0], context.document) if context.previous else UNRESOLVED
    first = _known(found[1] or found[2], replace(context, future=bool(found[2]) and context.future))
    if first is None:
        return UNRESOLVED if found[1] else None
    start = _ends(first)[0]
    if found[2] and context.future:
        return first
    return _range(start, context.document)


@_rule(
    r"(?:well |shortly |just |soon |hours |minutes |long )*(?:before|after|by|at|around|near|close to|until|till|towards?"
    r"|from) (?:the )?(?:{TOD}|dark|breakfast|lunch|dinner|supper|prayers|school|work) (?:on |of )?(?P<day>.+)"
    r"|(?:at |around |about |by |before |after |until |shortly |just )*{N} o'clock (?:in the {TOD} )?(?:on )?(?P<hour>.+)"
    r"|(?:later|earlier|early|late) in the (?:day|{TOD}) (?:on )?(?P<part>.+)"
)
def _hour_of(found: re.Match[str], context: _Context) -> When | None:
    """Read "before dawn on Thursday": a time of day is of its day."""
    when = _known(found["day"] or found["hour"] or found["part"], context)
    return when if when and when.granularity == "day" else None


_SPOKEN_CLOCK: Final = (
    r"(?:(?:at|by|around|about|from|until|since|before|after|shortly|just) )*(?:half past |(?:a )?quarter (?:past|to) )?"
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d{1,2}(?:[:.]\d\d)?)(?: o'clock| hours)?"
)


@_rule(
    _SPOKEN_CLOCK + r" (?P<day>(?:yesterday|today|tonight|tomorrow|this {TOD}|last night)\b.*|(?:on )?{WD}(?: {TOD})?)"
)
def _spoken_clock(found: re.Match[str], context: _Context) -> When | None:
    """Read "at ten yesterday", "half past one on Sunday morning"."""
    when = _known(found["day"], context)
    return when if when and when.granularity == "day" else None


@_rule(r"(?P<day>(?:yesterday|today|tomorrow|(?:on )?{WD})(?: {TOD})?) " + _SPOKEN_CLOCK)
def _clock_spoken_after(found: re.Match[str], context: _Context) -> When | None:
    return _known(found["day"], context)


@_rule(r"({N}) ({WD})s ago")
def _weekdays_ago(found: re.Match[str], context: _Context) -> When | None:
    back = (context.document.weekday() - _weekday(found[2]) - 1) % 7 + 1
    return _around(context.document - (back + 7 * (_number(found[1]) - 1)) * _DAY, "day")


@_rule(
    r"(?:by|before|until|till|at|towards?) (?:the )?({BIG})(?:'s)? end"
    r"|before (?:the|this) ({BIG}) (?:is (?:out|over)|ends|was out|was over|ended)"
)
def _units_end(found: re.Match[str], context: _Context) -> When | None:
    unit = _around(context.document, found[1] or found[2])
    return _range(context.document, _ends(unit)[1])


@_rule(
    r"(by|until|till|up to|up until|through|before|ahead of|no later than|not later than|on or before"
    r"|at least until) (?:at least )?(.+)"
)
def _till(found: re.Match[str], context: _Context) -> When | None:
    word = found[1]
    if re.fullmatch(rf"(?:the )?(?:{_V['TOD']}|dark|breakfast|lunch|dinner|supper)", found[2]):
        # A time of day is of the day told before.
        return None
    last = _known(found[2], replace(context, future=True)) if context.future else None
    last = last or _known(found[2], context)
    if last is None:
        return None
    start, end = _ends(last)
    if word in ("before", "ahead of"):
        inside = re.match(r"(?:the )?(?:end|close)\b|mid|late", found[2])
        end = end if inside else start - _DAY
    if end >= context.document and (context.future or start > context.document or word not in ("before", "ahead of")):
        return _range(context.document, end)
    return UNRESOLVED if word in ("before", "ahead of") else _rough(last)


@_rule(r"(?:after|following|in the wake of) (.+)")
def _after(found: re.Match[str], context: _Context) -> When | None:
    first = _known(found[1], context)
    if first is None:
        return UNRESOLVED
    return _range(_ends(first)[1] + _DAY, context.document)


@_rule(r"(?:prior to|previous to) (.+)")
def _prior(found: re.Match[str], context: _Context) -> When | None:
    return UNRESOLVED


@_rule(r"as (?:early|soon|late|recently|far back) as (.+)")
def _as_early(found: re.Match[str], context: _Context) -> When | None:
    when = _known(found[1], context)
    return _rough(when) if when else UNRESOLVED


# --- from one to another


@_rule(
    r"(?:from |between )?(?:{WD} )?({MO}) ({DOM}) ?(?:{DOM} )*(?:-|to|and|through|until|or|/)(?: {WD})? ?({DOM})(?: ("
    + _YEAR
    + r"))?|(?:from |between )?(?:the )?({DOM}) ?(?:-|to|and|through|until"
    r"|or)(?: {WD})? ?(?:the )?({DOM}) (?:of )?({MO})(?: (" + _YEAR + r"))?"
)
def _days_of_month(found: re.Match[str], context: _Context) -> When | None:
    month, year = found[1] or found[7], found[4] or found[8] or ""
    last = _known(f"{month} {found[3] or found[6]} {year}", context)
    first = _known(f"{month} {found[2] or found[5]} {_ends(last)[0].year}", context) if last else None
    return _range(_ends(first)[0], _ends(last)[1]) if first and last else UNRESOLVED


@_rule(r"(?:from |between )?({Y}) ?[-/] ?(\d\d)")
def _short_years(found: re.Match[str], context: _Context) -> When | None:
    first = int(found[1])
    last = first // 100 * 100 + int(found[2])
    return replace(_range(dt.date(first, 1, 1), dt.date(last, 12, 31)), basis="stated") if last > first else None


_YEARLESS: Final = re.compile(
    r"(?:(?:early|mid|late|the|on|end of|start of|[-])[ -]?)*(?:{WD}|{MO}(?: {DOM})?|{DOM} {MO})(?: {TOD})?".replace(
        "{WD}", _V["WD"]
    )
    .replace("{MO}", _V["MO"])
    .replace("{DOM}", _V["DOM"])
    .replace("{TOD}", _V["TOD"])
)


@_rule(r"(?:from |between |both )?.+(?: (?:to|through|until|till|and|or) |-| - ).+")
def _from_to(found: re.Match[str], context: _Context) -> When | None:
    if context.in_range:
        return None
    context = replace(context, in_range=True)
    text = re.sub(r"^(?:from|between|both) ", "", found[0])
    for link in re.finditer(r" (?:to|through|until|till|and|or) (?:(?:on|in|early on) )?| - |-", text):
        left, right = text[: link.start()], text[link.end() :]
        if right == "next" and (unit := re.search(r"\bthis (\w+)$", left)):
            right = f"next {unit[1]}"
        pair = _pair(left.strip(), right.strip(), context)
        if pair:
            return pair
    return None


def _pair(left: str, right: str, context: _Context) -> When | None:
    year = re.search(rf" ({_V['Y']})$", right)
    if year and re.fullmatch(_YEARLESS, left):
        left += year[0]
    loose_left = bool(_YEARLESS.fullmatch(left))
    if context.future and _YEARLESS.fullmatch(right):
        first = _known(left, context)
        last = _known(right, replace(context, document=_ends(first)[0])) if first else None
    else:
        last = _known(right, context)
        first = (
            _known(left, replace(context, document=_ends(last)[0], future=False) if loose_left and last else context)
            if last
            else None
        )
    if first is None or last is None:
        return None
    start, end = _ends(first)[0], _ends(last)[1]
    basis = "stated" if first.basis == last.basis == "stated" else "relative"
    return replace(_range(start, end), basis=basis) if start <= end else None  # type: ignore[arg-type]


# --- words around an expression that do not change its day


@_rule(
    r"(?:at )?(?:about |around |just |shortly |soon |well )*(?:before|after|by)? ?(?:{TOD}"
    r"|{CLOCK})(?:(?: local time| (?:gmt|utc|est|edt|et))?)(?: (?:on|of|in))?,? (?P<day>.+)"
)
def _clock_before(found: re.Match[str], context: _Context) -> When | None:
    if re.fullmatch(r"\d{1,4}", found[0].split()[0]) and not re.match(
        r"\d{1,2}(?::\d\d)? ?(?:[ap]m|gmt|local|o'clock|hours)|\d{1,2}:\d\d", found[0]
    ):
        return None
    when = _known(found["day"], context)
    return when if when and when.granularity in ("day", "period") else None


@_rule(
    r"(?P<day>.+?),? (?:(?:at|around|about|in|before|after|by|from) )*(?:the )?(?:{TOD}"
    r"|\d{1,2}(?:[:.]\d\d)? ?[ap]m|\d{1,2}:\d\d)(?: (?:local time|local|gmt|utc|est|edt|et"
    r"|(?:[a-z]+ )time))?"
)
def _clock_after(found: re.Match[str], context: _Context) -> When | None:
    if found["day"].split(" ")[-1] in _WRITTEN_DAYS:
        # "The second evening" is of a count of evenings.
        return None
    when = _known(found["day"], context)
    return when if when and when.granularity == "day" else None


@_rule(
    r"(?:at |around |about |by |in |before |after |from |until |shortly |just |soon |early |late |well |deep |into |through |during )*(?:the )?"
    r"(?:{TOD}(?: hours)?|dark|nightfall|daybreak|rush hour|breakfast|lunch|dinner|supper|"
    r"\d{1,2}(?:[:.]\d\d)? ?[ap]m|\d{1,2}[:.]\d\d(?: hours)?)(?: (?:local time|local|gmt|utc|est|edt|et))?"
)
def _clock_alone(found: re.Match[str], context: _Context) -> When | None:
    return _around(_ends(context.previous)[0], "day") if context.previous else UNRESOLVED


@_rule(r"(?:at|by|around|from|until) (?:about )?(?:" + _SPOKEN_CLOCK + r")(?: in the {TOD})?")
def _spoken_clock_alone(found: re.Match[str], context: _Context) -> When | None:
    return _around(_ends(context.previous)[0], "day") if context.previous else UNRESOLVED


@_rule(r"({MO}) (?:of|in) (.+)")
def _month_of(found: re.Match[str], context: _Context) -> When | None:
    year = _year_of(found[2], context)
    return _around(dt.date(year, _month(found[1]), 1), "month") if year else None


@_rule(
    r"(?:about|around|roughly|approximately|circa|sometime (?:in|on|around)|some time in|possibly"
    r"|probably|perhaps|reportedly) (.+)"
)
def _hedged(found: re.Match[str], context: _Context) -> When | None:
    when = _known(found[1], context)
    return _rough(when) if when else None


@_rule(
    r"(?:on|in|at|during|over|the|of|for|from|as of|as from|with effect from|starting(?: on| from| in)?"
    r"|beginning(?: on| in)?|effective(?: from)?|throughout|all through|all|early|earlier|late|later"
    r"|back|only|just|again"
    r"|dated|until|both|the (?:whole|entirety|rest|remainder|course) of|most of|much of|the (?:early "
    r"|late |small )?hours of|a|this|last|sometime) (.+)"
)
def _led(found: re.Match[str], context: _Context) -> When | None:
    if found[0].startswith("until ") or (found[0].startswith(("this ", "last ", "a ")) and not found[1][:1].isdigit()):
        return None
    return _phrase(found[1], context)


@_rule(r"(.+) (?:local time|itself|alone|proper|instead|too|again|this year|period)")
def _trailed(found: re.Match[str], context: _Context) -> When | None:
    return _phrase(found[1], context)


_TIMEISH: Final = re.compile(
    r"\b(?:ago|later|earlier|before|after|since|until|between|from|years?|months?|weeks?|days?|decades?"
    r"|century|\d{3,})\b"
)


@_rule(
    r"(?:the )?((?:{WD} )?{MO} {DOM}|{DOM} {MO}|{Y}) ((?!(?:bc|the|an?|he|she|it|they|we|i|who|which"
    r"|that|his|her|its|their|was|were|is|are|had|has|have|will"
    r"|would)\b)[a-z][a-z'-]*(?: [a-z][a-z'-]*){0,4})"
)
def _qualifying(found: re.Match[str], context: _Context) -> When | None:
    if _TIMEISH.search(found[2]) or re.match(r"(?:to|and|or|through|until)\b", found[2]):
        return None
    return _phrase(found[1], context)


_COUNTED_OFF: Final = re.compile(
    r"\b(?:ago|later|earlier|before|after|until|till|by|between|every|each|anniversary|ended|ending|began|beginning"
    r"|starting|through|to|than|or|prior|following|next)\b"
)


@_rule(
    r"(since|in|on|during|over|at|throughout|a|an|the) ((?:[a-z][a-z'-]*|\d{1,3}) (?:[a-z0-9'-]+ ){0,10}?)"
    r"(?:(?:in|on|of) )?((?:the )?(?:(?:{WD} )?{MO} {DOM}(?: {Y})?|{DOM} (?:of )?{MO}(?: {Y})?|{MO} (?:of )?{Y}|{Y}))"
)
def _phrase_with_a_date(found: re.Match[str], context: _Context) -> When | None:
    """Read "since the election on November 26", "in the war of 1971": what a phrase is about has its date at the end."""
    if _COUNTED_OFF.search(found[2]):
        return None
    when = _known(found[3], replace(context, future=False))
    if when is None:
        return None
    return _range(_ends(when)[0], context.document) if found[1] == "since" else _rough(when)


# --- expressions in running text

_TOKEN: Final = re.compile(r"'?\w+(?:[.:/](?=\d)\w+)*(?:['’]s)?\.?|[-–—,()]")
_ANCHOR: Final = re.compile(
    rf"(?:{_V['WD']}|{_V['MO']}|{_V['Y']}s?|today|tonight|yesterday|tomorrow|overnight|recently|currently"
    rf"|now|ago|later|earlier|afterwards|weekend|(?:week|month|year|decade|quarter|century|day|hour"
    rf"|night)s?"
    rf"|christmas|easter|ramadan|thanksgiving|eid|passover|diwali|nowruz|halloween|hanukkah|q[1-4]|'?\d0s"
    rf"|\d{{4}}-\d\d-\d\d|9/11|weekend|{_V['SEASON']}|morning|evening|night|noon|midnight|dawn|new|may)"
)
_GLUE: Final = _words(
    "the a an of on in at by to from through until till since between and or last next this that past "
    "coming previous following same early mid late end start beginning"
    " middle first second third fourth half quarter over during within for before after about around "
    "nearly almost more than some few several couple so far as"
    " early soon eve day days al fitr adha ul orthodox chinese lunar sunday monday friday good memorial"
    " labor labour independence local time gmt utc est pm am fiscal - – — , ( ) dozen"
) | frozenset(_NUMBERS)
_ABBREVIATED: Final = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun|[ap]\.m)\.$"
)
_CAPITAL: Final = frozenset(
    {"may", "march", "mar", "mon", "sat", "sun", "wed", "fri", "dec", "jan", "tet", "august", "thu"}
)
_NO_END: Final = _words(
    ", - – — ( the a an of in at by to from through until till since and or over during within for "
    "about around more than"
)
_WINDOW: Final = 9
_NEVER_ALONE: Final = re.compile(
    rf"(?:the |a |an |in |on |at |of |for |to |by |and |or |new |day |all )*(?:{_V['SEASON']}|day|days"
    rf"|night|morning|evening|week|month|year|noon|dawn|\d{{1,2}}|later|earlier|new|hour|hours|years"
    rf"|months|weeks|quarter|now)?"
)


def find_times(text: str) -> list[Span]:
    """Find expressions of time in a sentence, the longest that `resolve` reads at each place.

    A leading preposition is left out unless it matters (`since 2018`, `by May`), as in the labelling guidelines.

    Args:
        text: a sentence; offsets of the result are into it.
    """
    tokens = [(m.start(), m.end(), m[0]) for m in _TOKEN.finditer(text)]
    found: list[Span] = []
    index = 0
    anchor = dt.date(2020, 1, 1)
    context = _Context(anchor, _when(anchor, anchor, "day"), False)
    while index < len(tokens):
        run = index
        while (
            run < len(tokens)
            and run - index < _WINDOW
            and _is_time(tokens[run][2])
            and (run == index or tokens[run][0] - tokens[run - 1][1] <= 2)
        ):
            run += 1
        match = None
        for stop in range(run, index, -1):
            words = [t[2] for t in tokens[index:stop]]
            if words[0] in ",-–—()" or words[-1].lower() in _NO_END or not any(_is_anchor(w) for w in words):
                continue
            span = text[tokens[index][0] : tokens[stop - 1][1]]
            normal = _normal(span)
            if not _NEVER_ALONE.fullmatch(normal) and _phrase(normal, context) is not None:
                kept = span if _ABBREVIATED.search(span) else span.rstrip(".)")
                match = Span(tokens[index][0], tokens[index][0] + len(kept))
                index = stop
                break
        if match is None:
            index += 1
            continue
        lead = re.match(r"(?:(?:on|in|at|during|of|for|and|,)\s)+(?=\S)", text[match.start : match.end], re.IGNORECASE)
        if lead and _known(_normal(text[match.start + lead.end() : match.end]), context):
            match = Span(match.start + lead.end(), match.end)
        found.append(match)
    return found


def _is_anchor(word: str) -> bool:
    low = re.sub(r"['’]s$", "", word.lower().rstrip("."))
    return bool(_ANCHOR.fullmatch(low)) and not (low in _CAPITAL and word[:1].islower())


def _is_time(word: str) -> bool:
    low = re.sub(r"['’]s$", "", word.lower().rstrip("."))
    return (
        _is_anchor(word)
        or low in _GLUE
        or bool(re.fullmatch(r"\d{1,2}(?:st|nd|rd|th)?|\d{1,2}:\d\d|\d{1,4}|'\d0s|[ap]\.m", low))
    )
