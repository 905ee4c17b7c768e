"""Figures of a coding against gold labels, layer by layer. Nothing here knows how the coding was made.

An event is found if a predicted event of the same type has a trigger that overlaps the gold trigger, one to
one. Links, status, mode and contexts are measured on found events. A statement is found if its speaker
overlaps the gold speaker (both may be none) and its content shares at least half of the union of characters.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from detente import plover
from detente.code import extract
from detente.code.coder import join_continuations
from detente.code.model import Scores
from detente.records import EventDraft, Extraction, Span, StatementDraft
from train.examples import Example
from train.labels import GoldEvent, GoldReport

SameEntity = Callable[[GoldReport, int, int], bool]
"""(report, gold mention index, predicted mention index) → whether both are the same entity."""


@dataclass(slots=True)
class Tally:
    """True positives, false positives, false negatives."""

    hit: int = 0
    extra: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Share of what was predicted that is right."""
        return self.hit / (self.hit + self.extra) if self.hit + self.extra else 0.0

    @property
    def recall(self) -> float:
        """Share of gold that was found."""
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hit / (2 * self.hit + self.extra + self.missed) if self.hit else 0.0


def _tallies() -> dict[str, Tally]:
    return collections.defaultdict(Tally)


@dataclass(slots=True)
class Result:
    """Everything counted over a set of reports."""

    types: dict[str, Tally] = field(default_factory=_tallies)
    triggers: Tally = field(default_factory=Tally)
    mentions: Tally = field(default_factory=Tally)
    links: dict[str, Tally] = field(default_factory=_tallies)
    statuses: dict[str, Tally] = field(default_factory=_tallies)
    status: Tally = field(default_factory=Tally)
    mode: Tally = field(default_factory=Tally)
    contexts: Tally = field(default_factory=Tally)
    statements: Tally = field(default_factory=Tally)
    speakers: Tally = field(default_factory=Tally)
    contents: Tally = field(default_factory=Tally)
    sentences_without: int = 0
    false_sentences: int = 0
    confidences: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: collections.defaultdict(list))
    intensities: list[tuple[float | None, float | None]] = field(default_factory=list)
    """Of events done: true and coded intensity, None where missed or made up (`measure.level.ErrorRates`)."""
    confusions: collections.Counter[tuple[str, str]] = field(default_factory=collections.Counter)

    @property
    def micro(self) -> Tally:
        """Events with right type, all types together."""
        total = Tally()
        for tally in self.types.values():
            total.hit, total.extra, total.missed = (
                total.hit + tally.hit,
                total.extra + tally.extra,
                total.missed + tally.missed,
            )
        return total

    @property
    def macro(self) -> float:
        """Mean F1 over the 16 types."""
        return sum(self.types[name].f1 for name in plover.TYPES) / len(plover.TYPES)

    def figures(self) -> dict[str, float]:
        """The main figures by name."""
        return {
            "events": self.micro.f1,
            "macro": self.macro,
            "trigger": self.triggers.f1,
            "mention": self.mentions.f1,
            "actor": self.links["actor"].f1,
            "recipient": self.links["recipient"].f1,
            "place": self.links["place"].f1,
            "time": self.links["time"].f1,
            "status": self.status.recall,
            "mode": self.mode.recall,
            "contexts": self.contexts.f1,
            "statements": self.statements.f1,
            **{f"status {name}": self.statuses[name].f1 for name in plover.STATUSES},
        }


def overlaps(one: tuple[int, int], two: tuple[int, int]) -> bool:
    """Tell whether two spans share a character."""
    return one[0] < two[1] and two[0] < one[1]


def _share(one: Sequence[tuple[int, int]], two: Sequence[tuple[int, int]]) -> float:
    a = {i for start, end in one for i in range(start, end)}
    b = {i for start, end in two for i in range(start, end)}
    return len(a & b) / len(a | b) if a or b else 0.0


def ece(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Naeini et al. 2015)."""
    groups: dict[int, list[tuple[float, bool]]] = collections.defaultdict(list)
    for confidence, right in pairs:
        groups[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return sum(abs(sum(c for c, _ in group) - sum(r for _, r in group)) for group in groups.values()) / max(
        len(pairs), 1
    )


def add(result: Result, report: GoldReport, found: Extraction, same: SameEntity | None = None) -> None:
    """Count one report's extraction against its gold labels."""
    gold_spans = {(m.start, m.end) for m in report.mentions}
    own_spans = {tuple(m.span) for m in found.mentions}
    result.mentions.hit += len(gold_spans & own_spans)
    result.mentions.extra += len(own_spans - gold_spans)
    result.mentions.missed += len(gold_spans - own_spans)
    result.confidences["mention"] += [(m.confidence, tuple(m.span) in gold_spans) for m in found.mentions]
    _events(result, report, found, same)
    _statements(result, report, found)


def match_events(gold: Sequence[GoldEvent], found: Sequence[EventDraft], typed: bool) -> list[tuple[int, int]]:
    """Pair gold events with found ones whose triggers overlap (and whose types agree, if asked), one to one, by index."""
    pairs = []
    taken: set[int] = set()
    for i, event in enumerate(gold):
        for j, draft in enumerate(found):
            if j not in taken and overlaps(event.trigger, draft.trigger) and (not typed or event.type == draft.type):
                pairs.append((i, j))
                taken.add(j)
                break
    return pairs


