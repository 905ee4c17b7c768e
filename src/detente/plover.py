"""The PLOVER 2.0 ontology as data: event types, modes, contexts, sectors, quads and intensities.

Source: PLOVER 2.0 manual (Open Event Data Alliance); intensities after its conflict–cooperation table,
where ACCUSE is printed without its sign and is negative here. Statuses are detente's own, for PLOVER's
auxiliary modes. Everything in this module is immutable and needs no file.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

Quad = Literal["verbal cooperation", "material cooperation", "verbal conflict", "material conflict"]
Status = Literal["actual", "planned", "hypothetical", "denied", "historical"]

QUADS: Final[tuple[Quad, ...]] = (
    "verbal cooperation",
    "material cooperation",
    "verbal conflict",
    "material conflict",
)

_TABLE: Final[tuple[tuple[str, Quad, float, tuple[tuple[str, float], ...]], ...]] = (
    ("AGREE", "verbal cooperation", 2.5, ()),
    (
        "CONSULT",
        "verbal cooperation",
        2.5,
        (("visit", 4.0), ("third-party", 1.0), ("multilateral", 4.0), ("phone", 1.5)),
    ),
    ("SUPPORT", "verbal cooperation", 5.0, ()),
    ("CONCEDE", "verbal cooperation", 4.5, ()),
    ("COOPERATE", "material cooperation", 9.5, ()),
    ("AID", "material cooperation", 10.0, ()),
    (
        "RETREAT",
        "material cooperation",
        6.5,
        (
            ("withdraw", 8.0),
            ("release", 6.5),
            ("disarm", 10.0),
            ("ceasefire", 7.5),
            ("access", 6.5),
            ("resign", 4.5),
        ),
    ),
    (
        "REQUEST",
        "verbal conflict",
        0.0,
        (("assist", 0.5), ("change", -1.0), ("yield", -1.0), ("meet", 0.0)),
    ),
    (
        "ACCUSE",
        "verbal conflict",
        -3.0,
        (("disapprove", -2.0), ("investigate", -3.5), ("allege", -3.5)),
    ),
    (
        "REJECT",
        "verbal conflict",
        -2.0,
        (("assist", -1.5), ("change", -2.0), ("yield", -2.0), ("meet", -2.0)),
    ),
    (
        "THREATEN",
        "verbal conflict",
        -3.5,
        (
            ("restrict", -3.0),
            ("arrest", -3.5),
            ("relations", -3.5),
            ("expel", -3.5),
            ("territory", -4.0),
            ("violence", -3.5),
        ),
    ),
    (
        "PROTEST",
        "material conflict",
        -5.0,
        (
            ("demo", -5.0),
            ("riot", -7.0),
            ("strike", -5.0),
            ("hunger", -4.5),
            ("boycott", -4.5),
            ("obstruct", -4.5),
            ("vandalize", -5.0),
        ),
    ),
    (
        "SANCTION",
        "material conflict",
        -6.0,
        (("convict", -6.0), ("expel", -5.5), ("withdraw", -6.0), ("discontinue", -6.0)),
    ),
    (
        "MOBILIZE",
        "material conflict",
        -5.5,
        (("troops", -6.5), ("weapons", -6.5), ("police", -5.5), ("militia", -6.0)),
    ),
    (
        "COERCE",
        "material conflict",
        -7.0,
        (
            ("seize", -7.0),
            ("restrict", -7.0),
            ("censor", -6.5),
            ("curfew", -6.5),
            ("martial-law", -7.5),
            ("arrest", -7.0),
            ("deport", -7.0),
            ("withhold", -7.0),
            ("misinformation", -6.5),
            ("cyber", -7.0),
        ),
    ),
    (
        "ASSAULT",
        "material conflict",
        -9.0,
        (
            ("abduct", -8.5),
            ("beat", -7.5),
            ("torture", -8.5),
            ("sexual", -8.5),
            ("targeted", -9.5),
            ("destroy", -8.5),
            ("primitive", -8.0),
            ("firearms", -9.0),
            ("explosives", -9.0),
            ("suicide-attack", -9.5),
            ("aerial", -9.5),
            ("drone", -9.5),
            ("heavy-weapons", -9.5),
            ("crowd-control", -7.5),
            ("unconventional", -10.0),
        ),
    ),
)

TYPES: Final[tuple[str, ...]] = tuple(row[0] for row in _TABLE)
"""The 16 event types, in PLOVER's order from cooperation to conflict."""

