"""Mentions → entities: who is meant, of which country and sector, and by which rule that was decided."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from detente.code.coref import Cluster, Context, Resolver, share_countries
from detente.code.phrases import Hints, Phrase, read_phrase, term_on
from detente.gazetteer import Gazetteer, Place
from detente.gazetteer.names import key, singular, word_set, words
from detente.records import Document, Entity, Extraction, Mention, MentionDraft, Options, Rule, Sentence, Span


@dataclass(frozen=True, slots=True)
class Resolution:
    """Entities of a document in order of first mention, and one mention for each of the extraction's."""

    entities: tuple[Entity, ...]
    mentions: tuple[Mention, ...]


_BEFORE: Final = re.compile(r"([A-Za-z]+)\s+(?:the\s+|downtown\s+|central\s+|nearby\s+|neighbou?ring\s+)?$")
_LOCATIVE: Final = word_set(
    "in at to from near outside inside around across via through into toward towards throughout over"
)
_WHERE_CLAUSE: Final = re.compile(r"[’'”\"]?,? where (?:[a-z-]+ ){0,2}")
_OPENING: Final = re.compile(r"(?:^|[\n“\"—–-]\s*)In (?:the )?$")
_OPENED: Final = re.compile(r", (?:[a-z0-9-]+ ){0,2}")
_WHOSE: Final = re.compile(r"\bwhose (?:[\w“”\"'’-]+ )?$")
_SENT: Final = re.compile(
    r"\b(?:sen[dt]|sends|sending|dispatch(?:ed|es|ing|)(?: of)?|deploy(?:ed|s|ing|ment of)?|recall(?:ed|s|ing)?|"
    r"withdr[ae]ws?|withdrawn|withdrawing|pull(?:ed|s|ing)?(?: out)?|post(?:ed|s|ing)?|rush(?:ed|es)?|flew|flown)"
    r"(?: home| back| in| out)?(?: (?:a|an|its|their|the|some|more|about|another))?(?: (?:an|extra|further|additional))?\s$"
)
_BETWEEN: Final = re.compile(r"[\s,]*(?:in|at|near|outside|of|from|across|inside)\s+(?:the\s+|nearby\s+|downtown\s+)?$")
_DATELINE: Final = re.compile(
    r"\A\W{0,3}([A-Z][A-Z .'’-]{2,40}?)(?:,\s*[A-Z][A-Za-z. ]{2,30})?(?:,\s*[A-Z][a-z]{2,8}\.?\s+\d{1,2})?\s*(?:\([^()\n]{2,40}\)\s*)?(?:—|–|--|-|:)\s"
)


def resolve(
    document: Document, sentences: tuple[Sentence, ...], extraction: Extraction, gazetteer: Gazetteer, options: Options
) -> Resolution:
    """Resolve every mention of a document.

    Args:
        document: the report; its date decides who holds an office.
        sentences: its sentences.
        extraction: the model's mentions, events and statements.
        gazetteer: the tables, loaded with the options' actors and territories.
        options: how to code (its territories must be the gazetteer's).

    Returns:
        Entities and mentions with ids e1…, m1…; the same input gives the same output.
    """
    texts = [document.text[draft.span.start : draft.span.end] for draft in extraction.mentions]
    hints = _hints(document, extraction)
    phrases = [read_phrase(text, gazetteer, hint) for text, hint in zip(texts, hints, strict=True)]
    phrases = _choose_places(phrases, texts, gazetteer)
    phrases = _halves_of_korea(phrases, texts, hints, gazetteer)
    phrases = _of_the_states_spoken_of(phrases, texts, gazetteer)
    phrases = _shared_peoples(phrases)
    home = _home(document, sentences, phrases, gazetteer)
    contexts = _contexts(document, extraction, phrases, hints, gazetteer)
    spoken = Counter(phrase.country for phrase in phrases if phrase.country)
    resolver = Resolver(gazetteer, phrases, contexts, texts, home, spoken)
    resolver.run()
    share_countries(resolver.clusters, home)
    _take_model(resolver.clusters, extraction)
    return _output(document, extraction, resolver, gazetteer)


