"""Tables on a narrow terminal: no period and no day is cut."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

import detente
from detente.measure.changes import norms
from detente.measure.ledger import ledger
from detente.measure.level import level
from detente.show import terminal

BUNDLED = Path(str(detente.__path__[0])) / "demo" / "china-us.jsonl"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> detente.Store:
    made = detente.Store(tmp_path_factory.mktemp("terminal") / "store")
    reports = (item for item, _ in zip(detente.documents([str(BUNDLED)]), range(120), strict=False))
    made.add(detente.Coder().code_all(reports))
    return made


def _drawn(what: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    return lines


def test_a_relation_keeps_its_periods_and_levels_at_80_columns(store: detente.Store) -> None:
    found = detente.relation(store, "CHN", "USA", by="month")
    levels = level(found)
    lines = _drawn(terminal.series(found, levels, 80), 80)
    assert lines[0].split() == ["month", "net", "happenings", "level"]
    assert [line.split()[0] for line in lines[1:]] == [terminal.label(p, "month") for p in found.series["joint"]]
    assert "…" not in "".join(lines)
    assert "naming both" in _drawn(terminal.series(found, levels, 160), 160)[0]


def test_norms_fit_80_columns_without_ids(store: detente.Store) -> None:
    found = norms(detente.relation(store, "CHN", "USA", by="week"))
    lines = _drawn(terminal.norms(found), 80)
    assert len(lines) == len(found) + 1 and "…" not in "".join(lines)
    assert [line.split()[0] for line in lines[1:]] == [item.start.isoformat() for item in found]


def test_a_ledger_cuts_no_day_at_80_columns(store: detente.Store) -> None:
    found = ledger(store, "CHN", "USA")
    text = "\n".join(_drawn(terminal.positions(found, 80), 80))
    assert found.positions
    assert len(re.findall(r" \d{4}-\d\d-\d\d ", text)) >= len(found.positions)


def test_events_are_stacked_where_a_table_is_too_wide(store: detente.Store) -> None:
    frame = store.events(limit=5)
    lines = _drawn(terminal.events(frame, 80), 80)
    heads = [line for line in lines if not line.startswith(" ")]
    assert len(heads) == 5 and all(dt.date.fromisoformat(head[:10]) for head in heads)
    assert _drawn(terminal.events(frame, 160), 160)[0].split()[0] == "date"
