"""The gazetteer: plain tables of names, read once, asked by words.

Tables lie in `data/*.csv`; `data/README.md` names the source of each. A user's tables are read after the
bundled ones and win over them. Nothing is read at import; cities are read when a place is first asked for.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

from detente import plover
from detente.errors import GazetteerError
from detente.gazetteer.dictionaries import Item, read_dictionary
from detente.gazetteer.names import Word, fold, is_acronym, key, same_case, singular, word_set, words
from detente.records import EntityKind, LearnedRole, Rule

Role = Literal[
    "country", "adjective", "people", "capital", "seat", "region", "organisation", "group", "person", "surname"
]
Territories = Literal["plover", "sovereign", "separate"]

_KEPT: Final = frozenset({"HKG", "PSE", "XKX", "TWN"})
"""Codes that PLOVER keeps although a state claims or holds them."""

_ISO_LIKE: Final = re.compile(r"[A-Z]{3}")
_UNOFFICIAL: Final = frozenset({"ABK", "SOS", "PMR", "NCY", "SML", "NKR", "DPR", "LPR", "VNS"})
"""Row codes of `countries.csv` that are ours, for lack of an ISO code; they never leave the gazetteer."""

_CLAIMED: Final = {"TWN": "CHN", "HKG": "CHN", "MAC": "CHN", "XKX": "SRB"}
"""Claiming states, used with territories="sovereign"."""


@dataclass(frozen=True, slots=True)
class Term:
    """One stay in an office; a day, month or year that is open is None at its end.

    `first` and `last` are inclusive; a date known to the month or year only covers all of it.
    """

    office: str
    sectors: tuple[str, ...]
    first: dt.date | None
    last: dt.date | None
    country: str | None = None

    def covers(self, day: dt.date) -> bool:
        """Whether the office was held on a day."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a name stands for.

    `id` is the same for every name of one thing; `role` says how this name means it (China by its
    adjective, its government by its capital). `terms` are of persons, `members` ISO codes of a bloc.
    """

    id: str
    name: str
    kind: EntityKind
    role: Role
    country: str | None
    sectors: tuple[str, ...] = ()
    rule: Rule = Rule.NAME
    wikidata: str | None = None
    members: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    woman: bool = False


@dataclass(frozen=True, slots=True)
class Country:
    """A row of the table of countries; `code` is as the territories switch gives it, `until` the last day of its state."""

    id: str
    name: str
    code: str
    sectors: tuple[str, ...]
    capitals: tuple[str, ...]
    epithets: frozenset[str]
    wikidata: str | None
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Office:
    """A title or role noun. With `body` the sector is that of the body it belongs to, else `sectors`."""

    title: str
    sectors: tuple[str, ...]
    kind: EntityKind
    body: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A populated place; latitude and longitude in degrees, population in inhabitants."""

    name: str
    country: str
    region: str | None
    latitude: float
    longitude: float
    population: int


@dataclass(frozen=True, slots=True)
class Match:
    """Words `first` to `last` (exclusive) of a mention that are a name of `entries` or the title `office`."""

    first: int
    last: int
    entries: tuple[Entry, ...] = ()
    office: Office | None = None
    plural: bool = False

    def entry(self, *roles: Role) -> Entry | None:
        """Return the first entry in one of the roles, in the order of the roles."""
        for role in roles:
            for entry in self.entries:
                if entry.role == role:
                    return entry
        return None


@dataclass(frozen=True, slots=True)
class _Posting:
    entry: Entry
    form: str
    needs_the: bool


_SINGULAR_BODIES: Final = word_set("forces services authorities marines commons chiefs communications airlines airways")
"""Plural nouns that name one body."""

_GIVEN_NAME_USED: Final = word_set("ETH ERI THA MYS")
"""Countries whose people are called by the given name, which stands first."""

_OF_OFFICE: Final = frozenset({"GOV", "LEG", "JUD", "MIL", "COP", "ELI"})
"""Sectors that end with the office."""

_LEARNED_FOR: Final = dt.timedelta(days=730)
"""How long a role learned from a report is taken to last, before and without later evidence."""


_USER_COLUMNS: Final = (
    "name", "kind", "country", "sectors", "aliases", "members", "title", "office", "start", "end", "wikidata", "note"
)  # fmt: skip
"""Columns of a user's own table; all but the name or the title may be left out."""


def _split(cell: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (cell or "").split("|") if part.strip())


def _rows(text: str, file: str, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in columns if column not in (reader.fieldnames or ())]
    if missing:
        raise GazetteerError(f"{file}:1: the table lacks the column {', '.join(missing)}")
    try:
        for row in reader:
            if None in row or None in row.values():
                raise GazetteerError(f"{file}:{reader.line_num}: the row has not {len(reader.fieldnames or ())} fields")
            yield reader.line_num, {name: value.strip() for name, value in row.items()}
    except csv.Error as error:
        raise GazetteerError(f"{file}:{reader.line_num}: {error}") from error