def with_own_names(
    document: Document, sentences: Sequence[Sentence], extraction: Extraction, gazetteer: Gazetteer
) -> Extraction:
    """Mark the names of the user's own tables as mentions, wholly, where the model marks a part or nothing.

    Args:
        document: the report.
        sentences: its sentences.
        extraction: the model's mentions, events and statements.
        gazetteer: the tables, with the user's own.

    Returns:
        The extraction with these mentions added or widened; links go with what they were to.
    """
    names = [
        (number, Span(sentence.start + start, sentence.start + end))
        for number, sentence in enumerate(sentences)
        for start, end in gazetteer.own_names(document.text[sentence.start : sentence.end])
    ]
    by_sentence: dict[int, list[int]] = {}
    for index, draft in enumerate(extraction.mentions):
        by_sentence.setdefault(draft.sentence, []).append(index)
    mentions = list(extraction.mentions)
    into = list(range(len(mentions)))
    for number, name in names:
        touched = [
            index
            for index in by_sentence.get(number, ())
            if into[index] == index and mentions[index].span.start < name.end and name.start < mentions[index].span.end
        ]
        if any(_holds(mentions[index].span, name) for index in touched):
            continue
        if not touched:
            into.append(len(mentions))
            by_sentence.setdefault(number, []).append(len(mentions))
            mentions.append(MentionDraft(name, number, (), (), 1.0))
            continue
        first = touched[0]
        ends = [name, *(mentions[index].span for index in touched)]
        whole = Span(min(span.start for span in ends), max(span.end for span in ends))
        mentions[first] = replace(mentions[first], span=whole)
        for index in touched[1:]:
            into[index] = first
    if len(mentions) == len(extraction.mentions) and all(index == to for index, to in enumerate(into)):
        return replace(extraction, mentions=tuple(mentions))
    kept = [index for index, to in enumerate(into) if index == to]
    kept.sort(key=lambda index: (mentions[index].span.start, -mentions[index].span.end, index))
    place = {index: number for number, index in enumerate(kept)}

    def moved(indices: Iterable[int]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(place[into[index]] for index in indices))

    def one(index: int | None) -> int | None:
        return None if index is None else place[into[index]]

    return Extraction(
        tuple(mentions[index] for index in kept),
        tuple(
            replace(e, actors=moved(e.actors), recipients=moved(e.recipients), place=one(e.place))
            for e in extraction.events
        ),
        tuple(replace(s, speaker=one(s.speaker), addressee=one(s.addressee)) for s in extraction.statements),
    )


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


_SPOKEN_WORTH: Final = 1.2
"""Powers of ten in population that a place gains where the report speaks of its country otherwise; on train/corpus/train."""
_NAMESAKE: Final = 50_000
"""Inhabitants below which a place gains nothing by that against one three times as large: Geneva in a report on New York."""
_LISTED: Final = 30_000
"""Inhabitants at which the small places count that are listed because news names them."""


def _choose_places(phrases: Sequence[Phrase], texts: Sequence[str], gazetteer: Gazetteer) -> list[Phrase]:
    """Choose among places of one name in several countries: the populous, or one in a country spoken of."""
    found = list(phrases)
    open_ones: list[tuple[int, tuple[Place, ...]]] = []
    spoken: Counter[str] = Counter()
    for index, (phrase, text) in enumerate(zip(phrases, texts, strict=True)):
        places: tuple[Place, ...] = ()
        if phrase.kind == "place" and phrase.entry is None and phrase.name and key(text) == key(phrase.name):
            places = gazetteer.places(phrase.name)
            if phrase.country is not None and places and places[0].country != phrase.country:
                places = ()
        if len({place.country for place in places}) > 1:
            open_ones.append((index, places))
        elif phrase.country:
            spoken[phrase.country] += 1
    for index, places in open_ones:
        found[index] = replace(found[index], country=max(places, key=lambda p: _worth(p, places[0], spoken)).country)
    return found


def _worth(place: Place, largest: Place, spoken: Counter[str]) -> float:
    population = place.population or _LISTED
    worth = math.log10(population)
    if spoken[place.country] and (
        place.population == 0 or population >= _NAMESAKE or population * 3 >= largest.population
    ):
        worth += _SPOKEN_WORTH
    return worth


_HALF: Final = re.compile(r"((?:[Tt]he )?(?:North|South))(?:(['’]s )|( )(?![A-Z]))")


