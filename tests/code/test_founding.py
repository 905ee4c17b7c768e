"""The founding document, as it comes from a crawl, gives what issue 1 asks of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from detente import Coder, documents
from detente.records import CodedDocument, Event, Statement


@pytest.fixture(scope="module")
def coded(shared: Path, coder: Coder) -> CodedDocument:
    return coder.code(next(documents(shared / "articles" / "000_bc29bb85eeafa895.txt")))


def countries(coded: CodedDocument, mentions: tuple[str, ...]) -> set[str | None]:
    found: set[str | None] = set()
    by_id = {entity.id: entity for entity in coded.entities}
    for mention in mentions:
        entity = coded.entity(mention)
        found |= {by_id[m].country for m in entity.members} or {entity.country}
    return found


def named(coded: CodedDocument, words: str) -> set[tuple[str, str | None, tuple[str, ...]]]:
    """Name, country and sectors of the mentions with these words, where they are no mere place ("in Beijing")."""
    found = [e for m in coded.mentions if m.text == words and (e := coded.entity(m.id)).kind != "place"]
    assert found, f"no mention {words!r}"
    return {(e.name, e.country, e.sectors) for e in found}


def events(coded: CodedDocument, words: str) -> list[Event]:
    """Events of the sentence with these words."""
    at = coded.document.text.index(words)
    index = next(i for i, s in enumerate(coded.sentences) if s.start <= at < s.end)
    return [e for e in coded.events if e.sentence == index]


def statements(coded: CodedDocument, words: str) -> list[Statement]:
    at = coded.document.text.index(words)
    return [s for s in coded.statements if any(piece.start <= at < piece.end for piece in s.content)]


def speaker(coded: CodedDocument, statement: Statement) -> str | None:
    return coded.entity(statement.speaker).name if statement.speaker else None


def test_reading(coded: CodedDocument) -> None:
    document = coded.document
    assert document.date == dt.date(2020, 11, 5) and document.truncated
    repeat = [p for p in document.parts if p.kind == "repeat"]
    assert len(repeat) == 1 and not any(repeat[0].start <= s.start < repeat[0].end for s in coded.sentences)
    tweet = [p for p in document.parts if p.kind == "tweet"]
    assert [(p.author, p.date) for p in tweet] == [("Lin Jing", dt.date(2020, 11, 5))]


def test_le_is_one_entity(coded: CodedDocument) -> None:
    names = [m for m in coded.mentions if "Le Yucheng" in m.text or m.text in ("Le", "he")]
    assert len(names) >= 6
    assert {m.entity for m in names} == {names[0].entity}
    assert (coded.entity(names[0].id).country, coded.entity(names[0].id).sectors[0]) == ("CHN", "GOV")


@pytest.mark.parametrize(
    ("words", "country", "sector"),
    [
        ("Beijing", "CHN", "GOV"),
        ("the Asian country", "CHN", None),
        ("the next U.S. administration", "USA", "GOV"),
        ("the incoming US administration", "USA", "GOV"),
    ],
)
def test_entities(coded: CodedDocument, words: str, country: str, sector: str | None) -> None:
    assert all(c == country and (sector is None or s[0] == sector) for _, c, s in named(coded, words))


def test_xi_is_chinese_government(coded: CodedDocument) -> None:
    xi = [coded.entity(m.id) for m in coded.mentions if "Xi Jinping" in m.text]
    assert xi and all((e.name, e.country, e.sectors[0]) == ("Xi Jinping", "CHN", "GOV") for e in xi)


def test_the_hope_is_a_request_of_that_day(coded: CodedDocument) -> None:
    found = [e for e in events(coded, "will take steps to work") if e.type == "REQUEST"]
    assert found and found[0].status == "actual"
    assert countries(coded, found[0].actors) == {"CHN"} and countries(coded, found[0].recipients) >= {"USA"}
    assert found[0].date == (dt.date(2020, 11, 5), dt.date(2020, 11, 5))


def test_more_trade_talks_are_agreed_on_the_evening_before(coded: CodedDocument) -> None:
    found = [e for e in events(coded, "speed up trade talks") if e.type == "AGREE"]
    assert found and "economic" in found[0].contexts
    assert "CHN" in countries(coded, found[0].actors)
    assert countries(coded, found[0].actors + found[0].recipients) >= {"CHN", "EUR", "JPN", "KOR"}
    assert found[0].date == (dt.date(2020, 11, 4), dt.date(2020, 11, 4))


def test_what_biden_would_do_is_hypothetical_and_the_analysts(coded: CodedDocument) -> None:
    found = events(coded, "Biden administration")
    assert found and all(e.status == "hypothetical" and e.attributed for e in found if e.type not in ("ACCUSE",))
    told = statements(coded, "a Biden administration")
    assert told and speaker(coded, told[0]) is not None and "nalysts" in str(speaker(coded, told[0]))


def test_nothing_is_an_actual_material_conflict_of_the_two(coded: CodedDocument) -> None:
    for event in coded.events:
        if event.quad == "material conflict" and event.status == "actual":
            parties = countries(coded, event.actors) | countries(coded, event.recipients)
            assert not {"CHN", "USA"} <= parties, coded.slice(event.trigger)


def test_statements_have_their_speakers(coded: CodedDocument) -> None:
    direct = statements(coded, "China's attitude toward")
    assert direct and speaker(coded, direct[0]) == "Le Yucheng" and direct[0].kind == "direct"
    at = coded.document.text.index("Although there are differences")
    assert any(piece.start <= at < piece.end for piece in direct[0].content), "broken by its cue, one statement"
    for words in ("he hopes the next", "counting of votes", "We hope that the next"):
        assert "Le Yucheng" in {speaker(coded, s) for s in statements(coded, words)}, words
    assert "Xi Jinping" in {speaker(coded, s) for s in statements(coded, "his country would speed up")}
    assert "Lin Jing" in {speaker(coded, s) for s in statements(coded, "Beijing expects")}
