"""The README's pictures: two pages of a store as Debian's Chromium shows them.

.venv/bin/detente demo demo-store && .venv/bin/python docs/pictures.py demo-store
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from detente.show.web.app import create_app

FOLDER = Path(__file__).parent / "pictures"
SHOTS = (
    ("relation", "/relation/CHN/USA", "light", 0),
    ("evidence", "/relation/CHN/USA?at=2019-10-08", "dark", 1),
)
"""Name, address, theme, and whether the evidence is scrolled to."""


def main(store: str) -> None:
    """Serve a store for a moment and take its pictures."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(store), log_level="error"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        FOLDER.mkdir(exist_ok=True)
        with sync_playwright() as engine:
            browser = engine.chromium.launch(
                executable_path="/usr/bin/chromium",
                args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
            )
            for name, address, theme, evidence in SHOTS:
                page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme=theme)  # type: ignore[arg-type]
                page.goto(f"http://127.0.0.1:{listening.getsockname()[1]}{address}")
                page.wait_for_selector("#chart", timeout=120000)
                if evidence:
                    page.locator("#evidence").scroll_into_view_if_needed()
                    page.evaluate("document.querySelector('#evidence').scrollIntoView()")
                page.wait_for_timeout(500)
                page.screenshot(path=FOLDER / f"{name}.png")
            browser.close()
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    main(sys.argv[1])
