"""The web server: routes, headers, errors. Pages are HTML; the same data lies beside them as .json and .csv."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from detente.errors import DetenteError, OptionError, QueryError, StoreError
from detente.highlight import STYLES
from detente.show.web import chart, data, pages
from detente.show.web.desk import Desk
from detente.show.web.reviews import Reviews
from detente.show.web.view import Facets, View, values, whole

LONGEST_ADDRESS: Final = 8192
"""Most bytes of an address, path and query."""
LONGEST_BODY: Final = 16384

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Guard:
    """Turns away addresses that are too long and hosts that are not this server's, and adds the headers.

    Args:
        app: what it stands before.
        hosts: names under which the server answers; empty for any (then a page of another site cannot pass for
            this one only because browsers keep their data apart).
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = ()) -> None:
        self.app = app
        self.hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", []))
                names = {name for name, _ in headers}
                headers += [pair for pair in HEADERS if pair[0] not in names]
                if b"content-security-policy" not in names:
                    headers.append((b"content-security-policy", POLICY.encode()))
                if b"cache-control" not in names:
                    headers.append((b"cache-control", b"no-cache"))
                message = {**message, "headers": headers}
            await send(message)

        refused = self._refused(scope)
        await (refused or self.app)(scope, receive, guarded)

    def _refused(self, scope: Scope) -> Response | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
            return PlainTextResponse("the address is too long", 414)
        if self.hosts:
            given = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
            name = given.rsplit(":", 1)[0] if not given.endswith("]") else given
            if name not in self.hosts:
                return PlainTextResponse("this server does not answer to that name", 421)
        return None


PATIENCE: Final = 2.5
"""Seconds after which a page says that it is still at work; the work goes on."""


class Errands:
    """Work that a page may not wait for: the same address asked again finds the same work, under way or done."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(16, thread_name_prefix="page")
        self._running: dict[str, tuple[float, Future[Mapping[str, Any]]]] = {}
        self._lock = threading.Lock()

    def run(self, address: str, work: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | float:
        """Return what the work gives, or the seconds for which it has run, where it takes longer than `PATIENCE`."""
        with self._lock:
            if address not in self._running:
                self._running[address] = time.perf_counter(), self._pool.submit(work)
            begun, errand = self._running[address]
        wait([errand], PATIENCE)
        if not errand.done():
            return time.perf_counter() - begun
        with self._lock:
            if self._running.get(address, (0, None))[1] is errand:
                del self._running[address]
        return errand.result()


def own(request: Request) -> bool:
    """Tell whether a request that changes something comes from a page of this very server."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.headers.get('host', '')}"


