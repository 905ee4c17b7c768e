"""Many reports → one happening: events of one type between the same parties on the same or an adjoining day.

Two reports of events are compared by what they agree and differ in (`evidence`), weighed to a probability
that they tell of one act (`agreement`), and joined in order of day, document and event, each to the group with
which it agrees best on average. The order of the input does not matter, nothing is random, and other settings
give another join of the same events.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Report:
    """One event as one document reports it, with what a join needs to know.

    `actors` and `recipients` are (name, country, sector); `day` is the event's day or else its report's.
    """

    document: str
    event: str
    type: str
    mode: str | None
    status: str
    day: dt.date
    end: dt.date
    actors: tuple[tuple[str, str | None, str | None], ...]
    recipients: tuple[tuple[str, str | None, str | None], ...]
    place: str | None
    place_country: str | None
    trigger: str
    sentence: str
    intensity: float
    confidence: float

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Report:
        """Build a report from a row of the store's `events` view."""
        day = row["date"] or row["published"]
        return cls(
            document=row["document"],
            event=row["event"],
            type=row["type"],
            mode=row["mode"],
            status=row["status"],
            day=day,
            end=max(day, row["date_end"] or day),
            actors=tuple(zip(row["actor_names"], row["actor_countries"], row["actor_sectors"], strict=True)),
            recipients=tuple(
                zip(row["recipient_names"], row["recipient_countries"], row["recipient_sectors"], strict=True)
            ),
            place=row["place"],
            place_country=row["place_country"],
            trigger=row["trigger"] or "",
            sentence=row["sentence"] or "",
            intensity=row["intensity"],
            confidence=row["confidence"],
        )


@dataclass(frozen=True, slots=True)
class Happening:
    """One act, with every report of it; `intensity` is the reports' median, `day` the earliest told."""

    id: str
    type: str
    mode: str | None
    status: str
    day: dt.date
    end: dt.date
    intensity: float
    reports: tuple[Report, ...]

    @property
    def documents(self) -> int:
        """How many documents report it."""
        return len({report.document for report in self.reports})

    @property
    def confidence(self) -> float:
        """The probability that at least one report is right, were their errors independent within a document's best."""
        best: dict[str, float] = {}
        for report in self.reports:
            best[report.document] = max(best.get(report.document, 0.0), report.confidence)
        return 1 - math.prod(1 - value for value in best.values())


@dataclass(frozen=True, slots=True)
class Settings:
    """How reports are joined.

    Attributes:
        days: most days between the days of two reports of one happening.
        threshold: least mean probability (0 to 1) with a group for a report to join it; 1.01 joins nothing.
        modes_must_agree: never join reports whose modes are both given and differ.
    """

    days: int = 1
    threshold: float = 0.5
    modes_must_agree: bool = False


_WORD: Final = re.compile(r"[^\W_]+(?:[.,]\d+)*")
STOP: Final = frozenset(
    """
    a an and are as at be been by for from had has have he her him his in is it its of on or said says she that the
    their they this to was were which who will with would after before over under into than not no new also told
    """.split()
)
_COMPARED: Final = 12
"""Reports of a group that a new one is compared with: a thousand copies say no more, and time stays linear."""
_VAGUE: Final = frozenset({"GOV", "UNK", "ELI", None})

WEIGHTS: Final[Mapping[str, float]] = {
    "bias": -1.82,
    "same day": 0.01,
    "persons shared": 1.52,
    "persons differ": -1.49,
    "sectors differ": -1.17,
    "turned": -0.6,
    "party missing": -0.3,
    "party extra": -0.9,
    "mode same": -0.1,
    "mode differs": -1.3,
    "place same": 0.79,
    "place differs": -0.89,
    "trigger same": -0.35,
    "words of one": 0.96,
    "words of both": 0.95,
    "meaning": 1.09,
    "names shared": 0.47,
    "names differ": -0.06,
    "numbers shared": 1.32,
    "numbers differ": -0.58,
}
"""Weights of the logistic in `agreement`, fitted on one half of the written scenes (`bench/happenings.py`)."""


