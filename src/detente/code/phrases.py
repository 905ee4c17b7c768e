"""One mention read by itself: what its words name, with no look at the rest of the report.

A noun phrase is cut into names and titles the gazetteer knows and words it does not; the head decides what
it is ("China University of Geosciences" is a university, "U.S. ambassador to Israel" an ambassador), what
stands before the head and in its of-phrase says whose it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from detente.gazetteer.names import Word, key, singular, word_set, words
from detente.gazetteer.tables import Entry, Gazetteer, Match, Office
from detente.plover import SPECIAL_COUNTRIES
from detente.records import EntityKind, Rule

Form = Literal["pronoun", "name", "role", "other"]


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a mention beside its words.

    Attributes:
        date: the document's day, for office-holders.
        kinds: the model's probabilities of the entity kinds, by name.
        acts: it is actor, recipient, speaker or addressee of something.
        place: it stands where a place stands (place role, or after "in", "to" and the like).
    """

    date: dt.date
    kinds: tuple[tuple[str, float], ...] = ()
    acts: bool = False
    place: bool = False

    def kind(self, *names: str) -> float:
        """Return the probability the model gives to any of these kinds."""
        return sum(value for name, value in self.kinds if name in names)


@dataclass(frozen=True, slots=True)
class Phrase:
    """What one mention says by itself.

    Attributes:
        form: pronoun, name (a proper name stands in it), role (a title or role noun is its head), other.
        entry: what the gazetteer has under the name.
        name: the proper name in the text's spelling, without title, determiner and possessive.
        kind, country, sectors: as far as the words tell.
        title: the office or description of a person, as spelt.
        head: key of the head noun in the singular; of a pronoun, the pronoun.
        plural, definite: number and determiner of the whole phrase ("the", "this", "both").
        number: the count in "the two countries".
        former: the office is one of the past.
        keys: keys of all its words.
        alias: a short form given in brackets ("(DFS)").
        body: the organisation a role belongs to.
        own: a possessive pronoun or "their" stands in front: the owner is another mention.
        states: codes of the states that are named side by side ("American and British warships").
        below: id of the region, dependency or body whose office it is, where it is not the state's own.
    """

    form: Form
    entry: Entry | None = None
    name: str | None = None
    kind: EntityKind | None = None
    country: str | None = None
    sectors: tuple[str, ...] = ()
    title: str | None = None
    rule: Rule = Rule.NONE
    head: str = ""
    plural: bool = False
    definite: bool = False
    number: int | None = None
    former: bool = False
    keys: frozenset[str] = frozenset()
    alias: str | None = None
    body: Entry | None = None
    own: str | None = None
    woman: bool | None = None
    states: tuple[str, ...] = ()
    below: str | None = None


PRONOUNS: Final = word_set(
    "he she it they we i you him her them us me himself herself itself themselves ourselves yourself myself "
    "his hers its their theirs our ours my mine your yours who whom one both all each some many others several two another "
    "everyone someone anyone nobody none these those this that most few neither either himself y'all"
)
_DETERMINERS: Final = word_set(
    "the a an this that these those both its his her their our my your all some several many"
)
_QUANTITY: Final = word_set(
    "few each every any no other another most more certain various such same about around nearly almost roughly over "
    "least at some dozens hundreds thousands scores tens millions million thousand hundred dozen number numbers group "
    "handful majority couple pair lot lots plenty of one two three four five six seven eight nine ten eleven twelve "
    "fifteen twenty thirty forty fifty sixty seventy eighty ninety half quarter third approximately only just both"
)
_COUNTING: Final = word_set(
    "dozens hundreds thousands scores tens millions number group groups handful majority couple pair crowd crowds lot "
    "minority half bunch string band waves wave series variety range part parts remnants rest core bulk cluster"
)
_NUMBERS: Final = {
    "two": 2, "both": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "pair": 2, "duo": 2, "trio": 3,
}  # fmt: skip
_OWNERS: Final = word_set("its his her their our my your")
_PREPOSITIONS: Final = word_set(
    "of from in to for at on with by against near outside inside under over between behind among along across around "
    "within beyond into onto through toward towards about after before during since without including"
)
_WHERE: Final = word_set("in at near outside inside across around on")
_FORMER: Final = word_set("former ex onetime erstwhile ousted deposed toppled disgraced retired")
_NOT_ITS_OWN: Final = word_set(
    "backed supported allied funded trained speaking aligned friendly armed financed sponsored brokered made built "
    "mediated flagged style era bound wide educated linked"
)
_LOOSELY_ITS_OWN: Final = word_set(
    "led based controlled run owned born occupied held ruled administered dominated appointed installed majority governed"
)
_AFTER_HYPHENS: Final = _NOT_ITS_OWN | _LOOSELY_ITS_OWN
_AGAINST: Final = word_set("anti pro non post pre ex inter trans un")
_HONORIFICS: Final = word_set(
    "mr mrs ms miss dr sir dame madam madame mme monsieur lord lady prof hon sayyid sayed shaikh haji hajji ustad comrade "
    "brother sister father don dona doctor saint st messrs herr frau"
)
_WOMEN: Final = word_set("mrs ms miss dame lady madam madame mme frau queen princess empress sister")
_MEN: Final = word_set("mr sir lord king prince emperor father brother monsieur herr")
_WOMEN_ROLES: Final = word_set(
    "spokeswoman chairwoman congresswoman councilwoman policewoman businesswoman actress woman girl mother daughter wife "
    "widow queen princess empress sister nun schoolgirl servicewoman waitress duchess baroness"
)
_MEN_ROLES: Final = word_set(
    "chairman congressman policeman businessman actor man boy father son husband king prince emperor monk brother "
    "clergyman gunman fisherman imam ayatollah priest bishop pope cardinal nephew uncle schoolboy"
)
_PARTICLES: Final = word_set(
    "al el bin ibn ben bint abu abd von van der den de da do dos das di du del della la le ter ten y e ul ur os ud uz us i af zu"
)
_GIVEN_NAMES: Final = word_set(
    # Names of places and peoples that are given names too, when a capitalised word follows.
    "georgia jordan chad paris victoria israel kenya sydney austin dallas florence charlotte virginia carolina chelsea india "
    "ireland brooklyn madison jackson lincoln london america asia cheyenne dakota savannah montana alexandria sofia santiago "
    "lourdes nancy roman german francis dominica christian kingston diego salvador angola washington holland christine "
    "cairo marseille martin lima cuba malta lyon milan houston denver boston preston windsor adelaide"
)
_PLACE_HEADS: Final = word_set(
    "city town village province region district island river lake mount mountain sea gulf strait port capital county "
    "peninsula valley desert ocean airport square street border prison camp base bay cape canal dam bridge suburb hamlet "
    "governorate oblast prefecture municipality area zone neighborhood neighbourhood crossing checkpoint hills coast "
    "highlands reef shoal archipelago forest avenue road compound barracks stadium cemetery mosque church beach "
    "plant station facility complex outpost settlement enclave plateau corridor heartland frontier waters heights "
    "mountains islands hotel palace palaces square"
)
_ONLY_PLACE: Final = word_set(
    "river lake mount mountain sea gulf strait bay cape canal dam bridge street avenue road border airport ocean desert "
    "peninsula valley island islands square shoal reef highlands coast mountains archipelago crossing checkpoint forest "
    "beach heights plateau corridor waters prison camp base cemetery oblast governorate county suburb hills"
)
_NOT_NATIONAL: Final = word_set(
    # Things called after a nation without being of it.
    "restaurant food cuisine roulette dressing doll fries toast wine cheese beer vodka salad dish dishes language literature "
    "takeaway noodles rice tea coffee carpet rug bath bulldog shepherd flu measles opera lessons class course"
)
_ORGANISATION_HEADS: Final = word_set(
    "agency airlines airways academy administration alliance army assembly association authority bank board brigade "
    "brigades bureau cabinet center centre chamber church club coalition college command commission committee community "
    "company confederation conference congress consortium convention corp corporation corps council court daily "
    "delegation department directorate embassy exchange federation fleet force forces forum foundation front fund group "
    "guard herald holdings hospital inc industries initiative institute institution journal laboratory league ltd ministry "
    "mission monitor motors movement museum network news newspaper observatory office oil organisation organization "
    "parliament partnership party petroleum plc police post press project registry secretariat senate service services "
    "society star state station store symphony syndicate team television theatre times tribune tribunal trust tv union "
    "university watch weekly workers zeitung gazette dispatch review telegraph observer inquirer globe chronicle "
    "bloc campaign initiative watchdog airline energy mining steel media radio agency school gmbh ag sa llc llp co "
    "battalion regiment militia liberation resistance democrats republicans conservatives greens socialists communists "
    "liberals tigers wolves shield congregation ulema jamaat jaish harakat lashkar ansar hizb partido parti partia "
    "shipping telecom telecommunications technologies systems software chemical pharmaceuticals group construction"
)
_ORGANISATION_SECTORS: Final = {
    **dict.fromkeys(
        "airlines airways airline company corp corporation exchange holdings inc industries ltd motors oil petroleum plc "
        "store consortium energy mining steel gmbh ag llc llp co shipping telecom telecommunications technologies systems "
        "software chemical pharmaceuticals construction bank".split(),
        "BUS",
    ),
    **dict.fromkeys(
        "daily herald journal monitor news newspaper post press star television times tribune tv weekly zeitung gazette "
        "dispatch review telegraph observer inquirer globe chronicle media radio".split(),
        "JRN",
    ),
    **dict.fromkeys("academy college institute laboratory university school museum observatory".split(), "EDU"),
    **dict.fromkeys("army battalion brigade brigades command corps fleet regiment".split(), "MIL"),
    **dict.fromkeys("liberation resistance jaish harakat lashkar ansar".split(), "REB"),
    **dict.fromkeys("democrats republicans conservatives greens socialists communists liberals party partido parti".split(), "PTY"),
    **dict.fromkeys("foundation trust watch network league society association project initiative campaign".split(), "SOC"),
    **dict.fromkeys("union workers confederation".split(), "LAB"),
    **dict.fromkeys("church congregation ulema".split(), "REL"),
    **dict.fromkeys("administration agency authority bureau cabinet commission council department directorate embassy "
                    "ministry mission office registry secretariat delegation".split(), "GOV"),
    **dict.fromkeys("court tribunal".split(), "JUD"),
    **dict.fromkeys("assembly congress parliament senate chamber".split(), "LEG"),
    **dict.fromkeys("hospital".split(), "MED"),
    "front": "REB",
    "militia": "UAF",
    "police": "COP",
    "syndicate": "CRM",
    "club": "CVL",
    "team": "CVL",
}  # fmt: skip


