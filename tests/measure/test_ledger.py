"""The ledger of positions, on constructed streams with known answers."""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.errors import OptionError
from detente.measure.ledger import NO_CONTEXT, ledger
from detente.measure.series import Filters
from detente.store import Store

ASKS = {"type": "REQUEST", "mode": "change", "actors": ["Washington"], "recipients": ["China"]}
REFUSES = {"type": "REJECT", "actors": ["China"], "recipients": ["Washington"]}
YIELDS = {"type": "CONCEDE", "actors": ["China"], "recipients": ["Washington"]}


def stored(tmp_path, reports):
    store = Store(tmp_path / "s")
    assert store.add(reports).faults == ()
    return store


@pytest.fixture
def quarrel(tmp_path):
    trade, sea = {"contexts": ["economic"]}, {"contexts": ["territory"]}
    return stored(tmp_path, [
        coded("a1", "Washington urged China to open its soybean market.", "2020-01-10", [{**ASKS, **trade}]),
        coded("a2", "Washington pressed China again to open the soybean market.", "2020-02-14", [{**ASKS, **trade}]),
        coded("a3", "A paper said Washington again urged China to open the soybean market wide.", "2020-02-14",
              [{**ASKS, **trade}], source="Other"),
        coded("b", "Washington urged China to leave the disputed reef.", "2020-02-20", [{**ASKS, **sea}]),
        coded("c1", "China refused Washington entry to its soybean market.", "2020-03-01", [{**REFUSES, **trade}]),
        coded("c2", "China refused Washington a patrol near the reef.", "2020-03-05", [{**REFUSES, **sea}]),
        coded("d", "China would let Washington sell: its soybean market opens to entry in May.", "2020-04-01",
              [{**YIELDS, **trade}]),
        coded("e", "China will tax Washington for film imports.", "2020-05-01",
              [{"type": "SANCTION", "status": "planned", "actors": ["China"], "recipients": ["Washington"]}]),
        coded("f", "China could refuse Washington talks.", "2020-05-02", [{**REFUSES, "status": "hypothetical"}]),
        coded("g", "China condemned Washington.", "2020-05-03",
              [{"type": "ACCUSE", "actors": ["China"], "recipients": ["Washington"]}]),
    ])  # fmt: skip


def told(found, *names):
    return {tuple(getattr(p, name) for name in names) for p in found.positions}


def test_each_side_asks_promises_rejects_and_threatens_by_issue(quarrel):
    found = ledger(quarrel, "USA", "CHN")
    assert told(found, "side", "stand", "context", "times", "reports") == {
        ("USA", "asks", "economic", 2, 3),
        ("USA", "asks", "territory", 1, 1),
        ("CHN", "rejects", "economic", 1, 1),
        ("CHN", "rejects", "territory", 1, 1),
        ("CHN", "promises", "economic", 1, 1),
        ("CHN", "threatens", NO_CONTEXT, 1, 1),
    }
    asked = next(p for p in found.positions if (p.stand, p.context) == ("asks", "economic"))
    assert (asked.first, asked.last, asked.repeated) == (dt.date(2020, 1, 10), dt.date(2020, 2, 14), True)
    assert asked.first_wording == "Washington urged China to open its soybean market."
    assert [row["document"] for row in found.evidence(asked)] == ["a1", "a2", "a3"]


def test_a_refusal_given_up_is_a_change_and_one_of_another_matter_is_not(quarrel):
    found = ledger(quarrel, "USA", "CHN")
    refused = {p.context: p for p in found.positions if p.stand == "rejects"}
    turn = refused["economic"].changed
    assert turn is not None
    assert (turn.day, turn.stand, turn.ids) == (dt.date(2020, 4, 1), "promises", ("d#v1",))
    assert [row["document"] for row in found.evidence(turn)] == ["d"]
    assert refused["territory"].changed is None
    assert all(p.changed is None for p in found.positions if p.stand != "rejects")


def test_filters_and_days_bound_the_ledger(quarrel):
    sea = ledger(quarrel, "USA", "CHN", filters=Filters(contexts=("territory",)))
    assert {p.context for p in sea.positions} == {"territory"}
    early = ledger(quarrel, "USA", "CHN", to="2020-03-01")
    assert all(p.last <= dt.date(2020, 3, 1) and p.changed is None for p in early.positions)
    assert {p.stand for p in ledger(quarrel, "USA", "CHN", from_="2020-05-01").positions} == {"threatens"}
    assert ledger(quarrel, "USA", "JPN").positions == ()
    for wrong in (0, 1.1):
        with pytest.raises(OptionError):
            ledger(quarrel, "USA", "CHN", agreement=wrong)


def test_the_sides_own_words_are_kept_and_hearsay_is_marked(tmp_path):
    said = "China rejects any quota on steel exports"
    text = f"Wang of Beijing told Washington: {said}."
    own = coded(
        "own", text, "2020-01-01",
        [{**REFUSES, "actors": ["Beijing"], "attributed": True, "statement": "s1"}],
        statements=[{"speaker": "Wang", "cue": "told", "content": [said]}],
        countries={"Wang": ("CHN", "GOV")},
    )  # fmt: skip
    heard = coded(
        "heard", "Japan said that China will never return the looted bronzes to Washington.", "2020-02-01",
        [{**REFUSES, "attributed": True, "statement": "s1"}],
        statements=[{"speaker": "Japan", "cue": "said", "content": ["China will never return the looted bronzes"]}],
    )  # fmt: skip
    found = ledger(stored(tmp_path, [own, heard]), "CHN", "USA")
    assert told(found, "hearsay", "last_wording", "speakers") == {
        (False, said, ("Wang",)),
        (True, "Japan said that China will never return the looted bronzes to Washington.", ()),
    }


def test_a_mutual_promise_stands_on_both_sides(tmp_path):
    both = coded("m", "China and Washington agreed to cut tariffs.", "2020-01-01",
                 [{"type": "AGREE", "actors": ["China", "Washington"]}])  # fmt: skip
    assert told(ledger(stored(tmp_path, [both]), "CHN", "USA"), "side", "towards", "stand") == {
        ("CHN", "USA", "promises"),
        ("USA", "CHN", "promises"),
    }


def test_one_demand_told_a_thousand_times_is_one_position_in_linear_time(tmp_path):
    reports = [
        coded(f"r{n}", f"Washington urged China to open its soybean market, day {n}.",
              str(dt.date(2015, 1, 1) + dt.timedelta(3 * n)), [{**ASKS, "contexts": ["economic"]}])
        for n in range(600)
    ]  # fmt: skip
    store = stored(tmp_path, reports)
    start = time.perf_counter()
    (position,) = ledger(store, "USA", "CHN").positions
    assert position.times == 600
    assert time.perf_counter() - start < 5


def test_a_mutual_promise_told_in_one_side_s_words_stands_on_both_sides(tmp_path):
    text = "Beijing and Tokyo agreed on it: China said that the gas field would open to Japan."
    store = stored(
        tmp_path,
        [
            coded(
                "m", text, "2020-05-01",
                [{"type": "AGREE", "actors": ["China", "Japan"], "trigger": "agreed", "statement": "s1"}],
                statements=[{"speaker": "China", "cue": "said", "content": ["that the gas field would open to Japan"]}],
            )
        ],
    )  # fmt: skip
    found = ledger(store, "CHN", "JPN").positions
    assert {(p.side, p.stand) for p in found} == {("CHN", "promises"), ("JPN", "promises")}
