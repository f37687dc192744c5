"""Every event of the DAGs, and of a run that a check stopped: valid by the schemas, and as the golden files say."""

import pytest

from tests.e2e import golden
from tests.lineage.table import lacking

pytestmark = pytest.mark.e2e
FILES = {
    "reference_data_dag": ("reference", lambda found: found[1]),
    "data_ingestion_dag": ("shop", lambda found: found.events),
    "data_quality_dag": ("quality", lambda found: found[1]),
    "schema_evolution_dag": ("evolution", lambda found: found.events),
    "failed_check": ("failure", lambda found: found.stopped.events),
}
"""Golden file → the fixture whose run it is of, and where its events are; a run is made only when it is asked for."""


@pytest.fixture
def events(name, request):
    fixture, events_of = FILES[name]
    return {name: events_of(request.getfixturevalue(fixture))}


@pytest.mark.parametrize("name", FILES)
def test_every_event_is_valid_by_the_schemas_of_the_specification_and_our_own(name, events, problems):
    assert events[name]
    found = {
        f"{event['job']['name']} {event['eventType']}": wrong for event in events[name] if (wrong := problems(event))
    }
    assert found == {}


@pytest.mark.parametrize("name", FILES)
def test_every_event_of_a_task_carries_what_it_must(name, events):
    of_tasks = [event for event in events[name] if event["job"]["facets"]["jobType"]["jobType"] == "TASK"]
    assert of_tasks
    found = {f"{event['job']['name']} {event['eventType']}": less for event in of_tasks if (less := lacking(event))}
    assert found == {}


@pytest.mark.parametrize("name", FILES)
def test_the_events_say_what_the_golden_file_says(name, events, request):
    described = [golden.describe(event) for event in events[name]]
    expectations, lacking, fresh = golden.read(name) or described, [], []
    for given in expectations:
        mine = [event for event in described if (event["job"], event["event"]) == (given["job"], given["event"])]
        best, wrong = golden.closest(given, mine)
        lacking += [f"{given['job']} {given['event']}: {line}" for line in wrong]
        fresh.append(golden.refreshed(given, best) if best else given)
    if request.config.getoption("--update-golden"):
        golden.write(name, fresh)
        pytest.skip(f"wrote tests/golden/{name}.json: {len(lacking)} values were others")
    assert not lacking, "\n".join(lacking)


@pytest.mark.parametrize("name", FILES)
def test_the_golden_file_names_every_job_and_event_type(name, events):
    """But for Spark's statements: of those the listener tells the end, and the start when it is quick enough."""
    seen = {
        (event["job"]["name"], event["eventType"])
        for event in events[name]
        if event["eventType"] != "RUNNING" and not (_is_statement(event) and event["eventType"] == "START")
    }
    assert seen == {(each["job"], each["event"]) for each in golden.read(name)}


def _is_statement(event):
    return event["job"]["facets"]["jobType"]["jobType"] == "SQL_JOB"
