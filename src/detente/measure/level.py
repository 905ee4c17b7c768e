"""The level of a relation: a smooth of intensity with a credible band (formulas: docs/measures.md).

State space: the level deviates from a long-run mean and falls back to it with a stated half-life (an
Ornstein–Uhlenbeck process); a period's mean intensity observes it with the noise of how few happenings there
are and of how often the coder errs. The size of the movements is not fixed but averaged over (a grid posterior),
so the band knows that it is not known. Sources: Durbin and Koopman, Time Series Analysis by State Space
Methods, 2nd ed., ch. 4; Rauch, Tung, Striebel 1965; Gelman 2006 for the half-Cauchy prior.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from detente.errors import OptionError
from detente.measure.series import Point, Relation
from detente.store.happenings import Happening

Floats = np.ndarray[Any, np.dtype[np.float64]]

BANDS: Final[tuple[tuple[float, str], ...]] = (
    (-7.5, "fighting"),
    (-5.0, "coercive"),
    (-3.0, "hostile"),
    (-1.0, "tense"),
    (1.0, "mixed"),
    (3.0, "correct"),
    (5.0, "cordial"),
    (7.5, "cooperative"),
    (math.inf, "close"),
)
"""Upper bound of a level (−10 to +10) and its name; the bounds lie between PLOVER's types (docs/measures.md)."""


def band_name(level: float) -> str:
    """Return the name of a level."""
    return next(name for bound, name in BANDS if level < bound or bound == math.inf)


@dataclass(frozen=True, slots=True)
class CoderErrors:
    """How often the coder errs, as measured on labelled text.

    Attributes:
        precision: share of coded happenings that are right in type and parties, 0 to 1; None takes the mean
            confidence of a period's happenings, which the coder calibrates to be that share.
        cases: labelled events on which it was measured; fewer widen the band.
    """

    precision: float | None = None
    cases: int = 500

    def __post_init__(self) -> None:
        """Check the values."""
        if self.precision is not None and not 0 < self.precision <= 1:
            raise OptionError(f"precision is {self.precision}; it must be above 0 and at most 1")
        if self.cases < 1:
            raise OptionError(f"cases is {self.cases}; it must be at least 1")


@dataclass(frozen=True, slots=True)
class Level:
    """The level in one period; `value`, `low`, `high` and `name` are None where the data are too thin.

    `support` is the number of happenings that speak for it, each halved in weight for every half-life away.
    """

    start: dt.date
    end: dt.date
    value: float | None
    low: float | None
    high: float | None
    name: str | None
    support: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observations:
    """Mean intensities by period, ready to be smoothed; shapes (periods,).

    `mean` is corrected for coder errors and 0 where `count` is 0; `variance` is that of the mean (infinite
    there); `precision` the share of happenings that are right; `background` what a wrong one shows on average.
    """

    mean: Floats
    variance: Floats
    count: Floats
    precision: Floats
    background: float


_PRIOR_VARIANCE: Final = 20.0
_PRIOR_WEIGHT: Final = 5.0
"""Variance of happenings' intensity within a period, and the happenings that this guess counts for: between
two of PLOVER's types drawn at random it is 34, within one type 0 to 3."""


def observations(values: Sequence[Sequence[float]], precision: Sequence[float]) -> Observations:
    """Turn the intensities of each period's happenings into observed means.

    Args:
        values: intensities, −10 to +10, by period.
        precision: share of the happenings that are right, 0 to 1, by period.

    With share p right and the rest drawn from the relation's background with mean b, the expected mean is
    p·θ + (1 − p)·b; it is solved for the level θ, and its noise grows by 1 ÷ p.
    """
    count = np.array([len(one) for one in values], dtype=np.float64)
    every = [value for one in values for value in one]
    background = sum(every) / len(every) if every else 0.0
    within = sum((value - sum(one) / len(one)) ** 2 for one in values for value in one)
    freedom = float(np.maximum(count - 1, 0).sum())
    variance = (within + _PRIOR_VARIANCE * _PRIOR_WEIGHT) / (freedom + _PRIOR_WEIGHT)
    right = np.clip(np.array(precision, dtype=np.float64), 0.05, 1.0)
    raw = np.array([sum(one) / len(one) if one else 0.0 for one in values], dtype=np.float64)
    mean = np.where(count > 0, (raw - (1 - right) * background) / right, 0.0)
    noise = np.where(count > 0, variance / np.maximum(count, 1) / right**2, np.inf)
    return Observations(mean, noise, count, right, background)


_SPREADS: Final = np.geomspace(0.15, 6.0, 24)
"""Standard deviations of the level about its long-run mean that are averaged over."""


