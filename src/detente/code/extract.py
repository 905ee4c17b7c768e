"""Scores → mentions, events and statements in spans: what the sentence says, with no country and no date.

Thresholds and calibration come with the model's manifest; they were chosen on development data alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from detente import plover
from detente.code.model import KINDS, MODES, RELATIONS, SECTORS, TAGS, Floats, Scores
from detente.records import EventDraft, Extraction, MentionDraft, Span, StatementDraft

_WHOLE: Final = 5
_STRAY: Final = 2
"""Words of a whole piece of content, and the most of a stray one."""
_QUOTES: Final = '"“”«»„'
_KEPT_LABEL: Final = 0.05
"""Labels of a mention less probable than this are not passed on."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Probabilities from which a span or link is taken, and calibration; see `train/tune.py`.

    `calibration` maps event, statement and mention to (slope, offset) of a logistic on the raw log-odds.
    """

    mention: float = 0.5
    trigger: float = 0.5
    time: float = 0.5
    cue: float = 0.5
    content: float = 0.5
    actor: float = 0.5
    recipient: float = 0.5
    place: float = 0.5
    timelink: float = 0.5
    speaker: float = 0.5
    addressee: float = 0.5
    member: float = 0.5
    contexts: float = 0.5
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Thresholds:
        """Read the thresholds of a model's manifest."""
        values = dict(manifest.get("thresholds", {}))
        calibration = {name: (float(a), float(b)) for name, (a, b) in manifest.get("calibration", {}).items()}
        return cls(**{name: float(value) for name, value in values.items()}, calibration=calibration)

    def calibrated(self, layer: str, probability: float) -> float:
        """Turn a raw probability into a calibrated one (Platt scaling on log-odds), rounded to 4 places."""
        p = min(max(probability, 1e-6), 1 - 1e-6)
        slope, offset = self.calibration.get(layer, (1.0, 0.0))
        return round(1 / (1 + math.exp(-(slope * math.log(p / (1 - p)) + offset))), 4)


def softmax(x: Floats) -> Floats:
    """Softmax over the last axis."""
    shifted: Floats = np.exp(x - np.maximum.reduce(x, -1, keepdims=True), dtype=np.float32)
    result: Floats = np.divide(shifted, np.add.reduce(shifted, -1, keepdims=True), dtype=np.float32)
    return result


def _mean(rows: Floats) -> Floats:
    """Mean over the first axis; most spans are one word."""
    result: Floats = rows[0] if len(rows) == 1 else np.add.reduce(rows, 0) / np.float32(len(rows))
    return result


def sigmoid(x: Floats) -> Floats:
    """Logistic function, stable at both ends."""
    result: Floats = (0.5 * (1 + np.tanh(0.5 * x))).astype(np.float32)
    return result


def spans(probabilities: Floats, threshold: float) -> list[tuple[int, int, float]]:
    """Read spans off B, I, O probabilities.

    Args:
        probabilities: shape (w, 3) for B, I, O.
        threshold: a word is inside a span if B + I reach this.

    Returns:
        (first word, last word + 1, mean probability of being inside) in order.
    """
    inside = 1 - probabilities[:, 2]
    taken = inside >= threshold
    if not taken.any():
        return []
    heads = (probabilities[:, 0] > probabilities[:, 1]).tolist()
    found: list[tuple[int, int, float]] = []
    start: int | None = None
    for index, flag in enumerate(taken.tolist()):
        begins = flag and (start is None or heads[index])
        if start is not None and (begins or not flag):
            found.append((start, index, float(_mean(inside[start:index]))))
            start = None
        if begins:
            start = index
    if start is not None:
        found.append((start, len(probabilities), float(_mean(inside[start:]))))
    return found


def _labels(names: Sequence[str], probabilities: Floats) -> tuple[tuple[str, float], ...]:
    likely = sorted(
        ((-value, index) for index, value in enumerate(probabilities.tolist()) if value >= _KEPT_LABEL)
    )  # fmt: skip
    return tuple((names[index], round(-value, 4)) for value, index in likely)


_BLOCK = [np.array([i for i, (name, _) in enumerate(MODES) if name == kind]) for kind in plover.TYPES]
_RELATION = {name: index for index, name in enumerate(RELATIONS)}
_TAG = {name: index for index, name in enumerate(TAGS)}


def _runs(
    member: Floats, threshold: float, text: str, starts: Sequence[int], ends: Sequence[int]
) -> list[tuple[int, int]]:
    """Runs of words taken as content; a gap of one or two words is closed, stray punctuation dropped."""
    taken = member >= threshold
    if not taken.any():
        return []
    found: list[tuple[int, int]] = []
    start: int | None = None
    for index, flag in enumerate([*taken.tolist(), False]):
        if flag and start is None:
            start = index
        elif not flag and start is not None:
            if found and start - found[-1][1] <= 2 and float(member[found[-1][1] : start].max()) > 0.1:
                found[-1] = (found[-1][0], index)
            else:
                found.append((start, index))
            start = None
    found = [run for run in found if any(c.isalnum() for c in text[starts[run[0]] : ends[run[1] - 1]])]
    # Beside a whole piece a stray word or two is noise, unless it is quoted.
    whole = any(last - first >= _WHOLE for first, last in found)
    return [
        run
        for run in found
        if not whole or run[1] - run[0] > _STRAY or any(c in _QUOTES for c in text[starts[run[0]] : ends[run[1] - 1]])
    ]


