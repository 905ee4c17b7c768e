"""Measure who-is-who on labelled reports: CoNLL F1 of coreference, and country, sector of every mention.

    python -m train.score_coref train/corpus/train [--errors N] [--kinds]

Mentions, events and statements are the labels' own, so that the figure is the resolver's and not the
model's. Singletons count, as the labels mark every mention. MUC after Vilain et al. (1995), B³ after Bagga
and Baldwin (1998), CEAF-φ4 after Luo (2005); CoNLL F1 is the mean of the three F1 (Pradhan et al. 2012).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path

import numpy as np

from detente.code.resolve import Resolution, resolve
from detente.gazetteer import Gazetteer
from detente.records import (
    Document,
    EventDraft,
    Extraction,
    MentionDraft,
    Options,
    Sentence,
    Span,
    StatementDraft,
)
from train import labels

Clusters = list[set[int]]


def extraction_of(report: labels.GoldReport, kinds: bool = False) -> Extraction:
    """Return the labels of a report in the form the model gives.

    Args:
        report: a compiled report.
        kinds: whether to pass the labelled kind of each mention on, as a model that is always right would.
    """
    by_key = {entity.key: entity for entity in report.entities}
    mentions = tuple(
        MentionDraft(
            Span(mention.start, mention.end),
            mention.sentence,
            ((by_key[mention.entity].kind, 0.95),) if kinds and mention.entity in by_key else (),
            (),
            1.0,
        )
        for mention in report.mentions
    )
    events = tuple(
        EventDraft(
            event.sentence, Span(*event.trigger), event.type, event.mode, event.status, event.contexts,  # type: ignore[arg-type]
            event.actors, event.recipients, event.place, Span(*event.time) if event.time else None, 1.0,
        )
        for event in report.events
    )  # fmt: skip
    statements = tuple(
        StatementDraft(
            item.sentence, item.speaker, Span(*item.cue) if item.cue else None,
            tuple(Span(*piece) for piece in item.content), item.addressee, 1.0,
        )
        for item in report.statements
    )  # fmt: skip
    return Extraction(mentions, events, statements)


def resolve_report(report: labels.GoldReport, gazetteer: Gazetteer, kinds: bool = False) -> Resolution:
    """Resolve a labelled report's mentions."""
    document = Document(report.id, report.text, dt.date.fromisoformat(report.date))
    sentences = tuple(Sentence(start, end) for start, end in report.sentences)
    return resolve(document, sentences, extraction_of(report, kinds), gazetteer, Options())


def clusters(keys: Sequence[Hashable]) -> Clusters:
    """Group mention numbers by the key of their entity."""
    groups: dict[Hashable, set[int]] = defaultdict(set)
    for number, name in enumerate(keys):
        groups[name].add(number)
    return list(groups.values())


def _muc(gold: Clusters, found: Clusters) -> tuple[float, float]:
    of = {mention: number for number, cluster in enumerate(found) for mention in cluster}
    correct = sum(len(cluster) - len({of[mention] for mention in cluster}) for cluster in gold)
    return correct, sum(len(cluster) - 1 for cluster in gold)


def _b_cubed(gold: Clusters, found: Clusters) -> tuple[float, float]:
    of = {mention: cluster for cluster in found for mention in cluster}
    correct = sum(len(cluster & of[mention]) / len(cluster) for cluster in gold for mention in cluster)
    return correct, sum(map(len, gold))


def _ceaf(gold: Clusters, found: Clusters) -> float:
    """Similarity φ4 summed over the best one-to-one alignment."""
    of: dict[int, int] = {mention: number for number, cluster in enumerate(found) for mention in cluster}
    table = np.zeros((len(gold), len(found)))
    for row, cluster in enumerate(gold):
        for column in {of[mention] for mention in cluster}:
            table[row, column] = 2 * len(cluster & found[column]) / (len(cluster) + len(found[column]))
    return best_alignment(table)


def best_alignment(table: np.ndarray) -> float:
    """Return the largest sum of cells with at most one in each row and column.

    Hungarian method by shortest augmenting paths (Jonker and Volgenant 1987).

    Args:
        table: similarities, none negative.
    """
    cost = -(table if table.shape[0] <= table.shape[1] else table.T)
    rows, columns = cost.shape
    by_row, by_column = np.zeros(rows + 1), np.zeros(columns + 1)
    taken = np.zeros(columns + 1, dtype=int)
    for row in range(1, rows + 1):
        taken[0], column = row, 0
        least = np.full(columns + 1, np.inf)
        before = np.zeros(columns + 1, dtype=int)
        done = np.zeros(columns + 1, dtype=bool)
        while taken[column]:
            done[column] = True
            here = taken[column]
            reduced = cost[here - 1] - by_row[here] - by_column[1:]
            nearer = ~done[1:] & (reduced < least[1:])
            least[1:][nearer] = reduced[nearer]
            before[1:][nearer] = column
            step_to = int(np.argmin(np.where(done, np.inf, least)[1:])) + 1
            step = least[step_to]
            by_row[taken[done]] += step
            by_column[done] -= step
            least[~done] -= step
            column = step_to
        while column:
            taken[column] = taken[before[column]]
            column = int(before[column])
    return float(-sum(cost[taken[column] - 1, column - 1] for column in range(1, columns + 1) if taken[column]))


