"""The pipeline: split, score, extract, resolve, date; read top to bottom."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

from detente import plover
from detente.code.dates import bounded, find_times
from detente.code.dates import resolve as resolve_time
from detente.code.extract import Thresholds, extract
from detente.code.model import Encoded, Model, Scores, chunks, quotation
from detente.code.resolve import Resolution, resolve, with_own_names
from detente.code.split import sentences as split
from detente.errors import ModelError, OptionError
from detente.gazetteer import Gazetteer
from detente.read.documents import document
from detente.read.language import CODED
from detente.records import (
    CodedDocument,
    Document,
    Event,
    EventDraft,
    Extraction,
    LearnedRole,
    MentionDraft,
    Options,
    Part,
    Sentence,
    Span,
    Statement,
    StatementDraft,
    StatementKind,
    TimeKind,
    When,
)

_CHUNK: Final = 32
"""Documents scored together; changes speed and memory only, never results."""

_YEAR: Final = dt.timedelta(365)

_VENUE: Final = re.compile(
    r"\b(?:at|in|on|during|via|by|through|over|after|for|to)\s(?:[\w’'-]+\s){0,4}?"
    r"(news conference|press conference|news briefing|press briefing|briefing|interview|joint statement|statement"
    r"|speech|address|tweet|tweets|twitter|x post|post|blog post|facebook|telegram|phone call|telephone call|phone"
    r"|telephone|letter|editorial|op-ed|commentary|article|report|communique|communiqué|memo|email|e-mail|testimony"
    r"|hearing|court filing|filing|lawsuit|sermon|television|state television|radio|video|rally|panel discussion"
    r"|closed-door session|session|note|message|video message|text message|debate|lecture)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document split into sentences, with the windows the model reads and the sentence each belongs to."""

    document: Document
    sentences: tuple[Sentence, ...]
    windows: tuple[Encoded, ...]
    of: tuple[int, ...]


