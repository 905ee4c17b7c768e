"""Actor and agent dictionaries of PETRARCH, TABARI and CAMEO, read so that existing work can be brought in.

Actors: a name with its codes in brackets, more names of the same actor after `+`, dated codes on lines of their own:

    HOSNI_MUBARAK_
    +MUBARAK_
        [EGYGOVMIL 811014-110211]
        [EGYELI >110211]

`<110211` means before that day, `>110211` after it, `811014-110211` both days included; days are YYMMDD (years above 30
are of the twentieth century) or YYYYMMDD, and 00 for a day or month stands for all of it. Agents carry a `~` where the
country goes, their plural in braces and sets between `!`:

    !PERSON! = MAN, MEN, WOMAN, WOMEN, PERSON
    CONGRESS!PERSON! [~LEG]
    SOLDIER {SOLDIERS} [~MIL]

Comments run from `#` or `;` to the line's end, or from `<!--` to `-->`. Formats after the PETRARCH and TABARI manuals
(Schrodt, Open Event Data Alliance); codes after the CAMEO codebook, chapter 3, told in PLOVER's terms.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detente import plover
from detente.errors import GazetteerError


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says from `first` to `last` day, both included and None where open."""

    country: str | None
    sectors: tuple[str, ...]
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An actor, or with `agent` a role noun, under all its names; `line` is where it begins.

    `dropped` are the codes of three letters that stand for nothing of PLOVER's: peoples, regions, misprints.
    """

    names: tuple[str, ...]
    codes: tuple[Code, ...]
    agent: bool
    line: int
    dropped: tuple[str, ...] = ()


_SECTORS: Final = {
    # CAMEO's role codes that PLOVER spells otherwise; its MED is the media, its HLH medicine.
    "MED": "JRN", "HLH": "MED", "CIV": "CVL", "INS": "REB", "SEP": "REB", "RAD": "REB", "MOD": "OPP", "DEV": "SOC",
    "ENV": "SOC", "HRI": "SOC", "SET": "CVL", "PRT": "PTY", "JEW": "REL", "MOS": "REL", "CHR": "REL", "HIN": "REL",
    "BUD": "REL", "SHI": "REL", "SUN": "REL", "CTH": "REL", "PRO": "REL", "ORT": "REL", "SIK": "REL",
}  # fmt: skip
_COUNTRIES: Final = {
    # Codes that CAMEO keeps although ISO has given them up, and its own for bodies of no state.
    "ROM": "ROU", "TMP": "TLS", "ZAR": "COD", "KSV": "XKX", "KOS": "XKX", "PAL": "PSE", "BUR": "MMR", "WBK": "PSE",
    "GZS": "PSE", "NGM": "NGO",
}  # fmt: skip
_REGIONS: Final = frozenset(
    "AFR AFN AFS ASA ASN BLK CAS CAU CEU CRB CFR EAF EEU EIN LAM MDE MDT MEA NAF NAM NMR PRS PGS SAF SAM SAS SCN SEA "
    "SMA WAF WCA WSA WST INT UIS".split()
)
"""Regions and collectives of CAMEO's for which PLOVER has no country."""
_BODIES: Final = {"UNO": "UNO", "EEC": "EUR", "EUR": "EUR"}
"""What follows IGO and is a special country of PLOVER's."""

_SET_LINE: Final = re.compile(r"!([A-Z0-9_ ]+)!\s*=\s*(.*)", re.IGNORECASE)
_SET: Final = re.compile(r"!([A-Z0-9_ ]+)!", re.IGNORECASE)
_BRACKET: Final = re.compile(r"\[([^\[\]]*)\]")
_PLURAL: Final = re.compile(r"\{([^{}]*)\}")
_DATE: Final = re.compile(r"<(?P<before>\d+)|>(?P<after>\d+)|(?P<first>\d+)-(?P<last>\d+)")
_MOST_NAMES: Final = 1000
"""Names that one line with sets may stand for; nothing written by hand comes near."""


