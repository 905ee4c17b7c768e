"""Labelled reports: the format people write, its validator, and the compiler to character spans.

The format is described in `train/guidelines.md`. A report is a few header lines, then sentences with
inline mention marks, each followed by its label lines; no line ever holds a counted offset.

    python -m train.labels check PATH…            validate, one line a fault
    python -m train.labels compile PATH… --out F  JSON Lines with spans
    python -m train.labels strip PATH…            the bare sentences, for blind labelling
    python -m train.labels stats PATH…            counts per layer, type, mode, status
"""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from detente import plover

KINDS = ("person", "country", "organisation", "group", "place", "other")
REGISTERS = (
    "wire", "broadsheet", "state-media", "ministry", "readout", "tweet", "headlines", "analysis",
    "translation", "transcript",
)  # fmt: skip
TOPICS = ("interstate", "intrastate", "domestic", "nothing")
HEADER = ("date", "register", "region", "topic", "writer")

_KEY = r"[A-Za-z0-9_.+-]+"
_MARK_OPEN = "["
_ALL = "*"
_FIELDS = {"A", "R", "C", "T", "P", "D"}
_CALENDAR = set(
    "January February March April May June July August September October November December Jan Feb Mar Apr "
    "Jun Jul Aug Sept Sep Oct Nov Dec Monday Tuesday Wednesday Thursday Friday Saturday Sunday I Mr Mrs Ms Dr "
    "Internet Christmas Easter Ramadan GMT".split()
)


class LabelError(ValueError):
    """A labelled report breaks a rule of the format; says file, line and rule."""


@dataclass(frozen=True, slots=True)
class GoldEntity:
    """A person, state, organisation, group or place, as the report's labels name it."""

    key: str
    name: str
    kind: str
    country: str | None
    sectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GoldMention:
    """Span of a mention, in code points of the report's text, and the key of its entity."""

    start: int
    end: int
    entity: str
    sentence: int


@dataclass(frozen=True, slots=True)
class GoldEvent:
    """One event: spans, labels, and indices into the report's mentions."""

    sentence: int
    trigger: tuple[int, int]
    type: str
    mode: str | None
    status: str
    contexts: tuple[str, ...]
    actors: tuple[int, ...]
    recipients: tuple[int, ...]
    place: int | None
    time: tuple[int, int] | None
    date: tuple[str, str] | None
    statement: str | None
    attributed: bool


@dataclass(frozen=True, slots=True)
class GoldStatement:
    """One statement: speaker and addressee index mentions; cue and content are spans."""

    id: str
    sentence: int
    speaker: int | None
    cue: tuple[int, int] | None
    content: tuple[tuple[int, int], ...]
    addressee: int | None
    venue: str | None


@dataclass(frozen=True, slots=True)
class GoldReport:
    """A labelled report compiled to spans."""

    id: str
    date: str
    register: str
    region: str
    topic: str
    writer: str
    text: str
    paragraphs: tuple[tuple[int, int], ...]
    sentences: tuple[tuple[int, int], ...]
    entities: tuple[GoldEntity, ...]
    mentions: tuple[GoldMention, ...]
    events: tuple[GoldEvent, ...]
    statements: tuple[GoldStatement, ...]


@dataclass(slots=True)
class _Line:
    number: int
    text: str


@dataclass(slots=True)
class _Sentence:
    number: int
    text: str
    marks: list[tuple[int, int, str]]
    labels: list[_Line] = field(default_factory=list)
    paragraph: int = 0


def read_blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, lines) of each report in a file; a report starts at a line `=== id`."""
    start, block = 0, []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("=== "):
            if block:
                yield start, block
            start, block = number, [line]
        elif block:
            block.append(line)
        elif line.strip() and not line.startswith("#"):
            raise LabelError(f"{path}:{number}: text before the first '=== id' line")
    if block:
        yield start, block


def parse_marks(text: str, where: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Strip `[text|key]` marks; return the plain sentence and (start, end, key) of each mention."""
    plain: list[str] = []
    length = 0
    marks: list[tuple[int, int, str]] = []
    position = 0
    for match in re.finditer(r"\[([^\[\]|]*)\|(" + _KEY + r")\]", text):
        before = text[position : match.start()]
        plain.append(before)
        length += len(before)
        inner = match.group(1)
        if inner != inner.strip() or not inner:
            raise LabelError(f"{where}: mention {match.group(0)!r} is empty or has blanks at its ends")
        marks.append((length, length + len(inner), match.group(2)))
        plain.append(inner)
        length += len(inner)
        position = match.end()
    plain.append(text[position:])
    sentence = "".join(plain)
    if re.search(r"[\[\]|]", sentence):
        raise LabelError(f"{where}: a bracket or bar is left over (nested or broken mark): {sentence!r}")
    return sentence, marks