def f1(correct_precision: float, total_precision: float, correct_recall: float, total_recall: float) -> float:
    """Return F1 of two sums of parts over their totals."""
    precision = correct_precision / total_precision if total_precision else 0.0
    recall = correct_recall / total_recall if total_recall else 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def conll(pairs: Iterable[tuple[Clusters, Clusters]]) -> dict[str, float]:
    """Return MUC, B³, CEAF-φ4 F1 and their mean over documents, parts summed before dividing.

    Args:
        pairs: (labelled clusters, found clusters) of each report.
    """
    sums = Counter[str]()
    for gold, found in pairs:
        for name, measure in (("muc", _muc), ("b3", _b_cubed)):
            for side, (a, b) in (("r", measure(gold, found)), ("p", measure(found, gold))):
                sums[f"{name}{side}"] += a  # type: ignore[assignment]
                sums[f"{name}{side}n"] += b  # type: ignore[assignment]
        sums["ceaf"] += _ceaf(gold, found)  # type: ignore[assignment]
        sums["ceafr"] += len(gold)
        sums["ceafp"] += len(found)
    scores = {
        "muc": f1(sums["mucp"], sums["mucpn"], sums["mucr"], sums["mucrn"]),
        "b3": f1(sums["b3p"], sums["b3pn"], sums["b3r"], sums["b3rn"]),
        "ceaf": f1(sums["ceaf"], sums["ceafp"], sums["ceaf"], sums["ceafr"]),
    }
    return {**scores, "conll": sum(scores.values()) / 3}


def main() -> None:
    """Print a table and, last, one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--errors", type=int, default=0, help="print the first N mentions put wrong, of each kind")
    parser.add_argument("--kinds", action="store_true", help="pass the labelled kinds on as a perfect model's guesses")
    arguments = parser.parse_args()
    files = [file for path in arguments.paths for file in (sorted(path.rglob("*.txt")) if path.is_dir() else [path])]
    gazetteer = Gazetteer.load()
    pairs: list[tuple[Clusters, Clusters]] = []
    counts = Counter[str]()
    wrong: dict[str, list[str]] = defaultdict(list)
    reports, faults, _ = labels.compile_paths(files)
    for fault in faults:
        print(f"left out: {fault}")
    if reports:
        for report in reports:
            resolution = resolve_report(report, gazetteer, arguments.kinds)
            gold = [mention.entity for mention in report.mentions]
            found = [mention.entity for mention in resolution.mentions]
            pairs.append((clusters(gold), clusters(found)))
            entities = {entity.key: entity for entity in report.entities}
            ours = {entity.id: entity for entity in resolution.entities}
            for mention, resolved in zip(report.mentions, resolution.mentions, strict=True):
                want, got = entities.get(mention.entity), ours[resolved.entity]
                if want is None or "+" in mention.entity:
                    continue
                line = f"{report.id} [{resolved.text}] {mention.entity} {want.country} {want.sectors} ≠ {got.name} {got.country} {got.sectors} {resolved.rule}"
                counts["mentions"] += 1
                counts["country"] += got.country == want.country
                if got.country != want.country:
                    wrong["country"].append(line)
                if want.sectors:
                    counts["sectored"] += 1
                    counts["sector"] += got.sectors[:1] == want.sectors[:1]
                    if got.sectors[:1] != want.sectors[:1]:
                        wrong["sector"].append(line)
            first: dict[str, str] = {}
            for name, resolved in zip(gold, resolution.mentions, strict=True):
                if first.setdefault(name, resolved.entity) != resolved.entity:
                    wrong["split"].append(
                        f"{report.id} [{resolved.text}] {name} → {ours[resolved.entity].name} not {ours[first[name]].name} ({resolved.rule})"
                    )
            back: dict[str, str] = {}
            for name, resolved in zip(gold, resolution.mentions, strict=True):
                if back.setdefault(resolved.entity, name) != name:
                    wrong["joined"].append(
                        f"{report.id} [{resolved.text}] {name} joined to {back[resolved.entity]} = {ours[resolved.entity].name} ({resolved.rule})"
                    )
    for kind, lines in wrong.items():
        for line in lines[: arguments.errors]:
            print(f"{kind}: {line}")
    scores = conll(pairs)
    for name, value in scores.items():
        print(f"{name:8} {value:.3f}")
    print(f"country  {counts['country'] / max(counts['mentions'], 1):.3f} of {counts['mentions']}")
    print(f"sector   {counts['sector'] / max(counts['sectored'], 1):.3f} of {counts['sectored']}")
    print(json.dumps({"reports": len(pairs), **{k: round(v, 4) for k, v in scores.items()}, **counts}))


if __name__ == "__main__":
    main()
