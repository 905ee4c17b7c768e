"""A feed or page at an address, got when a user names it: bounded in bytes and in seconds, whatever the other end does."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from detente.errors import InputError
from detente.read.raw import is_address
from detente.read.text import line

SECONDS: Final = 30.0
"""Time for a whole answer, redirections included; a timeout of the socket alone lets a drop a second go on for ever."""
LARGEST: Final = 16_000_000
_BLOCK: Final = 1 << 16
_ACCEPT: Final = (
    "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer's bytes, and what lets the next request ask only whether it has changed."""

    data: bytes
    etag: str | None = None
    modified: str | None = None


def fetch(
    address: str, *, seconds: float = SECONDS, largest: int = LARGEST, before: Fetched | None = None
) -> Fetched | None:
    """Get what lies at an address.

    Proxies are taken from the environment, as `urllib` does. The answer may be packed with gzip; it is not unpacked
    here.

    Args:
        address: http or https.
        seconds: time for the whole of it.
        largest: bytes an answer may have.
        before: an earlier answer; if nothing has changed since, None is returned.

    Raises:
        InputError: no answer, not in time, too large, broken off, or one that says no; one line without the address.
    """
    if not is_address(address):
        raise InputError("no http or https address")
    sockets = _Sockets()
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.UnknownHandler(), urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(), urllib.request.HTTPErrorProcessor(), _Http(sockets), _Https(sockets),
    ):  # fmt: skip
        opener.add_handler(handler)
    headers = {"User-Agent": f"detente/{metadata.version('detente')}", "Accept": _ACCEPT, "Accept-Encoding": "gzip"}
    if before is not None and before.etag:
        headers["If-None-Match"] = before.etag
    if before is not None and before.modified:
        headers["If-Modified-Since"] = before.modified
    timer = threading.Timer(seconds, sockets.end)
    timer.daemon = True
    timer.start()
    try:
        with opener.open(urllib.request.Request(address, headers=headers), timeout=seconds) as answer:
            data = _body(answer, largest)
            if not sockets.late:
                return Fetched(data, answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
    except InputError:
        if not sockets.late:
            raise
    except urllib.error.HTTPError as error:
        with contextlib.suppress(OSError):
            error.close()
        if error.code == 304 and before is not None:
            return None
        if not sockets.late:
            raise InputError(f"the server answers {error.code} {line(error.reason) or ''}".rstrip()) from None
    except Exception as error:  # a hostile server reaches many corners of the protocol's parsers
        if not sockets.late and not isinstance(error, TimeoutError):
            reason: object = getattr(error, "reason", None) or error
            if not isinstance(reason, TimeoutError):
                said = getattr(reason, "strerror", None) or line(reason) or type(reason).__name__
                raise InputError(f"cannot be got: {str(said)[:150].lower()}") from None
    finally:
        timer.cancel()
    raise InputError(f"no whole answer within {seconds:g} s")


def _body(answer: Any, largest: int) -> bytes:
    kept = bytearray()
    while block := answer.read1(_BLOCK):
        kept += block
        if len(kept) > largest:
            raise InputError(f"the answer is larger than {largest:,} bytes")
    if answer.length:
        raise InputError(f"the answer breaks off, {answer.length:,} bytes before its end")
    return bytes(kept)


class _Sockets:
    """The sockets of one request, so that all can be shut when its time is over."""

    def __init__(self) -> None:
        self.late = False
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def add(self, one: socket.socket) -> None:
        with self._lock:
            self._open.append(one)
            if self.late:
                self._shut()

    def end(self) -> None:
        with self._lock:
            self.late = True
            self._shut()

    def _shut(self) -> None:
        for one in self._open:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own shutdown, which waits for nobody but drops its state under the reader.
                socket.socket.shutdown(one, socket.SHUT_RDWR)


def _watched(sockets: _Sockets, connection: Any) -> Any:
    create, connect = connection._create_connection, connection.connect

    def created(*arguments: Any, **keywords: Any) -> socket.socket:
        made: socket.socket = create(*arguments, **keywords)
        sockets.add(made)
        return made

    def connected() -> None:
        connect()
        sockets.add(connection.sock)

    connection._create_connection, connection.connect = created, connected
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, sockets: _Sockets) -> None:
        super().__init__()
        self._sockets = sockets

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(
            lambda host, **keywords: _watched(self._sockets, http.client.HTTPConnection(host, **keywords)), req
        )


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, sockets: _Sockets) -> None:
        super().__init__()
        self._sockets = sockets

    def https_open(self, req: urllib.request.Request) -> Any:
        context = ssl.create_default_context()
        return self.do_open(
            lambda host, **keywords: _watched(
                self._sockets, http.client.HTTPSConnection(host, context=context, **keywords)
            ),
            req,
        )
