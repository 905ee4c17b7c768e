"""Episodes held against constructed series, and the lists themselves."""

from __future__ import annotations

import csv
import datetime as dt
import sys
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.errors import OptionError
from detente.measure import relation
from detente.measure.episodes import Episode, agreement
from detente.store import Store

LISTS = Path(__file__).parent / "episodes.csv"


@pytest.fixture
def found(tmp_path):
    """Talks every five days for a year, sanctions from July to the middle of August."""
    reports = []
    for number in range(73):
        day = dt.date(2020, 1, 1) + dt.timedelta(5 * number)
        kind = "SANCTION" if dt.date(2020, 7, 1) <= day <= dt.date(2020, 8, 14) else "CONSULT"
        event = {"type": kind, "actors": ["China"], "recipients": ["Washington"]}
        reports.append(coded(f"d{number}", f"China, Washington, {number}.", str(day), [event]))
    store = Store(tmp_path / "s")
    store.add(reports)
    return relation(store, "CHN", "USA", by="day")


def test_a_turn_is_shown_in_its_sign_and_within_two_weeks(found):
    told = [
        (Episode(dt.date(2020, 7, 1), "-", "sanctions"), True),
        (Episode(dt.date(2020, 8, 15), "+", "talks again"), True),
        (Episode(dt.date(2020, 7, 1), "+", "wrong sign"), False),
        (Episode(dt.date(2020, 6, 1), "-", "a month early"), False),
        (Episode(dt.date(2023, 1, 1), "-", "no reports"), False),
    ]
    result = agreement(found, [episode for episode, _ in told])
    assert {one.episode.what: one.shown for one in result.shown} == {e.what: shown for e, shown in told}
    assert result.share == 0.4 and 0.05 < result.by_chance < 0.3
    first = next(one for one in result.shown if one.episode.what == "sanctions")
    assert (first.window, first.base) == (-6.0, 2.5)
    assert {row["type"] for row in found.evidence(first)} == {"SANCTION"}


def test_what_cannot_be_held_against_a_series_is_an_error(found, tmp_path):
    episode = [Episode(dt.date(2020, 7, 1), "-", "x")]
    weekly = relation(Store(tmp_path / "none"), "CHN", "USA", by="week")
    for series, listed, direction in ((weekly, episode, "joint"), (found, [], "joint"), (found, episode, "up")):
        with pytest.raises(OptionError):
            agreement(series, listed, direction)
    with pytest.raises(OptionError):
        agreement(relation(Store(tmp_path / "none"), "CHN", "USA", by="day"), episode)


def test_the_lists_are_as_long_as_promised():
    with LISTS.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert all(row["sign"] in "+-" and dt.date.fromisoformat(row["date"]) and row["episode"] for row in rows)
    counts = Counter(row["list"] for row in rows)
    assert counts["chronology"] >= 20 and counts["leads"] >= 30 and counts["japan-korea"] >= 20
