"""A server on the loopback that misbehaves in every way a feed can; each path is one way."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RSS = b"""<rss version="2.0"><channel><title>The Fjord</title><item><title>Envoys</title><link>/a?utm_source=x</link>
<pubDate>Thu, 05 Nov 2020 10:00:00 GMT</pubDate><author>Ida Berg</author>
<description>Kenya sent envoys to Juba on Thursday.</description></item></channel></rss>"""
PAGE = b"""<html><head><title>Talks</title><meta name="date" content="2020-11-05"></head><body><article><h1>Talks</h1>
<p>The two envoys met in Juba on Thursday and agreed on a truce, officials said after the talks ended.</p>
<p>A second round will be held next week in Addis Ababa, and both sides said they would come.</p></article></body></html>"""


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        try:
            getattr(self, "a_" + self.path.strip("/").split(".")[0].split("?")[0])()
        except OSError:
            self.close_connection = True

    def head(self, status: int = 200, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def body(self, data: bytes, **headers: object) -> None:
        self.head(Content_Length=len(data), **headers)
        self.wfile.write(data)

    def a_feed(self) -> None:
        if self.headers.get("If-None-Match") == '"1"':
            self.head(304, Content_Length=0)
        else:
            self.body(RSS, ETag='"1"', Last_Modified="Thu, 05 Nov 2020 10:00:00 GMT")

    def a_packed(self) -> None:
        self.body(gzip.compress(RSS), Content_Encoding="gzip")

    def a_page(self) -> None:
        self.body(PAGE, Content_Type="text/html")

    def a_moved(self) -> None:
        self.head(302, Location="/feed", Content_Length=0)

    def a_loop(self) -> None:
        self.head(302, Location="/loop", Content_Length=0)

    def a_elsewhere(self) -> None:
        self.head(302, Location="file:///etc/hostname", Content_Length=0)

    def a_broken(self) -> None:
        self.body(RSS[:45])

    def a_gone(self) -> None:
        self.head(404, Content_Length=0)

    def a_short(self) -> None:
        self.head(Content_Length=len(RSS) + 100)
        self.wfile.write(RSS)
        self.close_connection = True

    def a_bomb(self) -> None:
        self.body(gzip.compress(b"<rss><channel>" + b" " * 300_000_000), Content_Encoding="gzip")

    def a_endless(self) -> None:
        self.head(Content_Type="text/xml")
        while True:
            self.wfile.write(b"<item><title>more</title></item>" * 2000)

    def a_drip(self) -> None:
        self.head(Content_Length=10_000)
        while True:
            self.wfile.write(b"x")
            time.sleep(0.05)

    def a_drip_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            self.wfile.write(b"x")
            time.sleep(0.05)

    def a_silent(self) -> None:
        time.sleep(3)
        self.close_connection = True

    def a_noise(self) -> None:
        self.wfile.write(bytes(range(256)) * 20)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[str]:
    """Serve on a free port of the loopback; yield the address."""
    made = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.daemon_threads = True
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_address[1]}"
    finally:
        made.shutdown()
        made.server_close()
