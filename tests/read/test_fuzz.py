"""Random and mutated files through every reader: no crash, no hang, bounded memory, faults of one line.

`DETENTE_FUZZ=10000` runs the long form (`make fuzz`); a plain run does some hundreds.
"""

from __future__ import annotations

import bz2
import gzip
import io
import os
import random
import resource
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detente.code.split import sentences
from detente.read.documents import documents
from detente.read.raw import Format
from detente.records import Fault

FORMATS: tuple[Format, ...] = ("text", "json", "html", "feed", "warc", "csv", "tsv", "parquet")
RUNS = int(os.environ.get("DETENTE_FUZZ", "400"))
WORDS = (
    b'date 2020-11-05 The envoy (@x) said "no". U.S. \xe2\x80\x94 pic.twitter.com/abcd <p> </p> {"text": [ ] } '
    b"\\ud800 , \n\n \r\n \x00 \xff"
).split(b" ")


def seeds() -> dict[Format, bytes]:
    """One good file a format, written here."""
    page = (
        b'<html><head><title>Talks</title><meta name="date" content="2020-11-05"></head><body><article><h1>Talks</h1>'
        b"<p>The two envoys met in Juba on Thursday and agreed on a truce, officials said after the talks.</p>"
        b"<p>A second round will be held next week in Addis Ababa, and both sides said they would "
        b"come.</p></article></body></html>"
    )
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    warc = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.example/\r\nWARC-Date: 2020-11-06T00:00:00Z\r\n"
    )
    warc += (
        b"WARC-Record-ID: <urn:uuid:1>\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n"
        % (len(http), http)
    )
    rss = b"<rss version='2.0'><channel><title>F</title><item><title>T</title>"
    rss += b"<pubDate>Thu, 05 Nov 2020 10:00:00 GMT</pubDate>"
    rss += b"<description>The envoys met in Juba.</description></item></channel></rss>"
    sink = io.BytesIO()
    pq.write_table(
        pa.table({"date": ["2020-11-05"] * 3, "text": ["The envoys met in Juba.", "They agreed.", "x"]}), sink
    )
    text = b"date 2020-11-05 The envoys met. pic.twitter.com/abcd1 \xe2\x80\x94 A B (@ab) May 1, 2020\n\n"
    text += b'"No," he said.\n\nThe U.S.'
    row = b'{"id": "a", "date": "2020-11-05", "text": "The envoys met in \\u004auba.", "title": "T"}\n'
    csv = b'date,text,title\n2020-11-05,"The envoys, both, met.",T\n'
    return {
        "text": text,
        "json": row * 3,
        "html": page,
        "feed": rss,
        "warc": warc * 2,
        "csv": csv,
        "tsv": csv.replace(b",", b"\t"),
        "parquet": sink.getvalue(),
    }


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Change some bytes, cut, repeat or swap pieces."""
    body = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if not body:
            break
        at, to = sorted((rng.randrange(len(body)), rng.randrange(len(body))))
        match rng.randrange(6):
            case 0:
                body[at] = rng.randrange(256)
            case 1:
                del body[at : min(to, at + 64)]
            case 2:
                body[at:at] = body[at : min(to, at + 200)] * rng.randint(1, 50)
            case 3:
                body[at:at] = rng.choice(WORDS) * rng.randint(1, 400)
            case 4:
                del body[to + 1 :]
            case _:
                body[at:at] = rng.randbytes(rng.randint(1, 40))
    return bytes(body)


def packed(data: bytes, rng: random.Random) -> bytes:
    """Pack one in four, and break some of those."""
    pack = rng.choice([None] * 9 + [gzip.compress, bz2.compress, lambda d: pa.compress(d, "zstd", asbytes=True)])
    if pack is None:
        return data
    made: bytes = pack(data)
    return mutated(made, rng) if rng.random() < 0.5 else made


def survives(data: bytes, kind: Format | None) -> float:
    """Read some bytes and split what comes; return the seconds it took."""
    faults: list[Fault] = []
    began = time.perf_counter()
    for found in documents(
        io.BytesIO(data), format=kind, date="2020-11-05", on_fault=faults.append, on_note=lambda _: None
    ):
        found.text.encode()
        for sentence in sentences(found):
            assert found.text[sentence.start : sentence.end].strip()
    for fault in faults:
        assert "\n" not in str(fault)
        assert len(str(fault)) < 400
        str(fault).encode()
    return time.perf_counter() - began


@pytest.mark.parametrize("kind", [None, *FORMATS])
def test_random_bytes(kind: Format | None) -> None:
    rng = random.Random(f"bytes {kind}")
    slowest = max(
        survives(packed(rng.randbytes(rng.randint(0, 4000)), rng), kind) for _ in range(RUNS // (len(FORMATS) + 1))
    )
    assert slowest < 10


@pytest.mark.parametrize("kind", FORMATS)
def test_mutated_files(kind: Format) -> None:
    rng = random.Random(f"mutated {kind}")
    seed = seeds()[kind]
    assert survives(seed, kind) < 10
    slowest = max(
        survives(packed(mutated(seed, rng), rng), rng.choice([kind, kind, None])) for _ in range(RUNS // len(FORMATS))
    )
    assert slowest < 10


def test_token_soup() -> None:
    rng = random.Random("soup")
    for _ in range(RUNS // 8):
        soup = b" ".join(rng.choice(WORDS) * rng.choice([1, 1, 1, 300]) for _ in range(rng.randint(1, 200)))
        assert survives(soup, rng.choice([None, *FORMATS])) < 10


@pytest.fixture(scope="module", autouse=True)
def before() -> int:
    """The peak of the session's memory before any of this file's tests, in KiB: other tests load large libraries."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def test_memory_stays_bounded(before: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak < max(1_500_000, before + 100_000)  # KiB
