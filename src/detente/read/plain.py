"""Dated plain text and JSON Lines → raw reports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from detente.errors import InputError
from detente.read.raw import FIELDS, Options, Raw, Rows
from detente.records import Fault

_HEADER: Final = re.compile(rb"\s{0,64}date[ \t]{0,8}:?[ \t]{1,8}(\d\S{0,40})(?=\s|$)", re.IGNORECASE)
_NEXT: Final = re.compile(rb"[ \t]{0,64}date[ \t]{0,8}:?[ \t]{1,8}\d{4}-\d\d-\d\d(?=\s|$)", re.IGNORECASE)
_FINISHED: Final = re.compile(rb"(?:[.!?]|\xe2\x80\xa6)[\"')\]\xe2\x80\x9d\x99\s]*$")
_CHUNK: Final = 1 << 16


def not_utf8(byte: int, offset: int) -> str:
    """Say that a byte of a file is not UTF-8."""
    return f"not UTF-8: byte 0x{byte:02x} at offset {offset}; convert it to UTF-8 first"


def decoded(data: bytes, begin: int) -> str:
    """Decode UTF-8.

    Args:
        data: the bytes.
        begin: how many bytes of the file stand before them.

    Raises:
        InputError: it is not UTF-8; names the offset in the file, and the encoding where its first bytes tell it.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError("not UTF-8 but UTF-16; convert it to UTF-8 first")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts behind the byte order mark.
        offset = begin + len(data) - len(error.object) + error.start
        raise InputError(not_utf8(error.object[error.start], offset)) from None


def lines(stream: BinaryIO, longest: int) -> Iterator[tuple[int, int, bytes | None]]:
    """Yield lines, each with its number and the bytes before it; None for one longer than `longest`, never held."""
    number = begin = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest and not line.endswith(b"\n"):
            size = len(line)
            while more := stream.readline(_CHUNK):
                size += len(more)
                if more.endswith(b"\n"):
                    break
            yield number, begin, None
            begin += size
        else:
            yield number, begin, line
            begin += len(line)


def read_text(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read dated plain text: `date YYYY-MM-DD`, then the text on the same line or below it.

    A line that begins so after a blank line or a finished sentence begins a further report of the same file.
    """
    kept: list[bytes] = []
    size, count, at_end, too_long = 0, 0, True, False
    begin = position = 0
    started = False

    def report() -> Iterator[Raw | Fault]:
        nonlocal count
        if not started:
            return
        count += 1
        record = str(count) if count > 1 else None
        if too_long:
            yield Fault(name, record, f"longer than {options.max_characters:,} characters: no report is")
            return
        data = b"".join(kept)
        try:
            header = _HEADER.match(data[3:] if data.startswith(b"\xef\xbb\xbf") else data)
            if not header:
                yield Raw(record, decoded(data, begin))
                return
            at = data.index(header[0])
            body = at + header.end()
            day = decoded(header[1], begin + at + header.start(1))
            yield Raw(record, decoded(data[body:], begin + body), day, "text:date")
        except InputError as error:
            yield Fault(name, record, str(error))

    limit = options.max_characters * 4 + 4096
    while line := stream.readline(_CHUNK):
        if at_end and started and _NEXT.match(line):
            yield from report()
            kept, size, too_long, started, begin = [], 0, False, False, position
        position += len(line)
        if line.strip():
            started = True
        at_end = not line.strip() or bool(_FINISHED.search(line[-40:]))
        size += len(line)
        too_long = too_long or size > limit
        if too_long:
            kept = []
        else:
            kept.append(line)
    if started:
        yield from report()
    elif not count:
        yield Fault(name, None, "empty: no text")


def read_json(stream: BinaryIO, name: str, options: Options) -> Rows:
    """Read JSON Lines, one report an object a line; also one array or object over several lines, as `.json` has it."""
    first = True
    some = False
    for number, begin, line in lines(stream, options.max_record):
        record = str(number)
        if line is None:
            some = True
            yield Fault(name, record, f"line longer than {options.max_record:,} bytes")
            continue
        body = line.strip().removeprefix(b"\xef\xbb\xbf")
        if not body:
            continue
        some = True
        if first and (body[:1] == b"[" or body == b"{"):
            yield from _whole_json(line, begin, stream, name, options)
            return
        first = False
        yield _row_of_json(body, begin + line.index(body), record, name, options)
    if not some:
        yield Fault(name, None, "empty: no text")


def _whole_json(head: bytes, begin: int, stream: BinaryIO, name: str, options: Options) -> Rows:
    limit = options.max_record * 4
    data = head + stream.read(limit)
    if len(data) > limit:
        yield Fault(name, None, f"JSON array larger than {limit:,} bytes: write JSON Lines, one object a line")
        return
    try:
        value = _parsed(data, begin)
    except InputError as error:
        yield Fault(name, None, str(error))
        return
    for index, item in enumerate(value if isinstance(value, list) else [value], start=1):
        yield _row(item, str(index), name, options, "json")


def _parsed(data: bytes, begin: int) -> Any:
    text = decoded(data, begin)
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError("broken JSON: nested too deep") from None
    except json.JSONDecodeError as error:
        raise InputError(f"broken JSON: {error.msg} at character {error.pos}") from None
    except ValueError:
        raise InputError("broken JSON: a number has too many digits") from None


def _row_of_json(body: bytes, begin: int, record: str, name: str, options: Options) -> Raw | Fault:
    try:
        return _row(_parsed(body, begin), record, name, options, "json")
    except InputError as error:
        return Fault(name, record, str(error))


def _row(item: object, record: str, name: str, options: Options, rule: str) -> Raw | Fault:
    if not isinstance(item, Mapping):
        return Fault(name, record, f"not an object with text and date but {type(item).__name__}")
    names = {field: options.columns.get(field, field) for field in FIELDS}
    if names["text"] not in item:
        return Fault(name, record, f'no field "{names["text"]}"')
    values = {field: item.get(key) for field, key in names.items()}
    if not isinstance(values["text"], str):
        return Fault(name, record, f'"{names["text"]}" is no string')
    return Raw(record, date_rule=f"{rule}:{names['date']}", **values)
