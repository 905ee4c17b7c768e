"""Roles told by stored reports and known to later ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from detente import Coder, Store
from detente.errors import OptionError
from detente.records import CodedDocument, Document, Entity, LearnedRole, Mention, Rule, Span
from detente.store.roles import agreed, told


def report(id: str, day: str, words: str, name: str, country: str | None, title: str | None) -> CodedDocument:
    entity = Entity("e1", name, "person", country, ("GOV",) if country else (), title)
    text = f"{words} spoke."
    return CodedDocument(
        Document(id, text, dt.date.fromisoformat(day)), (Span(0, len(text)),), (entity,),
        (Mention("m1", 0, len(words), words, "e1", Rule.OFFICE),), (), (), "detente test",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "name", "country", "title", "count"),
    [
        ("Vice Foreign Minister Le Yucheng", "Le Yucheng", "CHN", "Vice Foreign Minister", 1),
        ("Le Yucheng, China's vice\nforeign minister", "Le Yucheng", "CHN", "Vice Foreign Minister", 1),
        ("Le Yucheng", "Le Yucheng", "CHN", "Vice Foreign Minister", 0),
        ("the Vice Foreign Minister", "Le Yucheng", "CHN", "Vice Foreign Minister", 0),
        ("Vice Foreign Minister Le", "Le", "CHN", "Vice Foreign Minister", 0),
        ("Vice Foreign Minister Le Yucheng", "Le Yucheng", None, "Vice Foreign Minister", 0),
    ],
)
def test_a_role_is_told_where_a_mention_holds_name_and_title(
    words: str, name: str, country: str | None, title: str, count: int
) -> None:
    assert len(told(report("a", "2020-11-05", words, name, country, title))) == count


def test_reports_that_disagree_are_outvoted() -> None:
    one = LearnedRole("Ann Roe", "KEN", ("GOV",), "minister", dt.date(2020, 1, 1))
    two = LearnedRole("Ann Roe", "UGA", ("GOV",), "minister", dt.date(2020, 1, 2))
    three = LearnedRole("Ann Roe", "KEN", ("GOV",), "minister", dt.date(2020, 1, 3))
    assert agreed([two, one]) == ()
    assert agreed([three, two, one]) == (one, three)


def test_a_store_gives_roles_of_the_days_before(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    assert store.roles() == ()
    store.add(
        [
            report("a", "2020-11-05", "deputy minister Ann Roe", "Ann Roe", "KEN", "deputy minister"),
            report("b", "2020-12-05", "spokesman Bo Dahl Roe", "Bo Dahl Roe", "UGA", "spokesman"),
        ]
    )
    assert [role.name for role in store.roles()] == ["Ann Roe", "Bo Dahl Roe"]
    assert [role.name for role in store.roles(before="2020-12-05")] == ["Ann Roe"]
    with pytest.raises(OptionError, match="YYYY-MM-DD"):
        store.roles(before="soon")


def test_a_coder_that_knows_roles_says_so_in_its_version_and_uses_them() -> None:
    role = LearnedRole("Wanjiku Zubrovka", "KEN", ("GOV",), "deputy fisheries minister", dt.date(2020, 1, 1))
    plain, knowing = Coder(threads=1), Coder(threads=1, roles=[role])
    assert knowing.version.startswith(f"{plain.version} / roles ")
    assert Coder(threads=1, roles=[role, role]).version == knowing.version
    text = "Wanjiku Zubrovka met Chinese President Xi Jinping in Beijing on Thursday."
    found = [{e.name: e.country for e in coder.code(text, "2020-06-04").entities} for coder in (plain, knowing)]
    assert [names.get("Wanjiku Zubrovka") for names in found][1] == "KEN"
    assert found[0].get("Wanjiku Zubrovka") != "KEN"
