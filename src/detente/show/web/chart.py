"""A relation as an SVG chart: level with band and breaks, both directions, and the reports read.

Drawn here for any width, so that the page, the download and the brief show one and the same picture. Everything
of the store's is escaped; colours come from style sheets by class (`STYLE` for a file that stands alone).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from detente.highlight import shown
from detente.measure.changes import Change
from detente.measure.level import BANDS, Level
from detente.measure.series import Point, Relation

STYLE: Final = """
.chart{background:#fff;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
text{fill:#1b2430;font-size:12px}.soft{fill:#5a6675}.grid{stroke:#e3e7ec}.axis{stroke:#aab3bf}.zero{stroke:#8a95a3}
.band{fill:#3b5b8c;fill-opacity:.17}.line{stroke:#1f3f73;stroke-width:2;fill:none}.dot{fill:#1f3f73;fill-opacity:.3}
.up{fill:#0072b2}.down{fill:#d55e00}.break{stroke:#1b2430;stroke-width:1.2;stroke-dasharray:4 3}
.stretch{fill:#1b2430;fill-opacity:.06}.read{fill:#1f3f73}.thin{fill:#9aa4b1;fill-opacity:.45}.none{fill:#e8ebef}
.strong,.why{font-weight:650}.upword{fill:#005f96}.downword{fill:#9c3f00}.open{fill:#e69f00;fill-opacity:.28}.halo{stroke:#fff;stroke-width:3;paint-order:stroke}
""".strip()
"""Style of a chart that stands alone, light."""

STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""What a Content-Security-Policy must allow for it."""

THIN: Final = 3
"""Reports naming both parties below which a period is shown as thin."""


def label(start: dt.date, by: str) -> str:
    """Return a period's name for people: 6 July 2018, week of 2 July 2018, July 2018, Q3 2018, 2018."""
    if by == "year":
        return str(start.year)
    if by == "quarter":
        return f"Q{(start.month + 2) // 3} {start.year}"
    if by == "month":
        return f"{start:%B} {start.year}"
    return f"{'week of ' if by == 'week' else ''}{start.day} {start:%B} {start.year}"


def signed(value: float | None, digits: int = 1) -> str:
    """Return a number with its sign, and a true minus; an en dash for none."""
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}"
    return text.replace("-", "\u2212") if float(text) else f"{0:.{digits}f}"


def words(change: Change) -> str:
    """Return what drove a break in a word: the type that moved it most, and the happening's own words."""
    if not change.drivers:
        return "many small moves"
    sums: dict[str, float] = {}
    for driver in change.drivers:
        sums[driver.happening.type] = sums.get(driver.happening.type, 0.0) + abs(driver.moved)
    kind = max(sums, key=lambda name: (sums[name], name))
    first = next(driver.happening for driver in change.drivers if driver.happening.type == kind)
    best = max(first.reports, key=lambda report: (report.confidence, report.document))
    trigger = shown(best.trigger)[:40]
    return f"{kind.lower()}: {trigger}" if trigger else kind.lower()


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where periods lie: the left edge and the width of one, in pixels."""

    left: float
    step: float

    def at(self, index: float) -> float:
        return self.left + self.step * index

    def mid(self, index: float) -> float:
        return self.at(index + 0.5)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{_n(x)}" y="{_n(y)}" width="{_n(max(0.0, width))}" height="{_n(max(0.0, height))}"/>'
    )


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text x="{_n(x)}" y="{_n(y)}" class="{kind}" text-anchor="{anchor}">{escape(shown(words))}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _runs(levels: Sequence[Level]) -> Iterator[tuple[int, int]]:
    """Yield the stretches [start, stop) in which there is a level."""
    start = None
    for index, one in enumerate([*levels, None]):
        there = one is not None and one.value is not None
        if there and start is None:
            start = index
        elif not there and start is not None:
            yield start, index
            start = None


def _ticks(points: Sequence[Point], by: str, step: float) -> Iterator[tuple[int, str, bool]]:
    """Yield (index, label, strong) of the periods that get a tick, far enough apart to be read."""
    if by == "year":
        every = max(1, round(46 / step + 0.5))
        yield from ((i, str(p.start.year), True) for i, p in enumerate(points) if p.start.year % every == 0)
        return
    firsts = [i for i, p in enumerate(points) if i == 0 or p.end.year != points[i - 1].end.year]
    years = [i for i in firsts if i > 0 or points[0].start.month == 1]
    months = [i for i, p in enumerate(points) if i and p.end.month != points[i - 1].end.month]
    room = step * (len(points) / max(1, len(months) + 1))
    if by != "quarter" and len(months) < 60 and room >= 12:
        span = next((n for n in (1, 2, 3, 6) if room * n >= 46), 12)
        following = next((i for i in months if (points[i].end.month - 1) % span == 0), len(points))
        if points and following * step >= 46:
            first = points[0].end
            yield 0, str(first.year) if first.month == 1 else f"{first:%b ’%y}", first.month == 1
        for i in months:
            month = points[i].end.month
            if month == 1:
                yield i, str(points[i].end.year), True
            elif (month - 1) % span == 0:
                yield i, f"{points[i].end:%b}", False
        return
    if not years:
        yield from ((i, label(points[i].start, by), False) for i in (0,) if points)
        return
    wide = step * len(points) / max(1, len(years))
    every = max(1, round(46 / max(wide, 1) + 0.49))
    yield from ((i, str(points[i].end.year), True) for i in years if points[i].end.year % every == 0)


def _level_panel(
    frame: _Frame,
    top: float,
    height: float,
    points: Sequence[Point],
    levels: Sequence[Level],
    right: float,
    narrow: bool,
) -> list[str]:
    inside = [p.mean for p in points if p.mean is not None]
    known = [v for one in levels for v in (one.low, one.high) if v is not None]
    low = max(-10.0, min([*known, *(v for v in inside if not known), -3.0]) - 0.5)
    high = min(10.0, max([*known, *(v for v in inside if not known), 3.0]) + 0.5)

    def y(value: float) -> float:
        return top + height * (high - min(high, max(low, value))) / (high - low)

    out, zones = [], []
    bounds = [-10.0, *(bound for bound, _ in BANDS[:-1]), 10.0]
    for (bottom, ceiling), (_, name) in zip(itertools.pairwise(bounds), BANDS, strict=True):
        if low < bottom < high:
            out.append(_line(frame.left, y(bottom), right, y(bottom), "grid"))
            out.append(
                _text(
                    frame.left - 6,
                    y(bottom) + 4,
                    f"{signed(bottom, 0 if bottom == int(bottom) else 1)}",
                    "soft num",
                    "end",
                )
            )
        visible = y(max(bottom, low)) - y(min(ceiling, high))
        if visible >= 15:
            middle = (y(max(bottom, low)) + y(min(ceiling, high))) / 2 + 4
            if narrow:
                zones.append(_text(right - 4, middle, name, "soft halo", "end"))
            else:
                zones.append(_text(right + 8, middle, name, "soft"))
    if low < 0 < high:
        out.append(_line(frame.left, y(0), right, y(0), "zero"))
        if y(-1) - y(0) > 13:
            out.append(_text(frame.left - 6, y(0) + 4, "0", "soft num", "end"))
    most = max((p.happenings for p in points), default=1) or 1
    for index, point in enumerate(points):
        if point.mean is not None and low <= point.mean <= high:
            radius = 1.4 + 2.4 * (point.happenings / most) ** 0.5
            out.append(f'<circle class="dot" cx="{_n(frame.mid(index))}" cy="{_n(y(point.mean))}" r="{_n(radius)}"/>')
    for start, stop in _runs(levels):
        run = [(frame.mid(i), levels[i]) for i in range(start, stop)]
        if len(run) == 1:
            x = run[0][0]
            run = [(x - frame.step / 2, run[0][1]), (x + frame.step / 2, run[0][1])]
        upper = " ".join(f"{_n(x)},{_n(y(one.high or 0))}" for x, one in run)
        lower = " ".join(f"{_n(x)},{_n(y(one.low or 0))}" for x, one in reversed(run))
        out.append(f'<polygon class="band" points="{upper} {lower}"/>')
        out.append(
            f'<polyline class="line" points="{" ".join(f"{_n(x)},{_n(y(one.value or 0))}" for x, one in run)}"/>'
        )
    return out + zones


def _breaks(
    frame: _Frame,
    top: float,
    bottom: float,
    points: Sequence[Point],
    changes: Sequence[Change],
    right: float,
    rows: int,
) -> list[str]:
    """Draw breaks with their words, each on the first of a few rows where it does not run into another."""
    out: list[str] = []
    starts = {point.start: index for index, point in enumerate(points)}
    ends = {point.end: index for index, point in enumerate(points)}
    free = [0.0] * rows
    for number, change in enumerate(changes, 1):
        index = starts.get(change.date)
        if index is None:
            continue
        first, last = starts.get(change.earliest, index), ends.get(change.latest, index)
        out.append(_rect(frame.at(first), top, frame.step * (last - first + 1), bottom - top, "stretch"))
        x = frame.at(index)
        out.append(_line(x, top - 4, x, bottom, "break"))
        arrow = "▲" if change.after > change.before else "▼"
        for text in (f"{number} {arrow} {words(change)}", f"{number} {arrow}"):
            size = 7.0 * len(text)
            begin = min(x + 4, right - size)
            row = next((r for r in range(rows) if begin >= free[r] and begin > frame.left - 20), None)
            if row is not None:
                free[row] = begin + size + 10
                out.append(_text(begin, top - 8 - 15 * row, text, "halo why"))
                break
    return out


def _bars(
    frame: _Frame, top: float, height: float, points: Sequence[Point], title: str, count: str, right: float, most: float
) -> list[str]:
    middle = top + height / 2
    scale = (height / 2 - 2) / most if most else 0.0
    gap = 1.0 if frame.step >= 4 else 0.0
    out = [_line(frame.left, middle, right, middle, "axis")]
    for index, point in enumerate(points):
        up, down = _counts(point, count)
        x, width = frame.at(index) + gap / 2, frame.step - gap
        if up:
            out.append(_rect(x, middle - max(1.0, up * scale), width, max(1.0, up * scale), "up"))
        if down:
            out.append(_rect(x, middle, width, max(1.0, down * scale), "down"))
    out.append(_text(frame.left + 2, top + 10, title, "halo strong"))
    if most:
        for sign, y in ((1, top + 10), (-1, top + height - 2)):
            out.append(_text(frame.left - 6, y, f"{most * sign if sign > 0 else most:g}", "soft num", "end"))
    return out


def _counts(point: Point, count: str) -> tuple[int, int]:
    """Return happenings, or reports, of cooperation and of conflict."""
    quads = point.report_quads if count == "reports" else point.quads
    return quads[0] + quads[1], quads[2] + quads[3]


def relation_svg(
    found: Relation,
    levels: Sequence[Level],
    changes: Sequence[Change],
    series: str,
    names: tuple[str, str],
    *,
    width: int = 1040,
    count: str = "happenings",
    at: dt.date | None = None,
    alone: bool = False,
    title: str = "",
    room: float = 264.0,
) -> str:
    """Draw a relation.

    Args:
        found: the relation.
        levels: its level, by period.
        changes: its breaks.
        series: the series whose periods' means stand behind the level.
        names: the two parties' names.
        width: in pixels.
        count: what the bars count: happenings or reports.
        at: a day in the period that is open.
        alone: with its own style, for a file.
        title: words above a picture that stands alone.
        room: height of the level's panel, in pixels; a narrow picture's is 200.
    """
    points = found.series[series]
    narrow = width < 620
    left, margin = (34.0, 6.0) if narrow else (44.0, 92.0)
    right = width - margin
    frame = _Frame(left, (right - left) / max(1, len(points)))
    head = 24.0 if alone and title else 0.0
    rows = 2 if len(changes) > 1 else 1
    top = head + 22.0 + 15.0 * (rows - 1)
    tall, low = (200.0, 66.0) if narrow else (room, 84.0 if room > 200 else 56.0)
    one, two = top + tall + 18, top + tall + 18 + low + 10
    strip = two + low + 16
    bottom = strip + 16
    height = bottom + 24
    ab, ba = (name for name in found.series if name != "joint")
    both = [*found.series[ab], *found.series[ba]]
    most = float(max((max(_counts(p, count)) for p in both), default=0))
    out: list[str] = []
    if head:
        out.append(_text(left, 16, title, "strong"))
    for index, name, strong in _ticks(points, found.by, frame.step):
        x = frame.at(index)
        out.append(_line(x, top, x, strip, "grid"))
        out.append(_text(x + 3, bottom + 16, name, "strong" if strong else "soft"))
    out += _level_panel(frame, top, tall, points, levels, right, narrow)
    out += _breaks(frame, top, two + low, points, changes, right, rows)
    a, b = names
    out += _bars(frame, one, low, found.series[ab], f"{a} → {b}", count, right, most)
    out += _bars(frame, two, low, found.series[ba], f"{b} → {a}", count, right, most)
    if not narrow:
        for y in (one, two):
            out.append(_text(right + 8, y + low / 2 - 8, "cooperation", "upword"))
            out.append(_text(right + 8, y + low / 2 + 16, "conflict", "downword"))
        out.append(_text(right + 8, strip + 11, "reports read", "soft"))
    deepest = max((p.read for p in points), default=0) or 1
    for index, point in enumerate(points):
        kind = "none" if not point.read else "thin" if point.naming < THIN else "read"
        cell = _rect(frame.at(index), strip, frame.step - (0.5 if frame.step > 3 else 0), 14, kind)
        if kind == "read":
            cell = cell.replace("/>", f' fill-opacity="{0.25 + 0.7 * point.read / deepest:.2f}"/>')
        out.append(cell)
    if at is not None:
        for index, point in enumerate(points):
            if point.start <= at <= point.end:
                out.insert(0, _rect(frame.at(index), top, max(2, frame.step), bottom - top, "open"))
    told = _told(points, levels, names, found.by)
    style = f"<style>{STYLE}</style>" if alone else ""
    space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
    return (
        f'<svg{space} class="chart" viewBox="0 0 {width} {_n(height)}" width="{width}" height="{_n(height)}" role="img"'
        f' aria-label="{escape(told)}" data-left="{_n(left)}" data-right="{_n(right)}" data-top="{_n(top)}"'
        f' data-bottom="{_n(bottom)}" data-count="{len(points)}">{style}{"".join(out)}</svg>'
    )


def _told(points: Sequence[Point], levels: Sequence[Level], names: tuple[str, str], by: str) -> str:
    if not points:
        return f"{names[0]} and {names[1]}: no period"
    known = [one for one in levels if one.value is not None]
    first = f"{names[0]} and {names[1]}, {label(points[0].start, by)} to {label(points[-1].start, by)}."
    if not known:
        return f"{first} Too few happenings for a level."
    return (
        f"{first} Level {signed(known[0].value)} ({known[0].name}) at first, {signed(known[-1].value)}"
        f" ({known[-1].name}) at the end, on a scale from \u221210 to +10."
    )


def spark(
    values: Sequence[tuple[float, float, int]], reach: tuple[float, float], width: int = 120, height: int = 28
) -> str:
    """Draw a small line with a rule at 0 and a dot at its last value.

    Args:
        values: (position, value on −10 to +10, weight), in order of position.
        reach: first and last position, the same for all lines that are to be compared.
        width: in pixels.
        height: in pixels.
    """
    if not values:
        return ""
    low, high = reach

    def x(at: float) -> float:
        return 4 + (width - 8) * ((at - low) / (high - low) if high > low else 0.5)

    def y(value: float) -> float:
        return height / 2 - value / 10 * (height / 2 - 2)

    path = " ".join(f"{_n(x(at))},{_n(y(value))}" for at, value, _ in values)
    last = values[-1]
    return (
        f'<svg class="spark" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">'
        f"{_line(2, height / 2, width - 2, height / 2, 'grid')}"
        f'<polyline class="line" points="{path}"/>'
        f'<circle class="{"up" if last[1] > 0 else "down"}" cx="{_n(x(last[0]))}" cy="{_n(y(last[1]))}" r="3"/></svg>'
    )


def small(
    found: Relation, levels: Sequence[Level], reach: tuple[float, float], width: int = 320, height: int = 150
) -> str:
    """Draw one of several relations on one scale: level with band, and the years.

    Args:
        found: the relation.
        levels: its joint level.
        reach: lowest and highest value of the scale that all share.
        width: in pixels.
        height: in pixels.
    """
    points = found.series["joint"]
    left, right, top, bottom = 30.0, width - 6.0, 8.0, height - 20.0
    frame = _Frame(left, (right - left) / max(1, len(points)))
    low, high = reach

    def y(value: float) -> float:
        return top + (bottom - top) * (high - min(high, max(low, value))) / (high - low)

    out = []
    for bound in (low, 0.0, high):
        out.append(_line(left, y(bound), right, y(bound), "zero" if bound == 0 else "grid"))
        out.append(_text(left - 4, y(bound) + 4, signed(bound, 0), "soft", "end"))
    for index, name, _ in _ticks(points, found.by, frame.step):
        out.append(_line(frame.at(index), top, frame.at(index), bottom, "grid"))
        out.append(_text(frame.at(index) + 2, height - 5, name, "soft"))
    for start, stop in _runs(levels):
        run = [(frame.mid(i), levels[i]) for i in range(start, stop)]
        upper = " ".join(f"{_n(x)},{_n(y(one.high or 0))}" for x, one in run)
        lower = " ".join(f"{_n(x)},{_n(y(one.low or 0))}" for x, one in reversed(run))
        out.append(f'<polygon class="band" points="{upper} {lower}"/>')
        out.append(
            f'<polyline class="line" points="{" ".join(f"{_n(x)},{_n(y(one.value or 0))}" for x, one in run)}"/>'
        )
    if not any(one.value is not None for one in levels):
        out.append(
            _text((left + right) / 2, (top + bottom) / 2 - 6, "too few happenings for a level", "soft", "middle")
        )
    told = f"Level of {found.a} and {found.b} on a scale from {signed(low, 0)} to {signed(high, 0)}"
    return (
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{escape(told)}">{"".join(out)}</svg>'
    )


def shared(levels: Sequence[Sequence[Level]]) -> tuple[float, float]:
    """Return the lowest and highest value of a scale on which several levels have room."""
    known = [v for listed in levels for one in listed for v in (one.low, one.high) if v is not None]
    return max(-10.0, float(int(min([*known, -3.0]) - 1))), min(10.0, float(int(max([*known, 3.0]) + 1)))


def multiples(panels: Sequence[tuple[str, Relation, Sequence[Level]]], width: int = 1040) -> str:
    """Draw several relations on one scale as one picture that stands alone.

    Args:
        panels: name, relation and joint level of each.
        width: in pixels.
    """
    reach = shared([levels for _, _, levels in panels])
    across = 3 if len(panels) > 2 else max(1, len(panels))
    wide, tall = (width - 20 * (across - 1)) // across, 190
    rows = max(1, -(-len(panels) // across))
    out = []
    for at, (name, found, levels) in enumerate(panels):
        x, y = (at % across) * (wide + 20), (at // across) * tall
        last = next((one for one in reversed(levels) if one.value is not None), None)
        told = f"{name}: {signed(last.value)} {last.name}" if last else name
        inner = small(found, levels, reach, width=wide, height=150).replace("<svg ", f'<svg x="{x}" y="{y + 26}" ', 1)
        out += [_text(x + 2, y + 18, told, "strong"), inner]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {rows * tall}" width="{width}"'
        f' height="{rows * tall}" role="img" aria-label="Levels of {len(panels)} pairs on one scale">'
        f"<style>{STYLE}</style>{''.join(out)}</svg>"
    )
