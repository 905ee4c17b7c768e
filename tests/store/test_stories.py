"""Copies are one story, other texts are not, and new documents join what is there."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))
from coded import coded

from bench.stories import measured
from detente.store import Store
from detente.store.stories import Settings, components, similarity, sketch, stories, update

_WORDS = [a + b for a in ("ka", "lo", "mi", "ser", "tun", "vor") for b in ("den", "gal", "pim", "ros", "tek", "y")]


def text(seed: int, words: int = 150) -> str:
    dice = random.Random(seed)
    return " ".join(dice.choice(_WORDS) for _ in range(words))


def test_copies_edits_and_cuts_are_one_story_in_any_order_of_loads(tmp_path):
    full = text(1)
    edited = full.replace(full.split()[20], "changed").replace(full.split()[90], "other")
    reports = [
        coded("full", full, "2020-01-01"), coded("edited", edited + " Editing by somebody.", "2020-01-02"),
        coded("cut", " ".join(full.split()[:80]), "2020-01-01"), coded("late", full, "2020-03-01"),
        *(coded(f"other{n}", text(n + 2), "2020-01-01") for n in range(30)),
        coded("blank", ". . .", "2020-01-01"), coded("blank2", "! !", "2020-01-01"),
    ]  # fmt: skip
    once, twice = Store(tmp_path / "once"), Store(tmp_path / "twice")
    once.add(reports)
    assert update(once) == len(reports)
    for part in (reports[1::2], reports[::2]):
        twice.add(part)
        update(twice, batch=5)
    assert update(twice) == 0
    found = stories(once)
    assert found == stories(twice)
    assert (found["edited"], found["cut"], found["late"], found["blank2"]) == ("cut", "cut", "late", "blank2")
    assert len(set(found.values())) == len(reports) - 2
    assert len(set(stories(once, Settings(similarity=1.0, containment=1.01)).values())) == len(reports)


def test_estimates_are_close_and_repeatable():
    words = text(5, 400).split()
    a, b = sketch(" ".join(words)), sketch(" ".join(words[:200]))
    jaccard, containment = similarity(a, b)
    assert abs(jaccard - 0.5) < 0.15
    assert containment > 0.8
    assert sketch(" ".join(words)) == a
    assert similarity(sketch(""), sketch("")) == (0.0, 0.0)


def test_components_do_not_depend_on_the_order_of_links():
    order = dict.fromkeys("abcdef", 0)
    links = [("b", "a"), ("c", "b"), ("e", "d")]
    expected = {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d", "f": "f"}
    assert components(order, links) == components(order, links[::-1]) == expected


def test_written_copies_are_told_from_accounts_and_follow_ups():
    found = measured()
    assert found["pairs"] >= 60
    assert found["F1"] >= 0.97, found
