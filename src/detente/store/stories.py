"""Copies of one text (syndication, updates, cuts) → one story.

A text's word triples are sketched by MinHash (rensa); bands of the sketch that two texts share make them
candidates (locality-sensitive hashing), joined in DuckDB; candidates whose estimated Jaccard similarity or
containment is high, within some days, are linked. Sketches and links lie in Delta tables of the store, so only
new documents are sketched; stories are the connected parts of the links under the settings asked for.

Sources: Broder 1997 (resemblance and containment); Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, ch. 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import numpy as np

from detente.errors import StoreError
from detente.store.store import Store, said

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_PERMUTATIONS: Final = 126
_ROWS: Final = 3
_SEED: Final = 2020
_WORD: Final = re.compile(r"\w+")
_WORDS: Final = 20_000
"""Words of a text that are sketched; a longer text is told by them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes two texts copies.

    Attributes:
        similarity: least Jaccard similarity of word triples, 0 to 1.
        containment: or least share of the shorter text's triples that the longer one has.
        days: most days between the two.
    """

    similarity: float = 0.5
    containment: float = 0.7
    days: int = 7


_LOOSEST: Final = Settings(similarity=0.3, containment=0.5, days=14)
"""Links are kept down to this, so that stories under any stricter settings need no new comparison."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A text's MinHash: `_PERMUTATIONS` values, and how many distinct word triples it has."""

    values: tuple[int, ...]
    size: int


def sketch(text: str) -> Sketch:
    """Return the sketch of a text; the same text gives the same one on every machine."""
    from rensa import RMinHash

    words = [word.lower() for word in _WORD.findall(text[: _WORDS * 12])][:_WORDS]
    triples = {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))} if words else set()
    minhash = RMinHash(num_perm=_PERMUTATIONS, seed=_SEED)
    minhash.update([t.encode("utf-8", "replace").decode("utf-8") for t in sorted(triples)])
    return Sketch(tuple(minhash.digest()), len(triples))


def similarity(a: Sketch, b: Sketch) -> tuple[float, float]:
    """Return the estimated Jaccard similarity and containment (of the smaller in the larger) of two texts."""
    if not a.size or not b.size:
        return 0.0, 0.0
    equal = sum(x == y for x, y in zip(a.values, b.values, strict=True)) / len(a.values)
    shared = equal / (1 + equal) * (a.size + b.size)
    return equal, min(1.0, shared / min(a.size, b.size))