def find(sentence: str, quoted: str, where: str) -> tuple[int, int]:
    """Find a quoted substring (`words`, `words#2` for the second, `head ... tail`) in a sentence."""
    if quoted == _ALL:
        return 0, len(sentence)
    if " ... " in quoted:
        head, tail = quoted.split(" ... ", 1)
        start, _ = find(sentence, head, where)
        after = sentence.rfind(tail)
        if after < start:
            raise LabelError(f"{where}: end of content {tail!r} is not in the sentence after {head!r}")
        return start, after + len(tail)
    nth, words = 1, quoted
    numbered = re.fullmatch(r"(.*)#(\d+)", quoted)
    if numbered:
        words, nth = numbered.group(1), int(numbered.group(2))
    left = r"(?<!\w)" if words[:1].isalnum() else ""
    right = r"(?!\w)" if words[-1:].isalnum() else ""
    found = list(re.finditer(left + re.escape(words) + right, sentence))
    if len(found) < nth:
        raise LabelError(f"{where}: {quoted!r} is not in the sentence {sentence!r}")
    return found[nth - 1].span()


def _implicit_entity(key: str) -> GoldEntity | None:
    """`usa`, `usa.gov`, `irq.reb.fighters`, `xxx.cvl.crowd`, `chn+usa`: entities that need no N line."""
    if "+" in key:
        return GoldEntity(key, key, "group", None)
    parts = key.split(".")
    country = parts[0].upper()
    if not re.fullmatch(r"[a-z]{3}", parts[0]):
        return None
    nation = None if country == "XXX" else country
    if len(parts) == 1:
        return GoldEntity(key, country, "country", nation) if nation else None
    sector = parts[1].upper()
    if sector not in plover.SECTORS:
        return None
    kind = "organisation" if sector in ("GOV", "MIL", "LEG", "JUD", "SPY") and len(parts) == 2 else "group"
    return GoldEntity(key, ".".join(parts), kind, nation, (sector,))


def _entity(line: _Line, where: str) -> GoldEntity:
    match = re.fullmatch(r"N\s+(" + _KEY + r")\s*=\s*(.+)", line.text)
    if not match:
        raise LabelError(f"{where}: an N line is 'N key = Name; kind; COUNTRY or -; SECTOR,SECTOR or -'")
    fields = [part.strip() for part in match.group(2).split(";")]
    if len(fields) == 3:
        fields.append("-")
    if len(fields) != 4:
        raise LabelError(f"{where}: an N line has 4 fields, this one has {len(fields)}")
    name, kind, country, sectors = fields
    if kind not in KINDS:
        raise LabelError(f"{where}: kind {kind!r} is not one of {', '.join(KINDS)}")
    if country != "-" and not re.fullmatch(r"[A-Z]{3}", country):
        raise LabelError(f"{where}: country {country!r} is not a three-letter code or -")
    listed = () if sectors == "-" else tuple(part.strip() for part in sectors.split(","))
    for sector in listed:
        if sector not in plover.SECTORS:
            raise LabelError(f"{where}: no sector {sector!r}")
    return GoldEntity(match.group(1), name, kind, None if country == "-" else country, listed)


def _nearest(marks: list[tuple[int, int, int]], anchor: tuple[int, int]) -> int:
    def distance(mark: tuple[int, int, int]) -> tuple[int, int]:
        start, end, _ = mark
        gap = anchor[0] - end if end <= anchor[0] else start - anchor[1]
        return (max(gap, 0), start)

    return min(marks, key=distance)[2]


