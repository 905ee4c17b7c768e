"""Pages, feeds, archives, tables and compressed files, each made here."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import re
import time
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from detente.read.documents import documents
from detente.read.language import language
from detente.read.web import canonical, plain
from detente.records import Document, Fault

TEXT = "Norway and Russia agreed on Thursday to restore a hotline between their navies. Officials praised the step."


def read(source: object, **options: object) -> tuple[list[Document], list[str]]:
    faults: list[Fault] = []
    found = list(documents(source, on_fault=faults.append, **options))  # type: ignore[arg-type]
    return found, [str(f) for f in faults]


def html(head: str = "", extra: str = "") -> bytes:
    return f"""<!DOCTYPE html><html lang="en"><head><title>Ministers meet in Oslo | The Fjord</title>{head}</head><body>
    <nav><a href="/">Home</a> <a href="/world">World</a></nav><article><h1>Ministers meet in Oslo</h1>
    <p>OSLO (Kyodo) - The foreign ministers of Norway and Russia met in Oslo on Thursday and agreed to restore
    a hotline between their navies.</p>
    <p>The talks lasted three hours, officials said, and will go on next month in Moscow, where both sides want
    to sign a longer text.</p>{extra}
    <p>Neither side gave details of the hotline or said when it would be opened.
    Fishing crews welcomed the step.</p></article>
    <footer>Copyright The Fjord</footer></body></html>""".encode()


POST = """<blockquote class="twitter-tweet"><p lang="en">Good talks today in Oslo.
<a href="https://t.co/x">pic.twitter.com/AbCdEf1234</a></p>
&mdash; Norway MFA 🇳🇴 (@NorwayMFA) <a href="https://twitter.com/NorwayMFA/status/1">November 5, 2020</a></blockquote>"""


def test_page() -> None:
    head = (
        '<link rel="canonical" href="https://www.Fjord.example/world/oslo?utm_source=x#top"><meta '
        'property="og:site_name" content="The Fjord">'
        '<meta property="article:published_time" content="2020-11-05T09:00:00Z"><meta name="author" content="Ida Berg">'
    )
    (found,), faults = read(io.BytesIO(html(head, POST)))
    assert not faults
    assert (found.title, found.author, found.source) == ("Ministers meet in Oslo", "Ida Berg", "The Fjord")
    assert (found.url, str(found.date), found.date_rule) == (
        "https://www.fjord.example/world/oslo",
        "2020-11-05",
        "meta:article:published_time",
    )
    assert "Copyright" not in found.text
    assert "Home" not in found.text
    (post,) = [p for p in found.parts if p.kind == "tweet"]
    assert (post.author, str(post.date)) == ("Norway MFA", "2020-11-05")
    assert not found.truncated


LINKED = json.dumps(
    {"@graph": [{"@type": "NewsArticle", "datePublished": "2020-11-04T23:00:00+01:00", "author": {"name": "Ida Berg"}}]}
)


@pytest.mark.parametrize(
    ("head", "date", "rule"),
    [
        (f'<script type="application/ld+json">{LINKED}</script>', "2020-11-04", "json-ld:datePublished"),
        ('<meta name="pubdate" content="Thu, 05 Nov 2020 10:00:00 GMT">', "2020-11-05", "meta:pubdate"),
        (
            '<meta name="date" content="soon"><meta itemprop="dateCreated" content="20201105">',
            "2020-11-05",
            "meta:datecreated",
        ),
        ('<link rel="canonical" href="https://x.example/2020/11/05/oslo">', "2020-11-05", "url"),
        ('<time class="published" datetime="2020-11-05T10:00"></time>', "2020-11-05", "time:published"),
        ('<meta property="article:modified_time" content="2020-11-06">', "2020-11-06", "meta:article:modified_time"),
        (
            '<script type="application/ld+json">{broken</script><time datetime="2020-11-05">x</time>',
            "2020-11-05",
            "time:first",
        ),
    ],
)
def test_the_rule_that_gave_the_date(head: str, date: str, rule: str) -> None:
    (found,), _ = read(io.BytesIO(html(head)))
    assert (str(found.date), found.date_rule) == (date, rule)


def test_page_without_a_date() -> None:
    assert read(io.BytesIO(html()))[1][0].startswith("<stream>: no date")
    assert len(read(io.BytesIO(html()), date="2020-11-05")[0]) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"<html>" + b"<div>" * 300_000,
        b"<html>" + b"<div>" * 580 + b"text",
        b"<html>" + b"<x>" * 50_000,
        b"<html><p>" + b"a" * 3_100_000,
        b"<html><!--" * 10_000,
        b"<html>" + b"<script>" * 100_000,
        b"<html>" + b"<a href='" * 50_000,
        b"<html>" + b"&#x110000;" * 200_000,
        b"<html><body>" + b"<p>word word word.</p>" * 25_000,
        b"<html><table>" + b"<tr><td>" * 25_000,
        b"<html>" + "‮مرحبا".encode() * 50_000,
        b"<html><body><b><i>" * 3_000,
        b"<html><svg><script type=ld+json>" * 3_000,
    ],
    ids=lambda d: repr(d[:40]),
)
def test_hostile_pages(data: bytes) -> None:
    began = time.perf_counter()
    read(io.BytesIO(data), date="2020-11-05", format="html")
    assert time.perf_counter() - began < 8


RSS = """<?xml version="1.0"?><rss version="2.0"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>The Fjord</title>
<item><title>A &amp; B</title><link>http://x.example/a?utm_medium=rss</link>
<pubDate>Thu, 05 Nov 2020 10:00:00 GMT</pubDate>
<description>Short.</description><content:encoded>
<![CDATA[<p>Kenya sent envoys to Juba.</p><script>x()</script><p>They met rebels &amp; ministers.</p>]]>
</content:encoded></item>
<item><title>No date</title><description>Kenya sent more envoys.</description></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>The Fjord</title><entry>
<title>Envoys in Juba</title><link href="http://x.example/b"/>
<updated>2020-11-05T10:00:00Z</updated><author><name>Ida Berg</name></author>
<summary>Kenya sent envoys to Juba.</summary></entry></feed>"""


def test_feeds() -> None:
    (found,), faults = read(io.BytesIO(RSS.encode()))
    assert found.text == "Kenya sent envoys to Juba.\n\nThey met rebels & ministers."
    assert (found.title, found.url, found.source, str(found.date), found.date_rule) == (
        "A & B",
        "http://x.example/a",
        "The Fjord",
        "2020-11-05",
        "feed:published",
    )
    assert len(faults) == 1
    assert faults[0].startswith("<stream>:2: no date")
    (found,), faults = read(io.BytesIO(ATOM.encode()))
    assert (found.author, found.date_rule, faults) == ("Ida Berg", "feed:updated", [])


@pytest.mark.parametrize(
    "data",
    [
        b"<rss><channel><item><title>cut",
        b"<rss>" + b"<item>" * 30_000,
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b '
        b'"&a;&a;&a;">]><rss><channel><title>&b;</title></channel></rss>',
        b"<feed>" * 20_000,
        b"<rss><channel>" + b"<item><title>x</title><description>" + b"&lt;" * 400_000,
        b"<rss version='2.0'>" + b"\x00" * 1000,
    ],
    ids=lambda d: repr(d[:30]),
)
def test_hostile_feeds(data: bytes) -> None:
    began = time.perf_counter()
    read(io.BytesIO(data), format="feed")
    assert time.perf_counter() - began < 8


def warc(number: int, body: bytes, kind: str = "text/html") -> bytes:
    http = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n".encode() + body
    head = (
        f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.example/{number}\r\nWARC-Date: "
        f"2020-11-06T00:00:00Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{number}>\r\nContent-Type: application/http; "
        f"msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
    )
    return head.encode() + http + b"\r\n\r\n"


def test_archives() -> None:
    members = [
        warc(1, html('<meta name="date" content="2020-11-05">')),
        warc(2, b"\x89PNG", "image/png"),
        warc(3, html()),
    ]
    for data in (b"".join(members), b"".join(map(gzip.compress, members))):
        found, faults = read(io.BytesIO(data))
        assert not faults
        assert [d.date_rule for d in found] == ["meta:date", "warc:WARC-Date"]
        assert [d.url for d in found] == ["http://x.example/1", "http://x.example/3"]


def test_an_archive_that_breaks_off_keeps_what_came_before() -> None:
    whole = gzip.compress(warc(1, html())) + gzip.compress(warc(2, html() + os.urandom(3000)))
    found, faults = read(io.BytesIO(whole[:-1500]))
    assert len(found) == 1
    assert ["breaks off" in f or "end too early" in f for f in faults] == [True, True]
    found, faults = read(io.BytesIO((warc(1, html()) + warc(2, html()))[:-700]))
    assert len(found) == 1
    assert len(faults) == 1


def test_an_archive_prints_nothing_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    one = warc(1, html('<meta name="date" content="2020-11-05">'))
    length = int(re.findall(rb"Content-Length: (\d+)", one)[0])
    short = one.replace(b"Content-Length: %d" % length, b"Content-Length: %d" % (length - 6))
    packed = zlib.compress(html() + os.urandom(40_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: deflate\r\n\r\n"
    body = head + packed[:20_000] + bytes(20_000)
    broken = (
        b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://x.example/9\r\nWARC-Record-ID: <urn:uuid:9>\r\n"
        b"WARC-Date: 2020-11-06T00:00:00Z\r\nContent-Type: application/http\r\nContent-Length: %d\r\n\r\n%b\r\n\r\n"
    ) % (len(body), body)
    found, faults = read(io.BytesIO(short + broken + warc(2, html())))
    assert [d.url for d in found] == ["http://x.example/1", "http://x.example/2"]
    assert len(faults) == 2 and "length is wrong" in faults[0] and "cannot be unpacked" in faults[1]
    assert capfd.readouterr().err == ""


def test_tables(tmp_path: Path) -> None:
    notes: list[str] = []
    data = (
        f'\ufeffpublish_date;Headline;Body;Outlet\n2020-11-05;Hotline;"{TEXT}\nA ""second"" '
        f'line.";Fjord\n2020-11-06;short\n'.encode()
        + b"2020-11-06;a;\xff;b\n"
    )
    (found,), faults = read(io.BytesIO(data), format="csv", on_note=notes.append)
    assert (found.title, found.source, found.date_rule) == ("Hotline", "Fjord", "csv:publish_date")
    assert found.text.endswith('A "second" line.')
    not_utf8 = f"not UTF-8: byte 0xff at offset {data.index(0xFF)}; convert it to UTF-8 first"
    assert [f.split(": ", 1)[1] for f in faults] == ["2 fields where the first line names 4", not_utf8]
    assert notes == [
        "<stream>: took 'publish_date' for the date, 'Outlet' for the source, 'Body' for the text, "
        "'Headline' for the title"
    ]
    path = tmp_path / "a.tsv"
    path.write_text(f"when\twords\n2020-11-05\t{TEXT}\n")
    assert len(read(path, columns={"date": "when", "text": "words"})[0]) == 1
    assert "no column is the text" in read(path)[1][0]
    assert 'no column "word": there are when, words' in read(path, columns={"text": "word"})[1][0]


def test_an_open_quotation_mark_does_not_swallow_memory() -> None:
    _, faults = read(io.BytesIO(b'date,text\n2020-11-05,"' + b"word \n" * 100_000), format="csv")
    assert "field larger than field limit" in faults[0]


def test_parquet(tmp_path: Path) -> None:
    import datetime as dt

    path = tmp_path / "a.parquet"
    moment = dt.datetime(2020, 11, 5, 1)  # noqa: DTZ001 - many tables have times without a zone
    table = pa.table({"published": [moment, None], "content": [TEXT, TEXT], "extra": [1, 2]})
    pq.write_table(table, path)
    notes: list[str] = []
    (found,), faults = read(path, on_note=notes.append)
    assert (found.text, str(found.date), found.date_rule) == (TEXT, "2020-11-05", "parquet:published")
    assert len(notes) == len(faults) == 1
    data = path.read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    assert read(tmp_path / "cut.parquet")[1][0].split(": ", 1)[1].startswith("broken Parquet")


def zstandard(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(data)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, zstandard])
def test_compressed(pack: object) -> None:
    body = f"date 2020-11-05 {TEXT}\n\n".encode()
    one, two = pack(body), pack(body.replace(b"-05", b"-06"))  # type: ignore[operator]
    assert [d.text for d in read(io.BytesIO(one))[0]] == [TEXT]
    assert [d.date.day for d in read(io.BytesIO(one + two))[0]] == [5, 6]
    found, faults = read(io.BytesIO(one[:-9]))
    assert len(faults) <= 1
    assert found or faults
    assert len(read(io.BytesIO(one[:30] + b"\x00\xff\x13\xff" + one[34:]))[1]) == 1


@pytest.mark.parametrize("pack", [lambda d: gzip.compress(d, 6), bz2.compress, zstandard], ids=["gz", "bz2", "zst"])
def test_a_bomb_is_refused(pack: object) -> None:
    block = pack(b"date 2020-11-05 " + b"a " * 4_000_000)  # type: ignore[operator]
    began = time.perf_counter()
    found, faults = read(io.BytesIO(block * 40))
    assert not found
    assert len(faults) == 1
    assert time.perf_counter() - began < 8


def test_canonical_addresses() -> None:
    assert canonical("HTTP://X.example:80/a?b=1&utm_source=z&fbclid=3#c") == "http://x.example/a?b=1"
    assert canonical("/a", "https://x.example/b") == "https://x.example/a"
    for wrong in ("javascript:alert(1)", "http://[::1", "", None, "http://x.example:99999999/", "a" * 5000):
        assert canonical(wrong) is None


def test_plain_text_of_a_fragment() -> None:
    assert plain("<p>a &lt;b&gt;</p><style>x</style><br/>c<!-- d -->") == "a <b>\n\nc"
    began = time.perf_counter()
    plain("<" * 300_000 + "<p " * 100_000 + "<script>" * 30_000 + "<!--" * 30_000)
    assert time.perf_counter() - began < 6


LANGUAGES = [
    json.loads(line) for line in (Path(__file__).parents[1] / "cases" / "languages.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", LANGUAGES, ids=[f"{c['language']}-{i}" for i, c in enumerate(LANGUAGES)])
def test_language(case: dict) -> None:
    assert language(case["text"]) == case["language"]


def test_other_languages_are_kept_and_marked() -> None:
    text = next(c["text"] for c in LANGUAGES if c["language"] == "fr")
    (found,), faults = read(io.BytesIO(f"date 2020-11-05 {text}".encode()))
    assert (found.language, faults) == ("fr", [])


def test_real_reports_are_english(shared: Path) -> None:
    for name in ("syria_2016_2019.jsonl", "china_us_leads_2009_2020.jsonl"):
        found, faults = read(shared / "articles" / name)
        assert not faults
        assert [d.id for d in found if d.language != "en"] == []
