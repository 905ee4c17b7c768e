"""Train the joint model: corpus in, a PyTorch checkpoint out. CPU, reproducible from a seed.

    python -m train.train --corpus train/corpus/train --out build/train/model.pt
    python -m train.train --encoder mpnet --frozen 4 --lr 6e-5 --epochs 5 --out build/train-md/model.pt

The corpus is split by report: one report in twelve, chosen by the hash of its id, is development data.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from detente import plover
from detente.code import model as shared
from train import labels, net, scoring, teach
from train.examples import IGNORE, Example, examples
from train.folds import corpus_hash, is_development
from train.manifest import commit

WEIGHTS = {
    "mention": 1.0, "trigger": 2.0, "time": 0.5, "cue": 1.0, "content": 1.0,
    "kinds": 0.3, "sectors": 0.4, "types": 1.0, "modes": 0.5, "statuses": 0.7, "contexts": 3.0, "relations": 4.0,
}  # fmt: skip
"""Weight of each layer's loss in the sum; chosen on development data (train/LOG.md)."""


def batches(data: list[Example], pieces: int, rng: random.Random) -> list[list[Example]]:
    """Group sentences of like length into batches of about `pieces` word pieces, in random order."""
    shuffled = data[:]
    rng.shuffle(shuffled)
    out: list[list[Example]] = []
    for start in range(0, len(shuffled), 512):
        pool = sorted(shuffled[start : start + 512], key=lambda e: len(e.encoded.ids))
        batch: list[Example] = []
        for example in pool:
            if batch and len(example.encoded.ids) * (len(batch) + 1) > pieces:
                out.append(batch)
                batch = []
            batch.append(example)
        if batch:
            out.append(batch)
    rng.shuffle(out)
    return out


def collate(batch: list[Example]) -> dict[str, Tensor]:
    """Pad a batch; targets are spread from words to all their pieces' first piece only."""
    length = max(len(e.encoded.ids) for e in batch)
    size = len(batch)
    ids = np.zeros((size, length), np.int64)
    features = np.zeros((size, length), np.int64)
    mask = np.zeros((size, length), np.float32)
    tags = np.full((size, length, len(shared.TAGS)), IGNORE, np.int64)
    single = {
        name: np.full((size, length), IGNORE, np.int64) for name in ("kinds", "sectors", "types", "modes", "statuses")
    }
    contexts = np.full((size, length, len(plover.CONTEXTS)), float(IGNORE), np.float32)
    relations = np.full((size, len(shared.RELATIONS), length, length), -1, np.int8)
    for row, example in enumerate(batch):
        encoded = example.encoded
        count = len(encoded.ids)
        ids[row, :count] = encoded.ids
        features[row, :count] = encoded.features
        mask[row, :count] = 1
        first = encoded.first
        tags[row, first] = example.tags
        for name, array in single.items():
            array[row, first] = getattr(example, name)
        contexts[row, first] = example.contexts
        relations[row][:, first[:, None], first[None, :]] = example.relations
    arrays = {
        "ids": ids,
        "features": features,
        "mask": mask,
        "tags": tags,
        "contexts": contexts,
        "relations": relations,
    }
    return {name: torch.from_numpy(array) for name, array in {**arrays, **single}.items()}


def loss_of(outputs: dict[str, Tensor], batch: dict[str, Tensor]) -> Tensor:
    """Weighted sum of the layers' losses."""
    total = torch.zeros(())
    for column, layer in enumerate(shared.TAGS):
        target = batch["tags"][:, :, column].reshape(-1)
        total = total + WEIGHTS[layer] * F.cross_entropy(
            outputs["tags"][:, :, column].reshape(-1, 3).float(), target, ignore_index=IGNORE
        )
    for name in ("kinds", "sectors", "types", "modes", "statuses"):
        target = batch[name].reshape(-1)
        if (target != IGNORE).any():
            logits = outputs[name].reshape(-1, outputs[name].shape[-1]).float()
            total = total + WEIGHTS[name] * F.cross_entropy(logits, target, ignore_index=IGNORE, label_smoothing=0.05)
    known = batch["contexts"][:, :, 0] != IGNORE
    if known.any():
        total = total + WEIGHTS["contexts"] * F.binary_cross_entropy_with_logits(
            outputs["contexts"][known].float(), batch["contexts"][known]
        )
    target = batch["relations"]
    scores = outputs["relations"].float()
    for index in range(len(shared.RELATIONS)):
        known = target[:, index] >= 0
        if known.any():
            total = total + WEIGHTS["relations"] / len(shared.RELATIONS) * F.binary_cross_entropy_with_logits(
                scores[:, index][known], target[:, index][known].float()
            )
    return total


