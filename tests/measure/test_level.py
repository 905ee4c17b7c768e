"""The level: constructed answers, and a simulation with Poisson reports and an erring coder."""

from __future__ import annotations

import datetime as dt
import math
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente import plover
from detente.errors import OptionError
from detente.measure import relation
from detente.measure.changes import changes, norms, segment
from detente.measure.level import ErrorRates, band_name, estimate, level, observations, support
from detente.store import Store

SCALE = np.array([plover.intensity(name, mode) for name in plover.TYPES for mode in (None, *plover.MODES[name])])


def draw(dice, mean, size):
    """Intensities of PLOVER's own values with a given mean: its types, tilted exponentially."""
    low, high = -1.5, 1.5
    for _ in range(40):
        middle = (low + high) / 2
        weights = np.exp(middle * SCALE - np.max(middle * SCALE))
        weights /= weights.sum()
        low, high = (middle, high) if weights @ SCALE < mean else (low, middle)
    return dice.choice(SCALE, size=size, p=weights)


@pytest.mark.parametrize(("rate", "precision", "half_life"), [(2.0, 0.75, 12.0), (6.0, 0.85, 12.0), (0.7, 0.9, 26.0)])
def test_the_band_covers_the_true_level(rate, precision, half_life):
    dice = np.random.default_rng(11)
    covered = []
    phi, spread = 0.5 ** (1 / half_life), 2.5
    for _ in range(40):
        mean = dice.uniform(-4, 3)
        deviation, truth, values = dice.normal(0, spread), [], []
        for _ in range(104):
            deviation = phi * deviation + dice.normal(0, spread * math.sqrt(1 - phi**2))
            truth.append(float(np.clip(mean + deviation, -8.5, 8.5)))
            values.append(draw(dice, truth[-1], dice.poisson(rate)))
        background = [value for one in values for value in one] or [0.0]
        seen = []
        for one in values:
            wrong = dice.random(len(one)) > precision
            seen.append(
                [float(dice.choice(background)) if bad else float(v) for v, bad in zip(one, wrong, strict=True)]
            )
        _, low, high = estimate(seen, [precision] * len(seen), half_life=half_life)
        covered += [low[t] <= truth[t] <= high[t] for t in range(len(truth))]
    share = sum(covered) / len(covered)
    assert 0.85 <= share <= 0.95, share


def test_the_band_grows_where_data_are_thin_and_the_level_falls_back():
    values = [[-6.0, -7.0, -6.0]] * 20 + [[]] * 60 + [[4.0, 5.0, 5.0]] * 20
    centre, low, high = estimate(values, [1.0] * 100, half_life=8)
    width = high - low
    assert centre[10] < -5 and centre[90] > 3.5
    assert width[50] > 2 * width[10]
    assert centre[10] < centre[50] < centre[90]
    assert list(support(np.array([0.0, 4.0, 0.0]), 1.0)) == [2.0, 4.0, 2.0]


def test_coder_errors_widen_the_band_and_are_undone():
    values = [[-6.0] * 4 + [5.0]] * 30 + [[5.0] * 4 + [-6.0]] * 30
    sure = estimate(values, [1.0] * 60, half_life=10)
    unsure = estimate(values, [0.7] * 60, half_life=10)
    assert unsure[0][5] < sure[0][5] and unsure[0][-5] > sure[0][-5]
    assert unsure[2][5] - unsure[1][5] > sure[2][5] - sure[1][5]
    with pytest.raises(OptionError):
        ErrorRates(precision=0)


def test_segmentation_finds_constructed_breaks_and_none_in_noise():
    dice = np.random.default_rng(3)
    steps = [-2.0] * 40 + [-6.5] * 30 + [2.0] * 30
    values = [list(dice.normal(mean, 2.5, dice.poisson(3))) for mean in steps]
    found = segment(observations(values, [1.0] * 100), rate=1 / 52, wander=0.75)
    assert len(found.breaks) == 2
    assert abs(found.breaks[0] - 40) <= 2 and abs(found.breaks[1] - 70) <= 2
    assert [round(mean) for mean, _ in found.levels] == pytest.approx([-2, -6.5, 2], abs=1)
    assert 1.5 < found.chance.sum() < 3.5
    quiet = segment(
        observations([list(dice.normal(-2, 3, 3)) for _ in range(100)], [1.0] * 100), rate=1 / 52, wander=0.75
    )
    assert quiet.breaks == ()
    silent = segment(observations([[]] * 10, [1.0] * 10), rate=1 / 52, wander=0.75)
    assert silent.breaks == ()


@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    """Forty weeks of talks, then thirty of sanctions: two happenings a week."""
    store = Store(tmp_path_factory.mktemp("level") / "s")
    reports = []
    for week in range(70):
        for number in range(2):
            day = dt.date(2020, 1, 6) + dt.timedelta(7 * week + 3 * number)
            kind, verb = ("CONSULT", "met") if week < 40 else ("SANCTION", "punished")
            event = {"type": kind, "actors": ["China"], "recipients": ["Washington"], "trigger": verb}
            reports.append(coded(f"w{week}n{number}", f"China {verb} Washington, {week} {number}.", str(day), [event]))
    store.add(reports)
    return store


def test_level_changes_and_norms_of_a_stored_relation(turned):
    found = relation(turned, "CHN", "USA", by="week")
    levels = level(found, half_life=60)
    assert levels[5].value > 0 > levels[-5].value
    assert levels[-5].name in {"hostile", "coercive"}
    assert all(one.low <= one.value <= one.high for one in levels)
    (one,) = changes(found)
    assert abs((one.date - dt.date(2020, 10, 12)).days) <= 7
    assert one.probability > 0.9 and one.high < 0 and one.earliest <= one.date <= one.latest
    assert one.drivers[0].happening.type == "SANCTION" and one.drivers[0].moved < 0
    at = {(n.start, n.weeks, n.measure): n for n in norms(found)}
    first = at[dt.date(2020, 10, 12), 4, "cooperation"]
    assert (first.happenings, first.expected, first.ratio, first.low_base) == (0, 2.0, 0.0, False)
    assert at[dt.date(2020, 10, 12), 4, "conflict"].low_base
    assert at[dt.date(2021, 3, 15), 4, "conflict"].ratio == 1.0
    for wrong in ({"half_life": 0}, {"direction": "up"}, {"band": 1}):
        with pytest.raises(OptionError):
            level(found, **wrong)
    with pytest.raises(OptionError, match="compare weeks"):
        norms(relation(turned, "CHN", "USA"))


def test_no_value_where_data_are_too_thin(tmp_path):
    store = Store(tmp_path / "s")
    event = {"type": "CONSULT", "actors": ["China"], "recipients": ["Washington"]}
    store.add([coded("a", "China met Washington.", "2020-01-01", [event]), coded("b", "Quiet.", "2023-01-01")])
    found = level(relation(store, "CHN", "USA"))
    assert [one.value for one in found] == [None] * 37
    assert level(relation(Store(tmp_path / "none"), "CHN", "USA")) == ()


def test_bands_have_names_to_both_ends():
    assert [band_name(x) for x in (-10, -7.5, -4, 0, 2, 10)] == [
        "fighting",
        "coercive",
        "hostile",
        "mixed",
        "correct",
        "close",
    ]
