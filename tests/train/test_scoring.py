"""Scoring and calibration on cases whose answers are known."""

from __future__ import annotations

import pytest

from detente.records import EventDraft, Extraction, MentionDraft, Span, StatementDraft
from train import scoring, tune
from train.labels import GoldEntity, GoldEvent, GoldMention, GoldReport, GoldStatement

TEXT = "Kenya warned Uganda, which left."
GOLD = GoldReport(
    "x", "2020-01-01", "wire", "", "interstate", "", TEXT, ((0, 32),), ((0, 32),),
    (GoldEntity("ken", "KEN", "country", "KEN"), GoldEntity("uga", "UGA", "country", "UGA")),
    (GoldMention(0, 5, "ken", 0), GoldMention(13, 19, "uga", 0)),
    (
        GoldEvent(0, (6, 12), "THREATEN", "violence", "actual", ("military",), (0,), (1,), None, None, None, None, False),
        GoldEvent(0, (27, 31), "RETREAT", "withdraw", "planned", (), (1,), (), None, None, None, None, False),
    ),
    (GoldStatement("s1", 0, 0, (6, 12), ((13, 31),), None, None),),
)  # fmt: skip


def found(type: str, second: bool = False) -> Extraction:
    mentions = (MentionDraft(Span(0, 5), 0, (), (), 0.9), MentionDraft(Span(13, 19), 0, (), (), 0.9))
    events = [
        EventDraft(0, Span(6, 12), type, "violence", "actual", ("military", "legal"), (0,), (0,), None, None, 0.8)
    ]
    if second:
        events.append(EventDraft(0, Span(27, 31), "RETREAT", None, "actual", (), (1,), (), None, None, 0.6))
    return Extraction(mentions, tuple(events), (StatementDraft(0, 0, Span(6, 12), (Span(13, 25),), None, 0.7),))


def test_events_links_status_and_statements_are_counted() -> None:
    result = scoring.Result()
    scoring.add(result, GOLD, found("THREATEN", second=True))
    assert (result.micro.hit, result.micro.extra, result.micro.missed) == (2, 0, 0)
    assert result.links["actor"].f1 == 1.0
    assert (result.links["recipient"].hit, result.links["recipient"].extra, result.links["recipient"].missed) == (
        0,
        1,
        1,
    )
    assert (result.status.hit, result.status.missed) == (1, 1)
    assert (result.statuses["planned"].missed, result.statuses["actual"].extra) == (1, 1)
    assert (result.mode.hit, result.mode.missed) == (1, 1)
    assert (result.contexts.hit, result.contexts.extra) == (1, 1)
    assert result.statements.f1 == 1.0


def test_a_wrong_type_is_both_missed_and_extra_and_scores_no_link() -> None:
    result = scoring.Result()
    scoring.add(result, GOLD, found("ACCUSE"))
    assert (result.micro.hit, result.micro.extra, result.micro.missed) == (0, 1, 2)
    assert result.triggers.hit == 1 and result.links["actor"].f1 == 0.0
    assert result.confusions["THREATEN", "ACCUSE"] == 1


def test_platt_recovers_a_known_distortion() -> None:
    import math

    pairs = []
    for step in range(1, 100):
        truth = step / 100
        raw = 1 / (1 + math.exp(-(2 * math.log(truth / (1 - truth)) + 0.5)))
        pairs += [(raw, True)] * step + [(raw, False)] * (100 - step)
    slope, offset = tune.platt(pairs)
    assert slope == pytest.approx(0.5, abs=0.02) and offset == pytest.approx(-0.25, abs=0.02)


def test_calibration_error_of_a_perfect_and_a_boastful_coder() -> None:
    assert scoring.ece([(0.75, True)] * 3 + [(0.75, False)]) == pytest.approx(0.0)
    assert scoring.ece([(0.95, False)] * 4) == pytest.approx(0.95)
