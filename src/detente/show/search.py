"""Words → the sentences that hold them, best first: a full-text index kept beside the store (Tantivy, BM25).

The index follows the store: documents that are new, coded anew or gone since it was last asked are taken in or out.
It is a copy of what the store holds and may be deleted at any time. A search is built of terms, never parsed by the
engine, so no word in it means anything but itself.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final, Literal

import tantivy

from detente.errors import OptionError
from detente.highlight import shown
from detente.store.store import Store

Order = Literal["best", "newest"]

FOLDER: Final = "search"
"""Folder of the index within the store's."""
FORM: Final = "2"
"""Form of the index; another one is made anew."""
MOST_TERMS: Final = 12
_BATCH: Final = 500
"""Documents read from the store at a time."""
_WAIT: Final = 3.0
"""Seconds to wait for another process that is writing the index; then this one keeps its own in memory."""
_LONGEST: Final = 20_000
"""Most characters of a sentence that are kept: a hostile one may be megabytes long."""


def _analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    made = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in (tantivy.Filter.remove_long(100), tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold()):
        made = made.filter(step)
    return (made.filter(tantivy.Filter.stemmer("english")) if stemmed else made).build()


_FOLD, _STEM = _analyzer(stemmed=False), _analyzer(stemmed=True)


def _schema() -> tantivy.Schema:
    made = tantivy.SchemaBuilder()
    made.add_text_field("document", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_text_field("source", stored=True, tokenizer_name="raw", index_option="basic")
    made.add_text_field("words", stored=True, tokenizer_name="fold", index_option="position")
    made.add_text_field("stems", stored=False, tokenizer_name="stem", index_option="position")
    made.add_integer_field("day", stored=True, indexed=True, fast=True)
    made.add_bytes_field("rest", stored=True, indexed=False)
    return made.build()


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase of a search.

    Attributes:
        words: folded: lower case, without accents.
        stem: the stem of a single word, or None for a phrase and for the beginning of a word.
        begins: the last word is the beginning of one.
        without: sentences that have it are left out.
    """

    words: tuple[str, ...]
    stem: str | None
    begins: bool
    without: bool


_TERM: Final = re.compile(r'(-?)(?:"([^"]+)"|(\S+))')


def parse_words(asked: str) -> tuple[Term, ...]:
    """Read a search: words and "phrases" that a sentence must hold, -without, and begin* of words.

    Raises:
        OptionError: there are too many.
    """
    found = []
    for minus, phrase, word in _TERM.findall(asked):
        text = (phrase or word).strip()
        begins = not phrase and text.endswith("*")
        words = tuple(_FOLD.analyze(text))
        if words:
            stem = None if phrase or begins or len(words) > 1 else _STEM.analyze(text)[0]
            found.append(Term(words, stem, begins, bool(minus)))
    if len(found) > MOST_TERMS:
        raise OptionError(f"the search has {len(found)} words; {MOST_TERMS} is the limit")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Hit:
    """A sentence that holds what was searched for.

    Attributes:
        document: the report's id.
        published: its day.
        source: who published it.
        url: its address.
        title: its title.
        sentence_index: which sentence, from 0.
        sentence: its words.
    """

    document: str
    published: dt.date
    source: str | None
    url: str | None
    title: str | None
    sentence_index: int
    sentence: str


class Words:
    """The sentences of one store, searchable.

    Args:
        folder: where the index lies; made when it is first brought up to date. None: in memory.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._index: tantivy.Index | None = None
        self._known: dict[str, str] = {}
        self._version: int | None = -1

    def follow(self, store: Store) -> None:
        """Bring the index up to the store's version.

        Args:
            store: the store; always the same one.
        """
        with self._lock:
            version = store.version
            if version == self._version and self._index is not None:
                return
            try:
                self._follow(store)
            except (OSError, ValueError):
                # The folder is another's, read-only, full or broken: the index is a copy and can lie in memory.
                if self.folder is None:
                    raise
                self.folder, self._index, self._known = None, None, {}
                self._follow(store)
            self._version = version

    def _follow(self, store: Store) -> None:
        index = self._open()
        marks = (
            "SELECT document, md5(concat_ws(chr(31), digest, coder, published, source, url, title)) AS mark"
            " FROM documents ORDER BY document"
        )
        wanted = {row["document"]: row["mark"] for row in store.sql(marks).to_pylist()}
        fresh = [key for key, mark in wanted.items() if self._known.get(key) != mark]
        gone = [key for key in self._known if key not in wanted]
        if not fresh and not gone:
            return
        writer = self._writer(index)
        try:
            for key in (*gone, *fresh):
                writer.delete_documents_by_term("document", key)
            for start in range(0, len(fresh), _BATCH):
                for document in _documents(store, fresh[start : start + _BATCH], index.schema):
                    writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
        finally:
            del writer
        index.reload()
        self._known = wanted
        if self.folder is not None:
            temporary = self.folder / "known.json.new"
            temporary.write_text(json.dumps({"form": FORM, "known": wanted}), "utf-8")
            temporary.replace(self.folder / "known.json")

    def _open(self) -> tantivy.Index:
        kept = self.folder / "known.json" if self.folder is not None else None
        if self._index is None:
            if self.folder is None or kept is None:
                self._index = tantivy.Index(_schema())
            else:
                self.folder.mkdir(parents=True, exist_ok=True)
                form = json.loads(kept.read_text("utf-8")).get("form") if kept.is_file() else FORM
                if form != FORM or not kept.is_file():
                    for old in self.folder.iterdir():
                        old.unlink()
                self._index = tantivy.Index(_schema(), str(self.folder))
            self._index.register_tokenizer("fold", _FOLD)
            self._index.register_tokenizer("stem", _STEM)
        if kept is not None and kept.is_file():
            # Another process may have taken documents in.
            self._known = json.loads(kept.read_text("utf-8"))["known"]
            self._index.reload()
        return self._index

    @staticmethod
    def _writer(index: tantivy.Index) -> tantivy.IndexWriter:
        until = time.monotonic() + _WAIT
        while True:
            try:
                return index.writer(64_000_000, 1)
            except ValueError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def search(
        self,
        terms: Sequence[Term],
        *,
        from_: dt.date | None = None,
        to: dt.date | None = None,
        sources: Sequence[str] = (),
        order: Order = "best",
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[int, list[Hit]]:
        """Return how many sentences hold all terms, and some of them in order.

        Args:
            terms: of `parse_words`; without one that must stand, nothing is found.
            from_: first day of the report.
            to: last day, included.
            sources: only reports of these.
            order: best first (BM25; a word itself counts twice its stem), or newest first.
            limit: at most so many sentences.
            offset: so many are passed over.
        """
        if self._index is None or all(term.without for term in terms):
            return 0, []
        schema = self._index.schema
        every = [
            (tantivy.Occur.MustNot if term.without else tantivy.Occur.Must, _query(schema, term)) for term in terms
        ]
        if from_ or to:
            low, high = (from_ or dt.date.min).toordinal(), (to or dt.date.max).toordinal()
            days = tantivy.Query.range_query(schema, "day", tantivy.FieldType.Integer, low, high)
            every.append((tantivy.Occur.Must, tantivy.Query.const_score_query(days, 0.0)))
        if sources:
            some = tantivy.Query.term_set_query(schema, "source", list(sources))
            every.append((tantivy.Occur.Must, tantivy.Query.const_score_query(some, 0.0)))
        searcher = self._index.searcher()
        by = "day" if order == "newest" else None
        found: Any = searcher.search(
            tantivy.Query.boolean_query(every), limit=max(1, limit), offset=offset, count=True, order_by_field=by
        )
        return int(found.count), [_hit(searcher.doc(address)) for _, address in found.hits]


def _documents(store: Store, ids: Sequence[str], schema: tantivy.Schema) -> Iterator[tantivy.Document]:
    query = (
        "SELECT id AS document, date AS published, text, source, url, title, sentences FROM records"
        " WHERE id IN (SELECT unnest(?::varchar[]))"
    )
    for row in store.sql(query, [list(ids)]).to_pylist():
        text = row["text"]
        for number, (start, end) in enumerate(row["sentences"]):
            sentence = text[start : min(end, start + _LONGEST)]
            made = tantivy.Document()
            made.add_text("document", row["document"])
            made.add_text("source", row["source"] or "")
            made.add_text("words", sentence)
            made.add_text("stems", sentence)
            made.add_integer("day", row["published"].toordinal())
            rest = {"sentence": number, "url": row["url"], "title": row["title"]}
            made.add_bytes("rest", json.dumps(rest).encode())
            yield made


def _query(schema: tantivy.Schema, term: Term) -> tantivy.Query:
    *before, last = term.words
    if term.begins and not before:
        # Letters and figures alone are left of a word, so nothing in it has a meaning of its own here.
        return tantivy.Query.regex_query(schema, "words", f"{last}.*")
    if term.begins:
        return tantivy.Query.phrase_prefix_query(schema, "words", list(term.words))
    if before:
        return tantivy.Query.phrase_query(schema, "words", list(term.words))
    word = tantivy.Query.term_query(schema, "words", last)
    if term.stem is None:
        return word
    return tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Should, word),
            (tantivy.Occur.Should, tantivy.Query.term_query(schema, "stems", term.stem)),
        ]
    )


