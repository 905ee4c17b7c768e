"""The labelled corpus and its format: what a person writes compiles to spans, and a slip is said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from detente import plover
from train import labels

CORPUS = Path(__file__).parents[2] / "train" / "corpus"

REPORT = """=== zz-0001
date: 2004-11-18
register: wire
region: Africa
topic: interstate
writer: test

> [Kenya|ken] told [Uganda|uga] on Friday to withdraw [its soldiers|uga.mil], [officials|ken.gov.off] said.
E told | REQUEST/yield | actual | A=ken | R=uga | C=military | T=Friday | D=2004-11-19
S s1 | ken.gov.off | said | Kenya told ... soldiers,
S s2 | ken | told | to withdraw its soldiers | to=uga

> "[We|uga] will not go," said [President Okot|okot].
E not go | REJECT/yield | actual | A=uga | C=military
S s3 | okot | said | "We will not go,"
N okot = Opio Okot; person; UGA; GOV
"""


def compiled(tmp_path: Path, text: str) -> tuple[list[labels.GoldReport], list[str], list[str]]:
    path = tmp_path / "x.txt"
    path.write_text(text, encoding="utf-8")
    return labels.compile_paths([path])


def test_labels_compile_to_spans(tmp_path: Path) -> None:
    (report,), errors, _ = compiled(tmp_path, REPORT)
    assert errors == []
    slice_ = lambda span: report.text[span[0] : span[1]]  # noqa: E731
    told, go = report.events
    assert slice_(told.trigger) == "told" and told.time and slice_(told.time) == "Friday"
    mention = report.mentions[told.recipients[0]]
    assert slice_((mention.start, mention.end)) == "Uganda"
    assert told.attributed and told.statement == "s1" and not told.place
    assert [slice_(piece) for piece in report.statements[1].content] == ["to withdraw its soldiers"]
    assert report.statements[1].addressee == told.recipients[0]
    assert go.attributed and len(report.paragraphs) == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("E told |", "E asked |", "'asked' is not in the sentence"),
        ("REQUEST/yield", "REQUEST/beg", "has no mode 'beg'"),
        ("REQUEST/yield", "BEG", "no event type"),
        ("| actual | A=ken", "| done | A=ken", "no status 'done'"),
        ("A=ken", "A=usa", r"no mention \[..|usa\]"),
        ("C=military", "C=war", "no context 'war'"),
        ("[Uganda|uga]", "[Uganda|uga", "bracket or bar"),
        ("N okot =", "N okott =", "no N line for entity 'okot'"),
        ("date: 2004-11-18", "date: 18.11.2004", "not YYYY-MM-DD"),
        ("D=2004-11-19", "D=2004-11-31", "is not YYYY-MM-DD"),
        ("S s3 | okot", "S s3 | =", "has no beginning"),
    ],
)
def test_a_slip_is_said_with_file_and_line(tmp_path: Path, old: str, new: str, words: str) -> None:
    reports, errors, _ = compiled(tmp_path, REPORT.replace(old, new, 1))
    assert reports == [] and len(errors) == 1
    assert words.replace("\\", "").split("|")[0] in errors[0] and "x.txt:" in errors[0]


def test_a_blind_copy_holds_no_label(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(REPORT)
    bare = labels.strip(path)
    assert "> Kenya told Uganda on Friday to withdraw its soldiers, officials said." in bare
    assert "E " not in [line[:2] for line in bare.splitlines()] and "[" not in bare


def test_the_corpus_is_valid_and_its_parts_are_apart() -> None:
    train, errors, _ = labels.compile_paths([CORPUS / "train"])
    test, more, _ = labels.compile_paths([CORPUS / "test"])
    assert errors + more == []
    assert not {r.id for r in train} & {r.id for r in test}
    seen = {r.text[s:e] for r in train for s, e in r.sentences if e - s > 30}
    assert not [r.id for r in test for s, e in r.sentences if r.text[s:e] in seen]


def test_the_corpus_has_every_type_and_status_in_training_and_test() -> None:
    for part, least in (("train", 250), ("test", 40)):
        counts = labels.statistics(labels.compile_paths([CORPUS / part])[0])
        assert counts["reports"] >= least
        assert all(counts["type"][name] > 0 for name in plover.TYPES)
        assert all(counts["status"][name] > 0 for name in plover.STATUSES)