def _events(result: Result, report: GoldReport, found: Extraction, same: SameEntity | None) -> None:
    gold, own = report.events, found.events
    loose = match_events(gold, own, typed=False)
    result.triggers.hit += len(loose)
    result.triggers.extra += len(own) - len(loose)
    result.triggers.missed += len(gold) - len(loose)
    _intensities(result, gold, own, loose)
    pairs = match_events(gold, own, typed=True)
    for i, j in loose:
        if gold[i].type != own[j].type:
            result.confusions[gold[i].type, own[j].type] += 1
    hit_gold, hit_own = {i for i, _ in pairs}, {j for _, j in pairs}
    for i, event in enumerate(gold):
        if i in hit_gold:
            result.types[event.type].hit += 1
        else:
            result.types[event.type].missed += 1
    for j, draft in enumerate(own):
        if j not in hit_own:
            result.types[draft.type].extra += 1
        result.confidences["event"].append((draft.confidence, j in hit_own))
    gold_sentences = {event.sentence for event in gold}
    result.sentences_without += len(report.sentences) - len(gold_sentences)
    result.false_sentences += len({d.sentence for d in own} - gold_sentences)
    for i, j in pairs:
        event, draft = gold[i], own[j]
        for layer, want, have in (
            ("actor", event.actors, draft.actors),
            ("recipient", event.recipients, draft.recipients),
            ("place", () if event.place is None else (event.place,), () if draft.place is None else (draft.place,)),
        ):
            _links(result.links[layer], report, found, want, have, same)
        tally = result.links["time"]
        if event.time and draft.time and overlaps(event.time, draft.time):
            tally.hit += 1
        else:
            tally.missed += event.time is not None
            tally.extra += draft.time is not None
        right = event.status == draft.status
        result.status.hit += right
        result.status.missed += not right
        result.statuses[event.status].hit += right
        if not right:
            result.statuses[event.status].missed += 1
            result.statuses[draft.status].extra += 1
        if plover.MODES[event.type]:
            result.mode.hit += event.mode == draft.mode
            result.mode.missed += event.mode != draft.mode
        both = len(set(event.contexts) & set(draft.contexts))
        result.contexts.hit += both
        result.contexts.extra += len(draft.contexts) - both
        result.contexts.missed += len(event.contexts) - both


def _intensities(
    result: Result, gold: Sequence[GoldEvent], own: Sequence[EventDraft], pairs: Sequence[tuple[int, int]]
) -> None:
    def done(event: GoldEvent | EventDraft) -> float | None:
        return plover.intensity(event.type, event.mode) if event.status == "actual" else None

    told = dict(pairs)
    taken = set(told.values())
    cases = [(done(event), done(own[told[i]]) if i in told else None) for i, event in enumerate(gold)]
    cases += [(None, done(draft)) for j, draft in enumerate(own) if j not in taken]
    result.intensities += [case for case in cases if case != (None, None)]


def _links(
    tally: Tally,
    report: GoldReport,
    found: Extraction,
    want: Sequence[int],
    have: Sequence[int],
    same: SameEntity | None,
) -> None:
    taken: set[int] = set()
    for mention in want:
        gold = report.mentions[mention]
        for other in have:
            span: Span = found.mentions[other].span
            if other in taken or not overlaps((gold.start, gold.end), span):
                continue
            if same is None or same(report, mention, other):
                taken.add(other)
                break
    tally.hit += len(taken)
    tally.missed += len(want) - len(taken)
    tally.extra += len(have) - len(taken)


def _statements(result: Result, report: GoldReport, found: Extraction) -> None:
    drafts = _joined(found.statements)
    taken: set[int] = set()
    speakers: set[int] = set()
    for statement in report.statements:
        speaker = None if statement.speaker is None else report.mentions[statement.speaker]
        best: tuple[float, int] | None = None
        for index, draft in enumerate(drafts):
            if index in taken:
                continue
            share = _share(statement.content, draft.content)
            if share >= 0.5 and (best is None or share > best[0]):
                best = (share, index)
        if best is None:
            continue
        taken.add(best[1])
        own = drafts[best[1]].speaker
        span = None if own is None else found.mentions[own].span
        if (speaker is None and span is None) or (
            speaker is not None and span is not None and overlaps((speaker.start, speaker.end), span)
        ):
            speakers.add(best[1])
    for tally, right in ((result.contents, taken), (result.statements, speakers)):
        tally.hit += len(right)
        tally.extra += len(drafts) - len(right)
        tally.missed += len(report.statements) - len(right)
    for index, draft in enumerate(drafts):
        result.confidences["statement"].append((draft.confidence, index in speakers))


def _joined(drafts: Sequence[StatementDraft]) -> list[StatementDraft]:
    """Join cue-less content to the statement of the sentence before, as the coder does."""
    return list(join_continuations(drafts))


def layers(reports: Sequence[GoldReport], data: Sequence[Example], scores: Sequence[Scores]) -> dict[str, float]:
    """Figures of raw scores against gold, under the default thresholds."""
    return measure(reports, data, scores, extract.Thresholds()).figures()


def measure(
    reports: Sequence[GoldReport], data: Sequence[Example], scores: Sequence[Scores], thresholds: extract.Thresholds
) -> Result:
    """Decode scores of whole reports under some thresholds and count them against gold."""
    result = Result()
    by_report: dict[str, list[int]] = collections.defaultdict(list)
    for index, example in enumerate(data):
        by_report[example.report].append(index)
    for report in reports:
        rows = by_report[report.id]
        found = extract.extract(
            [(data[i].sentence, data[i].text, report.sentences[data[i].sentence][0]) for i in rows],
            [scores[i] for i in rows],
            thresholds,
        )
        add(result, report, found)
    return result
