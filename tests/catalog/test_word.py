"""Words as search compares them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.word import key, split, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("session_id", ("session", "id")),
        ("sessionId", ("session", "id")),
        ("lake.user_sessions", ("lake", "user", "sessions")),
        ("HTTPServer", ("http", "server")),
        ("db0.lookup:product:*", ("db0", "lookup", "product")),
        ("Größe, café", ("grosse", "cafe")),
        ("", ()),
    ],
)
def test_names_of_every_style_split_into_words(text: str, expected: tuple[str, ...]):
    assert split(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("catalogue", "catalog"), ("catalogues", "catalog"), ("analyse", "analyze"), ("cancelled", "canceled"),
        ("categories", "category"), ("sessions", "session"), ("colour", "color"), ("normalised", "normalized"),
        ("boxes", "box"), ("centre", "center"), ("organisation", "organization"),
    ],
)  # fmt: skip
def test_plurals_and_spellings_of_other_countries_are_one_word(one: str, other: str):
    assert stem(one) == stem(other)


@pytest.mark.parametrize("word", ["address", "status", "analysis", "bus", "is", "aws"])
def test_words_that_only_end_like_plurals_stay(word: str):
    assert stem(word).endswith("s")


def test_a_name_has_one_key_in_every_style():
    assert key("enriched_events") == key("enrichedEvents") == key("Enriched-Events") == "enrichedevent"


@given(st.text())
def test_words_are_searchable_tokens_whatever_comes_in(text: str):
    assert all(word and not word.isspace() for word in words(text))
    assert words(" ".join(split(text))) == words(text)
