"""The level: constructed answers, and a simulation with Poisson reports and an erring coder."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
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
from detente.measure.changes import changes, dispersion, norms, segment, stretch
from detente.measure.level import ErrorRates, band_name, estimate, level, observations, smooth, support
from detente.store import Store

SCALE = np.array([plover.intensity(name, mode) for name in plover.TYPES for mode in (None, *plover.MODES[name])])

log = logging.getLogger(__name__)


def draw(dice, mean, size):
    """Intensities of PLOVER's own values with a given mean: its types, tilted exponentially."""
    low, high = -1.5, 1.5
    for _ in range(40):
        middle = (low + high) / 2
        weights = np.exp(middle * SCALE - np.max(middle * SCALE))
        weights /= weights.sum()
        low, high = (middle, high) if weights @ SCALE < mean else (low, middle)
    return dice.choice(SCALE, size=size, p=weights)


def alike(values, precision=1.0):
    """The same probability of being right for every happening."""
    return [[precision] * len(one) for one in values]


NEAR = np.exp(-np.abs(SCALE[:, None] - SCALE[None, :]) / 2.5)
np.fill_diagonal(NEAR, 0)
NEAR /= NEAR.sum(1, keepdims=True)


def code(dice, true, *, confused, recall, precision, pool):
    """What an erring coder makes of true intensities: (coded ones, cases for `ErrorRates.measured`).

    It misses acts by side, takes types for near ones, and makes events up from a pool.
    """
    cases = []
    for x in true:
        if dice.random() > (recall[0] if x > 0 else recall[1]):
            cases.append((float(x), None))
        elif dice.random() < confused:
            cases.append((float(x), float(dice.choice(SCALE, p=NEAR[np.abs(SCALE - x).argmin()]))))
        else:
            cases.append((float(x), float(x)))
    found = sum(coded is not None for _, coded in cases)
    made_up = dice.poisson(found * (1 - precision) / precision)
    cases += [(None, float(dice.choice(pool))) for _ in range(made_up)]
    return [coded for _, coded in cases if coded is not None], cases


@pytest.mark.parametrize(
    ("rate", "half_life", "labelled", "coder"),
    [
        (2.0, 12.0, 500, {"confused": 0.25, "recall": (0.8, 0.7), "precision": 0.8}),
        (6.0, 12.0, 500, {"confused": 0.25, "recall": (0.8, 0.7), "precision": 0.8}),
        (0.7, 26.0, 500, {"confused": 0.1, "recall": (0.9, 0.8), "precision": 0.9}),
        (20.0, 4.0, 150, {"confused": 0.3, "recall": (0.8, 0.6), "precision": 0.75}),
        (3.0, 8.0, 300, {"confused": 0.4, "recall": (0.7, 0.5), "precision": 0.65}),
    ],
)
def test_the_band_covers_the_true_level_85_to_95_times_of_100(rate, half_life, labelled, coder):
    """Known level, Poisson acts, a coder that errs, its errors measured on a labelled set of its own."""
    dice = np.random.default_rng(11)
    covered = []
    phi, spread = 0.5 ** (1 / half_life), 2.5
    for _ in range(20):
        cases = []
        while len(cases) < labelled:
            true = draw(dice, dice.uniform(-6, 4), 5)
            cases += code(dice, true, **coder, pool=dice.choice(SCALE, 50))[1]
        errors = ErrorRates.measured(cases)
        mean, deviation, truth, acts = dice.uniform(-4, 3), dice.normal(0, spread), [], []
        for _ in range(104):
            deviation = phi * deviation + dice.normal(0, spread * math.sqrt(1 - phi**2))
            truth.append(float(np.clip(mean + deviation, -8.5, 8.5)))
            acts.append(draw(dice, truth[-1], dice.poisson(rate)))
        pool = [float(value) for one in acts for value in one]
        seen = [code(dice, one, **coder, pool=pool)[0] for one in acts]
        _, low, high = estimate(seen, alike(seen, errors.precision), half_life=half_life, errors=errors)
        covered += [low[t] <= truth[t] <= high[t] for t in range(len(truth))]
    share = sum(covered) / len(covered)
    log.info("the 90 %% band covers %.3f (%s acts a week)", share, rate)
    assert 0.85 <= share <= 0.95, share


