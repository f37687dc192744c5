"""What search finds, counts and mends; no input breaks it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.dataset import Dataset
from catalog.entry import Hit, Results
from catalog.index import Index
from catalog.search import search
from tests.catalog.events import EXAMPLES


def ask(index: Index, query: str, *, limit: int = 1000) -> Results:
    return search(index, query, limit=limit).value


def first(index: Index, query: str) -> Hit:
    return ask(index, query).hits[0]


def test_a_typing_error_is_mended_and_told(shop):
    found = ask(shop, "enriched_evnts")
    assert found.corrections == (("evnts", "events"),)
    assert found.hits[0].name == "enriched_events"


def test_a_correction_is_shown_as_people_write_the_word_not_as_the_index_keeps_it(shop):
    assert ask(shop, "produkt katalogue").corrections == (("produkt", "products"), ("katalogue", "catalogue"))


@pytest.mark.parametrize(
    ("typed", "meant", "read"),
    [
        ("owner:analitics", "owner:analytics", "analytics"),
        ("owner:team:analitics", "owner:analytics", "analytics"),
        ("-tier:glod", "-tier:gold", "gold"),
        ("kind:datset", "kind:dataset", "dataset"),
        ("type:warehose", "type:warehouse", "warehouse"),
        ("is:failng", "is:failing", "failing"),
        ("column:sesion", "column:session", "session"),
    ],
)
def test_a_mistyped_value_of_a_filter_is_mended_and_told(shop, typed, meant, read):
    found, wanted = ask(shop, typed), ask(shop, meant)
    assert [right for _, right in found.corrections] == [read]
    assert found.hits == wanted.hits
    assert found.total == wanted.total > 0


@pytest.mark.parametrize("query", ["owner:analytics", "tier:gold", "kind:lake", "is:failing", "tag:pii", "ns:postgres"])
def test_a_value_that_something_has_is_left_alone(shop, query):
    assert ask(shop, query).corrections == ()


def test_a_word_that_somebody_uses_is_left_alone(shop):
    assert ask(shop, "order").corrections == ()


def test_a_word_that_resembles_nothing_finds_nothing(shop):
    found = ask(shop, "xylophone")
    assert (found.total, found.hits, found.corrections) == (0, (), ())


def test_entries_with_any_of_the_words_are_given_when_none_has_all(shop):
    assert ask(shop, "email partition kubernetes").total > 0


def test_filters_alone_list_all_they_choose_datasets_first(shop):
    found = ask(shop, "owner:crm-team")
    assert {hit.owner for hit in found.hits} == {"crm-team"}
    kinds = [hit.kind for hit in found.hits]
    assert kinds[0] == "dataset"
    assert {"column", "owner"} <= set(kinds)


def test_an_empty_query_lists_everything(shop):
    everything = ask(shop, "", limit=5)
    assert len(everything.hits) == 5
    assert everything.total == sum(count for _, count in dict_of(everything)["type"])


def test_facets_count_every_match_also_beyond_the_limit(shop):
    few, all_ = ask(shop, "events", limit=1), ask(shop, "events")
    assert few.facets == all_.facets
    assert few.total == all_.total == sum(count for _, count in dict_of(few)["type"])


@pytest.mark.parametrize("facet", ["type", "owner", "tier", "health", "namespace"])
def test_a_facet_promises_what_its_filter_then_finds(shop, facet):
    for value, count in dict_of(ask(shop, "session"))[facet]:
        assert ask(shop, f"session {facet}:{value}").total == count, value


def test_a_state_is_asked_of_datasets_and_checks_and_of_columns_only_when_columns_are_meant(shop):
    assert {hit.kind for hit in ask(shop, "is:failing").hits} == {"dataset", "check"}
    assert {hit.kind for hit in ask(shop, "is:failing kind:column").hits} == {"column"}


def test_a_minus_takes_out_what_it_names(shop):
    every, without = ask(shop, "user_id"), ask(shop, "user_id -tag:pii")
    assert 0 < without.total < every.total
    assert not any(hit.kind == "column" and hit.path == "user_id" for hit in without.hits)
    assert all("sessions" not in hit.name for hit in ask(shop, "user -sessions").hits)


def test_a_phrase_wants_its_words_side_by_side(shop):
    assert ask(shop, '"cart abandoned"').total == 0 < ask(shop, '"abandoned cart"').total


def test_the_column_filter_finds_columns_and_ranks_the_exact_name_first(shop):
    found = ask(shop, "column:price")
    assert {hit.kind for hit in found.hits} == {"column"}
    assert found.hits[0].path == "price"


def test_a_job_filter_gives_the_job_and_what_it_reads_and_writes(shop):
    found = ask(shop, "job:load_dimensions -kind:column -kind:check")
    assert {hit.name for hit in found.hits} == {
        "reference_data_dag.load_dimensions", "products", "users", "dim_products", "dim_users",
    }  # fmt: skip


def test_a_column_is_named_with_its_table_and_leads_to_it(shop):
    hit = first(shop, "cart_abandonment_rate")
    assert (hit.kind, hit.name, hit.path) == (
        "column",
        "cart_abandonment_rate of daily_summary",
        "cart_abandonment_rate",
    )
    assert isinstance(hit.subject, Dataset)
    assert hit.title == "Sessions with a cart and no order / sessions with a cart"


def test_of_equal_names_the_more_used_comes_first(shop):
    names = [hit.subject.name for hit in ask(shop, "session_key kind:column").hits if hit.path == "session_key"]
    assert names.index("warehouse.public.user_sessions") < names.index("user-sessions")


def test_every_answer_says_how_complete_it_is(shop):
    assert search(shop, "events").completeness == shop.completeness()


SYNTAX = st.lists(
    st.sampled_from(
        ['"', "*", "(", ")", "^", ":", "-", "+", "NEAR", "AND", "OR", "NOT", "name", "{", "}", "'", ";", "%"]
    )
    | st.sampled_from(["is:", "column:", "tag:", "events", "owner:x", "ns:'", "tier:gold"])
    | st.text(max_size=4),
    max_size=8,
).map(" ".join)


@EXAMPLES
def test_no_input_breaks_search_or_reaches_its_query_language(shop, examples):
    @settings(max_examples=2 * examples, deadline=None)
    @given(st.text() | SYNTAX)
    def law(text):
        found = ask(shop, text, limit=3)
        assert len(found.hits) == min(found.total, 3)
        assert found.query == text

    law()


def dict_of(found: Results) -> dict:
    return {facet.name: facet.values for facet in found.facets}
