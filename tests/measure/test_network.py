"""All pairs of a period, on constructed streams with known answers."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.errors import OptionError
from detente.measure.network import balance, network, partners
from detente.measure.series import Filters, relation
from detente.store import Store
from detente.store.happenings import Settings

LANDS = {f"Land{letter}": (f"{letter}LD", "GOV") for letter in "ABCDEFGH"} | {"Club": ("IGO", "GOV")}
KINDS = {
    "aids": {"type": "AID", "trigger": "aids"},
    "bombs": {"type": "ASSAULT", "mode": "aerial", "trigger": "bombs"},
    "meets": {"type": "CONSULT", "trigger": "meets"},
}


def stored(folder, acts):
    """A store of acts "A aids B": day 2020-`month`-01 on, one day each."""
    reports = []
    for number, (month, act) in enumerate(acts):
        one, verb, two = act.split()
        a, b = (name if name == "Club" else f"Land{name}" for name in (one, two))
        event = {**KINDS[verb], "actors": [a], "recipients": [b]}
        day = f"2020-{month:02}-{1 + number % 28:02}"
        reports.append(coded(f"d{number:03}", f"{a} {verb} {b}, act {number}.", day, [event], countries=LANDS))
    store = Store(folder)
    assert store.add(reports).faults == ()
    return store


def test_matrix_and_graph_of_all_pairs(tmp_path):
    store = stored(
        tmp_path / "s", [(1, "A aids B"), (1, "B bombs A"), (1, "A meets C"), (1, "Club aids A"), (2, "A aids C")]
    )
    found = network(store, "2020-01-01", "2020-01-31")
    assert found.countries == ("ALD", "BLD", "CLD")
    assert set(found.ties) == {("ALD", "BLD"), ("BLD", "ALD"), ("ALD", "CLD")}
    both = found.joint["ALD", "BLD"]
    assert (both.happenings, both.cooperation, both.conflict, both.share_of_conflict) == (2, 10.0, 9.5, 0.5)
    nothing = np.nan
    assert np.array_equal(
        found.matrix("net"), [[nothing, 10, 2.5], [-9.5, nothing, nothing], [nothing] * 3], equal_nan=True
    )
    joint = found.matrix("happenings", directed=False)
    assert np.array_equal(joint, joint.T, equal_nan=True) and joint[0, 1] == 2
    graph = found.graph()
    assert [(link["source"], link["target"], link["net"]) for link in graph["links"]] == [
        ("ALD", "BLD", 10.0), ("ALD", "CLD", 2.5), ("BLD", "ALD", -9.5),
    ]  # fmt: skip
    assert graph["nodes"][0] == {"id": "ALD", "happenings": 3}
    assert [row["sentence"] for row in found.evidence(store, found.ties["BLD", "ALD"])] == ["LandB bombs LandA, act 1."]
    assert network(store, "2020-01-01", "2020-01-31", countries=["ALD", "IGO"]).countries == ("ALD", "IGO")
    assert network(store, "2020-01-01", "2020-01-31", filters=Filters(min_confidence=0.95)).ties == {}
    with pytest.raises(OptionError):
        found.matrix("love")
    with pytest.raises(OptionError, match="before"):
        network(store, "2020-02-01", "2020-01-01")


def test_a_pairs_cell_is_its_series(tmp_path):
    dice = np.random.default_rng(7)
    verbs = list(KINDS)
    acts = [
        (3, f"{a} {dice.choice(verbs)} {b}") for a, b in (dice.choice(list("ABC"), 2, replace=False) for _ in range(60))
    ]
    store = stored(tmp_path / "s", acts)
    found = network(store, "2020-03-01", "2020-03-31")
    for (a, b), tie in found.ties.items():
        point = relation(store, a, b, from_="2020-03-01", to="2020-03-31").point("2020-03-01", f"{a}→{b}")
        assert (tie.happenings, tie.net, tie.mean) == (point.happenings, point.net, pytest.approx(point.mean))


def test_a_mutual_act_goes_both_ways_and_counts_once(tmp_path):
    store = Store(tmp_path / "s")
    text = "LandA and LandB and LandC met."
    event = {"type": "CONSULT", "trigger": "met", "actors": ["LandA", "LandB", "LandC"]}
    store.add([coded("m", text, "2020-01-05", [event], countries=LANDS)])
    found = network(store, "2020-01-01", "2020-01-31")
    assert len(found.ties) == 6 and len(found.joint) == 3
    assert {tie.happenings for tie in found.joint.values()} == {1}


def apart(store, start, end):
    """The network with every report a happening of its own: these acts differ in nothing but their day."""
    return network(store, start, end, settings=Settings(threshold=1.01))


def test_blocs_are_balanced_and_a_friend_of_an_enemy_is_not(tmp_path):
    pairs = [(a, "aids" if (a in "ABC") == (b in "ABC") else "bombs", b) for a in "ABCDEF" for b in "ABCDEF" if a < b]
    acts = [(1, " ".join(pair)) for pair in pairs for _ in range(3)]
    blocs = balance(apart(stored(tmp_path / "blocs", acts), "2020-01-01", "2020-01-31"))
    assert (blocs.share, blocs.kinds, blocs.unsigned) == (1.0, (2, 0, 18, 0), 0)
    assert blocs.expected is not None and blocs.expected < 0.8
    assert blocs.chance is not None and blocs.chance < 0.1
    strained = [(1, act) for act in ("A aids B", "B aids C", "A bombs C") for _ in range(4)]
    found = balance(apart(stored(tmp_path / "strained", strained), "2020-01-01", "2020-01-31"))
    (triad,) = found.triads
    assert (triad.members, triad.signs, triad.balanced) == (("ALD", "BLD", "CLD"), (1, -1, 1), False)
    assert len(triad.ids) == 12
    enemies = [(1, act) for act in ("A bombs B", "B bombs C", "A bombs C") for _ in range(4)]
    found = balance(apart(stored(tmp_path / "enemies", enemies), "2020-01-01", "2020-01-31"))
    assert (found.share, found.weak_share, found.kinds) == (0.0, 1.0, (0, 0, 0, 1))


def test_a_tie_of_doubtful_sign_makes_no_triad(tmp_path):
    acts = [(1, act) for act in ("A aids B", "B aids C") for _ in range(4)] + [(1, "A aids C"), (1, "A bombs C")] * 2
    found = balance(apart(stored(tmp_path / "s", acts), "2020-01-01", "2020-01-31"))
    assert (found.triads, found.share, found.unsigned) == ((), None, 1)
    with pytest.raises(OptionError):
        balance(apart(Store(tmp_path / "none"), "2020-01-01", "2020-01-31"), sure=1)


def test_partners_are_ranked_by_change_and_thin_ones_come_last(tmp_path):
    acts = [(1, "A aids B")] * 6 + [(2, "A bombs B")] * 6
    acts += [(1, "A meets C")] * 6 + [(2, "A aids C")] * 6
    acts += [(month, "A meets D") for month in (1, 2) for _ in range(6)]
    acts += [(1, "A aids E"), (2, "A bombs E"), (2, "F bombs B")]
    store = stored(tmp_path / "s", acts)
    before, after = apart(store, "2020-01-01", "2020-01-31"), apart(store, "2020-02-01", "2020-02-29")
    found = partners(before, after, "ALD")
    assert [shift.country for shift in found] == ["BLD", "CLD", "DLD", "ELD"]
    assert [shift.thin for shift in found] == [False, False, False, True]
    assert found[0].high < 0 < found[0].before and found[0].happenings == (6, 6)
    assert found[2].low < 0 < found[2].high
    assert len(before.evidence(store, found[0])) == len(after.evidence(store, found[0].ids_after)) == 6
    # One act each is drawn to the mean of all pairs: less than the 18.5 or more of the acts themselves.
    assert abs(found[3].change) < 17
    assert partners(before, after, "XXX") == ()
