"""The level of a relation: a smooth of intensity with a credible band (formulas: docs/measures.md).

State space: the level deviates from a long-run mean and falls back to it with a stated half-life (an
Ornstein–Uhlenbeck process); a period's mean intensity observes it with the noise of how few happenings there
are and of how often the coder errs. The size of the movements is not fixed but averaged over (a grid posterior),
so the band knows that it is not known. Sources: Durbin and Koopman, Time Series Analysis by State Space
Methods, 2nd ed., ch. 4; Rauch, Tung, Striebel 1965; Chung, Rabe-Hesketh,
Dorie, Gelman, Liu 2013, A nondegenerate penalized likelihood estimator (Psychometrika 78), for the prior on
the movements.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any, Final

import numpy as np

from detente.errors import OptionError
from detente.measure.series import Point, Relation

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
class ErrorRates:
    """How often the coder errs, as measured on labelled text, and what its errors do to a mean intensity.

    Attributes:
        precision: share of coded happenings that tell of an act of these parties at all, 0 to 1; None takes each
            happening's own confidence, which the coder calibrates to be that share.
        cases: labelled events on which the figures were measured; fewer widen the band.
        slope: of coded on true intensity among right happenings; below 1 where types are taken for milder ones.
        shift: mean coded intensity of a right happening whose true intensity is 0.
        scatter: standard deviation of coded intensity about that line.
        recall: share found of the cooperative (true intensity above 0) and of the other acts, 0 to 1.

    Raises:
        OptionError: a figure makes no sense.
    """

    precision: float | None = None
    cases: int = 500
    slope: float = 1.0
    shift: float = 0.0
    scatter: float = 0.0
    recall: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        """Check the values."""
        shares = {"precision": 1.0 if self.precision is None else self.precision}
        shares |= {"recall of cooperation": self.recall[0], "recall of conflict": self.recall[1]}
        for name, value in shares.items():
            if not 0 < value <= 1:
                raise OptionError(f"{name} is {value}; it must be above 0 and at most 1")
        if self.cases < 1:
            raise OptionError(f"cases is {self.cases}; it must be at least 1")
        if not (0.1 <= self.slope <= 2 and abs(self.shift) <= 10 and 0 <= self.scatter <= 20):
            raise OptionError(
                f"slope is {self.slope}, shift {self.shift}, scatter {self.scatter};"
                " they must lie in 0.1 to 2, −10 to 10 and 0 to 20"
            )

    @classmethod
    def measured(cls, cases: Iterable[tuple[float | None, float | None]]) -> ErrorRates:
        """Measure the rates on labelled text.

        Args:
            cases: (true, coded) intensity of each event; coded None where the coder missed it, true None where
                the coder made it up.

        Raises:
            OptionError: there are not two right events.
        """
        listed = list(cases)
        both = [(true, coded) for true, coded in listed if true is not None and coded is not None]
        if len(both) < 2:
            raise OptionError(f"error rates are measured on labelled events; {len(both)} were coded, 2 are needed")
        found = sum(coded is not None for _, coded in listed)
        x, y = np.array([true for true, _ in both]), np.array([coded for _, coded in both])
        spread = float(x.var())
        slope = float(((x - x.mean()) * (y - y.mean())).mean() / spread) if spread > 0 else 1.0
        slope = min(2.0, max(0.1, slope))
        shift = float(y.mean() - slope * x.mean())
        scatter = float(np.sqrt(((y - shift - slope * x) ** 2).mean()))
        recall = []
        for cooperative in (True, False):
            side = [coded is not None for true, coded in listed if true is not None and (true > 0) == cooperative]
            # One case of each kind is added (Laplace): a rate from few cases is never 0.
            recall.append((sum(side) + 1) / (len(side) + 2) if side else 1.0)
        return cls(len(both) / found, len(listed), slope, shift, scatter, (recall[0], recall[1]))

    @classmethod
    def from_manifest(cls, figures: Mapping[str, Any]) -> ErrorRates:
        """Read the rates from a model manifest's figures: this class's attributes by name, others are let be.

        Raises:
            OptionError: a figure is no number or makes no sense.
        """
        known = {one.name for one in fields(cls)}
        chosen = {name: value for name, value in figures.items() if name in known}
        try:
            if "recall" in chosen:
                cooperation, conflict = chosen["recall"]
                chosen["recall"] = (float(cooperation), float(conflict))
            for name in {"slope", "shift", "scatter"} & set(chosen):
                chosen[name] = float(chosen[name])
            if chosen.get("precision") is not None:
                chosen["precision"] = float(chosen["precision"])
            if "cases" in chosen:
                chosen["cases"] = int(chosen["cases"])
        except (TypeError, ValueError) as error:
            raise OptionError(f"the manifest's error rates are no numbers: {error}") from error
        return cls(**chosen)


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
    `lean` is the derivative of the mean with the logarithm of the recall of conflict (that of cooperation is its
    negative).
    """

    mean: Floats
    variance: Floats
    count: Floats
    precision: Floats
    background: float
    lean: Floats