def _bands(values: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return a 64-bit hash for each band of `_ROWS` values, shape (documents, bands)."""
    count = values.shape[1] // _ROWS
    mixed = np.broadcast_to(np.arange(1, count + 1, dtype=np.uint64), (values.shape[0], count)).copy()
    with np.errstate(over="ignore"):
        for row in range(_ROWS):
            mixed ^= values[:, row : count * _ROWS : _ROWS]
            # The finaliser of splitmix64 (Steele, Lea, Flood 2014).
            mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed ^= mixed >> np.uint64(31)
    return mixed


def _sketches_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("digest", pa.string()),
            ("published", pa.date32()),
            ("size", pa.int32()),
            ("values", pa.list_(pa.int64())),
            ("bands", pa.list_(pa.int64())),
        ]
    )


def _links_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("a", pa.string()),
            ("b", pa.string()),
            ("days", pa.int32()),
            ("similarity", pa.float64()),
            ("containment", pa.float64()),
        ]
    )


def _table(store: Store, name: str, schema: pa.Schema) -> DeltaTable:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    address = f"{store.path.rstrip('/')}/{name}"
    try:
        if not DeltaTable.is_deltatable(address, store.storage_options):
            DeltaTable.create(address, schema, mode="ignore", name=name, storage_options=store.storage_options)
        return DeltaTable(address, storage_options=store.storage_options)
    except (DeltaError, OSError) as error:
        raise StoreError(f"{address}: cannot be opened: {said(error)}") from error


def update(store: Store, *, batch: int = 2000) -> int:
    """Sketch and link the documents that are not yet; return how many there were.

    Several may run at once: a batch is committed only against the sketches it was compared with.

    Raises:
        StoreError: the store cannot be written.
    """
    from deltalake import CommitProperties, write_deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError

    done = 0
    for fresh in _unsketched(store, batch):
        while True:
            sketches = _table(store, "sketches", _sketches_schema())
            base = sketches.version()
            found = _candidates(sketches, fresh)
            try:
                # Links first: a run killed between the two repeats the batch, and repeated links say the same.
                if found.num_rows:
                    write_deltalake(_table(store, "links", _links_schema()), found, mode="append")
                write_deltalake(
                    sketches, fresh, mode="append", commit_properties=CommitProperties(max_commit_retries=0)
                )
                break
            except CommitFailedError as error:
                sketches.update_incremental()
                if sketches.version() == base:
                    raise StoreError(f"{store.path}: stories were not written: {said(error)}") from error
            except (DeltaError, OSError) as error:
                raise StoreError(f"{store.path}: stories were not written: {said(error)}") from error
        done += fresh.num_rows
    return done


def _unsketched(store: Store, batch: int) -> Iterator[pa.Table]:
    import pyarrow as pa

    table = _table(store, "sketches", _sketches_schema())
    have = table.to_pyarrow_dataset().to_table(columns=["id", "digest"])
    known = set(zip(have["id"].to_pylist(), have["digest"].to_pylist(), strict=True))
    rows: list[dict[str, Any]] = []
    for row in store.rows(["id", "digest", "date", "text"]):
        if (row["id"], row["digest"]) in known:
            continue
        made = sketch(row["text"])
        rows.append({"id": row["id"], "digest": row["digest"], "published": row["date"], "size": made.size,
                     "values": made.values})  # fmt: skip
        if len(rows) == batch:
            yield _with_bands(pa, rows)
            rows = []
    if rows:
        yield _with_bands(pa, rows)


def _with_bands(pa: Any, rows: list[dict[str, Any]]) -> pa.Table:
    bands = _bands(np.array([row["values"] for row in rows], dtype=np.uint64)).view(np.int64)
    for row, own in zip(rows, bands.tolist(), strict=True):
        # A text without words shares no band with another.
        row["bands"] = own if row["size"] else []
    return pa.Table.from_pylist(rows, schema=_sketches_schema())


# In a band each document is compared with the three before it, by day and id: buckets of any size stay linear.
_PAIRS: Final = """
with every as (
    select id, published, size, "values", bands, true as fresh from fresh
    union all by name
    select id, published, size, "values", bands, false as fresh from old
    where published between (select min(published) - $days::int from fresh)
                        and (select max(published) + $days::int from fresh)
),
banded as (select id, published, fresh, unnest(bands) as band from every),
near as (
    select id, fresh, published,
           unnest([lag(id, 1) over w, lag(id, 2) over w, lag(id, 3) over w]) as other
    from banded window w as (partition by band order by published, id)
),
pairs as (select distinct id, other from near where other is not null and other <> id),
scored as (
    select p.id as a, p.other as b, abs(date_diff('day', x.published, y.published))::int as days,
           len(list_filter(list_zip(x."values", y."values"), lambda v: v[1] = v[2])) / len(x."values") as similarity,
           x.size as m, y.size as n
    from pairs p join every x on x.id = p.id join every y on y.id = p.other
    where x.fresh or y.fresh
)
select a, b, days, similarity,
       least(1.0, similarity / (1 + similarity) * (m + n) / least(m, n)) as containment
from scored
where days <= $days
  and (similarity >= $similarity or similarity / (1 + similarity) * (m + n) / least(m, n) >= $containment)
order by a, b
"""


def _candidates(sketches: DeltaTable, fresh: pa.Table) -> pa.Table:
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.register("fresh", fresh)
    files = [unquote(uri) for uri in sketches.file_uris()]
    if files and "://" not in files[0]:
        listed = "[" + ", ".join("'" + name.replace("'", "''") + "'" for name in files) + "]"
        connection.execute(f"CREATE VIEW old AS SELECT * FROM read_parquet({listed})")
    else:
        connection.register("old", sketches.to_pyarrow_dataset())
    bounds = {"days": _LOOSEST.days, "similarity": _LOOSEST.similarity, "containment": _LOOSEST.containment}
    return connection.sql(_PAIRS, params=bounds).to_arrow_table().cast(_links_schema())


def stories(store: Store, settings: Settings | None = None) -> dict[str, str]:
    """Return the story of each sketched document: the id of its earliest copy (by day, then id).

    Args:
        store: on which `update` has run.
        settings: what makes two texts copies; no looser than a similarity of 0.3, containment 0.5, 14 days.
    """
    settings = settings or Settings()
    sketches = _table(store, "sketches", _sketches_schema()).to_pyarrow_dataset().to_table(columns=["id", "published"])
    days = dict(zip(sketches["id"].to_pylist(), sketches["published"].to_pylist(), strict=True))
    links = _table(store, "links", _links_schema()).to_pyarrow_dataset().to_table().to_pylist()
    kept = (
        (link["a"], link["b"])
        for link in links
        if link["days"] <= settings.days
        and (link["similarity"] >= settings.similarity or link["containment"] >= settings.containment)
    )
    return components(days, kept)


def components(order: Mapping[str, Any], links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each id the first id, by its order and then by itself, that links lead to."""
    parent = {key: key for key in order}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for a, b in links:
        if a in parent and b in parent:
            first, second = sorted((root(a), root(b)), key=lambda key: (order[key], key))
            parent[second] = first
    return {key: root(key) for key in parent}
