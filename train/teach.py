"""Soft targets: what a larger network says of sentences, for a smaller one to learn beside the labels.

After Hinton, Vinyals and Dean (2015). The teacher is a checkpoint of train.train over the same word pieces; its
probabilities on the corpus and on unlabelled texts written here are kept by word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from detente import plover
from detente.code import model as shared
from detente.code import split
from train import net
from train.examples import IGNORE, Example

TRIGGER, MENTION, TIME, CUE = (shared.TAGS.index(name) for name in ("trigger", "mention", "time", "cue"))

WEIGHTS = {"tags": 4.0, "kinds": 0.3, "sectors": 0.3, "types": 1.0, "modes": 0.5, "statuses": 0.7, "contexts": 3.0,
           "relations": 4.0}  # fmt: skip
"""Weight of each layer's soft loss in the sum."""


@dataclass(frozen=True, slots=True)
class Soft:
    """The teacher's outputs for one sentence by word (w), half precision: probabilities."""

    tags: Tensor
    kinds: Tensor
    sectors: Tensor
    types: Tensor
    modes: Tensor
    statuses: Tensor
    contexts: Tensor
    relations: Tensor


def unlabelled(paths: Sequence[Path], tokenizer: shared.Tokenizer) -> list[Example]:
    """Make examples without targets of plain-text files: a blank line between paragraphs; their sentence is -1."""
    out = []
    for path in paths:
        for number, paragraph in enumerate(path.read_text(encoding="utf-8").split("\n\n")):
            text = " ".join(paragraph.split())
            for start, end in split.spans(text, 0, len(text)):
                encoded = tokenizer.encode(text[start:end], shared.quotation(text[:start])[1])
                if encoded:
                    out.append(_blank(f"{path.name}:{number}", text[start:end], encoded[0]))
    return out


def _blank(name: str, text: str, encoded: shared.Encoded) -> Example:
    count = len(encoded.first)
    single = [np.full(count, IGNORE, np.int64) for _ in range(5)]
    return Example(
        name, -1, text, encoded, np.full((count, len(shared.TAGS)), IGNORE, np.int64), *single,
        np.full((count, len(plover.CONTEXTS)), float(IGNORE), np.float32),
        np.full((len(shared.RELATIONS), count, count), -1, np.int8),
    )  # fmt: skip


def about(checkpoint: Path) -> dict[str, Any]:
    """Return what a checkpoint says of how it was trained."""
    held: dict[str, Any] = torch.load(checkpoint, weights_only=True)["about"]
    return held


@torch.no_grad()
def soft_targets(checkpoint: Path, data: Sequence[Example]) -> list[Soft]:
    """Run the teacher over sentences, eight of like length at a time."""
    held = torch.load(checkpoint, weights_only=True)
    teacher = net.Net(held["config"], 0.0)
    teacher.load_state_dict(held["weights"])
    teacher.eval()
    order = sorted(range(len(data)), key=lambda i: len(data[i].encoded.ids))
    found: list[Soft | None] = [None] * len(data)
    for start in range(0, len(order), 8):
        rows = order[start : start + 8]
        length = len(data[rows[-1]].encoded.ids)
        ids, features = (
            torch.zeros(len(rows), length, dtype=torch.int64),
            torch.zeros(len(rows), length, dtype=torch.int64),
        )
        mask = torch.zeros(len(rows), length)
        for row, index in enumerate(rows):
            encoded = data[index].encoded
            ids[row, : len(encoded.ids)] = torch.from_numpy(encoded.ids)
            features[row, : len(encoded.ids)] = torch.from_numpy(encoded.features)
            mask[row, : len(encoded.ids)] = 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs = teacher(ids, features, mask)
        for row, index in enumerate(rows):
            first = torch.from_numpy(data[index].encoded.first)
            words = {name: outputs[name][row, first].float() for name in shared.WORD_HEADS}
            relations = outputs["relations"][row][:, first[:, None], first[None, :]].float()
            found[index] = Soft(
                relations=relations.sigmoid().half(), contexts=words.pop("contexts").sigmoid().half(),
                **{name: value.softmax(-1).half() for name, value in words.items()},
            )  # fmt: skip
    return [soft for soft in found if soft is not None]


def _cross(logits: Tensor, target: Tensor) -> Tensor:
    return -(target * F.log_softmax(logits, -1)).sum(-1)


def _mean(loss: Tensor, weight: Tensor) -> Tensor:
    return (loss * weight).sum() / weight.sum().clamp(min=1e-3)


def loss_of(outputs: dict[str, Tensor], batch: Sequence[Example], softs: Sequence[Soft]) -> Tensor:
    """Weighted cross-entropy with the teacher: labels of a word count as far as the teacher sees such a word there."""
    first = pad_sequence([torch.from_numpy(e.encoded.first) for e in batch], batch_first=True)
    count = first.shape[1]
    real = pad_sequence([torch.ones(len(e.encoded.first)) for e in batch], batch_first=True)
    row = torch.arange(len(batch))[:, None]
    target = {
        name: pad_sequence([getattr(soft, name) for soft in softs], batch_first=True).float()
        for name in shared.WORD_HEADS
    }
    own = {name: outputs[name][row, first].float() for name in shared.WORD_HEADS}
    there = (1 - target["tags"][:, :, :, 2]) * real[:, :, None]
    start = target["tags"][:, :, :, 0]
    total = WEIGHTS["tags"] * _mean(_cross(own["tags"], target["tags"]).mean(-1), real)
    for name, layer in (
        ("kinds", MENTION),
        ("sectors", MENTION),
        ("types", TRIGGER),
        ("modes", TRIGGER),
        ("statuses", TRIGGER),
    ):
        total = total + WEIGHTS[name] * _mean(_cross(own[name], target[name]), there[:, :, layer])
    contexts = F.binary_cross_entropy_with_logits(own["contexts"], target["contexts"], reduction="none").mean(-1)
    total = total + WEIGHTS["contexts"] * _mean(contexts, there[:, :, TRIGGER])
    wanted = torch.zeros(len(batch), len(shared.RELATIONS), count, count)
    for index, soft in enumerate(softs):
        words = soft.relations.shape[-1]
        wanted[index, :, :words, :words] = soft.relations.float()
    scores = outputs["relations"][row[:, :, None], :, first[:, :, None], first[:, None, :]].permute(0, 3, 1, 2).float()
    losses = F.binary_cross_entropy_with_logits(scores, wanted, reduction="none")
    columns = {"time": start[:, :, TIME], "content": real}
    for index, name in enumerate(shared.RELATIONS):
        head = there[:, :, TRIGGER if index < 4 else CUE]
        weight = head[:, :, None] * columns.get(name, start[:, :, MENTION])[:, None, :]
        total = total + WEIGHTS["relations"] / len(shared.RELATIONS) * _mean(losses[:, index], weight)
    return total
