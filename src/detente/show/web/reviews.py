"""What people say of coded events: right or wrong, with a note; kept beside the store, apart from the coding."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from detente.errors import OptionError, StoreError
from detente.records import CodedDocument

Verdict = Literal["right", "wrong"]

LONGEST_NOTE: Final = 1000


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict on one event of one coding.

    Attributes:
        time: when, UTC, ISO 8601.
        document: the report's id.
        event: the event's id in it.
        coder: whose coding was judged.
        type: the event's type.
        mode: its mode.
        status: its status.
        start: first code point of its trigger.
        end: last code point of it, exclusive.
        verdict: right or wrong.
        note: why.
    """

    time: str
    document: str
    event: str
    coder: str
    type: str
    mode: str | None
    status: str
    start: int
    end: int
    verdict: Verdict
    note: str


class Reviews:
    """A file of reviews, a JSON object a line; the last word on an event counts.

    Args:
        path: the file; made with the first review. None: there is no place for reviews.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], dict[tuple[str, str, str], Review]] | None = None

    def latest(self) -> dict[tuple[str, str, str], Review]:
        """Return the last review of each event, by document, event and coder.

        Raises:
            StoreError: the file holds something else.
        """
        if self.path is None or not self.path.is_file():
            return {}
        with self._lock:
            seen = self.path.stat()
            mark = seen.st_mtime_ns, seen.st_size
            if self._read is None or self._read[0] != mark:
                found: dict[tuple[str, str, str], Review] = {}
                for number, line in enumerate(self.path.read_text("utf-8").splitlines(), 1):
                    try:
                        review = Review(**json.loads(line))
                    except (ValueError, TypeError) as error:
                        raise StoreError(f"{self.path}:{number}: is no review; mend or remove the line") from error
                    # Taken out and put back, so that the order is that of the last words.
                    found.pop((review.document, review.event, review.coder), None)
                    found[review.document, review.event, review.coder] = review
                self._read = mark, found
            return dict(self._read[1])

    def add(self, review: Review) -> None:
        """Add a review.

        Raises:
            OptionError: the verdict is none, or the note too long.
            StoreError: there is no place for reviews, or it cannot be written.
        """
        if review.verdict not in ("right", "wrong"):
            raise OptionError(f"verdict is {review.verdict[:20]!r}; it must be right or wrong")
        if len(review.note) > LONGEST_NOTE:
            raise OptionError(f"the note has {len(review.note)} characters; {LONGEST_NOTE} is the limit")
        if self.path is None:
            raise StoreError("reviews are kept beside a local store; for this one give --reviews FILE")
        line = json.dumps(asdict(review), ensure_ascii=True) + "\n"
        with self._lock:
            try:
                with self.path.open("a", encoding="utf-8") as file:
                    file.write(line)
            except OSError as error:
                raise StoreError(f"{self.path}: the review was not written: {error}") from error


def now() -> str:
    """Return the time in UTC, to the second."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0).isoformat()


CORRECTION_COLUMNS: Final = (
    "time", "verdict", "note", "document", "event", "coder", "current", "type", "mode", "status", "published", "source", "url",
    "actors", "recipients", "trigger", "trigger_start", "trigger_end", "sentence", "sentence_start", "sentence_end",
)  # fmt: skip
"""Columns of corrections, in order."""


def corrections(
    reviews: Iterable[Review], documents: Callable[[Iterable[str]], Mapping[str, CodedDocument]]
) -> list[dict[str, Any]]:
    """Return reviews with the words they judge, enough to correct or to test a coder by.

    Args:
        reviews: the last word on each event.
        documents: gives coded documents by id; a report that is gone leaves its review without words.

    Returns:
        `CORRECTION_COLUMNS`; offsets are code points in the report's text, end exclusive, and `current` tells
        whether the report is still coded as it was when it was judged.
    """
    listed = list(reviews)
    found = documents({review.document for review in listed})
    rows = []
    for review in listed:
        row: dict[str, Any] = {
            "time": review.time, "verdict": review.verdict, "note": review.note, "document": review.document,
            "event": review.event, "coder": review.coder, "type": review.type, "mode": review.mode, "status": review.status,
            "trigger_start": review.start, "trigger_end": review.end, "current": False,
        }  # fmt: skip
        coded = found.get(review.document)
        if coded is not None:
            text = coded.document.text
            row |= {"published": coded.document.date, "source": coded.document.source, "url": coded.document.url}
            row["trigger"] = text[review.start : review.end]
            sentence = next((one for one in coded.sentences if one.start <= review.start < one.end), None)
            if sentence is not None:
                row |= {
                    "sentence": text[sentence.start : sentence.end], "sentence_start": sentence.start,
                    "sentence_end": sentence.end,
                }  # fmt: skip
            event = next((one for one in coded.events if one.id == review.event), None)
            if coded.coder == review.coder and event is not None:
                row["current"] = True
                for name in ("actors", "recipients"):
                    row[name] = [coded.entity(mention).name for mention in getattr(event, name)]
        rows.append({name: row.get(name) for name in CORRECTION_COLUMNS})
    return rows


def precision(reviews: Iterable[Review]) -> tuple[int, int]:
    """Return how many of the reviewed events are right, and how many were reviewed."""
    listed = list(reviews)
    return sum(review.verdict == "right" for review in listed), len(listed)
