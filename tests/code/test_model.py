"""The model folder: loading refuses what is not whole or not of this version, and says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detente.code.coder import Coder, bundled_model, model_folder
from detente.code.model import FORMAT, LABELS, Model, Tokenizer, quotation, read_manifest, sha256
from detente.errors import ModelError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in bundled_model().iterdir():
        if file.name == "manifest.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
        else:
            (tmp_path / file.name).symlink_to(file)
    return tmp_path


def change(folder: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "manifest.json"
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_the_bundled_folder_carries_labels_hashes_and_where_it_comes_from() -> None:
    manifest = read_manifest(bundled_model())
    assert manifest["labels"] == LABELS and manifest["format"] == FORMAT
    assert manifest["files"]["tokenizer.json"] == sha256(bundled_model() / "tokenizer.json")
    assert {"commit", "seed", "corpus", "packages"} <= set(manifest["trained"])
    assert (bundled_model() / "model.onnx").stat().st_size < 40e6


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda m: m.update(format=FORMAT + 1), "this version of detente reads"),
        (lambda m: m["labels"]["types"].reverse(), "labels (types) are not this version's"),
        (lambda m: m["files"].update({"tokenizer.json": "0" * 64}), "SHA-256 is not the manifest's"),
        (lambda m: m["files"].update({"more.bin": "0" * 64}), "missing from the model folder"),
        (lambda m: m["files"].pop("model.onnx"), "does not list model.onnx"),
    ],
)
def test_a_mismatch_is_refused(folder: Path, edit: Callable[[dict[str, Any]], None], words: str) -> None:
    change(folder, edit)
    with pytest.raises(ModelError) as caught:
        Model(folder)
    assert words in str(caught.value)


def test_a_folder_without_a_manifest_is_refused(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelError, match="no model here"):
        Model(folder)


def test_typesetters_marks_read_as_typewriters_and_offsets_stay() -> None:
    tokenizer = Tokenizer(bundled_model() / "tokenizer.json")
    (curly,), (plain,) = tokenizer.encode("China’s “aims” – so"), tokenizer.encode('China\'s "aims" — so')
    assert np.array_equal(curly.ids, plain.ids) and np.array_equal(curly.starts, plain.starts)


def test_a_very_long_sentence_is_scored_in_windows_that_cover_it() -> None:
    tokenizer = Tokenizer(bundled_model() / "tokenizer.json")
    text = "word " * 900
    windows = tokenizer.encode(text)
    starts = [int(s) for w in windows for s in w.starts]
    assert len(windows) > 3 and starts == list(range(0, 4500, 5))


def test_quotation_flags_count_marks_as_inside_and_carry_on() -> None:
    flags, opened = quotation('he said "go')
    assert opened and flags == [False] * 8 + [True] * 3
    assert quotation('now" and', opened)[0] == [True] * 4 + [False] * 4


def test_coding_leaves_the_smallest_numbers_of_the_caller_alone() -> None:
    Model(bundled_model(), threads=1)
    assert np.float64(5e-324) * 1 > 0


def test_a_model_is_found_by_the_name_that_an_installed_package_gives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "detente_en_xl"
    package.mkdir()
    (package / "__init__.py").write_text("")
    about = tmp_path / "detente_en_xl-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: detente-en-xl\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[detente.models]\nen-xl = detente_en_xl\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert model_folder("en-xl") == package
    assert model_folder() == model_folder("en-sm")
    assert model_folder(tmp_path) == tmp_path


def test_an_unknown_model_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ModelError, match=r"en-none: no folder of that name.*en-sm"):
        model_folder("en-none")


LARGER = Path(__file__).resolve().parents[2] / "packages" / "en-md" / "src" / "detente_en_md"


@pytest.mark.skipif(not (LARGER / "model.onnx").is_file(), reason="the larger model's weights are not here")
def test_the_larger_model_is_used_as_the_bundled_one_is() -> None:
    coder = Coder(model=LARGER)
    assert " / en-md " in coder.version
    coded = coder.code("France expelled two Malian diplomats on Tuesday.", "2022-10-06")
    assert [(e.type, e.mode, str(e.date[0] if e.date else None)) for e in coded.events] == [
        ("SANCTION", "expel", "2022-10-04")
    ]
