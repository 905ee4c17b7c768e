"""Reports of one act are joined and others are not, on written scenes; the join depends on nothing but the reports."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.happenings import half, measured, pairs, scenes
from detente.store.happenings import Report, Settings, join

FLOORS = {"open": 0.72, "held": 0.66}
"""F1 of the join on hard pairs: other acts of one type between the same parties in the same days. The aim is 0.85."""


def everything() -> list[Report]:
    return [report for reports in scenes().values() for _, report in reports]


def test_the_written_scenes_are_many_and_halved() -> None:
    assert len(pairs()) >= 400
    assert all(len(pairs(which)) > 200 for which in ("open", "held"))
    assert {half(scene) for scene in scenes()} == {"open", "held"}


def test_the_join_keeps_its_floor_on_both_halves() -> None:
    found = measured()
    assert {which: found[which]["join"]["F1"] >= floor for which, floor in FLOORS.items()} == dict.fromkeys(
        FLOORS, True
    ), found


def test_every_report_stands_in_one_happening_whatever_the_order() -> None:
    reports = everything()
    expected = join(reports)
    random.Random(3).shuffle(reports)
    assert join(reports) == expected
    kept = [report for happening in expected for report in happening.reports]
    assert sorted(kept, key=lambda r: r.document) == sorted(reports, key=lambda r: r.document)


def test_other_settings_give_another_join_of_the_same_reports() -> None:
    reports = everything()
    assert len(join(reports, Settings(threshold=1.01))) == len(reports)
    assert len(join(reports, Settings(days=0))) >= len(join(reports))


def test_nothing_is_joined_across_more_days_than_asked() -> None:
    first = everything()[0]
    later = dataclasses.replace(
        first, document="later", day=first.day + dt.timedelta(2), end=first.end + dt.timedelta(2)
    )
    assert len(join([first, later])) == 2
    assert len(join([first, dataclasses.replace(later, day=first.day, end=first.end)])) == 1


def test_a_thousand_copies_and_a_hostile_sentence_take_linear_time() -> None:
    first = everything()[0]
    hostile = dataclasses.replace(first, sentence="23 Aa " * 200_000, trigger="x " * 100_000)
    began = time.perf_counter()
    copies = [dataclasses.replace(first, document=f"c{n}") for n in range(1000)]
    (one,) = join(copies)
    assert one.documents == 1000
    join([dataclasses.replace(hostile, document=f"h{n}") for n in range(20)])
    assert time.perf_counter() - began < 20


def test_copies_are_compared_once_and_joined_as_before() -> None:
    from detente.store import happenings as room

    rows = [
        room.Report(
            f"d{number:02}", "v1", "ACCUSE", None, "actual", dt.date(2020, 1, 1 + number % 3), dt.date(2020, 1, 1 + number % 3),
            (("China", "CHN", "GOV"),), (("Washington", "USA", "GOV"),), None, None, "accused",
            f"China accused Washington of {('spying', 'dumping steel')[number % 2]}.", -3.5, 0.8,
        )
        for number in range(40)
    ]  # fmt: skip
    compared = []
    original = room.evidence

    def counted(*given):
        compared.append(1)
        return original(*given)

    room.evidence = counted
    try:
        joined = room.join(rows)
    finally:
        room.evidence = original
    assert sum(len(one.reports) for one in joined) == 40
    assert len(compared) <= 8