class _Compiler:
    def __init__(self, path: Path, number: int, lines: list[str]) -> None:
        self.path = path
        self.number = number
        self.lines = lines
        self.warnings: list[str] = []

    def where(self, number: int) -> str:
        return f"{self.path}:{number}"

    def compile(self) -> GoldReport:
        identifier = self.lines[0][4:].strip()
        if not re.fullmatch(r"[A-Za-z0-9-]+", identifier):
            raise LabelError(f"{self.where(self.number)}: report id {identifier!r} is not letters, digits, dashes")
        header: dict[str, str] = {}
        sentences: list[_Sentence] = []
        names: dict[str, GoldEntity] = {}
        paragraph, gap = -1, True
        for offset, raw in enumerate(self.lines[1:], 1):
            number = self.number + offset
            line = raw.rstrip()
            if not line:
                gap = True
            elif line.startswith("# "):
                continue
            elif line.startswith("> "):
                if gap:
                    paragraph, gap = paragraph + 1, False
                text, marks = parse_marks(line[2:].strip(), self.where(number))
                sentences.append(_Sentence(number, text, marks, [], paragraph))
            elif line.startswith(("E ", "S ")):
                if not sentences:
                    raise LabelError(f"{self.where(number)}: a label before the first sentence")
                sentences[-1].labels.append(_Line(number, line))
            elif line.startswith("N "):
                entity = _entity(_Line(number, line), self.where(number))
                if entity.key in names:
                    raise LabelError(f"{self.where(number)}: entity {entity.key!r} is declared twice")
                names[entity.key] = entity
            elif (match := re.fullmatch(r"([a-z]+):\s*(.*)", line)) and not sentences:
                header[match.group(1)] = match.group(2)
            else:
                raise LabelError(f"{self.where(number)}: line is none of header, '> ', 'E ', 'S ', 'N ': {line[:60]!r}")
        self._check_header(header)
        if not sentences:
            raise LabelError(f"{self.where(self.number)}: report {identifier} has no sentence")
        return self._build(identifier, header, sentences, names)

    def _check_header(self, header: dict[str, str]) -> None:
        where = self.where(self.number)
        missing = [key for key in HEADER if key not in header]
        if missing:
            raise LabelError(f"{where}: header lacks {', '.join(missing)}")
        try:
            dt.date.fromisoformat(header["date"])
        except ValueError as error:
            raise LabelError(f"{where}: date {header['date']!r} is not YYYY-MM-DD") from error
        for key, allowed in (("register", REGISTERS), ("topic", TOPICS)):
            if header[key] not in allowed:
                raise LabelError(f"{where}: {key} {header[key]!r} is not one of {', '.join(allowed)}")

    def _build(
        self, identifier: str, header: dict[str, str], sentences: list[_Sentence], names: dict[str, GoldEntity]
    ) -> GoldReport:
        text, spans, paragraphs = "", [], []
        for index, sentence in enumerate(sentences):
            if index:
                text += " " if sentence.paragraph == sentences[index - 1].paragraph else "\n\n"
            spans.append((len(text), len(text) + len(sentence.text)))
            text += sentence.text
            if sentence.paragraph == len(paragraphs):
                paragraphs.append(spans[-1])
            else:
                paragraphs[-1] = (paragraphs[-1][0], spans[-1][1])
        entities: dict[str, GoldEntity] = {}
        mentions: list[GoldMention] = []
        local: list[list[tuple[int, int, int]]] = []
        for index, (sentence, span) in enumerate(zip(sentences, spans, strict=True)):
            here = []
            for start, end, key in sentence.marks:
                for part in dict.fromkeys([*key.split("+"), key]):
                    entity = names.get(part) or _implicit_entity(part)
                    if entity is None:
                        raise LabelError(f"{self.where(sentence.number)}: no N line for entity {part!r}")
                    entities[part] = entity
                here.append((start, end, len(mentions)))
                mentions.append(GoldMention(span[0] + start, span[0] + end, key, index))
            local.append(here)
            self._warn_unmarked(sentence)
        events: list[GoldEvent] = []
        statements: dict[str, GoldStatement] = {}
        for index, sentence in enumerate(sentences):
            for line in sentence.labels:
                if line.text.startswith("S "):
                    self._statement(index, sentence, line, spans[index][0], local[index], mentions, statements)
        for index, sentence in enumerate(sentences):
            for line in sentence.labels:
                if line.text.startswith("E "):
                    events.append(
                        self._event(index, sentence, line, spans[index][0], local[index], mentions, statements)
                    )
        self._check_overlap(events)
        for key in names:
            if key not in entities:
                self.warnings.append(f"{self.where(self.number)}: entity {key!r} is declared and never marked")
        return GoldReport(
            identifier,
            header["date"],
            header["register"],
            header["region"],
            header["topic"],
            header["writer"],
            text,
            tuple(paragraphs),
            tuple(spans),
            tuple(entities.values()),
            tuple(mentions),
            tuple(events),
            tuple(statements.values()),
        )

    def _warn_unmarked(self, sentence: _Sentence) -> None:
        body_start = 0
        dateline = re.match(r"[A-Z][A-Za-z .,'-]{0,60}?(?:\([A-Za-z ]+\))?\s*(?:—|–|--|-)\s", sentence.text)
        if dateline and dateline.group(0)[:2].isupper():
            body_start = dateline.end()
        for match in re.finditer(r"[A-Z][\w'’-]*", sentence.text):
            start = match.start()
            if start <= body_start or any(s <= start < e for s, e, _ in sentence.marks):
                continue
            if sentence.text[:start].rstrip().endswith((".", ":", "?", "!", '"', "“", "‘", "(", "'")):
                continue
            word = re.sub(r"['’]s$", "", match.group(0))
            if word in _CALENDAR or (start and sentence.text[start - 1] in "#@/-"):
                continue
            self.warnings.append(f"{self.where(sentence.number)}: capitalised {word!r} is in no mention")

    def _mention(
        self,
        key: str,
        anchor: tuple[int, int],
        here: list[tuple[int, int, int]],
        mentions: list[GoldMention],
        where: str,
        outside: tuple[tuple[int, int], ...] = (),
    ) -> int:
        """Index of the mention a key stands for: the nearest to the anchor, one outside the given spans if there is one."""
        name, _, nth = key.partition("#")
        own = [mark for mark in here if mentions[mark[2]].entity == name]
        if not own:
            raise LabelError(f"{where}: no mention [..|{name}] in this sentence")
        if nth:
            if not nth.isdigit() or not 1 <= int(nth) <= len(own):
                raise LabelError(f"{where}: {key!r}: the sentence has {len(own)} mentions of {name!r}")
            return own[int(nth) - 1][2]
        free = [mark for mark in own if not any(start <= mark[0] and mark[1] <= end for start, end in outside)]
        return _nearest(free or own, anchor)

    def _statement(
        self,
        index: int,
        sentence: _Sentence,
        line: _Line,
        base: int,
        here: list[tuple[int, int, int]],
        mentions: list[GoldMention],
        statements: dict[str, GoldStatement],
    ) -> None:
        where = self.where(line.number)
        fields = [part.strip() for part in line.text[2:].split(" | ")]
        if len(fields) < 4:
            raise LabelError(f"{where}: an S line is 'S id | speaker | cue | content // content | to=… | venue=…'")
        name, speaker, cue, content, *rest = fields
        options = dict(part.split("=", 1) for part in rest if "=" in part)
        unknown = set(options) - {"to", "venue"}
        if unknown or len(options) != len(rest):
            raise LabelError(f"{where}: after the content only to=… and venue=… may stand")
        pieces = tuple(
            (base + start, base + end)
            for start, end in (find(sentence.text, piece.strip(), where) for piece in content.split(" // "))
        )
        if name in statements:
            if (speaker, cue) != ("=", "-"):
                raise LabelError(f"{where}: statement {name} goes on: speaker must be '=' and cue '-'")
            old = statements[name]
            statements[name] = GoldStatement(
                old.id, old.sentence, old.speaker, old.cue, old.content + pieces, old.addressee, old.venue
            )
            return
        if speaker == "=":
            raise LabelError(f"{where}: statement {name} has no beginning")
        cue_span = None if cue == "-" else find(sentence.text, cue, where)
        anchor = cue_span or (pieces[0][0] - base, pieces[0][1] - base)
        # "Tehran denied that it …": who says a thing stands beside it, not in it.
        said = tuple((start - base, end - base) for start, end in pieces)
        statements[name] = GoldStatement(
            name,
            index,
            None if speaker == "-" else self._mention(speaker, anchor, here, mentions, where, said),
            None if cue_span is None else (base + cue_span[0], base + cue_span[1]),
            pieces,
            self._mention(options["to"], anchor, here, mentions, where) if "to" in options else None,
            options.get("venue"),
        )

    def _event(
        self,
        index: int,
        sentence: _Sentence,
        line: _Line,
        base: int,
        here: list[tuple[int, int, int]],
        mentions: list[GoldMention],
        statements: dict[str, GoldStatement],
    ) -> GoldEvent:
        where = self.where(line.number)
        fields = [part.strip() for part in line.text[2:].split(" | ")]
        if len(fields) < 3:
            raise LabelError(
                f"{where}: an E line is 'E trigger | TYPE/mode | status | A=… | R=… | C=… | T=… | P=… | D=…'"
            )
        trigger, kind, status, *rest = fields
        options: dict[str, str] = {}
        for part in rest:
            key, separator, value = part.partition("=")
            if not separator or key not in _FIELDS or key in options:
                raise LabelError(f"{where}: {part!r} is not one of A= R= C= T= P= D=, each once")
            options[key] = value.strip()
        type_, _, mode = kind.partition("/")
        if type_ not in plover.TYPES:
            raise LabelError(f"{where}: no event type {type_!r}")
        if mode and mode not in plover.MODES[type_]:
            raise LabelError(
                f"{where}: {type_} has no mode {mode!r}; it has {', '.join(plover.MODES[type_]) or 'none'}"
            )
        if plover.MODES[type_] and not mode:
            self.warnings.append(f"{where}: {type_} without a mode")
        if status not in plover.STATUSES:
            raise LabelError(f"{where}: no status {status!r}")
        contexts = tuple(part.strip() for part in options["C"].split(",")) if options.get("C") else ()
        for context in contexts:
            if context not in plover.CONTEXTS:
                raise LabelError(f"{where}: no context {context!r}")
        span = find(sentence.text, trigger, where)
        if span[1] - span[0] > 40:
            self.warnings.append(f"{where}: long trigger {trigger!r}")

        def linked(name: str) -> tuple[int, ...]:
            keys = [part.strip() for part in options.get(name, "").split(",") if part.strip()]
            found = tuple(dict.fromkeys(self._mention(key, span, here, mentions, where) for key in keys))
            return tuple(sorted(found))

        time = find(sentence.text, options["T"], where) if options.get("T") else None
        place = self._mention(options["P"], span, here, mentions, where) if options.get("P") else None
        absolute = (base + span[0], base + span[1])
        inside = [
            (piece[1] - piece[0], statement.id)
            for statement in statements.values()
            for piece in statement.content
            if piece[0] <= absolute[0] and absolute[1] <= piece[1]
        ]
        owner = min(inside)[1] if inside else None
        cued = next(
            (s.id for s in statements.values() if s.cue and s.cue[0] < absolute[1] and absolute[0] < s.cue[1]), None
        )
        actors, recipients = linked("A"), linked("R")
        if not actors and not recipients:
            self.warnings.append(f"{where}: event {trigger!r} has neither actor nor recipient")
        return GoldEvent(
            index,
            absolute,
            type_,
            mode or None,
            status,
            contexts,
            actors,
            recipients,
            place,
            None if time is None else (base + time[0], base + time[1]),
            self._dates(options.get("D"), where),
            owner or cued,
            owner is not None,
        )

    @staticmethod
    def _dates(value: str | None, where: str) -> tuple[str, str] | None:
        if not value:
            return None
        first, _, last = value.partition("..")
        try:
            start = dt.date.fromisoformat(first)
            end = dt.date.fromisoformat(last) if last else start
        except ValueError as error:
            raise LabelError(f"{where}: D={value!r} is not YYYY-MM-DD or YYYY-MM-DD..YYYY-MM-DD") from error
        if end < start:
            raise LabelError(f"{where}: D={value!r} ends before it starts")
        return start.isoformat(), end.isoformat()

    def _check_overlap(self, events: list[GoldEvent]) -> None:
        ordered = sorted(events, key=lambda event: event.trigger)
        for one, two in itertools.pairwise(ordered):
            if two.trigger[0] < one.trigger[1]:
                raise LabelError(f"{self.where(self.number)}: two events share the trigger at {one.trigger}")