def test_confidence_is_a_weight_and_the_band_still_covers():
    """Happenings of every confidence, each as often right as it says: the sure ones count for more."""
    dice = np.random.default_rng(6)
    covered, width, flat = [], [], []
    phi, spread = 0.5 ** (1 / 12), 2.5
    for _ in range(25):
        mean, deviation = dice.uniform(-4, 3), dice.normal(0, spread)
        truth, values, sure = [], [], []
        for _ in range(104):
            deviation = phi * deviation + dice.normal(0, spread * math.sqrt(1 - phi**2))
            truth.append(float(np.clip(mean + deviation, -8.5, 8.5)))
            values.append(draw(dice, truth[-1], dice.poisson(6)))
            sure.append(dice.beta(0.7, 0.7, len(values[-1])))
        pool = [float(value) for one in values for value in one]
        seen = [
            [float(v) if dice.random() < p else float(dice.choice(pool)) for v, p in zip(one, right, strict=True)]
            for one, right in zip(values, sure, strict=True)
        ]
        _, low, high = estimate(seen, sure, half_life=12)
        covered += [low[t] <= truth[t] <= high[t] for t in range(len(truth))]
        width += list(high - low)
        share = float(np.mean(np.concatenate(sure)))
        _, low, high = estimate(seen, alike(seen, share), half_life=12)
        flat += list(high - low)
    share = sum(covered) / len(covered)
    log.info("the 90 %% band covers %.3f (confidence as weight), %.2f as wide", share, np.mean(width) / np.mean(flat))
    assert 0.85 <= share <= 0.95, share
    assert np.mean(width) < 0.95 * np.mean(flat)


def test_error_rates_are_measured_on_labelled_cases():
    right = [(x, 0.5 * x - 1) for x in (-9.0, -6.0, -2.0, 2.5, 5.0, 10.0)]
    found = ErrorRates.measured([*right, (4.0, None), (-3.0, None), (-3.0, None), (None, -2.0), (None, 5.0)])
    assert (found.slope, found.shift, found.scatter) == pytest.approx((0.5, -1.0, 0.0))
    assert (found.precision, found.cases) == (0.75, 11)
    assert found.recall == pytest.approx(((3 + 1) / (4 + 2), (3 + 1) / (5 + 2)))
    with pytest.raises(OptionError, match="2 are needed"):
        ErrorRates.measured([(1.0, None)])


def test_error_rates_come_from_a_manifest():
    figures = {"precision": 0.8, "cases": 420, "recall": [0.7, 0.6], "slope": 0.9, "f1": 0.7}
    assert ErrorRates.from_manifest(figures) == ErrorRates(0.8, 420, 0.9, recall=(0.7, 0.6))
    assert ErrorRates.from_manifest({}) == ErrorRates()
    for wrong in ({"precision": "high"}, {"recall": 0.7}, {"cases": None}, {"slope": 0}, {"precision": 1.2}):
        with pytest.raises(OptionError):
            ErrorRates.from_manifest(wrong)


def test_measured_errors_are_undone_in_the_mean():
    errors = ErrorRates(0.5, slope=0.5, shift=-1.0, recall=(1.0, 0.5))
    # Conflict weighs twice: the first period's mean is (6 + 2·(−3) + 2·(−3)) ÷ 5 = −1.2, right ones weigh a half.
    found = observations([[6.0, -3.0, -3.0], [4.0]], [[0.5, 0.5, 0.5], [0.5]], errors)
    background = (6 - 12 + 4) / 6
    assert found.background == pytest.approx(background)
    assert found.mean[0] == pytest.approx((-1.2 - 0.5 * background + 0.5) / 0.25)