def read_dictionary(text: str, file: str) -> Iterator[Item]:
    """Read an actor or agent dictionary; agents and actors may stand in one file.

    Args:
        text: the whole file.
        file: its name, for error messages.

    Yields:
        One item for each actor or agent, in order.

    Raises:
        GazetteerError: a line is broken; the message names file and line.
    """
    sets: dict[str, tuple[str, ...]] = {}
    names: list[str] = []
    codes: list[Code] = []
    dropped: list[str] = []
    begun, agent, told = 0, False, False

    def finished() -> Iterator[Item]:
        if names:
            if not told:
                raise GazetteerError(f"{file}:{begun}: {names[0]!r} has no code in brackets")
            if codes:
                yield Item(tuple(dict.fromkeys(names)), tuple(codes), agent, begun, tuple(dict.fromkeys(dropped)))

    for number, line in _lines(text, file):
        where = f"{file}:{number}"
        made = _SET_LINE.fullmatch(line)
        if made:
            words = tuple(word.strip() for word in made[2].split(",") if word.strip())
            if not words:
                raise GazetteerError(f"{where}: the set !{made[1]}! is empty")
            sets[made[1].strip().upper()] = words
            continue
        brackets = _BRACKET.findall(line)
        label = _BRACKET.sub(" ", line).strip()
        if "[" in label or "]" in label:
            raise GazetteerError(f"{where}: a bracket is not closed or stands alone")
        if label.startswith("+"):
            if not names:
                raise GazetteerError(f"{where}: a synonym with + comes before any name")
            names.extend(_names(label[1:], sets, where))
        elif label:
            yield from finished()
            names, codes, dropped, begun, told = _names(label, sets, where), [], [], number, False
            agent = any("~" in code for code in brackets)
        elif not names:
            raise GazetteerError(f"{where}: a code comes before any name")
        for code in brackets:
            if ("~" in code) != agent:
                raise GazetteerError(f"{where}: [{code}] mixes agents, written with ~, and actors")
            told = True
            for found, left in _codes(code, where):
                codes.append(found)
                dropped.extend(left)
    yield from finished()


def _lines(text: str, file: str) -> Iterator[tuple[int, str]]:
    opened = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw
        if opened:
            _, end, line = line.partition("-->")
            if not end:
                continue
            opened = 0
        while "<!--" in line:
            before, _, after = line.partition("<!--")
            _, end, rest = after.partition("-->")
            line = before + rest
            if not end:
                opened = number
        line = re.split("[#;]", line, maxsplit=1)[0].strip()
        if line:
            yield number, line
    if opened:
        raise GazetteerError(f"{file}:{opened}: the comment <!-- is not closed with -->")


def _names(label: str, sets: dict[str, tuple[str, ...]], where: str) -> list[str]:
    """Spell out the names of a label: its sets, its plural in braces, its letter case."""
    plurals = _PLURAL.findall(label)
    label = _PLURAL.sub(" ", label).strip()
    if "{" in label or "}" in label:
        raise GazetteerError(f"{where}: a brace is not closed or stands alone")
    forms = [label, *(part for cell in plurals for part in cell.split(",") if part.strip())]
    found = []
    for form in forms:
        for whole in _spelt_out(form.strip(), sets, where):
            name = _cased(" ".join(whole.replace("_", " ").split()))
            if not name:
                raise GazetteerError(f"{where}: a name is empty")
            if "!" in name:
                raise GazetteerError(f"{where}: a set's second ! is missing in {form.strip()!r}")
            found.append(name)
    return found


def _spelt_out(form: str, sets: dict[str, tuple[str, ...]], where: str) -> list[str]:
    done = [form]
    for name in _SET.findall(form):
        words = sets.get(name.strip().upper())
        if words is None:
            raise GazetteerError(f"{where}: the set !{name}! is not defined above this line")
        done = [whole.replace(f"!{name}!", word, 1) for whole in done for word in words]
        if len(done) > _MOST_NAMES:
            raise GazetteerError(f"{where}: the sets of this line make more than {_MOST_NAMES} names")
    return done


