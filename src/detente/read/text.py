"""Text as it is kept: one kind of line end, and without the characters that no report means."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from detente.errors import InputError

_SILENT: Final = re.compile("[\u200b\u200e\u200f\u061c\u2060\ufeff\u00ad\u202a-\u202c\u2066-\u2069]")
"""Marks that typesetting leaves in good text: zero-width space, direction marks, embeddings, soft hyphen."""

_SAID: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f\x81\x8d\x8f\x90\x9d\u202d\u202e\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
"""Characters that good text never has: controls, direction overrides, noncharacters, half surrogate pairs."""

_BREAKS: Final = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\u2028\u2029]")
_WINDOWS: Final = {
    code: bytes([code]).decode("windows-1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
"""C1 controls are windows-1252 read as Latin-1, dashes and quotation marks mostly; the HTML standard reads them so."""
_C1: Final = re.compile("[\x80-\x9f]")
_LETTER: Final = re.compile(r"[^\W\d_]")
_MOST_REMOVED: Final = 0.05
_FEW: Final = 10
"""A text with more such characters, and with a larger share of them, is binary data and not a report."""

_FIRST_YEAR: Final = 1600
_LAST_YEAR: Final = 2200
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:$|[T\s].{0,40}$)")
_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(?:T?\d{4,6}Z?)?$)")
_SLASHED: Final = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?:$|\s.{0,40}$)")
_WORDED: Final = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?\s+(?P<m>[A-Za-z]{3,9})\.?"
    r"|(?P<m2>[A-Za-z]{3,9})\.?\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?),?"
    r"\s+(?P<y>\d{4})(?:$|[,\s].{0,40}$)"
)
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Cleaned(NamedTuple):
    """Text fit to be kept, and what was taken out of it that a reader should hear of (None: nothing)."""

    text: str
    removed: str | None


def clean(raw: str) -> Cleaned:
    """Return text as it is kept: newlines only, no control or direction characters, no outer blanks.

    Zero-width and direction marks that typesetting leaves go silently, and C1 controls become the windows-1252
    characters they were. Controls, direction overrides,
    noncharacters and half surrogate pairs go too, and `removed` names them.

    Args:
        raw: any string, lone surrogates included.

    Raises:
        InputError: it is empty, has no letter at all, or so many controls that it is binary data.
    """
    said = _SAID.findall(raw)
    if len(said) > max(_FEW, _MOST_REMOVED * len(raw)):
        raise InputError(f"not text: {len(said)} of {len(raw)} characters are control characters ({_names(said)})")
    text = _BREAKS.sub("\n", raw)
    if said:
        text = _SAID.sub("", text)
    if _C1.search(text):
        text = text.translate(_WINDOWS)
    text = _SILENT.sub("", text).strip()
    if not text:
        raise InputError("no text")
    if not _LETTER.search(text):
        raise InputError("no letter in the text")
    return Cleaned(text, f"{len(said)} control character{'s' * (len(said) > 1)} ({_names(said)})" if said else None)


def _names(characters: list[str]) -> str:
    counts = Counter(characters)
    shown = [f"U+{ord(c):04X}" for c, _ in sorted(counts.items())[:4]]
    return ", ".join(shown) + (", …" if len(counts) > 4 else "")


def line(value: object) -> str | None:
    """Return a metadata value as one clean line of at most 1,000 characters, or None if there is nothing in it."""
    if value is None or isinstance(value, (dict, list, tuple, bytes)):
        return None
    text = " ".join(_SILENT.sub("", _SAID.sub("", str(value)[:4000])).split())[:1000]
    return text or None


def publication_date(value: object) -> dt.date:
    """Read a date as metadata and columns write it.

    ISO 8601 dates and date-times (the day as written, in its own zone), `2020/11/05`, `20201105`, RFC 822
    (`Thu, 05 Nov 2020 10:00:00 GMT`) and English forms (`November 5, 2020`, `5 Nov 2020`). A form such as
    05/11/2020, which countries read differently, is refused.

    Args:
        value: a string, date or datetime.

    Raises:
        InputError: no date in a form that has one reading, no such day, or a year outside 1600 to 2200.
    """
    if isinstance(value, dt.datetime):
        return _plausible(value.date(), value)
    if isinstance(value, dt.date):
        return _plausible(value, value)
    text = line(value) if isinstance(value, str) else None
    if text is None:
        raise InputError(f"wrong date {_shown(value)}: write YYYY-MM-DD")
    try:
        for form in (_ISO, _COMPACT, _SLASHED):
            if found := form.match(text):
                return _plausible(dt.date(*map(int, found.groups())), text)
        if found := _WORDED.match(text):
            month = _MONTHS.index((found["m"] or found["m2"])[:3].lower()) + 1
            return _plausible(dt.date(int(found["y"]), month, int(found["d"] or found["d2"])), text)
        if len(text) <= 60 and text[:1].isalpha():
            return _plausible(parsedate_to_datetime(text).date(), text)
    except (ValueError, TypeError, IndexError, OverflowError):
        pass
    raise InputError(f"wrong date {_shown(value)}: write YYYY-MM-DD")


def _plausible(date: dt.date, value: object) -> dt.date:
    if not _FIRST_YEAR <= date.year <= _LAST_YEAR:
        raise InputError(f"wrong date {_shown(value)}: no news is of that year")
    return date


def _shown(value: object) -> str:
    text = line(value) or type(value).__name__
    return repr(text if len(text) <= 40 else text[:39] + "…")
