"""What a person does with the pages, in a real browser (Debian's Chromium); skipped where there is none.

Pictures of failures go to build/shots, which git does not keep; with SHOTS=1 so do those of every page, in both themes
and at three widths.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from detente import Store
from detente.show.web.app import LOOPBACK, create_app
from tests.web.conftest import reports
from tests.web.hostile import hostile

playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (dev group)")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium")
SHOTS = Path(__file__).parents[2] / "build" / "shots"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


class Site:
    """A store under a running server."""

    def __init__(self, folder: Path) -> None:
        import uvicorn

        self.folder = folder
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.server = uvicorn.Server(uvicorn.Config(create_app(folder, hosts=LOOPBACK), log_level="error"))
        self._listening = listening
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        while not self.server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(10)
        self._listening.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("journeys") / "store"
    store = Store(folder)
    store.add(reports())
    store.add([hostile()])
    made = Site(folder)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as engine:
        made = engine.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield made
        made.close()


@pytest.fixture
def visit(browser: Any, site: Site, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Open a page; whatever the browser complains about (scripts, policy, missing files) fails the test."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(path: str, *, at: str | None = None, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **options})
        context.set_default_timeout(8000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto((at or site.address) + path)
        return page

    yield opened
    failed = getattr(request.node, "rep_call", None)
    for context in contexts:
        if failed is not None and failed.failed and context.pages:
            SHOTS.mkdir(parents=True, exist_ok=True)
            context.pages[0].screenshot(path=SHOTS / f"failed-{request.node.name}.png")
        context.close()
    assert not complaints, complaints


RELATION = "/relation/CHN/USA"


def at(page: Any, share: float, height: float = 0.3) -> tuple[float, float]:
    """Return a point of the chart, by shares of its width and height."""
    box = page.locator("#chart").bounding_box()
    return box["x"] + box["width"] * share, box["y"] + box["height"] * height


def happenings(page: Any) -> int:
    return int(page.locator(".figure .big").nth(1).inner_text())


def wait_for(page: Any, pattern: str) -> None:
    page.wait_for_url(re.compile(pattern))
    page.wait_for_function("!document.querySelector('main').hasAttribute('aria-busy')")


def test_from_the_pairs_to_a_relation(visit: Callable[..., Any]) -> None:
    page = visit("/")
    page.get_by_role("link", name="China – United States").click()
    assert page.locator("h1").inner_text() == "China – United States"


def test_a_pair_is_chosen_by_its_two_names(visit: Callable[..., Any]) -> None:
    page = visit("/")
    page.get_by_label("First country").select_option(label="China")
    page.get_by_label("Second country").select_option(label="Japan")
    page.get_by_role("button", name="Open", exact=True).click()
    assert page.locator("h1").inner_text() == "China – Japan"


def test_hovering_tells_counts_level_and_sentences(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.mouse.move(*at(page, 0.7))
    tip = page.locator(".tip")
    tip.locator("li").first.wait_for()
    told = tip.inner_text()
    assert "conflict" in told and "level" in told and "read" in told and "Washington" in told
    page.mouse.move(5, 5)
    tip.wait_for(state="hidden")


def test_clicking_a_period_opens_its_evidence_and_back_closes_it(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.mouse.click(*at(page, 0.6))
    wait_for(page, r"at=20\d\d-\d\d-01")
    heading = page.locator("#evidence h2").inner_text()
    assert re.fullmatch(r"Evidence: \w+ 20\d\d", heading)
    assert page.evaluate("document.activeElement.id") == "evidence"
    page.go_back()
    page.locator("#evidence h2", has_text="the whole view").wait_for()


def test_dragging_looks_closer_and_a_chip_takes_it_back(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    every = happenings(page)
    page.mouse.move(*at(page, 0.3))
    page.mouse.down()
    page.mouse.move(*at(page, 0.55), steps=5)
    assert page.locator(".brush").is_visible()
    page.mouse.up()
    wait_for(page, r"from=.*to=")
    assert 0 < happenings(page) < every
    page.locator(".drop").click()
    wait_for(page, RELATION + "$")
    assert happenings(page) == every


def test_the_chart_is_walked_and_opened_with_the_keyboard(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    chart = page.locator("#chart")
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.locator(".tip h3", has_text="February 2016").wait_for()
    page.wait_for_function("document.querySelector('#chart').getAttribute('aria-valuetext').includes('level')")
    assert chart.get_attribute("aria-valuenow") == "1" and chart.get_attribute("role") == "slider"
    page.keyboard.press("Enter")
    wait_for(page, r"at=2016-02-01")


def test_a_stretch_is_chosen_with_the_keyboard(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.locator("#chart").focus()
    page.keyboard.press("Home")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowRight")
    assert page.locator(".brush").is_visible()
    page.keyboard.press("Enter")
    wait_for(page, r"from=2016-01-01&to=2016-07-31")


def test_escape_closes_what_hovers(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.locator("#chart").focus()
    page.keyboard.press("End")
    page.locator(".tip").wait_for()
    page.keyboard.press("Escape")
    page.locator(".tip").wait_for(state="hidden")


def test_a_type_filters_everything_and_lives_in_the_address(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    every = happenings(page)
    page.get_by_text("Type of act").click()
    page.get_by_role("checkbox", name="SANCTION").check()
    wait_for(page, r"type=SANCTION")
    some = happenings(page)
    assert 0 < some < every
    assert set(page.locator("#evidence .happening .chip").all_inner_texts()) == {"SANCTION · expel"}
    assert page.evaluate("document.activeElement.value") == "SANCTION"
    page.reload()
    assert happenings(page) == some and page.get_by_role("checkbox", name="SANCTION").is_checked()


def test_what_is_planned_can_count_too(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    every = happenings(page)
    page.get_by_role("checkbox", name="planned").check()
    wait_for(page, r"status=actual&status=planned")
    assert happenings(page) > every


def test_the_level_of_one_direction(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.get_by_text("USA → CHN").first.click()
    wait_for(page, r"direction=ba")
    page.get_by_text("both", exact=True).click()
    wait_for(page, RELATION + "$")


def test_the_period_is_changed_by_keyboard_and_focus_stays(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.locator("input[name=by][value=month]").focus()
    page.keyboard.press("ArrowRight")
    wait_for(page, r"by=quarter")
    page.wait_for_function("document.activeElement.name === 'by' && document.activeElement.value === 'quarter'")


def test_unsure_events_are_left_out(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    every = happenings(page)
    page.locator("input[name=min_confidence]").fill("80")
    wait_for(page, r"min_confidence=80")
    assert happenings(page) < every


def test_filters_that_leave_nothing_say_what_to_do(visit: Callable[..., Any]) -> None:
    page = visit(RELATION + "?type=AID")
    assert "Nothing between the two" in page.locator(".empty").inner_text()
    page.get_by_role("link", name="Take all filters away").click()
    wait_for(page, RELATION + "$")
    assert happenings(page) > 0


def test_evidence_marks_who_did_what_to_whom(visit: Callable[..., Any]) -> None:
    page = visit(RELATION + "?type=SANCTION")
    sentence = page.locator("blockquote").first
    assert sentence.locator(".d-actor").inner_text() == "China"
    assert sentence.locator(".d-trigger").inner_text() == "expelled"
    assert sentence.locator(".d-recipient").inner_text() == "Washington"
    line = sentence.locator(".d-actor").evaluate("e => getComputedStyle(e).borderBottomColor")
    assert line == "rgb(0, 114, 178)"


def test_evidence_links_to_its_source(visit: Callable[..., Any]) -> None:
    page = visit(RELATION + "?type=SANCTION")
    link = page.locator(".report .meta a[target=_blank]").first
    assert re.fullmatch(r"https://example\.org/r\d+", link.get_attribute("href"))
    assert "noopener" in link.get_attribute("rel")


def test_from_evidence_to_the_whole_report(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.get_by_role("link", name="whole report").first.click()
    page.wait_for_url(re.compile(r"/report\?id="))
    assert page.locator(".event.opened").count() == 1


def test_an_event_is_called_wrong_and_right_with_a_note(visit: Callable[..., Any]) -> None:
    page = visit("/report?id=r003")
    event = page.locator(".event").first
    event.get_by_role("button", name="wrong").click()
    page.locator(".toast", has_text="Precision in your reviews: 0 of 1").wait_for()
    event.get_by_role("textbox").fill("a guest, no visit")
    event.get_by_role("button", name="right").click()
    page.locator(".toast", has_text="1 of 1").wait_for()
    page.reload()
    assert page.locator(".review button[aria-pressed=true]").inner_text() == "right"
    page.get_by_role("link", name="Reviews").click()
    assert "a guest, no visit" in page.locator("main").inner_text()


def test_from_a_name_to_what_it_did(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.locator(".parties a", has_text="China").first.click()
    assert page.locator("h1").inner_text() == "China" and page.get_by_role("heading", name="Did").is_visible()
    page.locator(".chips .chip", has_text="SANCTION").click()
    assert set(page.locator(".event .chip").all_inner_texts()) <= {"SANCTION · expel"}


def test_from_a_state_to_its_partner(visit: Callable[..., Any]) -> None:
    page = visit("/state/CHN")
    page.get_by_role("link", name="Japan").first.click()
    assert "Japan" in page.locator("h1").inner_text()


def test_from_a_cell_of_the_matrix_to_its_evidence(visit: Callable[..., Any]) -> None:
    page = visit("/matrix")
    page.locator(".matrix .cell a").first.click()
    page.wait_for_url(re.compile(r"/relation/.*at="))
    assert page.locator(".happening").count() > 0


def test_the_matrix_is_ordered_anew(visit: Callable[..., Any]) -> None:
    page = visit("/matrix")
    page.get_by_text("happenings", exact=True).click()
    wait_for(page, r"order=happenings")
    assert page.locator(".matrix tbody th").first.inner_text() == "China – United States"


def test_pairs_are_compared_on_one_scale(visit: Callable[..., Any]) -> None:
    page = visit("/compare?pair=CHN-USA")
    assert page.locator("figure").count() == 1
    page.locator("details.filters summary", has_text="Pairs").click()
    page.get_by_role("checkbox", name="China – Japan").check()
    wait_for(page, r"pair=CHN-JPN|pair=CHN-USA&pair")
    page.locator("figure").nth(1).wait_for()
    ends = page.locator("figure svg").evaluate_all(
        "l => l.map(s => [...s.querySelectorAll('text')].slice(0, 3).map(t => t.textContent).join())"
    )
    assert len(set(ends)) == 1


def test_words_are_found_from_any_page(visit: Callable[..., Any]) -> None:
    page = visit("/method")
    page.get_by_role("searchbox").first.fill('"new limits"')
    page.keyboard.press("Enter")
    page.locator("mark").first.wait_for()
    assert page.locator("mark").first.inner_text().lower() == "new limits"


def test_positions_are_filtered_by_stand(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.get_by_role("link", name="Positions").click()
    page.get_by_text("threatens", exact=True).first.click()
    wait_for(page, r"stand=threatens")
    assert set(page.locator(".stand").all_inner_texts()) == {"threatens"}


def test_the_theme_is_switched_and_remembered(visit: Callable[..., Any]) -> None:
    page = visit("/", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Switch between light and dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.goto(page.url + "matrix")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_a_view_is_cited_with_its_version(visit: Callable[..., Any], site: Site) -> None:
    page = visit(RELATION + "?type=SANCTION")
    page.get_by_text("Cite this view").click()
    assert f"version {Store(site.folder).version}" in page.locator("#cite").inner_text()
    page.get_by_role("link", name="This view at version").click()
    wait_for(page, r"version=\d+")
    assert page.locator(".drop", has_text="store version").count() == 1


def test_data_and_pictures_are_taken_along(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    with page.expect_download() as download:
        page.locator(".picture").get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "CHN-USA-by-month.csv"
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"


def test_the_numbers_stand_in_a_table_too(visit: Callable[..., Any]) -> None:
    page = visit(RELATION)
    page.get_by_text("The numbers as a table").click()
    page.locator(".numbers tbody a").first.click()
    wait_for(page, r"at=2016-01-01")


def test_all_works_without_scripts(visit: Callable[..., Any]) -> None:
    page = visit(RELATION, java_script_enabled=False)
    every = happenings(page)
    page.get_by_text("Type of act").click()
    page.get_by_role("checkbox", name="SANCTION").check()
    page.get_by_role("button", name="Show").click()
    assert "type=SANCTION" in page.url and 0 < happenings(page) < every
    assert page.locator("#chart svg rect.down").count() > 0


def test_on_a_phone_nothing_runs_over_and_a_tap_tells(visit: Callable[..., Any]) -> None:
    phone = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}
    page = visit(RELATION, **phone)
    assert not page.locator("details.all").evaluate("e => e.open")
    page.wait_for_function("document.querySelector('#chart svg').getAttribute('width') < 400")
    page.locator("#chart").scroll_into_view_if_needed()
    page.touchscreen.tap(*at(page, 0.5))
    page.locator(".tip p", has_text="Tap the period again").wait_for()
    page.touchscreen.tap(*at(page, 0.5))
    wait_for(page, r"at=")


def test_a_page_follows_a_store_that_grows(visit: Callable[..., Any], tmp_path: Path) -> None:
    made = reports()
    Store(tmp_path / "s").add(made[:20])
    other = Site(tmp_path / "s")
    try:
        page = visit(RELATION, at=other.address)
        before = happenings(page)
        Store(tmp_path / "s").add(made[20:])
        page.locator(".toast", has_text="The store has grown").wait_for(timeout=12000)
        assert happenings(page) > before
    finally:
        other.stop()


def test_an_empty_store_says_what_to_do_and_fills_itself(visit: Callable[..., Any], tmp_path: Path) -> None:
    other = Site(tmp_path / "new")
    try:
        page = visit("/", at=other.address)
        assert "detente load new" in page.locator("main").inner_text()
        Store(tmp_path / "new").add(reports()[:20])
        page.get_by_role("link", name="China – United States").wait_for(timeout=12000)
    finally:
        other.stop()


def test_attack_strings_show_as_text(visit: Callable[..., Any]) -> None:
    report = hostile()
    own = "/report?" + urlencode({"id": report.document.id})
    for path in (own, RELATION + "?type=ACCUSE", "/search?q=alert", "/state/CHN"):
        page = visit(path)
        page.wait_for_timeout(150)
        assert page.evaluate("window.pwned") is None
        assert page.locator("main img, main script, main iframe, main a[href^='javascript'], main svg a").count() == 0
    page = visit(own)
    assert "<script>" in page.locator("main").inner_text()
    assert page.evaluate("[...document.querySelectorAll('main a')].every(a => a.href.startsWith(location.origin))")


@pytest.mark.parametrize("path", ["/", "/matrix", "/state/CHN", "/compare?pair=CHN-USA", "/actor?name=China"])
def test_filters_stand_on_every_page_and_live_in_the_address(visit: Callable[..., Any], path: str) -> None:
    page = visit(path)
    page.locator("details.filters summary", has_text="Filters").click()
    page.get_by_text("Type of act").click()
    page.get_by_role("checkbox", name="SANCTION").check()
    wait_for(page, r"type=SANCTION")
    assert page.locator(".active .drop", has_text="SANCTION").count() == 1
    assert page.locator("details.filters", has_text="Filters").evaluate("e => e.open")
    page.reload()
    assert page.locator("details.filters", has_text="Filters").evaluate(
        "e => e.querySelector('[value=SANCTION]').checked"
    )
    page.locator(".drop", has_text="SANCTION").click()
    page.wait_for_url(lambda url: "SANCTION" not in url)
    assert page.locator(".active .drop").count() == 0


def test_what_is_found_is_ordered_anew(visit: Callable[..., Any]) -> None:
    page = visit("/search?q=envoys")
    best = page.locator(".event .words").first.inner_text()
    page.get_by_text("newest first", exact=True).click()
    wait_for(page, r"order=newest")
    assert "q=envoys" in page.url and page.locator("mark").count() > 0 and best


def test_compared_pairs_are_taken_along_as_a_picture(visit: Callable[..., Any]) -> None:
    page = visit("/compare?pair=CHN-USA&pair=CHN-JPN")
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    assert download.value.suggested_filename == "compare.png"
    assert Path(download.value.path()).read_bytes()[:4] == b"\x89PNG"


PAGES = {
    "filters": "/matrix?type=SANCTION&context=diplomatic",
    "home": "/", "relation": RELATION, "evidence": RELATION + "?at=2019-03-01", "ledger": "/ledger/CHN/USA",
    "state": "/state/CHN", "actor": "/actor?name=China", "report": "/report?id=r000", "matrix": "/matrix",
    "compare": "/compare", "search": "/search?q=envoy*", "method": "/method", "reviews": "/reviews", "data": "/data",
    "nothing": RELATION + "?type=AID",
}  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit(visit: Callable[..., Any], name: str, theme: str) -> None:
    page = visit(PAGES[name], color_scheme=theme, viewport={"width": 1280, "height": 900})
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width in (1280, 768, 375):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(120)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{over} pixels run over at {width}"
        if "SHOTS" in os.environ:
            page.screenshot(path=SHOTS / f"{name}-{theme}-{width}.png")
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    bad = [
        (one["id"], one["impact"], [node["target"] for node in one["nodes"]][:3])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert not bad, json.dumps(bad)
