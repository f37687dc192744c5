"""The bound of a sample: never more than asked, short ranges whole, the newest part of long ones."""

from hypothesis import given
from hypothesis import strategies as st

from lineage import sample
from lineage.outcome import TopicOffsets

RANGES = st.dictionaries(st.integers(0, 11), st.tuples(st.integers(0, 50), st.integers(0, 200)), max_size=12).map(
    lambda found: [of(at, start, start + rows) for at, (start, rows) in found.items()]
)


def of(partition: int, start: int, end: int) -> TopicOffsets:
    return TopicOffsets(topic="t", partition=partition, start=start, end=end)


def rows(offsets: tuple[TopicOffsets, ...] | list[TopicOffsets]) -> int:
    return sum(one.end - one.start for one in offsets)


@given(RANGES, st.integers(0, 500))
def test_a_sample_is_as_large_as_the_bound_allows_and_ends_where_its_ranges_end(
    offsets: list[TopicOffsets], most: int
) -> None:
    found = sample.bounded(offsets, max_rows=most)
    assert rows(found) == min(most, rows(offsets))
    whole = {one.partition: one for one in offsets}
    for one in found:
        assert whole[one.partition].start <= one.start < one.end == whole[one.partition].end


def test_what_short_ranges_leave_goes_to_the_longer_ones() -> None:
    found = sample.bounded([of(0, 0, 100), of(1, 0, 2)], max_rows=50)
    assert found == (of(0, 52, 100), of(1, 0, 2))


def test_ranges_of_one_partition_that_follow_each_other_are_joined() -> None:
    assert sample.bounded([of(0, 0, 5), of(0, 5, 9)], max_rows=50) == (of(0, 0, 9),)


def test_offsets_come_back_from_what_an_outcome_tells() -> None:
    from lineage import facets

    found = (of(0, 1, 5), of(3, 0, 2))
    assert sample.from_list([facets.offset_range(one) for one in found]) == found
