"""The store: a folder of Delta tables that any engine reads, asked through DuckDB.

`PATH/documents` holds one row a document (`flat.store_schema`). Each batch is one commit, made only if the
table still stands at the version against which its ids were checked (optimistic concurrency): two loaders
neither lose nor double a report, a killed one leaves whole batches, and readers see a version, never a write.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from detente import plover
from detente.errors import InputError, OptionError, QueryError, StoreError
from detente.records import CodedDocument, Document, Fault, LearnedRole, from_json
from detente.store import flat, roles
from detente.store.frame import Frame

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

SCHEMA: Final = 2
"""The table's schema version. 1 is record version 1 alone, as other engines write it; 2 adds the derived columns."""

_MARK: Final = "detente store, schema "
_ATTEMPTS: Final = 60
"""Commits tried against other loaders before giving up; at most some 30 s with the pauses between."""

_STRAY_HOURS: Final = 1
"""Age from which a file that no version names is taken for a killed load's: a load under way has younger ones."""


@dataclass(frozen=True, slots=True)
class Added:
    """What a load did: documents written, skipped as already there, replaced, refused, and the version reached."""

    documents: int
    skipped: int
    replaced: int
    faults: tuple[Fault, ...]
    version: int | None


class Store:
    """A store at a local folder or an object-store address.

    Args:
        path: folder or address (`s3://…`); made on the first `add`.
        as_of: a version number or a time to read at; such a store is read-only.
        storage_options: passed to the object store.

    Raises:
        StoreError: the folder holds something else, another schema version, has no such version, or began later.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        as_of: int | dt.datetime | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self.path = str(path)
        self.as_of = as_of
        self.storage_options = dict(storage_options or {}) or None
        self._remote = "://" in self.path
        self._address = f"{self.path.rstrip('/')}/documents"
        self._table: DeltaTable | None = None
        self._seen: set[str] = set()
        self._known: dict[str, tuple[str, str]] = {}
        self._connection: tuple[int, duckdb.DuckDBPyConnection] | None = None
        self._lock = threading.RLock()
        if as_of is not None:
            self._require()

    @property
    def version(self) -> int | None:
        """The table's version now, or the one read at; None before the first `add`."""
        table = self._open()
        return None if table is None else int(table.version())

    def _open(self) -> DeltaTable | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        with self._lock:
            try:
                if self._table is not None:
                    if self.as_of is None:
                        self._table.update_incremental()
                    return self._table
                if not DeltaTable.is_deltatable(self._address, self.storage_options):
                    return None
                table = DeltaTable(self._address, storage_options=self.storage_options)
                if self.as_of is not None:
                    self._reached(table)
                    table.load_as_version(self.as_of)
            except (DeltaError, OSError, ValueError) as error:
                raise StoreError(f"{self.path}: cannot be opened: {said(error)}") from error
            found = _schema_version(table)
            if found > SCHEMA:
                raise StoreError(f"{self.path}: schema {found} is newer than this detente's {SCHEMA}; upgrade detente")
            if found < SCHEMA:
                raise StoreError(
                    f"{self.path}: schema {found} is older than {SCHEMA}; run `detente migrate {self.path}`"
                )
            self._table = table
            return table

    def _reached(self, table: DeltaTable) -> None:
        """Refuse an `as_of` that the table, opened at its last version, has not or had not reached."""
        if isinstance(self.as_of, dt.datetime):
            time = self.as_of if self.as_of.tzinfo else self.as_of.replace(tzinfo=dt.UTC)
            first = dt.datetime.fromtimestamp(min(entry["timestamp"] for entry in table.history()) / 1000, dt.UTC)
            if time < first:
                raise StoreError(f"{self.path}: the store begins on {first:%Y-%m-%dT%H:%MZ}")
        elif self.as_of is not None and not 0 <= self.as_of <= table.version():
            raise StoreError(f"{self.path}: no version {self.as_of}; the last is {table.version()}")

    def _require(self) -> DeltaTable:
        table = self._open()
        if table is None:
            raise StoreError(f"{self.path}: holds no store; add documents first")
        return table

    def _writable(self) -> DeltaTable:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        if self.as_of is not None:
            raise StoreError(f"{self.path}: opened as of {self.as_of}, so it cannot be written")
        table = self._open()
        if table is None:
            try:
                if not self._remote:
                    Path(self._address).mkdir(parents=True, exist_ok=True)
                DeltaTable.create(
                    self._address,
                    flat.store_schema(),
                    mode="ignore",
                    name="documents",
                    description=f"{_MARK}{SCHEMA}",
                    storage_options=self.storage_options,
                )
            except (DeltaError, OSError) as error:
                # Another loader may have made it a moment before; then it opens.
                table = self._open()
                if table is None:
                    raise StoreError(f"{self.path}: cannot be made: {said(error)}") from error
            table = self._require()
        return table

    def add(self, coded: Iterable[CodedDocument], *, batch: int = 256, replace: bool = False, file: str = "-") -> Added:
        """Add coded documents, one atomic commit a batch; what is there already is skipped.

        A document known by the same id from another coder is replaced by the new coding; the old one stays
        in the table's older versions. The same id and coder with another text is a fault, unless `replace`.

        Args:
            coded: documents; taken lazily.
            batch: documents in one commit.
            replace: also replace documents of the same coder.
            file: the name that faults carry of documents that were not read from a file.

        Raises:
            StoreError: the store cannot be written; batches committed before stay.
        """
        if batch < 1:
            raise OptionError(f"batch is {batch}; it must be at least 1")
        items = iter(coded)
        documents = skipped = replaced = 0
        faults: list[Fault] = []
        while chunk := list(islice(items, batch)):
            whole: dict[str, CodedDocument] = {}
            for item in chunk:
                reason = next(flat.faults(item), None)
                before = whole.get(item.document.id)
                if reason is not None:
                    faults.append(_fault(item, file, reason))
                elif before is None:
                    whole[item.document.id] = item
                elif before.document.text == item.document.text:
                    skipped += 1
                else:
                    faults.append(_fault(item, file, f"another text has the id {item.document.id!r}{_OWN_ID}"))
            new, over, old, refused = self._commit(list(whole.values()), replace)
            documents, replaced, skipped = documents + new, replaced + over, skipped + old
            faults += [
                _fault(item, file, f"another text is stored under the id {item.document.id!r}{_OWN_ID}")
                for item in refused
            ]
        return Added(documents, skipped, replaced, tuple(faults), self.version)

    def _commit(self, chunk: list[CodedDocument], replace: bool) -> tuple[int, int, int, list[CodedDocument]]:
        from deltalake import CommitProperties, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        # No retry inside the commit: a version made meanwhile may hold our ids, so they are checked again.
        once = CommitProperties(max_commit_retries=0)
        for attempt in range(_ATTEMPTS):
            table = self._writable()
            self._learn(table)
            new: list[CodedDocument] = []
            over: list[CodedDocument] = []
            refused: list[CodedDocument] = []
            for item in chunk:
                known = self._known.get(item.document.id)
                mark = flat.digest(item.document.text)
                if known is None:
                    new.append(item)
                elif replace or known[0] != item.coder:
                    over.append(item)
                elif known[1] != mark:
                    refused.append(item)
            old = len(chunk) - len(new) - len(over) - len(refused)
            if not new and not over:
                return 0, 0, old, refused
            base = table.version()
            try:
                if over:
                    (
                        table.merge(flat.rows([*new, *over]), "t.id = s.id", "s", "t", commit_properties=once)
                        .when_matched_update_all()
                        .when_not_matched_insert_all()
                        .execute()
                    )
                else:
                    write_deltalake(table, flat.rows(new), mode="append", commit_properties=once)
                return len(new), len(over), old, refused
            except CommitFailedError as error:
                table.update_incremental()
                if table.version() == base:
                    raise StoreError(f"{self.path}: the batch was not committed: {said(error)}") from error
                time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))
            except (DeltaError, OSError) as error:
                table.update_incremental()
                if table.version() == base:
                    raise StoreError(f"{self.path}: the batch was not written: {said(error)}") from error
                # Others wrote meanwhile: what could not be read may have been joined into another file and deleted.
        raise StoreError(f"{self.path}: other loaders committed first {_ATTEMPTS} times; load with fewer at once")

    def _learn(self, table: DeltaTable) -> None:
        """Read ids, coders and digests of files not yet seen; again, if one was joined into another and deleted meanwhile."""
        for _ in range(_ATTEMPTS):
            base = table.version()
            try:
                self._read_ids(table)
                return
            except OSError as error:
                if self.as_of is None:
                    table.update_incremental()
                if table.version() == base:
                    raise StoreError(f"{self.path}: cannot be read: {said(error)}") from error
        raise StoreError(f"{self.path}: changes faster than it can be read")

    def _read_ids(self, table: DeltaTable) -> None:
        dataset = table.to_pyarrow_dataset()
        files = set(dataset.files)
        if not self._seen <= files:
            # Files are gone (replaced, compacted, removed): what they told may no longer hold.
            self._seen, self._known = set(), {}
        for fragment in dataset.get_fragments():
            if fragment.path in self._seen:
                continue
            columns = fragment.to_table(schema=dataset.schema, columns=["id", "coder", "digest"]).to_pydict()
            for key, coder, mark in zip(columns["id"], columns["coder"], columns["digest"], strict=True):
                self._known[key] = (sys.intern(coder), mark)
            self._seen.add(fragment.path)

    def known(self, ids: Iterable[str]) -> dict[str, str]:
        """Return those of the ids that the store holds, each with the coder that coded it."""
        table = self._open()
        if table is None:
            return {}
        with self._lock:
            self._learn(table)
            return {key: self._known[key][0] for key in ids if key in self._known}

    def holds(self, document: Document, coder: str) -> bool:
        """Tell whether the store has this very text under its id, coded by this coder."""
        table = self._open()
        if table is None:
            return False
        with self._lock:
            self._learn(table)
            return self._known.get(document.id) == (coder, flat.digest(document.text))

    def get(self, id: str) -> CodedDocument:
        """Return one coded document.

        Raises:
            StoreError: no document has this id.
        """
        for batch in self._require().to_pyarrow_dataset().to_batches(filter=_is(id)):
            for row in batch.to_pylist():
                return _record(row)
        raise StoreError(f"{self.path}: no document has the id {id!r}")

    def remove(self, ids: Sequence[str]) -> int:
        """Remove documents by id (a takedown, say) and return how many went; older versions still hold them."""
        from deltalake.exceptions import DeltaError

        present = sorted(self.known(ids))
        if present:
            quoted = ", ".join("'" + key.replace("'", "''") + "'" for key in present)
            try:
                self._writable().delete(f"id IN ({quoted})")
            except DeltaError as error:
                raise StoreError(f"{self.path}: nothing was removed: {said(error)}") from error
        return len(present)

    def documents(self) -> Iterator[CodedDocument]:
        """Yield every coded document as it was added, in no stated order, a batch in memory at a time."""
        table = self._open()
        if table is None:
            return
        for batch in table.to_pyarrow_dataset().to_batches(batch_size=64):
            for row in batch.to_pylist():
                yield _record(row)

    def roles(self, before: dt.date | str | None = None) -> tuple[LearnedRole, ...]:
        """Return the roles that stored reports gave to persons by name, for `Coder(roles=…)`.

        A role is told where one mention holds name and title. Where reports give one name different countries, those
        of the country told most often are returned, and none on a tie.

        Args:
            before: only from reports of earlier days; left out, from all. A coder lets a role count from its day on.

        Raises:
            OptionError: `before` is no date.
        """
        try:
            last = dt.date.fromisoformat(before) if isinstance(before, str) else before
        except ValueError:
            raise OptionError(f"before is {before!r}; it must be YYYY-MM-DD") from None
        return roles.agreed(
            role
            for row in self.rows(["date", "entities", "mentions"])
            if last is None or row["date"] < last
            for role in roles.told_by_row(row["date"], row["entities"] or (), row["mentions"] or ())
        )

    def rows(self, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Yield some columns of every document's row, a batch in memory at a time."""
        table = self._open()
        if table is not None:
            for batch in table.to_pyarrow_dataset().to_batches(columns=list(columns), batch_size=256):
                yield from batch.to_pylist()

    def _session(self) -> duckdb.DuckDBPyConnection:
        import duckdb
        import pyarrow as pa

        with self._lock:
            table = self._open()
            version = -1 if table is None else int(table.version())
            if self._connection is not None and self._connection[0] == version:
                return self._connection[1]
            connection = duckdb.connect(
                ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
            )
            files = [] if table is None else [unquote(uri) for uri in table.file_uris()]
            if table is not None and self._remote:
                connection.register("records", table.to_pyarrow_dataset())
            elif files:
                listed = "[" + ", ".join("'" + name.replace("'", "''") + "'" for name in files) + "]"
                # A question can read the table's own files and nothing else on this machine.
                connection.execute(f"SET allowed_paths={listed}")
                connection.execute("SET enable_external_access=false")
                connection.execute(f"CREATE VIEW records AS SELECT * FROM read_parquet({listed}, union_by_name=true)")
            else:
                connection.register("nothing", pa.Table.from_pylist([], schema=flat.store_schema()))
                connection.execute("CREATE TABLE records AS SELECT * FROM nothing")
            if not self._remote:
                connection.execute("SET enable_external_access=false")
            connection.execute(resources.files("detente.store").joinpath("views.sql").read_text("utf-8"))
            connection.execute("SET lock_configuration=true")
            self._connection = (version, connection)
            return connection

    def sql(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> pa.Table:
        """Answer one SELECT over the views (`views.sql`) or over `records`.

        Args:
            query: DuckDB's SQL; `?` or `$name` stand for parameters.
            parameters: their values.

        Returns:
            The rows as an Arrow table.

        Raises:
            QueryError: it is no single query, or DuckDB refuses it; the message says why.
        """
        import duckdb

        with self._lock:
            while True:
                session = self._session()
                version = self._connection[0] if self._connection else None
                try:
                    statements = session.extract_statements(query)
                    if len(statements) != 1 or statements[0].type.name not in {"SELECT", "EXPLAIN"}:
                        raise QueryError("one SELECT is wanted; the store is written through add() alone")
                    return session.sql(query, params=parameters or None).to_arrow_table()
                except duckdb.IOException as error:
                    # A file joined into another and deleted while it was asked: the version after has it.
                    if self.version == version:
                        raise QueryError(_asked(error)) from error
                except (duckdb.Error, UnicodeError) as error:
                    raise QueryError(_asked(error)) from error

    def query(self, query: str, parameters: Sequence[Any] | Mapping[str, Any] | None = None) -> Frame:
        """Like `sql`, as a `Frame`."""
        return Frame(self.sql(query, parameters))

    def events(
        self,
        *,
        actor: str | None = None,
        recipient: str | None = None,
        type: str | None = None,
        status: str | None = None,
        from_: dt.date | str | None = None,
        to: dt.date | str | None = None,
        min_confidence: float = 0.0,
        limit: int | None = None,
    ) -> Frame:
        """Return events with their parties, sentence and source, in order of day, document and event.

        Args:
            actor: a country ("CHN"), a country's sector ("CHN:GOV") or a name ("Le Yucheng").
            recipient: likewise.
            type: one of `plover.TYPES`.
            status: one of `plover.STATUSES`.
            from_: first day; an event without a date takes its report's.
            to: last day, included.
            min_confidence: least confidence, 0 to 1.
            limit: at most so many rows.

        Raises:
            OptionError: an option has a value that makes no sense.
        """
        where = ["confidence >= ?"]
        values: list[Any] = [min_confidence]
        for role, party in (("actor", actor), ("recipient", recipient)):
            if party is not None:
                condition, bound = party_condition(role, party)
                where.append(condition)
                values += bound
        for column, value, allowed in (("type", type, plover.TYPES), ("status", status, plover.STATUSES)):
            if value is not None:
                if value not in allowed:
                    raise OptionError(f"{column} is {value!r}; it must be one of {', '.join(allowed)}")
                where.append(f"{column} = ?")
                values.append(value)
        for sign, day in ((">=", from_), ("<=", to)):
            if day is not None:
                where.append(f"coalesce(date, published) {sign} ?")
                values.append(as_day(day))
        tail = f" LIMIT {int(limit)}" if limit is not None else ""
        return self.query(
            f"SELECT * FROM events WHERE {' AND '.join(where)} "
            f"ORDER BY coalesce(date, published), document, len(event), event{tail}",
            values,
        )

    def verify(self) -> tuple[Fault, ...]:
        """Check every stored document against the record's promises, and that no id stands twice."""
        found: list[Fault] = []
        table = self._require()
        seen: set[str] = set()
        for batch in table.to_pyarrow_dataset().to_batches(batch_size=64):
            for row in batch.to_pylist():
                key = row.get("id")
                try:
                    coded = _record(row)
                except InputError as error:
                    found.append(Fault(self.path, key, str(error)))
                    continue
                if key in seen:
                    found.append(Fault(self.path, key, "the document stands twice"))
                seen.add(coded.document.id)
                found += [Fault(self.path, key, reason) for reason in flat.faults(coded)]
                if row["digest"] != flat.digest(coded.document.text):
                    found.append(Fault(self.path, key, "the text does not have the digest it was stored with"))
        return tuple(found)

    def compact(self) -> int:
        """Join small files into large ones, change no row, and return how many files were joined."""
        done = self._tidied("compacted", lambda table: table.optimize.compact())
        return int(done["numFilesRemoved"])

    def _tidied(self, done: str, work: Callable[[DeltaTable], Any]) -> Any:
        """Do something to the table's files, again if a loader committed meanwhile what it had read otherwise."""
        from deltalake.exceptions import DeltaError

        self._require()
        for attempt in range(_ATTEMPTS):
            table = self._writable()
            base = table.version()
            try:
                return work(table)
            except (DeltaError, OSError) as error:
                table.update_incremental()
                if table.version() == base:
                    raise StoreError(f"{self.path}: nothing was {done}: {said(error)}") from error
                time.sleep(random.uniform(0, min(1.0, 0.02 * 2**attempt)))
        raise StoreError(f"{self.path}: nothing was {done}: others committed first {_ATTEMPTS} times")

    def vacuum(self, *, hours: int = 168) -> int:
        """Delete files that no version of the last `hours` needs, killed loads' leavings too; return how many.

        Versions older than that can no longer be opened. Loaders and questions that run meanwhile go on: what no version
        names is deleted only when it is an hour old, and a file that was deleted under them is read from the version after.
        Only who reads a whole table for longer than `hours` (`documents()`, `detente.store.stories.update`) may lose a file.
        """

        def work(table: DeltaTable) -> list[str]:
            gone = table.vacuum(retention_hours=hours, dry_run=False, enforce_retention_duration=False)
            stray = max(hours, _STRAY_HOURS)
            return gone + table.vacuum(
                retention_hours=stray, dry_run=False, enforce_retention_duration=False, full=True
            )

        return len(self._tidied("vacuumed", work))

    def versions(self) -> Frame:
        """Return the table's versions, newest first: number, time (UTC) and operation."""
        import pyarrow as pa

        rows = [
            {
                "version": entry["version"],
                "time": dt.datetime.fromtimestamp(entry["timestamp"] / 1000, dt.UTC),
                "operation": entry["operation"],
            }
            for entry in self._require().history()
        ]
        schema = pa.schema([("version", pa.int64()), ("time", pa.timestamp("ms", "UTC")), ("operation", pa.string())])
        return Frame(pa.Table.from_pylist(rows, schema=schema))

    @staticmethod
    def migrate(path: str | Path, *, storage_options: Mapping[str, str] | None = None) -> int:
        """Bring a store of an older schema to this one in a single commit; return the schema it had.

        Raises:
            StoreError: there is no table, or a row is no record of version 1 (then nothing is changed).
        """
        import pyarrow as pa
        from deltalake import CommitProperties, DeltaTable, write_deltalake
        from deltalake.exceptions import DeltaError

        options = dict(storage_options or {}) or None
        try:
            table = DeltaTable(f"{str(path).rstrip('/')}/documents", storage_options=options)
            found = _schema_version(table)
            if found >= SCHEMA:
                return found
            batches = table.to_pyarrow_dataset().to_batches(batch_size=64)
            fresh = (
                batch for old in batches for batch in flat.rows([_record(row) for row in old.to_pylist()]).to_batches()
            )
            write_deltalake(
                table,
                pa.RecordBatchReader.from_batches(flat.store_schema(), fresh),
                mode="overwrite",
                schema_mode="overwrite",
                description=f"{_MARK}{SCHEMA}",
                commit_properties=CommitProperties(max_commit_retries=0),
            )
            table.update_incremental()
            if _schema_version(table) != SCHEMA:
                table.alter.set_table_description(f"{_MARK}{SCHEMA}")
        except (DeltaError, OSError, InputError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path}: not migrated: {said(error)}") from error
        return found


_STACK: Final = re.compile(r" 0: .* 1: ")


def said(error: Exception) -> str:
    """Return an engine's message, which may run over several lines, as one, without the engine's own stack."""
    text = _STACK.split(" ".join(str(error).split()))[0]
    return text if len(text) <= 300 else text[:299] + "…"


def _asked(error: Exception) -> str:
    """Return what DuckDB says of a question in one line, without the question itself."""
    text = str(error).split("\nLINE ", 1)[0]
    return " ".join(text.replace(" Error:", ":", 1).split())


def _schema_version(table: DeltaTable) -> int:
    description = table.metadata().description or ""
    version = description.removeprefix(_MARK)
    return int(version) if description.startswith(_MARK) and version.isdecimal() else 1


_OWN_ID: Final = "; give it its own"


def _fault(coded: CodedDocument, file: str, reason: str) -> Fault:
    """A document that was not stored, by the file and record it was read from, else by its id."""
    return Fault(*(coded.document.origin or (file, coded.document.id or None)), reason)


_DERIVED: Final = frozenset({"digest", "links", "statement_links"})


def _is(id: str) -> Any:
    import pyarrow.compute as pc

    return pc.field("id") == id


def _record(row: dict[str, Any]) -> CodedDocument:
    return from_json({name: value for name, value in row.items() if name not in _DERIVED})


def as_day(day: dt.date | str) -> dt.date:
    """Return a day given as a date or as YYYY-MM-DD.

    Raises:
        OptionError: it is neither.
    """
    if isinstance(day, dt.datetime):
        return day.date()
    if isinstance(day, dt.date):
        return day
    try:
        return dt.date.fromisoformat(day)
    except ValueError as error:
        raise OptionError(f"{day!r} is no day; write YYYY-MM-DD") from error


def party_condition(role: str, party: str) -> tuple[str, list[str]]:
    """Return the SQL condition on the events view, and its parameters, for "CHN", "CHN:GOV" or a name.

    Raises:
        OptionError: the party is empty or its sector unknown.
    """
    country, _, sector = party.partition(":")
    if not party.strip():
        raise OptionError(f"{role} is empty; write a country (CHN), a sector of it (CHN:GOV) or a name")
    if len(country) == 3 and country.isascii() and country.isupper():
        if not sector:
            return f"list_contains({role}_countries, ?)", [country]
        if sector not in plover.SECTORS:
            raise OptionError(f"{sector!r} is no sector; it must be one of {', '.join(plover.SECTORS)}")
        pairs = f"list_zip({role}_countries, {role}_sectors)"
        return f"len(list_filter({pairs}, lambda p: p[1] = ? AND p[2] = ?)) > 0", [country, sector]
    return f"list_contains(list_transform({role}_names, lambda n: lower(n)), lower(?))", [party]
