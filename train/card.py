"""Write the model card from the manifest, the corpus and the figures that `make evaluate` left.

python -m train.card --figures build/figures.json --out docs/model-card.md
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from detente import plover
from detente.code.coder import model_folder
from detente.code.model import read_manifest
from train import labels
from train.evaluate import TARGETS, UPPER

INTRODUCTION = """# Model card: {name} {version}

What it is: {encoder} fine-tuned jointly for every layer of the codebook,
{megabytes:.1f} MB. What for: coding English news reports for research and analysis, with the sentence beside every event. What not
for: decisions about persons; languages other than English; texts that are no news (its figures say nothing about them).

Trained on {reports} reports ({sentences} sentences) of `train/corpus/train`, written and labelled here (CC BY 4.0); thresholds and
calibration chosen on {dev_reports} more that were kept out of training ({dev_sentences} sentences), by report. Tested on {test_reports}
reports ({test_sentences} sentences) of `train/corpus/test`, by another writer, never trained on. Every report is invented or
retold here; real news is longer and more monotonous, so figures on it differ: see the rows of others' sets.

`make {target}` makes the model (seed {seed}, {epochs} epochs, corpus {corpus}, code {commit}); `make evaluate` prints these figures.
"""

ENCODERS = {
    "minilm": "MiniLM-L6 (all-MiniLM-L6-v2, 22 M weights, Apache-2.0), int8 ONNX,",
    "mpnet": "MPNet (all-mpnet-base-v2, 110 M weights, Apache-2.0), 4-bit ONNX with 8-bit word pieces,",
}

TEACHER = """It learned beside the labels from a larger network's outputs (en-md, itself trained on {reports} reports of the same corpus), also
on {unlabelled} sentences of `train/corpus/plain` that no one labelled.
"""

LIMITS = """
## Known limits

- The labels are one team's reading of the codebook; a second, blind labelling is reported in the corpus datasheet where it exists.
- Rare modes have few cases; read their figures with the count.
- Lower-casing is undone by a feature of each word's case only: a text all in capitals is coded worse.
- Confidence is calibrated on development reports of the corpus, not on any one outlet.
"""


def table(figures: dict[str, list[float]]) -> str:
    """Return figures as a Markdown table beside their targets."""
    lines = ["| what | reached | aim | cases |", "|---|---|---|---|"]
    for name, (value, cases) in figures.items():
        aim = TARGETS.get(name)
        shown = "" if aim is None else (f"≤ {aim}" if name in UPPER else f"≥ {aim}")
        lines.append(f"| {name} | {value:.3f} | {shown} | {int(cases)} |")
    return "\n".join(lines)


def card(content: dict[str, Any], manifest: dict[str, Any], statistics: dict[str, Any], megabytes: float) -> str:
    """Return the card as Markdown."""
    trained, development = manifest["trained"], manifest.get("development", {})
    encoder = trained.get("encoder", "minilm")
    head = INTRODUCTION.format(
        encoder=ENCODERS[encoder], target="train" if encoder == "minilm" else "train-md", name=manifest["name"], version=manifest["version"], megabytes=megabytes, reports=trained["reports"],
        sentences=trained["sentences"], dev_reports=development.get("reports"), dev_sentences=development.get("sentences"),
        test_reports=content["test"]["reports"], test_sentences=content["test"]["sentences"], seed=trained["seed"],
        epochs=trained["epochs"], corpus=trained["corpus"], commit=trained["commit"],
    )  # fmt: skip
    taught = trained.get("teacher")
    head = head.rstrip() + "\n" + (TEACHER.format(**taught) if taught else "")
    types = ["| type | precision | recall | F1 | test events | training events |", "|---|---|---|---|---|---|"]
    for name in plover.TYPES:
        row = content["types"][name]
        types.append(
            f"| {name} | {row['precision']:.2f} | {row['recall']:.2f} | {row['f1']:.2f} | {row['events']} "
            f"| {statistics['type'][name]} |"
        )
    status = ", ".join(f"{name} {count}" for name, count in statistics["status"].items())
    return (
        f"{head}\n## Figures\n\n{table(content['figures'])}\n\nDefinitions: train/scoring.py and train/evaluate.py.\n\n"
        f"## By type\n\n" + "\n".join(types) + f"\n\nTraining events by status: {status}.\n{LIMITS}"
    )


def main() -> None:
    """Write the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, default=Path("build/figures.json"))
    parser.add_argument("--model", help="a model folder or an installed model's name; left out, the bundled one")
    parser.add_argument("--corpus", type=Path, default=Path("train/corpus/train"))
    parser.add_argument("--out", type=Path, default=Path("docs/model-card.md"))
    options = parser.parse_args()
    folder = model_folder(options.model)
    reports, _, _ = labels.compile_paths([options.corpus])
    text = card(
        json.loads(options.figures.read_text(encoding="utf-8")), read_manifest(folder), labels.statistics(reports),
        (folder / "model.onnx").stat().st_size / 1e6,
    )  # fmt: skip
    options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