def _listed_sector(head: str, name: str) -> str | None:
    """The sector a body's noun tells; a front for rights is no army."""
    sector = _ORGANISATION_SECTORS.get(head)
    named = {word.key for word in words(name)}
    if head in ("alliance", "movement", "rally", "bloc") and named & _PARTISAN and not named & _OF_ARMS:
        return "PTY"
    if sector == "REB" and named & _CIVIC:
        return "CVL"
    return sector


_PARTISAN: Final = word_set("democratic democrats socialist liberal communist republican conservative progressive")
_OF_ARMS: Final = word_set("liberation armed resistance army revolutionary islamic youth student students forces")
_CIVIC: Final = word_set("rights citizens civic civil women women's peace environmental consumers")


@dataclass(frozen=True, slots=True)
class _Item:
    """A stretch of a phrase: what the gazetteer matched, or one loose word."""

    first: int
    last: int
    match: Match | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.match.entries if self.match else ()

    @property
    def office(self) -> Office | None:
        return self.match.office if self.match else None


def read_phrase(text: str, gazetteer: Gazetteer, hints: Hints) -> Phrase:
    """Read one mention.

    Args:
        text: the exact words of the mention.
        gazetteer: the tables.
        hints: what is known beside the words.
    """
    cut = words(text)
    while cut and cut[-1].mark:
        cut.pop()
    while cut and cut[0].mark:
        cut.pop(0)
    if not cut:
        return Phrase("other")
    keys = frozenset(word.key for word in cut if not word.mark)
    if len(cut) == 1 and cut[0].key in PRONOUNS and not (cut[0].key == "us" and cut[0].text.replace(".", "") == "US"):
        return Phrase(
            "pronoun",
            head=cut[0].key,
            keys=keys,
            plural=cut[0].key in _PLURAL_PRONOUNS,
            number=_NUMBERS.get(cut[0].key),
        )
    several = _several_states(cut, text, gazetteer, hints)
    if several is not None:
        return replace(several, keys=keys)
    phrase = _read_whole(cut, text, gazetteer, hints)
    if "hague" in keys and phrase.sectors[:1] == ("JUD",) and phrase.entry is None:
        phrase = replace(phrase, country=_court_of_the_hague(keys, phrase.country, hints.date))
    if phrase.country is None and phrase.entry is None:
        phrase = replace(phrase, country=_whose_government(cut, gazetteer, hints.date))
    return replace(phrase, keys=keys)


_GOVERNMENTS: Final = word_set("administration government regime cabinet team presidency premiership junta era camp")


def _whose_government(cut: Sequence[Word], gazetteer: Gazetteer, date: dt.date) -> str | None:
    """The country of "the Biden administration": that of the office-holder of the name on the day."""
    for word, after in pairwise(cut):
        if after.key in _GOVERNMENTS and word.text[:1].isupper():
            named = [entry for entry in gazetteer.lookup(word.text) if entry.role == "surname"]
            governing = [entry for entry in named if any("GOV" in term.sectors for term in entry.terms)]
            found = holder(governing, date)
            if found is not None:
                return found.country
    return None


_ICC_SINCE: Final = dt.date(2002, 7, 1)
"""Entry into force of the Rome Statute."""


def _court_of_the_hague(keys: frozenset[str], country: str | None, date: dt.date) -> str | None:
    """The courts that sit in The Hague are few of them Dutch: the UN's tribunals and, since 2002, the ICC."""
    if keys & {"dutch", "district", "appeal", "appeals"}:
        return country
    if keys & {"arbitration", "arbitral"}:
        return None
    return "UNO" if date < _ICC_SINCE or keys & {"tribunal", "international"} else "IGO"


def _read_whole(cut: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints) -> Phrase:
    parts = _appositions(cut, gazetteer)
    return _join([_read_part(part, text, gazetteer, hints) for part in parts], text, gazetteer)


_AND: Final = frozenset({"and", "&", "or"})


def _several_states(cut: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints) -> Phrase | None:
    """Read states named side by side before or after a noun: "American and British warships", "embassies of A, B and C"."""
    if not any(word.key in _AND for word in cut):
        return None
    codes: list[str] = []
    first = last = at = 0
    joined = False
    while at < len(cut):
        match = None if cut[at].mark else gazetteer.matches(cut, at)
        entry = match.entry("country", "adjective", "people") if match and match.entries else None
        state = entry is not None and entry.kind == "country" and gazetteer.country(entry.country) is not None
        backed = match is not None and match.last < len(cut) and cut[match.last].hyphen
        if match is not None and entry is not None and state and not backed and not cut[at].hyphen:
            if not codes:
                first = at
            assert entry.country is not None
            codes.append(entry.country)
            last, at = at, match.last
            continue
        if codes and cut[at].key in _AND:
            joined = True
        elif not (codes and cut[at].key in (",", "the", "'s")):
            if len(codes) > 1 and joined:
                break
            codes, joined = [], False
        at = match.last if match is not None else at + 1
    if len(set(codes)) < 2 or not joined:
        return None
    # Read with the last of them alone, then give it all of them.
    phrase = _read_whole([*cut[:first], *cut[last:]], text, gazetteer, hints)
    named = phrase.form == "name" and not (phrase.entry is not None and phrase.entry.kind == "country")
    if named or phrase.country != codes[-1] or (phrase.kind == "person" and not phrase.plural):
        return None
    if {word.key for word in cut[max(0, first - 2) : first]} & (_WHERE | {"to"}):
        # Troops in Iraq and Syria are of neither.
        return replace(phrase, country=None)
    return replace(phrase, country=None, entry=None, states=tuple(dict.fromkeys(codes)), plural=True)


_PLURAL_PRONOUNS: Final = word_set(
    "they we them us themselves ourselves both all some many others several two these those"
)


def _appositions(cut: Sequence[Word], gazetteer: Gazetteer) -> list[Sequence[Word]]:
    """Cut at commas, brackets and dashes, except where a known name runs across them."""
    parts: list[list[Word]] = [[]]
    for word in cut:
        if word.key in (",", "(", ")", "[", "]", ";", ":", "—", "–"):
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if any(not word.mark for word in part)] or [cut]


def _lower_acronym(part: Sequence[Word], at: int, match: Match, gazetteer: Gazetteer) -> bool:
    """Whether a name is an acronym only by its letters and follows a given name: "Moses Mosop" is no MOSOP."""
    word, before = part[at], part[at - 1]
    if match.last - at > 1 or match.office is not None or word.text.isupper() or len(word.text) < 4:
        return False
    if (
        not before.capital
        or before.mark
        or before.key in _NO_GIVEN_NAMES
        or any(e.role != "organisation" for e in match.entries)
    ):
        return False
    return (
        any(entry in match.entries for entry in gazetteer.lookup(word.text.upper()))
        and key(match.entries[0].name) != word.key
    )


def _inside_a_name(part: Sequence[Word], at: int, match: Match) -> bool:
    """Whether a body's name of one word is only a part of a longer name: "Waker-uz-Zaman", "Taksim Solidarity"."""
    word, before = part[at], part[at - 1]
    if (
        match.last - at > 1
        or match.office is not None
        or before.mark
        or any(e.role != "organisation" for e in match.entries)
    ):
        return False
    if word.hyphen:
        return before.capital or before.key in _PARTICLES
    return word.key in _COMMON_NAMES and before.capital and before.key not in _DETERMINERS


_COMMON_NAMES: Final = word_set(
    "solidarity unity renewal justice independence labour progress reform accord freedom equality"
)
_QUARTERS: Final = word_set("west east north south")


