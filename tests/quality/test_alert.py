"""Who is told when a critical check fails in a task that goes on."""

from lineage.notifier import compose
from tests.lineage.test_notices import CRITICAL, GOOD, context, outcome


def test_a_critical_failure_that_stops_nothing_is_told_as_one_and_what_follows() -> None:
    notice = compose(context(outcome(GOOD, CRITICAL), prev_end_date_success=None))
    assert notice is not None
    assert (notice.level, notice.title.split(" ", 1)[1]) == ("failed", "found critical failures")
    assert notice.next_step.startswith("The run goes on and fails at its end")
    assert "event_id_unique" in notice.what[0]
