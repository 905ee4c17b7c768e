"""Spill-over and third parties, on constructed streams with known answers."""

from __future__ import annotations

import datetime as dt
import logging
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.errors import OptionError
from detente.measure.series import Filters
from detente.measure.spill import lead_lag, spill_over, stabilise, third_parties, whiten
from detente.store import Store
from detente.store.happenings import Settings

log = logging.getLogger(__name__)


def drift(dice, length):
    """An autocorrelated logarithm of a rate: conflict comes in spells."""
    found = np.zeros(length)
    for t in range(1, length):
        found[t] = 0.7 * found[t - 1] + dice.normal(0, 0.5)
    return found


def streams(seed, length=208, *, bond=0.0, lag=3):
    """Two issues' weekly conflict, the second raised by the first `lag` weeks before, and the documents read."""
    dice = np.random.default_rng(seed)
    reads = dice.poisson(50 * np.exp(np.cumsum(dice.normal(0, 0.02, length))))
    news = np.maximum(reads, 1) / 50
    x = dice.poisson(2 * np.exp(drift(dice, length)) * news)
    y = dice.poisson(2 * np.exp(drift(dice, length)) * news * (1 - bond + bond * np.roll(x, lag) / 2))
    return x, y, reads


def found_in(x, y, reads, lags=6):
    return lead_lag(whiten(stabilise(x), reads), whiten(stabilise(y), reads), lags=lags)


def test_a_bond_is_found_at_its_lag_and_way():
    for seed in range(15):
        lags, chance = found_in(*streams(seed, bond=0.6))
        strongest = max(lags, key=lambda lag: abs(lag.r))
        assert (strongest.lag, strongest.sure) == (3, True) and strongest.low > 0 and chance < 0.05
        x, y, reads = streams(seed, bond=0.6)
        assert max(found_in(y, x, reads)[0], key=lambda lag: abs(lag.r)).lag == -3


def test_series_without_a_bond_seldom_show_one():
    """Intervals of 90 % for 13 lags together: at most about one in ten finds something, spells and news or not."""
    shown = [any(lag.sure for lag in found_in(*streams(1000 + seed))[0]) for seed in range(120)]
    log.info("a bond is shown where none is: %.3f", sum(shown) / len(shown))
    assert sum(shown) / len(shown) <= 0.15


def test_more_news_alone_is_no_bond():
    shown = []
    for seed in range(40):
        dice = np.random.default_rng(seed)
        reads = dice.poisson(40 * np.exp(1.5 * np.sin(np.arange(208) / 9)))
        x, y = dice.poisson(reads / 10), dice.poisson(reads / 10)
        assert np.corrcoef(x, y)[0, 1] > 0.5
        shown.append(any(lag.sure for lag in found_in(x, y, reads)[0]))
    assert sum(shown) / len(shown) <= 0.15


def test_a_flat_series_has_no_bond():
    x, _, reads = streams(1)
    lags, chance = found_in(x, np.zeros(len(x)), reads)
    assert all(lag.r == 0 and not lag.sure for lag in lags) and chance == 1.0


CONTEXTS = {"economic": "tariffs", "technology": "chips", "territory": "reefs"}


@pytest.fixture(scope="module")
def bound(tmp_path_factory):
    """Chinese–American trade conflict, which chips follow a week later; reefs go their own way."""
    store = Store(tmp_path_factory.mktemp("spill") / "s")
    dice = np.random.default_rng(3)
    trade = dice.poisson(1.2 * np.exp(drift(dice, 90)))
    chips = dice.poisson(0.2 + 0.9 * np.roll(trade, 1))
    reefs = dice.poisson(np.full(90, 1.0))
    reports = []
    for week in range(90):
        for context, counts in zip(CONTEXTS, (trade, chips, reefs), strict=True):
            for number in range(counts[week]):
                day = dt.date(2018, 1, 1) + dt.timedelta(7 * week + number % 7)
                event = {"type": "ACCUSE", "actors": ["China"], "recipients": ["Washington"], "contexts": [context]}
                text = f"China accused Washington over {CONTEXTS[context]}, {week} {number}."
                reports.append(coded(f"{context}{week}n{number}", text, str(day), [event]))
    both = {"type": "ACCUSE", "actors": ["China"], "recipients": ["Washington"], "contexts": ["economic", "technology"]}
    reports.append(coded("both", "China accused Washington of all.", "2018-02-01", [both]))
    assert store.add(reports).faults == ()
    return store


APART = Settings(threshold=1.01)


