"""From a result of GX to a Check, after everything personal in it has been blanked. Needs no import of GX."""

import json
import re
from typing import Any, cast

from catalog.contract import Contract
from lineage.outcome import Check, Severity

MASK = "***"
SHOWN = 3
LONGEST = 200
MEASURED = ("seen_types", "as_of", "newest", "rows_in_table")
"""Parameters given when a suite is run: what was measured, no part of what makes it the same check next time."""
EXAMPLES = ("partial_unexpected_list", "unexpected_list", "partial_unexpected_counts")


def mask(found: Any, contract: Contract) -> None:
    """Blank the values of personal columns in a suite's result, in place, and make all of it JSON.

    GX's own messages of what went wrong quote values and a stack: of them the first line stays, quoted words blanked.
    """
    personal = {path.split(".")[0] for path in contract.pii}
    for result in found.results:
        column = result.expectation_config.kwargs.get("column")
        kept = {key: _json(value) for key, value in (result.result or {}).items()}
        for key in EXAMPLES:
            if key in kept:
                kept[key] = [_blank(item, column in personal, personal) for item in kept[key]]
        result.result = kept
        if problem := exception(result.exception_info):
            result.exception_info = {
                "raised_exception": True,
                "exception_message": problem,
                "exception_traceback": problem,
            }


def check(result: Any) -> Check:
    """One expectation and what came of it, in words."""
    configuration = result.expectation_config
    kwargs = {key: value for key, value in configuration.kwargs.items() if key not in ("batch_id", "column")}
    params = {key: _short(value) for key, value in kwargs.items() if key not in MEASURED}
    examples = [one for one in (result.result or {}).get("partial_unexpected_list") or () if one not in (None, MASK)]
    meta = configuration.meta or {}
    if owner := meta.get("owner"):
        params["owner"] = owner
    if columns := meta.get("columns"):
        params["columns"] = json.dumps(columns)
    return Check(
        name=configuration.type,
        success=bool(result.success),
        severity=cast(Severity, configuration.severity.value),
        column=configuration.kwargs.get("column"),
        expected=configuration.description or configuration.type,
        actual=actual(result),
        params=params,
        examples=() if result.success else tuple(dict.fromkeys(map(_short, examples)))[:SHOWN],
    )


def actual(result: Any) -> str:
    """What was found: rows where rows were counted, else the observed value, else why nothing could be."""
    if problem := exception(result.exception_info):
        return f"could not be computed: {problem}"
    found = result.result or {}
    if found.get("unexpected_count") is not None:
        bad, missing = found["unexpected_count"], found.get("missing_count") or 0
        rows = found.get("element_count", 0) - missing  # rules on values are not about rows that have none
        which = "rows with a value" if missing else "rows"
        return f"{bad} of {rows} {which}" + (f" ({100 * bad / rows:.3g} %)" if bad else "")
    mismatched = found.get("details", {}).get("mismatched", {})
    if mismatched.get("missing"):
        return f"missing: {', '.join(mismatched['missing'])}"
    observed = found.get("observed_value")
    return f"{len(observed)} columns" if isinstance(observed, list) else _short(observed)


def exception(info: Any) -> str:
    """GX's message of one exception, or of several by metric: its first line, quoted words blanked; empty for none."""
    raised = [one for one in ([info] if "raised_exception" in info else info.values()) if one.get("raised_exception")]
    return re.sub(r"'[^']*'", f"'{MASK}'", str(raised[0]["exception_message"]).splitlines()[0]) if raised else ""


def _blank(item: Any, is_personal: bool, personal: set[str]) -> Any:
    if isinstance(item, dict) and set(item) == {"value", "count"}:
        return item | {"value": _blank(item["value"], is_personal, personal)}
    if isinstance(item, dict):
        return {key: MASK if key in personal else value for key, value in item.items()}
    return MASK if is_personal else item


def _json(value: Any) -> Any:
    """numpy, pandas and Arrow values as plain ones; what JSON has no word for as text."""
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_json(item) for item in value]
    if value is None or (isinstance(value, str | bool | int) and type(value).__module__ == "builtins"):
        return value
    if hasattr(value, "item"):  # a numpy scalar
        return _json(value.item())
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return None if str(value) in ("<NA>", "NaT", "nan") else str(value)


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(_json(value), ensure_ascii=False)
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