def compile_paths(paths: Iterable[Path]) -> tuple[list[GoldReport], list[str], list[str]]:
    """Compile every `*.txt` under the paths.

    Returns:
        The reports in order of file and place, the errors and the warnings, one line each.
    """
    reports: list[GoldReport] = []
    errors: list[str] = []
    warnings: list[str] = []
    seen: dict[str, str] = {}
    for path in sorted(file for root in paths for file in (root.rglob("*.txt") if root.is_dir() else [root])):
        try:
            blocks = list(read_blocks(path))
        except (LabelError, UnicodeDecodeError) as error:
            errors.append(str(error))
            continue
        for number, lines in blocks:
            compiler = _Compiler(path, number, lines)
            try:
                report = compiler.compile()
            except LabelError as error:
                errors.append(str(error))
                continue
            warnings.extend(compiler.warnings)
            if report.id in seen:
                errors.append(f"{path}:{number}: report id {report.id!r} is also in {seen[report.id]}")
                continue
            seen[report.id] = str(path)
            reports.append(report)
    return reports, errors, warnings


def strip(path: Path) -> str:
    """Return a file's reports without any label or mark, ready for a blind second labelling."""
    out: list[str] = []
    for _, lines in read_blocks(path):
        for line in lines:
            if line.startswith("> "):
                out.append("> " + parse_marks(line[2:], str(path))[0])
            elif not line.startswith(("E ", "S ", "N ", "# ")):
                out.append(line)
    return "\n".join(out) + "\n"


