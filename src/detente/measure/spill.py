"""Spill-over: whether conflict over one issue leads or follows another, and which other pairs move with a pair.

Each series is stabilised, freed of the amount of news, of trend and of its own past (prewhitened), and the rest is
correlated at each lag. Intervals hold for all lags together: rows are drawn anew in blocks, so that what is left
of dependence in time stays in them, and the widest deviation over the lags sets the width. Chance is judged
against pairs of series whose blocks are drawn apart. Sources: Anscombe 1948 for the transformation; Haugh 1976,
Checking the independence of two covariance-stationary time series (JASA 71), for prewhitening; Politis and Romano
1994, The stationary bootstrap (JASA 89); Romano and Wolf 2005 for intervals that hold together; Benjamini and
Hochberg 1995 for many pairs.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from detente import plover
from detente.errors import OptionError
from detente.measure.level import Floats
from detente.measure.network import all_happenings, pairs_of
from detente.measure.series import By, Filters, check_known, parse_pair, period, periods, relation
from detente.store.happenings import Happening, Settings
from detente.store.store import Store, as_day


@dataclass(frozen=True, slots=True)
class Lag:
    """The correlation at one lag: of the first series with the second so many periods later (negative: earlier).

    `low` and `high` are an interval that holds for all lags of the spill-over together.
    """

    lag: int
    r: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Spill:
    """How two series move together.

    Attributes:
        first: what the first series is of.
        second: what the second is of.
        by: the period.
        lags: from −L to +L; empty where the data are too thin.
        chance: probability that series with no bond show as strong a correlation at some lag; None where thin.
        happenings: of the first and the second series.
        shared: happenings that would count in both, and so count in none.
        ids: happenings of the first series.
        ids_second: of the second.
    """

    first: str
    second: str
    by: By
    lags: tuple[Lag, ...]
    chance: float | None
    happenings: tuple[int, int]
    shared: int
    ids: tuple[str, ...]
    ids_second: tuple[str, ...]

    @property
    def thin(self) -> bool:
        """Whether there are too few happenings or periods to say anything."""
        return not self.lags

    @property
    def leads(self) -> tuple[Lag, ...]:
        """Lags at which the first surely comes before the second."""
        return tuple(lag for lag in self.lags if lag.sure and lag.lag > 0)

    @property
    def follows(self) -> tuple[Lag, ...]:
        """Lags at which the first surely comes after the second."""
        return tuple(lag for lag in self.lags if lag.sure and lag.lag < 0)

    @property
    def together(self) -> tuple[Lag, ...]:
        """Lag 0, if both surely move in the same period."""
        return tuple(lag for lag in self.lags if lag.sure and lag.lag == 0)


_OWN_PAST: Final = 2
"""Periods of its own past that a series is freed of."""
_SLOW: Final = 26
"""Movements slower than twice as many periods are taken for trend: two series that both drift seem bound."""
_LEAST_ROWS: Final = 40
_DRAWS: Final = 400
_SEED: Final = 1994


def stabilise(counts: Sequence[float]) -> Floats:
    """Return counts on a scale where their noise does not depend on their size (Anscombe: 2·√(n + 3/8))."""
    values: Floats = 2 * np.sqrt(np.asarray(counts, dtype=np.float64) + 0.375)
    return values


def whiten(series: Floats, reads: Sequence[int]) -> Floats:
    """Return what amount of news, slow movement (cosines down to a year of weeks) and own past leave of a series: shape (periods − 2,), standard deviation 1.

    Args:
        series: values by period.
        reads: documents read by period.
    """
    count = len(series)
    # A count at a steady rate per document goes, so stabilised, with the root of the documents.
    news = np.sqrt(np.asarray(reads, dtype=np.float64))
    rows = count - _OWN_PAST
    time = (np.arange(rows) + 0.5) / rows
    columns = [
        np.ones(rows),
        *(np.cos(np.pi * wave * time) for wave in range(1, 2 + rows // _SLOW)),
        *(news[_OWN_PAST - back : count - back] for back in range(_OWN_PAST + 1)),
        *(series[_OWN_PAST - back : count - back] for back in range(1, _OWN_PAST + 1)),
    ]
    design = np.stack(columns, axis=1)
    target = series[_OWN_PAST:]
    # The least-squares answer of least norm: constant news or a constant series need no case of their own.
    rest = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    spread = float(rest.std())
    return rest / spread if spread > 1e-9 else np.zeros_like(rest)


def _blocks(dice: np.random.Generator, rows: int, length: float, draws: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return row numbers drawn in blocks of random length (mean `length`), around a circle; shape (draws, rows)."""
    fresh = dice.random((draws, rows)) < 1 / length
    fresh[:, 0] = True
    starts = dice.integers(0, rows, (draws, rows))
    steps = np.arange(rows)
    latest = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    found = (np.take_along_axis(starts, latest, axis=1) + steps - latest) % rows
    return found.astype(np.int64)


