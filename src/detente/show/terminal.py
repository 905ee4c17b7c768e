"""Coded reports, events and relations as text for a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from detente.highlight import marks, shown
from detente.measure.changes import Change
from detente.measure.ledger import Ledger
from detente.measure.level import Level
from detente.measure.network import Network
from detente.measure.series import Point, Relation
from detente.measure.spill import Spill
from detente.records import CodedDocument

if TYPE_CHECKING:
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
    table = Table(
        "date", "event", "status", "actors", "recipients", "words", "confidence", box=None, header_style="bold"
    )
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


def events(frame: Frame) -> Table:
    """Return rows of the store's events view as a table, each with its sentence."""
    table = Table(
        "date", "event", "status", "actors", "recipients", "sentence", "source", box=None, header_style="bold"
    )
    for row in frame:
        day, last = row["date"], row["date_end"]
        table.add_row(
            _cell(day if day == last else [day, last]),
            _cell(row["type"] + (f"/{row['mode']}" if row["mode"] else "")),
            _cell(row["status"], _STATUS_STYLE[row["status"]]),
            _cell(_parties(row, "actor")),
            _cell(_parties(row, "recipient")),
            _sentence(row),
            _cell(f"{row['source'] or ''} {row['document']}"),
        )
    return table


def _parties(row: dict[str, Any], role: str) -> list[str]:
    sides = zip(row[f"{role}_names"], row[f"{role}_countries"], row[f"{role}_sectors"], strict=True)
    return [f"{name} [{' '.join(filter(None, (country or '–', sector)))}]" for name, country, sector in sides]


def _sentence(row: dict[str, Any]) -> Text:
    text = _cell(row["sentence"])
    text.highlight_words([plain(row["trigger"])] if row["trigger"] else [], style=_ROLE_STYLE["trigger"])
    return text


def rows(frame: Frame) -> Table:
    """Return any frame as a table."""
    table = Table(*frame.table.column_names, box=None, header_style="bold")
    for row in frame:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def series(found: Relation, levels: Sequence[Level] = ()) -> Table:
    """Return the relation as a table: a row a period, both directions and the pair together, the level if given."""
    ab, ba = f"{found.a}→{found.b}", f"{found.b}→{found.a}"
    table = Table(box=None, header_style="bold")
    for name in (found.by, f"{ab} coop.", f"{ab} confl.", f"{ba} coop.", f"{ba} confl.", "net", "happenings",
                 "reports", "read", "naming both"):  # fmt: skip
        table.add_column(name, justify="left" if name == found.by else "right")
    if levels:
        table.add_column("level", justify="left")
    known = {item.start: item for item in levels}
    for one, two, both in zip(found.series[ab], found.series[ba], found.series["joint"], strict=True):
        table.add_row(
            label(both, found.by),
            *(_sum(value, style) for point in (one, two)
              for value, style in ((point.cooperation, "blue"), (point.conflict, "red"))),
            Text(f"{both.net:+.1f}" if both.happenings else "", "red" if both.net < 0 else "blue"),
            str(both.happenings), str(both.reports), str(both.read), str(both.naming),
            *([_level(known.get(both.start))] if levels else []),
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


def breaks(found: Sequence[Change]) -> Table:
    """Return change points as a table, each with the happening that moved the level most."""
    table = Table("break", "between", "level", "step", "chance", "driven by", box=None, header_style="bold")
    for item in found:
        drivers = [
            f"{driver.happening.day.isoformat()} {driver.happening.type}: {driver.happening.reports[0].sentence}"
            for driver in item.drivers[:1]
        ]
        table.add_row(
            _cell(item.date),
            _cell([item.earliest, item.latest]),
            _cell(f"{item.before:+.1f} → {item.after:+.1f}"),
            _cell(f"{item.low:+.1f} to {item.high:+.1f}"),
            _cell(f"{item.probability:.0%}"),
            _cell(drivers),
        )
    return table


def positions(found: Ledger) -> Table:
    """Return the ledger of positions as a table."""
    table = Table(
        "side", "stand", "issue", "first", "last", "times", "in words", "changed", box=None, header_style="bold"
    )
    for item in found.positions:
        table.add_row(
            _cell(f"{item.side} → {item.towards}"),
            _cell(item.stand),
            _cell(item.context),
            _cell(item.first),
            _cell(item.last),
            _cell(item.times),
            _cell(item.last_wording),
            _cell(None if item.changed is None else f"{item.changed.day.isoformat()} {item.changed.stand}"),
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


def evidence(found: Sequence[dict[str, Any]]) -> Table:
    """Return evidence rows as a table: day, what, who, the sentence."""
    table = Table("date", "event", "parties", "sentence", "report", box=None, header_style="bold")
    for row in found:
        recipients = _parties(row, "recipient")
        arrow = f" → {plain(recipients)}" if recipients else ""
        table.add_row(
            _cell(row["date"] or row["published"]),
            _cell(row["type"] + (f"/{row['mode']}" if row["mode"] else "")),
            _cell(plain(_parties(row, "actor")) + arrow),
            _sentence(row),
            _cell(row["document"]),
        )
    return table