def _halves_of_korea(
    phrases: list[Phrase], texts: Sequence[str], hints: Sequence[Hints], gazetteer: Gazetteer
) -> list[Phrase]:
    """Read "the South's ministry" as South Korea's where the report speaks of either Korea."""
    if not any(phrase.country in ("PRK", "KOR") for phrase in phrases):
        return phrases
    found = list(phrases)
    for index, text in enumerate(texts):
        if phrases[index].country is None and _HALF.match(text):
            found[index] = read_phrase(_HALF.sub(r"\1 Korea\2\3", text, count=1), gazetteer, hints[index])
    return found


_SHARED_PEOPLES: Final = {
    "hutu": ("RWA", "BDI", "COD"),
    "tutsi": ("RWA", "BDI", "COD"),
    "serb": ("SRB", "BIH", "HRV", "XKX", "MNE"),
    "serbian": ("SRB", "BIH", "HRV", "XKX"),
    "croat": ("HRV", "BIH"),
    "albanian": ("ALB", "XKX", "MKD"),
    "turkmen": ("TKM", "IRQ", "SYR"),
    "turkoman": ("IRQ", "SYR"),
}
"""Peoples of several states, the state that is called after them or has most of them first."""


def _shared_peoples(phrases: list[Phrase]) -> list[Phrase]:
    """Take Serbs, Hutus and the like for those of the state the report speaks of, if it never speaks of their own."""
    marks = [next((key for key in map(singular, sorted(p.keys)) if key in _SHARED_PEOPLES), None) for p in phrases]
    if not any(marks):
        return phrases
    spoken = Counter(p.country for p, mark in zip(phrases, marks, strict=True) if p.country and mark is None)
    found = list(phrases)
    for index, (phrase, mark) in enumerate(zip(phrases, marks, strict=True)):
        if mark is None or phrase.sectors[:1] == ("GOV",) or phrase.states:
            continue
        own, *others = _SHARED_PEOPLES[mark]
        best = max(others, key=lambda code: spoken[code])
        if phrase.country != own or spoken[own] or not spoken[best]:
            continue
        entry = phrase.entry
        if entry is not None:
            entry = replace(entry, id=f"{entry.id}:{best}", country=best)
        found[index] = replace(phrase, country=best, entry=entry)
    return found


_SHARED_NAMES: Final = frozenset(
    key(name)
    for name in (
        "Conservative Party|Conservatives|Labour Party|Labour|Labor Party|Liberal Party|Liberals|Socialist Party|Socialists|"
        "Democratic Party|Democrats|Republican Party|Republicans|National Party|Nationalist Party|Nationalists|Greens|"
        "Green Party|Communist Party|Communists|Justice and Development Party|People's Liberation Army|National Front|"
        "National Liberation Front|National Liberation Army|Freedom Party|Democratic Alliance|National Democratic Party|"
        "Liberal Democrats|Liberal Democratic Party|Social Democrats|Social Democratic Party|Progressive Party|"
        "Jamaat-e-Islami|Jamaat|People's Democratic Party|National Congress|People's Party|Popular Front|Broad Front|"
        "Popular Party|Christian Democrats|National Democratic Alliance|National Salvation Front|Free Democrats|"
        "National Transitional Council|National Unity Government|Movement for Democratic Change|National Resistance Front|"
        "Islamic Jihad|Solidarity|New Democracy|New Forces|Northern Alliance|Green Movement|Otpor|Reform Party"
    ).split("|")
)
"""Names that parties and movements of several states bear."""
_SHARED_AGAINST: Final = 4
"""Times as often as such a name another state must be spoken of for its party to be meant."""
_CONGRESSES: Final = frozenset("MEX GTM HND PER COL CHL ARG BRA BOL ECU PRY DOM PHL VEN MHL PLW FSM".split())
"""States whose parliament the press calls Congress."""
_OF_EVERY_STATE: Final = frozenset(
    {"congress", "senate", "house of commons", "house of representatives", "supreme court", "national guard", "navy"}
)


