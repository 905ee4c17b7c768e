"""Words of a name: how text and table entries are cut and compared.

Text and tables pass through the same function, so that "Vice-Foreign Minister", "vice foreign minister",
"U.S.", "US", "Yaoundé" and "Yaounde" meet; letter case is kept beside the key, since US is not us.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

_WORD: Final = re.compile(
    r"(?P<abbreviation>(?<![^\W_])(?:[^\W\d_]\.){2,}(?:[^\W\d_](?![^\W_]))?)"
    r"|(?P<possessive>(?<=[^\W_])['’ʼ](?:[sS](?![^\W_])|(?![^\W_]))|(?<=\.)['’ʼ][sS]?(?![^\W_]))"
    r"|(?P<word>[^\W_]+(?:['’ʼ`](?![sS](?![^\W_]))[^\W_]+)*\+?)"
    r"|(?P<mark>[,;:()\[\]/&—–|])"
)
_HYPHENS: Final = frozenset("-‐‑‒")
_APOSTROPHES: Final = str.maketrans({"’": "'", "ʼ": "'", "`": "'"})

MAX_LENGTH: Final = 400
"""Code points of a mention that are read; no noun phrase is longer, and hostile input may be."""


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list written as one string."""
    return frozenset(text.split())


class Word(NamedTuple):
    """One word of a text.

    `key` is what is compared: case folded, without accents and without the points of an abbreviation.
    `hyphen` tells that a hyphen joins it to the word before. `mark` is set for punctuation and possessives.
    """

    text: str
    key: str
    start: int
    end: int
    hyphen: bool
    mark: bool

    @property
    def capital(self) -> bool:
        """Whether the word begins with an upper-case letter or is a number in a name."""
        return self.text[:1].isupper()


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return the key of one word: case folded, accents and points removed, apostrophes straight."""
    if text.isascii():
        return text.replace(".", "").replace("`", "'").lower()
    plain = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    return "".join(c for c in plain if not unicodedata.combining(c)).replace(".", "").casefold()


def words(text: str, limit: int | None = MAX_LENGTH) -> list[Word]:
    """Cut a text into words; a possessive ending and a comma are words of their own, points are dropped.

    Args:
        text: a mention or name, or with `limit` None a whole sentence.
        limit: code points that are read.
    """
    found: list[Word] = []
    text = text[:limit]
    last = 0
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        gap = text[last:start]
        piece = match.group()
        if kind == "possessive":
            found.append(Word(piece, "'s", start, end, False, True))
        elif kind == "mark":
            found.append(Word(piece, piece, start, end, False, True))
        else:
            joined = bool(gap) and gap[-1] in _HYPHENS and bool(found) and len(gap) == 1
            found.append(Word(piece, fold(piece), start, end, joined, False))
        last = end
    return found


@lru_cache(maxsize=16384)
def key(text: str) -> str:
    """Return the key of a whole name: its words' keys joined by blanks, "the" at the front dropped."""
    keys = [word.key for word in words(text)]
    if len(keys) > 1 and keys[0] == "the":
        keys = keys[1:]
    return " ".join(keys)


def is_acronym(text: str) -> bool:
    """Whether a name is written as an acronym: at least two letters, all upper case, one word."""
    letters = [c for c in text if c.isalpha()]
    return len(letters) > 1 and " " not in text and all(c.isupper() for c in letters)


_WORDS_TOO: Final = word_set("sadr")
"""Acronyms that are names when they are not in capitals: SADR the state, Sadr the cleric."""


def same_case(form: str, text: str) -> bool:
    """Whether a text spells a table's form with letter case that allows the match.

    An acronym of up to three letters must be in capitals; a longer one may be written Nato, Unesco.
    Capitalised words of a name must begin with a capital; all-capital headlines pass.

    Args:
        form: the name as the table has it.
        text: the words of the text with the same key.
    """
    letters = [c for c in text if c.isalpha()]
    if is_acronym(form):
        if all(c.isupper() for c in letters):
            return True
        return len(letters) > 3 and letters[0].isupper() and fold(form) not in _WORDS_TOO
    first = next((c for c in form if c.isalpha()), "")
    if not first.isupper():
        return True
    return bool(letters) and letters[0].isupper()


_IRREGULAR: Final = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "people",
    "police": "police",
    "wives": "wife",
    "thieves": "thief",
    "mps": "mp",
    "meps": "mep",
    "ngos": "ngo",
    "ceos": "ceo",
    "economies": "economy",
    "families": "family",
    "chiefs": "chief",
    "attaches": "attache",
    "press": "press",
    "media": "media",
    "forces": "forces",
    "services": "services",
    "authorities": "authorities",
    "attorneys": "attorney",
    "mujahideen": "mujahideen",
    "parties": "party",
    "armies": "army",
    "allies": "ally",
    "buses": "bus",
    "businesses": "business",
    "witnesses": "witness",
    "headquarters": "headquarters",
    "sheikhs": "sheikh",
}
_MEN: Final = re.compile(r"(?<=[a-z]{2})men$")


@lru_cache(maxsize=16384)
def singular(word: str) -> str:
    """Return the singular of an English noun key; a word that is no plural comes back unchanged."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("women"):
        return word[:-5] + "woman"
    if _MEN.search(word) and word not in ("yemen", "omen", "specimen", "regimen", "turkmen"):
        return word[:-3] + "man"
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is", "'s")) and len(word) > 3:
        return word[:-1]
    return word
