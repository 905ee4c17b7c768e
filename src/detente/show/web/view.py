"""What an address asks for: parsed, checked, and written back so that the address restores the view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Protocol, cast, get_args
from urllib.parse import urlencode

from detente import plover
from detente.errors import OptionError
from detente.measure.series import By
from detente.store.store import as_day

Direction = Literal["joint", "ab", "ba"]
Count = Literal["happenings", "reports"]

MOST_VALUES: Final = 64
"""Values of one facet that an address may name."""
_LONGEST: Final = 200


class Query(Protocol):
    """The query part of an address."""

    def getlist(self, key: Any, /) -> list[str]:
        """Return all values of a name."""
        ...


def values(query: Query, name: str) -> tuple[str, ...]:
    """Return the values of a name, each once, without empty ones.

    Raises:
        OptionError: there are too many, or one is too long.
    """
    found = tuple(dict.fromkeys(value for value in query.getlist(name) if value))
    if len(found) > MOST_VALUES or any(len(value) > _LONGEST for value in found):
        raise OptionError(f"{name}: at most {MOST_VALUES} values of at most {_LONGEST} characters")
    return found


def value(query: Query, name: str) -> str | None:
    """Return the last value of a name, or None."""
    found = values(query, name)
    return found[-1] if found else None


def one_of(query: Query, name: str, allowed: Sequence[str], default: str) -> str:
    """Return the value of a name that takes one of a few.

    Raises:
        OptionError: it is none of them.
    """
    found = value(query, name) or default
    if found not in allowed:
        raise OptionError(f"{name} is {found!r}; it must be one of {', '.join(allowed)}")
    return found


def some_of(query: Query, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
    """Return the values of a name that takes some of a few, in their own order.

    Raises:
        OptionError: one is none of them.
    """
    found = values(query, name)
    for item in found:
        if item not in allowed:
            raise OptionError(f"{name} is {item!r}; it must be one of {', '.join(allowed)}")
    return tuple(item for item in allowed if item in found)


def whole(query: Query, name: str, default: int, most: int) -> int:
    """Return a whole number from 0 to `most`.

    Raises:
        OptionError: it is none.
    """
    found = value(query, name)
    if found is None:
        return default
    if not found.isascii() or not found.isdecimal() or len(found) > 9 or int(found) > most:
        raise OptionError(f"{name} is {found!r}; it must be a whole number from 0 to {most}")
    return int(found)


def day(query: Query, name: str) -> dt.date | None:
    """Return a day, or None.

    Raises:
        OptionError: it is no day.
    """
    found = value(query, name)
    return as_day(found) if found else None


def country(code: str) -> str:
    """Return a country's code.

    Raises:
        OptionError: it is none.
    """
    if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():
        raise OptionError(f"{code[:20]!r} is no country; write its three letters, such as CHN")
    return code


_MODES: Final = tuple(f"{kind}/{mode}" for kind in plover.TYPES for mode in plover.MODES[kind])


@dataclass(frozen=True, slots=True)
class Facets:
    """Which events count; the same names in every address.

    Attributes:
        from_: first day.
        to: last day, included.
        status: what counts as done.
        type: event types; none for all.
        mode: "TYPE/mode"; none for all. Types and modes add up: an event of either counts.
        context: issues; none for all.
        source: sources; none for all.
        attributed: only what a quoted source asserts ("yes"), only what a report itself does ("no"), or both ("").
        min_confidence: least confidence in percent, 0 to 100.
        version: the store's version, or None for the newest.
    """

    from_: dt.date | None = None
    to: dt.date | None = None
    status: tuple[plover.Status, ...] = ("actual",)
    type: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    attributed: str = ""
    min_confidence: int = 0
    version: int | None = None

    @classmethod
    def parse(cls, query: Query) -> Facets:
        """Read the facets of an address.

        Raises:
            OptionError: one has a value that makes no sense.
        """
        version = value(query, "version")
        found = cls(
            from_=day(query, "from"),
            to=day(query, "to"),
            status=cast("tuple[plover.Status, ...]", some_of(query, "status", plover.STATUSES)) or ("actual",),
            type=some_of(query, "type", plover.TYPES),
            mode=some_of(query, "mode", _MODES),
            context=some_of(query, "context", plover.CONTEXTS),
            source=values(query, "source"),
            attributed=one_of(query, "attributed", ("", "yes", "no"), ""),
            min_confidence=whole(query, "min_confidence", 0, 100),
            version=whole(query, "version", 0, 10**8) if version else None,
        )
        if found.from_ and found.to and found.from_ > found.to:
            raise OptionError(f"from is {found.from_}, to {found.to}; the first day must not come after the last")
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Return the names and values of the address, those that differ from the default."""
        found: list[tuple[str, str]] = []
        for one in fields(self):
            item = getattr(self, one.name)
            if item == one.default:
                continue
            name = one.name.rstrip("_")
            found += [(name, str(part)) for part in (item if isinstance(item, tuple) else (item,))]
        return found

    @property
    def asserted(self) -> bool | None:
        """What `Filters.attributed` wants to know."""
        return {"yes": True, "no": False}.get(self.attributed)

    def wants(self, kind: str, mode: str | None) -> bool:
        """Tell whether a type and mode are among those that count."""
        return not (self.type or self.mode) or kind in self.type or f"{kind}/{mode}" in self.mode


