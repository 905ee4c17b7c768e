"""Does a relation's series show what is known to have happened? Episodes, fixed before looking, held against it.

An episode (day, sign) is shown where the mean intensity of the happenings of the fourteen days from its day differs in
the episode's sign from the mean of the half year before: the relation turned that way then. What chance would show
is measured on every day of the series by the same rule.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal

from detente.errors import OptionError
from detente.measure.series import Relation

Sign = Literal["+", "-"]

WINDOW: Final = 14
"""Days from the episode's that must show it: within two weeks."""
BASE: Final = 182
"""Days before it that are the base."""
_LEAST: Final = 3
"""Happenings that a base must have; else the mean of the whole series is the base."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A public turn of a relation: its first day, whether it was for the better, and what it was."""

    day: dt.date
    sign: Sign
    what: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An episode held against the series.

    Attributes:
        episode: the episode.
        shown: the series turned in its sign.
        window: mean intensity of the two weeks; None without a happening.
        base: mean intensity of the half year before.
        ids: the happenings of the two weeks.
    """

    episode: Episode
    shown: bool
    window: float | None
    base: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many episodes the series shows, and how many it would by chance.

    Attributes:
        shown: each episode, in order of day.
        share: shown ÷ episodes.
        by_chance: share that would be shown if the same signs fell on days drawn from the whole series.
    """

    shown: tuple[Shown, ...]
    share: float
    by_chance: float


def agreement(relation: Relation, listed: Iterable[Episode], direction: str = "joint") -> Agreement:
    """Hold episodes against a relation's series.

    Args:
        relation: the pair's series by day.
        listed: the episodes.
        direction: "joint" or one of the directed series.

    Raises:
        OptionError: the series is not by day, is empty, or there is no episode.
    """
    if relation.by != "day":
        raise OptionError(f"episodes are held against days; the relation is by {relation.by}")
    if direction not in relation.series:
        raise OptionError(f"direction is {direction!r}; it must be one of {', '.join(relation.series)}")
    points = relation.series[direction]
    ordered = sorted(listed, key=lambda episode: episode.day)
    if not points or not ordered:
        raise OptionError("a series and at least one episode are wanted")
    days = [point.start for point in points]
    counts = [0, *accumulate(point.happenings for point in points)]
    sums = [0.0, *accumulate(point.net for point in points)]

    def span(first: dt.date, length: int) -> tuple[int, int]:
        return bisect_left(days, first), bisect_left(days, first + dt.timedelta(length))

    def mean(where: tuple[int, int]) -> tuple[int, float]:
        count = counts[where[1]] - counts[where[0]]
        return count, (sums[where[1]] - sums[where[0]]) / count if count else 0.0

    def look(day: dt.date) -> tuple[float | None, float]:
        count, window = mean(span(day, WINDOW))
        before, base = mean(span(day - dt.timedelta(BASE), BASE))
        if before < _LEAST:
            base = mean((0, len(points)))[1]
        return (window if count else None), base

    def turned(window: float | None, base: float, sign: Sign) -> bool:
        return window is not None and (window > base if sign == "+" else window < base)

    shown = []
    for episode in ordered:
        window, base = look(episode.day)
        first, stop = span(episode.day, WINDOW)
        ids = tuple(key for point in points[first:stop] for key in point.ids)
        shown.append(Shown(episode, turned(window, base, episode.sign), window, base, ids))
    # Chance is judged where reports were read: a series may begin with an act told of decades later.
    read = [number for number, point in enumerate(points) if point.read]
    every = [look(day) for day in days[read[0] : read[-1] + 1]] if read else [(None, 0.0)]
    return Agreement(tuple(shown), _share(one.shown for one in shown), _by_chance(every, turned, ordered))


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return sum(listed) / len(listed)


def _by_chance(
    every: Sequence[tuple[float | None, float]],
    turned: Callable[[float | None, float, Sign], bool],
    ordered: Sequence[Episode],
) -> float:
    signs: tuple[Sign, Sign] = ("+", "-")
    by_sign = {sign: _share(turned(window, base, sign) for window, base in every) for sign in signs}
    return sum(by_sign[episode.sign] for episode in ordered) / len(ordered)
