"""The comparison with golden files itself: it finds what differs, and only writes what the file names."""

from tests.e2e import golden


def test_a_difference_in_anything_given_is_found():
    found = {"job": "a", "counts": {"rowsIn": 1, "rowsOut": 2}, "run facets": ["parent", "test"], "owners": ["x"]}
    assert golden.differences({"job": "a", "counts": {"rowsIn": 1}, "run facets": ["test"]}, found) == []
    assert golden.differences({"counts": {"rowsIn": 2}}, found) == ["/counts/rowsIn: 1 is not 2"]
    assert golden.differences({"run facets": ["nominalTime"]}, found) == ["/run facets: nominalTime is missing"]
    assert golden.differences({"owners": ["x", "y"]}, found) == ["/owners: ['x'] is not ['x', 'y']"]
    assert golden.differences({"inputs": {}}, found) == ["/inputs is missing"]


def test_what_is_not_given_is_not_compared_and_not_written():
    found = {"job": "a", "counts": {"rowsIn": 1, "rowsOut": 2}, "owners": ["x"], "run facets": ["parent", "tags"]}
    given = {"job": "a", "counts": {"rowsIn": 7}, "run facets": ["parent", "test"]}
    assert golden.refreshed(given, found) == {"job": "a", "counts": {"rowsIn": 1}, "run facets": ["parent"]}
    assert golden.differences(golden.refreshed(given, found), found) == []


def test_of_several_events_the_one_that_fulfils_most_is_told():
    given = {"job": "a", "outputs": {"t": {"rows": 1}}}
    other, near = {"job": "a", "outputs": {}}, {"job": "a", "outputs": {"t": {"rows": 2}}}
    assert golden.closest(given, [other, near])[1] == ["/outputs/t is missing"]
    assert golden.closest(given, [near])[1] == ["/outputs/t/rows: 2 is not 1"]
    assert golden.closest(given, []) == (None, ["no such event at all"])
