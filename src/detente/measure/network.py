"""All pairs of a period: a matrix, a graph, the balance of triads, and a state's partners ranked by change.

Sources: Cartwright and Harary 1956, Structural balance (a triad is balanced where the product of its signs is
positive); Davis 1967 for weak balance (three enemies are no strain). Means are shrunk as in Gelman and Hill 2007,
Data Analysis Using Regression and Multilevel Models, section 12.2.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Final, Literal, get_args

import numpy as np

from detente import plover
from detente.errors import OptionError
from detente.measure.level import Floats, band_name
from detente.measure.series import Filters, Opens, Rows, opened_in
from detente.store.happenings import Happening, Settings, join
from detente.store.store import Store, as_day

LUMPS: Final = frozenset({"IGO", "NGO", "ISM", "IMG", "MNC"})
"""Codes of many who are no one party; in the network only where they are asked for."""

Measure = Literal["happenings", "reports", "cooperation", "conflict", "net", "mean", "share_of_conflict"]


@dataclass(frozen=True, slots=True)
class Tie:
    """What went from one party to another in the period, or between both (`Network.joint`).

    Attributes:
        a: country that acts, or of a joint tie the first by name.
        b: the other.
        happenings: how many.
        reports: documents that report them.
        cooperation: sum of the intensities above 0.
        conflict: sum of the intensities below 0, without the sign.
        net: cooperation − conflict.
        mean: mean intensity, −10 to +10.
        share_of_conflict: happenings of the conflict quads ÷ happenings.
        ids: the happenings.
    """

    a: str
    b: str
    happenings: int
    reports: int
    cooperation: float
    conflict: float
    net: float
    mean: float
    share_of_conflict: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Network:
    """All pairs with a happening between them in a period.

    `ties` are directed, by (actor, recipient); `joint` without direction, by the pair in order of name, each
    happening once. `countries` are in order of happenings, most first.
    """

    start: dt.date
    end: dt.date
    countries: tuple[str, ...]
    ties: Mapping[tuple[str, str], Tie]
    joint: Mapping[tuple[str, str], Tie]
    happenings: Mapping[str, Happening] = field(repr=False)

    def matrix(self, measure: Measure = "net", *, directed: bool = True) -> Floats:
        """Return a measure of every pair, shape (countries, countries), rows act; NaN where nothing happened.

        Raises:
            OptionError: no such measure.
        """
        if measure not in get_args(Measure):
            raise OptionError(f"measure is {measure!r}; it must be one of {', '.join(get_args(Measure))}")
        at = {country: number for number, country in enumerate(self.countries)}
        found = np.full((len(at), len(at)), np.nan)
        for (a, b), tie in (self.ties if directed else self.joint).items():
            found[at[a], at[b]] = getattr(tie, measure)
            if not directed:
                found[at[b], at[a]] = getattr(tie, measure)
        return found

    def graph(self, *, directed: bool = True) -> dict[str, Any]:
        """Return the network as node-link JSON, as d3 and networkx (`node_link_graph`, edges="links") read it."""
        ties = self.ties if directed else self.joint
        weight: Counter[str] = Counter()
        for tie in self.joint.values():
            weight[tie.a] += tie.happenings
            weight[tie.b] += tie.happenings
        return {
            "directed": directed,
            "multigraph": False,
            "graph": {"start": self.start.isoformat(), "end": self.end.isoformat()},
            "nodes": [{"id": country, "happenings": weight[country]} for country in self.countries],
            "links": [
                {"source": a, "target": b, "level": band_name(tie.mean), "ids": list(tie.ids)}
                | {name: getattr(tie, name) for name in get_args(Measure)}
                for (a, b), tie in sorted(ties.items())
            ],
        }

    def evidence(self, store: Store, ids: str | Iterable[str] | Opens | None = None) -> list[dict[str, Any]]:
        """Return the reports behind happenings, or behind a tie or a triad (`Relation.evidence`)."""
        return opened_in(store, self.happenings, ids)


def all_happenings(
    store: Store,
    start: dt.date,
    end: dt.date,
    *,
    filters: Filters | None = None,
    status: Sequence[plover.Status] = ("actual",),
    settings: Settings | None = None,
) -> dict[str, Happening]:
    """Return the happenings between any two countries in a period, by id, in order of day.

    Args:
        store: where the events are.
        start: first day.
        end: last day, included.
        filters: which events count.
        status: which statuses count.
        settings: how reports are joined to happenings.

    Happenings whose time is told more coarsely than the period is long, or than a week, are left out.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    if start > end:
        raise OptionError(f"the period begins on {start} and ends before, on {end}")
    for value in status:
        if value not in plover.STATUSES:
            raise OptionError(f"status is {value!r}; it must be one of {', '.join(plover.STATUSES)}")
    where, values = (filters or Filters()).where()
    # A report a little outside may tell of the same happening as one inside.
    margin = dt.timedelta((settings or Settings()).days + 1)
    query = (
        "SELECT document, event, type, mode, status, date, date_end, published, actor_names, actor_countries,"
        " actor_sectors, recipient_names, recipient_countries, recipient_sectors, place, place_country, trigger,"
        f" sentence, intensity, confidence FROM events WHERE {where} AND list_contains(?::varchar[], status)"
        " AND coalesce(date, published) BETWEEN ? AND ?"
        " AND len(list_distinct(list_concat(actor_countries, recipient_countries))) > 1"
    )
    low = start - min(margin, start - dt.date.min)
    high = end + min(margin, dt.date.max - end)
    rows = Rows(store.sql(query, [*values, list(status), low, high]))
    return {h.id: h for h in join(rows.reports(), settings) if _within_time(h, start, end)}


