"""A store of a few hand-made reports, and the application over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from detente import Store
from detente.records import CodedDocument
from detente.show.web.app import create_app
from tests.coded import coded

KINDS = (
    ("SANCTION", "expel", "China expelled three envoys of Washington."),
    ("ACCUSE", "disapprove", "Washington criticised China over its envoys."),
    ("CONSULT", "visit", "China received an envoy of Washington."),
    ("COOPERATE", None, "Washington opened trade with China."),
    ("THREATEN", "restrict", "China warned Washington of new limits."),
)
TRIGGERS = {
    "SANCTION": "expelled",
    "ACCUSE": "criticised",
    "CONSULT": "received",
    "COOPERATE": "opened",
    "THREATEN": "warned",
}


def reports(count: int = 60) -> list[CodedDocument]:
    """Return reports over five years: friendly at first, then hostile; some on Japan, some planned."""
    made = []
    for number in range(count):
        day = dt.date(2016, 1, 15) + dt.timedelta(30 * number)
        friendly = number < count // 2
        kind, mode, text = KINDS[2 + number % 2] if friendly else KINDS[(number % 3) if number % 3 != 2 else 4]
        first, second = ("Washington", "China") if text.startswith("Washington") else ("China", "Washington")
        events = [
            {
                "type": kind, "mode": mode, "actors": [first], "recipients": [second], "trigger": TRIGGERS[kind],
                "contexts": ["diplomatic"] if number % 2 else ["economic"], "confidence": 0.6 + number % 4 / 10,
                "status": "planned" if number % 10 == 9 else "actual", "attributed": number % 5 == 0,
            }
        ]  # fmt: skip
        made.append(
            coded(f"r{number:03}", text, day.isoformat(), events, source=("Wire", "Post", "Herald")[number % 3])
        )
        if number % 6 == 0:
            line = "Japan praised Beijing."
            praise = [{"type": "SUPPORT", "actors": ["Japan"], "recipients": ["Beijing"], "trigger": "praised"}]
            made.append(coded(f"j{number:03}", line, day.isoformat(), praise))
    return made


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store's folder; tests that write use their own."""
    path = tmp_path_factory.mktemp("web") / "store"
    Store(path).add(reports())
    return path


@pytest.fixture(scope="session")
def client(folder: Path) -> Iterator[TestClient]:
    """A client of the application over that store."""
    with TestClient(create_app(folder), base_url="http://localhost") as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a test's fixtures how it went, so that a failure leaves a picture."""
    report = yield
    setattr(item, f"rep_{report.when}", report)
    return report