def test_the_smooth_is_the_exact_posterior():
    """Held against one matrix of all periods, solved at once."""
    dice = np.random.default_rng(4)
    values = [list(dice.normal(-2, 4, n)) for n in (2, 0, 1, 5, 0, 0, 3, 1)]
    observed = observations(values, alike(values, 0.9))
    mean, variance = smooth(observed, 3.0)
    at = np.isfinite(observed.variance)
    days = np.arange(8)
    weights, means, variances = [], [], []
    for spread in np.geomspace(0.15, 6.0, 24):
        prior = 25.0 + spread**2 * 0.5 ** (np.abs(days[:, None] - days[None, :]) / 3.0)
        seen = prior[np.ix_(at, at)] + np.diag(observed.variance[at])
        pull = prior[:, at] @ np.linalg.inv(seen)
        means.append(pull @ observed.mean[at])
        variances.append(np.diag(prior - pull @ prior[at]))
        fit = observed.mean[at] @ np.linalg.solve(seen, observed.mean[at]) + np.linalg.slogdet(seen)[1]
        weights.append(-0.5 * fit + 2 * np.log(spread) - spread / 2)
    weights = np.exp(np.array(weights) - max(weights))
    weights /= weights.sum()
    centre = weights @ np.array(means)
    assert mean == pytest.approx(centre)
    assert variance == pytest.approx(weights @ (np.array(variances) + (np.array(means) - centre) ** 2))


def test_the_band_grows_where_data_are_thin_and_the_level_falls_back():
    values = [[-6.0, -7.0, -6.0]] * 20 + [[]] * 60 + [[4.0, 5.0, 5.0]] * 20
    centre, low, high = estimate(values, alike(values), half_life=8)
    width = high - low
    assert centre[10] < -5 and centre[90] > 3.5
    assert width[50] > 2 * width[10]
    assert centre[10] < centre[50] < centre[90]
    assert list(support(np.array([0.0, 4.0, 0.0]), 1.0)) == [2.0, 4.0, 2.0]


def test_coder_errors_widen_the_band_and_are_undone():
    values = [[-6.0] * 4 + [5.0]] * 30 + [[5.0] * 4 + [-6.0]] * 30
    sure = estimate(values, alike(values), half_life=10)
    unsure = estimate(values, alike(values, 0.7), half_life=10)
    assert unsure[0][5] < sure[0][5] and unsure[0][-5] > sure[0][-5]
    assert unsure[2][5] - unsure[1][5] > sure[2][5] - sure[1][5]
    with pytest.raises(OptionError):
        ErrorRates(precision=0)


def test_segmentation_finds_constructed_breaks_and_none_in_noise():
    dice = np.random.default_rng(3)
    steps = [-2.0] * 40 + [-6.5] * 30 + [2.0] * 30
    values = [list(dice.normal(mean, 2.5, dice.poisson(3))) for mean in steps]
    found = segment(observations(values, alike(values)), rate=1 / 52, wander=0.75)
    assert len(found.breaks) == 2
    assert abs(found.breaks[0] - 40) <= 2 and abs(found.breaks[1] - 70) <= 2
    assert [round(mean) for mean, _ in found.levels] == pytest.approx([-2, -6.5, 2], abs=1)
    assert 1.5 < found.chance.sum() < 3.5
    noise = [list(dice.normal(-2, 3, 3)) for _ in range(100)]
    quiet = segment(observations(noise, alike(noise)), rate=1 / 52, wander=0.75)
    assert quiet.breaks == ()
    silent = segment(observations([[]] * 10, [[]] * 10), rate=1 / 52, wander=0.75)
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
    doubted = changes(found, errors=ErrorRates(0.8, cases=30))
    assert doubted[0].high - doubted[0].low > one.high - one.low
    at = {(n.start, n.weeks, n.measure): n for n in norms(found)}
    first = at[dt.date(2020, 10, 12), 4, "cooperation"]
    assert (first.happenings, first.expected, first.ratio, first.low_base) == (0, 2.0, 0.0, False)
    assert at[dt.date(2020, 10, 12), 4, "conflict"].low_base
    assert at[dt.date(2021, 3, 15), 4, "conflict"].ratio == 1.0
    for wrong in ({"half_life": 0}, {"direction": "up"}, {"band": 1}):
        with pytest.raises(OptionError):
            level(found, **wrong)
    assert len(found.evidence(at[dt.date(2021, 3, 15), 4, "conflict"])) == 2
    with pytest.raises(OptionError, match="compare weeks"):
        norms(relation(turned, "CHN", "USA"))


