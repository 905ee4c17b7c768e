"""What the stretches of a report are: title, paragraphs, embedded posts, captions, repeats, and is its end cut off.

Every rule reads one paragraph (or two neighbours) and takes time linear in its length.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detente.records import Part, PartKind, Span

_MONTH: Final = (
    r"(?:Jan(?:uary|\.)?|Feb(?:ruary|\.)?|Mar(?:ch|\.)?|Apr(?:il|\.)?|May|June?\.?|July?\.?|Aug(?:ust|\.)?"
    r"|Sept?(?:ember|\.)?|Oct(?:ober|\.)?|Nov(?:ember|\.)?|Dec(?:ember|\.)?)"
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY: Final = (
    rf"(?:(?P<m1>{_MONTH})\s(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s(?P<y1>\d{{4}}))?"
    rf"|(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s(?P<m2>{_MONTH})(?:,?\s(?P<y2>\d{{4}}))?"
    r"|(?P<y3>\d{4})-(?P<m3>\d\d)-(?P<d3>\d\d))"
)
_DAY_PLAIN: Final = re.sub(r"\?P<\w+>", "?:", _DAY)
_CLOCK: Final = r"\d{1,2}:\d\d(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s[A-Z]{2,4})?"
_NAME: Final = r"[A-Z][\w.'’\-]*(?:\s(?:(?:al|bin|de|del|der|di|el|la|van|von)[\s-])?[A-Z][\w.'’\-]*){1,3}"

# --- embedded posts

_HANDLE: Final = re.compile(r"\(@(?P<handle>[\w.\-]{1,40}(?:@[\w.\-]{1,60})?)\)")
_SIGNED: Final = re.compile(
    rf"\s?(?:[·•|,]\s?)?(?:on\s)?(?:{_CLOCK}\s?[·•,-]?\s)?(?:on\s)?{_DAY}(?:,?\s(?:at\s)?{_CLOCK})?"
)
_LINK: Final = re.compile(r"(?:https?://)?(?:pic\.(?:twitter|x)\.com/\w{4,20}|t\.co/\w{4,20})(?:\?\S{0,80})?")
_PICTURE: Final = re.compile(r"pic\.(?:twitter|x)\.com/\w{4,20}")
_DASHES: Final = "—–―-"
_SHARED: Final = re.compile(
    rf"(?:A (?:post|photo|video) (?:shared|posted) by|Posted by)\s(?P<name>[^\n()@]{{1,80}}?)\s?"
    rf"(?:\(@(?P<handle>[\w.\-]{{1,40}})\)\s?)?on\s(?:[A-Z][a-z]+day,?\s)?{_DAY}.{{0,40}}$"
)
_HANDLE_LINE: Final = re.compile(r"(?P<name>[^\n@]{0,80}?)\s?@(?P<handle>\w{1,20})(?:\s[·•]\s.{1,40})?$")
_STAMP: Final = re.compile(rf"{_CLOCK}\s[·•-]\s{_DAY}(?:\s[·•].{{0,60}})?$")
_POST_LONGEST: Final = 330
"""A post of 280 characters with its links written out; a longer paragraph begins with the report's own words."""
_SOFT_END: Final = re.compile(r"(?<![.!?])[.!?:]['\"”’)]{0,3}\s(?=[\"“‘'@#A-Z0-9\u00c0-\U0010ffff])")

# --- other roles, each of a whole paragraph