def _correlations(x: Floats, y: Floats) -> Floats:
    """Return correlations over the last axis; 0 where a side does not vary."""
    x = x - x.mean(-1, keepdims=True)
    y = y - y.mean(-1, keepdims=True)
    size = np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    found: Floats = np.where(size > 1e-12, (x * y).sum(-1) / np.maximum(size, 1e-12), 0.0)
    return np.clip(found, -0.999999, 0.999999)


def lead_lag(x: Floats, y: Floats, *, lags: int, band: float = 0.9) -> tuple[tuple[Lag, ...], float]:
    """Return the correlations of two whitened series at every lag, and the chance that no bond shows as much.

    Args:
        x: the first series.
        y: the second, as long.
        lags: most periods between the two, either way.
        band: probability that all intervals hold together.
    """
    dice = np.random.default_rng(_SEED)
    rows = len(x) - 2 * lags
    shifts = range(-lags, lags + 1)
    first = x[lags : lags + rows]
    second = [y[lags + shift : lags + shift + rows] for shift in shifts]
    seen = np.array([float(_correlations(first, one)) for one in second])
    length = max(2.0, float(rows) ** (1 / 3))
    drawn, apart = _blocks(dice, rows, length, _DRAWS), _blocks(dice, rows, length, _DRAWS)
    centre = np.arctanh(seen)
    again = np.stack([np.arctanh(_correlations(first[drawn], one[drawn])) for one in second], axis=1)
    spread = np.maximum(again.std(axis=0), 1e-6)
    widest = np.abs((again - centre) / spread).max(axis=1)
    null = np.stack([np.abs(_correlations(first[drawn], one[apart])) for one in second], axis=1).max(axis=1)
    # Never narrower than what series with no bond show.
    width = np.maximum(np.quantile(widest, band) * spread, np.arctanh(np.quantile(null, band)))
    chance = float((1 + (null >= np.abs(seen).max()).sum()) / (1 + len(null)))
    low, high = np.tanh(centre - width), np.tanh(centre + width)
    found = tuple(
        Lag(shift, round(float(r), 4), round(float(a), 4), round(float(b), 4))
        for shift, r, a, b in zip(shifts, seen, low, high, strict=True)
    )
    return found, chance


def _check(lags: int, band: float) -> None:
    if lags < 1:
        raise OptionError(f"lags is {lags}; it must be at least 1")
    if not 0 < band < 1:
        raise OptionError(f"band is {band}; it must be between 0 and 1")


def spill_over(
    store: Store,
    a: str,
    b: str,
    first: Collection[str],
    second: Collection[str],
    *,
    by: By = "week",
    direction: str = "joint",
    lags: int = 6,
    least: int = 20,
    band: float = 0.9,
    filters: Filters | None = None,
    from_: dt.date | str | None = None,
    to: dt.date | str | None = None,
    settings: Settings | None = None,
) -> Spill:
    """Return whether a pair's conflict over one issue leads or follows its conflict over another.

    Args:
        store: where the events are.
        a: a country ("CHN") or a sector of it ("CHN:GOV").
        b: likewise.
        first: contexts that make the first issue ("economic").
        second: contexts that make the second.
        by: the period.
        direction: "joint", or "A→B" or "B→A" with the parties' names.
        lags: most periods between the two, either way.
        least: happenings that each side must have.
        band: probability that all intervals hold together.
        filters: which events count; its contexts are not looked at.
        from_: first day.
        to: last day, included.
        settings: how reports are joined to happenings.

    A happening is about the contexts that any of its reports is about; one about both issues counts in neither.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    _check(lags, band)
    if not first or not second or set(first) & set(second):
        raise OptionError("two issues are wanted that share no context")
    filters = replace(filters or Filters(), contexts=(*sorted(first), *sorted(second)))
    found = relation(
        store, a, b, by=by, contexts=filters.contexts, sources=filters.sources, attributed=filters.attributed,
        min_confidence=filters.min_confidence, from_=from_, to=to, settings=settings,
    )  # fmt: skip
    if direction not in found.series:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(found.series)}")
    sides: tuple[list[float], list[float]] = ([], [])
    ids: tuple[list[str], list[str]] = ([], [])
    shared = 0
    points = found.series[direction]
    for point in points:
        counts = [0, 0]
        for key in point.ids:
            happening = found.happenings[key]
            if plover.QUAD[happening.type] not in plover.QUADS[2:]:
                continue
            about = {c for r in happening.reports for c in found.rows.value(r, "contexts")}
            here = bool(about & set(first)), bool(about & set(second))
            if all(here):
                shared += 1
            else:
                side = here.index(True)
                counts[side] += 1
                ids[side].append(key)
        for values, count in zip(sides, counts, strict=True):
            values.append(count)
    lagged: tuple[Lag, ...] = ()
    chance = None
    if min(map(len, ids)) >= least and len(points) - _OWN_PAST - 2 * lags >= _LEAST_ROWS:
        reads = [point.read for point in points]
        one, two = (whiten(stabilise(side), reads) for side in sides)
        lagged, chance = lead_lag(one, two, lags=lags, band=band)
    names = "+".join(sorted(first)), "+".join(sorted(second))
    return Spill(
        *names, by, lagged, chance, (len(ids[0]), len(ids[1])), shared, tuple(ids[0]), tuple(ids[1])
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Another pair, and how it moves with the pair asked about (`spill.first` is that pair's net).

    `surprise` is the share of such finds that would be chance, were all as strong taken (Benjamini–Hochberg).
    """

    pair: tuple[str, str]
    spill: Spill
    surprise: float