# The same few thousand words fill the sentences of a wide series; without this, stemming is half its time.
@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Return a lower-case word without its ending, crudely: what is left tells words of one root."""
    for ending in ("ations", "ation", "ings", "ing", "ments", "ment", "ions", "ion", "ies", "ed", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@dataclass(frozen=True, slots=True, eq=False)
class _Signs:
    """What a sentence says, ready to be compared: stems, how telling each is, and what it means."""

    stems: tuple[str, ...]
    known: frozenset[str]
    weights: Floats
    vectors: Floats
    mean: Floats
    numbers: frozenset[str]
    names: frozenset[str]
    trigger: frozenset[str]


class _Words:
    """Vectors of the common English words, in order of frequency (`bench/words.py` makes them)."""

    def __init__(self) -> None:
        folder = resources.files("detente.store")
        self.rank = {word: rank for rank, word in enumerate(folder.joinpath("words.txt").read_text("utf-8").split())}
        with folder.joinpath("words.npy").open("rb") as file:
            whole = np.load(file, allow_pickle=False).astype(np.float64)
        self.vectors = whole / np.sqrt((whole * whole).sum(1, keepdims=True))

    def telling(self, word: str) -> float:
        """Return how much a word tells: the rarer the more."""
        return math.log(2 + self.rank.get(word, 24_000) / 30)


@lru_cache(maxsize=1)
def _table() -> _Words:
    return _Words()


_NUMBERS: Final = {
    word: number
    for number, word in enumerate(
        "three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
        "nineteen twenty".split(),
        3,
    )
}
_TENS: Final = {
    word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_UNITS: Final = {"one": 1, "two": 2, **{word: number for word, number in _NUMBERS.items() if number < 10}}
_WEEK: Final = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
_FIGURE: Final = re.compile(r"\d+(?:[.,]\d+)*")
_LETTERS: Final = re.compile(r"[a-z]+")
_CAPITAL: Final = re.compile(r"(?<![.!?] )(?<!^)\b[A-Z][\w'-]+")


def _figures(sentence: str, words: Sequence[str]) -> frozenset[str]:
    """Return the numbers of a sentence from three up, however written."""
    found = {figure.replace(",", "") for figure in _FIGURE.findall(sentence)}
    for index, word in enumerate(words):
        if word in _TENS:
            after = words[index + 1] if index + 1 < len(words) else ""
            found.add(str(_TENS[word] + _UNITS.get(after, 0)))
        elif word in _NUMBERS:
            found.add(str(_NUMBERS[word]))
    return frozenset(found)


def _signs(report: Report) -> _Signs:
    table = _table()
    # A hostile sentence may be megabytes long; an act is told in its first words.
    sentence = report.sentence[:2000]
    words = _LETTERS.findall(sentence.lower())
    party = {w.lower() for name, _, _ in (*report.actors, *report.recipients) for w in _WORD.findall(name)} | _WEEK
    told = [w for w in dict.fromkeys(words) if len(w) > 1 and w not in STOP and w not in party][:120]
    ranks = [table.rank.get(word, -1) for word in told]
    vectors = np.zeros((len(told), table.vectors.shape[1]))
    mean = np.zeros(table.vectors.shape[1])
    for row, rank in enumerate(ranks):
        if rank >= 0:
            vectors[row] = table.vectors[rank]
            # Smooth inverse frequency (Arora, Liang, Ma 2017), the frequency by Zipf's law.
            mean += vectors[row] * (1 / (1 + 1000 / (rank + 2)))
    length = math.sqrt(float((mean * mean).sum()))
    stems = tuple(map(stem, told))
    return _Signs(
        stems,
        frozenset(stems),
        np.array([table.telling(word) for word in told]),
        vectors,
        mean / length if length else mean,
        _figures(sentence, words),
        frozenset(stem(n.lower()) for n in _CAPITAL.findall(sentence) if n.lower() not in party),
        frozenset(stem(t.lower()) for t in _WORD.findall(report.trigger[:200])) - STOP,
    )


_UNLIKE: Final = 0.2
"""Cosine below which two words have nothing to do with each other."""


def _covered(a: _Signs, b: _Signs) -> tuple[float, float]:
    """Return how much of each sentence the other one says, 0 to 1: the larger share, and the smaller."""
    if not a.stems or not b.stems:
        return 0.0, 0.0
    alike = np.maximum(0.0, (a.vectors @ b.vectors.T - _UNLIKE) / (1 - _UNLIKE))
    shares = []
    for one, other, best in ((a, b, alike.max(1)), (b, a, alike.max(0))):
        same = np.array([s in other.known for s in one.stems])
        shares.append(float((one.weights * np.where(same, 1.0, best)).sum() / one.weights.sum()))
    return max(shares), min(shares)


_Side = tuple[tuple[str, str | None, str | None], ...]


def _who(name: str, country: str | None) -> str:
    return country or name.lower()


def _countries(side: _Side) -> set[str]:
    return {_who(name, country) for name, country, _ in side}


def evidence(a: Report, b: Report, signs_a: _Signs | None = None, signs_b: _Signs | None = None) -> dict[str, float]:
    """Return what two reports agree and differ in, by the names of `WEIGHTS`; empty if they cannot be one act.

    They cannot where type or status differ, or where no party of one side stands on the same side of the
    other (a mutual act told from one side counts as the same side).
    """
    if a.type != b.type or a.status != b.status:
        return {}
    signs_a, signs_b = signs_a or _signs(a), signs_b or _signs(b)
    found: dict[str, float] = {"bias": 1.0, "same day": float(a.day <= b.end and b.day <= a.end)}
    actors_a, actors_b = _countries(a.actors), _countries(b.actors)
    recipients_a, recipients_b = _countries(a.recipients), _countries(b.recipients)
    all_a, all_b = actors_a | recipients_a, actors_b | recipients_b
    mutual = not recipients_a or not recipients_b
    if actors_a and actors_b and not actors_a & actors_b:
        if not (mutual and all_a & all_b and len(all_a | all_b) <= len(all_a & all_b) + 1):
            return {}
        found["turned"] = 1.0
    if recipients_a and recipients_b and not recipients_a & recipients_b:
        return {}
    found["party missing"] = float(bool(actors_a) != bool(actors_b)) + float(bool(recipients_a) != bool(recipients_b))
    found["party extra"] = float(min(2, len(all_a ^ all_b)))
    _persons(found, a, b)
    if a.mode and b.mode:
        found["mode same" if a.mode == b.mode else "mode differs"] = 1.0
    if a.place and b.place:
        same = a.place.lower() == b.place.lower() or a.place in b.sentence or b.place in a.sentence
        nested = a.place_country is not None and a.place_country == b.place_country
        found["place same" if same else "place differs"] = 1.0 if same else (0.5 if nested else 1.0)
    # Rounded, so that the last bit of a machine's arithmetic decides nothing.
    larger, smaller = _covered(signs_a, signs_b)
    found["words of one"], found["words of both"] = round(larger, 6), round(smaller, 6)
    found["meaning"] = round(float((signs_a.mean * signs_b.mean).sum()), 6)
    for name, mine, theirs in (
        ("numbers", signs_a.numbers, signs_b.numbers),
        ("names", signs_a.names, signs_b.names),
    ):
        if mine & theirs:
            found[f"{name} shared"] = float(min(2, len(mine & theirs))) if name == "names" else 1.0
        elif mine and theirs:
            found[f"{name} differ"] = 1.0
    found["trigger same"] = float(bool(signs_a.trigger & signs_b.trigger))
    return found


def _persons(found: dict[str, float], a: Report, b: Report) -> None:
    for side_a, side_b in ((a.actors, b.actors), (a.recipients, b.recipients)):
        for country in _countries(side_a) & _countries(side_b):
            mine = {(n.lower(), s) for n, c, s in side_a if _who(n, c) == country}
            theirs = {(n.lower(), s) for n, c, s in side_b if _who(n, c) == country}
            sectors_a, sectors_b = {s for _, s in mine}, {s for _, s in theirs}
            if {n for n, _ in mine} & {n for n, _ in theirs}:
                found["persons shared"] = found.get("persons shared", 0.0) + 0.5
            elif not (sectors_a & sectors_b or sectors_a & _VAGUE or sectors_b & _VAGUE):
                found["sectors differ"] = found.get("sectors differ", 0.0) + 1.0
            elif all(" " in n for n, _ in mine | theirs):
                found["persons differ"] = found.get("persons differ", 0.0) + 0.5


def agreement(found: Mapping[str, float]) -> float:
    """Return the probability (0 to 1) that two reports with this evidence tell of one act; 0 for none."""
    if not found:
        return 0.0
    total = sum(WEIGHTS[name] * value for name, value in found.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, total))))


def join(reports: Collection[Report], settings: Settings | None = None) -> tuple[Happening, ...]:
    """Join reports to happenings.

    Args:
        reports: in any order; each (document, event) once.
        settings: how; by default `Settings()`.

    Returns:
        Happenings in order of day and of their first report; each report stands in exactly one.
    """
    settings = settings or Settings()
    blocks: dict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in reports:
        blocks[report.type, report.status].append(report)
    groups: list[list[Report]] = []
    for key in sorted(blocks):
        groups += _join_block(sorted(blocks[key], key=_order), settings)
    made = [_happening(group) for group in groups]
    return tuple(sorted(made, key=lambda h: (h.day, h.id)))


def _order(report: Report) -> tuple[dt.date, str, int, str]:
    return report.day, report.document, len(report.event), report.event


def _join_block(block: Sequence[Report], settings: Settings) -> list[list[Report]]:
    groups: list[list[tuple[Report, int]]] = []
    # Open groups by a party of theirs, so that only groups which can agree are compared.
    by_party: dict[str, dict[int, dt.date]] = defaultdict(dict)
    # Copies of a report say the same: what it says is read once, and two of them are compared once.
    known: dict[tuple[Any, ...], int] = {}
    signs: list[_Signs | None] = []
    scores: dict[tuple[int, int, bool], float] = {}

    def score(a: Report, of_a: int, b: Report, of_b: int) -> float:
        key = of_a, of_b, a.day <= b.end and b.day <= a.end
        found = scores.get(key)
        if found is None:
            signs_a, signs_b = (signs[of] or _signs(one) for of, one in ((of_a, a), (of_b, b)))
            signs[of_a], signs[of_b] = signs_a, signs_b
            found = scores[key] = agreement(evidence(a, b, signs_a, signs_b))
        return found

    for report in block:
        says = (
            report.mode, report.actors, report.recipients, report.place, report.place_country, report.trigger,
            report.sentence,
        )  # fmt: skip
        own = known.setdefault(says, len(known))
        if own == len(signs):
            signs.append(None)
        parties = sorted(_countries(report.actors) | _countries(report.recipients)) or [""]
        near: set[int] = set()
        for party in parties:
            open_groups = by_party[party]
            for number, last in list(open_groups.items()):
                if (report.day - last).days > settings.days:
                    del open_groups[number]
                else:
                    near.add(number)
        best, chosen = settings.threshold, None
        for number in sorted(near):
            total, compared = 0.0, groups[number][:_COMPARED]
            for other, of in compared:
                if not (settings.modes_must_agree and report.mode and other.mode and report.mode != other.mode):
                    total += score(other, of, report, own)
            mean = total / len(compared)
            if mean >= best and (chosen is None or mean > best):
                best, chosen = mean, number
        if chosen is None:
            chosen = len(groups)
            groups.append([])
        groups[chosen].append((report, own))
        for party in parties:
            by_party[party][chosen] = max(
                report.end if report.end <= report.day + dt.timedelta(7) else report.day,
                by_party[party].get(chosen, report.day),
            )
    return [[report for report, _ in group] for group in groups]


def _happening(group: Sequence[Report]) -> Happening:
    intensities = sorted(report.intensity for report in group)
    middle = len(intensities) // 2
    median = intensities[middle] if len(intensities) % 2 else (intensities[middle - 1] + intensities[middle]) / 2
    modes = Counter(report.mode for report in group if report.mode)
    first = group[0]
    return Happening(
        id=f"{first.document}#{first.event}",
        type=first.type,
        mode=min(modes, key=lambda mode: (-modes[mode], mode)) if modes else None,
        status=first.status,
        day=first.day,
        end=max(report.end for report in group),
        intensity=median,
        reports=tuple(group),
    )
