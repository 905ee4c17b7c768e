"""Gold reports → training examples: the sentence as the model reads it, and its targets by word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detente import plover
from detente.code import model as shared
from train.labels import GoldReport

IGNORE = -100
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence with targets; arrays by word (w), `IGNORE` where a layer says nothing.

    `relations` holds -1 (not scored), 0 or 1, shape (7, w, w): rows of triggers and cues are scored against
    the first words of mentions (times for `time`, all words for `content`).
    """

    report: str
    sentence: int
    text: str
    encoded: shared.Encoded
    tags: Ints
    kinds: Ints
    sectors: Ints
    types: Ints
    modes: Ints
    statuses: Ints
    contexts: npt.NDArray[np.float32]
    relations: npt.NDArray[np.int8]


def words_of(encoded: shared.Encoded, start: int, end: int) -> list[int]:
    """Indices of the words that overlap [start, end) of the sentence."""
    return [int(i) for i in np.flatnonzero((encoded.starts < end) & (encoded.ends > start))]


def openings(report: GoldReport) -> list[bool]:
    """Tell for each sentence whether a quotation is open where it begins; paragraphs start closed."""
    states = []
    for start, end in report.sentences:
        paragraph = next(p for p in report.paragraphs if p[0] <= start and end <= p[1])
        states.append(shared.quotation(report.text[paragraph[0] : start])[1])
    return states


def examples(reports: Iterable[GoldReport], tokenizer: shared.Tokenizer) -> list[Example]:
    """Make one example a sentence (only the first window of a very long one)."""
    return [
        _example(report, index, tokenizer, opened)
        for report in reports
        for index, opened in enumerate(openings(report))
    ]


def _example(report: GoldReport, index: int, tokenizer: shared.Tokenizer, opened: bool) -> Example:
    base, stop = report.sentences[index]
    text = report.text[base:stop]
    encoded = tokenizer.encode(text, opened)[0]
    count = len(encoded.first)
    tags = np.zeros((count, len(shared.TAGS)), np.int64) + 2
    kinds, sectors, types, modes, statuses = (np.full(count, IGNORE, np.int64) for _ in range(5))
    contexts = np.full((count, len(plover.CONTEXTS)), float(IGNORE), np.float32)
    relations = np.full((len(shared.RELATIONS), count, count), -1, np.int8)
    entities = {entity.key: entity for entity in report.entities}

    def tag(layer: str, start: int, end: int) -> list[int]:
        words = words_of(encoded, start - base, end - base)
        column = shared.TAGS.index(layer)
        for number, word in enumerate(words):
            if tags[word, column] == 2 or number == 0:
                tags[word, column] = 0 if number == 0 else 1
        return words

    heads: dict[int, int] = {}
    for number, mention in enumerate(report.mentions):
        if mention.sentence != index:
            continue
        words = tag("mention", mention.start, mention.end)
        if not words:
            continue
        heads[number] = words[0]
        entity = entities[mention.entity]
        primary = entity.sectors[0] if entity.sectors else "-"
        for word in words:
            kinds[word] = shared.KINDS.index(entity.kind)
            if "+" not in mention.entity:
                sectors[word] = shared.SECTORS.index(primary)
    here = [event for event in report.events if event.sentence == index]
    times: dict[tuple[int, int], int] = {}
    for event in here:
        if event.time:
            words = tag("time", *event.time)
            if words:
                times[event.time] = words[0]
    mention_columns = sorted(heads.values())
    for event in here:
        words = tag("trigger", *event.trigger)
        if not words:
            continue
        for word in words:
            types[word] = plover.TYPES.index(event.type)
            modes[word] = shared.MODES.index((event.type, event.mode))
            statuses[word] = plover.STATUSES.index(event.status)
            contexts[word] = [float(name in event.contexts) for name in plover.CONTEXTS]
        for word in words:
            for layer, linked in (
                ("actor", event.actors),
                ("recipient", event.recipients),
                ("place", (event.place,) if event.place is not None else ()),
            ):
                row = relations[shared.RELATIONS.index(layer), word]
                row[mention_columns] = 0
                row[[heads[m] for m in linked if m in heads]] = 1
            row = relations[shared.RELATIONS.index("time"), word]
            row[list(times.values())] = 0
            if event.time in times:
                row[times[event.time]] = 1
    for statement in report.statements:
        inside = [piece for piece in statement.content if base <= piece[0] and piece[1] <= stop]
        content: list[int] = []
        for piece in inside:
            content += words_of(encoded, piece[0] - base, piece[1] - base)
        column = shared.TAGS.index("content")
        for word in content:
            if tags[word, column] == 2:
                tags[word, column] = 1
        if statement.sentence != index or statement.cue is None:
            continue
        cue = tag("cue", *statement.cue)
        for word in cue:
            for layer, target in (("speaker", statement.speaker), ("addressee", statement.addressee)):
                row = relations[shared.RELATIONS.index(layer), word]
                row[mention_columns] = 0
                if target in heads:
                    row[heads[target]] = 1
            row = relations[shared.RELATIONS.index("content"), word]
            row[:] = 0
            row[content] = 1
    return Example(report.id, index, text, encoded, tags, kinds, sectors, types, modes, statuses, contexts, relations)
