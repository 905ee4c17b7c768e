"""Loading once, asking, versions, faults."""

from __future__ import annotations

import dataclasses
import datetime as dt
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente.errors import OptionError, QueryError, StoreError
from detente.show.export import flat_rows
from detente.store import Store


def report(number: int, **more):
    text = f"China 😀 accused Washington of breaking deal number {number}."
    event = {
        "type": "ACCUSE",
        "mode": "allege",
        "actors": ["China"],
        "recipients": ["Washington"],
        "trigger": "accused",
    }
    return coded(f"d{number}", text, f"2020-11-{number % 28 + 1:02}", [event], **more)


def test_a_second_load_adds_nothing(tmp_path):
    store = Store(tmp_path / "s t ö'r")
    first = store.add(map(report, range(10)), batch=4)
    assert (first.documents, first.skipped, first.faults) == (10, 0, ())
    again = Store(store.path).add(map(report, range(12)), batch=5)
    assert (again.documents, again.skipped) == (2, 10)
    assert store.sql("select count(*) n, count(distinct document) m from documents").to_pylist() == [{"n": 12, "m": 12}]
    assert sorted(d.document.id for d in store.documents()) == sorted(f"d{n}" for n in range(12))
    assert {d.document.id: d for d in store.documents()}["d3"] == report(3)
    assert store.verify() == ()


def test_events_carry_parties_sentence_and_source(tmp_path):
    store = Store(tmp_path / "s")
    store.add([report(3)])
    (row,) = store.events(actor="CHN", recipient="USA:GOV", type="ACCUSE", status="actual", from_="2020-11-04")
    assert row["sentence"] == "China 😀 accused Washington of breaking deal number 3."
    assert (row["trigger"], row["actor_names"], row["recipient_countries"]) == ("accused", ["China"], ["USA"])
    assert row["url"] == "https://example.org/d3"
    assert len(store.events(actor="china")) == 1
    assert len(store.events(actor="USA")) == len(store.events(to="2020-11-03")) == 0
    frame = store.events()
    assert frame.pandas().shape[0] == frame.polars().height == frame.arrow().num_rows == 1
    with pytest.raises(OptionError, match="one of"):
        store.events(type="ATTACK")


def test_every_view_answers_and_an_empty_store_too(tmp_path):
    full, empty = Store(tmp_path / "s"), Store(tmp_path / "none")
    said = {"speaker": "China", "cue": "said", "content": ["Washington broke the deal"]}
    full.add([coded("q", "China said Washington broke the deal", "2020-01-01", statements=[said])])
    for view in ("documents", "sentences", "events", "statements", "mentions", "entities", "participants"):
        assert empty.sql(f"select * from {view}").num_rows == 0
        full.sql(f"select * from {view}")
    (row,) = full.query("select * from statements")
    assert (row["speaker_countries"], row["content"]) == (["CHN"], "Washington broke the deal")


def test_sql_only_reads_and_only_the_store(tmp_path):
    store = Store(tmp_path / "s")
    store.add([report(1)])
    for query in ("drop view events", "select 1; select 2", "copy (select 1) to '/tmp/x.csv'", "select nothing", ""):
        with pytest.raises(QueryError):
            store.sql(query)
    with pytest.raises(QueryError, match=r"(?i)permission|disabled"):
        store.sql("select * from read_text('/etc/hostname')")
    assert store.sql("select document from events where type = $t", {"t": "ACCUSE"}).num_rows == 1


def test_another_coder_replaces_and_older_versions_stay(tmp_path):
    store = Store(tmp_path / "s")
    store.add([report(1), report(2)])
    before = store.version
    assert store.add([report(1, coder="detente later")]).replaced == 1
    assert store.known(["d1", "d2", "d9"]) == {"d1": "detente later", "d2": "detente test"}
    assert store.sql("select 1 from documents").num_rows == 2
    old = Store(store.path, as_of=before)
    assert old.known(["d1"]) == {"d1": "detente test"}
    with pytest.raises(StoreError, match="as of"):
        old.add([report(5)])


def test_broken_records_are_faults_and_the_rest_is_kept(tmp_path):
    good = report(1)
    broken = dataclasses.replace(good, mentions=good.mentions[:1])
    wrong = dataclasses.replace(report(2), document=dataclasses.replace(report(2).document, text="a \ud800"))
    other = dataclasses.replace(good, document=dataclasses.replace(good.document, text=good.document.text + "!"))
    null = coded("nul", "a\0b China met Japan‮", "2020-01-01", [{"type": "CONSULT", "actors": ["China", "Japan"]}])
    store = Store(tmp_path / "s")
    added = store.add(
        [dataclasses.replace(broken, document=dataclasses.replace(good.document, id="b")), wrong, good, null, other]
    )
    assert added.documents == 2
    assert [fault.record for fault in added.faults] == ["b", "d2", "d1"]
    assert Store(store.path).add([other]).faults[0].record == "d1"
    read = dataclasses.replace(other, document=dataclasses.replace(other.document, origin=("news.csv", "7")))
    assert read == other
    assert str(Store(store.path).add([read]).faults[0]).startswith("news.csv:7: another text is stored under the id 'd1'")
    assert store.verify() == ()


