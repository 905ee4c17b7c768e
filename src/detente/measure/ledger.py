"""The ledger of positions: what each side asks of the other, promises, rejects and threatens, and repeats.

A position is one matter on which a side takes one stand in one issue context. Happenings of the same stand are
one position where their words agree: the weight of the stems they share over the weight of the shorter one's,
each stem weighing the logarithm of how rare it is in this ledger (inverse document frequency, Spärck Jones 1972).
A position has changed where the same side later takes an opposite stand in words that agree.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, Literal

from detente.errors import OptionError
from detente.measure.series import Filters, Gathered, Opens, gather, opened
from detente.store.happenings import STOP, Happening, Settings, stem
from detente.store.store import Store, as_day

Stand = Literal["asks", "promises", "rejects", "threatens"]

STANDS: Final[Mapping[str, Stand]] = {
    "REQUEST": "asks",
    "AGREE": "promises",
    "CONCEDE": "promises",
    "REJECT": "rejects",
    "THREATEN": "threatens",
}
"""Event type → stand. Of acts still to come (`planned`), cooperative ones are promised, the others threatened."""

_PLANNED: Final[Mapping[str, Stand]] = {
    "CONSULT": "promises",
    "SUPPORT": "promises",
    "COOPERATE": "promises",
    "AID": "promises",
    "RETREAT": "promises",
    "PROTEST": "threatens",
    "SANCTION": "threatens",
    "MOBILIZE": "threatens",
    "COERCE": "threatens",
    "ASSAULT": "threatens",
}

OPPOSITE: Final[Mapping[Stand, tuple[Stand, ...]]] = {
    "asks": ("promises",),
    "promises": ("rejects", "threatens"),
    "rejects": ("promises",),
    "threatens": ("promises",),
}
"""Stand → stands of the same side that turn it: a demand dropped or met, a promise taken back, a refusal given up."""

NO_CONTEXT: Final = "unspecified"
"""The issue of happenings about which no context is told."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Where a side left a position.

    Attributes:
        day: when.
        stand: what it does since.
        wording: in what words.
        agreement: share of the shorter wording's weight that both have, 0 to 1.
        ids: the happening.
    """

    day: dt.date
    stand: Stand
    wording: str
    agreement: float
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """One stand of one side on one matter.

    Attributes:
        side: who takes it.
        towards: the other side.
        stand: asks, promises, rejects or threatens.
        context: issue context, or `NO_CONTEXT`.
        first: day it was first taken.
        last: day it was last taken.
        times: happenings in which it was taken.
        reports: documents that report them.
        first_wording: what was said, or else the sentence that tells of it, the first time.
        last_wording: likewise the last time.
        speakers: who spoke for the side, in order of first word.
        hearsay: every report of it is asserted by a source of neither the side nor the report itself.
        changed: where the side left it, or None.
        ids: the happenings, in order of day.
    """

    side: str
    towards: str
    stand: Stand
    context: str
    first: dt.date
    last: dt.date
    times: int
    reports: int
    first_wording: str
    last_wording: str
    speakers: tuple[str, ...]
    hearsay: bool
    changed: Turn | None
    ids: tuple[str, ...]

    @property
    def repeated(self) -> bool:
        """Whether it was taken more than once."""
        return self.times > 1


@dataclass(frozen=True, slots=True)
class Ledger:
    """The positions of two sides, in order of side, context, stand and first day."""

    a: str
    b: str
    positions: tuple[Position, ...]
    happenings: Mapping[str, Happening] = field(repr=False)
    rows: Mapping[tuple[str, str], Mapping[str, Any]] = field(repr=False)

    def evidence(self, ids: str | Iterable[str] | Opens | None = None) -> list[dict[str, Any]]:
        """Return the reports behind happenings, or behind a position or a turn (`Relation.evidence`)."""
        return opened(self.happenings, self.rows, ids)


@dataclass(frozen=True, slots=True)
class _Saying:
    happening: Happening
    day: dt.date
    wording: str
    stems: frozenset[str]
    speakers: tuple[str, ...]
    hearsay: bool
    reports: int


_COMPARED: Final = 8
"""Sayings of a position that a new one is compared with, the latest; so time stays linear."""
_CANDIDATES: Final = 40
_RAREST: Final = 8
"""Rarest stems of a saying by which positions are looked up."""


def ledger(
    store: Store,
    a: str,
    b: str,
    *,
    filters: Filters | None = None,
    from_: dt.date | str | None = None,
    to: dt.date | str | None = None,
    agreement: float = 0.5,
    settings: Settings | None = None,
    gathered: Gathered | None = None,
) -> Ledger:
    """Return what two sides ask of each other, promise, reject and threaten.

    Args:
        store: where the events are.
        a: a country ("CHN") or a sector of it ("CHN:GOV").
        b: likewise.
        filters: which events count.
        from_: first day.
        to: last day, included.
        agreement: least agreement of words (0 to 1) of two sayings of one position.
        settings: how reports are joined to happenings.
        gathered: what `gather` found for this pair with the same filters and settings, if it is at hand.

    Raises:
        OptionError: an option has a value that makes no sense, or `gathered` is of another pair or other filters.
    """
    if not 0 < agreement <= 1:
        raise OptionError(f"agreement is {agreement}; it must be above 0 and at most 1")
    first, last = (as_day(day) if day is not None else None for day in (from_, to))
    if gathered is None:
        gathered = gather(store, a, b, filters=filters, settings=settings)
    gathered.check(a, b, filters or Filters())
    chosen: dict[str, Stand] = {}
    for key, happening in gathered.happenings.items():
        stand = _stand(happening)
        if stand and not (first and happening.day < first) and not (last and happening.day > last):
            chosen[key] = stand
    spoken = _statements(store, gathered, chosen)
    groups: dict[tuple[str, str, str, Stand], list[_Saying]] = defaultdict(list)
    for key, stand in chosen.items():
        happening = gathered.happenings[key]
        contexts = sorted({c for r in happening.reports for c in gathered.rows.value(r, "contexts")})
        for side, towards, goes in zip((a, b), (b, a), gathered.way(happening), strict=True):
            if goes:
                saying = _saying(happening, side, gathered, spoken)
                for context in contexts or [NO_CONTEXT]:
                    groups[side, towards, context, stand].append(saying)
    rarity = _rarity(saying for sayings in groups.values() for saying in sayings)
    positions: list[tuple[Position, list[_Saying]]] = []
    for group in sorted(groups):
        side, towards, context, stand = group
        ordered = sorted(groups[group], key=lambda s: (s.day, s.happening.id))
        for sayings in _matters(ordered, rarity, agreement):
            positions.append((_position(side, towards, context, stand, sayings), sayings))
    made = _turned(positions, rarity, agreement)
    kept = {key: gathered.happenings[key] for key in chosen}
    return Ledger(a, b, made, kept, gathered.rows)


def _stand(happening: Happening) -> Stand | None:
    if happening.status == "actual":
        return STANDS.get(happening.type)
    if happening.status == "planned":
        return STANDS.get(happening.type) or _PLANNED.get(happening.type)
    return None


def _statements(store: Store, gathered: Gathered, chosen: Iterable[str]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the statements in which the chosen happenings are told, by document and statement."""
    wanted = {
        (report.document, statement)
        for key in chosen
        for report in gathered.happenings[key].reports
        if (statement := gathered.rows.value(report, "statement"))
    }
    documents = sorted({document for document, _ in wanted})
    if not documents:
        return {}
    query = (
        "SELECT document, statement, content, speaker, speaker_countries FROM statements"
        " WHERE document IN (SELECT unnest(?::varchar[]))"
    )
    return {
        (row["document"], row["statement"]): row
        for row in store.sql(query, [documents]).to_pylist()
        if (row["document"], row["statement"]) in wanted
    }


