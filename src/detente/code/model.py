"""The joint model's session: sentences in, scores out. It knows tokens and label lists, no politics.

One sentence is one forward pass, never padded and never batched with another: int8 activations are scaled
over the whole input, so a sentence's scores would otherwise depend on its neighbours in the batch. Threads
take different sentences; results are the same bytes whatever their number.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from detente import plover
from detente.errors import ModelError

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FORMAT: Final = 1
"""Version of the model folder and of the input features; a folder of another version is refused."""

MAX_PIECES: Final = 254
"""Word pieces of one pass beside [CLS] and [SEP]; longer sentences are scored in windows."""

TAGS: Final = ("mention", "trigger", "time", "cue", "content")
"""Layers of B, I, O tags."""

KINDS: Final = ("person", "country", "organisation", "group", "place", "other")
SECTORS: Final = ("-", *plover.SECTORS)
MODES: Final = tuple((name, mode) for name in plover.TYPES for mode in (None, *plover.MODES[name]))
"""Type–mode pairs of the mode head: each type's block starts with "no mode"."""

RELATIONS: Final = ("actor", "recipient", "place", "time", "speaker", "addressee", "content")
"""Pairwise layers: trigger→mention (three), trigger→time, cue→mention (two), cue→every word of its content."""

LABELS: Final[dict[str, list[str]]] = {
    "tags": list(TAGS),
    "kinds": list(KINDS),
    "sectors": list(SECTORS),
    "types": list(plover.TYPES),
    "modes": [f"{name}/{mode or '-'}" for name, mode in MODES],
    "statuses": list(plover.STATUSES),
    "contexts": list(plover.CONTEXTS),
    "relations": list(RELATIONS),
}
"""What each output column means; stored with the weights and compared when they are loaded."""

_CASES: Final = 6
FEATURES: Final = 2 * _CASES
"""Values of the input feature of a piece: its letter case, and whether it stands inside quotation marks."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence as the model reads it.

    Attributes:
        ids: word-piece ids with [CLS] and [SEP], shape (pieces + 2,).
        features: case and quotation feature of each piece, same shape.
        first: index into `ids` of each word's first piece, shape (words,).
        starts: code-point offset of each word in the sentence, shape (words,).
        ends: code-point offset of each word's end, shape (words,).
    """

    ids: Ints
    features: Ints
    first: Ints
    starts: Ints
    ends: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """Logits of one sentence, by word (w words).

    Attributes:
        starts, ends: offsets of the words in the sentence, shape (w,).
        tags: (w, 5, 3) for B, I, O of each layer in `TAGS`.
        kinds: (w, 6); sectors: (w, 26); types: (w, 16); modes: (w, 83); statuses: (w, 5); contexts: (w, 37).
        relations: (7, w, w), row the head (trigger or cue), column the dependent.
    """

    starts: Ints
    ends: Ints
    tags: Floats
    kinds: Floats
    sectors: Floats
    types: Floats
    modes: Floats
    statuses: Floats
    contexts: Floats
    relations: Floats


WORD_HEADS: Final = ("tags", "kinds", "sectors", "types", "modes", "statuses", "contexts")

_SURROGATES = re.compile("[\ud800-\udfff]")
_PLAIN = str.maketrans(
    {**dict.fromkeys("’‘ʼ‛′", "'"), **dict.fromkeys("“”„‟″", '"'), "–": "—", "―": "—", "\u00a0": " "}
)
_OPENING = "“«„"
_MARKS = re.compile('["“”«»„]')


def quotation(text: str, opened: bool = False) -> tuple[list[bool], bool]:
    """Tell for each code point whether it stands inside double quotation marks.

    Args:
        text: a sentence or paragraph.
        opened: whether a quotation is open where the text begins.

    Returns:
        A flag for each code point (the marks themselves count as inside) and the state at the end.
    """
    flags: list[bool] = []
    reached = 0
    for found in _MARKS.finditer(text):
        flags += [opened] * (found.start() - reached)
        flags.append(True)
        character, reached = found[0], found.end()
        opened = character in _OPENING or (character == '"' and not opened)
    flags += [opened] * (len(text) - reached)
    return flags, opened


def _case(word: str) -> int:
    letters = [c for c in word if c.isalpha()]
    if not letters:
        return 1
    if all(c.islower() for c in letters):
        return 2
    if all(c.isupper() for c in letters):
        return 3 if len(letters) > 1 else 4
    return 4 if letters[0].isupper() and not any(c.isupper() for c in letters[1:]) else 5


