"""Paths, folders, patterns and streams → documents, one at a time, with every bad input said and left out."""

from __future__ import annotations

import datetime as dt
import glob
import hashlib
import io
import logging
import os
import re
import stat
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from detente.errors import InputError, OptionError
from detente.read.compressed import broken, unpacked
from detente.read.formats import READERS, format_of
from detente.read.language import language
from detente.read.parts import layout
from detente.read.raw import FIELDS, Format, Options, Raw, is_address
from detente.read.text import clean, line, publication_date
from detente.records import Document, Fault

Source = str | os.PathLike[str] | BinaryIO
"""A file, folder, pattern such as `news/*.jsonl`, http(s) address, "-" for standard input, or an open binary stream."""


_LONGEST_REASON = 250


class InputWarning(UserWarning):
    """An input was left out, or read without some of its characters."""


def warn(fault: Fault) -> None:
    """Say a fault as an `InputWarning`: what `documents` does with faults unless told otherwise."""
    warnings.warn(str(fault), InputWarning, stacklevel=3)


def documents(
    source: Source | Iterable[Source],
    *,
    date: str | dt.date | None = None,
    on_fault: Callable[[Fault], None] | None = None,
    format: Format | None = None,
    columns: Mapping[str, str] | None = None,
    on_note: Callable[[str], None] | None = None,
    max_characters: int = 1_000_000,
) -> Iterator[Document]:
    """Read reports, in the order of the sources; files of a folder or pattern by name.

    One bad input is one fault and the rest is read: an empty file, no date, a wrong date, bytes that are not UTF-8,
    a broken JSON line, a missing field, a text without a letter (a million brackets), one of more than
    `max_characters` (five megabytes in a line), binary data. A good text with stray control characters, direction
    overrides or half surrogate pairs is read without them, and a fault says so; zero-width and direction marks that
    typesetting leaves go without a word.

    Args:
        source: file, folder, pattern, "-", an open binary stream, or several of these; or the http or https address of
            a feed, page or file, which is got in at most 30 s and 16 MB. Nothing is got that is not named so.
        date: date of what says none itself, `YYYY-MM-DD`.
        on_fault: called with each fault; left out, each is an `InputWarning`.
        format: the format of all inputs; left out, the name and the first bytes say.
        columns: field of a report (`id`, `date`, `text`, `title`, `url`, `source`, `author`, `language`) → the key
            or column that holds it; for CSV and Parquet guessed where left out.
        on_note: called with what was guessed; left out, the logger `detente.read` warns of it.
        max_characters: the longest text taken for a report.

    Returns:
        An iterator that holds one report at a time.

    Raises:
        OptionError: `date`, `format` or `columns` make no sense.
    """
    options = Options(
        date=_given_date(date),
        format=_given_format(format),
        columns=_given_columns(columns or {}),
        max_characters=max_characters,
        on_note=on_note or logging.getLogger("detente.read").warning,
    )
    single = isinstance(source, (str, os.PathLike)) or hasattr(source, "read")
    sources: Iterable[Source] = [source] if single else source  # type: ignore[list-item,assignment]
    return _documents(sources, options, on_fault or warn)


def files(paths: Iterable[str], on_fault: Callable[[Fault], None] = warn) -> list[str]:
    """List the files that paths, folders and patterns stand for, in the order `documents` reads them."""
    return [name for path in paths for name, _ in _opened(path, on_fault) if path != "-"]


def document(text: str, date: str | dt.date, *, title: str | None = None, source: str | None = None) -> Document:
    """Make one document of a text and its date.

    Raises:
        InputError: the text is empty or no text, or the date is wrong.
    """
    made, _ = _made(Raw(None, text, date, "option", title=title, source=source), Options())
    return made


def _given_date(date: str | dt.date | None) -> dt.date | None:
    try:
        return None if date is None else publication_date(date)
    except InputError as error:
        raise OptionError(f"date: {error}") from None


def _given_format(name: Format | None) -> Format | None:
    if name is not None and name not in READERS:
        raise OptionError(f"format: {name!r} is none of {', '.join(sorted(READERS))}")
    return name


def _given_columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    if wrong := sorted(set(columns) - set(FIELDS)):
        raise OptionError(f"columns: {wrong[0]!r} is none of {', '.join(FIELDS)}")
    return columns


def _documents(sources: Iterable[Source], options: Options, on_fault: Callable[[Fault], None]) -> Iterator[Document]:
    def say(fault: Fault) -> None:
        reason = line(fault.reason) or "cannot be read"
        shown = reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
        on_fault(Fault(line(fault.file) or "<file>", fault.record, shown))

    for source in sources:
        for name, opened in _opened(source, say):
            yield from _read(opened, name, options, say)


