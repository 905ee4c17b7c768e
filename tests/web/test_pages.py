"""Every page and data route over a small store: what it says, and that its address restores it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from detente import Store, relation
from detente.code.coder import bundled_manifest
from detente.measure.level import ErrorRates, level
from detente.show.web.app import create_app
from detente.show.web.view import View

PAGES = {
    "/": "Relations",
    "/relation/CHN/USA": "China",
    "/relation/CHN/USA?by=quarter&direction=ab&count=reports": "CHN → USA",
    "/relation/CHN/USA?type=SANCTION&mode=ACCUSE%2Fdisapprove&context=economic&source=Wire&attributed=no": "SANCTION",
    "/relation/CHN/USA?status=planned&status=actual&min_confidence=70&from=2017-01-01&to=2019-12-31": "counted",
    "/relation/CHN/USA?at=2016-02-20": "February 2016",
    "/relation/CHN/USA?sector_a=GOV": "CHN GOV",
    "/relation/CHN/FRA": "Nothing between the two",
    "/ledger/CHN/USA": "threatens",
    "/state/CHN": "Japan",
    "/state/FRA": "No act between",
    "/actor?name=China": "Did",
    "/actor?name=Nobody+at+all": "Nothing that Nobody at all",
    "/report?id=r000": "received",
    "/matrix": "United States",
    "/matrix?by=quarter&order=conflict": "Q1",
    "/compare": "China",
    "/compare?pair=CHN-JPN&by=year": "Japan",
    "/search": "Search",
    "/search?q=envoy*": "<mark>envoy",
    "/search?q=zebra": "No sentence holds",
    "/method": "SANCTION",
    "/?type=SUPPORT": "China – Japan",
    "/?type=AID": "with these filters",
    "/matrix?source=Wire&from=2017-01-01&min_confidence=50": "at least 50 % sure",
    "/matrix?context=military": "Take all filters away",
    "/compare?context=economic&pair=CHN-USA": "economic",
    "/state/CHN?type=SUPPORT&attributed=no": "Japan",
    "/state/CHN?type=AID": "with these filters",
    "/actor?name=China&mode=SANCTION%2Fexpel&status=planned": "counted: planned",
    "/ledger/CHN/USA?source=Wire&from=2018-01-01": "from 1 Jan 2018",
    "/search?q=envoys+trade&order=newest": "Search",
    "/method?version=1": "version 1",
    "/reviews": "Nothing reviewed yet",
    "/data": "/relation/{a}/{b}.json",
}


@pytest.mark.parametrize("address", PAGES)
def test_a_page_says_what_it_is_about(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert PAGES[address] in answer.text
    assert answer.text.count("<h1") == 1
    assert "<script>" not in answer.text and " style=" not in answer.text and " onclick" not in answer.text


DATA = [
    "/live.json", "/pairs.json", "/relation/CHN/USA.json", "/relation/CHN/USA/evidence.json?at=2016-02-20",
    "/relation/CHN/USA/point.json?at=2016-02-20", "/ledger/CHN/USA.json", "/state/CHN.json", "/actor.json?name=China",
    "/report.json?id=r000", "/search.json?q=trade", "/matrix.json", "/compare.json", "/method.json", "/reviews.json", "/openapi.json",
]  # fmt: skip


@pytest.mark.parametrize("address", DATA)
def test_data_is_json(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    json.loads(answer.text)


@pytest.mark.parametrize(
    "address",
    ["/pairs.csv", "/relation/CHN/USA.csv", "/relation/CHN/USA/evidence.csv", "/ledger/CHN/USA.csv", "/state/CHN.csv",
     "/actor.csv?name=China", "/report.csv?id=r000", "/search.csv?q=trade", "/reviews.csv", "/matrix.csv?by=year", "/compare.csv?pair=CHN-JPN", "/method.csv"],
)  # fmt: skip
def test_data_is_csv_with_one_width(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len({len(row) for row in rows}) == 1 and (len(rows) > 1 or "reviews" in address)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nothing", 404), ("/report?id=none", 404), ("/report", 400), ("/actor", 400), ("/relation/china/USA", 400),
        ("/relation/CHN/USA?by=hour", 400), ("/relation/CHN/USA?from=yesterday", 400),
        ("/relation/CHN/USA?from=2020-01-01&to=2019-01-01", 400), ("/relation/CHN/USA?status=maybe", 400),
        ("/relation/CHN/USA?min_confidence=1000", 400), ("/relation/CHN/USA?happening=none", 404),
        ("/relation/CHN/USA?version=99", 404), ("/relation/CHN/USA?by=day&from=1900-01-01", 400),
        ("/relation/CHN/USA/point.json", 400), ("/search?q=" + "+".join("abcdefghijklmn"), 400), ("/sql.json?q=select+1", 404),
    ],
)  # fmt: skip
def test_a_wrong_address_is_told_in_a_line(client: TestClient, address: str, status: int) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    if ".json" in address:
        assert answer.json()["error"]


def test_the_page_shows_the_numbers_that_the_library_gives(client: TestClient, folder: Path) -> None:
    found = relation(Store(folder), "CHN", "USA", by="month", from_="2016-01-15")
    told = client.get("/relation/CHN/USA.json").json()
    assert [p["joint"]["happenings"] for p in told["points"]] == [p.happenings for p in found.series["joint"]]
    assert [p["ab"]["conflict"] for p in told["points"]] == [p.conflict for p in found.series["CHN→USA"]]
    assert [p["level"] for p in told["points"]] == [
        one.value for one in level(found, errors=ErrorRates.from_manifest(bundled_manifest().get("errors", {})))
    ]
    assert told["changes"] and told["changes"][0]["after"] < told["changes"][0]["before"]
    page = client.get("/relation/CHN/USA").text
    assert told["changes"][0]["words"].split(":")[0] in page


def test_facets_by_type_keep_only_these_types(client: TestClient) -> None:
    every = client.get("/relation/CHN/USA.json").json()["points"]
    some = client.get("/relation/CHN/USA.json?type=SANCTION").json()["points"]
    assert sum(p["joint"]["happenings"] for p in some) == sum(p["joint"]["types"].get("SANCTION", 0) for p in every) > 0
    assert all(set(p["joint"]["types"]) <= {"SANCTION"} for p in some)
    assert [p["read"] for p in some] == [p["read"] for p in every]


def test_an_address_restores_its_view() -> None:
    from starlette.datastructures import QueryParams

    asked = QueryParams(
        "by=week&direction=ba&count=reports&sector_a=GOV&from=2017-01-01&to=2018-01-01&status=actual&status=planned"
        "&type=SANCTION&mode=ACCUSE/disapprove&context=economic&source=A+%26+B&attributed=yes&min_confidence=40"
        "&version=3&at=2017-05-05&happening=x"
    )
    view = View.parse("CHN", "USA", asked)
    assert View.parse("CHN", "USA", QueryParams(view.query().removeprefix("?"))) == view
    assert View.parse("CHN", "USA", QueryParams("by=month&status=actual")).query() == ""


def test_a_version_in_the_address_shows_that_version(tmp_path: Path) -> None:
    from tests.web.conftest import reports

    made = reports()
    store = Store(tmp_path / "s")
    store.add(made[:40])
    first = store.version
    store.add(made[40:])
    with TestClient(create_app(tmp_path / "s"), base_url="http://localhost") as client:
        old = client.get(f"/relation/CHN/USA.json?version={first}").json()
        new = client.get("/relation/CHN/USA.json").json()
        assert old["store_version"] == first and len(old["points"]) < len(new["points"])


def test_a_growing_store_shows_without_a_restart(tmp_path: Path) -> None:
    from tests.web.conftest import reports

    made = reports()
    with TestClient(create_app(tmp_path / "s"), base_url="http://localhost") as client:
        assert client.get("/live.json").json()["documents"] == 0
        assert "holds no report yet" in client.get("/").text
        assert "holds no report yet" in client.get("/relation/CHN/USA").text
        Store(tmp_path / "s").add(made)
        assert client.get("/live.json").json()["documents"] == len(made)
        assert "United States" in client.get("/").text


def test_the_chart_stands_alone_as_a_file(client: TestClient) -> None:
    answer = client.get("/relation/CHN/USA.svg?width=500")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    import xml.etree.ElementTree as ET

    root = ET.fromstring(answer.text)
    assert root.get("width") == "500" and "<style>" in answer.text


def test_openapi_lists_every_data_route(client: TestClient) -> None:
    told = set(client.get("/openapi.json").json()["paths"])
    routes = {route.path for route in client.app.routes if re.search(r"\.(json|csv)$", route.path)}  # type: ignore[attr-defined]
    assert routes - told == {"/openapi.json", "/relation/{a}/{b}/point.json"}
    assert told <= routes


def test_a_review_is_kept_apart_measured_and_given_out(tmp_path: Path) -> None:
    from tests.web.conftest import reports

    store = Store(tmp_path / "s")
    store.add(reports()[:20])
    before = store.version
    with TestClient(create_app(tmp_path / "s"), base_url="http://localhost") as client:
        form = {"document": "r000", "event": "v1", "verdict": "wrong", "note": "the host acts"}
        told = client.post("/review", data=form, headers={"accept": "application/json"})
        assert told.json()["reviewed"] == 1 and told.json()["right"] == 0
        client.post("/review", data={**form, "document": "r001", "verdict": "right", "note": ""})
        assert "1 of 2" in client.get("/reviews").text and "the host acts" in client.get("/reviews").text
        client.post("/review", data={**form, "verdict": "right", "note": "no, it is right"})
        assert "2 of 2" in client.get("/method").text
        rows = client.get("/reviews.json").json()
        assert {row["document"]: row["verdict"] for row in rows} == {"r000": "right", "r001": "right"}
        assert client.post("/review", data={**form, "verdict": "maybe"}).status_code == 400
        assert client.post("/review", data={**form, "event": "v9"}).status_code == 404
        assert client.post("/review", data={**form, "note": "x" * 2000}).status_code == 400
        assert client.post("/review", content=b"x" * 40000).status_code == 413
        for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            assert client.post("/review", data=form, headers=headers).status_code == 403
    assert Store(tmp_path / "s").version == before


def test_long_work_says_how_far_it_is_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    from detente.show.web import app

    monkeypatch.setattr(app, "PATIENCE", 0.02)
    errands, open_, runs = app.Errands(), threading.Event(), []

    def work() -> dict[str, int]:
        runs.append(1)
        open_.wait(10)
        return {"n": 1}

    assert isinstance(errands.run("/a", work), float)
    assert isinstance(errands.run("/a", work), float)
    open_.set()
    monkeypatch.setattr(app, "PATIENCE", 5)
    assert errands.run("/a", work) == {"n": 1} and len(runs) == 1
    with pytest.raises(ZeroDivisionError):
        errands.run("/b", lambda: {"n": 1 // 0})


EVERY_VIEW = (
    "/", "/relation/CHN/USA", "/ledger/CHN/USA", "/state/CHN", "/actor?name=China", "/report?id=r000", "/matrix",
    "/compare", "/search?q=trade", "/method",
)  # fmt: skip


@pytest.mark.parametrize("address", EVERY_VIEW)
def test_beside_every_view_lie_its_data_and_its_citation(client: TestClient, folder: Path, address: str) -> None:
    page = client.get(address).text
    for kind in ("json", "csv"):
        found = re.findall(rf'href="([^"]+\.{kind}(?:\?[^"]*)?)"', page)
        assert found, kind
        assert client.get(found[0].replace("&amp;", "&")).status_code == 200
    version = Store(folder).version
    (fixed,) = re.findall(r'<a href="([^"]+)">This view at version', page)
    assert f"version={version}" in fixed
    again = client.get(fixed.replace("&amp;", "&"))
    assert again.status_code == 200 and f"version {version}" in again.text


@pytest.mark.parametrize("path", ["/pairs", "/matrix", "/state/CHN", "/compare", "/ledger/CHN/USA"])
def test_facets_narrow_the_data_of_every_page(client: TestClient, path: str) -> None:
    every = client.get(path + ".json").json()
    some = client.get(path + ".json?source=Wire&from=2017-01-01&to=2019-12-31").json()
    assert some and some != every


def test_a_page_of_all_pairs_hands_its_facets_on(client: TestClient) -> None:
    for address in ("/?type=SANCTION&from=2017-01-01", "/matrix?type=SANCTION&from=2017-01-01"):
        page = client.get(address).text
        to = re.findall(r'href="(/relation/CHN/USA[^"#]*)', page)
        assert to and all("type=SANCTION" in one and "from=2017-01-01" in one for one in to)


def test_many_pairs_make_one_picture(client: TestClient) -> None:
    import xml.etree.ElementTree as ET

    answer = client.get("/compare.svg?pair=CHN-USA&pair=CHN-JPN")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    root = ET.fromstring(answer.text)
    assert len([one for one in root.iter() if one.tag.endswith("}svg")]) == 3
    assert "China – Japan" in answer.text
