"""Coded reports, events and relations as text for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detente.highlight import marks, shown
from detente.measure.changes import Change, Norm
from detente.measure.ledger import Ledger
from detente.measure.level import Level
from detente.measure.network import Network
from detente.measure.series import Point, Relation
from detente.measure.spill import Spill
from detente.records import CodedDocument

if TYPE_CHECKING:
    from detente.show.search import Hit, Term
    from detente.store.frame import Frame

_ROLE_STYLE: Final = {
    "trigger": "bold red",
    "actor": "blue",
    "recipient": "green",
    "speaker": "magenta",
    "cue": "magenta",
    "content": "italic",
    "time": "yellow",
    "place": "cyan",
}
_STATUS_STYLE: Final = {
    "actual": "",
    "planned": "cyan",
    "hypothetical": "yellow",
    "denied": "magenta",
    "historical": "dim",
}

WIDE: Final = 110
"""Columns from which tables stand whole; narrower, the less important is left out or stacked."""

BOTH_WAYS: Final = "What both do together (talks, agreements) stands in both directions; in net it counts once."


def plain(value: Any) -> str:
    """Return a value as one line that is safe to show: no control characters, no direction overrides."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return ", ".join(plain(item) for item in value if item is not None)
    if isinstance(value, float):
        return f"{value:.2f}"
    return " ".join(shown(str(value)).split())


def _cell(value: Any, style: str = "") -> Text:
    return Text(plain(value), style=style)


def _table(*names: str, whole: Sequence[str] = ("date",)) -> Table:
    """Return an empty table; columns named in `whole` break between days at most, never inside one."""
    table = Table(box=None, header_style="bold")
    for name in names:
        # A day and the comma behind it.
        table.add_column(name, min_width=11 if name in whole else None)
    return table


def report(coded: CodedDocument, console: Console) -> None:
    """Print one coded report: its marked text, events and statements."""
    document = coded.document
    text = Text(shown(document.text))
    for mark in marks(coded):
        text.stylize(_ROLE_STYLE[mark.role], mark.span.start, mark.span.end)
    console.print(_cell(document.title or document.id, "bold"), _cell(document.date, "dim"), _cell(document.source))
    console.print(text)
    if coded.events:
        console.print(events_of([coded]))
    if coded.statements:
        names = {mention.id: coded.entity(mention.id).name for mention in coded.mentions}
        table = Table("statement", "speaker", "cue", "content", "confidence", box=None, header_style="bold")
        for statement in coded.statements:
            table.add_row(
                _cell(statement.id),
                _cell(names.get(statement.speaker or "")),
                _cell(coded.slice(statement.cue) if statement.cue else ""),
                _cell(" … ".join(coded.slice(span) for span in statement.content)),
                _cell(statement.confidence),
            )
        console.print(table)


def events_of(documents: Iterable[CodedDocument]) -> Table:
    """Return the events of coded documents as a table."""
    table = _table("date", "event", "status", "actors", "recipients", "words", "confidence")
    for coded in documents:
        for event in coded.events:
            days = dict.fromkeys(day.isoformat() for day in event.date or ())
            table.add_row(
                _cell(" – ".join(days)),
                _cell(event.type + (f"/{event.mode}" if event.mode else "")),
                _cell(event.status, _STATUS_STYLE[event.status]),
                _cell([_party(coded, name) for name in event.actors]),
                _cell([_party(coded, name) for name in event.recipients]),
                _cell(coded.slice(event.trigger)),
                _cell(event.confidence),
            )
    return table


def _party(coded: CodedDocument, mention: str) -> str:
    entity = coded.entity(mention)
    code = " ".join([entity.country or "–", *entity.sectors[:1]])
    return f"{entity.name} [{code}]"


