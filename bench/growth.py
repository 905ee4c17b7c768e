"""How cost grows with the number of reports: the same reports 1, 10 and 100 times over, read, coded and loaded.

    python -m bench.growth ../shared/articles/syria_2016_2019.jsonl [--reports 24] [--factors 1 10 100] [--page docs/performance.md]

Each size is a process of its own, whose peak memory is its own. Copies differ from one another in their id and in a
sentence of their own, so that nothing is saved by knowing them. With `--page` the table in that page, between the lines
`<!-- growth -->`, and `growth.svg` beside it are written anew.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from detente import CodedDocument, Coder, Document, Store, documents

MARK = "<!-- growth -->\n"


def copies(path: Path, reports: int, factor: int) -> Iterator[Document]:
    """Yield the first reports of a file so many times, each time a little different."""
    for copy in range(factor):
        for item in islice(documents(path, on_fault=lambda fault: None), reports):
            text = f"{item.text}\n\nThis was number {copy} of {factor}."
            yield replace(item, id=f"{item.id}-{copy}", text=text)


def one(path: Path, reports: int, factor: int) -> dict[str, float]:
    """Measure one size in this process."""
    coder = Coder()
    spent = 0.0

    def timed(items: Iterable[CodedDocument]) -> Iterator[CodedDocument]:
        nonlocal spent
        rest = iter(items)
        while True:
            began = time.perf_counter()
            item = next(rest, None)
            spent += time.perf_counter() - began
            if item is None:
                return
            yield item

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        added = Store(folder).add(timed(coder.code_all(copies(path, reports, factor))))
        whole = time.perf_counter() - began
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    return {
        "factor": factor, "reports": added.documents, "seconds": round(whole, 2),
        "ms a report": round(1000 * whole / added.documents, 1), "load beside coding": round((whole - spent) / spent, 3),
        "peak MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "KB stored a report": round(size / 1024 / added.documents, 1),
    }  # fmt: skip


def table(rows: list[dict[str, float]]) -> str:
    """Return the figures as a table."""
    names = list(rows[0])
    lines = [names, ["---:"] * len(names), *([f"{row[n]:,}" for n in names] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def drawn(rows: list[dict[str, float]]) -> str:
    """Return a plot of seconds a report and of peak memory over reports, as SVG: flat lines are what is wanted."""
    import math

    width, height, left, top = 560, 220, 60, 24
    low, high = (math.log10(rows[i]["reports"]) for i in (0, -1))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    ]
    for name, colour in (("ms a report", "#1b6ca8"), ("peak MB", "#b5482a")):
        most = max(row[name] for row in rows) * 1.25
        points = []
        for row in rows:
            share = (math.log10(row["reports"]) - low) / (high - low) if high > low else 0.5
            x, y = left + share * (width - left - 90), top + (height - 70) * (1 - row[name] / most)
            points.append(f"{x:.0f},{y:.0f}")
            parts.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="{colour}"/>')
            parts.append(f'<text x="{x + 6:.0f}" y="{y - 6:.0f}" fill="{colour}">{row[name]:,}</text>')
            parts.append(f'<text x="{x:.0f}" y="{height - 24}" text-anchor="middle">{row["reports"]:,.0f}</text>')
        parts.append(f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = points[-1].split(",")
        parts.append(f'<text x="{end[0]}" y="{int(end[1]) + 18}" fill="{colour}" text-anchor="middle">{name}</text>')
    parts.append(f'<text x="{width / 2:.0f}" y="{height - 6}" text-anchor="middle">reports (logarithmic)</text></svg>')
    return "\n".join(parts) + "\n"


def main() -> None:
    """Measure and print, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--reports", type=int, default=24)
    parser.add_argument("--factors", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--page", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.path, options.reports, options.one)))
        return
    rows = []
    for factor in options.factors:
        command = [sys.executable, "-m", "bench.growth", str(options.path), "--reports", str(options.reports)]
        done = subprocess.run([*command, "--one", str(factor)], check=True, capture_output=True, text=True)
        rows.append(json.loads(done.stdout))
        print(json.dumps(rows[-1]), flush=True)
    if options.page:
        before, _, rest = options.page.read_text("utf-8").partition(MARK)
        _, _, after = rest.partition(MARK)
        options.page.write_text(f"{before}{MARK}\n{table(rows)}\n{MARK}{after}", "utf-8")
        (options.page.parent / "growth.svg").write_text(drawn(rows), "utf-8")


if __name__ == "__main__":
    main()
