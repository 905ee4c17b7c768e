"""What a format gives before it is a document, and the options of reading."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from detente.records import Fault

Format = Literal["text", "html", "feed", "warc", "json", "csv", "tsv", "parquet"]

FIELDS = ("id", "date", "text", "title", "url", "source", "author", "language")
"""What a row of JSON Lines, CSV or Parquet can say of a report."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One report as its format gives it; `record` numbers it in its file for the reader of a fault."""

    record: str | None
    text: object
    date: object = None
    date_rule: str | None = None
    id: object = None
    title: object = None
    url: object = None
    source: object = None
    author: object = None
    language: object = None


Rows = Iterator[Raw | Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of reading.

    `date` dates what says no date itself. `format` is taken for every file instead of what its name and first
    bytes say. `columns` maps a field of `FIELDS` to the column or key that holds it. A report longer than
    `max_characters` is no report; a line, page or feed larger than `max_record` bytes is not read; a compressed
    file that grows beyond `max_ratio` times its size is a bomb. `on_note` hears what was guessed.
    """

    date: dt.date | None = None
    format: Format | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    on_note: Callable[[str], None] = lambda note: None
    max_characters: int = 1_000_000
    max_record: int = 16_000_000
    max_ratio: int = 200


def is_address(source: object) -> bool:
    """Tell whether a source is an http or https address."""
    return isinstance(source, str) and source[:8].lower().startswith(("http://", "https://"))
