"""Search by parts of names, and the log of events."""

from __future__ import annotations

from sqlite3 import Connection

from marquez.wire import Json, instant

_ORDER = {"NAME": "name, namespace, type", "UPDATE_AT": "updated DESC, name"}


def find(
    db: Connection,
    part: str,
    *,
    kind: str | None = None,
    namespace: str | None = None,
    before: int | None = None,
    after: int | None = None,
    sort: str = "NAME",
    limit: int = 10,
) -> Json:
    """Datasets and jobs whose name contains the part, whatever its case; `%` and `_` are wildcards, as in Marquez.

    Unlike there, `sort` has an effect. `totalCount` is the number of results given.
    """
    sql = (
        "SELECT * FROM (SELECT 'DATASET' AS type, n.name, d.updated, n.namespace "
        "FROM dataset_name n JOIN dataset d ON d.id = n.dataset WHERE NOT d.hidden "
        "UNION ALL SELECT 'JOB', name, updated, namespace FROM job WHERE NOT hidden) "
        "WHERE name LIKE '%' || :part || '%' AND (:kind IS NULL OR type = :kind) "
        "AND (:namespace IS NULL OR namespace = :namespace) AND (:before IS NULL OR updated < :before) "
        f"AND (:after IS NULL OR updated >= :after) ORDER BY {_ORDER[sort]} LIMIT :limit"
    )
    values = {"part": part, "kind": kind, "namespace": namespace, "before": before, "after": after, "limit": limit}
    results = [
        {
            "type": row["type"],
            "name": row["name"],
            "updatedAt": instant(row["updated"]),
            "namespace": row["namespace"],
            "nodeId": f"{row['type'].lower()}:{row['namespace']}:{row['name']}",
        }
        for row in db.execute(sql, values)
    ]
    return {"totalCount": len(results), "results": results}


def events(db: Connection, *, before: int, after: int, newest_first: bool, limit: int, offset: int) -> str:
    """Run events by their own time, `after` included and `before` not; the total counts static events too.

    The answer as JSON text: stored documents go out as they are, a page of large ones is not read and written again.
    """
    (total,) = db.execute("SELECT count(*) FROM event WHERE at < ? AND at >= ?", (before, after)).fetchone()
    way = "DESC" if newest_first else "ASC"
    sql = (
        "SELECT document FROM event WHERE kind = 'RUN_EVENT' AND at < ? AND at >= ? "
        f"ORDER BY at {way}, id {way} LIMIT ? OFFSET ?"
    )
    listed = ",".join(document for (document,) in db.execute(sql, (before, after, limit, offset)))
    return f'{{"totalCount":{total},"events":[{listed}]}}'
