"""Words of names and sentences as search compares them: split, without case and accents, one spelling, singular.

The index writes its words with these functions and search reads queries with them, so what is typed meets what is kept.
"""

import re
import unicodedata
from functools import lru_cache

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")
_SPELLINGS = (  # British to American; applied to both sides, so a word that only looks British does no harm
    (re.compile(r"([a-z]{3,})ogue$"), r"\1og"),
    (re.compile(r"([a-z]{3,})our(s?|ed|ing|ite|ites)$"), r"\1or\2"),
    (re.compile(r"([a-z]{2,})([iy])s(e|ed|es|er|ers|ing|ation|ations)$"), r"\1\2z\3"),
    (re.compile(r"([a-z]+)ll(ed|ing|er|ers)$"), r"\1l\2"),
    (re.compile(r"([a-z]{3,}t)re$"), r"\1er"),
)


def split(text: str) -> tuple[str, ...]:
    """The words of a text in order and in lower case: `sessionId`, `session_id`, `session.id` give the same."""
    plain = text if text.islower() else _CAMEL.sub(" ", text)
    if not plain.isascii():
        plain = "".join(one for one in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(one))
    return tuple(_WORD.findall(plain.casefold()))


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """One form for singular and plural, British and American: `catalogues` is `catalog`. No other suffix is cut."""
    if word[-1:].isdigit():
        return word
    single = _singular(word)
    for pattern, replacement in _SPELLINGS:
        single = pattern.sub(replacement, single)
    return single


def words(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order, repeats kept."""
    return tuple(stem(word) for word in split(text))


def key(text: str) -> str:
    """A name's stems in one: what two spellings of the same name have in common."""
    return "".join(words(text))


def _singular(word: str) -> str:
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word.removesuffix("s")
