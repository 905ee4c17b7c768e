"""Roles that stored reports gave to persons: "China's Vice Foreign Minister Le Yucheng" makes Le known to later reports."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detente.records import CodedDocument, LearnedRole


def told(coded: CodedDocument) -> tuple[LearnedRole, ...]:
    """Return the roles that one coded report gives.

    A role counts where one mention holds both: the name and the title in the report's own words.

    Args:
        coded: the report as coded.
    """
    entities = [
        {"id": e.id, "name": e.name, "kind": e.kind, "country": e.country, "sectors": e.sectors, "title": e.title}
        for e in coded.entities
    ]
    mentions = [{"entity": mention.entity, "text": mention.text} for mention in coded.mentions]
    return told_by_row(coded.document.date, entities, mentions)


def told_by_row(
    date: dt.date, entities: Sequence[Mapping[str, Any]], mentions: Sequence[Mapping[str, Any]]
) -> tuple[LearnedRole, ...]:
    """Return the roles that one stored row gives; see `told`.

    Args:
        date: the report's day.
        entities: its entities, as stored.
        mentions: its mentions, as stored.
    """
    texts: dict[str, list[str]] = defaultdict(list)
    for mention in mentions:
        texts[mention["entity"]].append(_plain(mention["text"]))
    found = []
    for entity in entities:
        name, title = entity["name"], entity["title"]
        if entity["kind"] != "person" or not (entity["country"] and entity["sectors"] and title) or " " not in name:
            continue
        surname, office = _plain(name).rsplit(" ", 1)[-1], _plain(title)
        if any(office in text and surname in text for text in texts[entity["id"]]):
            found.append(LearnedRole(name, entity["country"], tuple(entity["sectors"]), title, date))
    return tuple(found)


def agreed(roles: Iterable[LearnedRole]) -> tuple[LearnedRole, ...]:
    """Leave out what reports disagree on: of each name only the country that most of its roles give, none on a tie.

    Args:
        roles: of all reports, in any order.

    Returns:
        Each role once, in order of day and name.
    """
    by_name: dict[str, list[LearnedRole]] = defaultdict(list)
    for role in roles:
        by_name[role.name].append(role)
    kept: set[LearnedRole] = set()
    for several in by_name.values():
        ranked = Counter(role.country for role in several).most_common(2)
        if len(ranked) == 1 or ranked[0][1] > ranked[1][1]:
            kept.update(role for role in several if role.country == ranked[0][0])
    return tuple(sorted(kept, key=lambda role: (role.date, role.name, role.country, role.title, role.sectors)))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
