"""Which reader a file takes: by its name, else by its first bytes."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from detente.errors import InputError
from detente.read import plain, tables, web
from detente.read.raw import Format, Options, Rows

Reader = Callable[[BinaryIO, str, Options], Rows]

READERS: Final[Mapping[Format, Reader]] = {
    "text": plain.read_text,
    "json": plain.read_json,
    "html": web.read_html,
    "feed": web.read_feed,
    "warc": web.read_warc,
    "csv": tables.read_csv,
    "tsv": tables.read_csv,
    "parquet": tables.read_parquet,
}

_SUFFIXES: Final[Mapping[str, Format]] = {
    ".jsonl": "json", ".ndjson": "json", ".json": "json", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".rss": "feed", ".atom": "feed", ".rdf": "feed",
    ".warc": "warc", ".wet": "warc", ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_PACKED: Final = (".gz", ".bz2", ".zst", ".zstd")
_FOREIGN: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a ZIP archive or office file: unpack it first",
    b"%PDF": "a PDF: take its text out first",
    b"\x7fELF": "a program",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "a database",
    b"\xd0\xcf\x11\xe0": "an office file: save it as text first",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"\xfd7zXZ": "an xz archive: unpack it first",
}


def format_of(name: str, stream: io.BufferedReader[Any]) -> Format:
    """Say the format of a stream.

    Args:
        name: the file's name, with or without the suffix of its compression.
        stream: its unpacked bytes; they are looked at, not read.

    Raises:
        InputError: the first bytes are those of a kind of file that holds no report.
    """
    head = stream.peek(2048)[:2048]
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise InputError(f"{what}: not a format that is read" if ":" not in what else what)
    if head.startswith(b"PAR1"):
        return "parquet"
    path = Path(name)
    while path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    suffix = _SUFFIXES.get(path.suffix.lower())
    return suffix or _sniffed(head)


def _sniffed(head: bytes) -> Format:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] in (b"{", b"["):
        return "json"
    if start.startswith(b"WARC/"):
        return "warc"
    low = start[:1024].lower()
    if low.startswith(b"<") and re.search(rb"<(?:rss|feed|rdf:rdf)\b", low):
        return "feed"
    if re.match(
        rb"(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body|meta|article|div)\b",
        low,
        re.DOTALL,
    ):
        return "html"
    return "text"
