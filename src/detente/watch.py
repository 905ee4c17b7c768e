"""Feeds polled on an interval, and what is new in them coded and added to a store."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from detente.code.coder import Coder
from detente.errors import InputError, OptionError
from detente.read.documents import documents
from detente.read.fetch import LARGEST, SECONDS, Fetched, fetch
from detente.read.language import CODED, not_coded
from detente.read.raw import is_address
from detente.records import Document, Fault
from detente.store import Added, Store

_AT_ONCE: Final = 8
_MOST_SAID: Final = 200
"""Different faults remembered of a feed; what a feed can make up is bounded, memory too."""


@dataclass(slots=True)
class _Feed:
    address: str
    last: Fetched | None = None
    down: bool = False


class Watch:
    """Feeds, a coder and a store; `poll` brings the store up to what the feeds hold.

    Feeds are fetched side by side, so that a slow one holds up no other. A feed that fails is said once, and once
    more when it answers again; so is each kind of fault of its entries.

    Args:
        store: where new reports go.
        coder: codes them.
        feeds: http or https addresses, or files.
        on_fault: called with each fault when it is new.
        on_note: called with a line when a feed answers again, and on new entries in languages that are not coded.
        seconds: time for a feed's whole answer.
        largest: bytes it may have.

    Raises:
        OptionError: there is no feed, or `seconds` or `largest` are not positive.
    """

    def __init__(
        self,
        store: Store,
        coder: Coder,
        feeds: Sequence[str],
        *,
        on_fault: Callable[[Fault], None],
        on_note: Callable[[str], None] = lambda note: None,
        seconds: float = SECONDS,
        largest: int = LARGEST,
    ) -> None:
        if not feeds:
            raise OptionError("no feed to watch: give one or more addresses")
        if seconds <= 0 or largest <= 0:
            raise OptionError(f"seconds {seconds} and largest {largest} must be more than 0")
        self.store, self.coder = store, coder
        self._feeds = [_Feed(address) for address in dict.fromkeys(feeds)]
        self._on_fault, self._on_note = on_fault, on_note
        self._seconds, self._largest = seconds, largest
        self._said: set[tuple[str, str]] = set()
        self._languages: Counter[str] = Counter()

    def poll(self) -> Added:
        """Fetch every feed once, and code and add the reports that the store does not hold.

        Raises:
            StoreError: the store cannot be written; what was committed before stays, and the next poll adds the rest.
        """
        answers: list[tuple[_Feed, Fetched]] = []
        self._languages.clear()
        try:
            added = self.store.add(self.coder.code_all(self._fresh(answers)))
        except BaseException:
            for feed in self._feeds:
                feed.last = None  # what was fetched and not stored must be fetched again
            raise
        for feed, answer in answers:
            feed.last = answer
        for fault in added.faults:
            self._say(fault.file, fault)
        if self._languages:
            self._on_note(not_coded(self._languages))
        return added

    def _fresh(self, answers: list[tuple[_Feed, Fetched]]) -> Iterator[Document]:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="detente-feed") as pool:
            got = pool.map(self._fetched, self._feeds)
            for feed, answer in zip(self._feeds, got, strict=True):
                if isinstance(answer, InputError):
                    if not feed.down:
                        self._on_fault(Fault(feed.address, None, str(answer)))
                    feed.down = True
                    continue
                if feed.down:
                    self._on_note(f"{feed.address}: answers again")
                    feed.down = False
                if answer is None:
                    continue
                for item in self._read(feed, answer):
                    if not self.store.holds(item, self.coder.version):
                        if item.language != CODED:
                            self._languages[item.language] += 1
                        yield item
                answers.append((feed, answer))

    def _fetched(self, feed: _Feed) -> Fetched | InputError | None:
        try:
            if is_address(feed.address):
                return fetch(feed.address, seconds=self._seconds, largest=self._largest, before=feed.last)
            return Fetched(b"")
        except InputError as error:
            return error

    def _read(self, feed: _Feed, answer: Fetched) -> Iterator[Document]:
        def say(fault: Fault) -> None:
            self._say(feed.address, Fault(feed.address, fault.record, fault.reason))

        if is_address(feed.address):
            yield from documents(_Named(answer.data, feed.address), on_fault=say, format="feed")
        else:
            yield from documents(feed.address, on_fault=say)

    def _say(self, feed: str, fault: Fault) -> None:
        kind = (feed, re.sub(r"\d+", "0", fault.reason))
        if kind not in self._said and len(self._said) < _MOST_SAID * len(self._feeds):
            self._said.add(kind)
            self._on_fault(fault)


class _Named(io.BytesIO):
    """Bytes with the address they came from, against which a feed's relative links are read."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def watch(
    store: Store,
    coder: Coder,
    feeds: Sequence[str],
    *,
    interval: float,
    on_fault: Callable[[Fault], None],
    on_note: Callable[[str], None] = lambda note: None,
    on_added: Callable[[Added], None] = lambda added: None,
    seconds: float = SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Poll feeds for ever.

    Args:
        store: where new reports go.
        coder: codes them.
        feeds: http or https addresses, or files.
        interval: seconds from the beginning of one poll to that of the next.
        on_fault: called with each fault when it is new.
        on_note: called when a feed answers again.
        on_added: called after each poll.
        seconds: time for a feed's whole answer.
        sleep: waits; another one in tests.

    Raises:
        OptionError: no feed, or an interval that is not positive.
        StoreError: the store cannot be written.
    """
    if interval <= 0:
        raise OptionError(f"interval {interval} must be more than 0 seconds")
    watched = Watch(store, coder, feeds, on_fault=on_fault, on_note=on_note, seconds=seconds)
    while True:
        began = time.monotonic()
        on_added(watched.poll())
        sleep(max(0.0, interval - (time.monotonic() - began)))
