"""When a relation's level broke, how surely, and which happenings drove it; change against norms.

Change points: exact Bayesian segmentation. A segment has one level, periods observe it with known noise, and a
break comes with a stated rate; all segmentations are summed over, none is sampled. Sources: Fearnhead 2006,
Exact and efficient Bayesian inference for multiple changepoint problems; Barry and Hartigan 1992.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from detente import plover
from detente.errors import OptionError
from detente.measure.level import (
    ErrorRates,
    Floats,
    Observations,
    intensities,
    observations,
    precisions,
    stretch_variance,
    weigh,
)
from detente.measure.series import Relation
from detente.store.happenings import Happening


@dataclass(frozen=True, slots=True)
class Driver:
    """A happening near a change, and how far (−10 to +10 scale) it alone moved the new segment's level."""

    happening: Happening
    moved: float


@dataclass(frozen=True, slots=True)
class Change:
    """A break in level.

    Attributes:
        date: first day of the first period at the new level, of the most probable segmentation.
        earliest: with `latest`, the shortest stretch around `date` that holds 90 % of the chance that the
            break lies within eight periods of it.
        latest: see there.
        probability: chance that a break lies in that stretch.
        before: level before.
        after: level after.
        low: lower end of the 90 % interval of the step (after − before), coder errors included.
        high: upper end.
        drivers: happenings of the first periods at the new level, those that moved it most first.
    """

    date: dt.date
    earliest: dt.date
    latest: dt.date
    probability: float
    before: float
    after: float
    low: float
    high: float
    drivers: tuple[Driver, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the drivers, to be opened with `Relation.evidence`."""
        return tuple(driver.happening.id for driver in self.drivers)


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Breaks of the most probable segmentation, the chance of a break at each period, and each segment's level.

    `breaks` are indices of first periods of segments but the first; `chance` has shape (periods,); `levels` are
    (mean, variance) by segment.
    """

    breaks: tuple[int, ...]
    chance: Floats
    levels: tuple[tuple[float, float], ...]


_SPREAD: Final = 4.0
"""Prior standard deviation of a segment's level about the relation's mean, on the scale of −10 to +10."""


def segment(observed: Observations, *, rate: float, wander: float) -> Segmentation:
    """Segment a series of means.

    Args:
        observed: means with the variance of each; periods without happenings say nothing.
        rate: prior chance of a break at a period.
        wander: standard deviation of a period's true mean about its segment's level.
    """
    periods = len(observed.mean)
    weight = np.where(
        np.isfinite(observed.variance),
        1 / (np.where(np.isfinite(observed.variance), observed.variance, 1) + wander**2),
        0.0,
    )
    seen = weight > 0
    centre = float((weight * observed.mean).sum() / weight.sum()) if seen.any() else 0.0
    value = observed.mean - centre
    s0 = np.concatenate([[0.0], np.cumsum(weight)])
    s1 = np.concatenate([[0.0], np.cumsum(weight * value)])
    s2 = np.concatenate([[0.0], np.cumsum(weight * value**2)])
    logs = np.concatenate([[0.0], np.cumsum(np.where(seen, np.log(np.where(seen, weight, 1.0)), 0.0))])
    prior = 1 / _SPREAD**2

    def marginal(start: Any, stop: Any) -> Any:
        """Log marginal likelihood of periods [start, stop) under one level, up to a constant of the data."""
        a, b, c = s0[stop] - s0[start], s1[stop] - s1[start], s2[stop] - s2[start]
        return 0.5 * (logs[stop] - logs[start] + math.log(prior) - np.log(prior + a) - c + b**2 / (prior + a))

    stay, leave = math.log1p(-rate), math.log(rate)
    forward, best = np.full(periods + 1, -np.inf), np.full(periods + 1, -np.inf)
    forward[0] = best[0] = 0.0
    came = np.zeros(periods + 1, dtype=np.int64)
    for stop in range(1, periods + 1):
        start = np.arange(stop)
        cost = marginal(start, stop) + stay * (stop - start - 1) + np.where(start > 0, leave, 0.0)
        paths = forward[:stop] + cost
        top = paths.max()
        forward[stop] = top + math.log(np.exp(paths - top).sum())
        chosen = best[:stop] + cost
        came[stop] = int(chosen.argmax())
        best[stop] = chosen[came[stop]]
    backward = np.full(periods + 1, -np.inf)
    backward[periods] = 0.0
    for begin in range(periods - 1, -1, -1):
        ends = np.arange(begin + 1, periods + 1)
        cost = marginal(begin, ends) + stay * (ends - begin - 1) + np.where(ends < periods, leave, 0.0)
        paths = backward[begin + 1 :] + cost
        top = paths.max()
        backward[begin] = top + math.log(np.exp(paths - top).sum())
    chance = np.zeros(periods)
    if periods > 1:
        # forward[t] already holds the breaks up to t, backward[t] those after; the one at t itself is added.
        chance[1:] = np.exp(np.minimum(forward[1:periods] + leave + backward[1:periods] - forward[periods], 0.0))
    breaks: list[int] = []
    at = int(came[periods])
    while at > 0:
        breaks.append(at)
        at = int(came[at])
    breaks.reverse()
    levels = []
    for begin, end in pairwise([0, *breaks, periods]):
        a, b = s0[end] - s0[begin], s1[end] - s1[begin]
        levels.append((float(centre + b / (prior + a)), float(1 / (prior + a))))
    return Segmentation(tuple(breaks), chance, tuple(levels))


def changes(
    relation: Relation,
    direction: str = "joint",
    *,
    every: float = 52.0,
    wander: float = 0.75,
    least_probability: float = 0.5,
    errors: ErrorRates | None = None,
    drivers: int = 5,
) -> tuple[Change, ...]:
    """Return the breaks in a relation's level, in order of day.

    Args:
        relation: the pair's series, best by week or month.
        direction: "joint" or one of the directed series.
        every: periods between two breaks, before looking.
        wander: how far (−10 to +10 scale) periods stray from their segment's level without a break.
        least_probability: breaks less probable than this are left out.
        errors: how often the coder errs; by default its own calibrated confidence.
        drivers: most drivers of each break.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    if direction not in relation.series:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(relation.series)}")
    if not every > 1 or wander < 0:
        raise OptionError(f"every is {every}, wander {wander}; they must be above 1, and at least 0")
    points = relation.series[direction]
    if not points:
        return ()
    errors = errors or ErrorRates()
    values, sure = [intensities(relation, point) for point in points], precisions(relation, points, errors)
    observed = observations(values, sure, errors)
    found = segment(observed, rate=1 / every, wander=wander)
    edges = [0, *found.breaks, len(points)]
    made = []
    for number, at in enumerate(found.breaks):
        # A stretch without happenings says nothing of when the break came; it lies at their end.
        first, last, probability = stretch(found.chance, at)
        if probability < least_probability:
            continue
        (before, doubt_before), (after, doubt_after) = found.levels[number], found.levels[number + 1]
        # Error rates that are off stretch every step alike.
        right = float(np.mean(observed.precision[observed.count > 0]))
        stretched = (after - before) ** 2 * stretch_variance(right, errors)
        width = NormalDist().inv_cdf(0.95) * math.sqrt(doubt_before + doubt_after + stretched)
        span = range(at, edges[number + 2])
        moved = [
            Driver(relation.happenings[key], round(far, 4))
            for t, shares in _moved(observed, values, sure, errors, span, before, wander)
            for key, far in zip(points[t].ids, shares, strict=True)
            if far * (after - before) > 0
        ]
        moved.sort(key=lambda driver: (-abs(driver.moved), driver.happening.day, driver.happening.id))
        made.append(
            Change(
                date=points[at].start,
                earliest=points[first].start,
                latest=points[last].end,
                probability=round(probability, 4),
                before=round(before, 4),
                after=round(after, 4),
                low=round(after - before - width, 4),
                high=round(after - before + width, 4),
                drivers=tuple(moved[:drivers]),
            )
        )
    return tuple(made)


_REACH: Final = 8


def stretch(chance: Floats, at: int) -> tuple[int, int, float]:
    """Return the shortest stretch around a break that holds 90 % of the chance within `_REACH` periods."""
    low, high = max(1, at - _REACH), min(len(chance) - 1, at + _REACH)
    goal = 0.9 * float(chance[low : high + 1].sum())
    first = last = at
    held = float(chance[at])
    while held < goal and (first > low or last < high):
        left = chance[first - 1] if first > low else -1.0
        right = chance[last + 1] if last < high else -1.0
        if left >= right:
            first, held = first - 1, held + float(left)
        else:
            last, held = last + 1, held + float(right)
    return first, last, min(1.0, held)


def _moved(
    observed: Observations,
    values: Sequence[Sequence[float]],
    sure: Sequence[Sequence[float]],
    errors: ErrorRates,
    span: range,
    before: float,
    wander: float,
) -> Iterator[tuple[int, list[float]]]:
    """Yield, for the first periods of a segment, how far each happening moved its level from the one before.

    That is the period's weight in the segment × the happening's in the period × its distance, freed of coder
    errors as the mean is, from the level before. Over a whole segment these add up to the step, but for what the
    prior holds back.
    """
    weights = {t: 1 / (observed.variance[t] + wander**2) for t in span if math.isfinite(float(observed.variance[t]))}
    total = sum(weights.values()) + 1 / _SPREAD**2
    for t in list(weights)[:_REACH]:
        own = weigh(values[t], sure[t], errors)
        right = observed.precision[t]
        freed = np.array(values[t]) - (1 - right) * observed.background - right * errors.shift
        shares = weights[t] / total * own / own.sum() * (freed / (right * errors.slope) - before)
        yield t, [float(share) for share in shares]


@dataclass(frozen=True, slots=True)
class Norm:
    """A period against the periods before it.

    Attributes:
        start: first day of the period.
        weeks: weeks that make the norm.
        measure: conflict or cooperation.
        happenings: happenings of the period.
        expected: what the norm expects, for as many documents as were read in the period.
        ratio: happenings ÷ expected; None where the base is low.
        low: lower end of the 90 % interval of the ratio.
        high: upper end.
        low_base: the norm rests on fewer happenings than `least`, so no ratio is given.
        ids: the period's happenings.
    """

    start: dt.date
    weeks: int
    measure: str
    happenings: int
    expected: float
    ratio: float | None
    low: float | None
    high: float | None
    low_base: bool
    ids: tuple[str, ...]


def dispersion(counts: Sequence[int], reads: Sequence[int]) -> float:
    """Return how far counts vary beyond a Poisson process per document read: Pearson's χ² ÷ freedom, at least 1.

    Source: McCullagh and Nelder 1989, Generalized Linear Models, 2nd ed., section 6.2.

    Args:
        counts: happenings by period.
        reads: documents read by period.
    """
    total, read = sum(counts), sum(reads)
    pairs = [(n, total * r / read) for n, r in zip(counts, reads, strict=True) if r] if total else []
    if len(pairs) < 2:
        return 1.0
    return max(1.0, sum((n - expected) ** 2 / expected for n, expected in pairs) / (len(pairs) - 1))


def norms(
    relation: Relation, direction: str = "joint", *, weeks: Sequence[int] = (4, 52), least: int = 5
) -> tuple[Norm, ...]:
    """Compare each week with the weeks before it, per document read, so that more news is not more tension.

    Args:
        relation: the pair's series by week.
        direction: "joint" or one of the directed series.
        weeks: lengths of the norms.
        least: happenings that a norm must rest on (the low-base rule).

    Raises:
        OptionError: the series is not by week.
    """
    if relation.by != "week":
        raise OptionError(f"norms compare weeks; the relation is by {relation.by}")
    if direction not in relation.series:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(relation.series)}")
    points = relation.series[direction]
    sides: Mapping[str, tuple[list[int], tuple[str, ...]]] = {
        "conflict": ([point.quads[2] + point.quads[3] for point in points], plover.QUADS[2:]),
        "cooperation": ([point.quads[0] + point.quads[1] for point in points], plover.QUADS[:2]),
    }
    reads = [point.read for point in points]
    found = []
    for t, point in enumerate(points):
        for length in weeks:
            if t < length:
                continue
            read = sum(reads[t - length : t])
            for measure, (counts, kinds) in sides.items():
                base = sum(counts[t - length : t])
                expected = base * point.read / read if read else 0.0
                low_base = base < least or not expected
                ratio = low = high = None
                if not low_base:
                    # Two Poisson counts: the logarithm of their ratio is near normal with half a count added.
                    # Happenings come in bursts; the year before says how much more they vary than Poisson.
                    year = slice(max(0, t - 52), t)
                    more = dispersion(counts[year], reads[year])
                    centre = math.log((counts[t] + 0.5) / (base + 0.5)) + math.log(read / point.read)
                    width = NormalDist().inv_cdf(0.95) * math.sqrt(more * (1 / (counts[t] + 0.5) + 1 / (base + 0.5)))
                    ratio, low, high = counts[t] / expected, math.exp(centre - width), math.exp(centre + width)
                ids = tuple(key for key in point.ids if plover.QUAD[relation.happenings[key].type] in kinds)
                found.append(Norm(point.start, length, measure, counts[t], expected, ratio, low, high, low_base, ids))
    return tuple(found)
