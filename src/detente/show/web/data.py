"""Views as plain rows, for `.json` and `.csv` beside every page, and the document that describes them (OpenAPI)."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, get_args

from detente import plover
from detente.highlight import shown
from detente.measure.level import Level
from detente.measure.series import By, Point, Relation
from detente.show.web import chart
from detente.show.web.desk import Desk, Measured, Pair, country_name
from detente.show.web.view import Count, Direction, View
from detente.store.happenings import Happening


def plain(value: Any) -> Any:
    """Return a value as JSON has it: days as text, tuples as lists, no control characters."""
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, end: str = "\r\n") -> str:
    """Return rows as CSV. A cell that a spreadsheet would take for a formula is written with an apostrophe before it.

    Args:
        rows: by column.
        columns: in order.
        end: end of a line.

    Source: OWASP, CSV injection.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=end)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> Any:
    value = plain(value)
    if isinstance(value, list):
        value = ";".join(str(item) for item in value if item is not None)
    if isinstance(value, dict):
        value = ";".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


def _side(point: Point) -> dict[str, Any]:
    return {
        "happenings": point.happenings,
        "reports": point.reports,
        **{quad.replace(" ", "_"): n for quad, n in zip(plover.QUADS, point.quads, strict=True)},
        "cooperation": point.cooperation,
        "conflict": point.conflict,
        "mean": None if point.mean is None else round(point.mean, 4),
        "types": dict(point.types),
    }


def relation_rows(found: Relation, levels: Sequence[Level]) -> list[dict[str, Any]]:
    """Return a relation's periods: level, what went either way and jointly, and what was read."""
    ab, ba = (name for name in found.series if name != "joint")
    rows = []
    for level, one, two, both in zip(levels, found.series[ab], found.series[ba], found.series["joint"], strict=True):
        rows.append(
            {
                "start": both.start,
                "end": both.end,
                "level": level.value,
                "low": level.low,
                "high": level.high,
                "name": level.name,
                "support": level.support,
                "joint": _side(both),
                "ab": _side(one),
                "ba": _side(two),
                "read": both.read,
                "naming": both.naming,
                "sources": both.sources,
                "thin": both.naming < chart.THIN,
            }
        )
    return rows


RELATION_COLUMNS: Final = (
    "start", "end", "level", "low", "high", "name", "support", "read", "naming", "sources", "thin",
    *(f"{side}_{name}" for side in ("joint", "ab", "ba")
      for name in ("happenings", "reports", *(q.replace(" ", "_") for q in plover.QUADS), "cooperation", "conflict", "mean")),
)  # fmt: skip


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with nested mappings' entries as columns of their own: joint_happenings, …"""
    made: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            made |= {f"{name}_{key}": item for key, item in value.items()}
        else:
            made[name] = value
    return made


def happening_row(happening: Happening) -> dict[str, Any]:
    """Return a happening in a few words, with the surest report's sentence."""
    best = max(happening.reports, key=lambda report: (report.confidence, report.document))
    return {
        "happening": happening.id, "day": happening.day, "type": happening.type, "mode": happening.mode,
        "status": happening.status, "intensity": happening.intensity, "confidence": round(happening.confidence, 4),
        "reports": happening.documents, "trigger": best.trigger, "sentence": best.sentence[:600],
        "document": best.document, "event": best.event,
        "actors": [name for name, _, _ in best.actors], "recipients": [name for name, _, _ in best.recipients],
    }  # fmt: skip


def relation_json(desk: Desk, view: View, measured: Measured) -> dict[str, Any]:
    """Return a relation view as one JSON object."""
    found = measured.found
    totals = desk.totals(view.facets.version)
    return plain(  # type: ignore[no-any-return]
        {
            "a": found.a, "b": found.b, "names": [country_name(view.a), country_name(view.b)], "by": found.by,
            "direction": view.direction, "status": found.status, "store_version": found.version,
            "coders": [name for name, _ in totals.coders], "address": view.address(),
            "unplaced": len(found.unplaced), "points": relation_rows(found, measured.levels),
            "changes": [
                {
                    **{name: getattr(c, name) for name in
                       ("date", "earliest", "latest", "probability", "before", "after", "low", "high")},
                    "words": chart.words(c),
                    "drivers": [{"moved": d.moved, **happening_row(d.happening)} for d in c.drivers],
                }
                for c in measured.changes
            ],
        }
    )  # fmt: skip


EVIDENCE_COLUMNS: Final = (
    "happening", "document", "event", "date", "date_end", "published", "type", "mode", "status", "attributed", "contexts",
    "actor_names", "actor_countries", "recipient_names", "recipient_countries", "trigger", "sentence", "confidence",
    "intensity", "source", "url", "title",
)  # fmt: skip
"""Columns of evidence, in order."""