_BOILERPLATE: Final = re.compile(
    r"""(?:
      (?:please\s|to\s.{0,60}?,?\s)?(?:sign\sup|subscribe|register|log\sin|sign\sin)\b.{0,80}\b(?:newsletter
        |briefing|e-?mails?|inbox|alerts?
        |account|subscri\w+|podcast|channel|free|now|today|here|morning|weekly|daily|updates|continue|premium
        |access)\b
    | (?:get|receive)\b.{0,60}\b(?:newsletter|inbox|our\sapp|e-?mail\salerts|push\snotifications
        |breaking\snews\salerts)\b
    | (?:already\s)?(?:a\s)?subscribe[rd]?\s?(?:now|today|here|\?|for\s(?:free|unlimited)|to\s(?:our|continue
        |read|the\s\w+))
    | (?:please\s)?(?:follow|like|join|find|contact|connect\swith|watch)\s(?:us|(?:him|her|the\s(?:author
        |reporter|writer)|@?\w+(?:\s\w+){0,2}))\s(?:on|via|at)\s
        (?:twitter|facebook|instagram|telegram|youtube|linkedin|tiktok|whatsapp|wechat|weibo|x\b|social\smedia
        |threads|bluesky|our\s)
    | (?:read|see|find|learn)\s(?:more|also|next|the\sfull\s(?:story|article|text))\b(?:[:.]|\s(?:on|at|in|from
        |about|here)\b|$|\s?[|»>])
    | (?:related|recommended|more|trending|top|popular|latest|must)[\s-](?:stor(?:y|ies)|articles?|news|coverage
        |topics?|links?|reads?|videos?|from\s\w+)(?:\s?[:|]|$|\son\sthis)
    | (?:related|see\salso|also\sread|read\salso|watch|listen|more|tags?|topics?|filed\sunder|share
        |explore\smore|what\sto\sread\snext)\s?:
    | advertisement|story\scontinues\sbelow|article\scontinues|sponsored|promoted\scontent|skip\s(?:to|past)\b
    | share\s(?:this|on|via|to)\b|(?:click|tap)\s(?:here|on\sthe|to\b)|print\sthis|e-?mail\sthis
        |comments?\s(?:are\sclosed|\(\d+\))|leave\sa\s(?:comment|reply)|\d+\scomments?
    | (?:\(c\)|©|copyright)\s?.{0,100}$|all\srights\sreserved
    | .{0,100}\b(?:all\srights\sreserved|may\snot\sbe\s(?:published|reproduced)|terms\sof\s(?:use
        |service)\b.{0,60}\bprivacy|privacy\spolicy)
    | (?:we|this\s(?:site|website))\s(?:and\sour\spartners\s)?uses?\scookies|(?:by\scontinuing
        |accept\s(?:all\s)?cookies)\b
    | (?:the\s)?(?:views|opinions)\sexpressed\b.{0,160}\b(?:author|own|reflect|represent)
    | this\s(?:article|story|report|piece)\s(?:was\s(?:originally|first)\s(?:published|posted)|(?:originally
        |first)\sappeared|is\srepublished)
    | download\s(?:our|the)\b.{0,40}\bapps?\b|(?:support|donate\sto)\s(?:our\sjournalism
        |the\s\w+(?:\s\w+)?(?:\sfrom|\stoday|\snow)|us\b)|if\syou\shave\sa\s(?:news\s)?tip\b
    | (?:enjoy|loading|unlock|you\shave\s(?:\d+|reached|one)\b.{0,30}\b(?:free|articles?))\b.{0,60}$
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_PAYWALL: Final = re.compile(
    r"(?:(?:subscribe|sign\sin|log\sin|register|join)\b.{0,40}\bto\s(?:continue|keep|read|unlock)"
    r"|(?:to\s)?(?:continue|keep)\sreading|read\sthe\s(?:full|rest)"
    r"|read\smore\s?(?:»|>|…|\.\.\.|$)|unlock\sthis|this\s(?:article|content)\sis\s(?:for"
    r"|reserved\sfor)\s(?:subscribers|members))",
    re.IGNORECASE,
)
_BOILERPLATE_WORDS: Final = 45
_CORRECTION: Final = re.compile(
    r"[•*\s(\[]{0,3}(?:correction|clarification|corrected|editor['’]?s['’]?\snote|editors['’]\snote)s?\b.{0,30}?[:–—-]"
    r"|[•*\s(\[]{0,3}this\s(?:article|story|report|headline|post|piece|version)\s(?:was|has\sbeen"
    r"|is)\s(?:\w+\s){0,2}(?:amended|corrected|updated|revised|changed)\b"
    r"|[•*\s(\[]{0,3}(?:an?\s(?:earlier|previous)\sversions?\sof|a\sprevious\sheadline"
    r"|due\sto\san?\s(?:editing|translation)\serror|\(?(?:this\sversion\s)?corrects\s)",
    re.IGNORECASE,
)
_CREDIT: Final = (
    r"(?:AP|AFP|EPA|Reuters|REUTERS|Xinhua|Getty\sImages|Getty|Agencies|Bloomberg|Kyodo|Yonhap|TASS"
    r"|Anadolu|VCG|Pool|Shutterstock|Alamy|IANS|PTI|EPA-EFE"
    r"|China\sDaily|file|File|handout|Handout)"
)
_CAPTION_START: Final = re.compile(
    r"\[?\(?(?:FILE|File)\s?(?:PHOTO|Photo|photo|IMAGE|image|PICTURE|picture)?\s?[:–—-]"
    r"|(?:Photo|Image|Picture|Caption|Photograph|Video|Graphic|Illustration|Map)s?"
    r"(?:\s(?:by|credit|caption|courtesy\sof))?\s?[:/]\s?"
)
_CAPTION_END: Final = re.compile(
    rf"(?:[\[(](?:AP\sPhoto|Photo|Image|Picture|Photograph|Xinhua/|Source)\b[^\])\n]{{0,80}}[\])]"
    rf"|(?:Photo|Photograph|Image|Picture|Credit|Photo\sby)\s?[:/]\s?[^\n.]{{2,60}}|REUTERS/[A-Z][^\n]{{2,60}}"
    rf"|\b[A-Z][\w.'-]{{1,30}}(?:\s[A-Z][\w.'-]{{1,30}}){{0,3}}\s?/\s?{_CREDIT}(?:\svia\s[\w\s]{{2,30}})?"
    rf"|via\s(?:AP|Getty\sImages|Reuters|REUTERS))[\])]?\.?$"
)
_CAPTION_REACH: Final = 160
_SIGN_OFF: Final = re.compile(
    r"[(\[]?(?:(?:additional\s|further\s)?(?:reporting|writing|editing|compiled|written|edited"
    r"|production)\s(?:and\s\w+\s)?by\s)[^\n]{2,300}$",
    re.IGNORECASE,
)
_BYLINE: Final = re.compile(
    rf"(?:(?:(?:[Bb]y|BY|[Ss]tory [Bb]y|[Aa]nalysis [Bb]y|[Ww]ords [Bb]y)\s(?P<name>{_NAME}))(?:(?:,"
    rf"|\sand|\s&|\s\|)\s?[^\n]{{1,80}}|\sin\s[A-Z][^\n]{{1,60}})?"
    rf"|(?P<name2>{_NAME})(?:,\s(?:Associated\sPress|Reuters|AFP|AP|Bloomberg"
    rf"|[\w\s]{{0,40}}(?:[Cc]orrespondent|[Ww]riter|[Ee]ditor|[Rr]eporter))"
    rf"|\sin\s[A-Z]\w+(?:\s[A-Z]\w+)?(?:\sand\s{_NAME}(?:\sin\s[A-Z]\w+(?:\s[A-Z]\w+)?)?)?))\.?$"
)
_AGENCY: Final = r"\(\s?[A-Z][A-Za-z. /]{1,24}\)"
_DATELINE: Final = re.compile(
    rf"(?:(?P<place>[A-Z][A-Z.'’/\- ]{{2,40}}(?:,\s[A-Z][A-Za-z.'’ ]{{1,30}}?)?)(?:,\s{_DAY})?\s?(?:{_AGENCY})?\s?(?:—"
    rf"|–|--|-|:)(?=\s)"
    rf"|[A-Z][\w.'’/\- ]{{1,40}}(?:,\s[A-Z][\w.'’ ]{{1,30}}?)?(?:,\s{_DAY_PLAIN})?\s?{_AGENCY}\s?(?:—|–|--|-|:)?(?=\s))"
)
_PUBLISHED: Final = re.compile(
    rf"(?:(?:(?:first\s)?published|(?:last\s)?(?:updated|modified)|posted|date)(?:\son|\sat)?\s?:?\s.{{0,60}}"
    rf"|(?:[A-Z][A-Z.'’ ]{{2,40}},\s)?(?:[A-Z][a-z]+day,?\s)?{_DAY_PLAIN}(?:[,\s–—"
    rf"|-]{{1,4}}(?:at\s)?{_CLOCK})?(?:\s[A-Z]{{2,4}})?)\.?$",
    re.IGNORECASE,
)

# --- the end

_TERMINAL: Final = re.compile(r"[.!?。！？][\"'”’»)\]\s]*$")
_CUT_MARK: Final = re.compile(
    r"(?:…|\.\.\.+|\[\s?(?:…|\.\.\.)\s?\]|[\[(](?:\+\s?\d+\s?(?:more\s)?(?:chars|characters|words)|more"
    r"|continued|cont['’]?d\.?|MORE)[\])])[\"'”’)\]\s]*$"
)
_ABOUT_WRITER: Final = re.compile(
    r"(?:[•*]\s|[.!?][\"'”’)]*\s)(?:"
    r"(?:(?:additional|further)\s)?(?:reporting|editing|writing)(?:\sby\s|\s?:\s)"
    r"|[A-Z][\w.'’\-]+(?:\s[\w.'’\-]+){0,4}\s(?:is|are|was|were|works|writes|teaches|reports|contributed)\s"
    r"|(?:please\s)?(?:e-?mail|contact|follow|write\sto|send|tell)\s)[^.!?\n]{0,300}$"
    r"|[\w.\-]{1,40}@[\w.\-]{3,60}$|\b(?:our|the)\sprint\sedition$",
    re.IGNORECASE,
)
"""A last line about the writers or to the reader, which often has no full stop."""
_LAST_ABBREVIATION: Final = re.compile(r"(?<![\w.])(?:[A-Za-z]\.){2,}$")
_TITLE_END: Final = re.compile(
    r"(?<![\w.])(?:Mr|Mrs|Ms|Dr|Prof|Gen|Lt|Col|Maj|Capt|Adm|Sgt|Sen|Rep|Gov|Rev|Hon|St|No|vs|[A-HJ-Z])\.$"
)
_DANGLING: Final = re.compile(
    r"\b(?:the|an?|of|and|or|but|to|for|from|with|by|in|on|at|as|that|which|who|whose|than|into|between"
    r"|its|their|his|her|is|are|was|were|has|have|had|will|would|said)[\"'”’]?$",
    re.IGNORECASE,
)


class Cut(StrEnum):
    """Why the end of a report is taken to be cut off."""

    MARK = "the text ends with a mark of omission"
    PAYWALL = "a line after the text offers the rest"
    NO_END = "the last sentence has no end"
    DANGLING = "the last sentence ends with a word that cannot end one"
    QUOTE = "a quotation or bracket of the last paragraph is not closed"
    ABBREVIATION = "the last sentence ends with an abbreviation that in this text only stands before other words"


@dataclass(frozen=True, slots=True)
class Layout:
    """The roles of a text's stretches in order of start, what they tell of the report, and why its end is cut."""

    parts: tuple[Part, ...]
    title: str | None
    author: str | None
    cut: Cut | None


@dataclass(slots=True)
class _Piece:
    """A paragraph while its role is being found."""

    start: int
    end: int
    kind: PartKind = "paragraph"
    author: str | None = None
    date: dt.date | None = None


def layout(text: str, title: str | None = None, published: dt.date | None = None) -> Layout:
    """Find the parts of a text.

    The parts do not overlap, with one exception: a dateline that opens a paragraph lies inside it. A post that
    stands inside a paragraph divides it in two.

    Args:
        text: the cleaned text of a report.
        title: its title if the source gives one apart from the text.
        published: the report's date; gives the year of a dateline or post that names none.
    """
    pieces = [_Piece(*span) for span in paragraphs(text)]
    pieces = _posts(text, pieces, published)
    heading = _title(text, pieces, title)
    author = _roles(text, pieces)
    _repeats(text, pieces)
    parts: list[Part] = []
    for piece in pieces:
        parts.append(Part(piece.start, piece.end, piece.kind, piece.author, piece.date))
        if piece.kind == "paragraph" and (
            found := _DATELINE.match(text, piece.start, min(piece.end, piece.start + 160))
        ):
            parts.append(Part(piece.start, found.end(), "dateline", None, _day(found, published)))
    return Layout(tuple(parts), title or heading, author, _cut(text, pieces))


def paragraphs(text: str) -> list[Span]:
    """Divide a text at blank lines; where lines are no mere wrapping of running text, at every line.

    Lines are wrapped if a third of those that go on inside a block begin with a small letter.
    """
    lines: list[Span] = []
    blocks: list[list[int]] = []
    position, open_block = 0, False
    for raw in text.split("\n"):
        stripped = raw.strip()
        if stripped:
            start = position + raw.index(stripped[0])
            if not open_block:
                blocks.append([])
            blocks[-1].append(len(lines))
            lines.append(Span(start, start + len(stripped)))
        open_block = bool(stripped)
        position += len(raw) + 1
    going_on = [i for block in blocks for i in block[1:]]
    small = sum(text[lines[i].start].islower() for i in going_on)
    if small * 3 > len(going_on):
        return [Span(lines[block[0]].start, lines[block[-1]].end) for block in blocks]
    return lines


def _day(found: re.Match[str], published: dt.date | None) -> dt.date | None:
    """Return the day a match of `_DAY` names; without a year, the one nearest to `published`."""
    groups = found.groupdict()
    for n in "123":
        if groups.get(f"d{n}"):
            month = groups[f"m{n}"]
            number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
            years = [int(groups[f"y{n}"])] if groups[f"y{n}"] else []
            if not years and published:
                years = [published.year + k for k in (0, -1, 1)]
            days = []
            for year in years:
                try:
                    days.append(dt.date(year, number, int(groups[f"d{n}"])))
                except ValueError:
                    continue
            return min(days, key=lambda d: abs(d - (published or d)), default=None)
    return None


# --- embedded posts


def _author(name: str, handle: str | None) -> str | None:
    """Return a poster's name without its spelling in another script, badges and emoji; else the handle."""
    words = [w.strip("\"“”'|,;:·•") for w in name.strip(_DASHES + " \t").split()]
    latin = [w for w in words if re.fullmatch(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff0-9.&'’\-/]+", w)]
    if any(w[0].isalpha() for w in latin):
        return " ".join(latin)
    plain = [w for w in words if any(c.isalpha() for c in w)]
    return " ".join(plain) or handle


def _posts(text: str, pieces: list[_Piece], published: dt.date | None) -> list[_Piece]:
    """Give posts their own pieces: signed ones, pictures without a signature, shared ones, copied ones."""
    done: list[_Piece] = []
    skip = 0
    for index, piece in enumerate(pieces):
        if skip:
            skip -= 1
            continue
        body = text[piece.start : piece.end]
        if found := _SHARED.match(body):
            author = _author(found["name"], found["handle"])
            done.append(_Piece(piece.start, piece.end, "tweet", author, _day(found, published)))
        elif "(@" in body or "pic." in body:
            done += _signed_posts(text, piece, done, published)
        elif "@" in body and len(body) < 120 and (used := _copied_post(text, pieces, index, published)):
            post, skip, back = used
            if back:
                done.pop()
            done.append(post)
        else:
            done.append(piece)
    return done


def _signed_posts(text: str, piece: _Piece, done: list[_Piece], published: dt.date | None) -> list[_Piece]:
    """Divide a paragraph at the posts in it. A post's text may be the paragraph before: that is taken off `done`."""
    pieces: list[_Piece] = []
    position = piece.start
    ends = list(_HANDLE.finditer(text, piece.start, piece.end))
    for found in ends:
        if found.start() < position:
            continue
        signed = _SIGNED.match(text, found.end(), min(piece.end, found.end() + 80))
        low = max(position, found.start() - 100)
        before = text[low : found.start()]
        dash = max((before.rfind(f" {d} ") + 1 for d in ("—", "–", "―", "--", "-")), default=0)
        if not dash and before[:1] in _DASHES and low == position:
            dash = 0
            name_at = low
        elif dash:
            name_at = low + dash
        elif signed and low == position and len(before.split()) <= 6:
            name_at = low
        else:
            continue
        if not signed and found.end() < piece.end:
            continue
        name = text[name_at : found.start()]
        end = signed.end() if signed else found.end()
        day = _day(signed, published) if signed else None
        author = _author(name.lstrip(_DASHES + " "), found["handle"])
        start = _post_start(text, position, name_at)
        if not text[start:name_at].strip() and not pieces and done and name.lstrip()[:1] in _DASHES:
            last = done[-1]
            if (last.kind == "tweet" and last.author is None) or (
                last.kind == "paragraph" and last.end - last.start <= _POST_LONGEST and text[last.end - 1] != ":"
            ):
                start = last.start
                done.pop()
        pieces += _paragraph_piece(text, position, start)
        pieces.append(_Piece(start, end, "tweet", author, day))
        position = end
    while picture := _PICTURE.search(text, position, piece.end):
        start = _post_start(text, position, picture.start())
        pieces += _paragraph_piece(text, position, start)
        pieces.append(_Piece(start, picture.end(), "tweet"))
        position = picture.end()
    return pieces + _paragraph_piece(text, position, piece.end)


def _paragraph_piece(text: str, start: int, end: int) -> list[_Piece]:
    inner = text[start:end]
    body = inner.strip()
    if not any(c.isalnum() for c in body):
        return []
    begin = start + inner.index(body[0])
    return [_Piece(begin, begin + len(body))]


def _post_start(text: str, low: int, high: int) -> int:
    """Return where a post that ends at `high` begins: after a colon that leads it in, else a post's length back."""
    while low < high and text[low].isspace():
        low += 1
    window = max(low, high - _POST_LONGEST)
    starts = list(_SOFT_END.finditer(text, max(low, window - 2), high))
    colons = [
        m.end()
        for m in starts
        if text[m.start()] == ":"
        and re.search(
            r"\b(?:tweet\w*|wrote|posted|said|post|twitter)\b[^.:]{0,30}$",
            text[max(low, m.start() - 60) : m.start()],
            re.IGNORECASE,
        )
    ]
    if colons:
        return colons[-1]
    if window == low:
        return low
    later = [m.end() for m in starts if m.end() >= window and m.end() < high]
    return later[0] if later else high


def _copied_post(
    text: str, pieces: list[_Piece], index: int, published: dt.date | None
) -> tuple[_Piece, int, bool] | None:
    """Recognise a post copied with its frame: name, @handle, words, `3:45 PM · Nov 5, 2020`, a line each."""
    found = _HANDLE_LINE.match(text, pieces[index].start, pieces[index].end)
    if not found:
        return None
    for ahead in range(1, min(8, len(pieces) - index)):
        stamp = _STAMP.match(text, pieces[index + ahead].start, pieces[index + ahead].end)
        if stamp:
            name, back = found["name"], False
            start = pieces[index].start
            if not name.strip() and index and pieces[index - 1].end - pieces[index - 1].start <= 60:
                name, back = text[pieces[index - 1].start : pieces[index - 1].end], True
                start = pieces[index - 1].start
            return (
                _Piece(
                    start, pieces[index + ahead].end, "tweet", _author(name, found["handle"]), _day(stamp, published)
                ),
                ahead,
                back,
            )
    return None


def post_words(text: str, part: Part) -> Span:
    """Return the span of a post's own words: without its signature, links at the end and the frame around it."""
    start, end = part.start, part.end
    first = text.find("\n", start, min(end, start + 160))
    while first != -1 and (
        _HANDLE_LINE.match(text, start, first) or _HANDLE_LINE.match(text, first + 1, _line_end(text, first + 1, end))
    ):
        start = first + 1
        first = text.find("\n", start, min(end, start + 160))
    last = text.rfind("\n", start, end)
    if last != -1 and _STAMP.match(text, last + 1, end):
        end = last
    for found in reversed(list(_HANDLE.finditer(text, start, end))):
        before = text[max(start, found.start() - 100) : found.start()]
        dash = max(before.rfind(d) for d in "—–―-")
        if found.end() == part.end or _SIGNED.match(text, found.end(), part.end):
            end = found.start() - len(before) + dash if dash >= 0 else max(start, found.start() - len(before))
            break
    if _SHARED.match(text[start:end]):
        end = start
    body = text[start:end].rstrip(_DASHES + " \n\t")
    while found_link := re.search(rf"\s?{_LINK.pattern}$", body):
        body = body[: found_link.start()].rstrip()
    while start < start + len(body) and body[:1].isspace():
        start, body = start + 1, body[1:]
    return Span(start, start + len(body))


def _line_end(text: str, start: int, end: int) -> int:
    found = text.find("\n", start, end)
    return end if found == -1 else found


# --- roles of whole paragraphs


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _title(text: str, pieces: list[_Piece], title: str | None) -> str | None:
    if not pieces or pieces[0].kind != "paragraph":
        return None
    first = pieces[0]
    body = text[first.start : min(first.end, first.start + 400)]
    if title is not None:
        if first.end - first.start <= 400 and _words(body) == _words(title):
            first.kind = "title"
        return None
    alone = first.end - first.start <= 200 and len(body.split()) <= 25 and not re.search(r"[.:,;…][\"'”’)]*$", body)
    running = any(_TERMINAL.search(text[max(p.start, p.end - 40) : p.end]) and p.end - p.start > 80 for p in pieces[1:])
    if (
        alone
        and running
        and not _BYLINE.match(body)
        and not _PUBLISHED.match(body)
        and not _BOILERPLATE.match(body)
        and body[0] not in "—–-•*"
    ):
        first.kind = "title"
        return " ".join(body.split())
    return None


def _roles(text: str, pieces: list[_Piece]) -> str | None:
    """Set the kind of paragraphs that are not the report's own sentences; return the writer a byline names."""
    author = None
    for index, piece in enumerate(pieces):
        if piece.kind != "paragraph":
            continue
        body = text[piece.start : min(piece.end, piece.start + 900)]
        whole = piece.end - piece.start == len(body)
        edge = index < 5 or index >= len(pieces) - 4
        if _CORRECTION.match(body):
            piece.kind = "correction"
        elif not whole:
            continue
        elif len(body.split()) <= _BOILERPLATE_WORDS and (
            _BOILERPLATE.match(body.lstrip("•*|>»→ -[(")) or _PAYWALL.match(body)
        ):
            piece.kind = "boilerplate"
        elif edge and _SIGN_OFF.match(body):
            piece.kind = "byline"
        elif edge and len(body) <= 160 and (found := _BYLINE.match(body)):
            piece.kind = "byline"
            name = found["name"] or found["name2"]
            author = author or (name.title() if name.isupper() else name)
        elif edge and len(body) <= 120 and _PUBLISHED.match(body):
            piece.kind = "dateline"
        elif _CAPTION_START.match(body) or _CAPTION_END.search(body[-_CAPTION_REACH:]):
            piece.kind = "caption"
    return author


_REPEAT_WORDS: Final = 8
"""A shorter paragraph may come twice by chance."""
_REPEAT_SHARE: Final = 0.8
"""Share of a paragraph's three-word sequences that an earlier one has; one word changed in thirty leaves 0.9."""
_TURNS: Final = frozenset(
    {"not", "no", "never", "cannot", "without", "denied", "denies", "deny", "refused", "nor", "t"}
)


def _repeats(text: str, pieces: list[_Piece]) -> None:
    """Mark a paragraph that says an earlier one again nearly word for word.

    A paragraph with a number or a negation that the earlier one lacks says something else, however like it is.
    """
    seen: dict[tuple[str, str, str], list[int]] = {}
    sets: dict[int, set[str]] = {}
    for index, piece in enumerate(pieces):
        if piece.kind not in ("paragraph", "tweet"):
            continue
        words = _words(text[piece.start : piece.end])
        if len(words) < _REPEAT_WORDS:
            continue
        triples = set(zip(words, words[1:], words[2:], strict=False))
        if piece.kind == "paragraph":
            shared = Counter(i for triple in triples for i in seen.get(triple, ()))
            own = {w for w in set(words) if w in _TURNS or w[0].isdigit()}
            for earlier, count in shared.most_common(3):
                if count >= _REPEAT_SHARE * len(triples) and own <= sets[earlier]:
                    piece.kind = "repeat"
                    break
        if piece.kind != "repeat":
            sets[index] = set(words)
            for triple in triples:
                holders = seen.setdefault(triple, [])
                if len(holders) < 4:
                    holders.append(index)


# --- the end


def _cut(text: str, pieces: list[_Piece]) -> Cut | None:
    """Say why the end of a text is taken to be cut off, or return None."""
    own = [p for p in pieces if p.kind in ("paragraph", "repeat", "tweet", "title")]
    body_parts = [p for p in own if p.kind == "paragraph"]
    if not body_parts or own[-1].kind == "title":
        return None
    tail = pieces[-1]
    if _CUT_MARK.search(text[max(tail.start, tail.end - 60) : tail.end]):
        return Cut.MARK
    after = [p for p in pieces if p.kind == "boilerplate" and p.start > body_parts[-1].start]
    if any(_PAYWALL.match(text[p.start : min(p.end, p.start + 300)]) for p in after[:3]):
        return Cut.PAYWALL
    last = own[-1]
    if last.kind == "tweet":
        return None
    end = text[max(last.start, last.end - 400) : last.end]
    if _CUT_MARK.search(end[-60:]):
        return Cut.MARK
    if _TITLE_END.search(end):
        return Cut.DANGLING
    if not _TERMINAL.search(end[-20:]):
        words = text[last.start : min(last.end, last.start + 2000)].split()
        running = any(
            _TERMINAL.search(text[max(p.start, p.end - 20) : p.end]) for p in body_parts if p is not last
        ) or bool(re.search(r"[a-z0-9][.!?][\"”’]?\s+[A-Z]", text[last.start : last.end]))
        about_writer = _ABOUT_WRITER.search(end) and not _DANGLING.search(end) and end[-1] not in ",;—–(["
        if running and len(words) >= 5 and end[-1] not in "*•|_" and not about_writer:
            return Cut.NO_END
        if len(words) >= 5 and (end[-1] in ",;—–([“" or _DANGLING.search(end)):
            return Cut.DANGLING
        return None
    if len(body_parts) > 1 and _left_open(text[last.start : last.end]):
        return Cut.QUOTE
    abbreviation = _LAST_ABBREVIATION.search(end)
    if abbreviation and _only_before_words(text[: last.end], abbreviation[0], last.end - len(abbreviation[0])):
        return Cut.ABBREVIATION
    return None


_QUOTING: Final = 800
"""A longer last paragraph is several run together, and quotations that it leaves open ended with those."""


def _left_open(paragraph: str) -> bool:
    """Tell whether a last paragraph of several leaves a quotation or bracket open.

    Straight quotation marks do not say which way they face: they are counted, and close a curly one.
    """
    if len(paragraph) > _QUOTING:
        return False
    if "“" in paragraph:
        return paragraph.rfind("“") > max(paragraph.rfind("”"), paragraph.rfind('"'))
    odd = paragraph.count('"') % 2 == 1 and not re.search(r"\d\"", paragraph)
    return odd or paragraph.rfind("(") > paragraph.rfind(")")


def _only_before_words(text: str, abbreviation: str, at: int) -> bool:
    """Tell whether a text uses an abbreviation only before other words of a sentence, and at least twice so.

    The full stop of "U.S." is no sign of a sentence's end by itself. Where a writer has used it only to qualify
    ("the U.S. envoy"), the noun that should follow is missing at the end.
    """
    before = 0
    for found in re.finditer(rf"(?<![\w.]){re.escape(abbreviation)}(?![\w])", text[:at]):
        follow = text[found.end() : found.end() + 6]
        if re.match(r"\s[a-z]|['’]|-\w", follow):
            before += 1
        elif re.match(r"\s*$|\s*\n|\s?[,;:)\"”]|\s(?:The|An?|He|She|It|They|This|In|On|At|But|And)\b", follow):
            return False
    return before >= 2
