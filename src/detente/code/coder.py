"""The pipeline: split, score, extract, resolve, date; read top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from detente.records import StatementDraft


def join_continuations(drafts: Sequence[StatementDraft]) -> tuple[StatementDraft, ...]:
    """Join content without a cue to the statement of the sentence just before it: a quotation that goes on.

    Args:
        drafts: statements in order of position.
    """
    joined: list[StatementDraft] = []
    last: dict[int, int] = {}
    for draft in drafts:
        before = last.get(draft.sentence - 1)
        if draft.cue is None and draft.speaker is None and before is not None and draft.sentence not in last:
            old = joined[before]
            joined[before] = replace(old, content=(*old.content, *draft.content))
            last[draft.sentence] = before
        else:
            last[draft.sentence] = len(joined)
            joined.append(draft)
    return tuple(joined)