class Coder:
    """Codes reports: loads model and tables once, then turns documents into coded documents.

    Args:
        options: how to code; left out, the keywords make them.
        model: a model folder, or the name of an installed model package such as "en-md"; left out, the bundled one.
        roles: roles of persons that earlier reports told, as `Store.roles` gives them (docs/actors.md).
        keywords: fields of `Options`, such as `min_confidence=0.5`.

    Raises:
        ModelError: the model folder is missing or does not fit this version.
        GazetteerError: a user's table is broken.
        OptionError: an option has a value that makes no sense.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        model: str | Path | None = None,
        roles: Iterable[LearnedRole] = (),
        **keywords: object,
    ) -> None:
        if options is not None and keywords:
            raise OptionError("give options or keywords, not both")
        try:
            self.options = options or Options(**keywords)  # type: ignore[arg-type]
        except TypeError as error:
            raise OptionError(f"no such option: {error}") from None
        if not 0 <= self.options.min_confidence <= 1:
            raise OptionError(f"min_confidence is {self.options.min_confidence}; it must be from 0 to 1")
        self._model = Model(model_folder(model), self.options.threads)
        self._thresholds = Thresholds.from_manifest(self._model.manifest)
        self._gazetteer = Gazetteer.load(self.options.actors, self.options.territories)
        learned = tuple(roles)
        if learned:
            self._gazetteer = self._gazetteer.with_learned(learned)
        self._unusual = _unusual(self.options, self._gazetteer.learned)

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the user's own tables was not read, a line each: codes that PLOVER does not know."""
        return tuple(self._gazetteer.notes)

    @property
    def version(self) -> str:
        """Package, model and options other than the usual ones, as stored with every document.

        So a store that is loaded again under other options codes its reports anew instead of mixing two ways.
        """
        return f"detente {metadata.version('detente')} / {self._model.version}{self._unusual}"

    def code(
        self,
        text: str | Document,
        date: str | dt.date | None = None,
        *,
        title: str | None = None,
        source: str | None = None,
    ) -> CodedDocument:
        """Code one report.

        Args:
            text: its text, or a document as `documents` yields it.
            date: its day, `YYYY-MM-DD`; for a text only.
            title: its headline; for a text only.
            source: who published it; for a text only.

        Raises:
            InputError: the text is empty or the date wrong.
            OptionError: a text without a date.
        """
        if isinstance(text, str):
            if date is None:
                raise OptionError("a text needs its date: code(text, date='YYYY-MM-DD')")
            text = document(text, date, title=title, source=source)
        return next(self.code_all([text]))

    def code_all(self, documents: Iterable[Document]) -> Iterator[CodedDocument]:
        """Code documents in their order, holding a few dozen in memory; the results do not depend on grouping."""
        with ThreadPoolExecutor(1, thread_name_prefix="detente-score") as scorer:
            waiting: tuple[list[_Prepared], Future[list[Scores]]] | None = None
            for chunk in chunks(documents, _CHUNK):
                prepared = [self._prepare(item) for item in chunk]
                scored = scorer.submit(self._score, prepared)
                if waiting is not None:
                    yield from self._finish(*waiting)
                waiting = prepared, scored
            if waiting is not None:
                yield from self._finish(*waiting)

    def _prepare(self, item: Document) -> _Prepared:
        sentences = split(item)
        windows: list[Encoded] = []
        of: list[int] = []
        if item.language == CODED:
            for index, (sentence, opened) in enumerate(zip(sentences, openings(item, sentences), strict=True)):
                for window in self._model.tokenizer.encode(item.text[sentence.start : sentence.end], opened):
                    windows.append(window)
                    of.append(index)
        return _Prepared(item, sentences, tuple(windows), tuple(of))

    def _score(self, prepared: Sequence[_Prepared]) -> list[Scores]:
        """Score every window of several documents, each distinct one once, the longest first."""
        windows = [window for item in prepared for window in item.windows]
        keys = [(window.ids.tobytes(), window.features.tobytes()) for window in windows]
        distinct = {key: number for number, key in reversed(list(enumerate(keys)))}
        order = sorted(distinct.values(), key=lambda number: -len(windows[number].ids))
        scores = dict(zip(order, self._model.score([windows[number] for number in order]), strict=True))
        # Equal input means equal scores, but offsets are each window's own.
        return [
            replace(scores[distinct[key]], starts=window.starts, ends=window.ends)
            for key, window in zip(keys, windows, strict=True)
        ]

    def _finish(self, prepared: Sequence[_Prepared], scored: Future[list[Scores]]) -> Iterator[CodedDocument]:
        scores = scored.result()
        begin = 0
        for item in prepared:
            end = begin + len(item.windows)
            yield self._coded(item, scores[begin:end])
            begin = end

    def _coded(self, item: _Prepared, scores: Sequence[Scores]) -> CodedDocument:
        report, sentences = item.document, item.sentences
        rows = [(i, report.text[sentences[i].start : sentences[i].end], sentences[i].start) for i in item.of]
        drafts = extract(rows, scores, self._thresholds)
        drafts = with_own_names(report, sentences, drafts, self._gazetteer)
        drafts = _with_posts(report, sentences, drafts)
        drafts = replace(drafts, statements=join_continuations(drafts.statements, sentences))
        resolution = resolve(report, sentences, drafts, self._gazetteer, self.options)
        statements = _statements(report, sentences, drafts, resolution)
        events = _events(report, sentences, drafts, statements, resolution)
        least = self.options.min_confidence
        return CodedDocument(
            report,
            tuple(Span(s.start, s.end) for s in sentences),
            resolution.entities,
            resolution.mentions,
            tuple(event for event in events if event.confidence >= least),
            tuple(statement for statement in statements if statement.confidence >= least),
            self.version,
        )


def _unusual(options: Options, learned: Sequence[LearnedRole]) -> str:
    """Name the options that change a coding and are not as usual; users' tables and learned roles by their content."""
    told = []
    if options.territories != "plover":
        told.append(f"territories {options.territories}")
    if options.min_confidence > 0:
        told.append(f"min confidence {options.min_confidence:g}")
    for path in options.actors:
        told.append(f"actors {hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]}")
    if learned:
        content = json.dumps([[r.name, r.country, r.sectors, r.title, r.date.isoformat()] for r in learned])
        told.append(f"roles {hashlib.sha256(content.encode()).hexdigest()[:12]}")
    return "".join(f" / {item}" for item in told)


def bundled_model() -> Path:
    """Return the folder of the weights that come with the package."""
    return Path(str(resources.files("detente"))) / "model"