def events(frame: Frame, width: int = WIDE) -> RenderableType:
    """Return rows of the store's events view, each with its sentence: a table, or lines where that is too wide."""
    if width < WIDE:
        return Group(*(line for row in frame for line in _stacked(row, plain(_days(row)))))
    table = _table("date", "event", "status", "actors", "recipients", "sentence", "source")
    for row in frame:
        table.add_row(
            _cell(_days(row)),
            _cell(_event(row)),
            _cell(row["status"], _STATUS_STYLE[row["status"]]),
            _cell(_parties(row, "actor")),
            _cell(_parties(row, "recipient")),
            _sentence(row),
            _cell(f"{row['source'] or ''} {row['document']}"),
        )
    return table


def _days(row: dict[str, Any]) -> list[Any]:
    return list(dict.fromkeys((row["date"], row["date_end"])))


def _event(row: dict[str, Any]) -> str:
    return str(row["type"]) + (f"/{row['mode']}" if row["mode"] else "")


def _sides(row: dict[str, Any]) -> str:
    recipients = _parties(row, "recipient")
    return plain(_parties(row, "actor")) + (f" → {plain(recipients)}" if recipients else "")


def _stacked(row: dict[str, Any], days: str) -> list[RenderableType]:
    """Return an event as lines: when and what, who, the sentence, the report."""
    status = row.get("status") or ""
    head = Text.assemble((days, "bold"), "  ", (_event(row), "bold"), "  ", (status, _STATUS_STYLE.get(status, "")))
    below = (_cell(_sides(row)), _sentence(row), _cell(f"{row['source'] or ''} {row['document']}", "dim"))
    return [head, *(Padding(line, (0, 0, 0, 2)) for line in below if line.plain)]


def _parties(row: dict[str, Any], role: str) -> list[str]:
    sides = zip(row[f"{role}_names"], row[f"{role}_countries"], row[f"{role}_sectors"], strict=True)
    return [f"{name} [{' '.join(filter(None, (country or '–', sector)))}]" for name, country, sector in sides]


def _sentence(row: dict[str, Any]) -> Text:
    text = _cell(row["sentence"])
    text.highlight_words([plain(row["trigger"])] if row["trigger"] else [], style=_ROLE_STYLE["trigger"])
    return text


def rows(frame: Frame, width: int = WIDE) -> Table:
    """Return any frame as a table; days and times are not broken."""
    table = Table(box=None, header_style="bold")
    for field in frame.table.schema:
        timed = str(field.type).startswith(("date", "timestamp"))
        table.add_column(field.name, no_wrap=timed, min_width=10 if timed else None)
    for row in frame:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def series(found: Relation, levels: Sequence[Level] = (), width: int = WIDE) -> Table:
    """Return the relation as a table: a row a period, both directions and the pair together, the level if given.

    On a narrow terminal the period, net, happenings and level stand alone.
    """
    ab, ba = f"{found.a}→{found.b}", f"{found.b}→{found.a}"
    wide = width >= WIDE
    table = Table(box=None, header_style="bold")
    table.add_column(
        found.by, no_wrap=True, min_width=max((len(label(p, found.by)) for p in found.series[ab]), default=0)
    )
    sums = (f"{ab} coop.", f"{ab} confl.", f"{ba} coop.", f"{ba} confl.")
    for name in (*(sums if wide else ()), "net", "happenings", *(("reports", "read", "naming both") if wide else ())):
        table.add_column(name, justify="right")
    if levels:
        table.add_column("level", justify="left")
    known = {item.start: item for item in levels}
    for one, two, both in zip(found.series[ab], found.series[ba], found.series["joint"], strict=True):
        ways = [
            _sum(value, style)
            for point in (one, two)
            for value, style in ((point.cooperation, "blue"), (point.conflict, "red"))
        ]
        table.add_row(
            label(both, found.by),
            *(ways if wide else ()),
            Text(f"{both.net:+.1f}" if both.happenings else "", "red" if both.net < 0 else "blue"),
            str(both.happenings),
            *((str(both.reports), str(both.read), str(both.naming)) if wide else ()),
            *([_level(known.get(both.start))] if levels else []),
        )
    return table