def _hit(found: Any) -> Hit:
    rest = json.loads(bytes(found.get_first("rest")))
    return Hit(
        found.get_first("document"), dt.date.fromordinal(found.get_first("day")), found.get_first("source") or None,
        rest["url"], rest["title"], rest["sentence"], found.get_first("words"),
    )  # fmt: skip


_TOKEN: Final = re.compile(r"[^\W_]+")


def places(sentence: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Return where the words of a search stand in a sentence, in order; a phrase is one place."""
    words = [(match.start(), match.end(), match.group()) for match in _TOKEN.finditer(sentence)]
    folded = ["".join(_FOLD.analyze(word)) for *_, word in words]
    marked: set[int] = set()
    joined: set[int] = set()
    for term in terms:
        if term.without:
            continue
        size = len(term.words)
        for at in range(len(folded) - size + 1):
            here = folded[at : at + size]
            same = here[:-1] == list(term.words[:-1]) and (
                here[-1].startswith(term.words[-1]) if term.begins else here[-1] == term.words[-1]
            )
            if same or (term.stem is not None and _STEM.analyze(words[at][2]) == [term.stem]):
                marked.update(range(at, at + size))
                joined.update(range(at + 1, at + size))
    found: list[tuple[int, int]] = []
    for at, (start, end, _) in enumerate(words):
        if at in joined and found:
            found[-1] = found[-1][0], end
        elif at in marked:
            found.append((start, end))
    return found


def mark_words(sentence: str, terms: Iterable[Term]) -> str:
    """Return a sentence as escaped HTML with the words of a search marked."""
    out, begun = [], 0
    for start, end in places(sentence, terms):
        out.append(f"{escape(shown(sentence[begun:start]))}<mark>{escape(shown(sentence[start:end]))}</mark>")
        begun = end
    return "".join(out) + escape(shown(sentence[begun:]))


@dataclass(frozen=True, slots=True)
class Name:
    """A person or body that reports name.

    Attributes:
        name: as the coder writes it.
        kind: person, organisation or group.
        country: the state it belongs to.
        title: its office.
        n: documents that name it.
    """

    name: str
    kind: str
    country: str | None
    title: str | None
    n: int


class Names:
    """The persons and bodies of a store, searchable by the beginnings of their words.

    Args:
        rows: name, kind, country, title, n.
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self.names = tuple(Name(r["name"], r["kind"], r["country"], r["title"], r["n"]) for r in rows)
        self._of: dict[str, set[int]] = defaultdict(set)
        for at, one in enumerate(self.names):
            for word in _FOLD.analyze(one.name[:500]):
                self._of[word].add(at)
        self._words = sorted(self._of)

    def search(self, asked: str, limit: int = 12) -> list[Name]:
        """Return names that hold all words asked for, each at least as a beginning: whole ones first, then the most named."""
        words = [word for term in parse_words(asked) if not term.without for word in term.words]
        found: set[int] | None = None
        whole: set[int] | None = None
        for word in words:
            near: set[int] = set()
            for at in range(bisect_left(self._words, word), len(self._words)):
                if not self._words[at].startswith(word):
                    break
                near |= self._of[self._words[at]]
            exact = self._of.get(word, set())
            found = near if found is None else found & near
            whole = exact if whole is None else whole & exact
        size = len(words)

        def rank(at: int) -> tuple[bool, bool, int, str]:
            one = self.names[at]
            same = whole is not None and at in whole
            return not (same and len(_FOLD.analyze(one.name[:500])) == size), not same, -one.n, one.name

        return [self.names[at] for at in sorted(found or (), key=rank)[:limit]]


NAMES: Final = (
    "SELECT name, mode(kind) AS kind, mode(country) AS country, mode(title) AS title, count(DISTINCT document) AS n"
    " FROM entities WHERE kind IN ('person', 'organisation', 'group') GROUP BY name ORDER BY name"
)
"""What `Names` is made of."""
