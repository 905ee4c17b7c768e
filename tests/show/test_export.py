"""Each format is written and read back by an independent reader under its documented schema."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from coded import coded

from detente import plover
from detente.errors import InputError, OptionError
from detente.show import export as ex


@pytest.fixture
def documents():
    return [
        coded("a;1", 'China, "twice"\tcondemned\nWashington in Geneva.', "2020-01-10",
              [{"type": "ACCUSE", "mode": "disapprove", "trigger": "condemned", "actors": ["China"], "place": "Geneva",
                "recipients": ["Washington"], "contexts": ["diplomatic", "economic"]}]),
        coded("b", "China, Japan and Russia may meet; the three signed.", "2020-01-11",
              [{"type": "SUPPORT", "actors": ["China", "Japan", "Russia"], "trigger": "signed"},
               {"type": "CONSULT", "status": "hypothetical", "actors": ["China"], "trigger": "meet", "date": None}]),
        coded("c", "UN helps no one.", "2020-01-12", [{"type": "AID", "actors": ["UN"], "trigger": "helps"}],
              countries={"UN": ("UNO", "GOV")}, source=None),
        coded("none", "Nothing.", "2020-01-13"),
    ]  # fmt: skip


KINDS = {"string": "string", "integer": "Int64", "number": "float64", "boolean": "boolean", "date": "string"}


@pytest.mark.parametrize(
    ("name", "rows", "width"),
    [("events", 4, 38), ("polecat", 8, 40), ("icews", 8, 20), ("gdelt", 8, 61), ("gdelt-mentions", 8, 16)],
)
@pytest.mark.parametrize("ending", ["csv", "parquet", "dta", "jsonl"])
def test_pandas_reads_back(documents, tmp_path, name, rows, width, ending):
    path = tmp_path / f"out.{ending}"
    assert ex.export(documents, path, format=name, coder="detente 0.1", query="all", licence="CC-BY-4.0") == rows
    book = json.loads(path.with_name(path.name + ".schema.json").read_text("utf-8"))
    assert (len(book["fields"]), book["rows"], book["licence"]) == (width, rows, "CC-BY-4.0")
    names = [field["name"] for field in book["fields"]]
    types = {field["name"]: KINDS[field["type"]] for field in book["fields"]}
    if ending == "csv":
        read = pd.read_csv(path, sep=book["dialect"]["delimiter"], header=0 if book["dialect"]["header"] else None,
                           names=names, dtype=types)  # fmt: skip
    elif ending == "parquet":
        read = pd.read_parquet(path)
    elif ending == "jsonl":
        read = pd.read_json(path, lines=True, dtype=False)
    else:
        read = pd.read_stata(path)
    assert read.shape == (rows, width)
    if ending != "dta":
        assert list(read.columns) == names
    assert {p.name for p in tmp_path.iterdir()} == {path.name, path.name + ".schema.json"}


def test_columns_are_the_published_ones(shared):
    wanted: dict[str, list[str]] = {}
    with (shared / "reference" / "export_columns.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            wanted.setdefault(row["dataset"], []).append(row["column"])
    for ours, theirs in (
        ("polecat", "polecat_public"),
        ("icews", "icews_public"),
        ("gdelt", "gdelt2_events"),
        ("gdelt-mentions", "gdelt2_mentions"),
    ):
        assert [column.name for column in ex.FORMATS[ours].columns] == wanted[theirs]
    assert {c.name for c in ex.FORMATS["plover"].columns} <= {name.rstrip("*") for name in wanted["plover_json"]}


def test_rows_have_the_columns_of_their_format(documents):
    for name, one in ex.FORMATS.items():
        for document in documents:
            for row in one.rows(document):
                names = [column.name for column in one.columns]
                assert set(row) <= set(names) if name == "plover" else list(row) == names


def test_plover_json_has_what_the_manual_requires(documents):
    stream = io.StringIO()
    assert ex.write_jsonl(documents, stream) == 4
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert all({"id", "date", "actor", "event"} <= set(row) for row in rows)
    assert rows[0]["actor"] == [{"actor_text": "China", "name": "China", "country": "CHN", "sector": "GOV"}]
    assert rows[1]["link"] == ["b_v2"]
    assert rows[2]["text_info"]["status"] == "hypothetical"


def test_mutual_acts_and_groups_without_state(documents):
    pairs = [(r["Actor Country"], r["Recipient Country"]) for r in ex.polecat_rows(documents[1])]
    assert len(pairs) == len(set(pairs)) == 6
    (row,) = ex.gdelt_rows(documents[2])
    assert (row["Actor1CountryCode"], row["Actor1KnownGroupCode"], row["Actor2Code"]) == (None, "UNO", None)
    assert set(ex.CAMEO) == set(plover.TYPES)


def test_faults_leave_nothing_behind(documents, tmp_path):
    with pytest.raises(OptionError, match="one of"):
        ex.export(documents, tmp_path / "x.csv", format="acled")
    with pytest.raises(OptionError):
        ex.export(documents, tmp_path / "x.what")
    with pytest.raises(OptionError, match="nested"):
        ex.export(documents, tmp_path / "x.csv", format="plover")
    with pytest.raises(InputError, match="cannot be written"):
        ex.export(documents, tmp_path / "absent" / "x.csv")

    def broken():
        yield documents[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ex.export(broken(), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []
