"""Hostile addresses, clients and text against the server; many readers during a load; its own description held to."""

from __future__ import annotations

import csv
import io
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from detente import Store
from detente.show.search import mark_words, parse_words
from detente.show.web.app import LOOPBACK, POLICY, create_app
from detente.show.web.pages import link
from tests.web.conftest import reports
from tests.web.hostile import ATTACK, hostile


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder = tmp_path_factory.mktemp("attacked") / "store"
    store = Store(folder)
    store.add(reports(12))
    store.add([hostile()])
    return TestClient(create_app(folder), base_url="http://localhost")


class _Page(HTMLParser):
    """What a browser would make of a page: its elements, attributes and links."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str | None] = []
        self.odd: list[str] = []
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given_ = dict(attrs)
        if tag == "script":
            self.scripts.append(given_.get("src"))
        if tag in ("img", "iframe", "object", "embed", "base", "style", "foreignobject"):
            self.odd.append(tag)
        self.odd += [f"{tag} {name}" for name in given_ if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action"):
            value = (given_.get(name) or "").strip().lower()
            if value and not value.startswith(("/", "#", "?", "http://", "https://")):
                self.odd.append(f"{tag} {name}={value[:40]}")


HOSTILE_PAGES = (
    "/", "/relation/CHN/USA?from=2020-05-01&to=2020-05-31", "/ledger/CHN/USA", "/state/CHN", "/matrix", "/method", "/reviews",
    "/search?q=accused", "/search?" + urlencode({"q": "<script>alert(1)</script>"}), "/search?" + urlencode({"q": ATTACK[:100]}),
    "/report?" + urlencode({"id": hostile().document.id}),
    "/actor?" + urlencode({"name": "China</a><script>window.pwned=1</script>"}),
    "/actor?" + urlencode({"name": ATTACK}), "/report?id=%3Cscript%3Ealert(1)%3C/script%3E",
    "/relation/CHN/USA?" + urlencode({"source": "<img src=x onerror=alert(1)>"}),
    "/relation/CHN/USA?" + urlencode({"happening": "<script>x</script>"}), "/<script>alert(1)</script>",
)  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE_PAGES)
def test_attack_strings_stay_text(attacked: TestClient, address: str) -> None:
    answer = attacked.get(address)
    assert answer.status_code < 500
    page = _Page()
    page.feed(answer.text)
    assert page.scripts == ["/static/theme.js", "/static/page.js"] and page.odd == []
    assert "\u202e" not in page.text and "\x1b" not in page.text
    if address.startswith(("/report?id=x", "/search?q=accused")):
        assert "{{7*7}}" in page.text and "<script>" in page.text
    assert answer.headers["content-security-policy"] == POLICY


def test_the_policy_lets_nothing_inline_or_foreign_in() -> None:
    assert "unsafe" not in POLICY and "http" not in POLICY and "*" not in POLICY
    assert "default-src 'none'" in POLICY and "frame-ancestors 'none'" in POLICY and "base-uri 'none'" in POLICY


def test_attack_strings_in_a_picture_stay_text(attacked: TestClient) -> None:
    import xml.etree.ElementTree as ET

    answer = attacked.get("/relation/CHN/USA.svg?from=2020-05-01&to=2020-05-31&by=week")
    root = ET.fromstring(answer.text)
    assert {element.tag.rsplit("}", 1)[-1] for element in root.iter()} <= {
        "svg", "style", "text", "line", "rect", "circle", "polygon", "polyline",
    }  # fmt: skip
    assert "script-src" not in answer.headers["content-security-policy"]


def test_a_spreadsheet_takes_no_cell_for_a_formula(attacked: TestClient) -> None:
    text = attacked.get("/relation/CHN/USA/evidence.csv?from=2020-05-01&to=2020-05-31").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert rows and all(row["source"].startswith("'=") for row in rows)
    for row in rows:
        assert not [cell for cell in row.values() if cell[:1] in "=+@" and cell]


TRAVERSALS = (
    "/static/../app.py", "/static/..%2f..%2fapp.py", "/static/%2e%2e/%2e%2e/pages.py", "/static/....//app.py", "/static//etc/passwd",
    "/static/..%5c..%5capp.py", "/static/%00", "/static/style.css%00.js", "/static/.", "/static",
    "/report?id=../../../etc/passwd", "/report.json?id=%2Fetc%2Fpasswd", "/relation/..%2f/USA",
)  # fmt: skip


@pytest.mark.parametrize("address", TRAVERSALS)
def test_no_path_leads_out(attacked: TestClient, address: str) -> None:
    answer = attacked.get(address)
    assert answer.status_code in (400, 404, 405, 307)
    assert "root:" not in answer.text and "import " not in answer.text


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/search?q=" + "a" * 9000, 414),
        ("/relation/CHN/USA?" + "&".join(f"source={n}" for n in range(200)), 400),
        ("/search?q=" + "a" * 300, 400),
        ("/" + "a" * 9000, 414),
        ("/search?q=x&page=99999999999999999999", 400),
        ("/relation/CHN/USA.svg?width=100000", 400),
        ("/relation/CHN/USA?version=-1", 400),
        ("/relation/CHN/USA?from=0001-01-01&to=9999-12-31", 400),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_too_much_is_refused(attacked: TestClient, address: str, status: int) -> None:
    assert attacked.get(address).status_code == status


INJECTIONS = (
    "' OR 1=1 --",
    "'; DROP TABLE records; --",
    "China') UNION SELECT text FROM records --",
    "%",
    "_",
    "\\",
    "\x00",
    "?",
)


@pytest.mark.parametrize("words", INJECTIONS)
def test_sql_in_a_value_is_a_value(attacked: TestClient, words: str) -> None:
    for path, name in (
        ("/search.json", "q"),
        ("/actor.json", "name"),
        ("/report.json", "id"),
        ("/relation/CHN/USA.json", "source"),
    ):
        answer = attacked.get(f"{path}?{urlencode({name: words})}")
        assert answer.status_code in (200, 400, 404), answer.text
        if answer.status_code == 200 and name == "name":
            assert answer.json()["events"] == []
    assert attacked.get("/live.json").json()["documents"] == 15


def test_only_own_names_are_answered(tmp_path: Path) -> None:
    client = TestClient(create_app(tmp_path / "s", hosts=LOOPBACK), base_url="http://localhost:8765")
    assert client.get("/").status_code == 200
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8765", ""):
        assert client.get("/", headers={"host": host}).status_code == 421
    assert client.get("/", headers={"host": "[::1]:8765"}).status_code == 200


def test_sql_is_answered_only_where_it_was_asked_for(tmp_path: Path) -> None:
    Store(tmp_path / "s").add(reports(6))
    client = TestClient(create_app(tmp_path / "s", sql=True), base_url="http://localhost")
    assert client.get("/sql.json?q=select count(*) as n from documents").json() == [{"n": 7}]
    for asked in (
        "",
        "drop table records",
        "select 1; select 2",
        "select * from read_text('/etc/passwd')",
        "copy records to '/tmp/x'",
    ):
        answer = client.get("/sql.json?" + urlencode({"q": asked}))
        assert answer.status_code == 400 and "root:" not in answer.text


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://example.org/a?b=c#d", True), ("http://example.org", True), ("HTTPS://EXAMPLE.ORG", True),
        ("javascript:alert(1)", False), ("data:text/html,x", False), ("//example.org", False), ("/etc/passwd", False),
        ("https:", False), ("file:///etc/passwd", False), ("java\nscript:alert(1)", False), ("http://[bad", False), ("", False),
        ("https://example.org/" + "a" * 3000, False),
    ],
)  # fmt: skip
def test_only_web_addresses_are_links(url: str, good: bool) -> None:
    assert (link(url) == url) is good


@given(st.text(max_size=60), st.text(max_size=120))
def test_marking_words_never_opens_a_tag(asked: str, sentence: str) -> None:
    try:
        terms = parse_words(asked)
    except ValueError:
        return
    page = _Page()
    made = mark_words(sentence, terms)
    page.feed(made)
    assert "<" not in made.replace("<mark>", "").replace("</mark>", "")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "q",
                    "from",
                    "to",
                    "type",
                    "mode",
                    "by",
                    "at",
                    "source",
                    "page",
                    "version",
                    "name",
                    "id",
                    "status",
                    "min_confidence",
                    "happening",
                    "pair",
                    "order",
                    "width",
                ]
            ),
            st.text(max_size=30),
        ),
        max_size=6,
    )
)
def test_no_query_breaks_a_page(attacked: TestClient, parts: list[tuple[str, str]]) -> None:
    query = urlencode(parts, errors="replace")
    for path in (
        "/",
        "/relation/CHN/USA",
        "/relation/CHN/USA.svg",
        "/search",
        "/actor",
        "/report",
        "/matrix",
        "/compare",
        "/state/CHN",
        "/ledger/CHN/USA",
        "/matrix.csv",
        "/compare.svg",
        "/search.json",
    ):
        assert attacked.get(f"{path}?{query}").status_code < 500, f"{path}?{query}"


def _port() -> socket.socket:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening


class _Running:
    """The application under a real server."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        self.listening = _port()
        self.port = self.listening.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(create_app(folder, hosts=LOOPBACK), log_level="error"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listening]}, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def __enter__(self) -> _Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.listening.close()