_WORDING: Final = 4000
"""Most characters of a wording that are kept: a hostile sentence may be megabytes long."""


def _saying(
    happening: Happening,
    side: str,
    gathered: Gathered,
    spoken: Mapping[tuple[str, str], Mapping[str, Any]],
) -> _Saying:
    country = side[:3]
    wording, own, speakers, hearsay = "", False, [], []
    parties: set[str] = set()
    for report in happening.reports:
        told = gathered.rows.value(report, "statement")
        statement = spoken.get((report.document, told)) if told else None
        by_side = statement is not None and country in (statement["speaker_countries"] or ())
        hearsay.append(gathered.rows.value(report, "attributed") and statement is not None and not by_side)
        if by_side and statement is not None and statement["speaker"] and statement["speaker"] not in speakers:
            speakers.append(statement["speaker"])
        # The side's own words tell a position best.
        words = (statement["content"] if by_side and statement is not None else None) or report.sentence
        if words and (not wording or (by_side and not own)):
            wording, own = words[:_WORDING], by_side
        for role in ("actor", "recipient"):
            for name in (f"{role}_names", f"{role}_texts"):
                parties.update(_stems(" ".join(gathered.rows.value(report, name))))
    stems = frozenset(_stems(wording) - parties)
    documents = len({report.document for report in happening.reports})
    return _Saying(happening, happening.day, wording, stems, tuple(speakers), bool(hearsay) and all(hearsay), documents)


_WORD: Final = re.compile(r"[^\W_]+(?:[.,]\d+)*")


def _stems(text: str) -> set[str]:
    words = (token.lower()[:40] for token in _WORD.findall(text[:_WORDING]))
    return {stem(word) for word in words if word not in STOP}