def model_folder(model: str | Path | None = None) -> Path:
    """Return the folder of a model: the bundled one, a folder as given, or that of an installed package by name.

    A model package offers itself under the entry point group `detente.models`: its name there, and the Python
    package that holds the files.

    Args:
        model: a folder, or a name such as "en-md"; left out, the bundled model is meant.

    Raises:
        ModelError: there is neither a folder nor an installed package of that name.
    """
    if model is None or model == "en-sm":
        return bundled_model()
    if Path(model).is_dir():
        return Path(model)
    offered = {point.name: point.value for point in metadata.entry_points(group="detente.models")}
    if str(model) in offered:
        return Path(str(resources.files(offered[str(model)])))
    known = ", ".join(sorted({"en-sm", *offered}))
    raise ModelError(f"{model}: no folder of that name, nor an installed model; there are {known}")


def bundled_manifest() -> dict[str, Any]:
    """Return what the bundled model says of itself: thresholds, development figures, error rates.

    Raises:
        ModelError: there is no readable manifest.
    """
    path = bundled_model() / "manifest.json"
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: no readable model manifest here ({error}); reinstall detente") from error
    return content


def openings(report: Document, sentences: Sequence[Sentence]) -> list[bool]:
    """Tell for each sentence whether a quotation is open where it begins.

    A paragraph or other part starts with none open.
    """
    states: list[bool] = []
    opened, part, reached = False, None, 0
    for sentence in sentences:
        key = (sentence.part, report.text.count("\n\n", reached, sentence.start) if states else 0)
        if part is None or sentence.part != part or key[1]:
            opened = False
        states.append(opened)
        opened = quotation(report.text[sentence.start : sentence.end], opened)[1]
        part, reached = sentence.part, sentence.end
    return states


def join_continuations(
    drafts: Sequence[StatementDraft], sentences: Sequence[Sentence] = ()
) -> tuple[StatementDraft, ...]:
    """Join content without a cue to the statement of the sentence just before it: a quotation that goes on.

    Args:
        drafts: statements in order of position.
        sentences: the document's, so that nothing is joined across its parts; without them parts are not looked at.
    """

    def apart(one: int, two: int) -> bool:
        return bool(sentences) and sentences[one].part != sentences[two].part

    joined: list[StatementDraft] = []
    last: dict[int, int] = {}
    for draft in drafts:
        before = last.get(draft.sentence - 1)
        if (
            draft.cue is None
            and draft.speaker is None
            and before is not None
            and draft.sentence not in last
            and not apart(draft.sentence - 1, draft.sentence)
        ):
            old = joined[before]
            joined[before] = replace(old, content=(*old.content, *draft.content))
            last[draft.sentence] = before
        else:
            last[draft.sentence] = len(joined)
            joined.append(draft)
    return tuple(joined)


def _with_posts(report: Document, sentences: Sequence[Sentence], drafts: Extraction) -> Extraction:
    """Add an embedded post as a statement of its author, whose name under it becomes a mention."""
    mentions, statements = list(drafts.mentions), list(drafts.statements)
    for index, part in enumerate(report.parts):
        own = [number for number, sentence in enumerate(sentences) if sentence.part == index]
        if part.kind != "tweet" or not part.author or not own:
            continue
        begin, end = sentences[own[0]].start, sentences[own[-1]].end
        speaker: int | None = None
        found = _signature(report.text, part, begin, end)
        if found is not None:
            speaker = len(mentions)
            mentions.append(MentionDraft(found, own[-1], (("person", 1.0),), (), 1.0))
        statements.append(StatementDraft(own[0], speaker, None, (Span(begin, end),), None, 1.0))
    if len(statements) == len(drafts.statements):
        return drafts
    order = sorted(range(len(mentions)), key=lambda i: (mentions[i].span.start, -mentions[i].span.end, i))
    place = {old: new for new, old in enumerate(order)}

    def moved(index: int | None) -> int | None:
        return None if index is None else place[index]

    return Extraction(
        tuple(mentions[i] for i in order),
        tuple(
            replace(
                event,
                actors=tuple(place[i] for i in event.actors),
                recipients=tuple(place[i] for i in event.recipients),
                place=moved(event.place),
            )
            for event in drafts.events
        ),
        tuple(
            replace(s, speaker=moved(s.speaker), addressee=moved(s.addressee))
            for s in sorted(statements, key=lambda s: (s.sentence, s.content[0].start, -s.content[0].end))
        ),
    )


