"""Compressed streams unpacked as they are read, in bounded memory, and bombs refused."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final

from detente.errors import InputError

_FREE: Final = 64 << 20
"""So much may come out of any file, however small: a bomb is one that goes on."""
_BLOCK: Final = 1 << 16


class Counted(io.RawIOBase):
    """Any object with `read` as a raw stream that counts its bytes: one kind of buffer for files, pipes and bodies."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes came.

        Raises:
            InputError: the stream gives text.
        """
        data = self._stream.read(len(buffer))
        if isinstance(data, str):
            raise InputError("the stream gives text, not bytes: open it in binary mode")
        data = data or b""
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


class _Unpacked(io.RawIOBase):
    """What a decompressor gives. Where the data break off it ends, and `broken` says why; a bomb is an error."""

    def __init__(self, packed: Counted, stream: Any, ratio: int) -> None:
        self._packed, self._stream, self._ratio = packed, stream, ratio
        self._count = 0
        self.broken: str | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.broken:
            return 0
        try:
            data = self._stream.read1(min(len(buffer), _BLOCK))  # what came before a break is kept
        except EOFError:
            self.broken = "the compressed data end too early"
            return 0
        except (OSError, zlib.error, ValueError) as error:
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
            self.broken = f"the compressed data are broken: {reason}"
            return 0
        buffer[: len(data)] = data
        self._count += len(data)
        if self._count > _FREE and self._count > self._ratio * self._packed.count:
            raise InputError(f"unpacks to more than {self._ratio} times its size: a compression bomb")
        return len(data)


def _zstandard(packed: io.BufferedReader[Any]) -> Any:
    import pyarrow as pa  # only Zstandard needs it

    return pa.CompressedInputStream(pa.PythonFile(packed, "r"), "zstd")


_DECOMPRESSORS: Final[tuple[tuple[bytes, Callable[[Any], Any]], ...]] = (
    (b"\x1f\x8b", lambda packed: gzip.GzipFile(fileobj=packed)),
    (b"BZh", lambda packed: bz2.BZ2File(packed)),
    (b"\x28\xb5\x2f\xfd", _zstandard),
)


def unpacked(stream: BinaryIO, ratio: int) -> io.BufferedReader[Any]:
    """Return a buffered stream; gzip, bzip2 and Zstandard, known by their first bytes, are unpacked as it is read.

    Args:
        stream: anything with `read`.
        ratio: how many times its packed size a stream of more than 64 MiB may have.
    """
    counted = Counted(stream)
    buffered: io.BufferedReader[Any] = io.BufferedReader(counted, _BLOCK)
    head = buffered.peek(4)[:4]
    for magic, open_ in _DECOMPRESSORS:
        if head.startswith(magic):
            return io.BufferedReader(_Unpacked(counted, open_(buffered), ratio), _BLOCK)
    return buffered


def broken(stream: io.BufferedReader[Any]) -> str | None:
    """Say why a stream of `unpacked` ended before its data did, or return None."""
    return getattr(stream.raw, "broken", None)
