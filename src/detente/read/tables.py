"""CSV, TSV and Parquet → raw reports, a row a report; columns mapped by option, or guessed and said."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import BinaryIO, Final

from detente.errors import InputError
from detente.read.plain import lines, not_utf8
from detente.read.raw import FIELDS, Options, Raw, Rows
from detente.records import Fault

_GUESSES: Final[Mapping[str, str]] = {
    "id": "id doc_id docid document_id article_id articleid story_id guid uuid",
    "date": "date published publication_date pub_date pubdate published_at published_date publish_date "
    "date_publish date_published"
    " publishdate datetime created_at day timestamp dateadded",
    "text": "text body content article maintext full_text fulltext article_text story document articletext "
    "body_text plain_text",
    "title": "title headline head heading",
    "url": "url link uri address web_url permalink source_url",
    "source": "source outlet publisher publication newspaper domain source_domain sitename site media",
    "author": "author byline authors writer",
    "language": "language lang",
}
_ESCAPED: Final = re.compile("[\udc80-\udcff]")
_MOST_COLUMNS: Final = 2_000
_LARGEST_GROUP: Final = 1 << 30


def mapped(names: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Map the fields of a report to columns: as given, else by the names that archives use.

    Args:
        names: the columns there are.
        given: field → column, from the option.

    Raises:
        InputError: a given column is missing, or no column can be the text.
    """
    if missing := sorted(set(given.values()) - set(names)):
        raise InputError(f'no column "{missing[0]}": there are {", ".join(names[:12])}')
    plain = {re.sub(r"[\W_]+", "_", name.strip().lower()).strip("_"): name for name in reversed(names)}
    found = dict(given)
    for field in FIELDS:
        guess = next((plain[g] for g in _GUESSES[field].split() if g in plain and plain[g] not in found.values()), None)
        if field not in found and guess is not None:
            found[field] = guess
    if "text" not in found:
        raise InputError(f"no column is the text: name it (--column text=…); there are {', '.join(names[:12])}")
    return found


def _say_guess(found: Mapping[str, str], name: str, options: Options) -> None:
    guessed = {f: c for f, c in found.items() if options.columns.get(f) != c and f != c}
    if guessed:
        options.on_note(f"{name}: took {', '.join(f'{c!r} for the {f}' for f, c in sorted(guessed.items()))}")


def _raw(record: str, row: Mapping[str, object], rule: str, column: str | None) -> Raw:
    return Raw(record, **{"text": None, **row}, date_rule=f"{rule}:{column}" if column else None)


def _escaped(held: Sequence[tuple[int, str]], before: int) -> tuple[int, int]:
    """Return a byte that is not UTF-8 and its offset in the file, after so many others of the row."""
    found = ((begin, text, match) for begin, text in held for match in _ESCAPED.finditer(text))
    begin, text, match = next(islice(found, before, None))
    return ord(match[0]) - 0xDC00, begin + len(text[: match.start()].encode("utf-8", "surrogateescape"))


def read_csv(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read comma-, semicolon-, bar- or tab-separated rows under a line of names."""
    count = 0
    held: list[tuple[int, str]] = []  # the lines of the row, each with the bytes before it

    def text_lines() -> Iterator[str]:
        nonlocal count
        for _, begin, line in lines(stream, options.max_record):
            if line is None:
                raise InputError(f"line longer than {options.max_record:,} bytes")
            count += 1
            text = line.decode("utf-8-sig" if count == 1 else "utf-8", "surrogateescape")
            held.append((begin, text))
            yield text

    source = text_lines()
    head = next(source, None)
    if head is None or not head.strip():
        yield Fault(name, None, "empty: no line of column names")
        return
    delimiter = max("\t,;|", key=head.count)
    try:
        names = next(csv.reader([head], delimiter=delimiter))
        if len(names) > _MOST_COLUMNS:
            raise InputError(f"{len(names):,} columns: no table of reports")
        found = mapped(names, options.columns)
    except csv.Error as error:
        raise InputError(f"no line of column names: {error}") from None
    _say_guess(found, name, options)
    places = {field: names.index(column) for field, column in found.items()}
    rows = csv.reader(source, delimiter=delimiter)
    while True:
        record = str(count + 1)
        held.clear()
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Fault(name, record, f"broken row: {error}")
            continue
        if not any(row):
            continue
        if len(row) != len(names):
            yield Fault(name, record, f"{len(row)} fields where the first line names {len(names)}")
            continue
        values = {field: row[place] for field, place in places.items()}
        if wrong := [place for place in places.values() if _ESCAPED.search(row[place])]:
            before = sum(len(_ESCAPED.findall(cell)) for cell in row[: min(wrong)])
            yield Fault(name, record, not_utf8(*_escaped(held, before)))
            continue
        yield _raw(record, values, "tsv" if delimiter == "\t" else "csv", found.get("date"))


def read_parquet(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read a Parquet file's rows, some at a time. It must be a file: its table of contents stands at its end."""
    import pyarrow as pa  # only Parquet needs it
    import pyarrow.parquet as pq

    if not stream.seekable():
        raise InputError("Parquet can be read from a file only, not from a pipe or a compressed stream")
    stream.seek(0)
    count = 0
    try:
        file = pq.ParquetFile(
            stream, pre_buffer=False, buffer_size=1 << 20,
            thrift_string_size_limit=64 << 20, thrift_container_size_limit=1 << 20,
        )  # fmt: skip
        found = mapped(file.schema_arrow.names[:_MOST_COLUMNS], options.columns)
        _say_guess(found, name, options)
        for group in range(file.metadata.num_row_groups):
            meta = file.metadata.row_group(group)
            sizes = [
                meta.column(i).total_uncompressed_size
                for i in range(meta.num_columns)
                if meta.column(i).path_in_schema in found.values()
            ]
            if sum(sizes) > _LARGEST_GROUP or any(size < 0 for size in sizes):
                yield Fault(name, f"row group {group}", f"{sum(sizes):,} bytes unpacked: too large to read")
                continue
            for batch in file.iter_batches(batch_size=64, row_groups=[group], columns=sorted(set(found.values()))):
                for row in batch.to_pylist():
                    count += 1
                    yield _raw(
                        str(count),
                        {field: row[column] for field, column in found.items()},
                        "parquet",
                        found.get("date"),
                    )
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        raise InputError(f"broken Parquet after {count} rows: {reason}") from None