def test_trade_leads_technology_in_a_store(bound):
    found = spill_over(bound, "CHN", "USA", ["economic"], ["technology"], lags=4, settings=APART)
    assert [lag.lag for lag in found.leads] == [1] and found.follows == ()
    assert found.shared == 1 and found.chance is not None and found.chance < 0.05
    assert found.happenings == (len(found.ids), len(found.ids_second)) and "both#v1" not in found.ids
    turned = spill_over(bound, "CHN", "USA", ["technology"], ["economic"], lags=4, settings=APART)
    assert [lag.lag for lag in turned.follows] == [-1]
    own = spill_over(bound, "CHN", "USA", ["economic"], ["territory"], lags=4, settings=APART)
    assert own.leads == own.follows == ()
    directed = spill_over(bound, "USA", "CHN", ["economic"], ["technology"], direction="CHN→USA", settings=APART)
    assert directed.happenings == found.happenings


def test_too_thin_data_say_nothing(bound):
    found = spill_over(bound, "CHN", "USA", ["economic"], ["cyber"])
    assert (found.thin, found.lags, found.chance, found.happenings[1]) == (True, (), None, 0)
    assert spill_over(bound, "CHN", "USA", ["economic"], ["technology"], by="year").thin
    wrong = (
        {"first": ["economic"], "second": ["economic", "cyber"]},
        {"first": [], "second": ["cyber"]},
        {"first": ["weather"], "second": ["cyber"]},
        {"first": ["economic"], "second": ["cyber"], "lags": 0},
        {"first": ["economic"], "second": ["cyber"], "direction": "up"},
        {"first": ["economic"], "second": ["cyber"], "band": 1.0},
    )
    for options in wrong:
        with pytest.raises(OptionError):
            spill_over(bound, "CHN", "USA", **options)


def test_the_pair_that_moves_with_another_is_ranked_first(tmp_path):
    dice = np.random.default_rng(8)
    level = drift(dice, 80)
    moves = {
        ("China", "Washington"): level,
        ("China", "Japan"): np.roll(level, 1),
        ("Russia", "Japan"): drift(dice, 80),
        ("Russia", "Washington"): drift(dice, 80),
    }
    reports = []
    for (a, b), rates in moves.items():
        for week, rate in enumerate(rates):
            for number in range(dice.poisson(4 * np.exp(1.2 * rate))):
                day = dt.date(2018, 1, 1) + dt.timedelta(7 * week + number % 7)
                event = {"type": "SANCTION", "actors": [a], "recipients": [b]}
                reports.append(
                    coded(f"{a}{b}{week}n{number}", f"{a} punished {b}, {week} {number}.", str(day), [event])
                )
    three = {"type": "CONSULT", "actors": ["China", "Washington", "Japan"]}
    reports.append(coded("three", "China, Washington and Japan met.", "2018-03-01", [three]))
    store = Store(tmp_path / "s")
    store.add(reports)
    end = dt.date(2018, 1, 1) + dt.timedelta(7 * 80 - 1)
    found = third_parties(store, "USA", "CHN", "2018-01-01", end, settings=APART)
    assert {one.pair for one in found} == {("CHN", "JPN"), ("JPN", "RUS"), ("RUS", "USA")}
    assert found[0].pair == ("CHN", "JPN")
    assert [lag.lag for lag in found[0].spill.leads] == [1]
    assert found[0].spill.shared == 1
    assert found[0].surprise <= found[1].surprise <= found[2].surprise and found[0].surprise < 0.05
    assert third_parties(store, "USA", "CHN", "2018-01-01", "2018-03-01", settings=APART) == ()
    only = third_parties(store, "USA", "CHN", "2018-01-01", end, countries=["USA", "CHN", "RUS"], settings=APART)
    assert [one.pair for one in only] == [("RUS", "USA")]
    assert third_parties(store, "USA", "CHN", "2018-01-01", end, filters=Filters(min_confidence=0.99)) == ()
    with pytest.raises(OptionError, match="sector"):
        third_parties(store, "USA:GOV", "CHN", "2018-01-01", end)


def test_third_parties_want_a_pair_that_is_known(tmp_path):
    with pytest.raises(OptionError, match=r"^CHN with itself is no pair; name two$"):
        third_parties(Store(tmp_path / "s"), "CHN", "CHN", "2020-01-01", "2020-12-31")
    with pytest.raises(OptionError, match=r"^CHN with itself is no pair; name two$"):
        spill_over(Store(tmp_path / "s"), "CHN", "CHN", ["economic"], ["military"])
