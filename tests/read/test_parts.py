"""What the stretches of a report are, case by case, and that nothing breaks the rules' promises."""

from __future__ import annotations

import datetime as dt
import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.read.parts import layout, paragraphs, post_words

CASES = [json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "parts.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=[c["name"] for c in CASES])
def test_parts(case: dict) -> None:
    text = case["text"]
    found = layout(text, None, dt.date.fromisoformat(case["published"]))
    assert [p.kind for p in found.parts] == case["kinds"]
    if "author" in case:
        post = next(p for p in found.parts if p.kind == "tweet")
        words = post_words(text, post)
        assert post.author == case["author"]
        assert (post.date.isoformat() if post.date else None) == case["date"]
        assert text[words.start : words.end] == case["words"]
    if "cut" in case:
        assert (found.cut.name if found.cut else None) == case["cut"]
    assert found.title == case.get("title")
    assert found.author == case.get("writer")


def test_a_title_given_apart_marks_the_paragraph_that_says_it() -> None:
    found = layout("Army takes town\n\nThe army took the town.", "Army Takes Town", None)
    assert [p.kind for p in found.parts] == ["title", "paragraph"]
    assert found.title == "Army Takes Town"


def test_a_dateline_has_its_day() -> None:
    found = layout("BEIRUT, Dec. 30 (Xinhua) -- The army took the town.", None, dt.date(2021, 1, 2))
    assert found.parts[1].kind == "dateline"
    assert found.parts[1].date == dt.date(2020, 12, 30)


PIECES = [
    *'aA .,\n"“”()@—-:…1/',
    "pic.twitter.com/abcd",
    "(@x) May 1, 2020",
    "U.S.",
    "\u202e",
    "\n\n",
    "A b c d e f g h i j. ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join))
@settings(max_examples=200, deadline=None)
def test_parts_are_in_order_and_apart(text: str) -> None:
    parts = layout(text, None, dt.date(2020, 1, 1)).parts
    flat = [
        p
        for p in parts
        if p.kind != "dateline" or not any(o.start <= p.start and p.end < o.end for o in parts if o is not p)
    ]
    for part in parts:
        assert 0 <= part.start < part.end <= len(text)
        if part.kind == "tweet":
            words = post_words(text, part)
            assert part.start <= words.start <= words.end <= part.end
    assert all(a.end <= b.start for a, b in pairwise(flat))
    assert [p.start for p in parts] == sorted(p.start for p in parts)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300_000,
        "— " * 150_000,
        "(@a) " * 60_000,
        "pic.twitter.com/abcd " * 15_000,
        "a\n" * 150_000,
        "“" * 300_000,
        "A " * 150_000,
        "By A " * 60_000,
        "word " * 60_000,
        "the same nine words stand here over and over. " * 6_000,
        "Sign up " * 40_000,
        "A\n@a\n" * 50_000,
        " " * 300_000 + "a",
        "U.S. " * 60_000,
        "[Photo" * 50_000,
        "U.S." * 75_000,
        ". " * 150_000,
        "A-" * 150_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    began = time.perf_counter()
    found = layout(text + "\n\n" + text[:1000], None, dt.date(2020, 1, 1))
    for part in found.parts[:50]:
        if part.kind == "tweet":
            post_words(text, part)
    assert time.perf_counter() - began < 4


def test_paragraphs_of_blank_text() -> None:
    assert paragraphs(" \n\t\n ") == []
