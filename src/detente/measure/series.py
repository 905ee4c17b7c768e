"""A pair of parties → its series, directed and joint, period by period (formulas: docs/measures.md)."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, get_args

from detente import plover
from detente.errors import OptionError
from detente.store.frame import Frame
from detente.store.happenings import Happening, Report, Settings, join
from detente.store.store import Store, as_day

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

By = Literal["day", "week", "month", "quarter", "year"]

SPOKEN_OF: Final[tuple[plover.Status, ...]] = ("planned", "hypothetical", "denied")
"""Statuses of acts that are spoken of and were not done."""

COUNTRIES: Final = frozenset(
    (
        "ABK ABW AFG AGO AIA ALA ALB AND ANT ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS "
        "BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CSK "
        "CUB CUW CXR CYM CYP CZE DDR DEU DJI DMA DNK DOM DPR DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB "
        "GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL "
        "IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LPR LSO LTU LUX "
        "LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NCY "
        "NER NFK NGA NIC NIU NKR NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PMR PNG POL PRI PRK PRT PRY PSE PYF QAT "
        "REU ROU RUS RWA SAU SCG SDN SEN SGP SGS SHN SJM SLB SLE SLV SML SMR SOM SOS SPM SRB SSD STP SUN SUR SVK SVN SWE "
        "SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY USA UZB VAT VCT VEN "
        "VGB VIR VNM VNS VUT WLF WSM YEM YMD YUG ZAF ZMB ZWE"
    ).split()
)
"""Codes of the countries that the gazetteer knows, which this room may not import; a test holds the two together."""

_PLACEABLE: Final = {"day": 7, "week": 7, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True, slots=True)
class Filters:
    """Which events count.

    Attributes:
        contexts: only events about one of these issues (`plover.CONTEXTS`).
        sources: only documents of these sources, for denominators too.
        attributed: only events that a quoted source asserts (True), or that the report itself does (False).
        min_confidence: least confidence of an event, 0 to 1.
    """

    contexts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    attributed: bool | None = None
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        """Check the values."""
        for context in self.contexts:
            if context not in plover.CONTEXTS:
                raise OptionError(f"{context!r} is no context; it must be one of {', '.join(plover.CONTEXTS)}")
        if not 0 <= self.min_confidence <= 1:
            raise OptionError(f"min_confidence is {self.min_confidence}; it must lie between 0 and 1")

    def where(self) -> tuple[str, list[Any]]:
        """Return the SQL condition on the events view, and its parameters."""
        conditions, values = ["confidence >= ?"], [self.min_confidence]  # type: list[str], list[Any]
        if self.sources:
            conditions.append("list_contains(?::varchar[], source)")
            values.append(list(self.sources))
        if self.contexts:
            conditions.append("list_has_any(contexts, ?::varchar[])")
            values.append(list(self.contexts))
        if self.attributed is not None:
            conditions.append("attributed = ?")
            values.append(self.attributed)
        return " AND ".join(conditions), values


_REPORT: Final = (
    *(one.name for one in fields(Report) if one.name not in ("day", "end", "actors", "recipients")),
    *("date", "date_end", "published"),
    *(f"{role}_{what}" for role in ("actor", "recipient") for what in ("names", "countries", "sectors")),
)
"""Columns of the events view that `Report.from_row` reads."""


class Rows(Mapping[tuple[str, str], Mapping[str, Any]]):
    """Rows of the events view by (document, event), kept as columns; a row is made when it is asked for.

    Args:
        table: the rows; `document` and `event` are among the columns.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._columns: dict[str, list[Any]] = {}
        self._at = {key: at for at, key in enumerate(zip(self.column("document"), self.column("event"), strict=True))}

    def column(self, name: str) -> list[Any]:
        """Return a column's values, in the order of the rows."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._table.column(name).to_pylist()
        return found

    def value(self, report: Report, name: str) -> Any:
        """Return a column's value in a report's row."""
        return self.column(name)[self._at[report.document, report.event]]

    def values_of(self, name: str) -> dict[tuple[str, str], Any]:
        """Return a column's values by (document, event)."""
        return dict(zip(self._at, self.column(name), strict=True))

    def many(self, keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Return rows in the order of their keys."""
        if len(keys) > 200:
            for name in self._table.column_names:
                self.column(name)
        return [dict(self[key]) for key in keys]

    def reports(self) -> list[Report]:
        """Return what a join needs to know of each row."""
        every = zip(*(self.column(name) for name in _REPORT), strict=True)
        return [Report.from_row(dict(zip(_REPORT, values, strict=True))) for values in every]

    def chosen(self, mask: Sequence[bool]) -> Rows:
        """Return those rows for which the mask, in the order of the rows, is true."""
        import pyarrow as pa

        return Rows(self._table.filter(pa.array(mask, pa.bool_())))

    def __getitem__(self, key: tuple[str, str]) -> Mapping[str, Any]:
        at = self._at[key]
        known = self._columns
        return {
            name: known[name][at] if name in known else self._table.column(name)[at].as_py()
            for name in self._table.column_names
        }

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, key: object) -> bool:
        return key in self._at


class Opens(Protocol):
    """What can be opened to its reports: a `Point`, a `Level`, an entry of the ledger, a cell of the network."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the happenings behind it."""
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """One period of one series.

    Attributes:
        start: first day.
        end: last day.
        happenings: happenings placed in the period.
        reports: documents that report them.
        quads: happenings by quad class, in the order of `plover.QUADS`.
        report_quads: documents that report a happening of the quad class, in the same order.
        types: happenings by event type, those that occur.
        report_types: documents that report a happening of the event type, those that occur.
        cooperation: sum of the intensities above 0.
        conflict: sum of the intensities below 0, without the sign.
        net: cooperation − conflict.
        mean: mean intensity of a happening, −10 to +10; None without one.
        share_of_conflict: happenings of the two conflict quads ÷ happenings; None without one.
        read: documents read that were published in the period.
        naming: of those, documents that name both parties.
        sources: sources active in the period.
        ids: the happenings' ids, to be opened with `Relation.evidence`.
    """

    start: dt.date
    end: dt.date
    happenings: int
    reports: int
    quads: tuple[int, int, int, int]
    report_quads: tuple[int, int, int, int]
    types: Mapping[str, int]
    report_types: Mapping[str, int]
    cooperation: float
    conflict: float
    net: float
    mean: float | None
    share_of_conflict: float | None
    read: int
    naming: int
    sources: int
    ids: tuple[str, ...]


def _wanted(happenings: Iterable[str], ids: str | Iterable[str] | Opens | None) -> list[str]:
    if isinstance(ids, str):
        return [ids]
    if ids is None:
        return list(happenings)
    return list(ids if isinstance(ids, Iterable) else ids.ids)


def opened(
    happenings: Mapping[str, Happening],
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
    ids: str | Iterable[str] | Opens | None = None,
    *,
    quad: str | None = None,
    type: str | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of the reports behind happenings, as `Relation.evidence` does.

    Args:
        happenings: by id.
        rows: of the events view, by document and event.
        ids: see `Relation.evidence`, and for the other arguments.

    Raises:
        OptionError: a happening is not among them, or quad or type are unknown.
    """
    if quad is not None and quad not in plover.QUADS:
        raise OptionError(f"quad is {quad!r}; it must be one of {', '.join(plover.QUADS)}")
    if type is not None and type not in plover.TYPES:
        raise OptionError(f"type is {type!r}; it must be one of {', '.join(plover.TYPES)}")
    chosen: list[tuple[str, tuple[str, str]]] = []
    for key in _wanted(happenings, ids):
        happening = happenings.get(key)
        if happening is None:
            raise OptionError(f"{key!r} is no happening here")
        if quad in (None, plover.QUAD[happening.type]) and type in (None, happening.type):
            chosen += [(key, (r.document, r.event)) for r in happening.reports]
    of = [report for _, report in chosen]
    found = rows.many(of) if isinstance(rows, Rows) else [rows[one] for one in of]
    return [{"happening": key, **row} for (key, _), row in zip(chosen, found, strict=True)]


def opened_in(
    store: Store,
    happenings: Mapping[str, Happening],
    ids: str | Iterable[str] | Opens | None = None,
    *,
    quad: str | None = None,
    type: str | None = None,
) -> list[dict[str, Any]]:
    """Return the rows of the reports behind happenings, read from the store: for measures over many pairs.

    Args:
        store: the store that the happenings came from.
        happenings: by id.
        ids: see `Relation.evidence`, and for the other arguments.

    Raises:
        OptionError: a happening is not among them, or quad or type are unknown.
    """
    wanted = _wanted(happenings, ids)
    chosen = {key: happenings[key] for key in wanted if key in happenings}
    documents = sorted({report.document for happening in chosen.values() for report in happening.reports})
    query = "SELECT * FROM events WHERE document IN (SELECT unnest(?::varchar[]))"
    rows = {(row["document"], row["event"]): row for row in store.sql(query, [documents]).to_pylist()}
    return opened(happenings, rows, wanted, quad=quad, type=type)


@dataclass(frozen=True, slots=True)
class Relation:
    """The series of a pair: "a→b", "b→a" and "joint", done (`series`) and spoken of (`spoken`, by status).

    `happenings` are all that stand behind the points, `unplaced` those whose time is told too coarsely for a
    period of this length ("over the last two years"); they count in no point. `sources` are those that count,
    where they were chosen or a fixed panel was asked for; else it is empty, and all count.
    """

    a: str
    b: str
    by: By
    status: tuple[str, ...]
    series: Mapping[str, tuple[Point, ...]]
    spoken: Mapping[str, Mapping[str, tuple[Point, ...]]]
    happenings: Mapping[str, Happening]
    unplaced: tuple[str, ...]
    version: int | None
    sources: tuple[str, ...]
    rows: Rows = field(repr=False)

    def point(self, day: dt.date | str, direction: str = "joint", status: str = "done") -> Point:
        """Return the point whose period holds a day.

        Args:
            day: the day, or YYYY-MM-DD.
            direction: "joint" or one of the directed series.
            status: "done", or one of `spoken`.

        Raises:
            OptionError: there is no such series, or the day lies outside it.
        """
        every = {"done": self.series, **self.spoken}
        if status not in every or direction not in self.series:
            raise OptionError(
                f"no series {status!r} {direction!r}; write one of {', '.join(every)} and of {', '.join(self.series)}"
            )
        start = period(as_day(day), self.by)[0]
        for point in every[status][direction]:
            if point.start == start:
                return point
        raise OptionError(f"{day} lies outside the series")

    def evidence(
        self, ids: str | Iterable[str] | Opens | None = None, *, quad: str | None = None, type: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the reports behind happenings, each with its sentence, source and address.

        Args:
            ids: happening ids, or one, or anything that carries some (`Opens`: a point, a level, …); None for all.
            quad: only happenings of this quad class: those behind one number of `Point.quads`.
            type: only happenings of this event type: those behind one number of `Point.types`.

        Raises:
            OptionError: a happening is none of this relation, or quad or type are unknown.
        """
        return opened(self.happenings, self.rows, ids, quad=quad, type=type)

    def only(self, keep: Callable[[Happening], bool]) -> Relation:
        """Return the relation with only those happenings in its points that are to be kept; what was read stays.

        Args:
            keep: tells of a happening whether it is to be kept.
        """
        kept = {key for key, happening in self.happenings.items() if keep(happening)}

        def series(every: Mapping[str, tuple[Point, ...]]) -> dict[str, tuple[Point, ...]]:
            return {
                name: tuple(
                    replace(
                        _point(
                            p.start,
                            p.end,
                            [self.happenings[key] for key in p.ids if key in kept],
                            _Read(p.read, p.naming, frozenset()),
                        ),
                        sources=p.sources,
                    )
                    for p in points
                )
                for name, points in every.items()
            }

        return replace(
            self,
            series=series(self.series),
            spoken={status: series(points) for status, points in self.spoken.items()},
            unplaced=tuple(key for key in self.unplaced if key in kept),
        )

    def _rows(self) -> Iterator[dict[str, Any]]:
        every = [("done", self.series), *self.spoken.items()]
        for status, series in every:
            for direction, points in series.items():
                for point in points:
                    row = {one.name: getattr(point, one.name) for one in fields(point)}
                    for name, counts in (("", row.pop("quads")), ("reports_", row.pop("report_quads"))):
                        row |= {
                            f"{name}{quad.replace(' ', '_')}": n for quad, n in zip(plover.QUADS, counts, strict=True)
                        }
                    row |= {
                        "types": dict(point.types),
                        "report_types": dict(point.report_types),
                        "ids": list(point.ids),
                    }
                    yield {"status": status, "direction": direction, **row}

    def arrow(self) -> pa.Table:
        """Return one row a status, direction and period.

        Columns: those of `Point`; a quad's happenings ("verbal_conflict") and reports ("reports_verbal_conflict")
        each have their own, and so does each event type ("ACCUSE", "reports_ACCUSE"); `ids` is a list.
        """
        import pyarrow as pa

        whole, real, text = pa.int64(), pa.float64(), pa.string()
        schema = pa.schema(
            [
                ("status", text),
                ("direction", text),
                ("start", pa.date32()),
                ("end", pa.date32()),
                *((name, whole) for name in ("happenings", "reports")),
                *((quad.replace(" ", "_"), whole) for quad in plover.QUADS),
                *(("reports_" + quad.replace(" ", "_"), whole) for quad in plover.QUADS),
                *((name, real) for name in ("cooperation", "conflict", "net", "mean", "share_of_conflict")),
                *((name, whole) for name in ("read", "naming", "sources")),
                *((name, whole) for name in plover.TYPES),
                *((f"reports_{name}", whole) for name in plover.TYPES),
                ("ids", pa.list_(text)),
            ]
        )
        rows = []
        for row in self._rows():
            types, reports = row.pop("types"), row.pop("report_types")
            row |= {name: types.get(name, 0) for name in plover.TYPES}
            rows.append(row | {f"reports_{name}": reports.get(name, 0) for name in plover.TYPES})
        return pa.Table.from_pylist(rows, schema=schema)

    def table(self) -> Frame:
        """Return the series as a `Frame`."""
        return Frame(self.arrow())

    def pandas(self) -> pd.DataFrame:
        """Return the series as a pandas data frame."""
        return self.table().pandas()

    def polars(self) -> pl.DataFrame:
        """Return the series as a Polars data frame."""
        return self.table().polars()

    def to_json(self) -> str:
        """Return the series as one JSON object, the same text for the same store version and options."""
        rows = list(self._rows())
        for row in rows:
            row["start"], row["end"] = row["start"].isoformat(), row["end"].isoformat()
        head = {"a": self.a, "b": self.b, "by": self.by, "status": list(self.status), "version": self.version}
        head["sources"] = list(self.sources)
        return json.dumps({**head, "unplaced": list(self.unplaced), "points": rows}, ensure_ascii=False)


def period(day: dt.date, by: By) -> tuple[dt.date, dt.date]:
    """Return the first and last day of the period that holds a day; weeks begin on Monday (ISO 8601).

    Raises:
        OptionError: `by` is no period.
    """
    if by == "day":
        return day, day
    if by == "week":
        start = day - dt.timedelta(min(day.weekday(), (day - dt.date.min).days))
        return start, start + dt.timedelta(min(6, (dt.date.max - start).days))
    months = {"month": 1, "quarter": 3, "year": 12}.get(by)
    if months is None:
        raise OptionError(f"by is {by!r}; it must be one of {', '.join(get_args(By))}")
    first = (day.month - 1) // months * months + 1
    start = dt.date(day.year, first, 1)
    after = first + months
    if after > 12 and day.year == dt.MAXYEAR:
        return start, dt.date.max
    return start, dt.date(day.year + (after > 12), (after - 1) % 12 + 1, 1) - dt.timedelta(1)


def periods(first: dt.date, last: dt.date, by: By) -> list[tuple[dt.date, dt.date]]:
    """Return all periods from the one that holds `first` to the one that holds `last`."""
    found = [period(first, by)]
    while found[-1][1] < last:
        found.append(period(found[-1][1] + dt.timedelta(1), by))
    return found


def parse_party(party: str) -> tuple[str, str | None]:
    """Split "CHN" or "CHN:GOV" into country and sector.

    Raises:
        OptionError: it is neither.
    """
    country, _, sector = party.partition(":")
    if len(country) != 3 or not country.isascii() or not country.isalpha() or not country.isupper():
        raise OptionError(f"{party!r} is no party; write a country (CHN) or a sector of it (CHN:GOV)")
    if sector and sector not in plover.SECTORS:
        raise OptionError(f"{sector!r} is no sector; it must be one of {', '.join(plover.SECTORS)}")
    return country, sector or None


def _stands(role: str, country: str, sector: str | None, groups: Sequence[str]) -> tuple[str, list[Any]]:
    """Return the SQL condition that a party, or a group that stands for it, has a role; and its parameters."""
    of = f"list_zip({role}_names, {role}_countries, {role}_sectors)"
    own = "p[2] = ?" + (" AND p[3] = ?" if sector else "")
    values: list[Any] = [country, *([sector] if sector else [])]
    if groups:
        own = f"({own}) OR list_contains(?::varchar[], p[1])"
        values.append(list(groups))
    return f"len(list_filter({of}, lambda p: {own})) > 0", values


def parse_pair(a: str, b: str) -> tuple[tuple[str, str | None], tuple[str, str | None]]:
    """Split both parties of a pair as `parse_party` does.

    Raises:
        OptionError: one is no party, or both are the same.
    """
    one, two = parse_party(a), parse_party(b)
    if one == two:
        raise OptionError(f"{a} with itself is no pair; name two")
    return one, two


def check_known(store: Store, codes: Iterable[str], besides: Collection[str] = ()) -> None:
    """Refuse codes that are no country, no special code (`plover.SPECIAL_COUNTRIES`) and named by no document.

    Args:
        store: the store whose documents are asked.
        codes: the parties' countries.
        besides: further codes that are known.

    Raises:
        OptionError: a code is unknown.
    """
    known = COUNTRIES | plover.SPECIAL_COUNTRIES.keys() | set(besides)
    asked = tuple(dict.fromkeys(codes))
    if not set(asked) - known:
        return
    query = "SELECT 1 FROM records WHERE len(list_filter(entities, lambda e: e.country = ?)) > 0 LIMIT 1"
    unnamed = [code for code in asked if not store.sql(query, [code]).num_rows]
    unknown = next((code for code in unnamed if code not in known), None)
    if unknown is not None:
        neither = f"; nothing in the store names {' or '.join(asked)}" if len(unnamed) == len(asked) > 1 else ""
        raise OptionError(f"{unknown!r} is no country and no special code{neither}")


@dataclass(frozen=True, slots=True)
class Gathered:
    """All happenings of a pair: the rows of their reports, and which way each report's event goes.

    `rows` and `ways` are by (document, event); a way is (from a to b, from b to a). A mutual act, which has no
    recipient, goes both ways.
    """

    a: str
    b: str
    happenings: Mapping[str, Happening]
    rows: Rows
    ways: Mapping[tuple[str, str], tuple[bool, bool]]
    groups: tuple[tuple[str, ...], tuple[str, ...]]
    version: int | None
    filters: Filters = Filters()
    settings: Settings | None = None

    def way(self, happening: Happening) -> tuple[bool, bool]:
        """Return whether a happening goes from a to b, and from b to a, by any of its reports."""
        ways = [self.ways[report.document, report.event] for report in happening.reports]
        return any(one for one, _ in ways), any(two for _, two in ways)

    def check(self, a: str, b: str, filters: Filters) -> None:
        """Refuse to stand for another pair or other filters.

        Raises:
            OptionError: it would.
        """
        if (self.a, self.b, self.filters) != (a, b, filters):
            raise OptionError(f"{self.a}–{self.b} was gathered with {self.filters}, not {a}–{b} with {filters}")

    def filtered(self, filters: Filters) -> Gathered:
        """Return what `gather` finds with these filters, without asking the store again.

        Args:
            filters: which events count.

        Raises:
            OptionError: filters narrowed this one already.
        """
        if self.filters != Filters():
            raise OptionError("what was gathered with filters cannot be filtered otherwise; gather without them")
        if filters == Filters():
            return self
        columns = (self.rows.column(name) for name in ("confidence", "source", "contexts", "attributed"))
        contexts, sources = set(filters.contexts), set(filters.sources)
        rows = self.rows.chosen(
            [
                confidence >= filters.min_confidence
                and (not sources or source in sources)
                and (not contexts or not contexts.isdisjoint(about or ()))
                and filters.attributed in (None, attributed)
                for confidence, source, about, attributed in zip(*columns, strict=True)
            ]
        )
        happenings = {h.id: h for h in join(rows.reports(), self.settings)}
        return replace(
            self, rows=rows, happenings=happenings, ways={key: self.ways[key] for key in rows}, filters=filters
        )


def gather(
    store: Store,
    a: str,
    b: str,
    *,
    filters: Filters | None = None,
    alliances: Mapping[str, Collection[str]] | None = None,
    settings: Settings | None = None,
) -> Gathered:
    """Return the happenings of a pair, of every status; the arguments are those of `relation`.

    Raises:
        OptionError: a party is none, both are the same, or one is unknown (`check_known`).
    """
    one, two = parse_pair(a, b)
    check_known(store, (one[0], two[0]), {code for codes in (alliances or {}).values() for code in codes})
    groups = tuple(sorted(n for n, codes in (alliances or {}).items() if party[0] in codes) for party in (one, two))
    version = store.version
    filters = filters or Filters()
    where, values = filters.where()
    parties = ((one, groups[0]), (two, groups[1]))
    roles = {
        f"{role}_{name}": _stands(role, *party, names)
        for role in ("actor", "recipient")
        for name, (party, names) in zip("ab", parties, strict=True)
    }
    standing = ", ".join(f"{condition} AS {name}" for name, (condition, _) in roles.items())
    mutual = "len(recipient_names) = 0 AND actor_a AND actor_b"
    query = (
        f"SELECT * EXCLUDE ({', '.join(roles)}), {mutual} OR actor_a AND recipient_b AS way_ab,"
        f" {mutual} OR actor_b AND recipient_a AS way_ba"
        f" FROM (SELECT *, {standing} FROM events WHERE {where})"
        f" WHERE way_ab OR way_ba ORDER BY document, len(event), event"
    )
    table = store.sql(query, [*(value for _, bound in roles.values() for value in bound), *values])
    rows = Rows(table.drop_columns(["way_ab", "way_ba"]))
    ways = zip(*(table.column(name).to_pylist() for name in ("way_ab", "way_ba")), strict=True)
    happenings = {h.id: h for h in join(rows.reports(), settings)}
    return Gathered(
        a, b, happenings, rows, dict(zip(rows, ways, strict=True)), (tuple(groups[0]), tuple(groups[1])), version,
        filters, settings,
    )  # fmt: skip


def relation(
    store: Store,
    a: str,
    b: str,
    *,
    by: By = "month",
    status: Sequence[plover.Status] = ("actual",),
    contexts: Sequence[str] = (),
    sources: Sequence[str] = (),
    panel: float | None = None,
    attributed: bool | None = None,
    min_confidence: float = 0.0,
    from_: dt.date | str | None = None,
    to: dt.date | str | None = None,
    alliances: Mapping[str, Collection[str]] | None = None,
    settings: Settings | None = None,
    gathered: Gathered | None = None,
) -> Relation:
    """Return how a pair stands, period by period, in both directions and jointly.

    Args:
        store: where the events are.
        a: a country ("CHN") or a sector of it ("CHN:GOV").
        b: likewise.
        by: the period: day, week, month, quarter or year.
        status: what counts as done; acts spoken of (`SPOKEN_OF`) are series of their own beside it.
        contexts: only events about one of these issues.
        sources: only documents of these sources, for denominators too.
        panel: only sources with a document in at least this share (0 to 1) of the periods, so that sources which
            come or go in between do not look like a change of the relation.
        attributed: only events that a quoted source asserts (True), or that the report itself does (False).
        min_confidence: least confidence of an event, 0 to 1.
        from_: first day; by default the first document's: before it nothing was read.
        to: last day, included; by default the last document's.
        alliances: names that also stand for countries ({"NATO": ["USA", …]}); by default an alliance is itself.
        settings: how reports are joined to happenings.
        gathered: what `gather` found for this pair with the same filters, alliances and settings, so that several
            views of a pair need it once.

    Raises:
        OptionError: an option has a value that makes no sense, no source is in the panel, or `gathered` is of
            another pair or other filters.
    """
    if by not in _PLACEABLE:
        raise OptionError(f"by is {by!r}; it must be one of {', '.join(_PLACEABLE)}")
    for value in status:
        if value not in plover.STATUSES:
            raise OptionError(f"status is {value!r}; it must be one of {', '.join(plover.STATUSES)}")
    filters = Filters(tuple(contexts), tuple(sources), attributed, min_confidence)
    if panel is not None:
        filters = replace(filters, sources=steady_sources(store, by, panel, sources=sources, from_=from_, to=to))
    if gathered is None:
        gathered = gather(store, a, b, filters=filters, alliances=alliances, settings=settings)
    gathered.check(a, b, filters)
    happenings = gathered.happenings
    # A status that counts as done is not told again as spoken of.
    done = tuple(status)
    spoken_of = tuple(value for value in SPOKEN_OF if value not in done)
    read = _read(store, a[:3], b[:3], *gathered.groups, filters.sources)
    days, unplaced = placed(gathered, by)
    first = as_day(from_) if from_ else min(read, default=None)
    last = as_day(to) if to else max(read, default=None)
    slots = periods(first, last, by) if first is not None and last is not None and first <= last else []
    counts = _denominators(read, by)

    def series(statuses: Collection[str]) -> dict[str, tuple[Point, ...]]:
        chosen: dict[str, dict[dt.date, list[Happening]]] = {
            f"{a}→{b}": defaultdict(list), f"{b}→{a}": defaultdict(list), "joint": defaultdict(list)
        }  # fmt: skip
        for key, day in days.items():
            happening = happenings[key]
            if happening.status not in statuses or (first and day < first) or (last and day > last):
                continue
            start = period(day, by)[0]
            for direction, goes in zip(chosen, (*gathered.way(happening), True), strict=True):
                if goes:
                    chosen[direction][start].append(happening)
        return {
            direction: tuple(_point(start, end, groups[start], counts[start]) for start, end in slots)
            for direction, groups in chosen.items()
        }

    return Relation(
        a, b, by, done, series(done), {value: series({value}) for value in spoken_of},
        happenings, unplaced, gathered.version, filters.sources, gathered.rows,
    )  # fmt: skip


def steady_sources(
    store: Store,
    by: By,
    share: float,
    *,
    sources: Sequence[str] = (),
    from_: dt.date | str | None = None,
    to: dt.date | str | None = None,
) -> tuple[str, ...]:
    """Return the sources with a document in at least a share of the periods: a fixed panel.

    Args:
        store: where the documents are.
        by: the period.
        share: least share of the periods, above 0 and at most 1.
        sources: choose among these; by default among all.
        from_: first day; by default the first document's.
        to: last day; by default the last document's.

    Raises:
        OptionError: the share makes no sense, or no source is that steady.
    """
    if not 0 < share <= 1:
        raise OptionError(f"panel is {share}; it must be above 0 and at most 1")
    query = "SELECT source, list(DISTINCT date) AS days FROM records WHERE source IS NOT NULL"
    values: list[Any] = []
    for sign, day in ((">=", from_), ("<=", to)):
        if day is not None:
            query += f" AND date {sign} ?"
            values.append(as_day(day))
    rows = store.sql(f"{query} GROUP BY source ORDER BY source", values).to_pylist()
    if not rows:
        return ()
    days = [day for row in rows for day in row["days"]]
    first, last = as_day(from_) if from_ else min(days), as_day(to) if to else max(days)
    least = share * len(periods(first, last, by))
    found = tuple(
        row["source"]
        for row in rows
        if (not sources or row["source"] in sources) and len({period(d, by)[0] for d in row["days"]}) >= least - 1e-9
    )
    if not found:
        raise OptionError(f"no source has a document in {share:.0%} of the {by}s; lower panel or shorten the time")
    return found


def documents_read(store: Store, found: Relation, point: Point) -> list[dict[str, Any]]:
    """Return the documents that a point's denominators count, in order of day and id.

    Args:
        store: the store that the relation came from; open it as of `found.version` if it has grown since.
        found: the relation.
        point: one of its points.

    Returns:
        document, published, source, url, title, and `countries`: those it names.
    """
    where = " AND list_contains(?::varchar[], source)" if found.sources else ""
    query = (
        "SELECT id AS document, date AS published, source, url, title,"
        " list_sort(list_distinct(list_filter(list_transform(entities, lambda e: e.country), lambda c: c IS NOT NULL)))"
        f" AS countries FROM records WHERE date BETWEEN ? AND ?{where} ORDER BY date, id"
    )
    rows: list[dict[str, Any]] = store.sql(
        query, [point.start, point.end, *([list(found.sources)] if found.sources else [])]
    ).to_pylist()
    return rows


@dataclass(frozen=True, slots=True)
class _Read:
    documents: int
    naming: int
    sources: frozenset[str]


def _read(
    store: Store, a: str, b: str, groups_a: Sequence[str], groups_b: Sequence[str], sources: Sequence[str]
) -> dict[dt.date, _Read]:
    named = "len(list_filter(entities, lambda e: e.country = ? OR list_contains(?::varchar[], e.name))) > 0"
    where = "WHERE list_contains(?::varchar[], source)" if sources else ""
    query = (
        f"SELECT date, count(*) AS documents, count(*) FILTER ({named} AND {named}) AS naming,"
        f" list(DISTINCT source) AS sources FROM records {where} GROUP BY date ORDER BY date"
    )
    values: list[Any] = [a, list(groups_a), b, list(groups_b)]
    if sources:
        values.append(list(sources))
    return {
        row["date"]: _Read(row["documents"], row["naming"], frozenset(s for s in row["sources"] or () if s))
        for row in store.sql(query, values).to_pylist()
    }


def placed(gathered: Gathered, by: By) -> tuple[dict[str, dt.date], tuple[str, ...]]:
    """Give each happening the day that places it in a period; those told too coarsely are apart.

    What was done counts when it was done; what is spoken of, when it was spoken of.
    """
    days: dict[str, dt.date] = {}
    unplaced: list[str] = []
    published = gathered.rows.values_of("published")
    for key, happening in gathered.happenings.items():
        if happening.status in SPOKEN_OF:
            days[key] = min(published[r.document, r.event] for r in happening.reports)
        elif min((r.end - r.day).days for r in happening.reports) >= _PLACEABLE[by]:
            unplaced.append(key)
        else:
            # The report that tells the day most finely places the happening.
            days[key] = min(happening.reports, key=lambda r: ((r.end - r.day).days, r.day)).day
    return days, tuple(unplaced)


def _denominators(read: Mapping[dt.date, _Read], by: By) -> defaultdict[dt.date, _Read]:
    empty = _Read(0, 0, frozenset())
    found: defaultdict[dt.date, _Read] = defaultdict(lambda: empty)
    for day, one in read.items():
        start = period(day, by)[0]
        old = found[start]
        found[start] = _Read(old.documents + one.documents, old.naming + one.naming, old.sources | one.sources)
    return found


def _point(start: dt.date, end: dt.date, happenings: Sequence[Happening], read: _Read) -> Point:
    quads = Counter(plover.QUAD[h.type] for h in happenings)
    types = Counter(h.type for h in happenings)
    reporting: dict[str, set[str]] = defaultdict(set)
    for happening in happenings:
        documents = {report.document for report in happening.reports}
        reporting[plover.QUAD[happening.type]] |= documents
        reporting[happening.type] |= documents
    told = [len(reporting[quad]) if quad in reporting else 0 for quad in plover.QUADS]
    values = [h.intensity for h in happenings]
    cooperation = sum(value for value in values if value > 0)
    conflict = -sum(value for value in values if value < 0) or 0.0
    count = len(happenings)
    return Point(
        start=start,
        end=end,
        happenings=count,
        reports=len({report.document for h in happenings for report in h.reports}),
        quads=(quads[plover.QUADS[0]], quads[plover.QUADS[1]], quads[plover.QUADS[2]], quads[plover.QUADS[3]]),
        report_quads=(told[0], told[1], told[2], told[3]),
        types={name: types[name] for name in plover.TYPES if types[name]},
        report_types={name: len(reporting[name]) for name in plover.TYPES if types[name]},
        cooperation=float(cooperation),
        conflict=float(conflict),
        net=float(cooperation - conflict),
        mean=sum(values) / count if count else None,
        share_of_conflict=(quads["verbal conflict"] + quads["material conflict"]) / count if count else None,
        read=read.documents,
        naming=read.naming,
        sources=len(read.sources),
        ids=tuple(h.id for h in happenings),
    )
