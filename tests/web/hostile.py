"""A report whose every string is an attack."""

from __future__ import annotations

import datetime as dt

from detente import plover
from detente.records import CodedDocument, Document, Entity, Event, Mention, Part, Rule, Span, Statement

ATTACK = (
    "\"><script>window.pwned=1</script><img src=x onerror=alert(1)>'`{{7*7}}{% raw %}</title></style>\u202e\x1b[31m"
)
ACTOR = "China<svg/onload=alert(2)>"
TEXT = f"{ACTOR} accused Washington, {ATTACK} said. javascript:alert(3) &lt;b&gt; -->"


def hostile(id: str = "x'\"<script>alert(4)</script>&a=b") -> CodedDocument:
    """Return a coded report full of attack strings; `id` too."""
    name = "China</a><script>window.pwned=1</script>"
    target = TEXT.index("Washington")
    speaker = TEXT.index('"><script>')
    return CodedDocument(
        Document(
            id, TEXT, dt.date(2020, 5, 5), title=f"Title {ATTACK}", source=f"=HYPERLINK({ATTACK})",
            url="javascript:alert(document.domain)//https://example.org", author=ATTACK,
            parts=(Part(0, len(TEXT), "tweet", ATTACK),),
        ),
        (Span(0, len(TEXT)),),
        (
            Entity("e1", name, "person", "CHN", ("GOV",), f"Minister {ATTACK}"),
            Entity("e2", "Washington", "country", "USA", ("GOV",)),
            Entity("e3", ATTACK, "person", "CHN", ("GOV",)),
        ),
        (
            Mention("m1", 0, len(ACTOR), ACTOR, "e1", Rule.NAME),
            Mention("m2", target, target + 10, "Washington", "e2", Rule.NAME),
            Mention("m3", speaker, speaker + 10, TEXT[speaker : speaker + 10], "e3", Rule.NAME),
        ),
        (
            Event(
                "v1", "ACCUSE", "allege", ("diplomatic",), "actual", True, "s1", ("m1",), ("m2",), None,
                (dt.date(2020, 5, 5), dt.date(2020, 5, 5)), None, "exact",
                Span(TEXT.index("accused"), TEXT.index("accused") + 7), 0, plover.QUAD["ACCUSE"], -3.5, 0.9,
            ),
        ),
        (Statement("s1", "m3", None, (Span(0, target),), None, ATTACK, "indirect", 0.9),),
        f"coder {ATTACK}",
    )  # fmt: skip