def _signature(text: str, part: Part, begin: int, end: int) -> Span | None:
    """Find the author's name in a post's frame: after its words, or before them."""
    assert part.author is not None
    for low, high in ((end, part.end), (part.start, begin)):
        at = text.find(part.author, low, high)
        if at >= 0:
            return Span(at, at + len(part.author))
    return None


def _kind(text: str, content: Sequence[Span]) -> StatementKind:
    """Direct if all content stands in quotation marks, indirect if none does, else mixed."""
    quoted = plain = 0
    opened = False
    for span in content:
        words = text[span.start : span.end]
        if not opened and not any(mark in words for mark in '"“”«»„') and _inside(text, span.start):
            quoted += len(words)
            continue
        flags, opened = quotation(words, opened or _inside(text, span.start))
        for flag, character in zip(flags, words, strict=True):
            if character.isalnum():
                quoted += flag
                plain += not flag
    if not quoted:
        return "indirect"
    return "direct" if not plain else "mixed"


def _inside(text: str, position: int) -> bool:
    """Tell whether a quotation is open at a place, counting from its paragraph's start."""
    begin = text.rfind("\n\n", 0, position) + 1
    return quotation(text[max(begin, position - 4000) : position])[1]


def _statements(
    report: Document, sentences: Sequence[Sentence], drafts: Extraction, resolution: Resolution
) -> tuple[Statement, ...]:
    def mention(index: int | None) -> str | None:
        return None if index is None else resolution.mentions[index].id

    made = []
    for number, draft in enumerate(drafts.statements, 1):
        sentence = sentences[draft.sentence]
        posted = draft.cue is None and sentence.part >= 0 and report.parts[sentence.part].kind == "tweet"
        made.append(
            Statement(
                f"s{number}",
                mention(draft.speaker),
                draft.cue,
                draft.content,
                mention(draft.addressee),
                "tweet" if posted and draft.speaker is not None else _venue(report.text, sentence, draft),
                "direct" if posted and draft.speaker is not None else _kind(report.text, draft.content),
                draft.confidence,
            )
        )
    return tuple(made)


def _venue(text: str, sentence: Sentence, draft: StatementDraft) -> str | None:
    """Find where a statement was made in the words beside its cue, outside its content."""
    if draft.cue is None:
        return None
    frame = list(text[sentence.start : sentence.end])
    for span in draft.content:
        for position in range(max(span.start, sentence.start), min(span.end, sentence.end)):
            frame[position - sentence.start] = "\0"
    found = _VENUE.search("".join(frame))
    return found[1].lower() if found else None


def _events(
    report: Document,
    sentences: Sequence[Sentence],
    drafts: Extraction,
    statements: Sequence[Statement],
    resolution: Resolution,
) -> tuple[Event, ...]:
    made: list[Event] = []
    previous: When | None = None
    told: tuple[int, When] | None = None
    names = [mention.id for mention in resolution.mentions]
    owners = _Owners(statements)
    kept = [draft for draft in drafts.events if draft.actors or draft.recipients or draft.confidence >= _PARTYLESS]
    for number, draft in enumerate(kept, 1):
        inside, cued = owners.of(draft.trigger)
        day = _day(report, sentences[draft.sentence])
        time = _told(report.text, draft.time, sentences[draft.sentence].end, day, previous)
        main = told[1] if told is not None and told[0] == draft.sentence else None
        date, kind, when = _dated(report.text, replace(draft, time=time), day, previous, main)
        status = draft.status
        if status == "actual" and when is not None and when.end is not None and when.end > day:
            # What is done lies not after its report, and a word that was given counts from its utterance: the
            # expression tells another time, that of what was agreed or of the end of a measure.
            date, kind, when, time = (day, day), "exact", None, None
        if when is not None:
            previous = when
            if status == "actual" and when.end is not None and when.end <= day - _YEAR:
                # The codebook's bound: a year or more before the report is background.
                status = "historical"
        if date is not None:
            told = draft.sentence, when or When(*date, "day", "document", "exact")
        made.append(
            Event(
                id=f"v{number}",
                type=draft.type,
                mode=draft.mode,
                contexts=draft.contexts,
                status=status,
                attributed=inside is not None,
                statement=inside or cued,
                actors=tuple(names[i] for i in draft.actors),
                recipients=tuple(names[i] for i in _others(draft, resolution)),
                location=None if draft.place is None else names[draft.place],
                date=date,
                date_text=time,
                date_kind=kind,
                trigger=draft.trigger,
                sentence=draft.sentence,
                quad=plover.QUAD[draft.type],
                intensity=plover.intensity(draft.type, draft.mode),
                confidence=draft.confidence,
            )
        )
    return tuple(made)


