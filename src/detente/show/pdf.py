"""A brief as PDF: two pages, set by Typst from `brief.typ` with the fonts that it brings.

The text goes in as values, never as markup. Scripts beyond those of the bundled fonts (Latin, Greek, Cyrillic, Hebrew,
Arabic, Armenian, Georgian) are drawn with the machine's own fonts where it has them; without them the same brief
gives the same bytes everywhere.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from detente.errors import MissingExtraError
from detente.show.web.chart import STYLE
from detente.show.web.pages import days

if TYPE_CHECKING:
    from detente.show.brief import Brief, Line

PAGES: Final = 2
SIZES: Final = (10.4, 10.0, 9.6, 9.2, 8.8, 8.4, 8.0, 7.6, 7.2)
"""Sizes of the text in points, the largest that fits two pages is taken; below the last nobody could read it."""

_BUNDLED: Final = re.compile(r"[^\u0000-\u077f\u10a0-\u10ff\u1e00-\u22ff\u25a0-\u27bf\ufb00-\ufdff\ufe70-\ufeff\ufffd]")
"""What the fonts that Typst brings do not draw."""

_FONT: Final = "text{font-family:'Libertinus Serif','DejaVu Sans Mono'}"


def _line(one: Line) -> dict[str, Any]:
    return {
        "text": one.text, "quote": one.quote, "refs": list(one.refs),
        "stop": not one.quote and not one.text.endswith((".", "…")),
    }  # fmt: skip


def content(made: Brief) -> dict[str, Any]:
    """Return what the template sets: a brief as plain values."""
    title = f"{made.names[0]} – {made.names[1]}"
    picture = made.picture.replace(f"<style>{STYLE}</style>", f"<style>{STYLE}{_FONT}</style>")
    alt = re.search(r'aria-label="([^"]*)"', made.picture)
    return {
        "title": title, "time": days(made.first, made.last), "summary": [_line(one) for one in made.summary],
        "picture": picture, "alt": alt.group(1) if alt else title,
        "sections": [
            {"title": s.title, "groups": [[name, [_line(one) for one in lines]] for name, lines in s.groups]}
            for s in made.sections
        ],
        "evidence": [
            {
                "number": one.number, "sentence": one.sentence, "url": one.url,
                "source": one.source or one.url or "no source named",
                "rest": f", {days(one.published, None)}; {' '.join(one.document.split())} {one.event}, {one.confidence:.0%}"
                + (f", {one.reports} reports" if one.reports > 1 else ""),
            }
            for one in made.evidence
        ],
        "made": made.made,
    }  # fmt: skip


def to_pdf(made: Brief) -> bytes:
    """Return a brief as a PDF of two pages.

    Raises:
        MissingExtraError: Typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError(
            "a .pdf needs Typst: pip install 'detente[pdf]'; .html and .md need nothing more"
        ) from error
    given = json.dumps(content(made), ensure_ascii=False)
    template = resources.files("detente.show").joinpath("brief.typ").read_bytes()
    plain = _BUNDLED.search(given) is None
    for size, flow in (*((size, "no") for size in SIZES), (SIZES[-1], "yes")):
        options: dict[str, Any] = {
            "sys_inputs": {"brief": given, "size": str(size), "flow": flow}, "ignore_system_fonts": plain
        }  # fmt: skip
        pages = json.loads(typst.query(template, "<pages>", field="value", one=True, **options))
        if pages <= PAGES:
            break
    whole: bytes = typst.compile(template, format="pdf", **options)
    return whole
