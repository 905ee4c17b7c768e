"""What a larger network says of a sentence, as a smaller one learns it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is a training dependency")

from detente.code import model as shared  # noqa: E402
from detente.code.coder import bundled_model  # noqa: E402
from train import net, teach, train  # noqa: E402

SMALL = {
    "model_type": "mpnet", "hidden_size": 32, "layer_norm_eps": 1e-5, "num_attention_heads": 2, "num_hidden_layers": 3,
    "vocab_size": 30522, "max_position_embeddings": 514, "intermediate_size": 64, "frozen": 1,
}  # fmt: skip


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    model = net.Net(SMALL, 0.0)
    path = tmp_path / "model.pt"
    torch.save({"weights": model.state_dict(), "config": SMALL, "about": {"reports": 3}}, path)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.txt"
    path.write_text("Chad expelled the envoy. He had talked.\n\nNothing else\nhappened.\n", encoding="utf-8")
    return path


def test_plain_text_becomes_sentences_without_labels(plain: Path) -> None:
    found = teach.unlabelled([plain], shared.Tokenizer(bundled_model() / "tokenizer.json"))
    assert [e.text for e in found] == ["Chad expelled the envoy.", "He had talked.", "Nothing else happened."]
    assert all(e.sentence == -1 and (e.relations == -1).all() for e in found)


def test_a_student_that_answers_as_its_teacher_loses_least(checkpoint: Path, plain: Path) -> None:
    data = teach.unlabelled([plain], shared.Tokenizer(bundled_model() / "tokenizer.json"))
    softs = teach.soft_targets(checkpoint, data)
    batch = train.collate(data)
    teacher = net.Net(SMALL, 0.0)
    teacher.load_state_dict(torch.load(checkpoint, weights_only=True)["weights"])
    torch.manual_seed(2)
    stranger = net.Net(SMALL, 0.0)
    own, other = (
        float(teach.loss_of(model.eval()(batch["ids"], batch["features"], batch["mask"]), data, softs).detach())
        for model in (teacher, stranger)
    )
    assert own < other


def test_what_the_frozen_layers_give_can_be_kept(checkpoint: Path, plain: Path) -> None:
    data = teach.unlabelled([plain], shared.Tokenizer(bundled_model() / "tokenizer.json"))[:1]
    model = net.Net(SMALL, 0.0).eval()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["weights"])
    batch = train.collate(data)
    whole = model(batch["ids"], batch["features"], batch["mask"])
    below = model.encoder.lower(batch["ids"], batch["features"], batch["mask"])
    kept = model(batch["ids"], batch["features"], batch["mask"], below)
    assert all(torch.equal(whole[name], kept[name]) for name in whole)


def test_the_checkpoint_says_what_it_was_trained_on(checkpoint: Path) -> None:
    assert json.dumps(teach.about(checkpoint)) == '{"reports": 3}'