_PRIOR_VARIANCE: Final = 20.0
_PRIOR_WEIGHT: Final = 5.0
"""Variance of happenings' intensity within a period, and the happenings that this guess counts for: between
two of PLOVER's types drawn at random it is 34, within one type 0 to 3."""


_LEAST_SURE: Final = 0.05


def weigh(values: Sequence[float] | Floats, precision: Sequence[float] | Floats, errors: ErrorRates) -> Floats:
    """Return each happening's weight: the probability that it is right ÷ the recall of its side."""
    intensity, sure = np.asarray(values, dtype=np.float64), np.asarray(precision, dtype=np.float64)
    recall = np.where(intensity > 0, errors.recall[0], errors.recall[1])
    weights: Floats = np.clip(sure, _LEAST_SURE, 1.0) / recall
    return weights


def observations(
    values: Sequence[Sequence[float]], precision: Sequence[Sequence[float]], errors: ErrorRates | None = None
) -> Observations:
    """Turn the intensities of each period's happenings into observed means.

    Args:
        values: intensities, −10 to +10, by period.
        precision: probability that each of them is right, 0 to 1, in the same shape.
        errors: what else the coder does to a mean; by default nothing.

    A happening weighs the probability that it is right, and 1 ÷ the recall of its side, since so many were there
    for each that was found. With weighted share p right, read as shift + slope·θ, and the rest drawn from the relation's background with mean b, the expected
    mean is p·(shift + slope·θ) + (1 − p)·b; it is solved for the level θ, and its noise grows by 1 ÷ (p·slope).
    """
    errors = errors or ErrorRates()
    count = np.array([len(one) for one in values], dtype=np.float64)
    kept = [np.array(one, dtype=np.float64) for one in values]
    sides = [weigh(one, [1.0] * len(one), errors) for one in kept]
    sure = [np.clip(np.array(one, dtype=np.float64), _LEAST_SURE, 1.0) for one in precision]
    weights = [weigh(one, right, errors) for one, right in zip(kept, sure, strict=True)]
    total = np.array([float(one.sum()) for one in weights])
    squares = np.array([float((one**2).sum()) for one in weights])
    sums = np.array([float(w @ one) for w, one in zip(weights, kept, strict=True)])
    seen = count > 0
    raw = np.where(seen, sums / np.where(seen, total, 1), 0.0)
    background = sum(float(w @ one) for w, one in zip(sides, kept, strict=True)) if seen.any() else 0.0
    background /= sum(float(w.sum()) for w in sides) if seen.any() else 1.0
    within = sum(float(((one - one.mean()) ** 2).sum()) for one in kept if len(one))
    freedom = float(np.maximum(count - 1, 0).sum())
    variance = (within + _PRIOR_VARIANCE * _PRIOR_WEIGHT) / (freedom + _PRIOR_WEIGHT)
    rights = np.array([float(w @ p) for w, p in zip(weights, sure, strict=True)])
    right = np.where(seen, rights / np.where(seen, total, 1), 1.0)
    gain = right * errors.slope
    mean = np.where(seen, (raw - (1 - right) * background - right * errors.shift) / gain, 0.0)
    # Effective number of happenings under unequal weights (Kish 1965).
    effective = np.where(seen, total**2 / np.where(seen, squares, 1), 1.0)
    noise = np.where(seen, variance / effective / gain**2, np.inf)
    above = np.array([float((w * one)[one > 0].sum()) for w, one in zip(weights, kept, strict=True)])
    share = np.array([float(w[one > 0].sum()) for w, one in zip(weights, kept, strict=True)])
    whole = np.where(seen, total, 1)
    lean = np.where(seen, (above - raw * share) / whole / gain, 0.0)
    return Observations(mean, noise, count, right, background, lean)


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
    # Gamma prior on the spread, shape 2 and scale 2, which lets no posterior rest on the boundary, where the band
    # would be too narrow; the grid is even in the logarithm, hence the second factor of the spread.
    weight = log_likelihood + 2 * np.log(_SPREADS) - _SPREADS / 2
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
    precision: Sequence[Sequence[float]],
    *,
    half_life: float,
    errors: ErrorRates | None = None,
    band: float = 0.9,
) -> tuple[Floats, Floats, Floats]:
    """Return level, lower and upper bound by period, each of shape (periods,), −10 to +10.

    Args:
        values: intensities of each period's happenings.
        precision: probability that each of them is right, in the same shape.
        half_life: memory, in periods.
        errors: the coder's measured errors; its `precision` is not looked at here, its `cases` are.
        band: probability that the level lies between the bounds.
    """
    errors = errors or ErrorRates()
    observed = observations(values, precision, errors)
    centre, variance = smooth(observed, half_life)
    total = np.sqrt(variance + _doubt(observed, centre, errors))
    width = NormalDist().inv_cdf(0.5 + band / 2) * total
    return np.clip(centre, -10, 10), np.clip(centre - width, -10, 10), np.clip(centre + width, -10, 10)