def test_what_drives_a_break_adds_up_to_its_step(turned):
    found = relation(turned, "CHN", "USA", by="week", to="2020-11-29")
    for errors in (ErrorRates(1.0), ErrorRates(0.8, slope=0.9, shift=-0.2, recall=(0.8, 0.6))):
        (one,) = changes(found, errors=errors, drivers=1000)
        assert len(one.drivers) == 14
        assert sum(driver.moved for driver in one.drivers) == pytest.approx(one.after - one.before, rel=0.1)


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


def test_segmentation_sums_over_every_way_to_cut():
    """Held against all 128 segmentations of eight periods."""
    dice = np.random.default_rng(9)
    values = [list(dice.normal(4 if t < 3 else -4, 3, n)) for t, n in enumerate((2, 1, 0, 3, 1, 2, 0, 2))]
    observed = observations(values, alike(values))
    found = segment(observed, rate=0.1, wander=0.5)
    noise = np.where(np.isfinite(observed.variance), observed.variance, 1e12) + 0.25
    weight = np.where(np.isfinite(observed.variance), 1 / noise, 0)
    centre = (weight * observed.mean).sum() / weight.sum()
    total, held, best = 0.0, np.zeros(8), (0.0, ())
    for cuts in itertools.product((False, True), repeat=7):
        edges = [0, *(t + 1 for t, cut in enumerate(cuts) if cut), 8]
        chance = 0.1 ** sum(cuts) * 0.9 ** (7 - sum(cuts))
        for start, stop in itertools.pairwise(edges):
            cov = 16.0 + np.diag(noise[start:stop])
            value = observed.mean[start:stop] - centre
            # Periods without happenings are given the same all but infinite noise in every segmentation.
            chance *= math.exp(-0.5 * (value @ np.linalg.solve(cov, value) + np.linalg.slogdet(cov)[1]))
        total += chance
        held += chance * np.array([False, *cuts])
        best = max(best, (chance, tuple(edges[1:-1])))
    assert found.chance == pytest.approx(held / total, abs=1e-6)
    assert found.breaks == best[1]


def test_clustered_happenings_widen_the_interval_of_a_norm():
    steady, bursts = [2] * 52, [0, 0, 0, 8] * 13
    assert dispersion(steady, [10] * 52) == 1.0
    assert dispersion(bursts, [10] * 52) == pytest.approx(6 * 52 / 51)
    assert dispersion([], []) == 1.0
    # Twice the documents explain twice the happenings.
    assert dispersion([2, 4] * 26, [10, 20] * 26) == 1.0


@pytest.mark.parametrize(("size", "rate"), [(3.0, 6.0), (5.0, 2.0)])
def test_the_stretch_of_a_break_holds_its_true_day(size, rate):
    """Two years of weeks with one step; the level strays a little besides, as real ones do."""
    dice = np.random.default_rng(2)
    found, held, steps, extra = 0, 0, 0, 0
    for _ in range(40):
        at, low, rises = int(dice.integers(30, 74)), dice.uniform(-5, 3 - size), dice.random() < 0.5
        truth = [low + size * ((t >= at) == rises) + 0.75 * dice.normal() for t in range(104)]
        values = [list(draw(dice, float(np.clip(one, -8.5, 8.5)), dice.poisson(rate))) for one in truth]
        cut = segment(observations(values, alike(values)), rate=1 / 52, wander=0.75)
        for number, day in enumerate(cut.breaks):
            first, last, probability = stretch(cut.chance, day)
            if probability < 0.5:
                continue
            if abs(day - at) > 8:
                extra += 1
                continue
            found += 1
            held += first <= at <= last
            (before, doubt_before), (after, doubt_after) = cut.levels[number : number + 2]
            error = after - before - (size if rises else -size)
            steps += abs(error) <= 1.645 * math.sqrt(doubt_before + doubt_after)
    log.info("found %.2f, in the stretch %.2f, step %.2f, false %.2f", *np.array([found, held, steps, extra]) / 40)
    assert found >= 0.85 * 40 and extra <= 0.15 * 40
    assert held >= 0.9 * found and steps >= 0.8 * found
