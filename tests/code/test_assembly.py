"""What the coder makes of what the model says: events that hold together by the codebook's fixed rules.

The model's part is written by hand here, so that the rules are tested and not the weights.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from detente.code.coder import _events
from detente.code.resolve import resolve
from detente.code.split import sentences as split
from detente.gazetteer import Gazetteer
from detente.read.documents import document
from detente.records import Entity, Event, EventDraft, Extraction, MentionDraft, Options, Span

DAY = dt.date(2021, 4, 16)  # a Friday


def assembled(text: str, *events: dict[str, Any]) -> tuple[list[Event], dict[str, Entity]]:
    """Make events of a report whose model says these: words for trigger, actors, recipients and time."""
    report = document(text, DAY)
    sentences = split(report)

    def span(words: str) -> Span:
        found = re.search(rf"\b{re.escape(words)}\b", text)
        assert found, words
        return Span(*found.span())

    def within(at: Span) -> int:
        return next(number for number, sentence in enumerate(sentences) if sentence.start <= at.start < sentence.end)

    named = sorted({span(w) for e in events for role in ("actors", "recipients") for w in e.get(role, ())})
    mentions = [MentionDraft(at, within(at), (("country", 0.6), ("organisation", 0.3)), (), 0.9) for at in named]
    drafts = [
        EventDraft(
            sentence=within(span(e["trigger"])), trigger=span(e["trigger"]), type=e["type"], mode=None,
            status=e.get("status", "actual"), contexts=(), place=None, time=span(e["time"]) if "time" in e else None,
            actors=tuple(named.index(span(w)) for w in e.get("actors", ())),
            recipients=tuple(named.index(span(w)) for w in e.get("recipients", ())),
            confidence=e.get("confidence", 0.8),
        )
        for e in events
    ]  # fmt: skip
    drafts_ = Extraction(tuple(mentions), tuple(sorted(drafts, key=lambda d: d.trigger.start)), ())
    found = resolve(report, sentences, drafts_, Gazetteer.load(), Options())
    return list(_events(report, sentences, drafts_, (), found)), {
        m.id: next(e for e in found.entities if e.id == m.entity) for m in found.mentions
    }


def test_nobody_is_the_recipient_of_an_act_of_his_own() -> None:
    text = "Beijing urged Tokyo to stay calm, and China asked China's neighbours and Japan to wait."
    first, second = assembled(
        text,
        {"trigger": "urged", "type": "REQUEST", "actors": ["Beijing"], "recipients": ["Tokyo"]},
        {"trigger": "asked", "type": "REQUEST", "actors": ["China"], "recipients": ["China's neighbours", "Japan"]},
    )[0]
    assert len(first.recipients) == 1 and len(second.recipients) == 2
    same, entities = assembled(
        "China said that Beijing would ask China and Japan for talks.",
        {"trigger": "ask", "type": "REQUEST", "actors": ["Beijing"], "recipients": ["China", "Japan"]},
    )
    assert [entities[m].country for m in same[0].actors] == ["CHN"]
    assert "JPN" in [entities[m].country for m in same[0].recipients]
    assert not {entities[m].id for m in same[0].actors} & {entities[m].id for m in same[0].recipients}


def test_an_event_without_any_party_is_kept_only_if_it_is_likely() -> None:
    text = "Shells fell all night and the curfew held; France protested."
    found, _ = assembled(
        text,
        {"trigger": "fell", "type": "ASSAULT", "confidence": 0.8},
        {"trigger": "curfew", "type": "COERCE", "confidence": 0.3},
        {"trigger": "protested", "type": "ACCUSE", "confidence": 0.3, "actors": ["France"]},
    )
    assert [(event.id, event.type) for event in found] == [("v1", "ASSAULT"), ("v2", "ACCUSE")]


LATER = [
    ("Chad offered to host talks on Saturday.", "offered", "AGREE", "on Saturday"),
    ("Chad agreed to open its mission in May.", "agreed", "AGREE", "in May"),
    ("Chad extended its ban to April 30, 2021.", "extended", "COERCE", "April 30, 2021"),
    ("Chad put troops on alert from tomorrow.", "put", "MOBILIZE", "tomorrow"),
]


@pytest.mark.parametrize(("text", "trigger", "kind", "time"), LATER)
def test_what_is_done_is_not_dated_after_its_report(text: str, trigger: str, kind: str, time: str) -> None:
    (event,), _ = assembled(text, {"trigger": trigger, "type": kind, "actors": ["Chad"], "time": time})
    assert event.date == (DAY, DAY) and event.date_text is None and event.status == "actual"
    (ahead,), _ = assembled(
        text, {"trigger": trigger, "type": kind, "actors": ["Chad"], "time": time, "status": "planned"}
    )
    assert ahead.date is not None and ahead.date[1] > DAY and ahead.date_text is not None


CLAUSES = [
    ("Chad shut its embassy on Monday, two days after rebels struck.", "two days after", dt.date(2021, 4, 10)),
    ("Chad shut its embassy on Monday, a day before rebels struck.", "a day before", dt.date(2021, 4, 13)),
    ("Chad shut its embassy, three days after rebels struck.", "three days after", dt.date(2021, 4, 13)),
    ("Chad shut its embassy on Monday and rebels struck two days later.", "two days later", dt.date(2021, 4, 14)),
]


@pytest.mark.parametrize(("text", "time", "day"), CLAUSES)
def test_what_stands_after_the_word_after_came_before(text: str, time: str, day: dt.date) -> None:
    shut = {"trigger": "shut", "type": "SANCTION", "actors": ["Chad"]}
    if "on Monday" in text:
        shut["time"] = "on Monday"
    found, _ = assembled(text, shut, {"trigger": "struck", "type": "ASSAULT", "actors": ["rebels"], "time": time})
    assert found[1].date == (day, day)


PRONOUNS = [
    ("Norway cut ties with Chad on Monday and accused it of fraud.", "cut", "Chad", "accused", "it", "TCD"),
    ("Petr Necas called Boyko Borisov and urged him to resign.", "called", "Boyko Borisov", "urged", "him", "BGR"),
]


@pytest.mark.parametrize(("text", "first", "whom", "second", "pronoun", "country"), PRONOUNS)
def test_a_pronoun_on_the_other_side_of_an_act_is_another(
    text: str, first: str, whom: str, second: str, pronoun: str, country: str
) -> None:
    actor = text.partition(f" {first}")[0]
    found, entities = assembled(
        text,
        {"trigger": first, "type": "CONSULT", "actors": [actor], "recipients": [whom]},
        {"trigger": second, "type": "REQUEST", "actors": [actor], "recipients": [pronoun]},
    )
    assert [entities[m].id for m in found[1].recipients] == [entities[m].id for m in found[0].recipients]
    assert entities[found[1].recipients[0]].country == country
