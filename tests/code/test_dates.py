"""Expressions of time against the written cases: the held half is a gate, the other says what broke."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.code import feasts
from detente.code.dates import UNRESOLVED, find_times, resolve
from detente.records import When
from train.score_times import CASES as FILE
from train.score_times import is_right, read_case

CASES = [json.loads(line) for line in FILE.read_text().splitlines()]
FLOOR = 0.95


def test_there_are_enough_cases_and_half_are_held_apart() -> None:
    held = sum(c["split"] == "held" for c in CASES)
    assert len(CASES) >= 400
    assert abs(2 * held - len(CASES)) <= 1


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["split"] == "dev"], ids=lambda c: f"{c['expression']}@{c['document']}"
)
def test_development_case(case: dict) -> None:
    assert is_right(case, read_case(case)), read_case(case)


def test_held_cases_reach_the_floor() -> None:
    held = [c for c in CASES if c["split"] == "held"]
    right = sum(is_right(c, read_case(c)) for c in held)
    assert right >= FLOOR * len(held), f"{right} of {len(held)}"


@pytest.mark.parametrize(
    ("expression", "document", "future", "previous", "start", "end"),
    [
        ("on the eleventh", "2020-10-22", False, None, "2020-10-11", "2020-10-11"),
        ("since the tenth", "2020-06-25", False, None, "2020-06-10", "2020-06-25"),
        ("on the thirty-first", "2019-10-08", True, None, "2019-10-31", "2019-10-31"),
        ("on the first of May", "2021-05-12", False, None, "2021-05-01", "2021-05-01"),
        ("on the twenty-fourth of November", "2014-12-18", False, None, "2014-11-24", "2014-11-24"),
        ("since the first of the month", "1993-08-19", False, None, "1993-08-01", "1993-08-19"),
        ("at ten yesterday", "2024-11-06", False, None, "2024-11-05", "2024-11-05"),
        ("half past one on Sunday morning", "2017-03-13", False, None, "2017-03-12", "2017-03-12"),
        ("tomorrow at ten", "2019-06-03", True, None, "2019-06-04", "2019-06-04"),
        ("yesterday at 15.23 hours", "1997-04-23", False, None, "1997-04-22", "1997-04-22"),
        ("at first light on Wednesday", "2013-05-09", False, None, "2013-05-08", "2013-05-08"),
        ("last evening", "2005-02-21", False, None, "2005-02-20", "2005-02-20"),
        ("Friday week", "1992-09-09", True, None, "1992-09-18", "1992-09-18"),
        ("on Sunday week", "2018-03-14", False, None, "2018-03-04", "2018-03-04"),
        ("for a tenth day on Wednesday", "2023-03-15", False, None, "2023-03-06", "2023-03-15"),
        ("for a second night", "2022-01-06", False, None, "2022-01-05", "2022-01-06"),
        ("since the election on November 26", "2017-12-23", False, None, "2017-11-26", "2017-12-23"),
        ("in the good year of 2010", "2018-10-01", False, None, "2010-01-01", "2010-12-31"),
        ("since the accord of 1985", "1994-09-06", False, None, "1985-01-01", "1994-09-06"),
        ("in the new year", "2021-11-16", True, None, "2022-01-01", "2022-12-31"),
        ("October 3, 9 and 10", "2024-10-12", False, None, "2024-10-03", "2024-10-10"),
        ("ever since", "2007-05-10", False, "2007-04-27", "2007-04-27", "2007-05-10"),
        ("at one o'clock", "2024-12-05", False, "2024-12-03", "2024-12-03", "2024-12-03"),
        ("at 10.27", "2024-12-05", False, "2024-12-03", "2024-12-03", "2024-12-03"),
        ("before breakfast", "2006-04-26", False, "2006-04-25", "2006-04-25", "2006-04-25"),
        ("ever since", "2007-05-10", False, None, None, None),
        ("at one o'clock", "2024-12-05", False, None, None, None),
        ("by the second evening", "2016-10-25", False, None, None, None),
        ("on the second day of his visit", "2018-10-24", False, None, None, None),
        ("in the years after 1945", "2024-06-19", False, None, None, None),
    ],
)
def test_ways_of_the_press(
    expression: str, document: str, future: bool, previous: str | None, start: str | None, end: str | None
) -> None:
    day = dt.date.fromisoformat(previous) if previous else None
    before = When(day, day, "day", "stated", "exact") if day else None
    got = resolve(expression, dt.date.fromisoformat(document), previous=before, future=future)
    assert (got.start, got.end) == tuple(dt.date.fromisoformat(d) if d else None for d in (start, end))


def test_unresolved_is_said() -> None:
    assert resolve("in the wake of the attack", dt.date(2020, 1, 1)) == UNRESOLVED
    assert resolve("", dt.date(2020, 1, 1)) == UNRESOLVED
    assert resolve("x" * 10_000_000, dt.date(2020, 1, 1)) == UNRESOLVED


def test_an_unresolved_time_before_does_not_anchor() -> None:
    assert resolve("the next day", dt.date(2020, 1, 1), previous=UNRESOLVED) == UNRESOLVED


WORDS = [
    "the",
    "a",
    "of",
    "in",
    "on",
    "by",
    "to",
    "from",
    "last",
    "next",
    "this",
    "early",
    "late",
    "mid",
    "end",
    "two",
    "3",
    "2019",
    "99",
    "may",
    "monday",
    "nov.",
    "week",
    "month",
    "years",
    "ago",
    "later",
    "-",
    ",",
    "and",
    "or",
    "since",
    "until",
    "before",
    "after",
    "'",
    "summer",
    "quarter",
    "half",
    "first",
    "century",
    "day",
    "weekend",
    "easter",
    "'s",
    "over",
    "past",
    "(",
    ")",
    "24th",
    "0",
    "00",
    "31",
    "feb",
]


@given(st.lists(st.sampled_from(WORDS), max_size=14), st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31)), st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_words_give_days_in_order_or_none(words: list[str], day: dt.date, future: bool) -> None:
    before = When(day, day, "day", "stated", "exact")
    began = time.perf_counter()
    got = resolve(" ".join(words), day, previous=before, future=future)
    assert time.perf_counter() - began < 2
    assert (got.start is None) == (got.end is None) == (got.kind == "unresolved") == (got.granularity == "none")
    assert got.start is None or got.end is None or got.start <= got.end


@pytest.mark.parametrize(
    "piece", ["to ", "last ", "- ", "between and ", "monday-", "may and may ", "the of in ", "early late mid ", "1 "]
)
def test_hostile_expression_is_quick(piece: str) -> None:
    text = piece * (150 // len(piece))
    began = time.process_time()
    resolve(text, dt.date(2020, 1, 1))
    find_times(text * 200)
    assert time.process_time() - began < 8


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("As the world waits, the minister said Thursday he hopes to meet.", ["Thursday"]),
        (
            "On Wednesday evening, Xi said that trade fell over the last two years.",
            ["Wednesday evening", "over the last two years"],
        ),
        (
            "They signed it on Nov. 3, 2019, and met again three days later in May.",
            ["Nov. 3, 2019", "three days later", "May"],
        ),
        ("He may march on the city, but since 2018 he has sat in jail.", ["since 2018"]),
        (
            "Between Monday and Friday, talks stalled in the first quarter of 2020.",
            ["Between Monday and Friday", "the first quarter of 2020"],
        ),
        ("Troops will leave by May, the ministry said earlier this week.", ["by May", "earlier this week"]),
        ("Five soldiers and two officers died.", []),
    ],
)
def test_times_are_found_in_text(text: str, times: list[str]) -> None:
    assert [text[s.start : s.end] for s in find_times(text)] == times


@pytest.mark.parametrize(
    ("name", "year", "day"),
    [
        ("easter", 2016, "2016-03-27"),
        ("easter", 2018, "2018-04-01"),
        ("easter", 2021, "2021-04-04"),
        ("orthodox easter", 2016, "2016-05-01"),
        ("orthodox easter", 2021, "2021-05-02"),
        ("rosh hashanah", 2016, "2016-10-03"),
        ("rosh hashanah", 2023, "2023-09-16"),
        ("yom kippur", 1973, "1973-10-06"),
        ("passover", 2019, "2019-04-20"),
        ("hanukkah", 2018, "2018-12-03"),
        ("hanukkah", 2021, "2021-11-29"),
        ("lunar new year", 2019, "2019-02-05"),
        ("thanksgiving", 2017, "2017-11-23"),
        ("memorial day", 2021, "2021-05-31"),
        ("election day", 2016, "2016-11-08"),
    ],
)
def test_feasts(name: str, year: int, day: str) -> None:
    found = feasts.feast(name, year)
    assert found is not None
    assert found.start == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("name", "day"),
    [("eid fitr", "2018-06-15"), ("eid adha", "2021-07-20"), ("ramadan", "2019-05-06"), ("ashura", "2020-08-29")],
)
def test_islamic_feasts_cover_the_day_that_was_kept(name: str, day: str) -> None:
    kept = dt.date.fromisoformat(day)
    found = feasts.feast(name, kept.year)
    assert found is not None
    assert found.approximate
    assert found.start - dt.timedelta(1) <= kept <= found.end