@torch.no_grad()
def below(model: net.Net, data: list[Example]) -> list[Tensor]:
    """What the frozen layers make of each sentence, (pieces + 2, hidden size), which no epoch changes."""
    model.eval()
    out = []
    for example in data:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            ids, features = (
                torch.from_numpy(example.encoded.ids)[None],
                torch.from_numpy(example.encoded.features)[None],
            )
            out.append(model.encoder.lower(ids, features)[0].to(torch.bfloat16))
    return out


@torch.no_grad()
def predict(model: net.Net, data: list[Example]) -> list[shared.Scores]:
    """Scores of sentences, one at a time as at run time."""
    model.eval()
    out = []
    for example in data:
        encoded = example.encoded
        outputs = model(torch.from_numpy(encoded.ids)[None], torch.from_numpy(encoded.features)[None])
        out.append(shared.to_scores(encoded, {name: value[0].float().numpy() for name, value in outputs.items()}))
    return out


def main() -> None:
    """Train, print development figures each epoch, write the checkpoint of the last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("train/corpus/train"))
    parser.add_argument("--out", type=Path, default=Path("build/train/model.pt"))
    parser.add_argument("--encoder", choices=("minilm", "mpnet"), default="minilm")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from instead of the pretrained encoder")
    parser.add_argument("--frozen", type=int, default=0, help="lower layers that stay as pretrained")
    parser.add_argument("--teacher", type=Path, help="checkpoint whose outputs are learned beside the labels")
    parser.add_argument("--soft", type=float, default=0.5, help="weight of the teacher's outputs on labelled sentences")
    parser.add_argument("--unlabelled", type=Path, help="folder of plain text that the teacher alone labels")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-pieces", type=int, default=512)
    parser.add_argument("--lr", type=float, default=1.5e-4)
    parser.add_argument("--head-lr", type=float, default=1e-3)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--one-in", type=int, default=12, help="one report in so many is development data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--average", type=float, default=0.995, help="decay of the running mean of weights; 0 for none")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.use_deterministic_algorithms(True)
    rng = random.Random(options.seed)

    reports, errors, _ = labels.compile_paths([options.corpus])
    for line in errors:
        print("left out:", line)
    config, weights, tokenizer_bytes = net.pretrained(options.encoder)
    config["frozen"] = options.frozen
    options.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer_path = options.out.with_name("tokenizer.json")
    tokenizer_path.write_bytes(tokenizer_bytes)
    tokenizer = shared.Tokenizer(tokenizer_path)
    development = [r for r in reports if is_development(r.id, options.one_in)]
    training = [r for r in reports if not is_development(r.id, options.one_in)]
    data, held = examples(training, tokenizer), examples(development, tokenizer)
    print(f"{len(training)} reports, {len(data)} sentences to train; {len(development)}, {len(held)} to develop")

    extra: list[Example] = []
    soft: dict[int, teach.Soft] = {}
    if options.teacher:
        if options.unlabelled:
            extra = teach.unlabelled(sorted(options.unlabelled.rglob("*.txt")), tokenizer)
        both = data + extra
        soft = {id(e): found for e, found in zip(both, teach.soft_targets(options.teacher, both), strict=True)}
        print(f"{len(extra)} sentences without labels; the teacher has read {len(both)}", flush=True)
    model = net.Net(config, options.dropout)
    model.encoder.read(weights)
    if options.start:
        begun = torch.load(options.start, weights_only=True)
        model.load_state_dict(begun["weights"])
    # The word embeddings stay as pretrained: a few thousand sentences touch a tenth of the vocabulary.
    model.encoder.words.weight.requires_grad_(False)
    if options.frozen:
        still = [model.encoder.positions, model.encoder.norm, *model.encoder.layers[: options.frozen]]
        for module in still:
            module.requires_grad_(False)
        if model.encoder.relative is not None:
            model.encoder.relative.requires_grad_(False)
        model.encoder.segment.requires_grad_(False)
        kept = {id(example): state for example, state in zip(data, below(model, data), strict=True)}
    new = {"encoder.features.weight", "encoder.mix"}
    encoder = [p for n, p in model.named_parameters() if n.startswith("encoder.") and p.requires_grad and n not in new]
    heads = [p for n, p in model.named_parameters() if not n.startswith("encoder.") or n in new]
    optimizer = torch.optim.AdamW(
        [{"params": encoder, "lr": options.lr}, {"params": heads, "lr": options.head_lr}], weight_decay=0.01
    )

    def epoch_batches(order: random.Random) -> list[list[Example]]:
        out = batches(data, options.batch_pieces, order) + batches(extra, options.batch_pieces, order)
        order.shuffle(out)
        return out

    steps = options.epochs * len(epoch_batches(random.Random(0)))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer,
        lambda step: (
            min(1.0, (step + 1) / (0.08 * steps)) * max(0.02, 0.5 * (1 + math.cos(math.pi * min(1, step / steps))))
        ),
    )
    began = time.monotonic()
    figures: dict[str, float] = {}
    # The mean of the weights along the way errs less than the last of them (Polyak and Juditsky 1992).
    mean = {name: value.detach().clone() for name, value in model.state_dict().items()}
    done = 0
    about = {
        **({"start": begun["about"]} if options.start else {}),
        **({"teacher": teach.about(options.teacher) | {"unlabelled": len(extra)}} if options.teacher else {}),
        "encoder": options.encoder, "seed": options.seed, "reports": len(training), "sentences": len(data),
        "corpus": corpus_hash(options.corpus), "commit": commit(),
    }  # fmt: skip

    def save(path: Path) -> None:
        held = {"weights": mean, "config": config, "about": about | {"epochs": epoch + 1}, "figures": figures}
        torch.save(held, path)

    for epoch in range(options.epochs):
        model.train()
        total, count = 0.0, 0
        for batch in epoch_batches(rng):
            tensors = collate(batch)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                state = pad_sequence([kept[id(e)] for e in batch], batch_first=True) if options.frozen else None
                outputs = model(tensors["ids"], tensors["features"], tensors["mask"], state)
            known = batch[0].sentence >= 0
            loss = loss_of(outputs, tensors) if known else torch.zeros(())
            if soft:
                taught = teach.loss_of(outputs, batch, [soft[id(e)] for e in batch])
                loss = loss + (options.soft if known else 1.0) * taught
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*encoder, *heads], 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            decay = min(options.average, (1 + done) / (10 + done)) if options.average else 0.0
            with torch.no_grad():
                for name, value in model.named_parameters():
                    if value.requires_grad:
                        mean[name].lerp_(value, 1 - decay)
            total, count = total + float(loss.detach()), count + 1
        line = f"epoch {epoch + 1}: loss {total / max(count, 1):.3f}, {time.monotonic() - began:.0f} s"
        if held and (epoch % 3 == 2 or epoch == options.epochs - 1):
            current = {name: value.clone() for name, value in model.state_dict().items()}
            model.load_state_dict(mean)
            figures = scoring.layers(development, held, predict(model, held))
            save(options.out)
            if epoch < options.epochs - 1:
                model.load_state_dict(current)
            line += "; " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
        print(line, flush=True)
    print(json.dumps({"out": str(options.out), "seconds": round(time.monotonic() - began), **figures}))


if __name__ == "__main__":
    main()