def _segment(part: Sequence[Word], gazetteer: Gazetteer) -> list[_Item]:
    items: list[_Item] = []
    at = 0
    while at < len(part):
        match = None if part[at].mark else gazetteer.matches(part, at)
        if match is not None and not match.entries and match.last - at == 1 and part[at].key in ("marine", "dean"):
            # Given names: "Marine Le Pen", "Dean Acheson".
            if part[at].capital and at + 1 < len(part) and part[at + 1].capital:
                match = None
        if match is not None and match.last - at == 1 and part[at].key in _QUARTERS and match.last < len(part):
            after = part[match.last]
            if after.capital and not after.mark:
                # "West Point", "East Timorese": a part of a longer name.
                match = None
        if match is not None and items and items[-1].match is None:
            if _lower_acronym(part, at, match, gazetteer) or _inside_a_name(part, at, match):
                match = None
        if match is not None:
            items.append(_Item(at, match.last, match))
            at = match.last
        else:
            items.append(_Item(at, at + 1, None))
            at += 1
    return items


def _read_part(part: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints) -> Phrase:
    definite, own, number, start = False, None, None, 0
    while start < len(part) - 1:
        word = part[start]
        if word.mark:
            start += 1
            continue
        known = gazetteer.matches(part, start)
        if known is not None and known.entries and (known.last - start > 1 or word.key not in _DETERMINERS):
            break
        if word.key in _DETERMINERS:
            definite = definite or word.key in ("the", "this", "that", "these", "those", "both")
            own = word.key if word.key in _OWNERS else own
        elif not (word.key in _QUANTITY or word.text.isdigit() or word.key in _NUMBERS):
            break
        elif word.capital and not part[start + 1].capital and start > 0:
            break
        number = _NUMBERS.get(word.key, number)
        start += 1
    if start and part[start].hyphen and not (known and known.entries):
        start -= 1
    items = _segment(part, gazetteer)
    items = [item for item in items if item.first >= start] or items
    # The core ends before the first preposition that is no part of a name.
    core: list[_Item] = []
    post_at: int | None = None
    for item in items:
        if (
            item.match is None
            and core
            and not part[item.first].mark
            and part[item.first].key in _PREPOSITIONS
            and not part[item.first].capital
        ):
            post_at = item.first
            break
        if item.match is None and core and part[item.first].key in _RELATIVE:
            break
        if item.match is None and core and part[item.first].key in _PARTICIPLES and not part[item.first].hyphen:
            post_at = item.first
            break
        core.append(item)
    while core and core[-1].match is None and part[core[-1].first].mark:
        core.pop()
    if not core:
        return Phrase("other", definite=definite, own=own, number=number)
    preposition = part[post_at].key if post_at is not None else None
    post = part[post_at + 1 :] if post_at is not None else []
    if preposition in _PARTICIPLES:
        # "forces loyal to Khalifa Haftar", "rebels led by John Garang": whose they are, not what they are.
        preposition = "under" if preposition in ("loyal", "led", "commanded", "headed") else "besides"
        post = post[1:] if post and post[0].key in ("to", "by", "with", "from") else post
    head_word = part[core[-1].last - 1]
    if preposition == "of" and post and head_word.key in _COUNTING and not head_word.capital:
        inner = _read_part(post, text, gazetteer, hints)
        modifier = _owner(core[:-1], part)
        return replace(
            inner,
            plural=True,
            definite=definite or inner.definite,
            country=inner.country or (modifier.country if modifier else None),
        )
    if preposition == "of" and post and post[0].capital and head_word.key in _PLACE_OF and not head_word.capital:
        # "The town of Gori" is Gori.
        inner = _read_part(post, text, gazetteer, hints)
        if inner.form == "name" and (
            inner.kind == "place" or (inner.entry is not None and inner.entry.role == "capital")
        ):
            return inner
    if preposition == "of" and post and not post[-1].mark and post[-1].key in _DESCENT:
        # "A student of Chechen origin" may be of any state.
        preposition, post = None, []
    if own is not None and preposition in _WHERE | {"from"}:
        # "His spokesman in London", "its envoy from Washington": whose he is, the owner says.
        preposition, post = "besides", []
    phrase = _read_core(core, part, preposition, post, text, gazetteer, hints)
    return replace(
        phrase,
        definite=definite or phrase.definite,
        own=own or phrase.own,
        number=number if number is not None else phrase.number,
    )


_DESCENT: Final = word_set(
    "origin descent extraction ancestry heritage parentage ethnicity background stock roots origins"
)
_PLACE_OF: Final = word_set(
    "town city village province region district island port suburb county peninsula republic municipality territory enclave"
)
_PARTICIPLES: Final = word_set(
    "led loyal backed armed commanded headed wearing carrying fighting accused suspected protesting demanding working "
    "living stationed holding including seeking opposed allied linked run owned trying waiting fleeing calling wanted"
)
_RELATIVE: Final = word_set("who which whom whose that where when")


def _text(part: Sequence[Word], first: int, last: int, text: str) -> str:
    return " ".join(text[part[first].start : part[last - 1].end].split())


def _owner(items: Sequence[_Item], part: Sequence[Word]) -> Entry | None:
    """Find whose something is among what stands before its head: a body before a state, the first of each."""
    strong: list[Entry] = []
    weak: list[Entry] = []
    for item in items:
        entry = (
            item.match.entry(
                "organisation", "country", "adjective", "people", "region", "capital", "seat", "person", "surname"
            )
            if item.match
            else None
        )
        if entry is None or (entry.role == "people" and entry.country in (None, "ISM")):
            continue
        if entry.role == "surname" and not _owns(item, part):
            # A family name owns only what follows its 's; "No student" and "Lee Han-yeol" are nobody's.
            continue
        if item.first > 0 and part[item.first].hyphen and part[item.first - 1].key in _AGAINST:
            continue
        if item.first > 0 and part[item.first - 1].key == "ethnic" and entry.role in ("adjective", "people"):
            # Ethnic Albanians live in Kosovo or Macedonia; Albania is just where they are not.
            continue
        after = part[item.last] if item.last < len(part) else None
        if after is not None and after.hyphen:
            if after.key in _NOT_ITS_OWN:
                continue
            if after.key in _LOOSELY_ITS_OWN:
                weak.append(entry)
                continue
        strong.append(entry)
    found = strong or weak
    if not found:
        return None
    return found[0]


def _owns(item: _Item, part: Sequence[Word]) -> bool:
    """Whether a family name stands alone before a possessive ("Putin's spokesman", not "Raif Badawi's wife")."""
    before = part[item.first - 1] if item.first else None
    alone = before is None or before.mark or not before.capital
    return alone and item.last < len(part) and (part[item.last].key == "'s" or part[item.last].hyphen)


def _owners(items: Sequence[_Item], part: Sequence[Word]) -> list[Entry]:
    found = []
    for item in items:
        if item.match is None:
            continue
        entry = item.match.entry("organisation", "seat")
        if entry is not None:
            after = part[item.last] if item.last < len(part) else None
            if not (after is not None and after.hyphen and after.key in _NOT_ITS_OWN):
                found.append(entry)
    return found


def _former(items: Iterable[_Item], part: Sequence[Word]) -> bool:
    return any(
        part[index].key in _FORMER
        for item in items
        for index in range(item.first, item.last)
        if not part[index].mark and item.match is None
    )


def _name_run(core: Sequence[_Item], part: Sequence[Word], hints: Hints) -> int:
    """Return the index of the item from which the rest is a run of capitalised words that could be a name."""
    at = len(core)
    while at > 0:
        item = core[at - 1]
        word = part[item.first]
        if word.mark:
            break
        if item.match is None:
            particle = word.key in _PARTICLES and at < len(core)
            if not (word.capital or particle or _second_half(part, item.first)):
                break
        elif item.entries:
            only_person = all(entry.role in ("surname", "person") for entry in item.entries)
            # A place's or a nation's name inside a longer run: "Georgia Meloni", "Israel Katz".
            given = (
                at < len(core)
                and item.last - item.first == 1
                and word.key in _GIVEN_NAMES
                and not _possessive(core, at, part)
            )
            before = core[at - 2] if at > 1 else None
            titled = (
                at < len(core)
                and item.last - item.first == 1
                and not _possessive(core, at, part)
                and before is not None
                and before.office is not None
                and before.office.kind == "person"
                and not title_item_plural(before)
            )
            if not given and at == len(core) and not word.mark and _family_of_a_people(core, at - 1, part):
                at -= 1
                continue
            if at == len(core) and _family_from_a_place(core, at - 1, part):
                at -= 1
                continue
            if not (only_person or given or titled):
                break
            if (given or titled) and not only_person:
                at -= 1
                break
        else:
            # A title that is a family name: "John Major", "Julie Bishop".
            before = core[at - 2] if at > 1 else None
            family = (
                at == len(core)
                and item.last - item.first == 1
                and word.capital
                and before is not None
                and before.match is None
                and part[before.first].capital
                and not part[before.first].mark
                and item.office is not None
                and item.office.kind == "person"
                and not item.office.body
            )
            if not family:
                break
        at -= 1
    return at