def _within_time(happening: Happening, start: dt.date, end: dt.date) -> bool:
    finest = min(happening.reports, key=lambda r: ((r.end - r.day).days, r.day))
    return (finest.end - finest.day).days < max(7, (end - start).days + 1) and start <= finest.day <= end


def pairs_of(happening: Happening, countries: Collection[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the (actor, recipient) countries of a happening, each once; a mutual act goes both ways.

    Args:
        happening: the happening.
        countries: only these; by default all but `LUMPS`.
    """

    def known(side: Iterable[tuple[str, str | None, str | None]]) -> list[str]:
        named = dict.fromkeys(country for _, country, _ in side if country)
        return [c for c in named if (c in countries if countries is not None else c not in LUMPS)]

    seen = set()
    for report in happening.reports:
        actors = known(report.actors)
        for a in actors:
            for b in known(report.recipients) if report.recipients else actors:
                if a != b and (a, b) not in seen:
                    seen.add((a, b))
                    yield a, b


def network(
    store: Store,
    from_: dt.date | str,
    to: dt.date | str,
    *,
    countries: Collection[str] | None = None,
    filters: Filters | None = None,
    status: Sequence[plover.Status] = ("actual",),
    settings: Settings | None = None,
    happenings: Mapping[str, Happening] | None = None,
) -> Network:
    """Return all pairs of countries in a period.

    Args:
        store: where the events are.
        from_: first day.
        to: last day, included.
        countries: only these; by default all but `LUMPS`.
        filters: which events count.
        status: which statuses count.
        settings: how reports are joined to happenings.
        happenings: those of a longer time (`all_happenings`), so that several periods need them once; then filters,
            status and settings are theirs.

    Raises:
        OptionError: an option has a value that makes no sense.
    """
    start, end = as_day(from_), as_day(to)
    if happenings is None:
        happenings = all_happenings(store, start, end, filters=filters, status=status, settings=settings)
    else:
        happenings = {key: one for key, one in happenings.items() if _within_time(one, start, end)}
    directed: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    joint: dict[tuple[str, str], list[Happening]] = defaultdict(list)
    for happening in happenings.values():
        pairs = list(pairs_of(happening, countries))
        for pair in pairs:
            directed[pair].append(happening)
        for a, b in dict.fromkeys((min(pair), max(pair)) for pair in pairs):
            joint[a, b].append(happening)
    weight: Counter[str] = Counter()
    for pair, listed in joint.items():
        for country in pair:
            weight[country] += len(listed)
    kept = {h.id: h for listed in joint.values() for h in listed}
    return Network(
        start,
        end,
        tuple(sorted(weight, key=lambda country: (-weight[country], country))),
        {pair: _tie(pair, listed) for pair, listed in sorted(directed.items())},
        {pair: _tie(pair, listed) for pair, listed in sorted(joint.items())},
        kept,
    )


def _tie(pair: tuple[str, str], happenings: Sequence[Happening]) -> Tie:
    values = [happening.intensity for happening in happenings]
    cooperation = float(sum(value for value in values if value > 0))
    conflict = float(-sum(value for value in values if value < 0)) or 0.0
    conflicts = sum(plover.QUAD[happening.type] in plover.QUADS[2:] for happening in happenings)
    return Tie(
        a=pair[0],
        b=pair[1],
        happenings=len(values),
        reports=len({report.document for happening in happenings for report in happening.reports}),
        cooperation=cooperation,
        conflict=conflict,
        net=cooperation - conflict,
        mean=sum(values) / len(values),
        share_of_conflict=conflicts / len(values),
        ids=tuple(happening.id for happening in happenings),
    )


_PRIOR_VARIANCE: Final = 20.0
_PRIOR_FREEDOM: Final = 5.0


def _within(*networks: Network) -> float:
    """Return the variance of happenings' intensity within a pair, drawn a little to a prior guess of 20."""
    squares, freedom = _PRIOR_VARIANCE * _PRIOR_FREEDOM, _PRIOR_FREEDOM
    for one in networks:
        for tie in one.joint.values():
            squares += sum((one.happenings[key].intensity - tie.mean) ** 2 for key in tie.ids)
            freedom += tie.happenings - 1
    return squares / freedom


_SPREAD: Final = 4.0
"""Prior standard deviation of a pair's level about the mean of all pairs, on the scale of −10 to +10."""


def _shrunk(tie: Tie | None, centre: float, within: float) -> tuple[float, float]:
    """Return a pair's level and its variance, given few happenings drawn to the mean of all pairs."""
    count = tie.happenings if tie else 0
    precision = count / within + 1 / _SPREAD**2
    mean = ((tie.mean if tie else 0.0) * count / within + centre / _SPREAD**2) / precision
    return mean, 1 / precision


@dataclass(frozen=True, slots=True)
class Triad:
    """Three countries, each two of which have a tie of known sign.

    Attributes:
        members: in order of name.
        signs: +1 or −1 of the ties first–second, first–third, second–third.
        balanced: the product of the signs is positive.
        strength: the weakest tie's distance from 0, on the scale of −10 to +10.
        ids: the happenings of the three ties.
    """

    members: tuple[str, str, str]
    signs: tuple[int, int, int]
    balanced: bool
    strength: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """The triads of a network, strongest first.

    Attributes:
        triads: all whose three ties have a sign.
        kinds: triads by number of hostile ties, 0 to 3.
        share: balanced ÷ all; None without a triad.
        weak_share: as `share`, three enemies counted as balanced (Davis).
        expected: mean share where the same signs lie on the same ties by chance.
        chance: share of such shuffles that are at least as balanced.
        unsigned: ties left out, as their sign is not sure enough.
    """

    triads: tuple[Triad, ...]
    kinds: tuple[int, int, int, int]
    share: float | None
    weak_share: float | None
    expected: float | None
    chance: float | None
    unsigned: int


_SHUFFLES: Final = 400
_SEED: Final = 1956


def balance(found: Network, *, least: int = 3, sure: float = 0.9) -> Balance:
    """Return the triads of a network and how balanced they are.

    Args:
        found: the network.
        least: happenings that a tie must have for a sign.
        sure: probability that its level lies on that side of 0.

    Raises:
        OptionError: `sure` is not between 0.5 and 1.
    """
    if not 0.5 <= sure < 1:
        raise OptionError(f"sure is {sure}; it must be at least 0.5 and below 1")
    within = _within(found)
    names = sorted(found.countries)
    at = {name: number for number, name in enumerate(names)}
    signs = np.zeros((len(names), len(names)), dtype=np.int64)
    level: dict[tuple[str, str], float] = {}
    unsigned = 0
    for pair, tie in found.joint.items():
        mean, variance = _shrunk(tie, 0.0, within)
        if tie.happenings < least or NormalDist().cdf(abs(mean) / math.sqrt(variance)) < sure:
            unsigned += 1
            continue
        level[pair] = mean
        signs[at[pair[0]], at[pair[1]]] = signs[at[pair[1]], at[pair[0]]] = 1 if mean > 0 else -1
    triads = []
    for i, j in np.argwhere(np.triu(signs, 1)).tolist():
        for k in np.flatnonzero(signs[i] & signs[j]).tolist():
            if k <= j:
                continue
            members = names[i], names[j], names[k]
            three = int(signs[i, j]), int(signs[i, k]), int(signs[j, k])
            sides = (members[0], members[1]), (members[0], members[2]), (members[1], members[2])
            triads.append(
                Triad(
                    members,
                    three,
                    three[0] * three[1] * three[2] > 0,
                    round(min(abs(level[side]) for side in sides), 4),
                    tuple(dict.fromkeys(key for side in sides for key in found.joint[side].ids)),
                )
            )
    triads.sort(key=lambda triad: (-triad.strength, triad.members))
    hostile = Counter(triad.signs.count(-1) for triad in triads)
    kinds = hostile[0], hostile[1], hostile[2], hostile[3]
    if not triads:
        return Balance((), kinds, None, None, None, None, unsigned)
    share = (kinds[0] + kinds[2]) / len(triads)
    shuffled = _shuffled_shares(signs)
    return Balance(
        triads=tuple(triads),
        kinds=kinds,
        share=share,
        weak_share=(kinds[0] + kinds[2] + kinds[3]) / len(triads),
        expected=float(shuffled.mean()),
        chance=float((1 + (shuffled >= share - 1e-12).sum()) / (1 + len(shuffled))),
        unsigned=unsigned,
    )


def _shuffled_shares(signs: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
    """Return the share of balanced triads for each of `_SHUFFLES` shuffles of the signs over the ties."""
    dice = np.random.default_rng(_SEED)
    rows, columns = np.nonzero(np.triu(signs, 1))
    values = signs[rows, columns].astype(np.float64)
    there = np.abs(signs).astype(np.float64)
    # tr(A³) sums the products of signs over closed walks, six of them a triad.
    triads = float(np.einsum("ij,ji->", there @ there, there))
    shares = np.empty(_SHUFFLES)
    for number in range(_SHUFFLES):
        mixed = np.zeros_like(there)
        mixed[rows, columns] = dice.permutation(values)
        mixed += mixed.T
        shares[number] = (1 + float(np.einsum("ij,ji->", mixed @ mixed, mixed)) / triads) / 2
    return shares


@dataclass(frozen=True, slots=True)
class Shift:
    """How a partner's level changed between two periods.

    Attributes:
        country: the partner.
        before: level in the first period, drawn to the mean of all pairs where happenings are few.
        after: in the second.
        change: after − before.
        low: lower end of the 90 % interval of the change.
        high: upper end.
        happenings: in the first and the second period.
        thin: fewer happenings in one of them than `least`; such partners are ranked last.
        ids: happenings of the first period.
        ids_after: happenings of the second.
    """

    country: str
    before: float
    after: float
    change: float
    low: float
    high: float
    happenings: tuple[int, int]
    thin: bool
    ids: tuple[str, ...]
    ids_after: tuple[str, ...]


def partners(before: Network, after: Network, country: str, *, least: int = 3) -> tuple[Shift, ...]:
    """Return a state's partners, those whose level changed most first.

    Args:
        before: the network of the first period.
        after: of the second.
        country: the state.
        least: happenings that a partner must have in both periods not to be `thin`.
    """
    within = _within(before, after)
    every = [one.happenings[key].intensity for one in (before, after) for tie in one.joint.values() for key in tie.ids]
    centre = sum(every) / len(every) if every else 0.0
    found = []
    for other in sorted(
        {c for one in (before, after) for pair in one.joint if country in pair for c in pair} - {country}
    ):
        pair = min(country, other), max(country, other)
        first, second = before.joint.get(pair), after.joint.get(pair)
        (old, old_variance), (new, new_variance) = _shrunk(first, centre, within), _shrunk(second, centre, within)
        width = NormalDist().inv_cdf(0.95) * math.sqrt(old_variance + new_variance)
        counts = first.happenings if first else 0, second.happenings if second else 0
        found.append(
            Shift(
                country=other,
                before=round(old, 4),
                after=round(new, 4),
                change=round(new - old, 4),
                low=round(new - old - width, 4),
                high=round(new - old + width, 4),
                happenings=counts,
                thin=min(counts) < least,
                ids=first.ids if first else (),
                ids_after=second.ids if second else (),
            )
        )
    return tuple(sorted(found, key=lambda shift: (shift.thin, -abs(shift.change), shift.country)))