def norms(found: Sequence[Norm]) -> Table:
    """Return weeks against their norms as a table."""
    table = Table(box=None, header_style="bold")
    table.add_column("week of", no_wrap=True, min_width=10)
    for name in ("weeks", "measure", "happenings", "expected", "ratio", "90 % interval"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for item in found:
        interval = "" if item.low is None or item.high is None else f"{item.low:.1f} to {item.high:.1f}"
        table.add_row(
            _cell(item.start), _cell(item.weeks), _cell(item.measure), _cell(item.happenings), _cell(item.expected),
            _cell("low base" if item.low_base else item.ratio), _cell(interval),
        )  # fmt: skip
    return table


def _level(item: Level | None) -> Text:
    if item is None or item.value is None or item.low is None or item.high is None:
        return Text("too thin", "dim")
    return Text(
        f"{item.value:+.1f} ({item.low:+.1f} to {item.high:+.1f}) {item.name}", "red" if item.value < 0 else "blue"
    )


def _sum(value: float, style: str) -> Text:
    return Text(f"{value:.1f}" if value else "·", style if value else "dim")


def label(point: Point, by: str) -> str:
    """Return a period's name: 2018-07-06, 2018-W27, 2018-07, 2018-Q3, 2018."""
    start = point.start
    if by == "month":
        return f"{start:%Y-%m}"
    if by == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    if by == "year":
        return str(start.year)
    if by == "week":
        return "{}-W{:02}".format(*start.isocalendar()[:2])
    return start.isoformat()


def chart(found: Relation, width: int, height: int = 16) -> str:
    """Return a text chart of the joint net intensity by period; empty without a period."""
    points = found.series["joint"]
    if not points:
        return ""
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(width, height)
    plotext.bar([label(point, found.by) for point in points], [round(point.net, 2) for point in points], width=0.7)
    plotext.title(f"{found.a}–{found.b}: cooperation less conflict, happenings done, by {found.by}")
    drawn: str = plotext.uncolorize(plotext.build())
    return drawn


def breaks(found: Sequence[Change], width: int = WIDE) -> Table:
    """Return change points as a table, each with the happening that moved the level most."""
    wide = width >= WIDE
    more = ("level", "step", "chance") if wide else ("level",)
    table = _table("break", "between", *more, "driven by", whole=("break", "between"))
    for item in found:
        drivers = [
            f"{driver.happening.day.isoformat()} {driver.happening.type}: {driver.happening.reports[0].sentence}"
            for driver in item.drivers[:1]
        ]
        table.add_row(
            _cell(item.date),
            _cell([item.earliest, item.latest]),
            _cell(f"{item.before:+.1f} → {item.after:+.1f}"),
            *((_cell(f"{item.low:+.1f} to {item.high:+.1f}"), _cell(f"{item.probability:.0%}")) if wide else ()),
            _cell(drivers),
        )
    return table


def positions(found: Ledger, width: int = WIDE) -> Table:
    """Return the ledger of positions as a table; a narrow one has the last time alone."""
    wide = width >= WIDE
    names = ("first", "last", "times", "in words", "changed") if wide else ("last", "in words")
    table = _table("side", "stand", "issue", *names, whole=("first", "last"))
    table.columns[0].no_wrap = True
    for item in found.positions:
        changed = None if item.changed is None else f"{item.changed.day.isoformat()} {item.changed.stand}"
        table.add_row(
            _cell(f"{item.side}→{item.towards}"),
            _cell(item.stand),
            _cell(item.context),
            *((_cell(item.first),) if wide else ()),
            _cell(item.last),
            *((_cell(item.times),) if wide else ()),
            _cell(item.last_wording),
            *((_cell(changed),) if wide else ()),
        )
    return table


def ties(found: Network) -> Table:
    """Return all pairs of a period as a table, those with the most happenings first."""
    table = Table(
        "pair", "happenings", "reports", "cooperation", "conflict", "net", "mean", box=None, header_style="bold"
    )
    for (a, b), tie in sorted(found.joint.items(), key=lambda item: (-item[1].happenings, item[0])):
        table.add_row(
            _cell(f"{a}–{b}"), _cell(tie.happenings), _cell(tie.reports), _cell(tie.cooperation), _cell(tie.conflict),
            Text(f"{tie.net:+.1f}", "red" if tie.net < 0 else "blue"), _cell(tie.mean),
        )  # fmt: skip
    return table


def lags(found: Spill) -> Table:
    """Return a spill-over as a table: the correlation at each lag with its interval."""
    table = Table("lag", "correlation", "interval", "", box=None, header_style="bold")
    for item in found.lags:
        table.add_row(
            _cell(item.lag), _cell(f"{item.r:+.2f}"), _cell(f"{item.low:+.2f} to {item.high:+.2f}"),
            _cell("sure" if item.sure else ""),
        )  # fmt: skip
    return table


def strongest(found: Relation, count: int = 6) -> list[dict[str, Any]]:
    """Return the evidence rows of the happenings of most weight, half of conflict, half of cooperation.

    A happening weighs its intensity times its confidence; among equals the one with more reports comes first.
    """
    joint = {key for point in found.series["joint"] for key in point.ids}
    done = [found.happenings[key] for key in sorted(joint)]
    chosen = []
    for sign in (-1, 1):
        side = [h for h in done if h.intensity * sign > 0]
        side.sort(
            key=lambda h: (-abs(h.intensity) * max(r.confidence for r in h.reports), -len(h.reports), h.day, h.id)
        )
        chosen += side[: count // 2]
    picked = []
    for happening in sorted(chosen, key=lambda h: (h.day, h.id)):
        rows_ = found.evidence(happening.id)
        picked.append({**max(rows_, key=lambda row: (row["confidence"], row["document"])), "reports": len(rows_)})
    return picked


def evidence(found: Sequence[dict[str, Any]], width: int = WIDE) -> RenderableType:
    """Return evidence rows: day, what, who, the sentence; a table, or lines where that is too wide."""
    if width < WIDE:
        return Group(*(line for row in found for line in _stacked(row, plain(row["date"] or row["published"]))))
    table = _table("date", "event", "parties", "sentence", "report")
    for row in found:
        table.add_row(
            _cell(row["date"] or row["published"]),
            _cell(_event(row)),
            _cell(_sides(row)),
            _sentence(row),
            _cell(row["document"]),
        )
    return table


def hits(found: Sequence[Hit], terms: Sequence[Term]) -> RenderableType:
    """Return sentences that a search found, its words marked, each with its report below."""
    lines: list[RenderableType] = []
    for hit in found:
        lines.append(_marked(plain(hit.sentence), terms))
        lines.append(Text(f"  {plain(hit.published)}  {plain(hit.source)}  {plain(hit.document)}", "dim"))
    return Group(*lines)


def _marked(sentence: str, terms: Sequence[Term]) -> Text:
    from detente.show.search import places

    text = Text(sentence)
    for start, end in places(sentence, terms):
        text.stylize("bold yellow", start, end)
    return text


def corrections(found: Sequence[Mapping[str, Any]]) -> Table:
    """Return reviews as a table: the verdict, what was coded, the words and the note."""
    table = _table("verdict", "event", "words", "sentence", "note", "report", whole=())
    for row in found:
        table.add_row(
            _cell(row["verdict"], "green" if row["verdict"] == "right" else "red"),
            _cell(row["type"] + (f"/{row['mode']}" if row["mode"] else "")),
            _cell(row["trigger"]), _cell(row["sentence"]), _cell(row["note"]), _cell(row["document"]),
        )  # fmt: skip
    return table