_PARTYLESS: Final = 0.5
"""Least confidence of an event without actor and recipient. Below it 0.22 of such events are right, above it 0.59, as many as
of events with a party (257 without one, in training reports written after the model of November 24)."""


def _others(draft: EventDraft, resolution: Resolution) -> list[int]:
    """The recipients who are not, with all their members, the actors themselves: nobody is asked by himself."""
    members = {entity.id: entity.members for entity in resolution.entities}

    def leaves(mentions: Sequence[int]) -> set[str]:
        found = [resolution.mentions[i].entity for i in mentions]
        return {leaf for entity in found for leaf in (entity, *members[entity])}

    acting = leaves(draft.actors)
    return [i for i in draft.recipients if not leaves([i]) <= acting]


class _Owners:
    """Which statement a span stands in, the innermost; or whose cue it is."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._pieces = [
            (piece.start, piece.end, statement.id) for statement in statements for piece in statement.content
        ]
        self._cues = [(s.cue.start, s.cue.end, s.id) for s in statements if s.cue is not None]
        self._pieces.sort()
        self._cues.sort()

    def of(self, span: Span) -> tuple[str | None, str | None]:
        inside = [(end - start, id_) for start, end, id_ in self._pieces if start <= span.start and span.end <= end]
        cued = next((id_ for start, end, id_ in self._cues if start < span.end and span.start < end), None)
        return (min(inside)[1] if inside else None), cued


def _day(report: Document, sentence: Sentence) -> dt.date:
    """The day against which a sentence's times are read: an embedded post's own, else the report's."""
    part = report.parts[sentence.part] if sentence.part >= 0 else None
    return part.date if part is not None and part.kind == "tweet" and part.date else report.date


_AFTER: Final = 40


def _told(text: str, time: Span | None, end: int, day: dt.date, previous: When | None) -> Span | None:
    """Set the words marked as a time to the expression they hold or begin ("on Thursday for", "on"), if they are none."""
    if time is None or resolve_time(text[time.start : time.end], day, previous=previous).start is not None:
        return time
    for found in find_times(text[time.start : max(time.end, min(end, time.end + _AFTER))]):
        if found.start <= time.end - time.start + 1:
            return Span(time.start + found.start, time.start + found.end)
    return time


_CLAUSE: Final = re.compile(r"\b(after|before)\s*$", re.IGNORECASE)
_TURNED: Final = {"after": "before", "before": "after"}


def _dated(
    text: str, draft: EventDraft, day: dt.date, previous: When | None, main: When | None = None
) -> tuple[tuple[dt.date, dt.date] | None, TimeKind | None, When | None]:
    """Return an event's days, their kind, and the resolved time where the text tells one."""
    if draft.time is None:
        return ((day, day), "exact", None) if draft.status == "actual" else (None, None, None)
    words = text[draft.time.start : draft.time.end]
    ahead = draft.status in ("planned", "hypothetical")
    clause = _CLAUSE.search(words)
    if clause and main is not None and draft.time.end <= draft.trigger.start:
        # "Met on Monday, two days after rebels struck": they struck so long before what the sentence told first.
        words, previous = words[: clause.start()] + _TURNED[clause[1].lower()], main
    when = resolve_time(words, day, previous=previous, future=ahead)
    if not ahead and draft.type in ("AGREE", "CONCEDE") and when.end is not None and when.end < day:
        # What is promised lies ahead more often than a promise of long ago is told: the nearer reading counts.
        other = resolve_time(words, day, previous=previous, future=True)
        if other.start is not None and abs((other.start - day).days) < abs((day - when.end).days):
            when = other
    if when.start is None or when.end is None:
        return None, "unresolved", None
    if draft.status == "actual" or ahead:
        when = bounded(when, day, future=ahead or (when.end > day and draft.type == "AGREE"))
    assert when.start is not None and when.end is not None
    return (when.start, when.end), when.kind, when