def environment() -> Environment:
    """Return the templates, which escape all they are given."""
    made = Environment(
        loader=PackageLoader("detente.show.web"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(pages.FILTERS)
    made.globals.update(pages.GLOBALS)
    return made


def create_app(
    path: str | Path, *, sql: bool = False, hosts: Sequence[str] = (), reviews: str | Path | None = None
) -> Starlette:
    """Return the web application of a store.

    Args:
        path: the store; it may still hold nothing.
        sql: also answer `/sql.json?q=SELECT …`.
        hosts: names under which the server answers; empty for any.
        reviews: file of reviews; by default `reviews.jsonl` in a local store's folder.
    """
    desk = Desk(path)
    local = "://" not in str(path)
    kept = Reviews(Path(reviews) if reviews else Path(path) / "reviews.jsonl" if local else None)
    book = pages.Book(desk, kept, metadata.version("detente"))
    templates = environment()

    errands = Errands()

    def page(name: str, work: Callable[..., Mapping[str, Any]]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            own_address = request.url.path + "?" + request.url.query
            found = errands.run(own_address, partial(work, request.query_params, **request.path_params))
            known = {"path": request.url.path, "book": book}
            if isinstance(found, float):
                waiting = templates.get_template("wait.html").render(
                    {**known, "since": round(found), "totals": desk.totals(), "address": own_address}
                )
                return Response(waiting, 202, media_type="text/html", headers={"retry-after": "2"})
            return Response(templates.get_template(name).render({**found, **known}), media_type="text/html")

        return answer

    def as_json(work: Callable[..., Any]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            found = work(request.query_params, **request.path_params)
            return Response(
                json.dumps(data.plain(found), ensure_ascii=False, separators=(",", ":")), media_type="application/json"
            )

        return answer

    def as_csv(
        work: Callable[..., tuple[Iterable[Mapping[str, Any]], Sequence[str], str]],
    ) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            rows, columns, name = work(request.query_params, **request.path_params)
            return Response(
                data.to_csv(rows, columns), media_type="text/csv",
                headers={"content-disposition": f'attachment; filename="{name}.csv"'},
            )  # fmt: skip

        return answer

    def picture(request: Request) -> Response:
        width = whole(request.query_params, "width", 1040, 4000)
        alone = not values(request.query_params, "inline")
        svg = book.picture(request.query_params, width=max(280, width), alone=alone, **request.path_params)
        policy = f"default-src 'none'; style-src '{chart.STYLE_HASH}'; frame-ancestors 'none'"
        return Response(svg, media_type="image/svg+xml", headers={"content-security-policy": policy})

    def compared(request: Request) -> Response:
        policy = f"default-src 'none'; style-src '{chart.STYLE_HASH}'; frame-ancestors 'none'"
        svg = book.compare_picture(request.query_params)
        return Response(svg, media_type="image/svg+xml", headers={"content-security-policy": policy})

    async def review(request: Request) -> Response:
        if not own(request):
            raise HTTPException(403, "a review must come from a page of this server")
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_BODY:
                raise HTTPException(413, "the review is too long")
        try:
            form = {name: found[-1] for name, found in parse_qs(body.decode("utf-8"), max_num_fields=20).items()}
        except (UnicodeDecodeError, ValueError):
            raise HTTPException(400, "the review cannot be read") from None
        told = book.review(form)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(told)
        return RedirectResponse(f"/report?{pages.address(id=form.get('document', ''))}#{told['event']}", 303)

    def go(request: Request) -> Response:
        query = request.query_params
        view = View.parse(query.get("a", ""), query.get("b", ""), query)
        return RedirectResponse(view.address(), 303)

    def openapi(request: Request) -> Response:
        return JSONResponse(data.openapi(book.version))

    def marks(request: Request) -> Response:
        rules = [
            f".d-{role}{{border-bottom:2px {line} {colour};"
            + (f"background:{colour}2a" if role in ("trigger", "actor", "recipient") else "")
            + "}"
            for role, (colour, line) in STYLES.items()
        ]
        return Response("\n".join(rules), media_type="text/css")

    def failed(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            status, told = error.status_code, str(error.detail)
        elif isinstance(error, OptionError | QueryError):
            status, told = 400, str(error)
        else:
            status, told = 404, str(error)
        path = request.url.path
        if path.endswith(".json") or "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"error": data.plain(told)}, status)
        if path.endswith((".csv", ".svg")):
            return PlainTextResponse(data.plain(told), status)
        context = {"status": status, "told": told, "path": path, "book": book}
        return Response(templates.get_template("error.html").render(context), status, media_type="text/html")

    def broken(request: Request, error: Exception) -> Response:
        # The traceback goes to the server's log; the page says no more than that.
        return failed(request, HTTPException(500, "the server failed to answer this; its log says why"))

    plain_pair = "/{a}/{b}"
    routes: list[Route | Mount] = [
        Route("/", page("home.html", book.home)),
        Route("/go", go),
        Route("/pairs.json", as_json(book.pairs_json)),
        Route("/pairs.csv", as_csv(book.pairs_csv)),
        Route("/live.json", as_json(book.live)),
        Route(f"/relation{plain_pair}/evidence.json", as_json(book.evidence_json)),
        Route(f"/relation{plain_pair}/evidence.csv", as_csv(book.evidence_csv)),
        Route(f"/relation{plain_pair}/point.json", as_json(book.point)),
        Route("/relation/{a}/{b}.json", as_json(book.relation_json)),
        Route("/relation/{a}/{b}.csv", as_csv(book.relation_csv)),
        Route("/relation/{a}/{b}.svg", picture),
        Route(f"/relation{plain_pair}", page("relation.html", book.relation)),
        Route("/ledger/{a}/{b}.json", as_json(book.ledger_json)),
        Route("/ledger/{a}/{b}.csv", as_csv(book.ledger_csv)),
        Route(f"/ledger{plain_pair}", page("ledger.html", book.ledger)),
        Route("/state/{a}.json", as_json(book.state_json)),
        Route("/state/{a}.csv", as_csv(book.state_csv)),
        Route("/state/{a}", page("state.html", book.state)),
        Route("/actor", page("actor.html", book.actor)),
        Route("/actor.json", as_json(book.actor_json)),
        Route("/actor.csv", as_csv(book.actor_csv)),
        Route("/report", page("report.html", book.report)),
        Route("/report.json", as_json(book.report_json)),
        Route("/report.csv", as_csv(book.report_csv)),
        Route("/matrix", page("matrix.html", book.matrix)),
        Route("/matrix.json", as_json(book.matrix_json)),
        Route("/matrix.csv", as_csv(book.matrix_csv)),
        Route("/compare", page("compare.html", book.compare)),
        Route("/compare.json", as_json(book.compare_json)),
        Route("/compare.csv", as_csv(book.compare_csv)),
        Route("/compare.svg", compared),
        Route("/search", page("search.html", book.search)),
        Route("/search.json", as_json(book.search_json)),
        Route("/search.csv", as_csv(book.search_csv)),
        Route("/method", page("method.html", book.method)),
        Route("/method.json", as_json(book.method_json)),
        Route("/method.csv", as_csv(book.method_csv)),
        Route("/reviews", page("reviews.html", book.reviewed)),
        Route("/reviews.json", as_json(book.reviews_json)),
        Route("/reviews.csv", as_csv(book.reviews_csv)),
        Route("/review", review, methods=["POST"]),
        Route("/data", page("data.html", book.data)),
        Route("/openapi.json", openapi),
        Route("/static/marks.css", marks),
        Mount("/static", StaticFiles(directory=str(resources.files("detente.show.web").joinpath("static")))),
    ]
    if sql:
        routes.insert(0, Route("/sql.json", as_json(partial(_sql, Desk(path)))))
    made = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, hosts=hosts), Middleware(GZipMiddleware, minimum_size=1024)],
        exception_handlers={DetenteError: failed, HTTPException: failed, 500: broken},
    )
    made.state.desk = desk
    return made


def _warm(desk: Desk) -> None:
    """Work out what the first visitor will ask for: the search's index and all pairs."""
    # Whoever asks before it is done waits for this very work; what goes wrong is told to those who ask.
    with contextlib.suppress(DetenteError):
        if desk.totals().documents:
            desk.words()
            desk.pairs(Facets())
            desk.values()


def _sql(desk: Desk, query: Any) -> list[dict[str, Any]]:
    asked = query.get("q", "")
    if not asked.strip():
        raise OptionError("q is empty; write one SELECT")
    # A desk of its own: a long question does not hold up the pages.
    return desk.rows(f"SELECT * FROM ({asked.rstrip().rstrip(';')}) LIMIT 10000") if asked else []


LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


def serve(
    path: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    sql: bool = False,
    names: Sequence[str] = (),
    reviews: str | Path | None = None,
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve a store until interrupted.

    Args:
        path: the store.
        host: the address to listen at; by default only this machine can reach it.
        port: the port.
        sql: see `create_app`.
        names: further names under which the server answers; on loopback its own are among them.
        reviews: see `create_app`.
        on_ready: called with the address once it is listened at.

    Raises:
        StoreError: the address cannot be listened at.
    """
    import socket

    import uvicorn

    loopback = host in ("127.0.0.1", "::1", "localhost")
    hosts = [*LOOPBACK, *names] if loopback else [*names, host] if names else []
    made = create_app(path, sql=sql, hosts=hosts, reviews=reviews)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            raise StoreError(f"cannot listen at {host}:{port}: {error.strerror}; choose another --port") from error
        threading.Thread(target=_warm, args=(made.state.desk,), daemon=True).start()
        on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
        config = uvicorn.Config(
            made, log_level="warning", server_header=False, date_header=True, timeout_keep_alive=20,
            h11_max_incomplete_event_size=LONGEST_ADDRESS + 16384, limit_concurrency=1000,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])


__all__ = ["create_app", "serve"]
