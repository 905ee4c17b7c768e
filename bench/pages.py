"""How long the pages of a large store take: a store many times over, each page asked first and again.

    python -m bench.pages demo-store [--factor 100] [--apart 0] [--page docs/web.md]

Copies have ids of their own. With `--apart 0` each act is told by `factor` reports on the same day; with `--apart 3`
each copy lies three days after the one before, so that there are `factor` times as many acts. With `--page` the table
in that page, between the lines `<!-- pages -->`, is written anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from detente import CodedDocument, Store
from detente.show.web import app

MARK = "<!-- pages -->\n"
PAGES = (
    ("a pair", "/relation/CHN/USA"),
    ("a period's evidence", "/relation/CHN/USA?at=2019-05-10"),
    ("a pair, filtered by type", "/relation/CHN/USA?type=SANCTION"),
    ("a pair, filtered by issue", "/relation/CHN/USA?context=economic"),
    ("a pair by week, two years", "/relation/CHN/USA?by=week&from=2018-01-01&to=2019-12-31"),
    ("all pairs", "/"),
    ("matrix", "/matrix"),
    ("comparison", "/compare"),
    ("positions", "/ledger/CHN/USA"),
    ("a state", "/state/CHN"),
    ("an actor", "/actor?name=China"),
    ("search", "/search?q=tariff*"),
    ("method", "/method"),
)


def copies(store: Store, factor: int, apart: int) -> Iterator[CodedDocument]:
    """Yield a store's documents so many times, each copy `apart` days after the one before."""
    for document in store.documents():
        for copy in range(factor):
            shift = dt.timedelta(apart * copy)
            own = replace(document.document, id=f"{document.document.id}-{copy}", date=document.document.date + shift)
            events = tuple(
                replace(e, date=(e.date[0] + shift, e.date[1] + shift)) if e.date else e for e in document.events
            )
            yield replace(document, document=own, events=events)


def ask(client: TestClient, address: str) -> tuple[float, float]:
    """Return the seconds until an address is answered in full: on the clock, and of the processor."""
    clock, spent = time.perf_counter(), time.process_time()
    while (answer := client.get(address)).status_code == 202:
        pass
    assert answer.status_code == 200, (address, answer.status_code, answer.text[:300])
    return time.perf_counter() - clock, time.process_time() - spent


def measure(folder: Path, again: int = 7) -> list[tuple[str, float, float, float]]:
    """Return for every page its name, the seconds of its first view (clock, processor), and of later ones, the median."""
    rows = []
    for name, address in PAGES:
        # A server of its own for each page: nothing is known from another page.
        with TestClient(app.create_app(folder), base_url="http://localhost") as client:
            ask(client, "/data")
            first = ask(client, address)
            rows.append((name, *first, statistics.median(ask(client, address)[0] for _ in range(again))))
    return rows


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    parser.add_argument("--factor", type=int, default=100)
    parser.add_argument("--apart", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder of the large store, made if it is not there")
    parser.add_argument("--page", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.keep or Path(made) / "store"
        large = Store(folder)
        if large.version is None:
            large.add(copies(Store(given.store), given.factor, given.apart), batch=2000)
        size = large.sql("SELECT count(*) AS reports, sum(events) AS events FROM documents").to_pylist()[0]
        rows = measure(folder)
    later = statistics.median(again for *_, again in rows)
    head = (
        f"{int(size['reports']):,} reports, {int(size['events']):,} events; median of later views {1000 * later:.0f} ms"
    )
    lines = [head, "", "| page | first view, s | of the processor, s | later views, ms |", "|---|---:|---:|---:|"]
    lines += [f"| {name} | {clock:.1f} | {spent:.1f} | {1000 * again:.0f} |" for name, clock, spent, again in rows]
    print("\n".join(lines))
    slowest = {
        "slowest first s": round(max(row[1] for row in rows), 1),
        "of the processor": round(max(row[2] for row in rows), 1),
    }
    print(json.dumps({"median later ms": round(1000 * later), **slowest}))
    if given.page:
        before, _, after = given.page.read_text("utf-8").split(MARK)
        given.page.write_text(before + MARK + "\n".join(lines) + "\n" + MARK + after, "utf-8")


if __name__ == "__main__":
    main()