def smooth(observed: Observations, half_life: float) -> tuple[Floats, Floats]:
    """Return the level's posterior mean and variance by period, shape (periods,) each.

    Args:
        observed: the means.
        half_life: periods in which a deviation falls to its half without news.

    All spreads of the grid run side by side: arrays are (grid, 2, 2) for the state (deviation, long-run mean).
    """
    periods, grid = len(observed.mean), len(_SPREADS)
    phi = 0.5 ** (1 / half_life)
    stationary = _SPREADS**2
    move = np.zeros((2, 2))
    move[0, 0], move[1, 1] = phi, 1.0
    mean = np.zeros((grid, 2))
    cov = np.zeros((grid, 2, 2))
    cov[:, 0, 0] = stationary
    # The long-run mean is all but unknown: standard deviation 5 on a scale of −10 to +10.
    cov[:, 1, 1] = 25.0
    log_likelihood = np.zeros(grid)
    means, covs = np.zeros((periods, grid, 2)), np.zeros((periods, grid, 2, 2))
    predicted_means, predicted_covs = np.zeros_like(means), np.zeros_like(covs)
    see = np.array([1.0, 1.0])
    for t in range(periods):
        if t:
            mean = mean @ move.T
            cov = move @ cov @ move.T
            cov[:, 0, 0] += stationary * (1 - phi**2)
        predicted_means[t], predicted_covs[t] = mean, cov
        if np.isfinite(observed.variance[t]):
            spread = cov @ see
            total = spread @ see + observed.variance[t]
            surprise = observed.mean[t] - mean @ see
            gain = spread / total[:, None]
            mean = mean + gain * surprise[:, None]
            cov = cov - gain[:, :, None] * spread[:, None, :]
            log_likelihood -= 0.5 * (np.log(total) + surprise**2 / total)
        means[t], covs[t] = mean, cov
    for t in range(periods - 2, -1, -1):
        back = covs[t] @ move.T @ np.linalg.inv(predicted_covs[t + 1])
        means[t] = means[t] + (back @ (means[t + 1] - predicted_means[t + 1])[:, :, None])[:, :, 0]
        covs[t] = covs[t] + back @ (covs[t + 1] - predicted_covs[t + 1]) @ back.transpose(0, 2, 1)
    # Half-Cauchy prior on the spread, scale 2; the grid is even in the logarithm, hence the factor of the spread.
    weight = log_likelihood + np.log(_SPREADS / (1 + (_SPREADS / 2) ** 2))
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    levels = means.sum(2)
    variances = covs.sum((2, 3))
    centre = levels @ weight
    between = ((levels - centre[:, None]) ** 2) @ weight
    return centre, np.maximum(variances, 0) @ weight + between


def support(count: Floats, half_life: float) -> Floats:
    """Return the happenings that speak for each period, halved in weight for every half-life of distance."""
    keep = 0.5 ** (1 / half_life)
    before, after = np.zeros_like(count), np.zeros_like(count)
    for t in range(1, len(count)):
        before[t] = keep * (before[t - 1] + count[t - 1])
    for t in range(len(count) - 2, -1, -1):
        after[t] = keep * (after[t + 1] + count[t + 1])
    return before + count + after


def estimate(
    values: Sequence[Sequence[float]],
    precision: Sequence[float],
    *,
    half_life: float,
    cases: int = 500,
    band: float = 0.9,
) -> tuple[Floats, Floats, Floats]:
    """Return level, lower and upper bound by period, each of shape (periods,), −10 to +10.

    Args:
        values: intensities of each period's happenings.
        precision: share of them that is right, by period.
        half_life: memory, in periods.
        cases: labelled events behind the precision.
        band: probability that the level lies between the bounds.
    """
    observed = observations(values, precision)
    centre, variance = smooth(observed, half_life)
    # An error in the precision itself moves every level away from or towards the background.
    doubt = observed.precision * (1 - observed.precision) / cases / observed.precision**2
    total = np.sqrt(variance + (centre - observed.background) ** 2 * doubt)
    width = NormalDist().inv_cdf(0.5 + band / 2) * total
    return np.clip(centre, -10, 10), np.clip(centre - width, -10, 10), np.clip(centre + width, -10, 10)


_DAYS: Final = {"day": 1.0, "week": 7.0, "month": 30.44, "quarter": 91.31, "year": 365.25}


def level(
    relation: Relation,
    direction: str = "joint",
    *,
    half_life: float = 90.0,
    errors: CoderErrors | None = None,
    band: float = 0.9,
    least_support: float = 3.0,
) -> tuple[Level, ...]:
    """Return the level of a relation, period by period.

    Args:
        relation: the pair's series.
        direction: "joint" or one of the directed series.
        half_life: memory in days: without news a deviation from the long-run mean falls to half in so many.
        errors: how often the coder errs; by default its own calibrated confidence.
        band: probability that the level lies between `low` and `high`.
        least_support: below so many happenings (halved per half-life away) no value is given.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    if direction not in relation.series:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(relation.series)}")
    if not half_life > 0 or not 0 < band < 1:
        raise OptionError(f"half_life is {half_life}, band {band}; they must be above 0, and between 0 and 1")
    errors = errors or CoderErrors()
    points = relation.series[direction]
    if not points:
        return ()
    length = half_life / _DAYS[relation.by]
    values = [intensities(relation, point) for point in points]
    precision = precisions(relation, points, errors)
    centre, low, high = estimate(values, precision, half_life=length, cases=errors.cases, band=band)
    backing = support(np.array([len(one) for one in values], dtype=np.float64), length)
    found = []
    for t, point in enumerate(points):
        thin = bool(backing[t] < least_support)
        found.append(
            Level(
                point.start,
                point.end,
                None if thin else round(float(centre[t]), 4),
                None if thin else round(float(low[t]), 4),
                None if thin else round(float(high[t]), 4),
                None if thin else band_name(float(centre[t])),
                round(float(backing[t]), 3),
                point.ids,
            )
        )
    return tuple(found)


def intensities(relation: Relation, point: Point) -> list[float]:
    """Return the intensities of a period's happenings."""
    return [relation.happenings[key].intensity for key in point.ids]


def precisions(relation: Relation, points: Sequence[Point], errors: CoderErrors) -> list[float]:
    """Return the share of happenings that is right, by period."""
    if errors.precision is not None:
        return [errors.precision] * len(points)

    def mean(chosen: Sequence[Happening]) -> float:
        return sum(one.confidence for one in chosen) / len(chosen) if chosen else 1.0

    return [mean([relation.happenings[key] for key in point.ids]) for point in points]
