"""The language of a text: by its script, and in the Latin script by its commonest words.

English must be told from the rest: only it is coded. A word list a language suffices for that on whole reports;
identifiers with learned models need megabytes, and pickles, for the same answer. Figures stand in docs/reading.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

_LOOKED_AT: Final = 6_000
_FEWEST: Final = 3
"""So many different common words of another language must stand in a text that is not to be English."""

_SCRIPTS: Final[Mapping[str, str]] = {
    "latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f",
    "arabic": "\u0620-\u06ff\u0750-\u077f",
    "han": "\u3400-\u9fff",
    "kana": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "he": "\u0590-\u05ff",
    "el": "\u0370-\u03ff",
    "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff",
    "pa": "\u0a00-\u0a7f",
    "gu": "\u0a80-\u0aff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "si": "\u0d80-\u0dff",
    "th": "\u0e00-\u0e7f",
    "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
    "am": "\u1200-\u137f",
    "km": "\u1780-\u17ff",
}
_COUNTED: Final = {script: re.compile(f"[{ranges}]") for script, ranges in _SCRIPTS.items()}

_WORDS: Final[Mapping[str, str]] = {
    "en": "the of and to in a is that for on with was as by at from said has have had his her it he they this"
    " are were be an will who their after not but which its would been",
    "es": "el la los las de del que y en un una por con para se su al es lo como más fue ha sus pero según "
    "este dijo entre también sobre",
    "pt": "o a os as de do da dos das que e em um uma por com para se no na não é ao foi mais como são pelo "
    "pela também disse entre sobre",
    "fr": "le la les de des du que et en un une pour dans par sur est au aux qui pas ce cette avec plus son "
    "ses été ont selon mais a l d",
    "it": "il lo la i gli le di del della dei delle che e in un una per con è al alla non si sono ha da nel "
    "nella anche più dal questo ma",
    "ro": "și de la în a cu pe nu să din că o un este care pentru mai sunt al ale au fost prin după către",
    "ca": "el la els les de del que i en un una per amb és al als no es ha seva aquest com més però també dels",
    "de": "der die das und in den von zu mit ist des im für auf dem nicht ein eine sich als auch es an werden"
    " aus nach bei hat wird sei wurde dass",
    "nl": "de het een van en in is dat op te voor met zijn niet aan er die als door bij ook naar maar om "
    "heeft werd worden tot hij uit",
    "sv": "och i att det som en på är av för med den till har inte om ett de var från vid han men efter sig "
    "kan ska enligt",
    "da": "og i at det som en på er af for med den til har ikke om et de var fra ved han men efter sig kan "
    "skal ifølge blev af også",
    "no": "og i at det som en på er av for med den til har ikke om et de var fra ved han men etter seg kan "
    "skal ifølge ble også",
    "fi": "ja on ei että se oli hän mutta myös kun joka ovat ole sekä mukaan kuin tai jo ovat jossa sanoi vuonna",
    "et": "ja on ei et see oli ta aga ka kui mis kes ning oma selle või pole ütles eesti aasta",
    "hu": "a az és hogy nem egy is volt meg ez de azt már csak mint szerint van el ki között után magyar",
    "pl": "w i na z do że się nie jest to o za po od przez dla oraz jak ale jego został przed tym są który która",
    "cs": "a v na se že je s z do o i pro za ve by jako po od podle ale také který která byl jsou už které při",
    "sk": "a v na sa že je s z do o aj pre za vo by ako po od podľa ale tiež ktorý ktorá bol sú už ktoré pri",
    "sl": "in je v na da se za so z s po ki tudi ne pa bi o do pri od kot iz ter že bo",
    "hr": "i je u na da se za su od s o iz koji koja kao ali ne bi što nije te će prema kako bio ili nakon",
    "tr": "ve bir bu da de için ile olarak çok daha olan sonra kadar gibi ise en göre ancak olduğu dedi etti "
    "değil her ya",
    "az": "və bir bu ilə üçün olan də da ki daha onun sonra edib görə olaraq bildirib həm",
    "id": "yang dan di ke dari ini itu dengan untuk pada tidak dalam akan telah oleh juga adalah kata sebagai"
    " ada mereka karena bahwa kepada",
    "vi": "và của là có trong được cho các với không những một người này đã đến khi từ ngày cũng tại về",
    "sw": "na ya wa kwa ni katika za la kuwa hiyo huo hii alisema yake baada watu nchi pia kama cha vya lakini",
    "sq": "dhe të në e i një për me që nga është se ka si nuk por kjo tha nga janë ishte",
    "lt": "ir į iš kad su yra bet tai po prie per buvo ar kaip taip pat apie nuo už jo teigė",
    "lv": "un ir ar par no ka uz kas bija bet pie pēc arī lai kā tika gan vai līdz tas",
    "tl": "ang ng sa mga na ay at ni si para hindi ito kay nang may niya siya ayon din rin",
    "so": "oo ka ku iyo ee in uu ay waxa soo la ayaa si loo waxaa",
    "ha": "da a na ta ya ba cikin wani shi sun don kuma ce ga yi mai wannan",
    "ms": "yang dan di ke dari ini itu dengan untuk pada tidak dalam akan telah oleh juga adalah kata sebagai"
    " beliau kerana ialah berkata bagi",
}
_LISTS: Final = {language: frozenset(words.split()) for language, words in _WORDS.items()}


CODED: Final = "en"
"""The language that the coder reads; reports in others are kept, marked with theirs, and give no event."""


def not_coded(found: Mapping[str, int]) -> str:
    """Return a line on reports that were kept and not coded: how many, and in which languages.

    Args:
        found: code of a language → how many reports; at least one.
    """
    told = ", ".join(f"{count} {code}" for code, count in sorted(found.items(), key=lambda item: (-item[1], item[0])))
    many = sum(found.values())
    whose = "1 report is" if many == 1 else f"{many} reports are"
    return f"{whose} not in English ({told}): kept with the language, not coded, since the coder reads English alone"


def language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language, as far as scripts and common words tell.

    Args:
        text: a report; its first 6,000 characters are looked at.

    Returns:
        A code; "en" too where a Latin text has too few common words of any language (a headline of names);
        "und" without a letter.
    """
    start = text[:_LOOKED_AT]
    head = start.lower()
    counts = Counter({script: len(pattern.findall(head)) for script, pattern in _COUNTED.items()})
    script, most = counts.most_common(1)[0]
    if not most:
        return "und"
    if counts["kana"] * 10 > counts["han"] + counts["kana"] and script in ("han", "kana"):
        return "ja"
    if script == "han":
        return "zh"
    if script == "cyrillic":
        return _cyrillic(head)
    if script == "arabic":
        return "ur" if re.search("[ٹڈڑےں]", head) else "fa" if len(re.findall("[پچژگیک]", head)) * 12 > most else "ar"
    return _latin(start) if script == "latin" else script


def _cyrillic(head: str) -> str:
    for letters, code in (("ўѣ", "be"), ("әғқңөұһ", "kk"), ("ѓќѕ", "mk"), ("ђћљњџ", "sr"), ("їєґ", "uk")):
        if len(re.findall(f"[{letters}]", head)) * 300 > len(head):
            return code
    return "bg" if "ъ" in head and not re.search("[ыэё]", head) and head.count("ъ") * 150 > len(head) else "ru"


def _latin(start: str) -> str:
    words = Counter(w for w in re.findall(r"[^\W\d_]+", start) if w.islower())  # "El Salvador", "La Paz" are names
    scores = {code: sum(words[w] for w in listed) / len(listed) ** 0.25 for code, listed in _LISTS.items()}
    best = max(scores, key=lambda code: (scores[code], code == "en"))
    known = sum(w in words for w in _LISTS[best])
    return best if known >= _FEWEST and scores[best] > scores["en"] * 1.05 else "en"
