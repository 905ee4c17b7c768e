"""Sentences, case by case; spans are exact, never cross a part, and cost linear time."""

from __future__ import annotations

import datetime as dt
import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.code.split import LONGEST_CHARACTERS, LONGEST_WORDS, sentences, spans
from detente.read.documents import document, documents

CASES = [
    json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "sentences.jsonl").read_text().splitlines()
]


def _split(text: str) -> list[str]:
    return [text[s.start : s.end] for s in spans(text, 0, len(text))]


@pytest.mark.parametrize("case", CASES, ids=[c["sentences"][0][:40] for c in CASES])
def test_sentences(case: dict) -> None:
    text = ("" if "。" in case["sentences"][0] else " ").join(case["sentences"])
    assert _split(text) == case.get("expect", case["sentences"])


def test_repeats_and_boilerplate_give_no_sentence_and_posts_only_their_words() -> None:
    lede = "A lasting ceasefire along the river is in the interest of both peoples and of the region, Otieno said."
    post = "We met. All went well. pic.twitter.com/abcd1234 — Paul O (@po) May 1, 2020"
    text = f"{lede}\n\nSign up for our newsletter today.\n\n{post}\n\n{lede}"
    found = document(text, "2020-05-01")
    assert [found.text[s.start : s.end] for s in sentences(found)] == [lede, "We met.", "All went well."]
    assert [found.parts[s.part].kind for s in sentences(found)] == ["paragraph", "tweet", "tweet"]


def test_a_dateline_stays_in_its_sentence() -> None:
    found = document("KABUL (AP) — A bomb killed six. Police came.", "2020-05-01")
    assert [found.text[s.start : s.end] for s in sentences(found)] == [
        "KABUL (AP) — A bomb killed six.",
        "Police came.",
    ]


def test_long_text_without_an_end_is_cut() -> None:
    for text in ("word " * 5000, "x" * 20_000, "wo rd" * 3000):
        pieces = _split(text)
        assert all(len(p.split()) <= LONGEST_WORDS and len(p) <= LONGEST_CHARACTERS for p in pieces)
        assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.sampled_from([*"aAbB .!?…\"”)'’1\n", "U.S.", "Mr.", "No. ", "。", "—"]), max_size=100).map("".join))
@settings(max_examples=300, deadline=None)
def test_every_letter_is_in_one_sentence(text: str) -> None:
    found = list(spans(text, 0, len(text)))
    assert all(a.end <= b.start for a, b in pairwise(found))
    inside = "".join(text[s.start : s.end] for s in found)
    assert [c for c in inside if c.isalnum()] == [c for c in text if c.isalnum()]
    assert all(text[s.start : s.end] == text[s.start : s.end].strip() for s in found)


@pytest.mark.parametrize(
    "piece", [".", ". ", '"', '." ', "U.S. ", "A. ", '?" The the ', "…", "x.Y", ".A", "。", "a.Bb ", "((", "? "]
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    began = time.perf_counter()
    _split(piece * (100_000 // len(piece)))
    assert time.perf_counter() - began < 4


def test_real_reports_split_within_their_parts(shared: Path) -> None:
    count = 0
    for found in documents(shared / "articles" / "syria_2016_2019.jsonl"):
        for s in sentences(found):
            part = found.parts[s.part]
            assert part.start <= s.start < s.end <= part.end
            count += 1
    assert count > 9000


def test_the_founding_document(shared: Path) -> None:
    (found,) = documents(next((shared / "articles").glob("000_*.txt")))
    kinds = [p.kind for p in found.parts]
    assert found.date == dt.date(2020, 11, 5)
    assert found.truncated
    assert kinds.count("tweet") == kinds.count("repeat") == 1
    post = next(p for p in found.parts if p.kind == "tweet")
    assert (post.author, post.date) == ("Lin Jing", dt.date(2020, 11, 5))
    spoken = [s for s in sentences(found) if found.parts[s.part] is post]
    assert not any("twitter" in found.text[s.start : s.end] for s in spoken)
    assert found.parts[kinds.index("repeat")] not in {found.parts[s.part] for s in sentences(found)}