_MOST: Final = 3.0
"""Most that a stem weighs: one told once or twice is as often a detail as the matter."""


def _rarity(sayings: Iterable[_Saying]) -> dict[str, float]:
    """Return each stem's weight: the logarithm of 1 + happenings ÷ happenings that have it, at most `_MOST`."""
    # A mutual happening is a saying of either side, each in its own words.
    distinct: dict[str, frozenset[str]] = {}
    for saying in sayings:
        distinct[saying.happening.id] = distinct.get(saying.happening.id, frozenset()) | saying.stems
    counts = Counter(one for stems in distinct.values() for one in stems)
    return {one: min(_MOST, math.log1p(len(distinct) / count)) for one, count in counts.items()}


def _agreement(a: _Saying, b: _Saying, rarity: Mapping[str, float]) -> float:
    shared = a.stems & b.stems
    # One word in common ("tariffs") is no matter in common, unless it is all that was said.
    if len(shared) < min(2, len(a.stems), len(b.stems)):
        return 0.0
    smaller = min(sum(rarity[one] for one in a.stems), sum(rarity[one] for one in b.stems))
    return sum(rarity[one] for one in shared) / smaller if smaller > 0 else 0.0


def _rarest(saying: _Saying, rarity: Mapping[str, float]) -> list[str]:
    return sorted(saying.stems, key=lambda one: (-rarity[one], one))


def _matters(ordered: Sequence[_Saying], rarity: Mapping[str, float], least: float) -> list[list[_Saying]]:
    """Group sayings of one stand by what they are about, in order of day, each with the group it agrees with most."""
    groups: list[list[_Saying]] = []
    index: dict[str, dict[int, None]] = defaultdict(dict)
    for saying in ordered:
        near: set[int] = set()
        for one in _rarest(saying, rarity):
            near.update(islice(reversed(index.get(one, {})), _CANDIDATES))
            if len(near) >= _CANDIDATES:
                break
        best, chosen = least, None
        for number in sorted(near):
            score = max(_agreement(saying, other, rarity) for other in groups[number][-_COMPARED:])
            if score >= best and (chosen is None or score > best):
                best, chosen = score, number
        if chosen is None:
            chosen = len(groups)
            groups.append([])
        groups[chosen].append(saying)
        for one in _rarest(saying, rarity)[:_RAREST]:
            index[one].pop(chosen, None)
            index[one][chosen] = None
    return groups


def _position(side: str, towards: str, context: str, stand: Stand, sayings: Sequence[_Saying]) -> Position:
    return Position(
        side=side,
        towards=towards,
        stand=stand,
        context=context,
        first=sayings[0].day,
        last=sayings[-1].day,
        times=len(sayings),
        reports=len({report.document for saying in sayings for report in saying.happening.reports}),
        first_wording=sayings[0].wording,
        last_wording=sayings[-1].wording,
        speakers=tuple(dict.fromkeys(name for saying in sayings for name in saying.speakers)),
        hearsay=all(saying.hearsay for saying in sayings),
        changed=None,
        ids=tuple(saying.happening.id for saying in sayings),
    )


def _turned(
    positions: Sequence[tuple[Position, list[_Saying]]], rarity: Mapping[str, float], least: float
) -> tuple[Position, ...]:
    """Mark the positions that their side later left: the first opposite saying after the last time it was taken."""
    by_stem: dict[tuple[str, str, Stand, str], list[tuple[dt.date, str, _Saying]]] = defaultdict(list)
    for position, sayings in positions:
        for saying in sayings:
            for one in _rarest(saying, rarity)[:_RAREST]:
                where = position.side, position.context, position.stand, one
                by_stem[where].append((saying.day, saying.happening.id, saying))
    days: dict[tuple[str, str, Stand, str], list[dt.date]] = {}
    for where, entries in by_stem.items():
        entries.sort(key=lambda entry: entry[:2])
        days[where] = [entry[0] for entry in entries]
    made = []
    for position, sayings in positions:
        latest = sayings[-1]
        found: dict[tuple[dt.date, str], tuple[Stand, _Saying]] = {}
        for stand in OPPOSITE[position.stand]:
            for one in _rarest(latest, rarity)[: 3 * _RAREST]:
                where = position.side, position.context, stand, one
                if where in days:
                    start = bisect_right(days[where], latest.day)
                    for day, happening, saying in by_stem[where][start : start + _CANDIDATES]:
                        found[day, happening] = stand, saying
        turn = None
        for (day, happening), (stand, saying) in sorted(found.items(), key=lambda entry: entry[0]):
            agreed = _agreement(latest, saying, rarity)
            if agreed >= least:
                turn = Turn(day, stand, saying.wording, round(agreed, 4), (happening,))
                break
        made.append(replace(position, changed=turn))
    return tuple(made)
