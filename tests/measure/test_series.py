"""Constructed streams with known answers."""

from __future__ import annotations

import datetime as dt
import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente import plover
from detente.errors import OptionError
from detente.gazetteer import Gazetteer
from detente.measure import relation, series
from detente.measure.series import COUNTRIES, documents_read, period, periods, steady_sources
from detente.store import Store


@pytest.fixture
def store(tmp_path):
    accuse = {"type": "ACCUSE", "mode": "disapprove", "trigger": "condemned"}
    reports = [
        coded("a1", "China condemned Washington over the tariffs.", "2020-01-10",
              [{**accuse, "actors": ["China"], "recipients": ["Washington"]}], source="One"),
        coded("a2", "Beijing condemned America over the tariffs.", "2020-01-11",
              [{**accuse, "actors": ["Beijing"], "recipients": ["America"], "date": "2020-01-10"}], source="Two"),
        coded("b", "Washington gave aid to China.", "2020-01-20",
              [{"type": "AID", "trigger": "gave", "actors": ["Washington"], "recipients": ["China"]}]),
        coded("c", "The two countries signed a pact, China and Washington said.", "2020-03-02",
              [{"type": "SUPPORT", "trigger": "signed", "actors": ["The two countries"]}],
              groups={"The two countries": ["China", "Washington"]}),
        coded("d", "China may arm Washington.", "2020-03-03",
              [{"type": "AID", "status": "hypothetical", "actors": ["China"], "recipients": ["Washington"],
                "date": None}]),
        coded("e", "For years China condemned Washington.", "2020-03-04",
              [{**accuse, "actors": ["China"], "recipients": ["Washington"], "date": "2018-01-01..2020-03-04"}]),
        coded("f", "Japan condemned Russia.", "2020-03-05",
              [{**accuse, "actors": ["Japan"], "recipients": ["Russia"]}]),
    ]  # fmt: skip
    made = Store(tmp_path / "s")
    assert made.add(reports).faults == ()
    return made


def test_directions_periods_and_denominators(store):
    found = relation(store, "CHN", "USA", by="month")
    january, february, march = found.series["CHN→USA"]
    assert (january.happenings, january.reports, january.conflict, january.net) == (1, 2, 2.0, -2.0)
    assert (january.read, january.naming, january.sources) == (3, 3, 3)
    assert (february.happenings, february.mean, february.read) == (0, None, 0)
    assert (march.happenings, march.cooperation, march.types) == (1, 5.0, {"SUPPORT": 1})
    assert [p.happenings for p in found.series["USA→CHN"]] == [1, 0, 1]
    assert [p.happenings for p in found.series["joint"]] == [2, 0, 1]
    assert found.series["joint"][0].share_of_conflict == 0.5
    assert [p.happenings for p in found.spoken["hypothetical"]["CHN→USA"]] == [0, 0, 1]
    assert len(found.unplaced) == 1
    sentences = {row["sentence"] for row in found.evidence(january.ids)}
    assert sentences == {"China condemned Washington over the tariffs.", "Beijing condemned America over the tariffs."}


def test_frames_json_and_filters(store):
    found = relation(store, "CHN", "USA", by="week")
    assert found.table().pandas().shape[0] == found.polars().height == found.arrow().num_rows
    assert json.loads(found.to_json())["points"][0]["start"] == "2020-01-06"
    assert found.to_json() == relation(store, "CHN", "USA", by="week").to_json()
    panel = relation(store, "CHN", "USA", sources=["One"])
    assert [p.happenings for p in panel.series["joint"]] == [1]
    assert panel.series["joint"][0].read == 1
    assert relation(store, "CHN:GOV", "USA").series["CHN:GOV→USA"][0].happenings == 1
    assert relation(store, "CHN:MIL", "USA").series["joint"][0].happenings == 0
    for wrong in ({"by": "decade"}, {"contexts": ["weather"]}, {"status": ["done"]}, {"from_": "yesterday"}):
        with pytest.raises(OptionError):
            relation(store, "CHN", "USA", **wrong)
    with pytest.raises(OptionError, match="no party"):
        relation(store, "China", "USA")


def test_an_alliance_expands_on_request(tmp_path):
    store = Store(tmp_path / "s")
    report = coded("n", "NATO accused Russia.", "2020-01-01",
                   [{"type": "ACCUSE", "actors": ["NATO"], "recipients": ["Russia"]}],
                   countries={"NATO": ("IGO", "MIL")})  # fmt: skip
    store.add([report])
    assert relation(store, "USA", "RUS").series["joint"][0].happenings == 0
    found = relation(store, "USA", "RUS", alliances={"NATO": ["USA", "GBR"]})
    assert found.series["USA→RUS"][0].happenings == 1