_LABELLED_VARIANCE: Final = 26.0
"""Variance of true intensity in a labelled set: of PLOVER's types as the labelled reports have them."""


def stretch_variance(precision: float, errors: ErrorRates) -> float:
    """Return the relative variance of any difference of levels that comes of uncertain error rates.

    Args:
        precision: share of happenings that are right, 0 to 1.
        errors: the coder's measured errors.
    """
    matched = max(errors.cases * precision, 1.0)
    slope = errors.scatter**2 / (_LABELLED_VARIANCE * matched) / errors.slope**2
    return (1 - precision) / precision / errors.cases + slope


def _doubt(observed: Observations, centre: Floats, errors: ErrorRates) -> Floats:
    """Return the variance of the level that comes of error rates measured on finitely many cases (delta method).

    An error in the precision moves every level away from or towards the background, one in the slope away from
    or towards 0, one in the shift all alike, one in a recall towards the other side.
    """
    right, cases = observed.precision, errors.cases
    matched = np.maximum(cases * right, 1.0)
    precision = (errors.shift + errors.slope * centre - observed.background) ** 2 / errors.slope**2
    precision = precision * (1 - right) / right / cases
    slope = centre**2 * errors.scatter**2 / (_LABELLED_VARIANCE * matched) / errors.slope**2
    shift = errors.scatter**2 / matched / errors.slope**2
    seen = observed.count > 0
    lean = float((observed.lean * observed.count)[seen].sum() / observed.count.sum()) if seen.any() else 0.0
    recall = sum(lean**2 * (1 - one) / one / (cases / 2) for one in errors.recall)
    return np.asarray(precision + slope + shift + recall, dtype=np.float64)


_DAYS: Final = {"day": 1.0, "week": 7.0, "month": 30.44, "quarter": 91.31, "year": 365.25}


def level(
    relation: Relation,
    direction: str = "joint",
    *,
    half_life: float = 90.0,
    errors: ErrorRates | None = None,
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
    errors = errors or ErrorRates()
    points = relation.series[direction]
    if not points:
        return ()
    length = half_life / _DAYS[relation.by]
    values = [intensities(relation, point) for point in points]
    precision = precisions(relation, points, errors)
    centre, low, high = estimate(values, precision, half_life=length, errors=errors, band=band)
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


def precisions(relation: Relation, points: Sequence[Point], errors: ErrorRates) -> list[list[float]]:
    """Return the probability that each happening of each period is right: as measured, or else its confidence."""
    if errors.precision is not None:
        return [[errors.precision] * len(point.ids) for point in points]
    return [[relation.happenings[key].confidence for key in point.ids] for point in points]