def _second_half(part: Sequence[Word], at: int) -> bool:
    """Whether a word is the second half of a given name: the "joung" of "Lee Jae-joung"."""
    word = part[at]
    return word.hyphen and at > 1 and part[at - 1].capital and part[at - 2].capital and word.key not in _AFTER_HYPHENS


def _family_of_a_people(core: Sequence[_Item], at: int, part: Sequence[Word]) -> bool:
    """Whether a singular noun for one of a people is a family name: "Volker Turk"."""
    item, before = core[at], core[at - 1] if at else None
    if item.last - item.first > 1 or before is None or before.match is not None or not part[before.first].capital:
        return False
    given = part[before.first]
    return (
        not given.mark
        and not part[item.first].hyphen
        and given.key not in _NO_GIVEN_NAMES
        and all(entry.role in ("people", "surname", "person") for entry in item.entries)
        and singular(part[item.first].key) == part[item.first].key
    )


def _family_from_a_place(core: Sequence[_Item], at: int, part: Sequence[Word]) -> bool:
    """Whether a place's name after a title, a given name and "de" is a family name: "President Miguel de la Madrid"."""
    first = at
    while first and core[first - 1].match is None and part[core[first - 1].first].key in _OF_PLACES:
        first -= 1
    named = first
    while named and core[named - 1].match is None and part[core[named - 1].first].capital:
        named -= 1
    title = core[named - 1].office if named else None
    plural = bool(named) and title_item_plural(core[named - 1])
    return named < first < at and title is not None and title.kind == "person" and not title.body and not plural


_OF_PLACES: Final = word_set("de la del da di du van von")


def _possessive(core: Sequence[_Item], at: int, part: Sequence[Word]) -> bool:
    return at < len(core) and part[core[at].first].key == "'s"


def _read_core(
    core: list[_Item],
    part: Sequence[Word],
    preposition: str | None,
    post: Sequence[Word],
    text: str,
    gazetteer: Gazetteer,
    hints: Hints,
) -> Phrase:
    last = core[-1]
    former = _former(core[:-1], part)
    kin = last.match.entry("people", "adjective") if last.match and last.first else None
    if kin is not None and part[last.first - 1].key == "ethnic":
        # Ethnic Albanians live in Kosovo or Macedonia; Albania is just where they are not.
        return Phrase(
            "role", None, None, "group", None, ("CVL",), None, Rule.DEMONYM, singular(part[last.last - 1].key), True
        )
    if len(core) == 1 and last.entries:
        # A word alone: the name, unless it is a title in small letters ("president") or reads on ("Speaker of …").
        return _after_name(_named(last, part, text, gazetteer, hints), preposition, post, text, gazetteer, hints)
    place = _known_place(core, part, text, gazetteer, hints)
    if place is not None:
        return place
    if len(core) == 2 and core[0].match is None and part[core[0].first].key in _WATERS and last.entries:
        return _place(_text(part, core[0].first, last.last, text), None, gazetteer)
    if _named_after_a_place(core, part, hints):
        name = _text(part, core[-2].first, last.last, text)
        return Phrase("name", None, name, "person", None, (), None, Rule.NAME)
    same = _apposed(core, part, text, gazetteer, hints)
    if same is not None:
        return same
    run = _name_run(core, part, hints)
    if run < len(core):
        person = _person(core, run, part, preposition, post, text, gazetteer, hints)
        if person is not None:
            return person
    foreign = False
    if last.office is not None and last.entries:
        # "Peru's Congress" is not the Congress of the United States.
        owner = _owner(core[:-1], part)
        foreign = (
            owner is not None and owner.country is not None and all(e.country != owner.country for e in last.entries)
        )
    if last.office is not None and (foreign or not (last.entries and part[last.first].capital)):
        return _role(core, part, preposition, post, text, gazetteer, hints, former)
    if last.entries:
        entry = (
            last.match.entry("country", "seat", "organisation", "person", "capital", "region") if last.match else None
        )
        title = next((item for item in core[:-1] if item.office and item.office.kind == "person"), None)
        if entry is not None and entry.role == "person" and title is not None:
            return _titled(entry, core[: core.index(title) + 1], part, text, gazetteer, hints, former)
        phrase = _named(last, part, text, gazetteer, hints)
        owner = _owner(core[:-1], part)
        if _is_anothers(phrase, owner, core, part):
            assert phrase.entry is not None and owner is not None
            own = replace(phrase.entry, id=f"{phrase.entry.id}:{owner.country}", country=owner.country, wikidata=None)
            return replace(phrase, country=owner.country, entry=own)
        other = _of_another_state(phrase, _owner(core[:-1], part), _text(part, last.first, last.last, text))
        if other is not None:
            return replace(other, name=_text(part, core[0].first, last.last, text))
        if phrase.kind == "person" and phrase.entry and former and phrase.sectors:
            phrase = replace(phrase, sectors=("ELI",), former=True)
        owner = _owner(core[:-1], part)
        if owner is not None and phrase.country is None:
            phrase = replace(phrase, country=owner.country)
        elif owner is not None and phrase.country == "NGO" and owner.kind == "country" and phrase.entry is not None:
            # "The Iranian Red Crescent" is Iran's.
            own = replace(phrase.entry, id=f"{phrase.entry.id}:{owner.country}", country=owner.country, wikidata=None)
            phrase = replace(phrase, country=owner.country, entry=own)
        return _after_name(phrase, preposition, post, text, gazetteer, hints)
    return _unknown(core, part, preposition, post, text, gazetteer, hints)


def _of_another_state(phrase: Phrase, owner: Entry | None, spelt: str) -> Phrase | None:
    """Read "the Russian White House", "Algeria's Security Council": what has the name of another's seat or body."""
    entry = phrase.entry
    if entry is None or owner is None or owner.kind != "country" or owner.country in (None, entry.country):
        return None
    seat = entry.role == "seat" and entry.country not in (*_BODIES_OF_MANY, None) and owner.country not in _GONE
    if not seat and not (entry.country == "UNO" and key(spelt) in _OF_STATES_TOO):
        return None
    return Phrase("name", None, None, "organisation", owner.country, ("GOV",), None, Rule.DEMONYM)


def _is_anothers(phrase: Phrase, owner: Entry | None, core: Sequence[_Item], part: Sequence[Word]) -> bool:
    """Whether an adjective says that a body of some state is here another's: "the Belarusian KGB"."""
    entry = phrase.entry
    if (
        entry is None
        or owner is None
        or entry.role != "organisation"
        or phrase.kind == "person"
        or owner.role != "adjective"
    ):
        return False
    beside = len(core) > 1 and owner in core[-2].entries and not part[core[-1].first].hyphen
    states = owner.kind == "country" and len(entry.country or "") == 3 and entry.country not in SPECIAL_COUNTRIES
    return beside and states and owner.country != entry.country and not {owner.country, entry.country} & _GONE_AND_HEIRS


_GONE_AND_HEIRS: Final = frozenset({"YUG", "SCG", "CSK", "DDR"})
_GONE: Final = frozenset({"SUN", "YUG", "SCG", "CSK", "DDR"})
_OF_STATES_TOO: Final = frozenset({"security council", "human rights council", "secretariat", "trusteeship council"})


def _named_after_a_place(core: Sequence[_Item], part: Sequence[Word], hints: Hints) -> bool:
    """Whether a phrase is a given name and a family name that is a place's: "Denzel Washington"."""
    if len(core) != 2 or core[0].match is not None or part[core[1].first].hyphen:
        return False
    given, family = part[core[0].first], part[core[1].first]
    return (
        core[1].last - core[1].first == 1
        and family.key in _FAMILY_PLACES
        and given.capital
        and not given.mark
        and given.key not in _NO_GIVEN_NAMES
        and hints.kind("country", "place", "organisation") < 0.5
    )


_WATERS: Final = word_set("lake mount gulf cape")
_FAMILY_PLACES: Final = word_set(
    "washington jordan london france ireland israel england chad berlin holland wales scotland houston jackson paris "
    "denver dallas lincoln boston rome sydney lebanon virginia"
)
_NO_GIVEN_NAMES: Final = word_set(
    "greater new old east west north south eastern western northern southern central upper lower downtown inner outer mid "
    "air bank radio port fort mount lake saint st team club daily hotel university college inside near free occupied "
    "royal metropolitan suburban metro gaullist imperial vichy republican modern official neighbouring neighboring the "
    "young old ethnic many some most few every one another fellow "
    "state fc afc real royal lloyds lloyd's bloomsbury city river wartime mainland global unified cool little big"
)


def _known_place(
    core: Sequence[_Item], part: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints
) -> Phrase | None:
    """Read "Oklahoma City" and "Benue state": a place by the list of cities, or by its noun."""
    last = core[-1]
    words_of = [part[index] for item in core for index in range(item.first, item.last)]
    if any(word.mark for word in words_of) or all(item.entries for item in core):
        return None
    capital = all(word.capital for word in words_of)
    name = _text(part, core[0].first, last.last, text)
    person = any(item.office is not None and item.office.kind == "person" for item in core)
    if capital and len(words_of) > 1 and not person and hints.kind("person", "organisation") < 0.5:
        places = gazetteer.places(name)
        if places:
            return _place(name, None, gazetteer)
    head = part[last.last - 1]
    before = core[-2] if len(core) > 1 else None
    region = before is not None and before.match is not None and before.match.entry("region") is not None
    loose = before is not None and before.match is None
    if head.key in _REGION_HEADS and before is not None and (loose or region) and part[before.first].capital:
        owner = _owner(core[:-1], part)
        return _place(name, owner.country if owner else None, gazetteer)
    return None