def test_an_empty_store_has_an_empty_relation(tmp_path):
    assert relation(Store(tmp_path / "none"), "CHN", "USA").series["joint"] == ()


def test_periods_meet_without_gap():
    for by in ("day", "week", "month", "quarter", "year"):
        slots = periods(dt.date(2019, 11, 27), dt.date(2021, 3, 1), by)
        assert all(b[0] - a[1] == dt.timedelta(1) for a, b in pairwise(slots))
        assert period(dt.date.max, by)[1] == dt.date.max
        assert period(dt.date.min, by)[0] == dt.date.min


@pytest.fixture
def mixed(tmp_path):
    """One steady paper, one that comes in March; a quoted charge, a technology ban, a trade ban told twice."""
    made = Store(tmp_path / "m")
    parties = {"actors": ["Washington"], "recipients": ["China"]}
    ban = {"type": "SANCTION", "mode": "discontinue", "trigger": "banned", **parties}
    charge = {"type": "ACCUSE", "trigger": "accused", "attributed": True, **parties}
    reports = [
        coded("q1", "Quiet in China.", "2020-01-07", source="Old"),
        coded("q2", "Quiet in Japan.", "2020-02-07", source="Old"),
        coded("t1", "Washington banned chip sales to China.", "2020-03-02", [{**ban, "contexts": ["technology"]}],
              source="Old"),
        coded("g1", "Washington banned grain from China.", "2020-03-20", [{**ban, "contexts": ["economic"]}],
              source="New"),
        coded("g2", "Washington banned all grain from China.", "2020-03-21",
              [{**ban, "contexts": ["economic"], "date": "2020-03-20"}], source="Old"),
        coded("h1", "Washington accused China, a minister said.", "2020-03-25", [{**charge, "contexts": ["economic"]}],
              source="New"),
        coded("p1", "Washington will ban China; talks are denied.", "2020-03-28",
              [{**ban, "trigger": "ban", "status": "planned"},
               {**charge, "type": "CONSULT", "trigger": "talks", "status": "denied", "attributed": False}],
              source="New"),
    ]  # fmt: skip
    assert made.add(reports).faults == ()
    return made


@pytest.mark.parametrize(
    ("options", "happenings", "reports", "read"),
    [
        ({}, 3, 4, 5),
        ({"contexts": ["technology"]}, 1, 1, 5),
        ({"contexts": ["technology", "economic"]}, 3, 4, 5),
        ({"contexts": ["territory"]}, 0, 0, 5),
        ({"attributed": True}, 1, 1, 5),
        ({"attributed": False}, 2, 3, 5),
        ({"sources": ["New"]}, 2, 2, 3),
        ({"panel": 0.9}, 2, 2, 2),
        ({"panel": 0.3}, 3, 4, 5),
        ({"status": ["actual", "planned"]}, 4, 5, 5),
        ({"status": ["denied"]}, 1, 1, 5),
        ({"min_confidence": 0.95}, 0, 0, 5),
        ({"contexts": ["economic"], "attributed": False, "sources": ["Old"]}, 1, 1, 2),
    ],
)
def test_each_filter_counts_what_it_says(mixed, options, happenings, reports, read):
    march = relation(mixed, "USA", "CHN", **options).point("2020-03-15")
    assert (march.happenings, march.reports, march.read) == (happenings, reports, read)
    assert sum(march.quads) == sum(march.types.values()) == happenings


def test_reports_by_quad_and_type_and_frame_columns(mixed):
    found = relation(mixed, "USA", "CHN")
    march = found.point("2020-03-01", "USA→CHN")
    assert (march.types, march.report_types) == ({"ACCUSE": 1, "SANCTION": 2}, {"ACCUSE": 1, "SANCTION": 3})
    assert (march.quads, march.report_quads) == ((0, 0, 1, 2), (0, 0, 1, 3))
    row = next(r for r in found.table() if (r["status"], r["direction"], r["happenings"]) == ("done", "joint", 3))
    assert (row["SANCTION"], row["reports_SANCTION"], row["AID"], row["reports_material_conflict"]) == (2, 3, 0, 3)
    assert found.point("2020-03-01", "joint", "planned").happenings == 1


