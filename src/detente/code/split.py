"""Document → sentences: exact spans, never across a part, in time linear in the text.

A rule-based splitter over the places where a sentence may end. What stands before and after a full stop decides;
the lists hold what news English abbreviates. `tests/cases/sentences.jsonl` has the cases, docs/reading.md the figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from detente.read.parts import post_words
from detente.records import Document, PartKind, Sentence, Span


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LONGEST_WORDS: Final = 600
LONGEST_CHARACTERS: Final = 6000
"""A sentence is cut at these bounds: beyond them text is no sentence but a table, a list or an attack."""

UNCODED: Final[frozenset[PartKind]] = frozenset({"repeat", "boilerplate", "byline", "dateline"})
"""Parts that hold no sentence of the report's own."""

_END: Final = re.compile(
    r"(?<![.!?…。！？])[.!?…。！？]++[\"'”’»)\]]*+(?=\s|$)"
    r"|(?<=[a-z\d%])(?<!\W[a-z])[.!?][\"”’]?(?=[“\"]?[A-Z][a-z]{1,20}[\s,])"
    r"|(?<=[。！？])"
)
_BEFORE: Final = re.compile(r"\S*$")
_NEXT: Final = re.compile(r"\s*([\"'“‘«(\[—–-]*\s?)([^\s.,;:!?\"'”’)\]]*)")
_OPENERS: Final = "\"'“‘«([{"

_TITLES: Final = _words(
    "mr mrs ms mx dr prof sen sens rep reps gov govs gen lt col maj capt cmdr cdr adm vadm radm sgt "
    "brig rev hon pres st fr msgr"
    " amb atty supt insp spc pvt cpl ald sec mt ft vs v e.g i.e cf viz eg ie mme mlle messrs sra sr.a "
    "ste dep asst det gens brig.gen"
    " lt.gen lt.col maj.gen lt.cmdr ph.d.cand chmn comdr dem"
)
"""Abbreviations that never end a sentence."""
_BEFORE_NUMBER: Final = _words("no nos art arts fig figs vol vols pp p ch nr approx ca c para res par sect col div")
_CALENDAR: Final = _words(
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun"
)
_MAY_END: Final = _words(
    "inc corp ltd co cos jr sr etc al bros est dept univ assn ave blvd rd calif fla va md mass conn ill"
    " pa mich minn wash ore ariz"
    " colo tex ga tenn ala la miss mo ky wis neb okla nev kan ind ph.d m.d d.c u.s.a plc llc gmbh s.a "
    "intl govt natl min max"
    " hrs mins yrs ed eds trans bldg tel ext"
)
_CLOCK: Final = frozenset({"a.m", "p.m"})
_ZONES: Final = _words(
    "gmt est edt et ct pt mt pst pdt cst cdt bst cet utc eastern local central pacific beijing moscow"
)
_DAYS: Final = _words("monday tuesday wednesday thursday friday saturday sunday")
_STARTERS: Final = _words(
    "the a an he she it they we i you but and or so yet in on at as this that these those there here "
    "his her its their our my your if when while"
    " after before for with since some many most both no not also however meanwhile officials last "
    "earlier later according mr"
    " mrs ms then now what who why how where such although though because by to from under over despite"
    " during until once one"
    " two three more all each every another other others still even just only nearly almost about among"
    " between moreover"
    " nevertheless instead separately additionally analysts critics experts protesters police state "
    "it’s it's he’s that’s"
    " that's there’s there's they’re we’re don’t let asked speaking earlier today yesterday tomorrow "
    "several few neither either"
    " nor of out up down through without within against along following regarding whether which whose given amid across"
    " monday tuesday wednesday thursday friday saturday sunday"
)
_ASKED: Final = re.compile(
    r"(?:[A-Z][\w.’'-]*\s|(?:the|a|an|his|her|one)\s[\w’' -]{2,40}?\s){1,5}(?:asked|said|says|wondered"
    r"|tweeted|wrote|told|added|demanded|shouted|cried|exclaimed|replied)\b"
)
_LETTERED: Final = _words(
    "plan vitamin group type hepatitis appendix section serie class grade option phase category tier model point part"
)


