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

from detente.errors import OptionError
from detente.measure import relation
from detente.measure.series import period, periods
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
