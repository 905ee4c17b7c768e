"""Addresses: what a server on the loopback can do to a reader, and that it costs bounded time and memory."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from loopback import RSS, served

from detente.errors import InputError
from detente.read.documents import documents
from detente.read.fetch import Fetched, fetch
from detente.records import Document, Fault


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with served() as address:
        yield address


def read(source: str) -> tuple[list[Document], list[str]]:
    faults: list[Fault] = []
    return list(documents(source, on_fault=faults.append)), [f.reason for f in faults]


@pytest.mark.parametrize("path", ["feed", "packed", "moved", "feed.xml?a=1.html"])
def test_a_feed_at_an_address(server: str, path: str) -> None:
    (found,), faults = read(f"{server}/{path}")
    assert not faults
    assert (found.title, found.author, found.source, str(found.date)) == (
        "Envoys",
        "Ida Berg",
        "The Fjord",
        "2020-11-05",
    )
    assert found.url is not None and found.url.endswith("/a")


def test_a_page_at_an_address_keeps_it(server: str) -> None:
    (found,), faults = read(f"{server}/page")
    assert (found.date_rule, found.title, faults) == ("meta:date", "Talks", [])
    assert found.url is not None and found.url.endswith("/page")


def test_an_unchanged_feed_is_not_sent_again(server: str) -> None:
    first = fetch(f"{server}/feed")
    assert first is not None and first.data == RSS
    assert fetch(f"{server}/feed", before=first) is None
    assert fetch(f"{server}/feed", before=Fetched(b"", '"0"')) == first


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone", "404"), ("short", "breaks off"), ("bomb", "compression bomb|larger than"), ("loop", "redirect"),
        ("elsewhere", "file|redirect"), ("noise", "cannot be got"), ("broken", "malformed|no entry"),
    ],
)  # fmt: skip
def test_a_bad_answer_is_one_fault(server: str, path: str, words: str) -> None:
    found, faults = read(f"{server}/{path}")
    assert not found
    assert len(faults) == 1 and re.search(words, faults[0]) and "\n" not in faults[0]


@pytest.mark.parametrize("path", ["drip", "drip_head", "silent", "endless"])
def test_an_answer_has_so_much_time_and_so_many_bytes(server: str, path: str) -> None:
    began = time.perf_counter()
    with pytest.raises(InputError, match=r"no whole answer within 0\.5 s|larger than 1,000,000 bytes"):
        fetch(f"{server}/{path}", seconds=0.5, largest=1_000_000)
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:9/x", "http://[", "http://", "http://127.0.0.1:99999/", "http://a b/", "https://127.0.0.1:9"],
)
def test_no_server_is_one_fault(address: str) -> None:
    found, faults = read(address)
    assert not found
    assert len(faults) == 1