def sentences(document: Document) -> tuple[Sentence, ...]:
    """Split a document into sentences.

    Repeats, boilerplate, bylines and datelines on a line of their own give none; of a post only its own words do,
    without signature and links. A dateline that opens a paragraph stays in its first sentence.

    Args:
        document: a document; one without parts is taken as one paragraph.

    Returns:
        Sentences in order, trimmed of blanks, each with the index of its part.
    """
    text = document.text
    if not document.parts:
        return tuple(Sentence(s.start, s.end) for s in spans(text, 0, len(text)))
    found: list[Sentence] = []
    for index, part in enumerate(document.parts):
        if part.kind in UNCODED:
            continue
        start, end = post_words(text, part) if part.kind == "tweet" else (part.start, part.end)
        found += [Sentence(s.start, s.end, index) for s in spans(text, start, end)]
    return tuple(found)


def spans(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the spans of the sentences in `text[start:end]`, which is taken for running text."""
    begin = start
    for found in _END.finditer(text, start, end):
        stop = found.end()
        if stop > begin and _ends(text, begin, found, end):
            yield from _bounded(text, begin, stop)
            begin = stop
    yield from _bounded(text, begin, end)


def _ends(text: str, begin: int, found: re.Match[str], limit: int) -> bool:
    """Decide whether a sentence ends at a mark."""
    stop = found.end()
    mark = found[0]
    if not mark:
        return True
    follow = _NEXT.match(text, stop, min(limit, stop + 60))
    opener, word = (follow[1], follow[2]) if follow else ("", "")
    if not word and not opener.strip():
        return True
    first = word[:1]
    if mark[0] in "!?。！？":
        if first.islower() and not (opener.strip() and opener.strip()[0] in _OPENERS):
            return False
        return not (
            mark[-1] in "\"”’'"
            and _ASKED.match(
                text, stop + len(text[stop : stop + 2]) - len(text[stop : stop + 2].lstrip()), min(limit, stop + 90)
            )
        )
    glued = stop < limit and not text[stop].isspace()
    before = _BEFORE.search(text, max(begin, found.start() - 40), found.start())
    token = before[0].lstrip(_OPENERS + "—–-") if before else ""
    if glued:
        return not any(c in token for c in "/@.") and not token.lower().startswith("www")
    if (len(mark) > 1 and mark[1] == ".") or mark[0] == "…":
        return first.isupper() or (bool(opener.strip()) and not first.islower())
    if first.islower():
        return bool(opener.strip()) and opener.strip()[0] in '"“' and mark[-1] in '"”'
    closed = mark[-1] != "."
    return _full_stop(
        token,
        word,
        bool(opener.strip()),
        closed,
        not text[begin : found.start() - len(token)].strip(),
        text[max(begin, found.start() - 40) : found.start() - len(token)],
    )


def _full_stop(token: str, word: str, opened: bool, closed: bool, at_start: bool, context: str) -> bool:
    """Decide for one full stop after `token` and before `word`, which does not begin with a small letter."""
    low = token.lower().rsplit("—", 1)[-1]
    low = low.rsplit("-", 1)[-1] if "." not in low else low
    number_next = word[:1].isdigit()
    starter = word.lower() in _STARTERS or opened
    if token.isdigit() and at_start and len(token) <= 3:
        return False
    if closed and low not in _TITLES:
        return True
    if low in _TITLES:
        return False
    if low in _BEFORE_NUMBER:
        return not number_next
    if low in _CALENDAR:
        return not number_next
    if len(token) == 1 and token.isalpha():
        previous = context.split()[-1:] or [""]
        if token.isupper() and previous[0].lower() in _LETTERED:
            return True
        return token == "I" and starter and not previous[0][:1].isupper()
    if low in _CLOCK:
        return (
            not number_next
            and word.lower() not in _ZONES
            and word.lower() not in _DAYS
            and word.rstrip(".").lower() not in _CALENDAR
        )
    if low in _MAY_END or ("." in token and all(len(piece) <= 2 and piece.isalpha() for piece in low.split("."))):
        return starter
    return True


def _bounded(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield a stretch trimmed of blanks, cut where it passes the bounds."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end - start <= LONGEST_WORDS:
        if any(c.isalnum() for c in text[start:end]):
            yield Span(start, end)
        return
    while start < end:
        stop = _bound(text, start, end)
        inner = text[start:stop].rstrip()
        if any(c.isalnum() for c in inner):
            yield Span(start, start + len(inner))
        start = stop
        while start < end and text[start].isspace():
            start += 1


def _bound(text: str, start: int, end: int) -> int:
    """Return where a stretch that begins at `start` has its last allowed word's end."""
    stop = min(end, start + LONGEST_CHARACTERS)
    last = start
    for count, found in enumerate(re.finditer(r"\S+", text[start:stop])):
        if count == LONGEST_WORDS:
            return last
        if found.end() < stop - start or stop == end:
            last = start + found.end()
    return last if last > start else stop
