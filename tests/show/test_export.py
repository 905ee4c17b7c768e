"""Each format is written and read back by an independent reader under its documented schema."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
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

FORMATS = [("events", 4, 39), ("polecat", 8, 40), ("icews", 8, 20), ("gdelt", 8, 61), ("gdelt-mentions", 8, 16)]


def plain(value):
    """A cell as any reader gives it, made comparable: numbers as floats, days as text, nothing as ""."""
    if value is None or value is pd.NA or value is pd.NaT or value == "" or value != value:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return float(value)
    return " ".join(str(value).split())


def expected(documents, name):
    one = ex.FORMATS[name]
    return [[plain(row[c.name]) for c in one.columns] for item in documents for row in one.rows(item)]


@pytest.mark.parametrize(("name", "rows", "width"), FORMATS)
@pytest.mark.parametrize("ending", ["csv", "parquet", "dta", "jsonl"])
def test_pandas_reads_back_every_value(documents, tmp_path, name, rows, width, ending):
    path = tmp_path / f"out.{ending}"
    assert ex.export(documents, path, format=name, coder="detente 0.1", query="all", licence="CC-BY-4.0") == rows
    book = json.loads(path.with_name(path.name + ".schema.json").read_text("utf-8"))
    assert (len(book["fields"]), book["rows"], book["licence"]) == (width, rows, "CC-BY-4.0")
    names = [field["name"] for field in book["fields"]]
    types = {field["name"]: KINDS[field["type"]] for field in book["fields"]}
    if ending == "csv":
        read = pd.read_csv(path, sep=book["dialect"]["delimiter"], header=0 if book["dialect"]["header"] else None,
                           names=names, dtype=types, keep_default_na=False, na_values=[""])  # fmt: skip
    elif ending == "parquet":
        read = pd.read_parquet(path)
    elif ending == "jsonl":
        read = pd.read_json(path, lines=True, dtype=False)
    else:
        read = pd.read_stata(path)
        names = [field.get("stata", field["name"]) for field in book["fields"]]
    assert list(read.columns) == names
    assert [[plain(value) for value in row] for row in read.itertuples(index=False)] == expected(documents, name)
    assert {p.name for p in tmp_path.iterdir()} == {path.name, path.name + ".schema.json"}


@pytest.mark.parametrize(("name", "rows", "width"), FORMATS)
def test_frames_in_pandas_and_polars_hold_every_value(documents, tmp_path, name, rows, width):
    found = ex.frame(documents, name)
    assert found.pandas().shape == found.polars().shape == (rows, width)
    wanted = expected(documents, name)
    assert [[plain(value) for value in row] for row in found.polars().iter_rows()] == wanted
    assert [[plain(value) for value in row] for row in found.pandas().itertuples(index=False)] == wanted
    ex.export(documents, tmp_path / "out.parquet", format=name)
    assert pl.read_parquet(tmp_path / "out.parquet").equals(found.polars())


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
                assert set(row) <= set(names) if name == "plover" else list(row) == names, name


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