def _of_the_states_spoken_of(phrases: list[Phrase], texts: Sequence[str], gazetteer: Gazetteer) -> list[Phrase]:
    """Choose what one name means in several states ("RSF", "Congress", "Georgia") by the states the report speaks of."""
    spoken: Counter[str] = Counter()
    for phrase in phrases:
        if phrase.country:
            spoken[phrase.country] += 1
    own = Counter(phrase.entry.id for phrase in phrases if phrase.entry is not None)
    found = list(phrases)
    for index, phrase in enumerate(phrases):
        entry = phrase.entry
        if entry is None or entry.country is None or entry.rule == Rule.USER or phrase.form != "name":
            continue
        abroad = spoken[entry.country] - own[entry.id]
        name = key(texts[index])
        most = max((count for code, count in spoken.items() if code != entry.country), default=0)
        if name in _SHARED_NAMES and not abroad and most >= _SHARED_AGAINST * own[entry.id]:
            found[index] = replace(
                phrase, entry=None, name=_bare(texts[index]), kind="organisation", country=None, head="", definite=True
            )
            continue
        congress = name == "congress" and any(spoken[code] > 3 * abroad for code in _CONGRESSES)
        if entry.role not in ("organisation", "country", "person") or (abroad and not congress):
            continue
        others = [
            other
            for other in gazetteer.lookup(texts[index])
            if other.role in ("organisation", "region", "person")
            and other.country != entry.country
            and spoken[other.country or ""]
        ]
        if others:
            chosen = others[0]
            kind = "place" if chosen.role == "region" else chosen.kind
            found[index] = replace(
                phrase, entry=chosen, name=chosen.name, kind=kind, country=chosen.country, sectors=chosen.sectors
            )
            continue
        office = gazetteer.office(texts[index]) if name in _OF_EVERY_STATE and len(spoken) > 1 else None
        if office is not None and office.kind == "organisation":
            # Every state has a Congress; that of the United States is meant only in a report that speaks of them.
            title = _bare(texts[index])
            found[index] = replace(
                phrase, form="role", entry=None, name=None, kind=office.kind, country=None, sectors=office.sectors,
                title=title, rule=Rule.OFFICE, head=singular(key(title).split(" ")[-1]), definite=True,
            )  # fmt: skip
    return found


def _bare(text: str) -> str:
    """A name without its article, on one line."""
    return " ".join(word.text for word in words(text) if word.key != "the")


def _hints(document: Document, extraction: Extraction) -> list[Hints]:
    acting: set[int] = set()
    placed: set[int] = set()
    for event in extraction.events:
        acting.update(event.actors)
        acting.update(event.recipients)
        if event.place is not None:
            placed.add(event.place)
    for statement in extraction.statements:
        acting.update(index for index in (statement.speaker, statement.addressee) if index is not None)
    found = []
    for index, draft in enumerate(extraction.mentions):
        before = _BEFORE.search(document.text[max(0, draft.span.start - 40) : draft.span.start])
        word = before.group(1).casefold() if before else ""
        acts = index in acting and not (word == "in" and index in placed)
        found.append(Hints(document.date, draft.kinds, acts, index in placed or word in _LOCATIVE))
    return found


