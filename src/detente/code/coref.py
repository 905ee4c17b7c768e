"""Which mentions of a report mean the same: names, titles, "the ministry", "the two countries", pronouns.

Rules over the mentions in the order of the text, the sure ones first (after the sieves of Lee et al. 2013,
"Deterministic coreference resolution based on entity-centric, precision-ranked rules"): a mention joins an
entity already met or founds one. Weights of the pronoun rule were chosen on `train/corpus/train` with
`python -m train.score_coref`.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import insort
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from detente.code.phrases import Hints, Phrase, holder, term_on
from detente.gazetteer.names import key, singular, word_set, words
from detente.gazetteer.tables import Entry, Gazetteer, surnames
from detente.records import EntityKind, Rule


@dataclass(frozen=True, slots=True)
class Context:
    """Where one mention stands.

    Attributes:
        sentence: index of its sentence.
        order: its place among the mentions of the sentence, from 0.
        subject: it is actor or speaker of something, or opens its sentence.
        quoted: it stands inside quotation marks.
        speaker: index of the mention that says the statement whose content it stands in.
        addressee: index of the mention to whom that is said.
        near: country of the place named with it ("police in Lahore", "in Amman, the minister", "Rwanda, where soldiers").
        hints: what is known beside its words.
        whose: index of the mention that "whose" before it takes up.
        sender: index of the actor that sent, posted or called home what it names.
        apart: indices of the mentions on the other side of an act from it, which are others than it is.
    """

    sentence: int
    order: int
    subject: bool
    quoted: bool
    speaker: int | None
    addressee: int | None
    near: str | None
    hints: Hints
    whose: int | None = None
    sender: int | None = None
    apart: frozenset[int] = frozenset()


@dataclass(slots=True)
class Cluster:
    """An entity in the making: what its mentions so far have told."""

    first: int
    name: str
    kind: EntityKind
    country: str | None
    sectors: tuple[str, ...]
    identity: str | None = None
    title: str | None = None
    entry: Entry | None = None
    titles: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    heads: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    members: tuple[int, ...] = ()
    plural: bool = False
    named: bool = False
    woman: bool | None = None
    body: Entry | None = None
    mentions: list[int] = field(default_factory=list)
    near: str | None = None
    foreign: bool = False
    guessed: bool = False
    tentative: bool = False
    bare: bool = False
    below: str | None = None


_GOVERNMENT_HEADS: Final = word_set(
    "government administration regime authorities authority cabinet leadership junta executive presidency"
)
_STATE_HEADS: Final = word_set(
    "country nation state kingdom republic island power superpower giant economy neighbor neighbour sultanate ally homeland "
    "archipelago democracy monarchy emirate rival territory enclave homeland"
)
_SIDES: Final = word_set(
    "side party both two government capital country nation state neighbor neighbour power ally rival economy military "
    "adversary foe opponent partner army people superpower republic kingdom giant enemy belligerent delegation three four pair "
    "force faction group camp bloc company signatory combatant movement organisation organization union"
)
_STATES_ONLY: Final = word_set(
    "country nation state neighbor neighbour power economy superpower republic kingdom giant capital government military "
    "army people island territory"
)
_PERSONS: Final = word_set(
    "leader president minister man woman men official diplomat politician statesman general ambassador negotiator envoy "
    "candidate lawmaker senator rival governor premier chief pair duo couple brother head prisoner journalist detainee"
)
_BODY_HEADS: Final = word_set(
    "ministry party court group company agency organisation organization bloc alliance union movement army parliament "
    "council commission bank militia church newspaper university institute coalition federation association committee "
    "tribunal embassy department office force firm corporation club team body network watchdog front league "
    "charity foundation airline broadcaster channel paper station daily lender regulator cartel gang police assembly "
    "congress senate campaign mission panel bureau service brigade battalion college school hospital faction "
    "rebels militants insurgents guerrillas separatists organization's fund confederation society board centre center ngo giant "
    "grouping institution observatory academy command secretariat chamber conglomerate carmaker manufacturer maker"
)
_PERSON_WORDS: Final = word_set("he she him her himself herself his hers")
_THING_WORDS: Final = word_set("it itself its")
_MANY_WORDS: Final = word_set("they them themselves their theirs")
_SPEAKER_WORDS: Final = word_set("i me myself my mine")
_OWN_WORDS: Final = word_set("we us ourselves our ours")
_GENERIC_PERSON: Final = word_set(
    "man woman leader official diplomat politician figure boy girl minister president"
)  # fmt: skip
_GENERIC_OFFICIAL: Final = word_set("official leader diplomat politician minister dictator ruler strongman statesman")
_RANKS: Final = {
    "head of state": frozenset({"president", "king", "emir", "queen", "emperor", "sultan"}),
    "head of government": frozenset({"prime minister", "premier", "chancellor", "taoiseach"}),
    "premier": frozenset({"prime minister"}),
    "prime minister": frozenset({"premier"}),
}
"""Titles that take up others."""
_RARE_TITLES: Final = frozenset(
    {"chancellor", "taoiseach", "emir", "king", "queen", "sultan", "pope", "secretary of state", "foreign secretary"}
)
"""Titles that few states know, so that of the states spoken of one that does is meant."""
_OF_EMBASSIES: Final = word_set("ambassador consul attache")
_PLACE_NOUNS: Final = word_set("city town village")
_UNTIL_NAMED: Final = 10
"""Sentences after which an office told without a name is not taken to be that of a person named later."""
_OUT_OF_MIND: Final = 40
"""Sentences after which no title takes up a person: the best match is worth no more than the distance then costs."""
_MOST: Final = 400
"""Clusters that are looked at for one mention, the latest ones; only reports of several thousand words have more."""
_FARTHEST: Final = 1500
"""Mentions that are looked back over for one."""
_OF_TIME: Final = word_set("ex former acting interim outgoing incumbent then late")
_TENTATIVE: Final = word_set("next future new any every possible another no whoever")
_FOREIGN: Final = word_set(
    "foreign international world western global overseas visiting expatriate neutral outside allied multinational african "
    "asian arab latin gulf nordic baltic scandinavian caribbean balkan"
)
_GATHERED: Final = word_set(
    "minister leader president premier envoy ambassador negotiator delegate diplomat counterpart"
)
_OF_NOBODY: Final = word_set("arbitration arbitral")
_FOREIGN_AFFAIRS: Final = word_set(
    "minister ministers ministry office secretary affairs department policy committee service legion adviser"
)
_FROM_ANYWHERE: Final = word_set(
    "reporter diplomat analyst expert trader ally economist observer investor critic monitor envoy tourist poacher"
)
_CONTEXT_SECTORS: Final = word_set(
    "GOV MIL COP JUD LEG PTY OPP SPY CVL LAB EDU MED REL AGR CRM UAF REB SOC JRN BUS PRM ELI"
)


def _other_office(wanted: set[str], noun: str, known: set[str]) -> bool:
    """Whether somebody is known by a title of the same noun that is another office: education, cabinet secretary."""
    titles = [set(title.split(" ")) for title in known if " " in title and title.rsplit(" ", 1)[-1] == noun]
    return bool(titles) and not any(title <= wanted or wanted <= title for title in titles)


def _is_foreign(phrase: Phrase) -> bool:
    """Whether words say that somebody is of another country or of many; a foreign minister is of his own."""
    found = (_FOREIGN | _OF_NOBODY) & phrase.keys
    return bool(found) and not (found == {"foreign"} and _FOREIGN_AFFAIRS & phrase.keys)


def _holds(cluster: Cluster, title: str) -> bool:
    """Whether a person is known to hold or have held an office of this title for a state."""
    return cluster.entry is not None and any(key(term.office) == title for term in cluster.entry.terms)


def titles_of(phrase: Phrase) -> set[str]:
    """Return the keys under which a title can be taken up: "vice foreign minister" by its last words too."""
    found: set[str] = set()
    if phrase.title:
        parts = key(phrase.title).split(" ")
        for prefix in ("former", "acting", "interim", "deputy"):
            if parts and parts[0] == prefix and len(parts) > 1:
                found.add(" ".join(parts))
        found.add(" ".join(parts))
        found.add(singular(parts[-1]))
    return found


@dataclass(frozen=True, slots=True)
class PairWeights:
    """How much a mention counts for a party when "both sides" are looked for; chosen by search on `train/corpus/train`."""

    ever: float = 0.3
    near: float = 1.0
    fade: float = 0.85
    group: float = 1.0
    official: float = 0.8
    body: float = 0.4
    people: float = 0.4
    place: float = 0.3


PAIRS = PairWeights()

_STATE_SECTORS: Final = frozenset({"GOV", "MIL", "COP", "SPY", "LEG", "JUD"})
_EACH: Final = frozenset({"each", "either", "neither", "all"})
_OF_BOTH: Final = re.compile(
    r"\b(?:of|from|between) (?:both|the two|the three|the four) (?:countries|nations|sides|states|governments|neighbou?rs|"
    r"capitals|parties|powers)\b"
)


@dataclass(frozen=True, slots=True)
class PronounWeights:
    """What counts for and against an entity as what a pronoun means; chosen by search on `train/corpus/train`."""

    distance: float = -2.5
    subject: float = 1.5
    opening: float = 0.3
    pronoun: float = 0.4
    named: float = 0.5
    tentative: float = -2.0
    often: float = 1.0
    same_clause: float = -2.5
    speaker: float = 0.5
    quoted_speaker: float = -2.0
    same_quote: float = 0.5
    one_body: float = -3.0


PRONOUN_WEIGHTS: PronounWeights = PronounWeights()

_OBJECTS: Final = word_set("him them her me us")


class Resolver:
    """Clusters the mentions of one report; made for it and thrown away."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        phrases: Sequence[Phrase],
        contexts: Sequence[Context],
        texts: Sequence[str],
        home: str | None,
        spoken: Mapping[str, int],
    ) -> None:
        """Set up for one report.

        Args:
            gazetteer: the tables.
            phrases: each mention read by itself.
            contexts: where each stands.
            texts: the exact words of each.
            home: code of the country the report is from or about, for "police" and "the government".
            spoken: how often each country is spoken of.
        """
        self.gazetteer = gazetteer
        self.phrases = phrases
        self.contexts = contexts
        self.texts = texts
        self.home = home
        self.spoken = spoken
        self.clusters: list[Cluster] = []
        self.of: list[int] = [-1] * len(phrases)
        self.rules: list[Rule] = [Rule.NONE] * len(phrases)
        self._identities: dict[str, int] = {}
        self._sides: dict[int, int] = {}
        # What makes a long report cost no more by the line than a short one: clusters by the words that take them up.
        self._marked: dict[str, list[int]] = {}
        self._marks: list[set[str]] = []
        self._recency: dict[int, None] = {}
        self._countries: set[str] = set()
        self._groups: dict[tuple[int, ...], int] = {}
        self._same_text: list[int | None] = []
        last: dict[str, int] = {}
        for index, text in enumerate(texts):
            self._same_text.append(last.get(text))
            last[text] = index

    def run(self) -> None:
        """Assign a cluster to every mention, in order."""
        for index in range(len(self.phrases)):
            self._settle(index)

    def _settle(self, index: int) -> int:
        """Assign a mention if that is still to do; a speaker named after the quotation is settled before its "we"."""
        if self.of[index] < 0:
            cluster, rule = self._assign(index)
            self.of[index] = cluster
            self.rules[index] = rule
            self.clusters[cluster].mentions.append(index)
            self._recency.pop(cluster, None)
            self._recency[cluster] = None
            self._mark(cluster)
        return self.of[index]

    def _mark(self, settled: int) -> None:
        """Enter new clusters, and the one just settled, under the words by which they can be taken up."""
        new = range(len(self._marks), len(self.clusters))
        self._marks.extend(set() for _ in new)
        for at in (*new, settled):
            cluster = self.clusters[at]
            if cluster.country:
                self._countries.add(cluster.country)
            whole = key(cluster.name)
            marks = {f"name {whole}", *(f"head {head}" for head in cluster.heads)}
            marks |= {f"title {title}" for title in cluster.titles}
            marks |= {f"alias {alias}" for alias in cluster.aliases}
            marks |= {f"word {word}" for name in (*cluster.names, whole) for word in name.split(" ")}
            for mark in marks - self._marks[at]:
                insort(self._marked.setdefault(mark, []), at)
            self._marks[at] |= marks

    def _under(self, *marks: str) -> list[int]:
        """Return the clusters entered under any of some words, the latest first, not more than `_MOST`."""
        found: set[int] = set()
        for mark in marks:
            found.update(self._marked.get(mark, ())[-_MOST:])
        return sorted(found, reverse=True)

    def _latest(self) -> Iterator[int]:
        """Yield clusters by their last mention, the latest first, then those never mentioned; not more than `_MOST`."""
        yield from islice(reversed(self._recency), _MOST)
        if len(self.clusters) <= _MOST:
            yield from (at for at in range(len(self.clusters)) if at not in self._recency)

    def _back(self, index: int) -> range:
        """Return the mentions before one, the nearest first, as far back as anything is looked for."""
        return range(index - 1, max(-1, index - 1 - _FARTHEST), -1)

    # Founding and joining

    def _found(self, index: int, phrase: Phrase, **given: object) -> int:
        name = phrase.name or self.texts[index]
        cluster = Cluster(
            index,
            " ".join(name.split()),
            phrase.kind or self._guess_kind(index, phrase),
            phrase.country,
            phrase.sectors,
        )
        cluster.guessed = phrase.kind is None and not self.contexts[index].hints.kinds
        cluster.near = self.contexts[index].near
        cluster.bare = not phrase.definite and phrase.number is None
        for attribute, value in given.items():
            setattr(cluster, attribute, value)
        self.clusters.append(cluster)
        at = len(self.clusters) - 1
        if cluster.identity:
            self._identities[cluster.identity] = at
        self._learn(at, phrase)
        return at

    def _learn(self, at: int, phrase: Phrase) -> None:
        cluster = self.clusters[at]
        cluster.titles |= titles_of(phrase)
        if phrase.head:
            cluster.heads.add(phrase.head)
        if _is_foreign(phrase):
            cluster.foreign = True
        # "The next president", "a new envoy" is no person met yet, as long as no name follows.
        cluster.tentative = not cluster.named and bool(_TENTATIVE & phrase.keys)
        if phrase.alias:
            cluster.aliases.add(key(phrase.alias))
        if cluster.country is None:
            cluster.country = phrase.country
        if not cluster.sectors and phrase.sectors:
            cluster.sectors = phrase.sectors
        if phrase.title and phrase.kind == "person":
            # The text's fullest title is kept; "he" and "Le" have none.
            if cluster.title is None or len(phrase.title) > len(cluster.title):
                cluster.title = phrase.title
        if cluster.woman is None:
            cluster.woman = phrase.woman
        if cluster.body is None:
            cluster.body = phrase.body
        if cluster.below is None and phrase.kind == "person":
            cluster.below = phrase.below

    def _guess_kind(self, index: int, phrase: Phrase) -> EntityKind:
        kinds = self.contexts[index].hints.kinds
        if kinds:
            best = max(kinds, key=lambda item: item[1])[0]
            if best in ("person", "country", "organisation", "group", "place", "other"):
                return best  # type: ignore[return-value]
        if phrase.form == "other" and not phrase.plural and phrase.head.endswith(("ist", "man", "woman")):
            return "person"
        return "group" if phrase.plural else "other" if phrase.form == "other" else "organisation"

    def _identity(self, index: int, identity: str, entry: Entry, phrase: Phrase) -> int:
        at = self._identities.get(identity)
        if at is None:
            at = self._found(
                index, phrase, identity=identity, name=entry.name, kind=entry.kind, country=entry.country,
                sectors=entry.sectors, entry=entry, named=True,
            )  # fmt: skip
            self.clusters[at].names.add(key(entry.name))
        else:
            self._learn(at, phrase)
        return at

    def state(self, code: str, index: int) -> int:
        """Return the cluster of a state, founding it if need be."""
        country = self.gazetteer.country(code)
        if country is None:
            entry = Entry(f"country:{code}", code, "country", "country", code)
        else:
            entry = Entry(
                f"country:{country.id}",
                country.name,
                "country",
                "country",
                country.code,
                country.sectors,
                Rule.NAME,
                country.wikidata,
            )
        return self._identity(
            index, entry.id, entry, Phrase("name", entry, entry.name, "country", entry.country, entry.sectors)
        )

    def government(self, code: str, index: int, phrase: Phrase | None = None) -> int:
        """Return the cluster of a state's government, founding it if need be."""
        entry = self.gazetteer.government(code)
        plain = Phrase("name", entry, entry.name, "organisation", entry.country, entry.sectors)
        at = self._identity(index, entry.id, entry, plain)
        if phrase is not None:
            self.clusters[at].heads.add(phrase.head)
        return at

    # The sieves

    def _assign(self, index: int) -> tuple[int, Rule]:
        phrase = self._with_owner(index, self.phrases[index])
        label = self._label(index)
        if label is not None:
            return label, Rule.COREFERENCE
        if phrase.form == "pronoun":
            return self._pronoun(index, phrase)
        if phrase.states:
            return self._side_by_side(index, phrase)
        epithet = self._epithet(index, phrase)
        if epithet is not None:
            return epithet
        if phrase.form == "name":
            return self._name(index, phrase)
        if self._is_members(index, phrase):
            members = self._members(index, phrase)
            if members is not None:
                return members
        if phrase.form == "role":
            return self._role(index, phrase)
        return self._other(index, phrase)

    def _with_owner(self, index: int, phrase: Phrase) -> Phrase:
        """Give a party the country of who "its", "whose" or "sent" says it belongs to."""
        if phrase.country or phrase.states or phrase.form in ("name", "pronoun") or phrase.kind in ("country", "place"):
            return phrase
        context = self.contexts[index]
        owner: int | None = None
        if context.whose is not None:
            owner = self.of[context.whose]
        elif phrase.own and phrase.kind != "organisation":
            owner = self._owner(index, phrase.own)
        elif context.sender is not None and _may_be_sent(phrase):
            owner = self.of[context.sender]
        if owner is None or owner < 0 or not self.clusters[owner].country:
            return phrase
        return replace(phrase, country=self.clusters[owner].country, own=None)

    def _label(self, index: int) -> int | None:
        """Find who spoke before under the same label of a transcript: PRESENTER, GUEST."""
        text = self.texts[index]
        if not text.isupper() or not text.isalpha() or len(text) < 4 or self.phrases[index].form != "role":
            return None
        if text in ("QUESTION", "REPORTER"):
            # Whoever asks.
            return None
        before = self._same_text[index]
        return self.of[before] if before is not None and self.of[before] >= 0 else None

    def _epithet(self, index: int, phrase: Phrase) -> tuple[int, Rule] | None:
        text = key(self.texts[index])
        codes = self.gazetteer.epithets.get(text)
        if codes is None and text.startswith("worlds "):
            codes = self.gazetteer.epithets.get(text.replace("worlds ", "world 's ", 1))
        if text in ("north", "south") and phrase.definite and self.texts[index][-5:-4].isupper():
            code = "PRK" if text == "north" else "KOR"
            codes = (code,) if self.spoken.get("PRK") or self.spoken.get("KOR") else None
        if codes is None and phrase.entry is None and " " in text:
            codes = self.gazetteer.epithets.get(text.split(" ", 1)[1])
        if not codes or phrase.entry is not None:
            return None
        if len(codes) == 1:
            return self.state(codes[0], index), Rule.MEMBERS
        return self._group(index, phrase, [self.state(code, index) for code in codes]), Rule.MEMBERS

    def _group(self, index: int, phrase: Phrase, members: Sequence[int]) -> int:
        chosen = tuple(dict.fromkeys(members))
        if len(chosen) == 1:
            return chosen[0]
        chosen = tuple(sorted(chosen, key=lambda at: (self.clusters[at].first, at)))
        if chosen in self._groups:
            return self._groups[chosen]
        parts = [self.clusters[at] for at in chosen]
        countries = {part.country for part in parts}
        sectors = parts[0].sectors if len({part.sectors for part in parts}) == 1 else ()
        self._groups[chosen] = self._found(
            index, Phrase("role", kind="group", plural=True), members=chosen, name=" and ".join(part.name for part in parts),
            country=countries.pop() if len(countries) == 1 else None, sectors=sectors, plural=True,
        )  # fmt: skip
        return self._groups[chosen]

    def _side_by_side(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        """Those of several states at once: "American and British warships" are warships of either."""
        if phrase.form == "name":
            return self._group(index, phrase, [self.state(code, index) for code in phrase.states]), Rule.MEMBERS
        parts = []
        for code in phrase.states:
            part = replace(phrase, country=code, states=(), number=None)
            if phrase.kind == "organisation":
                parts.append(self._body_noun(index, part)[0])
                continue
            state = self.gazetteer.country(code)
            noun = " ".join((phrase.title or phrase.head or "party").split())
            name = f"{noun} of {state.name if state else code}"
            parts.append(self._found(index, part, name=name, plural=True))
        return self._group(index, phrase, parts), Rule.MEMBERS

    def _name(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        if phrase.kind == "person":
            return self._person_name(index, phrase)
        entry = phrase.entry
        context = self.contexts[index]
        if entry is None and phrase.name and phrase.kind != "place":
            # A family name alone may be of a person met before.
            person = self._earlier_person(phrase, key(phrase.name))
            if person is not None:
                return person, Rule.COREFERENCE
        if entry is not None:
            if entry.role == "capital":
                return self._capital(index, phrase, entry, context)
            if entry.role == "seat" and self._is_place(context) and self.gazetteer.places(self.texts[index]):
                # A seat that is a town: Rawalpindi, Westminster.
                return self._new_place(index, Phrase("name", None, self.texts[index], "place", entry.country))
            if entry.id == "region:Europe" and context.hints.acts and (union := self.gazetteer.named("European Union")):
                # As an actor Europe is the Union.
                return self._identity(index, union.id, union, replace(phrase, kind="organisation")), Rule.NAME
            if entry.role == "region" or (entry.role in ("adjective", "people") and entry.kind == "place"):
                at = self._identity(index, entry.id, entry, phrase)
                return at, entry.rule
            earlier = self._earlier_name(phrase)
            if earlier is not None and self.clusters[earlier].entry is None:
                short = phrase.name is not None and key(self.texts[index]) in self.clusters[earlier].aliases
                if short:
                    return earlier, Rule.COREFERENCE
            at = self._identity(index, entry.id, entry, phrase)
            if phrase.sectors and not self.clusters[at].sectors:
                self.clusters[at].sectors = phrase.sectors
            return at, phrase.rule
        earlier = self._earlier_name(phrase)
        if earlier is not None:
            self._learn(earlier, phrase)
            return earlier, Rule.COREFERENCE
        if phrase.kind == "place" and phrase.name:
            return self._new_place(index, phrase)
        at = self._found(index, phrase, named=True)
        self._add_names(at, phrase)
        return at, phrase.rule

    def _new_place(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        context = self.contexts[index]
        places = self.gazetteer.places(phrase.name or "")
        acts = context.hints.acts and not context.hints.place and bool(places)
        country = phrase.country
        if country is None and places:
            # Of places of one name, one in a country the report speaks of goes before the most populous.
            near = [place for place in places if self.spoken.get(place.country)]
            country = max(near, key=lambda place: self.spoken[place.country]).country if near else places[0].country
        at = self._found(index, phrase, named=True, country=country, sectors=("CVL",) if acts else ())
        self._add_names(at, phrase)
        return at, Rule.PLACE

    def _add_names(self, at: int, phrase: Phrase) -> None:
        if phrase.name:
            cluster = self.clusters[at]
            cluster.names.add(key(phrase.name))
            initials = "".join(word.text[0] for word in words(phrase.name) if word.capital)
            if len(initials) > 1:
                cluster.aliases.add(initials.casefold())

    def _earlier_name(self, phrase: Phrase) -> int | None:
        """Find an earlier body or place of the same name, of its initials, or of a part of its name."""
        if not phrase.name:
            return None
        name = key(phrase.name)
        whole = name.split(" ")
        found: int | None = None
        for at in self._under(f"word {whole[0]}", f"word {whole[-1]}", f"alias {name}"):
            cluster = self.clusters[at]
            if not cluster.named or cluster.kind == "person" or cluster.members:
                continue
            if cluster.country and phrase.country and cluster.country != phrase.country:
                continue
            if name in cluster.names or (name in cluster.aliases and phrase.name.replace(".", "").isupper()):
                return at
            if (
                found is None
                and (cluster.entry is None or cluster.kind == "place")
                and phrase.entry is None
                and (phrase.kind != "place") == (cluster.kind != "place")
            ):
                for known in cluster.names:
                    parts = known.split(" ")
                    if (
                        len(whole) < len(parts)
                        and (parts[: len(whole)] == whole or parts[-len(whole) :] == whole)
                        and not (len(whole) == 1 and whole[0] in _BODY_HEADS)
                    ):
                        found = at
                    elif len(whole) > len(parts) and (whole[: len(parts)] == parts or whole[-len(parts) :] == parts):
                        found = at
        return found

    def _capital(self, index: int, phrase: Phrase, entry: Entry, context: Context) -> tuple[int, Rule]:
        """A capital that acts is its government; where a place stands, it is a place; another city is itself."""
        name = " ".join(word.text for word in words(self.texts[index]) if not word.mark and word.key != "the")
        stands = self._is_place(context)
        past = self.gazetteer.ended(entry, dt.date.max) if stands else self.gazetteer.ended(entry, context.hints.date)
        if past and self.gazetteer.places(name):
            # The city lies in today's state.
            return self._new_place(index, Phrase("name", None, name, "place"))
        if stands or not entry.id.startswith("government:"):
            label = entry.name if entry.id.startswith("city:") else name
            acting = not stands and not entry.id.startswith("government:")
            place = Entry(
                f"city:{key(label)}", label, "place", "region", entry.country, ("CVL",) if acting else (), Rule.PLACE
            )
            return self._identity(
                index, place.id, place, Phrase("name", place, label, "place", entry.country)
            ), Rule.PLACE
        if entry.id == "government:BEL" and (union := self.gazetteer.named("European Union")):
            own = sum(other.entry is not None and other.entry.id == entry.id for other in self.phrases)
            if self.spoken.get("BEL", 0) <= own:
                # Brussels is the Union's unless Belgium is spoken of.
                plain = Phrase("name", union, union.name, union.kind, union.country, union.sectors)
                return self._identity(index, union.id, union, plain), Rule.SEAT
        return self.government(entry.id.removeprefix("government:"), index), Rule.SEAT

    def _is_place(self, context: Context) -> bool:
        hints = context.hints
        if hints.acts:
            return False
        if hints.place:
            return True
        place, body = hints.kind("place"), hints.kind("organisation", "country", "group")
        return place > body

    def _person_name(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        assert phrase.name is not None
        if phrase.own and phrase.country is None:
            owner = self._owner(index, phrase.own)
            if owner is not None:
                phrase = replace(phrase, country=self.clusters[owner].country)
        spelt = phrase.name
        assert spelt is not None
        name = key(spelt)
        found = self._earlier_person(phrase, name)
        if found is not None:
            cluster = self.clusters[found]
            if cluster.entry is None and phrase.entry is not None and phrase.entry.role == "person":
                cluster.entry, cluster.name = phrase.entry, phrase.entry.name
            elif cluster.entry is None and len(spelt) > len(cluster.name):
                cluster.name = spelt
            cluster.names.add(name)
            guess = phrase.entry
            if guess is not None and guess.role == "surname" and phrase.rule == guess.rule:
                # What the table knows of another bearer of the family name says nothing of this one.
                phrase = replace(phrase, title=None, sectors=(), country=None, woman=None)
            self._learn(found, phrase)
            return found, Rule.COREFERENCE
        unnamed = self._described_before(index, phrase)
        if unnamed is not None:
            cluster = self.clusters[unnamed]
            cluster.named, cluster.name, cluster.kind = True, spelt, "person"
            cluster.names.add(name)
            if phrase.entry is not None and phrase.entry.role == "person":
                cluster.entry, cluster.name = phrase.entry, phrase.entry.name
                cluster.identity = phrase.entry.id
                self._identities.setdefault(phrase.entry.id, unnamed)
                cluster.sectors = phrase.sectors or cluster.sectors
            self._learn(unnamed, phrase)
            return unnamed, Rule.COREFERENCE
        entry = phrase.entry
        if entry is not None and entry.role == "surname":
            return self._holder_by_surname(index, phrase, entry)
        at = self._found(index, phrase, named=True, entry=entry, identity=entry.id if entry else None)
        cluster = self.clusters[at]
        cluster.names.add(name)
        return at, phrase.rule

    def _described_before(self, index: int, phrase: Phrase) -> int | None:
        """Find a person told of by office alone who is now named: "the US ambassador … Ambassador Max Baucus"."""
        title = key(phrase.title or "")
        if not title or phrase.former or phrase.plural:
            return None
        sentence = self.contexts[index].sentence
        for at in self._under(f"title {title}"):
            cluster = self.clusters[at]
            if cluster.named or cluster.kind != "person" or cluster.plural or cluster.members:
                continue
            if title not in cluster.titles or sentence - self.contexts[cluster.first].sentence > _UNTIL_NAMED:
                continue
            if cluster.country and phrase.country and cluster.country != phrase.country:
                continue
            if cluster.woman is not None and phrase.woman is not None and cluster.woman != phrase.woman:
                continue
            return at
        return None

    def _holder_by_surname(self, index: int, phrase: Phrase, entry: Entry) -> tuple[int, Rule]:
        """A bare surname: the office-holder of that day, preferred from countries the report speaks of."""
        assert phrase.name is not None
        date = self.contexts[index].hints.date
        candidates = [e for e in self.gazetteer.lookup(phrase.name) if e.role == "surname"]
        spoken = self._countries
        if phrase.country:
            candidates = [e for e in candidates if e.country == phrase.country] or candidates
        near = [e for e in candidates if e.country in spoken]
        chosen = holder(near, date) or holder(candidates, date) if near else holder(candidates, date)
        if chosen is not None and phrase.country and chosen.country != phrase.country:
            chosen = None
        if chosen is None:
            at = self._found(
                index,
                phrase,
                named=True,
                entry=None,
                country=phrase.country,
                sectors=phrase.sectors if phrase.title else (),
            )
            self.clusters[at].names.add(key(phrase.name))
            return at, Rule.NAME
        person = self.gazetteer.persons[chosen.id]
        known = self._identities.get(person.id)
        if known is not None:
            return known, Rule.COREFERENCE
        now = term_on(person, date)
        sectors, title = now.sectors, now.office
        if phrase.title and phrase.sectors:
            sectors, title = phrase.sectors, phrase.title
        at = self._found(
            index, phrase, named=True, entry=person, identity=person.id, name=person.name, country=now.country,
            sectors=sectors or phrase.sectors, title=title,
        )  # fmt: skip
        self.clusters[at].names.add(key(person.name))
        self.clusters[at].titles |= {singular(key(title).split(" ")[-1]), key(title)} if title else set()
        if person.woman:
            self.clusters[at].woman = True
        return at, Rule.OFFICE_HOLDER

    def _earlier_person(self, phrase: Phrase, name: str) -> int | None:
        assert phrase.name is not None
        if phrase.entry is not None and phrase.entry.role == "person" and phrase.entry.id in self._identities:
            return self._identities[phrase.entry.id]
        mine = name.split(" ")
        for at in self._under(*(f"word {word}" for word in mine)):
            cluster = self.clusters[at]
            if cluster.kind != "person" or not cluster.named or cluster.plural:
                continue
            if cluster.woman is not None and phrase.woman is not None and cluster.woman != phrase.woman:
                continue
            if name in cluster.names:
                return at
            for known in cluster.names | {key(cluster.name)}:
                theirs = known.split(" ")
                if len(mine) == 1 and len(theirs) > 1:
                    family = {key(part) for part in surnames(cluster.name)} | {theirs[-1]}
                    # An East Asian name of unknown order: the first word may be the family name.
                    if len(theirs) > 2 and len(theirs[-2]) > 2:
                        # Spanish and Portuguese names end in the mother's family name.
                        family.add(theirs[-2])
                    if (
                        len(theirs) in (2, 3)
                        and cluster.entry is None
                        and (phrase.title is not None or mine[0] == theirs[0])
                    ):
                        family.add(theirs[0])
                    if mine[0] in family:
                        return at
                elif len(mine) > 1 and len(theirs) > 1:
                    inner, outer = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
                    if inner[-1] == outer[-1] and (inner[0] == outer[0] or set(inner) <= set(outer)):
                        return at
                    if len(inner) >= 2 and (outer[-len(inner) :] == inner or outer[: len(inner)] == inner):
                        return at
                elif len(mine) > 1 and len(theirs) == 1 and theirs[0] in (mine[-1], mine[0]):
                    return at
        return None

    # Titles and role nouns

    def _role(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        context = self.contexts[index]
        if phrase.kind == "country":
            return self._country_noun(index, phrase)
        if phrase.head == "state" and phrase.definite and not phrase.plural and self._narrowing(phrase):
            return self._country_noun(index, replace(phrase, country=None))
        if phrase.head in _PLACE_NOUNS and phrase.definite and not phrase.plural and phrase.country is None:
            place = self._last_place()
            if place is not None:
                return place, Rule.COREFERENCE
        if phrase.kind == "organisation":
            return self._body_noun(index, phrase)
        if phrase.kind == "person" and not phrase.plural:
            return self._person_noun(index, phrase)
        if _collective(phrase) and phrase.country and phrase.number is None and phrase.body is None:
            return self._body_noun(index, phrase)
        if phrase.definite or (phrase.own is None and phrase.number is None):
            found = self._same_group(index, phrase)
            if found is None and phrase.definite and phrase.number is None:
                found = self._kin_group(phrase)
            if found is not None:
                self._learn(found, phrase)
                return found, Rule.COREFERENCE
        heads = {phrase.head, _collective(phrase) or phrase.head}
        return self._found(index, phrase, plural=True, near=context.near, heads=heads), phrase.rule

    def _same_group(self, index: int, phrase: Phrase) -> int | None:
        for at in self._under(f"head {phrase.head}", f"head {_collective(phrase) or '-'}"):
            cluster = self.clusters[at]
            if cluster.named or cluster.members or cluster.kind not in ("group", "organisation", "person"):
                continue
            if cluster.kind == "person" or not cluster.plural:
                continue
            if phrase.head not in cluster.heads and (_collective(phrase) or "-") not in cluster.heads:
                continue
            if cluster.country and phrase.country and cluster.country != phrase.country:
                continue
            if cluster.sectors[:1] != phrase.sectors[:1]:
                continue
            return at
        return None

    def _kin_group(self, phrase: Phrase) -> int | None:
        """Find the group that "the marchers" or "the gunmen" takes up in other words: the last of the same family."""
        family = next((f for f in _FAMILIES if phrase.head in f[0]), None)
        if family is None:
            return None
        for at in self._latest():
            cluster = self.clusters[at]
            if cluster.kind not in ("group", "organisation") or cluster.members or not cluster.sectors:
                continue
            if cluster.country and phrase.country and cluster.country != phrase.country:
                continue
            if cluster.sectors[0] in family[1] and (cluster.plural or cluster.sectors[0] in ("REB", "UAF", "PRM")):
                return at
        return None

    def _last_place(self) -> int | None:
        """Find the place named last that is no state: what "the city" takes up."""
        return next(
            (at for at in self._latest() if self.clusters[at].kind == "place" and self.clusters[at].named), None
        )

    def _narrowing(self, phrase: Phrase) -> set[str]:
        """Return the words of a phrase that are epithets of states: Asian, Gulf, communist."""
        return {word for word in phrase.keys if word in self.gazetteer.epithet_words}

    def _country_noun(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        """ "The country", "the Asian country", "the kingdom": the state spoken of that fits."""
        if phrase.country and phrase.head in _STATE_HEADS and not phrase.plural:
            return self.state(phrase.country, index), Rule.DEMONYM
        if phrase.country:
            return self._found(index, phrase, plural=phrase.plural, kind="place"), Rule.DEMONYM
        if phrase.plural or not (phrase.definite or phrase.own):
            return self._found(index, phrase, plural=phrase.plural), Rule.NONE
        if phrase.own:
            owner = self._owner(index, phrase.own)
            if owner is not None and self.clusters[owner].country:
                code = self.clusters[owner].country
                assert code is not None
                return self.state(code, index), Rule.COREFERENCE
        # Words such as Asian, Gulf, communist narrow the choice.
        narrowing = self._narrowing(phrase)
        sentence = self.contexts[index].sentence
        scored: list[tuple[float, int, str]] = []
        met: set[int] = set()
        nearest: int | None = None
        for earlier in self._back(index):
            at = self.of[earlier]
            distance = sentence - self.contexts[earlier].sentence
            if nearest is not None and distance > nearest + 2:
                # Nothing farther back can make up for that.
                break
            if at < 0 or at in met:
                continue
            met.add(at)
            cluster = self.clusters[at]
            code = cluster.country
            if code is None or cluster.members:
                continue
            country = self.gazetteer.country(code)
            if country is None or (narrowing and not narrowing <= country.epithets):
                continue
            score = (
                -float(distance)
                + (1.0 if cluster.kind == "country" else 0.0)
                + (0.5 if cluster.kind == "place" else 0.0)
            )
            score += 0.5 if code == self.home else 0.0
            scored.append((score, -at, code))
            nearest = distance if nearest is None else nearest
        if scored:
            best = max(scored)
            return self.state(best[2], index), Rule.COREFERENCE
        if self.home and not narrowing:
            return self.state(self.home, index), Rule.COREFERENCE
        return self._found(index, phrase), Rule.NONE

    def _body_noun(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        context = self.contexts[index]
        country = phrase.country
        last_word = key(phrase.title or "").split(" ")[-1]
        if phrase.own and country is None:
            owner = self._owner(index, phrase.own)
            country = self.clusters[owner].country if owner is not None else None
        if country is None and last_word == "administration" and self.spoken.get("USA"):
            # Of governments, that of the United States is called so.
            country = "USA"
        if country is None and phrase.definite:
            found = self._earlier_body(index, phrase, last_word)
            if found is not None:
                self._learn(found, phrase)
                return found, Rule.COREFERENCE
        told = country is not None
        if country is None and not _is_foreign(phrase):
            domestic = bool(phrase.sectors[:1]) and phrase.sectors[0] in _CONTEXT_SECTORS
            country = context.near or (self.home if domestic else None)
        state = self.gazetteer.country(country)
        side = last_word == "side" and told
        if state is not None and (side or (last_word in _GOVERNMENT_HEADS and phrase.sectors[:1] == ("GOV",))):
            return self.government(state.id, index, phrase), Rule.OFFICE if told else Rule.COREFERENCE
        title = _collective(phrase) or key(phrase.title or phrase.head)
        heads = {phrase.head, last_word, title}
        if phrase.body is None and country and phrase.number is None:
            identity = f"role:{country}:{title}:{''.join(phrase.sectors[:1])}"
            at = self._identities.get(identity)
            if at is not None and (phrase.definite or not {"a", "an", "another"} & phrase.keys):
                self._learn(at, phrase)
                return at, phrase.rule
            label = _title_case(phrase.title or phrase.head)
            name = f"{label} of {state.name}" if state else " ".join(self.texts[index].split())
            at = self._found(
                index, phrase, identity=identity, name=name, country=country, heads=heads, plural=phrase.plural
            )
            return at, phrase.rule
        for at in self._under(f"title {title}"):
            cluster = self.clusters[at]
            if (
                title in cluster.titles
                and cluster.kind == "organisation"
                and cluster.body == phrase.body
                and cluster.country == country
            ):
                return at, Rule.COREFERENCE
        return self._found(index, phrase, country=country, plural=phrase.plural, heads=heads), phrase.rule

    def _earlier_body(self, index: int, phrase: Phrase, last_word: str) -> int | None:
        noun = singular(last_word)
        for at in self._latest():
            cluster = self.clusters[at]
            if cluster.kind not in ("organisation", "group") or cluster.members:
                continue
            own = {singular(part) for part in key(cluster.name).split(" ")} | {singular(head) for head in cluster.heads}
            if noun in own and not (cluster.identity or "").startswith("government:"):
                return at
            if noun in _GOVERNMENT_HEADS and (cluster.identity or "").startswith("government:"):
                if self.home and cluster.country != self.home:
                    continue
                return at
            fits: dict[str, Callable[[Cluster], bool]] = {
                "bloc": lambda c: bool(c.entry and (c.entry.members or c.country in ("IGO", "EUR"))),
                "grouping": lambda c: bool(c.entry and c.country in ("IGO", "EUR")),
                "alliance": lambda c: bool(c.entry and c.country == "IGO"),
                "body": lambda c: c.country in ("IGO", "UNO", "NGO"),
                "organisation": lambda c: c.country in ("IGO", "UNO", "NGO") or c.sectors[:1] in (("REB",), ("SOC",)),
                "organization": lambda c: c.country in ("IGO", "UNO", "NGO") or c.sectors[:1] in (("REB",), ("SOC",)),
                "agency": lambda c: c.named and (c.country == "UNO" or c.sectors[:1] in (("JRN",), ("SPY",), ("GOV",), ("SOC",))),
                "watchdog": lambda c: c.named and c.country in ("UNO", "IGO", "NGO"),
                "group": lambda c: c.named and (c.sectors[:1] in (("REB",), ("SOC",), ("UAF",), ("OPP",)) or c.country == "NGO"),
                "movement": lambda c: c.named and c.sectors[:1] in (("REB",), ("OPP",), ("PTY",), ("SOC",)),
                "militia": lambda c: c.named and c.sectors[:1] in (("REB",), ("PRM",), ("UAF",)),
                "party": lambda c: c.named and c.sectors[:1] in (("PTY",), ("OPP",)),
                "company": _may_be_a_company,
                "firm": _may_be_a_company,
                "corporation": _may_be_a_company,
                "manufacturer": _may_be_a_company,
                "maker": _may_be_a_company,
                "carmaker": _may_be_a_company,
                "airline": _may_be_a_company,
                "retailer": _may_be_a_company,
                "bank": lambda c: c.named and "bank" in key(c.name).split(" "),
                "newspaper": lambda c: c.named and c.sectors[:1] == ("JRN",),
                "paper": lambda c: c.named and c.sectors[:1] == ("JRN",),
                "broadcaster": lambda c: c.named and c.sectors[:1] == ("JRN",),
                "court": lambda c: c.sectors[:1] == ("JUD",),
                "tribunal": lambda c: c.sectors[:1] == ("JUD",),
                "union": lambda c: c.sectors[:1] == ("LAB",) or (c.entry is not None and c.country == "EUR"),
                "parliament": lambda c: c.sectors[:1] == ("LEG",),
                "rebels": lambda c: c.sectors[:1] == ("REB",),
                "rebel": lambda c: c.sectors[:1] == ("REB",),
                "militant": lambda c: c.named and c.sectors[:1] == ("REB",),
                "insurgent": lambda c: c.named and c.sectors[:1] == ("REB",),
                "guerrilla": lambda c: c.named and c.sectors[:1] == ("REB",),
            }  # fmt: skip
            test = fits.get(noun)
            if test is not None and test(cluster):
                return at
        return None

    def _person_noun(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        title = " ".join(word for word in key(phrase.title or "").split(" ") if word not in _OF_TIME) or key(
            phrase.title or ""
        )
        noun = singular(title.split(" ")[-1])
        if phrase.definite or phrase.country:
            found = self._earlier_holder(index, phrase, title, noun)
            if found is not None:
                self._learn(found, phrase)
                return found, Rule.COREFERENCE
            country = phrase.country or (self._seat_of(title, index) if phrase.definite else None)
            if country and not (phrase.former or phrase.below) and phrase.body is None and phrase.own is None:
                person = self.gazetteer.in_office(country, phrase.title or "", self.contexts[index].hints.date)
                if person is not None and self._takes_holder(phrase):
                    return self._identity(index, person.id, person, phrase), Rule.OFFICE_HOLDER
        if noun in _OF_EMBASSIES and phrase.country is None and phrase.definite and not phrase.own:
            phrase = replace(phrase, country=self._last_embassy())
        at = self._found(index, phrase, near=self.contexts[index].near)
        if phrase.own and self.clusters[at].country is None:
            owner = self._owner(index, phrase.own)
            if owner is not None:
                self.clusters[at].country = self.clusters[owner].country
        return at, phrase.rule

    def _last_embassy(self) -> str | None:
        """Find the country of the embassy or envoy spoken of last: whose "the ambassador" is."""
        for at in self._under("head embassy", "head consulate", "head mission"):
            cluster = self.clusters[at]
            if cluster.country and "GOV" in cluster.sectors:
                return cluster.country
        return None

    def _seat_of(self, title: str, index: int) -> str | None:
        """Find whose "the chancellor" or "the secretary-general" is: few have one, else the report's own state."""
        if title in ("secretary general", "secretary-general", "secretary generals"):
            return "UNO" if self.spoken.get("UNO", 0) >= self.spoken.get("IGO", 0) else "IGO"
        if title not in _RARE_TITLES or self.home is None:
            return self.home
        date = self.contexts[index].hints.date
        if self.gazetteer.in_office(self.home, title, date) is not None:
            return self.home
        having = [c for c in self.spoken if self.gazetteer.in_office(c, title, date) is not None]
        return max(having, key=lambda c: self.spoken[c]) if having else self.home

    def _takes_holder(self, phrase: Phrase) -> bool:
        return not ({"a", "an", "another", "new", "next", "any", "first", "deputy", "elect"} & phrase.keys)

    def _earlier_holder(self, index: int, phrase: Phrase, title: str, noun: str) -> int | None:
        """Find the person or unnamed person that "the vice minister", "the Chinese leader" takes up."""
        best: tuple[float, int] | None = None
        if {"a", "an", "another"} & phrase.keys and not phrase.definite:
            return None
        sentence = self.contexts[index].sentence
        wanted = {word for word in title.split(" ") if word not in ("the", "of", "for")}
        last_of: dict[int, int] = {}
        for earlier in self._back(index):
            if sentence - self.contexts[earlier].sentence > _OUT_OF_MIND:
                break
            if self.of[earlier] >= 0:
                last_of.setdefault(self.of[earlier], earlier)
        for at in sorted(last_of):
            cluster = self.clusters[at]
            if cluster.kind != "person" or cluster.plural or cluster.members:
                continue
            if phrase.country and cluster.country and phrase.country != cluster.country:
                continue
            if phrase.woman is not None and cluster.woman is not None and phrase.woman != cluster.woman:
                continue
            if phrase.country and phrase.below != cluster.below and (cluster.below or _holds(cluster, title)):
                # "The Chechen president" is not the Russian one.
                continue
            known = cluster.titles
            score = 0.0
            plain = len(wanted) == 1
            if not plain and _other_office(wanted, noun, known):
                continue
            if title in known or _RANKS.get(title, frozenset()) & known:
                score = 3.0
            elif any(wanted <= set(other.split(" ")) for other in known):
                score = 2.5
            elif noun in known and len(wanted) == 1:
                score = 2.0
            elif noun in known and phrase.country is None:
                score = 0.5
            elif (
                plain
                and noun in _GENERIC_PERSON
                and phrase.country
                and cluster.country == phrase.country
                and cluster.named
            ):
                score = 1.0
            elif (
                plain
                and phrase.body is None
                and noun in _GENERIC_OFFICIAL
                and cluster.named
                and cluster.sectors[:1] == ("GOV",)
            ):
                score = 0.6
            elif noun in ("man", "woman", "boy", "girl") and phrase.definite and cluster.named:
                score = 0.6
            elif (
                noun in ("general", "officer", "commander")
                and cluster.named
                and cluster.sectors[:1] in (("MIL",), ("REB",))
            ):
                score = 0.7
            elif noun == "lawmaker" and cluster.sectors[:1] == ("LEG",):
                score = 1.5
            elif noun in ("cleric", "priest", "churchman") and cluster.sectors[:1] == ("REL",):
                score = 1.5
            else:
                continue
            score += 0.3 if cluster.country == self.home else 0.0
            score -= 0.08 * (sentence - self.contexts[last_of[at]].sentence)
            if score > 0.3 and (best is None or score >= best[0]):
                best = (score, at)
        return best[1] if best else None

    def _other(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        if phrase.definite or phrase.country is None:
            text = key(self.texts[index])
            for at in self._under(f"name {text}"):
                if key(self.clusters[at].name) == text and not self.clusters[at].members:
                    return at, Rule.COREFERENCE
        if phrase.definite and phrase.head in _STATE_HEADS:
            return self._country_noun(index, phrase)
        if phrase.definite and phrase.head == "capital" and not phrase.plural:
            state = self.gazetteer.country(phrase.country or self._last_country(index) or self.home)
            if state is not None and state.capitals:
                label = state.capitals[0]
                place = Entry(f"city:{key(label)}", label, "place", "region", state.code, (), Rule.PLACE)
                return self._identity(
                    index, place.id, place, Phrase("name", place, label, "place", state.code)
                ), Rule.PLACE
        if phrase.definite and phrase.head:
            for at in self._under(f"head {phrase.head}"):
                cluster = self.clusters[at]
                if (
                    phrase.head in cluster.heads
                    and cluster.plural == phrase.plural
                    and (not phrase.country or not cluster.country or phrase.country == cluster.country)
                ):
                    return at, Rule.COREFERENCE
        at = self._found(index, phrase, plural=phrase.plural, heads={phrase.head} if phrase.head else set())
        return at, phrase.rule if phrase.country else Rule.NONE

    # Groups of parties

    def _is_members(self, index: int, phrase: Phrase) -> bool:
        if phrase.country or phrase.entry or phrase.own:
            return False
        head = phrase.head
        # "Three ministers" are new to the report; "the three ministers" take up who was named.
        both = phrase.definite or head in ("side", "both", "two")
        of_states = bool(_STATE_SECTORS & {*phrase.sectors[:1]})
        counted = phrase.number is not None and (head in _SIDES or head in _PERSONS or of_states) and both
        if counted and not phrase.definite and "both" not in phrase.keys:
            counted = head in _SIDES
        each = head in ("side", "party", "government", "country", "army", "camp") and bool(_EACH & phrase.keys)
        return (
            counted
            or each
            or bool(_OF_BOTH.search(self.texts[index]))
            or (
                phrase.definite
                and head
                in ("side", "sides", "party", "parties", "pair", "duo", "neighbor", "neighbour", "rival", "ally")
                and phrase.plural
            )
        )

    def _members(self, index: int, phrase: Phrase, number: int | None = None) -> tuple[int, Rule] | None:
        count = number or phrase.number or 2
        head = phrase.head
        if head in _PERSONS and head not in ("rival", "head") and not _OF_BOTH.search(self.texts[index]):
            persons = self._persons(index, count)
            if persons is not None:
                return self._group(index, phrase, persons), Rule.MEMBERS
        if head in _STATES_ONLY or phrase.sectors or _OF_BOTH.search(self.texts[index]) or self._narrowing(phrase):
            states = self._states(index, phrase, count)
            if states is not None or head in _STATES_ONLY:
                return states
        sides = self._sides_of(index, count)
        if sides is None:
            return self._states(index, phrase, count) if head in _SIDES else None
        return self._group(index, phrase, sides), Rule.MEMBERS

    def _persons(self, index: int, count: int) -> list[int] | None:
        """The persons spoken of last, one of a country, or of one country where all are."""
        pool = self._recent(index, lambda c: c.kind == "person" and not c.plural)
        apart: dict[str | None, int] = {}
        for at in pool[:6]:
            apart.setdefault(self.clusters[at].country, at)
        chosen = list(apart.values()) if len(apart) >= count else pool
        return chosen[:count] if len(chosen) >= count else None

    def _weights(self, index: int) -> dict[tuple[str, str | int], float]:
        """How much each party has been spoken of so far: a state with its bodies and officials, or a group by itself.

        What stands near counts more, what stands in the same sentence most.
        """
        here = self.contexts[index].sentence
        found: dict[tuple[str, str | int], float] = {}
        for earlier in self._back(index):
            at = self.of[earlier]
            if at < 0:
                continue
            far = here - self.contexts[earlier].sentence
            worth = PAIRS.ever + PAIRS.near * PAIRS.fade**far
            for part in self.clusters[at].members or (at,):
                cluster = self.clusters[part]
                side = self._party(part, cluster)
                if side is None:
                    continue
                key_, share = side
                found[key_] = found.get(key_, 0.0) + share * worth * (PAIRS.group if self.clusters[at].members else 1.0)
        return found

    def _party(self, at: int, cluster: Cluster) -> tuple[tuple[str, str | int], float] | None:
        sector = cluster.sectors[0] if cluster.sectors else ""
        state = cluster.country is not None and self.gazetteer.country(cluster.country) is not None
        if cluster.kind == "country" and state:
            return ("state", cluster.country or ""), 1.0
        if sector in _STATE_SECTORS and state:
            return ("state", cluster.country or ""), PAIRS.official
        if sector in ("REB", "UAF", "PRM", "PTY", "OPP") or (cluster.kind == "organisation" and not state):
            return ("cluster", at), PAIRS.body
        if state and cluster.kind != "place":
            return ("state", cluster.country or ""), PAIRS.people
        if state:
            return ("state", cluster.country or ""), PAIRS.place
        return None

    def _sides_of(self, index: int, count: int) -> list[int] | None:
        """The parties most spoken of: states, or within a state its government and who opposes it."""
        ranked = sorted(self._weights(index).items(), key=lambda item: -item[1])
        if len(ranked) < 2:
            return None
        chosen = [name for name, _ in ranked[:count]]
        return [self.state(str(name), index) if kind == "state" else int(name) for kind, name in chosen]

    def _recent(self, index: int, fits: Callable[[Cluster], bool]) -> list[int]:
        found: dict[int, None] = {}
        for earlier in self._back(index):
            at = self.of[earlier]
            if at < 0:
                continue
            for part in self.clusters[at].members or (at,):
                if fits(self.clusters[part]) and part not in found:
                    found[part] = None
        return list(found)

    def _states(self, index: int, phrase: Phrase, count: int) -> tuple[int, Rule] | None:
        """The states most spoken of, by themselves, their governments, people or adjectives."""
        narrowing = self._narrowing(phrase)
        codes = []
        for (kind, name), _ in sorted(self._weights(index).items(), key=lambda item: -item[1]):
            country = self.gazetteer.country(str(name)) if kind == "state" else None
            if country is not None and (not narrowing or narrowing <= country.epithets):
                codes.append(str(name))
        if len(codes) < max(2, phrase_count(phrase)):
            return None
        chosen = codes[:count]
        if phrase.head in ("government", "capital", "delegation"):
            return self._group(index, phrase, [self.government(code, index) for code in chosen]), Rule.MEMBERS
        if phrase.head in ("military", "army"):
            forces = Phrase("role", kind="organisation", sectors=("MIL",), title="armed forces", head="military")
            sides = [self._body_noun(index, replace(forces, country=code))[0] for code in chosen]
            return self._group(index, phrase, sides), Rule.MEMBERS
        return self._group(index, phrase, [self.state(code, index) for code in chosen]), Rule.MEMBERS

    # Pronouns

    def _last_country(self, index: int) -> str | None:
        for earlier in self._back(index):
            code = self.clusters[self.of[earlier]].country if self.of[earlier] >= 0 else None
            if code and self.gazetteer.country(code):
                return code
        return None

    def _owner(self, index: int, word: str) -> int | None:
        """Find whose "his", "its", "their" is."""
        if word in ("his", "her"):
            return self._best(index, self._person_fits(word))
        if word == "its":
            return self._best(index, self._thing_fits(index))
        if word in ("our", "my"):
            speaker = self.contexts[index].speaker
            return self.of[speaker] if speaker is not None and speaker < index else None
        return self._best(index, lambda c: c.kind in ("country", "organisation", "group"))

    def _person_fits(self, word: str) -> Callable[[Cluster], bool]:
        woman = word in ("she", "her", "herself", "hers")

        def fits(cluster: Cluster) -> bool:
            return (
                cluster.kind == "person"
                and not cluster.plural
                and not cluster.members
                and cluster.woman in (None, woman)
            )

        return fits

    def _thing_fits(self, index: int) -> Callable[[Cluster], bool]:
        def fits(cluster: Cluster) -> bool:
            return (cluster.kind in ("country", "organisation") and not cluster.members and not cluster.plural) or (
                cluster.kind == "group" and cluster.named
            )

        return fits

    def _best(self, index: int, fits: Callable[[Cluster], bool], reach: int = 6) -> int | None:
        """Score entities by how near, how prominent and how well named they are; the best, or None."""
        context = self.contexts[index]
        weights = PRONOUN_WEIGHTS
        thing = self.phrases[index].head in _OBJECTS
        many = self.phrases[index].head in _MANY_WORDS
        # "Norway urged it": who is urged is another than who urges.
        others = {self.of[one] for one in context.apart if self.of[one] >= 0}
        best: tuple[float, int, int] | None = None
        met: set[int] = set()
        for earlier in range(index - 1, -1, -1):
            other = self.contexts[earlier]
            distance = context.sentence - other.sentence
            if distance > reach:
                break
            at = self.of[earlier]
            if at < 0:
                continue
            cluster = self.clusters[at]
            if not fits(cluster) or at in others:
                continue
            score = weights.distance * distance
            if other.subject:
                score += weights.subject
            if other.order == 0:
                score += weights.opening
            if self.phrases[earlier].form == "pronoun":
                score += weights.pronoun
            if cluster.named:
                score += weights.named
            if cluster.tentative:
                score += weights.tentative
            if many and not (cluster.plural or cluster.members or cluster.kind == "group"):
                score += weights.one_body
            if at not in met:
                score += weights.often * min(len(cluster.mentions), 6)
            if other.subject and distance == 0 and thing and context.speaker == other.speaker:
                # "He told him": the object of a clause is not its subject.
                score += weights.same_clause
            if context.speaker is not None and self.of[context.speaker] == at:
                score += weights.quoted_speaker if context.quoted else weights.speaker
            if context.quoted and other.quoted and context.speaker == other.speaker:
                score += weights.same_quote
            met.add(at)
            if best is None or score > best[0]:
                best = (score, earlier, at)
        return best[2] if best else None

    def _pronoun(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        word = phrase.head
        context = self.contexts[index]
        found: int | None = None
        if word in _SPEAKER_WORDS:
            found = self._speaker(index)
        elif word in _OWN_WORDS:
            found = self._ours(index)
        elif word in ("you", "yourself"):
            found = self.of[context.addressee] if context.addressee is not None and context.addressee < index else None
            if found is None:
                found = self._other_speaker(index)
        elif word in _PERSON_WORDS:
            found = self._best(index, self._person_fits(word))
            if found is None:
                found = self._best(index, lambda c: c.kind == "person" and not c.plural, reach=30)
        elif word in _THING_WORDS:
            found = self._best(index, self._thing_fits(index))
        elif word in _MANY_WORDS or word in ("both", "two", "all", "some", "many", "these"):
            return self._they(index, phrase)
        if found is not None:
            if word in ("she", "her", "he", "him") and self.clusters[found].woman is None:
                self.clusters[found].woman = word in ("she", "her")
            return found, Rule.COREFERENCE
        kind: EntityKind = "person" if word in _PERSON_WORDS | _SPEAKER_WORDS else "group" if phrase.plural else "other"
        return self._found(index, phrase, kind=kind, plural=phrase.plural), Rule.NONE

    def _they(self, index: int, phrase: Phrase) -> tuple[int, Rule]:
        if phrase.head in ("both", "two"):
            members = self._members(index, phrase, 2)
            if members is not None:
                return members
        found = self._best(index, lambda c: bool(c.plural or c.members) or c.kind in ("group", "organisation"))
        if found is None:
            members = self._members(index, Phrase("pronoun", head="they"), 2)
            if members is not None:
                return members
            return self._found(index, phrase, kind="group", plural=True), Rule.NONE
        return found, Rule.COREFERENCE

    def _other_speaker(self, index: int) -> int | None:
        """Find who spoke last before this speaker: the "you" of an interview."""
        context = self.contexts[index]
        me = self.of[context.speaker] if context.speaker is not None else None
        for earlier in range(index - 1, -1, -1):
            other = self.contexts[earlier]
            if context.sentence - other.sentence > 4:
                return None
            spoke = other.speaker
            if spoke is not None and self.of[spoke] not in (-1, me) and self.clusters[self.of[spoke]].kind == "person":
                return self.of[spoke]
        return None

    def _speaker(self, index: int) -> int | None:
        """ "I" in a statement: who makes it."""
        speaker = self.contexts[index].speaker
        if speaker is not None and self.phrases[speaker].head not in _SPEAKER_WORDS | _OWN_WORDS:
            return self._settle(speaker)
        return self._best(index, lambda c: c.kind == "person" and not c.plural)

    def _ours(self, index: int) -> int | None:
        """ "We" in a statement: the body or state the speaker speaks for."""
        context = self.contexts[index]
        if context.speaker is None:
            return self._best(index, lambda c: c.plural or c.kind in ("organisation", "country", "group"))
        speaker = context.speaker
        if self.phrases[speaker].head in _SPEAKER_WORDS | _OWN_WORDS:
            return self._settle(speaker) if speaker < index else None
        at = self._settle(speaker)
        if at not in self._sides:
            self._sides[at] = self._side_of(index, at)
        return self._sides[at]

    def _side_of(self, index: int, at: int) -> int:
        """Find for whom a speaker says "we": the body, the government, or those of the same kind."""
        cluster = self.clusters[at]
        country, sectors, kind, body = cluster.country, cluster.sectors, cluster.kind, cluster.body
        if kind in ("organisation", "country", "group"):
            return at
        if body is not None:
            known = self._identities.get(body.id)
            if known is not None:
                return known
            return self._identity(
                index, body.id, body, Phrase("name", body, body.name, body.kind, body.country, body.sectors)
            )
        if country and sectors[:1] == ("GOV",) and self.gazetteer.country(country):
            state = self._identities.get(f"country:{country}")
            government = self._identities.get(f"government:{country}")
            if government is None and state is not None:
                return state
            return self.government(country, index)
        if country or sectors:
            return self._found(
                index, Phrase("pronoun", kind="group", country=country, sectors=sectors, plural=True), plural=True
            )
        return at


def _may_be_sent(phrase: Phrase) -> bool:
    """Whether a party can be one's own that one sends: "165 doctors", not "the migrants"."""
    return phrase.kind in ("group", "organisation") and not phrase.definite and phrase.sectors[:1] != ("REF",)


def phrase_count(phrase: Phrase) -> int:
    """How many members a phrase that counts them has at least; two where it does not."""
    return phrase.number or 2


def _may_be_a_company(cluster: Cluster) -> bool:
    return cluster.named and (
        cluster.sectors[:1] == ("BUS",)
        or (not cluster.sectors and cluster.entry is None and cluster.kind == "organisation")
    )


_COLLECTIVES: Final = {
    "MIL": word_set("army military troops troop soldier soldiers forces force conscript serviceman"),
    "COP": word_set("police policeman officer"),
    "REB": word_set("rebel rebels insurgent guerrilla insurgency rebellion"),
    "CVL": word_set("protester protestor demonstrator marcher crowd"),
}
"""Head nouns that speak of one body or crowd by turns ("the army … soldiers … troops"), by sector."""


_FAMILIES: Final = (
    (
        word_set("marcher protester protestor demonstrator striker crowd rioter"),
        frozenset({"CVL", "LAB", "EDU", "AGR", "OPP", "REL", "SOC"}),
    ),
    (
        word_set(
            "rebel insurgent guerrilla militant gunman attacker assailant fighter mutineer terrorist jihadist separatist "
            "militiaman kidnapper raider bandit"
        ),
        frozenset({"REB", "UAF", "PRM", "CRM"}),
    ),
)
"""Nouns that take up a group named otherwise before, with the sectors such a group has."""


def _collective(phrase: Phrase) -> str | None:
    sector = phrase.sectors[0] if phrase.sectors else ""
    found = _COLLECTIVES.get(sector)
    return f"all {sector}" if found and phrase.head in found and phrase.kind != "person" else None


def _title_case(title: str) -> str:
    small = {"of", "the", "for", "and", "to"}
    return " ".join(word if word in small or not word.islower() else word.capitalize() for word in title.split())


def share_countries(clusters: Iterable[Cluster], home: str | None) -> None:
    """Give unnamed groups and persons of no stated country the one they stand in, or the report's own.

    Args:
        clusters: all entities; changed in place.
        home: code of the country the report is from or about.
    """
    for cluster in clusters:
        if cluster.kind == "place" and cluster.country is None and cluster.entry is None:
            # A place no table knows lies most often in the country the report is from.
            cluster.country = home
        # A thing has no country; but where nobody told the kind, what is spoken of is seldom a thing.
        party = cluster.kind in ("group", "organisation", "person") or (cluster.kind == "other" and cluster.guessed)
        if cluster.country is None and not cluster.members and party:
            if cluster.near and cluster.plural and not cluster.named and cluster.heads & _GATHERED and cluster.bare:
                # "Foreign ministers met in Vienna": those who gather are from elsewhere than where they do.
                continue
            elif cluster.near:
                cluster.country = cluster.near
            elif cluster.foreign:
                continue
            elif "peacekeeper" in cluster.heads:
                cluster.country = "UNO"
            elif cluster.heads & _FROM_ANYWHERE and not cluster.named:
                continue
            elif cluster.kind == "group" and cluster.sectors[:1] == ("REF",):
                # Migrants are of where they come from, which is not where they are reported.
                continue
            elif cluster.kind == "person" or not cluster.named or cluster.kind == "organisation":
                cluster.country = home