def _cased(name: str) -> str:
    """Give a name in capitals the case of print: acronyms of up to three letters stay, small words are small."""
    if name != name.upper():
        return name
    parts = name.split(" ")
    if len(parts) == 1 and len(name) <= 3:
        return name
    small = {"OF", "THE", "AND", "FOR", "IN", "DE", "DA", "DO", "DI", "BIN", "AL"}
    return " ".join(part.lower() if part in small and at else part.title() for at, part in enumerate(parts))


def _codes(cell: str, where: str) -> Iterator[tuple[Code, tuple[str, ...]]]:
    parts = cell.split()
    if not parts:
        raise GazetteerError(f"{where}: the brackets are empty")
    if parts[0].strip("-~") == "":
        if "~" in parts[0]:
            raise GazetteerError(f"{where}: [{cell}] gives the agent no code")
        yield Code(None, ()), ()
        return
    first = last = None
    if len(parts) > 1:
        stated = "".join(parts[1:])
        match = _DATE.fullmatch(stated)
        if match is None:
            raise GazetteerError(f"{where}: {stated!r} is not <date, >date or date-date")
        one = dt.timedelta(1)
        if match["before"]:
            last = _day(match["before"], False, where) - one
        elif match["after"]:
            first = _day(match["after"], True, where) + one
        else:
            first, last = _day(match["first"], False, where), _day(match["last"], True, where)
            if last < first:
                raise GazetteerError(f"{where}: {stated!r} ends before it begins")
    country, sectors, dropped = _read_code(parts[0].replace("~", ""), "~" in parts[0], where)
    yield Code(country, sectors, first, last), dropped


def _day(cell: str, last: bool, where: str) -> dt.date:
    try:
        if len(cell) == 6:
            cell = ("19" if int(cell[:2]) > 30 else "20") + cell
        if len(cell) != 8:
            raise ValueError
        year, month, number = int(cell[:4]), int(cell[4:6]), int(cell[6:])
        if number and month:
            return dt.date(year, month, number)
        if number:
            raise ValueError
        if not last:
            return dt.date(year, month or 1, 1)
        return dt.date(year + (month in (0, 12)), 1 if month in (0, 12) else month + 1, 1) - dt.timedelta(1)
    except ValueError:
        raise GazetteerError(f"{where}: {cell!r} is no day YYMMDD or YYYYMMDD") from None


def _read_code(code: str, agent: bool, where: str) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """Part a code into PLOVER's country and sectors and what is dropped: codes of peoples, regions and the unknown."""
    if len(code) % 3 or not code.isalnum():
        raise GazetteerError(f"{where}: {code!r} is not made of codes of three letters")
    pieces = [code[at : at + 3].upper() for at in range(0, len(code), 3)]
    country: str | None = None
    dropped: list[str] = []
    if not agent and not _sector(pieces[0]):
        country = _COUNTRIES.get(pieces[0], pieces[0])
        pieces = pieces[1:]
        if country == "IGO":
            country = next((_BODIES[piece] for piece in pieces if piece in _BODIES), "IGO")
            pieces = [piece for piece in pieces if piece not in _BODIES]
        if country in _REGIONS:
            dropped.append(country)
            country = None
    elif pieces[0] in ("NGO", "NGM", "MNC", "IGO") and agent:
        country = _COUNTRIES.get(pieces[0], pieces[0])
        pieces = pieces[1:]
    sectors = tuple(dict.fromkeys(sector for piece in pieces if (sector := _sector(piece))))
    dropped += [piece for piece in pieces if not _sector(piece)]
    return country, sectors, tuple(dropped)


def _sector(piece: str) -> str | None:
    if piece in _SECTORS:
        return _SECTORS[piece]
    return piece if piece in plover.SECTORS else None


__all__ = ["Code", "Item", "read_dictionary"]