_REGION_HEADS: Final = word_set(
    "state province region district governorate oblast prefecture department county municipality city town village "
    "island islands valley river mountains peninsula plateau delta airport"
)


def _apposed(
    core: Sequence[_Item], part: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints
) -> Phrase | None:
    """Read "the Tamarod movement", "the Aum Shinrikyo cult", "FARC rebels": a body by name and then by noun."""
    last = core[-1]
    if last.office is None or last.entries or part[last.first].capital or len(core) < 2:
        return None
    head = singular(part[last.last - 1].key)
    if head not in _SAME_AS_NAME or last.last - last.first > 1:
        return None
    before = core[-2]
    entry = before.match.entry("organisation") if before.match else None
    if entry is not None:
        owner = _owner(core[:-2], part)
        found = _from_entry(entry, entry.name, gazetteer, hints)
        return replace(found, country=found.country or (owner.country if owner else None))
    at = len(core) - 1
    while at > 0 and core[at - 1].match is None and _named_word(part[core[at - 1].first]):
        at -= 1
    if at == len(core) - 1 or head not in _NAMED_KINDS:
        return None
    owner = _owner(core[:at], part)
    name = _text(part, core[at].first, core[-1].first, text)
    country = owner.country if owner else None
    return Phrase("name", None, name, "organisation", country, last.office.sectors, None, Rule.OFFICE, head=head)


def _named_word(word: Word) -> bool:
    return word.capital and not word.mark


_SAME_AS_NAME: Final = word_set(
    "movement cult sect group gang party militia rebel guerrilla insurgent separatist network organisation organization "
    "agency newspaper company front union cartel faction brigade magazine broadcaster bank airline syndicate clan"
)
_NAMED_KINDS: Final = word_set(
    "cult sect gang militia newspaper cartel company airline magazine broadcaster syndicate movement group"
)


def _after_name(
    phrase: Phrase, preposition: str | None, post: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints
) -> Phrase:
    if preposition in ("of", "from", "in", "at") and post and phrase.country is None:
        of = _read_part(post, text, gazetteer, hints)
        return replace(phrase, country=of.country)
    if preposition in ("of", "from", "in") and post and phrase.country == "ISM" and phrase.kind == "group":
        # "Muslims in Ahmedabad" are India's.
        of = _read_part(post, text, gazetteer, hints)
        country = of.country or _place_of(of, gazetteer)
        if country is not None and phrase.entry is not None:
            own = replace(phrase.entry, id=f"{phrase.entry.id}:{country}", country=country, wikidata=None)
            return replace(phrase, country=country, entry=own)
    return phrase


def _named(item: _Item, part: Sequence[Word], text: str, gazetteer: Gazetteer, hints: Hints) -> Phrase:
    """Read a phrase whose head is one known name; choose among what the name can be."""
    assert item.match is not None
    spelt = _text(part, item.first, item.last, text)
    entry = choose(item.match.entries, gazetteer, hints)
    if entry.role == "surname" and hints.place and not hints.acts and hints.kind("person") < 0.5:
        return _place(spelt, None, gazetteer)
    if item.office is not None and not part[item.first].capital:
        return _office_phrase(item.office, item.match.plural, None, None, spelt, False)
    if entry.role == "capital" and gazetteer.ended(entry, hints.date):
        # The capital of a state that is no more is a city of today's.
        return _place(spelt, None, gazetteer)
    return _from_entry(entry, spelt, gazetteer, hints)


def choose(entries: Sequence[Entry], gazetteer: Gazetteer, hints: Hints) -> Entry:
    """Choose what an ambiguous name stands for here.

    Args:
        entries: what the tables have under the name, never empty.
        gazetteer: the tables.
        hints: date, roles and the model's guess of the kind.
    """
    entries = gazetteer.standing(entries, hints.date)
    if len(entries) == 1:
        return entries[0]
    user = next((entry for entry in entries if entry.rule == Rule.USER), None)
    if user is not None:
        return user
    by_role: dict[str, Entry] = {}
    for entry in entries:
        by_role.setdefault(entry.role, entry)
    surnames = [entry for entry in entries if entry.role == "surname"]
    if surnames and (len(surnames) == len(entries) or hints.kind("person") > 0.5):
        return holder(surnames, hints.date) or surnames[0]
    for role in ("country", "person", "organisation", "seat", "capital", "region", "people", "adjective"):
        if role in by_role:
            if role == "country" and "capital" in by_role and hints.place:
                return by_role["capital"]
            return by_role[role]
    return entries[0]


def holder(entries: Sequence[Entry], date: dt.date) -> Entry | None:
    """Choose among persons of one name: who held office on the day, else the one who last left it.

    Args:
        entries: persons with the name.
        date: the document's day.

    Returns:
        The person, or None if two held office on the day or nobody held it in the ten years before.
    """
    serving = [entry for entry in entries if any(term.covers(date) for term in entry.terms)]
    if serving:
        return serving[0] if len({entry.id for entry in serving}) == 1 else None
    past = []
    for entry in entries:
        ends = [term.last for term in entry.terms if term.last is not None and term.last < date]
        if ends and (date - max(ends)).days < 3653:
            past.append((max(ends), entry))
    if not past:
        return None
    latest = max(end for end, _ in past)
    best = [entry for end, entry in past if end == latest]
    return best[0] if len({entry.id for entry in best}) == 1 else None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands on a day; `office` begins with "former" when it is one of the past."""

    sectors: tuple[str, ...]
    office: str | None
    country: str | None
    former: bool


def term_on(entry: Entry, date: dt.date) -> Standing:
    """Return where a person with dated terms stands on a day: sectors, office, country, whether out of office.

    Args:
        entry: a person.
        date: the document's day.
    """
    serving = [term for term in entry.terms if term.covers(date)]
    if entry.rule == Rule.LEARNED and not serving:
        # What a report told holds for its time; before and after nothing is known.
        return Standing((), None, None, False)
    if serving:
        latest = max(serving, key=lambda term: term.first or dt.date.min)
        return Standing(latest.sectors, latest.office or None, latest.country or entry.country, False)
    past = [term for term in entry.terms if term.last is not None and term.last < date]
    if past:
        last = max(past, key=lambda term: term.last or dt.date.min)
        soon = next((t for t in entry.terms if t.first is not None and 0 < (t.first - date).days < 60), None)
        if soon is not None:
            # From one office to the next: a few weeks between them make nobody a former official.
            return Standing(soon.sectors, last.office or None, last.country or entry.country, False)
        country = last.country or entry.country
        if country in _BODIES_OF_MANY:
            # Who has left the African Union's chair is of his own state again.
            own = [term.country for term in entry.terms if term.country and term.country not in _BODIES_OF_MANY]
            country = own[-1] if own else country
        return Standing(("ELI",), f"former {last.office}" if last.office else None, country, True)
    first = min(entry.terms, key=lambda term: term.first or dt.date.min) if entry.terms else None
    return Standing((), None, (first.country if first else None) or entry.country, False)


def _from_entry(entry: Entry, spelt: str, gazetteer: Gazetteer, hints: Hints) -> Phrase:
    if entry.role in ("person", "surname"):
        now = term_on(entry, hints.date)
        sectors = now.sectors if entry.terms else entry.sectors
        return Phrase(
            "name", entry, entry.name if entry.role == "person" else spelt, "person", now.country, sectors, now.office,
            entry.rule, former=now.former, woman=True if entry.woman else None,
        )  # fmt: skip
    if entry.role in ("people", "adjective"):
        if entry.role == "adjective" or entry.kind not in ("country", "place"):
            kind: EntityKind = entry.kind
            return Phrase("name", entry, entry.name, kind, entry.country, entry.sectors, None, entry.rule)
        # "Russians", "a Briton": people of the country, not the state.
        return Phrase(
            "role",
            None,
            None,
            "group",
            entry.country,
            (*entry.sectors, "CVL"),
            None,
            Rule.DEMONYM,
            singular(spelt.casefold()),
            spelt.endswith(("s", "men")),
        )
    sectors, country = entry.sectors, entry.country
    if entry.terms:
        term = next((term for term in reversed(entry.terms) if term.covers(hints.date)), None)
        sectors, country = (term.sectors, term.country or country) if term else ((), country)
    return Phrase("name", entry, entry.name, entry.kind, country, sectors, None, entry.rule)


def _office_phrase(
    office: Office, plural: bool, owner: Entry | None, body: Entry | None, title: str, former: bool
) -> Phrase:
    sectors = office.sectors
    if office.body:
        if body is not None and body.role in ("organisation", "seat") and body.kind != "country":
            sectors = body.sectors
        elif body is not None and body.sectors and body.role not in ("person", "surname"):
            sectors = (*body.sectors, *[s for s in sectors if s not in body.sectors])
    elif body is not None and body.sectors[:1] == ("REB",) and sectors[:1] == ("GOV",):
        # The Taliban's negotiator, Hamas's minister: of those who send him.
        sectors = body.sectors
    elif body is not None and sectors[:1] == ("GOV",) and _presides(title) and body.sectors[:1] in _PRESIDED:
        sectors = body.sectors
    country = owner.country if owner else None
    if "nuncio" in office.title.split():
        country = "VAT"
    of_a_state = False
    if country == "GEO" and owner is not None and owner.role == "country" and key(title) in _OF_AMERICAN_STATES:
        # Georgia the country has no secretary of state.
        country, of_a_state = "USA", True
    if owner is not None and owner is not body and "PRE" in owner.sectors and "PRE" not in sectors:
        sectors = ("PRE", *sectors)
    below = owner.id if owner is not None and (of_a_state or _below_a_state(owner)) else None
    return Phrase(
        "role", None, None, "group" if plural and office.kind == "person" else office.kind, country,
        sectors, title, Rule.OFFICE, singular(title.casefold().rsplit(" ", 1)[-1]), plural, former=former, body=body,
        below=below,
    )  # fmt: skip


_OF_AMERICAN_STATES: Final = frozenset(
    {
        "secretary of state", "lieutenant governor", "lt governor", "lt gov", "state senator", "state senators",
        "state representative", "state representatives", "state lawmaker", "state lawmakers", "state legislature", "state legislator",
        "state legislators", "state trooper", "state troopers", "gubernatorial candidate", "district attorney", "sheriff",
        "congressman", "congresswoman", "governor", "gov", "state senate", "state house", "senator", "sen", "republicans",
        "republican", "democrats", "democrat",
    }
)  # fmt: skip


def _below_a_state(entry: Entry) -> bool:
    """Whether what is named is a region or dependency of the state whose code it has."""
    dependency = entry.kind == "country" and entry.id != f"country:{entry.country}"
    return dependency or (entry.kind in ("place", "group") and entry.role in ("region", "adjective", "people"))


def _presides(title: str) -> bool:
    """Whether a title is one that companies, unions and universities have as states do."""
    return key(title).split(" ")[-1] in ("president", "presidents", "chancellor", "governor", "premier", "rector")


_PRESIDED: Final = frozenset({(name,) for name in "BUS LAB EDU JRN SOC REL MED AGR CVL PTY JUD LEG".split()})


def _retired(sectors: tuple[str, ...], title: str | None) -> tuple[str, ...]:
    """A former official is of the elite; a former soldier, policeman or spy only if of high rank."""
    first = sectors[0] if sectors else ""
    high = bool(_HIGH & set((title or "").casefold().split()))
    if first in ("GOV", "LEG", "JUD", "PTY") or (first in ("MIL", "COP", "SPY") and high):
        return ("ELI",)
    return sectors


_HIGH: Final = word_set(
    "chief general gen adm lt maj brig admiral marshal commander director head leader commissioner spymaster boss"
)


def _gender(keys: Iterable[str]) -> bool | None:
    found = set(keys)
    if found & (_WOMEN | _WOMEN_ROLES):
        return True
    if found & (_MEN | _MEN_ROLES):
        return False
    return None


def _titled(
    entry: Entry,
    items: Sequence[_Item],
    part: Sequence[Word],
    text: str,
    gazetteer: Gazetteer,
    hints: Hints,
    former: bool,
) -> Phrase:
    """A known person under a title: the text's title goes before the table's, the table's country before a guess."""
    title = items[-1]
    assert title.office is not None
    spelt = _text(part, items[0].first, title.last, text)
    owner = _owner(items[:-1], part)
    role = _office_phrase(
        title.office, False, owner, _body(items, part), _text(part, title.first, title.last, text), former
    )
    sectors = _retired(role.sectors, role.title) if former or entry.country is None else role.sectors
    now = term_on(entry, hints.date)
    if (now.office and key(now.office) == key(role.title or "")) or _outranked(sectors, role.title, now, former):
        sectors = now.sectors
    country = now.country or role.country
    sex = _gender(spelt.casefold().split())
    return Phrase(
        "name", entry, entry.name, "person", country, sectors or entry.sectors, role.title, Rule.OFFICE_HOLDER if entry.terms else Rule.NAME,
        former=former, body=role.body, woman=True if entry.woman else sex,
    )  # fmt: skip


