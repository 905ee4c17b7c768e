"""The brief: every line rests on the record, whatever the reports say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detente import Store
from detente.errors import OptionError, StoreError
from detente.show.brief import Brief, Line, Section, brief, cut, to_html, to_markdown, writer
from detente.show.pdf import content, to_pdf
from tests.web.conftest import reports
from tests.web.hostile import hostile


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    made = Store(tmp_path_factory.mktemp("brief") / "store")
    made.add(reports())
    made.add([hostile()])
    return made


def test_every_citation_leads_to_a_sentence_of_the_store(store: Store) -> None:
    made = brief(store, "CHN", "USA")
    lines = [*made.summary, *(line for s in made.sections for _, group in s.groups for line in group)]
    cited = {number for line in lines for number in line.refs}
    assert cited == {one.number for one in made.evidence} == set(range(1, len(made.evidence) + 1))
    for one in made.evidence:
        text = store.get(one.document).document.text
        assert one.sentence.removesuffix(" …")[:20] in " ".join(text.split()) or "\ufffd" in one.sentence
    for section in made.sections:
        for _, group in section.groups:
            assert all(line.refs for line in group)


def test_the_brief_tells_level_break_acts_and_positions(store: Store) -> None:
    made = brief(store, "CHN", "USA")
    text = to_markdown(made)
    assert "It broke in" in text and "The level stands at" in text
    assert [section.title for section in made.sections][:2] == ["Strongest happenings", "What each asks and promises"]
    assert "threatens" in text and "Planned" not in text.split("## Evidence")[1]


def test_a_time_limits_what_is_told(store: Store) -> None:
    made = brief(store, "CHN", "USA", from_="2016-01-01", to="2017-12-31")
    assert all(one.published.year <= 2017 for one in made.evidence)
    assert (made.first.year, made.last.year) == (2016, 2017)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_attack_strings_become_no_markup(store: Store) -> None:
    made = brief(store, "CHN", "USA", from_="2020-05-01", to="2020-05-31")
    assert any("window.pwned" in one.sentence for one in made.evidence)
    page = _Tags()
    page.feed(to_html(made))
    assert not {tag for tag, _ in page.tags} & {"script", "img", "iframe", "base", "form"}
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]
    assert not [attrs for _, attrs in page.tags if (attrs.get("href") or "").lower().startswith("javascript")]
    text = to_markdown(made)
    assert "<script" not in text and "<img" not in text and "](" not in text


def test_the_same_store_gives_the_same_bytes(store: Store) -> None:
    assert to_html(brief(store, "CHN", "USA")) == to_html(brief(Store(store.path), "CHN", "USA"))


def test_what_cannot_be_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.html, \.md or \.pdf"):
        writer(tmp_path / "brief.docx")
    with pytest.raises(StoreError, match="holds nothing between"):
        brief(store, "CHN", "FRA")
    writer(tmp_path / "b.html")(brief(store, "CHN", "USA"))
    assert re.search(r"<title>China – United States", (tmp_path / "b.html").read_text("utf-8"))


def _pdf(made: Brief) -> tuple[int, str]:
    """Return a brief's pages as PDF, and all that its template sets."""
    pytest.importorskip("typst", reason="needs the extra pdf")
    whole = to_pdf(made)
    assert whole.startswith(b"%PDF-") and to_pdf(made) == whole
    (pages,) = re.findall(rb"/Type ?/Pages.{0,60}?/Count (\d+)|/Count (\d+).{0,60}?/Type ?/Pages", whole, re.DOTALL)
    return int(pages[0] or pages[1]), json.dumps(content(made), ensure_ascii=False)


def test_as_pdf_it_has_two_pages_and_all_its_evidence(store: Store) -> None:
    made = brief(store, "CHN", "USA")
    pages, told = _pdf(made)
    assert pages == 2
    for one in made.evidence:
        assert json.dumps(one.sentence, ensure_ascii=False)[1:-1] in told
    assert b"/StructTreeRoot" in to_pdf(made)


def test_as_pdf_any_script_and_any_attack_is_text(store: Store) -> None:
    made = brief(store, "CHN", "USA", from_="2020-05-01", to="2020-05-31")
    assert _pdf(made)[0] <= 2
    hard = '#panic() ]} $x$ \\ `raw` <label> @ref "quoted" // بكين קיבל Ελλάδα Київ 北京 \ufffd https://a.example/x'
    line = Line(hard, hard, (1,))
    one = replace(made.evidence[0], sentence=hard, source=hard, url="https://example.org/a?b=c&d=%22", document=hard)
    changed = replace(
        made, summary=(line,), sections=(Section(hard, ((hard, (line,)),)),), evidence=(one,), made=hard
    )  # fmt: skip
    assert _pdf(changed)[0] == 1


def test_a_long_brief_becomes_smaller_and_then_runs_on(store: Store) -> None:
    made = brief(store, "CHN", "USA")
    evidence = tuple(replace(made.evidence[0], number=n, sentence="word " * 36) for n in range(1, 42))
    assert _pdf(replace(made, evidence=evidence))[0] == 2
    assert _pdf(replace(made, evidence=evidence * 1, sections=made.sections * 12))[0] > 2


@pytest.mark.parametrize(
    ("text", "most", "told"),
    [("a b", 10, "a b"), ("  a\n\tb ", 10, "a b"), ("one two three", 9, "one two …"), ("x\u202ey", 9, "x\ufffdy")],
)
def test_cut(text: str, most: int, told: str) -> None:
    assert cut(text, most) == told