@dataclass(frozen=True, slots=True)
class Here:
    """A page with facets as its address asks for it.

    Attributes:
        path: its path.
        facets: which events count.
        own: names and values of its other parts.
        any_status: where no status is named, all count; else only what was done.
    """

    path: str
    facets: Facets
    own: tuple[tuple[str, str], ...] = ()
    any_status: bool = False

    def query(self, **changes: Any) -> str:
        """Return the query part of this page's address, or of one with some facets changed.

        Args:
            changes: facets by name.
        """
        facets = replace(self.facets, **changes)
        pairs = [*self.own, *facets.pairs()]
        if self.any_status and facets.status == ("actual",):
            pairs.append(("status", "actual"))
        return "?" + urlencode(pairs) if pairs else ""

    def address(self, suffix: str = "", **changes: Any) -> str:
        """Return the page's address below the site's root; `suffix` is "", ".json", ".csv" or ".svg"."""
        return f"{self.path}{suffix}{self.query(**changes)}"

    def plain(self) -> str:
        """Return the address without any facet but the store's version."""
        return replace(
            self, facets=Facets(status=() if self.any_status else ("actual",), version=self.facets.version)
        ).address()

    def parted(self, **own: Any) -> str:
        """Return the address with some of its other parts changed or, where None, left out."""
        kept = [(name, value) for name, value in self.own if name not in own]
        return replace(self, own=(*kept, *((k, str(v)) for k, v in own.items() if v is not None))).address()

    @property
    def narrowed(self) -> int:
        """How many facets are in force."""
        names = {name for name, _ in self.facets.pairs()} | (
            {"status"} if self.any_status and self.facets.status else set()
        )
        return len(names - {"version"})


@dataclass(frozen=True, slots=True)
class View:
    """A relation as an address asks for it.

    Attributes:
        a: country.
        b: country.
        facets: which events count.
        by: the period.
        direction: whose level is drawn.
        sector_a: only acts of, or on, this sector of a.
        sector_b: likewise.
        count: what the bars count.
        at: a day of the period whose evidence is open.
        happening: the one happening whose evidence is open.
    """

    a: str
    b: str
    facets: Facets = Facets()
    by: By = "month"
    direction: Direction = "joint"
    sector_a: str = ""
    sector_b: str = ""
    count: Count = "happenings"
    at: dt.date | None = None
    happening: str | None = None

    @classmethod
    def parse(cls, a: str, b: str, query: Query) -> View:
        """Read a view's address.

        Raises:
            OptionError: a part has a value that makes no sense.
        """
        sectors = ("", *plover.SECTORS)
        found = cls(
            country(a),
            country(b),
            Facets.parse(query),
            by=cast("By", one_of(query, "by", get_args(By), "month")),
            direction=cast("Direction", one_of(query, "direction", get_args(Direction), "joint")),
            sector_a=one_of(query, "sector_a", sectors, ""),
            sector_b=one_of(query, "sector_b", sectors, ""),
            count=cast("Count", one_of(query, "count", get_args(Count), "happenings")),
            at=day(query, "at"),
            happening=value(query, "happening"),
        )
        if a == b and found.sector_a == found.sector_b:
            raise OptionError(f"{a} and {b} are the same; a relation has two sides, or two sectors of a country")
        return found

    @property
    def parties(self) -> tuple[str, str]:
        """The two as `relation` takes them: "CHN" or "CHN:GOV"."""
        one, two = ((c, s) for c, s in ((self.a, self.sector_a), (self.b, self.sector_b)))
        return tuple(f"{c}:{s}" if s else c for c, s in (one, two))  # type: ignore[return-value]

    @property
    def series(self) -> str:
        """The name of the series whose level is drawn."""
        one, two = self.parties
        return {"joint": "joint", "ab": f"{one}→{two}", "ba": f"{two}→{one}"}[self.direction]

    def counted(self) -> View:
        """Return the view without what changes no number: what is drawn or open of it."""
        return replace(self, direction="joint", count="happenings", at=None, happening=None)

    def query(self, **changes: Any) -> str:
        """Return the query part of this view's address, or of one with some parts changed; empty for the plain view.

        Args:
            changes: parts of the view or of its facets, by name.
        """
        own = {one.name for one in fields(self)}
        facets = replace(self.facets, **{k: v for k, v in changes.items() if k not in own})
        view = replace(self, facets=facets, **{k: v for k, v in changes.items() if k in own})
        pairs = []
        for name in ("by", "direction", "sector_a", "sector_b", "count"):
            item = getattr(view, name)
            if item != View.__dataclass_fields__[name].default:
                pairs.append((name, str(item)))
        pairs += view.facets.pairs()
        for name in ("at", "happening"):
            if (item := getattr(view, name)) is not None:
                pairs.append((name, str(item)))
        return "?" + urlencode(pairs) if pairs else ""

    def without(self, **changes: Any) -> str:
        """Return the view's address with some facets changed and no one happening open; another time opens no period."""
        if "from_" in changes:
            changes["at"] = None
        return self.address(happening=None, **changes)

    def address(self, suffix: str = "", **changes: Any) -> str:
        """Return the view's address below the site's root.

        Args:
            suffix: "", ".json", ".csv" or ".svg".
            changes: see `query`.
        """
        return f"/relation/{self.a}/{self.b}{suffix}{self.query(**changes)}"