def _contexts(
    document: Document, extraction: Extraction, phrases: Sequence[Phrase], hints: Sequence[Hints], gazetteer: Gazetteer
) -> list[Context]:
    mentions = extraction.mentions
    subjects: set[int] = set()
    for event in extraction.events:
        subjects.update(event.actors)
    pieces: list[tuple[int, int, int | None, int | None]] = []
    for statement in extraction.statements:
        if statement.speaker is not None:
            subjects.add(statement.speaker)
        pieces.extend((span.start, span.end, statement.speaker, statement.addressee) for span in statement.content)
    pieces.sort(key=lambda piece: (piece[0], -piece[1]))
    starts = [piece[0] for piece in pieces]
    quotes = _quotes(document.text)
    scenes: dict[int, str] = {}
    for event in extraction.events:
        scene = _place_country(phrases[event.place], gazetteer) if event.place is not None else None
        if scene:
            for party in (*event.actors, *event.recipients):
                scenes.setdefault(party, scene)
    apart: dict[int, set[int]] = {}
    for event in extraction.events:
        for side, other in ((event.actors, event.recipients), (event.recipients, event.actors)):
            for party in side:
                apart.setdefault(party, set()).update(other)
    orders: Counter[int] = Counter()
    found = []
    for index, draft in enumerate(mentions):
        speaker = addressee = None
        # The innermost content that holds the mention: pieces nest, so the last that begins before it and ends after.
        for at in range(bisect_right(starts, draft.span.start) - 1, -1, -1):
            start, end, who, whom = pieces[at]
            if end >= draft.span.end and who != index:
                speaker, addressee = who, whom
                break
            if draft.span.start - start > 5000:
                break
        near = scenes.get(index)
        before = index - 1
        same = before >= 0 and mentions[before].sentence == draft.sentence
        gap = document.text[mentions[before].span.end : draft.span.start] if same else ""
        lead = document.text[max(0, draft.span.start - 50) : draft.span.start]
        if same and len(gap) < 40 and _placed_by(document.text, mentions[before].span.start, gap):
            near = _place_country(phrases[before], gazetteer) or near
        if index + 1 < len(mentions) and mentions[index + 1].sentence == draft.sentence:
            between = document.text[draft.span.end : mentions[index + 1].span.start]
            if len(between) < 25 and _BETWEEN.fullmatch(between):
                near = _place_country(phrases[index + 1], gazetteer) or near
        found.append(
            Context(
                draft.sentence, orders[draft.sentence], index in subjects or orders[draft.sentence] == 0,
                bool(bisect_right(quotes, draft.span.start) % 2), speaker, addressee, near, hints[index],
                before if same and _WHOSE.search(lead) and len(gap) < 40 else None,
                _sender(mentions, subjects, index) if _SENT.search(lead) else None,
                frozenset(apart.get(index, ())),
            )
        )  # fmt: skip
        orders[draft.sentence] += 1
    return found


def _placed_by(text: str, start: int, gap: str) -> bool:
    """Whether a place that begins at `start` is the scene of what follows a gap: "In Amman, the …", "Rwanda, where …"."""
    if _WHERE_CLAUSE.fullmatch(gap):
        return True
    return bool(_OPENED.fullmatch(gap) and _OPENING.search(text[max(0, start - 12) : start]))


def _sender(mentions: Sequence[MentionDraft], subjects: set[int], index: int) -> int | None:
    """The actor named last before "sent 165 doctors", in the same sentence."""
    for earlier in range(index - 1, max(-1, index - 6), -1):
        if mentions[earlier].sentence != mentions[index].sentence:
            return None
        if earlier in subjects:
            return earlier
    return None


def _quotes(text: str) -> list[int]:
    """Offsets where quotation opens and closes in turn; a paragraph's end closes what is left open."""
    found: list[int] = []
    for match in re.finditer(r'["“”]|\n\n', text):
        opened = len(found) % 2 == 1
        character = match.group()
        if character == "\n\n":
            if opened:
                found.append(match.start())
        elif character == "“":
            if not opened:
                found.append(match.start())
        elif character == "”":
            if opened:
                found.append(match.start())
        else:
            found.append(match.start())
    return found


def _place_country(phrase: Phrase, gazetteer: Gazetteer) -> str | None:
    if phrase.kind in ("place", "country") and phrase.country:
        return phrase.country
    if phrase.entry is not None and phrase.entry.role == "capital":
        return phrase.entry.country
    return None


_DATELINE_WORTH: Final = 3
"""Mentions that a dateline counts for; of 0 to 4 the best on train/corpus/train."""


def _home(
    document: Document, sentences: Sequence[Sentence], phrases: Sequence[Phrase], gazetteer: Gazetteer
) -> str | None:
    """The country a report is about: that most often spoken of, its dateline counting three times."""
    counts: Counter[str] = Counter()
    for phrase in phrases:
        if phrase.country and gazetteer.country(phrase.country):
            counts[phrase.country] += 1
    code = _dateline(document, sentences, gazetteer)
    if code:
        # In one line the dateline weighs no more than any other name.
        counts[code] += min(_DATELINE_WORTH, len(sentences))
    if not counts:
        return None
    best = max(counts.values())
    return next(code for code in counts if counts[code] == best)