def _ask(port: int, path: str) -> int:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link_:
        link_.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while piece := link_.recv(65536):
            answer += piece
    return int(answer.split(b" ", 2)[1]) if b"\r\n\r\n" in answer else 0


def test_two_hundred_readers_during_a_load_see_no_error(tmp_path: Path) -> None:
    made = reports()
    Store(tmp_path / "s").add(made[:10])
    paths = ("/relation/CHN/USA", "/", "/relation/CHN/USA.json", "/search?q=envoy", "/live.json")
    with _Running(tmp_path / "s") as running, ThreadPoolExecutor(200) as readers:

        def load() -> None:
            for start in range(10, len(made), 12):
                Store(tmp_path / "s").add(made[start : start + 12])

        loading = threading.Thread(target=load)
        loading.start()
        answers = list(readers.map(lambda n: _ask(running.port, paths[n % len(paths)]), range(200)))
        loading.join()
        # A page that is still at work says so (202), and opens by itself.
        assert set(answers) <= {200, 202} and answers.count(200) > 150
        assert _ask(running.port, "/live.json") == 200


def test_slow_clients_hold_up_nobody(tmp_path: Path) -> None:
    Store(tmp_path / "s").add(reports(12))
    with _Running(tmp_path / "s") as running:
        slow = []
        for _ in range(60):
            link_ = socket.create_connection(("127.0.0.1", running.port))
            link_.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            slow.append(link_)
        start = time.perf_counter()
        assert _ask(running.port, "/live.json") == 200
        assert time.perf_counter() - start < 5
        for link_ in slow:
            link_.close()


def test_the_server_does_what_its_openapi_document_says(folder: Path) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis (dev group)")
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

    app = create_app(folder)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    checked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy())
        def holds(case: object) -> None:
            case.call_and_validate(  # type: ignore[attr-defined]
                checks=[not_a_server_error, status_code_conformance, response_schema_conformance],
                headers={"host": "localhost"},
            )

        holds()
        checked += 1
    assert checked == len(app.routes and schema.raw_schema["paths"])
