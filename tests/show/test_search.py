"""Search: what is found, in what order, and that the index follows its store whatever happens to it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente import Store
from detente.errors import OptionError
from detente.show.search import Names, Words, mark_words, parse_words
from tests.coded import coded
from tests.web.hostile import hostile

TEXTS = {
    "a": ("Tariffs on steel rose. China raised tariffs and more tariffs.", "2019-01-01"),
    "b": ("The tariff on soybeans, one of many measures against the trade of China, stayed in force.", "2020-01-01"),
    "c": ("China and Washington made a trade deal.", "2021-01-01"),
    "d": ("A deal on trade was far away; Beijing met the naïve São Tomé envoy.", "2018-01-01"),
}


def store_of(folder: Path, keys: str = "abcd") -> Store:
    store = Store(folder)
    store.add([coded(key, *TEXTS[key], [], source=key.upper()) for key in keys])
    return store


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Words:
    folder = tmp_path_factory.mktemp("search")
    made = Words(folder / "index")
    made.follow(store_of(folder / "store"))
    return made


def found(words: Words, asked: str, **more: object) -> list[str]:
    total, hits = words.search(parse_words(asked), **more)  # type: ignore[arg-type]
    assert total >= len(hits)
    return [f"{hit.document}{hit.sentence_index}" for hit in hits]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("tariffs", {"a0", "b0"}), ("tariff", {"a0", "b0"}), ("soy*", {"b0"}), ('"trade deal"', {"c0"}),
        ("trade deal", {"c0", "d0"}), ("deal -washington", {"d0"}), ("NAIVE sao", {"d0"}), ("zebra", set()), ("-deal", set()),
        ('"deal on tra"', set()), ("china OR zebra", set()), ("", set()), ("!!! ***", set()), ("text:tariffs", set()),
    ],
)  # fmt: skip
def test_all_words_must_stand_in_one_sentence(words: Words, asked: str, told: set[str]) -> None:
    assert set(found(words, asked)) == told


def test_the_best_comes_first_or_the_newest(words: Words) -> None:
    assert found(words, "tariffs") == ["a0", "b0"]
    assert found(words, "tariff") == ["b0", "a0"]
    assert [one[0] for one in found(words, "china", order="newest")] == ["c", "b", "a"]
    assert found(words, "china", order="newest", limit=1, offset=1) == ["b0"]


def test_days_and_sources_narrow(words: Words) -> None:
    assert found(words, "deal", from_=dt.date(2020, 1, 1)) == ["c0"]
    assert found(words, "deal", to=dt.date(2020, 1, 1)) == ["d0"]
    assert found(words, "deal", sources=("D",)) == ["d0"]


def test_the_index_follows_its_store(tmp_path: Path) -> None:
    store = store_of(tmp_path / "s", "ab")
    kept = Words(tmp_path / "i")
    kept.follow(store)
    assert set(found(kept, "deal")) == set()
    store.add([coded("c", *TEXTS["c"], [])])
    kept.follow(store)
    assert found(kept, "deal") == ["c0"]
    store.remove(["c"])
    again = Words(tmp_path / "i")
    again.follow(store)
    assert found(again, "deal") == [] and set(found(again, "tariffs")) == {"a0", "b0"}


@pytest.mark.parametrize("harm", ["no list", "another form", "a broken list", "gone"])
def test_a_harmed_index_is_made_anew(tmp_path: Path, harm: str) -> None:
    import shutil

    store = store_of(tmp_path / "s")
    Words(tmp_path / "i").follow(store)
    listed = tmp_path / "i" / "known.json"
    if harm == "no list":
        listed.unlink()
    elif harm == "another form":
        listed.write_text('{"form": "0", "known": {}}')
    elif harm == "a broken list":
        listed.write_text("{")
    else:
        shutil.rmtree(tmp_path / "i")
    kept = Words(tmp_path / "i")
    kept.follow(store)
    assert set(found(kept, "tariffs")) == {"a0", "b0"}


def test_where_nothing_can_be_written_the_index_lies_in_memory(tmp_path: Path) -> None:
    store = store_of(tmp_path / "s")
    (tmp_path / "file").write_text("no folder")
    kept = Words(tmp_path / "file" / "i")
    kept.follow(store)
    assert kept.folder is None and found(kept, "soy*") == ["b0"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80))
def test_no_search_breaks_or_finds_what_it_does_not_name(words: Words, asked: str) -> None:
    try:
        terms = parse_words(asked)
    except OptionError:
        return
    for _, hits in (words.search(terms), words.search(terms, order="newest")):
        for hit in hits:
            made = mark_words(hit.sentence, terms)
            assert "<" not in made.replace("<mark>", "").replace("</mark>", "") and "<mark>" in made


def test_attack_strings_are_words(tmp_path: Path) -> None:
    store = Store(tmp_path / "s")
    store.add([hostile()])
    kept = Words(None)
    kept.follow(store)
    terms = parse_words("<script>window.pwned=1</script>")
    _, hits = kept.search(terms)
    made = mark_words(hits[0].sentence, terms)
    assert "<script" not in made and "&lt;" in made and "<mark>" in made


def test_names_are_found_by_the_beginnings_of_their_words() -> None:
    rows = [("Xi Jinping", 9), ("Xi Jinping and Joe Biden", 20), ("Joe Biden", 5), ("Xinhua", 30), ("Émile Zola", 1)]
    names = Names({"name": n, "kind": "person", "country": None, "title": None, "n": k} for n, k in rows)
    told = {"xi jinping": ["Xi Jinping", "Xi Jinping and Joe Biden"], "bid": ["Xi Jinping and Joe Biden", "Joe Biden"],
            "xi": ["Xi Jinping and Joe Biden", "Xi Jinping", "Xinhua"], "emile": ["Émile Zola"], "zz": [], "": []}  # fmt: skip
    for asked, wanted in told.items():
        assert [one.name for one in names.search(asked)] == wanted, asked