def day(cell: str, last: bool, where: str) -> dt.date | None:
    """Read YYYY-MM-DD, YYYY-MM or YYYY; a coarser date gives its first or, with `last`, its last day.

    Raises:
        GazetteerError: the cell is no date.
    """
    if not cell:
        return None
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", cell)
    try:
        if match is None:
            raise ValueError
        year, month, number = (int(part) if part else None for part in match.groups())
        assert year is not None
        if number is not None and month is not None:
            return dt.date(year, month, number)
        if not last:
            return dt.date(year, month or 1, 1)
        if month is None or month == 12:
            return dt.date(year, 12, 31)
        return dt.date(year, month + 1, 1) - dt.timedelta(days=1)
    except ValueError:
        raise GazetteerError(f"{where}: {cell!r} is not YYYY-MM-DD, YYYY-MM or YYYY") from None


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh", "ese", "i'")):
        return word
    if word.endswith("man"):
        return word[:-3] + "men"
    return word + "s"


class Gazetteer:
    """All that the resolver knows of names. Made by `load`; never changed afterwards.

    `notes` says, a line each, what of the user's dictionaries was not read.
    """

    def __init__(self, territories: Territories = "plover") -> None:
        """Make an empty gazetteer; use `load` for the bundled tables."""
        self.territories: Territories = territories
        self.countries: dict[str, Country] = {}
        self.offices: dict[str, Office] = {}
        self.persons: dict[str, Entry] = {}
        self.epithets: dict[str, tuple[str, ...]] = {}
        self._sovereigns: dict[str, str] = {}
        self._index: dict[str, list[_Posting]] = {}
        self._longest: dict[str, int] = {}
        self._by_name: dict[str, Entry] = {}
        self._codes: dict[str, Country] = {}
        self._informal: set[tuple[str, str]] = set()
        self.learned: tuple[LearnedRole, ...] = ()
        self._own: set[str] = set()
        self.notes: list[str] = []

    @classmethod
    def load(cls, user_tables: tuple[str, ...] = (), territories: Territories = "plover") -> Gazetteer:
        """Read the bundled tables and then the user's.

        Args:
            user_tables: paths of the user's tables: CSV, or PETRARCH/CAMEO actor and agent dictionaries.
            territories: how Taiwan, Hong Kong and the like are coded (docs/actors.md).

        Raises:
            GazetteerError: a table is broken or cannot be read; the message names file and line.
        """
        made = cls(territories)
        made._read_countries(_bundled("countries.csv"))
        made._read_regions(_bundled("regions.csv"))
        made._read_seats(_bundled("seats.csv"))
        made._read_offices(_bundled("offices.csv"))
        made.epithets = {
            key(row["phrase"]): _split(row["codes"])
            for _, row in _rows(_bundled("epithets.csv"), "epithets.csv", ("phrase", "codes"))
        }
        made._read_bodies(_bundled("organisations.csv"), "organisations.csv", "organisation")
        made._read_bodies(_bundled("groups.csv"), "groups.csv", "group")
        made._read_persons(_bundled("holders.csv"), _bundled("people.csv"))
        for path in user_tables:
            made.read_user_table(Path(path))
        return made

    # Reading tables

    def code(self, identity: str) -> str:
        """Return the country code that a row of the table of countries is coded as, under `territories`."""
        sovereign = self._sovereigns.get(identity, "")
        if identity in _UNOFFICIAL:
            return sovereign or identity
        if self.territories == "separate":
            return identity
        if self.territories == "sovereign":
            return _CLAIMED.get(identity) or (identity if identity in _KEPT else sovereign or identity)
        return identity if identity in _KEPT else sovereign or identity

    def _read_countries(self, text: str) -> None:
        rows = list(_rows(text, "countries.csv", ("code", "name", "aliases", "adjectives", "people", "capitals")))
        self._sovereigns = {row["code"]: row["sovereign"] for _, row in rows}
        for _, row in rows:
            identity, code = row["code"], self.code(row["code"])
            # Under "separate" Western Sahara has its own ISO code and is no part of another state's record.
            sectors = _split(row["sectors"]) if code != identity else ()
            country = Country(
                identity,
                row["name"],
                code,
                sectors,
                _split(row["capitals"]),
                frozenset(part.casefold() for part in _split(row["epithets"])),
                row["wikidata"] or None,
                day(row.get("until", ""), True, "countries.csv"),
            )
            self.countries[identity] = country
            if code == identity or code not in self._codes:
                self._codes[code] = country
            state = Entry(
                f"country:{identity}", country.name, "country", "country", code, sectors, Rule.NAME, country.wikidata
            )
            self._by_name.setdefault(key(country.name), state)
            self._add(state, (country.name, *_split(row["aliases"])))
            people = replace(state, role="adjective", rule=Rule.DEMONYM)
            self._add(people, _split(row["adjectives"]))
            nouns = [
                _plural(form) for form in _split(row["adjectives"]) if _plural(form) != form and not is_acronym(form)
            ]
            singles = _split(row["people"])
            nouns += [*singles, *(_plural(form) for form in singles)]
            citizens = replace(state, role="people", rule=Rule.DEMONYM)
            self._add(citizens, nouns)
            government = self.government(identity)
            self._add(replace(government, role="capital", rule=Rule.SEAT), country.capitals)

    def government(self, code: str) -> Entry:
        """Return the government of a country (a code or a row of the table of countries)."""
        country = self.countries.get(code) or self._codes.get(code)
        if country is None:
            return Entry(f"government:{code}", f"Government of {code}", "organisation", "seat", code, ("GOV",))
        name = f"Government of {_with_article(country.name)}"
        return Entry(
            f"government:{country.id}", name, "organisation", "seat", country.code, (*country.sectors, "GOV"), Rule.SEAT
        )

    def _read_regions(self, text: str) -> None:
        for _, row in _rows(text, "regions.csv", ("name", "aliases", "adjectives", "people", "country")):
            code = self.code(row["country"]) if row["country"] else None
            region = Entry(
                f"region:{row['name']}", row["name"], "place", "region", code, _split(row["sectors"]), Rule.PLACE
            )
            self._by_name.setdefault(key(region.name), region)
            self._add(region, (region.name, *_split(row["aliases"])))
            adjectives = _split(row["adjectives"])
            self._add(replace(region, role="adjective", rule=Rule.DEMONYM), adjectives)
            singles = _split(row["people"])
            people = [_plural(form) for form in adjectives if _plural(form) != form]
            self._add(
                replace(region, role="people", rule=Rule.DEMONYM),
                [*people, *singles, *(_plural(form) for form in singles)],
            )
            seat = Entry(f"city:{row['name']}:capital", row["name"], "place", "capital", code, (), Rule.SEAT)
            for capital in _split(row["capitals"]):
                self._add(replace(seat, name=capital, id=f"city:{capital}"), (capital,))

    def _read_seats(self, text: str) -> None:
        for number, row in _rows(text, "seats.csv", ("names", "country", "sectors", "entity", "kind")):
            kind = _kind(row["kind"], f"seats.csv:{number}")
            name = row["entity"]
            # The seat of a government and the capital that stands for it are one entity.
            country = self.countries.get(row["country"])
            identity = f"organisation:{name}"
            if country and name == f"Government of {_with_article(country.name)}":
                identity = f"government:{country.id}"
            entry = Entry(identity, name, kind, "seat", row["country"] or None, _split(row["sectors"]), Rule.SEAT)
            self._by_name.setdefault(key(name), entry)
            self._add(entry, _split(row["names"]))

    def _read_offices(self, text: str) -> None:
        for number, row in _rows(text, "offices.csv", ("sectors", "kind", "rule", "titles")):
            kind = _kind(row["kind"], f"offices.csv:{number}")
            for title in _split(row["titles"]):
                last = key(title).rsplit(" ", 1)[-1]
                many = kind == "organisation" and singular(last) != last and last not in _SINGULAR_BODIES
                sectors = _sectors(row["sectors"], f"offices.csv:{number}")
                self._add_office(
                    title, Office(title, sectors, "group" if many else kind, row["rule"] == "body"), keep=True
                )

    def _add_office(self, title: str, office: Office, keep: bool) -> None:
        name = key(title)
        if keep:
            self.offices.setdefault(name, office)
        else:
            self.offices[name] = office
        first, length = name.split(" ", 1)[0], name.count(" ") + 1
        if length > self._longest.get(first, 0):
            self._longest[first] = length

    def _read_bodies(self, text: str, file: str, prefix: str) -> None:
        for number, row in _rows(text, file, ("name", "aliases", "country", "sectors")):
            where = f"{file}:{number}"
            kind: EntityKind = _kind(row["kind"], where) if row.get("kind") else "organisation"
            role: Role = "people" if row.get("people") == "yes" and row["sectors"] in ("CVL", "REL") else "organisation"
            entry = Entry(
                f"{prefix}:{row['name']}",
                row["name"],
                kind,
                role,
                row["country"] or None,
                _sectors(row["sectors"], where),
                Rule.NAME,
                row.get("wikidata") or None,
                _split(row.get("members")),
            )
            self._by_name.setdefault(key(row["name"]), entry)
            self._add(entry, (row["name"], *_split(row["aliases"])))

    def _read_persons(self, text: str, others: str) -> None:
        terms: dict[str, list[Term]] = {}
        facts: dict[str, dict[str, str]] = {}
        country = ""
        for number, row in _rows(text, "holders.csv", ("country", "office", "name", "first", "last")):
            where = f"holders.csv:{number}"
            country = row["country"] or country
            identity = f"person:{row['name']}"
            first, last = day(row["first"], False, where), day(row["last"], True, where)
            if first and last and last < first:
                raise GazetteerError(f"{where}: the term of {row['name']} ends before it begins")
            office = self.offices.get(key(row["office"]))
            sectors = office.sectors if office and office.sectors[:1] in (("LEG",), ("REL",)) else ("GOV",)
            code = self.code(country) if country in self.countries else country
            terms.setdefault(identity, []).append(Term(row["office"], sectors, first, last, code))
            fact = facts.setdefault(identity, {"name": row["name"], "country": country})
            for column in ("aliases", "wikidata", "sex"):
                if row.get(column):
                    fact[column] = row[column]
        for number, row in _rows(others, "people.csv", ("name", "country", "office", "sectors", "first", "last")):
            where = f"people.csv:{number}"
            sectors = _sectors(row["sectors"], where)
            first, last = day(row["first"], False, where), day(row["last"], True, where)
            if sectors[0] not in _OF_OFFICE:
                # A rebel or activist stays one to the press, when caught or dead too.
                last = None
            identity = f"person:{row['name']}"
            code = self.code(row["country"]) if row["country"] in self.countries else row["country"]
            terms.setdefault(identity, []).append(Term(row["office"], sectors, first, last, code))
            self._informal.add((identity, row["office"]))
            fact = facts.setdefault(identity, {"name": row["name"], "country": row["country"]})
            fact["aliases"] = "|".join(filter(None, (fact.get("aliases"), row["aliases"])))
            for column in ("wikidata", "sex"):
                if row.get(column):
                    fact[column] = row[column]
        for identity, fact in facts.items():
            held = sorted(terms[identity], key=lambda term: term.first or dt.date.min)
            self._add_person(identity, {**fact, "country": held[-1].country or fact["country"]}, tuple(held))

    def _add_person(
        self, identity: str, fact: dict[str, str], terms: tuple[Term, ...], rule: Rule = Rule.OFFICE_HOLDER
    ) -> None:
        person = Entry(
            identity,
            fact["name"],
            "person",
            "person",
            self.code(fact["country"]) if fact["country"] in self.countries else fact["country"],
            terms[-1].sectors if terms else (),
            rule,
            fact.get("wikidata") or None,
            (),
            terms,
            fact.get("sex") == "f",
        )
        self.persons[identity] = person
        forms = (person.name, *_split(fact.get("aliases")))
        self._add(person, (*forms, *(form.replace("al-", "el-") for form in forms if "al-" in form)))
        if rule == Rule.LEARNED or (rule == Rule.OFFICE_HOLDER and not any(term.first for term in terms)):
            # Many bear a family name; that a report once named one of them, or that one was in the news at some time,
            # makes no other known.
            return
        called = surnames(person.name)
        called += tuple(form.replace("al-", "el-") for form in called if "al-" in form)
        first_word = person.name.split(" ")[0]
        if person.country in _GIVEN_NAME_USED and " " in person.name:
            called = (*called, first_word)
        elif person.country == "VNM":
            called = (*called, person.name.split(" ")[-1])
        for surname in dict.fromkeys(called):
            self._add(replace(person, role="surname"), (surname,))

    def read_user_table(self, path: Path) -> None:
        """Read a user's table over the bundled ones: CSV, or a PETRARCH/CAMEO actor or agent dictionary.

        Args:
            path: a file whose first line is a CSV header with `name` or `title`, else a dictionary.

        Raises:
            GazetteerError: the file cannot be read or a line is broken.
        """
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise GazetteerError(f"{path}: cannot read the table: {reason}") from error
        except UnicodeDecodeError as error:
            raise GazetteerError(f"{path}: cannot read the table: not UTF-8; convert it to UTF-8 first") from error
        header = [cell.strip().casefold() for cell in text.split("\n", 1)[0].split(",")]
        if "name" in header or "title" in header:
            self._read_user_csv(text, str(path))
        elif "[" not in text:
            raise GazetteerError(
                f"{path}:1: neither a CSV table with a column name or title nor a dictionary with codes in brackets"
            )
        else:
            self._read_dictionary(read_dictionary(text, str(path)), str(path))

    def _read_user_csv(self, text: str, file: str) -> None:
        header = next(csv.reader(io.StringIO(text)), [])
        strange = [name for name in header if name.casefold().strip() not in _USER_COLUMNS]
        if strange:
            raise GazetteerError(
                f"{file}:1: no such column: {', '.join(strange)[:80]}; a table of actors has {', '.join(_USER_COLUMNS)}"
            )
        people: dict[str, tuple[dict[str, str], list[Term]]] = {}
        for number, row in _rows(text, file, ()):
            where = f"{file}:{number}"
            row = {name.casefold(): value for name, value in row.items()}
            sectors = _sectors(row.get("sectors", ""), where)
            country = row.get("country", "")
            if country and not _ISO_LIKE.fullmatch(country):
                raise GazetteerError(f"{where}: country {country!r} is not a three-letter code")
            if country and self.country(country) is None and country not in plover.SPECIAL_COUNTRIES:
                raise GazetteerError(f"{where}: no country has the code {country!r}")
            if row.get("title"):
                title = row["title"]
                office = Office(title, sectors, _kind(row.get("kind") or "person", where), not sectors)
                self._add_office(title, office, keep=False)
            if not row.get("name"):
                if not row.get("title"):
                    raise GazetteerError(f"{where}: the row has neither a name nor a title")
                continue
            kind = _kind(row.get("kind") or "organisation", where)
            aliases = _split(row.get("aliases"))
            first, last = day(row.get("start", ""), False, where), day(row.get("end", ""), True, where)
            if kind == "person":
                fact, terms = people.setdefault(f"person:{row['name']}", ({}, []))
                fact.update({"name": row["name"], "country": country, "aliases": "|".join(aliases)})
                fact["wikidata"] = row.get("wikidata", "")
                terms.append(Term(row.get("office", row.get("title", "")), sectors, first, last))
                continue
            role: Role = "country" if kind == "country" else "region" if kind == "place" else "organisation"
            span = (Term(row["name"], sectors, first, last),) if first or last else ()
            entry = Entry(
                f"user:{row['name']}", row["name"], kind, role, country or None, sectors, Rule.USER,
                row.get("wikidata") or None, _split(row.get("members")), span,
            )  # fmt: skip
            self._by_name[key(row["name"])] = entry
            self._add(entry, (row["name"], *aliases), front=True)
        for identity, (fact, terms) in people.items():
            self._forget(identity)
            self._add_person(identity, fact, tuple(terms), Rule.USER)

    def _read_dictionary(self, items: Iterable[Item], file: str) -> None:
        dropped: dict[str, list[int]] = {}
        for item in items:
            best = item.codes[-1]
            unknown = [c.country for c in item.codes if c.country and self._dictionary_code(c.country) is None]
            for code in dict.fromkeys([*unknown, *item.dropped]):
                dropped.setdefault(code, []).append(item.line)
            if item.agent:
                known = next((found for name in item.names if (found := self.office(name))), None)
                kind: EntityKind = known.kind if known is not None else "person"
                for name in item.names:
                    self._add_office(name, Office(item.names[0], best.sectors, kind, not best.sectors), keep=False)
                continue
            terms = tuple(Term("", c.sectors, c.first, c.last, self._dictionary_code(c.country)) for c in item.codes)
            dated = any(term.first or term.last for term in terms)
            country = terms[-1].country
            # A dictionary does not say what kind of thing a name is: what the tables know under it tells, else
            # a name with dated codes holds an office and a bare code is its country.
            same = [entry for name in item.names for entry in self.lookup(name) if entry.country == country]
            plain = [entry for entry in same if entry.role in ("country", "organisation", "person", "region")]
            if plain:
                first = plain[0]
                entry = replace(first, country=country, sectors=best.sectors, rule=Rule.USER, terms=())
            else:
                role: Role = "person" if dated else "organisation"
                bare = self.country(country) if not best.sectors else None
                if bare is not None:
                    entry = Entry(f"country:{bare.id}", bare.name, "country", "country", country, (), Rule.USER)
                else:
                    name = item.names[0]
                    entry = Entry(
                        f"user:{name}", name, "person" if dated else "organisation", role, country, best.sectors,
                        Rule.USER,
                    )  # fmt: skip
            entry = replace(entry, terms=terms if dated else ())
            if entry.kind == "person":
                self.persons.setdefault(entry.id, entry)
            self._add(entry, item.names, front=True)

        for code, lines in dropped.items():
            more = (
                f", nor in {len(lines) - 1} more entries"
                if len(lines) > 2
                else ", nor in one more"
                if lines[1:]
                else ""
            )
            self.notes.append(
                f"{file}:{lines[0]}: {code!r} is no country or sector of PLOVER's and is not read here{more}"
            )

    def _dictionary_code(self, code: str | None) -> str | None:
        """Return a dictionary's country as the territories switch gives it; None for a code nobody knows."""
        if code is None or code in plover.SPECIAL_COUNTRIES:
            return code
        return self.code(code) if code in self.countries else None

    def _forget(self, identity: str) -> None:
        for name in [*self._index]:
            kept = [posting for posting in self._index[name] if posting.entry.id != identity]
            if kept:
                self._index[name] = kept
            else:
                del self._index[name]

    def _add(self, entry: Entry, forms: Iterable[str], front: bool = False) -> None:
        for form in forms:
            needs_the = form[:4].casefold() == "the " and form[4:5].isupper()
            bare = form[4:] if form[:4].casefold() == "the " else form
            name = key(bare)
            if not name:
                continue
            if entry.rule == Rule.USER and entry.role != "surname":
                self._own.add(name.split(" ", 1)[0])
            postings = self._index.get(name)
            if postings is None:
                postings = self._index[name] = []
                first, length = name.split(" ", 1)[0], name.count(" ") + 1
                if length > self._longest.get(first, 0):
                    self._longest[first] = length
            else:
                same = next(
                    (p for p in postings if p.entry.id == entry.id and p.entry.role == entry.role and p.form == bare),
                    None,
                )
                if same is not None and front:
                    postings.remove(same)
                elif same is not None:
                    if same.needs_the and not needs_the:
                        postings[postings.index(same)] = _Posting(entry, bare, False)
                    continue
            posting = _Posting(entry, bare, needs_the)
            if front:
                postings.insert(0, posting)
            else:
                postings.append(posting)

    # Asking

    def own_names(self, text: str) -> list[tuple[int, int]]:
        """Find the names of the user's own tables in a text.

        Args:
            text: a sentence.

        Returns:
            Spans of code points in order, the longest name at each place; none where there are no own tables.
        """
        if not self._own:
            return []
        part = words(text, None)
        found: list[tuple[int, int]] = []
        at = 0
        while at < len(part):
            match = self.matches(part, at) if part[at].key in self._own and not part[at].mark else None
            if match is not None and any(e.rule == Rule.USER and e.role != "surname" for e in match.entries):
                found.append((part[at].start, part[match.last - 1].end))
                at = match.last
            else:
                at += 1
        return found

    def matches(self, text: Sequence[Word], first: int) -> Match | None:
        """Find the longest name or title that begins at a word.

        Args:
            text: the words of a mention.
            first: index of the word at which it begins.

        Returns:
            The match, or None. At equal length a name in fitting letter case goes before a title.
        """
        word = text[first]
        longest = max(self._longest.get(word.key, 0), self._longest.get(singular(word.key), 0))
        for length in range(min(longest, len(text) - first), 0, -1):
            part = text[first : first + length]
            if any(w.key in (",", "(", ")", ";", ":") for w in part):
                continue
            name = " ".join(w.key for w in part)
            postings = self._index.get(name, ())
            the = first > 0 and text[first - 1].key == "the"
            entries = tuple(
                p.entry for p in postings if (the or not p.needs_the) and _spelt(p.form, part)
            )  # fmt: skip
            office = self.offices.get(name)
            plural = office is not None and part[-1].key == "people"
            if office is None:
                alone = singular(part[-1].key)
                if alone != part[-1].key:
                    office = self.offices.get(f"{name[: len(name) - len(part[-1].key)]}{alone}")
                    plural = office is not None
            if office is None and " of " in name:
                # Chiefs of staff, ministers of defence: the plural stands before the "of".
                head, tail = name.split(" of ", 1)
                stem, _, noun = head.rpartition(" ")
                office = self.offices.get(f"{stem} {singular(noun)} of {tail}".strip())
                plural = office is not None
            if entries or office:
                return Match(first, first + length, entries, office, plural)
        return None

    def country(self, code: str | None) -> Country | None:
        """Return a country by its code, or None for a special or unknown code."""
        return self._codes.get(code or "") or self.countries.get(code or "")

    def standing(self, entries: Sequence[Entry], date: dt.date) -> Sequence[Entry]:
        """Leave out states that are no more, and of capitals those of states that came after ("Moscow" in 1990).

        Args:
            entries: what a name can stand for.
            date: the document's day.

        Returns:
            What is left, never less than one entry.
        """
        ends = [self._until(entry) for entry in entries]
        if len(entries) < 2 or not any(ends):
            return entries
        last = min((end for end in ends if end is not None and end >= date), default=None)
        kept = [
            entry
            for entry, end in zip(entries, ends, strict=True)
            if end == last or (end is None and entry.role not in ("capital", "seat"))
        ]
        return kept or entries

    def _until(self, entry: Entry) -> dt.date | None:
        _, _, identity = entry.id.partition(":")
        state = self.countries.get(identity)
        return state.until if state is not None else None

    def ended(self, entry: Entry, date: dt.date) -> bool:
        """Whether an entry is of a state that was no more on a day."""
        until = self._until(entry)
        return until is not None and until < date

    def members(self, name: str) -> tuple[str, ...]:
        """Return the ISO codes of the members of a bloc ("the G7"), empty where the table lists none."""
        for posting in self._index.get(key(name), ()):
            if posting.entry.members:
                return posting.entry.members
        return ()

    def named(self, name: str) -> Entry | None:
        """Return the country, region or body of a canonical name."""
        return self._by_name.get(key(name))

    def lookup(self, name: str) -> tuple[Entry, ...]:
        """Return all that a name can stand for, letter case regarded, the user's own entries first."""
        part = words(name)
        if len(part) > 1 and part[0].key == "the":
            part = part[1:]
        postings = self._index.get(" ".join(word.key for word in part), ())
        return tuple(posting.entry for posting in postings if _spelt(posting.form, part))

    def office(self, title: str) -> Office | None:
        """Return the office that a title or role noun names, singular or plural."""
        name = key(title)
        found = self.offices.get(name)
        if found is None:
            stem, _, last = name.rpartition(" ")
            found = self.offices.get(f"{stem} {singular(last)}".strip())
        return found

    def with_learned(self, roles: Iterable[LearnedRole]) -> Gazetteer:
        """Return a gazetteer that also knows roles learned from earlier reports of a store.

        Args:
            roles: what `Store.roles` gave, in any order.

        A person is known by the whole name only, from the day of the role and for two years; what the tables know
        of a name is not touched.
        """
        made = Gazetteer(self.territories)
        made.__dict__.update(self.__dict__)
        made.__dict__.pop("_by_office", None)
        made._index = {name: list(postings) for name, postings in self._index.items()}
        made._longest = dict(self._longest)
        made.persons = dict(self.persons)
        by_name: dict[str, list[LearnedRole]] = {}
        for role in sorted(set(roles), key=lambda r: (r.date, r.name, r.country, r.title, r.sectors)):
            by_name.setdefault(role.name, []).append(role)
        taken: list[LearnedRole] = []
        for name, told in sorted(by_name.items()):
            if self.lookup(name):
                continue
            taken += told
            terms = tuple(Term(r.title, r.sectors, r.date, r.date + _LEARNED_FOR, r.country) for r in told)
            fact = {"name": name, "country": told[-1].country}
            made._add_person(f"person:{name}", fact, terms, Rule.LEARNED)
        made.learned = (*self.learned, *taken)
        return made

    @cached_property
    def epithet_words(self) -> frozenset[str]:
        """Words that tell states apart: Asian, Gulf, communist."""
        return frozenset(word for country in self.countries.values() for word in country.epithets)

    @cached_property
    def _cities(self) -> list[str]:
        lines = _bundled("cities.csv").split("\n")[1:]
        for line in _bundled("small_places.csv").split("\n")[1:]:
            if line:
                lines.append(f"{place_key(line.split(',', 1)[0])},{line},0")
        return sorted(line for line in lines if line)

    @cached_property
    def _variants(self) -> dict[str, tuple[str, str]]:
        rows = (line.split(",") for line in _bundled("city_names.csv").split("\n")[1:] if line)
        return {place_key(variant): (place_key(name), country) for variant, name, country in rows}

    def in_office(self, country: str, office: str, date: dt.date) -> Entry | None:
        """Return who held an office of a state on a day, None if nobody or several did.

        Args:
            country: code of the state.
            office: the title; "minister of foreign affairs" and "foreign minister" are one, "foreign secretary" another.
            date: the day.
        """
        asked = _office_key(office)
        if asked == "taoiseach" and country == "IRL":
            asked = "prime minister"
        # A chancellor is a head of government under his own name: the German prime minister is the chancellor, but
        # the chancellor of no other state is its prime minister.
        sought = {asked, *_HEADS_OF_GOVERNMENT} if asked == "prime minister" else {asked}
        found = {
            person.id: person
            for title in sorted(sought)
            for person in self._by_office.get((country, title), ())
            if any(
                _office_key(term.office) in sought and (term.country or person.country) == country and term.covers(date)
                for term in person.terms
            )
        }
        return next(iter(found.values())) if len(found) == 1 else None

    @cached_property
    def _by_office(self) -> dict[tuple[str, str], list[Entry]]:
        table: dict[tuple[str, str], list[Entry]] = {}
        for person in self.persons.values():
            for place in dict.fromkeys(
                (term.country or person.country or "", _office_key(term.office))
                for term in person.terms
                if (person.id, term.office) not in self._informal
            ):
                table.setdefault(place, []).append(person)
        return table

    def places(self, name: str) -> tuple[Place, ...]:
        """Return the populated places of a name, the most populous first.

        Args:
            name: as it stands in the text, in any letter case.
        """
        asked = place_key(name)
        found = self._places(asked, "")
        variant = self._variants.get(asked)
        if variant is None:
            return found
        return tuple(sorted({*self._places(*variant), *found}, key=lambda p: (-p.population, p.country, p.name)))

    def region_country(self, name: str) -> str | None:
        """Return the country of a first-level region ("Benue state", "Hainan"), if only one has it.

        Args:
            name: the region, with or without "state", "province" and the like.
        """
        asked = _REGION_NOUN.sub("", place_key(name)).strip()
        codes = self._region_codes.get(asked, set())
        return self.code(next(iter(codes))) if len(codes) == 1 else None

    @cached_property
    def _region_codes(self) -> dict[str, set[str]]:
        table: dict[str, set[str]] = {}
        pairs = {tuple(line.split(",", 4)[2:4]) for line in self._cities if line}
        for country, region in sorted(pairs):
            if region:
                table.setdefault(_REGION_NOUN.sub("", place_key(region)).strip(), set()).add(country)
        return table

    @lru_cache(maxsize=8192)  # noqa: B019 - a gazetteer lives as long as the process that codes
    def _places(self, asked: str, within: str) -> tuple[Place, ...]:
        if not asked:
            return ()
        found = []
        at = bisect_left(self._cities, asked + ",")
        while at < len(self._cities) and self._cities[at].startswith(asked + ","):
            _, label, country, region, latitude, longitude, population = self._cities[at].split(",")
            code = self.code(country) if country in self.countries else country
            at += 1
            if within and country != within:
                continue
            found.append(Place(label, code, region or None, float(latitude), float(longitude), int(population)))
        return tuple(sorted(found, key=lambda place: (-place.population, place.country, place.name)))