def _outranked(sectors: tuple[str, ...], title: str | None, now: Standing, former: bool) -> bool:
    """Whether what a person is goes before a scholar's title: Mullah Baradar leads rebels."""
    words_of = set(key(title or "").split(" "))
    return sectors[:1] == ("REL",) and words_of <= _SCHOLARS and bool(now.sectors) and not (former or now.former)


_SCHOLARS: Final = word_set("mullah mulla maulana maulvi mawlawi sheikh shaikh ayatollah grand hojatoleslam mufti imam")


def _body(items: Sequence[_Item], part: Sequence[Word]) -> Entry | None:
    bodies = _owners(items, part)
    return bodies[-1] if bodies else None


def _person(
    core: list[_Item],
    run: int,
    part: Sequence[Word],
    preposition: str | None,
    post: Sequence[Word],
    text: str,
    gazetteer: Gazetteer,
    hints: Hints,
) -> Phrase | None:
    """Read "Chinese President Xi Jinping", "Mr. Le", "rebel commander John Garang", "John Garang of the SPLA"."""
    before = core[:run]
    names = core[run:]
    first, last = names[0].first, names[-1].last
    honorific = None
    if part[first].key in _HONORIFICS and last - first > 1:
        honorific = part[first].key
        first += 1
        while first < last and part[first].mark:
            first += 1
        names = [item for item in names if item.first >= first]
    while first < last - 1 and part[first].key in _FORMER:
        first += 1
    if first >= last:
        return None
    title_item = before[-1] if before else None
    title = title_item.office if title_item else None
    loose = last - first
    last_key = part[last - 1].key
    name = _text(part, first, last, text)
    plain_organisation = last_key in _ORGANISATION_HEADS and loose > 0 and not (title and title.kind == "person")
    plain_place = last_key in _PLACE_HEADS and loose > 1
    known = names[0].match.entries if len(names) == 1 and names[0].match and names[0].entries else ()
    entry = None
    if known:
        entry = (
            choose(known, gazetteer, hints)
            if any(e.role == "person" for e in known)
            else holder([e for e in known if e.role == "surname"], hints.date)
        )
    if (plain_organisation or plain_place) and not honorific and entry is None:
        return None
    likely = hints.kind("person")
    other = hints.kind("organisation", "group", "place", "country", "other")
    if title is not None and title.kind == "person" and not title_item_plural(title_item):
        sure = True
    elif honorific:
        sure = True
    elif title is not None and title.kind == "organisation" and title_item is not None:
        # "oil company Rosneft", "the newspaper Kommersant", "rebel group Ansaru": the name of a body.
        owner = _owner(before[:-1], part)
        of_body = title.sectors or (owner.sectors if owner else ())
        if part[title_item.first].capital and not part[title_item.first - 1 : title_item.first]:
            name = _text(part, title_item.first, last, text)
        return Phrase(
            "name",
            entry,
            entry.name if entry else name,
            "organisation",
            owner.country if owner else None,
            of_body,
            None,
            Rule.OFFICE,
        )
    elif entry is not None:
        sure = likely >= other
    else:
        owner = _owner(before, part)
        if (
            owner is not None
            and title is None
            and before
            and part[before[-1].last - 1].key != "'s"
            and owner.role in ("country", "region", "capital")
            and likely < 0.5
        ):
            return None
        places = gazetteer.places(name) if not before and likely < 0.5 else ()
        if places and not _looks_given(names, part):
            return None
        if last_key in ("army", "brigade"):
            return None
        sure = likely > other or (not hints.kinds and (loose >= 2 or entry is not None))
    if not sure:
        return None
    owner = _owner(before[:-1] if title else before, part)
    body = _body(before, part)
    former = _former(before, part)
    sectors: tuple[str, ...] = ()
    spelt_title = None
    country = owner.country if owner else None
    rule = Rule.NAME
    if title is not None and title_item is not None:
        role = _office_phrase(title, False, owner, body, _text(part, title_item.first, title_item.last, text), former)
        sectors, spelt_title, rule = role.sectors, role.title, Rule.OFFICE
        if former:
            sectors = _retired(sectors, spelt_title)
    elif body is not None:
        sectors, country, rule = body.sectors, body.country, Rule.OFFICE
    if post and preposition in ("of", "from", "at", "for", "with") and (not sectors or country is None):
        of = _read_part(post, text, gazetteer, hints)
        if of.form != "other":
            country = country or of.country or _place_of(of, gazetteer)
            if sectors:
                pass
            elif of.kind in ("organisation", "group") or of.form == "role":
                sectors, rule = of.sectors, Rule.OFFICE
    woman = _gender([honorific or "", *(part[i].key for item in before for i in range(item.first, item.last))])
    served = _read_part(post, text, gazetteer, hints) if post and preposition in ("of", "at", "for") else None
    if served is not None and (served.entry is None or served.country not in _BODIES_OF_MANY or title is None):
        served = None
    if entry is not None:
        now = term_on(entry, hints.date)
        country = now.country or country
        if not sectors:
            sectors, spelt_title, former = now.sectors if entry.terms else entry.sectors, now.office, now.former
            rule = entry.rule
        elif entry.terms and _outranked(sectors, spelt_title, now, former):
            sectors = now.sectors
        woman = True if entry.woman else woman
    if served is not None:
        # "Secretary-General Kirchner of UNASUR": there he is no state's.
        country = served.country
    return Phrase(
        "name", entry, entry.name if entry is not None and entry.role == "person" else name, "person", country, sectors,
        spelt_title, rule, former=former, body=body, woman=woman,
    )  # fmt: skip


