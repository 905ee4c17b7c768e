"""The bundled tables: their counts, their sources' agreement with a list written apart, and users' tables."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import defaultdict
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente import plover
from detente.errors import GazetteerError
from detente.gazetteer import Gazetteer
from detente.gazetteer.names import key, words
from detente.gazetteer.tables import day, surnames

HOLDERS = [
    json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "holders.jsonl").read_text().splitlines()
]


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load()


def _rows(table: str) -> list[dict[str, str]]:
    text = (files("detente.gazetteer") / "data" / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_tables_are_as_large_as_promised() -> None:
    organisations, groups = _rows("organisations.csv"), _rows("groups.csv")
    assert len({row["name"] for row in organisations}) >= 300
    assert sum(row["country"] in ("UNO", "EUR", "IGO", "NGO", "ISM", "MNC") for row in organisations) >= 250
    assert sum(bool(row["country"] and row["sectors"]) for row in groups) >= 400
    assert len({title for row in _rows("offices.csv") for title in row["titles"].split("|")}) >= 600


@pytest.mark.parametrize("table", ["countries", "organisations", "groups", "offices", "seats", "people", "holders"])
def test_no_row_stands_twice_and_every_sector_is_plovers(table: str) -> None:
    rows = _rows(f"{table}.csv")
    seen = [tuple(row.values()) for row in rows]
    assert len(seen) == len(set(seen))
    for row in rows:
        assert set(filter(None, row.get("sectors", "").split("|"))) <= set(plover.SECTORS), row


def test_all_codes_are_of_countries_or_plovers_own(gazetteer: Gazetteer) -> None:
    codes = {*gazetteer.countries, *plover.SPECIAL_COUNTRIES, ""}
    for table in ("organisations", "groups", "seats", "regions", "people", "holders", "small_places", "city_names"):
        wrong = [row for row in _rows(f"{table}.csv") if row["country"] not in codes]
        assert not wrong, (table, wrong[:3])
    for row in _rows("organisations.csv"):
        assert set(filter(None, row["members"].split("|"))) <= codes, row["name"]


_OFFICES = {
    "head": (
        "president", "prime minister", "king", "queen", "chancellor", "premier", "emir", "sultan", "supreme leader",
        "emperor", "interim president", "acting president", "military leader", "head of government",
        "general secretary of the communist party", "chief executive",
    ),
    "foreign": ("foreign minister", "foreign secretary", "secretary of state", "external affairs minister"),
    "defence": ("defence minister", "defence secretary", "defense secretary", "acting defense secretary"),
}  # fmt: skip
_BEGAN = {
    "CZE": 1993, "SVK": 1993, "SRB": 2006, "HRV": 1991, "SVN": 1991, "UKR": 1991, "BLR": 1991, "GEO": 1992, "ARM": 1991,
    "AZE": 1991, "KAZ": 1991, "EST": 1991, "LVA": 1991, "LTU": 1990, "RUS": 1991, "PSE": 1994,
}  # fmt: skip


def test_office_holders_cover_sixty_states_since_1990() -> None:
    held: dict[tuple[str, str], set[int]] = defaultdict(set)
    last = dt.date(2024, 12, 31).toordinal()
    for row in _rows("holders.csv"):
        for name, titles in _OFFICES.items():
            if row["office"].casefold() in titles:
                first, end = day(row["first"], False, ""), day(row["last"], True, "")
                start = dt.date(_BEGAN.get(row["country"], 1990), 7 if row["country"] in _BEGAN else 1, 1).toordinal()
                until = min(end.toordinal() if end else last, last)
                held[row["country"], name].update(range(max(first.toordinal() if first else start, start), until + 1))

    def share(country: str, name: str) -> float:
        start = dt.date(_BEGAN.get(country, 1990), 7 if country in _BEGAN else 1, 1).toordinal()
        return len(held[country, name]) / (last - start + 1)

    states = {country for country, _ in held}
    assert sum(share(c, "head") > 0.9 for c in states) >= 110
    assert sum(share(c, "head") > 0.75 and share(c, "foreign") > 0.75 for c in states) >= 80
    assert sum(all(share(c, name) > 0.75 for name in _OFFICES) for c in states) >= 60


def test_nobody_leaves_before_coming_and_one_alone_holds_an_office() -> None:
    terms: dict[tuple[str, str], list[tuple[dt.date, dt.date, str]]] = defaultdict(list)
    for row in _rows("holders.csv"):
        first, last = day(row["first"], False, ""), day(row["last"], True, "")
        assert first is not None, row
        terms[row["country"], row["office"]].append((first, last or dt.date.max, row["name"]))
        assert last is None or first <= last, row
    for (country, office), held in terms.items():
        if office in ("Vice President", "special envoy", "director-general", "managing director", "head of government"):
            continue
        held.sort()
        for (_, end, one), (start, _, other) in pairwise(held):
            # A change of office is dated to a day, a month or, seldom, a year.
            assert (end - start).days <= 366 or one == other, (country, office, one, other)


@pytest.mark.parametrize("case", HOLDERS, ids=lambda c: f"{c['country']}-{c['office']}-{c['date']}")
def test_office_holders_agree_with_a_list_written_apart(gazetteer: Gazetteer, case: dict) -> None:
    found = gazetteer.in_office(case["country"], case["office"], dt.date.fromisoformat(case["date"]))
    assert found is not None, "nobody, or more than one"
    assert any(entry.id == found.id for entry in gazetteer.lookup(case["name"])), found.name


def test_the_list_written_apart_is_long_enough() -> None:
    assert len(HOLDERS) >= 200
    assert len({case["country"] for case in HOLDERS}) >= 40


@pytest.mark.parametrize(
    ("territories", "codes"),
    [
        ("plover", {"Taiwan": "TWN", "Hong Kong": "HKG", "Macau": "CHN", "Kosovo": "XKX", "Greenland": "DNK",
                    "Puerto Rico": "USA", "Palestine": "PSE", "Abkhazia": "GEO", "Western Sahara": "MAR"}),
        ("sovereign", {"Taiwan": "CHN", "Hong Kong": "CHN", "Macau": "CHN", "Kosovo": "SRB", "Greenland": "DNK",
                       "Puerto Rico": "USA", "Palestine": "PSE", "Abkhazia": "GEO", "Western Sahara": "MAR"}),
        ("separate", {"Taiwan": "TWN", "Hong Kong": "HKG", "Macau": "MAC", "Kosovo": "XKX", "Greenland": "GRL",
                      "Puerto Rico": "PRI", "Palestine": "PSE", "Abkhazia": "GEO", "Western Sahara": "ESH"}),
    ],
)  # fmt: skip
def test_the_territories_switch(territories: str, codes: dict[str, str]) -> None:
    gazetteer = Gazetteer.load(territories=territories)  # type: ignore[arg-type]
    for name, code in codes.items():
        entry = next(e for e in gazetteer.lookup(name) if e.role in ("country", "region"))
        assert entry.country == code, name
    partial = next(e for e in gazetteer.lookup("Abkhazia") if e.role == "country")
    assert partial.sectors == ("PRE",)


def test_internal_codes_never_leave(gazetteer: Gazetteer) -> None:
    for identity in ("ABK", "SOS", "PMR", "NCY", "SML", "NKR", "DPR", "LPR"):
        for territories in ("plover", "sovereign", "separate"):
            assert Gazetteer.load(territories=territories).code(identity) != identity  # type: ignore[arg-type]


def test_states_that_ended_give_way_to_those_after(gazetteer: Gazetteer) -> None:
    moscow = gazetteer.lookup("Moscow")
    assert [e.country for e in gazetteer.standing(moscow, dt.date(1990, 6, 1))] == ["SUN"]
    assert [e.country for e in gazetteer.standing(moscow, dt.date(1992, 6, 1))] == ["RUS"]
    belgrade = gazetteer.lookup("Belgrade")
    states = [gazetteer.standing(belgrade, dt.date(year, 6, 1))[0].country for year in (1999, 2004, 2010)]
    assert states == ["YUG", "SCG", "SRB"]


@pytest.mark.parametrize(
    ("bloc", "member", "count"),
    [("the G7", "JPN", 7), ("BRICS", "BRA", None), ("NATO", "TUR", None), ("the European Union", "MLT", 27)],
)
def test_blocs_expand_to_their_members(gazetteer: Gazetteer, bloc: str, member: str, count: int | None) -> None:
    members = gazetteer.members(bloc)
    assert member in members
    assert count is None or len(members) == count


@pytest.mark.parametrize(
    ("title", "sector"),
    [
        ("minister", "GOV"), ("soldiers", "MIL"), ("riot police", "COP"), ("chief justice", "JUD"), ("senator", "LEG"),
        ("imam", "REL"), ("nurses", "MED"), ("journalists", "JRN"), ("trade unionists", "LAB"), ("rebels", "REB"),
        ("gunmen", "UAF"), ("refugees", "REF"), ("students", "EDU"), ("farmers", "AGR"), ("smugglers", "CRM"),
        ("protesters", "CVL"), ("human rights activists", "SOC"), ("spies", "SPY"), ("bankers", "BUS"),
        ("border police", "COP"), ("military police", "MIL"), ("bishops", "REL"), ("opposition leaders", "OPP"),
    ],
)  # fmt: skip
def test_titles_and_role_nouns_tell_the_sector(gazetteer: Gazetteer, title: str, sector: str) -> None:
    office = gazetteer.office(title)
    assert office is not None
    assert office.sectors[0] == sector


def test_a_users_csv_wins_over_the_bundled_tables(tmp_path: Path) -> None:
    table = tmp_path / "my.csv"
    table.write_text(
        "name,aliases,country,sectors,kind,office,start,end,title\n"
        "Hamas,Islamic Resistance,PSE,GOV,group,,,,\n"
        "Ada Example,A. Example,KEN,GOV,person,trade minister,2020-02,2021,\n"
        "Ada Example,A. Example,KEN,OPP,person,,2022-01-01,,\n"
        ",,,SPY,person,,,,listener\n"
    )
    gazetteer = Gazetteer.load((str(table),))
    assert gazetteer.lookup("Hamas")[0].sectors == ("GOV",)
    (person,) = (e for e in gazetteer.lookup("Ada Example") if e.role == "person")
    assert [t.sectors for t in person.terms if t.covers(dt.date(2021, 12, 31))] == [("GOV",)]
    assert [t.sectors for t in person.terms if t.covers(dt.date(2023, 1, 1))] == [("OPP",)]
    office = gazetteer.office("listeners")
    assert office is not None and office.sectors == ("SPY",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name,sector\nX,MIL\n", "my.csv:1: no such column: sector; a table of actors has name, kind, country"),
        ("name,country\nX,Kenya\n", "my.csv:2: country 'Kenya' is not a three-letter code"),
        ("name,sectors\nX,FOO\n", "my.csv:2: no sector 'FOO'"),
        ("name,kind\nX,thing\n", "my.csv:2: kind 'thing'"),
        ("name,kind,start\nX,person,yesterday\n", "my.csv:2: 'yesterday' is not YYYY-MM-DD"),
        ("name,country\nX\n", "my.csv:2: the row has not 2 fields"),
        ("name,title\n,\n", "my.csv:2: the row has neither a name nor a title"),
    ],
)
def test_a_broken_users_row_is_said_with_file_and_line(tmp_path: Path, text: str, reason: str) -> None:
    table = tmp_path / "my.csv"
    table.write_text(text)
    with pytest.raises(GazetteerError) as error:
        Gazetteer.load((str(table),))
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_users_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(GazetteerError, match="cannot read the table"):
        Gazetteer.load((str(tmp_path / "none.csv"),))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Xi Jinping", ("Xi",)), ("Bashar al-Assad", ("Assad", "al-Assad")), ("Kim Dae-jung", ("Kim",)),
        ("Ursula von der Leyen", ("Leyen", "der Leyen", "von der Leyen")), ("Barack Obama", ("Obama",)),
        ("Kim Campbell", ("Campbell",)), ("Suharto", ()), ("John Smith Jr.", ("Smith",)),
    ],
)  # fmt: skip
def test_surnames(name: str, expected: tuple[str, ...]) -> None:
    assert set(surnames(name)) >= set(expected)
    assert bool(surnames(name)) == bool(expected)


@pytest.mark.parametrize(
    ("one", "other"),
    [("U.S.", "US"), ("Vice-Foreign Minister", "vice foreign minister"), ("Yaoundé", "Yaounde"), ("the UN", "UN")],
)
def test_spellings_that_meet(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_letter_case_tells_us_from_the_us(gazetteer: Gazetteer) -> None:
    assert not gazetteer.lookup("us")
    assert gazetteer.lookup("US")[0].country == "USA"
    assert not gazetteer.lookup("turkey")
    assert gazetteer.lookup("Turkey")[0].country == "TUR"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=120))
def test_any_name_can_be_asked(text: str) -> None:
    gazetteer = _loaded()
    gazetteer.lookup(text)
    gazetteer.places(text)
    cut = words(text)
    for at in range(len(cut)):
        match = gazetteer.matches(cut, at)
        assert match is None or at < match.last <= len(cut)


_ONE: list[Gazetteer] = []


def _loaded() -> Gazetteer:
    if not _ONE:
        _ONE.append(Gazetteer.load())
    return _ONE[0]


def test_a_users_table_names_known_countries(tmp_path: Path) -> None:
    table = tmp_path / "my.csv"
    table.write_text("name,country\nFirst,CHN\nSecond,UNO\nThird,\nFourth,ZZZ\n")
    with pytest.raises(GazetteerError, match=r"my\.csv:5: no country has the code 'ZZZ'$"):
        Gazetteer.load().read_user_table(table)


def test_a_users_table_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(GazetteerError, match=r"none.csv: cannot read the table: no such file or directory$"):
        Gazetteer.load().read_user_table(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"name\ncaf\xe9\n")
    with pytest.raises(GazetteerError, match=r"not UTF-8; convert it to UTF-8 first$"):
        Gazetteer.load().read_user_table(tmp_path / "latin.csv")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bloc Québécois", "Liberal Party of Canada"),
        ("Comando Vermelho", "First Capital Command"),
        ("One Nation", "Liberal Party of Australia"),
        ("Republican Left of Catalonia", "Together for Catalonia"),
        ("Oath Keepers", "Proud Boys"),
        ("Barrio 18", "Mara Salvatrucha"),
        ("EH Bildu", "Herri Batasuna"),
    ],
)
def test_rivals_and_kin_are_bodies_of_their_own(one: str, other: str) -> None:
    gazetteer = Gazetteer.load()
    names = [{entry.name for entry in gazetteer.lookup(name)} for name in (one, other)]
    assert names[0]
    assert names[1]
    assert not names[0] & names[1]