MODES: Final = MappingProxyType({row[0]: tuple(mode for mode, _ in row[3]) for row in _TABLE})
"""Event type → its modes, in the manual's order; empty for types without modes."""

QUAD: Final = MappingProxyType({row[0]: row[1] for row in _TABLE})
"""Event type → quad class."""

_INTENSITY: Final = MappingProxyType(
    {
        **{(row[0], None): row[2] for row in _TABLE},
        **{(row[0], mode): value for row in _TABLE for mode, value in row[3]},
    }
)

STATUSES: Final[tuple[Status, ...]] = ("actual", "planned", "hypothetical", "denied", "historical")
"""How the text presents an event (codebook section 3)."""

CONTEXTS: Final[tuple[str, ...]] = (
    "military",
    "intelligence",
    "executive",
    "legislative",
    "election",
    "political_institutions",
    "pro_democracy",
    "pro_autocracy",
    "economic",
    "legal",
    "reparations",
    "human_rights",
    "rights_freedoms",
    "repression",
    "human_security",
    "gender",
    "lgbt",
    "religion_ethnicity",
    "inequality",
    "diplomatic",
    "territory",
    "peacekeeping",
    "health",
    "asylum",
    "migration",
    "disasters",
    "natural_resource",
    "environment",
    "technology",
    "terrorism",
    "cbrn",
    "cyber",
    "misinformation",
    "crime",
    "corruption",
    "illegal_drugs",
    "trafficking",
)
"""The 37 issue contexts an event can be about; zero or more apply."""

SECTORS: Final = MappingProxyType(
    {
        "GOV": "government, the executive",
        "MIL": "armed forces",
        "COP": "police and security services",
        "JUD": "courts, prosecutors, judges",
        "LEG": "legislature and its members",
        "PTY": "political party",
        "OPP": "political opposition",
        "REB": "armed rebels",
        "PRM": "pro-government militia",
        "SPY": "intelligence services",
        "UAF": "unidentified armed force",
        "UNK": "unknown",
        "AGR": "agriculture",
        "BUS": "business",
        "CRM": "criminals",
        "CVL": "civilians",
        "EDU": "education and research",
        "ELI": "elites, former officials",
        "JRN": "the press",
        "LAB": "labour and unions",
        "MED": "medical",
        "REF": "refugees and displaced people",
        "PRE": "partially recognised entity",
        "REL": "religious",
        "SOC": "civil society",
    }
)
"""Sector code → what it stands for (codebook section 4)."""

SPECIAL_COUNTRIES: Final = MappingProxyType(
    {
        "UNO": "United Nations",
        "EUR": "European Union",
        "IGO": "intergovernmental organisation",
        "NGO": "non-governmental organisation",
        "ISM": "religious or ethnic movement across borders",
        "IMG": "armed group across borders",
        "MNC": "multinational corporation",
        "XKX": "Kosovo",
    }
)
"""Codes beside ISO 3166-1 alpha-3 for actors that belong to no state, and Kosovo (PLOVER's KOS)."""


def intensity(event_type: str, mode: str | None = None) -> float:
    """Return the conflict–cooperation intensity of an event type and mode.

    Args:
        event_type: one of `TYPES`.
        mode: one of `MODES[event_type]`, or None; a pair the manual does not list takes the type's value.

    Returns:
        A value from −10 (most conflictual) to +10 (most cooperative), PLOVER 2.0's table.

    Raises:
        KeyError: `event_type` is not one of `TYPES`.
    """
    base: float = _INTENSITY[event_type, None]
    value: float = _INTENSITY.get((event_type, mode), base)
    return value