_BODIES_OF_MANY: Final = frozenset({"UNO", "IGO", "EUR"})


def _place_of(phrase: Phrase, gazetteer: Gazetteer) -> str | None:
    """The country of a place that is told apart by nothing: that of the most populous of the name."""
    places = gazetteer.places(phrase.name or "") if phrase.kind == "place" else ()
    return places[0].country if places else None


def title_item_plural(item: _Item | None) -> bool:
    """Whether a title stands in the plural ("ministers Lavrov and Kuleba")."""
    return bool(item and item.match and item.match.plural)


def _looks_given(names: Sequence[_Item], part: Sequence[Word]) -> bool:
    return len(names) > 1 and part[names[0].first].key in _GIVEN_NAMES


def _role(
    core: list[_Item],
    part: Sequence[Word],
    preposition: str | None,
    post: Sequence[Word],
    text: str,
    gazetteer: Gazetteer,
    hints: Hints,
    former: bool,
) -> Phrase:
    """Read a phrase whose head is a title or role noun, with whose it is from what stands around it."""
    last = core[-1]
    assert last.match is not None and last.office is not None
    office = last.office
    owner = _owner(core[:-1], part)
    body = _body(core[:-1], part)
    spelt = _text(part, last.first, last.last, text)
    sectors: tuple[str, ...] | None = None
    if body is None and office.body:
        # The body may itself be a common noun: "army spokesman", "union leader", "Foreign Ministry official".
        common = next(
            (
                i.office
                for i in reversed(core[:-1])
                if i.office is not None and i.office.sectors and not _stands_off(i, part)
            ),
            None,
        )
        if common is not None:
            sectors = common.sectors
            if common.body:
                sectors = None
    of: Phrase | None = None
    if post and preposition in ("of", "from", "for", "at", "with", "in", "on", "to", "near", "inside", "under"):
        of = _read_part(post, text, gazetteer, hints)
    phrase = _office_phrase(office, last.match.plural, owner, body, spelt, former)
    if owner is None:
        phrase = replace(phrase, country=phrase.country or _city_country(core[:-1], part, text, gazetteer))
    elif owner.country == "EUR" and phrase.sectors[:1] == ("CVL",) and any(word.key == "european" for word in part):
        # European diplomats are the Union's, European women of some state.
        phrase = replace(phrase, country=None)
    if (
        body is not None
        and office.sectors[:1] in (("UAF",), ("REB",), ("MIL",))
        and body.sectors[:1] in (("REB",), ("PRM",))
    ):
        phrase = replace(phrase, sectors=body.sectors)
    if body is not None and body.sectors[:1] == ("BUS",) and office.sectors[:1] == ("MIL",):
        # "Lufthansa pilots", "Maersk captains": of a company, not of an army.
        phrase = replace(phrase, sectors=("LAB",))
    if office.kind == "organisation" and singular(part[last.last - 1].key) in _COUNCILS:
        inside = {word.key for word in (*part[core[0].first : last.last], *post)}
        if inside & _FAITHS and not inside & _OF_RULE:
            phrase = replace(phrase, sectors=("REL",))
        elif singular(part[last.last - 1].key) in ("federation", "confederation", "association") and of is not None:
            joined = _of_members(word.key for word in post) if preposition == "of" else ()
            phrase = replace(phrase, sectors=joined or phrase.sectors)
    if phrase.kind == "country" or office.kind == "country":
        state = owner if owner and owner.kind == "country" else None
        country = phrase.country if state else None
        if of is not None and preposition == "of" and of.entry is not None and of.entry.kind in ("country", "place"):
            return replace(of, definite=True)
        return Phrase(
            "role",
            None,
            None,
            "country",
            country,
            (),
            None,
            Rule.NONE,
            singular(part[last.last - 1].key),
            last.match.plural,
        )
    if sectors is not None:
        phrase = replace(phrase, sectors=sectors)
    if of is not None and preposition is not None:
        phrase = _with_of(phrase, office, of, preposition, sectors is not None or body is not None, gazetteer)
    if former and phrase.kind in ("person", "group"):
        phrase = replace(phrase, sectors=_retired(phrase.sectors, phrase.title))
    capital = all(
        part[i].capital
        for item in core
        for i in range(item.first, item.last)
        if not part[i].mark and part[i].key not in ("the", "of", "for", "and", "&")
    )
    woman = _gender(part[i].key for i in range(last.first, last.last))
    phrase = replace(phrase, woman=woman)
    loose = [
        item for item in core[:-1] if item.match is None and part[item.first].capital and not part[item.first].mark
    ]
    if office.kind == "organisation" and capital and loose and part[last.first].capital:
        # Capitalised words the tables do not know before a body's noun: a proper name.
        end = core[-1].last
        name = _text(part, core[0].first, end, text)
        if preposition == "of" and post and post[0].capital:
            name = _text(part, core[0].first, len(part), text)
        head = part[end - 1].key
        listed = _listed_sector(head, name)
        chosen = phrase.sectors if phrase.sectors and not (listed and office.body) else (listed,) if listed else ()
        return replace(phrase, form="name", name=name, kind="organisation", sectors=chosen, title=None)
    if (
        office.kind == "organisation" and part[last.first].capital and last.last - last.first == 1
        and preposition == "of" and post and post[0].capital
        and part[last.first].key not in ("government", "ministry", "parliament", "army", "state", "council")
    ):  # fmt: skip
        # "University of Geosciences", "Bank of Cyprus": the of-phrase belongs to the name.
        return replace(phrase, form="name", name=_text(part, core[0].first, len(part), text), title=None)
    if part[core[0].first].key in _NOT_NATIONAL or part[last.last - 1].key in _NOT_NATIONAL:
        return replace(phrase, country=None, kind="other", sectors=())
    return phrase


def _of_members(words_in: Iterable[str]) -> tuple[str, ...]:
    """The sector of an association, by whom it says it joins."""
    found = set(words_in)
    return next(((sector,) for sector, names in _MEMBERS if found & names), ())


_MEMBERS: Final = (
    (
        "LAB",
        word_set(
            "workers labour labor unions union miners mineworkers teachers employees railwaymen dockers seafarers"
        ),
    ),
    (
        "BUS",
        word_set(
            "industry industries business businesses employers manufacturers commerce chambers bankers banks exporters"
        ),
    ),
    ("AGR", word_set("farmers peasants growers agriculture agricultural ranchers herders")),
    ("JRN", word_set("journalists press editors reporters broadcasters newspapers publishers")),
    ("MED", word_set("doctors medical nurses physicians")),
    ("EDU", word_set("students professors academics")),
)


_COUNCILS: Final = word_set("council board committee conference confederation federation association assembly synod")
_FAITHS: Final = word_set(
    "muslim muslims christian christians catholic orthodox jewish buddhist hindu sikh protestant evangelical lutheran anglican "
    "bishops churches rabbis clerics ulema ulama imams methodist baptist"
)
_OF_RULE: Final = word_set(
    "parliamentary parliament government ministry security revolutionary command defence defense military"
)


def _city_country(items: Sequence[_Item], part: Sequence[Word], text: str, gazetteer: Gazetteer) -> str | None:
    """The country of a city that stands before a role noun: "Boston police", "New York firefighters"."""
    run = [item for item in items if item.match is None and part[item.first].capital and not part[item.first].mark]
    if not run or run[-1].last - run[0].first != len(run):
        return None
    places = gazetteer.places(_text(part, run[0].first, run[-1].last, text))
    # A capital letter at the front may be the sentence's: "Forest owners".
    least = 100_000 if run[0].first == 0 and len(run) == 1 else 50_000
    return places[0].country if places and places[0].population >= least else None


def _stands_off(item: _Item, part: Sequence[Word]) -> bool:
    after = part[item.last] if item.last < len(part) else None
    return after is not None and after.hyphen and after.key in _NOT_ITS_OWN