def extract(sentences: Sequence[tuple[int, str, int]], scores: Sequence[Scores], thresholds: Thresholds) -> Extraction:
    """Decode the scores of one document's sentences.

    Args:
        sentences: (sentence index, its words, offset of its first code point in the document), one a window.
        scores: the model's scores of the same windows.
        thresholds: the model's.

    Returns:
        Mentions, events and statements in order of position, spans in the document's code points.
    """
    mentions: list[MentionDraft] = []
    events: list[EventDraft] = []
    statements: list[StatementDraft] = []
    for (index, text, base), score in zip(sentences, scores, strict=True):
        if len(score.starts):
            _sentence(index, text, base, score, thresholds, mentions, events, statements)
    return Extraction(tuple(mentions), tuple(events), tuple(statements))


def _sentence(
    sentence: int,
    text: str,
    base: int,
    score: Scores,
    thresholds: Thresholds,
    mentions: list[MentionDraft],
    events: list[EventDraft],
    statements: list[StatementDraft],
) -> None:
    starts, ends = score.starts.tolist(), score.ends.tolist()
    tags = softmax(score.tags)

    def span(first: int, last: int) -> Span:
        return Span(base + starts[first], base + ends[last - 1])

    offset = len(mentions)
    heads: list[int] = []
    marked = [
        found
        for found in spans(tags[:, _TAG["mention"]], thresholds.mention)
        if any(c.isalnum() for c in text[starts[found[0]] : ends[found[1] - 1]])
    ]
    if marked:
        kinds = softmax(np.stack([_mean(score.kinds[first:last]) for first, last, _ in marked]))
        sectors = softmax(np.stack([_mean(score.sectors[first:last]) for first, last, _ in marked]))
        for (first, last, probability), kind_row, sector_row in zip(marked, kinds, sectors, strict=True):
            heads.append(first)
            mentions.append(
                MentionDraft(
                    span(first, last),
                    sentence,
                    _labels(KINDS, kind_row),
                    _labels(SECTORS, sector_row),
                    thresholds.calibrated("mention", probability),
                )
            )
    times = [(first, span(first, last)) for first, last, _ in spans(tags[:, _TAG["time"]], thresholds.time)]
    columns = np.array(heads, dtype=np.int64)

    def link(layer: str, first: int, last: int) -> Floats:
        return sigmoid(_mean(score.relations[_RELATION[layer], first:last]))

    def links(layer: str, first: int, last: int) -> list[float]:
        """Probabilities of the mentions alone."""
        found: list[float] = sigmoid(_mean(score.relations[_RELATION[layer], first:last])[columns]).tolist()
        return found

    def best(layer: str, first: int, last: int, threshold: float) -> int | None:
        if not heads:
            return None
        values = links(layer, first, last)
        top = values.index(max(values))
        return offset + top if values[top] >= threshold else None

    for first, last, probability in spans(tags[:, _TAG["trigger"]], thresholds.trigger):
        types = softmax(_mean(score.types[first:last]))
        kind = int(types.argmax())
        block = _BLOCK[kind]
        mode = int(block[_mean(score.modes[first:last])[block].argmax()])
        contexts = sigmoid(_mean(score.contexts[first:last])).tolist()
        actors = links("actor", first, last) if heads else []
        recipients = links("recipient", first, last) if heads else []
        chosen_actors = [i for i, p in enumerate(actors) if p >= thresholds.actor]
        chosen_recipients = [
            i for i, p in enumerate(recipients)
            if p >= thresholds.recipient and not (i in chosen_actors and actors[i] >= p)
        ]  # fmt: skip
        chosen_actors = [i for i in chosen_actors if i not in chosen_recipients]
        time: Span | None = None
        if times:
            values = link("time", first, last)[[word for word, _ in times]]
            top = int(values.argmax())
            time = times[top][1] if values[top] >= thresholds.timelink else None
        events.append(
            EventDraft(
                sentence=sentence,
                trigger=span(first, last),
                type=plover.TYPES[kind],
                mode=MODES[mode][1],
                status=plover.STATUSES[int(_mean(score.statuses[first:last]).argmax())],
                contexts=tuple(
                    name for name, p in zip(plover.CONTEXTS, contexts, strict=True) if p >= thresholds.contexts
                ),
                actors=tuple(offset + i for i in chosen_actors),
                recipients=tuple(offset + i for i in chosen_recipients),
                place=best("place", first, last, thresholds.place),
                time=time,
                confidence=thresholds.calibrated("event", probability * float(types[kind])),
            )
        )
    covered = np.zeros(len(starts), bool)
    found: list[tuple[int, StatementDraft]] = []
    for first, last, probability in spans(tags[:, _TAG["cue"]], thresholds.cue):
        member = link("content", first, last)
        member[first:last] = 0
        runs = _runs(member, thresholds.member, text, starts, ends)
        if not runs:
            continue
        certainty = float(np.mean([member[a:b].mean() for a, b in runs]))
        for a, b in runs:
            covered[a:b] = True
        draft = StatementDraft(
            sentence,
            best("speaker", first, last, thresholds.speaker),
            span(first, last),
            tuple(span(a, b) for a, b in runs),
            best("addressee", first, last, thresholds.addressee),
            thresholds.calibrated("statement", probability * certainty),
        )
        found.append((starts[runs[0][0]], draft))
    loose = np.where(covered, 0, 1 - tags[:, _TAG["content"], 2])
    for a, b in _runs(loose, thresholds.content, text, starts, ends):
        # Content no cue of this sentence owns: a quotation that goes on from the sentence before, or stands alone.
        if b - a >= 3 and (b - a) * 2 >= len(starts) - int(covered.sum()):
            certainty = thresholds.calibrated("statement", float(loose[a:b].mean()))
            found.append((starts[a], StatementDraft(sentence, None, None, (span(a, b),), None, certainty)))
    statements.extend(draft for _, draft in sorted(found, key=lambda item: item[0]))
