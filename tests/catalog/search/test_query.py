"""What was typed, read into words and filters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.query import Filter, Term, parse


def test_words_and_filters_are_told_apart():
    query = parse("column:price owner:data-engineering is:failing order total")
    assert [(one.key, one.value) for one in query.filters] == [
        ("column", "price"),
        ("owner", "data-engineering"),
        ("is", "failing"),
    ]
    assert query.terms == (Term(words=("order",)), Term(words=("total",)))
    assert query.name == "order total"


def test_a_name_is_one_term_of_several_words():
    assert parse("lake.user_sessions").terms == (Term(words=("lake", "user", "sessions")),)


def test_quotes_make_a_phrase_and_need_not_be_closed():
    assert parse('"abandoned cart').terms == (Term(words=("abandoned", "cart"), phrase=True),)


def test_a_minus_turns_a_word_or_a_filter_round():
    query = parse("events -tag:pii -staging")
    assert query.filters == (Filter(key="tag", value="pii", negative=True),)
    assert query.terms[1] == Term(words=("staging",), negative=True)
    assert query.name == "events"


def test_a_minus_inside_a_name_is_part_of_it():
    assert parse("ecommerce-events-raw").terms == (Term(words=("ecommerce", "events", "raw")),)


@pytest.mark.parametrize("text", ["lookup:product:*", "is:purple", "http://shop", "tag:"])
def test_what_only_looks_like_a_filter_is_words(text: str):
    query = parse(text)
    assert not query.filters
    assert query.terms


def test_kind_and_type_ns_and_namespace_are_the_same_filters():
    assert parse("kind:job ns:x").filters == parse("type:job namespace:x").filters


def test_a_filter_takes_a_quoted_value():
    assert parse('owner:"The Team"').filters == (Filter(key="owner", value="the team"),)


@given(st.text())
def test_any_text_is_a_query(text: str):
    query = parse(text)
    assert all(term.words for term in query.terms)