def test_compact_and_vacuum_change_no_row(tmp_path):
    store = Store(tmp_path / "s")
    store.add(map(report, range(9)), batch=2)
    assert store.compact() == 5
    stray = Path(store.path, "documents", "part-stray.parquet")
    stray.write_bytes(b"half")
    os.utime(stray, (1, 1))
    assert store.vacuum(hours=0) >= 5
    assert not stray.exists()
    assert store.add(map(report, range(9))).skipped == 9
    assert store.sql("select 1 from documents").num_rows == 9
    assert len(store.versions()) == store.version + 1


def test_a_table_of_plain_records_is_migrated(tmp_path):
    from deltalake import write_deltalake

    from detente.records import to_arrow

    write_deltalake(str(tmp_path / "s" / "documents"), to_arrow([report(1), report(2)]))
    with pytest.raises(StoreError, match="migrate"):
        Store(tmp_path / "s").add([report(3)])
    assert Store.migrate(tmp_path / "s") == 1
    store = Store(tmp_path / "s")
    assert store.add([report(2), report(3)]).documents == 1
    assert len(store.events(actor="CHN")) == 3


def _load(path: str, numbers: range) -> None:
    Store(path).add(map(report, numbers), batch=3)


def test_two_loaders_neither_lose_nor_double(tmp_path):
    context = multiprocessing.get_context("spawn")
    loaders = [
        context.Process(target=_load, args=(str(tmp_path / "s"), numbers)) for numbers in (range(30), range(15, 45))
    ]
    for loader in loaders:
        loader.start()
    seen = []
    while any(loader.is_alive() for loader in loaders):
        counts = (
            Store(tmp_path / "s").sql("select count(*) n, count(distinct document) m from documents").to_pylist()[0]
        )
        assert counts["n"] == counts["m"]
        seen.append(counts["n"])
        time.sleep(0.05)
    for loader in loaders:
        loader.join()
    assert [loader.exitcode for loader in loaders] == [0, 0]
    assert seen == sorted(seen)
    assert Store(tmp_path / "s").sql("select count(*) n, count(distinct document) m from documents").to_pylist() == [
        {"n": 45, "m": 45}
    ]


@pytest.mark.parametrize("pause", [0.0, 0.15, 0.4])
def test_a_killed_load_leaves_whole_batches(tmp_path, pause):
    context = multiprocessing.get_context("spawn")
    loader = context.Process(target=_load, args=(str(tmp_path / "s"), range(300)))
    loader.start()
    while loader.is_alive() and not (tmp_path / "s" / "documents" / "_delta_log").exists():
        time.sleep(0.01)
    time.sleep(pause)
    os.kill(loader.pid, signal.SIGKILL)
    loader.join()
    store = Store(tmp_path / "s")
    assert store.sql("select 1 from documents").num_rows % 3 == 0
    store.add(map(report, range(300)), batch=100)
    assert store.sql("select count(*) n, count(distinct document) m from documents").to_pylist() == [
        {"n": 300, "m": 300}
    ]
    assert store.verify() == ()


def test_a_version_or_time_that_is_not_there(tmp_path):
    store = Store(tmp_path / "s")
    store.add([report(1)])
    with pytest.raises(StoreError, match=r": no version 99; the last is 1$"):
        Store(store.path, as_of=99)
    begun = store.versions().arrow()["time"].to_pylist()[-1]
    with pytest.raises(StoreError, match=f": the store begins on {begun:%Y-%m-%dT%H:%MZ}$"):
        Store(store.path, as_of=begun - dt.timedelta(days=1))
    with pytest.raises(StoreError, match="the store begins on"):
        Store(store.path, as_of=dt.datetime(2001, 1, 1))  # noqa: DTZ001
    assert Store(store.path, as_of=begun + dt.timedelta(days=1)).version == 1


def test_of_a_group_that_is_acted_on_the_actor_is_no_recipient(tmp_path):
    text = "China urged the two sides to talk."
    one = coded(
        "g", text, "2020-01-01", [{"type": "REQUEST", "actors": ["China"], "recipients": ["the two sides"]}],
        groups={"the two sides": ["China", "Japan"]},
    )  # fmt: skip
    store = Store(tmp_path / "s")
    store.add([one])
    row = next(iter(store.events()))
    assert row["actor_names"] == ["China"] and row["recipient_names"] == ["Japan"]
    assert [r["recipient_names"] for r in flat_rows(one)] == ["Japan"]