def statistics(reports: list[GoldReport]) -> dict[str, object]:
    """Count what a corpus holds, per layer and label."""
    sentences = sum(len(report.sentences) for report in reports)
    eventful = sum(len({event.sentence for event in report.events}) for report in reports)
    events = [event for report in reports for event in report.events]
    count = collections.Counter
    return {
        "reports": len(reports),
        "sentences": sentences,
        "words": sum(len(report.text.split()) for report in reports),
        "sentences without event": sentences - eventful,
        "mentions": sum(len(report.mentions) for report in reports),
        "entities": sum(len(report.entities) for report in reports),
        "statements": sum(len(report.statements) for report in reports),
        "events": len(events),
        "attributed": sum(event.attributed for event in events),
        "type": {name: count(event.type for event in events)[name] for name in plover.TYPES},
        "status": {name: count(event.status for event in events)[name] for name in plover.STATUSES},
        "mode": {
            f"{type_}/{mode}": sum(event.type == type_ and event.mode == mode for event in events)
            for type_, modes in plover.MODES.items()
            for mode in modes
        },
        "contexts": {name: sum(name in event.contexts for event in events) for name in plover.CONTEXTS},
        "topic": dict(count(report.topic for report in reports)),
        "register": dict(count(report.register for report in reports)),
        "decade": dict(sorted(count(report.date[:3] + "0s" for report in reports).items())),
    }


def main() -> int:
    """Run one of the commands; exit status 1 if a label is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "compile", "strip", "stats"])
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="file for the compiled JSON Lines")
    parser.add_argument("--quiet", action="store_true", help="leave out the warnings")
    options = parser.parse_args()
    if options.command == "strip":
        for path in options.paths:
            sys.stdout.write(strip(path))
        return 0
    reports, errors, warnings = compile_paths(options.paths)
    for line in errors:
        print("error:", line, file=sys.stderr)
    if options.command == "check":
        if not options.quiet:
            for line in warnings:
                print("warning:", line, file=sys.stderr)
        sentences = sum(len(report.sentences) for report in reports)
        events = sum(len(report.events) for report in reports)
        print(
            f"{len(reports)} reports, {sentences} sentences, {events} events; "
            f"{len(errors)} errors, {len(warnings)} warnings"
        )
    elif options.command == "stats":
        print(json.dumps(statistics(reports), indent=1))
    elif options.out:
        with options.out.open("w", encoding="utf-8") as out:
            for report in reports:
                out.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