def _dateline(document: Document, sentences: Sequence[Sentence], gazetteer: Gazetteer) -> str | None:
    """The country of the place that opens the report, before a dash."""
    opening = sentences[0].start if sentences else 0
    for text in (document.text[:120], document.text[opening : opening + 120]):
        match = _DATELINE.match(text)
        code = country_of_place(match.group(1).strip(" -"), gazetteer) if match else None
        if code:
            return code
    return None


def country_of_place(name: str, gazetteer: Gazetteer) -> str | None:
    """Return the country of a place by its name, in capitals too ("KATHMANDU"); None if not known.

    Args:
        name: a capital, region, country or city.
        gazetteer: the tables.
    """
    for entry in gazetteer.lookup(name):
        if entry.role in ("capital", "region", "country") and entry.country:
            return entry.country
    places = gazetteer.places(name)
    return places[0].country if places else None


def _take_model(clusters: Iterable[Cluster], extraction: Extraction) -> None:
    """Where no table says a sector, take the model's, if it is more likely than not."""
    for cluster in clusters:
        if (
            cluster.sectors
            or cluster.members
            or cluster.entry is not None
            or cluster.kind not in ("person", "organisation", "group")
        ):
            continue
        votes: Counter[str] = Counter()
        for index in cluster.mentions:
            for sector, value in extraction.mentions[index].sectors:
                votes[sector] += value  # type: ignore[assignment]
        total = len(cluster.mentions)
        likely = [(value / total, sector) for sector, value in votes.items() if sector != "-"]
        if likely:
            value, sector = max(likely)
            if value > 0.4 and value > votes.get("-", 0) / total:
                cluster.sectors = (sector,)


def _output(document: Document, extraction: Extraction, resolver: Resolver, gazetteer: Gazetteer) -> Resolution:
    order: dict[int, None] = {}
    for at in resolver.of:
        for member in resolver.clusters[at].members:
            order.setdefault(member)
        order.setdefault(at)
    # Members come before or after their group as the text has them; ids follow the first mention.
    first: dict[int, int] = {}
    for index, at in enumerate(resolver.of):
        first.setdefault(at, index)
        for member in resolver.clusters[at].members:
            first.setdefault(member, index)
    ranked = sorted(order, key=lambda at: (first[at], bool(resolver.clusters[at].members), at))
    ids = {at: f"e{number}" for number, at in enumerate(ranked, 1)}
    homes = Counter(c.country for c in resolver.clusters if c.country)
    entities = []
    for at in ranked:
        cluster = resolver.clusters[at]
        place = _locate(cluster, homes, gazetteer) if cluster.kind == "place" else None
        country = cluster.country or (place.country if place else None)
        sectors = cluster.sectors
        title = cluster.title
        if cluster.entry is not None and cluster.entry.terms and cluster.kind == "person" and not sectors:
            now = term_on(cluster.entry, document.date)
            sectors, title = now.sectors, now.office
        entities.append(
            Entity(
                ids[at],
                cluster.name,
                cluster.kind,
                country,
                tuple(dict.fromkeys(sectors)),
                title if cluster.kind == "person" else None,
                tuple(ids[member] for member in cluster.members),
                cluster.entry.wikidata if cluster.entry else None,
                place.region if place else None,
                place.latitude if place else None,
                place.longitude if place else None,
            )
        )
    mentions = []
    for index, draft in enumerate(extraction.mentions):
        at = resolver.of[index]
        rule = resolver.rules[index]
        cluster = resolver.clusters[at]
        if rule == Rule.NONE and (cluster.country or cluster.sectors) and not cluster.members:
            rule = Rule.MODEL if cluster.entry is None and draft.sectors else rule
        mentions.append(
            Mention(
                f"m{index + 1}",
                draft.span.start,
                draft.span.end,
                document.text[draft.span.start : draft.span.end],
                ids[at],
                rule,
            )
        )
    return Resolution(tuple(entities), tuple(mentions))


def _locate(cluster: Cluster, homes: Counter[str], gazetteer: Gazetteer) -> Place | None:
    """Find a place's region and coordinates; among places of one name, one in a country the report speaks of."""
    places = gazetteer.places(cluster.name)
    if cluster.country:
        places = tuple(place for place in places if place.country == cluster.country)
    if not places:
        return None
    spoken = [place for place in places if place.country in homes]
    return (spoken or places)[0]