def third_parties(
    store: Store,
    a: str,
    b: str,
    from_: dt.date | str,
    to: dt.date | str,
    *,
    by: By = "week",
    lags: int = 4,
    least: int = 30,
    most: int = 50,
    band: float = 0.9,
    countries: Collection[str] | None = None,
    filters: Filters | None = None,
    settings: Settings | None = None,
) -> tuple[ThirdParty, ...]:
    """Return the other pairs, those first that most surely move when a pair does.

    Args:
        store: where the events are.
        a: a country ("CHN").
        b: another.
        from_: first day.
        to: last day, included.
        by: the period.
        lags: most periods between the two, either way.
        least: happenings that each pair must have.
        most: most pairs that are looked at, those with most happenings.
        band: probability that all intervals of a pair hold together.
        countries: only pairs of these; by default all but `LUMPS` of the network.
        filters: which events count.
        settings: how reports are joined to happenings.

    What is compared is net intensity, by period. Happenings of both pairs count in neither.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    _check(lags, band)
    if any(sector for _, sector in parse_pair(a, b)):
        raise OptionError("third parties are looked for between countries; leave the sector out")
    check_known(store, (a, b))
    start, end = as_day(from_), as_day(to)
    filters = filters or Filters()
    slots = periods(start, end, by)
    at = {first: number for number, (first, _) in enumerate(slots)}
    joint: dict[tuple[str, str], dict[str, Happening]] = defaultdict(dict)
    for happening in all_happenings(store, start, end, filters=filters, settings=settings).values():
        for one, two in pairs_of(happening, countries):
            joint[min(one, two), max(one, two)][happening.id] = happening
    own = min(a, b), max(a, b)
    centre = joint.pop(own, {})
    ranked = sorted(joint.items(), key=lambda item: (-len(item[1]), item[0]))[:most]
    reads = _reads(store, filters, slots, by)
    found: list[tuple[tuple[str, str], Spill]] = []
    for pair, happenings in ranked:
        shared = centre.keys() & happenings.keys()
        sides = [[h for key, h in side.items() if key not in shared] for side in (centre, happenings)]
        if min(map(len, sides)) < least or len(slots) - _OWN_PAST - 2 * lags < _LEAST_ROWS:
            continue
        moved, other = (whiten(_net(side, at, by), reads) for side in sides)
        lagged, chance = lead_lag(moved, other, lags=lags, band=band)
        ids = [tuple(h.id for h in side) for side in sides]
        names = "–".join(own), "–".join(pair)
        counts = len(ids[0]), len(ids[1])
        found.append((pair, Spill(*names, by, lagged, chance, counts, len(shared), ids[0], ids[1])))
    found.sort(key=lambda entry: (entry[1].chance or 0.0, entry[0]))
    made: list[ThirdParty] = []
    surprise = 1.0
    for number in range(len(found), 0, -1):
        pair, spill = found[number - 1]
        surprise = min(surprise, (spill.chance or 0.0) * len(found) / number)
        made.append(ThirdParty(pair, spill, surprise))
    return tuple(reversed(made))


def _net(happenings: Sequence[Happening], at: Mapping[dt.date, int], by: By) -> Floats:
    """Return net intensity by period, on a scale where its noise grows less with its size: sign · √|net|."""
    sums = np.zeros(len(at))
    for happening in happenings:
        day = min(happening.reports, key=lambda r: ((r.end - r.day).days, r.day)).day
        sums[at[period(day, by)[0]]] += happening.intensity
    values: Floats = np.sign(sums) * np.sqrt(np.abs(sums))
    return values


def _reads(store: Store, filters: Filters, slots: Sequence[tuple[dt.date, dt.date]], by: By) -> list[int]:
    where = " AND list_contains(?::varchar[], source)" if filters.sources else ""
    query = f"SELECT date, count(*) AS documents FROM records WHERE date BETWEEN ? AND ?{where} GROUP BY date"
    values: list[Any] = [slots[0][0], slots[-1][1], *([list(filters.sources)] if filters.sources else [])]
    counts: Counter[dt.date] = Counter()
    for row in store.sql(query, values).to_pylist():
        counts[period(row["date"], by)[0]] += row["documents"]
    return [counts[first] for first, _ in slots]