@lru_cache(maxsize=4096)
def _office_key(title: str) -> str:
    """Return the key of an office, the same for its common spellings."""
    name = key(title).replace("defence", "defense")
    name = re.sub(r"^(minister|secretary) (?:of|for) (?!state)(?:national |the )?(.+)$", r"\2 \1", name)
    name = name.replace("foreign affairs", "foreign").replace("external affairs", "foreign")
    return "prime minister" if name == "premier" else name


_HEADS_OF_GOVERNMENT: Final = ("chancellor", "federal chancellor")


def _spelt(form: str, part: Sequence[Word]) -> bool:
    if is_acronym(form):
        return len(part) >= 1 and same_case(form, "".join(word.text for word in part if not word.mark))
    spelt = words(form)
    return len(spelt) == len(part) and all(
        want.mark or same_case(want.text, got.text) for want, got in zip(spelt, part, strict=True)
    )


_REGION_NOUN: Final = re.compile(
    r"\b(?:state|province|region|governorate|oblast|district|prefecture|department|county|sheng|republic|muhafazat)\b ?(?:of )?"
)
_NO_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’‘ʼʻ`ʿʾ´"))


def place_key(name: str) -> str:
    """Return the key of a place name: that of a name, without apostrophes (Sana'a, Sanaa)."""
    return key(name.translate(_NO_APOSTROPHES))


def _with_article(name: str) -> str:
    plural = name.endswith(
        ("States", "Emirates", "Netherlands", "Philippines", "Islands", "Maldives", "Bahamas", "Comoros")
    )
    return f"the {name}" if plural or name.endswith(("Kingdom", "Union", "Republic")) or "Republic of" in name else name


def _kind(cell: str, where: str) -> EntityKind:
    kinds: dict[str, EntityKind] = {
        "person": "person", "country": "country", "organisation": "organisation", "organization": "organisation",
        "group": "group", "place": "place", "other": "other",
    }  # fmt: skip
    if cell not in kinds:
        raise GazetteerError(f"{where}: kind {cell!r} is not one of {', '.join(dict.fromkeys(kinds.values()))}")
    return kinds[cell]


def _sectors(cell: str, where: str) -> tuple[str, ...]:
    found = tuple(part for part in re.split(r"[|,; ]+", cell) if part)
    for sector in found:
        if sector not in plover.SECTORS:
            raise GazetteerError(f"{where}: no sector {sector!r}; PLOVER's are {' '.join(plover.SECTORS)}")
    return found


_PARTICLES: Final = word_set(
    "al el bin ibn ben bint abu abd von van der den de da do dos das di du del della la le ter ten af zu y e mac st san"
)
_SUFFIXES: Final = frozenset({"jr", "sr", "ii", "iii", "iv"})
_FAMILY_FIRST: Final = word_set(
    # Family names that stand first in Chinese, Korean, Vietnamese, Cambodian and Hungarian use.
    "xi li hu jiang wen zhu wang yang qian tang zeng liu chi cao liang wei le dong zhao zhang chen lin tsai lee lai ma "
    "kim moon park roh yoon han hwang jang ri jong hong ryu chung kang song ban yu shin pak choe no nguyen tran truong "
    "vo phan nong pham le bui to do luong ngo hun chea sar ieng khieu sok hor tea wu guo he sun xu zhou fu shen cui mao "
    "deng yao chang yen su hau koo fan qin luo lou bo meng geng hua mu ye ding gao jia"
)


@lru_cache(maxsize=16384)
def surnames(name: str) -> tuple[str, ...]:
    """Return the family names by which a person is called on second mention.

    East Asian order is told by the first name; with a particle both forms are given ("al-Assad", "Assad").

    Args:
        name: the whole name.
    """
    cut = [word for word in words(name) if not word.mark and word.key not in _SUFFIXES]
    if len(cut) < 2:
        return ()
    if cut[0].key in _FAMILY_FIRST and (len(cut) == 2 or cut[2].hyphen or len(cut) == 3) and not _western(cut):
        return (cut[0].text,)
    last = cut[-1].text
    found = [last]
    at = len(cut) - 1
    while at > 1 and (cut[at - 1].key in _PARTICLES or cut[at].hyphen):
        at -= 1
        if cut[at].key in _PARTICLES or cut[at + 1].hyphen:
            found.append(name[cut[at].start : cut[-1].end])
    return tuple(dict.fromkeys(found))


_WESTERN_GIVEN: Final = frozenset({"kim", "lee", "le", "do", "to", "no", "ma", "ban", "park", "moon", "han", "chung"})
_WESTERN_LAST: Final = frozenset(
    {"campbell", "beazley", "howells", "darroch", "leadbeater", "kuan", "hsien", "drian", "pen"}
)


def _western(cut: Sequence[Word]) -> bool:
    return cut[0].key in _WESTERN_GIVEN and cut[-1].key in _WESTERN_LAST and cut[-1].key not in ("kuan", "hsien")


@lru_cache(maxsize=16)
def _bundled(file: str) -> str:
    return (files("detente.gazetteer") / "data" / file).read_text(encoding="utf-8")


__all__ = [
    "Country", "Entry", "Gazetteer", "LearnedRole", "Match", "Office", "Place", "Term", "fold", "surnames",
]  # fmt: skip