def _with_of(
    phrase: Phrase, office: Office, of: Phrase, preposition: str, has_body: bool, gazetteer: Gazetteer
) -> Phrase:
    """Add what an of-phrase says: "president of Kenya", "leader of Hezbollah", "officials in Washington"."""
    country = phrase.country
    abroad = set(office.title.split()) & {
        "ambassador",
        "envoy",
        "representative",
        "embassy",
        "consulate",
        "mission",
        "attache",
        "nuncio",
        "emissary",
        "mediator",
        "coordinator",
    }
    if country is None and not (abroad and preposition in ("to", "for", "in", "on", "at")) and preposition != "to":
        country = of.country or _place_of(of, gazetteer)
    sectors, body = phrase.sectors, phrase.body
    if (
        office.body
        and not has_body
        and preposition in ("of", "from", "for", "at", "with")
        and of.form in ("name", "role")
    ):
        group = of.kind in ("organisation", "group")
        if group and of.entry is not None and of.entry.role != "capital":
            sectors, body = of.sectors, of.entry
        elif group and of.sectors:
            sectors = of.sectors
    elif not office.body and preposition in ("of", "at", "for") and _presides(phrase.title or ""):
        entry = of.entry
        if of.kind == "organisation" and (entry is None or entry.role == "organisation"):
            # "The president of Gazprom", "the president of the Supreme Court".
            if of.sectors[:1] in _PRESIDED:
                sectors = of.sectors
            elif entry is not None and entry.country in ("NGO", "MNC") and sectors[:1] == ("GOV",):
                sectors = ()
            below = (entry.id if entry else of.name or of.title) if sectors != phrase.sectors else None
            return replace(phrase, country=country, sectors=sectors, body=entry, below=below)
        if entry is not None and _below_a_state(entry):
            return replace(phrase, country=country, below=entry.id)
    return replace(phrase, country=country, sectors=sectors, body=body)


def _unknown(
    core: list[_Item],
    part: Sequence[Word],
    preposition: str | None,
    post: Sequence[Word],
    text: str,
    gazetteer: Gazetteer,
    hints: Hints,
) -> Phrase:
    """Read a phrase whose head the tables do not know: an unknown proper name, or some noun of somebody's."""
    last = core[-1]
    head = part[last.last - 1]
    owner = _owner(core, part)
    country = owner.country if owner else None
    first = core[0].first
    name = _text(part, first, last.last, text)
    capital = (head.capital or _second_half(part, last.last - 1)) and last.match is None
    of = _read_part(post, text, gazetteer, hints) if post and preposition in ("of", "from", "in", "at", "for") else None
    extended = preposition in ("of", "for") and bool(post) and post[0].capital and capital
    if head.key in _NOT_NATIONAL:
        return Phrase("other", None, name, "other", None, head=singular(head.key))
    owned = any(part[item.first].key == "'s" for item in core)
    if (capital and not owned) or (capital and owned and owner is None):
        if (
            (head.key in _PLACE_HEADS and head.key not in _ORGANISATION_HEADS)
            or head.key in _ONLY_PLACE
            or part[first].key in ("mount", "lake", "cape", "port", "fort")
        ):
            return _place(name, country, gazetteer)
        listed = _listed_sector(head.key, name)
        if head.key in _ORGANISATION_HEADS or extended or (len(core) > 1 and owner is not None):
            if extended:
                name = _text(part, first, len(part), text)
                country = country or (of.country if of else None)
            own: tuple[str, ...] = (listed,) if listed else ()
            if owner is not None and owner.role in ("organisation", "seat") and owner.sectors and not own:
                own = owner.sectors
            return Phrase("name", None, name, "organisation", country, own, None, Rule.NAME)
        places = gazetteer.places(name)
        if places and hints.kind("person") < 0.5 and hints.kind("organisation", "group") < 0.6:
            return _place(name, country, gazetteer)
        kind = max(hints.kinds, key=lambda item: item[1])[0] if hints.kinds else None
        if kind is None and hints.place and not hints.acts:
            kind = "place"
        if kind == "place":
            return _place(name, country, gazetteer)
        if country is None and of is not None and of.entry is not None and of.entry.role == "organisation":
            # "Hardliners in the State Duma".
            country = of.country
        known: EntityKind | None = kind if kind in ("person", "organisation", "group", "other") else None  # type: ignore[assignment]
        return Phrase("name", None, name, known, country, (), None, Rule.NAME if kind else Rule.NONE)
    if capital and owned:
        # "Russia's Navalny", "Germany's Siemens".
        at = max(index for index, item in enumerate(core) if part[item.first].key == "'s") + 1
        name = _text(part, core[at].first, last.last, text)
        kind = max(hints.kinds, key=lambda item: item[1])[0] if hints.kinds else None
        known = kind if kind in ("person", "organisation", "group", "other", "place") else None  # type: ignore[assignment]
        listed = _ORGANISATION_SECTORS.get(head.key)
        return Phrase("name", None, name, known, country, (listed,) if listed else (), None, Rule.NAME)
    # A common noun the tables do not know; its last known role noun may still tell the sector.
    inner = next((item for item in reversed(core) if item.office is not None), None)
    sectors: tuple[str, ...] = ()
    if (
        inner is not None
        and inner.office is not None
        and inner.office.kind == "person"
        and not inner.office.body
        and head.key in _GROUP_NOUNS
    ):
        sectors = inner.office.sectors
    body = _body(core, part)
    served = of.entry if of is not None and of.entry is not None and of.entry.role == "organisation" else None
    if country is None and of is not None and (preposition in ("of", "from") or served is not None):
        # "Hardliners in the State Duma".
        country = of.country
    if body is not None and not sectors:
        sectors = body.sectors
    kind_guess = max(hints.kinds, key=lambda item: item[1])[0] if hints.kinds else None
    known = kind_guess if kind_guess in ("person", "country", "organisation", "group", "place", "other") else None  # type: ignore[assignment]
    return Phrase(
        "other", None, None, known, country, sectors, None, Rule.DEMONYM if owner else Rule.NONE, singular(head.key),
        singular(head.key) != head.key, body=body,
    )  # fmt: skip


_GROUP_NOUNS: Final = word_set("forces units groups fighters members crews ranks leaders")


def _place(name: str, country: str | None, gazetteer: Gazetteer) -> Phrase:
    """A place by name; its country only where no other place of the name is a fifth as populous."""
    places = gazetteer.places(name)
    front, _, noun = name.rpartition(" ")
    if country is None and not places and front and noun in _REGION_HEADS:
        # "Yeonpyeong island", "the Panjshir valley".
        country = gazetteer.region_country(front)
        places = () if country else gazetteer.places(front)
    if country is None and places:
        rival = max((place.population for place in places if place.country != places[0].country), default=0)
        if rival * 5 <= places[0].population:
            country = places[0].country
    if country is None and not places:
        country = gazetteer.region_country(name)
    return Phrase("name", None, name, "place", country, (), None, Rule.PLACE)


def _join(read: list[Phrase], text: str, gazetteer: Gazetteer) -> Phrase:
    """Join the parts of an apposition: the one with a proper name is the entity, the others describe it."""
    if len(read) == 1:
        return read[0]
    named = [phrase for phrase in read if phrase.form == "name"]
    first = read[0]
    if first.kind == "place" or (
        first.form == "name"
        and first.entry is not None
        and first.entry.role in ("capital", "region")
        and len(named) > 1
    ):
        # "Portland, Oregon": the second name says where the first lies.
        where = next(
            (p for p in read[1:] if p.form == "name" and p.entry is not None and p.entry.kind in ("country", "place")),
            None,
        )
        if where is not None and first.name is not None:
            return replace(first, country=where.country, rule=Rule.PLACE, kind="place", entry=None, sectors=())
        return first
    base = next((p for p in named if p.kind == "person"), None)
    if base is None:
        base = first
        if (
            first.form == "role"
            and named
            and first.kind in ("person", "organisation")
            and named[0].kind in (None, "person", "organisation", "group")
        ):
            base = named[0]
    result = base
    for other in read:
        if other is base:
            continue
        if (
            other.form == "name"
            and base.form == "name"
            and other.name
            and len(other.keys or {other.name}) == 1
            and _is_short(other.name, base)
        ):
            result = replace(result, alias=other.name)
            continue
        if other.form == "role" and other.kind in ("person", "group", "organisation", None):
            result = replace(
                result,
                kind=result.kind or other.kind,
                country=other.country if _serves_many(result, other) else result.country or other.country,
                sectors=_joined_sectors(result, other),
                title=other.title if result.kind == "person" and result.title is None else result.title,
                body=result.body or other.body,
                woman=result.woman if result.woman is not None else other.woman,
                former=result.former or other.former,
                rule=Rule.OFFICE if result.entry is None else result.rule,
            )
        elif other.form == "name" and base.form == "role" and other.name and other.name.isupper():
            result = replace(result, alias=other.name)
        elif other.form == "name" and result.country is None and other.kind in ("country", "place") and other.country:
            result = replace(result, country=other.country)
    return replace(result, definite=first.definite, number=first.number)


def _serves_many(named: Phrase, described: Phrase) -> bool:
    """Whether an apposition says that one of some state serves a body of many: "the U.N. commander, Polish General …"."""
    return named.entry is None and described.country in _BODIES_OF_MANY and described.kind == "person"


def _joined_sectors(named: Phrase, described: Phrase) -> tuple[str, ...]:
    """Choose between what a name's entry and the apposition say; "the former vice president" goes before all."""
    if described.former and named.kind == "person":
        retired = _retired(described.sectors, described.title)
        if retired == ("ELI",):
            return retired
    return described.sectors if described.sectors and (named.entry is None or not named.sectors) else named.sectors


def _is_short(name: str, base: Phrase) -> bool:
    letters = name.replace(".", "")
    return letters.isupper() and 2 <= len(letters) <= 8 and base.kind != "person"