def evidence_rows(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of evidence with the columns that are given out."""
    return [{name: plain(row.get(name)) for name in EVIDENCE_COLUMNS} for row in rows]


PAIR_COLUMNS: Final = ("a", "b", "happenings", "conflict_share", "before", "after", "change", "low", "high", "thin")


def pair_row(pair: Pair) -> dict[str, Any]:
    """Return a pair as a row."""
    return {name: getattr(pair, name) for name in PAIR_COLUMNS}


def _parameter(name: str, schema: Mapping[str, Any], told: str, where: str = "query") -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "description": told, "schema": schema}


_TEXT: Final = {"type": "string", "maxLength": 200}
_DAY: Final = {"type": "string", "format": "date"}


def _some(values: Sequence[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string", "enum": list(values)}, "maxItems": 64, "uniqueItems": True}


def openapi(version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the data routes.

    Args:
        version: detente's version.
    """
    modes = [f"{kind}/{mode}" for kind in plover.TYPES for mode in plover.MODES[kind]]
    facets = [
        _parameter("from", _DAY, "First day."),
        _parameter("to", _DAY, "Last day, included."),
        _parameter("status", _some(plover.STATUSES), "What counts as done; by default actual."),
        _parameter("type", _some(plover.TYPES), "Event types."),
        _parameter("mode", _some(modes), "Event types with their mode."),
        _parameter("context", _some(plover.CONTEXTS), "Issues."),
        _parameter("source", {"type": "array", "items": _TEXT, "maxItems": 64}, "Sources."),
        _parameter(
            "attributed", {"enum": ["yes", "no"]}, "Only what a quoted source asserts, or only what a report does."
        ),
        _parameter(
            "min_confidence", {"type": "integer", "minimum": 0, "maximum": 100}, "Least confidence, in percent."
        ),
        _parameter(
            "version",
            {"type": "integer", "minimum": 0, "maximum": 10**8},
            "The store's version; by default the newest.",
        ),
    ]
    party = {"type": "string", "pattern": "^[A-Z]{3}$"}
    sectors = {"enum": list(plover.SECTORS)}
    pair = [_parameter("a", party, "A country.", "path"), _parameter("b", party, "A country.", "path")]
    view = [
        *pair,
        _parameter("by", {"enum": list(get_args(By))}, "The period; by default month."),
        _parameter("direction", {"enum": list(get_args(Direction))}, "Whose level: of both, a towards b, b towards a."),
        _parameter("count", {"enum": list(get_args(Count))}, "What the bars count."),
        _parameter("sector_a", sectors, "Only this sector of a."),
        _parameter("sector_b", sectors, "Only this sector of b."),
        *facets,
    ]
    at = [
        _parameter("at", _DAY, "A day of the period whose evidence is wanted; by default the whole view."),
        _parameter("happening", _TEXT, "One happening."),
    ]
    matrix = [
        _parameter("by", {"enum": ["quarter", "year"]}, "The period."),
        _parameter("order", {"enum": ["change", "happenings", "conflict"]}, "In what order the pairs come."),
        *facets,
    ]
    pairs = {"type": "array", "items": {"type": "string", "pattern": "^[A-Z]{3}-[A-Z]{3}$"}, "maxItems": 12}
    compare = [
        _parameter("pair", pairs, "Pairs, such as CHN-USA; by default the six with most happenings."),
        _parameter("by", {"enum": ["month", "quarter", "year"]}, "The period; by default quarter."),
        *facets,
    ]
    version_ = [one for one in facets if one["name"] == "version"]
    search = [
        _parameter("q", {"type": "string", "maxLength": 200}, 'Words; "a phrase"; -without; begin*.'),
        _parameter("from", _DAY, "First day of the report."),
        _parameter("to", _DAY, "Last day of the report."),
        _parameter("source", {"type": "array", "items": _TEXT, "maxItems": 64}, "Sources."),
        _parameter("order", {"enum": ["best", "newest"]}, "Best first, or newest first."),
        _parameter("page", {"type": "integer", "minimum": 0, "maximum": 1000}, "Page of a thousand, from 0."),
        *version_,
    ]
    routes: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "/live.json": ("The store's version and size.", []),
        "/pairs.json": ("All pairs, those that changed most first.", facets),
        "/relation/{a}/{b}.json": ("A relation, period by period, with its breaks.", view),
        "/relation/{a}/{b}/evidence.json": (
            "The reports behind a period, a happening or the whole view.",
            [*view, *at],
        ),
        "/ledger/{a}/{b}.json": ("What each side asks, promises, rejects and threatens.", [*pair, *facets]),
        "/state/{a}.json": ("A state's partners.", [pair[0], *facets]),
        "/actor.json": ("What a person or body did and said.", [_parameter("name", _TEXT, "Its name."), *facets]),
        "/report.json": ("A report with everything coded from it.", [_parameter("id", _TEXT, "The report's id.")]),
        "/matrix.json": ("All pairs by period.", matrix),
        "/compare.json": ("The levels of some pairs.", compare),
        "/search.json": ("Sentences that hold words, best first.", search),
        "/method.json": ("What the store and the model are.", version_),
        "/reviews.json": ("Events that people called right or wrong.", []),
    }
    bad: dict[str, Any] = {
        code: {"description": told, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
        for code, told in (("400", "A part of the address makes no sense."), ("404", "There is no such thing."))
    }
    paths: dict[str, Any] = {}
    for path, (told, parameters) in routes.items():
        ok: dict[str, Any] = {
            "description": told,
            "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
        }
        paths[path] = {"get": {"summary": told, "parameters": parameters, "responses": {"200": ok, **bad}}}
        beside = path.removesuffix(".json") + ".csv"
        if path in CSV:
            ok = {"description": told, "content": {"text/csv": {"schema": {"type": "string"}}}}
            paths[beside] = {
                "get": {"summary": f"{told[:-1]}, as CSV.", "parameters": parameters, "responses": {"200": ok, **bad}}
            }
    return {
        "openapi": "3.1.0",
        "info": {"title": "detente", "version": version, "description": "The data behind every page of detente serve."},
        "paths": paths,
        "components": {
            "schemas": {"Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}}
        },
    }


CSV: Final = frozenset(
    {
        "/pairs.json", "/relation/{a}/{b}.json", "/relation/{a}/{b}/evidence.json", "/ledger/{a}/{b}.json",
        "/state/{a}.json", "/actor.json", "/report.json", "/search.json", "/reviews.json", "/matrix.json", "/compare.json", "/method.json",
    }
)  # fmt: skip
"""Data routes that also come as CSV."""
