"""Code dated reports of a pair, load them, and hold the series against episodes fixed before (docs/validation.md).

python bench/validation.py LIST REPORTS.jsonl A B --store FOLDER [--svg FIGURE.svg]

Prints a table for people and one JSON line last. A store that holds reports already coded is not coded anew.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from detente import Coder, Store, documents, relation
from detente.measure.changes import Change, changes
from detente.measure.episodes import Agreement, Episode, agreement
from detente.measure.level import ErrorRates, Level, level

LISTS = Path(__file__).parents[1] / "tests" / "measure" / "episodes.csv"


def episodes(name: str) -> list[Episode]:
    """Read one list of episodes."""
    with LISTS.open(encoding="utf-8", newline="") as stream:
        return [
            Episode(dt.date.fromisoformat(row["date"]), "+" if row["sign"] == "+" else "-", row["episode"])
            for row in csv.DictReader(stream)
            if row["list"] == name
        ]


def figure(levels: Sequence[Level], breaks: Sequence[Change], found: Agreement, title: str) -> str:
    """Draw level, band, breaks and episodes as an SVG that needs nothing else."""
    width, height, left, top = 960, 360, 44, 28
    days = (levels[-1].end - levels[0].start).days or 1

    def x(day: dt.date) -> float:
        return round(left + (day - levels[0].start).days / days * (width - left - 12), 1)

    def y(value: float) -> float:
        return round(top + (10 - value) / 20 * (height - top - 34), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
        f'<rect width="{width}" height="{height}" fill="white"/><text x="{left}" y="17" font-size="13">{title}</text>',
    ]
    for value in (-10, -5, 0, 5, 10):
        parts.append(f'<path d="M{left} {y(value)}H{width - 12}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y(value) + 4}" text-anchor="end">{value}</text>')
    for year in range(levels[0].start.year + 1, levels[-1].end.year + 1):
        at = x(dt.date(year, 1, 1))
        parts.append(f'<path d="M{at} {top}V{y(-10)}" stroke="#eee"/><text x="{at}" y="{height - 18}">{year}</text>')
    for one in breaks:
        first, last = x(max(one.earliest, levels[0].start)), x(min(one.latest, levels[-1].end))
        parts.append(
            f'<rect x="{first}" y="{top}" width="{max(1.0, last - first):.1f}" height="{y(-10) - top}" fill="#f2c14e" '
            f'opacity="0.35"><title>break {one.date}: {one.before:+.1f} to {one.after:+.1f}</title></rect>'
        )
    run: list[Level] = []
    for one, after in pairwise([*levels, None]):
        if one is not None and one.value is not None:
            run.append(one)
        if run and (after is None or after.value is None):
            upper = " ".join(f"{x(p.start)},{y(p.high or 0)}" for p in run)
            lower = " ".join(f"{x(p.start)},{y(p.low or 0)}" for p in reversed(run))
            line = " ".join(f"{x(p.start)},{y(p.value or 0)}" for p in run)
            parts.append(f'<polygon points="{upper} {lower}" fill="#7aa6c2" opacity="0.4"/>')
            parts.append(f'<polyline points="{line}" fill="none" stroke="#1d4e6b" stroke-width="1.6"/>')
            run = []
    for shown in found.shown:
        at, good = x(shown.episode.day), shown.episode.sign == "+"
        edge = y(10) if good else y(-10)
        tip = edge + (9 if good else -9)
        colour = ("#2a7f3f" if good else "#b3261e") if shown.shown else "#999"
        parts.append(
            f'<path d="M{at} {tip}L{at - 4} {edge}H{at + 4}Z" fill="{colour}"><title>{shown.episode.day} '
            f"{shown.episode.what}{'' if shown.shown else ' (not shown)'}</title></path>"
        )
    legend = (
        "line and band: level, 90 %; yellow: breaks; triangles: episodes, better above, worse below, grey if not shown"
    )
    parts.append(f'<text x="{left}" y="{height - 4}" fill="#555">{legend}</text></svg>\n')
    return "\n".join(parts)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("list", help="list of episodes: chronology, leads or japan-korea")
    parser.add_argument("reports", help="dated reports, JSON Lines")
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--store", required=True, help="folder of the store, made if it is not there")
    parser.add_argument("--svg", help="where to draw level, breaks and episodes")
    parser.add_argument("--half-life", type=float, default=90.0, help="memory of the level, in days")
    options = parser.parse_args()
    store, coder = Store(options.store), Coder()
    begun = time.perf_counter()
    fresh = (item for item in documents([options.reports]) if not store.holds(item, coder.version))
    store.add(coder.code_all(fresh))
    seconds = time.perf_counter() - begun
    daily = relation(store, options.a, options.b, by="day")
    found = agreement(daily, episodes(options.list))
    monthly = relation(store, options.a, options.b, by="month")
    rates = ErrorRates()
    levels = level(monthly, half_life=options.half_life, errors=rates)
    weekly = relation(store, options.a, options.b, by="week")
    breaks = changes(weekly, errors=rates)
    for one in found.shown:
        mark = "shown " if one.shown else "MISSED"
        window = "  none" if one.window is None else f"{one.window:+6.2f}"
        print(f"{mark} {one.episode.day} {one.episode.sign} {window} against {one.base:+.2f}  {one.episode.what}")
    for change in breaks:
        print(
            f"break {change.date} ({change.earliest} to {change.latest}, {change.probability:.2f}): "
            f"{change.before:+.2f} to {change.after:+.2f}, step {change.low:+.2f} to {change.high:+.2f}"
        )
    if options.svg and levels:
        title = f"{options.a}–{options.b}, level by month, {levels[0].start} to {levels[-1].end}"
        Path(options.svg).write_text(figure(levels, breaks, found, title), encoding="utf-8")
    joint = monthly.series["joint"]
    result = {
        "list": options.list, "coder": coder.version, "documents": sum(point.read for point in joint),
        "happenings": sum(point.happenings for point in joint), "episodes": len(found.shown),
        "shown": sum(one.shown for one in found.shown), "share": round(found.share, 4),
        "by_chance": round(found.by_chance, 4), "breaks": len(breaks), "seconds_coding": round(seconds, 1),
    }  # fmt: skip
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
