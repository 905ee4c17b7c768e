"""Measure the resolver on the actor cases: country, first sector and entity of each mention.

    python -m train.score_actors [tests/cases/actors.jsonl] [--errors]
    python -m train.score_actors --tables

The half `held` was written before the resolver was tuned and is never looked at in detail: `--errors` never lists
it. The cases `later` were written when the two halves stood, scored once unseen and then mended for like `dev`. The model's part is played by the case: where a mention acts or is a place, no kinds.
A mention whose country or sector the codebook leaves open lacks that key, and it is not counted.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

from detente.code.resolve import Resolution, resolve
from detente.gazetteer import Gazetteer
from detente.records import Document, EventDraft, Extraction, MentionDraft, Options, Sentence, Span

CASES = Path(__file__).parents[1] / "tests" / "cases" / "actors.jsonl"


def resolve_case(case: dict[str, Any], gazetteer: Gazetteer) -> Resolution:
    """Resolve the mentions of one case, with an event that has its actors and place."""
    text = case["text"]
    drafts = tuple(
        MentionDraft(Span(item["start"], item["start"] + len(item["mention"])), 0, (), (), 0.9)
        for item in case["mentions"]
    )
    acting = tuple(number for number, item in enumerate(case["mentions"]) if item["role"] == "acts")
    places = [number for number, item in enumerate(case["mentions"]) if item["role"] == "place"]
    events = tuple(
        EventDraft(0, Span(0, 1), "CONSULT", None, "actual", (), acting, (), place, None, 0.9)
        for place in places or [None]
    )
    document = Document("case", text, dt.date.fromisoformat(case["date"]))
    return resolve(document, (Sentence(0, len(text)),), Extraction(drafts, events, ()), gazetteer, Options())


HEADS = (
    "president", "prime minister", "king", "queen", "chancellor", "premier", "emir", "sultan", "supreme leader", "emperor",
    "interim president", "acting president", "military leader", "head of government",
    "general secretary of the communist party", "chief executive",
)  # fmt: skip
OFFICES = {
    "head of state or government": HEADS,
    "foreign minister": ("foreign minister", "foreign secretary", "secretary of state", "external affairs minister"),
    "defence minister": ("defence minister", "defence secretary", "defense secretary", "acting defense secretary"),
}


def print_tables() -> None:
    """Print how many rows and Wikidata ids the tables have, and how many states and persons each office."""
    for table in ("countries", "organisations", "groups", "holders", "people"):
        rows = table_rows(table)
        known = {row["name"] for row in rows if row["wikidata"]}
        print(
            f"{table:13} {len(rows):5} rows, {len({row['name'] for row in rows}):5} names, {len(known):4} with Wikidata id"
        )
    holders = table_rows("holders")
    for office, titles in OFFICES.items():
        own = [row for row in holders if row["office"].casefold() in titles]
        states, persons = {row["country"] for row in own}, {row["name"] for row in own}
        print(f"{office:28} {len(states):4} states, {len(persons):5} persons, {len(own):5} terms")


def table_rows(table: str) -> list[dict[str, str]]:
    """Read a bundled table."""
    text = (files("detente.gazetteer") / "data" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def main() -> None:
    """Print the shares and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="?", type=Path, default=CASES)
    parser.add_argument("--errors", action="store_true", help="list what is wrong in the half dev")
    parser.add_argument("--tables", action="store_true", help="print the size of the tables instead")
    arguments = parser.parse_args()
    if arguments.tables:
        print_tables()
        return
    gazetteer = Gazetteer.load()
    counts: Counter[str] = Counter()
    for line in arguments.cases.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        resolution = resolve_case(case, gazetteer)
        entities = {entity.id: entity for entity in resolution.entities}
        for want, mention in zip(case["mentions"], resolution.mentions, strict=True):
            got = entities[mention.entity]
            split = case["split"]
            sector = got.sectors[0] if got.sectors else None
            checks = {}
            if "country" in want:
                checks["country"] = got.country == want["country"]
            if "sector" in want:
                checks["sector"] = sector == want["sector"]
            if want["entity"]:
                checks["entity"] = got.name == want["entity"]
            for name, right in checks.items():
                counts[f"{split} {name} of"] += 1
                counts[f"{split} {name}"] += right
            if arguments.errors and split != "held" and not all(checks.values()):
                wrong = ",".join(name for name, right in checks.items() if not right)
                print(f"{wrong}: [{want['mention']}] {want.get('country')} {want.get('sector')} {want['entity']}"
                      f" ≠ {got.country} {sector} {got.name} ({mention.rule})")  # fmt: skip
    for split in ("dev", "held", "later"):
        for name in ("country", "sector", "entity"):
            right, total = counts[f"{split} {name}"], counts[f"{split} {name} of"]
            print(f"{split:5} {name:8} {right / max(total, 1):.3f} ({right} of {total})")
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