def _opened(source: Source, on_fault: Callable[[Fault], None]) -> Iterator[tuple[str, Callable[[], BinaryIO]]]:
    """Yield name and opener of each file of a source."""
    if not isinstance(source, (str, os.PathLike)):
        yield _stream_name(source), lambda: source
        return
    if source == "-":
        yield "<stdin>", lambda: sys.stdin.buffer
        return
    if is_address(source):
        yield str(source), lambda: _got(str(source))
        return
    path = Path(source)
    if path.is_dir():
        found = _files(path)
        if not found:
            on_fault(Fault(str(source), None, "no file in this folder"))
    elif not path.exists() and glob.has_magic(str(source)):
        names = glob.glob(str(source), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
        matched = sorted(map(Path, names))
        found = [file for m in matched for file in (_files(m) if m.is_dir() else [m])]
        if not found:
            on_fault(Fault(str(source), None, "no file has a name like this"))
    else:
        found = [path]
    for file in found:
        yield str(file), lambda file=file: file.open("rb")  # type: ignore[misc]


def _got(address: str) -> BinaryIO:
    from detente.read.fetch import fetch  # the network's modules, only where an address is named

    fetched = fetch(address)
    assert fetched is not None  # only a second request can say that nothing has changed
    return io.BytesIO(fetched.data)


def _stream_name(stream: BinaryIO) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) and name else "<stream>"


def _files(folder: Path) -> list[Path]:
    """List the plain files under a folder by name, without hidden ones and what is no plain file (pipes, sockets)."""
    found = []
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in files:
            path = Path(base) / name
            try:
                if not name.startswith(".") and stat.S_ISREG(path.stat().st_mode):
                    found.append(path)
            except OSError:
                continue
    return sorted(found)


def _read(
    open_: Callable[[], BinaryIO], name: str, options: Options, on_fault: Callable[[Fault], None]
) -> Iterator[Document]:
    try:
        stream = open_()
    except OSError as error:
        on_fault(Fault(name, None, (error.strerror or str(error)).lower()))
        return
    except InputError as error:
        on_fault(Fault(name, None, str(error)))
        return
    ours = name not in ("<stdin>", "<stream>")
    try:
        body = unpacked(stream, options.max_ratio)
        kind = options.format or format_of(urlsplit(name).path if is_address(name) else name, body)
        rows = READERS[kind](stream if kind == "parquet" and ours else body, name, options)
        for row in rows:
            if isinstance(row, Fault):
                if not (row.reason.startswith("empty") and broken(body)):
                    on_fault(row)
                continue
            try:
                made, removed = _made(row, options, (name, row.record))
            except InputError as error:
                on_fault(Fault(name, row.record, str(error)))
                continue
            if removed:
                on_fault(Fault(name, row.record, f"read without {removed}"))
            yield made
        if reason := broken(body):
            on_fault(Fault(name, None, reason))
    except OSError as error:
        on_fault(Fault(name, None, f"reading stopped: {(error.strerror or str(error)).lower()}"))
    except InputError as error:
        on_fault(Fault(name, None, str(error)))
    finally:
        if ours:
            stream.close()


def _made(raw: Raw, options: Options, origin: tuple[str, str | None] | None = None) -> tuple[Document, str | None]:
    """Make a document of what a format gave; say beside it which characters were taken out."""
    if not isinstance(raw.text, str):
        raise InputError("no text")
    if len(raw.text) > options.max_characters:
        raise InputError(f"longer than {options.max_characters:,} characters ({len(raw.text):,}): no report is")
    date, rule = _date(raw, options)
    text, removed = clean(raw.text)
    title = line(raw.title)
    found = layout(text, title, date)
    return (
        Document(
            id=line(raw.id) or content_id(text, date),
            text=text,
            date=date,
            title=found.title,
            source=line(raw.source),
            url=line(raw.url),
            author=line(raw.author) or found.author,
            language=_language(raw.language, text),
            parts=found.parts,
            truncated=found.cut is not None,
            date_rule=rule,
            origin=origin,
        ),
        removed,
    )


def _language(given: object, text: str) -> str:
    """Return the language a source names, as ISO 639-1 where it is a tag or a name of English, else the text's own."""
    name = (line(given) or "").lower()
    if name in ("english", "eng"):
        return "en"
    return re.split("[-_]", name)[0] if re.fullmatch(r"[a-z]{2,3}(?:[-_]\w+)*", name) else language(text)


def _date(raw: Raw, options: Options) -> tuple[dt.date, str | None]:
    if raw.date is None or raw.date == "":
        if options.date is None:
            raise InputError('no date: begin the text with "date YYYY-MM-DD", or give one for all (--date)')
        return options.date, "option"
    return publication_date(raw.date), raw.date_rule


def content_id(text: str, date: dt.date) -> str:
    """Return the id of a report that has none: 16 hexadecimal digits of the SHA-256 of its date and text."""
    return hashlib.sha256(f"{date.isoformat()}\n{text}".encode("utf-8", "replace")).hexdigest()[:16]
