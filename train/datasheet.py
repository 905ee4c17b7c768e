"""Write the corpus's datasheet from the corpus itself: what it holds, how far it is from real news, agreement.

python -m train.datasheet [--shared ../shared] [--out train/corpus/README.md]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from detente import plover
from detente.read.documents import document
from train import agreement, distance, labels

TEXT = """# Corpus of labelled news reports: datasheet

After Gebru et al. (2021), "Datasheets for datasets". Made by `python -m train.datasheet`; every figure is counted then.

**Motivation.** There was no openly licensed, sentence-level corpus of political events by PLOVER with spans, status and
statements. This one trains and tests detente's coder.

**Composition.** Short news reports in English, written for this corpus and labelled in the same go: `train/` and `test/`
(another writer, never trained on; episodes, actors and phrasing chosen to differ). Facts are public ones retold or plausible inventions;
every wording is ours, none is taken from a newspaper. Persons named are public office-holders or invented. Every report is
labelled in full: mentions with entity, country and sectors; events with trigger, type, mode, status, contexts, actors, recipients,
place and time; statements with speaker, cue, content and addressee; coreference by shared keys.

{counts}

**Collection and labelling.** Writers worked with the codebook and the guidelines (`train/guidelines.md`), each with regions, registers
and rare labels to cover, checked by `python -m train.labels check`; rules that came up in doubt were settled and written down there.

**Agreement.** {agreement}

**Distance from real news.** {distance}

**Uses.** Training and testing of coders of political events, attribution and event status. **Not for** facts: a report may be invented.
**Licence.** CC BY 4.0. **Maintenance.** In this repository; `make corpus` validates and counts.
"""


def counts(parts: dict[str, dict[str, Any]]) -> str:
    """Return what the parts hold as Markdown tables."""
    plain = (
        "reports",
        "sentences",
        "sentences without event",
        "words",
        "mentions",
        "entities",
        "events",
        "attributed",
        "statements",
    )
    head = "| | " + " | ".join(parts) + " |\n|---|" + "---|" * len(parts)
    lines = [head, *(f"| {name} | " + " | ".join(str(part[name]) for part in parts.values()) + " |" for name in plain)]
    for group in ("topic", "register", "decade"):
        names = sorted({name for part in parts.values() for name in part[group]})
        lines += [
            f"| {group}: {n} | " + " | ".join(str(p[group].get(n, 0)) for p in parts.values()) + " |" for n in names
        ]
    for group, listed in (("status", plover.STATUSES), ("type", plover.TYPES)):
        lines += [f"| {group}: {n} | " + " | ".join(str(p[group][n]) for p in parts.values()) + " |" for n in listed]
    modes = [
        f"{name} " + "/".join(str(part["mode"][name]) for part in parts.values())
        for name in next(iter(parts.values()))["mode"]
    ]
    return "\n".join(lines) + f"\n\nModes ({'/'.join(parts)}): " + ", ".join(modes) + "."


def main() -> None:
    """Write the datasheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("train/corpus"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("train/corpus/README.md"))
    options = parser.parse_args()
    reports = {part: labels.compile_paths([options.corpus / part])[0] for part in ("train", "test")}
    parts = {part: labels.statistics(found) for part, found in reports.items()}
    blind = options.corpus / "blind"
    told = "No part has been labelled twice yet."
    if blind.is_dir():
        number, sentences, figures = agreement.measure(options.corpus / "first", blind)
        told = (
            f"{number} test reports ({sentences} sentences) were labelled a second time by labellers who saw only the bare "
            f"sentences and the guidelines. `first/` holds the first labelling as it stood then, `blind/` the second, `test/` what "
            f"was settled from both (`python -m train.agreement train/corpus/first train/corpus/blind`):\n\n"
            f"{agreement.table(figures)}"
        )
    own = [
        distance.profile(
            f"our {part} reports", (document(r.text, r.date) for r in found), sum(len(r.statements) for r in found)
        )
        for part, found in reports.items()
    ]
    others = distance.real(options.shared)
    far = f"`python -m train.distance`, with sets that stay outside the repository:\n\n{distance.table(own, others)}"
    options.out.write_text(TEXT.format(counts=counts(parts), agreement=told, distance=far), encoding="utf-8")


if __name__ == "__main__":
    main()