def test_every_number_opens_to_its_reports(mixed):
    found = relation(mixed, "USA", "CHN")
    march = found.point("2020-03-01")
    assert len(found.evidence(march)) == march.reports
    assert {r["document"] for r in found.evidence(march, type="SANCTION")} == {"t1", "g1", "g2"}
    assert [r["sentence"] for r in found.evidence(march, quad="verbal conflict")] == [
        "Washington accused China, a minister said."
    ]
    read = documents_read(mixed, found, march)
    assert [r["document"] for r in read] == ["t1", "g1", "g2", "h1", "p1"]
    assert sum({"CHN", "USA"} <= set(r["countries"]) for r in read) == march.naming
    panel = relation(mixed, "USA", "CHN", panel=1.0)
    assert panel.sources == ("Old",)
    assert {r["source"] for r in documents_read(mixed, panel, panel.point("2020-03-01"))} == {"Old"}
    for wrong in ({"ids": "nothing"}, {"ids": march, "quad": "war"}, {"ids": march, "type": "WAR"}):
        with pytest.raises(OptionError):
            found.evidence(**wrong)
    for wrong in (("1999-01-01", "joint", "done"), ("2020-03-01", "up", "done"), ("2020-03-01", "joint", "said")):
        with pytest.raises(OptionError):
            found.point(*wrong)


def test_a_panel_without_a_source_is_an_error(mixed):
    with pytest.raises(OptionError, match="no source has a document"):
        steady_sources(mixed, "month", 1.0, sources=["New"])
    for wrong in (0, 1.5, -1):
        with pytest.raises(OptionError):
            steady_sources(mixed, "month", wrong)


def test_a_party_with_itself_is_no_pair(store):
    for one, two in (("CHN", "CHN"), ("CHN:GOV", "CHN:GOV")):
        with pytest.raises(OptionError, match=f"^{one} with itself is no pair; name two$"):
            relation(store, one, two)
    assert set(relation(store, "CHN", "CHN:GOV").series) == {"CHN→CHN:GOV", "CHN:GOV→CHN", "joint"}
    assert len(relation(store, "CHN:GOV", "CHN:OPP").series) == 3


def test_parties_that_nobody_knows(store):
    with pytest.raises(OptionError, match=r"^'XXX' is no country and no special code$"):
        relation(store, "CHN", "XXX")
    neither = r"^'XXX' is no country and no special code; nothing in the store names FRA or XXX$"
    with pytest.raises(OptionError, match=neither):
        relation(store, "FRA", "XXX:GOV")
    assert relation(store, "CHN", "UNO").happenings == relation(store, "CHN", "FRA").happenings == {}
    assert relation(store, "USA", "XAB", alliances={"NATO": ["USA", "XAB"]}).happenings == {}
    store.add([coded("own", "Ruritania condemned China.", "2020-03-06", countries={"Ruritania": ("XAB", "GOV")},
                     events=[{"type": "ACCUSE", "actors": ["Ruritania"], "recipients": ["China"]}])])  # fmt: skip
    assert len(relation(store, "CHN", "XAB").happenings) == 1


def test_the_countries_are_the_gazetteers():
    countries = Gazetteer.load().countries
    codes = {*countries, *(country.code for country in countries.values())}
    assert {code for code in codes if len(code) == 3} - plover.SPECIAL_COUNTRIES.keys() == COUNTRIES


def test_what_was_gathered_once_gives_every_view_of_the_pair(store):
    every = series.gather(store, "CHN", "USA")
    for more in ({}, {"by": "year"}, {"contexts": ("economic",)}, {"min_confidence": 0.7}, {"attributed": False}):
        filters = series.Filters(
            more.get("contexts", ()), (), more.get("attributed"), more.get("min_confidence", 0.0)
        )  # fmt: skip
        fresh = relation(store, "CHN", "USA", **more)
        again = relation(store, "CHN", "USA", **more, gathered=every.filtered(filters))
        assert again.to_json() == fresh.to_json() and again.evidence() == fresh.evidence()
    with pytest.raises(OptionError, match="CHN–USA was gathered"):
        relation(store, "CHN", "JPN", gathered=every)
    with pytest.raises(OptionError, match="cannot be filtered otherwise"):
        every.filtered(series.Filters(min_confidence=0.5)).filtered(series.Filters())


def test_only_keeps_some_happenings_and_all_that_was_read(store):
    found = relation(store, "CHN", "USA", by="year")
    some = found.only(lambda h: h.type == "AID")
    assert [p.read for p in some.series["joint"]] == [p.read for p in found.series["joint"]]
    assert [p.happenings for p in some.series["joint"]] == [p.types.get("AID", 0) for p in found.series["joint"]]
    assert found.only(lambda h: True).to_json() == found.to_json()