class Tokenizer:
    """WordPiece tokens of a sentence with offsets and features; the same code serves training and use."""

    def __init__(self, path: Path) -> None:
        """Load `tokenizer.json`.

        Raises:
            ModelError: the file is missing or broken.
        """
        from tokenizers import Tokenizer as Pieces

        try:
            self._pieces = Pieces.from_file(str(path))
        except Exception as error:
            raise ModelError(f"{path}: cannot load the tokenizer: {error}") from error
        self._pieces.no_truncation()
        self._pieces.no_padding()

    def encode(self, text: str, opened: bool = False) -> list[Encoded]:
        """Encode a sentence, in windows of at most `MAX_PIECES` pieces cut between words.

        Args:
            text: the sentence.
            opened: whether a quotation is open where it begins.

        Returns:
            One window, or several for a very long sentence; none if the text holds no word.
        """
        # A lone surrogate cannot pass into the tokenizer, and typesetters' marks are the same marks as typewriters';
        # replacements of one code point keep the offsets.
        safe = _SURROGATES.sub("\ufffd", text).translate(_PLAIN)
        pieces = self._pieces.encode(safe, add_special_tokens=False)
        quoted, _ = quotation(text, opened)
        ids, offsets = pieces.ids, pieces.offsets
        words = pieces.word_ids
        windows: list[Encoded] = []
        begin = 0
        while begin < len(ids):
            end = min(begin + MAX_PIECES, len(ids))
            while end < len(ids) and end > begin + 1 and words[end] == words[end - 1]:
                end -= 1
            windows.append(self._window(text, ids[begin:end], offsets[begin:end], words[begin:end], quoted))
            begin = end
        return windows

    def _window(
        self,
        text: str,
        ids: list[int],
        offsets: list[tuple[int, int]],
        words: list[int | None],
        quoted: list[bool],
    ) -> Encoded:
        first, starts, ends = [], [], []
        previous: int | None = -1
        for index, (word, (start, end)) in enumerate(zip(words, offsets, strict=True)):
            if word != previous:
                first.append(index + 1)
                starts.append(start)
                ends.append(end)
                previous = word
            else:
                ends[-1] = end
        features = [0]
        for index, position in enumerate(first):
            last = first[index + 1] if index + 1 < len(first) else len(ids) + 1
            value = _case(text[starts[index] : ends[index]]) + (_CASES if quoted[starts[index]] else 0)
            features.extend([value] * (last - position))
        features.append(0)
        array = np.asarray
        return Encoded(
            array([101, *ids, 102], dtype=np.int64),
            array(features, dtype=np.int64),
            array(first, dtype=np.int64),
            array(starts, dtype=np.int64),
            array(ends, dtype=np.int64),
        )


def to_scores(encoded: Encoded, outputs: dict[str, Floats]) -> Scores:
    """Cut the model's outputs by piece down to words.

    Args:
        encoded: the sentence.
        outputs: by name, arrays over pieces without a batch axis: `WORD_HEADS` of shape (pieces + 2, …) and
            `relations` of shape (7, pieces + 2, pieces + 2).
    """
    first = encoded.first
    return Scores(
        starts=encoded.starts,
        ends=encoded.ends,
        relations=outputs["relations"][:, first[:, None], first[None, :]],
        **{name: outputs[name][first] for name in WORD_HEADS},
    )


def sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Model:
    """The loaded weights: an ONNX session, the tokenizer, thresholds and calibration."""

    def __init__(self, folder: Path, threads: int = 0) -> None:
        """Load a model folder.

        Args:
            folder: holds manifest.json, model.onnx, tokenizer.json.
            threads: sentences scored side by side; 0 takes all cores.

        Raises:
            ModelError: a file is missing, a hash differs, or labels or format are not this version's.
        """
        self.manifest = read_manifest(folder)
        self.tokenizer = Tokenizer(folder / "tokenizer.json")
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = ort.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"{folder / 'model.onnx'}: cannot load the weights: {error}") from error
        self._names = [output.name for output in self._session.get_outputs()]
        self.threads = threads or len(os.sched_getaffinity(0))
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="detente") if self.threads > 1 else None

    @property
    def version(self) -> str:
        """Name and version of the weights, such as "en-sm 0.1.0"."""
        return f"{self.manifest['name']} {self.manifest['version']}"

    def _score(self, encoded: Encoded) -> Scores:
        outputs = self._session.run(None, {"ids": encoded.ids[None], "features": encoded.features[None]})
        return to_scores(encoded, {name: value[0] for name, value in zip(self._names, outputs, strict=True)})

    def score(self, encoded: Sequence[Encoded]) -> list[Scores]:
        """Score sentences; the result at an index depends on the sentence at that index alone."""
        if self._pool is None or len(encoded) < 2:
            return [self._score(item) for item in encoded]
        return list(self._pool.map(self._score, encoded))


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a model folder's manifest and check every file and label against it.

    Raises:
        ModelError: says which file or field differs and what to do.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise ModelError(
            f"{folder}: no model here (there is no manifest.json); if it is the bundled one, reinstall detente"
        )
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: no readable model manifest here ({error}); reinstall detente") from error
    if manifest.get("format") != FORMAT:
        raise ModelError(f"{path}: model format {manifest.get('format')!r}, this version of detente reads {FORMAT}")
    if manifest.get("labels") != LABELS:
        wrong = [name for name in LABELS if manifest.get("labels", {}).get(name) != LABELS[name]]
        raise ModelError(f"{path}: the model's labels ({', '.join(wrong)}) are not this version's; export it anew")
    for name, digest in manifest.get("files", {}).items():
        file = folder / name
        if not file.is_file():
            raise ModelError(f"{file}: missing from the model folder; reinstall detente")
        if sha256(file) != digest:
            raise ModelError(f"{file}: its SHA-256 is not the manifest's; the file was changed or cut off")
    missing = {"model.onnx", "tokenizer.json"} - set(manifest.get("files", {}))
    if missing:
        raise ModelError(f"{path}: the manifest does not list {', '.join(sorted(missing))}")
    return manifest


def chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield lists of at most `size` items."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
