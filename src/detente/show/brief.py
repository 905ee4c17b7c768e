"""A brief on one relation: two pages an analyst would hand on, every line with its numbered evidence.

Nothing stands in it that the store does not hold: the sentences are filled with measured figures, quotations are
the reports' own words, and each number in brackets leads to a sentence and its source.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from detente import plover
from detente.code.coder import bundled_manifest
from detente.errors import OptionError, StoreError
from detente.highlight import shown
from detente.measure.changes import changes
from detente.measure.ledger import Position, ledger
from detente.measure.level import ErrorRates, level
from detente.measure.network import LUMPS
from detente.measure.series import Relation, gather, parse_party, relation
from detente.show.web import chart
from detente.show.web.desk import country_name, strongest
from detente.show.web.pages import days, link
from detente.store.happenings import Happening
from detente.store.store import Store

_QUOTE: Final = 230
"""Most characters of a quotation: longer ones are cut at a word, with an ellipsis."""


@dataclass(frozen=True, slots=True)
class Cited:
    """One sentence of evidence.

    Attributes:
        number: the number in brackets.
        sentence: the report's own words.
        source: who published it, or an empty text.
        published: when.
        url: its address, http or https, or None.
        document: the report's id.
        event: the event's id in it.
        confidence: of the event, 0 to 1.
        reports: documents that tell of the happening.
    """

    number: int
    sentence: str
    source: str
    published: dt.date
    url: str | None
    document: str
    event: str
    confidence: float
    reports: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the brief and the numbers of its evidence; `quote` is a report's or a speaker's own words."""

    text: str
    quote: str = ""
    refs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its lines; `groups` are (subheading, lines)."""

    title: str
    groups: tuple[tuple[str, tuple[Line, ...]], ...]


@dataclass(frozen=True, slots=True)
class Brief:
    """A brief, ready to be written.

    Attributes:
        names: the two parties.
        first: first day.
        last: last day.
        summary: the paragraph at its head.
        picture: the chart, SVG.
        sections: what follows.
        evidence: the numbered sentences.
        made: how it was made, for the foot.
    """

    names: tuple[str, str]
    first: dt.date
    last: dt.date
    summary: tuple[Line, ...]
    picture: str
    sections: tuple[Section, ...]
    evidence: tuple[Cited, ...]
    made: str


class _Evidence:
    """Gives each sentence its number, the same sentence always the same."""

    def __init__(self, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        self.rows = rows
        self.cited: dict[str, Cited] = {}

    def of(self, happening: Happening) -> int:
        if happening.id not in self.cited:
            best = max(happening.reports, key=lambda r: (r.confidence, r.document, r.event))
            row = self.rows[best.document, best.event]
            self.cited[happening.id] = Cited(
                len(self.cited) + 1, cut(row["sentence"] or "", 200), clean(row["source"] or ""), row["published"],
                link(row["url"]), best.document, best.event, best.confidence, happening.documents,
            )  # fmt: skip
        return self.cited[happening.id].number


def clean(text: str) -> str:
    """Return text on one line, without what must not be shown."""
    return " ".join(shown(text).split())


def cut(text: str, most: int = _QUOTE) -> str:
    """Return text on one line, cut at a word where it is longer than `most` characters."""
    line = clean(text[: 4 * most])
    if len(line) <= most:
        return line
    return line[:most].rsplit(" ", 1)[0].rstrip(",;:–- ") + " …"


def brief(
    store: Store, a: str, b: str, *, from_: dt.date | str | None = None, to: dt.date | str | None = None
) -> Brief:
    """Return a brief on a relation.

    Args:
        store: where the events are.
        a: a country ("CHN") or a sector of it ("CHN:GOV").
        b: likewise.
        from_: first day; by default the first report's.
        to: last day, included; by default the last report's.

    Raises:
        OptionError: an option has a value that makes no sense.
        StoreError: the store holds nothing between the two in this time.
    """
    parties = parse_party(a), parse_party(b)
    names = tuple(country_name(c) + (f" ({plover.SECTORS[s]})" if s else "") for c, s in parties)
    errors = ErrorRates.from_manifest(bundled_manifest().get("errors", {}))
    gathered = gather(store, a, b)
    found = relation(store, a, b, by="month", from_=from_, to=to, gathered=gathered)
    points = found.series["joint"]
    if not any(point.happenings for point in points) and not any(
        p.happenings for series in found.spoken.values() for p in series["joint"]
    ):
        raise StoreError(
            f"{store.path}: holds nothing between {names[0]} and {names[1]} in this time; no brief was written"
        )
    fine = found if len(points) >= 12 else relation(store, a, b, by="week", from_=from_, to=to, gathered=gathered)
    levels = level(fine, errors=errors)
    breaks = changes(fine, errors=errors)
    evidence = _Evidence(found.rows)
    first, last = points[0].start, points[-1].end
    if from_ is not None:
        first = max(first, dt.date.fromisoformat(str(from_)))
    if to is not None:
        last = min(last, dt.date.fromisoformat(str(to)))
    summary = _summary(found, levels, breaks, evidence, fine.by)
    sections = [_acts(found, names, evidence)]
    positions = ledger(store, a, b, from_=first, to=last, gathered=gathered)
    sections.append(_positions(positions.positions, positions.happenings, names, (a, b), evidence))
    sections.append(_others(found, {c for c, _ in parties}, evidence))
    sections.append(_ahead(found, evidence))
    coders = [row["coder"] for row in store.sql("SELECT DISTINCT coder FROM records ORDER BY coder").to_pylist()]
    made = (
        f"Made by detente from version {found.version} of the store, coded by {clean('; '.join(coders))}. Level: a"
        " smooth of the intensity of what was done, −10 (fighting) to +10 (close), with the band that holds it with"
        " 90 % probability. Reports of one act are one happening. Percentages are the coder's calibrated confidence."
    )
    picture = chart.relation_svg(fine, levels, breaks, "joint", (names[0], names[1]), width=900, alone=True, room=150.0)
    return Brief(
        (names[0], names[1]), first, last, summary, picture, tuple(s for s in sections if s.groups),
        tuple(evidence.cited.values()), made,
    )  # fmt: skip


def _summary(
    found: Relation, levels: Sequence[Any], breaks: Sequence[Any], evidence: _Evidence, by: str
) -> tuple[Line, ...]:
    points = found.series["joint"]
    done = sum(p.happenings for p in points)
    conflict = sum(p.quads[2] + p.quads[3] for p in points)
    read, naming = sum(p.read for p in points), sum(p.naming for p in points)
    lines = [
        Line(
            f"{_count(done, 'happening')} stand in the record, {conflict} of conflict and {done - conflict} of"
            f" cooperation; {_count(read, 'report')} of the time were read, {naming} of which name both sides."
        )
    ]
    known = [one for one in levels if one.value is not None]
    if known:
        one, two = known[0], known[-1]
        lines.insert(
            0,
            Line(
                f"The level stands at {chart.signed(two.value)} ({two.name}; 90 % band {chart.signed(two.low)} to"
                f" {chart.signed(two.high)}) in {chart.label(two.start, by)}, against {chart.signed(one.value)}"
                f" ({one.name}) in {chart.label(one.start, by)}."
            ),
        )
    else:
        lines.insert(0, Line("Too few happenings stand in the record for a level."))
    for change in breaks:
        refs = tuple(evidence.of(driver.happening) for driver in change.drivers[:3])
        lines.append(
            Line(
                f"It broke in {chart.label(change.date, by)}, from {chart.signed(change.before)} to"
                f" {chart.signed(change.after)} ({change.probability:.0%} sure; step {chart.signed(change.low)} to"
                f" {chart.signed(change.high)}), moved most by {chart.words(change)}",
                refs=refs,
            )
        )
    if known and not breaks:
        lines.append(Line("No break in the level is probable in this time."))
    return tuple(lines)


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def _told(happening: Happening) -> str:
    kind = happening.type.lower() + (f", {happening.mode.replace('-', ' ')}" if happening.mode else "")
    return f"{days(happening.day, happening.end)}: {kind}"


def _line(happening: Happening, evidence: _Evidence) -> Line:
    best = max(happening.reports, key=lambda r: (r.confidence, r.document, r.event))
    return Line(_told(happening), cut(best.sentence), (evidence.of(happening),))


def _acts(found: Relation, names: Sequence[str], evidence: _Evidence) -> Section:
    groups = []
    ab, ba = (name for name in found.series if name != "joint")
    for series, (one, two) in ((ab, (names[0], names[1])), (ba, (names[1], names[0]))):
        ids = [key for point in found.series[series] for key in point.ids]
        picked: list[Happening] = []
        for sign, most in ((-1, 3), (1, 2)):
            side = [key for key in ids if found.happenings[key].intensity * sign > 0]
            picked += strongest(found, side, most)
        picked.sort(key=lambda h: (h.day, h.id))
        if picked:
            groups.append((f"{one} towards {two}", tuple(_line(h, evidence) for h in picked)))
    return Section("Strongest happenings", tuple(groups))


def _positions(
    positions: Iterable[Position],
    happenings: Mapping[str, Happening],
    names: Sequence[str],
    sides: tuple[str, str],
    evidence: _Evidence,
) -> Section:
    groups = []
    listed = list(positions)
    for side, name in zip(sides, names, strict=True):
        lines = []
        for stand, most in (("asks", 2), ("promises", 2), ("rejects", 1), ("threatens", 1)):
            of: dict[str, Position] = {}
            for position in sorted(
                (p for p in listed if p.side == side and p.stand == stand and not p.hearsay),
                key=lambda p: (-p.times, -p.last.toordinal(), -p.reports, p.ids),
            ):
                # A happening about two issues stands twice in the ledger, and once here.
                of.setdefault(position.ids[-1], position)
            for key, position in list(of.items())[:most]:
                often = f", {position.times} times since {days(position.first, None)}" if position.repeated else ""
                left = f"; left on {days(position.changed.day, None)}" if position.changed else ""
                lines.append(
                    Line(
                        f"{stand}, {days(position.last, None)}{often}{left}",
                        cut(position.last_wording),
                        (evidence.of(happenings[key]),),
                    )
                )
        if lines:
            groups.append((name, tuple(lines)))
    return Section("What each asks and promises", tuple(groups))


def _others(found: Relation, own: set[str], evidence: _Evidence) -> Section:
    counts: Counter[str] = Counter()
    best: dict[str, Happening] = {}
    joint = [found.happenings[key] for point in found.series["joint"] for key in point.ids]
    for happening in joint:
        there = {c for r in happening.reports for _, c, _ in (*r.actors, *r.recipients) if c}
        for code in there - own - LUMPS:
            counts[code] += 1
            if code not in best or happening.confidence > best[code].confidence:
                best[code] = happening
    lines = tuple(
        Line(f"{country_name(code)}, in {_count(n, 'happening')}", refs=(evidence.of(best[code]),))
        for code, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:5]
    )
    return Section("Who else is drawn in", (("", lines),) if lines else ())


def _ahead(found: Relation, evidence: _Evidence) -> Section:
    groups = []
    for status, title in (("planned", "Planned"), ("hypothetical", "Possible or feared")):
        points = found.spoken.get(status, {}).get("joint", ())
        ids = [key for point in points[-6:] for key in point.ids]
        listed = sorted(strongest(found, ids, 3), key=lambda h: (h.day, h.id))
        if listed:
            groups.append((title, tuple(_line(h, evidence) for h in listed)))
    return Section("What is planned or feared, in the last half year", tuple(groups))


def to_html(made: Brief) -> str:
    """Return a brief as one HTML file that needs no other; everything of the reports is escaped."""
    e = html.escape

    def refs(numbers: Sequence[int]) -> str:
        return "".join(f' <a class="ref" href="#e{n}">[{n}]</a>' for n in numbers)

    def line(one: Line) -> str:
        quote = f" <q>{e(one.quote)}</q>" if one.quote else ""
        stop = "." if not one.quote and not one.text.endswith((".", "…")) else ""
        return f"{e(one.text)}{':' if one.quote else ''}{quote}{refs(one.refs)}{stop}"

    style = resources.files("detente.show").joinpath("brief.css").read_text("utf-8")
    body = []
    for section in made.sections:
        body.append(f"<section><h2>{e(section.title)}</h2>")
        for title, lines in section.groups:
            if title:
                body.append(f"<h3>{e(title)}</h3>")
            body.append("<ul>" + "".join(f"<li>{line(one)}</li>" for one in lines) + "</ul>")
        body.append("</section>")
    listed = []
    for one in made.evidence:
        where = (
            f'<a href="{e(one.url)}" rel="noopener noreferrer nofollow">{e(one.source or one.url)}</a>'
            if one.url
            else e(one.source or "no source named")
        )
        listed.append(
            f'<li id="e{one.number}" value="{one.number}">{e(one.sentence)} <span>{where}, {days(one.published, None)};'
            f" {e(clean(one.document))} {e(one.event)}, {one.confidence:.0%}"
            + (f", {one.reports} reports" if one.reports > 1 else "")
            + "</span></li>"
        )
    title = f"{made.names[0]} – {made.names[1]}"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{e(title)}, {days(made.first, made.last)}</title><style>{style}</style></head><body>"
        f"<header><h1>{e(title)}</h1><p>{days(made.first, made.last)}</p></header>"
        f'<p class="summary">{" ".join(line(one) for one in made.summary)}</p>'
        f'<figure>{made.picture}</figure><div class="columns">{"".join(body)}</div>'
        f'<section class="evidence"><h2>Evidence</h2><ol>{"".join(listed)}</ol></section>'
        f"<footer>{e(made.made)}</footer></body></html>\n"
    )


_MARKS: Final = re.compile(r"([\\`*_\[\]|<>~$])")


def _md(text: str) -> str:
    """Return text in which Markdown and the HTML within it find nothing to do."""
    escaped = _MARKS.sub(r"\\\1", text.replace("&", "&amp;")).replace("\\<", "&lt;").replace("\\>", "&gt;")
    # What begins a list, a heading or a rule does so at the start of a line alone; a bare address is no link.
    return re.sub(r"^(\d+)([.)])", r"\1\\\2", re.sub(r"^([-+#=])", r"\\\1", escaped)).replace("://", ":\u200b//")


def to_markdown(made: Brief) -> str:
    """Return a brief as Markdown; what reports say can neither become markup nor a link."""

    def refs(numbers: Sequence[int]) -> str:
        return "".join(f" [{n}]" for n in numbers)

    def line(one: Line) -> str:
        quote = f": “{_md(one.quote)}”" if one.quote else ""
        stop = "." if not one.quote and not one.text.endswith((".", "…")) else ""
        return f"{_md(one.text)}{quote}{refs(one.refs)}{stop}"

    out = [f"# {made.names[0]} – {made.names[1]}", "", days(made.first, made.last), ""]
    out += [" ".join(line(one) for one in made.summary), ""]
    for section in made.sections:
        out += [f"## {section.title}", ""]
        for title, lines in section.groups:
            if title:
                out += [f"### {title}", ""]
            out += [f"- {line(one)}" for one in lines]
            out.append("")
    out += ["## Evidence", ""]
    for one in made.evidence:
        where = _md(one.source or "no source named") + (
            f", <{one.url}>" if one.url and not re.search(r"[<>\s]", one.url) else ""
        )
        more = f", {one.reports} reports" if one.reports > 1 else ""
        out.append(
            f"\\[{one.number}\\] {_md(one.sentence)} ({where}, {days(one.published, None)}; {_md(clean(one.document))}"
            f" {one.event}, {one.confidence:.0%}{more})"
        )
        out.append("")
    out += ["---", "", _md(made.made), ""]
    return "\n".join(out)


def writer(out: Path) -> Callable[[Brief], None]:
    """Return what writes a brief to a file, as HTML, Markdown or PDF by its ending.

    Raises:
        OptionError: the ending is none of these; and, when writing, the file cannot be written.
    """
    kinds: dict[str, Callable[[Brief], str | bytes]] = {
        ".html": to_html, ".htm": to_html, ".md": to_markdown, ".markdown": to_markdown, ".pdf": _pdf,
    }  # fmt: skip
    kind = kinds.get(out.suffix.lower())
    if kind is None:
        raise OptionError(f"{out}: a brief is written as .html, .md or .pdf")

    def write(made: Brief) -> None:
        told = kind(made)
        try:
            out.write_bytes(told.encode("utf-8") if isinstance(told, str) else told)
        except OSError as error:
            raise OptionError(f"{out}: cannot be written: {error.strerror}") from error

    return write


def _pdf(made: Brief) -> bytes:
    from detente.show.pdf import to_pdf

    return to_pdf(made)
