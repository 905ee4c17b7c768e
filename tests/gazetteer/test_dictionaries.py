"""PETRARCH, TABARI and CAMEO dictionaries: names, dated codes, synonyms, sets, and lines that are broken."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.code.phrases import Hints, read_phrase
from detente.errors import GazetteerError
from detente.gazetteer import Gazetteer
from detente.gazetteer.dictionaries import Code, Item, read_dictionary

ACTORS = """<!-- a header
over two lines -->
# A comment
EGYPT_  [EGY]   ; states first
+EGYPTIAN_
+ARAB_REPUBLIC_OF_EGYPT_
HOSNI_MUBARAK_   # president
+MUBARAK_
\t[EGYELI <811014]
\t[EGYGOVMIL 811014-110211]
\t[EGYELI >20110211]
TAHRIR_COMMITTEE_ [EGYINS 120812-140326]
UNITED_NATIONS_ [IGOUNO]
+UN_
BROADCASTER_OF_NOWHERE_ [XQZMED]
NOBODY_AT_ALL_ [---]
OLD_STATE_ [SUN <911226] [RUSGOV >911225]
"""

AGENTS = """!PERSON! = MAN, MEN, WOMAN, WOMEN, PERSON
!FORCE! = TROOPS, UNITS
CONGRESS!PERSON! [~LEG]
SOLDIER {SOLDIERS} [~MIL]
BORDER_!FORCE! [~MIL]
HERDSMAN {} [~AGR]
PRESS_AGENCY {PRESS_AGENCIES} [~MED]
ABBOTS [REL~]
"""


def _items(text: str) -> dict[str, Item]:
    return {item.names[0]: item for item in read_dictionary(text, "my.txt")}


def test_actors_have_their_synonyms_and_codes() -> None:
    items = _items(ACTORS)
    assert items["Egypt"].names == ("Egypt", "Egyptian", "Arab Republic of Egypt")
    assert items["Egypt"].codes == (Code("EGY", ()),)
    assert items["United Nations"].names[1] == "UN"
    assert not any(item.agent for item in items.values())
    assert items["Hosni Mubarak"].line == 7


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("Hosni Mubarak", 0, Code("EGY", ("ELI",), None, dt.date(1981, 10, 13))),
        ("Hosni Mubarak", 1, Code("EGY", ("GOV", "MIL"), dt.date(1981, 10, 14), dt.date(2011, 2, 11))),
        ("Hosni Mubarak", 2, Code("EGY", ("ELI",), dt.date(2011, 2, 12), None)),
        ("Tahrir Committee", 0, Code("EGY", ("REB",), dt.date(2012, 8, 12), dt.date(2014, 3, 26))),
        ("United Nations", 0, Code("UNO", ())),
        ("Broadcaster of Nowhere", 0, Code("XQZ", ("JRN",))),
        ("Nobody At All", 0, Code(None, ())),
        ("Old State", 1, Code("RUS", ("GOV",), dt.date(1991, 12, 26), None)),
    ],
)
def test_codes_are_told_in_plovers_terms_with_their_days(name: str, at: int, expected: Code) -> None:
    assert _items(ACTORS)[name].codes[at] == expected


@pytest.mark.parametrize(
    ("code", "country", "sectors"),
    [
        ("IGOEUREEC", "EUR", ()),
        ("IGONAT", "IGO", ()),
        ("NGMHRI", "NGO", ("SOC",)),
        ("ROMHLH", "ROU", ("MED",)),
        ("AFRREB", None, ("REB",)),
        ("REBMOS", None, ("REB", "REL")),
        ("IRQkurREB", "IRQ", ("REB",)),
        ("KOSGOV", "XKX", ("GOV",)),
    ],
)
def test_cameo_codes(code: str, country: str | None, sectors: tuple[str, ...]) -> None:
    (item,) = read_dictionary(f"A_NAME_ [{code}]", "my.txt")
    assert item.codes == (Code(country, sectors),)


@pytest.mark.parametrize(
    ("stated", "first", "last"),
    [
        ("<010203", None, dt.date(2001, 2, 2)),
        (">990000", dt.date(2000, 1, 1), None),
        (">990200", dt.date(1999, 3, 1), None),
        ("310101-300101", dt.date(1931, 1, 1), dt.date(2030, 1, 1)),
        ("19890500-19891200", dt.date(1989, 5, 1), dt.date(1989, 12, 31)),
        ("890500 - 891200", dt.date(1989, 5, 1), dt.date(1989, 12, 31)),
    ],
)
def test_days_of_codes(stated: str, first: dt.date | None, last: dt.date | None) -> None:
    (item,) = read_dictionary(f"A_NAME_ [USAGOV {stated}]", "my.txt")
    assert (item.codes[0].first, item.codes[0].last) == (first, last)


def test_agents_are_spelt_out_from_sets_and_plurals() -> None:
    items = _items(AGENTS)
    assert all(item.agent for item in items.values())
    assert items["Congressman"].names == (
        "Congressman",
        "Congressmen",
        "Congresswoman",
        "Congresswomen",
        "Congressperson",
    )
    assert items["Soldier"].names == ("Soldier", "Soldiers")
    assert items["Border Troops"].names == ("Border Troops", "Border Units")
    assert items["Herdsman"].names == ("Herdsman",)
    assert items["Press Agency"].codes == (Code(None, ("JRN",)),)
    assert items["Abbots"].codes == (Code(None, ("REL",)),)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("EGYPT_\nSYRIA_ [SYR]", 1, "has no code in brackets"),
        ("EGYPT_ [EGY\n", 1, "a bracket is not closed"),
        ("EGYPT_ EGY]\n", 1, "a bracket is not closed"),
        ("EGYPT_ []", 1, "the brackets are empty"),
        ("\n\n+EGYPT_ [EGY]", 3, "a synonym with + comes before any name"),
        ("[EGY]", 1, "a code comes before any name"),
        ("EGYPT_ [EGYGO]", 1, "not made of codes of three letters"),
        ("EGYPT_ [EG/GOV]", 1, "not made of codes of three letters"),
        ("EGYPT_ [EGY 2011]", 1, "is not <date, >date or date-date"),
        ("EGYPT_ [EGY >110231]", 1, "is no day"),
        ("EGYPT_ [EGY >110015]", 1, "is no day"),
        ("EGYPT_ [EGY >2011]", 1, "is no day"),
        ("EGYPT_ [EGY 120101-110101]", 1, "ends before it begins"),
        ("CONGRESS!PERSON! [~LEG]", 1, "the set !PERSON! is not defined"),
        ("!PERSON! = \nMAN [~CVL]", 1, "the set !PERSON! is empty"),
        ("!A! = B\nMAN_!A [~CVL]", 2, "a set's second ! is missing"),
        ("MAN {MEN [~CVL]", 1, "a brace is not closed"),
        ("MAN [~---]", 1, "gives the agent no code"),
        ("MAN [~CVL] [USA]", 1, "mixes agents"),
        ("_ [USA]", 1, "a name is empty"),
        ("A [USA]\n<!-- open\nB [USA]", 2, "is not closed with -->"),
        ("!A! = " + ",".join("ABCDEFGHIJKLMNOP") + "\n!A!!A!!A! [~CVL]", 2, "more than 1000 names"),
    ],
)  # fmt: skip
def test_a_broken_line_is_said_with_file_and_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(GazetteerError, match=rf"^my\.txt:{line}: .*{reason}".replace("+", r"\+")):
        list(read_dictionary(text, "my.txt"))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="AB_ +[]{}!~-<>#;=,0123456789\n\t", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        items = list(read_dictionary(text, "my.txt"))
    except GazetteerError as error:
        assert str(error).startswith("my.txt:")
    else:
        assert all(item.names and item.codes for item in items)


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = tmp_path_factory.mktemp("dictionaries")
    actors, agents = folder / "actors.txt", folder / "agents.txt"
    actors.write_text(ACTORS + "HAMAS_ [PSEGOV]\nZED_FRONT_ [COLREB <161124] [COLPTY >161123]\nHONG_KONG_ [HKG]\n")
    agents.write_text(AGENTS)
    return Gazetteer.load((str(actors), str(agents)))


@pytest.mark.parametrize(
    ("mention", "day", "country", "sectors", "name"),
    [
        ("Hosni Mubarak", "2005-01-01", "EGY", ("GOV", "MIL"), "Hosni Mubarak"),
        ("Mubarak", "2015-01-01", "EGY", ("ELI",), "Hosni Mubarak"),
        ("the Tahrir Committee", "2013-01-01", "EGY", ("REB",), "Tahrir Committee"),
        ("Hamas", "2013-01-01", "PSE", ("GOV",), "Hamas"),
        ("the Egyptian", "2013-01-01", "EGY", (), "Egypt"),
        ("the UN", "2013-01-01", "UNO", (), "United Nations"),
        ("Broadcaster of Nowhere", "2013-01-01", None, ("JRN",), "Broadcaster of Nowhere"),
        ("Zed Front", "2013-01-01", "COL", ("REB",), "Zed Front"),
        ("Zed Front", "2019-01-01", "COL", ("PTY",), "Zed Front"),
        ("Egyptian herdsman", "2019-01-01", "EGY", ("AGR",), None),
        ("Egyptian soldiers", "2019-01-01", "EGY", ("MIL",), None),
        ("Egyptian border units", "2019-01-01", "EGY", ("MIL",), None),
    ],
)
def test_a_users_dictionaries_win(
    gazetteer: Gazetteer, mention: str, day: str, country: str | None, sectors: tuple[str, ...], name: str | None
) -> None:
    phrase = read_phrase(mention, gazetteer, Hints(dt.date.fromisoformat(day), (), True))
    assert (phrase.country, phrase.sectors) == (country, sectors)
    if name:
        assert phrase.name == name


def test_codes_that_stand_for_nothing_are_said_in_one_line_each(tmp_path: Path) -> None:
    path = tmp_path / "my.txt"
    path.write_text(
        "KURDISTAN_ [IRQKUR]\nERBIL_PARTY_ [IRQKURPTY]\nSAHEL_ [WAF]\nBROADCASTER_OF_NOWHERE_ [XQZMED]\nMONITOR [~HRIZZZ]\n"
        "UNITED_NATIONS_ [IGOUNO]\nKENYA_ [KEN]\n"
    )
    notes = Gazetteer.load((str(path),)).notes
    assert [note.removeprefix(f"{path}:") for note in notes] == [
        "1: 'KUR' is no country or sector of PLOVER's and is not read here, nor in one more",
        "3: 'WAF' is no country or sector of PLOVER's and is not read here",
        "4: 'XQZ' is no country or sector of PLOVER's and is not read here",
        "5: 'ZZZ' is no country or sector of PLOVER's and is not read here",
    ]


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader,\n")
    with pytest.raises(GazetteerError, match=r"letter\.txt:1: neither a CSV table"):
        Gazetteer.load((str(path),))
