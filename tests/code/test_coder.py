"""The coder as users have it: records that hold together, whatever the text and the grouping."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import detente
from detente import Coder
from detente.errors import OptionError
from detente.read.documents import document, documents
from detente.records import CodedDocument, Document, from_json, to_json
from detente.store import flat

TEXT = (
    "GENEVA — Iran condemned the United States on Thursday for new sanctions on its central bank, and threatened to "
    "expel inspectors.\n\n"
    '"We will not be bullied," said Foreign Minister Abbas Araghchi. "Washington has chosen the wrong path."\n\n'
    "In 1980 the two countries cut diplomatic ties. Analysts said Tehran could close the strait if talks collapse."
)
DAY = "2025-02-06"
BUNDLED = Path(str(detente.__path__[0])) / "demo" / "china-us.jsonl"


def lines(codings: Iterator[CodedDocument] | list[CodedDocument]) -> list[str]:
    return [json.dumps(to_json(item), ensure_ascii=False) for item in codings]


def test_a_report_gives_events_with_parties_types_and_days(coder: Coder) -> None:
    coded = coder.code(TEXT, date=DAY)
    found = [e for e in coded.events if e.type == "ACCUSE"]
    assert found, "the condemnation is an event"
    event = found[0]
    assert {coded.entity(m).country for m in event.actors} == {"IRN"}
    assert "USA" in {coded.entity(m).country for m in event.recipients}
    assert event.status == "actual" and event.date == (dt.date(2025, 2, 6), dt.date(2025, 2, 6))
    assert any(e.status == "historical" for e in coded.events)
    assert any(e.status == "hypothetical" for e in coded.events)


def test_a_broken_quotation_is_one_direct_statement_of_its_speaker(coder: Coder) -> None:
    coded = coder.code(TEXT, date=DAY)
    said = [s for s in coded.statements if s.speaker and coded.entity(s.speaker).name == "Abbas Araghchi"]
    assert len(said) == 1 and said[0].kind == "direct" and len(said[0].content) == 2


def test_every_span_slices_and_every_id_resolves(coder: Coder) -> None:
    for coded in coder.code_all(documents(BUNDLED)):
        assert list(flat.faults(coded)) == []


def test_a_record_goes_out_and_comes_back_the_same(coder: Coder) -> None:
    coded = coder.code(TEXT, date=DAY)
    assert from_json(json.loads(json.dumps(to_json(coded)))) == coded


def test_grouping_and_threads_change_no_byte() -> None:
    some = list(documents(BUNDLED))[:40]
    one = Coder(threads=1)
    whole = lines(one.code_all(some))
    assert [line for item in some for line in lines([one.code(item)])] == whole
    assert lines(Coder(threads=3).code_all(some)) == whole
    assert lines(one.code_all(some[::-1])) == whole[::-1]


def test_least_confidence_leaves_the_rest_as_it_was(coder: Coder) -> None:
    strict = Coder(min_confidence=0.6)
    full, cut = coder.code(TEXT, date=DAY), strict.code(TEXT, date=DAY)
    assert cut.events == tuple(e for e in full.events if e.confidence >= 0.6)
    assert cut.mentions == full.mentions


def test_other_languages_are_kept_and_not_coded(coder: Coder) -> None:
    coded = coder.code(
        "Le président français a condamné lundi les nouvelles sanctions américaines contre l'Iran.", date=DAY
    )
    assert coded.document.language == "fr" and coded.sentences and not coded.events and not coded.mentions


def test_a_post_is_a_statement_of_its_author(coder: Coder) -> None:
    text = (
        "The embassy closed on Monday.\n\n"
        "Our staff are safe. Work resumes tomorrow. — Ana Prieto (@aprieto_mx) March 2, 2021\n\n"
        "No reason was given."
    )
    coded = coder.code(text, date="2021-03-03")
    posted = [s for s in coded.statements if s.venue == "tweet"]
    assert len(posted) == 1 and posted[0].kind == "direct"
    assert posted[0].speaker and coded.entity(posted[0].speaker).name == "Ana Prieto"


def test_text_without_a_date_is_an_option_error(coder: Coder) -> None:
    with pytest.raises(OptionError, match="needs its date"):
        coder.code("China met Japan.")
    with pytest.raises(OptionError, match="no such option"):
        Coder(bogus=1)


@settings(max_examples=25, deadline=None)
@given(st.text(min_size=1, max_size=400))
def test_any_text_that_reads_codes_to_a_sound_record(text: str) -> None:
    try:
        item = document(text, "2020-01-01")
    except detente.DetenteError:
        return
    coded = Coder_.get().code(item)
    assert list(flat.faults(coded)) == []
    json.dumps(to_json(coded), ensure_ascii=False).encode("utf-8")


class Coder_:
    _made: Coder | None = None

    @classmethod
    def get(cls) -> Coder:
        if cls._made is None:
            cls._made = Coder(threads=1)
        return cls._made


def test_the_notebook_view_marks_spans_and_escapes_text(coder: Coder) -> None:
    text = 'China condemned <script>alert("x")</script> the United States on Monday, its foreign ministry said.'
    html = coder.code(Document("x", text, dt.date(2020, 1, 7), title="<b>&"))._repr_html_()
    assert "<script" not in html and "&lt;b&gt;&amp;" in html and 'class="d-' in html


def test_options_that_change_a_coding_stand_in_its_version(coder: Coder, tmp_path: Path) -> None:
    table = tmp_path / "my.csv"
    table.write_text("name,country\nLake Front,KEN\n", encoding="utf-8")
    assert coder.version == Coder(threads=1).version
    assert Coder(territories="sovereign").version == f"{coder.version} / territories sovereign"
    assert Coder(actors=(str(table),)).version.startswith(f"{coder.version} / actors ")
