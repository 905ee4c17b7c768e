"""Run the validation of every list whose reports are at hand, and write docs/validation.md with its figures.

python bench/validation_page.py [--shared ../shared] [--stores build/validation]
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "src" / "detente" / "demo"
MISSES = ROOT / "tests" / "measure" / "misses.csv"
CAUSES = {
    "party": "the coder: a party is missing or of the wrong country",
    "type": "the coder: the act has a wrong type or is not found",
    "status": "the coder: wrong status",
    "day": "the coder: wrong day",
    "report": "no report of the episode in its fortnight",
    "few": "few happenings: at most five in the fortnight, and others outweigh it",
    "rule": "the rule itself: more than five happenings, and their mean does not turn",
}

PAGE = """# Does it measure something real?

Episodes of three relations were listed with the sign each should give, and the rule that holds a series against them was fixed
(`tests/measure/episodes.csv`, `src/detente/measure/episodes.py`), both committed before their writer looked at any series (a first
demo of another hand had shown a net of the chronology under a trial model an hour before). An episode is
shown if the pair's happenings around its day lie on the right side of what went before; the share by chance is that of random days.
`python bench/validation_page.py` runs all of it and writes this page. The aim was a share of 0.85.

| list | reports | happenings | episodes | shown | share | by chance |
|---|---|---|---|---|---|---|
{rows}

## Why the misses

Misses were read in the store, by hand (`tests/measure/misses.csv`); the reason stands behind the line further down. A miss is put
to the coder, under the first fault named, if setting right what is named would show the episode; otherwise to what is left.{unread}

| cause | {names} | all |
|---|{bars}---|
{causes}

{sections}
"""


def reasons() -> dict[tuple[str, str], tuple[str, str]]:
    """Return why an episode is missed and the cause that it is counted under, by list and day."""
    with MISSES.open(encoding="utf-8", newline="") as stream:
        found = {(row["list"], row["day"]): (row["why"], row["cause"]) for row in csv.DictReader(stream)}
    if unknown := {cause for _, cause in found.values()} - set(CAUSES):
        raise SystemExit(f"{MISSES} has causes that the page does not know: {', '.join(sorted(unknown))}")
    return found


def run(name: str, reports: Path, a: str, b: str, store: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the figures of one list and the lines that say which episodes are shown."""
    figure = ROOT / "docs" / "validation" / f"{name}.svg"
    figure.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(ROOT / "bench" / "validation.py"), name, str(reports), a, b,
               "--store", str(store), "--svg", str(figure)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]), [line for line in lines[:-1] if line.startswith(("shown", "MISSED"))]


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--stores", type=Path, default=ROOT / "build" / "validation")
    options = parser.parse_args()
    lists = [
        ("chronology", DEMO / "china-us.jsonl", "CHN", "USA", "The bundled China–US chronology, 2017–2021"),
        ("japan-korea", DEMO / "japan-korea.jsonl", "JPN", "KOR", "The bundled Japan–South Korea chronology, 2017–2023"),
        ("leads", options.shared / "articles" / "china_us_leads_2009_2020.jsonl", "CHN", "USA",
         "4,584 leads of one newspaper, 2009–2020 (not in this repository)"),
    ]  # fmt: skip
    why = reasons()
    causes: dict[str, Counter[str]] = {}
    unread = 0
    rows, sections = [], []
    for name, reports, a, b, title in lists:
        if not reports.is_file():
            print(f"{name}: left out, {reports} is not here")
            continue
        found, lines = run(name, reports, a, b, options.stores / name)
        rows.append(
            f"| {name} | {found['documents']} | {found['happenings']} | {found['episodes']} | {found['shown']} "
            f"| {found['share']:.2f} | {found['by_chance']:.2f} |"
        )
        causes[name] = Counter()
        for number, line in enumerate(lines):
            mark, day = line.split()[:2]
            if mark != "MISSED":
                continue
            if (name, day) in why:
                text, cause = why[name, day]
                lines[number] = f"{line} · {text}"
                causes[name][cause] += 1
            else:
                unread += 1
        listed = "\n".join(lines)
        sections.append(
            f"## {title}\n\n![level, band, breaks and episodes](validation/{name}.svg)\n\n```\n{listed}\n```"
        )
        print(name, json.dumps(found))
    page = ROOT / "docs" / "validation.md"
    counted = [
        f"| {label} | {' | '.join(str(one[cause]) for one in causes.values())} "
        f"| {sum(one[cause] for one in causes.values())} |"
        for cause, label in CAUSES.items()
    ]
    text = PAGE.format(
        rows="\n".join(rows), sections="\n\n".join(sections), causes="\n".join(counted),
        names=" | ".join(causes), bars="---|" * len(causes), unread=f" Not read yet: {unread}." if unread else "",
    )  # fmt: skip
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
