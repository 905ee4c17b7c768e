"""Expressions of time against the written cases: the held half is a gate, the other says what broke."""

from __future__ import annotations

import datetime as dt
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.code import feasts
from detente.code.dates import UNRESOLVED, find_times, resolve
from detente.records import When

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "times.jsonl").read_text().splitlines()]
FLOOR = 0.95


def _got(case: dict) -> When:
    day = dt.date.fromisoformat(case["previous"]) if case.get("previous") else None
    previous = When(day, day, "day", "stated", "exact") if day else None
    return resolve(
        case["expression"], dt.date.fromisoformat(case["document"]), previous=previous, future=case.get("future", False)
    )


def _right(case: dict, got: When) -> bool:
    start, end = (dt.date.fromisoformat(case[k]) if case[k] else None for k in ("start", "end"))
    if (got.granularity, got.kind) != (case["granularity"], case["kind"]):
        return False
    if case.get("within") and start and end and got.start and got.end:  # the moon decides: a day more to either side
        day = dt.timedelta(1)
        return start - 2 * day <= got.start <= start and end <= got.end <= end + 2 * day
    return (got.start, got.end) == (start, end)


def test_there_are_enough_cases_and_half_are_held_apart() -> None:
    held = sum(c["split"] == "held" for c in CASES)
    assert len(CASES) >= 400
    assert abs(2 * held - len(CASES)) <= 1


@pytest.mark.parametrize(
    "case", [c for c in CASES if c["split"] == "dev"], ids=lambda c: f"{c['expression']}@{c['document']}"
)
def test_development_case(case: dict) -> None:
    assert _right(case, _got(case)), _got(case)


def test_held_cases_reach_the_floor() -> None:
    held = [c for c in CASES if c["split"] == "held"]
    right = sum(_right(c, _got(c)) for c in held)
    assert right >= FLOOR * len(held), f"{right} of {len(held)}"


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
    began = time.perf_counter()
    resolve(text, dt.date(2020, 1, 1))
    find_times(text * 200)
    assert time.perf_counter() - began < 8


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
